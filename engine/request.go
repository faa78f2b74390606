package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/s3"
)

// request is one request under way, or a place for one.
type request struct {
	live       bool
	breakOff   bool // ActBreakOff is to be asked
	broken     bool // ActBreakOff has been asked
	generation uint32
	slot       int
	part       uint16
	length     int64
	sent       int64
	signedWith *cred.Credentials
	send       s3.Request
}

// reqIndexBits is how many bits of a ReqID name the place; the rest is its
// generation, so that an answer to an earlier request is recognised.
const reqIndexBits = 8

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
	panic("bucketline: internal error: no free request")
}

// finish takes r out of flight.
func (e *Engine) finish(r *request) *slot {
	s := &e.slots[r.slot]
	e.sent -= r.sent
	e.inFlight--
	s.inFlight--
	s.asked = false
	r.live, r.breakOff, r.broken, r.sent = false, false, false, 0
	r.generation++
	e.changed++
	return s
}
