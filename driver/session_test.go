package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// refuse answers every request with an error of S3.
func refuse(code string, status int) func(context.Context, *s3.Request) (*Answer, error) {
	return func(context.Context, *s3.Request) (*Answer, error) {
		return &Answer{Status: status, Body: []byte("<Error><Code>" + code + "</Code></Error>")}, nil
	}
}

// What fails is sent again when its time has come, although nothing else
// happens.
func TestDriver_ticks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var tries atomic.Int32
		m.before = func(context.Context, *s3.Request) (*Answer, error) {
			if tries.Add(1) <= 3 {
				return nil, errors.New("cable cut")
			}
			return nil, nil
		}
		c := config()
		c.RetryMillis = 0
		n := newNotes()
		d, err := New(c, Options{Transport: m, Notify: n.add})
		if err != nil {
			t.Fatal(err)
		}
		d.SetCredentials(credentials(time.Hour))
		began := time.Now()
		done(t, n.ended(t, add(t, d, source("a", 10))))
		var delays time.Duration
		for _, x := range n.all {
			if x.Kind == engine.ActNoteRetry {
				delays += time.Duration(x.Delay) * time.Millisecond
				if x.Err.Code != engine.CodeUnreachable || x.Detail == nil || x.Source == nil {
					t.Errorf("retry %+v, %v", x.Err, x.Detail)
				}
			}
		}
		if took := time.Since(began); took < delays || took > delays+10*time.Millisecond || n.count(engine.ActNoteRetry) != 3 {
			t.Errorf("stored after %v and %d retries, want %v and 3", took, n.count(engine.ActNoteRetry), delays)
		}
		d.Close()
	})
}

// A request of which no byte moves is broken off and sent again; one that moves
// slowly is not.
func TestDriver_stall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var silent, puts atomic.Int32
		m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
			if puts.Add(1) > 1 {
				return nil, nil
			}
			silent.Add(1)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		d, n := start(t, m, Options{})
		began := time.Now()
		done(t, n.ended(t, add(t, d, source("a", 10))))
		if took := time.Since(began); silent.Load() != 1 || took < engine.DefaultStallMillis*time.Millisecond || took > 2*engine.DefaultStallMillis*time.Millisecond {
			t.Errorf("%d silent requests, stored after %v", silent.Load(), took)
		}
		retry := n.until(t, "retry", func(x Note) bool { return x.Kind == engine.ActNoteRetry })
		if retry.Err.Code != engine.CodeStalled {
			t.Errorf("retry because of %s", retry.Err.Code)
		}
		m.pause = 4 * time.Second // 64 KiB each: 80 of them for a part
		slow := add(t, d, source("b", partSize))
		time.Sleep(6 * time.Minute)
		done(t, n.ended(t, slow))
		if n.count(engine.ActNoteRetry) != 1 {
			t.Errorf("%d retries: a slow request was taken for a silent one", n.count(engine.ActNoteRetry))
		}
		d.Close()
	})
}

// While the machine has no network, it is asked about, and all goes on when it
// is back.
func TestDriver_offline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var online atomic.Bool
		var asked, tries atomic.Int32
		m.before = func(context.Context, *s3.Request) (*Answer, error) {
			if tries.Add(1); !online.Load() {
				return nil, &BrokeError{engine.CauseOffline, errors.New("no network")}
			}
			return nil, nil
		}
		d, n := start(t, m, Options{Online: func() bool {
			asked.Add(1)
			return online.Load()
		}})
		id := add(t, d, source("a", 10))
		n.until(t, "offline", func(x Note) bool { return x.State == queue.StateOffline })
		time.Sleep(time.Minute)
		if n := asked.Load(); n < 28 || n > 31 {
			t.Errorf("asked %d times in a minute, want every %v", n, OnlineInterval)
		}
		before := tries.Load()
		online.Store(true)
		began := time.Now()
		done(t, n.ended(t, id))
		if took := time.Since(began); took > OnlineInterval+time.Second || tries.Load() > before+3 {
			t.Errorf("went on after %v, %d requests", took, tries.Load()-before)
		}
		d.Close()
	})
}

