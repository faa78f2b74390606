// Package bucketline uploads files and other content to S3 and stores like it,
// signed with temporary credentials that are renewed on the way.
//
// A [Client] is one session: any number of uploads share its connections, big
// ones go up in parts, and every request is checked against the end of the
// credentials before it is signed. When they have ended, requests are held,
// Config.CredentialsExpired is called once however many wait, and all go on
// with what it returns. What fails on the way is sent again, part by part, and
// what the store has is compared with what was meant before an upload is done.
//
//	c, err := bucketline.New(bucketline.Config{
//		Bucket: "photos", Region: "eu-west-1",
//		CredentialsExpired: func(ctx context.Context) (bucketline.Credentials, error) { … },
//	})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	result, err := c.UploadFile(ctx, "video.mov", bucketline.Object{Key: "u/42/video.mov"})
//
// With Config.Journal a file that was begun is gone on with by a later program,
// also after a crash: the same call of UploadFile sends only what the store does
// not have. [Client.Unfinished] lists what can be gone on with.
//
// Package engine decides and package driver carries out; here is only their
// composition. Errors are *[Error], whose Code is stable.
package bucketline

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/dirjournal"
	"github.com/bucketline/bucketline/driver/http1"
	"github.com/bucketline/bucketline/driver/nethttp"
	"github.com/bucketline/bucketline/driver/recording"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// What is named in other packages and belongs to this one's API.
type (
	// Progress is one upload's counters.
	Progress = engine.FileInfo

	// Totals are the counters of all uploads.
	Totals = engine.Totals

	// State is where an upload stands.
	State = engine.State
)

// The states of an upload. Those from StateDone on are final, but that what
// failed can be tried again.
const (
	StateQueued     = queue.StateQueued
	StateHashing    = queue.StateHashing // its checksum is computed; nothing is sent yet
	StateUploading  = queue.StateUploading
	StateHolding    = queue.StateHolding    // waits for credentials
	StateOffline    = queue.StateOffline    // waits for the network
	StateThrottled  = queue.StateThrottled  // waits before it tries again
	StatePaused     = queue.StatePaused     // rests because it was asked to
	StateConflict   = queue.StateConflict   // the key has an object already: see Task.Resolve
	StateCompleting = queue.StateCompleting // every byte is stored; the store joins the parts
	StateDone       = queue.StateDone
	StateSkipped    = queue.StateSkipped // not stored, because the key has an object already
	StateFailed     = queue.StateFailed
	StateCancelled  = queue.StateCancelled
)

