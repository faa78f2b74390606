package engine

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

var (
	update = flag.Bool("update", false, "rewrite the transcripts in testdata")
	record = flag.String("record", "", "write what the transcripts tell the engine into this folder, as lines of JSON")
)

// TestTranscripts replays every testdata/*.txt. A transcript is a list of
// blocks: a line of commands to the engine, "----", and what it asked for. See
// script.run for the commands. Run with -update to rewrite them, and read the
// difference.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s: the engine now says\n%s", file, got)
			}
		})
	}
}

// replay runs the commands of text and returns it with the engine's answers.
func replay(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	s := script{t: t, now: Now{Wall: startWall}}
	if *record != "" {
		file, err := os.Create(filepath.Join(*record, filepath.Base(t.Name())+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		s.record = json.NewEncoder(file)
	}
	answering := false
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "----":
			answering = true
			out.WriteString("----\n")
			s.drain(&out)
		case line == "":
			answering = false
			out.WriteString("\n")
		case answering, strings.HasPrefix(line, "= "), strings.HasPrefix(line, "! "):
		default:
			out.WriteString(line + "\n")
			if !strings.HasPrefix(line, "#") {
				s.run(line, &out)
			}
		}
	}
	return out.String()
}

// startWall is 2026-11-23T00:00:00Z.
const startWall = 1_795_392_000_000

type script struct {
	t      *testing.T
	engine *Engine
	config Config
	now    Now
	live   map[string]ReqID // by what drain printed of it
	disk   []byte           // the journal's one record
	record *json.Encoder    // or nil
}

// told is one thing that a script did with its engine: a line of what -record
// writes, from which test/tinygo replays it on another build.
type told struct {
	Now     Now
	Config  *Config // New
	Event   *Event  // Handle
	Refused bool    // Handle returned an error
	Polled  *int    // Poll, until it had given so many actions and no more
}

func (s *script) tell(line told) {
	if s.record == nil {
		return
	}
	line.Now = s.now
	if err := s.record.Encode(line); err != nil {
		s.t.Fatal(err)
	}
}

// run carries out one command:
//
//	config [connections=N] [part=MiB] [threshold=MiB] [v2] [norefresh] [profile=NAME]
//	       [checksum=auto|NAME] [retry=SECONDS] [stall=SECONDS] [form=MiB]
//	add SIZE…                  sizes in bytes, or MiB with an M; "stream"
//	describe FILE KEY [if-none-match] [skip|rename|replace|ask] [journal=PRINT]
//	                           the answer to "describe FILE"
//	undescribe FILE CAUSE
//	credentials SECONDS        credentials that end so many seconds from now
//	refresh failed
//	expire
//	cancel FILE
//	wait SECONDS
//	sent REQUEST BYTES
//	answer REQUEST STATUS [name=value…] [digest:HEX] [body…]
//	break REQUEST CAUSE
//	hash REQUEST HEX
//	read REQUEST BYTES [last]
//	load FILE nothing|disk|locked|broken|damaged
//	saved FILE [failed]
//	pause|resume|retry FILE; prioritize FILE high|normal|low; resolve FILE skip|rename|replace
//	all pause|resume|retry|cancel
//	offline | online | tick | clock SECONDS
//	sweep PREFIX SECONDS [KEEP…] | abandon
//	totals | file FILE | cells FILE N | wake
func (s *script) run(line string, out *strings.Builder) {
	words := strings.Fields(line)
	if words[0] == "config" {
		s.configure(words[1:])
		return
	}
	if s.engine == nil {
		s.configure(nil)
	}
	switch words[0] {
	case "wait":
		s.now.Mono += Instant(s.number(words[1]) * 1000)
		s.now.Wall += sign.UnixMilli(s.number(words[1]) * 1000)
	case "totals":
		x := s.engine.Totals()
		fmt.Fprintf(out, "= files %v size %d sent %d acknowledged %d stored %d in flight %d held %v\n",
			x.Files, x.Size, x.Sent, x.Acknowledged, x.Stored, x.InFlight, x.Hold)
	case "file":
		x, ok := s.engine.File(FileID(s.number(words[1])))
		fmt.Fprintf(out, "= %v size %d sent %d acknowledged %d parts %d stored %d in flight %d %v\n",
			x.State, x.Size, x.Sent, x.Acknowledged, x.Parts, x.PartsStored, x.PartsInFlight, ok)
	case "cells":
		out.WriteString("=")
		for _, c := range s.engine.Cells(nil, FileID(s.number(words[1])), int(s.number(words[2]))) {
			fmt.Fprintf(out, " %s%d", []string{"empty", "flying", "stored", "held"}[c.State], c.Filled)
		}
		out.WriteString("\n")
	case "wake":
		at, ok := s.engine.Wake()
		fmt.Fprintf(out, "= in %d ms %v\n", int64(at-s.now.Mono), ok)
	default:
		ev := s.event(words, line)
		err := s.engine.Handle(s.now, &ev)
		if err != nil {
			fmt.Fprintf(out, "! %v\n", err)
		}
		s.tell(told{Event: &ev, Refused: err != nil})
	}
}

