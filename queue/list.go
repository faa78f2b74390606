package queue

// link is a FileID plus one, so that its zero value names no file.
type link uint32

func linkTo(id FileID) link { return link(id) + 1 }

func (l link) id() FileID { return FileID(l - 1) }

// lane is a class and a priority: what files share that wait in one line.
type lane uint8

func laneOf(c Class, p Priority) lane {
	if int(c) >= Classes || int(p) >= Priorities {
		panic("bucketline: internal error: no such class or priority")
	}
	return lane(c)*lane(Priorities) + lane(p)
}

func (l lane) class() Class { return Class(l / lane(Priorities)) }

func (l lane) priority() Priority { return Priority(l % lane(Priorities)) }

// lanes are the files in one state, a list for each lane.
type lanes [Classes * Priorities]list

// list is a chain of files through their records. Its zero value is empty.
type list struct {
	head, tail link
}

// traits are a file's lane and what else is known of it, in one byte.
type traits uint8

const (
	traitLane   traits = 1<<3 - 1
	traitWanted traits = 1 << 3 // it is in Table.wanted
	traitMarks  traits = 0xf0   // see SetMarks
	shiftMarks         = 4
)

func (t traits) lane() lane { return lane(t & traitLane) }

// list returns the list that r is in by its own state and lane; nil: in none.
// r must be up to date.
func (t *Table) list(r *record) *list {
	if r.traits&traitWanted != 0 {
		return &t.wanted
	}
	l := r.traits.lane()
	switch r.state {
	case StateQueued:
		return &t.queued[l]
	case StatePaused:
		return &t.rested[l]
	case StateFailed:
		return &t.failed[l]
	}
	return nil
}

func (t *Table) pushBack(l *list, id FileID) {
	r := t.at(id)
	r.next, r.prev = 0, 0
	*l = t.join(*l, list{linkTo(id), linkTo(id)})
}

func (t *Table) pushFront(l *list, id FileID) {
	r := t.at(id)
	r.next, r.prev = 0, 0
	*l = t.join(list{linkTo(id), linkTo(id)}, *l)
}

// join returns a followed by b, which are no lists of their own from then on.
func (t *Table) join(a, b list) list {
	if a.head == 0 {
		return b
	}
	if b.head == 0 {
		return a
	}
	t.at(a.tail.id()).next = b.head
	t.at(b.head.id()).prev = a.tail
	return list{a.head, b.tail}
}

func (t *Table) unlink(l *list, r *record) {
	if r.prev != 0 {
		t.at(r.prev.id()).next = r.next
	} else {
		l.head = r.next
	}
	if r.next != 0 {
		t.at(r.next.id()).prev = r.prev
	} else {
		l.tail = r.prev
	}
}
