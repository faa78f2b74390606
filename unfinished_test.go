package bucketline_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bucketline/bucketline"
)

// begun is a file of which a client has stored a part or two when it was
// suspended.
type begun struct {
	config  bucketline.Config
	name    string
	content []byte
}

func begin(t *testing.T) begun {
	t.Helper()
	b := begun{config: inParts(t), name: filepath.Join(t.TempDir(), "a.bin"), content: random(big)}
	b.config.Journal = t.TempDir()
	if err := os.WriteFile(b.name, b.content, 0o600); err != nil {
		t.Fatal(err)
	}
	slow := b.config
	slow.BytesPerSecond = 12 << 20
	var ends []error // the end of a task is told once, also that by Suspend
	slow.Notify = func(e bucketline.Event) {
		if e.Kind == bucketline.EventState && e.State.Ended() {
			ends = append(ends, e.Err)
		}
	}
	client := open(t, slow)
	task, err := client.StartFile(t.Context(), b.name, bucketline.Object{
		Key: key(t), ContentType: "a/b", Metadata: []bucketline.Field{{Name: "album", Value: "summer"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "a part is stored", func() bool { return task.Progress().PartsStored > 0 })
	if err := client.Suspend(); err != nil {
		t.Fatal(err)
	}
	if _, err := task.Wait(); codeOf(err) != bucketline.CodeSuspended {
		t.Fatalf("Wait = %v", err)
	}
	if len(ends) != 1 || codeOf(ends[0]) != bucketline.CodeSuspended {
		t.Errorf("ends told: %v", ends)
	}
	return b
}

// only is the one unfinished upload that there is.
func (b *begun) only(t *testing.T) bucketline.Unfinished {
	t.Helper()
	var all []bucketline.Unfinished
	for u, err := range bucketline.ListUnfinished(b.config.Journal) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	if len(all) != 1 {
		t.Fatalf("%d unfinished uploads: %+v", len(all), all)
	}
	return all[0]
}

// What is left tells all that a person wants to know, and is gone on with.
func TestResume_goesOn(t *testing.T) {
	t.Parallel()
	b := begin(t)
	u := b.only(t)
	if u.Source != b.name || u.Object.Key != key(t) || u.Size != big || u.Parts != 5 || u.PartsStored < 1 || u.PartsStored > 4 ||
		u.Stored < 2<<20 || u.Stored > 20<<20 || u.InUse || u.UploadID == "" || time.Since(u.Begun) > time.Minute || u.Bucket != b.config.Bucket ||
		u.Object.Metadata[0].Value != "summer" || u.Modified.IsZero() {
		t.Errorf("unfinished: %+v", u)
	}
	c := bucketline.Config{Credentials: b.config.Credentials, Journal: b.config.Journal}
	u.Configure(&c)
	client := open(t, c)
	for x, err := range client.Unfinished() {
		if err != nil || x.Name != u.Name {
			t.Errorf("the client knows %q, %v", x.Name, err)
		}
	}
	task, err := client.Resume(t.Context(), u, "")
	if err != nil {
		t.Fatal(err)
	}
	resumed := 0
	for e := range task.Events() {
		if e.Kind == bucketline.EventResumed {
			resumed = e.Part
		}
	}
	r, err := task.Wait()
	if err != nil || resumed != u.PartsStored {
		t.Errorf("result %+v, %v, went on with %d parts", r, err, resumed)
	}
	if out, body := fetch(t, key(t)); !bytes.Equal(body, b.content) || out.Metadata["album"] != "summer" || *out.ContentType != "a/b" {
		t.Errorf("stored %d bytes, %v, %s", len(body), out.Metadata, *out.ContentType)
	}
	for u := range bucketline.ListUnfinished(b.config.Journal) {
		t.Errorf("left: %+v", u)
	}
}

func TestResume_refuses(t *testing.T) {
	t.Parallel()
	b := begin(t)
	u := b.only(t)
	client := open(t, b.config)
	fails := func(code string, client *bucketline.Client, source string) {
		t.Helper()
		if _, err := client.Resume(t.Context(), u, source); codeOf(err) != code {
			t.Errorf("Resume = %v, want %s", err, code)
		}
	}
	fails("NoRecord", open(t, config(t)), "")
	fails("SourceUnreadable", client, filepath.Join(t.TempDir(), "none"))
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, random(big), 0o600); err != nil {
		t.Fatal(err)
	}
	fails("SourceChanged", client, other)
	elsewhere := b.config
	elsewhere.Bucket = "another"
	fails("OtherStore", open(t, elsewhere), "")
	if err := os.Truncate(b.name, big-1); err != nil {
		t.Fatal(err)
	}
	fails("SourceChanged", client, "")
}

func TestReadUnfinished_refuses(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte{0x89}, 1000)} {
		if _, err := bucketline.ReadUnfinished(data); !errors.Is(err, bucketline.ErrRecord) {
			t.Errorf("ReadUnfinished(%d bytes) = %v, want ErrRecord", len(data), err)
		}
	}
	for range bucketline.ListUnfinished(filepath.Join(t.TempDir(), "none")) {
		t.Error("a folder that is not there has an upload")
	}
}

