package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// step is what an active file needs next.
type step uint8

const (
	stepFree     step = iota // the slot holds no file
	stepDescribe             // ActDescribe is to be asked
	stepDescribed
	stepPut      // one PutObject
	stepCreate   // CreateMultipartUpload
	stepParts    // UploadPart, many at a time
	stepComplete // CompleteMultipartUpload
	stepAbort    // AbortMultipartUpload, once nothing is under way
	stepEnd      // the file has ended; requests may still be under way
)

// slot is the full state of one active file. Slots are few and reused: their
// buffers are what an upload in parts costs.
type slot struct {
	step     step
	file     FileID
	object   s3.Object
	plan     queue.Plan
	uploadID string
	parts    parts

	inFlight     int   // requests of this file under way
	acknowledged int64 // bytes of stored parts
	asked        bool  // the one request of this step is under way

	// refused is the credentials that the store last refused for this file,
	// nil after a success. A second set that it refuses fails the file, so that
	// a store which refuses one file for ever makes no loop.
	refused *cred.Credentials

	order uint32
}

// wants reports that the slot has a request to send.
func (s *slot) wants() bool {
	switch s.step {
	case stepPut, stepCreate, stepComplete:
		return !s.asked
	case stepAbort:
		return !s.asked && s.inFlight == 0
	case stepParts:
		return s.parts.pending()
	}
	return false
}

// begin makes the slot hold file, keeping its buffers.
func (s *slot) begin(file FileID, order uint32) {
	parts := s.parts
	*s = slot{step: stepDescribe, file: file, order: order, parts: parts}
}

// enter moves the slot to its next step.
func (s *slot) enter(next step) {
	s.step = next
	s.asked = false
}

// checksumInParts makes a checksum of the whole file one that S3 checks when it
// joins the parts, which it does for the CRCs alone (S3 User Guide, "Checking
// object integrity", full object checksums). It reports whether that can be.
func (s *slot) checksumInParts() bool {
	switch s.object.Algorithm {
	case s3.CRC32, s3.CRC32C, s3.CRC64NVME:
		s.object.ChecksumType = s3.FullObject
	case s3.NoChecksum:
	default:
		return false
	}
	return true
}

// end lets the file go: a multipart upload is aborted once nothing of it is
// under way, else the slot is free as soon as that is so.
func (s *slot) end() {
	if s.uploadID != "" {
		s.enter(stepAbort)
		return
	}
	s.enter(stepEnd)
}
