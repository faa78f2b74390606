package engine

import "encoding/hex"

// word writes the slot's next request into r.send.
func (e *Engine) word(s *slot, r *request) error {
	o := &s.object
	switch s.step {
	case stepPut:
		r.length = s.plan.Size
		if s.form {
			return e.address.PostObject(&r.send, o, e.boundary())
		}
		return e.address.PutObject(&r.send, o)
	case stepPeek, stepHead:
		return e.address.HeadObject(&r.send, o)
	case stepCreate:
		return e.address.CreateMultipartUpload(&r.send, o)
	case stepParts:
		return e.wordPart(s, r)
	case stepList:
		most := 0
		if s.listing == listGone {
			most = 1
		}
		return e.address.ListParts(&r.send, o, s.uploadID, s.after, most)
	case stepComplete:
		return e.wordComplete(s, r)
	case stepSweep:
		return e.wordSweep(r)
	}
	return e.address.AbortMultipartUpload(&r.send, o, s.uploadID)
}

// wordPart takes the next part and words its upload.
func (e *Engine) wordPart(s *slot, r *request) error {
	p := &s.parts
	r.part = s.nextPart(e.mono)
	r.offset, r.length = s.plan.Range(r.part)
	switch p.state[r.part-1] {
	case partReady:
		h := p.unready()
		r.digest, r.digestLen = h.digest, h.length
		p.state[r.part-1] = partInFlight
	case partWaiting:
		p.state[r.part-1] = partInFlight
	default:
		p.take(r.part, partInFlight)
	}
	p.flying++
	if s.whole() && !s.hashFirst() {
		r.hash = s.object.Algorithm
	}
	return e.address.UploadPart(&r.send, &s.object, s.uploadID, r.part, r.digest[:r.digestLen])
}

// wordComplete asks the store to join the parts, and gives it the checksum of
// the whole to compare.
func (e *Engine) wordComplete(s *slot, r *request) error {
	e.digestWhole(s)
	// Without the object's size: its header would fail the CORS preflight of
	// a bucket that lists the headers it allows, after all bytes have gone.
	err := e.address.CompleteMultipartUpload(&r.send, &s.object, s.uploadID, &s.parts.list, -1)
	r.length = int64(len(r.send.Body))
	return err
}

// digestWhole works out the checksum of the object from those of its parts.
func (e *Engine) digestWhole(s *slot) {
	if !s.whole() || s.given {
		return
	}
	lengths := func(part uint16) int64 {
		_, length := s.plan.Range(part)
		return length
	}
	digest, ok := s.parts.list.AppendFullObject(s.object.Digest[:0], s.object.Algorithm, lengths)
	s.object.Digest = digest
	if !ok {
		s.object.Digest = nil
	}
}

// boundary returns a separator for the fields of a form. It is not in the file
// but by a chance of one in 2^128.
func (e *Engine) boundary() string {
	var random [16]byte
	for i := 0; i < len(random); i += 8 {
		n := e.random()
		for j := range 8 {
			random[i+j] = byte(n >> (8 * j))
		}
	}
	return "bucketline-" + hex.EncodeToString(random[:])
}
