package engine

import "testing"

// RFC 5681, section 3.1: additive increase. After a halving a window of n grows
// to n+1 by about n answers.
func TestWindow_growsByOneForEachWindowOfAnswers(t *testing.T) {
	w := newWindow(16, false)
	w.shrink(1, 2)
	if w.size() != 8 {
		t.Fatalf("half of 16 is %d", w.size())
	}
	for size := 8; size < 16; size++ {
		answers := 0
		for w.size() == size {
			w.grow()
			answers++
		}
		if answers < size || answers > size+2 {
			t.Errorf("a window of %d grew by one after %d answers", size, answers)
		}
	}
	for range 1000 {
		w.grow()
	}
	if w.size() != 16 {
		t.Errorf("the window grew to %d, beyond the 16 that were configured", w.size())
	}
}

// One trouble halves once, however many requests of that window meet it; the
// first that was sent after it halves again.
func TestWindow_halvesOnceForEachTrouble(t *testing.T) {
	for _, most := range []int{1, 2, 3, 6, MaxConnections} {
		w := newWindow(most, false)
		next := uint32(most)
		for size := most; ; size = max(size/2, 1) {
			if w.size() != size {
				t.Fatalf("of %d: a window of %d, want %d", most, w.size(), size)
			}
			if size == 1 {
				break
			}
			for older := next - uint32(size); older != next; older++ {
				w.shrink(older, next)
			}
			next++
			w.shrink(next-2, next) // sent before the halving
		}
		w.shrink(next, next+1)
		if w.size() != 1 {
			t.Errorf("of %d: a window of %d, below one", most, w.size())
		}
	}
}

// The numbers of requests begin again after 2^32.
func TestWindow_survivesTheWrap(t *testing.T) {
	w := newWindow(16, false)
	w.mark = ^uint32(0) - 9
	w.shrink(^uint32(0)-1, 3)
	w.shrink(1, 3) // the same trouble
	if w.size() != 8 {
		t.Fatalf("a window of %d, want 8", w.size())
	}
	w.shrink(3, 4)
	if w.size() != 4 {
		t.Errorf("a window of %d, want 4: request 3 was sent after the wrap", w.size())
	}
	w.mark = ^uint32(0) - 9
	if w.shrink(2, 3); w.size() != 2 {
		t.Errorf("a window of %d, want 2: request 2 was sent long after the mark", w.size())
	}
}

func TestRate_isAnAverageThatMoves(t *testing.T) {
	var r rate
	if r.millis(1<<20) != 0 {
		t.Error("a rate that was never measured says how long a body takes")
	}
	r.measure(rateBytes-1, 1)
	if r != 0 {
		t.Errorf("%d bytes say nothing of a connection's speed, and set it to %d", rateBytes-1, r)
	}
	least := r
	if least.measure(rateBytes, 1000); least != rateBytes {
		t.Errorf("%d bytes in a second are %d a second", rateBytes, least)
	}
	r.measure(1_000_000, 1000)
	if r != 1_000_000 || r.millis(500_000) != 500 {
		t.Fatalf("a megabyte in a second is %d bytes a second; 500,000 bytes take %d ms", r, r.millis(500_000))
	}
	r.measure(2_000_000, 1000)
	if r != 1_250_000 {
		t.Errorf("a quarter of the way to 2,000,000 is %d", r)
	}
	for range 100 {
		r.measure(300_000, 0) // within a millisecond
	}
	if got := r.millis(300_000); got != 1 {
		t.Errorf("a fast connection takes %d ms, want 1", got)
	}
	for range 100 {
		r.measure(5<<30, 5<<30) // the largest part, by an hour and more
	}
	if r < 1000 || r > 1003 || r.millis(5<<30) < (5<<30)/1003*1000 {
		t.Errorf("a slow connection has %d bytes a second; the largest part takes %d ms", r, r.millis(5<<30))
	}
}
