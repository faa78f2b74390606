package bucketline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
)

// holding is told that t waits for credentials, and fails it when nobody
// brings any. The caller holds mu.
func (c *Client) holding(t *Task) {
	final := c.hold == cred.ReasonExpired || c.hold == cred.ReasonRefused
	switch {
	case c.config.CredentialsExpired == nil && c.config.HoldFor == 0 && final:
		t.giveUp(t.fault(CodeCredentialsExpired, nil))
	case t.order <= c.refused:
		t.giveUp(t.fault(CodeRefreshFailed, c.refusal))
	case !c.asking:
		select {
		case c.ask <- struct{}{}:
		default:
		}
	}
}

// refreshMillis is d as the engine takes it, for which any negative number is
// one.
func refreshMillis(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return d.Milliseconds()
}

// ErrNoCredentials says that there are no credentials to be had. An error of
// Config.CredentialsExpired that wraps it fails the uploads that wait.
var ErrNoCredentials = errors.New("there are no credentials to be had")

// refresh asks CredentialsExpired. When that is of no use any more, what waits
// fails, and it is asked again once something waits that was started since.
// After any other error the engine says when to ask again.
func (c *Client) refresh(ctx context.Context, _ cred.Reason) (cred.Credentials, error) {
	for {
		c.setAsking(true)
		k, err := c.askOnce(ctx)
		if !errors.Is(err, ErrNoCredentials) || ctx.Err() != nil {
			c.setAsking(false)
			return k, err
		}
		c.refuse(err)
		select {
		case <-c.ask:
		case <-ctx.Done():
			return k, ctx.Err()
		}
	}
}

// setAsking remembers whether CredentialsExpired runs; while it does, nothing
// has to be asked for anew.
func (c *Client) setAsking(asking bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = asking
	select {
	case <-c.ask:
	default:
	}
}

// refuse fails every task that waits now or was started before now.
func (c *Client) refuse(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = false
	c.refused, c.refusal = c.started, err
	for t := range c.tasks {
		if t.state == queue.StateHolding {
			t.giveUp(t.fault(CodeRefreshFailed, err))
		}
	}
}

// askOnce calls CredentialsExpired and checks that what it gives is whole. How
// long that lasts is for the engine to judge, which knows the store's clock.
func (c *Client) askOnce(ctx context.Context) (cred.Credentials, error) {
	given, err := c.config.CredentialsExpired(ctx)
	if err != nil {
		return cred.Credentials{}, err
	}
	k, err := given.cred()
	if err == nil {
		err = new(cred.Keeper).Set(0, k)
	}
	if err != nil {
		return k, fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	c.trustClock(given)
	return k, nil
}

// leastSkew is how far clocks may be apart that agree: an answer that says what
// time it is takes a while.
const leastSkew = 30 * time.Second

// trustClock judges by the clock of who gave credentials, where that is known to
// be another than ours. A client that is closed needs none.
func (c *Client) trustClock(given Credentials) {
	if given.Skew.Abs() >= leastSkew {
		c.driver.SetClock(time.Now().Add(given.Skew))
	}
}
