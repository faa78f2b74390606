package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/bucketline/bucketline"
)

func TestTimeLeft_words(t *testing.T) {
	for d, want := range map[time.Duration]string{
		3 * time.Second: "a few seconds", 34 * time.Second: "about 30 s", 96 * time.Second: "about 100 s",
		2*time.Minute + 10*time.Second: "about 2 min", 99 * time.Minute: "about 99 min", 5 * time.Hour: "about 5 h", 100 * time.Hour: "about 4 days",
	} {
		if got := timeLeft(d); got != want {
			t.Errorf("timeLeft(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSizeText_units(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1<<20 - 1: "1.0 MiB", 5 << 20: "5.0 MiB", 300 << 30: "300.0 GiB", 1 << 62: "4.0 EiB",
	} {
		if got := sizeText(n); got != want {
			t.Errorf("sizeText(%d) = %q, want %q", n, got, want)
		}
	}
}

// The speed looks back five seconds and forgets what is older.
func TestSpeed_window(t *testing.T) {
	var s speed
	at := time.Unix(0, 0)
	if s.add(at, 0); s.perSecond() != 0 {
		t.Errorf("speed of one sample = %v", s.perSecond())
	}
	sent := int64(0)
	for i := 1; i <= 400; i++ {
		at = at.Add(100 * time.Millisecond)
		if i <= 200 {
			sent += 1000 // 10,000 B/s for 20 s, then 1,000 B/s
		} else {
			sent += 100
		}
		s.add(at, sent)
		if len(s.samples) > 60 {
			t.Fatalf("%d samples are kept", len(s.samples))
		}
		if i == 200 && s.perSecond() != 10_000 {
			t.Errorf("speed = %v, want 10000", s.perSecond())
		}
	}
	if s.perSecond() != 1000 {
		t.Errorf("speed = %v, want 1000", s.perSecond())
	}
	if s.add(at.Add(time.Second), 0); s.perSecond() != 0 {
		t.Errorf("speed after a failure = %v, want 0", s.perSecond())
	}
}

func TestStatus_says(t *testing.T) {
	for _, c := range []struct {
		held  bool
		speed float64
		left  int64
		known bool
		want  string
	}{
		{held: true, speed: 5, want: " held, waiting for credentials"},
		{want: ""},
		{speed: 1 << 20, left: 60 << 20, known: true, want: " 1.0 MiB/s, about 60 s"},
		{speed: 1 << 20, left: 60 << 20, want: " 1.0 MiB/s"},
	} {
		if got := status(bucketline.Totals{Held: c.held}, c.speed, c.left, c.known); got != c.want {
			t.Errorf("status = %q, want %q", got, c.want)
		}
	}
}

// What a terminal would obey, or a reader mistake, is quoted.
func TestShow_quotes(t *testing.T) {
	for text, want := range map[string]string{
		"plain.txt": "plain.txt", "שלום.txt": "שלום.txt", "👩‍👩‍👧": "👩‍👩‍👧", "a\x1b[2Jb": `"a\x1b[2Jb"`, "a\nb": `"a\nb"`,
		"a\u202egnp.exe": `"a\u202egnp.exe"`, "a\xff": `"a\xff"`,
	} {
		if got := show(text); got != want {
			t.Errorf("show(%q) = %s, want %s", text, got, want)
		}
	}
	if got := ending("a very long name indeed.mov", 10); got != "…ndeed.mov" {
		t.Errorf("ending = %q", got)
	}
}

func failing(n int) []failure {
	var list []failure
	for i := range n {
		name := fmt.Sprintf("f%d", i)
		list = append(list, failure{name, "k/" + name, &bucketline.Error{Name: name, Code: "AccessDenied", Status: 403, Operation: "UploadPart", Part: 3, Parts: 9, RequestID: "R7"}})
	}
	return list
}

func TestLines_say(t *testing.T) {
	var out, err bytes.Buffer
	l := &lines{out: &out, err: &err}
	l.event(bucketline.Event{Kind: bucketline.EventHold, Reason: "absent"})
	l.event(bucketline.Event{Kind: bucketline.EventHold, Reason: "expired"})
	l.stored("a", bucketline.Result{Bucket: "b", Key: "k", ETag: `"e"`, Size: 1536})
	l.close(summary{bucket: "b", stored: 1, bytes: 1536, took: 2 * time.Second, failures: failing(2), failed: 5, dropped: 1, stopped: errors.New("no")})
	if got := out.String(); got != "stored s3://b/k 1.5 KiB \"e\"\n" {
		t.Errorf("standard output = %q", got)
	}
	want := `held: the credentials have expired; getting new ones
failed f0: The store does not let these credentials write there.
    s3://b/k/f0
    403 AccessDenied to UploadPart, part 3 of 9, request R7
    Check that the key lies under the prefix that you may write to, or ask whoever runs the bucket for s3:PutObject on it.
failed f1: The store does not let these credentials write there.
    s3://b/k/f1
    403 AccessDenied to UploadPart, part 3 of 9, request R7
    Check that the key lies under the prefix that you may write to, or ask whoever runs the bucket for s3:PutObject on it.
and 3 more that failed
stopped: no; the remaining files were not tried
1 stored, 1.5 KiB in 2s (768 B/s); 5 failed; 1 not finished
`
	if got := err.String(); got != want {
		t.Errorf("standard error = %s\nwant %s", got, want)
	}
}

func TestQuiet_onlyWhatWentWrong(t *testing.T) {
	var err bytes.Buffer
	q := quiet{&err}
	q.stored("a", bucketline.Result{})
	q.note("x")
	if q.close(summary{stored: 1}); err.Len() > 0 {
		t.Errorf("printed %q", err.String())
	}
	if q.close(summary{failures: failing(1), failed: 1}); !strings.Contains(err.String(), "failed f0") {
		t.Errorf("printed %q", err.String())
	}
}

func TestMachine_oneObjectALine(t *testing.T) {
	var out bytes.Buffer
	m := newMachine(&out, nil)
	m.event(bucketline.Event{Kind: bucketline.EventHold, Reason: "expired"})
	m.event(bucketline.Event{Kind: bucketline.EventRelease})
	m.event(bucketline.Event{Kind: bucketline.EventOrphan, Err: errors.New("x")})
	m.stored("a", bucketline.Result{Bucket: "b", Key: "k"})
	m.failed(failing(1)[0])
	m.note("n")
	m.close(summary{bucket: "b"})
	var events []string
	for line := range strings.Lines(out.String()) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		events = append(events, r.Event)
	}
	if got := strings.Join(events, " "); got != "hold release orphan stored failed note summary" {
		t.Errorf("events = %s", got)
	}
	if !strings.Contains(out.String(), `"size":0`) || !strings.Contains(out.String(), `"failed":0`) {
		t.Errorf("zeros are left out: %s", out.String())
	}
}

// Bars are drawn while files come and go, from several goroutines, and all are
// gone at the end.
func TestBars_drawAndClose(t *testing.T) {
	var mu sync.Mutex
	totals := bucketline.Totals{Size: 100}
	var out bytes.Buffer
	b := newBars(&out, func() bucketline.Totals {
		mu.Lock()
		defer mu.Unlock()
		return totals
	}, func() (int, int64, bool) {
		mu.Lock()
		defer mu.Unlock()
		return 3, 100, true
	}, mpb.WithAutoRefresh(), mpb.WithWidth(60))
	now := time.Now()
	for i := range 5 {
		mu.Lock()
		totals.Sent = int64(i) * 20
		totals.Files[bucketline.StateDone] = uint32(i / 2)
		mu.Unlock()
		b.event(bucketline.Event{Kind: bucketline.EventHold, Reason: "expired"})
		b.update(now.Add(time.Duration(i) * time.Second))
		b.note("note")
	}
	b.failed(failing(1)[0])
	time.Sleep(3 * barsInterval)
	b.close(summary{stored: 3})
	for _, want := range []string{"2 of 3 stored", "held: the credentials", "failed f0: The store", "3 stored, "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("never drew %q: %q", want, out.String())
		}
	}
}

