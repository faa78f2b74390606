// Package journal writes and reads what survives a restart: one record for
// each file that goes up in parts. It is a codec and nothing else: where
// records lie, and when they are written, is for the drivers and the engine.
package journal

import (
	"errors"

	"github.com/bucketline/bucketline/s3"
)

// Source is what a file was when it was chosen, so far as a later session can
// compare it. Two sources are the same when all of it is the same.
type Source struct {
	Name     string // as the driver finds the file again: a path, or a name in a browser
	Size     int64  // bytes
	Modified int64  // milliseconds since 1970-01-01 UTC, or 0 when not known
	Print    string // fingerprint of sampled content; opaque
}

// Record is one upload that has begun.
type Record struct {
	Begun     int64     // milliseconds since 1970-01-01 UTC
	Target    s3.Target // where it goes
	Object    s3.Object // without Digest, conditions and customer key
	Source    Source
	UploadID  string
	PartSize  int64        // bytes of every part but the last
	Algorithm s3.Algorithm // of the parts' digests; NoChecksum: they have none

	// Parts are those that the store has acknowledged, in the order written: a
	// later entry replaces an earlier one of the same number. Their bytes lie in
	// the slice that was parsed.
	Parts []Part
}

// Part is one acknowledged part.
type Part struct {
	Number uint16
	ETag   []byte // empty when CORS hid it
	Digest []byte // raw; empty when Record.Algorithm is NoChecksum
}

// ErrCorrupt says that bytes are no record.
var ErrCorrupt = errors.New("journal record is corrupt")

// ErrVersion says that a record was written by a later version.
var ErrVersion = errors.New("journal record is of a later version")
