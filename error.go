package bucketline

import (
	"fmt"
	"strings"

	"github.com/bucketline/bucketline/engine"
)

// The codes of failures that are this package's own. The others are S3's, or
// constants of packages engine, s3 and cred.
const (
	CodeCancelled          = "Cancelled"
	CodeClosed             = "Closed"
	CodeSuspended          = "Suspended" // a later client can go on with it
	CodeNoRecord           = "NoRecord"  // there is no such unfinished upload
	CodeOtherStore         = "OtherStore"
	CodeCredentialsExpired = "CredentialsExpired" // and there is nobody to ask for others
	CodeCredentialsInvalid = "CredentialsInvalid"
	CodeRefreshFailed      = "RefreshFailed" // Config.CredentialsExpired returned an error, which Err is
	CodeOrphan             = "Orphan"
)

// Error says why an upload failed, or was not begun. Branch on Code; the words
// are for people and may change.
type Error struct {
	Name      string // the source: the file's name, or the key
	Bucket    string
	Key       string
	Code      string // stable: S3's own where the store refused
	Operation string // S3's name of it, such as "UploadPart"; empty before any request
	Part      int    // 1 to 10,000; 0: not about one part
	Parts     int    // how many there are
	Status    int    // HTTP status; 0: no answer
	RequestID string // the store's own, for its operator
	Message   string // the store's own words
	Doubt     bool   // the object may have been stored all the same
	Err       error  // what the file, the network or CredentialsExpired said; may be nil

	hint string // of this case, better than the code's
}

// Error returns one line, such as
//
//	upload "video.mp4": part 7 of 120: 403 SignatureDoesNotMatch (request 4442587FB7D0A2F9)
func (e *Error) Error() string {
	var b strings.Builder
	if e.Name != "" {
		fmt.Fprintf(&b, "upload %q: ", e.Name)
	}
	if e.Part > 0 {
		fmt.Fprintf(&b, "part %d of %d: ", e.Part, e.Parts)
	}
	if e.Status > 0 {
		fmt.Fprintf(&b, "%d ", e.Status)
	}
	b.WriteString(e.Code)
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Sentence says what happened, for people.
func (e *Error) Sentence() string {
	if e.Doubt {
		return wordsFor(e).sentence + " It may have been stored all the same."
	}
	return wordsFor(e).sentence
}

// Hint says what to do about it, in one line.
func (e *Error) Hint() string {
	if e.hint != "" {
		return e.hint
	}
	return wordsFor(e).hint
}

// fault is an error about t that the engine did not find.
func (t *Task) fault(code string, err error) *Error {
	return &Error{Name: t.name, Bucket: t.client.config.Bucket, Key: t.object.Key, Code: code, Err: err}
}

// engineError is what the engine says of t.
func (t *Task) engineError(x *engine.Error, detail error) *Error {
	e := t.fault(x.Code, detail)
	e.Part, e.Parts, e.Status = int(x.Part), int(x.Parts), x.Status
	e.RequestID, e.Message, e.Doubt = x.RequestID, x.Message, x.Doubt
	if x.Op != 0 {
		e.Operation = x.Op.String()
	}
	return e
}
