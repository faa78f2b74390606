package engine

import "github.com/bucketline/bucketline/s3"

// Wake returns when the driver is to send EvTick, or to poll again, if nothing
// happens before; false when time alone changes nothing. Ask after each drain.
func (e *Engine) Wake() (Instant, bool) {
	at, ok := Instant(0), false
	sooner := func(t Instant) {
		if !ok || t < at {
			at, ok = t, true
		}
	}
	waiting := false
	for i := range e.slots {
		s := &e.slots[i]
		if s.step == stepFree || s.resting {
			continue
		}
		for j := range s.setbacks {
			if until := s.setbacks[j].until; until > e.mono {
				sooner(until)
			}
		}
		waiting = waiting || s.ready(e.mono)
	}
	for i := range e.requests {
		if r := &e.requests[i]; r.live && r.kind == ActSend && !r.broken && !r.breakOff {
			sooner(e.stallsAt(r))
		}
	}
	if e.offline && waiting && e.inFlight == 0 && !e.held {
		sooner(max(e.probeAt, e.mono))
	}
	e.refreshWakes(sooner)
	e.signWakes(sooner)
	return at, ok
}

// tick breaks off the requests of which no byte has moved for too long, and
// gives up handlers and holds that have taken too long.
func (e *Engine) tick(now Now) {
	for i := range e.requests {
		r := &e.requests[i]
		if r.live && r.kind == ActSend && !r.broken && !r.breakOff && e.stallsAt(r) <= e.mono {
			r.breakOff, r.stalled = true, true
		}
	}
	e.tickSigning()
	e.tickRefresh(now)
	e.showAll()
}

// The allowances beside Config.StallMillis.
const (
	// completeMillisPerPart: S3 takes minutes to join many parts (S3 API
	// Reference, CompleteMultipartUpload).
	completeMillisPerPart = 20

	// bufferBytes is how much of a body may lie in the machine's and the
	// network's buffers, sent as far as we can tell and not yet there.
	bufferBytes = 16 << 20
)

// stallsAt is when r is given up if no byte moves. Each attempt is given twice
// the time of the one before, since a slow way looks like a silent one.
func (e *Engine) stallsAt(r *request) Instant {
	s := &e.slots[r.slot]
	allowed := e.config.StallMillis
	if r.send.Op == s3.OpCompleteMultipartUpload {
		allowed = e.joinMillis(int64(s.parts.stored))
	}
	if r.carriesFile() && r.sent == r.length {
		buffered := min(r.length, bufferBytes)
		drain := e.rate.millis(buffered)
		if own := int64(r.moved - r.begun); r.sent > buffered && own > 0 {
			drain = max(drain, own*buffered/r.sent)
		}
		allowed += 2 * drain
	}
	part := r.part
	return r.moved + Instant(allowed<<min(s.attempts(part), maxPatience))
}

// joinMillis is how long a store may take to join so many parts.
func (e *Engine) joinMillis(parts int64) int64 {
	return 2*e.config.StallMillis + completeMillisPerPart*parts
}

// maxPatience is how many times the time that a request may be silent doubles.
const maxPatience = 4
