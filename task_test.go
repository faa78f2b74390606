package bucketline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline"
)

// big is larger than one request, and small enough for many tests.
const big = 22 << 20

// inParts is config with parts of 5 MiB.
func inParts(t *testing.T) bucketline.Config {
	c := config(t)
	c.PartSize, c.MultipartThreshold = 5<<20, 5<<20
	return c
}

// until waits until a condition holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("never: %s", what)
		}
	}
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*bucketline.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestUploadStream_ofUnknownLength(t *testing.T) {
	t.Parallel()
	client := open(t, inParts(t))
	for _, size := range []int{0, 100, big} {
		content := random(size)
		name := fmt.Sprint(key(t), size)
		// Neither a Seeker nor a ReaderAt.
		r, err := client.UploadStream(t.Context(), io.MultiReader(bytes.NewReader(content)), bucketline.Object{Key: name})
		if err != nil {
			t.Fatal(err)
		}
		if _, body := fetch(t, name); !bytes.Equal(body, content) || r.Size != int64(size) {
			t.Errorf("stored %d bytes, result %+v, want %d", len(body), r, size)
		}
	}
	task, err := client.StartStream(t.Context(), strings.NewReader("<html>"), bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	task.Wait()
	if out, _ := fetch(t, key(t)); *out.ContentType != "text/html; charset=utf-8" || task.Size() != 6 {
		t.Errorf("content type %s, size %d", *out.ContentType, task.Size())
	}
}

// The result tells what the store has compared the whole object with.
func TestResult_checksum(t *testing.T) {
	t.Parallel()
	c := inParts(t)
	for _, size := range []int64{9, big} {
		r, err := open(t, c).Upload(t.Context(), strings.NewReader(strings.Repeat("1", int(size))), size, bucketline.Object{Key: key(t)})
		if err != nil || r.Checksum.Algorithm != bucketline.CRC64NVME || len(r.Checksum.Digest) != 8 {
			t.Errorf("%d bytes: %v, %v", size, r.Checksum, err)
		}
	}
	c.WithoutChecksum = true
	r, err := open(t, c).Upload(t.Context(), strings.NewReader("123456789"), 9, bucketline.Object{Key: key(t)})
	if err != nil || r.Checksum.String() != "" {
		t.Errorf("without: %v, %v", r.Checksum, err)
	}
	r, err = open(t, inParts(t)).Upload(t.Context(), strings.NewReader("123456789"), 9, bucketline.Object{Key: key(t), Algorithm: bucketline.CRC32C})
	if err != nil || r.Checksum.String() != "CRC32C:4waSgw==" { // e3069283
		t.Errorf("CRC32C: %v, %v", r.Checksum, err)
	}
}

// Events are those of the task alone, in order, with its progress between them,
// and end with it.
func TestTask_events(t *testing.T) {
	t.Parallel()
	client := open(t, inParts(t))
	content := random(big)
	task, err := client.Start(t.Context(), bytes.NewReader(content), big, bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	client.Start(t.Context(), strings.NewReader("other"), 5, bucketline.Object{Key: key(t) + "-other"})
	var states []bucketline.State
	parts, progress := 0, 0
	for e := range task.Events() {
		if e.Task != task {
			t.Errorf("event %+v is another task's", e)
		}
		switch e.Kind {
		case bucketline.EventState:
			states = append(states, e.State)
		case bucketline.EventPart:
			parts++
		case bucketline.EventProgress:
			progress++
		}
	}
	if last := states[len(states)-1]; last != bucketline.StateDone || parts != 5 || progress < 2 {
		t.Errorf("states %v, %d parts, %d times progress", states, parts, progress)
	}
	select {
	case <-task.Done():
	default:
		t.Error("events ended before the task")
	}
	for e := range task.Events() { // afterwards there is the end alone
		if e.Kind != bucketline.EventState || e.State != bucketline.StateDone {
			t.Errorf("event %+v", e)
		}
	}
	for range task.Events() {
		break // whoever stops listening is no trouble
	}
}

// A pause lets a file rest; it goes on from where it was.
func TestTask_pauseAndResume(t *testing.T) {
	t.Parallel()
	c := inParts(t)
	c.BytesPerSecond = 12 << 20
	client := open(t, c)
	content := random(big)
	task, err := client.Start(t.Context(), bytes.NewReader(content), big, bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "a part is stored", func() bool { return task.Progress().PartsStored > 0 })
	task.Pause()
	until(t, "it is paused", func() bool { return task.Progress().State == bucketline.StatePaused })
	client.PauseAll()
	late, err := client.Start(t.Context(), strings.NewReader("late"), 4, bucketline.Object{Key: key(t) + "-late"})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if s := late.Progress().State; s != bucketline.StatePaused {
		t.Errorf("started while all are paused: %v", s)
	}
	client.ResumeAll()
	for _, one := range []*bucketline.Task{late, task} {
		if _, err := one.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if _, body := fetch(t, key(t)); !bytes.Equal(body, content) {
		t.Error("stored other bytes")
	}
}

// What failed can be tried again, and Wait waits again.
func TestTask_retry(t *testing.T) {
	t.Parallel()
	c := config(t)
	good := c.Credentials
	c.Credentials = temporary(t, "bob", time.Hour)
	client := open(t, c)
	var tasks []*bucketline.Task
	for i := range 3 {
		task, err := client.Start(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: fmt.Sprint(key(t), i)})
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, task)
	}
	for _, task := range tasks {
		if _, err := task.Wait(); codeOf(err) != "AccessDenied" {
			t.Fatalf("Wait = %v", err)
		}
	}
	if err := client.SetCredentials(good); err != nil {
		t.Fatal(err)
	}
	tasks[0].Retry()
	if _, err := tasks[0].Wait(); err != nil {
		t.Errorf("after Retry: %v", err)
	}
	client.RetryAll()
	for _, task := range tasks {
		until(t, "it is stored", func() bool {
			_, err := task.Wait()
			return err == nil
		})
	}
	tasks[1].Retry() // does nothing
	if _, err := tasks[1].Wait(); err != nil {
		t.Error(err)
	}
}

// Credentials that end without others fail what waits, and keep what was sent.
func TestTask_retryAfterTheCredentials(t *testing.T) {
	t.Parallel()
	c := inParts(t)
	c.BytesPerSecond = 5 << 20
	good := c.Credentials
	c.Credentials = temporary(t, "alice", 4*time.Second)
	client := open(t, c)
	name := filepath.Join(t.TempDir(), "a.bin")
	content := random(big)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	task, err := client.StartFile(t.Context(), name, bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := task.Wait(); codeOf(err) != bucketline.CodeCredentialsExpired {
		t.Fatalf("Wait = %v", err)
	}
	if n := uploads(t, key(t)); n != 1 {
		t.Errorf("%d uploads are kept, want 1", n)
	}
	if err := client.SetCredentials(good); err != nil {
		t.Fatal(err)
	}
	task.Retry()
	resumed := false
	for e := range task.Events() {
		resumed = resumed || e.Kind == bucketline.EventResumed && e.Part > 0
	}
	if _, err := task.Wait(); err != nil || !resumed {
		t.Errorf("Wait = %v, resumed %v", err, resumed)
	}
	if _, body := fetch(t, key(t)); !bytes.Equal(body, content) {
		t.Error("stored other bytes")
	}
}

// Each choice for a key that has an object already.
func TestObject_onConflict(t *testing.T) {
	t.Parallel()
	base := fmt.Sprint(key(t), time.Now().UnixNano()) // no other run has written there
	var mu sync.Mutex
	var asked []string
	c := config(t)
	c.Notify = func(e bucketline.Event) {
		if e.Kind == bucketline.EventState && e.State == bucketline.StateConflict {
			mu.Lock()
			defer mu.Unlock()
			if e.Err == nil {
				t.Error("a conflict without a reason")
			}
			asked = append(asked, e.Task.Key())
			e.Task.Resolve(bucketline.ConflictRename)
		}
	}
	client := open(t, c)
	put := func(o bucketline.Object, text string) (bucketline.Result, error) {
		o.Key = base + ".txt"
		return client.Upload(t.Context(), strings.NewReader(text), int64(len(text)), o)
	}
	if _, err := put(bucketline.Object{}, "first"); err != nil {
		t.Fatal(err)
	}
	if _, err := put(bucketline.Object{IfNoneMatch: "*"}, "second"); codeOf(err) != "ObjectExists" {
		t.Errorf("fail: %v", err)
	}
	if r, err := put(bucketline.Object{OnConflict: bucketline.ConflictSkip}, "second"); err != nil || !r.Skipped || r.Key != base+".txt" {
		t.Errorf("skip: %+v, %v", r, err)
	}
	if _, body := fetch(t, base+".txt"); string(body) != "first" {
		t.Errorf("the object is %q", body)
	}
	if r, err := put(bucketline.Object{OnConflict: bucketline.ConflictAsk}, "second"); err != nil || r.Key != base+" (2).txt" || !strings.HasSuffix(r.Location, "%20%282%29.txt") {
		t.Errorf("ask: %+v, %v", r, err)
	}
	if _, body := fetch(t, base+" (2).txt"); string(body) != "second" {
		t.Errorf("the renamed object is %q", body)
	}
	if _, err := put(bucketline.Object{OnConflict: bucketline.ConflictReplace}, "third"); err != nil {
		t.Errorf("replace: %v", err)
	}
	if _, body := fetch(t, base+".txt"); string(body) != "third" {
		t.Errorf("the object is %q", body)
	}
	if len(asked) != 1 || asked[0] != base+".txt" {
		t.Errorf("asked %q", asked)
	}
}

func TestCancelAll_endsEveryTask(t *testing.T) {
	t.Parallel()
	c := inParts(t)
	c.BytesPerSecond = 1 << 20
	client := open(t, c)
	var tasks []*bucketline.Task
	for i := range 300 {
		size := 10
		if i == 0 {
			size = big
		}
		task, err := client.Start(t.Context(), bytes.NewReader(make([]byte, size)), int64(size), bucketline.Object{Key: fmt.Sprint(key(t), "/", i)})
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, task)
	}
	client.CancelAll()
	for _, task := range tasks {
		if _, err := task.Wait(); err != nil && (codeOf(err) != bucketline.CodeCancelled || !errors.Is(err, context.Canceled)) {
			t.Fatalf("Wait = %v", err)
		}
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if n := uploads(t, key(t)); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}
