package engine

import (
	"bytes"
	"errors"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// loaded takes what the journal has of an upload.
func (e *Engine) loaded(ev *Event) error {
	s := e.loading(ev)
	if s == nil {
		return nil
	}
	e.changed++
	s.loading, s.unsaved = false, 0
	switch {
	case s.step != stepLoad:
		s.open = ev.Cause == 0
		e.release(s)
	case s.job == jobDiscard:
		e.discarded(s, ev)
	case ev.Cause == CauseLocked:
		s.name = ""
		e.fail(s, Error{Code: CodeInUse})
	case ev.Cause != 0:
		s.name = ""
		e.table.Unpark(s.file) // its record stays, for a later session
		e.warn(s.file, Error{Code: WarnJournal}, 0)
		e.beginParts(s)
	default:
		s.open, s.onDisk = true, ev.Record != nil
		e.table.Unpark(s.file)
		e.resumeFrom(s, ev.Record, ev.Trusted && e.config.FailFirst)
	}
	e.show(s)
	return nil
}

// loading returns the slot that waits for ev.
func (e *Engine) loading(ev *Event) *slot {
	for i := range e.slots {
		if s := &e.slots[i]; s.loading && s.file == ev.File {
			return s
		}
	}
	return nil
}

// resumeFrom goes on with the upload that record describes, if there is one and
// the file and what it is to be stored as are the same as then. trusted: this
// session wrote it, so that the parts need not be listed.
func (e *Engine) resumeFrom(s *slot, record []byte, trusted bool) {
	if record == nil {
		e.beginParts(s)
		return
	}
	var r journal.Record
	whole, err := journal.Parse(record, &r)
	if errors.Is(err, journal.ErrVersion) {
		// Of use to whoever wrote it: this run goes without.
		e.warn(s.file, Error{Code: WarnJournal}, 0)
		e.closeRecord(s, false)
		s.name = ""
		e.beginParts(s)
		return
	}
	if err != nil {
		e.notes.add(note{kind: ActNoteWarning, file: s.file, err: Error{Code: WarnRecord}, failed: true, name: s.name})
		e.beginParts(s)
		return
	}
	s.recorded = true
	s.uploadID, s.late = r.UploadID, true // what the earlier run sent may still be on its way
	parts := (r.Source.Size + r.PartSize - 1) / max(r.PartSize, 1)
	if r.Source != s.source || r.Source.Size != e.table.Size(s.file) || !e.config.FailFirst && !sameObject(s, &r) ||
		r.Algorithm != s.object.Algorithm || r.PartSize < e.config.leastPart() || parts < 1 || parts > s3.MaxParts ||
		!s.claim(&r, uint16(parts)) {
		// Nothing of that upload is of use: it is aborted under its own key.
		s.object.Key = r.Object.Key
		s.again = true
		s.enter(stepAbort)
		return
	}
	s.object.Key = r.Object.Key
	s.plan = queue.Plan{Size: r.Source.Size, PartSize: r.PartSize, Parts: uint16(parts)}
	s.frames = len(r.Parts)
	if int64(s.parts.list.Count()) == parts && !e.config.FailFirst {
		s.joining, s.joinedFrom = true, e.mono // by the earlier run, which had every part
	}
	if !whole {
		// Nothing may be added behind a torn end: it is written anew.
		s.unsaved++
		e.notes.add(note{kind: ActSave, file: s.file, name: s.name, record: r.Append(nil)})
	}
	s.list(listResume)
	if trusted {
		e.believe(s)
	}
}

// believe goes on with the parts that a record has, without the store's word:
// they were acknowledged in this very session, or the store does not list them
// and the driver wants it so.
func (e *Engine) believe(s *slot) {
	for n := uint16(1); s.parts.has(n); n++ {
		etag, digest := s.parts.list.Part(n)
		if etag == nil || string(etag) == nameless {
			continue
		}
		if s.parts.keep(n, string(etag), append([]byte(nil), digest...), false) != nil {
			s.parts.list.Drop(n)
			continue
		}
		_, length := s.plan.Range(n)
		s.acknowledged += length
		s.kept += length
		e.acknowledged += length
	}
	e.verified(s)
}

// claim takes down what a record says of the parts, which the store has yet to
// confirm, and reports whether it can be so.
func (s *slot) claim(r *journal.Record, parts uint16) bool {
	s.parts.reset(parts)
	for _, p := range r.Parts {
		etag := string(p.ETag)
		if etag == "" {
			etag = nameless
		}
		if p.Number < 1 || p.Number > parts || s.parts.list.Set(p.Number, etag, p.Digest) != nil {
			s.parts.reset(s.plan.Parts)
			return false
		}
	}
	return true
}

// sameObject reports that the object was to be stored with the same key,
// metadata and all. A key that a conflict changed may differ.
func sameObject(s *slot, r *journal.Record) bool {
	now := journal.Record{Object: s.object}
	then := journal.Record{Object: r.Object}
	if s.onConflict == ConflictRename {
		now.Object.Key = r.Object.Key
	}
	return bytes.Equal(now.Append(nil), then.Append(nil))
}

// save has the journal keep what is known of the upload. No part is sent
// before it is on disk.
func (e *Engine) save(s *slot) {
	r := journal.Record{
		Begun: int64(e.correct(e.raw)), Target: e.config.Target, Object: s.object, Source: s.source,
		UploadID: s.uploadID, PartSize: s.plan.PartSize, Algorithm: s.object.Algorithm,
	}
	for n := uint16(1); s.parts.has(n); n++ {
		if etag, digest := s.parts.list.Part(n); etag != nil {
			if string(etag) == nameless {
				etag = nil
			}
			r.Parts = append(r.Parts, journal.Part{Number: n, ETag: etag, Digest: digest})
		}
	}
	s.frames = len(r.Parts)
	s.unsaved++
	e.notes.add(note{kind: ActSave, file: s.file, name: s.name, record: r.Append(nil)})
}

// fits reports that the upload's record has room for what the driver said of
// the source. The upload ID, which is not known yet, is bounded elsewhere.
func (e *Engine) fits(s *slot) bool {
	r := journal.Record{Target: e.config.Target, Object: s.object, Source: s.source, PartSize: s.plan.PartSize, UploadID: "U"}
	return e.correct(e.raw) >= 0 && r.Fits()
}

// appendPart has the journal keep that a part is stored.
func (e *Engine) appendPart(s *slot, part uint16, etag string, digest []byte) {
	if !s.recorded {
		return
	}
	if s.frames++; s.torn || s.frames > journal.MaxFrames {
		s.torn = false
		e.save(s) // nothing may follow a torn entry, and old ones may be left out
		return
	}
	s.unsaved++
	p := journal.Part{Number: part, ETag: []byte(etag), Digest: digest}
	e.notes.add(note{kind: ActAppend, file: s.file, name: s.name, record: journal.AppendPart(nil, p)})
}

// saved takes the journal's word that a record is on disk, or is not.
func (e *Engine) saved(ev *Event) error {
	s := e.slotOf(ev.File)
	if s == nil || s.unsaved == 0 {
		return nil
	}
	s.unsaved--
	s.onDisk = s.onDisk || ev.Cause == 0
	if ev.Cause != 0 {
		s.torn = true
		e.warn(s.file, Error{Code: WarnJournal}, 0)
	}
	if s.unsaved > 0 || s.step != stepSave && s.step != stepPark {
		return nil
	}
	s.recorded = s.recorded || ev.Cause == 0
	if s.step == stepPark {
		e.release(s)
		return nil
	}
	s.enter(stepParts)
	e.show(s)
	return nil
}

// closeRecord gives the record up: for good when there is no upload any more,
// or as it is.
func (e *Engine) closeRecord(s *slot, forget bool) {
	switch {
	case s.name == "" || !s.open:
	case s.open && forget && (s.onDisk || s.unsaved > 0):
		e.notes.add(note{kind: ActForget, file: s.file, name: s.name})
	default:
		e.notes.add(note{kind: ActUnlock, file: s.file, name: s.name})
	}
	s.open, s.recorded, s.onDisk, s.unsaved = false, false, false, 0
}

// listed takes a page of the parts that the store has.
func (e *Engine) listed(s *slot, a *answer) {
	page, err := s3.ParseListParts(a.ev.Body, nil)
	if err != nil {
		e.invalid(s, a)
		return
	}
	if s.listing == listGone {
		e.remains(s)
		return
	}
	for i := range page.Parts {
		p := &page.Parts[i]
		if !s.parts.has(p.Number) {
			// A part that is not of this plan: the upload cannot be joined
			// everywhere with it in place.
			e.anew(s)
			return
		}
		for n := s.after + 1; n < p.Number; n++ {
			e.missing(s, n)
		}
		if page.Algorithm != s.object.Algorithm {
			p.Digest = nil
		}
		e.compare(s, p)
		s.after = p.Number
	}
	if s.listing != listProbe && !s.joining {
		s.overcome(0)
	}
	if page.NextPart != 0 {
		s.after = max(s.after, page.NextPart)
		return
	}
	for n := s.after + 1; s.parts.has(n); n++ {
		e.missing(s, n)
	}
	if s.taken {
		e.takenAway(s, a)
		return
	}
	e.verified(s)
}

// missing is told that the store does not have part n.
func (e *Engine) missing(s *slot, n uint16) {
	switch {
	case s.joining && (s.listing == listResume || s.listing == listProbe):
		s.taken = true
	case s.listing == listResume:
		s.parts.list.Drop(n)
	default:
		e.lose(s, n)
	}
}

// takenAway goes on when the store has been asked to join the parts, and lists
// some of them no more: it may be at it, and take them away one by one. To send
// them again would be in vain, so the parts are listed until the upload is gone,
// or until the store has had its time: then they are missing indeed.
func (e *Engine) takenAway(s *slot, a *answer) {
	why := s.listing
	s.taken = false
	if why == listResume {
		e.unkeep(s)
	}
	if e.stillJoining(s, a) {
		s.after = 0
		return
	}
	s.joining = false
	if why == listProbe {
		why = listRepair
	}
	s.list(why)
}

// unkeep undoes what was kept of an earlier run, but knows of the parts still.
func (e *Engine) unkeep(s *slot) {
	e.acknowledged -= s.acknowledged
	s.acknowledged, s.kept = 0, 0
	s.parts.unkeep()
}

// lose counts part n as not stored.
func (e *Engine) lose(s *slot, n uint16) {
	switch s.parts.state[n-1] {
	case partStored, partNameless, partKept, partFound:
		_, length := s.plan.Range(n)
		s.acknowledged -= length
		e.acknowledged -= length
		if s.kept >= length {
			s.kept -= length // an earlier run sent it, or another part like it
		} else {
			e.resent += length
		}
		s.parts.putBack(n)
	}
}

// compare holds a part that the store has against what is known of it: number,
// size, and ETag or checksum must be the same, else it is sent again.
func (e *Engine) compare(s *slot, p *s3.Part) {
	_, length := s.plan.Range(p.Number)
	etag, digest := s.parts.list.Part(p.Number)
	found := etag == nil && s.listing == listResume && len(p.Digest) != 0 && len(p.Digest) == s.object.Algorithm.Size()
	if found {
		// It was stored when the earlier run ended, which did not live to write it
		// down. What the store has digested is compared with the file.
		etag, digest = []byte(p.ETag), p.Digest
	}
	same := p.Size == length && etag != nil && (string(etag) == p.ETag || string(etag) == nameless)
	if len(p.Digest) != 0 && len(digest) != 0 && len(p.Digest) == len(digest) {
		same = same && bytes.Equal(p.Digest, digest)
	} else if string(etag) == nameless && len(digest) == 0 && s.listing == listResume {
		same = false
	}
	switch {
	case s.listing == listResume && !same:
		s.parts.list.Drop(p.Number)
	case s.listing == listResume:
		digest = append([]byte(nil), digest...)
		if s.parts.keep(p.Number, p.ETag, digest, len(digest) != 0) != nil {
			s.parts.list.Drop(p.Number)
			return
		}
		if found {
			s.parts.state[p.Number-1] = partFound
		}
		s.acknowledged += length
		s.kept += length
		e.acknowledged += length
	case !same:
		e.lose(s, p.Number)
	case s.parts.state[p.Number-1] == partNameless:
		if s.parts.named(p.Number, p.ETag) != nil {
			e.lose(s, p.Number)
		}
	}
}

// verified goes on when all parts have been listed.
func (e *Engine) verified(s *slot) {
	why := s.listing
	if why == listNames && !s.parts.done() {
		// The store lists other parts than it acknowledged.
		if s.repairs++; s.repairs > maxRepairs {
			e.fail(s, Error{Code: CodeCorrupted, Op: s3.OpListParts})
			return
		}
	}
	if why == listProbe && s.parts.done() && s.parts.nameless == 0 {
		// The upload is still there, so it was not completed.
		s.doubt = false
		s.step, s.asked = stepComplete, false
		return
	}
	if why == listResume && s.parts.stored > 0 {
		e.notes.add(note{
			kind: ActNoteResumed, file: s.file, part: s.parts.stored,
			result: Result{Bytes: s.acknowledged, Key: s.object.Key},
		})
	}
	if why != listResume && e.heed(s) {
		return
	}
	s.enter(stepParts)
	e.settle(s)
}

// listRefused goes on when the store does not list the parts, and reports that
// it knows how.
func (e *Engine) listRefused(s *slot, a *answer, refusal *s3.Error) bool {
	gone := refusal.Code == "NoSuchUpload" || refusal.Status == 404 && refusal.Code == ""
	switch {
	case gone && s.listing == listGone:
		e.over(s)
	case gone && (s.listing == listProbe || s.maybe || s.doubt):
		// Joined by a request that got no answer, perhaps: one that the store
		// was still at when another one found no parts any more, for instance.
		s.doubt = true
		s.enter(stepHead)
	case gone && s.listing == listResume && e.perhapsJoined(s):
	case gone:
		e.restart(s, &Error{Code: "NoSuchUpload", Op: a.op, Status: a.ev.Status, RequestID: refusal.RequestID})
	case refusal.Advice().Repeats():
		return false
	case s.listing == listGone && refusal.Code != "AccessDenied":
		return false
	case s.listing == listGone:
		e.over(s) // nobody may look; the abort itself succeeded
	case s.listing == listProbe:
		// Nobody may look: to join once more is safe, since a second time
		// finds either the upload or NoSuchUpload.
		s.step, s.asked = stepComplete, false
	case s.listing == listResume && e.config.FailFirst:
		e.believe(s)
	case s.listing == listResume:
		// The parts are there and may not be seen: begin anew.
		e.anew(s)
	case s.listing == listNames:
		err := a.failure(refusal)
		err.Code = CodeETagHidden
		e.fail(s, err)
	default:
		return false
	}
	return true
}

// perhapsJoined goes on with an upload that the store does not have any more,
// and whose record has every part: the earlier run may have ended just after it
// joined them. The parts are compared with the file, as if they were kept, and
// then the store is asked for the object: see settle.
func (e *Engine) perhapsJoined(s *slot) bool {
	for n := uint16(1); s.parts.has(n); n++ {
		if etag, _ := s.parts.list.Part(n); etag == nil {
			return false
		}
	}
	e.unkeep(s) // what an earlier page had
	for n := uint16(1); s.parts.has(n); n++ {
		etag, digest := s.parts.list.Part(n)
		digest = append([]byte(nil), digest...)
		if s.parts.keep(n, string(etag), digest, len(digest) != 0) != nil {
			return false
		}
	}
	s.acknowledged, s.kept = s.plan.Size, s.plan.Size
	e.acknowledged += s.plan.Size
	s.uploadID, s.doubt = "", true
	if !s.joining {
		s.joining, s.joinedFrom = true, e.mono
	}
	e.verified(s)
	return true
}

// park remembers a file whose upload is left in the journal, and reports that
// it could. What is stored of it counts on, unless it has ended.
func (e *Engine) park(s *slot) bool {
	bytes := s.acknowledged
	if e.table.State(s.file).Ended() {
		bytes = 0
	}
	return e.table.Park(s.file, bytes, s.name)
}

// errNoRecord is what is wrong with bytes that journal.Parse does not take.
func errNoRecord(err error) error { return errors.Join(ErrRecord, err) }