// A paused file rests, leaves its place to others, and goes on from where it
// was: no part is sent twice.
func TestPause_andResume(t *testing.T) {
	m := newMemory()
	var mu sync.Mutex
	sent := map[string]int{}
	gate := make(chan struct{}, 100)
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart {
			select {
			case <-gate:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			mu.Lock()
			sent[fmt.Sprint(r.Query)]++
			mu.Unlock()
		}
		return nil, nil
	}
	d, n := start(t, m, Options{})
	s := named("a", 6*partSize)
	id := add(t, d, s)
	gate <- struct{}{}
	gate <- struct{}{}
	for n.count(engine.ActNotePart) < 2 {
		time.Sleep(time.Millisecond)
	}
	if err := d.Pause(id); err != nil {
		t.Fatal(err)
	}
	n.until(t, "the pause", func(x Note) bool { return x.State == queue.StatePaused })
	done(t, n.ended(t, add(t, d, source("b", 10)))) // goes by
	if info, _ := d.File(id); info.State != queue.StatePaused {
		t.Fatalf("file is %v", info.State)
	}
	close(gate)
	if err := d.Resume(id); err != nil {
		t.Fatal(err)
	}
	done(t, n.ended(t, id))
	resumed := n.until(t, "going on", func(x Note) bool { return x.Kind == engine.ActNoteResumed })
	if resumed.Part != 2 || resumed.Result.Bytes != 2*partSize || resumed.Source != s {
		t.Errorf("went on with %d parts, %d bytes", resumed.Part, resumed.Result.Bytes)
	}
	if !bytes.Equal(m.objects["/box/a"], s.bytes) {
		t.Error("stored other bytes")
	}
	for query, times := range sent {
		if times > 1 {
			t.Errorf("sent %d times: %s", times, query)
		}
	}
}

// All at once, whatever their number, and what is added later rests too.
func TestPauseAll_resumeAll(t *testing.T) {
	m := newMemory()
	d, n := start(t, m, Options{})
	if err := d.PauseAll(); err != nil {
		t.Fatal(err)
	}
	var sources []*chosen
	for i := range 200 {
		sources = append(sources, source(fmt.Sprint(i), 10))
	}
	add(t, d, sources...)
	n.until(t, "all paused", func(x Note) bool { return x.Kind == engine.ActNoteAll && x.State == queue.StatePaused })
	time.Sleep(20 * time.Millisecond)
	if len(m.log) != 0 || d.Totals().Files[queue.StatePaused] != 200 {
		t.Errorf("%d requests, totals %+v", len(m.log), d.Totals())
	}
	if err := d.ResumeAll(); err != nil {
		t.Fatal(err)
	}
	for i := range sources {
		done(t, n.ended(t, engine.FileID(i)))
	}
}

// What failed can be tried again, one or all, with what it was chosen as.
func TestRetry_oneAndAll(t *testing.T) {
	m := newMemory()
	m.before = refuse("AccessDenied", 403)
	d, n := start(t, m, Options{})
	sources := []*chosen{source("a", 10), named("b", 2*partSize), source("c", 10)}
	add(t, d, sources...)
	for id := range engine.FileID(3) {
		if note := n.ended(t, id); note.State != queue.StateFailed {
			t.Fatalf("file %d ended %v", id, note.State)
		}
	}
	m.before = nil
	n.forget()
	if err := d.Retry(0); err != nil {
		t.Fatal(err)
	}
	done(t, n.ended(t, 0))
	if err := d.RetryAll(); err != nil {
		t.Fatal(err)
	}
	done(t, n.ended(t, 1))
	done(t, n.ended(t, 2))
	for _, s := range sources {
		if !bytes.Equal(m.objects["/box/"+s.key], s.bytes) {
			t.Errorf("%s: stored other bytes", s.key)
		}
	}
}

func (n *notes) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = nil
}

func TestCancelAll_ends(t *testing.T) {
	m := newMemory()
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpAbortMultipartUpload || r.Op == s3.OpCreateMultipartUpload || r.Op == s3.OpListParts {
			return nil, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	d, n := start(t, m, Options{})
	var sources []*chosen
	for i := range 100 {
		sources = append(sources, source(fmt.Sprint(i), 10))
	}
	add(t, d, append(sources, named("big", 3*partSize))...)
	n.until(t, "work", func(x Note) bool { return x.State == queue.StateUploading })
	if err := d.CancelAll(); err != nil {
		t.Fatal(err)
	}
	n.until(t, "the end of all", func(x Note) bool { return x.Kind == engine.ActNoteAll && x.State == queue.StateCancelled })
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if got := d.Totals().Files[queue.StateCancelled]; got != 101 || len(m.uploads) != 0 || len(d.live) != 0 {
		t.Errorf("%d cancelled, %d uploads and %d files left", got, len(m.uploads), len(d.live))
	}
}

func TestPrioritize_goesBefore(t *testing.T) {
	m := newMemory()
	release := make(chan struct{})
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		<-release
		return nil, nil
	}
	d, n := start(t, m, Options{})
	var sources []*chosen
	for i := range 40 {
		sources = append(sources, source(fmt.Sprint(i), 10))
	}
	add(t, d, sources...)
	n.until(t, "work", func(x Note) bool { return x.State == queue.StateUploading })
	if err := d.Prioritize(39, queue.PriorityHigh); err != nil {
		t.Fatal(err)
	}
	// One at a time, so that no description is overtaken by many answers.
	for i := range sources {
		for m.flying() < min(config().Connections, len(sources)-i) {
			time.Sleep(time.Millisecond)
		}
		release <- struct{}{}
	}
	for i := range sources {
		done(t, n.ended(t, engine.FileID(i)))
	}
	at := slices.IndexFunc(m.log, func(s string) bool { return s == "PutObject /box/39" })
	if at > 2*config().Connections+4 {
		t.Errorf("went as number %d: %q", at, m.log)
	}
}

