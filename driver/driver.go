// Package driver carries out on this machine what package engine decides: it
// opens sources, gives requests to a [Transport], hashes, keeps the [Journal],
// reads the clocks and asks for credentials. It decides nothing about S3.
//
// One lock guards the engine. Whatever happens is told to it under that lock,
// from any goroutine; one goroutine, the turn loop, takes its actions and
// starts the work they ask for. So there is no queue between the two to bound,
// and counters can be read between turns.
//
// The rule a caller can break: Options.Notify runs on the turn loop, so it may
// call every method here but Close and Suspend, and must not wait for an upload.
package driver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/driver/recording"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/sign"
)

// Options are what a driver needs beside the engine's own Config.
type Options struct {
	// Transport is required.
	Transport Transport

	// Journal keeps what has begun for a later session. Without one it is kept
	// in memory, which is enough for a pause, and Suspend is Close.
	Journal Journal

	// Refresh returns new credentials. It is called in a goroutine of its own,
	// once a hold however many requests wait, and is to give up when ctx ends:
	// SetCredentials was faster, or the driver closes; what it then returns is
	// dropped. Without it, only SetCredentials ends a hold.
	Refresh func(ctx context.Context, reason cred.Reason) (cred.Credentials, error)

	// Online reports whether the machine has a network. It is asked every
	// OnlineInterval while uploads wait for one. Without it, the engine's own
	// attempts have to find out.
	Online func() bool

	// BytesPerSecond limits what all requests together send, at least
	// MinBytesPerSecond; 0 means no limit.
	BytesPerSecond int64

	// Record, if any, records what the engine is told.
	Record *recording.Recorder

	// Notify, if any, gets every note in order, on the turn loop.
	Notify func(Note)

	// Linger is how long Close waits for cancelled uploads to be aborted at
	// the store. 0 means DefaultLinger.
	Linger time.Duration
}

// DefaultLinger leaves a slow store time to abort, and a person at a terminal
// no doubt that the program ends.
const DefaultLinger = 10 * time.Second

// OnlineInterval is how often Options.Online is asked.
const OnlineInterval = 2 * time.Second

// Errors of this package's own.
var (
	ErrClosed     = errors.New("driver is closed")
	ErrUnfinished = errors.New("closed before the store had confirmed every abort: parts may stay in the bucket")
	ErrTransport  = errors.New("driver has no transport")
	ErrBandwidth  = errors.New("the limit is below 1 KiB a second")
	ErrNoStream   = errors.New("a source of unknown size is no Stream")
)

// Driver is one running upload session. Its methods are safe for concurrent
// use.
type Driver struct {
	options   Options
	bandwidth bandwidth
	lasting   bool // the journal outlives the driver
	started   time.Time
	ctx       context.Context // ends when requests, descriptions and refreshes are to end
	stop      context.CancelFunc
	kick      chan struct{} // capacity 1: something was handled, so poll
	looped    chan struct{} // closed when the turn loop has returned
	work      sync.WaitGroup
	hashing   chan struct{} // holds a token for each file that is being hashed

	mu      sync.Mutex
	engine  *engine.Engine
	files   engine.FileID // how many were added
	live    map[engine.FileID]*file
	failed  map[engine.FileID]*file // may be tried again
	ended   map[engine.FileID]*file // cancelled, and perhaps still to be aborted
	flights map[engine.ReqID]context.CancelCauseFunc
	ledger  map[string][]entry // asked of the journal, by record
	open    map[string]bool    // records

	abandoned map[string]string // upload IDs that Abandon was asked for, and their records

	refresh *refresh
	asking  error         // why the last refresh failed
	closing chan struct{} // not nil once Close began; closed when nothing is left to do
	keeping bool          // what can be resumed is only paused while closing
	notes   []Note        // of this drain; the turn loop's own
}

// file is what the driver remembers of a file until nothing can come of it.
type file struct {
	source   Source
	stream   *stream   // nil: bytes come from Source.Open
	snapshot *snapshot // nil: it is not small, or its turn has not come
	print    string    // the fingerprint that it was described with; empty: none
	broke    error     // what the source, the transport or the journal last said
	flights  int       // requests under way
	begun    bool      // it was described
	saved    bool      // the journal has a record of it
	uploads  bool      // the store has parts of it, as far as is known
}

// New starts a driver. The error says what is wrong with c or o. Close it.
func New(c engine.Config, o Options) (*Driver, error) {
	lasting := o.Journal != nil
	switch {
	case o.Transport == nil:
		return nil, ErrTransport
	case o.BytesPerSecond != 0 && o.BytesPerSecond < MinBytesPerSecond:
		return nil, ErrBandwidth
	case !lasting:
		o.Journal = NewMemoryJournal()
	}
	if o.Linger == 0 {
		o.Linger = DefaultLinger
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	c.CanRefresh = o.Refresh != nil
	e, err := engine.New(c)
	if err == nil && o.Record != nil {
		err = o.Record.Begin(c)
	}
	if err != nil {
		return nil, err
	}
	d := &Driver{
		options:   o,
		bandwidth: bandwidth{perSecond: o.BytesPerSecond},
		lasting:   lasting,
		started:   time.Now(),
		kick:      make(chan struct{}, 1),
		looped:    make(chan struct{}),
		hashing:   make(chan struct{}, maxHashing),
		engine:    e,
		live:      make(map[engine.FileID]*file),
		failed:    make(map[engine.FileID]*file),
		ended:     make(map[engine.FileID]*file),
		flights:   make(map[engine.ReqID]context.CancelCauseFunc),
		ledger:    make(map[string][]entry),
		open:      make(map[string]bool),
		abandoned: make(map[string]string),
	}
	d.ctx, d.stop = context.WithCancel(context.Background())
	go d.loop()
	return d, nil
}

// Add queues sources with one priority, in order, and returns the FileID of the
// first: the others follow it. The first notes may come before Add returns.
func (d *Driver) Add(p queue.Priority, sources ...Source) (engine.FileID, error) {
	specs := make([]engine.Spec, len(sources))
	for i, s := range sources {
		specs[i] = engine.Spec{Size: s.Size(), Priority: p}
		if _, ok := s.(Stream); s.Size() == engine.UnknownSize && !ok {
			return 0, ErrNoStream
		}
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
		f := &file{source: s}
		if s.Size() == engine.UnknownSize {
			f.stream = &stream{driver: d, file: f, reader: s.(Stream)}
		}
		d.live[first+engine.FileID(i)] = f
	}
	d.files += engine.FileID(len(sources))
	return first, nil
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
	d.asking = nil
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

// file returns what is remembered of id, or nil. The caller holds mu.
func (d *Driver) file(id engine.FileID) *file {
	for _, in := range []map[engine.FileID]*file{d.live, d.failed, d.ended} {
		if f := in[id]; f != nil {
			return f
		}
	}
	return nil
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
	now := d.now()
	if d.options.Record != nil {
		d.options.Record.Event(now, ev)
	}
	err := d.engine.Handle(now, ev)
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
