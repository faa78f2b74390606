package wire

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// goldenOf is f as testdata has it.
func goldenOf(name string, f *Frame) golden {
	g := golden{
		Name: name, Kind: f.Kind, A: f.A, B: f.B, File: f.File, Request: f.Req, X: f.X, Y: f.Y,
		Fields: [][2]string{}, Bytes: hex.EncodeToString(f.Append(nil)),
	}
	for _, field := range f.Fields {
		g.Fields = append(g.Fields, [2]string{field.Name, field.Value})
	}
	if f.Body != nil {
		body := hex.EncodeToString(f.Body)
		g.Body = &body
	}
	return g
}

// checkGolden holds all of a file of golden frames, or rewrites it.
func checkGolden(t *testing.T, path string, got []golden) {
	t.Helper()
	if *update {
		text, _ := json.MarshalIndent(got, "", "  ")
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var want []golden
	readJSON(t, path, &want)
	if len(got) != len(want) {
		t.Errorf("%s has %d frames, want %d", path, len(want), len(got))
	}
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s: %s is\n%+v, want\n%+v", path, got[i].Name, got[i], want[i])
		}
	}
}

func fields(pairs ...string) []s3.Field {
	var list []s3.Field
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, s3.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return list
}

// What web/core/events.ts makes of each event, and what the engine gets.
// web/core/events.test.ts holds the other side to the same file.
var events = []struct {
	name  string
	frame Frame
	want  engine.Event
}{
	{
		"added", Frame{A: 1, Body: append64(append64(append64(nil, 5), 0), -1)},
		engine.Event{Files: []engine.Spec{{Size: 5, Priority: queue.PriorityHigh}, {Priority: queue.PriorityHigh}, {Size: engine.UnknownSize, Priority: queue.PriorityHigh}}},
	},
	{
		"described", Frame{File: 7, A: 3, X: 1 << 40, Y: 1_700_000_000_123, Fields: fields(
			"key", "u/a.mov", "metadata.source.name", "x", "ifNoneMatch", "*", "source.name", "a/a.mov", "source.print", "00112233445566ff",
		)},
		engine.Event{
			File: 7, OnConflict: engine.ConflictRename,
			Source: journal.Source{Name: "a/a.mov", Size: 1 << 40, Modified: 1_700_000_000_123, Print: "00112233445566ff"},
			Object: &s3.Object{Key: "u/a.mov", Metadata: fields("source.name", "x"), IfNoneMatch: "*"},
		},
	},
	{"undescribed", Frame{File: 7, A: 9}, engine.Event{File: 7, Cause: engine.CauseRefused}},
	{"sent", Frame{Req: 3, X: 1 << 33}, engine.Event{Req: 3, Bytes: 1 << 33}},
	{
		"answered", Frame{Req: 3, A: 4, B: 200, Fields: fields("etag", `"e"`), Body: []byte("\x01\x02\x03\x04<xml/>")},
		engine.Event{Req: 3, Status: 200, Header: fields("etag", `"e"`), Digest: []byte{1, 2, 3, 4}, Body: []byte("<xml/>")},
	},
	{
		"answered, no digest", Frame{Req: 3, B: 503, Body: []byte("<xml/>")},
		engine.Event{Req: 3, Status: 503, Digest: []byte{}, Body: []byte("<xml/>")},
	},
	{"broke", Frame{Req: 3, A: 1}, engine.Event{Req: 3, Cause: engine.CauseUnreachable}},
	{"refreshFailed", Frame{}, engine.Event{}},
	{"expire", Frame{}, engine.Event{}},
	{"cancel", Frame{File: 7}, engine.Event{File: 7}},
	{"tick", Frame{}, engine.Event{}},
	{"hashed", Frame{Req: 3, Body: []byte{9, 8, 7, 6}}, engine.Event{Req: 3, Digest: []byte{9, 8, 7, 6}}},
	{"read", Frame{Req: 3, X: 5, A: 1}, engine.Event{Req: 3, Bytes: 5, Last: true}},
	{"loaded", Frame{File: 7, Body: []byte{0x89, 'B'}}, engine.Event{File: 7, Record: []byte{0x89, 'B'}}},
	{"loaded, nothing there", Frame{File: 7}, engine.Event{File: 7}},
	{"loaded, locked", Frame{File: 7, A: 11}, engine.Event{File: 7, Cause: engine.CauseLocked}},
	{"saved", Frame{File: 7, A: 12}, engine.Event{File: 7, Cause: engine.CauseStorage}},
	{"pause", Frame{File: 7}, engine.Event{File: 7}},
	{"resume", Frame{File: 7}, engine.Event{File: 7}},
	{"retry", Frame{File: 7}, engine.Event{File: 7}},
	{"prioritize", Frame{File: 7, A: 2}, engine.Event{File: 7, Priority: queue.PriorityLow}},
	{"pauseAll", Frame{}, engine.Event{}},
	{"resumeAll", Frame{}, engine.Event{}},
	{"retryAll", Frame{}, engine.Event{}},
	{"cancelAll", Frame{}, engine.Event{}},
	{"offline", Frame{}, engine.Event{}},
	{"online", Frame{}, engine.Event{}},
	{"clock", Frame{Y: 1_700_000_000_123}, engine.Event{Wall: 1_700_000_000_123}},
	{"resolve", Frame{File: 7, A: 4}, engine.Event{File: 7, OnConflict: engine.ConflictReplace}},
	{
		"sweep", Frame{Y: 1_700_000_000_123, Fields: fields("prefix", "u/42/"), Body: []byte("U1\nU2\n")},
		engine.Event{Name: "u/42/", Wall: 1_700_000_000_123, Keep: []string{"U1", "U2"}},
	},
	{
		"abandon", Frame{Fields: fields("name", "00ff"), Body: []byte{0x89, 'B'}},
		engine.Event{Name: "00ff", Record: []byte{0x89, 'B'}},
	},
	{"signed", Frame{Req: 3, Body: []byte{9, 8, 7, 6}}, engine.Event{Req: 3, Digest: []byte{9, 8, 7, 6}}},
	{"signed, no signature", Frame{Req: 3}, engine.Event{Req: 3}},
}

