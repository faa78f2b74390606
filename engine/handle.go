package engine

import (
	"errors"
	"slices"

	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// What a driver can do wrong.
var (
	ErrNoFile    = errors.New("no such file")
	ErrNoRequest = errors.New("no such request is under way")
	ErrNoObject  = errors.New("a description without an object")
	ErrSize      = errors.New("size is negative")
	ErrFull      = errors.New("too many files")
	ErrEvent     = errors.New("no such event")
)

// Handle takes one event. An error means that the driver, or whoever uses it,
// is wrong: the event changed nothing. For EvCredentials it is one of package
// cred's, which says what is wrong with them.
func (e *Engine) Handle(now Now, ev *Event) error {
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
		return e.answered(ev)
	case EvBroke:
		return e.broke(ev)
	case EvCredentials:
		return e.credentials(now, ev)
	case EvRefreshFailed:
		e.keeper.Failed(now.Wall)
		e.changed++
		return nil
	case EvExpire:
		e.keeper.Expire(now.Wall)
		e.changed++
		return nil
	case EvCancel:
		return e.cancel(ev.File)
	}
	return ErrEvent
}

func (e *Engine) added(files []Spec) error {
	if len(files) > queue.MaxFiles-e.table.Len() {
		return ErrFull
	}
	for _, f := range files {
		if f.Size < 0 {
			return ErrSize
		}
	}
	for _, f := range files {
		e.table.Add(f.Size, queue.ClassSmall, f.Priority)
		e.size += f.Size
	}
	e.changed++
	return nil
}

// described gives an active file its object and its plan. A file that was
// cancelled while it was being described is no longer waited for.
func (e *Engine) described(ev *Event) error {
	if !e.table.Has(ev.File) {
		return ErrNoFile
	}
	if ev.Object == nil {
		return ErrNoObject
	}
	s := e.slotOf(ev.File)
	if s == nil || s.step != stepDescribed {
		return nil
	}
	s.object = *ev.Object
	s.object.Metadata = slices.Clone(ev.Object.Metadata)
	s.object.Tags = slices.Clone(ev.Object.Tags)
	if err := s.object.Validate(); err != nil {
		e.fail(s, inputError(err))
		return nil
	}
	plan, ok := queue.NewPlan(e.table.Size(ev.File), e.config.PartSize, e.config.MultipartThreshold)
	if !ok {
		e.fail(s, Error{Code: CodeFileTooLarge})
		return nil
	}
	s.plan = plan
	e.changed++
	if plan.Parts > 0 && !s.checksumInParts() {
		e.fail(s, Error{Code: s3.CodeChecksum, Message: "a file that goes up in parts takes a CRC of the whole, not a hash"})
		return nil
	}
	if plan.Parts == 0 {
		s.enter(stepPut)
		return nil
	}
	s.parts.reset(plan.Parts)
	s.enter(stepCreate)
	return nil
}

func (e *Engine) undescribed(ev *Event) error {
	if !e.table.Has(ev.File) {
		return ErrNoFile
	}
	if s := e.slotOf(ev.File); s != nil && s.step == stepDescribed {
		e.fail(s, Error{Code: ev.Cause.code()})
	}
	return nil
}

// sentMore counts bytes of files given to the network. Reports that come after
// the request's end, or go back, are what XHR does and mean nothing.
func (e *Engine) sentMore(ev *Event) error {
	r := e.find(ev.Req)
	if r == nil || r.send.Body != nil || ev.Bytes <= r.sent {
		return nil
	}
	bytes := min(ev.Bytes, r.length)
	e.sent += bytes - r.sent
	r.sent = bytes
	e.changed++
	return nil
}

func (e *Engine) credentials(now Now, ev *Event) error {
	if ev.Credentials == nil {
		e.keeper.Failed(now.Wall)
		return nil
	}
	e.changed++
	return e.keeper.Set(now.Wall, *ev.Credentials)
}

// cancel drops a file. Once the store has been asked to join its parts it is
// too late, since nobody could say whether the object exists: the file then
// ends as the store's answer says.
func (e *Engine) cancel(file FileID) error {
	if !e.table.Has(file) {
		return ErrNoFile
	}
	if e.table.State(file).Ended() {
		return nil
	}
	s := e.slotOf(file)
	if s != nil && s.step == stepComplete && s.asked {
		return nil
	}
	e.size -= e.table.Size(file)
	e.setState(file, queue.StateCancelled)
	if s != nil {
		e.letGo(s)
	}
	return nil
}

// fail gives the file up and tells why.
func (e *Engine) fail(s *slot, err Error) {
	e.table.SetState(s.file, queue.StateFailed)
	e.changed++
	e.notes.add(note{kind: ActNoteState, file: s.file, state: queue.StateFailed, err: err, failed: true})
	e.letGo(s)
}

// letGo ends an active file: its requests are broken off, except the one that
// creates a multipart upload, whose answer alone tells what to abort.
func (e *Engine) letGo(s *slot) {
	e.acknowledged -= s.acknowledged
	s.acknowledged = 0
	creating := s.step == stepCreate && s.asked
	for i := range e.requests {
		if r := &e.requests[i]; r.live && &e.slots[r.slot] == s && !creating {
			r.breakOff = !r.broken
		}
	}
	if creating {
		s.step = stepEnd
		return
	}
	s.end()
	e.release(s)
}

// release frees an ended slot as soon as nothing of it is under way.
func (e *Engine) release(s *slot) {
	if s.step == stepEnd && s.inFlight == 0 {
		s.step = stepFree
		s.object = s3.Object{}
		e.active--
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
}
