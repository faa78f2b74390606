// Package bucketline uploads files and other content to S3 and stores like it,
// signed with temporary credentials that are renewed on the way.
//
// A [Client] is one session: any number of uploads share its connections, big
// ones go up in parts, and every request is checked against the end of the
// credentials before it is signed. When they have ended, requests are held,
// Config.CredentialsExpired is called once however many wait, and all go on
// with what it returns.
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
// Package engine decides and package driver carries out; here is only their
// composition. Errors are *[Error], whose Code is stable.
package bucketline

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/nethttp"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// What is named in other packages and belongs to this one's API.
type (
	// Object is what an upload is stored as. An empty ContentType is found out
	// from the key's ending, or from the first bytes.
	Object = s3.Object

	// Field is one name and value of an Object's Metadata or Tags.
	Field = s3.Field

	// State is where an upload stands.
	State = engine.State

	// Progress is one upload's counters.
	Progress = engine.FileInfo

	// Totals are the counters of all uploads.
	Totals = engine.Totals
)

// The states of an upload. It moves forward through them only, except that
// StateHolding alternates with StateUploading and StateCompleting.
const (
	StateQueued     = queue.StateQueued
	StateUploading  = queue.StateUploading
	StateHolding    = queue.StateHolding    // waits for credentials
	StateCompleting = queue.StateCompleting // every byte is stored; the store joins the parts
	StateDone       = queue.StateDone
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
	Connections        int   // requests at once over all uploads, 1 to 256; 6 by default
	PartSize           int64 // bytes, 5 MiB to 5 GiB; 8 MiB by default
	MultipartThreshold int64 // bytes: from here on in parts; 16 MiB by default

	// AllowHTTP permits an endpoint without TLS on another machine. Session
	// tokens then travel in clear.
	AllowHTTP bool

	// RootCAs are the authorities that the store's certificate may come from;
	// nil means the system's.
	RootCAs *x509.CertPool

	// Credentials to begin with. The zero value means that CredentialsExpired
	// or SetCredentials brings the first ones.
	Credentials Credentials

	// CredentialsExpired returns new credentials when there are none that
	// last. It runs in its own goroutine, never twice at once. ctx ends when
	// SetCredentials was faster, or the client is closed. An error fails the
	// uploads that wait; an upload begun later asks again.
	//
	// Without it, uploads wait for the first SetCredentials, and those that
	// credentials then end on, fail.
	CredentialsExpired func(ctx context.Context) (Credentials, error)

	// Notify, if any, is told what happens, in order. It must not wait for an
	// upload or close the client.
	Notify func(Event)
}

// Event is one thing that happened.
type Event struct {
	Kind   EventKind
	Task   *Task  // EventState, EventPart, EventOrphan
	State  State  // EventState
	Part   int    // EventPart: 1 to 10,000
	Reason string // EventHold: "absent", "expired", "invalidated" or "refused"
	Err    error  // EventState of a failure, EventOrphan: an *Error
}

// EventKind says what happened.
type EventKind uint8

// What happens.
const (
	EventState   EventKind = iota + 1 // Task is now in State
	EventPart                         // Part of Task is stored
	EventHold                         // nothing can be signed, because of Reason
	EventRelease                      // there are credentials again
	EventOrphan                       // parts of Task may stay in the bucket
)

// Client is one upload session. Its methods are safe for concurrent use.
type Client struct {
	config    Config
	engine    engine.Config
	driver    *driver.Driver
	transport *nethttp.Transport

	mu      sync.Mutex
	tasks   map[*Task]struct{} // that have not ended
	started uint64             // how many tasks there were
	hold    cred.Reason        // why requests are held, if they are
	refused uint64             // tasks up to this one do not wait for credentials any more …
	refusal error              // … because CredentialsExpired said so
	asking  bool               // CredentialsExpired is running
	ask     chan struct{}      // capacity 1: a later task waits for credentials
}

// New starts a client. The error says what is wrong with c. Close it.
func New(c Config) (*Client, error) {
	profile, ok := s3.ParseProfile(c.Profile)
	if !ok {
		return nil, fmt.Errorf("profile: %q is unknown; use aws, minio, ceph, r2, b2, gcs, seaweedfs or versitygw", c.Profile)
	}
	b := &Client{
		config: c,
		tasks:  make(map[*Task]struct{}),
		ask:    make(chan struct{}, 1),
	}
	b.engine = engine.Config{
		Target: s3.Target{
			Endpoint: c.Endpoint, Region: c.Region, Bucket: c.Bucket,
			PathStyle: c.PathStyle, VirtualHost: c.VirtualHost, DualStack: c.DualStack, Accelerate: c.Accelerate,
			SendTo: c.SendTo, Profile: profile, ExpectedBucketOwner: c.ExpectedBucketOwner,
		},
		SignatureVersion: c.SignatureVersion, Connections: c.Connections,
		PartSize: c.PartSize, MultipartThreshold: c.MultipartThreshold, AllowHTTP: c.AllowHTTP,
	}
	b.transport = nethttp.New(nethttp.Options{Connections: c.Connections, RootCAs: c.RootCAs})
	options := driver.Options{Transport: b.transport, Notify: b.notify}
	if c.CredentialsExpired != nil {
		options.Refresh = b.refresh
	}
	d, err := driver.New(b.engine, options)
	if err != nil {
		return nil, err
	}
	b.driver = d
	if c.Credentials != (Credentials{}) {
		if err := b.SetCredentials(c.Credentials); err != nil {
			d.Close()
			return nil, err
		}
	}
	return b, nil
}

// Upload stores size bytes of r and returns when the store has confirmed them.
// r is read from several goroutines at once.
func (c *Client) Upload(ctx context.Context, r io.ReaderAt, size int64, o Object) (Result, error) {
	t, err := c.Start(ctx, r, size, o)
	if err != nil {
		return Result{}, err
	}
	return t.Wait()
}

