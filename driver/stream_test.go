package driver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// flow is a Stream of what a reader gives.
type flow struct {
	*chosen
	io.Reader
}

// Size is not known.
func (f *flow) Size() int64 { return engine.UnknownSize }

// Open is never asked of a stream.
func (f *flow) Open() (Content, error) { panic("a stream was opened") }

// flowOf is a stream that takes bytes of random content one piece at a time.
func flowOf(key string, size int) (*flow, []byte) {
	s := source(key, size)
	return &flow{s, iotest.HalfReader(bytes.NewReader(s.bytes))}, s.bytes
}

func addStream(t *testing.T, d *Driver, f *flow) engine.FileID {
	t.Helper()
	id, err := d.Add(queue.PriorityNormal, f)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Streams of every kind of length arrive whole, and nothing of them is kept.
func TestStream_arrivesWhole(t *testing.T) {
	for _, size := range []int{0, 1, 1000, partSize - 1, partSize, partSize + 1, 2 * partSize, 7*partSize + 5} {
		m := newMemory()
		d, n := start(t, m, Options{})
		f, content := flowOf("a", size)
		id := addStream(t, d, f)
		note := n.ended(t, id)
		done(t, note)
		if note.Source != f || note.Result.Bytes != int64(size) {
			t.Errorf("%d bytes: note %+v", size, note)
		}
		if got := m.objects["/box/a"]; !bytes.Equal(got, content) {
			t.Errorf("stored %d bytes that differ, want %d", len(got), size)
		}
		if info, _ := d.File(id); info.Size != int64(size) {
			t.Errorf("size is %d at the end, want %d", info.Size, size)
		}
		d.Close()
	}
}

// counting tells how far ahead of the store a stream is read.
type counting struct {
	io.Reader
	read atomic.Int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// A store that takes nothing stops the reading: memory is bounded.
func TestStream_isNotReadFarAhead(t *testing.T) {
	m := newMemory()
	release := make(chan struct{})
	var once sync.Once
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart {
			select {
			case <-release:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return nil, nil
	}
	defer once.Do(func() { close(release) })
	d, n := start(t, m, Options{})
	s := source("a", 12*partSize)
	c := &counting{Reader: bytes.NewReader(s.bytes)}
	id := addStream(t, d, &flow{s, c})
	last := int64(-1)
	for now := c.read.Load(); now != last || now == 0; now = c.read.Load() {
		last = now
		time.Sleep(200 * time.Millisecond)
	}
	if last > 4*partSize {
		t.Errorf("%d bytes were read ahead, want 4 parts at most: %d", last, 4*partSize)
	}
	d.mu.Lock()
	held := 0
	for _, p := range d.live[id].stream.parts {
		held += cap(p.bytes)
	}
	d.mu.Unlock()
	if held > 4*partSize {
		t.Errorf("%d bytes are held", held)
	}
	once.Do(func() { close(release) })
	done(t, n.ended(t, id))
	if !bytes.Equal(m.objects["/box/a"], s.bytes) {
		t.Error("stored other bytes")
	}
}

// What the store has is dropped, and its room used again.
func TestStream_dropsWhatIsStored(t *testing.T) {
	m := newMemory()
	d, n := start(t, m, Options{})
	s := source("a", 12*partSize)
	in, out := io.Pipe()
	id := addStream(t, d, &flow{s, in})
	for i := range 12 {
		if _, err := out.Write(s.bytes[i*partSize : (i+1)*partSize]); err != nil {
			t.Fatal(err)
		}
		for n.count(engine.ActNotePart) < i {
			time.Sleep(time.Millisecond)
		}
		d.mu.Lock()
		f := d.live[id].stream
		parts := len(f.parts)
		d.mu.Unlock()
		if parts > 2 {
			t.Fatalf("%d parts are kept after %d, of which %d are stored", parts, i+1, i)
		}
	}
	out.Close()
	done(t, n.ended(t, id))
	if !bytes.Equal(m.objects["/box/a"], s.bytes) {
		t.Error("stored other bytes")
	}
}

// What was read is gone: a stream that failed cannot be tried again.
func TestStream_isReadOnce(t *testing.T) {
	m := newMemory()
	m.before = refuse("AccessDenied", 403)
	d, n := start(t, m, Options{})
	f, _ := flowOf("a", 2*partSize)
	id := addStream(t, d, f)
	if note := n.ended(t, id); note.Err.Code != "AccessDenied" {
		t.Fatalf("ended %+v", note.Err)
	}
	m.before = nil
	n.forget()
	if err := d.Retry(id); err != nil {
		t.Fatal(err)
	}
	if note := n.ended(t, id); note.Err == nil || note.Err.Code != engine.CodeSourceUnreadable || !errors.Is(note.Detail, errReadTwice) {
		t.Errorf("ended %v, %+v, %v", note.State, note.Err, note.Detail)
	}
	d.Close()
	if len(m.objects) > 0 {
		t.Error("half a stream was stored")
	}
}

// A part that fails is sent again from memory.
func TestStream_sendsAgain(t *testing.T) {
	m := newMemory()
	var tries atomic.Int32
	m.before = func(_ context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart && tries.Add(1)%2 == 1 {
			return nil, errors.New("cable cut")
		}
		return nil, nil
	}
	d, n := start(t, m, Options{})
	f, content := flowOf("a", 3*partSize)
	done(t, n.ended(t, addStream(t, d, f)))
	if !bytes.Equal(m.objects["/box/a"], content) {
		t.Error("stored other bytes")
	}
}

// What was read while a stream was paused is not lost.
func TestStream_pauseAndResume(t *testing.T) {
	m := newMemory()
	d, n := start(t, m, Options{})
	s := source("a", 4*partSize)
	in, out := io.Pipe()
	id := addStream(t, d, &flow{s, in})
	if _, err := out.Write(s.bytes[:partSize+100]); err != nil {
		t.Fatal(err)
	}
	n.until(t, "the first part", func(x Note) bool { return x.Kind == engine.ActNotePart })
	if err := d.Pause(id); err != nil {
		t.Fatal(err)
	}
	n.until(t, "the pause", func(x Note) bool { return x.Kind == engine.ActNoteState && x.State == queue.StatePaused })
	go func() {
		out.Write(s.bytes[partSize+100:])
		out.Close()
	}()
	time.Sleep(50 * time.Millisecond)
	if err := d.Resume(id); err != nil {
		t.Fatal(err)
	}
	done(t, n.ended(t, id))
	if !bytes.Equal(m.objects["/box/a"], s.bytes) {
		t.Error("stored other bytes")
	}
}

// A reader that fails, fails the upload, and nothing is left at the store.
func TestStream_thatBreaks(t *testing.T) {
	broken := errors.New("tape torn")
	for _, size := range []int{0, 100, 3 * partSize} {
		m := newMemory()
		d, n := start(t, m, Options{})
		s := source("a", size)
		note := n.ended(t, addStream(t, d, &flow{s, io.MultiReader(bytes.NewReader(s.bytes), iotest.ErrReader(broken))}))
		if note.Err == nil || note.Err.Code != engine.CodeSourceUnreadable || !errors.Is(note.Detail, broken) {
			t.Errorf("%d bytes: ended %v, %+v, %v", size, note.State, note.Err, note.Detail)
		}
		d.Close()
		if len(m.objects) != 0 || len(m.uploads) != 0 {
			t.Errorf("%d bytes: stored %d objects, left %d uploads", size, len(m.objects), len(m.uploads))
		}
	}
}

// A Read that never returns keeps neither Cancel nor Close waiting.
func TestStream_silentReader(t *testing.T) {
	m := newMemory()
	d, n := start(t, m, Options{})
	for range 2 * config().Connections {
		r := silent{make(chan struct{}), make(chan struct{})}
		defer close(r.over)
		id := addStream(t, d, &flow{source("a", 0), r})
		<-r.asked
		if err := d.Cancel(id); err != nil {
			t.Fatal(err)
		}
		if note := n.ended(t, id); note.State != queue.StateCancelled {
			t.Errorf("ended %v", note.State)
		}
	}
	began := time.Now()
	if err := d.Close(); err != nil || time.Since(began) > DefaultLinger/2 {
		t.Errorf("Close = %v after %v", err, time.Since(began))
	}
}

// silent says that it is read, and gives nothing.
type silent struct{ asked, over chan struct{} }

func (s silent) Read([]byte) (int, error) {
	close(s.asked)
	<-s.over
	return 0, io.EOF
}

// plain has a size that is not known, and is no Stream.
type plain struct{ *chosen }

// Size is not known.
func (plain) Size() int64 { return engine.UnknownSize }

func TestAdd_wantsAStream(t *testing.T) {
	d, _ := start(t, newMemory(), Options{})
	if _, err := d.Add(queue.PriorityNormal, plain{source("a", 1)}); !errors.Is(err, ErrNoStream) {
		t.Errorf("Add = %v, want ErrNoStream", err)
	}
}
