package driver

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bucketline/bucketline/engine"
)

// Bookings follow each other, at the rate, from whenever they are made.
func TestBandwidth_book(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct {
		name string
		when []int // milliseconds at which 1,000 bytes are booked, at 10,000 a second
		want []int // milliseconds to wait
	}{
		{"the first go at once, for the credit", []int{0}, []int{0}},
		{"those that follow pay", []int{0, 0, 0}, []int{0, 100, 200}},
		{"time that passes pays", []int{0, 50, 200}, []int{0, 50, 0}},
		{"a long silence earns one credit", []int{0, 10_000, 10_000}, []int{0, 0, 100}},
		{"a clock that goes back earns nothing", []int{1000, 0}, []int{0, 1100}},
	} {
		b := bandwidth{perSecond: 10_000}
		for i, ms := range c.when {
			if got := b.book(at(ms), 1000); got != time.Duration(c.want[i])*time.Millisecond {
				t.Errorf("%s: booking %d waits %v, want %d ms", c.name, i, got, c.want[i])
			}
		}
	}
	if b := (bandwidth{perSecond: MinBytesPerSecond}); b.piece() < 1 {
		t.Error("nothing goes at the lowest limit")
	}
	if b := (bandwidth{perSecond: 1 << 40}); b.piece() != maxPiece {
		t.Errorf("a piece of %d bytes", b.piece())
	}
}

func TestBandwidth_waitEndsWithItsContext(t *testing.T) {
	b := bandwidth{perSecond: 1024}
	b.book(time.Now(), 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("wait = %v", err)
	}
}

// All files together keep the limit, side by side, whatever is sent.
func TestDriver_bandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		d, n := start(t, m, Options{BytesPerSecond: 1 << 20})
		began := time.Now()
		var sources []*chosen
		for i := range 8 {
			sources = append(sources, source(fmt.Sprint(i), 1<<20))
		}
		add(t, d, sources...)
		time.Sleep(2 * time.Second)
		moving := 0
		for id := range engine.FileID(8) {
			if info, _ := d.File(id); info.Sent > 0 && info.Sent < info.Size {
				moving++
			}
		}
		if moving != config().Connections {
			t.Errorf("%d files move side by side, want %d", moving, config().Connections)
		}
		for i := range sources {
			done(t, n.ended(t, engine.FileID(i)))
		}
		if took := time.Since(began); took < 7850*time.Millisecond || took > 8100*time.Millisecond {
			t.Errorf("8 MiB at 1 MiB/s took %v", took)
		}
		d.Close()
	})
	if _, err := New(config(), Options{Transport: newMemory(), BytesPerSecond: MinBytesPerSecond - 1}); !errors.Is(err, ErrBandwidth) {
		t.Errorf("New with a limit too low = %v", err)
	}
}
