package queue

// MaxParked is how many files may be parked at a time.
const MaxParked = 1 << 14

// parkedFiles is how many a page of them holds.
const parkedFiles = 1024

// parking is what is remembered of a parked file.
type parking struct {
	name  string
	bytes int64
	file  FileID
}

type parkedPage [parkedFiles]parking

// group is what is to become of a parked file. Parked files lie in the order of
// their groups, so that what is done to all files moves a border, and no file.
type group uint8

const (
	groupDiscard group = iota // cancelled, or skipped: its upload is to be aborted
	groupResting              // goes on some time
	groupFailed               // goes on if it is tried again
	groupEnded

	groups = int(groupEnded) + 1
)

// groupOf is that of a file whose own state is s.
func groupOf(s State) group {
	switch {
	case s == StateCancelled || s == StateSkipped:
		return groupDiscard
	case s == StateFailed:
		return groupFailed
	case s.Ended():
		return groupEnded
	}
	return groupResting
}

// parked are the files that are parked. Its zero value is empty.
type parked struct {
	pages []*parkedPage
	end   [groups]uint16 // where each group ends, and the next begins
	bytes [groups]int64  // of each group
}

func (p *parked) at(place uint16) *parking { return &p.pages[place/parkedFiles][place%parkedFiles] }

// of returns the group that a place lies in.
func (p *parked) of(place uint16) group {
	g := group(0)
	for place >= p.end[g] {
		g++
	}
	return g
}

// first returns where group g begins.
func (p *parked) first(g group) uint16 {
	if g == 0 {
		return 0
	}
	return p.end[g-1]
}

// merge makes all of one group members of the one before it.
func (p *parked) merge(g group) {
	p.end[g-1] = p.end[g]
	p.bytes[g-1] += p.bytes[g]
	p.bytes[g] = 0
}

// Park notes that id has an unfinished upload in the journal, and no slot that
// looks after it: how many bytes of it the store has, and the name of its
// record. It returns false, and notes nothing, when MaxParked other files are
// parked already.
func (t *Table) Park(id FileID, bytes int64, name string) bool {
	r := t.settle(id)
	if r.parked != 0 {
		t.unpark(r)
	}
	p := &t.parked
	place := p.end[groupEnded]
	if place == MaxParked {
		return false
	}
	if int(place) == len(p.pages)*parkedFiles {
		p.pages = append(p.pages, new(parkedPage))
	}
	p.end[groupEnded]++
	p.bytes[groupEnded] += bytes
	*p.at(place) = parking{name, bytes, id}
	r.parked = place + 1
	t.sortParked(r)
	return true
}

// Unpark forgets what Park noted, and returns the name of the record; "" when
// the file is not parked.
func (t *Table) Unpark(id FileID) string {
	r := t.settle(id)
	if r.parked == 0 {
		return ""
	}
	return t.unpark(r)
}

// Parked reports that id is parked. A file that NextDiscard took is parked no
// more.
func (t *Table) Parked(id FileID) bool { return t.at(id).parked != 0 }

// ParkedBytes returns how many bytes of id the store has, if it is parked.
func (t *Table) ParkedBytes(id FileID) int64 {
	if r := t.at(id); r.parked != 0 {
		return t.parked.at(r.parked - 1).bytes
	}
	return 0
}

// RestingBytes returns how many bytes the store has of all parked files that
// have not ended.
func (t *Table) RestingBytes() int64 { return t.parked.bytes[groupResting] }

// NextDiscard takes one of the files that are parked and cancelled, or skipped:
// the upload whose record has this name is to be aborted. false: there is none.
func (t *Table) NextDiscard() (id FileID, name string, ok bool) {
	if t.parked.end[groupDiscard] == 0 {
		return 0, "", false
	}
	id = t.parked.at(0).file
	return id, t.unpark(t.at(id)), true
}

// sortParked puts a parked file whose state has changed into its group. r must
// be up to date.
func (t *Table) sortParked(r *record) {
	p := &t.parked
	to := groupOf(r.state)
	for {
		place := r.parked - 1
		g := p.of(place)
		bytes := p.at(place).bytes
		switch {
		case g == to:
			return
		case g < to: // the last of its group becomes the first of the next
			p.end[g]--
			t.swapParked(place, p.end[g])
			p.bytes[g], p.bytes[g+1] = p.bytes[g]-bytes, p.bytes[g+1]+bytes
		default:
			t.swapParked(place, p.first(g))
			p.end[g-1]++
			p.bytes[g], p.bytes[g-1] = p.bytes[g]-bytes, p.bytes[g-1]+bytes
		}
	}
}

// unpark takes out what is remembered of r, and returns the name of its record.
func (t *Table) unpark(r *record) string {
	p := &t.parked
	for g := p.of(r.parked - 1); ; g++ { // to the end of each group, up to the last
		p.end[g]--
		t.swapParked(r.parked-1, p.end[g])
		bytes := p.at(p.end[g]).bytes
		p.bytes[g] -= bytes
		if g == groupEnded {
			break
		}
		p.bytes[g+1] += bytes
	}
	name := p.at(p.end[groupEnded]).name
	*p.at(p.end[groupEnded]) = parking{}
	r.parked = 0
	return name
}

func (t *Table) swapParked(i, k uint16) {
	a, b := t.parked.at(i), t.parked.at(k)
	*a, *b = *b, *a
	t.at(a.file).parked, t.at(b.file).parked = i+1, k+1
}
