package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
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
)

// upload is one run of up.
type upload struct {
	origins []origin
	to      destination
	object  bucketline.Object
	config  bucketline.Config
	show    func(*bucketline.Client) display
	count   bool // the display wants to know beforehand how much there is

	room chan struct{} // holds a token for each file that was chosen and has not ended
	stop context.CancelCauseFunc

	mu      sync.Mutex // also: the display is called by one goroutine at a time
	display display
	sum     summary
	files   int
	size    int64
	all     bool // files and size are final
}

// run uploads everything and says how it went by its error: nil, or an exit.
func (u *upload) run(ctx context.Context) error {
	ctx, u.stop = context.WithCancelCause(ctx)
	defer u.stop(nil)
	ctx, release := interruptible(ctx)
	defer release()
	began := time.Now()
	u.room = make(chan struct{}, maxWaiting)
	u.sum.bucket = u.to.bucket

	u.mu.Lock() // until there is a display to notify
	u.config.Notify = u.notify
	client, err := bucketline.New(u.config)
	if err != nil {
		u.mu.Unlock()
		return usage(err)
	}
	u.display = u.show(client)
	u.mu.Unlock()
	if u.count {
		go u.countAll(ctx)
	}

	err = walk(ctx, u.origins, u.to, func(f found) error { return u.choose(ctx, client, f) })
	u.drain()
	closed := client.Close()

	// Nothing notifies any more.
	u.sum.took = time.Since(began)
	if !errors.Is(err, errInterrupted) {
		u.sum.stopped = err
	}
	u.display.close(u.sum)
	switch {
	case closed != nil:
		return exit{1, closed}
	case errors.Is(context.Cause(ctx), errInterrupted):
		return exit{130, errInterrupted}
	case u.sum.failed+u.sum.dropped > 0 || err != nil:
		return exit{1, nil}
	}
	return nil
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

// choose begins one file, once there is room for it.
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
		err = &bucketline.Error{Name: f.name, Bucket: u.to.bucket, Key: f.key, Code: "SourceUnreadable", Err: err}
	} else {
		object := u.object
		object.Key = f.key
		_, err = client.StartFile(ctx, f.name, object)
	}
	if err != nil {
		u.failed(failure{f.name, f.key, err})
		<-u.room
	}
	return nil
}

// drain waits until every file that was chosen has ended.
func (u *upload) drain() {
	for range maxWaiting {
		u.room <- struct{}{}
	}
}

// notify takes the client's events.
func (u *upload) notify(e bucketline.Event) {
	u.mu.Lock()
	u.display.event(e)
	u.mu.Unlock()
	if e.Kind != bucketline.EventState || !e.State.Ended() {
		return
	}
	result, err := e.Task.Wait()
	var refused *bucketline.Error
	switch {
	case err == nil:
		u.mu.Lock()
		u.sum.stored++
		u.sum.bytes += result.Size
		u.display.stored(e.Task.Name(), result)
		u.mu.Unlock()
	case e.State == bucketline.StateCancelled:
		u.mu.Lock()
		u.sum.dropped++
		u.mu.Unlock()
	default:
		u.failed(failure{e.Task.Name(), e.Task.Key(), err})
		if errors.As(err, &refused) && u.hopeless(refused.Code) {
			u.stop(errors.New(refused.Sentence()))
		}
	}
	<-u.room
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
	case "Unreachable", "Offline", "TLSRefused", "AnswerInvalid", "NoSuchBucket", "InvalidBucketName",
		"InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "RequestTimeTooSkewed",
		"AuthorizationHeaderMalformed", "PermanentRedirect", "IncorrectEndpoint":
		return u.sum.stored == 0
	}
	return false
}

// countAll goes through everything beforehand, keeping nothing, so that the
// time left can be told.
func (u *upload) countAll(ctx context.Context) {
	err := walk(ctx, u.origins, u.to, func(f found) error {
		info, err := os.Stat(f.name)
		if err != nil || f.err != nil || !info.Mode().IsRegular() {
			return nil
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		u.files++
		u.size += info.Size()
		return nil
	})
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = err == nil
}

func (u *upload) counted() (files int, size int64, done bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.files, u.size, u.all
}