// kinds are those of events, by the names of names.json and the two of which
// web/core makes none.
func kinds(t *testing.T) map[string]int {
	var n names
	readJSON(t, "testdata/names.json", &n)
	n.Events["read"], n.Events["clock"] = int(engine.EvRead), int(engine.EvClock)
	return n.Events
}

func TestEvents_goldenBytes(t *testing.T) {
	kinds := kinds(t)
	seen := map[uint8]bool{}
	var all []golden
	for _, c := range events {
		base, _, _ := strings.Cut(c.name, ",")
		f, want := c.frame, c.want
		f.Kind = uint8(kinds[base])
		want.Kind = engine.EventKind(f.Kind)
		seen[f.Kind] = true
		all = append(all, goldenOf(c.name, &f))
		var read Frame
		if _, err := read.Read(f.Append(nil)); err != nil {
			t.Fatal(err)
		}
		var got engine.Event
		if err := ReadEvent(&read, &got); err != nil {
			t.Errorf("%s: ReadEvent: %v", c.name, err)
		}
		if len(got.Header) == 0 {
			got.Header = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: ReadEvent = %+v, want %+v", c.name, got, want)
		}
	}
	checkGolden(t, "testdata/events.json", all)
	// Credentials have their own tests, since what is secret is compared there.
	for name, kind := range kinds {
		if !seen[uint8(kind)] && name != "credentials" && name != "now" {
			t.Errorf("no golden frame for the event %s", name)
		}
	}
}

