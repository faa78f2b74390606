package engine

// A session with Config.Ramp begins with a few connections and adds to them while
// that makes it faster: on a distant store only their number counts, on a near
// one they only cost. What it goes by:
//
//   - a small request adds one where the store is distant, by the fastest that
//     there was, and it took not much longer than that: the window doubles each
//     round trip, as in slow start (RFC 5681, section 3.1). On a busy machine
//     requests to a near store take long too, and the fastest one does not;
//   - a large one adds one, up to blindRamp, where a connection is neither so slow
//     that its share of the way is what limits it, nor so fast that this machine
//     does;
//   - before any large one is answered, the window doubles each rampMillis up to
//     blindRamp, by what the connections have sent until then.
//
// Half a window of requests in a row that say otherwise, or any trouble, ends the
// ramp: the window is then as wide as it will be.
const (
	rampStart  = 16
	blindRamp  = 64
	rampMillis = 50

	// What the fastest small request takes where the way is what takes the time,
	// and by how much more than three times that others may.
	distantMillis = 5
	jitterMillis  = 10

	// In bytes a millisecond, of one connection: below slowWay more connections
	// would take from each other, above fastWay they do not limit.
	slowWay = 1 << 10
	fastWay = 64 << 10
)

// ramp is the beginning of a window that grows by itself.
type ramp struct {
	on    bool
	least Instant // that a small request took
	since Instant // when the window was last doubled, or looked at for that
	given int64   // bytes sent by then
	begun bool    // since is set
	late  int     // requests in a row that more connections have made slow
}

// newWindow is a window of most requests, which it reaches at once, or, with a
// ramp, by and by.
func newWindow(most int, ramps bool) window {
	w := window{most: most, fixed: most * windowUnit}
	if ramps && most > rampStart {
		w.fixed = rampStart * windowUnit
		w.ramp.on = true
	}
	return w
}

// level ends the ramp.
func (w *window) level() {
	if w.ramp.on {
		w.ramp.on = false
		w.most = w.size()
	}
}

// answered counts a request that was answered, after so many milliseconds.
func (w *window) answered(bytes int64, took Instant) {
	r := &w.ramp
	if !r.on {
		w.grow()
		return
	}
	took = max(took, 1)
	if bytes >= rateBytes {
		perMilli := bytes / int64(took)
		w.judge(perMilli >= slowWay, perMilli < fastWay && w.size() < blindRamp)
		return
	}
	if r.least == 0 || took < r.least {
		r.least = took
	}
	w.judge(took <= 3*r.least+jitterMillis, r.least >= distantMillis)
}

// judge adds a connection when a request was as fast as with fewer, and more are
// of use.
func (w *window) judge(fast, useful bool) {
	r := &w.ramp
	if fast {
		r.late = 0
		if useful {
			w.add(1)
		}
		return
	}
	if r.late++; r.late > w.size()/2 {
		w.level()
	}
}

func (w *window) add(requests int) {
	w.fixed = min(w.fixed+requests*windowUnit, w.most*windowUnit)
}

// widen doubles the window when all of it is under way, has been for a while, and
// what it has sent, given in all, says that the connections are what limits.
func (w *window) widen(now Instant, given int64) {
	r := &w.ramp
	size := w.size()
	if !r.on || size >= blindRamp {
		return
	}
	if !r.begun {
		r.begun, r.since, r.given = true, now, given
		return
	}
	passed := int64(now - r.since)
	if passed < rampMillis {
		return
	}
	perMilli := (given - r.given) / passed / int64(size)
	if perMilli >= slowWay && perMilli < fastWay {
		w.add(min(size, blindRamp-size))
	}
	r.since, r.given = now, given
}
