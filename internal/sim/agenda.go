package sim

// agenda is what is going to happen, by time and, at one time, in the order in
// which it was put there: a binary heap.
type agenda struct {
	heap  []plan
	count uint64
}

type plan struct {
	at    int64 // milliseconds since the world began
	order uint64
	do    func()
}

func (p *plan) before(q *plan) bool { return p.at < q.at || p.at == q.at && p.order < q.order }

func (a *agenda) put(at int64, do func()) {
	a.count++
	a.heap = append(a.heap, plan{at, a.count, do})
	for i := len(a.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !a.heap[i].before(&a.heap[parent]) {
			return
		}
		a.heap[i], a.heap[parent] = a.heap[parent], a.heap[i]
		i = parent
	}
}

// take removes what comes next. There must be something.
func (a *agenda) take() plan {
	first, last := a.heap[0], len(a.heap)-1
	a.heap[0] = a.heap[last]
	a.heap[last] = plan{}
	a.heap = a.heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if right := child + 1; right < last && a.heap[right].before(&a.heap[child]) {
			child = right
		}
		if !a.heap[child].before(&a.heap[i]) {
			return first
		}
		a.heap[i], a.heap[child] = a.heap[child], a.heap[i]
		i = child
	}
}
