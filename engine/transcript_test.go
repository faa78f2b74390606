package engine

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

var (
	update = flag.Bool("update", false, "rewrite the transcripts in testdata")
	record = flag.String("record", "", "write what the transcripts tell the engine into this folder, as lines of JSON")
)

// TestTranscripts replays every testdata/*.txt. A transcript is a list of
// blocks: a line for each command to the engine, "----", and what it asked for.
// See script.run for the commands. Run with -update to rewrite them, and read
// the difference.
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
				t.Errorf("%s%s", file, differing(string(text), got))
			}
		})
	}
}

// differing shows the first lines in which two texts differ.
func differing(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	at := 0
	for at < min(len(w), len(g)) && w[at] == g[at] {
		at++
	}
	const before, after = 4, 8
	some := func(lines []string, from, to int) string {
		return strings.Join(lines[min(max(from, 0), len(lines)):min(to, len(lines))], "\n\t")
	}
	return fmt.Sprintf(":%d: after\n\t%s\nthe transcript has\n\t%s\nand the engine says\n\t%s",
		at+1, some(w, at-before, at), some(w, at, at+after), some(g, at, at+after))
}

// replay runs the commands of text and returns it with the engine's answers.
func replay(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	s := script{t: t, now: Now{Wall: startWall}, out: &out}
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
		s.line++
		switch {
		case line == "----":
			answering = true
			out.WriteString("----\n")
			s.drain()
		case line == "":
			answering = false
			out.WriteString("\n")
		case answering, strings.HasPrefix(line, "= "), strings.HasPrefix(line, "! "):
		default:
			out.WriteString(line + "\n")
			if !strings.HasPrefix(line, "#") {
				s.run(line)
			}
		}
	}
	return out.String()
}

// startWall is 2026-11-23T00:00:00Z.
const startWall = 1_795_392_000_000

