package journal

import (
	"encoding/hex"
	"math/bits"
	"strings"

	"github.com/bucketline/bucketline/internal/ascii"
	"github.com/bucketline/bucketline/s3"
)

// NameBytes is the length of a record's name.
const NameBytes = 32

// Name returns the name of the record of one upload: NameBytes lower-case hex
// digits. It is the same in every session and driver for the same store,
// bucket, key, source name and size, whatever else has changed: the record
// itself tells whether it is of this very source.
//
// It is FNV-1a with 128 bits over those, each text after its length: no text
// can pass for another's end. Names are for finding. Two uploads whose names
// collide see each other's records, and must compare them anyway.
//
// FNV-1a: draft-eastlake-fnv, section 2 and the constants of section 5.
func Name(target *s3.Target, key string, s *Source) string {
	h := hash128{hi: 0x6c62272e07bb0142, lo: 0x62b821756295c58d}
	h.text(origin(target))
	h.text(target.Bucket)
	h.text(key)
	h.text(s.Name)
	h.number(s.Size)
	var sum [NameBytes / 2]byte
	for i := range 8 {
		sum[i] = byte(h.hi >> (56 - 8*i))
		sum[8+i] = byte(h.lo >> (56 - 8*i))
	}
	return hex.EncodeToString(sum[:])
}

// origin is the store: its endpoint, spelt as Resolve spells most, or the
// profile, of whose own endpoint bucket names are unique. Another spelling of
// the same endpoint finds no record, which costs what was sent and no more.
func origin(target *s3.Target) string {
	if target.Endpoint == "" {
		return target.Profile.String()
	}
	endpoint := ascii.Lower(strings.TrimSuffix(target.Endpoint, "/"))
	if strings.HasPrefix(endpoint, "https:") {
		return strings.TrimSuffix(endpoint, ":443")
	}
	return strings.TrimSuffix(endpoint, ":80")
}

// hash128 is 128-bit FNV-1a.
type hash128 struct{ hi, lo uint64 }

func (h *hash128) byte(b byte) {
	// The prime is 2^88 + 0x13b.
	const low, shift = 0x13b, 88 - 64
	h.lo ^= uint64(b)
	carry, lo := bits.Mul64(h.lo, low)
	h.hi = h.hi*low + h.lo<<shift + carry
	h.lo = lo
}

func (h *hash128) number(n int64) {
	for i := range 8 {
		h.byte(byte(n >> (8 * i)))
	}
}

func (h *hash128) text(s string) {
	h.number(int64(len(s)))
	for i := 0; i < len(s); i++ {
		h.byte(s[i])
	}
}
