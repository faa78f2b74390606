package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// world is a store, a page and a network that do anything that they may do, in
// an order that a seed decides. It checks the rules that hold in every order.
type world struct {
	t       *testing.T
	rand    *rand.Rand
	engine  *Engine
	now     Now
	limit   int
	flying  map[ReqID]*flight
	order   []ReqID
	uploads map[string]bool // upload IDs that are neither completed nor aborted
	ended   map[FileID]State
	files   int
	asked   int // refreshes that wait for an answer
	expires sign.UnixMilli
	calm    bool // nothing breaks any more
	vault   map[ReqID]Draft
	signing []ReqID // in order of asking; some may have been taken back
}

type flight struct {
	act    Action
	upload string
	broken bool
}

func TestRandom_rulesHoldInEveryOrder(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			w := newWorld(t, seed)
			for range 600 {
				w.drain()
				w.something()
			}
			w.settle()
		})
	}
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), now: Now{Wall: startWall},
		flying: map[ReqID]*flight{}, vault: map[ReqID]Draft{}, uploads: map[string]bool{}, ended: map[FileID]State{},
	}
	w.limit = 1 + w.rand.IntN(8)
	var err error
	w.engine, err = New(Config{
		Target:             s3.Target{Region: "eu-west-1", Bucket: "photos"},
		Connections:        w.limit,
		PartSize:           5 << 20,
		MultipartThreshold: 1 << 20,
		SignatureVersion:   2 + 2*w.rand.IntN(2),
		CanRefresh:         true,
		RemoteSign:         seed%2 == 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) handle(ev Event) {
	if err := w.engine.Handle(w.now, &ev); err != nil {
		w.t.Fatalf("Handle(%+v) = %v", ev, err)
	}
}

// something happens.
func (w *world) something() {
	w.pass(int64(w.rand.IntN(3000)))
	switch n := w.rand.IntN(100); {
	case n < 10 && w.files < 40:
		w.handle(Event{Kind: EvAdded, Files: []Spec{{Size: w.rand.Int64N(30<<20) >> w.rand.UintN(30)}}})
		w.files++
	case n < 14 && w.files > 0:
		w.handle(Event{Kind: EvCancel, File: FileID(w.rand.IntN(w.files))})
	case n < 16:
		w.handle(Event{Kind: EvExpire})
	case n < 24 && w.asked > 0:
		w.refresh()
	case n < 26 && w.files > 0:
		w.handle(Event{Kind: []EventKind{EvOffline, EvOnline, EvPauseAll, EvResumeAll}[w.rand.IntN(4)]})
	case n < 60 && len(w.signing) > 0:
		w.sign(w.rand.IntN(len(w.signing)))
	case len(w.order) > 0:
		w.finish(w.order[w.rand.IntN(len(w.order))])
	}
}

// pass lets time go by.
func (w *world) pass(millis int64) {
	w.now.Wall += sign.UnixMilli(millis)
	w.now.Mono += Instant(millis)
	w.handle(Event{Kind: EvTick})
}

func (w *world) refresh() {
	w.asked--
	if !w.calm && w.rand.IntN(4) == 0 {
		w.handle(Event{Kind: EvRefreshFailed})
		return
	}
	w.credentials()
}

func (w *world) credentials() {
	w.expires = w.now.Wall + 30_000
	w.handle(Event{Kind: EvCredentials, Credentials: &cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: w.secret(), SessionToken: "token"},
		Expiration:  w.expires,
	}})
}

// secret is what credentials are given with.
func (w *world) secret() string {
	if w.engine.config.RemoteSign {
		return ""
	}
	return "secret"
}

// sign has the i-th signature that was asked for be made, or not.
func (w *world) sign(i int) {
	id := w.signing[i]
	w.signing = append(w.signing[:i], w.signing[i+1:]...)
	ev := Event{Kind: EvSigned, Req: id}
	if w.calm || w.rand.IntN(20) > 0 {
		ev.Digest = macOf(w.vault[id], "secret")
	}
	delete(w.vault, id)
	w.handle(ev)
}

