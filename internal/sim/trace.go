package sim

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// trace is everything that goes into the engine and comes out of it, as a hash
// that is always kept and, where somebody reads it, as lines.
type trace struct {
	hash uint64
	out  *bufio.Writer // nil: nobody reads
}

func newTrace(to io.Writer) trace {
	t := trace{hash: 0xcbf29ce484222325}
	if to != nil {
		t.out = bufio.NewWriter(to)
	}
	return t
}

// number and text add to the hash: FNV-1a by eight bytes and by one.
func (t *trace) number(n uint64) { t.hash = (t.hash ^ n) * 0x100000001b3 }

func (t *trace) text(s string) {
	t.number(uint64(len(s)))
	for i := 0; i < len(s); i++ {
		t.hash = (t.hash ^ uint64(s[i])) * 0x100000001b3
	}
}

// line says something to whoever reads.
func (w *World) line(format string, args ...any) {
	if w.trace.out != nil {
		seconds, millis := w.now/1000, w.now%1000
		fmt.Fprintf(w.trace.out, "%6d:%02d.%03d  ", seconds/60, seconds%60, millis)
		fmt.Fprintf(w.trace.out, format, args...)
		w.trace.out.WriteByte('\n')
	}
}

// told notes an event that the engine is given, before it is.
func (w *World) told(s *session, ev *engine.Event) {
	t := &w.trace
	now := s.now()
	t.number(uint64(ev.Kind))
	t.number(uint64(now.Mono))
	t.number(uint64(now.Wall))
	t.number(uint64(ev.File))
	t.number(uint64(ev.Req))
	t.number(uint64(ev.Bytes))
	t.number(uint64(ev.Status))
	t.number(uint64(ev.Cause))
	t.text(string(ev.Digest))
	t.text(string(ev.Record))
	t.text(string(ev.Body))
	if t.out != nil && ev.Kind != engine.EvTick {
		w.line("%d > %s", s.number, describeEvent(s, ev))
	}
}

// asked notes an action.
func (w *World) asked(s *session, a *engine.Action) {
	t := &w.trace
	t.number(uint64(a.Kind) | 1<<32)
	t.number(uint64(a.File))
	t.number(uint64(a.Req))
	t.number(uint64(a.Part))
	t.number(uint64(a.Offset))
	t.number(uint64(a.Length))
	t.number(uint64(a.State))
	t.number(uint64(a.Delay))
	t.text(a.Name)
	t.text(string(a.Record))
	t.text(string(a.Draft.Text))
	if a.Send != nil {
		t.text(a.Send.Path)
		t.text(string(a.Send.Authorization))
		for _, f := range a.Send.Query {
			t.text(f.Value)
		}
	}
	if a.Err != nil {
		t.text(a.Err.Code)
	}
	if t.out != nil {
		w.line("%d   < %s", s.number, describeAction(s, a))
	}
}

var eventNames = [...]string{
	engine.EvAdded: "added", engine.EvDescribed: "described", engine.EvUndescribed: "undescribed", engine.EvSent: "sent",
	engine.EvAnswered: "answered", engine.EvBroke: "broke", engine.EvCredentials: "credentials",
	engine.EvRefreshFailed: "refresh failed", engine.EvExpire: "expire", engine.EvCancel: "cancel", engine.EvTick: "tick",
	engine.EvHashed: "hashed", engine.EvRead: "read", engine.EvLoaded: "loaded", engine.EvSaved: "saved",
	engine.EvPause: "pause", engine.EvResume: "resume", engine.EvRetry: "retry", engine.EvPrioritize: "prioritize",
	engine.EvPauseAll: "pause all", engine.EvResumeAll: "resume all", engine.EvRetryAll: "retry all",
	engine.EvCancelAll: "cancel all", engine.EvOffline: "offline", engine.EvOnline: "online", engine.EvClock: "clock",
	engine.EvResolve: "resolve", engine.EvSweep: "sweep", engine.EvAbandon: "abandon",
	engine.EvSigned: "signed",
}

var actionNames = [...]string{
	engine.ActDescribe: "describe", engine.ActSend: "send", engine.ActBreakOff: "break off", engine.ActRefresh: "refresh",
	engine.ActNoteState: "note state", engine.ActNotePart: "note part", engine.ActNoteHold: "note hold",
	engine.ActNoteRelease: "note release", engine.ActNoteOrphan: "note orphan", engine.ActHash: "hash",
	engine.ActRead: "read", engine.ActLoad: "load", engine.ActSave: "save", engine.ActAppend: "append",
	engine.ActForget: "forget", engine.ActUnlock: "unlock", engine.ActNoteRetry: "note retry",
	engine.ActNoteWarning: "note warning", engine.ActNoteResumed: "note resumed", engine.ActNoteAll: "note all",
	engine.ActNoteSwept: "note swept", engine.ActNoteSweepEnd: "note sweep end",
	engine.ActSign: "sign",
}

