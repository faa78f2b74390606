package driver

import (
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
)

// These methods tell the engine what the user wants. Each takes effect with
// the next turn; notes tell what came of it.

// tell hands ev to the engine.
func (d *Driver) tell(ev engine.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closing != nil {
		return ErrClosed
	}
	return d.handle(&ev)
}

// SetClock says what time it is by a clock that is trusted more than this
// computer's: that of who gives credentials.
func (d *Driver) SetClock(now time.Time) error {
	return d.tell(engine.Event{Kind: engine.EvClock, Wall: wall(now)})
}

// Cancel drops a file: a note tells when it has ended. Too late, while the
// store joins the parts, it ends as the store says.
func (d *Driver) Cancel(id engine.FileID) error {
	return d.tell(engine.Event{Kind: engine.EvCancel, File: id})
}

// Pause lets a file rest: what is stored of it stays, what is under way is
// dropped. Resume lets it go on, and Retry tries a file again that has failed.
func (d *Driver) Pause(id engine.FileID) error {
	return d.tell(engine.Event{Kind: engine.EvPause, File: id})
}

// Resume lets a paused file go on.
func (d *Driver) Resume(id engine.FileID) error {
	return d.tell(engine.Event{Kind: engine.EvResume, File: id})
}

// Retry tries a file again that has failed.
func (d *Driver) Retry(id engine.FileID) error {
	return d.tell(engine.Event{Kind: engine.EvRetry, File: id})
}

// Prioritize makes a file that has not begun go before or after others.
func (d *Driver) Prioritize(id engine.FileID, p queue.Priority) error {
	return d.tell(engine.Event{Kind: engine.EvPrioritize, File: id, Priority: p})
}

// Resolve decides a file in StateConflict: ConflictSkip, ConflictRename or
// ConflictReplace.
func (d *Driver) Resolve(id engine.FileID, c engine.OnConflict) error {
	return d.tell(engine.Event{Kind: engine.EvResolve, File: id, OnConflict: c})
}

// PauseAll is Pause of every file that there is.
func (d *Driver) PauseAll() error { return d.tell(engine.Event{Kind: engine.EvPauseAll}) }

// ResumeAll is Resume of every file that is paused.
func (d *Driver) ResumeAll() error { return d.tell(engine.Event{Kind: engine.EvResumeAll}) }

// RetryAll is Retry of every file that has failed.
func (d *Driver) RetryAll() error { return d.tell(engine.Event{Kind: engine.EvRetryAll}) }

// CancelAll is Cancel of every file that has not ended.
func (d *Driver) CancelAll() error { return d.tell(engine.Event{Kind: engine.EvCancelAll}) }

// Sweep aborts the multipart uploads of keys below prefix that began before
// then, but for those whose IDs keep lists. A note tells of each, and one of
// kind ActNoteSweepEnd that there are no more.
func (d *Driver) Sweep(prefix string, before time.Time, keep []string) error {
	return d.tell(engine.Event{Kind: engine.EvSweep, Name: prefix, Wall: wall(before), Keep: keep})
}
