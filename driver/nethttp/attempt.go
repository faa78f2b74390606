package nethttp

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// attempt is one try to send a request, and the body that net/http reads. It
// is made anew where a kept connection turns out to have been closed by the
// store: nobody has done anything wrong then, and net/http itself, which does
// the same for requests without a body, takes a write that failed for a body
// that could not be read.
type attempt struct {
	repeatable bool // by its method: RFC 9110, section 9.2.2
	body       io.Reader
	once       sync.Once
	closed     chan struct{} // nil: no body

	conn     atomic.Pointer[conn] // nil: none was got yet
	reused   bool
	before   int64       // bytes that conn had written before
	answered atomic.Bool // the store began an answer
	unread   atomic.Bool // the body could not be read
}

// trace has net/http tell on which connection the request goes.
func (a *attempt) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) {
			a.reused = i.Reused
			c := i.Conn
			if secure, ok := c.(*tls.Conn); ok {
				c = secure.NetConn()
			}
			if own, ok := c.(*conn); ok {
				a.before = own.written.Load()
				a.conn.Store(own)
			}
		},
		GotFirstResponseByte: func() { a.answered.Store(true) },
	})
}

// stale reports that the request, which failed, met a connection that the
// store had closed, and may be sent again: nothing of it was written, or it is
// of the kind that may be sent twice.
func (a *attempt) stale() bool {
	c := a.conn.Load()
	if !a.reused || c == nil || a.answered.Load() || a.unread.Load() {
		return false
	}
	return a.repeatable || c.written.Load() == a.before
}

// breakOff makes the end of the connection a reset. Closed in peace it would
// still deliver what lies in this machine's buffers, which can be a whole part:
// the store would keep it after the upload was aborted.
func (a *attempt) breakOff() {
	if c := a.conn.Load(); c != nil {
		if t, ok := c.Conn.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
	}
}

// Read reads the body.
func (a *attempt) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if err != nil && err != io.EOF {
		a.unread.Store(true)
	}
	return n, err
}

// Close says that net/http does not read the body any more.
func (a *attempt) Close() error {
	a.once.Do(func() { close(a.closed) })
	return nil
}
