// Package journal writes and reads what survives a restart: one [Record] for
// each file that goes up in parts. It is a codec and nothing else: where
// records lie is for the drivers, when they are written is for the engine.
//
// A record is a head frame, written before the first part is sent, and after it
// one frame for each part that the store has acknowledged, so that remembering
// a part costs its own bytes and not those of all before it. Numbers are
// little-endian, a text is its length in two bytes and then its bytes.
//
//	head   4 bytes   magic: 0x89 "BLJ"
//	       uint8     version, 1
//	       uint32    length of the body
//	       body      the fields, in the order of appendHead
//	       uint32    CRC-32C (RFC 3720, appendix B.4) of all bytes before it
//
//	part   uint8     length of number, ETag and digest together, with the next byte
//	       uint16    part number, 1 to s3.MaxParts
//	       uint8     length of the ETag
//	       bytes     ETag, then digest
//	       uint32    CRC-32C of all of this frame before it
//
// Magic, version, length and CRC stay as they are in every version to come, so
// that a later record is told from a damaged one. A version has all of its
// fields and no others: what is unknown or left over is damage.
//
// Nothing in a record is secret: credentials are no part of it, and a
// customer's key is not written. It is not trusted either: see [Parse]. The
// rule that a caller can break: a frame is appended only to a record that is
// whole, since nothing after a damaged frame is read.
package journal

import (
	"errors"

	"github.com/bucketline/bucketline/s3"
)

// Source is what a file was when it was chosen, so far as a later session can
// compare it. Two sources are the same when all of it is the same.
type Source struct {
	Name     string // as the driver finds the file again, a path, or a name in a browser; at most MaxSourceName
	Size     int64  // bytes, or -1 for a stream of unknown length
	Modified int64  // milliseconds since 1970-01-01 UTC, or 0 when not known
	Print    string // fingerprint of sampled content; opaque; at most MaxPrint
}

// Record is one upload that has begun.
type Record struct {
	Begun  int64     // milliseconds since 1970-01-01 UTC
	Target s3.Target // where it goes

	// Object is stored without Digest, IfNoneMatch, IfMatch and the customer
	// key: a record of an object with SSECustomer keeps that mode alone.
	Object s3.Object

	Source    Source
	UploadID  string
	PartSize  int64        // bytes of every part but the last
	Algorithm s3.Algorithm // of the parts' digests; NoChecksum: they have none

	// Parts are those that the store has acknowledged, in the order written: a
	// later entry replaces an earlier one of the same number, which is left to
	// the reader.
	Parts []Part
}

// Part is one acknowledged part.
type Part struct {
	Number uint16 // 1 to s3.MaxParts
	ETag   []byte // as sent, quotes included; empty when CORS hid it; at most s3.MaxETag bytes
	Digest []byte // raw, of Record.Algorithm; empty when there is none
}

// The bounds of a record, in bytes but for MaxFrames. The texts without a name
// here have the bounds of package s3.
const (
	// MaxSourceName has room for the longest path of Linux (4,096 bytes) and,
	// in ASCII, of Windows (32,767 characters).
	MaxSourceName = 32 << 10

	// MaxPrint has room for a SHA-512 in hex.
	MaxPrint = 128

	// MaxFrames is how many parts Parse lists: each part once, and as many
	// again that were sent anew.
	MaxFrames = 2 * s3.MaxParts

	// MaxPartFrame is the longest frame of a part.
	MaxPartFrame = partFrame + s3.MaxETag + maxDigest

	// MaxHead is the longest head frame.
	MaxHead = headFrame + headNumbers + 2*headTexts + headBytes

	// MaxRecord is the longest record.
	MaxRecord = MaxHead + MaxFrames*MaxPartFrame
)

// ErrCorrupt says that bytes are no record: not even the head can be believed.
var ErrCorrupt = errors.New("journal record is corrupt")

// ErrVersion says that a record was written by a later version. It is intact,
// and of use to that version.
var ErrVersion = errors.New("journal record is of a later version")
