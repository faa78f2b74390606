package wire

import (
	"errors"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
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
//	EvAdded        body: the files' sizes, int64 each
//	EvDescribed    file; fields: see ReadObject
//	EvUndescribed  file, a: Cause
//	EvSent         request, x: bytes
//	EvAnswered     request, b: status, fields: headers, body
//	EvBroke        request, a: Cause
//	EvCredentials  fields: accessKey, secretKey, sessionToken, expiration
//	EvCancel       file
//
// ev points into f and into memory of its own. Errors are ErrFrame for what is
// not well formed, and those of packages cred and s3 for values.
func ReadEvent(f *Frame, ev *engine.Event) error {
	*ev = engine.Event{Kind: engine.EventKind(f.Kind), File: engine.FileID(f.File), Req: engine.ReqID(f.Req)}
	switch ev.Kind {
	case engine.EvAdded:
		if len(f.Body)%8 != 0 {
			return ErrFrame
		}
		ev.Files = make([]engine.Spec, len(f.Body)/8)
		for i := range ev.Files {
			ev.Files[i].Size = int64At(f.Body[8*i:])
		}
	case engine.EvDescribed:
		ev.Object = new(s3.Object)
		return ReadObject(f.Fields, ev.Object)
	case engine.EvUndescribed, engine.EvBroke:
		ev.Cause = engine.Cause(f.A)
	case engine.EvSent:
		ev.Bytes = f.X
	case engine.EvAnswered:
		ev.Status, ev.Header, ev.Body = int(f.B), f.Fields, f.Body
	case engine.EvCredentials:
		ev.Credentials = new(cred.Credentials)
		return readCredentials(f.Fields, ev.Credentials)
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
