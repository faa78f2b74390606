package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

func TestDriver_storesWhatWasChosen(t *testing.T) {
	m := newMemory()
	d, n := start(t, m, Options{})
	sizes := []int{0, 1, 1000, partSize, 2*partSize - 1, 2 * partSize, 2*partSize + 1, 3*partSize + 7}
	var sources []*chosen
	for i := range 100 {
		size := 100 + i
		if i < len(sizes) {
			size = sizes[i]
		}
		sources = append(sources, source(fmt.Sprintf("key %d", i), size))
	}
	first := add(t, d, sources[:50]...)
	if second := add(t, d, sources[50:]...); first != 0 || second != 50 {
		t.Fatalf("Add gave %d and %d, want 0 and 50", first, second)
	}
	for i, s := range sources {
		note := n.ended(t, engine.FileID(i))
		done(t, note)
		if note.Source != s || note.Result.Bytes != s.Size() || note.Result.ETag == "" {
			t.Errorf("note of %q = %+v", s.key, note)
		}
	}
	d.Close()
	for _, s := range sources {
		if got := m.objects["/box/"+strings.ReplaceAll(s.key, " ", "%20")]; !bytes.Equal(got, s.bytes) {
			t.Errorf("%q: stored %d bytes that differ, want %d", s.key, len(got), len(s.bytes))
		}
		if s.open != 0 {
			t.Errorf("%q was left open %d times", s.key, s.open)
		}
	}
	if m.most > config().Connections {
		t.Errorf("%d requests at once, want %d at most", m.most, config().Connections)
	}
	if t0 := d.Totals(); t0.Files[queue.StateDone] != 100 || t0.InFlight != 0 || t0.Stored != t0.Size {
		t.Errorf("totals = %+v", t0)
	}
	if len(d.live)+len(d.ended)+len(d.flights) > 0 {
		t.Errorf("the driver remembers %d, %d and %d of nothing", len(d.live), len(d.ended), len(d.flights))
	}
}

// What is sent counts while it goes, at a bounded rate.
func TestDriver_countsWhatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.pause = 10 * time.Millisecond
		d, n := start(t, m, Options{})
		id := add(t, d, source("a", partSize)) // 80 reads of 64 KiB, 0.8 s in all
		var seen []int64
		for range 8 {
			time.Sleep(95 * time.Millisecond)
			seen = append(seen, d.Totals().Sent)
		}
		done(t, n.ended(t, id))
		steps := 0
		for i := 1; i < len(seen); i++ {
			if seen[i] < seen[i-1] || seen[i] > partSize {
				t.Fatalf("sent %v", seen)
			}
			if seen[i] > seen[i-1] {
				steps++
			}
		}
		if steps < 4 {
			t.Errorf("sent moved %d times in 8 looks: %v", steps, seen)
		}
		if info, _ := d.File(id); info.Sent != partSize || info.State != queue.StateDone {
			t.Errorf("file = %+v", info)
		}
		d.Close()
	})
}

func TestDriver_cancelAborts(t *testing.T) {
	m := newMemory()
	sending := make(chan struct{}, 100)
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart {
			sending <- struct{}{}
			<-ctx.Done() // the driver breaks it off
			return nil, ctx.Err()
		}
		return nil, nil
	}
	d, n := start(t, m, Options{})
	id := add(t, d, source("a", 4*partSize))
	<-sending
	if err := d.Cancel(id); err != nil {
		t.Fatal(err)
	}
	if note := n.ended(t, id); note.State != queue.StateCancelled {
		t.Errorf("ended %v, want cancelled", note.State)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if m.aborted != 1 || len(m.uploads) != 0 || len(m.objects) != 0 {
		t.Errorf("aborted %d, left %d uploads and %d objects", m.aborted, len(m.uploads), len(m.objects))
	}
}

