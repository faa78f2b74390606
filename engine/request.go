package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// request is one request under way, or a place for one: a Send, a Hash or a
// Read.
type request struct {
	live       bool
	kind       ActionKind // ActSend, ActSign before it, ActHash, ActRead
	signed     bool       // of ActSign: it may go
	breakOff   bool       // ActBreakOff is to be asked
	broken     bool       // ActBreakOff has been asked
	stalled    bool       // because no byte moved
	generation uint32
	slot       int
	step       step // that it was sent for
	part       uint16
	offset     int64
	length     int64
	sent       int64
	digest     [64]byte // of its body, where that was known before
	digestLen  uint8
	hash       s3.Algorithm // what the driver computes beside
	number     uint32
	begun      Instant
	moved      Instant        // when a byte last moved
	dated      sign.UnixMilli // of ActSign
	signedWith *cred.Credentials
	send       s3.Request
}

// reqIndexBits is how many bits of a ReqID name the place; the rest is its
// generation, so that an answer to an earlier request is recognised.
const reqIndexBits = 10

// maxHashes is how many Hash actions are under way at once, over all files. A
// stream has one Read at a time.
const maxHashes = 4

// id names the request that is in place i now.
func (r *request) id(i int) ReqID {
	return ReqID(r.generation<<reqIndexBits | uint32(i))
}

// find returns the request that id names, and nil when it is not under way.
func (e *Engine) find(id ReqID) *request {
	i := int(id & (1<<reqIndexBits - 1))
	if i >= len(e.requests) {
		return nil
	}
	r := &e.requests[i]
	if !r.live || r.id(i) != id {
		return nil
	}
	return r
}

// free returns a place for a request. There must be one.
func (e *Engine) free() int {
	for i := range e.requests {
		if !e.requests[i].live {
			return i
		}
	}
	if n := len(e.requests); n < cap(e.requests) {
		e.requests = e.requests[:n+1]
		return n
	}
	panic("bucketline: internal error: no free request")
}

// launch puts a request of s in flight.
func (e *Engine) launch(s *slot, i int, kind ActionKind) *request {
	r := &e.requests[i]
	r.live, r.kind, r.step = true, kind, s.step
	r.slot = e.indexOf(s)
	r.begun, r.moved = e.mono, e.mono
	r.number = e.launched
	e.launched++
	s.inFlight++
	switch kind {
	case ActSign:
		e.signing++
		s.signing++
		fallthrough
	case ActSend:
		e.inFlight++
		s.asked = s.step != stepParts
	default:
		s.asides++
	}
	if kind == ActHash {
		e.hashes++
	}
	e.changed++
	return r
}

func (e *Engine) indexOf(s *slot) int {
	for j := range e.slots {
		if &e.slots[j] == s {
			return j
		}
	}
	panic("bucketline: internal error: no such slot")
}

// finish takes r out of flight. Its fields stay readable until the place is
// used again.
func (e *Engine) finish(r *request) *slot {
	s := &e.slots[r.slot]
	s.inFlight--
	switch r.kind {
	case ActSign:
		e.signing--
		s.signing--
		fallthrough
	case ActSend:
		e.sent -= r.sent
		e.inFlight--
		if r.step == s.step && s.step != stepParts {
			s.asked = false
		}
	default:
		s.asides--
	}
	if r.kind == ActHash {
		e.hashes--
	}
	r.live, r.breakOff, r.signed = false, false, false
	r.generation++
	e.changed++
	return s
}

// clean makes the place i ready for another request.
func (r *request) clean() {
	r.broken, r.stalled, r.sent, r.part, r.length, r.offset = false, false, 0, 0, 0, 0
	r.hash, r.digestLen, r.signedWith = s3.NoChecksum, 0, nil
}

// breakOffAll asks for all requests of s to be dropped.
func (e *Engine) breakOffAll(s *slot) {
	e.unsendAll(s)
	for i := range e.requests {
		if r := &e.requests[i]; r.live && &e.slots[r.slot] == s {
			r.breakOff = !r.broken
		}
	}
}

// breakOffSends asks for what s sends to be dropped, and lets its reading go on.
func (e *Engine) breakOffSends(s *slot) {
	e.unsendAll(s)
	for i := range e.requests {
		if r := &e.requests[i]; r.live && r.kind == ActSend && &e.slots[r.slot] == s {
			r.breakOff = !r.broken
		}
	}
}

// carriesFile reports that r's body is bytes of a file.
func (r *request) carriesFile() bool {
	op := r.send.Op
	return r.kind == ActSend && (op == s3.OpPutObject || op == s3.OpPostObject || op == s3.OpUploadPart)
}

// mayStore reports that r, unanswered, may have made the object.
func (r *request) mayStore() bool {
	op := r.send.Op
	return op == s3.OpPutObject || op == s3.OpPostObject || op == s3.OpCompleteMultipartUpload
}