// Abort takes the parts off the store and the record out of the journal.
func TestAbort_unfinished(t *testing.T) {
	t.Parallel()
	b := begin(t)
	u := b.only(t)
	client := open(t, b.config)
	if err := client.Abort(t.Context(), "0123456789abcdef0123456789abcdef"); codeOf(err) != "NoRecord" {
		t.Errorf("Abort of nothing = %v", err)
	}
	if uploads(t, key(t)) != 1 {
		t.Fatal("nothing was left at the store")
	}
	if err := client.Abort(t.Context(), u.Name); err != nil {
		t.Fatal(err)
	}
	if n := uploads(t, key(t)); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
	for u := range client.Unfinished() {
		t.Errorf("left: %+v", u)
	}
	client.Close()
	if err := client.Abort(t.Context(), u.Name); err == nil {
		t.Error("Abort after Close = nil")
	}
}

// An upload that is at work is not aborted, nor uploaded twice.
func TestAbort_inUse(t *testing.T) {
	t.Parallel()
	b := begin(t)
	u := b.only(t)
	slow := b.config
	slow.BytesPerSecond = 1 << 20
	first, second := open(t, slow), open(t, b.config)
	task, err := first.Resume(t.Context(), u, "")
	if err != nil {
		t.Fatal(err)
	}
	until(t, "it is in use", func() bool { return b.only(t).InUse })
	if err := second.Abort(t.Context(), u.Name); codeOf(err) != "UploadInUse" {
		t.Errorf("Abort = %v", err)
	}
	twice, err := second.Resume(t.Context(), u, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twice.Wait(); codeOf(err) != "UploadInUse" {
		t.Errorf("the second = %v", err)
	}
	task.Cancel()
	task.Wait()
	first.Close()
	if n := uploads(t, key(t)); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

// Close, unlike Suspend, leaves nothing.
func TestClose_withAJournal(t *testing.T) {
	t.Parallel()
	b := begin(t)
	slow := b.config
	slow.BytesPerSecond = 1 << 20
	client := open(t, slow)
	task, err := client.StartFile(t.Context(), b.name, bucketline.Object{
		Key: key(t), ContentType: "a/b", Metadata: []bucketline.Field{{Name: "album", Value: "summer"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "it goes on", func() bool { return task.Progress().PartsStored > 0 })
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := task.Wait(); codeOf(err) != bucketline.CodeClosed {
		t.Errorf("Wait = %v", err)
	}
	if n := uploads(t, key(t)); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
	for u := range bucketline.ListUnfinished(b.config.Journal) {
		t.Errorf("left: %+v", u)
	}
}

func TestSweep_sparesTheJournal(t *testing.T) {
	t.Parallel()
	b := begin(t)
	client := open(t, b.config)
	for s, err := range client.Sweep(t.Context(), key(t), time.Nanosecond) {
		t.Errorf("swept %+v, %v", s, err)
	}
	if n := uploads(t, key(t)); n != 1 {
		t.Errorf("%d uploads are left, want the one that the journal knows", n)
	}
	c := b.config
	c.Journal = t.TempDir()
	time.Sleep(1100 * time.Millisecond) // the store tells ages in seconds
	stranger := open(t, c)
	swept := 0
	for s, err := range stranger.Sweep(t.Context(), key(t), time.Second) {
		if err != nil || s.Key != key(t) || s.UploadID == "" {
			t.Errorf("swept %+v, %v", s, err)
		}
		swept++
	}
	if n := uploads(t, key(t)); n != 0 || swept != 1 {
		t.Errorf("%d uploads are left, %d swept", n, swept)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range stranger.Sweep(ctx, key(t), time.Hour) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Sweep with an ended context = %v", err)
		}
	}
}
