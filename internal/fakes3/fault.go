package fakes3

import (
	"strconv"
	"time"

	"github.com/bucketline/bucketline/s3"
)

// Fault is what goes wrong with one request. The zero Fault is nothing. Of one
// request several things may go wrong.
type Fault struct {
	// Code is what the store answers: instead of doing what was asked, or,
	// with After, when it has done it. Status is 0 for the code's own. With
	// InBody an answer to CompleteMultipartUpload has status 200 all the same.
	Code          string
	Status        int
	After, InBody bool

	// RetryAfterSeconds and RetryAfterMillis go with Code, as Retry-After and
	// x-amz-retry-after; 0: not said.
	RetryAfterSeconds, RetryAfterMillis int64

	// Region goes with Code, as <Region> and x-amz-bucket-region.
	Region string

	// ServerTime goes with Code, as <ServerTime>; empty: not said.
	ServerTime string

	// Forget drops the upload that the request is about before anything else.
	Forget bool

	// ForgetPart drops the last part of that upload before anything else.
	ForgetPart bool

	// Idle answers AbortMultipartUpload as if it had been done, and does
	// nothing: S3 may keep an upload whose parts were still on their way.
	Idle bool

	// Corrupt changes one bit of the body: Arrived before the store looks at
	// it, Stored after it has compared checksums.
	Corrupt Corruption

	// HideETag keeps the ETag from the client, as a CORS rule does that does
	// not expose it.
	HideETag bool

	// What follows is for the carrier: the sim's network, or Handler.

	// Cut is how many bytes of the request's body arrive before the connection
	// breaks, in a request that is Broken; the store then does nothing.
	Broken bool
	Cut    int64

	// Lose breaks the connection in place of the answer, after the work.
	// Silent never answers, and does no work. Late answers so much later.
	Lose, Silent bool
	Late         time.Duration
}

// Corruption is when a bit changes.
type Corruption uint8

// The times.
const (
	Intact  Corruption = iota
	Arrived            // on the way: what the store has and digests differs from what was sent
	Stored             // in the store: what it has differs from what it digested
)

// refusal is what the fault has the store say.
func (f *Fault) refusal() *refusal {
	r := &refusal{code: f.Code, status: f.Status}
	if f.RetryAfterSeconds > 0 {
		r.header = append(r.header, s3.Field{Name: "retry-after", Value: strconv.FormatInt(f.RetryAfterSeconds, 10)})
	}
	if f.RetryAfterMillis > 0 {
		r.header = append(r.header, s3.Field{Name: "x-amz-retry-after", Value: strconv.FormatInt(f.RetryAfterMillis, 10)})
	}
	if f.Region != "" {
		r.header = append(r.header, s3.Field{Name: "x-amz-bucket-region", Value: f.Region})
		r.with("Region", f.Region)
	}
	if f.ServerTime != "" {
		r.with("ServerTime", f.ServerTime)
	}
	return r
}
