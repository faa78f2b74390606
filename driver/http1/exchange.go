package http1

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/s3"
)

// The buffers that requests are written through. A whole small file goes with
// its header in one write.
const (
	smallBuffer = 20 << 10
	largeBuffer = 128 << 10
)

// earlyAnswer is how long a failed write waits for the answer that explains it.
const earlyAnswer = time.Second

// exchange is one request and its answer, over as many connections as it takes
// to meet one that the store has not closed.
type exchange struct {
	request    *s3.Request
	body       *driver.Body
	idempotent bool // RFC 9110, section 9.2.2
	unread     bool // the body could not be read
}

// stale reports that the request, which failed on c, met a connection that the
// store had closed, and may be sent again: nothing of it was written, or it is of
// the kind that may be sent twice.
func (x *exchange) stale(c *conn) bool {
	return c.used > 1 && !x.unread && !c.answered.Load() && (x.idempotent || c.wrote == 0)
}

// over sends the request over c and reads the answer. When ctx ends, the
// connection is reset: closed in peace it would still deliver what lies in this
// machine's buffers, which can be a whole part, and the store would keep it after
// the upload was aborted.
func (x *exchange) over(ctx context.Context, c *conn) (driver.Answer, error) {
	stop := context.AfterFunc(ctx, c.reset)
	answer, err := x.carry(c)
	if !stop() {
		return driver.Answer{}, context.Cause(ctx) // c was reset, or is being
	}
	return answer, err
}

func (x *exchange) carry(c *conn) (driver.Answer, error) {
	c.begin()
	size := x.body.Size()
	memory, inMemory := x.memory(c, size)
	buffers := buffersFor(size - int64(len(memory)))
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	head, err := appendHead((*buffer)[:0], x.request, size)
	if err != nil {
		return driver.Answer{}, err
	}
	noBody := x.request.Method == "HEAD"
	if inMemory {
		if err := c.writeBoth(head, memory); err != nil {
			return c.explain(err, noBody)
		}
		x.body.Read()
		return c.read(noBody)
	}
	var reader io.Reader
	if size > 0 {
		reader = x.body.Reader()
	}
	out, left, err := x.fill(head, cap(*buffer), reader, size)
	if err != nil {
		return driver.Answer{}, err
	}
	if left > 0 {
		return x.carryLarge(c, out, (*buffer)[:cap(*buffer)], reader, left, noBody)
	}
	if err := c.write(out); err != nil {
		return c.explain(err, noBody)
	}
	return c.read(noBody)
}

// memory returns the body where it is best written from where it lies: TLS copies
// it anyway, and a small one goes with the header.
func (x *exchange) memory(c *conn, size int64) ([]byte, bool) {
	if c.tcp != c.Conn || size <= smallBuffer-maxHead {
		return nil, false
	}
	return x.body.Memory()
}

// fill reads as much of the body behind out as there is room for, and returns how
// much is left.
func (x *exchange) fill(out []byte, room int, reader io.Reader, left int64) ([]byte, int64, error) {
	for left > 0 && len(out) < room {
		n, err := reader.Read(out[len(out):min(int64(room), int64(len(out))+left)])
		out = out[:len(out)+n]
		left -= int64(n)
		if err != nil && (err != io.EOF || left > 0) {
			x.unread = true
			return out, left, err
		}
	}
	return out, left, nil
}

// carryLarge writes what does not go in one write, while the answer is awaited: a
// store that refuses need not take the body.
func (x *exchange) carryLarge(c *conn, out, buffer []byte, reader io.Reader, left int64, noBody bool) (driver.Answer, error) {
	var answer driver.Answer
	var failed error
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		answer, failed = c.read(noBody)
		c.interrupt() // nothing more is to be written, if anything is
	}()
	err := c.write(out)
	for err == nil && left > 0 {
		if out, left, err = x.fill(buffer[:0], len(buffer), reader, left); err == nil {
			err = c.write(out)
		}
	}
	switch {
	case x.unread:
		c.reset()
	case err != nil:
		c.SetReadDeadline(time.Now().Add(earlyAnswer))
	}
	<-answered
	switch {
	case x.unread:
		return driver.Answer{}, err
	case failed == nil && err != nil:
		c.keepable = false // the rest of the body has not gone
		return answer, nil
	case failed == nil:
		return answer, c.SetWriteDeadline(time.Time{})
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		return driver.Answer{}, err
	}
	return driver.Answer{}, failed
}

// explain reads the answer to a request that could not be written: a store that
// refuses one closes the connection, and the refusal says why.
func (c *conn) explain(err error, noBody bool) (driver.Answer, error) {
	c.SetReadDeadline(time.Now().Add(earlyAnswer))
	answer, failed := c.read(noBody)
	c.keepable = false
	if failed != nil {
		return driver.Answer{}, err
	}
	return answer, nil
}

var (
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, smallBuffer); return &b }}
	largeBuffers = sync.Pool{New: func() any { b := make([]byte, largeBuffer); return &b }}
)

func buffersFor(size int64) *sync.Pool {
	if size <= smallBuffer-maxHead {
		return &smallBuffers
	}
	return &largeBuffers
}

// maxHead is what most requests need for all but their body.
const maxHead = 4 << 10
