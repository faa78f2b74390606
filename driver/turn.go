package driver

import (
	"context"
	"errors"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/sign"
)

// loop runs turns until the driver stops.
func (d *Driver) loop() {
	defer close(d.looped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		for !d.turn() {
		}
		timer.Reset(d.untilTick())
		select {
		case <-d.kick:
		case <-timer.C:
			d.tick()
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
		if d.poll(&act) {
			d.perform(&act)
		} else {
			drained = true
		}
	}
	if d.options.Record != nil {
		d.options.Record.Flush()
	}
	finished := drained && d.finished()
	if drained {
		d.forget()
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

// poll asks for the next action. The caller holds mu.
func (d *Driver) poll(act *engine.Action) bool {
	now := d.now()
	if d.options.Record != nil {
		d.options.Record.Poll(now)
	}
	return d.engine.Poll(now, act)
}

// idle is how long a driver sleeps that waits for nothing but events.
const idle = time.Hour

// untilTick is how long to sleep at most.
func (d *Driver) untilTick() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	sleep := idle
	if at, ok := d.engine.Wake(); ok {
		sleep = min(sleep, time.Until(d.started.Add(time.Duration(at)*time.Millisecond)))
	}
	if d.options.Online != nil && d.engine.Totals().Offline {
		sleep = min(sleep, OnlineInterval)
	}
	return max(sleep, time.Millisecond)
}

// tick tells the engine that time has passed, and that the network is back.
func (d *Driver) tick() {
	d.mu.Lock()
	d.must(&engine.Event{Kind: engine.EvTick})
	offline := d.engine.Totals().Offline
	d.mu.Unlock()
	if !offline || d.options.Online == nil || !d.options.Online() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.must(&engine.Event{Kind: engine.EvOnline})
}

// perform begins what act asks for. The caller holds mu.
func (d *Driver) perform(act *engine.Action) {
	switch act.Kind {
	case engine.ActDescribe:
		d.beginDescribe(act.File)
	case engine.ActSend:
		d.begin(act)
	case engine.ActHash:
		if !d.hashSnapshot(act) {
			d.beginHash(act)
		}
	case engine.ActRead:
		d.file(act.File).stream.read(act)
	case engine.ActBreakOff:
		if cancel := d.flights[act.Req]; cancel != nil {
			cancel(errBrokenOff)
		} else if f := d.file(act.File); f != nil && f.stream != nil {
			f.stream.breakOff(act.Req)
		}
	case engine.ActRefresh:
		d.beginRefresh(act.Reason)
	case engine.ActLoad, engine.ActSave, engine.ActAppend, engine.ActForget, engine.ActUnlock:
		d.remember(act)
	default:
		d.note(act)
	}
}

// beginDescribe asks a source what it is. The caller holds mu.
func (d *Driver) beginDescribe(id engine.FileID) {
	f := d.file(id)
	d.work.Go(func() {
		what, small, err := describe(d.ctx, f.source)
		ev := engine.Event{
			Kind: engine.EvDescribed, File: id,
			Object: what.Object, OnConflict: what.OnConflict, Source: what.Identity,
		}
		if err != nil {
			ev = engine.Event{Kind: engine.EvUndescribed, File: id, Cause: sourceCause(err)}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		f.begun, f.print, f.snapshot = true, what.Identity.Print, small
		if err != nil {
			f.broke = err
		}
		d.must(&ev)
	})
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

// wall is t on the engine's wall clock.
func wall(t time.Time) sign.UnixMilli { return sign.UnixMilli(t.UnixMilli()) }
