package engine

import (
	"github.com/bucketline/bucketline/s3"
)

// setback is a request that failed and will be sent again: of one part, or,
// with part 0, the one request of the slot's step.
type setback struct {
	part     uint16
	attempts uint8
	limited  uint8   // of those, the last in a row that may not be repeated for long
	since    Instant // of the first failure
	until    Instant // when it is due
}

// The bounds of retries. The delays follow the AWS SDKs' standard mode: a
// random part of a span that doubles, here of a quarter second and of a second
// when the store says that it is overloaded.
const (
	// maxSetbacks is how many parts of one file wait for another attempt;
	// no further part is begun until one of them is through.
	maxSetbacks = 16

	delayMillis         = 250
	throttleDelayMillis = 1_000
	maxDelayMillis      = 20_000

	// maxAskedMillis bounds what a store asks for by Retry-After.
	maxAskedMillis = 300_000

	maxDoublings = 10

	// maxHopeless is how many times a request is sent again whose failure
	// looks like one of configuration, before anything has ever been answered.
	maxHopeless = 2

	// maxRepairs is how many times bytes that arrived damaged are sent again,
	// and a list of parts that the store refuses is verified.
	maxRepairs = 2

	maxRestarts = 3

	// maxInvalid is how many times a request is sent again whose answer cannot be
	// the store's.
	maxInvalid = 4
)

func (s *slot) clearSetbacks() { s.setbacks = s.setbacks[:0] }

// setbackOf returns the setback of part, or nil.
func (s *slot) setbackOf(part uint16) *setback {
	for i := range s.setbacks {
		if s.setbacks[i].part == part {
			return &s.setbacks[i]
		}
	}
	return nil
}

// putBack lets part, if it is in flight, be sent again at once. One that has
// failed before stays a setback: of those there is only room for so many, and
// they have to get through before other parts go.
func (s *slot) putBack(part uint16) {
	switch {
	case !s.parts.has(part) || s.parts.state[part-1] != partInFlight:
	case s.setbackOf(part) != nil:
		s.parts.flying--
		s.parts.state[part-1] = partWaiting
	default:
		s.parts.putBack(part)
	}
}

// overcome forgets the setback of part.
func (s *slot) overcome(part uint16) {
	for i := range s.setbacks {
		if s.setbacks[i].part == part {
			last := len(s.setbacks) - 1
			s.setbacks[i] = s.setbacks[last]
			s.setbacks = s.setbacks[:last]
			return
		}
	}
}

// due reports that nothing keeps part, or with 0 the step, from being sent.
func (s *slot) due(part uint16, now Instant) bool {
	b := s.setbackOf(part)
	return b == nil || b.until <= now
}

// attempts is how many times in a row part has failed.
func (s *slot) attempts(part uint16) uint8 {
	if b := s.setbackOf(part); b != nil {
		return b.attempts
	}
	return 0
}

// failure is one request that failed in a way that another attempt may cure.
type failure struct {
	op        s3.Op
	part      uint16
	err       Error
	asked     int64 // milliseconds that the store asks to wait
	throttled bool
	most      uint8 // attempts; 0: as long as the budget lasts
}

// tryAgain notes a setback and says so, or, when the budget is spent, gives the
// file up. What was done so far is kept for the user to try again.
func (e *Engine) tryAgain(s *slot, f *failure) {
	part := f.part
	if f.op != s3.OpUploadPart {
		part = 0
	}
	b := s.setbackOf(part)
	if b == nil {
		if len(s.setbacks) == maxSetbacks+e.config.Connections+maxReady+maxHashes {
			panic("bucketline: internal error: too many setbacks")
		}
		s.setbacks = append(s.setbacks, setback{part: part, since: e.mono})
		b = &s.setbacks[len(s.setbacks)-1]
	}
	b.attempts = min(b.attempts+1, 100)
	b.limited = min(b.limited+1, 100)
	if f.most == 0 {
		b.limited = 0
	}
	if f.part > 0 {
		f.err.Parts = s.plan.Parts
	}
	if f.most > 0 && b.limited > f.most || int64(e.mono-b.since) > e.config.RetryMillis || e.config.FailFirst && !s.cleaning() {
		e.giveUp(s, f)
		return
	}
	delay := e.delay(b.attempts, f.throttled)
	if f.asked > delay {
		delay = min(f.asked, maxAskedMillis)
	}
	b.until = e.mono + Instant(delay)
	if part != 0 && s.parts.has(part) && s.parts.state[part-1] == partInFlight {
		s.parts.flying--
		s.parts.state[part-1] = partWaiting
	}
	if s.file != NoFile {
		e.notes.add(note{kind: ActNoteRetry, file: s.file, part: f.part, err: f.err, failed: true, delay: delay})
	}
	e.changed++
}

// giveUp ends a slot whose request has failed for good.
func (e *Engine) giveUp(s *slot, f *failure) {
	switch {
	case s.step == stepAbort, s.step == stepList && s.listing == listGone:
		e.orphan(s, f.err)
	case s.job != jobFile:
		e.jobFailed(s, f.err)
	default:
		e.shelve(s, f.err)
	}
}

// delay is a random time, up to a span that doubles with each attempt.
func (e *Engine) delay(attempts uint8, throttled bool) int64 {
	span := int64(delayMillis)
	if throttled {
		span = throttleDelayMillis
	}
	span = min(span<<min(attempts-1, maxDoublings), maxDelayMillis)
	return 1 + int64(e.random()%uint64(span))
}

// random is the next number of splitmix64 (Steele, Lea, Flood: "Fast
// Splittable Pseudorandom Number Generators", section 3).
func (e *Engine) random() uint64 {
	e.seed += 0x9e3779b97f4a7c15
	z := e.seed
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// postpone moves all setbacks on by the time in which nothing could be sent, so
// that it does not count against their budget.
func (e *Engine) postpone(millis Instant) {
	for i := range e.slots {
		s := &e.slots[i]
		for j := range s.setbacks {
			s.setbacks[j].since += millis
		}
	}
}

// nextPart returns the number of the part to send next, or 0: one that waited
// long enough, one whose digest is ready, else the first that is not begun.
func (s *slot) nextPart(now Instant) uint16 {
	for i := range s.setbacks {
		b := &s.setbacks[i]
		if b.part == 0 || s.parts.state[b.part-1] != partWaiting {
			continue
		}
		if b.until <= now && !s.hashFirst() {
			return b.part
		}
	}
	if len(s.parts.ready) > 0 {
		return s.parts.ready[0].part
	}
	if s.hashFirst() || len(s.setbacks) >= maxSetbacks {
		return 0
	}
	return s.parts.pending()
}