var causeNames = [...]string{
	0: "", engine.CauseUnreachable: "unreachable", engine.CauseOpaque: "opaque", engine.CauseOffline: "offline",
	engine.CauseTimeout: "timeout", engine.CauseTLS: "tls", engine.CauseBrokenOff: "broken off",
	engine.CauseSourceUnreadable: "source unreadable", engine.CauseSourceChanged: "source changed",
	engine.CauseRefused: "refused", engine.CauseAnswerTooLarge: "answer too large", engine.CauseLocked: "locked",
	engine.CauseStorage: "storage",
}

// request names a request as people read it: its number, operation, part.
func (s *session) request(id engine.ReqID) string {
	if s == nil {
		return fmt.Sprintf("#%d", id)
	}
	if f := s.flights[id]; f != nil {
		return f.String()
	}
	if a := s.asides[id]; a != nil {
		return fmt.Sprintf("#%d file %d part %d", id, a.owner.id, a.part)
	}
	return fmt.Sprintf("#%d", id)
}

func describeEvent(s *session, ev *engine.Event) string {
	text := eventNames[ev.Kind]
	switch ev.Kind {
	case engine.EvAdded:
		for _, f := range ev.Files {
			text += fmt.Sprintf(" %d", f.Size)
		}
	case engine.EvDescribed:
		text += fmt.Sprintf(" file %d: %s, %+v", ev.File, ev.Object.Key, ev.Source)
	case engine.EvSent, engine.EvRead:
		text += fmt.Sprintf(" %s: %d bytes", s.request(ev.Req), ev.Bytes)
		if ev.Last {
			text += ", the last"
		}
	case engine.EvAnswered:
		code := s3.ParseError(s3.OpPutObject, ev.Status, ev.Header, ev.Body).Code
		text += fmt.Sprintf(" %s: %d %s", s.request(ev.Req), ev.Status, code)
	case engine.EvBroke, engine.EvHashed:
		text += fmt.Sprintf(" %s %s", s.request(ev.Req), causeNames[ev.Cause])
	case engine.EvSigned:
		text += fmt.Sprintf(" #%d: %d bytes", ev.Req, len(ev.Digest))
	case engine.EvCredentials:
		text += fmt.Sprintf(" %s until %d", ev.Credentials.AccessKeyID, ev.Credentials.Expiration-epoch)
	case engine.EvLoaded:
		text += fmt.Sprintf(" file %d: %d bytes %s", ev.File, len(ev.Record), causeNames[ev.Cause])
	case engine.EvUndescribed, engine.EvSaved:
		text += fmt.Sprintf(" file %d %s", ev.File, causeNames[ev.Cause])
	case engine.EvCancel, engine.EvPause, engine.EvResume, engine.EvRetry, engine.EvPrioritize, engine.EvResolve:
		text += fmt.Sprintf(" file %d", ev.File)
	}
	return text
}

func describeAction(s *session, a *engine.Action) string {
	var b strings.Builder
	b.WriteString(actionNames[a.Kind])
	if a.File != engine.NoFile {
		fmt.Fprintf(&b, " file %d", a.File)
	}
	if a.Req != 0 || a.Send != nil {
		fmt.Fprintf(&b, " #%d", a.Req)
	}
	if a.Send != nil {
		fmt.Fprintf(&b, " %s %s", a.Send.Op, a.Send.Path)
	}
	if a.Part != 0 {
		fmt.Fprintf(&b, " part %d", a.Part)
	}
	if a.Length != 0 {
		fmt.Fprintf(&b, " %d+%d", a.Offset, a.Length)
	}
	switch a.Kind {
	case engine.ActNoteState, engine.ActNoteAll:
		b.WriteString(" " + a.State.String())
	case engine.ActRefresh, engine.ActNoteHold:
		b.WriteString(" " + a.Reason.String())
	}
	if a.Name != "" {
		b.WriteString(" " + a.Name)
	}
	if len(a.Record) > 0 {
		fmt.Fprintf(&b, " %d bytes", len(a.Record))
	}
	if a.UploadID != "" {
		b.WriteString(" " + a.UploadID)
	}
	if a.Err != nil {
		fmt.Fprintf(&b, ": %s %s part %d %d doubt %v %s", a.Err.Code, a.Err.Op, a.Err.Part, a.Err.Status, a.Err.Doubt, a.Err.Message)
	}
	if a.Result != nil {
		fmt.Fprintf(&b, ": %d bytes %s %s", a.Result.Bytes, a.Result.ETag, a.Result.Key)
	}
	if a.Delay != 0 {
		fmt.Fprintf(&b, " %d ms", a.Delay)
	}
	return b.String()
}
