package sim

import (
	"errors"
	"slices"
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// machine is the engine, as far as a driver needs it.
type machine interface {
	Handle(now engine.Now, ev *engine.Event) error
	Poll(now engine.Now, act *engine.Action) bool
	Wake() (engine.Instant, bool)
	Totals() engine.Totals
	File(id engine.FileID) (engine.FileInfo, bool)
}

// session is one run of the client: a driver around an engine, until it ends or
// crashes.
type session struct {
	world  *World
	number int
	config engine.Config
	engine machine
	begun  int64
	mono   int64 // what its monotonic clock read then
	dead   bool

	chosen  []*chosen // by FileID
	flights map[engine.ReqID]*flight
	asides  map[engine.ReqID]*aside
	ledgers []*ledger
	asking  *asking
	vault   vault

	resting bool  // the user paused all
	stirred bool  // something was handled since the last poll
	polling bool  // a poll is planned
	tickAt  int64 // when the next tick is planned; 0: none
	crowd   crowd
}

// chosen is a source as one session took it.
type chosen struct {
	*source
	session *session
	id      engine.FileID
	version int
	content fakes3.Content
	object  s3.Object // as it was last described
	begun   int       // how often it was described
	state   queue.State
	err     *engine.Error

	// What the user last wanted of it.
	paused, cancelled         bool
	pausedLate, cancelledLate bool // the wish came when the store was deciding
	cancelledAt               int64

	// What may make its object: requests of this session; and whether the last of
	// them joined the parts, so that a wish to stop may come too late.
	makers  []*flight
	joining bool

	read   []piece // of a stream: parts in memory
	readTo int64
}

// piece is one part of a stream that has been read.
type piece struct {
	part           uint16
	offset, length int64
}

// aside is a hash or a read under way.
type aside struct {
	id             engine.ReqID
	owner          *chosen
	kind           engine.ActionKind
	part           uint16
	offset, length int64
	hash           s3.Algorithm
	broken         bool
}

// asking is one request for credentials.
type asking struct {
	at      int64
	dropped bool
}

func (s *session) now() engine.Now {
	w := s.world
	return engine.Now{
		Mono: engine.Instant(s.mono + w.now - s.begun),
		Wall: sign.UnixMilli(epoch + w.now + w.skew),
	}
}

// start begins a session and has the user choose what is not stored yet.
func (w *World) start() {
	config := w.config
	config.Seed = w.dice.next()
	e, err := engine.New(config)
	if err != nil {
		panic("simulator: the scenario is wrong: " + err.Error())
	}
	s := &session{
		world: w, number: w.sessions, config: config, engine: w.wrap(e), begun: w.now, mono: w.dice.below(hour),
		flights: make(map[engine.ReqID]*flight), asides: make(map[engine.ReqID]*aside),
		vault: vault{drafts: make(map[engine.ReqID]*draft)},
	}
	w.sessions++
	w.open = append(w.open, s)
	w.line("* session %d begins", s.number)
	w.checks.auth.sessionBegins(s)
	if w.trusted || !w.trouble() {
		s.tellTime()
	}
	if w.dice.chance(700) {
		s.give()
	}
	left := slices.DeleteFunc(slices.Clone(w.sources), func(f *source) bool { return f.stored || f.abandoned })
	for len(left) > 0 {
		n := w.dice.between(1, int64(len(left)))
		some := slices.Clone(left[:n])
		left = left[n:]
		for _, f := range some {
			if w.dice.chance(w.again) && !f.stream {
				some = append(some, f)
			}
		}
		if w.now == 0 || !w.dice.chance(400) || !w.trouble() {
			s.choose(some)
			continue
		}
		w.agenda.put(w.now+w.dice.spread(second, 10*minute), func() {
			if !s.dead {
				s.choose(some)
			}
		})
	}
}

// choose adds sources as they are now.
func (s *session) choose(sources []*source) {
	var priorities []queue.Priority
	for _, f := range sources {
		if !slices.Contains(priorities, f.priority) {
			priorities = append(priorities, f.priority)
		}
	}
	var specs []engine.Spec
	for _, f := range sources {
		c := &chosen{
			source: f, session: s, id: engine.FileID(len(s.chosen)), version: f.current(),
			content: f.versions[f.current()].content, state: queue.StateQueued, paused: s.resting,
		}
		size := c.content.Len()
		if f.stream {
			size = engine.UnknownSize
		}
		s.chosen = append(s.chosen, c)
		specs = append(specs, engine.Spec{Size: size, Priority: f.priority})
	}
	s.must(&engine.Event{Kind: engine.EvAdded, Files: specs})
}

// handle tells the engine something, and has it polled soon.
func (s *session) handle(ev *engine.Event) error {
	w := s.world
	w.events++
	w.told(s, ev)
	err := s.engine.Handle(s.now(), ev)
	s.stirred = true
	return err
}

// must is for events that no driver may be blamed for.
func (s *session) must(ev *engine.Event) {
	if err := s.handle(ev); err != nil {
		s.world.violate("contract", "event %s was refused: %v", describeEvent(s, ev), err)
	}
}

// turn polls until there is nothing left to do.
func (s *session) turn() {
	w := s.world
	s.stirred = false
	var act engine.Action
	for n := 0; s.engine.Poll(s.now(), &act); n++ {
		w.actions++
		w.asked(s, &act)
		s.perform(&act)
		s.crowd.action(w, act.Kind)
		if n > maxTurn {
			w.violate("liveness", "one turn asked for more than %d actions", maxTurn)
		}
		if w.failed() {
			return
		}
	}
	w.checks.drained(s)
	at, ok := s.engine.Wake()
	if !ok {
		s.tickAt = 0
		return
	}
	s.tick(max(s.begun+int64(at)-s.mono, w.now+1))
}

// maxTurn bounds the actions of one turn.
const maxTurn = 20_000

func (s *session) tick(at int64) {
	w := s.world
	if s.tickAt == at {
		return
	}
	s.tickAt = at
	w.agenda.put(at, func() {
		if s.dead || s.tickAt != at {
			return
		}
		s.tickAt = 0
		s.crowd.tick(w)
		s.must(&engine.Event{Kind: engine.EvTick})
	})
}

// stir polls now, or as soon as a lazy driver comes to it.
func (s *session) stir() {
	w := s.world
	if !s.stirred || s.polling || s.dead {
		return
	}
	if w.lazy == 0 || w.dice.chance(500) {
		s.turn()
		return
	}
	s.polling = true
	w.agenda.put(w.now+w.dice.below(w.lazy)+1, func() {
		s.polling = false
		if !s.dead {
			s.turn()
		}
	})
}

func (s *session) perform(a *engine.Action) {
	w := s.world
	switch a.Kind {
	case engine.ActDescribe:
		s.describe(s.chosen[a.File])
	case engine.ActSend:
		s.send(a)
	case engine.ActSign:
		s.sign(a)
	case engine.ActBreakOff:
		s.breakOff(a.Req)
	case engine.ActHash, engine.ActRead:
		s.begin(a)
	case engine.ActRefresh:
		s.ask(a.Reason)
	case engine.ActLoad, engine.ActSave, engine.ActAppend, engine.ActForget, engine.ActUnlock:
		w.checks.journal.asked(s, a)
		s.remember(a)
	default:
		s.note(a)
	}
}

// describe answers ActDescribe after a while.
func (s *session) describe(c *chosen) {
	w := s.world
	c.begun++
	w.agenda.put(w.now+w.dice.below(w.diskTime+1), func() {
		if s.dead {
			return
		}
		switch {
		case w.trouble() && w.dice.chance(4):
			s.must(&engine.Event{Kind: engine.EvUndescribed, File: c.id, Cause: engine.CauseRefused})
			return
		case c.gone && w.dice.chance(500):
			s.must(&engine.Event{Kind: engine.EvUndescribed, File: c.id, Cause: engine.CauseSourceUnreadable})
			return
		case c.stream && c.readTo > 0:
			s.must(&engine.Event{Kind: engine.EvUndescribed, File: c.id, Cause: engine.CauseSourceUnreadable})
			return
		case c.version != c.current():
			s.must(&engine.Event{Kind: engine.EvUndescribed, File: c.id, Cause: engine.CauseSourceChanged})
			return
		}
		o := c.source.object
		o.Metadata = slices.Clone(o.Metadata)
		if c.digested {
			o.Algorithm = w.digested()
			o.Digest = w.store.Sums().Digest(c.content, o.Algorithm)
		}
		c.object = o
		s.must(&engine.Event{
			Kind: engine.EvDescribed, File: c.id, Object: &o, OnConflict: c.conflict,
			Source: w.identity(c.source, c.versions[c.version]),
		})
	})
}

// digested is the algorithm of digests that the user gives.
func (w *World) digested() s3.Algorithm {
	if w.config.Target.Profile == s3.ProfileVersityGW || w.config.Target.Profile == s3.ProfileAWS {
		return s3.CRC32C
	}
	return s3.CRC64NVME
}

// begin starts a hash or a read.
func (s *session) begin(a *engine.Action) {
	w := s.world
	c := s.chosen[a.File]
	x := &aside{id: a.Req, owner: c, kind: a.Kind, part: a.Part, offset: a.Offset, length: a.Length, hash: a.Hash}
	if s.asides[a.Req] != nil || s.flights[a.Req] != nil {
		w.violate("contract", "%s is under way already", s.request(a.Req))
	}
	s.asides[a.Req] = x
	w.checks.budget.aside(s)
	if a.Kind == engine.ActRead && a.Offset != c.readTo {
		w.violate("contract", "file %d is read from %d on, not from %d", c.id, a.Offset, c.readTo)
	}
	after := w.dice.below(w.diskTime+1) + a.Length/w.hashing
	if w.trouble() && w.dice.chance(10) {
		after += w.dice.spread(second, 30*second)
	}
	w.agenda.put(w.now+after, func() {
		if !s.dead && s.asides[x.id] == x && !x.broken {
			s.finishAside(x)
		}
	})
}

func (s *session) finishAside(x *aside) {
	w := s.world
	c := x.owner
	delete(s.asides, x.id)
	if cause := c.trouble(w); cause != 0 && !c.stream {
		s.must(&engine.Event{Kind: engine.EvBroke, Req: x.id, Cause: cause})
		return
	}
	if x.kind == engine.ActHash {
		digest := w.store.Sums().Digest(c.bytes(x.offset, x.length), x.hash)
		s.must(&engine.Event{Kind: engine.EvHashed, Req: x.id, Digest: digest})
		return
	}
	n := min(x.length, c.content.Len()-x.offset)
	c.readTo += n
	if n > 0 {
		c.read = append(c.read, piece{x.part, x.offset, n})
	}
	w.checks.budget.buffered(c)
	last := c.readTo == c.content.Len() && (n < x.length || w.dice.chance(500)) // else the next read finds the end
	s.must(&engine.Event{Kind: engine.EvRead, Req: x.id, Bytes: n, Last: last})
}

// bytes is what is read of c now.
func (c *chosen) bytes(offset, length int64) fakes3.Content {
	if c.session.world.unseen {
		return c.versions[c.current()].content.Slice(offset, length)
	}
	return c.content.Slice(offset, length)
}

// trouble is why c cannot be read now, or 0.
func (c *chosen) trouble(w *World) engine.Cause {
	switch {
	case c.version != c.current() && !w.unseen:
		return engine.CauseSourceChanged
	case c.gone && w.dice.chance(500):
		return engine.CauseSourceUnreadable
	}
	return 0
}

// ask asks whoever makes credentials.
func (s *session) ask(reason cred.Reason) {
	w := s.world
	w.checks.refresh.asked(s)
	if s.asking != nil {
		s.asking.dropped = true // it has taken too long
	}
	call := &asking{at: w.now}
	s.asking = call
	if w.trouble() && w.dice.chance(w.refreshMute) {
		return
	}
	fails := w.trouble() && w.dice.chance(w.refreshFails)
	w.agenda.put(w.now+w.dice.between(1, w.refreshTime), func() {
		if s.dead || call.dropped {
			return
		}
		s.asking = nil
		if fails {
			s.must(&engine.Event{Kind: engine.EvRefreshFailed})
			return
		}
		if w.trusted || !w.trouble() {
			s.tellTime()
		}
		if err := s.give(); err != nil {
			s.must(&engine.Event{Kind: engine.EvRefreshFailed})
		}
	})
}

// give makes new credentials and gives them to the engine. The error is the
// keeper's, which may believe that they have ended.
func (s *session) give() error {
	w := s.world
	c := w.issue()
	secret := c.SecretAccessKey
	if s.config.RemoteSign {
		c.SecretAccessKey = ""
	}
	err := s.handle(&engine.Event{Kind: engine.EvCredentials, Credentials: &c})
	switch {
	case err == nil:
		s.vault.secret = secret
		w.checks.auth.given(s, &c)
		if s.asking != nil {
			s.asking.dropped = true
			s.asking = nil
		}
	case !errors.Is(err, cred.ErrExpired):
		w.violate("contract", "good credentials were refused: %v", err)
	}
	return err
}

// tellTime is what a service does that both sides trust.
func (s *session) tellTime() {
	w := s.world
	w.checks.auth.toldTime(s, -w.skew)
	s.must(&engine.Event{Kind: engine.EvClock, Wall: sign.UnixMilli(epoch + w.now)})
}

// note takes what people are told.
func (s *session) note(a *engine.Action) {
	w := s.world
	if a.Kind == engine.ActNoteWarning && a.Err.Code == engine.WarnRecord {
		w.disk.forget(a.Name) // set aside
	}
	if a.File == engine.NoFile || int(a.File) >= len(s.chosen) {
		w.checks.noted(s, nil, a)
		return
	}
	c := s.chosen[a.File]
	switch a.Kind {
	case engine.ActNoteState:
		c.state, c.err = a.State, nil
		if a.Err != nil {
			err := *a.Err
			err.Code, err.Message = strings.Clone(err.Code), ""
			c.err = &err
		}
	case engine.ActNotePart:
		c.read = slices.DeleteFunc(c.read, func(p piece) bool { return p.part == a.Part })
	}
	w.checks.noted(s, c, a)
	if a.Kind == engine.ActNoteState {
		c.stored = c.stored || a.State == queue.StateDone
		c.abandoned = c.abandoned || a.State == queue.StateCancelled || a.State == queue.StateSkipped
	}
}

// crash ends a session in the middle of everything.
func (w *World) crash(s *session) {
	w.line("* session %d crashes", s.number)
	s.dead = true
	w.open = slices.DeleteFunc(w.open, func(other *session) bool { return other == s })
	for _, f := range slices.Clone(w.flying) {
		if f.session == s {
			f.orphaned()
		}
	}
	w.checks.crashed(s)
	w.crashDisk(s)
}
