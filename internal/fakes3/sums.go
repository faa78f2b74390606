package fakes3

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"math/bits"

	"github.com/bucketline/bucketline/s3"
)

// Sums computes digests of bodies. Of real bytes they are the real ones. Of a
// Content the CRCs are the real ones too, worked out from its runs; in place of
// MD5, SHA-1 and SHA-256 stand digests of the same length that are a function
// of the bytes alone, mixed from the canonical runs: nobody but a store and its
// client compares them, and both ask here.
//
// It remembers what it has computed of a Content, since each part is digested
// by the client, by the store and by whoever checks them. The zero Sums is
// ready. It is not for concurrent use.
type Sums struct {
	known  map[sumKey]string
	powers [s3.CRC64NVME + 1]powers
}

type sumKey struct {
	algorithm s3.Algorithm
	length    int64
	a, b      uint64
}

// maxKnown bounds the memory: then all is forgotten.
const maxKnown = 1 << 16

// Digest is the raw digest of b by algorithm, which is not NoChecksum.
func (s *Sums) Digest(b Body, algorithm s3.Algorithm) []byte {
	c, ok := b.(Content)
	if !ok {
		return digestReal(b, algorithm)
	}
	x, y := c.mix(0), c.mix(1)
	if algorithm > s3.CRC64NVME {
		return stretch(x, y, algorithm.Size())
	}
	key := sumKey{algorithm, c.Len(), x, y}
	if digest, ok := s.known[key]; ok {
		return []byte(digest)
	}
	digest := s.crc(c, algorithm)
	if s.known == nil || len(s.known) >= maxKnown {
		s.known = make(map[sumKey]string)
	}
	s.known[key] = string(digest)
	return digest
}

func digestReal(b Body, algorithm s3.Algorithm) []byte {
	var h hash.Hash
	switch algorithm {
	case s3.CRC32:
		h = crc32.NewIEEE()
	case s3.CRC32C:
		h = crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case s3.CRC64NVME:
		h = crc64.New(crc64.MakeTable(poly64))
	case s3.SHA1:
		h = sha1.New()
	case s3.SHA256:
		h = sha256.New()
	default:
		h = md5.New()
	}
	if pieces, ok := b.(Real); ok {
		for _, piece := range pieces {
			h.Write(piece)
		}
	}
	return h.Sum(nil)
}

// mix is 64 bits that depend on every run. Lanes differ in their start.
func (c Content) mix(lane uint64) uint64 {
	h := scramble(lane + 0x243f6a8885a308d3)
	for _, r := range c {
		h = scramble(h ^ uint64(r.Length)<<8 ^ uint64(r.Value))
	}
	return h
}

// scramble is the finalizer of splitmix64 (Steele, Lea, Flood: "Fast
// Splittable Pseudorandom Number Generators", section 3).
func scramble(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// stretch makes size bytes, a multiple of four, of two lanes.
func stretch(x, y uint64, size int) []byte {
	digest := make([]byte, 0, size+4)
	for i := uint64(0); len(digest) < size; i++ {
		z := scramble(x ^ bits.RotateLeft64(y, int(7*i)) ^ i)
		for range 8 {
			digest = append(digest, byte(z))
			z >>= 8
		}
	}
	return digest[:size]
}

// The polynomials of S3's CRCs, reflected (User Guide, "Checking object
// integrity in Amazon S3").
const (
	poly32  = 0xedb88320
	poly32C = 0x82f63b78
	poly64  = 0x9a6c9329ac4bc9b5
)

// powers holds what lets the CRC of a run be worked out in a step for each bit
// of its length: with x^8 for a byte, shift[k] is x^(8*2^k), and sum[k] is 1 +
// x^8 + ... with 2^k terms, both modulo the polynomial.
type powers struct {
	poly, top  uint64
	shift, sum [63]uint64
}

func (s *Sums) power(algorithm s3.Algorithm) *powers {
	p := &s.powers[algorithm]
	if p.top != 0 {
		return p
	}
	p.poly = [...]uint64{s3.CRC32: poly32, s3.CRC32C: poly32C, s3.CRC64NVME: poly64}[algorithm]
	p.top = 1 << (8*algorithm.Size() - 1)
	p.shift[0], p.sum[0] = p.top>>8, p.top
	for k := 1; k < len(p.shift); k++ {
		p.shift[k] = p.times(p.shift[k-1], p.shift[k-1])
		p.sum[k] = p.times(p.sum[k-1], p.shift[k-1]) ^ p.sum[k-1]
	}
	return p
}

// times is the product of two reflected polynomials modulo p.poly.
func (p *powers) times(a, b uint64) uint64 {
	product := uint64(0)
	for m := p.top; a != 0; m >>= 1 {
		if a&m != 0 {
			product ^= b
			a &^= m
		}
		b = b>>1 ^ p.poly&-(b&1)
	}
	return product
}

// crc is the CRC of c as S3 writes it, most significant byte first. CRCs that
// begin and end with all ones add up: crc(A, B) = crc(A) x^(8 len B) + crc(B),
// so that of n equal bytes is that of one times 1 + x^8 + ... with n terms.
func (s *Sums) crc(c Content, algorithm s3.Algorithm) []byte {
	p := s.power(algorithm)
	crc := uint64(0)
	for _, r := range c {
		shift, sum := p.top, uint64(0)
		for k, n := 0, r.Length; n > 0; k, n = k+1, n>>1 {
			if n&1 != 0 {
				sum = p.times(sum, p.shift[k]) ^ p.sum[k]
				shift = p.times(shift, p.shift[k])
			}
		}
		crc = p.times(crc, shift) ^ p.times(p.ofByte(r.Value), sum)
	}
	digest := make([]byte, 0, 8)
	for at := 8*algorithm.Size() - 8; at >= 0; at -= 8 {
		digest = append(digest, byte(crc>>at))
	}
	return digest
}

// ofByte is the CRC of one byte.
func (p *powers) ofByte(value byte) uint64 {
	ones := p.top | (p.top - 1)
	crc := ones ^ uint64(value)
	for range 8 {
		crc = crc>>1 ^ p.poly&-(crc&1)
	}
	return crc ^ ones
}
