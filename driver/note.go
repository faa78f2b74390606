package driver

import (
	"bytes"
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
)

// Note is one thing to tell people: an engine's note, with what this driver
// knows beside it. It is a copy.
type Note struct {
	Kind     engine.ActionKind // one of the ActNote constants
	File     engine.FileID
	Source   Source // of File; nil where there is none, and of an orphan of long ago
	State    engine.State
	Part     uint16
	Reason   cred.Reason
	Result   engine.Result
	Err      *engine.Error
	Name     string
	UploadID string
	Delay    int64 // milliseconds

	// Detail is what the source, the transport, the journal or Options.Refresh
	// said, where Err or Reason came of that; else nil.
	Detail error
}

// maxNotes bounds the notes kept while the engine is polled. Notify runs
// without the lock, so that it may call the driver.
const maxNotes = 256

// note keeps a note until the lock is released, and does what follows from it
// for what is remembered. The caller holds mu.
func (d *Driver) note(act *engine.Action) {
	n := Note{
		Kind: act.Kind, File: act.File, State: act.State, Part: act.Part, Reason: act.Reason,
		Name: strings.Clone(act.Name), UploadID: strings.Clone(act.UploadID), Delay: act.Delay,
	}
	if act.Result != nil {
		n.Result = *act.Result
		n.Result.Digest = bytes.Clone(n.Result.Digest)
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
	}
	switch act.Kind {
	case engine.ActNoteState:
		if n.Err != nil && n.Err.Code == cred.ErrExpired.Code() {
			n.Detail = d.asking
		}
		d.move(act.File, act.State)
	case engine.ActNoteOrphan:
		if f := d.file(act.File); f != nil {
			f.uploads = false // nobody will try again
		}
	case engine.ActNotePart:
		if f := d.file(act.File); f != nil && f.stream != nil {
			f.stream.drop(act.Part)
		}
	case engine.ActNoteAll:
		d.moveAll()
	case engine.ActNoteHold:
		if act.Reason == cred.ReasonRefreshFailed {
			n.Detail = d.asking
		}
	case engine.ActNoteSwept:
		d.swept(n.UploadID, n.Err != nil)
	case engine.ActNoteWarning:
		if n.Err != nil && n.Err.Code == engine.WarnRecord && n.Name != "" {
			d.enqueue(n.Name, entry{file: engine.NoFile})
		}
	}
	d.notes = append(d.notes, n)
}

// aboutFile reports that File counts in a note of kind k.
func aboutFile(k engine.ActionKind) bool {
	switch k {
	case engine.ActNoteHold, engine.ActNoteRelease, engine.ActNoteAll, engine.ActNoteSwept, engine.ActNoteSweepEnd:
		return false
	}
	return true
}

// move puts a file where files in its state are remembered. The caller holds
// mu.
func (d *Driver) move(id engine.FileID, s engine.State) {
	f := d.file(id)
	if f == nil {
		return
	}
	delete(d.live, id)
	delete(d.failed, id)
	delete(d.ended, id)
	f.uploads = f.uploads && s != queue.StateDone
	switch {
	case !s.Ended():
		d.live[id] = f
	case s == queue.StateFailed:
		d.failed[id] = f
	case f.begun:
		d.ended[id] = f
	}
	if s.Ended() && f.stream != nil {
		f.stream.end()
	}
	if s.Ended() || s == queue.StatePaused || s == queue.StateQueued {
		f.dropSnapshot()
	}
}

// moveAll is move for every file whose state a note about all has changed. The
// caller holds mu.
func (d *Driver) moveAll() {
	for _, from := range []map[engine.FileID]*file{d.live, d.failed} {
		for id := range from {
			info, _ := d.engine.File(id)
			d.move(id, info.State)
		}
	}
}

// forget drops the files that have ended and have nothing under way nor to be
// aborted. The caller holds mu.
func (d *Driver) forget() {
	for id, f := range d.ended {
		if f.flights == 0 && !f.uploads {
			delete(d.ended, id)
		}
	}
}
