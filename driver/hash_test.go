package driver

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// The digests of "123456789": the check values of the three CRCs, and RFC 1321,
// FIPS 180-4 hashes by coreutils.
func TestNewHash_checkValues(t *testing.T) {
	for a, want := range map[s3.Algorithm]string{
		s3.CRC32: "cbf43926", s3.CRC32C: "e3069283", s3.CRC64NVME: "ae8b14860a799888",
		s3.SHA1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441", s3.ContentMD5: "25f9e794323b453885f5181f1b624d0b",
		s3.SHA256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
	} {
		h := newHash(a)
		h.Write([]byte("123456789"))
		if got := hex.EncodeToString(h.Sum(nil)); got != want || h.Size() != a.Size() {
			t.Errorf("%v of 123456789 = %s, %d bytes, want %s", a, got, h.Size(), want)
		}
	}
}

// A fingerprint changes with what is sampled, and with nothing else.
func TestFingerprint_samples(t *testing.T) {
	const size = 100_001
	content := source("a", size).bytes
	print := func(b []byte) string {
		t.Helper()
		p, err := Fingerprint(bytes.NewReader(b), int64(len(b)))
		if err != nil || len(p) != 16 {
			t.Fatalf("Fingerprint = %q, %v", p, err)
		}
		return p
	}
	plain := print(content)
	for _, c := range []struct {
		at   int
		seen bool
	}{
		{0, true}, {4095, true}, {4096, false},
		{size/2 - 2049, false}, {size/2 - 2048, true}, {size/2 + 2047, true}, {size/2 + 2048, false},
		{size - 4097, false}, {size - 4096, true}, {size - 1, true},
	} {
		changed := bytes.Clone(content)
		changed[c.at] ^= 1
		if seen := print(changed) != plain; seen != c.seen {
			t.Errorf("a change at %d is seen: %v, want %v", c.at, seen, c.seen)
		}
	}
}

// Up to 12 KiB every byte counts, and a file of no bytes has a fingerprint.
func TestFingerprint_small(t *testing.T) {
	for _, size := range []int{0, 1, 4096, 12287, 12288} {
		content := source("a", size).bytes
		h := newHash(s3.CRC64NVME)
		h.Write(content)
		want := hex.EncodeToString(h.Sum(nil))
		if got, err := Fingerprint(bytes.NewReader(content), int64(size)); got != want || err != nil {
			t.Errorf("%d bytes: %s, %v, want the CRC of all: %s", size, got, err, want)
		}
	}
	if got, _ := Fingerprint(bytes.NewReader(make([]byte, 12289)), 12289); got == fmt.Sprintf("%016x", 0) {
		t.Error("12,289 zeros have no fingerprint")
	}
}

func TestFingerprint_failures(t *testing.T) {
	for _, size := range []int64{11, 20_000} {
		if _, err := Fingerprint(bytes.NewReader(make([]byte, 10)), size); !errors.Is(err, ErrSourceChanged) {
			t.Errorf("10 bytes of %d: %v, want ErrSourceChanged", size, err)
		}
	}
	broken := errors.New("bad sector")
	if _, err := Fingerprint(failingReader{broken}, 20_000); err != broken {
		t.Errorf("Fingerprint = %v, want %v", err, broken)
	}
}

// A digest of what changed meanwhile is none.
func TestHash_changedMeanwhile(t *testing.T) {
	d, _ := start(t, newMemory(), Options{})
	s := source("a", 3*hashPiece)
	s.onRead = func(reads int) {
		if reads == 3 {
			s.change(ErrSourceChanged)
		}
	}
	if _, err := d.hash(t.Context(), s.Open, s3.CRC32, 0, s.Size()); !errors.Is(err, ErrSourceChanged) {
		t.Errorf("hash = %v, want ErrSourceChanged", err)
	}
	if s.open != 0 {
		t.Errorf("left open %d times", s.open)
	}
}

type failingReader struct{ err error }

func (f failingReader) ReadAt([]byte, int64) (int, error) { return 0, f.err }

var _ io.ReaderAt = failingReader{}

// What a checksum costs on the way of a body, beside reading it alone.
func BenchmarkBody_digest(b *testing.B) {
	const size = 8 << 20
	c, _ := source("a", size).Open()
	piece := make([]byte, 32<<10) // what net/http copies with
	for _, a := range []s3.Algorithm{s3.NoChecksum, s3.CRC64NVME, s3.CRC32C, s3.CRC32, s3.SHA256, s3.SHA1, s3.ContentMD5} {
		name := a.String()
		if a == s3.NoChecksum {
			name = "none"
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				body := Body{content: c, length: size, algorithm: a}
				if _, err := io.CopyBuffer(io.Discard, onlyReader{body.Reader()}, piece); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type onlyReader struct{ io.Reader }
