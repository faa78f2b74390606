// Package driver carries out on this machine what package engine decides: it
// opens sources, gives requests to a [Transport], reads the clocks and asks
// for credentials. It decides nothing about S3.
//
// One lock guards the engine. Whatever happens is told to it under that lock,
// from any goroutine; one goroutine, the turn loop, takes its actions and
// starts the work they ask for. So there is no queue between the two to bound,
// and counters can be read between turns.
//
// The rule a caller can break: Options.Notify runs on the turn loop, so it may
// call every method here but Close, and must not wait for an upload.
package driver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/sign"
)

// Options are what a driver needs beside the engine's own Config.
type Options struct {
	// Transport is required.
	Transport Transport

	// Refresh returns new credentials. It is called in a goroutine of its own,
	// once a hold however many requests wait, and is to give up when ctx ends:
	// SetCredentials was faster, or the driver closes; what it then returns is
	// dropped. Without it, only SetCredentials ends a hold.
	Refresh func(ctx context.Context, reason cred.Reason) (cred.Credentials, error)

	// Notify, if any, gets every note in order, on the turn loop.
	Notify func(Note)

	// Linger is how long Close waits for cancelled uploads to be aborted at
	// the store. 0 means DefaultLinger.
	Linger time.Duration
}

// DefaultLinger leaves a slow store time to abort, and a person at a terminal
// no doubt that the program ends.
const DefaultLinger = 10 * time.Second

// Errors of this package's own.
var (
	ErrClosed     = errors.New("driver is closed")
	ErrUnfinished = errors.New("closed before the store had confirmed every abort: parts may stay in the bucket")
	ErrTransport  = errors.New("driver has no transport")
)

// Driver is one running upload session. Its methods are safe for concurrent
// use.
type Driver struct {
	options Options
	started time.Time
	ctx     context.Context // ends when requests, descriptions and refreshes are to end
	stop    context.CancelFunc
	kick    chan struct{} // capacity 1: something was handled, so poll
	looped  chan struct{} // closed when the turn loop has returned
	work    sync.WaitGroup

	mu      sync.Mutex
	engine  *engine.Engine
	files   engine.FileID // how many were added
	live    map[engine.FileID]*file
	ended   map[engine.FileID]*file // not stored, and perhaps still to be aborted
	flights map[engine.ReqID]context.CancelCauseFunc
	refresh *refresh
	asking  error         // why the last refresh failed
	closing chan struct{} // not nil once Close began; closed when nothing is left to do
	left    bool          // and something was: aborts that nobody brings credentials for
	notes   []Note        // of this drain; the turn loop's own
}

// file is what the driver remembers of a file until nothing can come of it.
type file struct {
	source  Source
	broke   error // what the source or the transport last said
	flights int   // requests under way
}

// New starts a driver. The error says what is wrong with c or o. Close it.
func New(c engine.Config, o Options) (*Driver, error) {
	if o.Transport == nil {
		return nil, ErrTransport
	}
	if o.Linger == 0 {
		o.Linger = DefaultLinger
	}
	c.CanRefresh = o.Refresh != nil
	e, err := engine.New(c)
	if err != nil {
		return nil, err
	}
	d := &Driver{
		options: o,
		started: time.Now(),
		kick:    make(chan struct{}, 1),
		looped:  make(chan struct{}),
		engine:  e,
		live:    make(map[engine.FileID]*file),
		ended:   make(map[engine.FileID]*file),
		flights: make(map[engine.ReqID]context.CancelCauseFunc),
	}
	d.ctx, d.stop = context.WithCancel(context.Background())
	go d.loop()
	return d, nil
}

// Add queues sources, in order, and returns the FileID of the first: the
// others follow it. The first notes may come before Add returns.
func (d *Driver) Add(sources ...Source) (engine.FileID, error) {
	specs := make([]engine.Spec, len(sources))
	for i, s := range sources {
		specs[i].Size = s.Size()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closing != nil {
		return 0, ErrClosed
	}
	if err := d.handle(&engine.Event{Kind: engine.EvAdded, Files: specs}); err != nil {
		return 0, err
	}
	first := d.files
	for i, s := range sources {
		d.live[first+engine.FileID(i)] = &file{source: s}
	}
	d.files += engine.FileID(len(sources))
	return first, nil
}

// Cancel drops a file: a note tells when it has ended. Too late, while the
// store joins the parts, it ends as the store says.
func (d *Driver) Cancel(id engine.FileID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.handle(&engine.Event{Kind: engine.EvCancel, File: id})
}

// SetCredentials replaces the credentials and releases what is held. The
// error, one of package cred's, says what is wrong with them; the present ones
// then stay.
func (d *Driver) SetCredentials(c cred.Credentials) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.handle(&engine.Event{Kind: engine.EvCredentials, Credentials: &c}); err != nil {
		return err
	}
	d.dropRefresh()
	return nil
}

// Expire treats the present credentials as expired from now on.
func (d *Driver) Expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.must(&engine.Event{Kind: engine.EvExpire})
}

// Totals returns the session's counters.
func (d *Driver) Totals() engine.Totals {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.engine.Totals()
}

// File returns one file's counters; false when there is no such file.
func (d *Driver) File(id engine.FileID) (engine.FileInfo, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.engine.File(id)
}

// ObjectURL returns the plain URL of the object named key.
func (d *Driver) ObjectURL(key string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.engine.ObjectURL(key)
}

// Close cancels what has not ended, waits up to Linger until the store has
// aborted the multipart uploads among it, and until nothing of the driver runs
// any more. ErrUnfinished says that Linger was too short for that, or that
// there are no credentials to abort with.
func (d *Driver) Close() error {
	d.mu.Lock()
	if d.closing != nil {
		d.mu.Unlock()
		<-d.looped
		return nil
	}
	d.closing = make(chan struct{})
	for id := range d.live {
		d.must(&engine.Event{Kind: engine.EvCancel, File: id})
	}
	d.nudge()
	d.mu.Unlock()

	var err error
	select {
	case <-d.closing:
	case <-time.After(d.options.Linger):
		err = ErrUnfinished
	}
	d.stop()
	<-d.looped
	d.work.Wait()
	if d.left {
		err = ErrUnfinished
	}
	return err
}

// file returns what is remembered of id, or nil. The caller holds mu.
func (d *Driver) file(id engine.FileID) *file {
	if f := d.live[id]; f != nil {
		return f
	}
	return d.ended[id]
}

// now reads both clocks.
func (d *Driver) now() engine.Now {
	t := time.Now()
	return engine.Now{
		Mono: engine.Instant(t.Sub(d.started).Milliseconds()),
		Wall: sign.UnixMilli(t.UnixMilli()),
	}
}

// handle tells the engine ev and has the turn loop poll. The caller holds mu.
func (d *Driver) handle(ev *engine.Event) error {
	err := d.engine.Handle(d.now(), ev)
	d.nudge()
	return err
}

// must is handle for events that cannot be refused unless this package is
// wrong.
func (d *Driver) must(ev *engine.Event) {
	if err := d.handle(ev); err != nil {
		panic(fmt.Sprintf("bucketline: internal error: event %d: %v", ev.Kind, err))
	}
}

func (d *Driver) nudge() {
	select {
	case d.kick <- struct{}{}:
	default:
	}
}
