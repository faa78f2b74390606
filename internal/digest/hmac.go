package digest

import "hash"

// smallHMAC is the HMAC of a message as far as it is written: RFC 2104.
type smallHMAC struct {
	small              // has taken the key's inner padding and the message
	inner, outer small // have taken the key's paddings
}

func newSmallHMAC(a algorithm, key []byte) hash.Hash {
	m := &smallHMAC{inner: small{algorithm: a}, outer: small{algorithm: a}}
	m.inner.Reset()
	m.outer.Reset()
	if len(key) > blockSize {
		m.inner.Write(key)
		key = m.inner.Sum(nil)
		m.inner.Reset()
	}
	var inner, outer [blockSize]byte
	copy(inner[:], key)
	copy(outer[:], key)
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	m.inner.Write(inner[:])
	m.outer.Write(outer[:])
	m.Reset()
	return m
}

// Reset begins another message under the same key.
func (m *smallHMAC) Reset() { m.small = m.inner }

// Sum appends the HMAC of the message, which may go on afterwards.
func (m *smallHMAC) Sum(dst []byte) []byte {
	var digest [SHA256Size]byte
	outer := m.outer
	outer.Write(m.small.Sum(digest[:0]))
	return outer.Sum(dst)
}
