package main

import (
	"context"
	"errors"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/bucketline/bucketline"
)

const (
	// maxWaiting is how many files are chosen before the first of them is
	// stored: enough to keep every connection busy, few enough that a million
	// files cost no more than a thousand.
	maxWaiting = 1024

	// maxTold is how many failures are told one by one.
	maxTold = 1000

	// patience is how long a store that has never answered is waited for,
	// unless --retry-for says for how long: it may be a mistake in writing.
	patience = 20 * time.Second
)

// forEver is a patience that does not end before the engine's own.
const forEver = time.Duration(math.MaxInt64)

// upload is one run of up or resume.
type upload struct {
	config bucketline.Config
	show   func(*bucketline.Client) display
	ask    *asker // nil: conflicts are decided beforehand

	// feed calls visit for everything that there is to upload, and begin starts
	// one of it. total, if any, counts it beforehand.
	feed  func(ctx context.Context, visit func(found) error) error
	begin func(ctx context.Context, c *bucketline.Client, f found) (*bucketline.Task, error)
	total func(ctx context.Context) error

	patience time.Duration // with a store that has never answered

	// dead are unfinished uploads of files that have another size now: nothing
	// of them is of use, and they are aborted when their files go up.
	dead map[place]bucketline.Unfinished

	room chan struct{} // holds a token for each file that was chosen and has not ended
	stop context.CancelCauseFunc

	mu       sync.Mutex // also: the display is called by one goroutine at a time
	display  display
	sum      summary
	left     map[place]struct{} // what was not stored, and may be in the journal
	answered bool               // the store has answered something
	totals   func() bucketline.Totals
	given    *bucketline.Task // was told as failed already, when it never did
	silent   time.Time        // since when it does not; zero: it was not asked
	files    int
	size     int64
	all      bool // files and size are final
}

// place is a file and the key that it goes to.
type place struct{ file, key string }

// run uploads everything and says how it went by its error: nil, or an exit.
func (u *upload) run(ctx context.Context) error {
	ctx, u.stop = context.WithCancelCause(ctx)
	defer u.stop(nil)
	ctx, release := interruptible(ctx)
	defer release()
	began := time.Now()
	u.room = make(chan struct{}, maxWaiting)
	u.left = make(map[place]struct{})
	u.sum.bucket = u.config.Bucket

	u.mu.Lock() // until there is a display to notify
	u.config.Notify = u.notify
	client, err := bucketline.New(u.config)
	if err != nil {
		u.mu.Unlock()
		return usage(err)
	}
	u.display, u.totals = u.show(client), client.Totals
	u.mu.Unlock()
	if u.total != nil {
		go u.countAll(ctx)
	}

	u.findDead()
	err = u.feed(ctx, func(f found) error { return u.choose(ctx, client, f) })
	if err == nil {
		err = u.drain(ctx)
	}
	closed := u.end(client)

	// Nothing notifies any more.
	u.sum.took = time.Since(began)
	u.sum.interrupted = errors.Is(err, errInterrupted)
	if !u.sum.interrupted {
		u.sum.stopped = err
	}
	u.display.close(u.sum)
	switch {
	case closed != nil:
		return exit{exitUndone, closed}
	case u.sum.interrupted && u.config.Journal != "":
		return exit{exitKept, errInterrupted}
	case u.sum.interrupted:
		return exit{exitInterrupted, errInterrupted}
	case u.sum.failed+u.sum.dropped > 0 || err != nil:
		return exit{exitUndone, nil}
	}
	return nil
}

// end lets go of the client. What has failed or not ended is kept where there
// is a journal.
func (u *upload) end(client *bucketline.Client) error {
	var err error
	if u.config.Journal != "" {
		err = client.Suspend()
	} else {
		err = client.Close()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.config.Journal != "" && len(u.left) > 0 {
		u.findKept()
	}
	return err
}

func placeOf(t *bucketline.Task) place { return placeOfFile(t.Name(), t.Key()) }

func placeOfFile(name, key string) place {
	if absolute, err := filepath.Abs(name); err == nil {
		name = absolute
	}
	return place{name, key}
}

// findKept looks which of what was not stored can be gone on with.
func (u *upload) findKept() {
	for x, err := range bucketline.ListUnfinished(u.config.Journal) {
		if err != nil || x.InUse || x.Bucket != u.config.Bucket {
			continue
		}
		if _, ours := u.left[place{x.Source, x.Object.Key}]; !ours {
			continue
		}
		u.sum.keptAll++
		if len(u.sum.kept) < maxTold {
			u.sum.kept = append(u.sum.kept, x)
		}
	}
}

var errInterrupted = errors.New("interrupted")

// interruptible ends ctx at the first SIGINT or SIGTERM; the second one ends
// the process.
func interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(context.Cause(ctx))
	}
}

