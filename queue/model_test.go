package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// model is a Table written for obviousness: every file is brought up to date at
// once, and every answer is found by looking at all of them.
type model struct {
	files       []modelFile
	paused      bool
	front, back int // the places given out so far lie between
}

type modelFile struct {
	size     int64
	class    Class
	priority Priority
	state    State // its own
	place    int   // among the files of its state: the lower goes first
	parked   bool
	bytes    int64 // that are parked
	wanted   int   // among those that are wanted: the lower goes first; 0: it is not
	marks    uint8
}

func (m *model) add(size int64, c Class, p Priority) {
	m.files = append(m.files, modelFile{size: size, class: c, priority: p})
	m.toBack(&m.files[len(m.files)-1])
}

func (m *model) toBack(f *modelFile) {
	m.back++
	f.place = m.back
}

func (m *model) toFront(f *modelFile) {
	m.front--
	f.place = m.front
}

func (m *model) setState(f *modelFile, s State) {
	if s != f.state {
		f.wanted = 0
	}
	switch {
	case s == f.state:
		return
	case s == StateQueued && f.state == StatePaused:
		m.toFront(f)
	default:
		m.toBack(f)
	}
	f.state = s
}

func (m *model) setPriority(f *modelFile, p Priority) {
	if p == f.priority {
		return
	}
	m.toBack(f)
	if f.wanted > 0 {
		f.wanted = m.back
	}
	f.priority = p
}

// nextWanted is the file that was wanted first.
func (m *model) nextWanted() (FileID, bool) {
	best := -1
	for i, f := range m.files {
		if f.wanted > 0 && (best < 0 || f.wanted < m.files[best].wanted) {
			best = i
		}
	}
	return FileID(max(best, 0)), best >= 0
}

// unwant lets f wait behind the others of its kind.
func (m *model) unwant(f *modelFile) {
	if f.wanted > 0 {
		f.wanted = 0
		m.toBack(f)
	}
}

// wantNone does so in the order of wanting.
func (m *model) wantNone() {
	for id, ok := m.nextWanted(); ok; id, ok = m.nextWanted() {
		m.unwant(&m.files[id])
	}
}

// inState returns the files whose own state is s, in their order.
func (m *model) inState(s State) []*modelFile {
	var in []*modelFile
	for i := range m.files {
		if m.files[i].state == s {
			in = append(in, &m.files[i])
		}
	}
	slices.SortFunc(in, func(a, b *modelFile) int { return a.place - b.place })
	return in
}

func (m *model) resumeAll() {
	m.wantNone()
	m.paused = false
	for _, f := range slices.Backward(m.inState(StatePaused)) {
		m.setState(f, StateQueued)
	}
}

func (m *model) retryAll() {
	for _, f := range m.inState(StateFailed) {
		m.setState(f, StateQueued)
	}
}

func (m *model) cancelAll() {
	m.wantNone()
	for i := range m.files {
		if f := &m.files[i]; !f.state.Ended() {
			m.setState(f, StateCancelled)
		}
	}
}

func (m *model) next(c Class) (FileID, bool) {
	if m.paused {
		return 0, false
	}
	rank := map[Priority]int{PriorityHigh: 0, PriorityNormal: 1, PriorityLow: 2}
	best := -1
	for i, f := range m.files {
		if f.state != StateQueued || f.class != c || f.wanted > 0 {
			continue
		}
		if best < 0 || rank[f.priority] < rank[m.files[best].priority] ||
			f.priority == m.files[best].priority && f.place < m.files[best].place {
			best = i
		}
	}
	return FileID(max(best, 0)), best >= 0
}

func (m *model) reads(f modelFile) State {
	if m.paused && f.state == StateQueued {
		return StatePaused
	}
	return f.state
}

func discarded(s State) bool { return s == StateCancelled || s == StateSkipped }

func (m *model) discards() int {
	n := 0
	for _, f := range m.files {
		if f.parked && discarded(f.state) {
			n++
		}
	}
	return n
}

func (m *model) restingBytes() int64 {
	n := int64(0)
	for _, f := range m.files {
		if f.parked && !f.state.Ended() {
			n += f.bytes
		}
	}
	return n
}

