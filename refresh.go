package bucketline

import (
	"context"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
)

// holding is told that t waits for credentials, and fails it when nobody
// brings any. The caller holds mu.
func (c *Client) holding(t *Task) {
	final := c.hold == cred.ReasonExpired || c.hold == cred.ReasonRefused
	switch {
	case c.config.CredentialsExpired == nil && final:
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

// refresh asks CredentialsExpired until it gives credentials. What waits when
// it fails, fails; it is asked again once something waits that was started
// since.
func (c *Client) refresh(ctx context.Context, _ cred.Reason) (cred.Credentials, error) {
	for {
		c.setAsking(true)
		k, err := c.askOnce(ctx)
		if err == nil || ctx.Err() != nil {
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

// askOnce calls CredentialsExpired and checks what it gives as the engine will.
func (c *Client) askOnce(ctx context.Context) (cred.Credentials, error) {
	given, err := c.config.CredentialsExpired(ctx)
	if err != nil {
		return cred.Credentials{}, err
	}
	k, err := given.cred()
	if err != nil {
		return k, err
	}
	var trial cred.Keeper
	return k, trial.Set(wall(time.Now()), k)
}
