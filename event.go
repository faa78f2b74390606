package bucketline

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/engine"
)

// Event is one thing that happened.
type Event struct {
	Kind     EventKind
	Task     *Task    // all but EventHold and EventRelease; nil of a warning about none
	State    State    // EventState
	Part     int      // EventPart, EventRetry: 1 to 10,000; EventResumed: how many parts
	Bytes    int64    // EventPart, EventResumed: how many the store has of it
	Progress Progress // EventProgress
	Reason   string   // EventHold: "absent", "expired", "invalidated", "refused" or "refreshFailed"

	// Delay is how long EventRetry waits, and in EventWarning of code
	// ClockSkewed by how much the clock is slow.
	Delay time.Duration

	// Err is an *Error: of EventState why an upload has failed, of EventRetry
	// what happened, of EventWarning and EventOrphan what is wrong, of EventHold
	// why CredentialsExpired has brought nothing, if it has not.
	Err error
}

// EventKind says what happened.
type EventKind uint8

// What happens.
const (
	EventState    EventKind = iota + 1 // Task is now in State
	EventPart                          // Part of Task is stored
	EventHold                          // nothing can be signed, because of Reason
	EventRelease                       // there are credentials again
	EventOrphan                        // parts of Task may stay in the bucket
	EventResumed                       // Task goes on where an earlier client left it
	EventRetry                         // a request of Task failed and is sent again after Delay
	EventWarning                       // something is wrong that should be put right
	EventProgress                      // bytes of Task have moved; told by Task.Events only
)

// notify takes the driver's notes.
func (c *Client) notify(n driver.Note) {
	if n.Kind == engine.ActNoteSwept || n.Kind == engine.ActNoteSweepEnd {
		c.swept(&n)
		return
	}
	var s source
	if n.Source != nil {
		s = n.Source.(source)
	}
	c.mu.Lock()
	var events []Event
	if n.Kind == engine.ActNoteAll {
		events = c.allMoved()
	} else if e, ok := c.translate(s.task, &n); ok {
		events = append(events, e)
	}
	for _, e := range events {
		if e.Task != nil {
			e.Task.publish(e)
		}
	}
	c.mu.Unlock()
	c.tell(events)
}

// tell tells Config.Notify.
func (c *Client) tell(events []Event) {
	if c.config.Notify == nil {
		return
	}
	for _, e := range events {
		c.config.Notify(e)
	}
}

// translate returns the event that a note about t, or about none, stands for.
// The caller holds mu.
func (c *Client) translate(t *Task, n *driver.Note) (Event, bool) {
	e := Event{Task: t, Part: int(n.Part), Bytes: n.Result.Bytes, Delay: time.Duration(n.Delay) * time.Millisecond}
	switch n.Kind {
	case engine.ActNoteHold:
		c.hold = n.Reason
		e.Kind, e.Reason = EventHold, n.Reason.String()
		if n.Detail != nil {
			e.Err = &Error{Code: CodeRefreshFailed, Err: n.Detail}
		}
	case engine.ActNoteRelease:
		c.hold = cred.ReasonNone
		e.Kind = EventRelease
	case engine.ActNotePart:
		e.Kind = EventPart
	case engine.ActNoteResumed:
		e.Kind = EventResumed
	case engine.ActNoteRetry:
		e.Kind = EventRetry
	case engine.ActNoteWarning:
		e.Kind = EventWarning
	case engine.ActNoteOrphan:
		e.Kind, e.Err = EventOrphan, &Error{Code: CodeOrphan}
	case engine.ActNoteState:
		if t == nil {
			return e, false
		}
		e.Kind, e.State = EventState, n.State
		return e, c.moved(t, n, &e)
	default:
		return e, false
	}
	switch {
	case n.Err == nil:
	case t != nil:
		e.Err = t.engineError(n.Err, n.Detail)
	case e.Kind == EventWarning:
		e.Err = &Error{Code: n.Err.Code, Err: n.Detail}
	}
	return e, true
}

