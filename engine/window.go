package engine

// window is how many requests may be under way: it grows by one for each
// window of requests that were answered, and halves when the store or the way
// to it is overloaded (additive increase, multiplicative decrease; RFC 5681,
// section 3.1).
type window struct {
	most  int // Config.Connections
	fixed int // the window, in 256ths
	mark  uint32
	ramp  ramp
}

const windowUnit = 256

// size is how many requests may be under way now, at least one.
func (w *window) size() int { return max(w.fixed/windowUnit, 1) }

// grow counts a request that was answered.
func (w *window) grow() {
	w.fixed = min(w.fixed+max(windowUnit*windowUnit/w.fixed, 1), w.most*windowUnit)
}

// shrink halves the window because of the request numbered launched, unless it
// was sent before the last halving: it met the same trouble. next is the number
// that the next request gets.
func (w *window) shrink(launched, next uint32) {
	if int32(launched-w.mark) < 0 {
		return
	}
	w.level()
	w.fixed = max(w.fixed/2, windowUnit)
	w.mark = next
}

// rate is how fast one request moves its body, in bytes a second: a moving
// average, and 0 before there was any.
type rate int64

// rateBytes is the least that says something of the speed of a connection.
const rateBytes = 256 << 10

// measure takes a request of so many bytes into the average.
func (r *rate) measure(bytes int64, millis Instant) {
	if bytes < rateBytes {
		return
	}
	now := rate(bytes * 1000 / int64(max(millis, 1)))
	if *r == 0 {
		*r = now
		return
	}
	*r += (now - *r) / 4
}

// millis is how long bytes take at this rate, and 0 when it is not known.
func (r rate) millis(bytes int64) int64 {
	if r <= 0 {
		return 0
	}
	return bytes * 1000 / int64(r)
}