// Config is what a client is told once. Bucket is required, and a Region or an
// Endpoint; the credentials may come later.
type Config struct {
	Bucket string
	Region string // such as "eu-west-1"

	// Endpoint is the URL of a store that is not AWS, and Profile its kind:
	// "aws" (the default), "minio", "ceph", "r2", "b2", "gcs", "seaweedfs" or
	// "versitygw".
	Endpoint string
	Profile  string

	// PathStyle puts the bucket into the path, VirtualHost into the host name.
	// With neither the profile decides.
	PathStyle, VirtualHost bool

	DualStack, Accelerate bool // AWS's other host names

	// SendTo is the URL of a CDN that forwards to the bucket under the
	// bucket's own host name.
	SendTo string

	// ExpectedBucketOwner is the account that must own the bucket.
	ExpectedBucketOwner string

	SignatureVersion   int   // 4, the default, or 2
	Connections        int   // requests at once over all uploads, 1 to 256; by default as many as make them faster
	PartSize           int64 // bytes, 5 MiB to 5 GiB; by default it follows the measured speed
	MultipartThreshold int64 // bytes: from here on in parts; 16 MiB by default

	// BytesPerSecond limits what all uploads together send, at least 1 KiB; 0
	// means no limit.
	BytesPerSecond int64

	// AllowHTTP permits an endpoint without TLS on another machine. Session
	// tokens then travel in clear.
	AllowHTTP bool

	// RootCAs are the authorities that the store's certificate may come from;
	// nil means the system's.
	RootCAs *x509.CertPool

	// Checksum is what the store compares each object with, unless the object
	// has its own. By default it is the best that the store does;
	// WithoutChecksum sends none.
	Checksum        Algorithm
	WithoutChecksum bool

	// RetryFor is for how long a request that fails is tried again, without the
	// time that the network was gone or credentials were missing; 15 minutes by
	// default. StallAfter is for how long a request may move no byte before it
	// is sent again; 30 seconds by default, and longer where the way is slow.
	RetryFor, StallAfter time.Duration

	// Journal is the folder in which unfinished uploads are remembered, readable
	// by its owner alone. It is made if it is not there; several processes may
	// use it at once. Without one, nothing outlives the client.
	Journal string

	// Credentials to begin with. The zero value means that CredentialsExpired
	// or SetCredentials brings the first ones.
	Credentials Credentials

	// CredentialsExpired returns new credentials when there are none that last,
	// and early, while nothing waits yet, where they live for ten minutes or
	// more. It runs in its own goroutine, never twice at once. ctx ends when
	// SetCredentials was faster, when it has taken RefreshTimeout and is asked
	// again, or when the client is closed.
	//
	// After an error it is asked again, with growing pauses, for RefreshFor, and
	// uploads wait meanwhile. Then they wait for SetCredentials, for HoldFor at
	// most; an upload begun later asks again. An error that wraps
	// ErrNoCredentials says that asking again is of no use: it fails the uploads
	// that wait, and so do credentials that lack something.
	//
	// Without it, uploads wait for the first SetCredentials; and those that
	// credentials then end on fail, but for HoldFor.
	CredentialsExpired func(ctx context.Context) (Credentials, error)

	// RefreshTimeout is how long CredentialsExpired may take, 10 minutes by
	// default. RefreshFor is for how long it is asked again after an error, 2
	// minutes by default; not at all if it is negative. HoldFor is for how long
	// uploads wait for credentials until they fail with CodeCredentialsExpired;
	// by default without limit. None is of more than 30 days.
	RefreshTimeout, RefreshFor, HoldFor time.Duration

	// Record, if any, gets a recording of what the client is told, for a report of
	// a fault: bucketline sim --replay shows what came of it. Names, keys,
	// credentials and the content of files are not in it; sizes, times, checksums,
	// the region and the endpoint are. What is written is complete up to the last
	// call of Write. After an error of Write, and after 256 MiB, there is no more.
	Record io.Writer

	// Notify, if any, is told what happens, in order. It must not wait for an
	// upload or close the client.
	Notify func(Event)
}

// Client is one upload session. Its methods are safe for concurrent use.
type Client struct {
	config    Config
	target    s3.Target
	driver    *driver.Driver
	transport *http1.Transport
	journal   *dirjournal.Journal // nil: in memory

	mu      sync.Mutex
	tasks   map[*Task]struct{} // that have not ended
	failed  map[*Task]struct{} // may be tried again
	started uint64             // how many tasks there were
	closing string             // the code of what has not ended when the client closes; empty before
	hold    cred.Reason        // why requests are held, if they are
	refused uint64             // tasks up to this one do not wait for credentials any more …
	refusal error              // … because CredentialsExpired said so
	asking  bool               // CredentialsExpired is running
	ask     chan struct{}      // capacity 1: a later task waits for credentials

	cleaning sync.Mutex // guards what follows, and is held while mu is not taken
	aborts   map[string]chan error
	sweep    *sweeping
}

// New starts a client. The error says what is wrong with c. Close it.
func New(c Config) (*Client, error) {
	target, err := c.target()
	if err != nil {
		return nil, err
	}
	b := &Client{
		config: c,
		target: target,
		tasks:  make(map[*Task]struct{}),
		failed: make(map[*Task]struct{}),
		ask:    make(chan struct{}, 1),
		aborts: make(map[string]chan error),
	}
	b.transport = http1.New(nethttp.New(nethttp.Options{Connections: cmp.Or(c.Connections, engine.MaxConnections), RootCAs: c.RootCAs}))
	options := driver.Options{
		Transport: b.transport, Notify: b.notify, Online: nethttp.Online, BytesPerSecond: c.BytesPerSecond,
	}
	if c.CredentialsExpired != nil {
		options.Refresh = b.refresh
	}
	if c.Record != nil {
		options.Record = recording.New(c.Record)
	}
	if c.Journal != "" {
		if b.journal, err = dirjournal.Open(c.Journal); err != nil {
			return nil, err
		}
		options.Journal = b.journal
	}
	b.driver, err = driver.New(engine.Config{
		Target: target, SignatureVersion: c.SignatureVersion,
		Connections: cmp.Or(c.Connections, engine.MaxConnections), Ramp: c.Connections == 0,
		PartSize: c.PartSize, MultipartThreshold: c.MultipartThreshold, AllowHTTP: c.AllowHTTP,
		Checksum: c.Checksum, WithoutChecksum: c.WithoutChecksum,
		RetryMillis: c.RetryFor.Milliseconds(), StallMillis: c.StallAfter.Milliseconds(),
		HandlerMillis: c.RefreshTimeout.Milliseconds(), RefreshMillis: refreshMillis(c.RefreshFor), HoldMillis: c.HoldFor.Milliseconds(),
	}, options)
	if err != nil {
		b.release()
		return nil, err
	}
	if c.Credentials != (Credentials{}) {
		if err := b.SetCredentials(c.Credentials); err != nil {
			b.Close()
			return nil, err
		}
	}
	return b, nil
}

