//go:build tinygo

package digest

import "hash"

// NewMD5 returns the MD5 of a message to be written.
func NewMD5() hash.Hash { return newSmall(md5) }

// NewSHA1 returns the SHA-1 of a message to be written.
func NewSHA1() hash.Hash { return newSmall(sha1) }

// NewSHA256 returns the SHA-256 of a message to be written.
func NewSHA256() hash.Hash { return newSmall(sha256) }

// NewHMACSHA1 returns the HMAC-SHA1 under key of a message to be written.
func NewHMACSHA1(key []byte) hash.Hash { return newSmallHMAC(sha1, key) }

// NewHMACSHA256 returns the HMAC-SHA256 under key of a message to be written.
func NewHMACSHA256(key []byte) hash.Hash { return newSmallHMAC(sha256, key) }

// SumMD5 returns the MD5 of data.
func SumMD5(data []byte) [MD5Size]byte {
	var sum [MD5Size]byte
	h := NewMD5()
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}

// SumSHA256 returns the SHA-256 of data.
func SumSHA256(data []byte) [SHA256Size]byte {
	var sum [SHA256Size]byte
	h := NewSHA256()
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}
