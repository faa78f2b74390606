package driver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// shelf is a journal in memory that is slow, fails when it is told to, and
// notes what it was asked.
type shelf struct {
	*MemoryJournal
	fail map[string]error // by method

	mu   sync.Mutex
	log  []string
	busy map[string]bool
}

func newShelf() *shelf {
	return &shelf{MemoryJournal: NewMemoryJournal(), fail: map[string]error{}, busy: map[string]bool{}}
}

// enter notes a call, and that no other one is under way for the same name.
func (s *shelf) enter(method, name string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[name] {
		panic("two calls at once for one record")
	}
	s.busy[name] = true
	s.log = append(s.log, method)
	return func() {
		time.Sleep(time.Millisecond)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy[name] = false
	}, s.fail[method]
}

func (s *shelf) call(method, name string, f func() error) error {
	leave, err := s.enter(method, name)
	defer leave()
	if err != nil {
		return err
	}
	return f()
}

func (s *shelf) Load(name string) (data []byte, err error) {
	err = s.call("load", name, func() (err error) {
		data, err = s.MemoryJournal.Load(name)
		return err
	})
	return data, err
}

func (s *shelf) Save(name string, b []byte) error {
	return s.call("save", name, func() error { return s.MemoryJournal.Save(name, b) })
}

func (s *shelf) Append(name string, b []byte) error {
	return s.call("append", name, func() error { return s.MemoryJournal.Append(name, b) })
}

func (s *shelf) Forget(name string) error {
	return s.call("forget", name, func() error { return s.MemoryJournal.Forget(name) })
}

func (s *shelf) Unlock(name string) error {
	return s.call("unlock", name, func() error { return s.MemoryJournal.Unlock(name) })
}

func (s *shelf) SetAside(name string) error {
	return s.call("set aside", name, func() error { return s.MemoryJournal.SetAside(name) })
}

func (s *shelf) calls() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, " ")
}

// named is a source that the journal knows.
func named(key string, size int) *chosen {
	s := source(key, size)
	s.name = "/files/" + key
	return s
}

// record is the name of the record of a source.
func record(s *chosen) string {
	c := config()
	return journal.Name(&c.Target, s.key, &journal.Source{Name: s.name, Size: s.Size()})
}

// Everything that is asked of a record is done in order, and is done by the end.
func TestLedger_inOrder(t *testing.T) {
	j := newShelf()
	d, n := start(t, newMemory(), Options{Journal: j})
	done(t, n.ended(t, add(t, d, named("a", 4*partSize))))
	d.Close()
	if got := j.calls(); got != "load save append append append append forget" {
		t.Errorf("the journal was asked: %s", got)
	}
	if len(d.ledger) > 0 || len(d.open) > 0 {
		t.Errorf("left: %v, %v", d.ledger, d.open)
	}
}

// Without a name, and in one request, nothing is remembered.
func TestLedger_notForAll(t *testing.T) {
	j := newShelf()
	d, n := start(t, newMemory(), Options{Journal: j})
	add(t, d, source("a", 4*partSize), named("b", 100))
	done(t, n.ended(t, 0))
	done(t, n.ended(t, 1))
	d.Close()
	if got := j.calls(); got != "" {
		t.Errorf("the journal was asked: %s", got)
	}
}

func TestLedger_lockedRecord(t *testing.T) {
	j := newShelf()
	s := named("a", 2*partSize)
	if _, err := j.MemoryJournal.Load(record(s)); err != nil {
		t.Fatal(err)
	}
	d, n := start(t, newMemory(), Options{Journal: j})
	note := n.ended(t, add(t, d, s))
	if note.Err == nil || note.Err.Code != engine.CodeInUse || !errors.Is(note.Detail, ErrLocked) {
		t.Errorf("ended %v, %+v, %v", note.State, note.Err, note.Detail)
	}
}

// A journal that fails does not keep anything from being stored, and is told
// once.
func TestLedger_journalThatFails(t *testing.T) {
	full := errors.New("disk full")
	for _, method := range []string{"load", "save", "append", "forget", "unlock"} {
		j := newShelf()
		j.fail[method] = full
		m := newMemory()
		d, n := start(t, m, Options{Journal: j})
		add(t, d, named("a", 3*partSize), named("b", 3*partSize))
		done(t, n.ended(t, 0))
		done(t, n.ended(t, 1))
		d.Close()
		warnings := 0
		for _, x := range n.all {
			if x.Kind == engine.ActNoteWarning && x.Err.Code == engine.WarnJournal {
				warnings++
			}
		}
		if want := map[bool]int{true: 1}[method != "forget" && method != "unlock"]; warnings != want {
			t.Errorf("%s fails: %d warnings, want %d", method, warnings, want)
		}
		if len(m.objects) != 2 || len(m.uploads) != 0 {
			t.Errorf("%s fails: stored %d, left %d", method, len(m.objects), len(m.uploads))
		}
	}
}

// A damaged record is set aside before anything takes its place.
func TestLedger_damagedRecord(t *testing.T) {
	j := newShelf()
	s := named("a", 2*partSize)
	name := record(s)
	j.MemoryJournal.Load(name)
	j.MemoryJournal.Save(name, []byte("rubbish"))
	j.MemoryJournal.Unlock(name)
	d, n := start(t, newMemory(), Options{Journal: j})
	done(t, n.ended(t, add(t, d, s)))
	d.Close()
	if got := j.calls(); got != "load set aside save append append forget" {
		t.Errorf("the journal was asked: %s", got)
	}
	warning := n.until(t, "warning", func(x Note) bool { return x.Kind == engine.ActNoteWarning })
	if warning.Err.Code != engine.WarnRecord || warning.Name != name {
		t.Errorf("warning %+v, %q", warning.Err, warning.Name)
	}
}

