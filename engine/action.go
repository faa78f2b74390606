package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// ActionKind says what the driver is asked for, and which fields of an Action
// count.
type ActionKind uint8

// The actions an engine asks for.
const (
	// ActDescribe asks for File's key and properties, and for what File is
	// now: answer with EvDescribed or EvUndescribed. It is asked each time the
	// file begins or begins again.
	ActDescribe ActionKind = iota + 1

	// ActSend asks for Send to be sent at once. Its body is Send.Body, or,
	// where that is nil, Length bytes of File from Offset; before and after
	// those of a form go Send's form head and tail. Answer with EvAnswered or
	// EvBroke, exactly once; report EvSent while it goes. Where Hash is not
	// zero the digest of the file's bytes is computed beside the sending and
	// given with EvAnswered.
	ActSend

	// ActBreakOff asks to drop Req. It still ends as it would have, or with
	// EvBroke.
	ActBreakOff

	// ActRefresh asks for new credentials, because of Reason: answer with
	// EvCredentials or EvRefreshFailed. One is outstanding at a time.
	ActRefresh

	// ActNoteState tells that File is now in State. Err says why, in
	// StateFailed and StateConflict; Result what was stored, in StateDone.
	ActNoteState

	// ActNotePart tells that Part of File is stored; Result.ETag is its ETag,
	// empty when CORS hides it. A stream's bytes of that part may be dropped.
	ActNotePart

	// ActNoteHold tells that nothing can be signed, because of Reason: every
	// request is held until there are credentials. Said again when the reason
	// changes, such as to cred.ReasonRefreshFailed.
	ActNoteHold

	// ActNoteRelease tells that there are credentials again.
	ActNoteRelease

	// ActNoteOrphan tells that a multipart upload of File could not be
	// aborted, because of Err: its parts stay in the bucket until the bucket's
	// lifecycle rule removes them. UploadID names it.
	ActNoteOrphan

	// ActHash asks for the digest by Hash of Length bytes of File from Offset:
	// answer with EvHashed or EvBroke.
	ActHash

	// ActRead asks for the next Length bytes of a stream, which begin at
	// Offset, to be read and kept until ActNotePart of that Part, or the file's
	// end: answer with EvRead or EvBroke.
	ActRead

	// ActLoad asks for the journal's record Name to be opened for this tab or
	// process alone, and read: answer with EvLoaded.
	ActLoad

	// ActSave asks for the record Name to be replaced by Record, ActAppend for
	// Record to be added to its end, ActForget for it to be deleted and given
	// up; each is to be on disk before EvSaved answers it. In order. ActUnlock
	// gives the record up and leaves it where it is; no answer.
	ActSave
	ActAppend
	ActForget
	ActUnlock

	// ActNoteRetry tells that a request of File (Part of it, or 0) failed
	// because of Err and will be sent again in Delay milliseconds.
	ActNoteRetry

	// ActNoteWarning tells of something that people should put right, once a
	// session each: Err.Code is one of the Warn constants.
	ActNoteWarning

	// ActNoteResumed tells that File goes on where an earlier run left it:
	// Result.Bytes of it, in Part parts, need not be sent again.
	ActNoteResumed

	// ActNoteAll tells that every file that had not ended is now in State:
	// StatePaused, StateQueued (they go on) or StateCancelled; and StateQueued
	// of those that had failed. No ActNoteState is said for files without a
	// slot.
	ActNoteAll

	// ActNoteSwept tells that the multipart upload UploadID of the object Name
	// was aborted, by EvSweep or EvAbandon, or, with Err, was not.
	// ActNoteSweepEnd tells that EvSweep has come to its end.
	ActNoteSwept
	ActNoteSweepEnd

	// ActSign asks, with Config.RemoteSign, for the MAC of Draft.Text, by the
	// key of the credentials that were set last: answer with EvSigned. It may be
	// answered in vain, since whatever takes the request back says nothing.
	ActSign
)

// NoFile is the File of an Action that is about no file of this session.
const NoFile FileID = 1<<32 - 1

