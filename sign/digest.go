package sign

import (
	"encoding/hex"
	"hash"

	"github.com/bucketline/bucketline/internal/digest"
)

// DigestSize is the length in bytes of a SHA-256, and so of a Version 4 MAC.
const DigestSize = digest.SHA256Size

// DigestSizeV2 is the length in bytes of a SHA-1, and so of a Version 2 MAC.
const DigestSizeV2 = digest.SHA1Size

// mac is an HMAC under one key, for any number of messages. It lives behind a
// pointer, so that its buffer is not allocated anew for each message.
type mac struct {
	hash hash.Hash
	buf  [DigestSize]byte
}

func newMAC256(key []byte) *mac { return &mac{hash: digest.NewHMACSHA256(key)} }
func newMAC1(key []byte) *mac   { return &mac{hash: digest.NewHMACSHA1(key)} }

// sum is the HMAC of message. It is valid until the next call.
func (m *mac) sum(message []byte) []byte {
	m.hash.Reset()
	m.hash.Write(message)
	return m.hash.Sum(m.buf[:0])
}

// appendSigningKey appends the 32 raw bytes of the Version 4 signing key.
//
// S3 API Reference, "Signature Calculations for the Authorization Header",
// Task 3.
func appendSigningKey(dst []byte, secret, day, region, service string) []byte {
	key := newMAC256([]byte("AWS4" + secret)).sum([]byte(day))
	key = newMAC256(key).sum([]byte(region))
	key = newMAC256(key).sum([]byte(service))
	return append(dst, newMAC256(key).sum([]byte("aws4_request"))...)
}

// appendHexSHA256 appends the SHA-256 of data in lower-case hexadecimal.
func appendHexSHA256(dst, data []byte) []byte {
	sum := sum256(data)
	return hex.AppendEncode(dst, sum[:])
}

func sum256(data []byte) [DigestSize]byte { return digest.SumSHA256(data) }
