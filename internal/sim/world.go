// Package sim drives the engine through whole lives in virtual time: a client
// that crashes, a network that loses, a store that errs, credentials that end, a
// clock that is wrong, a disk that is full, and a user who changes his mind. All
// of it comes from one number, the seed, so that what went wrong once goes wrong
// again: bucketline sim --seed N.
//
// Nobody in that world judges: the checks do, each by itself, from what goes
// into the engine, what comes out, and what the store has. Each is listed in
// Checks with what it holds.
//
// After some virtual hours all trouble ends; then everything must come to its
// end, in bounded time.
package sim

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// World is one run.
type World struct {
	scenario
	dice   dice
	now    int64 // milliseconds since epoch, on the store's clock
	agenda agenda
	trace  trace

	store    *fakes3.Store
	sources  []*source
	open     []*session // that run now: two tabs at most, none between a crash and the next start
	sessions int        // that have begun
	disk     disk
	flying   []*flight        // under way, in order of sending
	history  []storing        // all that was ever stored
	issued   int              // credentials
	late     map[string]int64 // uploads of which a part was broken off, and when

	offline, offlineTold bool
	filled               bool   // the disk is full
	spell                string // what the store says to most requests for now
	over                 bool

	// What the user has done at the end: tried failed files again, and had what
	// is left over removed, which has come to its end.
	retried, tidied, swept bool
	tidiedAt               int64

	checks checks
	found  []Violation

	events, actions, requests, crashed int

	// What a planted bug of the tests takes the place of.
	wrap   func(machine) machine
	serve  func(f *flight, fault *fakes3.Fault) fakes3.Answer
	plant  func(s *session, x *write, record []byte) []byte // what a session is given from the journal
	unseen bool                                             // nobody notices that a file has changed
	shared bool                                             // two sessions may have one record open
}

// storing is one object that came to be, and by which request.
type storing struct {
	object *fakes3.Object
	flight *flight
}

// Violation is something that must never be.
type Violation struct {
	Check string // one of Checks
	At    int64  // milliseconds since the world began
	What  string
}

// Report is what came of one seed.
type Report struct {
	Seed       uint64
	Violations []Violation // empty: all is well
	Hash       uint64      // of all events and actions: the same for the same seed
	Millis     int64       // virtual time
	Events     int         // that the engine was told
	Actions    int         // that it asked for
	Requests   int         // of those, requests sent
	Crashes    int
	Stored     int // objects
}

// Run lives through the world of one seed. What happens is written to trace as
// lines, unless that is nil.
func Run(seed uint64, trace io.Writer) Report {
	return newWorld(seed, trace).run(seed)
}

func newWorld(seed uint64, trace io.Writer) *World {
	w := &World{dice: dice{seed}, trace: newTrace(trace), late: make(map[string]int64)}
	w.dice.next()
	w.scenario = draw(&w.dice)
	w.store = fakes3.New(w.kind)
	w.checks = newChecks(w)
	w.wrap = func(m machine) machine { return m }
	w.plant = func(_ *session, _ *write, record []byte) []byte { return record }
	w.serve = func(f *flight, fault *fakes3.Fault) fakes3.Answer {
		return w.store.Serve(sign.UnixMilli(epoch+w.now), &f.raw, fault)
	}
	budget := int64(600 * mib)
	for i := range w.files {
		d := w.dice.fork()
		s := w.makeSource(int(i), &d, budget/(w.files-i)*2)
		budget -= s.versions[0].content.Len()
		budget = max(budget, mib)
		w.sources = append(w.sources, s)
		if d.chance(w.there) {
			w.store.Place(epoch-day, s.object.Key, w.makeContent(&d, d.spread(1, mib)))
		}
	}
	return w
}

// maxEvents bounds a run. None comes near it whose engine is sound.
const maxEvents = 400_000

func (w *World) run(seed uint64) (r Report) {
	defer func() {
		if p := recover(); p != nil {
			w.violate("panic", "%v", p)
			w.line("%s", debug.Stack())
		}
		if w.trace.out != nil {
			w.trace.out.Flush()
		}
		r = Report{
			Seed: seed, Violations: w.found, Hash: w.trace.hash, Millis: w.now, Events: w.events, Actions: w.actions,
			Requests: w.requests, Crashes: w.crashed, Stored: len(w.history),
		}
	}()
	w.line("* seed %d: %+v", seed, w.scenario)
	w.planTrouble()
	w.start()
	w.planPatrol()
	for !w.over && !w.failed() {
		w.step()
	}
	if !w.failed() {
		w.checks.finally(w)
	}
	return r
}

// step lets the next thing happen.
func (w *World) step() {
	w.stir()
	next := w.agenda.take()
	w.now = next.at
	if w.events > maxEvents {
		w.violate("liveness", "more than %d events", maxEvents)
		for _, s := range w.open {
			w.line("* session %d: %+v", s.number, s.engine.Totals())
		}
		return
	}
	next.do()
	w.stir()
}

// stir has every session polled that something was told to.
func (w *World) stir() {
	for _, s := range w.open {
		s.stir()
	}
}

// trouble reports that things may go wrong still.
func (w *World) trouble() bool { return w.now < w.calm }

// maxFound is how many violations of one run are kept.
const maxFound = 8

func (w *World) violate(check, format string, args ...any) {
	v := Violation{check, w.now, fmt.Sprintf(format, args...)}
	w.line("! %s: %s", v.Check, v.What)
	if len(w.found) < maxFound {
		w.found = append(w.found, v)
	}
}

func (w *World) failed() bool { return len(w.found) > 0 }

// issue makes credentials that the store knows.
func (w *World) issue() cred.Credentials {
	w.issued++
	life := w.life
	if !w.trouble() {
		life = max(life, hour)
	}
	c := cred.Credentials{
		Credentials: sign.Credentials{
			AccessKeyID:     fmt.Sprintf("ASIA%08d", w.issued),
			SecretAccessKey: fmt.Sprintf("secret-%d", w.issued),
			SessionToken:    fmt.Sprintf("token/%d+%x==", w.issued, w.dice.next()),
		},
		Expiration: sign.UnixMilli(epoch + w.now + life),
	}
	w.store.Grant(c.Credentials, c.Expiration)
	return c
}

// toldTime has a refusal tell the store's time.
func (w *World) toldTime(f *flight) {
	f.fault.ServerTime = string(sign.UnixMilli(epoch + w.now).AppendISO8601(nil))
}

// ended reports that nothing is left to do for any source.
func (w *World) ended() bool {
	for _, s := range w.open {
		if len(s.flights) > 0 || len(s.asides) > 0 {
			return false
		}
		totals := s.engine.Totals()
		for state, n := range totals.Files {
			if n > 0 && !engine.State(state).Ended() {
				return false
			}
		}
	}
	for _, f := range w.sources {
		if !f.stored && !f.abandoned && !w.given(f) {
			return false
		}
	}
	return len(w.open) > 0
}

// given reports that some session has f.
func (w *World) given(f *source) bool {
	for _, s := range w.open {
		for _, c := range s.chosen {
			if c.source == f {
				return true
			}
		}
	}
	return false
}

// answerCode is the code of an answer that is a refusal, or "".
func answerCode(a *fakes3.Answer) string {
	if a.Status < 300 && len(a.Body) == 0 {
		return ""
	}
	return s3.ParseError(s3.OpPutObject, a.Status, a.Header, a.Body).Code
}
