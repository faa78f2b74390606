package driver

import (
	"context"
	"errors"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// Transport carries one request to the store and brings back its answer. It
// is called from several goroutines at once.
type Transport interface {
	// Send sends r as it is worded, with body, whose size is the request's
	// Content-Length, and follows no redirection. It touches neither r nor
	// body after it has returned, and returns soon after ctx has ended, which
	// is what bounds a silent store: how long to wait for one is the engine's
	// question. An error is a *BrokeError, or means CauseUnreachable.
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

var (
	// errBrokenOff ends the context of a request that the engine drops.
	errBrokenOff = errors.New("broken off")

	errUnread = errors.New("the store answered before it had the whole body")
)

// flight is one request under way.
type flight struct {
	driver  *Driver
	id      engine.ReqID
	file    engine.FileID
	open    func() (Content, error) // nil: the request carries no bytes of a file
	request *s3.Request
	body    Body
	check   func() error // what may keep it from being sent; nil: nothing
}

// begin starts the request that act asks for. The caller holds mu.
func (d *Driver) begin(act *engine.Action) {
	ctx, cancel := context.WithCancelCause(d.ctx)
	d.flights[act.Req] = cancel
	f := &flight{driver: d, id: act.Req, file: act.File, request: act.Send}
	f.body = Body{head: act.Send.Body}
	owner := d.file(act.File)
	if owner != nil {
		owner.flights++
	}
	var broken error
	if carriesFile(act.Send) {
		f.open = owner.opener(act.Offset)
		f.body = Body{offset: act.Offset, length: act.Length, algorithm: act.Hash, sent: f.sent}
		if act.Length == 0 && act.Hash != s3.NoChecksum {
			f.body.digest = newHash(act.Hash).Sum(nil) // nobody reads it
		}
		broken = f.body.frame(act.Send)
	}
	if owner != nil && act.Send.Op == s3.OpCompleteMultipartUpload {
		f.check = owner.replaced(owner.print)
	}
	if d.bandwidth.perSecond > 0 {
		f.body.limit, f.body.ctx = &d.bandwidth, ctx
	}
	d.work.Go(func() {
		f.run(ctx, broken)
		cancel(nil)
	})
}

// carriesFile reports that r's body is bytes of a file.
func carriesFile(r *s3.Request) bool {
	return r.Op == s3.OpPutObject || r.Op == s3.OpPostObject || r.Op == s3.OpUploadPart
}

// frame puts the fields of a form around the file's bytes.
func (b *Body) frame(r *s3.Request) error {
	if r.Op != s3.OpPostObject {
		return nil
	}
	head, err := r.AppendFormHead(nil)
	if err != nil {
		return &BrokeError{engine.CauseRefused, err}
	}
	b.head, b.tail = head, r.AppendFormTail(nil)
	return nil
}

// opener returns how the request that carries bytes from offset on opens its
// source. The caller holds the driver's mu.
func (f *file) opener(offset int64) func() (Content, error) {
	switch {
	case f.snapshot != nil:
		small := f.snapshot
		return func() (Content, error) { return small, nil }
	case f.stream == nil:
		return f.source.Open
	}
	content, err := f.stream.open(offset)
	return func() (Content, error) { return content, err }
}

// run sends the request, unless it is broken already, and tells the engine how
// it ended.
func (f *flight) run(ctx context.Context, err error) {
	var answer Answer
	if err == nil && f.check != nil {
		err = f.check()
	}
	if err == nil {
		answer, err = f.exchange(ctx)
	}
	ev := engine.Event{
		Kind: engine.EvAnswered, Req: f.id,
		Status: answer.Status, Header: answer.Header, Body: answer.Body, Digest: f.body.digest,
	}
	if err != nil {
		ev = engine.Event{Kind: engine.EvBroke, Req: f.id, Cause: brokeCause(ctx, err)}
	}
	f.driver.land(f.file, f.request.Op, &ev, err)
}

// replaced returns what looks at the source of parts that are about to be
// joined, and fails when it is not the one of print any more: size and time,
// which were compared with each part, may have stayed the same. A source that
// cannot be read any more does no harm, since every part has been sent.
func (f *file) replaced(print string) func() error {
	if print == "" {
		return nil
	}
	return func() error {
		content, err := f.source.Open()
		if err != nil {
			return nil
		}
		defer content.Close()
		now, err := Fingerprint(content, f.source.Size())
		if err != nil || now == print {
			return nil
		}
		return &BrokeError{engine.CauseSourceChanged, ErrSourceChanged}
	}
}

// answered notes whether the store has parts of a file now. The caller holds the
// driver's mu.
func (f *file) answered(op s3.Op, status int) {
	switch {
	case op == s3.OpCreateMultipartUpload:
		f.uploads = status < 300
	case op == s3.OpAbortMultipartUpload && (status < 300 || status == 404):
		f.uploads = false
	}
}

// land ends the request that ev is about, one of owner; op is 0 where it was not
// to the store, and err is why it broke.
func (d *Driver) land(owner engine.FileID, op s3.Op, ev *engine.Event, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.flights, ev.Req)
	if f := d.file(owner); f != nil {
		f.flights--
		if err != nil {
			f.broke = err
		} else {
			f.answered(op, ev.Status)
		}
		if op != 0 {
			f.dropSnapshot()
		}
	}
	d.must(ev)
}

// exchange opens the source and has the request sent. When both the source and
// the transport fail, the source is why.
func (f *flight) exchange(ctx context.Context) (Answer, error) {
	if f.open == nil {
		return f.driver.options.Transport.Send(ctx, f.request, &f.body)
	}
	content, err := f.open()
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
	if err == nil && answer.Status < 300 && !f.body.whole() {
		return Answer{}, errUnread
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