func TestDriver_abortThatFailsIsToldOfItsSource(t *testing.T) {
	m := newMemory()
	m.before = func(_ context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpAbortMultipartUpload || r.Op == s3.OpUploadPart {
			return nil, &BrokeError{engine.CauseUnreachable, errors.New("cable cut")}
		}
		return nil, nil
	}
	d, n := start(t, m, Options{})
	s := source("a", 2*partSize)
	id := add(t, d, s)
	if note := n.ended(t, id); note.Err.Code != engine.CodeUnreachable || note.Detail.Error() != "cable cut" {
		t.Errorf("failed as %+v, %v", note.Err, note.Detail)
	}
	note := n.until(t, "orphan", func(x Note) bool { return x.Kind == engine.ActNoteOrphan })
	if note.Source != s || note.File != id {
		t.Errorf("orphan of %v", note.Source)
	}
}

func TestDriver_causes(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"told", &BrokeError{engine.CauseTLS, errors.New("x")}, engine.CodeTLSRefused},
		{"wrapped", fmt.Errorf("y: %w", &BrokeError{engine.CauseTimeout, errors.New("x")}), engine.CodeTimeout},
		{"not told", errors.New("x"), engine.CodeUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			m.before = func(context.Context, *s3.Request) (*Answer, error) { return nil, c.err }
			d, n := start(t, m, Options{})
			note := n.ended(t, add(t, d, source("a", 5)))
			if note.Err.Code != c.want || !errors.Is(note.Detail, c.err) {
				t.Errorf("failed as %s, %v, want %s, %v", note.Err.Code, note.Detail, c.want, c.err)
			}
		})
	}
}

func TestDriver_sourceThatCannotBeUsed(t *testing.T) {
	gone := errors.New("gone")
	for _, c := range []struct {
		name string
		make func() *chosen
		want string
	}{
		{"not described", func() *chosen { s := source("a", 9); s.describ = gone; return s }, engine.CodeSourceUnreadable},
		{"changed when described", func() *chosen { s := source("a", 9); s.describ = ErrSourceChanged; return s }, engine.CodeSourceChanged},
		{"not opened", func() *chosen { s := source("a", 9); s.opened = gone; return s }, engine.CodeSourceUnreadable},
		{"changed before", func() *chosen { s := source("a", 9); s.changed = ErrSourceChanged; return s }, engine.CodeSourceChanged},
		{"empty and changed", func() *chosen { s := source("a", 0); s.changed = ErrSourceChanged; return s }, engine.CodeSourceChanged},
		{"shorter than chosen", func() *chosen { s := source("a", 9); s.size = 10; return s }, engine.CodeSourceChanged},
		{"changed in the middle", func() *chosen {
			s := source("a", 200<<10)
			s.onRead = func(reads int) {
				if reads == 2 {
					s.change(ErrSourceChanged)
				}
			}
			return s
		}, engine.CodeSourceChanged},
		{"changed between parts", func() *chosen {
			s := source("a", 3*partSize)
			s.onRead = func(reads int) {
				if reads == 100 {
					s.change(ErrSourceChanged)
				}
			}
			return s
		}, engine.CodeSourceChanged},
		{"another one between parts, by no more than its content", func() *chosen {
			s := source("a", 3*partSize)
			s.name = "/a"
			s.onRead = func(reads int) {
				if reads == 100 {
					s.become(source("another", 3*partSize).bytes)
				}
			}
			return s
		}, engine.CodeSourceChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			d, n := start(t, m, Options{})
			s := c.make()
			note := n.ended(t, add(t, d, s))
			if note.State != queue.StateFailed || note.Err.Code != c.want || note.Detail == nil {
				t.Errorf("ended %v, %+v, %v, want %s", note.State, note.Err, note.Detail, c.want)
			}
			d.Close()
			if len(m.objects) != 0 || len(m.uploads) != 0 {
				t.Errorf("stored %d objects, left %d uploads", len(m.objects), len(m.uploads))
			}
			if s.open != 0 {
				t.Errorf("left open %d times", s.open)
			}
		})
	}
}

