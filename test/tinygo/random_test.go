package tinygo

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/wire"
)

// world is a page, a network and a store that do anything, most of it sensible
// and some of it not, in an order that a seed decides.
type world struct {
	*pair
	random *rand.Rand
	names  names
	now    engine.Now
	events [][]byte // for the next step
	files  uint32
	flying []wire.Frame      // the ActSend of what is under way
	disk   map[string][]byte // the journal's records, by name
}

func TestRandom(t *testing.T) {
	const seeds, steps = 40, 250
	h := startHost(t)
	var n names
	readJSON(t, "names.json", &n)
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &world{
				pair: newPair(t, h), random: rand.New(rand.NewPCG(seed, 2)), names: n, now: engine.Now{Wall: startWall},
				disk: map[string][]byte{},
			}
			w.open()
			for i := range steps {
				w.something()
				if seed%2 == 1 && w.random.IntN(3) == 0 {
					w.noise()
				}
				w.turn()
				if i%10 == 0 {
					w.ask(w.now, w.random.Uint32N(w.files+1))
				}
			}
		})
	}
}

func (w *world) open() {
	config := fields("bucket", "photos", "region", "eu-west-1", "canRefresh", "true",
		"connections", decimal(1+w.random.IntN(8)), "partSize", decimal(5<<20), "multipartThreshold", decimal(1<<20),
		"signatureVersion", decimal(2+2*w.random.IntN(2)))
	if wrong := w.call('o', (&wire.Frame{Fields: config}).Append(nil)); len(wrong) > 0 {
		w.t.Fatalf("open refuses %+v", wrong)
	}
}

func (w *world) add(f wire.Frame) { w.events = append(w.events, f.Append(nil)) }

// turn tells both what has happened, and does what both ask for.
func (w *world) turn() {
	asked := w.step(w.now, w.events...)
	w.events = nil
	for _, f := range asked {
		if w.random.IntN(50) == 0 && f.Req != 0 {
			w.add(wire.Frame{Kind: uint8(engine.EvBroke), Req: f.Req, A: uint8(w.random.IntN(14))})
			continue
		}
		switch engine.ActionKind(f.Kind) {
		case engine.ActDescribe:
			w.describe(f.File)
		case engine.ActSend:
			w.flying = append(w.flying, f)
		case engine.ActRefresh:
			w.refresh()
		case engine.ActHash:
			w.add(wire.Frame{Kind: uint8(engine.EvHashed), Req: f.Req, Body: make([]byte, s3.Algorithm(f.A).Size())})
		case engine.ActRead:
			w.add(wire.Frame{Kind: uint8(engine.EvRead), Req: f.Req, X: f.Y - int64(w.random.IntN(2)), A: uint8(w.random.IntN(2))})
		case engine.ActLoad, engine.ActSave, engine.ActAppend, engine.ActForget:
			w.journal(&f)
		}
	}
}

func (w *world) journal(f *wire.Frame) {
	name, _ := s3.HeaderValue(f.Fields, "name")
	saved := wire.Frame{Kind: uint8(engine.EvSaved), File: f.File}
	switch engine.ActionKind(f.Kind) {
	case engine.ActLoad:
		saved.Kind, saved.Body = uint8(engine.EvLoaded), w.disk[name]
	case engine.ActSave:
		w.disk[name] = slices.Clone(f.Body)
	case engine.ActAppend:
		w.disk[name] = slices.Concat(w.disk[name], f.Body)
	case engine.ActForget:
		delete(w.disk, name)
	}
	if w.random.IntN(20) == 0 {
		saved.A, saved.Body = uint8(engine.CauseStorage), nil
	}
	w.add(saved)
}

func (w *world) something() {
	w.now.Mono += engine.Instant(w.random.IntN(3000))
	w.now.Wall = startWall + sign.UnixMilli(w.now.Mono)
	w.add(wire.Frame{Kind: uint8(engine.EvTick)})
	for range w.random.IntN(4) {
		switch n := w.random.IntN(100); {
		case n < 15 && w.files < 60:
			w.add(wire.Frame{Kind: uint8(engine.EvAdded), Body: sizes(w.random.Int64N(1<<46)>>w.random.UintN(46), w.random.Int64N(30<<20))})
			w.files += 2
		case n < 20:
			w.person()
		case n < 23:
			w.refresh()
		case len(w.flying) > 0:
			w.finish(w.random.IntN(len(w.flying)))
		}
	}
}

// person does what people and their machines do.
func (w *world) person() {
	kinds := []engine.EventKind{
		engine.EvExpire, engine.EvCancel, engine.EvPause, engine.EvResume, engine.EvRetry, engine.EvPrioritize, engine.EvPauseAll,
		engine.EvResumeAll, engine.EvRetryAll, engine.EvOffline, engine.EvOnline, engine.EvClock, engine.EvResolve, engine.EvSweep, engine.EvAbandon,
	}
	f := wire.Frame{Kind: uint8(kinds[w.random.IntN(len(kinds))]), File: w.random.Uint32N(w.files + 1), Y: int64(w.now.Wall) + w.random.Int64N(1<<20)}
	switch engine.EventKind(f.Kind) {
	case engine.EvPrioritize, engine.EvResolve:
		f.A = uint8(w.random.IntN(5))
	case engine.EvSweep:
		f.Fields, f.Body = fields("prefix", "u/42/"), []byte("U1\nU2\n")
	case engine.EvAbandon:
		names := slices.Sorted(maps.Keys(w.disk))
		if len(names) == 0 {
			return
		}
		name := names[w.random.IntN(len(names))]
		f.Fields, f.Body = fields("name", name), w.disk[name]
	}
	w.add(f)
	if w.random.IntN(3) > 0 { // or nothing would ever go on
		w.add(wire.Frame{Kind: uint8(engine.EvOnline)})
		w.add(wire.Frame{Kind: uint8(engine.EvResumeAll)})
	}
}

