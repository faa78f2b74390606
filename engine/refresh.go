package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// refresh is what came of asking for credentials. Package cred decides whether
// to ask; here is when to ask again.
type refresh struct {
	asked    bool
	early    bool // while the present ones still served
	askedAt  Instant
	failures uint8
	since    Instant // of the first failure in a row
	retryAt  Instant // when to ask again
	waiting  bool    // for retryAt
}

// nextLength is how many bytes of its file the slot's next request carries.
func (s *slot) nextLength(now Instant) int64 {
	switch s.step {
	case stepPut:
		return s.plan.Size
	case stepParts:
		_, length := s.plan.Range(s.nextPart(now))
		return length
	}
	return 0
}

// takes is how long a request with so many bytes of a file will take, as far as
// the measured rate tells: for so long its credentials should still be valid.
// Where fresh ones would not be, waiting for them is of no use.
func (e *Engine) takes(length int64, now Now) sign.UnixMilli {
	if !e.config.CanRefresh || e.refresh.failures > 0 {
		return 0 // there are no others
	}
	millis := e.rate.millis(length)
	if _, total := e.keeper.Life(now.Wall); millis > total/2 {
		return 0
	}
	return sign.UnixMilli(millis)
}

// ask has new credentials asked for, if there is somebody to ask.
func (e *Engine) ask(reason cred.Reason, want bool) {
	if !want || !e.config.CanRefresh {
		return
	}
	e.refresh.asked, e.refresh.askedAt = true, e.mono
	e.notes.add(note{kind: ActRefresh, file: NoFile, reason: reason})
}

// advise asks for new credentials while the present ones still serve, and
// reports that it did.
func (e *Engine) advise(wall sign.UnixMilli, act *Action) bool {
	if !e.config.CanRefresh {
		return false
	}
	e.retryRefresh()
	reason, want := e.keeper.WantRefresh(wall)
	e.refresh.early = e.refresh.early || want
	e.ask(reason, want)
	return e.notes.poll(act)
}

// mustAsk is told that there are no credentials now: that asking early was in
// vain does not count.
func (e *Engine) mustAsk() {
	if r := &e.refresh; r.early && !r.asked && r.failures > 0 {
		*r = refresh{}
		e.keeper.Retry()
	}
	e.refresh.early = false
}

// askAnew has credentials asked for once more where that was given up, since
// something has changed: files were added, the user wants to try again, or the
// network is back. What waits, waits anew.
func (e *Engine) askAnew() {
	e.waitSince = e.mono
	r := &e.refresh
	if r.asked || r.failures == 0 || r.waiting && int64(e.mono-r.since) < e.config.RefreshMillis {
		return
	}
	*r = refresh{}
	e.keeper.Retry()
}

// setCredentials takes new credentials, asked for or not.
func (e *Engine) setCredentials(now Now, c *cred.Credentials) error {
	if c == nil {
		e.refreshFailed(now)
		return nil
	}
	if e.otherAccount(c) {
		return cred.ErrAccount
	}
	if err := e.keeper.Set(now.Wall, *c); err != nil {
		return err
	}
	e.account, _ = cred.Account(c.AccessKeyID)
	e.refresh = refresh{}
	return nil
}

// otherAccount reports that c is of another AWS account than the uploads that
// are under way: the store would not let it join their parts.
func (e *Engine) otherAccount(c *cred.Credentials) bool {
	account, ok := cred.Account(c.AccessKeyID)
	if !ok || e.account == 0 || account == e.account || e.config.Target.Endpoint != "" || e.address.Profile != s3.ProfileAWS {
		return false
	}
	for i := range e.slots {
		if e.slots[i].step != stepFree && e.slots[i].uploadID != "" {
			return true
		}
	}
	return false
}

// refreshFailed plans when to ask again, until it has failed for too long.
func (e *Engine) refreshFailed(now Now) {
	r := &e.refresh
	if !r.asked {
		return // a late answer: the user was faster
	}
	r.asked = false
	e.keeper.Failed(now.Wall)
	if r.failures == 0 {
		r.since = e.mono
	}
	r.failures = min(r.failures+1, 100)
	r.waiting = int64(e.mono-r.since) < e.config.RefreshMillis
	r.retryAt = e.mono + Instant(e.delay(r.failures, true))
}

// retryRefresh lets credentials be asked for once more, when that is due.
func (e *Engine) retryRefresh() {
	if r := &e.refresh; r.waiting && e.mono >= r.retryAt {
		r.waiting = false
		e.keeper.Retry()
	}
}

// tickRefresh gives up a handler that does not answer, and files that have been
// held for too long.
func (e *Engine) tickRefresh(now Now) {
	if e.refresh.asked && int64(e.mono-e.refresh.askedAt) >= e.config.HandlerMillis {
		e.refreshFailed(now)
	}
	if !e.held || e.config.HoldMillis == 0 || e.mono < e.deadline() {
		return
	}
	for i := range e.slots {
		if s := &e.slots[i]; e.waits(s) {
			e.shelve(s, Error{Code: cred.ErrExpired.Code()})
		}
	}
}

// waits reports that s is of a file that has a request to send. Clean-ups wait
// without a deadline.
func (e *Engine) waits(s *slot) bool {
	return s.step != stepFree && !s.cleaning() && s.ready(e.mono) && !e.table.State(s.file).Ended()
}

// deadline is until when files are held.
func (e *Engine) deadline() Instant {
	return max(e.heldSince, e.waitSince) + Instant(e.config.HoldMillis)
}

// refreshWakes tells when tick or Poll has something to do about credentials.
func (e *Engine) refreshWakes(sooner func(Instant)) {
	r := &e.refresh
	if r.asked {
		sooner(r.askedAt + Instant(e.config.HandlerMillis))
	}
	if !e.held || e.pick(anySlot) == nil {
		return
	}
	switch {
	case !e.offline && r.waiting:
		sooner(r.retryAt)
	case !e.offline, e.inFlight > 0: // what is under way tells of the network when it ends
	case r.waiting:
		sooner(max(r.retryAt, e.probeAt)) // asking is the probe
	case r.failures > 0 && e.hold != cred.ReasonRefreshFailed:
		sooner(e.probeAt) // to show that it was given up
	}
	for i := range e.slots {
		if e.config.HoldMillis > 0 && e.waits(&e.slots[i]) {
			sooner(e.deadline())
			return
		}
	}
}
