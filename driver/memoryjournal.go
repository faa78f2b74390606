package driver

import (
	"errors"
	"slices"
	"sync"
)

// MemoryJournal is a Journal that lasts as long as the program: it lets a file
// that was paused go on, and nothing survive a crash. Its methods are safe for
// concurrent use.
type MemoryJournal struct {
	mu      sync.Mutex
	records map[string]*memoryRecord
}

type memoryRecord struct {
	data []byte // nil: open, and never saved
	open bool
}

// NewMemoryJournal returns one without records.
func NewMemoryJournal() *MemoryJournal {
	return &MemoryJournal{records: make(map[string]*memoryRecord)}
}

var errNotOpen = errors.New("the record is not open")

// Load opens a record. See [Journal], also for the other methods.
func (j *MemoryJournal) Load(name string) ([]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.records[name]
	if r == nil {
		r = new(memoryRecord)
		j.records[name] = r
	}
	if r.open {
		return nil, ErrLocked
	}
	r.open = true
	return slices.Clone(r.data), nil
}

// with calls f with the record, which must be open.
func (j *MemoryJournal) with(name string, f func(*memoryRecord) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.records[name]
	if r == nil || !r.open {
		return errNotOpen
	}
	return f(r)
}

// Save replaces an open record.
func (j *MemoryJournal) Save(name string, record []byte) error {
	return j.with(name, func(r *memoryRecord) error {
		r.data = append(make([]byte, 0, len(record)), record...)
		return nil
	})
}

// Append adds to the end of an open record that was saved once.
func (j *MemoryJournal) Append(name string, more []byte) error {
	return j.with(name, func(r *memoryRecord) error {
		if r.data == nil {
			return errors.New("there is no record to append to")
		}
		r.data = append(r.data, more...)
		return nil
	})
}

// Forget deletes a record.
func (j *MemoryJournal) Forget(name string) error {
	return j.with(name, func(*memoryRecord) error {
		delete(j.records, name)
		return nil
	})
}

// Unlock gives a record up.
func (j *MemoryJournal) Unlock(name string) error {
	return j.with(name, func(r *memoryRecord) error {
		r.open = false
		if r.data == nil {
			delete(j.records, name)
		}
		return nil
	})
}

// SetAside drops a damaged record: nobody could look at it later.
func (j *MemoryJournal) SetAside(name string) error {
	return j.with(name, func(r *memoryRecord) error {
		r.data = nil
		return nil
	})
}
