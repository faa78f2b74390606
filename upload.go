package bucketline

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// Upload stores size bytes of r and returns when the store has confirmed them.
// r is read from several goroutines at once.
func (c *Client) Upload(ctx context.Context, r io.ReaderAt, size int64, o Object) (Result, error) {
	return wait(c.Start(ctx, r, size, o))
}

// UploadFile stores the file called name. It must not change until it is
// stored: the upload then fails with code SourceChanged.
func (c *Client) UploadFile(ctx context.Context, name string, o Object) (Result, error) {
	return wait(c.StartFile(ctx, name, o))
}

// UploadStream stores what r gives until its end, however much that is. What
// was read and is not stored yet is kept in memory: five parts at most, which
// have 8 MiB (or Config.PartSize) at first and grow with the stream. Such an
// upload can be paused, and not be gone on with by another client.
func (c *Client) UploadStream(ctx context.Context, r io.Reader, o Object) (Result, error) {
	return wait(c.StartStream(ctx, r, o))
}

func wait(t *Task, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	return t.Wait()
}

// Start is Upload without waiting. The end of ctx cancels the upload, also
// after Start has returned.
func (c *Client) Start(ctx context.Context, r io.ReaderAt, size int64, o Object) (*Task, error) {
	if size < 0 {
		return nil, &Error{Name: o.Key, Bucket: c.config.Bucket, Key: o.Key, Code: engine.CodeSourceUnreadable, Err: engine.ErrSize}
	}
	return c.start(ctx, &Task{name: o.Key, content: &section{ReaderAt: r, size: size}, object: o})
}

// StartFile is UploadFile without waiting. The end of ctx cancels the upload,
// also after StartFile has returned.
func (c *Client) StartFile(ctx context.Context, name string, o Object) (*Task, error) {
	f, err := driver.StatFile(name)
	if err != nil {
		return nil, &Error{Name: name, Bucket: c.config.Bucket, Key: o.Key, Code: engine.CodeSourceUnreadable, Err: err}
	}
	return c.start(ctx, &Task{name: name, content: file{f}, object: o})
}

// StartStream is UploadStream without waiting. The end of ctx cancels the
// upload, also after StartStream has returned; a Read of r that is under way
// then goes on until it returns.
func (c *Client) StartStream(ctx context.Context, r io.Reader, o Object) (*Task, error) {
	return c.start(ctx, &Task{name: o.Key, content: newStream(r), object: o})
}

// start queues t, of which name, content and object are set.
func (c *Client) start(ctx context.Context, t *Task) (*Task, error) {
	if err := t.object.Validate(); err != nil {
		e := &Error{Name: t.name, Bucket: c.config.Bucket, Key: t.object.Key, Code: engine.CodeKeyRefused, Err: err}
		var wrong *s3.InputError
		if errors.As(err, &wrong) {
			e.Code, e.hint = wrong.Code, wrong.Hint
		}
		return nil, e
	}
	t.client, t.ctx, t.done = c, ctx, make(chan struct{})

	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return nil, t.fault(CodeCancelled, context.Cause(ctx))
	}
	t.order = c.started + 1
	id, err := c.driver.Add(t.object.Priority, source{t})
	switch {
	case errors.Is(err, driver.ErrClosed):
		return nil, t.fault(CodeClosed, nil)
	case err != nil:
		return nil, t.fault(engine.CodeFileTooLarge, err)
	}
	t.id = id
	c.started++
	c.begin(t)
	return t, nil
}

// begin counts t among those that have not ended. The caller holds mu.
func (c *Client) begin(t *Task) {
	c.tasks[t] = struct{}{}
	t.unlink = context.AfterFunc(t.ctx, func() { t.cancel(context.Cause(t.ctx)) })
}

// finish makes t's outcome known. The caller holds mu.
func (c *Client) finish(t *Task, r Result, err *Error) {
	delete(c.tasks, t)
	t.result, t.err = r, err
	t.unlink()
	close(t.done)
	for _, w := range t.watchers {
		w.wake()
	}
}

// again makes a task that has failed one that has not ended. The caller holds
// mu.
func (c *Client) again(t *Task) {
	if _, failed := c.failed[t]; !failed {
		return
	}
	delete(c.failed, t)
	t.done, t.err, t.failure = make(chan struct{}), nil, nil
	c.begin(t)
}

// Plan is how a file goes up.
type Plan struct {
	Parts    int   // 0: in one request
	PartSize int64 // bytes of every part but the last
}

// Plan returns how a file of size bytes would go up at first; once the speed is
// known, parts may be larger unless PartSize is set. false: the store takes no
// file of that size.
func (c *Config) Plan(size int64) (Plan, bool) {
	target, err := c.target()
	if err != nil {
		return Plan{}, false
	}
	partSize := cmp.Or(c.PartSize, engine.DefaultPartSize)
	threshold := cmp.Or(c.MultipartThreshold, engine.DefaultMultipartThreshold)
	p, ok := queue.NewPlan(size, partSize, threshold, target.Profile.Facts())
	return Plan{int(p.Parts), p.PartSize}, ok
}
