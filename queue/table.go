// Package queue holds the files of a session and plans their parts. It knows
// sizes and states only: names, keys and bytes live with the driver, and no
// request is worded here. A file's record is small and pointer-free, so that a
// million of them cost what a few photographs do, and no call goes through them:
// what is done to all files (PauseAll, CancelAll, ...) is noted once, and each
// record is brought up to date when its file is next named. Package engine
// drives it.
package queue

// FileID names a file of a session: dense from 0, in order of addition, never
// reused.
type FileID uint32

// UnknownSize is the size of a stream whose end is not known yet.
const UnknownSize int64 = -1

// MaxFiles is how many files one session takes.
const MaxFiles = 1 << 24

// pageFiles is how many records a page holds. A page is never copied, so that
// adding files costs the same at any number of them.
const pageFiles = 4096

type page [pageFiles]record

// record is one file's: 24 bytes. What it says held at epoch; it is read
// through Table.own and changed after Table.settle.
type record struct {
	size       int64
	next, prev link   // in the list that Table.list names; stale when it names none
	epoch      uint32 // Table.epoch when the record was last brought up to date
	parked     uint16 // its place in Table.parked, counted from 1; 0: not parked
	state      State
	traits     traits
}

// Table holds one record a file. Its zero value is empty and ready. A method
// that takes a FileID takes one that Add gave out, and panics at another.
type Table struct {
	pages []*page
	files uint32

	// By the files' own states, which know nothing of PauseAll.
	counts [States]uint32
	bytes  [States]int64

	queued, rested, failed lanes // files in StateQueued, StatePaused, StateFailed
	wanted                 list  // of the first two, those that Want named: they are in no lane

	// What was done to all files; see own.
	paused              bool   // PauseAll is on
	epoch               uint32 // counts the times that CancelAll, ResumeAll, RetryAll changed anything
	cancelled           uint32 // the epoch that the last CancelAll began; 0: there was none
	resumed             uint32 // the same for ResumeAll
	retried             uint32 // the same for RetryAll
	retriedBeforeCancel uint32 // what retried was when the last CancelAll came

	parked parked
}

// Add appends a queued file of size bytes, or of UnknownSize, and returns its
// name; false when the table is full: see MaxFiles.
func (t *Table) Add(size int64, c Class, p Priority) (FileID, bool) {
	if t.files == MaxFiles {
		return 0, false
	}
	added := record{size: size, epoch: t.epoch, traits: traits(laneOf(c, p))}
	if t.files%pageFiles == 0 {
		t.pages = append(t.pages, new(page))
	}
	id := FileID(t.files)
	t.files++
	*t.at(id) = added
	t.pushBack(t.list(&added), id)
	t.counts[StateQueued]++
	t.bytes[StateQueued] += known(size)
	return id, true
}

// Len returns how many files were added.
func (t *Table) Len() int { return int(t.files) }

// Has reports that id was given out by Add.
func (t *Table) Has(id FileID) bool { return uint32(id) < t.files }

// Size returns id's size in bytes, or UnknownSize.
func (t *Table) Size(id FileID) int64 { return t.at(id).size }

// Class returns the class that id was added with.
func (t *Table) Class(id FileID) Class { return t.at(id).traits.lane().class() }

// Priority returns which files id goes before.
func (t *Table) Priority(id FileID) Priority { return t.at(id).traits.lane().priority() }

// State returns where id stands. While PauseAll is on, a queued file reads
// StatePaused.
func (t *Table) State(id FileID) State {
	s := t.own(t.at(id))
	if s == StateQueued && t.paused {
		return StatePaused
	}
	return s
}

// Counts returns how many files are in each state. They add up to Len.
func (t *Table) Counts() [States]uint32 {
	counts := t.counts
	if t.paused {
		counts[StatePaused] += counts[StateQueued]
		counts[StateQueued] = 0
	}
	return counts
}

// Bytes returns the sizes of the files in each state, added up; an unknown size
// counts 0. The sums are right while those of all files together stay below
// 8 EiB.
func (t *Table) Bytes() [States]int64 {
	bytes := t.bytes
	if t.paused {
		bytes[StatePaused] += bytes[StateQueued]
		bytes[StateQueued] = 0
	}
	return bytes
}

// Next returns the file that is to go next among those of class c: the first
// queued one of the highest priority. It stays where it is until SetState moves
// it. false: none is queued, or PauseAll is on.
func (t *Table) Next(c Class) (FileID, bool) {
	if t.paused {
		return 0, false
	}
	for _, p := range [Priorities]Priority{PriorityHigh, PriorityNormal, PriorityLow} {
		if first := t.queued[laneOf(c, p)].head; first != 0 {
			return first.id(), true
		}
	}
	return 0, false
}

// SetState moves id to s. A file that becomes queued goes behind the others of
// its class and priority, or before them all when it was paused itself. While
// PauseAll is on it reads StatePaused all the same, and waits for ResumeAll.
// A parked file that is cancelled, or skipped, is to be discarded: see
// NextDiscard.
func (t *Table) SetState(id FileID, s State) {
	r := t.settle(id)
	was := r.state
	if s == was {
		return
	}
	if l := t.list(r); l != nil {
		t.unlink(l, r)
	}
	r.traits &^= traitWanted
	t.counts[was]--
	t.counts[s]++
	t.bytes[was] -= known(r.size)
	t.bytes[s] += known(r.size)
	r.state = s
	switch l := t.list(r); {
	case l == nil:
	case s == StateQueued && was == StatePaused:
		t.pushFront(l, id)
	default:
		t.pushBack(l, id)
	}
	if r.parked != 0 {
		t.sortParked(r)
	}
}

// SetSize gives id the size that was not known when it was added, in bytes.
func (t *Table) SetSize(id FileID, size int64) {
	r := t.settle(id)
	t.bytes[r.state] += known(size) - known(r.size)
	r.size = size
}

// SetPriority lets id go behind the other files of priority p, unless p is the
// one that it has.
func (t *Table) SetPriority(id FileID, p Priority) {
	r := t.settle(id)
	to := laneOf(r.traits.lane().class(), p)
	if to == r.traits.lane() {
		return
	}
	l := t.list(r)
	if l != nil {
		t.unlink(l, r)
	}
	r.traits = r.traits&^traitLane | traits(to)
	if l != nil {
		t.pushBack(t.list(r), id)
	}
}

// MaxMarks is the largest number that SetMarks takes.
const MaxMarks = 15

// SetMarks keeps a number with id, 0 to MaxMarks, which is for whoever drives
// the table to make sense of.
func (t *Table) SetMarks(id FileID, marks uint8) {
	if marks > MaxMarks {
		panic("bucketline: internal error: no such marks")
	}
	r := t.at(id)
	r.traits = r.traits&^traitMarks | traits(marks)<<shiftMarks
}

// Marks returns what SetMarks kept, or 0.
func (t *Table) Marks(id FileID) uint8 { return uint8(t.at(id).traits >> shiftMarks) }

// known returns what size adds to a sum of bytes.
func known(size int64) int64 { return max(size, 0) }

func (t *Table) at(id FileID) *record {
	if uint32(id) >= t.files {
		panic("bucketline: internal error: no such file")
	}
	return &t.pages[id/pageFiles][id%pageFiles]
}