func TestParseDestination_keysAsTheyAre(t *testing.T) {
	for text, want := range map[string]destination{
		"s3://b":            {"b", ""},
		"s3://b/":           {"b", ""},
		"s3://b/p/":         {"b", "p/"},
		"s3://b/a%20b+c?d#": {"b", "a%20b+c?d#"},
		"s3:///p/":          {"", "p/"},
		"s3://b//x":         {"b", "/x"},
	} {
		if got, err := parseDestination(text); got != want || err != nil {
			t.Errorf("parseDestination(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "b/p", "https://b/p", "S3://b"} {
		if _, err := parseDestination(text); err == nil {
			t.Errorf("parseDestination(%q) = nil", text)
		}
	}
}

func TestSizeFlag_units(t *testing.T) {
	for text, want := range map[string]sizeFlag{"5242880": 5 << 20, "16MiB": 16 << 20, "5 GiB": 5 << 30, "1KiB": 1 << 10} {
		var s sizeFlag
		if err := s.Set(text); err != nil || s != want {
			t.Errorf("Set(%q) = %d, %v, want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "5MB", "1.5MiB", "9223372036854775807KiB", "MiB"} {
		var s sizeFlag
		if err := s.Set(text); err == nil {
			t.Errorf("Set(%q) = %d", text, s)
		}
	}
}

// A walk is in the order of names, keeps no list, and ends when it is told to.
func TestWalk_orderAndEnd(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"b/2", "b/1", "a", "c/d/e", "empty/"} {
		path := filepath.Join(folder, name)
		os.MkdirAll(filepath.Dir(path), 0o700)
		if strings.HasSuffix(name, "/") {
			os.MkdirAll(path, 0o700)
			continue
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	origins := []origin{{name: folder, dir: true}}
	var keys []string
	err := walk(t.Context(), origins, destination{"b", "p/"}, func(f found) error {
		keys = append(keys, f.key)
		return f.err
	})
	if want := []string{"p/a", "p/b/1", "p/b/2", "p/c/d/e"}; err != nil || !slices.Equal(keys, want) {
		t.Errorf("walk = %q, %v, want %q", keys, err, want)
	}
	enough := errors.New("enough")
	if err := walk(t.Context(), origins, destination{}, func(found) error { return enough }); err != enough {
		t.Errorf("walk = %v, want %v", err, enough)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	if err := walk(ctx, origins, destination{}, func(found) error { return nil }); err != enough {
		t.Errorf("walk = %v, want %v", err, enough)
	}
}

// A folder whose files could not have keys is reported once.
func TestWalk_tooDeep(t *testing.T) {
	folder := t.TempDir()
	deep := folder
	for range 6 {
		deep = filepath.Join(deep, strings.Repeat("d", 200))
	}
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(deep, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var errs []error
	walk(t.Context(), []origin{{name: folder, dir: true}}, destination{}, func(f found) error {
		errs = append(errs, f.err)
		return nil
	})
	if len(errs) != 1 || !errors.Is(errs[0], errDeep) {
		t.Errorf("errors = %v", errs)
	}
}
