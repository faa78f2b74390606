// Package digest computes the hashes that S3's protocols are made of: MD5,
// SHA-1, SHA-256 and the HMACs of the latter two. It decides nothing.
//
// The standard library's are fast and audited, and cost 30 KB of a compressed
// module that TinyGo builds. There a small implementation takes their place,
// which every build compiles and the tests compare with the standard library's.
package digest

import "hash"

// The lengths of the digests, in bytes.
const (
	MD5Size    = 16
	SHA1Size   = 20
	SHA256Size = 32
)

// algorithm is one of the hashes.
type algorithm uint8

const (
	md5 algorithm = iota + 1
	sha1
	sha256
)

// blockSize is that of all three algorithms, in bytes.
const blockSize = 64

// small is the hash of a message as far as it is written. The three algorithms
// differ in their state, in what a block does to it, and in the order of bytes.
type small struct {
	algorithm algorithm
	state     [8]uint32 // MD5 uses 4 of them, SHA-1 5
	buffer    [blockSize]byte
	length    uint64 // bytes of the message, of which length%blockSize are in buffer
}

func newSmall(a algorithm) hash.Hash {
	s := &small{algorithm: a}
	s.Reset()
	return s
}

// Reset begins another message.
func (s *small) Reset() {
	s.length = 0
	switch s.algorithm {
	case md5, sha1: // RFC 1321, section 3.3; FIPS 180-4, section 5.3.1
		s.state = [8]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	case sha256: // FIPS 180-4, section 5.3.3
		s.state = [8]uint32{
			0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
		}
	}
}

// Write adds data to the message. It never fails.
func (s *small) Write(data []byte) (int, error) {
	n := len(data)
	for len(data) > 0 {
		at := int(s.length % blockSize)
		if at == 0 && len(data) >= blockSize {
			s.block((*[blockSize]byte)(data))
			s.length += blockSize
			data = data[blockSize:]
			continue
		}
		taken := copy(s.buffer[at:], data)
		s.length += uint64(taken)
		data = data[taken:]
		if at+taken == blockSize {
			s.block(&s.buffer)
		}
	}
	return n, nil
}

func (s *small) block(b *[blockSize]byte) {
	switch s.algorithm {
	case md5:
		md5Block(&s.state, b)
	case sha1:
		sha1Block(&s.state, b)
	case sha256:
		sha256Block(&s.state, b)
	}
}

// Sum appends the digest of the message, which may go on afterwards.
//
// RFC 1321, sections 3.1 and 3.2; FIPS 180-4, section 5.1.1.
func (s *small) Sum(dst []byte) []byte {
	end := *s
	padding := [blockSize]byte{0x80}
	end.Write(padding[:1+(2*blockSize-9-int(s.length%blockSize))%blockSize])
	bits := s.length << 3
	var last [8]byte
	for i := range last {
		if s.algorithm == md5 {
			last[i] = byte(bits >> (8 * i))
		} else {
			last[i] = byte(bits >> (56 - 8*i))
		}
	}
	end.Write(last[:])
	for _, w := range end.state[:s.Size()/4] {
		if s.algorithm == md5 {
			dst = append(dst, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
		} else {
			dst = append(dst, byte(w>>24), byte(w>>16), byte(w>>8), byte(w))
		}
	}
	return dst
}

// Size returns the length of the digest, in bytes.
func (s *small) Size() int {
	switch s.algorithm {
	case md5:
		return MD5Size
	case sha1:
		return SHA1Size
	}
	return SHA256Size
}

// BlockSize returns how many bytes the algorithm takes at once.
func (s *small) BlockSize() int { return blockSize }
