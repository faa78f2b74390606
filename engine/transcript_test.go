package engine

import (
	"bufio"
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
//	config [connections=N] [part=MiB] [threshold=MiB] [v2] [norefresh]
//	add SIZE…                  sizes in bytes, or MiB with an M
//	describe FILE KEY          the answer to "describe FILE"
//	undescribe FILE CAUSE
//	credentials SECONDS        credentials that end so many seconds from now
//	refresh failed
//	expire
//	cancel FILE
//	wait SECONDS
//	sent REQUEST BYTES
//	answer REQUEST STATUS [name=value…] [body…]
//	break REQUEST CAUSE
//	totals | file FILE | cells FILE N
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
			ev.Files = append(ev.Files, Spec{Size: s.number(w)})
		}
		return ev
	case "describe":
		return Event{Kind: EvDescribed, File: FileID(s.number(words[1])), Object: &s3.Object{Key: words[2]}}
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
	s.t.Fatalf("no such command: %s", line)
	return Event{}
}

func (s *script) answer(words []string, line string) Event {
	ev := Event{Kind: EvAnswered, Req: s.req(words[1]), Status: int(s.number(words[2]))}
	for _, w := range words[3:] {
		if strings.HasPrefix(w, "<") {
			ev.Body = []byte(line[strings.Index(line, "<"):])
			break
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
			fmt.Fprintf(out, "note %d %v%s%s\n", act.File, act.State, failure(act.Err), result(act.Result))
		case ActNotePart:
			fmt.Fprintf(out, "note %d part %d%s\n", act.File, act.Part, result(act.Result))
		case ActNoteHold:
			fmt.Fprintf(out, "note hold: %v\n", act.Reason)
		case ActNoteRelease:
			out.WriteString("note release\n")
		case ActNoteOrphan:
			fmt.Fprintf(out, "note %d orphan%s\n", act.File, failure(act.Err))
		}
	}
	s.tell(told{Polled: &polled})
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

func failure(err *Error) string {
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
		{Event{Kind: EvAdded, Files: []Spec{{Size: -1}}}, ErrSize},
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
