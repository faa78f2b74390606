package s3

import (
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"

	"github.com/bucketline/bucketline/internal/digest"
)

// This file is the package's only use of hash functions.

func appendKeyMD5(dst []byte, key *CustomerKey) []byte {
	sum := digest.SumMD5(key[:])
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// hashBody makes PayloadHash that of Body.
func (r *Request) hashBody() {
	sum := digest.SumSHA256(r.Body)
	start := len(r.scratch)
	r.scratch = hex.AppendEncode(r.scratch, sum[:])
	r.PayloadHash = r.since(start)
}

// summer is the part of a hash function that is needed here.
type summer interface {
	Write(data []byte) (int, error) // never fails
	Sum(dst []byte) []byte          // appends the digest
}

// newHash returns the hash that a Composite checksum applies to the digests of
// the parts, and for ContentMD5 the one that S3 makes ETags with.
func newHash(a Algorithm) summer {
	switch a {
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case SHA1:
		return digest.NewSHA1()
	case SHA256:
		return digest.NewSHA256()
	case ContentMD5:
		return digest.NewMD5()
	}
	panic("bucketline: internal error: no hash for checksum " + a.String())
}
