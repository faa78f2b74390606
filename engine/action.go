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
	// ActDescribe asks for File's key and properties: answer with EvDescribed
	// or EvUndescribed.
	ActDescribe ActionKind = iota + 1

	// ActSend asks for Send to be sent at once. Its body is Send.Body, or,
	// where that is nil, Length bytes of File from Offset. Answer with
	// EvAnswered or EvBroke, exactly once; report EvSent while it goes.
	ActSend

	// ActBreakOff asks to drop Req. It still ends with EvAnswered or EvBroke.
	ActBreakOff

	// ActRefresh asks for new credentials, because of Reason: answer with
	// EvCredentials or EvRefreshFailed. One is outstanding at a time.
	ActRefresh

	// ActNoteState tells that File is now in State. Err says why, in
	// StateFailed; Result what was stored, in StateDone.
	ActNoteState

	// ActNotePart tells that Part of File is stored; Result.ETag is its ETag.
	ActNotePart

	// ActNoteHold tells that nothing can be signed, because of Reason: every
	// request is held until there are credentials. Said again when the reason
	// changes, such as to cred.ReasonRefreshFailed.
	ActNoteHold

	// ActNoteRelease tells that there are credentials again.
	ActNoteRelease

	// ActNoteOrphan tells that a multipart upload of File could not be
	// aborted, because of Err: its parts stay in the bucket until the bucket's
	// lifecycle rule removes them.
	ActNoteOrphan
)

// Action asks the driver for one thing, or tells people one thing. What it
// points to is the engine's and lives until the next Poll.
type Action struct {
	Kind   ActionKind
	File   FileID
	Req    ReqID
	Send   *s3.Request
	Part   uint16 // ActSend of an UploadPart, ActNotePart: 1 to 10,000
	Offset int64  // bytes from the start of File
	Length int64  // bytes of body, also of Send.Body
	State  State
	Reason cred.Reason
	Result *Result
	Err    *Error
}

// State is where a file stands.
type State = queue.State

// Result is what the store said of a stored object or part.
type Result struct {
	ETag      string // as sent, quotes included; empty when CORS hides it
	VersionID string // of a bucket with versions
	Bytes     int64
}

// Error says why a file failed.
type Error struct {
	// Code is stable: S3's own code when the store refused ("AccessDenied"),
	// else one of the Code constants of this package or of s3 and cred.
	Code      string
	Op        s3.Op  // 0: before any request
	Part      uint16 // 0: not about one part
	Status    int    // HTTP status; 0: no answer
	RequestID string // the store's own, for its operator
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
)

// Totals are the session's counters, kept as it goes.
type Totals struct {
	Files        [queue.States]uint32 // files in each State
	Size         int64                // bytes of all files but cancelled ones
	Sent         int64                // bytes given to the network, of those
	Acknowledged int64                // bytes of parts with an ETag and of stored objects
	Stored       int64                // bytes of stored objects
	InFlight     int                  // requests under way
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