// life drives a table and its model through the same calls.
type life struct {
	*rand.Rand
	table Table
	model model

	// What it makes use of: a life of few lanes and states has longer lists.
	classes, priorities int
	states              []State
}

func newLife(seed uint64) *life {
	l := &life{Rand: rand.New(rand.NewPCG(seed, 4))}
	l.classes, l.priorities = 1+l.IntN(Classes), 1+l.IntN(Priorities)
	for _, s := range l.Perm(States)[:2+l.IntN(States-1)] {
		l.states = append(l.states, State(s))
	}
	// Every other life begins just before its epochs run out, so that they
	// start again on the way.
	if seed%2 == 1 {
		l.table.epoch = ^uint32(0) - l.Uint32N(8)
	}
	return l
}

func (l *life) add() string {
	size, c, p := l.size(), Class(l.IntN(l.classes)), Priority(l.IntN(l.priorities))
	l.model.add(size, c, p)
	id, ok := l.table.Add(size, c, p)
	if !ok || int(id) != len(l.model.files)-1 {
		return fmt.Sprintf("Add = %d, %v, want %d", id, ok, len(l.model.files)-1)
	}
	return ""
}

func (l *life) size() int64 {
	if l.IntN(4) == 0 {
		return UnknownSize
	}
	return l.Int64N(1 << 40)
}

func (l *life) discard() string {
	id, name, ok := l.table.NextDiscard()
	if ok != (l.model.discards() > 0) {
		return fmt.Sprintf("NextDiscard = %d, %v, while %d files are to be discarded", id, ok, l.model.discards())
	}
	if !ok {
		return ""
	}
	f := &l.model.files[id]
	if !f.parked || !discarded(f.state) || name != recordOf(id) {
		return fmt.Sprintf("NextDiscard = %d, %q, which is %v, parked: %v", id, name, f.state, f.parked)
	}
	f.parked, f.bytes = false, 0
	return ""
}

func recordOf(id FileID) string { return fmt.Sprint("record ", id) }

// want lets a file go, or lets it rest, if it waits.
func (l *life) want(id FileID) {
	f := &l.model.files[id]
	switch {
	case f.state != StateQueued && f.state != StatePaused:
	case l.IntN(4) == 0:
		l.model.unwant(f)
		l.table.Unwant(id)
	case l.model.paused || f.state == StatePaused:
		if f.wanted == 0 {
			l.model.toBack(f)
			f.wanted = l.model.back
		}
		l.table.Want(id)
	}
}

// touch does one thing to one file.
func (l *life) touch(id FileID, what int) string {
	f := &l.model.files[id]
	switch {
	case what < 50:
		s := l.states[l.IntN(len(l.states))]
		l.model.setState(f, s)
		l.table.SetState(id, s)
	case what < 65:
		p := Priority(l.IntN(l.priorities))
		l.model.setPriority(f, p)
		l.table.SetPriority(id, p)
	case what < 75:
		f.size = l.size()
		l.table.SetSize(id, f.size)
	case what < 80:
		f.marks = uint8(l.IntN(MaxMarks + 1))
		l.table.SetMarks(id, f.marks)
	case what < 88:
		l.want(id)
	case what < 92:
		want := ""
		if f.parked {
			want = recordOf(id)
		}
		f.parked, f.bytes = false, 0
		if name := l.table.Unpark(id); name != want {
			return fmt.Sprintf("Unpark(%d) = %q, want %q", id, name, want)
		}
	default:
		f.parked, f.bytes = true, l.Int64N(1<<40)
		if !l.table.Park(id, f.bytes, recordOf(id)) {
			return fmt.Sprintf("Park(%d) = false", id)
		}
	}
	return ""
}

