package queue

import (
	"math/rand/v2"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

func TestPlan_boundaries(t *testing.T) {
	const mib = int64(1) << 20
	for _, c := range []struct {
		name                      string
		size, partSize, threshold int64
		want                      Plan
		ok                        bool
	}{
		{"empty file is one PUT", 0, 8 * mib, 16 * mib, Plan{}, true},
		{"empty file is one PUT at any threshold", 0, 8 * mib, 0, Plan{}, true},
		{"one byte below the threshold", 16*mib - 1, 8 * mib, 16 * mib, Plan{Size: 16*mib - 1}, true},
		{"at the threshold", 16 * mib, 8 * mib, 16 * mib, Plan{16 * mib, 8 * mib, 2}, true},
		{"one byte more needs one part more", 16*mib + 1, 8 * mib, 16 * mib, Plan{16*mib + 1, 8 * mib, 3}, true},
		{"exactly 10,000 parts", 10_000 * 8 * mib, 8 * mib, mib, Plan{10_000 * 8 * mib, 8 * mib, 10_000}, true},
		{"one byte over 10,000 parts raises the part size", 10_000*8*mib + 1, 8 * mib, mib, Plan{10_000*8*mib + 1, 9 * mib, 8889}, true},
		{"the largest object", s3.MaxObjectSize, 8 * mib, mib, Plan{s3.MaxObjectSize, s3.MaxPartSize, 10_000}, true},
		{"one byte over the largest object", s3.MaxObjectSize + 1, 8 * mib, mib, Plan{}, false},
		{"negative", -1, 8 * mib, mib, Plan{}, false},
	} {
		got, ok := NewPlan(c.size, c.partSize, c.threshold)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: NewPlan(%d, %d, %d) = %+v, %v, want %+v, %v", c.name, c.size, c.partSize, c.threshold, got, ok, c.want, c.ok)
		}
	}
}

// Whatever the size, the parts cover the file without gap or overlap, and
// every part but the last has a size that S3 takes.
func TestPlan_partsCoverTheFile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		size := r.Int64N(s3.MaxObjectSize) >> r.UintN(40)
		p, ok := NewPlan(size, s3.MinPartSize+r.Int64N(64<<20), r.Int64N(64<<20))
		if !ok {
			t.Fatalf("no plan for %d bytes", size)
		}
		if p.Parts == 0 {
			if o, l := p.Range(0); o != 0 || l != size {
				t.Fatalf("%+v: single PUT covers %d+%d", p, o, l)
			}
			continue
		}
		var end int64
		for n := uint16(1); n <= p.Parts; n++ {
			offset, length := p.Range(n)
			if offset != end || length <= 0 || length > s3.MaxPartSize || n < p.Parts && length < s3.MinPartSize {
				t.Fatalf("%+v: part %d is %d+%d after %d", p, n, offset, length, end)
			}
			end = offset + length
		}
		if end != size || int(p.Parts) > s3.MaxParts {
			t.Fatalf("%+v: parts end at %d", p, end)
		}
	}
}
