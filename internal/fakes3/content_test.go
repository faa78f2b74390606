package fakes3

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// random is a Content of short runs, as runs and as bytes.
func random(g *rand.Rand) (Content, []byte) {
	var runs []Run
	var data []byte
	for range g.IntN(8) {
		r := Run{byte(g.IntN(3)), g.Int64N(40) * g.Int64N(2)}
		runs = append(runs, r)
		data = append(data, bytes.Repeat([]byte{r.Value}, int(r.Length))...)
	}
	return Runs(runs...), data
}

func bytesOf(b Body) []byte { return b.Append(nil, 0, b.Len()) }

func TestContent_isItsBytes(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		c, data := random(g)
		if c.Len() != int64(len(data)) || !bytes.Equal(bytesOf(c), data) || !c.Equal(Bytes(data)) {
			t.Fatalf("runs %v are %v, want %v", c, bytesOf(c), data)
		}
		from := g.IntN(len(data) + 1)
		n := g.IntN(len(data) - from + 1)
		cut := c.Slice(int64(from), int64(n))
		if !bytes.Equal(bytesOf(cut), data[from:from+n]) || !cut.Equal(Bytes(data[from:from+n])) {
			t.Fatalf("%v from %d, %d bytes: %v", c, from, n, cut)
		}
		real := Real{data[:from], data[from:]}
		if !bytes.Equal(bytesOf(real.Cut(int64(from/2), int64(n))), data[from/2:from/2+n]) {
			t.Fatalf("real bytes %v from %d, %d bytes", real, from/2, n)
		}
		d, more := random(g)
		whole := Join(c, d).(Content)
		if !whole.Equal(Bytes(append(bytes.Clone(data), more...))) {
			t.Fatalf("%v and %v join to %v", c, d, whole)
		}
		if len(data) > 0 {
			at := g.IntN(len(data))
			data[at] ^= 1
			if flipped := Flip(c, int64(at)).(Content); !flipped.Equal(Bytes(data)) {
				t.Fatalf("%v with byte %d changed is %v", c, at, flipped)
			}
		}
	}
}

// Runs of bytes are found at whatever length, and over pieces.
func TestContent_withBytes(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var runs []Run
		for range g.IntN(6) {
			runs = append(runs, Run{byte(g.IntN(3)), 1 + g.Int64N(5000)})
		}
		want := Runs(runs...)
		data := bytesOf(want)
		at := g.IntN(len(data) + 1)
		if got := Content(nil).withBytes(data[:at]).withBytes(data[at:]); !got.Equal(want) {
			t.Fatalf("bytes of the runs %v, cut at %d, are %v", want, at, got)
		}
	}
}

func TestJoin_realBytesStayReal(t *testing.T) {
	if _, ok := Join(Real{[]byte("a")}, Real{[]byte("b")}).(Real); !ok {
		t.Error("real bytes became runs")
	}
	if got := Join(Real{[]byte("aab")}, Runs(Run{'b', 2})); !got.(Content).Equal(Runs(Run{'a', 2}, Run{'b', 3})) {
		t.Errorf("joined %v", got)
	}
}

func TestSums_CRCsAreThoseOfTheBytes(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	var s Sums
	for range 2000 {
		c, data := random(g)
		for _, a := range []s3.Algorithm{s3.CRC32, s3.CRC32C, s3.CRC64NVME} {
			if got, want := s.Digest(c, a), s.Digest(Real{data}, a); !bytes.Equal(got, want) {
				t.Fatalf("%v of %v is %x, want %x", a, c, got, want)
			}
		}
	}
}

// A tebibyte is checked by cutting it in two and combining, which is package
// s3's own arithmetic.
func TestSums_CRCOfWhatNoMemoryHolds(t *testing.T) {
	var s Sums
	c := Runs(Run{1, 1<<40 + 12345}, Run{2, 77}, Run{3, 5 << 30})
	number := func(digest []byte) uint64 {
		n := uint64(0)
		for _, b := range digest {
			n = n<<8 | uint64(b)
		}
		return n
	}
	for _, a := range []s3.Algorithm{s3.CRC32, s3.CRC32C, s3.CRC64NVME} {
		for _, at := range []int64{1, 1 << 39, 1<<40 + 12345, 1<<40 + 12400} {
			head, tail := c.Slice(0, at), c.Slice(at, c.Len())
			got := s3.CombineCRC(a, number(s.Digest(head, a)), number(s.Digest(tail, a)), tail.Len())
			if want := number(s.Digest(c, a)); got != want {
				t.Errorf("%v cut at %d: %x, want %x", a, at, got, want)
			}
		}
	}
}

func TestSums_standInsTellContentsApart(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 6))
	var s Sums
	for _, a := range []s3.Algorithm{s3.ContentMD5, s3.SHA1, s3.SHA256} {
		seen := map[string]Content{}
		for range 20000 {
			c, _ := random(g)
			digest := s.Digest(c, a)
			if len(digest) != a.Size() {
				t.Fatalf("%v has %d bytes", a, len(digest))
			}
			if other, found := seen[string(digest)]; found && !other.Equal(c) {
				t.Fatalf("%v of %v and of %v are the same", a, c, other)
			}
			seen[string(digest)] = c
		}
	}
	if got, want := s.Digest(Real{[]byte("abc")}, s3.SHA256)[0], byte(0xba); got != want {
		t.Errorf("SHA-256 of real bytes begins with %x, want %x", got, want)
	}
}

func BenchmarkSums_part(b *testing.B) {
	var runs []Run
	for i := range 10 {
		runs = append(runs, Run{byte(i), int64(i)*100_003 + 400_000})
	}
	c := Runs(runs...)
	for b.Loop() {
		var s Sums
		s.Digest(c, s3.CRC64NVME)
	}
}
