package wire

import (
	"errors"

	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// KindRefused is the kind of a frame that says that an event was refused, or
// that a query has no answer: fields code and option, or text.
const KindRefused = 254

// AppendAction appends a's frame, whose kind is its engine.ActionKind:
//
//	ActDescribe     file
//	ActSend         file, request, b: part, x: offset, y: length of the body;
//	                fields: method, url, operation, then the headers;
//	                body: the request's own, if it has one
//	ActBreakOff     request
//	ActRefresh      a: cred.Reason
//	ActNoteState    file, a: State; failed: b: part, x: status, fields of its
//	                Error; done: x: bytes, fields etag and versionId
//	ActNotePart     file, b: part, x: bytes, field etag
//	ActNoteHold     a: cred.Reason
//	ActNoteRelease
//	ActNoteOrphan   file, b: part, x: status, fields of its Error
func AppendAction(dst []byte, a *engine.Action, f *Frame) []byte {
	*f = Frame{Kind: uint8(a.Kind), File: uint32(a.File), Req: uint32(a.Req), B: a.Part, Fields: f.Fields[:0]}
	switch a.Kind {
	case engine.ActSend:
		frameRequest(f, a.Send)
		f.X, f.Y = a.Offset, a.Length
	case engine.ActRefresh, engine.ActNoteHold:
		f.A = uint8(a.Reason)
	case engine.ActNoteState, engine.ActNotePart, engine.ActNoteOrphan:
		f.A = uint8(a.State)
		if a.Err != nil {
			frameError(f, a.Err)
		}
		if a.Result != nil {
			f.X = a.Result.Bytes
			f.add("etag", a.Result.ETag)
			f.add("versionId", a.Result.VersionID)
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
	f.Fields = append(f.Fields, r.Header...)
	f.add("authorization", string(r.Authorization))
	f.Body = r.Body
}

func frameError(f *Frame, err *engine.Error) {
	f.B, f.X = err.Part, int64(err.Status)
	f.add("code", err.Code)
	if err.Op != 0 {
		f.add("operation", err.Op.String())
	}
	f.add("requestId", err.RequestID)
	f.add("message", err.Message)
}

// AppendRefusal appends a frame that says what was wrong with an event, a
// query or a configuration: b: the event's index in its step, x: the status of
// an answer from STS, fields code, option, requestId and text, as far as known.
func AppendRefusal(dst []byte, index uint16, err error) []byte {
	f := Frame{Kind: KindRefused, B: index}
	var option *Error
	var input *s3.InputError
	var refused *sts.Error
	var coded interface{ Code() string }
	switch {
	case errors.As(err, &option):
		f.add("code", option.Code)
		f.add("option", option.Option)
	case errors.As(err, &input):
		f.add("code", input.Code)
		f.add("option", input.Field)
	case errors.As(err, &refused):
		f.X = int64(refused.Status)
		f.add("code", refused.Code)
		f.add("requestId", refused.RequestID)
		f.add("text", refused.Message)
		return f.Append(dst)
	case errors.Is(err, engine.ErrHeld):
		f.add("code", "CredentialsHeld")
	case errors.As(err, &coded):
		f.add("code", coded.Code())
	default:
		f.add("code", "OptionInvalid")
	}
	f.add("text", err.Error())
	return f.Append(dst)
}
