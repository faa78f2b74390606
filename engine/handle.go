package engine

import (
	"errors"

	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// What a driver can do wrong.
var (
	ErrNoFile    = errors.New("no such file")
	ErrNoRequest = errors.New("no such request is under way")
	ErrNoObject  = errors.New("a description without an object")
	ErrSize      = errors.New("size is negative")
	ErrFull      = errors.New("too many files")
	ErrEvent     = errors.New("no such event")
	ErrChoice    = errors.New("a conflict is resolved by skip, rename or replace")
	ErrPriority  = errors.New("no such priority")
	ErrBusy      = errors.New("as many clean-ups as there can be are under way")
	ErrRecord    = errors.New("no record of an upload")
	ErrTarget    = errors.New("a record of an upload to another bucket")
	ErrClock     = errors.New("no time of this age")
)

// read takes a reading of the clocks: the monotonic one never goes back, the
// wall clock is corrected by what stores said of it.
func (e *Engine) read(now Now) Now {
	e.mono = max(e.mono, now.Mono)
	e.raw = now.Wall
	return Now{Mono: e.mono, Wall: e.correct(now.Wall)}
}

func (e *Engine) correct(wall sign.UnixMilli) sign.UnixMilli {
	return wall + sign.UnixMilli(e.skew)
}

// Handle takes one event. An error means that the driver, or whoever uses it,
// is wrong: the event changed nothing. For EvCredentials it is one of package
// cred's, which says what is wrong with them.
func (e *Engine) Handle(now Now, ev *Event) error {
	now = e.read(now)
	switch ev.Kind {
	case EvAdded:
		return e.added(ev.Files)
	case EvDescribed:
		return e.described(ev)
	case EvUndescribed:
		return e.undescribed(ev)
	case EvSent:
		return e.sentMore(ev)
	case EvAnswered:
		return e.answer(ev)
	case EvBroke:
		return e.broke(ev)
	case EvHashed:
		return e.hashed(ev)
	case EvSigned:
		return e.signed(ev)
	case EvRead:
		return e.readMore(ev)
	case EvLoaded:
		return e.loaded(ev)
	case EvSaved:
		return e.saved(ev)
	case EvTick:
		e.tick(now)
		return nil
	case EvSweep:
		return e.beginSweep(ev)
	case EvAbandon:
		return e.abandon(ev)
	case EvCredentials, EvRefreshFailed, EvExpire, EvClock:
		return e.identity(now, ev)
	}
	return e.wish(ev)
}

// wish takes what the user or the platform wants.
func (e *Engine) wish(ev *Event) error {
	e.changed++
	switch ev.Kind {
	case EvPauseAll:
		e.pauseAll()
	case EvResumeAll:
		e.askAnew()
		e.resumeAll()
	case EvRetryAll:
		e.askAnew()
		e.table.RetryAll()
		e.wakeSlots()
		e.notes.add(note{kind: ActNoteAll, file: NoFile, state: queue.StateQueued})
	case EvCancelAll:
		e.cancelAll()
	case EvOffline:
		e.goOffline()
	case EvOnline:
		e.goOnline()
		e.hurry()
	case EvCancel, EvPause, EvResume, EvRetry, EvPrioritize, EvResolve:
		if !e.table.Has(ev.File) {
			return ErrNoFile
		}
		return e.wishOfFile(ev)
	default:
		return ErrEvent
	}
	return nil
}

func (e *Engine) wishOfFile(ev *Event) error {
	switch ev.Kind {
	case EvCancel:
		e.cancel(ev.File)
	case EvPause:
		e.pause(ev.File)
	case EvResume:
		e.askAnew()
		e.resume(ev.File)
	case EvRetry:
		e.askAnew()
		e.retry(ev.File)
	case EvPrioritize:
		if ev.Priority > queue.PriorityLow {
			return ErrPriority
		}
		e.table.SetPriority(ev.File, ev.Priority)
		if s := e.slotOf(ev.File); s != nil {
			s.priority = ev.Priority
		}
	case EvResolve:
		return e.resolve(ev.File, ev.OnConflict)
	}
	return nil
}

func (e *Engine) added(files []Spec) error {
	if len(files) > queue.MaxFiles-e.table.Len() {
		return ErrFull
	}
	for _, f := range files {
		if f.Size < 0 && f.Size != UnknownSize {
			return ErrSize
		}
		if f.Priority > queue.PriorityLow {
			return ErrPriority
		}
	}
	for _, f := range files {
		class := queue.ClassSmall
		if f.Size == UnknownSize || f.Size >= e.config.MultipartThreshold {
			class = queue.ClassLarge
		}
		e.table.Add(f.Size, class, f.Priority)
	}
	e.askAnew()
	e.changed++
	return nil
}

// sentMore counts bytes of files given to the network. Reports that come after
// the request's end, or go back, are what XHR does and mean nothing.
func (e *Engine) sentMore(ev *Event) error {
	r := e.find(ev.Req)
	if r == nil || ev.Bytes <= r.sent {
		return nil
	}
	r.moved = e.mono
	if !r.carriesFile() {
		return nil
	}
	bytes := min(ev.Bytes, r.length)
	e.sent += bytes - r.sent
	e.given += bytes - r.sent
	r.sent = bytes
	e.changed++
	return nil
}

// identity takes what concerns credentials and the clock that judges them.
func (e *Engine) identity(now Now, ev *Event) error {
	e.changed++
	switch ev.Kind {
	case EvCredentials:
		return e.setCredentials(now, ev.Credentials)
	case EvRefreshFailed:
		e.refreshFailed(now)
	case EvExpire:
		e.keeper.Expire(now.Wall)
	case EvClock:
		if ev.Wall <= 0 {
			return ErrClock
		}
		e.skew = int64(ev.Wall - e.raw)
	}
	return nil
}

// cancel drops a file. Once the store has been asked to join its parts it is
// too late, since nobody could say whether the object exists: the file then
// ends as the store's answer says, but nothing is sent again for it. A file that failed may be dropped too, and
// with it the upload that was kept for another try.
func (e *Engine) cancel(file FileID) {
	state := e.table.State(file)
	s := e.slotOf(file)
	if state.Ended() && state != queue.StateFailed {
		return
	}
	if s != nil && s.deciding() {
		s.belated = wishDrop
		return
	}
	e.setState(file, queue.StateCancelled)
	e.table.SetMarks(file, 0)
	if s != nil {
		s.wake = false
		if !s.leaving() {
			e.letGo(s, false)
		}
	}
}

// retry lets a file that failed be tried again.
func (e *Engine) retry(file FileID) {
	if e.table.State(file) != queue.StateFailed {
		return
	}
	if s := e.slotOf(file); s != nil {
		s.wake = true
		return
	}
	e.goOn(file)
}

// heed does what the user wanted while it was too late, once it turns out that
// the file is not stored and would be sent again; it reports that it did.
func (e *Engine) heed(s *slot) bool {
	wish := s.belated
	s.belated = wishNone
	switch wish {
	case wishDrop:
		e.setState(s.file, queue.StateCancelled)
		e.table.SetMarks(s.file, 0)
		s.wake = false
	case wishRest:
		e.setState(s.file, queue.StatePaused)
	default:
		return false
	}
	e.letGo(s, wish == wishRest)
	return true
}

func (e *Engine) cancelAll() {
	for i := range e.slots {
		if s := &e.slots[i]; s.step != stepFree && s.job == jobFile && !e.table.State(s.file).Ended() {
			e.cancel(s.file)
		}
	}
	e.table.CancelAll()
	for i := range e.slots {
		if s := &e.slots[i]; s.step != stepFree && s.job == jobFile && s.deciding() && e.table.State(s.file) == queue.StateCancelled {
			e.table.SetState(s.file, queue.StateCompleting) // too late: see cancel
		}
	}
	e.notes.add(note{kind: ActNoteAll, file: NoFile, state: queue.StateCancelled})
}

// pause lets a file rest. One that goes up in parts leaves its slot, with a
// record in the journal; a stream, which cannot be opened twice, keeps it.
func (e *Engine) pause(file FileID) {
	state := e.table.State(file)
	s := e.slotOf(file)
	if s != nil {
		s.wake = false
	} else {
		e.table.Unwant(file)
	}
	if state.Ended() || state == queue.StatePaused || state == queue.StateConflict {
		return
	}
	if s != nil && s.deciding() {
		s.belated = max(s.belated, wishRest)
		return
	}
	if s != nil && (s.stream || s.uploadID != "" && !s.recorded && s.step != stepSave && !s.again) {
		s.resting = true
		e.breakOffSends(s)
		e.show(s)
		return
	}
	e.setState(file, queue.StatePaused)
	if s != nil {
		e.letGo(s, true)
	}
}

// resume lets a file go on that the user had paused.
func (e *Engine) resume(file FileID) {
	s := e.slotOf(file)
	if s != nil && s.belated == wishRest {
		s.belated = wishNone
	}
	switch {
	case e.table.State(file) != queue.StatePaused:
	case s == nil:
		e.goOn(file)
	case s.resting:
		e.unrest(s)
	default:
		s.wake = true
	}
}

// unrest lets a file go on that kept its slot while it rested.
func (e *Engine) unrest(s *slot) {
	s.resting = false
	if s.again {
		e.setState(s.file, queue.StateUploading) // a slot that aborts shows nothing
	}
	e.show(s)
}

func (e *Engine) pauseAll() {
	for i := range e.slots {
		if s := &e.slots[i]; s.step != stepFree && s.job == jobFile {
			e.pause(s.file)
		}
	}
	e.table.PauseAll()
	e.notes.add(note{kind: ActNoteAll, file: NoFile, state: queue.StatePaused})
}

func (e *Engine) resumeAll() {
	for i := range e.slots {
		if s := &e.slots[i]; s.belated == wishRest {
			s.belated = wishNone
		}
	}
	e.table.ResumeAll()
	e.wakeSlots()
	e.notes.add(note{kind: ActNoteAll, file: NoFile, state: queue.StateQueued})
}

// wakeSlots undoes what ResumeAll and RetryAll of the table, which make files
// queued, did to files that have a slot: they go on in it, or leave it first.
func (e *Engine) wakeSlots() {
	for i := range e.slots {
		s := &e.slots[i]
		if s.step == stepFree || s.job != jobFile || e.table.State(s.file) != queue.StateQueued {
			continue
		}
		e.table.SetState(s.file, queue.StatePaused)
		if s.resting {
			e.unrest(s)
			continue
		}
		s.wake = true
	}
}

// resolve ends the wait of a file whose key has an object already.
func (e *Engine) resolve(file FileID, how OnConflict) error {
	switch how {
	case ConflictSkip, ConflictRename, ConflictReplace:
	default:
		return ErrChoice
	}
	s := e.slotOf(file)
	switch {
	case e.table.State(file) != queue.StateConflict:
		return nil
	case how == ConflictSkip:
		e.setState(file, queue.StateSkipped)
		if s != nil && !s.leaving() {
			e.letGo(s, false)
		}
		return nil
	case how == ConflictRename:
		e.mark(file, markRename)
	default:
		e.mark(file, markReplace)
	}
	if s != nil {
		s.wake = true
		return nil
	}
	e.goOn(file)
	return nil
}

// What is remembered of a file until it begins anew; see queue.Table.SetMarks.
const (
	markDoubt  = 1 << iota // its object may be stored: see rememberDoubt
	markRename             // how the user resolved its conflict
	markReplace
)

func (e *Engine) mark(file FileID, mark uint8) {
	e.table.SetMarks(file, e.table.Marks(file)|mark)
}

// rememberDoubt keeps in mind that the key's object may be this file's own,
// where that decides about a conflict.
func (e *Engine) rememberDoubt(s *slot) {
	if s.job == jobFile && (s.doubt || s.maybe) && s.object.IfNoneMatch != "" {
		e.mark(s.file, markDoubt)
	}
}

func inputError(err error) Error {
	var wrong *s3.InputError
	if errors.As(err, &wrong) {
		return Error{Code: wrong.Code, Message: wrong.Field + " " + wrong.Problem}
	}
	return Error{Code: CodeKeyRefused}
}

func (c Cause) code() string {
	if int(c) < len(causeCodes) && causeCodes[c] != "" {
		return causeCodes[c]
	}
	return CodeUnreachable
}

var causeCodes = [...]string{
	CauseUnreachable:      CodeUnreachable,
	CauseOpaque:           CodeCORSBlocked,
	CauseOffline:          CodeOffline,
	CauseTimeout:          CodeTimeout,
	CauseTLS:              CodeTLSRefused,
	CauseSourceUnreadable: CodeSourceUnreadable,
	CauseSourceChanged:    CodeSourceChanged,
	CauseRefused:          CodeKeyRefused,
	CauseAnswerTooLarge:   CodeAnswerInvalid,
	CauseLocked:           CodeInUse,
	CauseStorage:          WarnJournal,
}
