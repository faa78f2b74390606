package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
)

// Poll writes the next thing to do into act and returns true, or returns false
// when there is nothing until the next event. Requests are signed here, with
// now.Wall, so an action is to be carried out at once. What act points to
// lives until the next Poll, but Send: that lives until its request has ended.
func (e *Engine) Poll(now Now, act *Action) bool {
	if e.notes.poll(act) || e.pollBreakOff(act) || e.pollDescribe(act) || e.pollSend(now, act) {
		return true
	}
	return e.notes.poll(act)
}

func (e *Engine) pollBreakOff(act *Action) bool {
	for i := range e.requests {
		if r := &e.requests[i]; r.live && r.breakOff {
			r.breakOff, r.broken = false, true
			*act = Action{Kind: ActBreakOff, Req: r.id(i), File: e.slots[r.slot].file}
			return true
		}
	}
	return false
}

// pollDescribe gives the next queued file a slot.
func (e *Engine) pollDescribe(act *Action) bool {
	if e.active == len(e.slots) {
		return false
	}
	file, ok := e.table.Next(queue.ClassSmall)
	if !ok {
		return false
	}
	for i := range e.slots {
		if s := &e.slots[i]; s.step == stepFree {
			s.begin(file, e.begun)
			e.begun++
			e.active++
			s.step = stepDescribed
			e.setState(file, queue.StateUploading)
			*act = Action{Kind: ActDescribe, File: file}
			return true
		}
	}
	panic("bucketline: internal error: no free slot")
}

// pollSend words and signs the next request, or holds it.
func (e *Engine) pollSend(now Now, act *Action) bool {
	s := e.pick()
	if s == nil {
		_, ok := e.keeper.Current(now.Wall)
		return ok && e.unhold(act)
	}
	if e.inFlight == len(e.requests) {
		return false
	}
	c, ok := e.keeper.Current(now.Wall)
	if !ok {
		return e.holdAll(now, act)
	}
	if e.unhold(act) {
		return true
	}
	i := e.free()
	r := &e.requests[i]
	if err := e.word(s, r); err != nil {
		e.unworded(s, inputError(err))
		return e.notes.poll(act)
	}
	if e.config.SignatureVersion == 2 {
		e.v2.SignHeader(&r.send, &c.Credentials, now.Wall)
	} else {
		e.v4.SignHeader(&r.send, &c.Credentials, e.address.Region, now.Wall)
	}
	e.launch(s, r, i, c)
	offset, _ := s.plan.Range(r.part)
	*act = Action{Kind: ActSend, File: s.file, Req: r.id(i), Send: &r.send, Part: r.part, Offset: offset, Length: r.length}
	return true
}

// pick returns the slot whose request is to be sent next: those with nothing
// under way come first, so that no file starves, then the one begun first.
func (e *Engine) pick() *slot {
	var best *slot
	for i := range e.slots {
		s := &e.slots[i]
		if s.step == stepFree || !s.wants() {
			continue
		}
		if best == nil || s.before(best) {
			best = s
		}
	}
	return best
}

func (s *slot) before(t *slot) bool {
	if (s.inFlight == 0) != (t.inFlight == 0) {
		return s.inFlight == 0
	}
	return s.order < t.order
}

// word writes the slot's next request into r.send.
func (e *Engine) word(s *slot, r *request) error {
	r.part = 0
	r.length = 0
	switch s.step {
	case stepPut:
		r.length = s.plan.Size
		return e.address.PutObject(&r.send, &s.object)
	case stepCreate:
		return e.address.CreateMultipartUpload(&r.send, &s.object)
	case stepParts:
		r.part = s.parts.take()
		_, r.length = s.plan.Range(r.part)
		return e.address.UploadPart(&r.send, &s.object, s.uploadID, r.part, nil)
	case stepComplete:
		// Without the object's size: its header would fail the CORS preflight of
		// a bucket that lists the headers it allows, after all bytes have gone.
		err := e.address.CompleteMultipartUpload(&r.send, &s.object, s.uploadID, &s.parts.list, -1)
		r.length = int64(len(r.send.Body))
		return err
	}
	return e.address.AbortMultipartUpload(&r.send, &s.object, s.uploadID)
}

// unworded gives up a request that cannot be worded. The first of a file is
// worded from what people chose, later ones also from what the store said.
func (e *Engine) unworded(s *slot, err Error) {
	if s.step == stepAbort {
		e.orphan(s, err)
		return
	}
	e.fail(s, err)
}

// launch puts r in flight.
func (e *Engine) launch(s *slot, r *request, i int, c *cred.Credentials) {
	for j := range e.slots {
		if &e.slots[j] == s {
			r.slot = j
		}
	}
	r.live, r.signedWith = true, c
	e.inFlight++
	s.inFlight++
	s.asked = r.part == 0
	e.changed++
}

// holdAll tells, once a reason, that nothing can be signed, asks for new
// credentials, once a hold, and shows every waiting file as held.
func (e *Engine) holdAll(now Now, act *Action) bool {
	reason, ask := e.keeper.WantRefresh(now.Wall)
	if !e.held || e.hold != reason {
		e.held, e.hold = true, reason
		e.changed++
		e.notes.add(note{kind: ActNoteHold, reason: reason})
	}
	for i := range e.slots {
		if s := &e.slots[i]; s.wants() && !e.table.State(s.file).Ended() {
			e.setState(s.file, queue.StateHolding)
		}
	}
	if ask && e.config.CanRefresh {
		e.notes.add(note{kind: ActRefresh, reason: reason})
	}
	return e.notes.poll(act)
}

// unhold ends a hold and reports that it did so.
func (e *Engine) unhold(act *Action) bool {
	if !e.held {
		return false
	}
	e.held, e.hold = false, cred.ReasonNone
	e.changed++
	e.notes.add(note{kind: ActNoteRelease})
	for i := range e.slots {
		s := &e.slots[i]
		if s.step == stepFree || e.table.State(s.file) != queue.StateHolding {
			continue
		}
		if s.step == stepComplete {
			e.setState(s.file, queue.StateCompleting)
			continue
		}
		e.setState(s.file, queue.StateUploading)
	}
	return e.notes.poll(act)
}