func (w *world) describe(file uint32) {
	if w.random.IntN(20) == 0 {
		w.add(wire.Frame{Kind: uint8(engine.EvUndescribed), File: file, A: uint8(engine.CauseRefused)})
		return
	}
	object := fields("key", fmt.Sprintf("u/42/%d ü&+.bin", file), "source.name", "file "+decimal(int(file%20)), "source.print", "print")
	for range w.random.IntN(4) {
		name, value := one(w.random, w.names.ObjectOptions)
		if name != "key" {
			object = append(object, s3.Field{Name: name, Value: value})
		}
	}
	w.add(wire.Frame{Kind: uint8(engine.EvDescribed), File: file, Fields: object})
}

// one is any of m, the same for the same seed.
func one(random *rand.Rand, m map[string]string) (name, value string) {
	list := slices.Sorted(maps.Keys(m))
	name = list[random.IntN(len(list))]
	return name, m[name]
}

func (w *world) refresh() {
	if w.random.IntN(4) == 0 {
		w.add(wire.Frame{Kind: uint8(engine.EvRefreshFailed)})
		return
	}
	w.add(wire.Frame{Kind: uint8(engine.EvCredentials), Fields: frameCredentials(&cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "AKID" + decimal(w.random.IntN(10)), SecretAccessKey: "secret", SessionToken: "token"},
		Expiration:  w.now.Wall + sign.UnixMilli(w.random.IntN(120_000)),
	})})
}

// finish ends the i-th request under way in one of the ways it may end.
func (w *world) finish(i int) {
	f := w.flying[i]
	w.flying = slices.Delete(w.flying, i, i+1)
	w.add(wire.Frame{Kind: uint8(engine.EvSent), Req: f.Req, X: w.random.Int64N(max(f.Y, 0) + 2)})
	switch n := w.random.IntN(20); n {
	case 0, 1:
		w.add(wire.Frame{Kind: uint8(engine.EvBroke), Req: f.Req, A: uint8(w.random.IntN(14))})
	case 2, 3, 4:
		statuses := []uint16{200, 400, 403, 404, 409, 412, 429, 500, 503}
		codes := []string{"AccessDenied", "ExpiredToken", "SlowDown", "NoSuchUpload", "RequestTimeTooSkewed", "InternalError", "BadDigest"}
		w.add(wire.Frame{Kind: uint8(engine.EvAnswered), Req: f.Req, B: statuses[w.random.IntN(len(statuses))],
			Fields: fields("x-amz-request-id", "R1", "retry-after", decimal(w.random.IntN(30))),
			Body:   []byte("<Error><Code>" + codes[w.random.IntN(len(codes))] + "</Code><Message>No &#xe9;.</Message></Error>")})
	default:
		w.succeed(&f)
	}
}

func (w *world) succeed(f *wire.Frame) {
	answer := wire.Frame{Kind: uint8(engine.EvAnswered), Req: f.Req, B: 200, Fields: fields("ETag", fmt.Sprintf(`"%08x"`, w.random.Uint32()))}
	operation, _ := s3.HeaderValue(f.Fields, "operation")
	switch operation {
	case s3.OpCreateMultipartUpload.String():
		answer.Body = fmt.Appendf(nil, "<InitiateMultipartUploadResult><UploadId>U%d</UploadId></InitiateMultipartUploadResult>", f.Req)
	case s3.OpCompleteMultipartUpload.String():
		answer.Body = []byte(`<CompleteMultipartUploadResult><ETag>"x-1"</ETag></CompleteMultipartUploadResult>`)
	case s3.OpAbortMultipartUpload.String():
		answer.B = 204
	case s3.OpListMultipartUploads.String():
		answer.Body = []byte("<ListMultipartUploadsResult><Upload><Key>u/42/lost</Key><UploadId>U0</UploadId>" +
			"<Initiated>2026-11-20T10:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>")
	case s3.OpListParts.String():
		answer.Body = []byte("<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag><Size>5242880</Size></Part></ListPartsResult>")
	}
	w.add(answer)
}

// noise is an event that no driver would report, of any kind there may be.
func (w *world) noise() {
	f := wire.Frame{Kind: uint8(w.random.IntN(60)), A: uint8(w.random.IntN(16)), B: uint16(w.random.IntN(700)), File: w.random.Uint32N(w.files + 2)}
	f.X, f.Y = w.random.Int64()>>w.random.UintN(64), w.random.Int64()>>w.random.UintN(64)
	f.Req = w.random.Uint32N(1 << 10)
	if len(w.flying) > 0 && w.random.IntN(2) == 0 {
		f.Req = w.flying[w.random.IntN(len(w.flying))].Req
	}
	for range w.random.IntN(3) {
		name, value := one(w.random, w.names.ObjectOptions)
		f.Fields = append(f.Fields, s3.Field{Name: name, Value: value})
	}
	if w.random.IntN(2) == 0 {
		f.Body = make([]byte, w.random.IntN(40))
		for i := range f.Body {
			f.Body[i] = byte(w.random.Uint32())
		}
	}
	if engine.EventKind(f.Kind) == engine.EvAdded {
		w.files += uint32(len(f.Body) / 8) // or fewer, when it is refused
	}
	w.add(f)
}