// threshold is from what size on a file goes up in parts, in bytes.
func (c *Client) threshold() int64 {
	return cmp.Or(c.config.MultipartThreshold, engine.DefaultMultipartThreshold)
}

// target is where c's uploads go.
func (c *Config) target() (s3.Target, error) {
	profile, ok := s3.ParseProfile(c.Profile)
	if !ok {
		return s3.Target{}, fmt.Errorf("profile: %q is unknown; use aws, minio, ceph, r2, b2, gcs, seaweedfs or versitygw", c.Profile)
	}
	return s3.Target{
		Endpoint: c.Endpoint, Region: c.Region, Bucket: c.Bucket,
		PathStyle: c.PathStyle, VirtualHost: c.VirtualHost, DualStack: c.DualStack, Accelerate: c.Accelerate,
		SendTo: c.SendTo, Profile: profile, ExpectedBucketOwner: c.ExpectedBucketOwner,
	}, nil
}

// SetCredentials replaces the credentials, at any time. The error says what is
// wrong with them; the present ones then stay.
func (c *Client) SetCredentials(credentials Credentials) error {
	k, err := credentials.cred()
	if err != nil {
		return err
	}
	c.trustClock(credentials)
	if err := c.driver.SetCredentials(k); err != nil {
		return &Error{Code: codeOf(err), Err: err}
	}
	return nil
}

// Expire treats the present credentials as expired from now on.
func (c *Client) Expire() { c.driver.Expire() }

// Totals returns the counters of all uploads.
func (c *Client) Totals() Totals { return c.driver.Totals() }

// PauseAll lets every upload rest, also those started from now on, until
// ResumeAll.
func (c *Client) PauseAll() { c.driver.PauseAll() }

// ResumeAll lets every upload that is paused go on.
func (c *Client) ResumeAll() { c.driver.ResumeAll() }

// RetryAll tries every upload again that has failed.
func (c *Client) RetryAll() { c.driver.RetryAll() }

// CancelAll cancels every upload that has not ended.
func (c *Client) CancelAll() { c.driver.CancelAll() }

// Close cancels what has not ended, aborts multipart uploads at the store, and
// returns when nothing of the client runs any more, which takes 10 seconds at
// most. An error says that a store had not confirmed every abort by then.
func (c *Client) Close() error { return c.shut(CodeClosed, c.driver.Close) }

// Suspend is Close for a program that is to be continued: what Config.Journal
// remembers is left as it is, at the store too, for a later client to go on
// with. Whatever had not ended fails with CodeSuspended. Streams, and content
// that is no file, cannot be gone on with, and are cancelled; so is everything
// without a journal.
func (c *Client) Suspend() error { return c.shut(CodeSuspended, c.driver.Suspend) }

// shut ends the driver, and then what had not ended with code.
func (c *Client) shut(code string, end func() error) error {
	c.mu.Lock()
	if c.closing == "" {
		c.closing = code
	}
	c.mu.Unlock()
	err := end()
	c.release()
	var events []Event
	c.mu.Lock()
	for t := range c.tasks {
		e := Event{Kind: EventState, Task: t, State: StateFailed, Err: t.fault(c.closing, nil)}
		t.publish(e)
		c.finish(t, Result{}, e.Err.(*Error))
		events = append(events, e)
	}
	clear(c.failed)
	c.mu.Unlock()
	c.tell(events)
	return err
}

func (c *Client) release() {
	c.transport.Close()
	if c.journal != nil {
		c.journal.Close()
	}
}
