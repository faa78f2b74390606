package engine

import (
	"encoding/base64"

	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// fail gives the file up, and what was sent of it, and tells why.
func (e *Engine) fail(s *slot, err Error) {
	e.tellFailed(s, err)
	e.letGo(s, false)
}

// shelve gives the file up, but keeps what was sent for another try, by EvRetry
// or in a later session.
func (e *Engine) shelve(s *slot, err Error) {
	e.tellFailed(s, err)
	e.letGo(s, s.recorded)
}

func (e *Engine) tellFailed(s *slot, err Error) {
	err.Doubt = err.Doubt || (s.doubt || s.maybe || s.astray) && err.Code != CodeExists
	if err.Part > 0 {
		err.Parts = s.plan.Parts
	}
	e.rememberDoubt(s)
	e.table.SetState(s.file, queue.StateFailed)
	e.changed++
	e.notes.add(note{kind: ActNoteState, file: s.file, state: queue.StateFailed, err: err, failed: true})
}

// leave ends the slot of a file whose key has an object already.
func (e *Engine) leave(s *slot, state State, err Error) {
	e.table.SetState(s.file, state)
	e.changed++
	n := note{kind: ActNoteState, file: s.file, state: state}
	if state == queue.StateConflict {
		n.err, n.failed = err, true
	}
	e.notes.add(n)
	e.letGo(s, state == queue.StateConflict && s.recorded)
}

// letGo empties a slot: its requests are broken off, except the one that
// creates a multipart upload, whose answer alone tells what to abort. With keep
// the upload is left for later, where the journal has it, else it is aborted.
func (e *Engine) letGo(s *slot, keep bool) {
	if s.again && keep {
		keep = false // of no use later: it was to begin anew
		e.rememberDoubt(s)
	}
	s.resting, s.again = false, false
	if !keep || e.table.State(s.file).Ended() {
		e.acknowledged -= s.acknowledged
		s.acknowledged = 0
	}
	creating := e.creating(s)
	if !creating {
		e.breakOffAll(s)
	}
	switch {
	case keep && (creating || s.uploadID != "" || s.recorded || s.inFlight > 0):
		s.step, s.asked = stepPark, false
	case creating:
		s.step, s.asked = stepEnd, false
	default:
		e.abortOrEnd(s)
	}
	e.release(s)
}

// creating reports that s's CreateMultipartUpload is under way.
func (e *Engine) creating(s *slot) bool {
	for i := range e.requests {
		if r := &e.requests[i]; r.live && r.kind == ActSend && r.send.Op == s3.OpCreateMultipartUpload && &e.slots[r.slot] == s {
			return true
		}
	}
	return false
}

// abortOrEnd lets an upload go: a multipart upload is aborted once nothing of
// it is under way, else the slot is free as soon as that is so.
func (e *Engine) abortOrEnd(s *slot) {
	s.late = s.late || s.inFlight > s.asides
	s.enter(stepEnd)
	if s.uploadID != "" {
		s.enter(stepAbort)
	}
}

// release frees a slot that has come to its end as soon as nothing of it is
// under way.
func (e *Engine) release(s *slot) {
	if s.inFlight > 0 || s.loading {
		return
	}
	switch s.step {
	case stepEnd:
		if s.again {
			e.beginAgain(s)
			return
		}
		e.closeRecord(s, true)
	case stepPark:
		if !e.leavePark(s) {
			return
		}
	default:
		return
	}
	if s.job == jobFile && e.table.Class(s.file) == queue.ClassLarge {
		e.large--
	}
	file, wake := s.file, s.wake && s.job == jobFile
	e.acknowledged -= s.acknowledged
	s.step = stepFree
	s.object = s3.Object{}
	e.active--
	if !wake {
		return
	}
	switch e.table.State(file) {
	case queue.StatePaused, queue.StateFailed, queue.StateConflict:
		e.goOn(file)
	}
}

// goOn puts a file back into the queue. Where all others rest it goes before
// them, since the user asked for this very file.
func (e *Engine) goOn(file FileID) {
	if e.table.Paused() {
		if e.table.State(file) != queue.StatePaused {
			e.setState(file, queue.StatePaused)
		}
		e.table.Want(file)
		return
	}
	e.setState(file, queue.StateQueued)
}

// leavePark leaves an upload behind in the journal, and reports that nothing
// has to be waited for any more.
func (e *Engine) leavePark(s *slot) bool {
	switch {
	case s.uploadID == "":
		e.rememberDoubt(s)
		e.closeRecord(s, false)
		return true
	case s.unsaved > 0 && !s.recorded:
		return false // the record is being written
	case s.recorded && e.park(s):
		e.closeRecord(s, false)
		return true
	}
	e.acknowledged -= s.acknowledged
	s.acknowledged = 0
	e.abortOrEnd(s)
	return false
}

// parkedAnswer takes a success that came while its slot is being left.
func (e *Engine) parkedAnswer(s *slot, a *answer) {
	switch a.op {
	case s3.OpCreateMultipartUpload:
		id, err := s3.ParseCreateMultipartUpload(a.ev.Body)
		if err != nil {
			return
		}
		s.uploadID = id
		if s.open {
			e.save(s)
		}
	case s3.OpUploadPart:
		etag, _ := s3.HeaderValue(a.ev.Header, "etag")
		wrong := len(a.digest) != 0 && len(a.digest) != s.object.Algorithm.Size()
		if wrong || a.damaged(s.object.Algorithm, a.digest) || etag == "" && len(a.ev.Body) > 0 ||
			s.parts.store(a.part, etag, a.digest) != nil {
			s.parts.putBack(a.part)
			return
		}
		if !e.table.State(s.file).Ended() {
			s.acknowledged += a.length
			e.acknowledged += a.length
		}
		e.appendPart(s, a.part, etag, a.digest)
	case s3.OpPutObject, s3.OpPostObject:
		// The pause came too late.
		if !e.table.State(s.file).Ended() && !a.damaged(s.object.Algorithm, s.object.Digest) {
			e.wholeStored(s, a)
		}
	}
}

// aborted goes on after the store has dropped an upload. A part that was on its
// way may have landed since; then it is dropped once more (S3 API Reference,
// AbortMultipartUpload).
func (e *Engine) aborted(s *slot) {
	if s.late {
		s.listing, s.after = listGone, 0
		s.step, s.asked = stepList, false
		return
	}
	e.over(s)
}

// maxAborts is how many times an upload is aborted that does not go away.
const maxAborts = 5

// remains is told that an upload is still there after its abort.
func (e *Engine) remains(s *slot) {
	s.aborts++
	s.step, s.asked = stepAbort, false
	err := Error{Code: CodeUndecided, Op: s3.OpAbortMultipartUpload}
	if s.aborts >= maxAborts {
		e.orphan(s, err)
		return
	}
	e.tryAgain(s, &failure{op: err.Op, err: err})
}

// over ends a slot whose upload is gone.
func (e *Engine) over(s *slot) {
	if s.job == jobSweep {
		e.sweptOne(s, nil)
		return
	}
	if s.job == jobAbandon || s.job == jobDiscard {
		e.abandoned(s, nil)
	}
	s.uploadID = ""
	s.enter(stepEnd)
	e.release(s)
}

// abortRefused goes on after the store would not drop an upload.
func (e *Engine) abortRefused(s *slot, a *answer, refusal *s3.Error) {
	if refusal.Advice() == s3.AdviceDone {
		e.over(s)
		return
	}
	e.advised(s, a, refusal)
}

// orphan gives up aborting and tells so. The record, if there is one, stays:
// the upload can be aborted later by it.
func (e *Engine) orphan(s *slot, err Error) {
	id := s.uploadID
	s.uploadID = ""
	switch s.job {
	case jobSweep:
		s.uploadID = id
		e.sweptOne(s, &err)
		return
	case jobAbandon, jobDiscard:
		s.uploadID = id
		e.abandoned(s, &err)
		s.uploadID = ""
	default:
		e.notes.add(note{kind: ActNoteOrphan, file: s.file, err: err, failed: true, uploadID: id})
	}
	if !s.again {
		e.closeRecord(s, false)
	}
	s.enter(stepEnd)
	e.release(s)
}

func base64Of(digest []byte) string { return base64.StdEncoding.EncodeToString(digest) }