// golden actions: what web/core gets of each.
func actions(t *testing.T) []engine.Action {
	address, err := (&s3.Target{Bucket: "photos", Region: "eu-west-1"}).Resolve()
	if err != nil {
		t.Fatal(err)
	}
	put, form := new(s3.Request), new(s3.Request)
	if err := address.UploadPart(put, &s3.Object{Key: "a"}, "U1", 7, nil); err != nil {
		t.Fatal(err)
	}
	if err := address.PostObject(form, &s3.Object{Key: "a"}, "----0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	refused := &engine.Error{Code: "SlowDown", Op: s3.OpUploadPart, Part: 7, Parts: 120, Status: 503, Doubt: true, RequestID: "R1", Message: "Please reduce your rate."}
	stored := &engine.Result{ETag: `"e"`, VersionID: "v1", Key: "a (2)", Bytes: 1 << 33, Algorithm: s3.CRC64NVME, Digest: []byte{1, 2, 3, 4, 5, 6, 7, 8}}
	return []engine.Action{
		{Kind: engine.ActDescribe, File: 7},
		{Kind: engine.ActSend, File: 7, Req: 3, Send: put, Part: 7, Offset: 1 << 33, Length: 8 << 20, Hash: s3.CRC64NVME},
		{Kind: engine.ActSend, File: 7, Req: 3, Send: form, Length: 5},
		{Kind: engine.ActBreakOff, File: 7, Req: 3},
		{Kind: engine.ActRefresh, Reason: cred.ReasonExpired},
		{Kind: engine.ActNoteState, File: 7, State: queue.StateFailed, Err: refused},
		{Kind: engine.ActNoteState, File: 7, State: queue.StateDone, Result: stored},
		{Kind: engine.ActNotePart, File: 7, Part: 7, Result: &engine.Result{ETag: `"e"`, Bytes: 8 << 20}},
		{Kind: engine.ActNoteHold, Reason: cred.ReasonRefused},
		{Kind: engine.ActNoteRelease},
		{Kind: engine.ActNoteOrphan, File: 7, Err: refused, UploadID: "U1"},
		{Kind: engine.ActHash, File: 7, Req: 3, Part: 7, Offset: 1 << 33, Length: 8 << 20, Hash: s3.ContentMD5},
		{Kind: engine.ActRead, File: 7, Req: 3, Part: 7, Offset: 1 << 33, Length: 8 << 20},
		{Kind: engine.ActLoad, File: 7, Name: "00ff"},
		{Kind: engine.ActSave, File: 7, Name: "00ff", Record: []byte{0x89, 'B'}},
		{Kind: engine.ActAppend, File: 7, Name: "00ff", Record: []byte{9}},
		{Kind: engine.ActForget, File: 7, Name: "00ff"},
		{Kind: engine.ActUnlock, File: 7, Name: "00ff"},
		{Kind: engine.ActNoteRetry, File: 7, Part: 7, Err: &engine.Error{Code: "Timeout"}, Delay: 1500},
		{Kind: engine.ActNoteWarning, File: engine.NoFile, Err: &engine.Error{Code: engine.WarnClock}, Delay: -90_000},
		{Kind: engine.ActNoteWarning, File: 7, Err: &engine.Error{Code: engine.WarnRecord}, Name: "00ff"},
		{Kind: engine.ActNoteResumed, File: 7, Part: 12, Result: &engine.Result{Bytes: 96 << 20}},
		{Kind: engine.ActNoteAll, State: queue.StatePaused},
		{Kind: engine.ActNoteSwept, File: engine.NoFile, Name: "u/a", UploadID: "U1", Err: refused},
		{Kind: engine.ActNoteSweepEnd, File: engine.NoFile},
		{Kind: engine.ActSign, File: 7, Req: 3, Draft: engine.Draft{Text: []byte("AWS4-HMAC-SHA256\n…"), Scope: "20261125/eu-west-1/s3/aws4_request"}},
		{Kind: engine.ActSign, File: 7, Req: 3, Draft: engine.Draft{Text: []byte("PUT\n…"), Ahead: true}},
	}
}

func TestActions_goldenBytes(t *testing.T) {
	var n names
	readJSON(t, "testdata/names.json", &n)
	n.Actions["read"] = int(engine.ActRead)
	seen := map[uint8]bool{}
	var all []golden
	var scratch Frame
	for _, a := range actions(t) {
		src := AppendAction(nil, &a, &scratch)
		var f Frame
		if rest, err := f.Read(src); err != nil || len(rest) != 0 {
			t.Fatal(err, rest)
		}
		seen[f.Kind] = true
		for name, kind := range n.Actions {
			if kind == int(f.Kind) {
				all = append(all, goldenOf(name, &f))
			}
		}
	}
	var wake Frame
	if _, err := wake.Read(appendWake(nil, 12_345)); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "testdata/actions.json", append(all, goldenOf("wake", &wake)))
	for name, kind := range n.Actions {
		if !seen[uint8(kind)] && kind != KindWake && kind != KindRefused {
			t.Errorf("no golden frame for the action %s", name)
		}
	}
}

