package wire

import (
	"errors"
	"strconv"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// The kinds of frames beside those of actions.
const (
	// KindRefused says that an event was refused, or that a query has no
	// answer: fields code and option, or text.
	KindRefused = 254

	// KindWake is the last frame of a step that has drained the engine: x is
	// the reading of the monotonic clock at which it wants EvTick. It is left
	// out when only an event can give it something to do.
	KindWake = 253
)

// AppendAction appends a's frame, whose kind is its engine.ActionKind:
//
//	ActDescribe      file
//	ActSend          file, request, a: Algorithm of the digest wanted, b: part,
//	                 x: offset, y: length of the body; fields: method, url,
//	                 operation, of a form formHead, and then the headers; body:
//	                 the request's own, if it has one, or what goes around the
//	                 file's bytes: formHead says how much of it goes before them
//	ActBreakOff      request
//	ActRefresh       a: cred.Reason
//	ActNoteState     file, a: State; failed and conflict: b: part, x: status,
//	                 fields of its Error; done: a result
//	ActNotePart      file, b: part, a result
//	ActNoteHold      a: cred.Reason
//	ActNoteRelease
//	ActNoteOrphan    file, b: part, x: status, fields of its Error and uploadId
//	ActHash          file, request, a: Algorithm, b: part, x: offset, y: length
//	ActRead          file, request, b: part, x: offset, y: length
//	ActLoad          file, field name
//	ActSave, ActAppend
//	                 file, field name, body: the record
//	ActForget, ActUnlock
//	                 file, field name
//	ActNoteRetry     file, b: part, x: status, y: delay, fields of its Error
//	ActNoteWarning   file, x: status, y: delay, fields of its Error, name of a
//	                 record that is damaged
//	ActNoteResumed   file, b: parts, a result
//	ActNoteAll       a: State
//	ActNoteSwept     fields name and uploadId; if it was not: x: status, fields
//	                 of its Error
//	ActNoteSweepEnd
//	ActSign          file, request, a: 1 when its signature may come together
//	                 with whatever happens next, field scope, body: what is to be
//	                 signed
//
// A result is x: bytes, fields etag, versionId, key and checksum, the name of
// its Algorithm; body: its digest, raw. The fields of an Error are code,
// operation, parts, doubt, requestId and message.
func AppendAction(dst []byte, a *engine.Action, f *Frame) []byte {
	*f = Frame{Kind: uint8(a.Kind), File: uint32(a.File), Req: uint32(a.Req), B: a.Part, Fields: f.Fields[:0]}
	switch a.Kind {
	case engine.ActSend:
		f.A, f.X, f.Y = uint8(a.Hash), a.Offset, a.Length
		frameRequest(f, a.Send)
	case engine.ActHash, engine.ActRead:
		f.A, f.X, f.Y = uint8(a.Hash), a.Offset, a.Length
	case engine.ActSign:

		if a.Draft.Ahead {
			f.A = 1
		}
		f.add("scope", a.Draft.Scope)
		f.Body = a.Draft.Text
	case engine.ActRefresh, engine.ActNoteHold:
		f.A = uint8(a.Reason)
	case engine.ActLoad, engine.ActSave, engine.ActAppend, engine.ActForget, engine.ActUnlock:
		f.add("name", a.Name)
		f.Body = a.Record
	default:
		f.A, f.Y = uint8(a.State), a.Delay
		f.add("name", a.Name)
		f.add("uploadId", a.UploadID)
		if a.Err != nil {
			frameError(f, a.Err)
		}
		if a.Result != nil {
			frameResult(f, a.Result)
		}
	}
	return f.Append(dst)
}

func (f *Frame) add(name, value string) {
	if value != "" {
		f.Fields = append(f.Fields, s3.Field{Name: name, Value: value})
	}
}

func frameRequest(f *Frame, r *s3.Request) {
	f.add("method", r.Method)
	f.add("url", string(r.AppendURL(nil)))
	f.add("operation", r.Op.String())
	f.Body = r.Body
	if r.Op == s3.OpPostObject {
		head, err := r.AppendFormHead(nil)
		if err != nil {
			panic("bucketline: internal error: the engine sends a form that is too long")
		}
		f.add("formHead", strconv.Itoa(len(head)))
		f.Body = r.AppendFormTail(head)
	}
	f.Fields = append(f.Fields, r.Header...)
	f.add("authorization", string(r.Authorization))
}

func frameResult(f *Frame, r *engine.Result) {
	f.X = r.Bytes
	f.add("etag", r.ETag)
	f.add("versionId", r.VersionID)
	f.add("key", r.Key)
	if r.Algorithm != s3.NoChecksum {
		f.add("checksum", r.Algorithm.String())
		f.Body = r.Digest
	}
}

// frameError: an action that is about a part names it even where its Err does
// not.
func frameError(f *Frame, err *engine.Error) {
	if err.Part != 0 {
		f.B = err.Part
	}
	f.X = int64(err.Status)
	f.add("code", err.Code)
	if err.Op != 0 {
		f.add("operation", err.Op.String())
	}
	if err.Parts != 0 {
		f.add("parts", strconv.Itoa(int(err.Parts)))
	}
	if err.Doubt {
		f.add("doubt", "true")
	}
	f.add("requestId", err.RequestID)
	f.add("message", err.Message)
}

// appendWake appends the frame that says when to tick.
func appendWake(dst []byte, at engine.Instant) []byte {
	f := Frame{Kind: KindWake, X: int64(at)}
	return f.Append(dst)
}

// AppendRefusal appends a frame that says what was wrong with an event, a
// query or a configuration: b: the event's index in its step, x: the status of
// an answer from STS, fields code, option, requestId and text, as far as known.
func AppendRefusal(dst []byte, index uint16, err error) []byte {
	f := Frame{Kind: KindRefused, B: index}
	var option *Error
	var input *s3.InputError
	var coded interface{ Code() string }
	switch {
	case errors.As(err, &option):
		f.add("code", option.Code)
		f.add("option", option.Option)
	case errors.As(err, &input):
		f.add("code", input.Code)
		f.add("option", input.Field)
	case errors.Is(err, engine.ErrHeld), errors.Is(err, engine.ErrRemote):
		f.add("code", "CredentialsHeld")
	case errors.As(err, &coded):
		f.add("code", coded.Code())
	default:
		f.add("code", "OptionInvalid")
	}
	f.add("text", err.Error())
	return f.Append(dst)
}
