package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

var update = flag.Bool("update", false, "rewrite the golden bytes in testdata/frames.json")

// golden is one frame of testdata/frames.json: what is in it, and its bytes.
// web/core/frame.test.ts reads the same file.
type golden struct {
	Name    string      `json:"name"`
	Kind    uint8       `json:"kind"`
	A       uint8       `json:"a"`
	B       uint16      `json:"b"`
	File    uint32      `json:"file"`
	Request uint32      `json:"request"`
	X       int64       `json:"x"`
	Y       int64       `json:"y"`
	Fields  [][2]string `json:"fields"`
	Body    *string     `json:"body"` // hex
	Bytes   string      `json:"bytes"`
}

func (g *golden) frame(t *testing.T) Frame {
	f := Frame{Kind: g.Kind, A: g.A, B: g.B, File: g.File, Req: g.Request, X: g.X, Y: g.Y}
	for _, field := range g.Fields {
		f.Fields = append(f.Fields, s3.Field{Name: field[0], Value: field[1]})
	}
	if g.Body != nil {
		body, err := hex.DecodeString(*g.Body)
		if err != nil {
			t.Fatal(err)
		}
		f.Body = append([]byte{}, body...)
	}
	return f
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestFrame_goldenBytes(t *testing.T) {
	var cases []golden
	readJSON(t, "testdata/frames.json", &cases)
	var all []byte
	for i := range cases {
		g := &cases[i]
		f := g.frame(t)
		got := hex.EncodeToString(f.Append(nil))
		if *update {
			g.Bytes = got
		}
		if got != g.Bytes {
			t.Errorf("%s: Append = %s, want %s", g.Name, got, g.Bytes)
		}
		all = f.Append(all)
	}
	for i := range cases {
		var got Frame
		rest, err := got.Read(all)
		if err != nil {
			t.Fatalf("%s: %v", cases[i].Name, err)
		}
		want := cases[i].frame(t)
		if !equal(&got, &want) {
			t.Errorf("%s: Read = %+v, want %+v", cases[i].Name, got, want)
		}
		all = rest
	}
	if len(all) != 0 {
		t.Errorf("%d bytes are left over", len(all))
	}
	if *update {
		text, _ := json.MarshalIndent(cases, "", "  ")
		if err := os.WriteFile("testdata/frames.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func equal(a, b *Frame) bool {
	return a.Kind == b.Kind && a.A == b.A && a.B == b.B && a.File == b.File && a.Req == b.Req && a.X == b.X && a.Y == b.Y &&
		slices.Equal(a.Fields, b.Fields) && bytes.Equal(a.Body, b.Body) && (a.Body == nil) == (b.Body == nil)
}

// names is testdata/names.json, which web/core/protocol.test.ts reads too.
type names struct {
	Events        map[string]int    `json:"events"`
	Actions       map[string]int    `json:"actions"`
	Queries       map[string]int    `json:"queries"`
	Causes        map[string]int    `json:"causes"`
	States        []string          `json:"states"`
	Reasons       []string          `json:"reasons"`
	CellStates    []string          `json:"cellStates"`
	ConfigOptions map[string]string `json:"configOptions"`
	ObjectOptions map[string]string `json:"objectOptions"`
	Codes         []string          `json:"codes"`
}

// The codes that a page may see are those in the sources: web/core has a hint
// for each of names.json's.
func TestNames_codesAreTheSources(t *testing.T) {
	var n names
	readJSON(t, "testdata/names.json", &n)
	var found []string
	for _, c := range []struct{ glob, pattern string }{
		{"../s3/input.go", `Code\w+ += "(\w+)"`},
		{"../engine/action.go", `Code\w+ += "(\w+)"`},
		{"../cred/error.go", `code: "(\w+)"`},
		{"../cred/sts/error.go", `(?:ParameterError\{|return )"(\w+)"`},
		{"object.go", `Code: "(\w+)"`},
	} {
		source, err := os.ReadFile(c.glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(c.pattern).FindAllSubmatch(source, -1) {
			found = append(found, string(match[1]))
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if !slices.Equal(found, n.Codes) {
		t.Errorf("names.json has the codes\n%q\nthe sources have\n%q", n.Codes, found)
	}
}

func TestNames_areTheEngines(t *testing.T) {
	var n names
	readJSON(t, "testdata/names.json", &n)
	for _, c := range []struct {
		table string
		name  string
		got   int
		want  int
	}{
		{"events", "added", n.Events["added"], int(engine.EvAdded)},
		{"events", "described", n.Events["described"], int(engine.EvDescribed)},
		{"events", "undescribed", n.Events["undescribed"], int(engine.EvUndescribed)},
		{"events", "sent", n.Events["sent"], int(engine.EvSent)},
		{"events", "answered", n.Events["answered"], int(engine.EvAnswered)},
		{"events", "broke", n.Events["broke"], int(engine.EvBroke)},
		{"events", "credentials", n.Events["credentials"], int(engine.EvCredentials)},
		{"events", "refreshFailed", n.Events["refreshFailed"], int(engine.EvRefreshFailed)},
		{"events", "expire", n.Events["expire"], int(engine.EvExpire)},
		{"events", "cancel", n.Events["cancel"], int(engine.EvCancel)},
		{"events", "now", n.Events["now"], KindNow},
		{"actions", "describe", n.Actions["describe"], int(engine.ActDescribe)},
		{"actions", "send", n.Actions["send"], int(engine.ActSend)},
		{"actions", "breakOff", n.Actions["breakOff"], int(engine.ActBreakOff)},
		{"actions", "refresh", n.Actions["refresh"], int(engine.ActRefresh)},
		{"actions", "noteState", n.Actions["noteState"], int(engine.ActNoteState)},
		{"actions", "notePart", n.Actions["notePart"], int(engine.ActNotePart)},
		{"actions", "noteHold", n.Actions["noteHold"], int(engine.ActNoteHold)},
		{"actions", "noteRelease", n.Actions["noteRelease"], int(engine.ActNoteRelease)},
		{"actions", "noteOrphan", n.Actions["noteOrphan"], int(engine.ActNoteOrphan)},
		{"actions", "refused", n.Actions["refused"], KindRefused},
		{"queries", "totals", n.Queries["totals"], QueryTotals},
		{"queries", "file", n.Queries["file"], QueryFile},
		{"queries", "cells", n.Queries["cells"], QueryCells},
		{"queries", "life", n.Queries["life"], QueryLife},
		{"queries", "objectURL", n.Queries["objectURL"], QueryObjectURL},
		{"queries", "presign", n.Queries["presign"], QueryPresign},
		{"queries", "webIdentity", n.Queries["webIdentity"], QueryWebIdentity},
		{"queries", "credentials", n.Queries["credentials"], QueryCredentials},
		{"causes", "unreachable", n.Causes["unreachable"], int(engine.CauseUnreachable)},
		{"causes", "opaque", n.Causes["opaque"], int(engine.CauseOpaque)},
		{"causes", "offline", n.Causes["offline"], int(engine.CauseOffline)},
		{"causes", "timeout", n.Causes["timeout"], int(engine.CauseTimeout)},
		{"causes", "brokenOff", n.Causes["brokenOff"], int(engine.CauseBrokenOff)},
		{"causes", "sourceUnreadable", n.Causes["sourceUnreadable"], int(engine.CauseSourceUnreadable)},
		{"causes", "sourceChanged", n.Causes["sourceChanged"], int(engine.CauseSourceChanged)},
		{"causes", "refused", n.Causes["refused"], int(engine.CauseRefused)},
		{"causes", "answerTooLarge", n.Causes["answerTooLarge"], int(engine.CauseAnswerTooLarge)},
		{"cellStates", "stored", slices.Index(n.CellStates, "stored"), int(engine.CellStored)},
		{"cellStates", "held", slices.Index(n.CellStates, "held"), int(engine.CellHeld)},
	} {
		if c.got != c.want {
			t.Errorf("names.json: %s.%s is %d, the engine's is %d", c.table, c.name, c.got, c.want)
		}
	}
	for i := range queue.States {
		if i >= len(n.States) || n.States[i] != queue.State(i).String() {
			t.Errorf("names.json: state %d is not %v", i, queue.State(i))
		}
	}
	for i, name := range n.Reasons {
		if got := cred.Reason(i + 1).String(); got != name {
			t.Errorf("names.json: reason %d is %q, cred's is %q", i+1, name, got)
		}
	}
}

func TestOptions_everyNameIsTaken(t *testing.T) {
	var n names
	readJSON(t, "testdata/names.json", &n)
	for name, value := range n.ConfigOptions {
		if err := ReadConfig([]s3.Field{{Name: name, Value: value}}, new(engine.Config)); err != nil {
			t.Errorf("ReadConfig(%s) = %v", name, err)
		}
	}
	for name, value := range n.ObjectOptions {
		if err := ReadObject([]s3.Field{{Name: name, Value: value}}, new(s3.Object)); err != nil {
			t.Errorf("ReadObject(%s) = %v", name, err)
		}
	}
}

func TestOptions_badOnesAreNamed(t *testing.T) {
	var wrong *Error
	for _, c := range []struct{ name, value, code string }{
		{"colour", "red", "OptionUnknown"},
		{"serverSideEncryption", "rot13", "OptionInvalid"},
		{"customerKey", "c2hvcnQ=", "OptionInvalid"},
		{"bucketKey", "yes", "OptionInvalid"},
		{"checksumAlgorithm", "MD4", "OptionInvalid"},
		{"checksumValue", "****", "OptionInvalid"},
	} {
		err := ReadObject([]s3.Field{{Name: c.name, Value: c.value}}, new(s3.Object))
		if !errors.As(err, &wrong) || wrong.Code != c.code || wrong.Option != c.name {
			t.Errorf("ReadObject(%s: %s) = %v, want %s", c.name, c.value, err, c.code)
		}
	}
	for _, c := range []struct{ name, value, code string }{
		{"buckets", "b", "OptionUnknown"},
		{"partSize", "8MB", "OptionInvalid"},
		{"connections", "9999999999", "OptionInvalid"},
		{"profile", "floppy", "OptionInvalid"},
	} {
		err := ReadConfig([]s3.Field{{Name: c.name, Value: c.value}}, new(engine.Config))
		if !errors.As(err, &wrong) || wrong.Code != c.code || wrong.Option != c.name {
			t.Errorf("ReadConfig(%s: %s) = %v, want %s", c.name, c.value, err, c.code)
		}
	}
}

func TestReadObject_takesOneWayToEncrypt(t *testing.T) {
	kms := s3.Field{Name: "serverSideEncryption", Value: "aws:kms"}
	own := s3.Field{Name: "customerKey", Value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
	for _, fields := range [][]s3.Field{{kms, own}, {own, kms}} {
		var wrong *Error
		if err := ReadObject(fields, new(s3.Object)); !errors.As(err, &wrong) || wrong.Code != "OptionInvalid" {
			t.Errorf("ReadObject(%v) = %v, want OptionInvalid", fields, err)
		}
	}
}

func FuzzFrame_read(f *testing.F) {
	whole := Frame{Kind: 5, Fields: []s3.Field{{Name: "a", Value: "b"}}, Body: []byte("body")}
	f.Add(whole.Append(nil))
	f.Add((&Frame{}).Append(nil))
	f.Fuzz(func(t *testing.T, src []byte) {
		var got, again Frame
		after, skipped := Skip(src)
		rest, err := got.Read(src)
		if err != nil {
			return
		}
		if !skipped || len(after) != len(rest) || len(rest) >= len(src) {
			t.Fatal("nothing was read")
		}
		if _, err := again.Read(got.Append(nil)); err != nil || !equal(&got, &again) {
			t.Fatalf("%+v does not come back: %+v, %v", got, again, err)
		}
		var ev engine.Event
		_ = ReadEvent(&got, &ev)
	})
}