// One call a hold, however many files wait.
func TestDriver_refreshOnceAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.pause = time.Second
		var mu sync.Mutex
		var reasons []cred.Reason
		d, n := startHeld(t, m, Options{Refresh: func(_ context.Context, reason cred.Reason) (cred.Credentials, error) {
			time.Sleep(5 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			reasons = append(reasons, reason)
			return credentials(15 * time.Second), nil
		}})
		var sources []*chosen
		for i := range 60 {
			sources = append(sources, source(fmt.Sprint(i), 128<<10)) // 3 s each, 4 at once
		}
		add(t, d, sources...)
		for i := range sources {
			done(t, n.ended(t, engine.FileID(i)))
		}
		// 60 files take 45 s; a life of 15 s serves for 13.5 s, so 5 rounds of 3 s.
		mu.Lock()
		defer mu.Unlock()
		if len(reasons) != 3 || reasons[0] != cred.ReasonAbsent || reasons[1] != cred.ReasonExpired {
			t.Errorf("asked %v, want absent and then twice expired", reasons)
		}
		if holds := n.count(engine.ActNoteHold); holds != len(reasons) {
			t.Errorf("%d holds, %d calls", holds, len(reasons))
		}
		d.Close()
	})
}

func TestDriver_setCredentialsIsFasterThanRefresh(t *testing.T) {
	m := newMemory()
	asked, gaveUp := make(chan struct{}), make(chan struct{})
	d, n := startHeld(t, m, Options{Refresh: func(ctx context.Context, _ cred.Reason) (cred.Credentials, error) {
		close(asked)
		<-ctx.Done()
		defer close(gaveUp)
		return cred.Credentials{}, ctx.Err()
	}})
	id := add(t, d, source("a", 5))
	<-asked
	if err := d.SetCredentials(cred.Credentials{}); !errors.Is(err, cred.ErrNoAccessKey) {
		t.Errorf("SetCredentials of nothing = %v", err)
	}
	if err := d.SetCredentials(credentials(time.Hour)); err != nil {
		t.Fatal(err)
	}
	<-gaveUp
	done(t, n.ended(t, id))
	if holds := n.count(engine.ActNoteHold); holds != 1 {
		t.Errorf("%d notes of a hold, want 1: the late answer is dropped", holds)
	}
}

func TestDriver_refreshThatBringsNothing(t *testing.T) {
	locked := errors.New("the vault is locked")
	for _, c := range []struct {
		name string
		give cred.Credentials
		err  error
		want error
	}{
		{"failed", cred.Credentials{}, locked, locked},
		{"ended long ago", credentials(-time.Hour), nil, cred.ErrExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, n := startHeld(t, newMemory(), Options{Refresh: func(context.Context, cred.Reason) (cred.Credentials, error) {
				return c.give, c.err
			}})
			id := add(t, d, source("a", 5))
			note := n.until(t, "failed refresh", func(x Note) bool {
				return x.Kind == engine.ActNoteHold && x.Reason == cred.ReasonRefreshFailed
			})
			if !errors.Is(note.Detail, c.want) {
				t.Errorf("detail = %v, want %v", note.Detail, c.want)
			}
			if err := d.SetCredentials(credentials(time.Hour)); err != nil {
				t.Fatal(err)
			}
			done(t, n.ended(t, id))
		})
	}
}

func TestDriver_expireHolds(t *testing.T) {
	m := newMemory()
	d, n := start(t, m, Options{})
	d.Expire()
	id := add(t, d, source("a", 5))
	note := n.until(t, "hold", func(x Note) bool { return x.Kind == engine.ActNoteHold })
	if note.Reason != cred.ReasonInvalidated || !d.Totals().Held || len(m.log) != 0 {
		t.Errorf("held because of %v, %d requests", note.Reason, len(m.log))
	}
	if err := d.SetCredentials(credentials(time.Hour)); err != nil {
		t.Fatal(err)
	}
	done(t, n.ended(t, id))
}