// moved takes a task to its new state, and reports that there is something to
// tell. The caller holds mu.
func (c *Client) moved(t *Task, n *driver.Note, e *Event) bool {
	if !n.State.Ended() && n.State != StatePaused {
		c.again(t)
	}
	if _, alive := c.tasks[t]; !alive {
		return false // dropped after it had failed
	}
	t.state = n.State
	switch n.State {
	case StateHolding:
		c.holding(t)
	case StatePaused:
		if t.failure != nil { // given up, but not what was sent
			e.State = StateFailed
			c.failed[t] = struct{}{}
			c.finish(t, Result{}, t.failure)
		}
	case StateConflict:
		if n.Err != nil {
			e.Err = t.engineError(n.Err, n.Detail)
		}
	case StateDone:
		c.finish(t, t.stored(&n.Result), nil)
	case StateSkipped:
		c.finish(t, t.skipped(), nil)
	case StateFailed:
		c.failed[t] = struct{}{}
		c.finish(t, Result{}, t.engineError(n.Err, n.Detail))
	case StateCancelled:
		c.cancelled(t, e)
	}
	if t.err != nil {
		e.Err = t.err
	}
	return true
}

// cancelled ends a task that the engine was told to drop. Why is known here
// only. The caller holds mu.
func (c *Client) cancelled(t *Task, e *Event) {
	switch {
	case t.failure != nil:
	case c.closing != "":
		t.failure = t.fault(c.closing, nil)
	default:
		t.failure = t.fault(CodeCancelled, context.Canceled)
	}
	if t.failure.Code != CodeCancelled {
		e.State = StateFailed
	}
	c.finish(t, Result{}, t.failure)
}

// allMoved takes every task to the state that it has now, after something was
// done to all. The caller holds mu.
func (c *Client) allMoved() []Event {
	var moved []*Task
	for _, from := range []map[*Task]struct{}{c.tasks, c.failed} {
		for t := range from {
			if t.Progress().State != t.state {
				moved = append(moved, t)
			}
		}
	}
	slices.SortFunc(moved, func(a, b *Task) int { return cmp.Compare(a.order, b.order) })
	var events []Event
	for _, t := range moved {
		n := driver.Note{Kind: engine.ActNoteState, State: t.Progress().State}
		if n.State != StateQueued && n.State != StatePaused && n.State != StateCancelled {
			continue // its own note is on its way
		}
		if e, ok := c.translate(t, &n); ok {
			events = append(events, e)
		}
	}
	return events
}

// maxEvents is how many events are kept for a reader of Task.Events that is
// slow: of more, the oldest are dropped.
const maxEvents = 1024

// watcher is one reader of Task.Events. The client's mu guards events.
type watcher struct {
	events []Event
	woken  chan struct{} // capacity 1
}

func (w *watcher) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// publish gives e to whoever reads t's events. The caller holds the client's
// mu.
func (t *Task) publish(e Event) {
	for _, w := range t.watchers {
		if len(w.events) == maxEvents {
			w.events = slices.Delete(w.events, 0, 1)
		}
		w.events = append(w.events, e)
		w.wake()
	}
}

// progressInterval is how often Task.Events looks whether bytes have moved.
const progressInterval = 100 * time.Millisecond

// Events returns what happens to the upload from now on, until it has ended:
// first the state that it is in, then events in order, and in between, ten times
// a second at most, its progress. A reader that is 1,024 events behind misses
// the oldest.
func (t *Task) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		w := &watcher{woken: make(chan struct{}, 1)}
		t.watch(w)
		defer t.unwatch(w)
		tick := time.NewTicker(progressInterval)
		defer tick.Stop()
		var told Progress
		for {
			events, over := t.take(w)
			for _, e := range events {
				if !yield(e) {
					return
				}
			}
			if over {
				return
			}
			select {
			case <-w.woken:
			case <-tick.C:
				if now := t.Progress(); now != told {
					told = now
					if !yield(Event{Kind: EventProgress, Task: t, Progress: now}) {
						return
					}
				}
			}
		}
	}
}

// watch has w told of t's events, beginning with the state that t is in.
func (t *Task) watch(w *watcher) {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	t.watchers = append(t.watchers, w)
	e := Event{Kind: EventState, Task: t, State: t.state}
	if t.err != nil {
		e.Err = t.err
	}
	w.events = append(w.events, e)
}

func (t *Task) unwatch(w *watcher) {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	t.watchers = slices.DeleteFunc(t.watchers, func(x *watcher) bool { return x == w })
}

// take returns the events that have come, and whether there will be no more.
func (t *Task) take(w *watcher) (events []Event, over bool) {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	events, w.events = w.events, nil
	_, alive := t.client.tasks[t]
	return events, !alive
}