// step does one random thing and returns its name and what was wrong with it.
func (l *life) step() (name, wrong string) {
	switch what := l.IntN(100); {
	case len(l.model.files) == 0 || what < 10:
		return "Add", l.add()
	case what < 12:
		l.model.wantNone()
		l.model.paused = true
		l.table.PauseAll()
		return "PauseAll", ""
	case what < 17:
		l.model.resumeAll()
		l.table.ResumeAll()
		return "ResumeAll", ""
	case what < 19:
		l.model.cancelAll()
		l.table.CancelAll()
		return "CancelAll", ""
	case what < 24:
		l.model.retryAll()
		l.table.RetryAll()
		return "RetryAll", ""
	case what < 28:
		return "NextDiscard", l.discard()
	case what < 31:
		if id, ok := l.model.nextWanted(); ok {
			l.model.setState(&l.model.files[id], StateUploading)
			l.table.SetState(id, StateUploading)
		}
		return "starting a wanted file", ""
	case what < 45:
		if id, ok := l.model.next(Class(l.IntN(l.classes))); ok {
			l.model.setState(&l.model.files[id], StateUploading)
			l.table.SetState(id, StateUploading)
		}
		return "starting the next file", ""
	default:
		id := FileID(l.IntN(len(l.model.files)))
		what := l.IntN(100)
		return fmt.Sprintf("touching file %d (%d)", id, what), l.touch(id, what)
	}
}

// compare returns the first difference that can be seen between the two.
func (l *life) compare() string {
	var counts [States]uint32
	var bytes [States]int64
	for i, f := range l.model.files {
		id := FileID(i)
		want := l.model.reads(f)
		counts[want]++
		bytes[want] += max(f.size, 0)
		got := modelFile{
			size: l.table.Size(id), class: l.table.Class(id), priority: l.table.Priority(id),
			state: l.table.State(id), parked: l.table.Parked(id), bytes: l.table.ParkedBytes(id), marks: l.table.Marks(id),
		}
		f.state, f.place, f.wanted = want, 0, 0
		if got != f {
			return fmt.Sprintf("file %d is %+v, want %+v", id, got, f)
		}
	}
	if l.table.Counts() != counts || l.table.Bytes() != bytes {
		return fmt.Sprintf("Counts, Bytes = %v, %v, want %v, %v", l.table.Counts(), l.table.Bytes(), counts, bytes)
	}
	if l.table.Paused() != l.model.paused || l.table.Len() != len(l.model.files) {
		return fmt.Sprintf("Paused, Len = %v, %d, want %v, %d", l.table.Paused(), l.table.Len(), l.model.paused, len(l.model.files))
	}
	if l.table.RestingBytes() != l.model.restingBytes() {
		return fmt.Sprintf("RestingBytes = %d, want %d", l.table.RestingBytes(), l.model.restingBytes())
	}
	id, ok := l.table.NextWanted()
	if wantID, want := l.model.nextWanted(); id != wantID || ok != want {
		return fmt.Sprintf("NextWanted = %d, %v, want %d, %v", id, ok, wantID, want)
	}
	for c := range Class(Classes) {
		id, ok := l.table.Next(c)
		if wantID, want := l.model.next(c); id != wantID || ok != want {
			return fmt.Sprintf("Next(%d) = %d, %v, want %d, %v", c, id, ok, wantID, want)
		}
	}
	return ""
}

// drain starts every file that can be, so that the whole order is seen.
func (l *life) drain() string {
	for range 2 {
		l.model.retryAll()
		l.table.RetryAll()
		l.model.resumeAll()
		l.table.ResumeAll()
	}
	for c := range Class(Classes) {
		for {
			id, ok := l.model.next(c)
			if got, more := l.table.Next(c); got != id || more != ok {
				return fmt.Sprintf("Next(%d) = %d, %v while draining, want %d, %v", c, got, more, id, ok)
			}
			if !ok {
				break
			}
			l.model.setState(&l.model.files[id], StateUploading)
			l.table.SetState(id, StateUploading)
		}
	}
	return l.compare()
}

// 200 lives of 1,000 steps.
func TestTable_isTheModel(t *testing.T) {
	for seed := range uint64(200) {
		l := newLife(seed)
		for n := range 1000 {
			name, wrong := l.step()
			if wrong == "" {
				wrong = l.compare()
			}
			if wrong != "" {
				t.Fatalf("seed %d, step %d, %s: %s", seed, n, name, wrong)
			}
		}
		if wrong := l.drain(); wrong != "" {
			t.Fatalf("seed %d, at the end: %s", seed, wrong)
		}
	}
}
