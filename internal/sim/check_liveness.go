package sim

import "github.com/bucketline/bucketline/engine"

// crowd counts what a session does within one second, for "liveness": an engine
// that waits does not spin.
type crowd struct {
	second  int64
	actions int
	idle    int // ticks in a row, close to each other, that led to nothing
	last    int64
}

const (
	maxPerSecond = 6_000
	maxIdleTicks = 60
	closeMillis  = 5
)

func (k *crowd) action(w *World, kind engine.ActionKind) {
	k.idle = 0
	if now := w.now / second; now != k.second {
		k.second, k.actions = now, 0
	}
	if k.actions++; k.actions == maxPerSecond {
		w.violate("liveness", "%d actions within a second, the last of kind %s", k.actions, actionNames[kind])
	}
}

func (k *crowd) tick(w *World) {
	if w.now-k.last > closeMillis {
		k.idle = 0
	}
	k.last = w.now
	if k.idle++; k.idle == maxIdleTicks {
		w.violate("liveness", "%d ticks in a row that led to nothing", k.idle)
	}
}
