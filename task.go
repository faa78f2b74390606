package bucketline

import (
	"context"
	"io"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/nethttp"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// Result is what the store confirmed.
type Result struct {
	Bucket    string
	Key       string
	ETag      string // as the store sent it, quotes included
	VersionID string // of a bucket with versions
	Location  string // the object's plain URL
	Size      int64  // bytes
}

// Task is one upload on its way.
type Task struct {
	client  *Client
	name    string
	content content
	object  Object
	id      engine.FileID
	order   uint64
	unlink  func() bool // lets go of the context
	done    chan struct{}

	// Guarded by the client's mu; result and err are final once done is closed.
	state   State
	failure *Error // why the engine was told to cancel
	result  Result
	err     *Error
}

// content is what a task's bytes come from.
type content interface {
	Size() int64
	Open() (driver.Content, error)
}

// Wait returns when the upload has ended. The error is an *[Error].
func (t *Task) Wait() (Result, error) {
	<-t.done
	if t.err != nil {
		return Result{}, t.err
	}
	return t.result, nil
}

// Done is closed when the upload has ended.
func (t *Task) Done() <-chan struct{} { return t.done }

// Cancel drops the upload. Too late, while the store joins the parts, it ends
// as the store says.
func (t *Task) Cancel() { t.cancel(context.Canceled) }

// Progress returns the upload's counters.
func (t *Task) Progress() Progress {
	info, _ := t.client.driver.File(t.id)
	return info
}

// Name is what StartFile was given, or the key.
func (t *Task) Name() string { return t.name }

// Key is the key of the object.
func (t *Task) Key() string { return t.object.Key }

// Size implements driver.Source.
func (t *Task) Size() int64 { return t.content.Size() }

// Open implements driver.Source.
func (t *Task) Open() (driver.Content, error) { return t.content.Open() }

// Describe implements driver.Source.
func (t *Task) Describe(context.Context) (*s3.Object, error) {
	o := t.object
	if o.ContentType == "" {
		o.ContentType = typeByName(o.Key)
	}
	if o.ContentType == "" {
		o.ContentType = typeByName(t.name)
	}
	if o.ContentType == "" {
		sniffed, err := t.sniff()
		if err != nil {
			return nil, err
		}
		o.ContentType = sniffed
	}
	return &o, nil
}

// sniff tells a content type from the first bytes.
func (t *Task) sniff() (string, error) {
	c, err := t.content.Open()
	if err != nil {
		return "", err
	}
	defer c.Close()
	head := make([]byte, min(nethttp.SniffBytes, t.Size()))
	if n, err := c.ReadAt(head, 0); n < len(head) {
		return "", err
	}
	return nethttp.Sniff(head), nil
}

func (t *Task) cancel(cause error) {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	t.drop(t.fault(CodeCancelled, cause))
}

// drop has the engine cancel t, to fail with why. The caller holds the
// client's mu.
func (t *Task) drop(why *Error) {
	if t.failure == nil {
		t.failure = why
	}
	t.client.driver.Cancel(t.id)
}

func (t *Task) stored(r engine.Result) Result {
	return Result{
		Bucket: t.client.config.Bucket, Key: t.object.Key,
		ETag: r.ETag, VersionID: r.VersionID,
		Location: t.client.driver.ObjectURL(t.object.Key), Size: r.Bytes,
	}
}

// section is the content that Upload is given.
type section struct {
	io.ReaderAt
	size int64
}

func contentOf(r io.ReaderAt, size int64) content { return section{r, size} }

func (s section) Size() int64                   { return s.size }
func (s section) Open() (driver.Content, error) { return s, nil }

// Unchanged cannot be told of a reader: it is its owner's word.
func (s section) Unchanged() error { return nil }

// Close leaves the reader to its owner.
func (s section) Close() error { return nil }
