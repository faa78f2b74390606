package driver

import (
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
)

// Close cancels what has not ended, waits up to Linger until the store has
// aborted the multipart uploads among it, and until nothing of the driver runs
// any more. ErrUnfinished says that Linger was too short for that, or that
// there are no credentials to abort with.
func (d *Driver) Close() error { return d.shut(false) }

// Suspend is Close for a session that is to be continued by a later one: what
// the journal remembers is paused and left as it is, at the store and in the
// journal. What it does not remember (streams, sources without an identity, and
// everything when the journal is in memory) is cancelled.
func (d *Driver) Suspend() error { return d.shut(true) }

func (d *Driver) shut(keep bool) error {
	d.mu.Lock()
	if d.closing != nil {
		d.mu.Unlock()
		<-d.looped
		return nil
	}
	d.closing = make(chan struct{})
	d.keeping = keep && d.lasting
	d.rest()
	d.nudge()
	d.mu.Unlock()

	var err error
	select {
	case <-d.closing:
	case <-time.After(d.options.Linger):
		if !d.keeping {
			err = ErrUnfinished
		}
	}
	d.stop()
	<-d.looped
	d.work.Wait()
	d.closeRecords()
	if d.owes() {
		err = ErrUnfinished
	}
	return err
}

// owes reports that the store still has parts of a file that was dropped. The
// caller holds mu, or the driver has ended.
func (d *Driver) owes() bool {
	for _, f := range d.ended {
		if f.uploads {
			return true
		}
	}
	return false
}

// rest has the engine cancel everything, also what failed and was kept for
// another try, or pause what a later session can go on with. The caller holds
// mu.
func (d *Driver) rest() {
	for _, from := range []map[engine.FileID]*file{d.live, d.failed} {
		for id, f := range from {
			if !d.keeping || f.begun && !f.saved {
				d.must(&engine.Event{Kind: engine.EvCancel, File: id})
			}
		}
	}
	if d.keeping {
		d.must(&engine.Event{Kind: engine.EvPauseAll})
	}
}

// finished reports that a closing driver has nothing left to do: every file
// has ended or rests, and every abort is answered, or waits for credentials that
// nobody is asked for. The caller holds mu.
func (d *Driver) finished() bool {
	if d.closing == nil || d.ctx.Err() != nil || len(d.flights)+len(d.ledger) > 0 {
		return false
	}
	t := d.engine.Totals()
	if t.InFlight > 0 || d.restless(&t) {
		return false
	}
	if t.Held {
		// Without credentials there is nothing to send but aborts.
		return !d.owes() || d.refresh == nil
	}
	_, waiting := d.engine.Wake() // to try an abort again
	return !waiting
}

// restless reports that a file is still at work. The caller holds mu.
func (d *Driver) restless(t *engine.Totals) bool {
	if !d.keeping {
		return len(d.live) > 0
	}
	for s := range queue.States {
		state := queue.State(s)
		if t.Files[s] > 0 && !state.Ended() && state != queue.StatePaused && state != queue.StateConflict {
			return true
		}
	}
	return false
}

// Done is closed when Close or Suspend has nothing left to do, or has given up.
func (d *Driver) Done() <-chan struct{} { return d.looped }
