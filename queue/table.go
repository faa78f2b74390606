// Package queue holds the files of a session and plans their parts. It knows
// sizes and states only: names, keys and bytes live with the driver, and no
// request is worded here. A file's record is small and pointer-free, so that a
// million of them cost what a few photographs do. Package engine drives it.
package queue

// FileID names a file of a session: dense from 0, in order of addition, never
// reused.
type FileID uint32

// State is where a file stands.
type State uint8

// The states of a file. Those from StateDone on are final, but for a retry.
const (
	StateQueued     State = iota // chosen, not begun
	StateHashing                 // its checksum is being computed, nothing is sent yet
	StateUploading               // requests are under way, or may be
	StateHolding                 // waits for credentials
	StateOffline                 // waits for the network
	StateThrottled               // waits before it tries again what the store did not take
	StatePaused                  // rests because the user asked
	StateConflict                // the key has an object already; waits for the user to decide
	StateCompleting              // every byte is stored; the store joins the parts
	StateDone                    // the store confirmed the object
	StateSkipped                 // not stored, because the key has an object already
	StateFailed                  // given up
	StateCancelled               // dropped by the user

	// States is how many there are.
	States = int(StateCancelled) + 1
)

// Ended reports that s is final.
func (s State) Ended() bool { return s >= StateDone }

// String returns the state's stable name, as drivers show it.
func (s State) String() string {
	if int(s) < States {
		return stateNames[s]
	}
	return "unknown"
}

var stateNames = [States]string{
	"queued", "hashing", "uploading", "holding", "offline", "throttled", "paused", "conflict", "completing",
	"done", "skipped", "failed", "cancelled",
}

// Priority says which files go first: PriorityHigh before PriorityNormal before
// PriorityLow.
type Priority uint8

// The priorities; the zero value is the middle one.
const (
	PriorityNormal Priority = iota
	PriorityHigh
	PriorityLow
)

// UnknownSize is the size of a stream whose end is not known yet.
const UnknownSize int64 = -1

// pageFiles is how many records a page holds. A full page is never copied, so
// that adding files costs the same at any number of them.
const pageFiles = 4096

// MaxFiles is how many files one session takes.
const MaxFiles = 1 << 24

type record struct {
	size  int64
	state State
}

// Table holds one record a file. Its zero value is empty and ready.
type Table struct {
	pages [][]record
	files uint32
	count [States]uint32
	next  FileID // every file below it has left StateQueued
}

// Add appends a file of size bytes and returns its name; false when the table
// is full.
func (t *Table) Add(size int64) (FileID, bool) {
	if t.files == MaxFiles {
		return 0, false
	}
	if t.files%pageFiles == 0 {
		t.pages = append(t.pages, make([]record, 0, pageFiles))
	}
	last := len(t.pages) - 1
	t.pages[last] = append(t.pages[last], record{size: size})
	id := FileID(t.files)
	t.files++
	t.count[StateQueued]++
	return id, true
}

// Len returns how many files were added.
func (t *Table) Len() int { return int(t.files) }

// Has reports that id was given out by Add.
func (t *Table) Has(id FileID) bool { return uint32(id) < t.files }

// Size returns id's size in bytes. id must be one that Add gave out.
func (t *Table) Size(id FileID) int64 { return t.at(id).size }

// State returns where id stands.
func (t *Table) State(id FileID) State { return t.at(id).state }

// SetState moves id to s.
func (t *Table) SetState(id FileID, s State) {
	r := t.at(id)
	t.count[r.state]--
	t.count[s]++
	r.state = s
}

// Counts returns how many files are in each state.
func (t *Table) Counts() [States]uint32 { return t.count }

// Next returns the first queued file, in order of addition.
func (t *Table) Next() (FileID, bool) {
	for ; uint32(t.next) < t.files; t.next++ {
		if t.at(t.next).state == StateQueued {
			return t.next, true
		}
	}
	return 0, false
}

func (t *Table) at(id FileID) *record {
	return &t.pages[id/pageFiles][id%pageFiles]
}
