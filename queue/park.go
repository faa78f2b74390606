package queue

// MaxParked is how many files may be parked at a time.
const MaxParked = 1 << 14

// SetParked notes that id has an unfinished upload in the journal and no slot
// that looks after it, or has so no more. It returns false, and notes nothing,
// when MaxParked files are parked already.
func (t *Table) SetParked(id FileID, parked bool) bool {
	r := t.settle(id)
	switch {
	case parked == (r.parked != 0):
	case !parked:
		t.unpark(r)
	case len(t.parked) == MaxParked:
		return false
	default:
		if t.parked == nil {
			t.parked = make([]FileID, 0, MaxParked)
		}
		t.parked = append(t.parked, id)
		r.parked = uint16(len(t.parked))
		t.sortParked(r)
	}
	return true
}

// Parked reports what SetParked noted. A file that NextDiscard took is parked
// no more.
func (t *Table) Parked(id FileID) bool { return t.at(id).parked != 0 }

// NextDiscard takes one of the files that are both parked and cancelled: its
// upload is to be aborted. false: there is none.
func (t *Table) NextDiscard() (FileID, bool) {
	if t.discards == 0 {
		return 0, false
	}
	id := t.parked[0]
	t.unpark(t.at(id))
	return id, true
}

// sortParked puts a parked file whose state has changed among those to be
// discarded or out of them. r must be up to date.
func (t *Table) sortParked(r *record) {
	place := int(r.parked) - 1
	discard := place < t.discards
	switch {
	case discard == (r.state == StateCancelled):
	case discard:
		t.discards--
		t.swapParked(place, t.discards)
	default:
		t.swapParked(place, t.discards)
		t.discards++
	}
}

func (t *Table) unpark(r *record) {
	place := int(r.parked) - 1
	if place < t.discards {
		t.discards--
		t.swapParked(place, t.discards)
		place = t.discards
	}
	last := len(t.parked) - 1
	t.swapParked(place, last)
	t.parked = t.parked[:last]
	r.parked = 0
}

func (t *Table) swapParked(i, k int) {
	a, b := t.parked[i], t.parked[k]
	t.parked[i], t.parked[k] = b, a
	t.at(a).parked, t.at(b).parked = uint16(k+1), uint16(i+1)
}
