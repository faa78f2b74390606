package engine

import "testing"

func ramped(most int) *window {
	w := newWindow(most, true)
	return &w
}

// A window of small requests that all take a round trip doubles each time, until
// it is as wide as it may be.
func TestRamp_doublesEachRoundTrip(t *testing.T) {
	w := ramped(MaxConnections)
	for _, want := range []int{16, 32, 64, 128, 256, 256} {
		if w.size() != want {
			t.Fatalf("window = %d, want %d", w.size(), want)
		}
		for range want {
			w.answered(16<<10, 50)
		}
	}
}

// It stays as it is where requests take no time: more connections would not make
// it faster.
func TestRamp_nearStore(t *testing.T) {
	for _, took := range []Instant{0, 1, distantMillis - 1} {
		w := ramped(MaxConnections)
		for range 1000 {
			w.answered(1000, took)
		}
		if w.size() != rampStart || !w.ramp.on {
			t.Errorf("after requests of %d ms: window %d, on %v", took, w.size(), w.ramp.on)
		}
	}
}

// On a busy machine most requests take long, and the fastest tells.
func TestRamp_nearStoreOnABusyMachine(t *testing.T) {
	w := ramped(MaxConnections)
	for range 100 {
		w.answered(1000, 1)
		w.answered(1000, distantMillis+1)
	}
	if w.size() != rampStart {
		t.Errorf("window %d", w.size())
	}
}

// What takes long since more requests are under way ends the ramp, and a single
// one does not.
func TestRamp_endsWhenRequestsBecomeSlow(t *testing.T) {
	w := ramped(MaxConnections)
	for range rampStart {
		w.answered(1000, 40)
	}
	slow := Instant(3*40 + jitterMillis + 1)
	w.answered(1000, slow)
	w.answered(1000, 40)
	if w.size() != 2*rampStart+1 || !w.ramp.on {
		t.Fatalf("after one slow request: window %d, on %v", w.size(), w.ramp.on)
	}
	for range w.size()/2 + 1 {
		w.answered(1000, slow)
	}
	if w.ramp.on || w.most != 2*rampStart+1 {
		t.Fatalf("after many: on %v, %d at most", w.ramp.on, w.most)
	}
	for range 10_000 {
		w.answered(1000, 40)
	}
	if w.size() != 2*rampStart+1 {
		t.Errorf("the window is %d later", w.size())
	}
}

// Trouble ends it, and what it had is what it returns to.
func TestRamp_endsByTrouble(t *testing.T) {
	w := ramped(MaxConnections)
	for range 3 * rampStart {
		w.answered(1000, 50)
	}
	w.shrink(10, 20)
	if w.size() != 2*rampStart || w.ramp.on {
		t.Fatalf("window %d, on %v", w.size(), w.ramp.on)
	}
	for range 10_000 {
		w.answered(1000, 50)
	}
	if w.size() != 4*rampStart {
		t.Errorf("window %d later, want %d", w.size(), 4*rampStart)
	}
}

// Large requests widen it to blindRamp where a connection is what limits, not
// where its share of the way or this machine is.
func TestRamp_largeRequests(t *testing.T) {
	for _, c := range []struct {
		perMilli int64
		want     int
	}{
		{slowWay - 1, rampStart}, {slowWay, blindRamp}, {fastWay - 1, blindRamp}, {fastWay, rampStart},
	} {
		w := ramped(MaxConnections)
		for range 1000 {
			w.answered(c.perMilli*1000, 1000)
		}
		if w.size() != c.want {
			t.Errorf("%d bytes a millisecond: window %d, want %d", c.perMilli, w.size(), c.want)
		}
	}
}

// Before anything is answered it doubles by what was sent, not sooner than each
// rampMillis, and up to blindRamp.
func TestRamp_blind(t *testing.T) {
	w, given := ramped(MaxConnections), int64(0)
	step := func(now Instant, perMilli int64, want int) {
		t.Helper()
		given += perMilli * rampMillis * int64(w.size())
		if w.widen(now, given); w.size() != want {
			t.Fatalf("at %d ms: window %d, want %d", now, w.size(), want)
		}
	}
	step(1000, 0, 16)
	step(1000+rampMillis-1, 0, 16)
	step(1000+rampMillis, slowWay, 32)
	step(1000+2*rampMillis-1, 0, 32)
	step(1000+2*rampMillis, slowWay, 64)
	step(1000+3*rampMillis, slowWay, 64)

	w, given = ramped(MaxConnections), 0
	step(0, 0, 16)
	step(rampMillis, slowWay-1, 16)
	step(2*rampMillis, fastWay, 16)
	w, given = ramped(20), 0
	step(0, 0, 16)
	step(rampMillis, slowWay, 20)
}

// With no more connections than it would begin with there is no ramp.
func TestRamp_few(t *testing.T) {
	if w := ramped(rampStart); w.ramp.on || w.size() != rampStart {
		t.Errorf("window %d, on %v", w.size(), w.ramp.on)
	}
}

// While the ramp lasts a session begins no more files than it has connections
// for, and its first large file is cut so that all can share it.
func TestRamp_session(t *testing.T) {
	s := newSession(t, Config{Target: photos, Connections: MaxConnections, Ramp: true, WithoutChecksum: true})
	if got := s.engine.room(); got != rampStart+spareSlots {
		t.Errorf("room for %d files", got)
	}
	for _, c := range []struct{ size, want int64 }{
		{100 << 20, 5 << 20}, {320 << 20, 5 << 20}, {384 << 20, 6 << 20}, {2 << 30, DefaultPartSize},
	} {
		if got := s.engine.partSize(c.size); got != c.want {
			t.Errorf("parts of %d bytes for %d, want %d", got, c.size, c.want)
		}
	}
}