func (s *script) configure(words []string) {
	s.config = Config{
		Target:     s3.Target{Region: "eu-west-1", Bucket: "photos"},
		PartSize:   5 << 20,
		CanRefresh: true,

		WithoutChecksum: true,
	}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "connections":
			s.config.Connections = int(s.number(value))
		case "part":
			s.config.PartSize = s.number(value) << 20
		case "threshold":
			s.config.MultipartThreshold = s.number(value) << 20
		case "v2":
			s.config.SignatureVersion = 2
		case "norefresh":
			s.config.CanRefresh = false
		case "profile":
			s.config.Target.Profile, _ = s3.ParseProfile(value)
			s.config.Target.Endpoint = "https://store.example.com"
		case "checksum":
			s.config.WithoutChecksum = false
			s.config.Checksum, _ = s3.ParseAlgorithm(value)
		case "retry":
			s.config.RetryMillis = s.number(value) * 1000
		case "stall":
			s.config.StallMillis = s.number(value) * 1000
		case "form":
			s.config.FormBelow = s.number(value) << 20
		default:
			s.t.Fatalf("no such setting: %s", w)
		}
	}
	var err error
	if s.engine, err = New(s.config); err != nil {
		s.t.Fatal(err)
	}
	s.live = map[string]ReqID{}
	s.tell(told{Config: &s.config})
}

func (s *script) event(words []string, line string) Event {
	switch words[0] {
	case "add":
		ev := Event{Kind: EvAdded}
		for _, w := range words[1:] {
			size := UnknownSize
			if w != "stream" {
				size = s.number(w)
			}
			ev.Files = append(ev.Files, Spec{Size: size})
		}
		return ev
	case "describe":
		return s.describe(words)
	case "undescribe":
		return Event{Kind: EvUndescribed, File: FileID(s.number(words[1])), Cause: s.cause(words[2])}
	case "credentials":
		s.live["credentials"]++
		return Event{Kind: EvCredentials, Credentials: &cred.Credentials{
			Credentials: sign.Credentials{
				AccessKeyID:     "AKID" + strconv.Itoa(int(s.live["credentials"])),
				SecretAccessKey: "secret", SessionToken: "token",
			},
			Expiration: s.now.Wall + sign.UnixMilli(s.number(words[1])*1000),
		}}
	case "refresh":
		return Event{Kind: EvRefreshFailed}
	case "expire":
		return Event{Kind: EvExpire}
	case "cancel":
		return Event{Kind: EvCancel, File: FileID(s.number(words[1]))}
	case "sent":
		return Event{Kind: EvSent, Req: s.req(words[1]), Bytes: s.number(words[2])}
	case "break":
		return Event{Kind: EvBroke, Req: s.req(words[1]), Cause: s.cause(words[2])}
	case "answer":
		return s.answer(words, line)
	}
	return s.laterEvent(words, line)
}

var choices = map[string]OnConflict{"ask": ConflictAsk, "skip": ConflictSkip, "rename": ConflictRename, "replace": ConflictReplace}

func (s *script) describe(words []string) Event {
	file := FileID(s.number(words[1]))
	ev := Event{Kind: EvDescribed, File: file, Object: &s3.Object{Key: words[2]}}
	for _, w := range words[3:] {
		switch name, value, _ := strings.Cut(w, "="); name {
		case "if-none-match":
			ev.Object.IfNoneMatch = "*"
		case "journal":
			ev.Source = journal.Source{Name: "source", Size: s.engine.table.Size(file), Modified: 1, Print: value}
		default:
			ev.OnConflict = choices[w]
		}
	}
	return ev
}

