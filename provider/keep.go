package provider

import (
	"context"
	"time"

	"github.com/bucketline/bucketline"
)

// keepMargin is how long kept credentials have to live to be given out, and
// never more than half of what they had when they came.
const keepMargin = 5 * time.Minute

// Keep returns a Func that asks f only when what it returned before is about to
// end: for the source of another, such as Express, whose own credentials live
// for minutes while those that it signs with live for hours. One goroutine asks
// at a time, and those that wait get what it got.
//
// Give CredentialsExpired f itself: a client keeps credentials already, and asks
// for others when a store has refused these.
func Keep(f Func) Func {
	var kept bucketline.Credentials
	var until time.Time
	turn := make(chan struct{}, 1)
	return func(ctx context.Context) (bucketline.Credentials, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return bucketline.Credentials{}, context.Cause(ctx)
		}
		now := time.Now()
		if now.Before(until) {
			return kept, nil
		}
		c, err := f(ctx)
		if err != nil {
			return bucketline.Credentials{}, err
		}
		ends := c.Expiration.Add(-c.Skew) // by our clock
		kept, until = c, ends.Add(-min(keepMargin, ends.Sub(now)/2))
		return c, nil
	}
}
