package sim

import (
	"strconv"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
)

// Checks are what a run is judged by, and what each holds. Determinism is held
// by the tests, which run a seed twice.
var Checks = []struct{ Name, Holds string }{
	{"object", "a stored object is one version of its source, whole, under its key and with its metadata"},
	{"report", "what is reported done is stored, and what is reported failed is not, unless the report says that it may be"},
	{"parts", "a part has one attempt at a time, and the store never finds a mistake in what it is asked"},
	{"signature", "every request is signed, with one snapshot of credentials that have not ended by the clock that the engine has been told, and elsewhere only just before it goes"},
	{"quiet", "nothing goes to an upload that is being aborted, nor for a file that rests or has ended, but what cleans up"},
	{"budget", "requests, hashes and buffered parts are bounded"},
	{"totals", "the counters add up, and bytes sent again are counted"},
	{"remains", "no multipart upload is left that nobody accounts for, and no live one is swept"},
	{"liveness", "without trouble everything ends, in bounded time and without a busy loop"},
	{"refresh", "new credentials are asked for once at a time"},
	{"journal", "a record is on disk before the first part goes, only who holds it writes it, and what is joined was sent or seen in this session"},
	{"resume", "an upload that is gone on with after a crash is sent again nothing of what had been acknowledged, nor is one that the crashed client had joined"},
	{"contract", "the engine takes what a driver may tell it, and asks for what it may ask for"},
	{"panic", "the engine does not panic"},
}

// checks is the state of all of them.
type checks struct {
	object  objectCheck
	parts   partsCheck
	auth    signatureCheck
	quiet   quietCheck
	budget  budgetCheck
	totals  totalsCheck
	remains remainsCheck
	refresh refreshCheck
	journal journalCheck
	resume  resumeCheck
}

func newChecks(w *World) checks {
	return checks{
		object: objectCheck{w}, parts: partsCheck{world: w, live: make(map[attempt]*flight)}, auth: signatureCheck{w, make(map[*session]*signing)},
		quiet: quietCheck{world: w, aborting: make(map[string]*session)}, budget: budgetCheck{w}, totals: totalsCheck{w, make(map[*session]*counted)},
		remains: newRemainsCheck(w), refresh: refreshCheck{w}, journal: newJournalCheck(w), resume: newResumeCheck(w),
	}
}

// sent is told of each request that the engine asks for.
func (c *checks) sent(s *session, f *flight, a *engine.Action) {
	c.parts.sent(f)
	c.auth.sent(s, f, a)
	c.quiet.sent(f)
	c.budget.sent(s)
	c.journal.sent(s, f)
	c.object.sent(f)
	c.resume.sent(f)
}

// served is told of each request that reaches the store, and what it said.
func (c *checks) served(f *flight, a *fakes3.Answer, fault *fakes3.Fault) {
	c.object.served(f, a)
	c.parts.served(f, a, fault)
	c.remains.served(f, a)
}

// heard is told of each answer, before the engine.
func (c *checks) heard(s *session, f *flight, ev *engine.Event) {
	c.parts.ended(f)
	c.auth.heard(s, f, ev)
	c.totals.heard(f, ev)
	c.journal.heard(s, f, ev)
	c.object.heard(f, ev)
	c.quiet.heard(f, ev)
	c.remains.heard(f, ev)
	c.resume.answered(f, ev)
}

// broke is told of each request that gets no answer, before the engine.
func (c *checks) broke(_ *session, f *flight, _ engine.Cause) {
	c.parts.ended(f)
	c.totals.broke(f)
}

// noted is told of what people are told; about is nil for what is of no file.
func (c *checks) noted(s *session, about *chosen, a *engine.Action) {
	c.object.noted(about, a)
	c.remains.noted(a)
	c.quiet.noted(a)
}

// drained is told when the engine has nothing more to ask for.
func (c *checks) drained(s *session) { c.totals.drained(s) }

// crashed is told before what is not on disk is lost.
func (c *checks) crashed(s *session) {
	c.parts.crashed(s)
	c.quiet.crashed(s)
	c.remains.crashed(s)
}

// finally judges what is left when all is over.
func (c *checks) finally(w *World) { c.remains.finally() }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
