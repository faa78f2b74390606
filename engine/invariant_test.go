package engine

import (
	"fmt"

	"github.com/bucketline/bucketline/queue"
)

// wrong returns what must never be so of an engine that has been polled until it
// had nothing more to ask for, and nothing when all is well. Its counters are
// compared with what they count, and each slot must have something to wait for.
func wrong(e *Engine) string {
	active, large, sends, signs, hashes := 0, 0, 0, 0, 0
	var acknowledged, sent int64
	flying := map[*slot]int{}
	asides := map[*slot]int{}
	signing := map[*slot]int{}
	for i := range e.requests {
		r := &e.requests[i]
		if !r.live {
			continue
		}
		s := &e.slots[r.slot]
		flying[s]++
		switch r.kind {
		case ActSign:
			signs++
			signing[s]++
			sends++
		case ActSend:
			sends++
			sent += r.sent
		case ActHash:
			hashes++
			asides[s]++
		case ActRead:
			asides[s]++
		}
	}
	for i := range e.slots {
		s := &e.slots[i]
		if s.step == stepFree {
			continue
		}
		active++
		acknowledged += s.acknowledged
		if s.job == jobFile && e.table.Class(s.file) == queue.ClassLarge {
			large++
		}
		if s.inFlight != flying[s] || s.asides != asides[s] || s.signing != signing[s] {
			return fmt.Sprintf("file %d: %d under way, %d of them asides and %d being signed, counted %d, %d and %d",
				s.file, flying[s], asides[s], signing[s], s.inFlight, s.asides, s.signing)
		}
		if s.stuck(e) {
			return fmt.Sprintf("file %d, job %d: nothing to wait for in step %d", s.file, s.job, s.step)
		}
		if problem := s.parts.wrong(e, s); problem != "" {
			return fmt.Sprintf("file %d, step %d: %s", s.file, s.step, problem)
		}
	}
	got := fmt.Sprint(active, large, sends, signs, hashes, acknowledged, sent)
	if counted := fmt.Sprint(e.active, e.large, e.inFlight, e.signing, e.hashes, e.acknowledged, e.sent); got != counted {
		return "there are " + got + ", counted " + counted + " (slots, large files, sends, being signed, digests, bytes acknowledged, bytes sent)"
	}
	return ""
}

// stuck reports that nothing will ever move the slot on.
func (s *slot) stuck(e *Engine) bool {
	for i := range s.setbacks {
		if s.setbacks[i].until > e.mono && s.step < stepPark {
			return false
		}
	}
	switch {
	case s.inFlight > 0, s.resting, s.loading, s.step == stepDescribe, s.ready(e.mono):
		return false
	case s.step == stepSave, s.step == stepPark:
		return s.unsaved == 0
	case s.step == stepComplete && s.unsaved > 0:
		return false
	case s.step == stepHash, s.step == stepParts:
		return e.hashes < maxHashes
	}
	return true
}

// wrong compares the counters of parts with their states, and those with what is
// under way. A slot that is being left cares no more.
func (p *parts) wrong(e *Engine, s *slot) string {
	if s.step >= stepAbort || s.step == stepList && s.listing == listGone {
		return ""
	}
	sending, reading := map[uint16]bool{}, map[uint16]bool{}
	for i := range e.requests {
		if r := &e.requests[i]; r.live && &e.slots[r.slot] == s && r.part != 0 {
			sending[r.part] = sending[r.part] || r.kind == ActSend || r.kind == ActSign
			reading[r.part] = reading[r.part] || r.kind == ActHash
		}
	}
	var count [partProving + 1]int
	again := 0
	for i, state := range p.state {
		n := uint16(i + 1)
		count[state]++
		if state == partPending && i < p.next {
			again++
		}
		b := s.setbackOf(n)
		switch {
		case (state == partInFlight) != sending[n], (state == partHashing || state == partChecking || state == partProving) != reading[n] && !s.resting:
			return fmt.Sprintf("part %d in state %d: being sent %v, being hashed %v", n, state, sending[n], reading[n])
		case state == partWaiting && b == nil:
			return fmt.Sprintf("part %d waits for no attempt", n)
		}
	}
	stored := count[partStored] + count[partNameless] + count[partKept] + count[partChecking] + count[partFound] + count[partProving]
	got := fmt.Sprint(stored, count[partInFlight], count[partNameless], count[partKept]+count[partChecking]+count[partFound]+count[partProving], again, count[partReady])
	counted := fmt.Sprint(p.stored, p.flying, p.nameless, p.unchecked, p.again, len(p.ready))
	switch {
	case got != counted:
		return "there are " + got + ", counted " + counted + " (stored, flying, nameless, unchecked, pending before next, ready)"
	case s.step != stepList && s.step != stepLoad && p.list.Count() != stored:
		return fmt.Sprintf("%d parts stored, and %d in the list", stored, p.list.Count())
	}
	return ""
}
