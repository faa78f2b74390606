package driver

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// Transport carries one request to the store and brings back its answer. It
// is called from several goroutines at once.
type Transport interface {
	// Send sends r as it is worded, with body, whose size is the request's
	// Content-Length, and follows no redirection. It touches neither r nor
	// body after it has returned, and returns soon after ctx has ended. An
	// error is a *BrokeError, or means CauseUnreachable.
	Send(ctx context.Context, r *s3.Request, body *Body) (Answer, error)
}

// Answer is what a store answered, whatever its status.
type Answer struct {
	Status int
	Header []s3.Field
	Body   []byte // at most engine.MaxAnswerBytes
}

// BrokeError is how a Transport says that there is no answer.
type BrokeError struct {
	Cause engine.Cause
	Err   error
}

func (e *BrokeError) Error() string { return e.Err.Error() }
func (e *BrokeError) Unwrap() error { return e.Err }

// errBrokenOff ends the context of a request that the engine drops.
var errBrokenOff = errors.New("broken off")

// begin starts the request that act asks for. The caller holds mu.
func (d *Driver) begin(act *engine.Action) {
	ctx, cancel := context.WithCancelCause(d.ctx)
	d.flights[act.Req] = cancel
	f := &flight{
		driver: d, id: act.Req, file: act.File, request: act.Send,
		body: Body{size: act.Length, fixed: act.Send.Body, offset: act.Offset},
	}
	owner := d.file(act.File)
	if owner != nil {
		owner.flights++
	}
	if op := act.Send.Op; op == s3.OpPutObject || op == s3.OpUploadPart {
		f.source = owner.source
		f.body.sent = f.sent
	}
	d.work.Go(func() {
		f.run(ctx)
		cancel(nil)
	})
}

// flight is one request under way.
type flight struct {
	driver  *Driver
	id      engine.ReqID
	file    engine.FileID
	source  Source // nil: the request carries no bytes of a file
	request *s3.Request
	body    Body
}

// run sends the request and tells the engine how it ended.
func (f *flight) run(ctx context.Context) {
	answer, err := f.exchange(ctx)
	ev := engine.Event{
		Kind: engine.EvAnswered, Req: f.id,
		Status: answer.Status, Header: answer.Header, Body: answer.Body,
	}
	if err != nil {
		ev = engine.Event{Kind: engine.EvBroke, Req: f.id, Cause: brokeCause(ctx, err)}
	}
	d := f.driver
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.flights, f.id)
	if owner := d.file(f.file); owner != nil {
		owner.flights--
		if err != nil {
			owner.broke = err
		}
	}
	d.must(&ev)
}

// exchange opens the source and has the request sent. When both the source and
// the transport fail, the source is why.
func (f *flight) exchange(ctx context.Context) (Answer, error) {
	if f.source == nil {
		return f.driver.options.Transport.Send(ctx, f.request, &f.body)
	}
	content, err := f.source.Open()
	if err != nil {
		return Answer{}, &BrokeError{sourceCause(err), err}
	}
	defer content.Close()
	if err := content.Unchanged(); err != nil {
		return Answer{}, &BrokeError{sourceCause(err), err}
	}
	f.body.content = content
	answer, err := f.driver.options.Transport.Send(ctx, f.request, &f.body)
	if failed := f.body.failure(); failed != nil {
		return Answer{}, &BrokeError{sourceCause(failed), failed}
	}
	return answer, err
}

// brokeCause is what the engine is told of err.
func brokeCause(ctx context.Context, err error) engine.Cause {
	if context.Cause(ctx) == errBrokenOff {
		return engine.CauseBrokenOff
	}
	var broke *BrokeError
	if errors.As(err, &broke) {
		return broke.Cause
	}
	return engine.CauseUnreachable
}

// sent tells the engine how far the body has gone.
func (f *flight) sent(bytes int64) {
	f.driver.mu.Lock()
	defer f.driver.mu.Unlock()
	f.driver.must(&engine.Event{Kind: engine.EvSent, Req: f.id, Bytes: bytes})
}

// Body is what a request carries: its own bytes, or bytes of a source, or
// nothing.
type Body struct {
	size    int64
	fixed   []byte
	content Content // nil: fixed
	offset  int64
	sent    func(bytes int64) // nil: nobody counts

	mu     sync.Mutex
	failed error
}

// NewBody returns a body of fixed bytes, for whoever tries a Transport out.
func NewBody(fixed []byte) *Body { return &Body{size: int64(len(fixed)), fixed: fixed} }

// Size is in bytes, and exact: a Reader gives so many, or fails.
func (b *Body) Size() int64 { return b.size }

// Reader reads the body from its beginning. A transport may ask for another
// one to send the body again where nothing of the first has left this machine.
func (b *Body) Reader() io.Reader { return &bodyReader{body: b, reported: time.Now()} }

// fail keeps the first failure of the source.
func (b *Body) fail(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == nil {
		b.failed = err
	}
	return err
}

func (b *Body) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// sentInterval is how often one request reports what has been sent: often
// enough for a bar that moves, rarely enough to cost nothing.
const sentInterval = 100 * time.Millisecond

// bodyReader reads exactly size bytes and never past them: what follows in the
// file is another part's.
type bodyReader struct {
	body     *Body
	at       int64
	reported time.Time
}

func (r *bodyReader) Read(p []byte) (int, error) {
	b := r.body
	left := b.size - r.at
	if left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), left)]
	if b.content == nil {
		n := copy(p, b.fixed[r.at:])
		r.at += int64(n)
		return n, nil
	}
	n, err := b.content.ReadAt(p, b.offset+r.at)
	switch {
	case n == len(p):
	case err == io.EOF:
		return 0, b.fail(shrunk{})
	default:
		return 0, b.fail(err)
	}
	r.at += int64(n)
	if r.at == b.size {
		// The last bytes stay here until the source is known to be what it
		// was: a body cut short is never stored.
		if err := b.content.Unchanged(); err != nil {
			return 0, b.fail(err)
		}
	}
	if now := time.Now(); b.sent != nil && now.Sub(r.reported) >= sentInterval {
		r.reported = now
		b.sent(r.at)
	}
	return n, nil
}

// shrunk is ErrSourceChanged with what was seen.
type shrunk struct{}

func (shrunk) Error() string { return "ends before the size it had: " + ErrSourceChanged.Error() }
func (shrunk) Unwrap() error { return ErrSourceChanged }
