package sim

import (
	"slices"
	"testing"
)

func TestAgenda_goesByTimeAndThenByOrder(t *testing.T) {
	var a agenda
	d := dice{7}
	type entry struct{ at, order int64 }
	var want, got []entry
	for i := range int64(2000) {
		at := d.below(50)
		want = append(want, entry{at, i})
		a.put(at, func() { got = append(got, entry{at, i}) })
		if d.chance(300) { // some are taken before all are there
			next := a.take()
			next.do()
			want = slices.DeleteFunc(want, func(e entry) bool { return e == got[len(got)-1] })
			for _, e := range want {
				if last := got[len(got)-1]; e.at < last.at || e.at == last.at && e.order < last.order {
					t.Fatalf("%v came before %v", last, e)
				}
			}
		}
	}
	got = nil
	for len(a.heap) > 0 {
		next := a.take()
		next.do()
	}
	slices.SortFunc(want, func(x, y entry) int { return int(x.at*10_000 + x.order - y.at*10_000 - y.order) })
	if !slices.Equal(got, want) {
		t.Errorf("took %v, want %v", got, want)
	}
}

func TestDice_keepWithinTheirBounds(t *testing.T) {
	d := dice{1}
	seen := map[int64]bool{}
	for range 20_000 {
		if n := d.between(-3, 3); n < -3 || n > 3 {
			t.Fatalf("between -3 and 3: %d", n)
		}
		n := d.spread(5, 300)
		if n < 5 || n > 300 {
			t.Fatalf("spread from 5 to 300: %d", n)
		}
		seen[n] = true
		if n := d.spread(9, 9); n != 9 {
			t.Fatalf("spread from 9 to 9: %d", n)
		}
	}
	if !seen[5] || !seen[300] || len(seen) < 290 {
		t.Errorf("%d of 296 numbers came up, the least %v, the most %v", len(seen), seen[5], seen[300])
	}
}
