package engine

import (
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
	order        uint32
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

// end lets the file go: a multipart upload is aborted once nothing of it is
// under way, else the slot is free as soon as that is so.
func (s *slot) end() {
	if s.uploadID != "" {
		s.enter(stepAbort)
		return
	}
	s.enter(stepEnd)
}