// laterEvent reads the commands that are not about requests.
func (s *script) laterEvent(words []string, line string) Event {
	ev := Event{}
	if len(words) > 1 {
		if n, err := strconv.Atoi(words[1]); err == nil {
			ev.File = FileID(n)
		}
	}
	switch words[0] {
	case "hash":
		ev.Kind, ev.Req, ev.Digest = EvHashed, s.req(words[1]), s.hex(words[2])
	case "read":
		ev.Kind, ev.Req, ev.Bytes, ev.Last = EvRead, s.req(words[1]), s.number(words[2]), len(words) > 3
	case "load":
		ev.Kind = EvLoaded
		switch words[2] {
		case "disk":
			ev.Record = s.disk
		case "damaged":
			ev.Record = []byte("not a record")
		case "locked":
			ev.Cause = CauseLocked
		case "broken":
			ev.Cause = CauseStorage
		}
	case "saved":
		ev.Kind = EvSaved
		if len(words) > 2 {
			ev.Cause = CauseStorage
		}
	case "prioritize":
		ev.Kind = EvPrioritize
		ev.Priority = map[string]queue.Priority{"high": queue.PriorityHigh, "low": queue.PriorityLow}[words[2]]
	case "resolve":
		ev.Kind, ev.OnConflict = EvResolve, choices[words[2]]
	case "clock":
		ev.Kind, ev.Wall = EvClock, s.now.Wall+sign.UnixMilli(s.number(words[1])*1000)
	case "sweep":
		ev.Kind, ev.Name, ev.Wall, ev.Keep = EvSweep, words[1], s.now.Wall-sign.UnixMilli(s.number(words[2])*1000), words[3:]
	case "abandon":
		ev.Kind, ev.Name, ev.Record = EvAbandon, "record", s.disk
	default:
		kind, ok := map[string]EventKind{
			"pause": EvPause, "resume": EvResume, "retry": EvRetry, "all pause": EvPauseAll, "all resume": EvResumeAll,
			"all retry": EvRetryAll, "all cancel": EvCancelAll, "offline": EvOffline, "online": EvOnline, "tick": EvTick,
		}[strings.TrimRight(line, " 0123456789")]
		if !ok {
			s.t.Fatalf("no such command: %s", line)
		}
		ev.Kind = kind
	}
	return ev
}

