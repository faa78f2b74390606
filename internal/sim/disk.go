package sim

import (
	"bytes"
	"slices"

	"github.com/bucketline/bucketline/engine"
)

// disk keeps the journal: what of it is there after a crash.
type disk struct {
	records []record // by the time they were made
	locks   []lock
}

type record struct {
	name string
	data []byte
	torn bool // a failed append could not be undone: nothing is added until it is saved
}

// lock says that a session has a record open.
type lock struct {
	name string
	by   *session
}

func (d *disk) find(name string) *record {
	for i := range d.records {
		if d.records[i].name == name {
			return &d.records[i]
		}
	}
	return nil
}

func (d *disk) held(name string) bool {
	return slices.ContainsFunc(d.locks, func(l lock) bool { return l.name == name })
}

func (d *disk) unlock(name string, by *session) {
	d.locks = slices.DeleteFunc(d.locks, func(l lock) bool { return l.name == name && l.by == by })
}

func (d *disk) save(name string, data []byte) {
	if r := d.find(name); r != nil {
		r.data, r.torn = bytes.Clone(data), false
		return
	}
	d.records = append(d.records, record{name: name, data: bytes.Clone(data)})
}

func (d *disk) appendTo(name string, data []byte) {
	if r := d.find(name); r != nil {
		r.data = append(r.data, data...)
	}
}

func (d *disk) forget(name string) {
	d.records = slices.DeleteFunc(d.records, func(r record) bool { return r.name == name })
}

// write is one thing that a session asked of one record, until it is done.
type write struct {
	kind engine.ActionKind
	file engine.FileID
	name string
	data []byte
}

// ledger is what a session asked of the journal, in order, record by record.
type ledger struct {
	name    string
	waiting []write
}

// remember takes an action about the journal.
func (s *session) remember(a *engine.Action) {
	w := write{kind: a.Kind, file: a.File, name: a.Name, data: bytes.Clone(a.Record)}
	for _, l := range s.ledgers {
		if l.name == a.Name {
			l.waiting = append(l.waiting, w)
			if len(l.waiting) == 1 {
				s.writeSoon(l)
			}
			return
		}
	}
	l := &ledger{a.Name, []write{w}}
	s.ledgers = append(s.ledgers, l)
	s.writeSoon(l)
}

func (s *session) writeSoon(l *ledger) {
	w := s.world
	after := w.dice.below(w.diskTime + 1)
	if w.trouble() && w.dice.chance(5) {
		after += w.dice.spread(second, 20*second)
	}
	w.agenda.put(w.now+after, func() {
		if s.dead {
			return
		}
		next := l.waiting[0]
		l.waiting = l.waiting[1:]
		s.perform1(&next)
		if len(l.waiting) > 0 {
			s.writeSoon(l)
		}
	})
}

// perform1 does one write and answers it.
func (s *session) perform1(x *write) {
	w := s.world
	fails := w.trouble() && (w.dice.chance(w.diskFails) || w.filled && x.kind != engine.ActLoad && x.kind != engine.ActForget)
	ev := engine.Event{Kind: engine.EvSaved, File: x.file}
	switch x.kind {
	case engine.ActLoad:
		ev.Kind = engine.EvLoaded
		w.load(s, x, &ev, fails)
	case engine.ActUnlock:
		w.disk.unlock(x.name, s)
		return
	default:
		if r := w.disk.find(x.name); fails || x.kind == engine.ActAppend && r != nil && r.torn {
			ev.Cause = engine.CauseStorage
			if x.kind == engine.ActAppend && fails && r != nil && w.dice.chance(300) {
				w.tear(x)
				r.torn = true
			}
			break
		}
		w.commit(x)
		if x.kind == engine.ActForget {
			w.disk.unlock(x.name, s)
		}
	}
	w.checks.journal.written(s, x, ev.Cause == 0)
	s.handle(&ev)
}

func (w *World) load(s *session, x *write, ev *engine.Event, fails bool) {
	held := w.disk.held(x.name)
	switch {
	case held && !w.shared: // by another session, or by what this one abandons
		ev.Cause = engine.CauseLocked
	case w.trouble() && w.dice.chance(w.locks):
		ev.Cause = engine.CauseLocked
	case fails:
		ev.Cause = engine.CauseStorage
	default:
		w.disk.locks = append(w.disk.locks, lock{x.name, s})
		r := w.disk.find(x.name)
		if r != nil {
			ev.Record = w.plant(s, x, bytes.Clone(r.data))
		}
		w.checks.resume.loaded(s, x, r)
	}
}

// commit makes a write last.
func (w *World) commit(x *write) {
	switch x.kind {
	case engine.ActSave:
		w.disk.save(x.name, x.data)
		w.checks.journal.onDisk(x.data)
	case engine.ActAppend:
		w.disk.appendTo(x.name, x.data)
	case engine.ActForget:
		w.disk.forget(x.name)
	}
}

// tear leaves part of an append.
func (w *World) tear(x *write) {
	if len(x.data) > 0 && w.dice.chance(700) {
		w.disk.appendTo(x.name, x.data[:w.dice.below(int64(len(x.data)))])
	}
}

// crashDisk decides what of a session's unanswered writes is on disk: of each
// record the first so many, and of the next, if it is an append, a piece.
func (w *World) crashDisk(s *session) {
	for _, l := range s.ledgers {
		for i := range l.waiting {
			x := &l.waiting[i]
			if w.dice.chance(500) {
				w.commit(x)
				continue
			}
			if x.kind == engine.ActAppend {
				w.tear(x)
			}
			break // and nothing after it
		}
	}
	w.disk.locks = slices.DeleteFunc(w.disk.locks, func(l lock) bool { return l.by == s })
	for i := range w.disk.records {
		r := &w.disk.records[i]
		if w.disk.held(r.name) {
			continue // another session has it open
		}
		r.torn = false // nobody remembers
		if w.dice.chance(w.rot) {
			w.checks.remains.excuse(r.data)
			r.data[w.dice.below(int64(len(r.data)))] ^= 1 << w.dice.below(8)
		}
	}
	if w.volatile {
		w.disk.records = nil
	}
}