// Abandon aborts by a record alone, and forgets it then.
func TestAbandon_aborts(t *testing.T) {
	j := newShelf()
	m, s, name := left(t, j)
	d, n := start(t, m, Options{Journal: j})
	if _, err := d.Abandon(strings.Repeat("0", journal.NameBytes)); !errors.Is(err, ErrNoRecord) {
		t.Errorf("Abandon of nothing = %v", err)
	}
	id, err := d.Abandon(name)
	if err != nil {
		t.Fatal(err)
	}
	note := n.until(t, "its end", func(x Note) bool { return x.Kind == engine.ActNoteSwept })
	if note.UploadID != id || note.Name != s.key || note.Err != nil {
		t.Errorf("note %+v", note)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, there := m.uploads[id]; there || m.aborted != 1 {
		t.Errorf("uploads %v, aborted %d", m.uploads, m.aborted)
	}
	if data, err := j.MemoryJournal.Load(name); data != nil || err != nil {
		t.Errorf("the record is %d bytes, %v", len(data), err)
	}
}

// left is what a suspended driver has left of a source.
func left(t *testing.T, j Journal) (*memory, *chosen, string) {
	t.Helper()
	m := newMemory()
	one := make(chan struct{}, 1)
	one <- struct{}{}
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart {
			select {
			case <-one:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return nil, nil
	}
	d, n := start(t, m, Options{Journal: j})
	s := named("left", 4*partSize)
	add(t, d, s)
	n.until(t, "the first part", func(x Note) bool { return x.Kind == engine.ActNotePart })
	if err := d.Suspend(); err != nil {
		t.Fatal(err)
	}
	m.before = nil
	return m, s, record(s)
}

// What cannot be aborted keeps its record, and gives it up.
func TestAbandon_thatFails(t *testing.T) {
	j := newShelf()
	m, _, name := left(t, j)
	d, n := start(t, m, Options{Journal: j})
	m.before = refuse("AccessDenied", 403)
	if _, err := d.Abandon(name); err != nil {
		t.Fatal(err)
	}
	note := n.until(t, "its end", func(x Note) bool { return x.Kind == engine.ActNoteSwept })
	if note.Err == nil || note.Err.Code != "AccessDenied" {
		t.Errorf("note %+v", note.Err)
	}
	n.forget()
	if _, err := d.Abandon(name); err != nil {
		t.Errorf("Abandon once more = %v", err)
	}
	n.until(t, "its end", func(x Note) bool { return x.Kind == engine.ActNoteSwept })
	d.Close()
	if data, err := j.MemoryJournal.Load(name); data == nil || err != nil {
		t.Errorf("the record is %d bytes, %v, want it as it was", len(data), err)
	}
	if len(d.abandoned) > 0 {
		t.Errorf("remembers %v", d.abandoned)
	}
}

func TestAbandon_damagedRecord(t *testing.T) {
	j := newShelf()
	name := strings.Repeat("a", journal.NameBytes)
	j.MemoryJournal.Load(name)
	j.MemoryJournal.Save(name, []byte("rubbish"))
	j.MemoryJournal.Unlock(name)
	d, _ := start(t, newMemory(), Options{Journal: j})
	if _, err := d.Abandon(name); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Abandon = %v, want ErrCorrupt", err)
	}
	d.Close()
	if data, err := j.MemoryJournal.Load(name); data != nil || err != nil {
		t.Errorf("the record is %q, %v, want it out of the way", data, err)
	}
	if _, err := d.Abandon(name); !errors.Is(err, ErrClosed) {
		t.Errorf("Abandon after Close = %v", err)
	}
}

// Sweep aborts what is old and not spared, below the prefix.
func TestSweep_aborts(t *testing.T) {
	m := newMemory()
	for i, key := range []string{"p/a", "p/b", "q/c"} {
		id := fmt.Sprintf("old%d", i)
		m.uploads[id], m.keys[id] = map[int][]byte{}, key
	}
	d, n := start(t, m, Options{})
	if err := d.Sweep("p/", time.Now().Add(-48*time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	n.until(t, "the end", func(x Note) bool { return x.Kind == engine.ActNoteSweepEnd })
	if len(m.uploads) != 3 {
		t.Errorf("uploads of a day were aborted as older than two: %v", m.uploads)
	}
	if err := d.Sweep("p/", time.Now().Add(-time.Hour), []string{"old1"}); err != nil {
		t.Fatal(err)
	}
	note := n.until(t, "an abort", func(x Note) bool { return x.Kind == engine.ActNoteSwept })
	if note.Name != "p/a" || note.UploadID != "old0" || note.Err != nil || note.Source != nil {
		t.Errorf("note %+v", note)
	}
	d.Close()
	var ids []string
	for id := range m.uploads {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if got := strings.Join(ids, " "); got != "old1 old2" {
		t.Errorf("left %s, want old1 old2", got)
	}
	if info := d.Totals(); info.Files[queue.StateCancelled] != 0 {
		t.Errorf("totals %+v", info)
	}
}