// Action asks the driver for one thing, or tells people one thing. What it
// points to is the engine's and lives until the next Poll.
type Action struct {
	Kind     ActionKind
	File     FileID
	Req      ReqID
	Send     *s3.Request
	Part     uint16 // ActSend of an UploadPart, ActNotePart, ActHash, ActRead: 1 to 10,000
	Offset   int64  // bytes from the start of File
	Length   int64  // bytes of body, also of Send.Body
	Hash     s3.Algorithm
	State    State
	Reason   cred.Reason
	Result   *Result
	Err      *Error
	Name     string // of a record in the journal; ActNoteSwept: an object's key
	Record   []byte
	UploadID string
	Delay    int64 // milliseconds
	Draft    Draft // ActSign
}

// State is where a file stands.
type State = queue.State

// Result is what the store said of a stored object or part.
type Result struct {
	ETag      string // as sent, quotes included; empty when CORS hides it
	VersionID string // of a bucket with versions
	Key       string // of the object, which ConflictRename may have changed
	Bytes     int64

	// Algorithm and Digest, raw, are the checksum of the whole object that the
	// store has checked; NoChecksum when there is none.
	Algorithm s3.Algorithm
	Digest    []byte
}

// Error says why a file failed.
type Error struct {
	// Code is stable: S3's own code when the store refused ("AccessDenied"),
	// else one of the Code constants of this package or of s3 and cred.
	Code      string
	Op        s3.Op  // 0: before any request
	Part      uint16 // 0: not about one part
	Parts     uint16 // how many the file has, where Part counts
	Status    int    // HTTP status; 0: no answer
	RequestID string // the store's own, for its operator
	Doubt     bool   // the object may have been stored all the same
	Message   string // the store's own words, bounded and without secrets
}

// The codes of failures that are not the store's words.
const (
	CodeUnreachable      = "Unreachable"
	CodeCORSBlocked      = "CORSBlocked"
	CodeOffline          = "Offline"
	CodeTimeout          = "Timeout"
	CodeTLSRefused       = "TLSRefused"
	CodeSourceUnreadable = "SourceUnreadable"
	CodeSourceChanged    = "SourceChanged"
	CodeKeyRefused       = "KeyRefused"
	CodeAnswerInvalid    = "AnswerInvalid"
	CodeETagHidden       = "ETagHidden"
	CodeFileTooLarge     = "FileTooLarge"
	CodeStalled          = "Stalled"        // no byte moved for as long as Config.StallMillis says
	CodeInUse            = "UploadInUse"    // another tab or process uploads the same file
	CodeCorrupted        = "Corrupted"      // the store got other bytes, time and again
	CodeUndecided        = "OutcomeUnknown" // whether the object was stored cannot be found out
	CodeExists           = "ObjectExists"   // the key has an object already
)

// The codes of warnings.
const (
	WarnETagHidden = "ETagHidden"    // CORS hides ETags: parts are looked up by ListParts instead
	WarnClock      = "ClockSkewed"   // this machine's clock is wrong by Delay milliseconds; corrected
	WarnJournal    = "JournalFailed" // the journal cannot be written: a crash now loses what was sent
	WarnRecord     = "RecordCorrupt" // a record was damaged and set aside: its file starts anew
	WarnUnverified = "Unverified"    // the store ignores the checksum that was sent
)

// Totals are the session's counters, kept as it goes.
type Totals struct {
	Files        [queue.States]uint32 // files in each State
	Size         int64                // bytes of all files but cancelled ones
	Sent         int64                // bytes given to the network, of those
	Acknowledged int64                // bytes of parts with an ETag and of stored objects
	Stored       int64                // bytes of stored objects
	Resent       int64                // bytes given to the network in vain, of requests that failed
	InFlight     int                  // requests under way
	Window       int                  // how many may be, at present
	Answered     bool                 // the store has answered something, whatever it was
	Offline      bool                 // the network is gone
	Held         bool                 // nothing can be signed
	Hold         cred.Reason          // why, when Held
}

// FileInfo is one file's counters.
type FileInfo struct {
	State         State
	Size          int64 // bytes
	Sent          int64
	Acknowledged  int64
	Parts         uint16 // 0: not planned yet, or a single PUT
	PartsStored   uint16
	PartsInFlight uint16
}

// Cell is one cell of a file's part map: a part, or several.
type Cell struct {
	State  CellState
	Filled uint8 // percent sent, when CellInFlight
}

// CellState is what a cell of a part map shows.
type CellState uint8

// The cells' states.
const (
	CellEmpty CellState = iota
	CellInFlight
	CellStored
	CellHeld
)
