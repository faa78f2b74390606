package driver

import (
	"context"
	"errors"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
)

// Note is one thing to tell people: an engine's note, with what this driver
// knows beside it. It is a copy.
type Note struct {
	Kind   engine.ActionKind // one of the ActNote constants
	File   engine.FileID
	Source Source // of File; nil of an orphan that could not be aborted for long
	State  engine.State
	Part   uint16
	Reason cred.Reason
	Result engine.Result
	Err    *engine.Error

	// Detail is what the source, the transport or Options.Refresh said, where
	// Err or Reason came of that; else nil.
	Detail error
}

// maxNotes bounds the notes kept while the engine is polled. Notify runs
// without the lock, so that it may call the driver.
const maxNotes = 256

// loop runs turns until the driver stops.
func (d *Driver) loop() {
	defer close(d.looped)
	for {
		for !d.turn() {
		}
		select {
		case <-d.kick:
		case <-d.ctx.Done():
			return
		}
	}
}

// turn takes actions until there are none or enough to tell, tells them, and
// reports whether the engine is drained.
func (d *Driver) turn() bool {
	d.mu.Lock()
	d.notes = d.notes[:0]
	drained := false
	var act engine.Action
	for len(d.notes) < maxNotes && !drained {
		if d.engine.Poll(d.now(), &act) {
			d.perform(&act)
		} else {
			drained = true
		}
	}
	finished := drained && d.finished()
	if drained {
		d.sweep()
	}
	d.mu.Unlock()

	if d.options.Notify != nil {
		for _, n := range d.notes {
			d.options.Notify(n)
		}
	}
	if finished {
		close(d.closing)
		d.stop()
	}
	return drained
}

// finished reports that a closing driver has nothing left to do: every file
// has ended and every abort is answered, or waits for credentials that nobody
// is asked for. The caller holds mu.
func (d *Driver) finished() bool {
	if d.closing == nil || d.ctx.Err() != nil || len(d.live) > 0 {
		return false
	}
	t := d.engine.Totals()
	if t.InFlight > 0 || t.Held && d.refresh != nil {
		return false
	}
	d.left = t.Held
	return true
}

// sweep forgets the files that have ended and have nothing under way: an abort
// would have been sent by now. The caller holds mu.
func (d *Driver) sweep() {
	for id, f := range d.ended {
		if f.flights == 0 {
			delete(d.ended, id)
		}
	}
}

// perform begins what act asks for. The caller holds mu.
func (d *Driver) perform(act *engine.Action) {
	switch act.Kind {
	case engine.ActDescribe:
		id, source := act.File, d.live[act.File].source
		d.work.Go(func() { d.describe(id, source) })
	case engine.ActSend:
		d.begin(act)
	case engine.ActBreakOff:
		if cancel := d.flights[act.Req]; cancel != nil {
			cancel(errBrokenOff)
		}
	case engine.ActRefresh:
		d.beginRefresh(act.Reason)
	default:
		d.note(act)
	}
}

// note keeps a note until the lock is released, and forgets a file that has
// ended.
func (d *Driver) note(act *engine.Action) {
	n := Note{Kind: act.Kind, File: act.File, State: act.State, Part: act.Part, Reason: act.Reason}
	if act.Result != nil {
		n.Result = *act.Result
	}
	if act.Err != nil {
		err := *act.Err
		n.Err = &err
	}
	if f := d.file(act.File); f != nil && aboutFile(act.Kind) {
		n.Source = f.source
		if n.Err != nil && n.Err.Status == 0 {
			n.Detail = f.broke
		}
		if act.Kind == engine.ActNoteState && act.State.Ended() {
			delete(d.live, act.File)
			d.ended[act.File] = f
		}
	}
	if act.Kind == engine.ActNoteHold && act.Reason == cred.ReasonRefreshFailed {
		n.Detail = d.asking
	}
	d.notes = append(d.notes, n)
}

func aboutFile(k engine.ActionKind) bool {
	return k != engine.ActNoteHold && k != engine.ActNoteRelease
}

// describe answers ActDescribe.
func (d *Driver) describe(id engine.FileID, source Source) {
	object, err := source.Describe(d.ctx)
	ev := engine.Event{Kind: engine.EvDescribed, File: id, Object: object}
	if err != nil {
		ev = engine.Event{Kind: engine.EvUndescribed, File: id, Cause: sourceCause(err)}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.file(id); f != nil && err != nil {
		f.broke = err
	}
	d.must(&ev)
}

// sourceCause tells a source that changed from one that cannot be read.
func sourceCause(err error) engine.Cause {
	if errors.Is(err, ErrSourceChanged) {
		return engine.CauseSourceChanged
	}
	return engine.CauseSourceUnreadable
}

// refresh is one call of Options.Refresh under way.
type refresh struct{ cancel context.CancelFunc }

// beginRefresh asks for credentials. The caller holds mu.
func (d *Driver) beginRefresh(reason cred.Reason) {
	d.dropRefresh()
	ctx, cancel := context.WithCancel(d.ctx)
	r := &refresh{cancel}
	d.refresh = r
	d.work.Go(func() {
		c, err := d.options.Refresh(ctx, reason)
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.refresh != r {
			return
		}
		d.dropRefresh()
		if err == nil {
			err = d.handle(&engine.Event{Kind: engine.EvCredentials, Credentials: &c})
		}
		if d.asking = err; err != nil {
			d.must(&engine.Event{Kind: engine.EvRefreshFailed})
		}
	})
}

// dropRefresh breaks off a refresh under way, whose answer is then dropped.
// The caller holds mu.
func (d *Driver) dropRefresh() {
	if d.refresh != nil {
		d.refresh.cancel()
		d.refresh = nil
	}
}
