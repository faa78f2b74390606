package engine

import (
	"encoding/base64"
	"errors"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// answer takes the store's answer to a request.
func (e *Engine) answer(ev *Event) error {
	r := e.find(ev.Req)
	if r == nil || r.kind != ActSend {
		return ErrNoRequest
	}
	s := e.finish(r)
	a := answer{
		op: r.send.Op, part: r.part, length: r.length, hash: r.hash, digest: r.digest[:r.digestLen],
		fresh: r.step == s.step, number: r.number, ev: ev,
	}
	if r.hash != s3.NoChecksum {
		a.digest = ev.Digest
	}
	e.answered = true
	e.goOnline()
	e.readClock(ev)
	refusal := a.refusal()
	if refusal == nil {
		if r.carriesFile() {
			e.rate.measure(r.length, e.mono-r.begun)
		}
		s.refused = nil
		e.redirects = 0
		e.keeper.Accepted(r.signedWith)
		e.window.answered(r.length, e.mono-r.begun)
		e.moveOn(s, &a)
	} else {
		e.countResent(r)
		e.learnClock(refusal)
		e.refused(s, &a, refusal, r.signedWith)
	}
	e.show(s)
	return nil
}

// countResent counts the bytes of a request that failed.
func (e *Engine) countResent(r *request) {
	if r.carriesFile() {
		e.resent += r.sent
	}
}

// moveOn moves a slot on by a success. One that has ended cares only for what is
// left to abort.
func (e *Engine) moveOn(s *slot, a *answer) {
	switch {
	case s.step == stepEnd && a.op == s3.OpCreateMultipartUpload:
		id, err := s3.ParseCreateMultipartUpload(a.ev.Body)
		if err != nil {
			e.release(s)
			return
		}
		s.uploadID = id
		s.enter(stepAbort)
		e.release(s)
	case s.step == stepPark:
		e.parkedAnswer(s, a)
		e.release(s)
	case !a.fresh || s.step == stepEnd:
		e.release(s)
	case s.job == jobSweep && a.op == s3.OpListMultipartUploads:
		e.swept(s, a)
	default:
		e.progress(s, a)
	}
}

// progress moves a slot on by a success of its present step.
func (e *Engine) progress(s *slot, a *answer) {
	switch a.op {
	case s3.OpPutObject, s3.OpPostObject:
		e.wholeStored(s, a)
	case s3.OpCreateMultipartUpload:
		e.created(s, a)
	case s3.OpUploadPart:
		e.partStored(s, a)
	case s3.OpCompleteMultipartUpload:
		e.completed(s, a)
	case s3.OpListParts:
		e.listed(s, a)
	case s3.OpHeadObject:
		e.headed(s, a)
	case s3.OpAbortMultipartUpload:
		if len(a.ev.Body) > 0 && a.ev.Status != 204 {
			e.invalid(s, a) // the store's own has no body
			return
		}
		e.aborted(s)
	}
}

func (e *Engine) wholeStored(s *slot, a *answer) {
	result := Result{Bytes: s.plan.Size}
	if a.op == s3.OpPostObject {
		stored, err := s3.ParsePostObject(a.ev.Status, a.ev.Header, a.ev.Body)
		if err != nil {
			e.invalid(s, a)
			return
		}
		result.ETag, result.VersionID = stored.ETag, stored.VersionID
	} else {
		result.ETag, _ = s3.HeaderValue(a.ev.Header, "etag")
		if result.ETag == "" && len(a.ev.Body) > 0 {
			// Not S3's: its answer has no body. Without the ETag alone it may
			// be that CORS hides it.
			e.invalid(s, a)
			return
		}
		result.VersionID, _ = s3.HeaderValue(a.ev.Header, "x-amz-version-id")
	}
	if a.damaged(s.object.Algorithm, s.object.Digest) {
		e.corrupted(s, a)
		return
	}
	e.done(s, result)
}

func (e *Engine) created(s *slot, a *answer) {
	id, err := s3.ParseCreateMultipartUpload(a.ev.Body)
	if err != nil {
		e.invalid(s, a)
		return
	}
	s.uploadID = id
	if s.name == "" || !s.open {
		s.enter(stepParts)
		return
	}
	s.enter(stepSave)
	e.save(s)
}

// partStored counts a part that the store has acknowledged. Its ETag is needed
// to join the parts (S3 API Reference, CompleteMultipartUpload); a browser
// sees it only if the bucket's CORS rule exposes it.
func (e *Engine) partStored(s *slot, a *answer) {
	etag, _ := s3.HeaderValue(a.ev.Header, "etag")
	switch {
	case etag == "" && len(a.ev.Body) > 0:
		e.invalid(s, a)
		return
	case a.damaged(s.object.Algorithm, a.digest):
		e.corrupted(s, a)
		return
	case len(a.digest) != 0 && len(a.digest) != s.object.Algorithm.Size(), s.parts.store(a.part, etag, a.digest) != nil:
		e.invalid(s, a)
		return
	}
	if etag == "" {
		e.warn(s.file, Error{Code: WarnETagHidden, Op: a.op, Status: a.ev.Status}, 0)
	}
	s.overcome(a.part)
	s.acknowledged += a.length
	e.acknowledged += a.length
	e.appendPart(s, a.part, etag, a.digest)
	e.notes.add(note{kind: ActNotePart, file: s.file, part: a.part, result: Result{ETag: etag, Bytes: a.length}})
	e.settle(s)
}

// settle goes on when every part is stored, named and compared.
func (e *Engine) settle(s *slot) {
	p := &s.parts
	if s.step != stepParts || !p.done() || s.stream && !s.ended || p.unchecked > 0 || s.asides > 0 {
		return
	}
	if p.nameless > 0 {
		s.list(listNames)
		return
	}
	s.enter(stepComplete)
	if s.uploadID == "" {
		s.enter(stepHead) // see perhapsJoined
		e.digestWhole(s)
	}
	e.show(s)
}

func (e *Engine) completed(s *slot, a *answer) {
	joined, err := s3.ParseCompleteMultipartUpload(a.ev.Status, a.ev.Header, a.ev.Body)
	if err != nil {
		e.undecided(s, &failure{op: a.op, err: a.invalid()})
		return
	}
	switch {
	case !s.object.Algorithm.Stored():
	case joined.Checksum == "":
		e.warn(s.file, Error{Code: WarnUnverified, Op: a.op, Status: a.ev.Status}, 0)
		s.unverified = true
	case s.whole() && len(s.object.Digest) != 0 && joined.Algorithm == s.object.Algorithm && joined.Checksum != base64Of(s.object.Digest):
		// The store did not compare, and has joined other bytes.
		e.spoiled(s, a)
		return
	}
	e.done(s, Result{ETag: joined.ETag, VersionID: joined.VersionID, Bytes: s.plan.Size})
}

// spoiled sends a file again that the store has as other bytes.
func (e *Engine) spoiled(s *slot, a *answer) {
	s.uploadID = ""
	s.repairs++
	if s.repairs > maxRepairs {
		err := a.invalid()
		err.Code, err.Doubt = CodeCorrupted, true
		e.fail(s, err)
		return
	}
	e.anew(s)
}

// hashed takes a digest that was asked for.
func (e *Engine) hashed(ev *Event) error {
	r := e.find(ev.Req)
	if r == nil || r.kind != ActHash {
		return ErrNoRequest
	}
	part, step := r.part, r.step
	s := e.finish(r)
	if step != s.step {
		e.release(s)
		return nil
	}
	if len(ev.Digest) != s.object.Algorithm.Size() {
		e.fail(s, Error{Code: s3.CodeChecksum, Part: part, Message: "has no digest of the right length"})
		return nil
	}
	switch {
	case step == stepHash:
		if len(s.object.Digest) != 0 && string(s.object.Digest) != string(ev.Digest) {
			e.fail(s, Error{Code: CodeSourceChanged})
			return nil
		}
		s.object.Digest = append(s.object.Digest[:0], ev.Digest...)
		s.step, s.asked = stepPut, false // its setbacks still count
	case s.parts.state[part-1] == partHashing:
		s.parts.hash(part, ev.Digest)
	case s.parts.state[part-1] == partChecking, s.parts.state[part-1] == partProving:
		e.compared(s, part, ev.Digest)
	}
	e.show(s)
	return nil
}

// compared takes the digest of what the file has at a part of an earlier run.
func (e *Engine) compared(s *slot, part uint16, digest []byte) {
	etag, kept := s.parts.list.Part(part)
	switch {
	case string(kept) == string(digest):
		if s.parts.state[part-1] == partProving {
			e.appendPart(s, part, string(etag), kept)
		}
		s.parts.checked(part)
		e.settle(s)
	case s.parts.state[part-1] == partProving:
		s.parts.unhash(part)
		e.lose(s, part) // it may have been damaged on its way, and never acknowledged
	default:
		e.anew(s) // the file is another one than the earlier run had
	}
}

// answer is what the store said to one request.
type answer struct {
	op     s3.Op
	part   uint16
	length int64
	hash   s3.Algorithm
	digest []byte // of the body, as far as known
	fresh  bool   // the slot still is in the step that the request was sent for
	number uint32
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

// damaged reports that the store tells a checksum that is not the one of the
// bytes that were meant.
func (a *answer) damaged(algorithm s3.Algorithm, digest []byte) bool {
	if !algorithm.Stored() || len(digest) == 0 {
		return false
	}
	told, ok := s3.HeaderValue(a.ev.Header, algorithm.Header())
	return ok && told != base64.StdEncoding.EncodeToString(digest)
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

// invalid sends a request again whose answer cannot be the store's: a network
// that wants a sign-in answers everything with a page of its own.
func (e *Engine) invalid(s *slot, a *answer) {
	s.doubt = s.doubt || a.op == s3.OpPutObject || a.op == s3.OpPostObject
	e.tryAgain(s, &failure{op: a.op, part: a.part, err: a.invalid(), most: maxInvalid})
}

// corrupted sends bytes again that arrived other than they were.
func (e *Engine) corrupted(s *slot, a *answer) {
	err := a.invalid()
	err.Code = CodeCorrupted
	s.doubt = s.doubt || a.op == s3.OpPutObject || a.op == s3.OpPostObject
	e.tryAgain(s, &failure{op: a.op, part: a.part, err: err, most: maxRepairs})
}

// refusesCredentials reports that new credentials may cure the refusal, and
// that there may be new ones. Where nobody can be asked, credentials that have
// ended are held for; those that the store never knew are an error.
func (e *Engine) refusesCredentials(refusal *s3.Error) bool {
	advice := refusal.Advice()
	return advice == s3.AdviceRefresh || advice == s3.AdviceRefreshOnce && e.config.CanRefresh
}

// refused takes the store's refusal of a request.
func (e *Engine) refused(s *slot, a *answer, refusal *s3.Error, signedWith *cred.Credentials) {
	if e.refusesCredentials(refusal) {
		tried := s.refused != nil && s.refused != signedWith
		s.refused = signedWith
		if e.keeper.Invalidate(signedWith) && !tried {
			e.sendAgain(s, a.op, a.part)
			return
		}
	} else {
		e.keeper.Accepted(signedWith)
	}
	switch {
	case s.step == stepPark || s.step == stepEnd:
		e.refusedAtEnd(s, a)
	case !a.fresh:
		e.release(s)
	case a.op == s3.OpHeadObject && e.headRefused(s, a, refusal):
	case a.op == s3.OpAbortMultipartUpload:
		e.abortRefused(s, a, refusal)
	case a.op == s3.OpListParts && e.listRefused(s, a, refusal):
	default:
		e.advised(s, a, refusal)
	}
}

// refusedAtEnd takes the refusal of a request whose slot is being left.
func (e *Engine) refusedAtEnd(s *slot, a *answer) {
	if a.op == s3.OpUploadPart && s.step == stepPark && s.parts.has(a.part) && s.parts.state[a.part-1] == partInFlight {
		s.parts.putBack(a.part)
	}
	e.release(s)
}

// sendAgain puts a request back to be sent once more, if its slot still needs
// it. It counts as no failure.
func (e *Engine) sendAgain(s *slot, op s3.Op, part uint16) {
	if op == s3.OpUploadPart {
		s.putBack(part)
	}
	e.release(s)
}

// advised does what a refusal is known to call for.
func (e *Engine) advised(s *slot, a *answer, refusal *s3.Error) {
	f := failure{op: a.op, part: a.part, err: a.failure(refusal), asked: refusal.RetryAfterMillis}
	advice := refusal.Advice()
	if s.cleaning() && !advice.Repeats() {
		advice = s3.AdviceStop // there is no file to send again
	}
	switch advice {
	case s3.AdviceRetry:
		e.transient(s, &f)
	case s3.AdviceBackOff:
		e.window.shrink(a.number, e.launched)
		f.throttled = true
		e.tryAgain(s, &f)
	case s3.AdviceFixClock, s3.AdviceSign:
		f.most = maxInvalid
		e.tryAgain(s, &f)
	case s3.AdviceRegion:
		e.redirect(s, &f, refusal)
	case s3.AdviceResend:
		f.most = maxRepairs
		e.tryAgain(s, &f)
		if s.step == stepPut && !s.given && s.object.Algorithm != s3.NoChecksum {
			s.step = stepHash // the file may have changed since it was hashed
		}
	case s3.AdviceRestartUpload:
		if e.config.FailFirst && !s.cleaning() {
			e.fail(s, f.err)
			return
		}
		e.restart(s, &f.err)
	case s3.AdviceVerifyParts:
		if e.config.FailFirst {
			e.fail(s, f.err)
			return
		}
		e.repair(s, &f)
	case s3.AdviceVerifyObject:
		s.doubt = true
		s.enter(stepHead)
	default:
		if refusal.Status == 412 && s.object.IfNoneMatch == "*" {
			e.conflict(s, f.err)
			return
		}
		e.settleFailure(s, f.err)
	}
}

// settleFailure ends a slot because of a refusal that another try would meet
// again.
func (e *Engine) settleFailure(s *slot, err Error) {
	switch {
	case s.job != jobFile:
		e.jobFailed(s, err)
	case s.cleaning():
		e.orphan(s, err)
	case e.config.FailFirst:
		e.shelve(s, err)
	default:
		e.fail(s, err)
	}
}

// transient sends a request again after trouble in the store or on the way to
// it. If the object may exist after all, the store is asked first.
func (e *Engine) transient(s *slot, f *failure) {
	if f.op == s3.OpCompleteMultipartUpload {
		e.undecided(s, f)
		return
	}
	if f.op == s3.OpPutObject || f.op == s3.OpPostObject {
		s.doubt = true
	}
	e.tryAgain(s, f)
}

// broke takes the news that a request got no answer.
func (e *Engine) broke(ev *Event) error {
	r := e.find(ev.Req)
	if r == nil || r.kind == ActSign {
		return ErrNoRequest
	}
	cause, asked := ev.Cause, r.broken && !r.stalled
	if r.stalled {
		cause = CauseTimeout
	}
	s := e.finish(r)
	s.late = s.late || r.send.Op == s3.OpUploadPart
	s.maybe = s.maybe || r.mayStore() && cause != CauseSourceUnreadable && cause != CauseSourceChanged
	e.countResent(r)
	if r.kind != ActSend {
		e.asideBroke(s, r, cause)
		return nil
	}
	switch {
	case s.step == stepPark, s.step == stepEnd, r.step != s.step:
		s.doubt = s.doubt || r.mayStore()
		if r.send.Op == s3.OpUploadPart && s.step == stepPark && s.parts.has(r.part) && s.parts.state[r.part-1] == partInFlight {
			s.parts.putBack(r.part)
		}
		e.release(s)
	case asked: // by a pause that keeps the slot
		s.doubt = s.doubt || r.mayStore()
		e.sendAgain(s, r.send.Op, r.part)
	default:
		e.brokeOn(s, r, cause)
	}
	e.show(s)
	return nil
}

// brokeOn goes on after a request that got no answer.
func (e *Engine) brokeOn(s *slot, r *request, cause Cause) {
	f := failure{op: r.send.Op, part: r.part, err: Error{Code: cause.code(), Op: r.send.Op, Part: r.part}}
	if r.stalled {
		f.err.Code = CodeStalled
	}
	switch cause {
	case CauseSourceUnreadable, CauseSourceChanged, CauseRefused:
		e.settleFailure(s, f.err)
		return
	case CauseOffline:
		e.goOffline()
		if r.mayStore() && f.op == s3.OpCompleteMultipartUpload {
			e.undecided(s, &f)
			return
		}
		s.doubt = s.doubt || r.mayStore()
		e.sendAgain(s, f.op, f.part)
		return
	case CauseAnswerTooLarge:
		f.most = maxInvalid
	case CauseOpaque, CauseTLS:
		if s.step == stepList && s.listing == listResume && e.config.FailFirst {
			e.believe(s)
			return
		}
		if !e.answered {
			f.most = maxHopeless
		}
	}
	e.window.shrink(r.number, e.launched)
	e.transient(s, &f)
}

// asideBroke goes on after bytes of a file could not be read.
func (e *Engine) asideBroke(s *slot, r *request, cause Cause) {
	if r.kind == ActRead {
		s.reading = false
	}
	if r.step == stepHash && s.step == stepHash {
		s.asked = false
	}
	switch {
	case r.step != s.step:
		e.release(s)
	case cause == CauseBrokenOff && r.broken:
		if r.part != 0 && r.kind == ActHash {
			s.parts.unhash(r.part)
		}
		e.release(s)
	default:
		if cause == CauseBrokenOff {
			cause = CauseSourceUnreadable
		}
		e.fail(s, Error{Code: cause.code(), Part: r.part})
	}
	e.show(s)
}

// done ends a file whose object the store has confirmed.
func (e *Engine) done(s *slot, result Result) {
	e.acknowledged -= s.acknowledged
	s.acknowledged = 0
	e.stored += s.plan.Size
	result.Key = s.object.Key
	if s.plan.Parts > 0 && len(s.object.Digest) == 0 {
		e.digestWhole(s) // it was never asked to be joined here
	}
	known := len(s.object.Digest) == s.object.Algorithm.Size()
	if s.object.Algorithm.Stored() && !s.unverified && known && (s.plan.Parts == 0 || s.whole()) {
		result.Algorithm, result.Digest = s.object.Algorithm, append([]byte(nil), s.object.Digest...)
	}
	e.table.SetState(s.file, queue.StateDone)
	e.changed++
	e.notes.add(note{kind: ActNoteState, file: s.file, state: queue.StateDone, result: result})
	if s.conflicted {
		// An earlier upload made the object, and this one may be left.
		e.abortOrEnd(s)
		e.release(s)
		return
	}
	s.uploadID = ""
	s.enter(stepEnd)
	e.release(s)
}
