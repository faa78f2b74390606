package driver

import (
	"context"
	"sync"
	"time"
)

// MinBytesPerSecond is the lowest limit that Options takes: below it a request
// would look stalled.
const MinBytesPerSecond = 1 << 10

const (
	// maxPiece is the most bytes that go at once under a limit.
	maxPiece = 256 << 10

	// credit is how much of the time in which nothing was sent may be made up
	// for.
	credit = 100 * time.Millisecond

	// shortest is the wait that is worth going to sleep for; shorter ones are
	// owed until they have added up.
	shortest = time.Millisecond
)

// bandwidth shares a limit among all bodies: whoever wants to send books its
// bytes, in the order of asking, and waits until its turn.
type bandwidth struct {
	perSecond int64

	mu   sync.Mutex
	free time.Time // when all that is booked will have gone
}

// piece is how many bytes to book at once: a twentieth of a second's, so that
// many bodies move side by side.
func (b *bandwidth) piece() int {
	return int(min(b.perSecond/20, maxPiece))
}

// book takes n bytes into account at the instant now and returns how long
// they have to wait.
func (b *bandwidth) book(now time.Time, n int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if earliest := now.Add(-credit); b.free.Before(earliest) {
		b.free = earliest
	}
	b.free = b.free.Add(time.Duration(float64(n) / float64(b.perSecond) * float64(time.Second)))
	return max(0, b.free.Sub(now))
}

// wait returns when n bytes may go, or when ctx ends, with its error.
func (b *bandwidth) wait(ctx context.Context, n int) error {
	turn := b.book(time.Now(), n)
	if turn < shortest {
		return nil
	}
	timer := time.NewTimer(turn)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
