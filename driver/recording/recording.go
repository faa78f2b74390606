// Package recording writes down what an engine is told, so that somebody else
// can have an engine told the same: bucketline sim --replay FILE. It is for
// people who report a fault, so it is fit to be handed on.
//
// What a file or a person is called is not in it, nor what anything is signed
// with, nor a byte of a file: see the function of each kind of text in mask.go.
// What it keeps is what the engine decides by: sizes, times, statuses, error
// codes, ETags and checksums, the region, and the store's endpoint.
//
// A recording is frames of package wire, one after the other: first the
// configuration, then readings of the clocks and events. The field A of a
// reading says what it is for: ForEvent, of the event after it; ForPolls, of so
// many calls of Poll as its File says.
package recording

import (
	"errors"
	"io"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/wire"
)

// What a reading of the clocks is for. That of a page, whose every reading
// begins a step, is 0.
const (
	ForEvent = 1
	ForPolls = 2
)

// MaxBytes is the longest recording. What comes after it is left out.
const MaxBytes = 256 << 20

// What a Recorder can meet, beside errors of what it writes to.
var (
	ErrFull   = errors.New("the recording is as long as it may be: what came after is not in it")
	ErrConfig = errors.New("a configuration that cannot be recorded")
)

// Recorder records one engine. Use New. It is not safe for concurrent use: call
// it under the lock that guards the engine. Nothing is kept of what it is given.
type Recorder struct {
	out     io.Writer
	mask    mask
	buffer  []byte
	written int64
	polls   wire.Frame // not written yet
	err     error
}

// New returns a recorder that writes to out, as soon as something is told.
func New(out io.Writer) *Recorder { return &Recorder{out: out, mask: newMask()} }

// Begin records the configuration. It comes first. ErrConfig says that package
// wire has no words for something in c.
func (r *Recorder) Begin(c engine.Config) error {
	c.Target.Bucket = r.mask.text(c.Target.Bucket)
	c.Target.ExpectedBucketOwner = r.mask.text(c.Target.ExpectedBucketOwner)
	c.RefreshMillis = max(c.RefreshMillis, -1) // any negative number says the same
	f := wire.Frame{Fields: configFields(&c)}
	var back engine.Config
	if err := wire.ReadConfig(f.Fields, &back); err != nil || back != c {
		return ErrConfig
	}
	r.write(&f)
	return r.err
}

// Event records an event, which the engine is given next.
func (r *Recorder) Event(now engine.Now, ev *engine.Event) {
	r.flushPolls()
	r.write(&wire.Frame{Kind: wire.KindNow, A: ForEvent, X: int64(now.Mono), Y: int64(now.Wall)})
	r.event(ev)
	r.flush()
}

// Poll records a call of Poll, whatever it returns.
func (r *Recorder) Poll(now engine.Now) {
	if r.polls.X != int64(now.Mono) || r.polls.Y != int64(now.Wall) {
		r.flushPolls()
		r.polls = wire.Frame{Kind: wire.KindNow, A: ForPolls, X: int64(now.Mono), Y: int64(now.Wall)}
	}
	r.polls.File++
}

// Flush writes what Poll has noted. Call it when the engine is drained.
func (r *Recorder) Flush() {
	r.flushPolls()
	r.flush()
}

// Err returns why the recording is not whole, if it is not.
func (r *Recorder) Err() error { return r.err }

func (r *Recorder) flushPolls() {
	if r.polls.File > 0 {
		r.write(&r.polls)
		r.polls.File = 0
	}
}

// write puts f into the buffer.
func (r *Recorder) write(f *wire.Frame) { r.buffer = f.Append(r.buffer) }

// flush gives the buffer away: all of it or, once something went wrong, nothing.
func (r *Recorder) flush() {
	if r.err == nil && r.written+int64(len(r.buffer)) > MaxBytes {
		r.err = ErrFull
	}
	if r.err == nil && len(r.buffer) > 0 {
		_, r.err = r.out.Write(r.buffer)
		r.written += int64(len(r.buffer))
	}
	r.buffer = r.buffer[:0]
}

// maxFiles is how many sizes one frame takes.
const maxFiles = wire.MaxFrameBytes / 16

// event puts ev into the buffer, in the form of wire.ReadEvent.
func (r *Recorder) event(ev *engine.Event) {
	f := wire.Frame{
		Kind: uint8(ev.Kind), A: uint8(ev.Cause) | uint8(ev.OnConflict) | uint8(ev.Priority), B: uint16(ev.Status),
		File: uint32(ev.File), Req: uint32(ev.Req), X: ev.Bytes, Y: int64(ev.Wall),
	}
	switch ev.Kind {
	case engine.EvAdded:
		r.added(&f, ev.Files)
		return
	case engine.EvDescribed:
		f.X, f.Y = ev.Source.Size, ev.Source.Modified
		object := *ev.Object
		r.mask.object(&object)
		f.Fields = append(objectFields(&object),
			s3.Field{Name: "source.name", Value: r.mask.text(ev.Source.Name)},
			s3.Field{Name: "source.print", Value: r.mask.text(ev.Source.Print)})
	case engine.EvAnswered:
		f.A, f.Fields = uint8(len(ev.Digest)), r.mask.header(ev.Header)
		f.Body = append(append([]byte{}, ev.Digest...), r.mask.body(ev.Body)...)
	case engine.EvCredentials:
		if ev.Credentials == nil {
			f.Kind = uint8(engine.EvRefreshFailed) // which is what it means
			break
		}
		f.Fields = r.mask.credentials(ev.Credentials)
	case engine.EvHashed:
		f.Body = ev.Digest
	case engine.EvSigned:
		f.Body = make([]byte, len(ev.Digest))
	case engine.EvRead:
		if ev.Last {
			f.A = 1
		}
	case engine.EvLoaded:
		f.Body = r.mask.record(ev.Record)
		if ev.Trusted {
			f.B = 1
		}
	case engine.EvSweep:
		f.Fields = []s3.Field{{Name: "prefix", Value: r.mask.text(ev.Name)}}
		for _, id := range ev.Keep {
			f.Body = append(append(f.Body, r.mask.text(id)...), '\n')
		}
	case engine.EvAbandon:
		f.Fields = []s3.Field{{Name: "name", Value: r.mask.text(ev.Name)}}
		f.Body = r.mask.record(ev.Record)
	}
	r.write(&f)
}

// added writes files in frames of one priority and bounded length each.
func (r *Recorder) added(f *wire.Frame, files []engine.Spec) {
	for first := true; first || len(files) > 0; first = false {
		f.Body = []byte{}
		for n := 0; n < maxFiles && len(files) > 0 && (n == 0 || uint8(files[0].Priority) == f.A); n++ {
			f.A = uint8(files[0].Priority)
			for shift := range 8 {
				f.Body = append(f.Body, byte(files[0].Size>>(8*shift)))
			}
			files = files[1:]
		}
		r.write(f)
	}
}