// finish ends a request in one of the ways it may end.
func (w *world) finish(id ReqID) {
	f := w.flying[id]
	n := w.rand.IntN(20)
	w.handle(Event{Kind: EvSent, Req: id, Bytes: w.rand.Int64N(f.act.Length + 1)})
	delete(w.flying, id)
	for i, other := range w.order {
		if other == id {
			w.order = append(w.order[:i], w.order[i+1:]...)
			break
		}
	}
	switch {
	case f.broken && n < 10:
		w.handle(Event{Kind: EvBroke, Req: id, Cause: CauseBrokenOff})
	case !w.calm && n == 0:
		w.handle(Event{Kind: EvBroke, Req: id, Cause: CauseUnreachable})
	case !w.calm && n == 1:
		w.refuse(id, 403, "AccessDenied")
	case !w.calm && n == 2:
		w.refuse(id, 400, "ExpiredToken")
	default:
		w.succeed(id, f)
	}
}

func (w *world) refuse(id ReqID, status int, code string) {
	w.handle(Event{Kind: EvAnswered, Req: id, Status: status, Body: []byte("<Error><Code>" + code + "</Code></Error>")})
}

func (w *world) succeed(id ReqID, f *flight) {
	ev := Event{Kind: EvAnswered, Req: id, Status: 200, Header: []s3.Field{{Name: "ETag", Value: `"e"`}}}
	ev.Digest = make([]byte, f.act.Hash.Size())
	switch f.act.Send.Op {
	case s3.OpCreateMultipartUpload:
		upload := fmt.Sprintf("U%d", id)
		w.uploads[upload] = true
		ev.Body = []byte("<InitiateMultipartUploadResult><UploadId>" + upload + "</UploadId></InitiateMultipartUploadResult>")
	case s3.OpCompleteMultipartUpload:
		delete(w.uploads, f.upload)
		ev.Body = []byte(`<CompleteMultipartUploadResult><ETag>"x-1"</ETag></CompleteMultipartUploadResult>`)
	case s3.OpAbortMultipartUpload:
		delete(w.uploads, f.upload)
		ev.Status = 204
	case s3.OpListParts:
		if !w.uploads[f.upload] {
			w.refuse(id, 404, "NoSuchUpload")
			return
		}
		ev.Body = []byte("<ListPartsResult></ListPartsResult>")
	}
	w.handle(ev)
}

// drain takes every action and checks what must hold of it.
func (w *world) drain() {
	var act Action
	for w.engine.Poll(w.now, &act) {
		switch act.Kind {
		case ActDescribe:
			w.handle(Event{Kind: EvDescribed, File: act.File, Object: &s3.Object{Key: "f" + strconv.Itoa(int(act.File))}})
		case ActSend:
			w.sent(act)
		case ActSign:
			if _, twice := w.vault[act.Req]; twice {
				w.t.Fatalf("request %d is being signed already", act.Req)
			}
			w.vault[act.Req] = Draft{Text: append([]byte(nil), act.Draft.Text...), Scope: act.Draft.Scope}
			w.signing = append(w.signing, act.Req)
		case ActHash:
			w.handle(Event{Kind: EvHashed, Req: act.Req, Digest: make([]byte, act.Hash.Size())})
		case ActBreakOff:
			f := w.flying[act.Req]
			if f == nil || f.broken {
				w.t.Fatalf("broke off request %d, which is not under way or was broken off before", act.Req)
			}
			f.broken = true
		case ActRefresh:
			w.asked++
			if w.asked > 1 {
				w.t.Fatal("asked for credentials twice")
			}
		case ActNoteOrphan:
			for id := range w.uploads {
				delete(w.uploads, id) // told, so nothing is lost silently; which one is not said
			}
		case ActNoteState:
			w.moved(act)
		}
	}
	if problem := wrong(w.engine); problem != "" {
		w.t.Fatal(problem)
	}
	w.count()
}

