package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
)

// note is one thing to tell people, or to have done by the journal, kept until
// Poll hands it out.
type note struct {
	kind     ActionKind
	file     FileID
	part     uint16
	state    State
	reason   cred.Reason
	result   Result
	err      Error
	failed   bool // err counts
	name     string
	record   []byte
	uploadID string
	delay    int64
}

// notes is a queue of notes. A turn makes a few a request; Poll drains it.
type notes struct {
	list []note
	next int
	told note // what the last Poll pointed to
}

func (n *notes) add(x note) { n.list = append(n.list, x) }

func (n *notes) poll(act *Action) bool {
	if n.next == len(n.list) {
		return false
	}
	n.told = n.list[n.next]
	n.list[n.next] = note{}
	n.next++
	if n.next == len(n.list) {
		n.list, n.next = n.list[:0], 0
	}
	told := &n.told
	*act = Action{
		Kind: told.kind, File: told.file, Part: told.part, State: told.state, Reason: told.reason,
		Name: told.name, Record: told.record, UploadID: told.uploadID, Delay: told.delay,
	}
	if told.failed {
		act.Err = &told.err
	}
	if told.kind == ActNotePart || told.kind == ActNoteResumed || told.kind == ActNoteState && told.state == queue.StateDone {
		act.Result = &told.result
	}
	return true
}

// setState moves file to state and tells so.
func (e *Engine) setState(file FileID, state State) {
	if e.table.State(file) == state {
		return
	}
	e.table.SetState(file, state)
	e.changed++
	e.notes.add(note{kind: ActNoteState, file: file, state: state})
}

// warnings are the codes that are said once a session.
var warnings = [...]string{WarnETagHidden, WarnClock, WarnJournal, WarnUnverified}

// warn says once a session that something should be put right.
func (e *Engine) warn(file FileID, err Error, millis int64) {
	for i, code := range warnings {
		if code != err.Code {
			continue
		}
		if e.warned&(1<<i) != 0 {
			return
		}
		e.warned |= 1 << i
	}
	e.notes.add(note{kind: ActNoteWarning, file: file, err: err, failed: true, delay: millis})
}

// show makes a file's state say what its slot is about.
func (e *Engine) show(s *slot) {
	if s.step == stepFree || s.job != jobFile || s.step >= stepAbort || s.step == stepList && s.listing == listGone ||
		e.table.State(s.file).Ended() {
		return
	}
	e.setState(s.file, e.shown(s))
}

func (e *Engine) showAll() {
	for i := range e.slots {
		e.show(&e.slots[i])
	}
}

func (e *Engine) shown(s *slot) State {
	deciding := s.step == stepComplete || s.step == stepHead || s.step == stepList && s.listing != listResume
	switch {
	case s.resting:
		return queue.StatePaused
	case e.offline:
		return queue.StateOffline
	case e.held && s.ready(e.mono):
		return queue.StateHolding
	case len(s.setbacks) > 0 && s.inFlight == 0 && !s.ready(e.mono):
		return queue.StateThrottled
	case deciding:
		return queue.StateCompleting
	case s.step == stepHash:
		return queue.StateHashing
	}
	return queue.StateUploading
}
