package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/engine"
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
		{"checksum", "crc32", "OptionInvalid"},
		{"checksum", "", "OptionInvalid"},
		{"seed", "-1", "OptionInvalid"},
		{"retryMillis", "1e3", "OptionInvalid"},
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
	for _, c := range events {
		for kind := range uint8(engine.EvSigned) {
			c.frame.Kind = kind + 1
			f.Add(c.frame.Append(nil))
		}
	}
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
		for _, kind := range []uint8{got.Kind, QueryRecord} {
			got.Kind = kind
			if _, err := again.Read(Answer(nil, nil, &got, nil)); err != nil {
				t.Fatalf("the answer to query %d is no frame: %v", kind, err)
			}
		}
	})
}