func (w *world) sent(act Action) {
	query, _ := s3.HeaderValue(act.Send.Query, "uploadId")
	f := &flight{act: act, upload: query}
	f.act.Send = &s3.Request{Op: act.Send.Op}
	switch {
	case w.now.Wall >= w.expires:
		w.t.Fatalf("signed %v with credentials that have ended", act.Send.Op)
	case string(act.Send.Authorization) != w.signedHere(act.Send):
		w.t.Fatalf("sent %v signed as %s, want %s", act.Send.Op, act.Send.Authorization, w.signedHere(act.Send))
	case w.flying[act.Req] != nil:
		w.t.Fatalf("request %d is under way already", act.Req)
	case w.ended[act.File] != 0 && act.Send.Op != s3.OpAbortMultipartUpload && act.Send.Op != s3.OpListParts:
		w.t.Fatalf("sent %v for file %d after its end", act.Send.Op, act.File)
	}
	if act.Send.Op == s3.OpAbortMultipartUpload {
		for _, other := range w.flying {
			if other.act.File == act.File {
				w.t.Fatalf("aborted file %d while %v is under way", act.File, other.act.Send.Op)
			}
		}
	}
	w.flying[act.Req] = f
	w.order = append(w.order, act.Req)
	if len(w.flying) > w.limit {
		w.t.Fatalf("%d requests under way, the limit is %d", len(w.flying), w.limit)
	}
	if len(w.flying)+w.engine.signing > w.limit+maxAhead {
		w.t.Fatalf("%d requests under way or being signed, the limit is %d", len(w.flying)+w.engine.signing, w.limit+maxAhead)
	}
}

// signedHere signs r as it is, but with the secret at hand.
func (w *world) signedHere(r *s3.Request) string {
	date, _ := s3.HeaderValue(r.Header, "x-amz-date")
	at, ok := s3.ParseTime(date)
	if !ok {
		w.t.Fatalf("dated %q", date)
	}
	again := *r
	again.Header, again.Authorization = slices.Clone(r.Header), nil
	c := &sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}
	if w.engine.config.SignatureVersion == 2 {
		new(sign.V2).SignHeader(&again, c, sign.UnixMilli(at))
	} else {
		new(sign.V4).SignHeader(&again, c, "eu-west-1", sign.UnixMilli(at))
	}
	return string(again.Authorization)
}

func (w *world) moved(act Action) {
	if w.ended[act.File] != 0 && (w.ended[act.File] != queue.StateFailed || act.State != queue.StateCancelled) {
		w.t.Fatalf("file %d moved to %v after %v", act.File, act.State, w.ended[act.File])
	}
	if act.State.Ended() {
		w.ended[act.File] = act.State
	}
}

// count compares the engine's running totals with what the files say.
func (w *world) count() {
	var states [queue.States]uint32
	var sent, acknowledged int64
	for i := range w.files {
		info, ok := w.engine.File(FileID(i))
		if !ok || info.Sent < info.Acknowledged || info.Sent > info.Size {
			w.t.Fatalf("file %d: %+v", i, info)
		}
		states[info.State]++
		sent += info.Sent
		acknowledged += info.Acknowledged
	}
	totals := w.engine.Totals()
	if totals.Files != states || totals.Acknowledged != acknowledged || totals.InFlight != len(w.flying) || totals.Sent < sent {
		w.t.Fatalf("totals %+v; the files say %v, sent %d, acknowledged %d; %d under way", totals, states, sent, acknowledged, len(w.flying))
	}
}

// settle lets nothing break any more: everything must come to its end, and no
// multipart upload may be left behind.
func (w *world) settle() {
	w.calm = true
	for i := 0; ; i++ {
		w.drain()
		totals := w.engine.Totals()
		switch {
		case i == 0:
			w.handle(Event{Kind: EvOnline})
			w.handle(Event{Kind: EvResumeAll})
		case len(w.signing) > 0:
			w.sign(0)
		case len(w.order) > 0:
			w.finish(w.order[0])
		case w.asked > 0 || totals.Held:
			w.asked = 0
			w.credentials()
		default:
			if at, ok := w.engine.Wake(); ok {
				w.pass(int64(max(at-w.now.Mono, 1)))
				continue
			}
			w.atRest(totals)
			return
		}
		if i > 10_000 {
			w.t.Fatalf("never at rest: %+v", totals)
		}
	}
}

func (w *world) atRest(totals Totals) {
	for state, n := range totals.Files {
		if n > 0 && !State(state).Ended() {
			w.t.Errorf("%d files are still %v", n, State(state))
		}
	}
	if len(w.uploads) > 0 {
		w.t.Errorf("multipart uploads are left behind: %v", w.uploads)
	}
	if totals.InFlight != 0 || totals.Sent != totals.Stored {
		w.t.Errorf("at rest, yet %+v", totals)
	}
}
