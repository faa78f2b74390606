package driver

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// snapped is a chosen source that gives snapshots.
type snapped struct {
	*chosen
	taken  atomic.Int32
	failed error
}

func (s *snapped) Snapshot(dst []byte) ([]byte, error) {
	s.taken.Add(1)
	return append(dst, s.bytes...), s.failed
}

// A small source is read once, and what was read is hashed and stored; a larger
// one, and one of no bytes, is not kept in memory.
func TestSnapshot_once(t *testing.T) {
	m := newMemory()
	d, n := start(t, m, Options{})
	for _, c := range []struct {
		size int
		want int32
	}{{0, 0}, {1, 1}, {smallSnapshot, 1}, {smallSnapshot + 1, 1}, {MaxSnapshot, 1}, {MaxSnapshot + 1, 0}} {
		s := &snapped{chosen: source("key", c.size)}
		id, err := d.Add(queue.PriorityNormal, s)
		if err != nil {
			t.Fatal(err)
		}
		done(t, n.ended(t, id))
		if got := m.objects["/box/key"]; !bytes.Equal(got, s.bytes) {
			t.Errorf("%d bytes: stored %d that differ", c.size, len(got))
		}
		if s.taken.Load() != c.want || c.want > 0 && s.reads > 0 {
			t.Errorf("%d bytes: %d snapshots and %d reads, want %d", c.size, s.taken.Load(), s.reads, c.want)
		}
	}
}

// A request that fails is sent again with what the source has then.
func TestSnapshot_isDroppedWithItsRequest(t *testing.T) {
	m := newMemory()
	var tries atomic.Int32
	m.before = func(_ context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpPutObject && tries.Add(1) == 1 {
			return &Answer{Status: 503}, nil
		}
		return nil, nil
	}
	d, n := start(t, m, Options{})
	s := &snapped{chosen: source("key", 1000)}
	id, err := d.Add(queue.PriorityNormal, s)
	if err != nil {
		t.Fatal(err)
	}
	done(t, n.ended(t, id))
	if s.reads == 0 || s.open != 0 || !bytes.Equal(m.objects["/box/key"], s.bytes) {
		t.Errorf("%d reads after a request that failed, %d left open", s.reads, s.open)
	}
}

// One that cannot be taken leaves it to Open to say why.
func TestSnapshot_thatFails(t *testing.T) {
	d, n := start(t, newMemory(), Options{})
	s := &snapped{chosen: source("key", 1000), failed: errors.New("too late")}
	s.opened = os.ErrPermission
	id, err := d.Add(queue.PriorityNormal, s)
	if err != nil {
		t.Fatal(err)
	}
	if note := n.ended(t, id); note.Err == nil || note.Err.Code != engine.CodeSourceUnreadable || !errors.Is(note.Detail, os.ErrPermission) {
		t.Errorf("note = %+v", note)
	}
}

// One that has waited is compared with its source before it goes.
func TestSnapshot_thatIsOld(t *testing.T) {
	s := &snapped{chosen: source("key", 1000)}
	small := snap(s)
	s.change(ErrSourceChanged)
	if err := small.Unchanged(); err != nil {
		t.Errorf("just taken: %v", err)
	}
	body := Body{content: small, length: 1000}
	if got, ok := body.Memory(); !ok || !bytes.Equal(got, s.bytes) {
		t.Errorf("the body is in memory: %v", ok)
	}
	small.taken = time.Now().Add(-2 * fresh)
	if err := small.Unchanged(); !errors.Is(err, ErrSourceChanged) {
		t.Errorf("taken a while ago: %v", err)
	}
	if _, ok := body.Memory(); ok {
		t.Error("an old snapshot was given out unseen")
	}
}

// Only a body that is nothing but a snapshot's bytes is given out as one.
func TestBody_memory(t *testing.T) {
	small := snap(&snapped{chosen: source("key", 1000)})
	content, _ := source("key", 1000).Open()
	for name, b := range map[string]*Body{
		"in a form":      {content: small, length: 1000, head: []byte("a")},
		"hashed":         {content: small, length: 1000, algorithm: s3.CRC32},
		"limited":        {content: small, length: 1000, limit: new(bandwidth)},
		"another source": {content: content, length: 1000},
		"fixed bytes":    {head: []byte("a")},
	} {
		if _, ok := b.Memory(); ok {
			t.Errorf("%s: given out", name)
		}
	}
}

// What a request may still be reading is not used again.
func TestSnapshot_isKeptForItsRequest(t *testing.T) {
	f := &file{snapshot: snap(&snapped{chosen: source("key", 1000)}), flights: 1}
	if f.dropSnapshot(); f.snapshot == nil {
		t.Fatal("dropped under a request")
	}
	f.flights = 0
	if f.dropSnapshot(); f.snapshot != nil {
		t.Error("kept without a request")
	}
}

func TestFile_snapshot(t *testing.T) {
	name := temporary(t, "hello")
	f, err := StatFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Snapshot([]byte("before ")); err != nil || string(got) != "before hello" {
		t.Errorf("Snapshot = %q, %v", got, err)
	}
	later := f.info.ModTime().Add(time.Hour)
	for what, change := range map[string]func() error{
		"longer":       func() error { return os.WriteFile(name, []byte("hello, world"), 0o600) },
		"shorter":      func() error { return os.WriteFile(name, []byte("hell"), 0o600) },
		"of that time": func() error { return os.Chtimes(name, later, later) },
		"another file": func() error { os.Remove(name); return os.WriteFile(name, []byte("hello"), 0o600) },
		"a folder":     func() error { os.Remove(name); return os.Mkdir(name, 0o700) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Snapshot(nil); !errors.Is(err, ErrSourceChanged) {
			t.Errorf("%s: Snapshot = %v", what, err)
		}
		os.Remove(name)
		if err := os.WriteFile(name, []byte("hello"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, later.Add(-time.Hour), later.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	os.Remove(name)
	if _, err := f.Snapshot(nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Snapshot of nothing = %v", err)
	}
}
