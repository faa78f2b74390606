package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/journal"
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

	// EvDescribed answers ActDescribe: File, which is Source now, will be
	// stored as Object. OnConflict counts where Object.IfNoneMatch is set.
	EvDescribed

	// EvUndescribed answers ActDescribe: File has no description. Cause says
	// why (CauseSourceUnreadable, CauseSourceChanged or CauseRefused).
	EvUndescribed

	// EvSent: Bytes of Req's body have been given to the network so far.
	EvSent

	// EvAnswered ends Req: the store answered with Status, Header and Body.
	// Digest is that of the request's body, if ActSend asked for one by Hash.
	EvAnswered

	// EvBroke ends Req, of ActSend, ActHash or ActRead, without an answer;
	// Cause says why.
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

	// EvHashed ends Req of ActHash: Digest is that of the bytes asked for.
	EvHashed

	// EvRead ends Req of ActRead: Bytes were read, all that was asked for
	// unless Last says that the stream has ended.
	EvRead

	// EvLoaded answers ActLoad: Record is what the journal has, nil when it has
	// nothing. Cause is CauseLocked when another tab or process has the record
	// open, and CauseStorage when the journal cannot be read. Trusted: this
	// session wrote it, and with Config.FailFirst its parts are believed.
	EvLoaded

	// EvSaved answers ActSave, ActAppend and ActForget of File: what was asked
	// is on disk, or, with CauseStorage, is not.
	EvSaved

	// EvPause, EvResume, EvRetry: the user wants File to rest, to go on, or,
	// after it failed, to be tried again. EvPrioritize: File shall go before or
	// after others, by Priority.
	EvPause
	EvResume
	EvRetry
	EvPrioritize

	// The same for all files there are; one event, whatever their number.
	EvPauseAll
	EvResumeAll
	EvRetryAll
	EvCancelAll

	// EvOffline, EvOnline: the machine has lost or got its network.
	EvOffline
	EvOnline

	// EvClock: a service that we trust says that it is Wall now.
	EvClock

	// EvResolve decides File's conflict, which is in StateConflict, by
	// OnConflict: skip, rename or replace.
	EvResolve

	// EvSweep asks for the multipart uploads below the key prefix Name that
	// began before Wall to be aborted, but for those whose IDs Keep lists:
	// what earlier runs left behind.
	EvSweep

	// EvAbandon asks for the upload that Record describes to be aborted; the
	// record, Name in the journal, is then forgotten.
	EvAbandon

	// EvSigned answers ActSign: Digest is the MAC, raw, or empty where there is
	// none. It is HMAC-SHA256 by the signing key, with signature version 2
	// HMAC-SHA1 by the secret. A Req that is not to be sent any more is no
	// mistake.
	EvSigned
)

// Event tells the engine what happened. Handle only borrows what it points to.
type Event struct {
	Kind        EventKind
	File        FileID
	Req         ReqID
	Files       []Spec            // EvAdded
	Object      *s3.Object        // EvDescribed
	Source      journal.Source    // EvDescribed
	OnConflict  OnConflict        // EvDescribed, EvResolve
	Priority    queue.Priority    // EvPrioritize
	Bytes       int64             // EvSent: body bytes handed to the network so far; EvRead
	Last        bool              // EvRead
	Trusted     bool              // EvLoaded
	Status      int               // EvAnswered: HTTP status, 100 to 599
	Header      []s3.Field        // EvAnswered
	Body        []byte            // EvAnswered: at most MaxAnswerBytes
	Digest      []byte            // EvAnswered, EvHashed, EvSigned: raw
	Cause       Cause             // EvBroke, EvUndescribed, EvLoaded, EvSaved
	Credentials *cred.Credentials // EvCredentials
	Record      []byte            // EvLoaded, EvAbandon
	Name        string            // EvAbandon: the record's; EvSweep: the prefix
	Keep        []string          // EvSweep: upload IDs
	Wall        sign.UnixMilli    // EvClock, EvSweep
}

// Spec is what a file costs before it gets a slot.
type Spec struct {
	// Size is in bytes, 0 to s3.MaxObjectSize, or UnknownSize for a stream:
	// its driver answers ActRead.
	Size     int64
	Priority queue.Priority
}

// UnknownSize is the size of a stream whose end is not known yet.
const UnknownSize = queue.UnknownSize

// OnConflict is what to do when IfNoneMatch "*" is asked for and the key
// already has an object.
type OnConflict uint8

// The choices.
const (
	ConflictFail    OnConflict = iota // fail with PreconditionFailed
	ConflictAsk                       // wait in StateConflict for EvResolve
	ConflictSkip                      // end in StateSkipped
	ConflictRename                    // store as "name (2).ext", "name (3).ext", ...
	ConflictReplace                   // store without the condition
)

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
	CauseLocked                            // another tab or process has the journal's record open
	CauseStorage                           // the journal could not be read or written
)

// MaxAnswerBytes bounds the body of an answer that a driver passes on. The
// longest that S3 sends to us, a ListParts page of 1,000 parts with checksums,
// stays below 512 KiB.
const MaxAnswerBytes = 1 << 20
