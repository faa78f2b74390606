package wire

import (
	"hash"

	"github.com/bucketline/bucketline/internal/crc"
	"github.com/bucketline/bucketline/internal/digest"
	"github.com/bucketline/bucketline/s3"
)

// MaxDigests bounds how many digests one Hasher computes at once.
const MaxDigests = 1024

// Hasher computes digests, many at once, of bytes that come piece by piece: the
// work that a page's worker has the module do. It keeps no byte that it is
// given. Its zero value is ready.
type Hasher struct {
	running []running
	free    []uint32 // indexes into running
	tables  [s3.CRC64NVME + 1]*crc.Table
}

// running is one digest on its way: by table, or by sum.
type running struct {
	table *crc.Table
	crc   uint64
	sum   hash.Hash
}

// Begin begins a digest by the s3.Algorithm of that number, and returns its own
// number, from 1; 0 when there is no such algorithm, or MaxDigests are on their
// way.
func (h *Hasher) Begin(algorithm uint32) uint32 {
	var r running
	switch a := s3.Algorithm(min(algorithm, 0xff)); a {
	case s3.CRC32, s3.CRC32C, s3.CRC64NVME:
		r.table = h.table(a)
	case s3.SHA1:
		r.sum = digest.NewSHA1()
	case s3.SHA256:
		r.sum = digest.NewSHA256()
	case s3.ContentMD5:
		r.sum = digest.NewMD5()
	default:
		return 0
	}
	if n := len(h.free); n > 0 {
		i := h.free[n-1]
		h.free = h.free[:n-1]
		h.running[i] = r
		return i + 1
	}
	if len(h.running) == MaxDigests {
		return 0
	}
	h.running = append(h.running, r)
	return uint32(len(h.running))
}

// table is made when it is first needed: most instances of the module hash
// nothing, or by one algorithm.
func (h *Hasher) table(a s3.Algorithm) *crc.Table {
	if h.tables[a] == nil {
		kinds := [...]crc.Kind{s3.CRC32: crc.CRC32, s3.CRC32C: crc.CRC32C, s3.CRC64NVME: crc.CRC64NVME}
		h.tables[a] = crc.New(kinds[a])
	}
	return h.tables[a]
}

// Update adds data to digest number n; false when there is none.
func (h *Hasher) Update(n uint32, data []byte) bool {
	r := h.at(n)
	switch {
	case r == nil:
		return false
	case r.table != nil:
		r.crc = r.table.Update(r.crc, data)
	default:
		r.sum.Write(data)
	}
	return true
}

// End appends digest number n, raw, and forgets it; nothing when there is none.
func (h *Hasher) End(dst []byte, n uint32) []byte {
	r := h.at(n)
	switch {
	case r == nil:
		return dst
	case r.table != nil:
		dst = r.table.AppendDigest(dst, r.crc)
	default:
		dst = r.sum.Sum(dst)
	}
	*r = running{}
	h.free = append(h.free, n-1)
	return dst
}

// at returns digest number n, or nil.
func (h *Hasher) at(n uint32) *running {
	if n == 0 || int64(n) > int64(len(h.running)) {
		return nil
	}
	r := &h.running[n-1]
	if r.table == nil && r.sum == nil {
		return nil
	}
	return r
}