// Suspend leaves what the journal knows as it is, and cancels the rest. Another
// driver goes on from there.
func TestSuspend_isGoneOnWith(t *testing.T) {
	j, m := newShelf(), newMemory()
	var sent sync.Map
	gate := make(chan struct{}, 100)
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart {
			open := gate
			if r.Path == "/box/lost" {
				open = nil
			}
			select {
			case <-open:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			count, _ := sent.LoadOrStore(fmt.Sprint(r.Path, r.Query), new(atomic.Int32))
			count.(*atomic.Int32).Add(1)
		}
		return nil, nil
	}
	d, n := start(t, m, Options{Journal: j})
	kept, lost := named("kept", 5*partSize), source("lost", 2*partSize)
	add(t, d, kept, lost)
	gate <- struct{}{}
	gate <- struct{}{}
	for n.count(engine.ActNotePart) < 2 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	if err := d.Suspend(); err != nil || time.Since(began) > DefaultLinger/2 {
		t.Fatalf("Suspend = %v after %v", err, time.Since(began))
	}
	if len(m.uploads) != 1 || m.aborted != 1 {
		t.Errorf("%d uploads are left, %d aborted", len(m.uploads), m.aborted)
	}
	if err := d.Pause(0); !errors.Is(err, ErrClosed) {
		t.Errorf("Pause after Suspend = %v", err)
	}

	close(gate)
	next, n := start(t, m, Options{Journal: j})
	done(t, n.ended(t, add(t, next, kept)))
	resumed := n.until(t, "going on", func(x Note) bool { return x.Kind == engine.ActNoteResumed })
	if resumed.Part != 2 {
		t.Errorf("went on with %d parts, want 2", resumed.Part)
	}
	next.Close()
	if !bytes.Equal(m.objects["/box/kept"], kept.bytes) || len(m.uploads) != 0 {
		t.Errorf("stored %d bytes, %d uploads are left", len(m.objects["/box/kept"]), len(m.uploads))
	}
	sent.Range(func(query, count any) bool {
		if times := count.(*atomic.Int32).Load(); times > 1 {
			t.Errorf("sent %d times: %s", times, query)
		}
		return true
	})
}

// Without a journal that lasts, Suspend is Close.
func TestSuspend_withoutAJournal(t *testing.T) {
	m := newMemory()
	d, n := start(t, m, Options{})
	add(t, d, named("a", 40*partSize))
	n.until(t, "a part", func(x Note) bool { return x.Kind == engine.ActNotePart })
	if err := d.Suspend(); err != nil {
		t.Fatal(err)
	}
	if len(m.uploads) != 0 {
		t.Errorf("%d uploads are left", len(m.uploads))
	}
}

// Close discards what failed and was kept for another try.
func TestClose_discardsWhatFailed(t *testing.T) {
	m := newMemory()
	var parts atomic.Int32
	m.before = func(_ context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart && parts.Add(1) > 1 {
			return nil, errors.New("cable cut")
		}
		return nil, nil
	}
	d, n := start(t, m, Options{})
	if note := n.ended(t, add(t, d, named("a", 4*partSize))); note.State != queue.StateFailed {
		t.Fatalf("ended %v", note.State)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if len(m.uploads) != 0 {
		t.Errorf("%d uploads are left", len(m.uploads))
	}
}

// The records that a driver has open are given up with it, also when it had no
// time for it.
func TestClose_givesRecordsUp(t *testing.T) {
	j, m := newShelf(), newMemory()
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op != s3.OpCreateMultipartUpload {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, nil
	}
	d, n := start(t, m, Options{Journal: j, Linger: 50 * time.Millisecond})
	s := named("a", 4*partSize)
	add(t, d, s)
	n.until(t, "work", func(x Note) bool { return x.State == queue.StateUploading })
	for len(j.calls()) < len("load save") {
		time.Sleep(time.Millisecond)
	}
	if err := d.Close(); !errors.Is(err, ErrUnfinished) {
		t.Errorf("Close = %v", err)
	}
	if _, err := j.MemoryJournal.Load(record(s)); err != nil {
		t.Errorf("the record is still open: %v", err)
	}
}