// UploadFile stores the file called name. It must not change until it is
// stored: the upload then fails with CodeSourceChanged.
func (c *Client) UploadFile(ctx context.Context, name string, o Object) (Result, error) {
	t, err := c.StartFile(ctx, name, o)
	if err != nil {
		return Result{}, err
	}
	return t.Wait()
}

// Start is Upload without waiting. The end of ctx cancels the upload, also
// after Start has returned.
func (c *Client) Start(ctx context.Context, r io.ReaderAt, size int64, o Object) (*Task, error) {
	return c.start(ctx, &Task{name: o.Key, content: contentOf(r, size)}, o)
}

// StartFile is UploadFile without waiting. The end of ctx cancels the upload,
// also after StartFile has returned.
func (c *Client) StartFile(ctx context.Context, name string, o Object) (*Task, error) {
	f, err := driver.StatFile(name)
	if err != nil {
		return nil, &Error{Name: name, Key: o.Key, Code: engine.CodeSourceUnreadable, Err: err}
	}
	return c.start(ctx, &Task{name: name, content: f}, o)
}

func (c *Client) start(ctx context.Context, t *Task, o Object) (*Task, error) {
	if err := o.Validate(); err != nil {
		e := &Error{Name: t.name, Key: o.Key, Code: engine.CodeKeyRefused, Err: err}
		var wrong *s3.InputError
		if errors.As(err, &wrong) {
			e.Code, e.hint = wrong.Code, wrong.Hint
		}
		return nil, e
	}
	t.client, t.object, t.done = c, o, make(chan struct{})

	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return nil, t.fault(CodeCancelled, context.Cause(ctx))
	}
	id, err := c.driver.Add(t)
	switch {
	case errors.Is(err, driver.ErrClosed):
		return nil, t.fault(CodeClosed, nil)
	case err != nil:
		return nil, t.fault(engine.CodeFileTooLarge, err)
	}
	t.id = id
	c.started++
	t.order = c.started
	c.tasks[t] = struct{}{}
	t.unlink = context.AfterFunc(ctx, func() { t.cancel(context.Cause(ctx)) })
	return t, nil
}

// SetCredentials replaces the credentials, at any time. The error says what is
// wrong with them; the present ones then stay.
func (c *Client) SetCredentials(credentials Credentials) error {
	k, err := credentials.cred()
	if err != nil {
		return err
	}
	if err := c.driver.SetCredentials(k); err != nil {
		return &Error{Code: codeOf(err), Err: err}
	}
	return nil
}

// Expire treats the present credentials as expired from now on.
func (c *Client) Expire() { c.driver.Expire() }

// Totals returns the counters of all uploads.
func (c *Client) Totals() Totals { return c.driver.Totals() }

// Close cancels what has not ended, aborts multipart uploads at the store, and
// returns when nothing of the client runs any more, which takes 10 seconds at
// most. An error says that a store had not confirmed every abort by then.
func (c *Client) Close() error {
	err := c.driver.Close()
	c.transport.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.tasks {
		c.end(t, Result{}, t.fault(CodeClosed, nil))
	}
	return err
}

// notify takes the driver's notes.
func (c *Client) notify(n driver.Note) {
	e := Event{Part: int(n.Part), State: n.State}
	t, _ := n.Source.(*Task)
	c.mu.Lock()
	switch n.Kind {
	case engine.ActNoteHold:
		c.hold = n.Reason
		e.Kind, e.Reason = EventHold, n.Reason.String()
	case engine.ActNoteRelease:
		c.hold = cred.ReasonNone
		e.Kind = EventRelease
	case engine.ActNotePart:
		e.Kind = EventPart
	case engine.ActNoteOrphan:
		e.Kind, e.Err = EventOrphan, &Error{Code: CodeOrphan}
		if t != nil {
			e.Err = t.engineError(n.Err, n.Detail)
		}
	case engine.ActNoteState:
		e.Kind = EventState
		c.moved(t, &n, &e)
	}
	c.mu.Unlock()
	e.Task = t
	if c.config.Notify != nil {
		c.config.Notify(e)
	}
}

// moved takes a task to its new state. The caller holds mu.
func (c *Client) moved(t *Task, n *driver.Note, e *Event) {
	t.state = n.State
	switch n.State {
	case StateHolding:
		c.holding(t)
	case StateDone:
		c.end(t, t.stored(n.Result), nil)
	case StateFailed:
		c.end(t, Result{}, t.engineError(n.Err, n.Detail))
	case StateCancelled:
		// Why the engine was told to cancel is known here only.
		if t.failure == nil {
			t.failure = t.fault(CodeCancelled, context.Canceled)
		}
		if t.failure.Code != CodeCancelled {
			e.State = queue.StateFailed
		}
		c.end(t, Result{}, t.failure)
	}
	if t.err != nil {
		e.Err = t.err
	}
}

// end makes t's outcome known. The caller holds mu.
func (c *Client) end(t *Task, r Result, err *Error) {
	delete(c.tasks, t)
	t.result, t.err = r, err
	t.unlink()
	close(t.done)
}

// holding is told that t waits for credentials, and fails it when nobody
// brings any. The caller holds mu.
func (c *Client) holding(t *Task) {
	final := c.hold == cred.ReasonExpired || c.hold == cred.ReasonRefused
	switch {
	case c.config.CredentialsExpired == nil && final:
		t.drop(t.fault(CodeCredentialsExpired, nil))
	case t.order <= c.refused:
		t.drop(t.fault(CodeRefreshFailed, c.refusal))
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
			t.drop(t.fault(CodeRefreshFailed, err))
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