// choose begins one file, once there is room for it. The end of ctx does not
// cancel it: what becomes of it then is for end to say.
func (u *upload) choose(ctx context.Context, client *bucketline.Client, f found) error {
	select {
	case u.room <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if ctx.Err() != nil { // both were ready
		<-u.room
		return context.Cause(ctx)
	}
	err := f.err
	if err != nil {
		err = &bucketline.Error{Name: f.name, Bucket: u.config.Bucket, Key: f.key, Code: "SourceUnreadable", Err: err}
	} else {
		var task *bucketline.Task
		if task, err = u.begin(context.WithoutCancel(ctx), client, f); err == nil {
			u.bury(ctx, client, task)
		}
	}
	if err != nil {
		u.failed(failure{f.name, f.key, err})
		<-u.room
	}
	return nil
}

// findDead looks which unfinished uploads are of files of another size. The
// journal knows them by their size, so that going on does not meet them.
func (u *upload) findDead() {
	u.dead = make(map[place]bucketline.Unfinished)
	if u.config.Journal == "" {
		return
	}
	for x, err := range bucketline.ListUnfinished(u.config.Journal) {
		if err != nil || x.InUse || x.Bucket != u.config.Bucket {
			continue
		}
		if info, err := os.Stat(x.Source); err == nil && info.Size() != x.Size {
			u.dead[place{x.Source, x.Object.Key}] = x
		}
	}
}

// bury aborts what is left of a file that was another one.
func (u *upload) bury(ctx context.Context, client *bucketline.Client, t *bucketline.Task) {
	if x, ok := u.dead[placeOf(t)]; ok {
		delete(u.dead, placeOf(t))
		go client.Abort(ctx, x.Name) // what fails stays in the list
	}
}

// drain waits until every file that was chosen has ended.
func (u *upload) drain(ctx context.Context) error {
	for range maxWaiting {
		select {
		case u.room <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// notify takes the client's events.
func (u *upload) notify(e bucketline.Event) {
	u.mu.Lock()
	u.display.event(e)
	u.listen(e)
	u.mu.Unlock()
	if e.Kind != bucketline.EventState {
		return
	}
	if e.State == bucketline.StateConflict && u.ask != nil {
		u.ask.about(e.Task)
	}
	if e.State.Ended() {
		u.ended(e)
		<-u.room
	}
}

// ended counts a file that has ended.
func (u *upload) ended(e bucketline.Event) {
	result, err := e.Task.Wait()
	u.mu.Lock()
	given := e.Task == u.given
	u.mu.Unlock()
	var refused *bucketline.Error
	switch errors.As(err, &refused); {
	case given:
	case err == nil:
		u.mu.Lock()
		defer u.mu.Unlock()
		if result.Skipped {
			u.sum.skipped++
		} else {
			u.sum.stored++
			u.sum.bytes += result.Size
		}
		u.display.stored(e.Task.Name(), result)
	case refused.Code == bucketline.CodeCancelled, refused.Code == bucketline.CodeClosed, refused.Code == bucketline.CodeSuspended:
		u.mu.Lock()
		defer u.mu.Unlock()
		u.sum.dropped++
		u.left[placeOf(e.Task)] = struct{}{}
	default:
		u.failed(failure{e.Task.Name(), e.Task.Key(), err})
		u.mu.Lock()
		if len(u.left) < maxTold {
			u.left[placeOf(e.Task)] = struct{}{}
		}
		u.mu.Unlock()
		if u.hopeless(refused.Code) {
			u.stop(errors.New(refused.Sentence()))
		}
	}
}

// listen gives a store up that never answers. The caller holds mu.
func (u *upload) listen(e bucketline.Event) {
	var refused *bucketline.Error
	switch {
	case e.Kind != bucketline.EventRetry || !errors.As(e.Err, &refused):
		moved := e.Kind == bucketline.EventPart || e.Kind == bucketline.EventResumed
		u.answered = u.answered || moved || e.Kind == bucketline.EventState && e.State == bucketline.StateDone
	case refused.Status != 0 || u.totals().Answered:
		u.answered = true
	case u.answered || e.Task.Progress().State == bucketline.StateOffline:
	case u.silent.IsZero():
		u.silent = time.Now()
	case time.Since(u.silent) > u.patience:
		u.answered, u.given = true, e.Task // say it once
		u.sum.failed++
		f := failure{e.Task.Name(), e.Task.Key(), e.Err}
		u.sum.failures = append(u.sum.failures, f)
		u.display.failed(f)
		u.stop(errors.New(refused.Sentence()))
	}
}

func (u *upload) failed(f failure) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sum.failed++
	if len(u.sum.failures) < maxTold {
		u.sum.failures = append(u.sum.failures, f)
	}
	u.display.failed(f)
}

func (u *upload) note(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.display.note(text)
}

// hopeless reports that no other file will fare better: the credentials are
// over, or nothing was stored yet and the reason is not in the file.
func (u *upload) hopeless(code string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch code {
	case bucketline.CodeRefreshFailed, bucketline.CodeCredentialsExpired, "ExpiredToken":
		return true
	case "Unreachable", "Offline", "Timeout", "Stalled", "TLSRefused", "AnswerInvalid", "NoSuchBucket", "InvalidBucketName",
		"InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "RequestTimeTooSkewed",
		"AuthorizationHeaderMalformed", "PermanentRedirect", "IncorrectEndpoint":
		return u.sum.stored == 0
	}
	return false
}

// countAll goes through everything beforehand, keeping nothing, so that the
// time left can be told.
func (u *upload) countAll(ctx context.Context) {
	err := u.total(ctx)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = err == nil
}

// count adds a file to what there is.
func (u *upload) count(size int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.files++
	u.size += size
}

func (u *upload) counted() (files int, size int64, done bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.files, u.size, u.all
}
