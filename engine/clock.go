package engine

import (
	"github.com/bucketline/bucketline/s3"
)

// The clock of a store is taken for right: it judges signatures and ends
// credentials.
const (
	// minSkewMillis is the least difference that is worth correcting: a Date
	// has whole seconds and is as old as its answer's way.
	minSkewMillis = 30_000

	// nearMillis is how close two readings are that say the same.
	nearMillis = 1_000
)

// readClock learns from the Date of an answer, where it can be seen.
func (e *Engine) readClock(ev *Event) {
	text, ok := s3.HeaderValue(ev.Header, "date")
	if !ok {
		return
	}
	date, ok := s3.ParseTime(text)
	if !ok || date <= 0 {
		return
	}
	skew := date - int64(e.raw)
	if difference(skew, e.skew) >= minSkewMillis {
		e.setSkew(skew)
	}
}

func difference(a, b int64) int64 { return max(a-b, b-a) }

func (e *Engine) setSkew(skew int64) {
	e.skew = skew
	e.changed++
	e.warn(NoFile, Error{Code: WarnClock}, skew)
}

// learnClock corrects our clock by a refusal that says that it is wrong,
// whatever becomes of the request.
func (e *Engine) learnClock(refusal *s3.Error) {
	if refusal.ServerTime == 0 || refusal.Advice() != s3.AdviceFixClock {
		return
	}
	if skew := refusal.ServerTime - int64(e.raw); difference(skew, e.skew) >= nearMillis {
		e.setSkew(skew)
	}
}

// maxRedirects is how many times in a row a store may name another region
// until that counts as a failure of the request.
const maxRedirects = 4

// redirect sends to the region that the store names, from now on.
func (e *Engine) redirect(s *slot, f *failure, refusal *s3.Error) {
	if refusal.Region == e.address.Region {
		// Somebody else's answer to the same mistake came first.
		f.most = maxInvalid
		e.tryAgain(s, f)
		return
	}
	target := e.target
	target.Region = refusal.Region
	address, err := target.Resolve()
	if err != nil || !e.config.AllowHTTP && address.Scheme != "https" && !address.Loopback() {
		e.settleFailure(s, f.err)
		return
	}
	e.target, e.address = target, address
	if e.redirects >= maxRedirects {
		// It goes on where it was told last: who comes later may be told better.
		f.most = maxInvalid
		e.tryAgain(s, f)
		return
	}
	e.redirects++
	e.sendAgain(s, f.op, f.part)
}

// The pauses between looks at whether the network is back.
const (
	probeMillis    = 1_000
	maxProbeMillis = 30_000
)

// goOffline stops sending until the network is back.
func (e *Engine) goOffline() {
	if !e.offline {
		e.offline, e.offlineSince, e.probes = true, e.mono, 0
		e.unsendAll(nil)
		e.changed++
		e.showAll()
	}
	e.probeAt = e.mono + Instant(min(probeMillis<<min(e.probes, maxDoublings), maxProbeMillis))
}

// goOnline goes on, without counting the time against anybody's budget.
func (e *Engine) goOnline() {
	if !e.offline {
		return
	}
	e.offline = false
	e.postpone(e.mono - e.offlineSince)
	e.changed++
	e.hurry()
	e.askAnew()
	e.showAll()
}

// hurry lets what waits to be sent again go now.
func (e *Engine) hurry() {
	for i := range e.slots {
		s := &e.slots[i]
		for j := range s.setbacks {
			s.setbacks[j].until = min(s.setbacks[j].until, e.mono)
		}
	}
}

// mayProbe reports that one request may find out whether the network is back.
func (e *Engine) mayProbe() bool {
	return e.inFlight == 0 && e.mono >= e.probeAt
}

// probed notes that a request has gone out, so that the next one waits longer
// if it finds no network.
func (e *Engine) probed() {
	if e.offline {
		e.probes = min(e.probes+1, maxDoublings)
		e.probeAt = e.mono + Instant(min(probeMillis<<e.probes, maxProbeMillis))
	}
}
