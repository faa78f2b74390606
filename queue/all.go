package queue

// PauseAll keeps every queued file, and every one that becomes queued, from
// going, until ResumeAll. They read StatePaused meanwhile. Files in other
// states are not touched: whoever gave them a slot pauses them by SetState.
// Those that Want named are wanted no more.
func (t *Table) PauseAll() {
	t.wantNone()
	t.paused = true
}

// Paused reports that PauseAll is on.
func (t *Table) Paused() bool { return t.paused }

// ResumeAll ends PauseAll, and queues again the files that were paused one by
// one, in that order, before all others of their class and priority.
// Those that Want named are wanted no more.
func (t *Table) ResumeAll() {
	t.wantNone()
	t.paused = false
	if t.counts[StatePaused] == 0 {
		return
	}
	t.resumed = t.begin()
	for i := range t.queued {
		t.queued[i] = t.join(t.rested[i], t.queued[i])
	}
	t.rested = lanes{}
	t.move(StatePaused, StateQueued)
}

// RetryAll queues the files that failed again, in that order, behind all others
// of their class and priority.
func (t *Table) RetryAll() {
	if t.counts[StateFailed] == 0 {
		return
	}
	t.retried = t.begin()
	for i := range t.queued {
		t.queued[i] = t.join(t.queued[i], t.failed[i])
	}
	t.failed = lanes{}
	t.move(StateFailed, StateQueued)
	t.parked.merge(groupFailed)
}

// CancelAll cancels every file that has not ended, whatever its state; those
// that are parked are to be discarded: see NextDiscard. Files added later are not
// touched, and PauseAll stays on if it was.
func (t *Table) CancelAll() {
	t.wantNone()
	var running uint32
	for s := StateQueued; !s.Ended(); s++ {
		running += t.counts[s]
	}
	if running == 0 {
		return
	}
	t.cancelled = t.begin()
	t.retriedBeforeCancel = t.retried
	t.queued, t.rested = lanes{}, lanes{}
	for s := StateQueued; !s.Ended(); s++ {
		t.move(s, StateCancelled)
	}
	t.parked.merge(groupResting)
}

// Want lets a file go, by NextWanted, although PauseAll keeps the others from
// it: the first that is wanted goes first. The file must read StatePaused.
func (t *Table) Want(id FileID) {
	r := t.settle(id)
	if r.traits&traitWanted != 0 {
		return
	}
	l := t.list(r)
	if l == nil {
		panic("bucketline: internal error: a file that is wanted does not wait")
	}
	t.unlink(l, r)
	r.traits |= traitWanted
	t.pushBack(&t.wanted, id)
}

// Unwant undoes Want.
func (t *Table) Unwant(id FileID) {
	r := t.settle(id)
	if r.traits&traitWanted == 0 {
		return
	}
	t.unlink(&t.wanted, r)
	r.traits &^= traitWanted
	t.pushBack(t.list(r), id)
}

// NextWanted returns the file that Want named first of those that are wanted
// still. It stays where it is until SetState moves it. false: there is none.
func (t *Table) NextWanted() (FileID, bool) {
	if t.wanted.head == 0 {
		return 0, false
	}
	return t.wanted.head.id(), true
}

// wantNone undoes every Want, which costs no more than they did.
func (t *Table) wantNone() {
	for t.wanted.head != 0 {
		t.Unwant(t.wanted.head.id())
	}
}

// move counts the files in one state as being in another.
func (t *Table) move(from, to State) {
	t.counts[to] += t.counts[from]
	t.bytes[to] += t.bytes[from]
	t.counts[from], t.bytes[from] = 0, 0
}

// begin starts the epoch of something that is done to all files. Each changes
// the state of one at least, so that the epochs last for as many changes as
// they can count; then every record is brought up to date, and they start again.
func (t *Table) begin() uint32 {
	if t.epoch == ^uint32(0) {
		for id := range FileID(t.files) {
			t.settle(id).epoch = 0
		}
		t.epoch, t.cancelled, t.resumed, t.retried, t.retriedBeforeCancel = 0, 0, 0, 0, 0
	}
	t.epoch++
	return t.epoch
}

// own returns the state that r is in when what was done to all files since
// r.epoch is reckoned in, but for PauseAll.
func (t *Table) own(r *record) State {
	switch {
	case r.state == StateFailed && t.retriedBeforeCancel > r.epoch:
		return StateCancelled // it was queued again when CancelAll came
	case r.state == StateFailed && t.retried > r.epoch:
		return StateQueued
	case r.state.Ended():
		return r.state
	case t.cancelled > r.epoch:
		return StateCancelled
	case r.state == StatePaused && t.resumed > r.epoch:
		return StateQueued
	}
	return r.state
}

// settle brings id's record up to date.
func (t *Table) settle(id FileID) *record {
	r := t.at(id)
	r.state = t.own(r)
	r.epoch = t.epoch
	return r
}
