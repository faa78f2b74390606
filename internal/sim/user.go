package sim

import (
	"errors"
	"slices"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// planTrouble puts all that the world does by itself on the agenda. Most of it
// comes early, when there is something to disturb.
func (w *World) planTrouble() {
	sometimes := func(n int64, do func()) {
		for range n {
			w.agenda.put(w.dice.spread(1, w.calm-1), func() {
				if w.trouble() {
					do()
				}
			})
		}
	}
	sometimes(w.wishes, w.wish)
	sometimes(w.crashes, w.accident)
	sometimes(w.changes, func() { w.change(w.sources[w.dice.below(w.files)], &w.dice, false) })
	sometimes(w.outages, w.goOffline)
	sometimes(w.spells, w.cast)
	sometimes(w.tabs, func() {
		if len(w.open) == 1 {
			w.start()
		}
	})
	sometimes(w.full, func() {
		w.filled = true
		w.agenda.put(w.now+w.dice.spread(second, 20*minute), func() { w.filled = false })
	})
	sometimes(w.jumps, func() {
		by := w.dice.between(-2*hour, 2*hour)
		w.skew += by
		w.line("* the clock is set by %d ms", by)
		for _, s := range w.open {
			w.checks.auth.jumped(s, by)
		}
	})
	sometimes(w.dice.below(3), func() {
		f := w.sources[w.dice.below(w.files)]
		f.gone = true
		w.agenda.put(w.now+w.dice.spread(second, 10*minute), func() { f.gone = false })
	})
}

// accident crashes a client, and has it started again after a while if it was
// the only one. What the files are may have changed meanwhile.
func (w *World) accident() {
	if len(w.open) == 0 {
		return
	}
	w.crash(w.open[w.dice.below(int64(len(w.open)))])
	w.crashed++
	if len(w.open) > 0 {
		return
	}
	for _, f := range w.sources {
		if w.dice.chance(60) {
			w.change(f, &w.dice, w.dice.chance(500))
		}
	}
	w.agenda.put(w.now+w.dice.spread(second, 20*minute), func() {
		w.reconfigure()
		w.start()
	})
}

// reconfigure has the next session told other things than the last one.
func (w *World) reconfigure() {
	d := &w.dice
	if d.chance(100) && w.huge == 0 {
		w.config.PartSize = 5*mib + d.below(8*mib)
	}
	if d.chance(150) {
		w.config.WithoutChecksum, w.config.Checksum = false, s3.NoChecksum
		w.checksums(d)
	}
	if d.chance(150) {
		w.config.MultipartThreshold = d.spread(1, 24*mib)
	}
	if d.chance(150) {
		w.config.Connections = int(d.between(1, 8))
	}
}

// goOffline takes the network away for a while. Not every platform says so.
func (w *World) goOffline() {
	if w.offline {
		return
	}
	w.offline, w.offlineTold = true, w.dice.chance(600)
	w.line("* the network goes")
	for _, f := range slices.Clone(w.flying) {
		f.leaves()
		w.agenda.put(w.now+w.dice.spread(1, 10*second), func() { f.breaks(w.offlineCause()) })
	}
	w.tellAll(engine.EvOffline)
	w.agenda.put(w.now+w.dice.spread(second, 40*minute), w.goOnline)
}

func (w *World) goOnline() {
	if !w.offline {
		return
	}
	w.offline = false
	w.line("* the network is back")
	w.tellAll(engine.EvOnline)
}

// tellAll tells every session what the platform says of the network, if it
// does.
func (w *World) tellAll(kind engine.EventKind) {
	for _, s := range w.open {
		if w.offlineTold {
			s.must(&engine.Event{Kind: kind})
		}
	}
}

// cast has the store say one thing to most requests, for a while.
func (w *World) cast() {
	w.spell = [...]string{"SlowDown", "ServiceUnavailable", "InternalError"}[w.dice.below(3)]
	w.agenda.put(w.now+w.dice.spread(second, 10*minute), func() { w.spell = "" })
}

// wish is one thing that a user does.
func (w *World) wish() {
	if len(w.open) == 0 {
		return
	}
	s := w.open[w.dice.below(int64(len(w.open)))]
	if len(s.chosen) == 0 {
		return
	}
	c := s.chosen[w.dice.below(int64(len(s.chosen)))]
	switch w.dice.below(16) {
	case 0, 1:
		s.pause(c)
		then := s.resume
		if w.dice.chance(150) {
			then = s.cancel
		}
		w.agenda.put(w.now+w.dice.spread(1, 10*minute), func() {
			if !s.dead {
				then(c)
			}
		})
	case 2:
		s.resume(c)
	case 3:
		s.cancel(c)
	case 4:
		s.must(&engine.Event{Kind: engine.EvRetry, File: c.id})
		c.paused = false
	case 5:
		s.must(&engine.Event{Kind: engine.EvPrioritize, File: c.id, Priority: queue.Priority(w.dice.below(3))})
	case 6:
		s.pauseAll()
		w.agenda.put(w.now+w.dice.spread(1, 10*minute), func() {
			if !s.dead {
				s.resumeAll()
			}
		})
	case 7:
		s.resumeAll()
	case 8:
		s.retryAll()
	case 9:
		if w.dice.chance(150) {
			s.cancelAll()
		}
	case 10, 11:
		w.checks.auth.expired(s)
		s.must(&engine.Event{Kind: engine.EvExpire})
	case 12, 13:
		s.give()
	case 14:
		s.sweep()
	case 15:
		s.resolve()
	}
}

func (s *session) pause(c *chosen) {
	s.wantsRest(c)
	s.must(&engine.Event{Kind: engine.EvPause, File: c.id})
}

// wantsRest notes that the user wants c to rest, if it has not ended.
func (s *session) wantsRest(c *chosen) {
	if info, _ := s.engine.File(c.id); !info.State.Ended() && info.State != queue.StateConflict {
		c.paused, c.pausedLate = true, c.deciding()
	}
}

// wantsEnd notes that the user wants nothing more of c, if it has not ended.
func (s *session) wantsEnd(c *chosen, failed bool) {
	if info, _ := s.engine.File(c.id); !info.State.Ended() || failed && info.State == queue.StateFailed {
		c.cancelled, c.cancelledLate, c.cancelledAt = true, c.deciding(), s.world.now
	}
}

// deciding reports that the store may be making c's object just now, so that a
// wish may come too late.
func (c *chosen) deciding() bool { return c.state == queue.StateCompleting || c.joining }

func (s *session) resume(c *chosen) {
	c.paused = false
	s.must(&engine.Event{Kind: engine.EvResume, File: c.id})
}

func (s *session) cancel(c *chosen) {
	s.wantsEnd(c, true)
	s.must(&engine.Event{Kind: engine.EvCancel, File: c.id})
}

func (s *session) pauseAll() {
	s.resting = true
	for _, c := range s.chosen {
		s.wantsRest(c)
	}
	s.must(&engine.Event{Kind: engine.EvPauseAll})
}

func (s *session) resumeAll() {
	s.resting = false
	for _, c := range s.chosen {
		c.paused = false
	}
	s.must(&engine.Event{Kind: engine.EvResumeAll})
}

// retryAll has what failed tried again: that the user wanted it to rest before
// it failed counts no more.
func (s *session) retryAll() {
	for _, c := range s.chosen {
		if info, _ := s.engine.File(c.id); info.State == queue.StateFailed {
			c.paused = false
		}
	}
	s.must(&engine.Event{Kind: engine.EvRetryAll})
}

func (s *session) cancelAll() {
	for _, c := range s.chosen {
		s.wantsEnd(c, false)
	}
	s.must(&engine.Event{Kind: engine.EvCancelAll})
}

// resolve decides the conflicts that wait for the user.
func (s *session) resolve() {
	for _, c := range s.chosen {
		if c.state == queue.StateConflict {
			c.paused = false
			s.must(&engine.Event{
				Kind: engine.EvResolve, File: c.id,
				OnConflict: engine.OnConflict(s.world.dice.between(int64(engine.ConflictSkip), int64(engine.ConflictReplace))),
			})
		}
	}
}

// sweep has what is older than a while and in no record of the journal aborted.
func (s *session) sweep() {
	w := s.world
	ev := engine.Event{
		Kind: engine.EvSweep, Name: "u/", Keep: w.recorded(),
		Wall: sign.UnixMilli(epoch + s.begun - w.dice.below(hour)),
	}
	if err := s.handle(&ev); err == nil {
		w.checks.remains.sweeps(s, &ev)
	}
}

// recorded lists the uploads that the journal knows.
func (w *World) recorded() []string {
	var ids []string
	for _, r := range w.disk.records {
		var record journal.Record
		if _, err := journal.Parse(r.data, &record); err == nil {
			ids = append(ids, record.UploadID)
		}
	}
	return ids
}

// planPatrol has the user look in now and then: before the calm for whether all
// is done, in it to do whatever only he can do.
func (w *World) planPatrol() {
	var look func()
	look = func() {
		switch {
		case w.trouble() && w.ended() && !w.offline:
			w.calm = w.now // nothing is left that could be disturbed
			w.agenda.put(w.now+1, look)
		case w.trouble():
			w.agenda.put(min(w.now+5*minute, w.calm), look)
		default:
			w.patrol()
			if !w.over {
				w.agenda.put(w.now+30*second, look)
			}
		}
	}
	w.agenda.put(minute, look)
}

// patience is how long after the calm everything has to have ended: four times
// what all bytes take to be hashed and sent, and two hours.
func (w *World) patience() int64 {
	bytes := int64(0)
	for _, f := range w.sources {
		bytes += f.versions[f.current()].content.Len()
	}
	return w.calm + 2*hour + 4*bytes/min(w.bandwidth, w.perConnection, w.hashing)
}

// patrol does what only a user can do.
func (w *World) patrol() {
	w.goOnline()
	w.spell = ""
	for _, f := range w.sources {
		f.gone = false
	}
	if w.now > w.patience() {
		w.violate("liveness", "not ended %d ms after the calm: %s", w.now-w.calm, w.unfinished())
		return
	}
	for _, s := range w.open {
		s.signIn()
	}
	if w.ended() {
		w.close()
		return
	}
	for _, s := range w.open {
		s.resolve()
		if s.resting || s.engine.Totals().Files[queue.StatePaused] > 0 {
			s.resumeAll()
		}
	}
}

// signIn brings credentials where nobody else does.
func (s *session) signIn() {
	t := s.engine.Totals()
	if t.Held && (t.Hold == cred.ReasonRefreshFailed || t.Hold == cred.ReasonRefused || t.Hold == cred.ReasonSigningFailed || !s.config.CanRefresh || s.asking != nil && s.world.ended()) {
		s.tellTime()
		s.give()
	}
}

// retryFailed has what failed tried again, and reports that something had.
func (w *World) retryFailed() bool {
	failed := false
	for _, s := range w.open {
		if s.engine.Totals().Files[queue.StateFailed] > 0 {
			failed = true
			s.retryAll()
		}
	}
	return failed
}

// close ends the world: at most once the user has what is left over removed.
func (w *World) close() {
	s := w.open[0]
	switch {
	case !w.retried && w.retryFailed():
		w.retried = true
	case w.tidy && !w.tidied:
		s.tellTime()
		ev := engine.Event{Kind: engine.EvSweep, Wall: sign.UnixMilli(epoch + w.now + second)}
		if s.handle(&ev) != nil {
			return // an earlier sweep is still under way
		}
		w.tidied, w.swept, w.tidiedAt = true, false, w.now
		w.checks.remains.sweeps(s, &ev)
		w.abandonAll(s)
	case w.tidy && !w.swept && w.now < w.tidiedAt+hour:
		// The sweep is under way.
	case len(w.flying) > 0 || w.now < w.calm+5*minute:
		// What has left the machine may still arrive.
	default:
		w.over = true
	}
}

// abandonAll has the uploads of all records that nobody has open aborted.
func (w *World) abandonAll(s *session) {
	for _, r := range slices.Clone(w.disk.records) {
		if w.disk.held(r.name) {
			continue
		}
		w.disk.locks = append(w.disk.locks, lock{r.name, s})
		w.checks.journal.abandons(s, r.name)
		err := s.handle(&engine.Event{Kind: engine.EvAbandon, Name: r.name, Record: r.data})
		if err != nil && !errors.Is(err, engine.ErrRecord) {
			w.violate("contract", "a record cannot be abandoned: %v", err)
		}
	}
}

// unfinished says what has not come to its end.
func (w *World) unfinished() string {
	text := ""
	for _, s := range w.open {
		for _, c := range s.chosen {
			if info, _ := s.engine.File(c.id); !info.State.Ended() {
				text += " file " + itoa(int64(c.id)) + " " + info.State.String()
			}
		}
	}
	for _, f := range w.flying {
		text += " " + f.String()
	}
	return text
}
