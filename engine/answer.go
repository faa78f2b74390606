package engine

import (
	"errors"

	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// answered takes the store's answer to a request.
func (e *Engine) answered(ev *Event) error {
	r := e.find(ev.Req)
	if r == nil {
		return ErrNoRequest
	}
	op, part, length, signedWith := r.send.Op, r.part, r.length, r.signedWith
	s := e.finish(r)
	answer := answer{op: op, part: part, length: length, ev: ev}
	refusal := answer.refusal()
	switch {
	case refusal == nil:
		s.refused = nil
		e.keeper.Accepted(signedWith)
	case e.refusesCredentials(refusal):
		tried := s.refused != nil && s.refused != signedWith
		s.refused = signedWith
		if e.keeper.Invalidate(signedWith) && !tried {
			e.again(s, op, part)
			return nil
		}
	}
	e.take(s, &answer, refusal)
	return nil
}

// refusesCredentials reports that new credentials may cure the refusal, and
// that there may be new ones. Where nobody can be asked, credentials that have
// ended are held for; those that the store never knew are an error.
func (e *Engine) refusesCredentials(refusal *s3.Error) bool {
	advice := refusal.Advice()
	return advice == s3.AdviceRefresh || advice == s3.AdviceRefreshOnce && e.config.CanRefresh
}

// again puts a request back to be sent once more, if its file still needs it.
func (e *Engine) again(s *slot, op s3.Op, part uint16) {
	if s.step == stepParts && op == s3.OpUploadPart {
		s.parts.putBack(part)
	}
	e.release(s)
}

// broke takes the news that a request got no answer.
func (e *Engine) broke(ev *Event) error {
	r := e.find(ev.Req)
	if r == nil {
		return ErrNoRequest
	}
	op, part := r.send.Op, r.part
	s := e.finish(r)
	switch {
	case s.step == stepEnd, s.step == stepAbort && op != s3.OpAbortMultipartUpload:
		e.release(s)
	case s.step == stepAbort:
		e.orphan(s, Error{Code: ev.Cause.code(), Op: op})
	default:
		e.fail(s, Error{Code: ev.Cause.code(), Op: op, Part: part})
	}
	return nil
}

// take moves the file on by an answer to one of its requests. A file that has
// ended cares only for what is left to abort.
func (e *Engine) take(s *slot, a *answer, refusal *s3.Error) {
	switch {
	case a.op == s3.OpAbortMultipartUpload:
		if refusal != nil && refusal.Advice() != s3.AdviceDone {
			e.orphan(s, a.failure(refusal))
			return
		}
		s.enter(stepEnd)
		e.release(s)
	case s.step == stepEnd && a.op == s3.OpCreateMultipartUpload && refusal == nil:
		id, err := s3.ParseCreateMultipartUpload(a.ev.Body)
		if err != nil {
			e.orphan(s, a.invalid())
			return
		}
		s.uploadID = id
		s.end()
		e.release(s)
	case s.step == stepEnd, s.step == stepAbort:
		e.release(s)
	case refusal != nil:
		if s.step == stepComplete && refusal.Code == "NoSuchUpload" {
			s.uploadID = ""
		}
		e.fail(s, a.failure(refusal))
	default:
		e.progress(s, a)
	}
}

// progress moves the file on by a success.
func (e *Engine) progress(s *slot, a *answer) {
	switch a.op {
	case s3.OpPutObject:
		result := Result{Bytes: s.plan.Size}
		result.ETag, _ = s3.HeaderValue(a.ev.Header, "etag")
		if result.ETag == "" && len(a.ev.Body) > 0 {
			// Not S3's: its answer has no body. Without the ETag alone it may
			// be that CORS hides it.
			e.fail(s, a.invalid())
			return
		}
		result.VersionID, _ = s3.HeaderValue(a.ev.Header, "x-amz-version-id")
		e.done(s, result)
	case s3.OpCreateMultipartUpload:
		id, err := s3.ParseCreateMultipartUpload(a.ev.Body)
		if err != nil {
			e.fail(s, a.invalid())
			return
		}
		s.uploadID = id
		s.enter(stepParts)
	case s3.OpUploadPart:
		e.partStored(s, a)
	case s3.OpCompleteMultipartUpload:
		joined, err := s3.ParseCompleteMultipartUpload(a.ev.Status, a.ev.Header, a.ev.Body)
		if err != nil {
			e.fail(s, a.invalid())
			return
		}
		e.done(s, Result{ETag: joined.ETag, VersionID: joined.VersionID, Bytes: s.plan.Size})
	}
}

// partStored counts a part that the store has acknowledged. Its ETag is needed
// to join the parts (S3 API Reference, CompleteMultipartUpload); a browser
// sees it only if the bucket's CORS rule exposes it.
func (e *Engine) partStored(s *slot, a *answer) {
	etag, ok := s3.HeaderValue(a.ev.Header, "etag")
	if !ok || etag == "" {
		err := a.invalid()
		err.Code = CodeETagHidden
		e.fail(s, err)
		return
	}
	if s.parts.store(a.part, etag) != nil {
		e.fail(s, a.invalid())
		return
	}
	s.acknowledged += a.length
	e.acknowledged += a.length
	e.notes.add(note{kind: ActNotePart, file: s.file, part: a.part, result: Result{ETag: etag, Bytes: a.length}})
	if s.parts.done() {
		s.enter(stepComplete)
		e.setState(s.file, queue.StateCompleting)
	}
}

// done ends a file whose object the store has confirmed.
func (e *Engine) done(s *slot, result Result) {
	e.acknowledged -= s.acknowledged
	s.acknowledged = 0
	e.stored += s.plan.Size
	e.table.SetState(s.file, queue.StateDone)
	e.changed++
	e.notes.add(note{kind: ActNoteState, file: s.file, state: queue.StateDone, result: result})
	s.uploadID = ""
	s.enter(stepEnd)
	e.release(s)
}

// orphan gives up aborting and tells so.
func (e *Engine) orphan(s *slot, err Error) {
	e.notes.add(note{kind: ActNoteOrphan, file: s.file, err: err, failed: true})
	s.uploadID = ""
	s.enter(stepEnd)
	e.release(s)
}

// answer is what the store said to one request.
type answer struct {
	op     s3.Op
	part   uint16
	length int64
	ev     *Event
}

// refusal returns the store's error, or nil. CompleteMultipartUpload can
// refuse inside a 200 (S3 API Reference, CompleteMultipartUpload).
func (a *answer) refusal() *s3.Error {
	if a.ev.Status < 200 || a.ev.Status > 299 {
		return s3.ParseError(a.op, a.ev.Status, a.ev.Header, a.ev.Body)
	}
	if a.op == s3.OpCompleteMultipartUpload {
		var refusal *s3.Error
		if _, err := s3.ParseCompleteMultipartUpload(a.ev.Status, a.ev.Header, a.ev.Body); errors.As(err, &refusal) {
			return refusal
		}
	}
	return nil
}

// failure is the error of a refusal. One without a code is not S3's: a proxy's
// page, for instance.
func (a *answer) failure(refusal *s3.Error) Error {
	code := refusal.Code
	if code == "" {
		code = CodeAnswerInvalid
	}
	return Error{
		Code: code, Op: a.op, Part: a.part, Status: a.ev.Status,
		RequestID: refusal.RequestID, Message: refusal.Message,
	}
}

// invalid is the error of a success that lacks what a success must have.
func (a *answer) invalid() Error {
	id, _ := s3.HeaderValue(a.ev.Header, "x-amz-request-id")
	return Error{Code: CodeAnswerInvalid, Op: a.op, Part: a.part, Status: a.ev.Status, RequestID: id}
}
