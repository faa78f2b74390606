package wire

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"math/rand/v2"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// standard is each algorithm as the standard library has it.
func standard(a s3.Algorithm) hash.Hash {
	switch a {
	case s3.CRC32:
		return crc32.NewIEEE()
	case s3.CRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case s3.CRC64NVME:
		return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5))
	case s3.SHA1:
		return sha1.New()
	case s3.SHA256:
		return sha256.New()
	}
	return md5.New()
}

// Digests that are computed at the same time do not get into each other's way,
// whatever the pieces and the order of their ends.
func TestHasher_isTheStandardLibrarys(t *testing.T) {
	var h Hasher
	r := rand.New(rand.NewPCG(1, 2))
	type one struct {
		algorithm s3.Algorithm
		number    uint32
		want      hash.Hash
	}
	var all []one
	for round := range 4000 {
		switch {
		case len(all) < 2 || r.IntN(3) == 0 && len(all) < 40:
			a := s3.Algorithm(1 + r.IntN(int(s3.ContentMD5)))
			n := h.Begin(uint32(a))
			for _, other := range all {
				if other.number == n {
					t.Fatalf("round %d: number %d is given twice", round, n)
				}
			}
			all = append(all, one{a, n, standard(a)})
		case r.IntN(3) == 0:
			i := r.IntN(len(all))
			got, want := h.End(nil, all[i].number), all[i].want.Sum(nil)
			if !bytes.Equal(got, want) {
				t.Fatalf("round %d: %v = %x, want %x", round, all[i].algorithm, got, want)
			}
			all = append(all[:i], all[i+1:]...)
		default:
			data := make([]byte, r.IntN(300))
			for i := range data {
				data[i] = byte(r.Uint32())
			}
			i := r.IntN(len(all))
			all[i].want.Write(data)
			if !h.Update(all[i].number, data) {
				t.Fatalf("round %d: Update of %d = false", round, all[i].number)
			}
		}
	}
}

func TestHasher_knowsWhatIsOnItsWay(t *testing.T) {
	var h Hasher
	if n := h.Begin(uint32(s3.NoChecksum)); n != 0 {
		t.Errorf("Begin of no algorithm = %d", n)
	}
	for _, unknown := range []uint32{uint32(s3.ContentMD5) + 1, 256 + uint32(s3.CRC32), 1<<32 - 1} {
		if n := h.Begin(unknown); n != 0 {
			t.Errorf("Begin of the unknown algorithm %d = %d", unknown, n)
		}
	}
	n := h.Begin(uint32(s3.CRC32))
	if got := hex.EncodeToString(h.End(nil, n)); got != "00000000" {
		t.Errorf("the CRC of nothing = %s", got)
	}
	for _, n := range []uint32{0, n, n + 1, 1<<32 - 1} {
		if h.Update(n, []byte("x")) || len(h.End(nil, n)) != 0 {
			t.Errorf("digest %d is on its way", n)
		}
	}
}

func TestHasher_isFullAtMaxDigests(t *testing.T) {
	var h Hasher
	for i := range uint32(MaxDigests) {
		if n := h.Begin(uint32(s3.SHA1)); n != i+1 {
			t.Fatalf("Begin %d = %d", i, n)
		}
	}
	if n := h.Begin(uint32(s3.SHA1)); n != 0 {
		t.Errorf("Begin beyond MaxDigests = %d", n)
	}
	h.End(nil, 7)
	if n := h.Begin(uint32(s3.CRC32C)); n != 7 {
		t.Errorf("Begin after one has ended = %d, want 7", n)
	}
}
