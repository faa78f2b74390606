package driver

import (
	"errors"
	"slices"
	"strings"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
)

// entry is one thing that is asked of the journal.
type entry struct {
	kind  engine.ActionKind // 0: SetAside
	file  engine.FileID
	bytes []byte

	// loaded, if any, gets what ActLoad has brought instead of the engine, which
	// did not ask. It is called with mu held.
	loaded func(record []byte, err error)
}

// remember has the journal do what act asks for, once all that was asked for
// before of the same record is done. The caller holds mu.
func (d *Driver) remember(act *engine.Action) {
	d.enqueue(act.Name, entry{kind: act.Kind, file: act.File, bytes: slices.Clone(act.Record)})
}

func (d *Driver) enqueue(name string, e entry) {
	name = strings.Clone(name)
	waiting, busy := d.ledger[name]
	d.ledger[name] = append(waiting, e)
	if !busy {
		d.work.Go(func() { d.keep(name) })
	}
}

// keep does what is asked of one record until there is nothing left.
func (d *Driver) keep(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.ledger[name]) > 0 {
		next := d.ledger[name][0]
		d.ledger[name] = d.ledger[name][1:]
		d.mu.Unlock()
		ev, err := next.perform(d.options.Journal, name)
		d.mu.Lock()
		if f := d.file(next.file); f != nil {
			f.heard(next.kind, &ev, err)
		}
		d.opened(name, next.kind, err)
		switch {
		case next.loaded != nil:
			next.loaded(ev.Record, err)
		case ev.Kind != 0:
			d.must(&ev)
		}
	}
	delete(d.ledger, name)
	d.nudge() // a closing driver waits for this
}

// perform returns the event that answers e, and what the journal said. Only a
// failure to load or to save is the engine's business.
func (e *entry) perform(j Journal, name string) (engine.Event, error) {
	var err error
	ev := engine.Event{Kind: engine.EvSaved, File: e.file}
	switch e.kind {
	case engine.ActLoad:
		ev.Kind = engine.EvLoaded
		ev.Record, err = j.Load(name)
	case engine.ActSave:
		err = j.Save(name, e.bytes)
	case engine.ActAppend:
		err = j.Append(name, e.bytes)
	case engine.ActForget:
		err = j.Forget(name)
	case engine.ActUnlock:
		return engine.Event{}, j.Unlock(name)
	default:
		return engine.Event{}, j.SetAside(name)
	}
	switch {
	case errors.Is(err, ErrLocked):
		ev.Cause = engine.CauseLocked
	case err != nil:
		ev.Cause = engine.CauseStorage
	}
	return ev, err
}

// heard notes whether the journal has a record of the file now. The caller
// holds the driver's mu.
func (f *file) heard(kind engine.ActionKind, ev *engine.Event, err error) {
	switch {
	case err != nil:
		f.broke = err
	case kind == engine.ActLoad:
		f.saved = ev.Record != nil
		f.uploads = f.saved
	case kind == engine.ActSave:
		f.saved = true
	case kind == engine.ActForget:
		f.saved = false
	}
}

// opened keeps count of the records that this driver has open. The caller
// holds mu.
func (d *Driver) opened(name string, kind engine.ActionKind, err error) {
	switch {
	case kind == engine.ActLoad && err == nil:
		d.open[name] = true
	case kind == engine.ActForget, kind == engine.ActUnlock:
		delete(d.open, name)
	}
}

// closeRecords gives up what is still open when the driver has ended: the
// engine did not come to it.
func (d *Driver) closeRecords() {
	for name := range d.open {
		d.options.Journal.Unlock(name)
	}
	clear(d.open)
}

// ErrNoRecord says that the journal has no record of that name.
var ErrNoRecord = errors.New("there is no record of such an upload")

// Abandon has the multipart upload that record name describes aborted at the
// store, and then the record forgotten. It returns the upload's ID: a note of
// kind ActNoteSwept tells how that went. It fails with ErrLocked while somebody
// uploads it, with ErrNoRecord, and with journal.ErrCorrupt, after which the
// damaged record is out of the way.
func (d *Driver) Abandon(name string) (uploadID string, err error) {
	over := make(chan struct{})
	loaded := func(record []byte, failed error) {
		defer close(over)
		if err = failed; err != nil {
			return
		}
		if uploadID, err = d.abandon(name, record); err != nil {
			d.enqueue(name, entry{kind: engine.ActUnlock, file: engine.NoFile})
		}
	}
	d.mu.Lock()
	if d.closing != nil {
		d.mu.Unlock()
		return "", ErrClosed
	}
	d.enqueue(name, entry{kind: engine.ActLoad, file: engine.NoFile, loaded: loaded})
	d.mu.Unlock()
	<-over
	return uploadID, err
}

// abandon tells the engine of a record that was loaded for it. The caller holds
// mu.
func (d *Driver) abandon(name string, record []byte) (uploadID string, err error) {
	if record == nil {
		return "", ErrNoRecord
	}
	var r journal.Record
	if _, err := journal.Parse(record, &r); err != nil {
		if errors.Is(err, journal.ErrCorrupt) {
			d.enqueue(name, entry{file: engine.NoFile})
		}
		return "", err
	}
	if err := d.handle(&engine.Event{Kind: engine.EvAbandon, Name: name, Record: record}); err != nil {
		return "", err
	}
	d.abandoned[r.UploadID] = name
	return r.UploadID, nil
}

// swept gives up the record of an upload that Abandon could not have aborted;
// the engine has forgotten it otherwise. The caller holds mu.
func (d *Driver) swept(uploadID string, failed bool) {
	name, ok := d.abandoned[uploadID]
	if !ok {
		return
	}
	delete(d.abandoned, uploadID)
	if failed {
		d.enqueue(name, entry{kind: engine.ActUnlock, file: engine.NoFile})
	}
}
