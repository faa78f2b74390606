package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Poll writes the next thing to do into act and returns true, or returns false
// when there is nothing until the next event, or until Wake. Requests are
// signed here, with now.Wall, so an action is to be carried out at once. What
// act points to lives until the next Poll, but Send: that lives until its
// request has ended.
func (e *Engine) Poll(now Now, act *Action) bool {
	now = e.read(now)
	if e.notes.poll(act) || e.pollBreakOff(act) || e.pollSigned(now, act) || e.pollBegin(act) || e.pollAside(act) || e.pollSend(now, act) {
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

// pollBegin gives the next job or queued file a slot. The last one is kept for
// jobs, so that cleaning up never waits for files that are held.
func (e *Engine) pollBegin(act *Action) bool {
	if e.active >= e.room() {
		return false
	}
	if e.beginJob() {
		return e.notes.poll(act) || e.pollBegin(act)
	}
	if e.active >= e.room()-1 {
		return false
	}
	file, ok := e.table.NextWanted()
	class := queue.ClassSmall
	if ok {
		class = e.table.Class(file)
	} else if file, class, ok = e.nextFile(); !ok || !e.mayTake(file) {
		return false
	}
	s := e.take(file, jobFile, stepDescribe)
	s.priority = e.table.Priority(file)
	if class == queue.ClassLarge {
		e.large++
	}
	e.setState(file, queue.StateUploading)
	*act = Action{Kind: ActDescribe, File: file}
	return true
}

// room is how many slots are in use at most: no more while a ramp lasts than the
// window has work for.
func (e *Engine) room() int {
	return len(e.slots) - e.config.Connections + e.share()
}

// share is how many files are active that are not there to be signed ahead, less
// the spare ones.
func (e *Engine) share() int {
	if e.config.Ramp {
		return e.window.size()
	}
	return e.config.Connections
}

// nextFile chooses between small and large files: by priority, then in order,
// but large ones only up to their share of the slots.
func (e *Engine) nextFile() (FileID, queue.Class, bool) {
	small, isSmall := e.table.Next(queue.ClassSmall)
	large, isLarge := e.table.Next(queue.ClassLarge)
	if e.large >= max(e.share()/maxLargeShare, 1) {
		isLarge = false
	}
	if isSmall && isLarge {
		p, q := rank(e.table.Priority(small)), rank(e.table.Priority(large))
		isSmall = p < q || p == q && small < large
	}
	if isSmall {
		return small, queue.ClassSmall, true
	}
	return large, queue.ClassLarge, isLarge
}

// rank orders priorities: what goes first is smaller.
func rank(p queue.Priority) int {
	switch p {
	case queue.PriorityHigh:
		return 0
	case queue.PriorityLow:
		return 2
	}
	return 1
}

// take gives a file or a job a free slot. There must be one.
func (e *Engine) take(file FileID, what job, first step) *slot {
	for i := range e.slots {
		if s := &e.slots[i]; s.step == stepFree {
			s.holds(file, what, first)
			s.served = e.served // it stands last in line
			e.active++
			return s
		}
	}
	panic("bucketline: internal error: no free slot")
}

// pollAside asks for the next digest or piece of a stream.
func (e *Engine) pollAside(act *Action) bool {
	for i := range e.slots {
		s := &e.slots[i]
		if s.resting {
			continue
		}
		if part := s.toRead(); part != 0 {
			s.reading = true
			e.aside(s, ActRead, part, s3.NoChecksum, act)
			return true
		}
		if e.hashes >= maxHashes {
			continue
		}
		if s.step == stepHash && !s.asked && s.due(0, e.mono) {
			s.asked = true
			e.aside(s, ActHash, 0, s.object.Algorithm, act)
			return true
		}
		if s.step != stepParts || s.asides > 1 {
			continue
		}
		if part := s.toHash(e.mono); part != 0 {
			e.aside(s, ActHash, part, s.object.Algorithm, act)
			return true
		}
	}
	return false
}

// maxReadAhead is how many parts of a stream are read and not yet stored: what
// bounds its memory.
const maxReadAhead = 4

// toRead returns the part of a stream to read next, or 0.
func (s *slot) toRead() uint16 {
	if !s.stream || s.ended || s.reading || s.readTo == s3.MaxParts {
		return 0
	}
	if s.step == stepRead || s.step == stepParts && s.readTo-s.parts.stored < maxReadAhead {
		return s.readTo + 1
	}
	return 0
}

// toHash marks the part whose digest is needed next, and returns it, or 0: one
// that is to be sent with it, or one of an earlier run that is compared.
func (s *slot) toHash(now Instant) uint16 {
	p := &s.parts
	if s.hashFirst() && len(p.ready)+s.asides < maxReady {
		for i := range s.setbacks {
			b := &s.setbacks[i]
			if b.part != 0 && b.until <= now && p.state[b.part-1] == partWaiting {
				p.state[b.part-1] = partHashing
				return b.part
			}
		}
		if n := p.pending(); n != 0 && len(s.setbacks) < maxSetbacks {
			p.take(n, partHashing)
			return n
		}
	}
	if n := p.kept(); n != 0 {
		p.state[n-1]++ // partChecking or partProving
		return n
	}
	return 0
}

// aside puts a Hash or a Read in flight.
func (e *Engine) aside(s *slot, kind ActionKind, part uint16, a s3.Algorithm, act *Action) {
	i := e.free()
	e.requests[i].clean()
	e.requests[i].send.Op = 0
	r := e.launch(s, i, kind)
	r.part = part
	r.offset, r.length = s.plan.Range(part)
	*act = Action{Kind: kind, File: s.file, Req: r.id(i), Part: part, Offset: r.offset, Length: r.length, Hash: a}
	e.show(s)
}

// pollSend words and signs the next request, or holds it.
func (e *Engine) pollSend(now Now, act *Action) bool {
	s := e.pick(anySlot)
	if s == nil {
		e.filling = false
		_, ok := e.keeper.Current(now.Wall)
		return ok && e.unhold(act)
	}
	// Valid now is not enough: they are to be valid until the request is there.
	at := now.Wall + e.takes(s.nextLength(e.mono), now)
	c, ok := e.keeper.Current(at)
	switch {
	case ok && e.unhold(act):
		return true
	case e.offline && !e.mayProbe():
		return false
	case !ok:
		return e.holdAll(at, act)
	case e.advise(at, act):
		return true
	}
	ahead := e.inFlight >= e.window.size()
	if ahead {
		e.window.widen(e.mono, e.given)
		ahead = e.inFlight >= e.window.size()
	}
	if ahead {
		if s = e.pickAhead(); s == nil {
			return false
		}
	}
	i := e.free()
	r := &e.requests[i]
	r.clean()
	if err := e.word(s, r); err != nil {
		e.unworded(s, inputError(err))
		return e.notes.poll(act) || e.pollSend(now, act)
	}
	draft, err := e.sign(r, c, now)
	if err != nil {
		if s.form {
			// What does not fit into a form goes up without one.
			s.form = false
			return e.pollSend(now, act)
		}
		e.unworded(s, Error{Code: s3.CodeFormInvalid, Op: r.send.Op})
		return e.notes.poll(act) || e.pollSend(now, act)
	}
	r.signedWith = c
	e.served++
	s.served = e.served
	if e.config.RemoteSign {
		draft.Ahead = ahead
		e.launch(s, i, ActSign)
		*act = Action{Kind: ActSign, File: s.file, Req: r.id(i), Draft: draft}
		e.show(s)
		return true
	}
	e.launch(s, i, ActSend)
	e.goes(s, i, now, act)
	return true
}

// goes asks for request i, which is signed, to be sent.
func (e *Engine) goes(s *slot, i int, now Now, act *Action) {
	e.probed()
	if s.step == stepComplete && s.completing == 0 {
		s.completing = int64(now.Wall)
	}
	r := &e.requests[i]
	*act = Action{
		Kind: ActSend, File: s.file, Req: r.id(i), Send: &r.send,
		Part: r.part, Offset: r.offset, Length: r.length, Hash: r.hash,
	}
	e.show(s)
}

// sign signs r, or words what is to be signed elsewhere.
func (e *Engine) sign(r *request, c *cred.Credentials, now Now) (Draft, error) {
	switch {
	case e.config.RemoteSign:
		return e.draft(r, c, now)
	case r.send.Op == s3.OpPostObject:
		return Draft{}, e.signForm(r, c, now)
	case e.config.SignatureVersion == 2:
		e.v2.SignHeader(&r.send, &c.Credentials, now.Wall)
	default:
		e.v4.SignHeader(&r.send, &c.Credentials, e.address.Region, now.Wall)
	}
	return Draft{}, nil
}

// formMillis is how long a form may be used: longer than any upload of one
// request should take, since the store judges it when it has arrived.
const formMillis = 3_600_000

// formPolicy makes a policy that allows this very form.
func (e *Engine) formPolicy(r *request, c *cred.Credentials, now Now) *sign.Policy {
	p := &e.policy
	p.Conditions, p.Form = p.Conditions[:0], p.Form[:0]
	p.Expiration = min(now.Wall+formMillis, c.Expiration)
	p.Equal("bucket", e.address.Bucket)
	p.ContentLengthRange(r.length, r.length)
	for _, f := range r.send.Form {
		p.Field(f.Name, f.Value)
	}
	return p
}

// signForm adds its policy to a form, and the signature of that.
func (e *Engine) signForm(r *request, c *cred.Credentials, now Now) error {
	p := e.formPolicy(r, c, now)
	var err error
	if e.config.SignatureVersion == 2 {
		err = e.v2.Policy(p, &c.Credentials, now.Wall)
	} else {
		err = e.v4.Policy(p, &c.Credentials, e.address.Region, now.Wall)
	}
	r.send.Form = append(r.send.Form[:0], p.Form...)
	if err == nil {
		_, err = r.send.AppendFormHead(nil)
	}
	return err
}

func anySlot(*slot) bool { return true }

// pick returns the slot, of those that are wanted, whose request is to be sent
// next: by priority, then those with the least under way, so that no file
// starves, then the one that was not served for longest.
func (e *Engine) pick(wanted func(s *slot) bool) *slot {
	var best *slot
	for i := range e.slots {
		s := &e.slots[i]
		if s.step == stepFree || !s.ready(e.mono) || !wanted(s) {
			continue
		}
		if best == nil || s.before(best) {
			best = s
		}
	}
	return best
}

func (s *slot) before(t *slot) bool {
	if p, q := rank(s.priority), rank(t.priority); p != q {
		return p < q
	}
	if p, q := s.inFlight-s.asides, t.inFlight-t.asides; p != q {
		return p < q
	}
	return int32(s.served-t.served) < 0
}

// unworded gives up a request that cannot be worded. The first of a file is
// worded from what people chose, later ones also from what the store said.
func (e *Engine) unworded(s *slot, err Error) {
	switch {
	case s.step == stepAbort:
		e.orphan(s, err)
	case s.job != jobFile:
		e.jobFailed(s, err)
	default:
		e.fail(s, err)
	}
}

// holdAll tells, once a reason, that nothing can be signed, asks for new
// credentials, and shows every waiting file as held.
func (e *Engine) holdAll(wall sign.UnixMilli, act *Action) bool {
	e.retryRefresh()
	e.mustAsk()
	reason, ask := e.keeper.WantRefresh(wall)
	shown := reason
	if e.refresh.failures > 0 {
		shown = cred.ReasonRefreshFailed // though they are asked for again
	}
	if !e.held || e.hold != shown {
		if !e.held {
			e.heldSince = e.mono
		}
		e.held, e.hold = true, shown
		e.changed++
		e.notes.add(note{kind: ActNoteHold, file: NoFile, reason: shown})
	}
	e.showAll()
	e.ask(reason, ask)
	return e.notes.poll(act)
}

// unhold ends a hold and reports that it did so.
func (e *Engine) unhold(act *Action) bool {
	if !e.held {
		return false
	}
	e.held, e.hold = false, cred.ReasonNone
	e.postpone(e.mono - e.heldSince)
	e.changed++
	e.notes.add(note{kind: ActNoteRelease, file: NoFile})
	e.showAll()
	return e.notes.poll(act)
}
