package wire

import (
	"bytes"
	"errors"
	"slices"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// KindNow is the kind of the frame that begins each step: X is the monotonic
// clock, Y the wall clock, both in milliseconds.
const KindNow = 255

// ErrNow says that a step does not begin with a reading of the clocks.
var ErrNow = errors.New("no reading of the clocks")

// ReadNow takes the two clocks from f.
func ReadNow(f *Frame) (engine.Now, error) {
	if f.Kind != KindNow {
		return engine.Now{}, ErrNow
	}
	return engine.Now{Mono: engine.Instant(f.X), Wall: sign.UnixMilli(f.Y)}, nil
}

// ReadEvent takes an event from f, whose Kind is an engine.EventKind:
//
//	EvAdded        a: Priority of all of them, body: the files' sizes, int64
//	               each, engine.UnknownSize for a stream
//	EvDescribed    file, a: OnConflict, x: the source's size, y: when it was
//	               modified; fields: see ReadObject, and source.name and
//	               source.print
//	EvUndescribed  file, a: Cause
//	EvSent         request, x: bytes
//	EvAnswered     request, a: length of the digest, b: status, fields: headers,
//	               body: the digest, then the answer's
//	EvBroke        request, a: Cause
//	EvCredentials  fields: accessKey, secretKey, sessionToken, expiration; no
//	               secretKey where the option remoteSign is set
//	EvRefreshFailed, EvExpire, EvTick
//	EvCancel, EvPause, EvResume, EvRetry
//	               file
//	EvPrioritize   file, a: Priority
//	EvPauseAll, EvResumeAll, EvRetryAll, EvCancelAll
//	EvHashed       request, body: the digest
//	EvRead         request, x: bytes, a: 1 at the end
//	EvLoaded       file, a: Cause, b: 1 when this session wrote it; body: the
//	               record, if there is one
//	EvSaved        file, a: Cause
//	EvOffline, EvOnline
//	EvClock        y: wall clock
//	EvResolve      file, a: OnConflict
//	EvSweep        y: wall clock, field prefix; body: upload IDs to keep, each
//	               with a line feed after it
//	EvAbandon      field name, body: the record
//	EvSigned       request, body: the MAC, if there is one
//
// ev points into f and into memory of its own; of what it held before it keeps
// the room for Files. Errors are ErrFrame for what is not well formed, and those
// of packages cred and s3 for values.
func ReadEvent(f *Frame, ev *engine.Event) error {
	*ev = engine.Event{
		Kind: engine.EventKind(f.Kind), File: engine.FileID(f.File), Req: engine.ReqID(f.Req),
		Files: ev.Files[:0],
	}
	switch ev.Kind {
	case engine.EvAdded:
		return readAdded(f, ev)
	case engine.EvDescribed:
		return readDescribed(f, ev)
	case engine.EvUndescribed, engine.EvBroke, engine.EvSaved:
		ev.Cause = engine.Cause(f.A)
	case engine.EvSent:
		ev.Bytes = f.X
	case engine.EvAnswered:
		if int(f.A) > len(f.Body) {
			return ErrFrame
		}
		ev.Status, ev.Header = int(f.B), f.Fields
		ev.Digest, ev.Body = f.Body[:f.A:f.A], f.Body[f.A:]
	case engine.EvCredentials:
		ev.Credentials = new(cred.Credentials)
		return readCredentials(f.Fields, ev.Credentials)
	case engine.EvPrioritize:
		ev.Priority = queue.Priority(f.A)
	case engine.EvHashed, engine.EvSigned:
		ev.Digest = f.Body
	case engine.EvRead:
		if f.A > 1 {
			return ErrFrame
		}
		ev.Bytes, ev.Last = f.X, f.A == 1
	case engine.EvLoaded:
		ev.Cause, ev.Record, ev.Trusted = engine.Cause(f.A), f.Body, f.B == 1
	case engine.EvClock:
		ev.Wall = sign.UnixMilli(f.Y)
	case engine.EvResolve:
		ev.OnConflict = engine.OnConflict(f.A)
	case engine.EvSweep:
		return readSweep(f, ev)
	case engine.EvAbandon:
		var err error
		ev.Name, err = one(f, "name")
		ev.Record = f.Body
		return err
	}
	return nil
}

func readAdded(f *Frame, ev *engine.Event) error {
	if len(f.Body)%8 != 0 {
		return ErrFrame
	}
	ev.Files = slices.Grow(ev.Files, len(f.Body)/8)
	for sizes := f.Body; len(sizes) > 0; sizes = sizes[8:] {
		ev.Files = append(ev.Files, engine.Spec{Size: int64At(sizes), Priority: queue.Priority(f.A)})
	}
	return nil
}

// readDescribed takes the two fields about the source out from among those of
// the object, none of which has a name that begins with "source.".
func readDescribed(f *Frame, ev *engine.Event) error {
	ev.OnConflict = engine.OnConflict(f.A)
	ev.Source.Size, ev.Source.Modified = f.X, f.Y
	object := f.Fields[:0]
	for _, field := range f.Fields {
		switch field.Name {
		case "source.name":
			ev.Source.Name = field.Value
		case "source.print":
			ev.Source.Print = field.Value
		default:
			object = append(object, field)
		}
	}
	ev.Object = new(s3.Object)
	return ReadObject(object, ev.Object)
}

func readSweep(f *Frame, ev *engine.Event) error {
	var err error
	if ev.Name, err = one(f, "prefix"); err != nil {
		return err
	}
	ev.Wall = sign.UnixMilli(f.Y)
	if n := bytes.Count(f.Body, []byte("\n")); n > 0 {
		ev.Keep = make([]string, 0, n)
	}
	for rest := f.Body; len(rest) > 0; {
		id, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return ErrFrame
		}
		ev.Keep = append(ev.Keep, string(id))
		rest = after
	}
	return nil
}

func readCredentials(fields []s3.Field, c *cred.Credentials) error {
	var expiration string
	for _, field := range fields {
		switch field.Name {
		case "accessKey":
			c.AccessKeyID = field.Value
		case "secretKey":
			c.SecretAccessKey = field.Value
		case "sessionToken":
			c.SessionToken = field.Value
		case "expiration":
			expiration = field.Value
		default:
			return ErrFrame
		}
	}
	var err error
	c.Expiration, err = cred.ParseExpiration(expiration)
	return err
}
