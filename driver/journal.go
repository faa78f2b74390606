package driver

import "errors"

// Journal keeps the records of uploads that have begun, one a name, between
// the runs of a program. What is in a record is package journal's business;
// where it lies is the Journal's. Names are those of journal.Name.
//
// Its methods are called from several goroutines at once, but one at a time
// for the same name.
type Journal interface {
	// Load opens record name for this process alone and returns what it holds;
	// nil when there is none, which keeps the name open all the same. It fails
	// with ErrLocked while another process, or another user of the Journal, has
	// it open. It stays open until Forget or Unlock, or until the process ends.
	Load(name string) ([]byte, error)

	// Save replaces the record, at one stroke: whoever reads after a crash
	// finds the old one or the new one. Append adds to its end; a crash may
	// leave a part of what was added. Both return once it is on disk, and want
	// the record to be open. They do not keep the bytes.
	Save(name string, record []byte) error
	Append(name string, more []byte) error

	// Forget deletes the record and gives its name up.
	Forget(name string) error

	// Unlock gives the name up and leaves the record where it is.
	Unlock(name string) error

	// SetAside moves a damaged record out of the way, for whoever wants to look
	// at it, and leaves the name open. Without a record it does nothing.
	SetAside(name string) error
}

// ErrLocked says that somebody else has the record open.
var ErrLocked = errors.New("another process has this upload's record open")
