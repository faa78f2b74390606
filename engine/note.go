package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
)

// note is one thing to tell people, kept until Poll hands it out.
type note struct {
	kind   ActionKind
	file   FileID
	part   uint16
	state  State
	reason cred.Reason
	result Result
	err    Error
	failed bool
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
	*act = Action{Kind: told.kind, File: told.file, Part: told.part, State: told.state, Reason: told.reason}
	if told.failed {
		act.Err = &told.err
	}
	if told.kind == ActNotePart || told.kind == ActNoteState && told.state == queue.StateDone {
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