// Close cancels, aborts at the store and waits for everything.
func TestClose_abortsWhatIsUnderWay(t *testing.T) {
	m := newMemory()
	sending := make(chan struct{}, 100)
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart {
			sending <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, nil
	}
	d, n := start(t, m, Options{})
	add(t, d, source("a", 2*partSize), source("b", 2*partSize), source("c", 5), source("d", 5))
	<-sending
	if err := d.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
	for id := range engine.FileID(4) {
		if note := n.ended(t, id); note.State != queue.StateCancelled && note.State != queue.StateDone {
			t.Errorf("file %d ended %v", id, note.State)
		}
	}
	if len(m.uploads) != 0 || m.inFlight != 0 {
		t.Errorf("%d uploads left, %d requests under way", len(m.uploads), m.inFlight)
	}
	if _, err := d.Add(queue.PriorityNormal, source("e", 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("Add after Close = %v, want ErrClosed", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("second Close = %v", err)
	}
}

func TestClose_doesNotLingerForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
			if r.Op == s3.OpAbortMultipartUpload || r.Op == s3.OpUploadPart {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, nil
		}
		d, _ := start(t, m, Options{})
		add(t, d, source("a", 2*partSize))
		time.Sleep(time.Second)
		began := time.Now()
		if err := d.Close(); !errors.Is(err, ErrUnfinished) {
			t.Errorf("Close = %v, want ErrUnfinished", err)
		}
		if took := time.Since(began); took != DefaultLinger {
			t.Errorf("Close took %v, want %v", took, DefaultLinger)
		}
	})
}

// A hold that nobody ends does not keep Close waiting, and the refresh that is
// under way is broken off.
func TestClose_whileHeld(t *testing.T) {
	asked := make(chan struct{})
	for _, refresh := range []func(context.Context, cred.Reason) (cred.Credentials, error){
		nil,
		func(ctx context.Context, _ cred.Reason) (cred.Credentials, error) {
			close(asked)
			<-ctx.Done()
			return cred.Credentials{}, ctx.Err()
		},
	} {
		d, n := startHeld(t, newMemory(), Options{Refresh: refresh, Linger: time.Second})
		id := add(t, d, source("a", 5))
		n.until(t, "hold", func(x Note) bool { return x.Kind == engine.ActNoteHold })
		if refresh != nil {
			<-asked
		}
		d.Close()
		if note := n.ended(t, id); note.State != queue.StateCancelled {
			t.Errorf("ended %v", note.State)
		}
	}
}

// An abort without credentials is never sent: Close says so, and at once.
func TestClose_cannotAbortWithoutCredentials(t *testing.T) {
	m := newMemory()
	sending := make(chan struct{}, 100)
	m.before = func(ctx context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpUploadPart {
			sending <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, nil
	}
	d, _ := start(t, m, Options{})
	add(t, d, source("a", 2*partSize))
	<-sending
	d.Expire()
	began := time.Now()
	if err := d.Close(); !errors.Is(err, ErrUnfinished) || time.Since(began) > DefaultLinger/2 {
		t.Errorf("Close = %v after %v, want ErrUnfinished at once", err, time.Since(began))
	}
}

// Notify may use the driver.
func TestNotify_mayCallBack(t *testing.T) {
	m := newMemory()
	var d *Driver
	ready := make(chan struct{})
	more := make(chan engine.FileID, 1)
	d, n := startHeld(t, m, Options{Notify: func(x Note) {
		<-ready
		d.Totals()
		if x.Kind == engine.ActNoteHold {
			d.SetCredentials(credentials(time.Hour))
		}
		if x.Kind == engine.ActNoteState && x.State == queue.StateDone && x.File == 0 {
			d.File(x.File)
			id, _ := d.Add(queue.PriorityNormal, source("b", 5))
			more <- id
		}
	}})
	close(ready)
	add(t, d, source("a", 5))
	done(t, n.ended(t, <-more))
}

func TestNew_wantsATransport(t *testing.T) {
	if _, err := New(config(), Options{}); !errors.Is(err, ErrTransport) {
		t.Errorf("New without a transport = %v", err)
	}
	c := config()
	c.Connections = engine.MaxConnections + 1
	if _, err := New(c, Options{Transport: newMemory()}); err == nil {
		t.Error("New with too many connections = nil")
	}
}

func TestAdd_refusesWhatTheEngineDoes(t *testing.T) {
	d, _ := start(t, newMemory(), Options{})
	bad := source("a", 1)
	bad.size = -1
	if _, err := d.Add(queue.PriorityNormal, bad); err == nil {
		t.Error("Add of a negative size = nil")
	}
	if id := add(t, d, source("b", 1)); id != 0 {
		t.Errorf("the next file is %d, want 0: refused files have no ID", id)
	}
	if err := d.Cancel(7); err == nil {
		t.Error("Cancel of no file = nil")
	}
}