func (s *script) hex(word string) []byte {
	raw, err := hex.DecodeString(word)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func (s *script) answer(words []string, line string) Event {
	ev := Event{Kind: EvAnswered, Req: s.req(words[1]), Status: int(s.number(words[2]))}
	for _, w := range words[3:] {
		if strings.HasPrefix(w, "<") {
			ev.Body = []byte(line[strings.Index(line, "<"):])
			break
		}
		if digest, ok := strings.CutPrefix(w, "digest:"); ok {
			ev.Digest = s.hex(digest)
			continue
		}
		name, value, _ := strings.Cut(w, "=")
		ev.Header = append(ev.Header, s3.Field{Name: name, Value: value})
	}
	return ev
}

// req finds a request by its name, FILE/OPERATION or FILE/UploadPart/PART.
func (s *script) req(name string) ReqID {
	id, ok := s.live[name]
	if !ok {
		return 0xffffffff
	}
	return id
}

func (s *script) cause(name string) Cause {
	for c, n := range map[Cause]string{
		CauseUnreachable: "unreachable", CauseOpaque: "opaque", CauseOffline: "offline", CauseBrokenOff: "brokenoff",
		CauseSourceUnreadable: "unreadable", CauseSourceChanged: "changed", CauseRefused: "refused",
		CauseTimeout: "timeout", CauseTLS: "tls", CauseAnswerTooLarge: "toolarge",
	} {
		if n == name {
			return c
		}
	}
	s.t.Fatalf("no such cause: %s", name)
	return 0
}

func (s *script) number(word string) int64 {
	unit := int64(1)
	if w, ok := strings.CutSuffix(word, "M"); ok {
		word, unit = w, 1<<20
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n * unit
}

// drain prints what the engine asks for, until it asks for nothing.
func (s *script) drain(out *strings.Builder) {
	if s.engine == nil {
		return
	}
	var act Action
	polled := 0
	for ; s.engine.Poll(s.now, &act); polled++ {
		switch act.Kind {
		case ActDescribe:
			fmt.Fprintf(out, "describe %d\n", act.File)
		case ActSend:
			s.send(&act, out)
		case ActBreakOff:
			for name, id := range s.live {
				if id == act.Req && name != "credentials" {
					fmt.Fprintf(out, "break off %s\n", name)
				}
			}
		case ActRefresh:
			fmt.Fprintf(out, "refresh: %v\n", act.Reason)
		case ActNoteState:
			fmt.Fprintf(out, "note %d %v%s%s\n", act.File, act.State, failureText(act.Err), result(act.Result))
		case ActNotePart:
			fmt.Fprintf(out, "note %d part %d%s\n", act.File, act.Part, result(act.Result))
		case ActNoteHold:
			fmt.Fprintf(out, "note hold: %v\n", act.Reason)
		case ActNoteRelease:
			out.WriteString("note release\n")
		case ActNoteOrphan:
			fmt.Fprintf(out, "note %d orphan%s\n", act.File, failureText(act.Err))
		default:
			s.drainMore(&act, out)
		}
	}
	s.tell(told{Polled: &polled})
}

// drainMore prints the actions of hashes, streams, the journal and retries.
func (s *script) drainMore(act *Action, out *strings.Builder) {
	switch act.Kind {
	case ActHash, ActRead:
		verb := "hash"
		if act.Kind == ActRead {
			verb = "read"
		}
		name := fmt.Sprintf("%d/%s/%d", act.File, verb, act.Part)
		s.live[name] = act.Req
		fmt.Fprintf(out, "%s %s bytes %d+%d %v\n", verb, name, act.Offset, act.Length, act.Hash)
	case ActLoad:
		fmt.Fprintf(out, "load %d\n", act.File)
	case ActSave, ActAppend, ActForget, ActUnlock:
		verb := map[ActionKind]string{ActSave: "save", ActAppend: "append", ActForget: "forget", ActUnlock: "unlock"}[act.Kind]
		if act.Kind == ActSave {
			s.disk = nil
		}
		s.disk = append(s.disk, act.Record...)
		if act.Kind == ActForget {
			s.disk = nil
		}
		fmt.Fprintf(out, "%s %d\n", verb, act.File)
	case ActNoteRetry:
		fmt.Fprintf(out, "note %d retry in %d ms%s\n", act.File, act.Delay, failureText(act.Err))
	case ActNoteWarning:
		fmt.Fprintf(out, "note warning%s\n", failureText(act.Err))
	case ActNoteResumed:
		fmt.Fprintf(out, "note %d resumed %d parts%s\n", act.File, act.Part, result(act.Result))
	case ActNoteAll:
		fmt.Fprintf(out, "note all %v\n", act.State)
	case ActNoteSwept:
		fmt.Fprintf(out, "note swept %s %s%s\n", act.Name, act.UploadID, failureText(act.Err))
	case ActNoteSweepEnd:
		fmt.Fprintf(out, "note sweep end%s\n", failureText(act.Err))
	}
}

func (s *script) send(act *Action, out *strings.Builder) {
	name := fmt.Sprintf("%d/%v", act.File, act.Send.Op)
	if act.Part > 0 {
		name += "/" + strconv.Itoa(int(act.Part))
	}
	s.live[name] = act.Req
	authorization := string(act.Send.Authorization)
	who := "nobody"
	if i := strings.Index(authorization, "AKID"); i >= 0 {
		who = authorization[i:][:strings.IndexAny(authorization[i:], "/:")]
	}
	fmt.Fprintf(out, "send %s %s %s by %s", name, act.Send.Method, act.Send.AppendURL(nil), who)
	if act.Send.Body != nil {
		fmt.Fprintf(out, " body %s", strings.ReplaceAll(string(act.Send.Body), "\n", ""))
	} else if act.Length > 0 || act.Send.Op == s3.OpPutObject {
		fmt.Fprintf(out, " bytes %d+%d", act.Offset, act.Length)
	}
	out.WriteString("\n")
}

func failureText(err *Error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf(": %s op %v part %d status %d request %q message %q", err.Code, err.Op, err.Part, err.Status, err.RequestID, err.Message)
}

func result(r *Result) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf(": etag %s version %q bytes %d", r.ETag, r.VersionID, r.Bytes)
}

// An answer to a request that is not under way is the driver's mistake.
func TestHandle_refusesUnknownNames(t *testing.T) {
	e, err := New(Config{Target: s3.Target{Region: "eu-west-1", Bucket: "photos"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ev   Event
		want error
	}{
		{Event{Kind: EvAnswered, Req: 0, Status: 200}, ErrNoRequest},
		{Event{Kind: EvBroke, Req: 77}, ErrNoRequest},
		{Event{Kind: EvDescribed, File: 0, Object: &s3.Object{}}, ErrNoFile},
		{Event{Kind: EvCancel, File: 9}, ErrNoFile},
		{Event{Kind: EvAdded, Files: []Spec{{Size: -2}}}, ErrSize},
		{Event{Kind: 99}, ErrEvent},
	} {
		if err := e.Handle(Now{}, &c.ev); !errors.Is(err, c.want) {
			t.Errorf("Handle(%+v) = %v, want %v", c.ev, err, c.want)
		}
	}
	if n := e.Totals().Files[queue.StateQueued]; n != 0 {
		t.Errorf("a refused event added %d files", n)
	}
}