// script is a transcript that is being run: a driver whose store, user and
// network are the transcript's commands.
type script struct {
	t      *testing.T
	line   int // of the transcript
	out    *strings.Builder
	engine *Engine
	config Config
	now    Now
	told   bool              // since the last drain the engine has been told something
	live   map[string]ReqID  // by what drain printed of it
	names  map[FileID]string // of the record that was asked for last
	disk   map[string][]byte // the journal's records by name
	set    int               // how many credentials have been set
	macs   map[ReqID][]byte  // of what is to be signed
	record *json.Encoder     // or nil
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

// run carries out one command. Those that let time pass come first in their
// block, since all that a block tells the engine happens at one moment.
//
//	config [connections=N] [part=MiB] [threshold=MiB] [v2] [norefresh] [profile=NAME]
//	       [remote] [checksum=auto|NAME] [retry=SECONDS] [stall=SECONDS] [form=MiB] [seed=N]
//	                           a new session; what is on disk stays there
//	wait SECONDS               time passes, and the driver sends no tick
//	sleep                      the driver sleeps until Wake, and sends EvTick
//	wall SECONDS               somebody sets this machine's clock on or back
//
//	add [high|low] SIZE…       sizes in bytes, or MiB with an M; "stream"
//	describe FILE KEY [if-none-match] [skip|rename|replace|ask] [journal=PRINT] [digest=NAME:HEX]
//	                           the answer to "describe FILE"
//	undescribe FILE CAUSE
//	sent REQUEST BYTES
//	answer REQUEST STATUS [name=value…] [digest:HEX] [date:SECONDS] [BODY]
//	                           see script.body; REQUEST is as drain prints it
//	break REQUEST CAUSE
//	hash REQUEST HEX
//	read REQUEST BYTES [last]
//	sign REQUEST [none|short]
//	load FILE [damaged|torn|later|locked|broken]; no word: what is on disk
//	saved FILE [failed]
//
//	credentials SECONDS        credentials that end so many seconds from now
//	refresh failed | expire
//	cancel|pause|resume|retry FILE
//	prioritize FILE high|normal|low
//	resolve FILE skip|rename|replace
//	all pause|resume|retry|cancel
//	offline | online | clock SECONDS
//	sweep PREFIX SECONDS [KEEP…] uploads older than so many seconds
//	abandon FILE               the record of FILE that is on disk
//
//	totals | file FILE | cells FILE N | wake
func (s *script) run(line string) {
	words := strings.Fields(line)
	switch words[0] {
	case "config":
		s.configure(words[1:])
		return
	case "wait", "wall", "sleep":
		s.pass(words)
		return
	}
	if s.engine == nil {
		s.configure(nil)
	}
	switch words[0] {
	case "totals":
		s.printTotals()
	case "file":
		x, ok := s.engine.File(FileID(s.number(words[1])))
		fmt.Fprintf(s.out, "= %v size %d sent %d acknowledged %d parts %d stored %d in flight %d %v\n",
			x.State, x.Size, x.Sent, x.Acknowledged, x.Parts, x.PartsStored, x.PartsInFlight, ok)
	case "cells":
		s.out.WriteString("=")
		for _, c := range s.engine.Cells(nil, FileID(s.number(words[1])), int(s.number(words[2]))) {
			fmt.Fprintf(s.out, " %s%d", []string{"empty", "flying", "stored", "held"}[c.State], c.Filled)
		}
		s.out.WriteString("\n")
	case "wake":
		if at, ok := s.engine.Wake(); ok {
			fmt.Fprintf(s.out, "= in %d ms\n", int64(at-s.now.Mono))
		} else {
			s.out.WriteString("= never\n")
		}
	default:
		s.handle(s.event(words, line))
	}
}

// fail ends the test at the present line, after what came before it.
func (s *script) fail(format string, args ...any) {
	s.t.Helper()
	lines := strings.Split(s.out.String(), "\n")
	s.t.Fatalf("line %d: %s\nafter\n\t%s", s.line, fmt.Sprintf(format, args...), strings.Join(lines[max(len(lines)-12, 0):], "\n\t"))
}

// pass lets time pass.
func (s *script) pass(words []string) {
	if s.told {
		s.fail("time passes between blocks")
	}
	switch words[0] {
	case "wait":
		s.now.Mono += Instant(s.number(words[1]) * 1000)
		s.now.Wall += sign.UnixMilli(s.number(words[1]) * 1000)
	case "wall":
		s.now.Wall += sign.UnixMilli(s.number(words[1]) * 1000)
	case "sleep":
		at, ok := s.engine.Wake()
		if !ok {
			s.fail("the engine has nothing to wake for")
		}
		millis := max(at-s.now.Mono, 0)
		s.now.Mono += millis
		s.now.Wall += sign.UnixMilli(millis)
		fmt.Fprintf(s.out, "= slept %d ms\n", millis)
		s.handle(Event{Kind: EvTick})
	}
}

func (s *script) handle(ev Event) {
	err := s.engine.Handle(s.now, &ev)
	if err != nil {
		fmt.Fprintf(s.out, "! %s\n", strings.ReplaceAll(err.Error(), "\n", ": "))
	}
	s.told = true
	s.tell(told{Event: &ev, Refused: err != nil})
}

func (s *script) configure(words []string) {
	s.config = Config{
		Target:     s3.Target{Region: "eu-west-1", Bucket: "photos"},
		PartSize:   5 << 20,
		CanRefresh: true,

		WithoutChecksum: true,
	}
	for _, w := range words {
		s.setting(w)
	}
	var err error
	if s.engine, err = New(s.config); err != nil {
		s.t.Fatal(err)
	}
	if s.disk == nil {
		s.disk, s.names = map[string][]byte{}, map[FileID]string{}
	}
	s.live, s.told, s.set, s.now = map[string]ReqID{}, false, 0, Now{Wall: startWall}
	s.macs = map[ReqID][]byte{}
	s.tell(told{Config: &s.config})
}

func (s *script) setting(word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "connections":
		s.config.Connections = int(s.number(value))
	case "part":
		s.config.PartSize = s.number(value) << 20
	case "threshold":
		s.config.MultipartThreshold = s.number(value) << 20
	case "v2":
		s.config.SignatureVersion = 2
	case "remote":
		s.config.RemoteSign = true
	case "norefresh":
		s.config.CanRefresh = false
	case "profile":
		s.config.Target.Profile, _ = s3.ParseProfile(value)
		s.config.Target.Endpoint = "https://store.example.com"
	case "checksum":
		s.config.WithoutChecksum = false
		if value != "auto" {
			s.config.Checksum = s.algorithm(value)
		}
	case "retry":
		s.config.RetryMillis = s.number(value) * 1000
	case "stall":
		s.config.StallMillis = s.number(value) * 1000
	case "handler":
		s.config.HandlerMillis = s.number(value) * 1000
	case "refresh":
		s.config.RefreshMillis = s.number(value) * 1000
	case "hold":
		s.config.HoldMillis = s.number(value) * 1000
	case "form":
		s.config.FormBelow = s.number(value) << 20
	case "seed":
		s.config.Seed = uint64(s.number(value))
	default:
		s.fail("no such setting: %s", word)
	}
}