// A form's body is what goes around the file's bytes, and says where they go.
func TestAppendAction_formGoesAroundTheFile(t *testing.T) {
	for _, a := range actions(t) {
		if a.Kind != engine.ActSend || a.Send.Op != s3.OpPostObject {
			continue
		}
		var f, scratch Frame
		if _, err := f.Read(AppendAction(nil, &a, &scratch)); err != nil {
			t.Fatal(err)
		}
		head, _ := a.Send.AppendFormHead(nil)
		value, _ := s3.HeaderValue(f.Fields, "formHead")
		if value != strconv.Itoa(len(head)) || string(f.Body) != string(a.Send.AppendFormTail(head)) {
			t.Errorf("formHead is %s, want %d; body %q", value, len(head), f.Body)
		}
	}
}

func TestReadEvent_refusesWhatIsNotWellFormed(t *testing.T) {
	for name, f := range map[string]Frame{
		"half a size":              {Kind: uint8(engine.EvAdded), Body: make([]byte, 12)},
		"a digest beyond the body": {Kind: uint8(engine.EvAnswered), A: 5, Body: make([]byte, 4)},
		"an end that is neither":   {Kind: uint8(engine.EvRead), A: 2},
		"half an upload ID":        {Kind: uint8(engine.EvSweep), Fields: fields("prefix", ""), Body: []byte("U1\nU2")},
		"no prefix":                {Kind: uint8(engine.EvSweep)},
		"no name":                  {Kind: uint8(engine.EvAbandon)},
	} {
		var ev engine.Event
		if err := ReadEvent(&f, &ev); err != ErrFrame {
			t.Errorf("%s: ReadEvent = %v, want ErrFrame", name, err)
		}
	}
}

func TestAnswer_describesARecord(t *testing.T) {
	record := journal.Record{
		Begun: 1_700_000_000_000, Target: s3.Target{Bucket: "photos", Region: "eu-west-1"}, Object: s3.Object{Key: "u/a"},
		Source:   journal.Source{Name: "a", Size: 20<<20 + 1, Modified: 1_600_000_000_000, Print: "p"},
		UploadID: "U1", PartSize: 8 << 20, Algorithm: s3.CRC32,
		// The last part, of 4 MiB and a byte, twice; the first one.
		Parts: []journal.Part{{Number: 3}, {Number: 1}, {Number: 3}},
	}
	ask := func(body []byte) Frame {
		var f Frame
		if _, err := f.Read(Answer(nil, nil, &Frame{Kind: QueryRecord, Body: body}, nil)); err != nil {
			t.Fatal(err)
		}
		return f
	}
	got := ask(record.Append(nil))
	want := Frame{
		Kind: QueryRecord, A: 1, B: 2, X: 20<<20 + 1, Y: 1_700_000_000_000,
		Fields: fields("key", "u/a", "bucket", "photos", "region", "eu-west-1", "source", "a", "print", "p", "uploadId", "U1"),
		Body:   append64(append64(append64(nil, 12<<20+1), 8<<20), 1_600_000_000_000),
	}
	if !equal(&got, &want) {
		t.Errorf("a record is %+v, want %+v", got, want)
	}
	later := record.Append(nil)
	if got := ask(later[:len(later)-1]); got.Kind != QueryRecord || got.B != 2 {
		t.Errorf("a torn record is %+v, want what came before", got)
	}
	if got := ask([]byte("x")); got.Kind != KindRefused || code(&got) != engine.WarnRecord {
		t.Errorf("no record is %+v, want %s", got, engine.WarnRecord)
	}
}
