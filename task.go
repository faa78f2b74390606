package bucketline

import (
	"context"
	"encoding/base64"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
)

// Result is what the store confirmed.
type Result struct {
	Bucket    string
	Key       string // may differ from what was asked for, with ConflictRename
	ETag      string // as the store sent it, quotes included
	VersionID string // of a bucket with versions
	Location  string // the object's plain URL
	Size      int64  // bytes
	Checksum  Checksum

	// Skipped says that nothing was stored, since the key has an object already
	// and ConflictSkip was asked for. Bucket, Key and Location are that object's.
	Skipped bool
}

// Checksum is what the store has compared a whole object with. The zero value
// is none.
type Checksum struct {
	Algorithm Algorithm
	Digest    []byte // raw
}

// String is such as "CRC64NVME:rosUhgp5mIg=", and empty where there is none.
func (c Checksum) String() string {
	if c.Algorithm == 0 {
		return ""
	}
	return c.Algorithm.String() + ":" + base64.StdEncoding.EncodeToString(c.Digest)
}

// Task is one upload on its way.
type Task struct {
	client  *Client
	ctx     context.Context
	name    string
	content content
	object  Object
	id      engine.FileID
	order   uint64

	// Guarded by the client's mu; result and err are final once done is closed,
	// unless what failed is tried again.
	unlink   func() bool // lets go of the context
	done     chan struct{}
	state    State
	failure  *Error // why the engine was told to cancel
	result   Result
	err      *Error
	watchers []*watcher
}

// Wait returns when the upload has ended. The error is an *[Error].
func (t *Task) Wait() (Result, error) {
	<-t.Done()
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	if t.err != nil {
		return Result{}, t.err
	}
	return t.result, nil
}

// Done is closed when the upload has ended. What failed and is tried again has
// another channel from then on.
func (t *Task) Done() <-chan struct{} {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	return t.done
}

// Cancel drops the upload. Too late, while the store joins the parts, it ends
// as the store says.
func (t *Task) Cancel() { t.cancel(context.Canceled) }

// Pause lets the upload rest: what the store has of it stays, what is under way
// is dropped. Too late, while the store joins the parts, it goes on.
func (t *Task) Pause() { t.client.driver.Pause(t.id) }

// Resume lets an upload go on that is paused.
func (t *Task) Resume() { t.client.driver.Resume(t.id) }

// Retry tries an upload again that has failed, from what the store has of it,
// and does nothing for any other. Wait then waits anew.
func (t *Task) Retry() {
	c := t.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.driver.Retry(t.id) == nil && c.driver.Resume(t.id) == nil { // one of them does nothing
		c.again(t)
	}
}

// Resolve decides an upload in StateConflict: ConflictSkip, ConflictRename or
// ConflictReplace. The error says that how is none of them.
func (t *Task) Resolve(how OnConflict) error { return t.client.driver.Resolve(t.id, how) }

// Prioritize makes an upload go before or after others from now on.
func (t *Task) Prioritize(p Priority) error { return t.client.driver.Prioritize(t.id, p) }

// Progress returns the upload's counters.
func (t *Task) Progress() Progress {
	info, _ := t.client.driver.File(t.id)
	return info
}

// Name is what StartFile was given, or the key.
func (t *Task) Name() string { return t.name }

// Key is the key that was asked for.
func (t *Task) Key() string { return t.object.Key }

// Size is in bytes, and -1 of a stream that has not ended.
func (t *Task) Size() int64 {
	if size := t.content.Size(); size != queue.UnknownSize {
		return size
	}
	return t.Progress().Size
}

func (t *Task) cancel(cause error) {
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	t.drop(t.fault(CodeCancelled, cause))
}

// giveUp fails t with why, but keeps what the store has of it, where the journal
// remembers that, for another try. The caller holds the client's mu.
func (t *Task) giveUp(why *Error) {
	if !t.content.lasting(t.client) {
		t.drop(why)
		return
	}
	if t.failure == nil {
		t.failure = why
	}
	t.client.driver.Pause(t.id)
}

// drop has the engine cancel t, to fail with why. The caller holds the
// client's mu.
func (t *Task) drop(why *Error) {
	if t.failure == nil {
		t.failure = why
	}
	t.client.driver.Cancel(t.id)
}

// stored is the Result of what the engine says was stored.
func (t *Task) stored(r *engine.Result) Result {
	key := r.Key
	if key == "" {
		key = t.object.Key
	}
	return Result{
		Bucket: t.client.config.Bucket, Key: key, ETag: r.ETag, VersionID: r.VersionID,
		Location: t.client.driver.ObjectURL(key), Size: r.Bytes,
		Checksum: Checksum{r.Algorithm, r.Digest},
	}
}

// skipped is the Result of what was not stored.
func (t *Task) skipped() Result {
	return Result{
		Bucket: t.client.config.Bucket, Key: t.object.Key,
		Location: t.client.driver.ObjectURL(t.object.Key), Skipped: true,
	}
}
