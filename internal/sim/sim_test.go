package sim

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
)

// seeds is how many worlds each run of the tests lives through; make soak lives
// through many more.
const seeds = 2000

func TestRun_seeds(t *testing.T) {
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		t.Run(fmt.Sprint(worker), func(t *testing.T) {
			t.Parallel()
			for seed := uint64(worker); seed < seeds; seed += uint64(workers) {
				r := Run(seed, nil)
				for _, v := range r.Violations {
					t.Errorf("bucketline sim --seed %d    # at %d ms: %s: %s", seed, v.At, v.Check, v.What)
				}
			}
		})
	}
}

func TestRun_sameSeedSameLife(t *testing.T) {
	hashes := map[uint64]uint64{}
	for seed := range uint64(100) {
		a, b := Run(seed, nil), Run(seed, nil)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("seed %d:\n%+v, and then\n%+v", seed, a, b)
		}
		if other, found := hashes[a.Hash]; found {
			t.Errorf("seeds %d and %d have the same life", seed, other)
		}
		hashes[a.Hash] = seed
	}
}

// Who reads along changes nothing, and reads the same.
func TestRun_traceIsTheSame(t *testing.T) {
	for seed := range uint64(20) {
		var a, b bytes.Buffer
		first, second := Run(seed, &a), Run(seed, &b)
		if !bytes.Equal(a.Bytes(), b.Bytes()) || a.Len() < 1000 {
			t.Errorf("seed %d: traces of %d and %d bytes", seed, a.Len(), b.Len())
		}
		if quiet := Run(seed, nil); quiet.Hash != first.Hash || quiet.Hash != second.Hash {
			t.Errorf("seed %d lives another life when somebody reads along", seed)
		}
	}
}
