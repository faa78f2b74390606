//go:build !tinygo

package digest

import (
	gohmac "crypto/hmac"
	gomd5 "crypto/md5"
	gosha1 "crypto/sha1"
	gosha256 "crypto/sha256"
	"hash"
)

// NewMD5 returns the MD5 of a message to be written.
func NewMD5() hash.Hash { return gomd5.New() }

// NewSHA1 returns the SHA-1 of a message to be written.
func NewSHA1() hash.Hash { return gosha1.New() }

// NewSHA256 returns the SHA-256 of a message to be written.
func NewSHA256() hash.Hash { return gosha256.New() }

// NewHMACSHA1 returns the HMAC-SHA1 under key of a message to be written.
func NewHMACSHA1(key []byte) hash.Hash { return gohmac.New(gosha1.New, key) }

// NewHMACSHA256 returns the HMAC-SHA256 under key of a message to be written.
func NewHMACSHA256(key []byte) hash.Hash { return gohmac.New(gosha256.New, key) }

// SumMD5 returns the MD5 of data.
func SumMD5(data []byte) [MD5Size]byte { return gomd5.Sum(data) }

// SumSHA256 returns the SHA-256 of data.
func SumSHA256(data []byte) [SHA256Size]byte { return gosha256.Sum256(data) }
