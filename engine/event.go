package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

type (
	// Instant is a reading of the driver's monotonic clock, in milliseconds.
	Instant int64

	// FileID names a file of this session: dense from 0, in order of
	// addition, never reused.
	FileID = queue.FileID

	// ReqID names one request of this session: a slot and its generation.
	ReqID uint32
)

// Now is one reading of the driver's two clocks.
type Now struct {
	Mono Instant        // drives every timer; a step back is clamped
	Wall sign.UnixMilli // dates signatures and judges expiry
}

// EventKind says what happened, and which fields of an Event count.
type EventKind uint8

// The events a driver reports.
const (
	// EvAdded: the user chose Files. They get the next FileIDs in order.
	EvAdded EventKind = iota + 1

	// EvDescribed answers ActDescribe: File will be stored as Object.
	EvDescribed

	// EvUndescribed answers ActDescribe: File has no description. Cause says
	// why (CauseSourceUnreadable, CauseSourceChanged or CauseRefused).
	EvUndescribed

	// EvSent: Bytes of Req's body have been given to the network so far.
	EvSent

	// EvAnswered ends Req: the store answered with Status, Header and Body.
	EvAnswered

	// EvBroke ends Req without an answer; Cause says why.
	EvBroke

	// EvCredentials brings new Credentials, asked for by ActRefresh or not.
	EvCredentials

	// EvRefreshFailed answers ActRefresh: there are no new credentials now.
	EvRefreshFailed

	// EvExpire: the user wants the present credentials treated as expired.
	EvExpire

	// EvCancel: the user drops File.
	EvCancel

	// EvTick: time has passed; send it at the instant that Wake names.
	EvTick
)

// Event tells the engine what happened. Handle only borrows what it points to.
type Event struct {
	Kind        EventKind
	File        FileID
	Req         ReqID
	Files       []Spec            // EvAdded
	Object      *s3.Object        // EvDescribed
	Bytes       int64             // EvSent: body bytes handed to the network so far
	Status      int               // EvAnswered: HTTP status, 100 to 599
	Header      []s3.Field        // EvAnswered
	Body        []byte            // EvAnswered: at most MaxAnswerBytes
	Cause       Cause             // EvBroke, EvUndescribed
	Credentials *cred.Credentials // EvCredentials
}

// Spec is what a file costs before it gets a slot.
type Spec struct {
	Size int64 // bytes, 0 to s3.MaxObjectSize
}

// Cause says why a request got no answer, or a file no description.
type Cause uint8

// The causes a driver can tell apart.
const (
	CauseUnreachable      Cause = iota + 1 // no connection: refused, reset, name not found
	CauseOpaque                            // the store is reachable, but the browser hides its answer: CORS
	CauseOffline                           // the machine has no network
	CauseTimeout                           // no answer in time
	CauseTLS                               // the certificate was refused
	CauseBrokenOff                         // the engine asked for it by ActBreakOff
	CauseSourceUnreadable                  // the file could not be read
	CauseSourceChanged                     // the file is not the one that was chosen
	CauseRefused                           // the page refused: its key or metadata callback failed
	CauseAnswerTooLarge                    // the answer's body is longer than MaxAnswerBytes
)

// MaxAnswerBytes bounds the body of an answer that a driver passes on. The
// longest that S3 sends to us, a ListParts page of 1,000 parts with checksums,
// stays below 512 KiB.
const MaxAnswerBytes = 1 << 20
