package engine

import (
	"math"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// "Full jitter": a delay is a random part of a span that doubles with each
// attempt, up to a bound. AWS SDKs and Tools Reference, "Retry behavior",
// standard mode.
func TestDelay_isSpreadOverItsSpan(t *testing.T) {
	e, err := New(Config{Target: photos, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		attempts  uint8
		throttled bool
		span      int64
	}{
		{1, false, 250}, {2, false, 500}, {3, false, 1000}, {7, false, 16_000}, {8, false, 20_000}, {100, false, 20_000},
		{1, true, 1000}, {2, true, 2000}, {5, true, 16_000}, {6, true, 20_000}, {100, true, 20_000},
	} {
		const draws, bins = 16_000, 16
		var histogram [bins]int
		least, most := int64(math.MaxInt64), int64(0)
		for range draws {
			d := e.delay(c.attempts, c.throttled)
			least, most = min(least, d), max(most, d)
			histogram[min((d-1)*bins/c.span, bins-1)]++
		}
		if least < 1 || most > c.span {
			t.Errorf("delay(%d, %v) is %d to %d ms, want 1 to %d", c.attempts, c.throttled, least, most, c.span)
		}
		// A bin gets 1,000 draws, and one millisecond's more or less where the span
		// is no multiple of the bins; five standard deviations are 155.
		for i, n := range histogram {
			const want, deviation = draws / bins, 155
			if uneven := int(draws / c.span); n < want-deviation-uneven || n > want+deviation+uneven {
				t.Errorf("delay(%d, %v): %d of %d draws in part %d of %d of the span", c.attempts, c.throttled, n, draws, i+1, bins)
			}
		}
	}
}

// The same seed gives the same delays, another one others.
func TestDelay_followsTheSeed(t *testing.T) {
	draw := func(seed uint64) (d [64]int64) {
		e, err := New(Config{Target: photos, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		for i := range d {
			d[i] = e.delay(10, false)
		}
		return d
	}
	if draw(7) != draw(7) {
		t.Error("the same seed gave other delays")
	}
	if draw(7) == draw(8) {
		t.Error("two seeds gave the same delays")
	}
}

// splitmix64 with seed 1234567: the values of its authors' C code.
func TestRandom_isSplitmix64(t *testing.T) {
	e := Engine{seed: 1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := e.random(); got != want {
			t.Errorf("number %d is %d, want %d", i+1, got, want)
		}
	}
}

// No further part is begun while maxSetbacks of them have failed and are not
// through.
func TestSetbacks_keepFurtherPartsFromBeginning(t *testing.T) {
	const connections = 4
	s := newSession(t, Config{Target: photos, Connections: connections, WithoutChecksum: true})
	s.create(1000 * s3.MinPartSize)
	for failed := 0; failed < maxSetbacks; {
		sends := s.takeSends()
		if len(sends) == 0 {
			t.Fatalf("no further part was begun while %d wait, fewer than %d", failed, maxSetbacks)
		}
		s.refuse(sends[0], 500, "InternalError")
		s.sends = append(sends[1:], s.sends...)
		failed++
	}
	last := s.takeSends()
	if len(last) != connections-1 {
		t.Fatalf("%d parts are under way, want the %d that were begun before", len(last), connections-1)
	}
	// A part that comes through frees a connection, and not a place to wait.
	s.store(last[0])
	if more := s.takeSends(); len(more) != 0 {
		t.Errorf("part %d was begun while %d wait", s.parts[more[0]], maxSetbacks)
	}
	// Nor does one of them that is sent again, until it is through.
	s.sleep()
	again := s.takeSends()
	if len(again) != 1 || s.parts[again[0]] > maxSetbacks {
		t.Fatalf("then %d parts were sent, want one that waited", len(again))
	}
	s.store(again[0])
	if more := s.takeSends(); len(more) != 2 {
		t.Errorf("when one of them is through %d parts are begun, want one for each free connection", len(more))
	}
}

// The most that can wait: one fewer than stops further parts, and then every
// connection's part fails. The engine has room for that.
func TestSetbacks_haveRoomForTheWorst(t *testing.T) {
	for _, connections := range []int{1, 5, MaxConnections} {
		s := newSession(t, Config{Target: photos, Connections: connections, WithoutChecksum: true})
		s.create(10_000 * s3.MinPartSize)
		sends := s.takeSends()
		for range maxSetbacks - 1 {
			s.refuse(sends[0], 500, "InternalError")
			sends = append(sends[1:], s.takeSends()...)
		}
		if len(sends) != connections {
			t.Fatalf("%d connections: %d parts are under way", connections, len(sends))
		}
		for _, id := range sends {
			s.refuse(id, 500, "InternalError")
		}
		if n := len(s.engine.slotOf(0).setbacks); n < maxSetbacks-1+connections {
			t.Errorf("%d connections: %d parts wait, want %d", connections, n, maxSetbacks-1+connections)
		}
	}
}

// A part that is put back goes again, also where as many have failed before as
// may: then no other part is begun.
func TestSlotPutBack(t *testing.T) {
	s := slot{step: stepParts}
	s.parts.reset(2*maxSetbacks + 1)
	for n := uint16(1); n <= maxSetbacks+1; n++ {
		s.parts.take(n, partInFlight)
		s.parts.flying++
		if n <= maxSetbacks {
			s.setbacks = append(s.setbacks, setback{part: n})
		}
	}
	if n := s.nextPart(0); n != 0 {
		t.Fatalf("part %d is next, and all that may go are in flight", n)
	}
	s.putBack(maxSetbacks + 1)
	s.putBack(3)
	s.putBack(2*maxSetbacks + 2) // there is none
	if n := s.nextPart(0); n != 3 || s.parts.flying != maxSetbacks-1 {
		t.Errorf("part %d is next, %d are flying, want 3 and %d", n, s.parts.flying, maxSetbacks-1)
	}
	if state := s.parts.state[maxSetbacks]; state != partPending {
		t.Errorf("a part without a setback is in state %d, want %d", state, partPending)
	}
}
