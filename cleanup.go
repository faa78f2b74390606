package bucketline

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
)

// Abort has the unfinished upload that record name of the journal describes
// aborted at the store, and the record forgotten. It fails with code
// UploadInUse while some process uploads it, and with NoRecord. A damaged record
// is only put out of the way, and the error is ErrRecord: what it was about
// stays in the bucket until Sweep finds it.
func (c *Client) Abort(ctx context.Context, name string) error {
	c.cleaning.Lock()
	id, err := c.driver.Abandon(name)
	var over chan error
	if err == nil {
		over = make(chan error, 1)
		c.aborts[id] = over
	}
	c.cleaning.Unlock()
	switch {
	case errors.Is(err, driver.ErrLocked):
		return &Error{Name: name, Bucket: c.config.Bucket, Code: engine.CodeInUse, Err: err}
	case errors.Is(err, driver.ErrNoRecord):
		return &Error{Name: name, Bucket: c.config.Bucket, Code: CodeNoRecord, Err: err}
	case errors.Is(err, journal.ErrCorrupt), errors.Is(err, journal.ErrVersion):
		return errors.Join(ErrRecord, err)
	case err != nil:
		return err
	}
	select {
	case err := <-over:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.driver.Done():
		return &Error{Name: name, Bucket: c.config.Bucket, Code: CodeClosed}
	}
}

// Swept is an upload that Sweep has aborted, or, with an error, has not.
type Swept struct {
	Key      string
	UploadID string
}

// Sweep finds the multipart uploads of keys below prefix that were begun longer
// than age ago, and aborts them: what earlier programs have left behind. What
// the journal knows is spared. Another machine's upload of that age is not: take
// an age that no upload reaches. An error that comes with an upload is about
// that one; one without ends the sweep.
//
// One sweep runs at a time. It goes on when the caller stops listening, until
// the client is closed.
func (c *Client) Sweep(ctx context.Context, prefix string, age time.Duration) iter.Seq2[Swept, error] {
	return func(yield func(Swept, error) bool) {
		s := &sweeping{woken: make(chan struct{}, 1)}
		if err := c.beginSweep(s, prefix, age); err != nil {
			yield(Swept{}, err)
			return
		}
		for {
			found, over, err := s.take(&c.cleaning)
			for _, one := range found {
				if !yield(one.Swept, one.err) {
					return
				}
			}
			if over {
				if err != nil {
					yield(Swept{}, err)
				}
				return
			}
			select {
			case <-s.woken:
			case <-ctx.Done():
				yield(Swept{}, context.Cause(ctx))
				return
			case <-c.driver.Done():
				yield(Swept{}, &Error{Bucket: c.config.Bucket, Code: CodeClosed})
				return
			}
		}
	}
}

// sweeping is a sweep under way. The client's cleaning guards it.
type sweeping struct {
	found []sweptOne
	over  bool
	err   error
	woken chan struct{} // capacity 1
}

type sweptOne struct {
	Swept
	err error
}

func (c *Client) beginSweep(s *sweeping, prefix string, age time.Duration) error {
	var keep []string
	for u, err := range c.Unfinished() {
		if err == nil {
			keep = append(keep, u.UploadID)
		}
	}
	c.cleaning.Lock()
	defer c.cleaning.Unlock()
	if err := c.driver.Sweep(prefix, time.Now().Add(-age), keep); err != nil {
		return err
	}
	c.sweep = s
	return nil
}

// swept takes the driver's notes about uploads that are of no task.
func (c *Client) swept(n *driver.Note) {
	var err error
	if n.Err != nil {
		err = (&Task{client: c, name: n.Name, object: Object{Key: n.Name}}).engineError(n.Err, n.Detail)
	}
	c.cleaning.Lock()
	defer c.cleaning.Unlock()
	if over, ok := c.aborts[n.UploadID]; ok && n.Kind == engine.ActNoteSwept {
		delete(c.aborts, n.UploadID)
		over <- err
		return
	}
	s := c.sweep
	if s == nil {
		return
	}
	if n.Kind == engine.ActNoteSweepEnd {
		s.over, s.err, c.sweep = true, err, nil
	} else {
		s.found = append(s.found, sweptOne{Swept{n.Name, n.UploadID}, err})
	}
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

func (s *sweeping) take(mu *sync.Mutex) (found []sweptOne, over bool, err error) {
	mu.Lock()
	defer mu.Unlock()
	found, s.found = s.found, nil
	return found, s.over, s.err
}
