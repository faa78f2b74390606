package queue

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

	// Priorities is how many there are.
	Priorities = int(PriorityLow) + 1
)

// Class separates the files that go up in one request from those that take
// many, so that who serves both classes in turn lets neither starve the other.
type Class uint8

// The classes.
const (
	ClassSmall Class = iota // goes up in one request
	ClassLarge              // goes up in parts, or is a stream

	// Classes is how many there are.
	Classes = int(ClassLarge) + 1
)
