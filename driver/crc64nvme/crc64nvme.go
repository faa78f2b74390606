// Package crc64nvme computes CRC64NVME with the processor's own instructions:
// tens of gigabytes a second, where the tables of the standard library reach
// one or two. It is all that the drivers take from another module; why this one
// stands in docs/decisions/0002-dependencies.md.
package crc64nvme

import (
	"hash"

	"github.com/minio/crc64nvme"
)

// New returns a hash whose Sum appends the digest as S3 has it: 8 bytes, the
// most significant first.
func New() hash.Hash64 { return crc64nvme.New() }
