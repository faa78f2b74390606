package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/bucketline/bucketline"
)

func TestParseAge_units(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1h": time.Hour, "90m": 90 * time.Minute, "36h": 36 * time.Hour, "1d": 24 * time.Hour, "7d": 7 * 24 * time.Hour,
	} {
		if got, err := parseAge(text); got != want || err != nil {
			t.Errorf("parseAge(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "59m", "0d", "-1d", "d", "1.5d", "7", "99999999d", "soon"} {
		if got, err := parseAge(text); err == nil {
			t.Errorf("parseAge(%q) = %v, want an error", text, got)
		}
	}
}

func TestAge_units(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "now", 59 * time.Second: "now", 90 * time.Second: "1 min", 59 * time.Minute: "59 min", 47 * time.Hour: "47 h", 49 * time.Hour: "2 days",
	} {
		if got := age(d); got != want {
			t.Errorf("age(%v) = %q, want %q", d, got, want)
		}
	}
	for _, c := range [][3]int64{{0, 0, 100}, {0, 5, 0}, {1, 3, 33}, {2, 2, 100}, {1 << 45, 1 << 46, 50}} {
		if got := percent(c[0], c[1]); got != c[2] {
			t.Errorf("percent(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestChecksumFlag_names(t *testing.T) {
	for text, want := range map[string]checksumFlag{
		"auto": {name: "auto"}, "none": {name: "none", none: true}, "CRC64NVME": {name: "crc64nvme", algorithm: bucketline.CRC64NVME},
		"crc32c": {name: "crc32c", algorithm: bucketline.CRC32C}, "md5": {name: "md5", algorithm: bucketline.ContentMD5},
	} {
		var c checksumFlag
		if err := c.Set(text); err != nil || c != want {
			t.Errorf("Set(%q) = %+v, %v, want %+v", text, c, err, want)
		}
	}
	var c checksumFlag
	if err := c.Set("crc16"); err == nil {
		t.Error("crc16 is taken")
	}
}

func TestStateFolder_places(t *testing.T) {
	t.Setenv("HOME", "/h")
	t.Setenv("XDG_STATE_HOME", "/s")
	if got, err := stateFolder(); got != "/s" || err != nil {
		t.Errorf("stateFolder = %q, %v", got, err)
	}
	t.Setenv("XDG_STATE_HOME", "relative") // to be ignored, as the specification says
	want := filepath.Join("/h", ".local", "state")
	if runtime.GOOS == "darwin" {
		want = "/h/Library/Application Support"
	}
	if got, err := stateFolder(); got != want || err != nil {
		t.Errorf("stateFolder = %q, %v, want %q", got, err, want)
	}
}

// Without a folder of the user's own there is no journal, and that is said; one
// that was named has to be there.
func TestJournalFlag_open(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", file)
	var warned bytes.Buffer
	f := new(journalFlag)
	if got, err := f.open(&warned); got != "" || err != nil || !strings.Contains(warned.String(), "cannot be gone on with") {
		t.Errorf("open = %q, %v, said %q", got, err, warned.String())
	}
	f.folder = filepath.Join(file, "below")
	if _, err := f.open(&warned); err == nil {
		t.Error("a named folder that cannot be made is taken")
	}
	f.folder = filepath.Join(t.TempDir(), "a", "b")
	if got, err := f.open(&warned); got != f.folder || err != nil {
		t.Errorf("open = %q, %v", got, err)
	}
}

func TestExpand_patterns(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"b.txt", "a.txt", "c[1].txt"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(names ...string) []string {
		var all []string
		for _, n := range names {
			all = append(all, filepath.Join(folder, n))
		}
		return all
	}
	for _, c := range []struct{ given, want []string }{
		{in("?.txt"), in("a.txt", "b.txt")},
		{in("c[1].txt"), in("c[1].txt")},
		{in("none.txt"), in("none.txt")}, // told when its turn comes
		{in("a.txt", "[b].txt"), in("a.txt", "b.txt")},
	} {
		if got, err := expand(c.given); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("expand(%q) = %q, %v, want %q", c.given, got, err, c.want)
		}
	}
	for _, bad := range []string{"*.gif", "[b", "x[]"} {
		if got, err := expand(in(bad)); err == nil {
			t.Errorf("expand(%q) = %q", bad, got)
		}
	}
}

// Capitals decide for all that follow, and nobody at the terminal replaces
// nothing.
func TestAsker_decides(t *testing.T) {
	for _, c := range []struct {
		answers string
		want    []bucketline.OnConflict
		asked   int
	}{
		{"s\nn\np\n", []bucketline.OnConflict{bucketline.ConflictSkip, bucketline.ConflictRename, bucketline.ConflictReplace}, 3},
		{"?\n\nP\n", []bucketline.OnConflict{bucketline.ConflictReplace, bucketline.ConflictReplace, bucketline.ConflictReplace}, 3},
		{"n\n", []bucketline.OnConflict{bucketline.ConflictRename, bucketline.ConflictSkip, bucketline.ConflictSkip}, 2},
		{" N ", []bucketline.OnConflict{bucketline.ConflictRename, bucketline.ConflictRename}, 1},
	} {
		var told []string
		a := newAsker(strings.NewReader(c.answers), "b", func(text string) { told = append(told, text) })
		for i, want := range c.want {
			if got := a.decide("k\x1b"); got != want {
				t.Errorf("%q: answer %d is %d, want %d", c.answers, i, got, want)
			}
		}
		if len(told) != c.asked || !strings.Contains(told[0], `s3://b/"k\x1b" is there already`) {
			t.Errorf("%q: asked %q, want %d times", c.answers, told, c.asked)
		}
	}
}

// The flags can be set in the environment, but not on top of the command line,
// and the one that allows a risk cannot.
func TestStoreFlags_environment(t *testing.T) {
	t.Setenv("BUCKETLINE_JOBS", "9")
	t.Setenv("BUCKETLINE_PART_SIZE", "6MiB")
	t.Setenv("BUCKETLINE_REGION", "eu-west-1")
	t.Setenv("BUCKETLINE_ALLOW_LONG_LIVED", "true")
	var f storeFlags
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.registerWay(set)
	f.registerLoad(set)
	if err := set.Parse([]string{"--part-size", "7MiB"}); err != nil {
		t.Fatal(err)
	}
	if err := f.fromEnvironment(set); err != nil {
		t.Fatal(err)
	}
	if f.config.Connections != 9 || f.partSize != 7<<20 || f.config.Region != "" || f.longLived {
		t.Errorf("flags = %+v", f)
	}
	t.Setenv("BUCKETLINE_JOBS", "many")
	if err := f.fromEnvironment(pflagWith(t)); err == nil || !strings.Contains(err.Error(), "BUCKETLINE_JOBS") {
		t.Errorf("a wrong value gives %v", err)
	}
}

func pflagWith(t *testing.T) *pflag.FlagSet {
	t.Helper()
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(storeFlags).registerLoad(set)
	return set
}

// A store that never answers is given up before the time for retries is over,
// once for all files.
func TestUpload_silentStore(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	folder := t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, journal := range []string{"", t.TempDir()} {
		var out, told bytes.Buffer
		to := destination{bucket: "box", key: "p/"}
		u := &upload{patience: 300 * time.Millisecond, config: bucketline.Config{
			Bucket: "box", Endpoint: nobody, Region: "x", PathStyle: true, Journal: journal,
			Credentials: bucketline.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token", Expiration: time.Now().Add(time.Hour)},
		}}
		u.feed = func(ctx context.Context, visit func(found) error) error {
			return walk(ctx, []origin{{name: folder, dir: true}}, to, visit)
		}
		u.begin = func(ctx context.Context, c *bucketline.Client, f found) (*bucketline.Task, error) {
			return c.StartFile(ctx, f.name, bucketline.Object{Key: f.key})
		}
		u.show = func(*bucketline.Client) display { return &lines{out: &out, err: &told} }
		began := time.Now()
		err = u.run(t.Context())
		if took := time.Since(began); exitStatus(err, true) != exitUndone || took > 15*time.Second {
			t.Errorf("run = %v after %v", err, took)
		}
		for _, want := range []string{"The store cannot be reached.", "connection refused", "Check the endpoint", "1 failed", "stopped: "} {
			if !strings.Contains(told.String(), want) {
				t.Errorf("%q is not told:\n%s", want, told.String())
			}
		}
		if u.sum.failed+u.sum.dropped != 20 || u.sum.stored != 0 {
			t.Errorf("summary: %+v", u.sum)
		}
	}
}

// A store that has answered is not given up so soon, even if no part comes
// through for longer: it is no mistake in writing.
func TestUpload_noPartForLong(t *testing.T) {
	var cut atomic.Int64 // when the first part was, in nanoseconds since 1970
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Has("uploads"):
			io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>")
		case r.Method == http.MethodPut && (cut.CompareAndSwap(0, time.Now().UnixNano()) || time.Since(time.Unix(0, cut.Load())) < 2*time.Second):
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Close()
			}
		case r.Method == http.MethodPut:
			io.Copy(io.Discard, r.Body)
			w.Header().Set("ETag", `"e"`)
		default:
			io.WriteString(w, "<CompleteMultipartUploadResult><ETag>\"e-2\"</ETag></CompleteMultipartUploadResult>")
		}
	}))
	defer store.Close()
	name := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(name, make([]byte, 6<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	u := &upload{patience: 300 * time.Millisecond, config: bucketline.Config{
		Bucket: "box", Endpoint: store.URL, Region: "x", PathStyle: true, WithoutChecksum: true, MultipartThreshold: 5 << 20, PartSize: 5 << 20,
		Credentials: bucketline.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token", Expiration: time.Now().Add(time.Hour)},
	}}
	u.feed = func(ctx context.Context, visit func(found) error) error { return visit(found{name: name, key: "k"}) }
	u.begin = func(ctx context.Context, c *bucketline.Client, f found) (*bucketline.Task, error) {
		return c.StartFile(ctx, f.name, bucketline.Object{Key: f.key})
	}
	u.show = func(*bucketline.Client) display { return &lines{out: io.Discard, err: &told} }
	if err := u.run(t.Context()); err != nil || u.sum.stored != 1 {
		t.Errorf("run = %v, %+v\n%s", err, u.sum, told.String())
	}
}

func TestExitStatus_ofErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		ran  bool
		want int
	}{
		{nil, true, 0}, {errors.New("x"), true, 1}, {errors.New("x"), false, 2}, {usage(errors.New("x")), true, 2},
		{exit{exitKept, errInterrupted}, true, 3}, {fmt.Errorf("y: %w", errInterrupted), true, 130}, {exit{exitUndone, nil}, true, 1},
	} {
		if got := exitStatus(c.err, c.ran); got != c.want {
			t.Errorf("exitStatus(%v, %v) = %d, want %d", c.err, c.ran, got, c.want)
		}
	}
}
