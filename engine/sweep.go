package engine

import (
	"slices"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// sweep is the search for uploads that earlier runs left behind.
type sweep struct {
	wanted, running bool
	prefix          string
	before          sign.UnixMilli
	keep            []string

	page      []s3.Upload
	next      int // of page
	truncated bool
	key, id   string // markers of the next page
}

// The bounds of what is cleaned up.
const (
	maxAbandons = 1024
	maxKeep     = 1 << 16
)

// abandoned is an upload that is to be aborted, of no file of this session.
type abandoned struct {
	name string
	key  string
	id   string
}

// beginSweep queues a sweep; one at a time.
func (e *Engine) beginSweep(ev *Event) error {
	switch {
	case e.sweep.wanted || e.sweep.running || len(ev.Keep) > maxKeep:
		return ErrBusy
	case ev.Wall <= 0:
		return ErrClock
	case len(ev.Name) > s3.MaxKeyBytes:
		return ErrSize
	}
	e.sweep = sweep{wanted: true, prefix: ev.Name, before: ev.Wall, keep: slices.Clone(ev.Keep)}
	e.changed++
	return nil
}

// abandon queues the abort of the upload that a record describes.
func (e *Engine) abandon(ev *Event) error {
	if len(e.abandons) >= maxAbandons {
		return ErrBusy
	}
	var r journal.Record
	if _, err := journal.Parse(ev.Record, &r); err != nil {
		return errNoRecord(err)
	}
	if r.Target.Bucket != e.config.Target.Bucket || r.Target.Endpoint != e.config.Target.Endpoint {
		return ErrTarget
	}
	e.abandons = append(e.abandons, abandoned{ev.Name, r.Object.Key, r.UploadID})
	e.changed++
	return nil
}

// beginJob gives the next job a slot and reports that there was one.
func (e *Engine) beginJob() bool {
	if d, ok := e.nextDiscard(); ok {
		s := e.take(d.file, jobDiscard, stepLoad)
		s.name, s.loading = d.name, true
		e.notes.add(note{kind: ActLoad, file: d.file, name: d.name})
		return true
	}
	if len(e.abandons) > 0 {
		next := e.abandons[0]
		e.abandons = slices.Delete(e.abandons, 0, 1)
		s := e.take(NoFile, jobAbandon, stepAbort)
		s.name, s.object.Key, s.uploadID = next.name, next.key, next.id
		s.late = true // the run that began it may have ended just now
		return true
	}
	if e.sweep.wanted {
		e.sweep.wanted, e.sweep.running = false, true
		e.take(NoFile, jobSweep, stepSweep)
		return true
	}
	return false
}

// discard is an upload in the journal whose file was dropped.
type discard struct {
	file FileID
	name string // of the record
}

// nextDiscard returns the next one of whose file no slot is busy any more: of
// those that have to wait there are no more than slots.
func (e *Engine) nextDiscard() (discard, bool) {
	for i, d := range e.discards {
		if e.slotOf(d.file) == nil {
			e.discards = slices.Delete(e.discards, i, i+1)
			return d, true
		}
	}
	for {
		file, name, ok := e.table.NextDiscard()
		if !ok || e.slotOf(file) == nil {
			return discard{file, name}, ok
		}
		e.discards = append(e.discards, discard{file, name})
	}
}

// discarded goes on with the record of a cancelled file that had no slot.
func (e *Engine) discarded(s *slot, ev *Event) {
	var r journal.Record
	s.open, s.onDisk = ev.Cause == 0, ev.Record != nil
	if ev.Cause != 0 || ev.Record == nil {
		s.enter(stepEnd)
		e.release(s)
		return
	}
	s.recorded = true
	if _, err := journal.Parse(ev.Record, &r); err != nil {
		s.enter(stepEnd)
		e.release(s)
		return
	}
	s.object.Key, s.uploadID = r.Object.Key, r.UploadID
	s.late = true // parts of the slot it had may be on their way
	s.enter(stepAbort)
}

// abandoned tells what became of an upload that was to be aborted.
func (e *Engine) abandoned(s *slot, err *Error) {
	n := note{kind: ActNoteSwept, file: s.file, name: s.object.Key, uploadID: s.uploadID}
	if err != nil {
		n.err, n.failed = *err, true
		if s.job == jobDiscard {
			n.kind = ActNoteOrphan
		}
	} else if s.job == jobDiscard {
		return
	}
	if s.job == jobAbandon && err == nil && s.name != "" {
		e.notes.add(note{kind: ActForget, file: NoFile, name: s.name})
	}
	e.notes.add(n)
}

// wordSweep asks for the next page of uploads.
func (e *Engine) wordSweep(r *request) error {
	w := &e.sweep
	return e.address.ListMultipartUploads(&r.send, w.prefix, w.key, w.id, 0)
}

// swept takes a page of uploads that are under way.
func (e *Engine) swept(s *slot, a *answer) {
	w := &e.sweep
	page, err := s3.ParseListMultipartUploads(a.ev.Body, w.page[:0])
	if err != nil {
		e.invalid(s, a)
		return
	}
	w.page, w.next = page.Uploads, 0
	moved := page.NextKeyMarker != w.key || page.NextUploadIDMarker != w.id
	w.truncated = page.Truncated && moved
	w.key, w.id = page.NextKeyMarker, page.NextUploadIDMarker
	e.sweepOn(s)
}

// sweepOn aborts the next dead upload of the page, or asks for the next page.
func (e *Engine) sweepOn(s *slot) {
	w := &e.sweep
	for ; w.next < len(w.page); w.next++ {
		u := &w.page[w.next]
		alive := u.Initiated == 0 || u.Initiated >= int64(w.before) || slices.Contains(w.keep, u.UploadID) || e.uploading(u.UploadID)
		if alive || !hasPrefix(u.Key, w.prefix) {
			continue
		}
		w.next++
		s.object = s3.Object{Key: u.Key}
		s.uploadID, s.late = u.UploadID, false
		s.enter(stepAbort)
		return
	}
	if w.truncated {
		s.enter(stepSweep)
		return
	}
	e.sweepEnd(s, nil)
}

// uploading reports that an upload is one of this session's.
func (e *Engine) uploading(id string) bool {
	for i := range e.slots {
		if s := &e.slots[i]; s.step != stepFree && s.job != jobSweep && s.uploadID == id {
			return true
		}
	}
	return false
}

// sweptOne tells what became of one upload, and goes on.
func (e *Engine) sweptOne(s *slot, err *Error) {
	w := &e.sweep
	n := note{kind: ActNoteSwept, file: NoFile, name: s.object.Key, uploadID: w.page[w.next-1].UploadID}
	if err != nil {
		n.err, n.failed = *err, true
	}
	e.notes.add(n)
	s.uploadID = ""
	e.sweepOn(s)
}

func (e *Engine) sweepEnd(s *slot, err *Error) {
	n := note{kind: ActNoteSweepEnd, file: NoFile, name: e.sweep.prefix}
	if err != nil {
		n.err, n.failed = *err, true
	}
	e.notes.add(n)
	e.sweep = sweep{}
	s.uploadID = ""
	s.enter(stepEnd)
	e.release(s)
}

// jobFailed ends a job whose request has failed for good.
func (e *Engine) jobFailed(s *slot, err Error) {
	if s.job == jobSweep && s.step == stepSweep {
		e.sweepEnd(s, &err)
		return
	}
	e.orphan(s, err)
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }
