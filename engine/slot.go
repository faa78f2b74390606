package engine

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// step is what a slot needs next.
type step uint8

const (
	stepFree     step = iota // the slot holds nothing
	stepDescribe             // waits for EvDescribed
	stepLoad                 // waits for EvLoaded
	stepRead                 // the first bytes of a stream
	stepHash                 // the checksum of a file that goes up in one request
	stepPut                  // PutObject or PostObject
	stepPeek                 // HeadObject: is the key free?
	stepCreate               // CreateMultipartUpload
	stepSave                 // waits until the journal has the upload's record
	stepList                 // ListParts, page by page: see listing
	stepParts                // UploadPart, many at a time
	stepComplete             // CompleteMultipartUpload
	stepHead                 // HeadObject: what became of the object?
	stepAbort                // AbortMultipartUpload, once nothing is under way
	stepSweep                // ListMultipartUploads, page by page
	stepPark                 // to be left as it is, once nothing is under way
	stepEnd                  // over; requests may still be under way
)

// listing is why parts are listed.
type listing uint8

const (
	listResume listing = iota // which parts of an earlier run can be kept?
	listNames                 // ETags that CORS hides
	listProbe                 // has the upload been completed?
	listRepair                // the store refused our list of parts
	listGone                  // has the abort left anything?
)

// job is what a slot does when it carries no file's bytes.
type job uint8

const (
	jobFile    job = iota
	jobDiscard     // abort the upload of a cancelled file that had no slot
	jobAbandon     // abort the upload that a record describes
	jobSweep       // abort what earlier runs left behind
)

// wish is what the user wanted of a file when it was too late.
type wish uint8

const (
	wishNone wish = iota
	wishRest      // pause
	wishDrop      // cancel
)

// slot is the full state of one active file or job. Slots are few and reused:
// their buffers are what an upload in parts costs.
type slot struct {
	step       step
	job        job
	file       FileID // NoFile for jobAbandon and jobSweep
	object     s3.Object
	source     journal.Source
	onConflict OnConflict
	key        string // as described; a conflict may rename object.Key
	form       bool   // goes up as a browser form
	given      bool   // object.Digest is the user's
	early      bool   // each part goes with its digest, although the whole is checked as well
	plan       queue.Plan
	priority   queue.Priority
	uploadID   string
	parts      parts

	// The journal.
	name     string // of the record; empty: the file has none
	loading  bool   // EvLoaded is awaited
	open     bool   // the record is ours
	recorded bool   // it is on disk, so that the upload can be left and found again
	onDisk   bool   // the record is there, be it of this upload or of one that is gone
	unsaved  int    // how many times EvSaved is awaited
	frames   int    // entries of parts in it
	torn     bool   // the last write failed: the record is to be written anew

	// A stream.
	stream  bool
	ended   bool   // its last byte has been read
	readTo  uint16 // parts read so far
	reading bool

	inFlight     int   // requests of this slot under way
	asides       int   // of those, ActHash and ActRead
	signing      int   // of those, ActSign
	acknowledged int64 // bytes of stored parts
	kept         int64 // of those, what an earlier run sent
	asked        bool  // the one request of this step is under way
	served       uint32
	resting      bool // the user paused a file that cannot leave its slot

	setbacks []setback
	listing  listing
	after    uint16 // the last part number listed

	// What went wrong before, and how often.
	restarts   uint8 // uploads begun anew
	repairs    uint8 // times that the store refused our list of parts, or the object
	renames    uint8
	doubt      bool // a request that may have stored the object got no answer
	maybe      bool // one that got no answer may yet arrive
	late       bool // a part may land after the abort
	astray     bool // nobody could tell whether an object that was in the way is this file's
	aborts     uint8
	conflicted bool    // the key has an object that may be ours
	unverified bool    // the store ignored the checksum
	joining    bool    // the store may be joining the parts, although it has not answered …
	joinedFrom Instant // … since then: see stillJoining
	completing int64   // when the store was first asked to join the parts, in milliseconds since 1970
	again      bool    // after the abort, begin anew
	taken      bool    // parts are out of sight that the store may be joining: see takenAway
	wake       bool    // the user wants the file to go on as soon as it has left its slot
	belated    wish    // what the user wanted while the store was deciding: see heed

	// refused is the credentials that the store last refused for this file,
	// nil after a success. A second set that it refuses fails the file, so that
	// a store which refuses one file for ever makes no loop.
	refused *cred.Credentials
}

// holds makes the slot hold a file or a job, keeping its buffers.
func (s *slot) holds(file FileID, what job, first step) {
	parts, setbacks := s.parts, s.setbacks[:0]
	parts.reset(0)
	*s = slot{step: first, job: what, file: file, parts: parts, setbacks: setbacks}
}

// enter moves the slot to its next step, which has had no setback yet.
func (s *slot) enter(next step) {
	s.step = next
	s.asked = false
	s.clearSetbacks()
}

// list begins to list the upload's parts.
func (s *slot) list(why listing) {
	s.enter(stepList)
	s.listing, s.after, s.taken = why, 0, false
}

// ready reports that the slot has a request to send now.
func (s *slot) ready(now Instant) bool {
	if s.resting {
		return false
	}
	switch s.step {
	case stepPut, stepPeek, stepCreate, stepHead, stepSweep:
		return !s.asked && s.due(0, now)
	case stepComplete:
		// Once the parts are joined the record alone tells whose the object is.
		return !s.asked && s.inFlight == 0 && s.unsaved == 0 && s.due(0, now)
	case stepAbort, stepList:
		return !s.asked && s.inFlight == 0 && s.due(0, now)
	case stepParts:
		return s.nextPart(now) != 0
	}
	return false
}

// deciding reports that the store may be making the object: it is too late to
// pause or to cancel, since nobody could say what became of it.
func (s *slot) deciding() bool {
	switch s.step {
	case stepComplete, stepHead:
		return s.asked && s.signing == 0 || s.doubt
	case stepList:
		return s.listing == listProbe
	}
	return false
}

// cleaning reports that the slot's requests are about what is to be removed.
func (s *slot) cleaning() bool {
	return s.job != jobFile || s.step == stepAbort || s.step == stepList && s.listing == listGone
}

// leaving reports that the slot is being emptied already.
func (s *slot) leaving() bool {
	return s.step == stepEnd && !s.again || s.step == stepAbort && !s.again || s.step == stepList && s.listing == listGone && !s.again
}

// whole reports that the store checks the object as a whole when it joins the
// parts, by a CRC that is worked out from those of the parts.
func (s *slot) whole() bool {
	return s.object.Algorithm.Stored() && s.object.ChecksumType == s3.FullObject
}

// hashFirst reports that a part's digest goes into its request, so that it has
// to be known before.
func (s *slot) hashFirst() bool {
	return s.object.Algorithm != s3.NoChecksum && (s.early || !s.whole())
}
