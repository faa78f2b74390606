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
		{"at the threshold", 16 * mib, 8 * mib, 16 * mib, Plan{16 * mib, 8 * mib, 2, false}, true},
		{"one byte more needs one part more", 16*mib + 1, 8 * mib, 16 * mib, Plan{16*mib + 1, 8 * mib, 3, false}, true},
		{"exactly 10,000 parts", 10_000 * 8 * mib, 8 * mib, mib, Plan{10_000 * 8 * mib, 8 * mib, 10_000, false}, true},
		{"one byte over 10,000 parts raises the part size", 10_000*8*mib + 1, 8 * mib, mib, Plan{10_000*8*mib + 1, 9 * mib, 8889, false}, true},
		{"the largest object", s3.MaxObjectSize, 8 * mib, mib, Plan{s3.MaxObjectSize, s3.MaxPartSize, 10_000, false}, true},
		{"one byte over the largest object", s3.MaxObjectSize + 1, 8 * mib, mib, Plan{}, false},
		{"negative", -1, 8 * mib, mib, Plan{}, false},
	} {
		got, ok := NewPlan(c.size, c.partSize, c.threshold, s3.ProfileAWS.Facts())
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
		p, ok := NewPlan(size, s3.MinPartSize+r.Int64N(64<<20), r.Int64N(64<<20), s3.ProfileAWS.Facts())
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

// A stream's parts follow each other without gap, never shrink, and reach
// further than the largest object within s3.MaxParts, or stay equal where the
// store wants that.
func TestStreamPlan_grows(t *testing.T) {
	p := StreamPlan(8<<20, s3.ProfileAWS.Facts())
	var end, last int64
	for n := uint16(1); n <= s3.MaxParts; n++ {
		offset, length := p.Range(n)
		if offset != end || length < last || length > s3.MaxPartSize {
			t.Fatalf("part %d is %d+%d after %d", n, offset, length, end)
		}
		end, last = offset+length, length
	}
	if _, first := p.Range(1000); first != 8<<20 || end < 4<<40 {
		t.Errorf("part 1000 has %d bytes, all parts %d", first, end)
	}
	equal := StreamPlan(8<<20, s3.ProfileR2.Facts())
	if offset, length := equal.Range(s3.MaxParts); length != 8<<20 || offset != (s3.MaxParts-1)*8<<20 {
		t.Errorf("the last equal part is %d+%d", offset, length)
	}
	p.Size, p.Parts = 1001*8<<20+5, 1001
	if offset, length := p.Range(1001); offset != 1000*8<<20 || length != 8<<20+5 {
		t.Errorf("the last part is %d+%d", offset, length)
	}
}

func TestFitPartSize_takesSecondsAndSpreads(t *testing.T) {
	const mib = int64(1) << 20
	for _, c := range []struct {
		name        string
		size, rate  int64
		connections int
		want        int64
	}{
		{"slow way: the smallest part", 1 << 40, 100_000, 6, s3.MinPartSize},
		{"5 MiB/s: five seconds", 1 << 40, 5 * mib, 6, 25 * mib},
		{"fast way: the largest", 1 << 40, 1 << 30, 6, MaxFittedPartSize},
		{"spread over the connections", 240 * mib, 1 << 30, 6, 20 * mib},
		{"never below the smallest", 10 * mib, 1 << 30, 6, s3.MinPartSize},
	} {
		if got := FitPartSize(c.size, c.rate, c.connections); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
