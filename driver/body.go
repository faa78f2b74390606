package driver

import (
	"context"
	"hash"
	"io"
	"sync"
	"time"

	"github.com/bucketline/bucketline/s3"
)

// Body is what a request carries: its own bytes, or bytes of a source, alone or
// with those of a form around them, or nothing.
type Body struct {
	head, tail []byte

	// length bytes of content from offset lie between head and tail. Their
	// digest by algorithm, if any, is made while they are read.
	content        Content
	offset, length int64
	algorithm      s3.Algorithm

	sent  func(bytes int64) // of content; nil: nobody counts
	limit *bandwidth        // nil: none
	ctx   context.Context   // ends waiting for the limit

	mu     sync.Mutex
	failed error
	read   bool   // some Reader has given all of it
	digest []byte // of content, as the last Reader to give all of it has read it
}

// NewBody returns a body of fixed bytes, for whoever tries a Transport out.
func NewBody(fixed []byte) *Body { return &Body{head: fixed} }

// NewBodyOf is NewBody of the first length bytes of content.
func NewBodyOf(content Content, length int64) *Body { return &Body{content: content, length: length} }

// Size is in bytes, and exact: a Reader gives so many, or fails.
func (b *Body) Size() int64 { return int64(len(b.head)+len(b.tail)) + b.length }

// Reader reads the body from its beginning. A transport may ask for another
// one to send the body again where nothing of the first has left this machine.
func (b *Body) Reader() io.Reader {
	r := &bodyReader{body: b, reported: time.Now().Add(firstSent - sentInterval)}
	if b.algorithm != s3.NoChecksum {
		r.hash = newHash(b.algorithm)
	}
	return r
}

// Memory returns the whole body where it lies in memory as one piece, for a
// transport that writes it from there instead of reading it, and that then says
// so by Read. The bytes are the body's.
func (b *Body) Memory() ([]byte, bool) {
	small, ok := b.content.(*snapshot)
	if !ok || len(b.head)+len(b.tail) > 0 || b.algorithm != s3.NoChecksum || b.limit != nil || small.Unchanged() != nil {
		return nil, false
	}
	return small.bytes[b.offset : b.offset+b.length], true
}

// Read says that all of what Memory gave is on its way.
func (b *Body) Read() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = true
}

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

// whole reports that the transport has taken all of the body. One without a
// byte is not read at all.
func (b *Body) whole() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read || b.Size() == 0
}

// sentInterval is how often one request reports what has been sent: often
// enough for a bar that moves, rarely enough to cost nothing.
const sentInterval = 100 * time.Millisecond

// firstSent is when it does so first: how fast a way is decides how many
// connections are made.
const firstSent = 30 * time.Millisecond

// bodyReader reads exactly the body's size, and never past length bytes of the
// content: what follows in the file is another part's.
type bodyReader struct {
	body     *Body
	at       int64     // bytes given
	hash     hash.Hash // of the content so far; nil: nobody asks
	reported time.Time
}

// Read reads from one of the body's three pieces at a time.
func (r *bodyReader) Read(p []byte) (int, error) {
	b := r.body
	if r.at == b.Size() {
		return 0, io.EOF
	}
	if b.limit != nil {
		p = p[:min(len(p), b.limit.piece())]
	}
	n := 0
	begin, end := int64(len(b.head)), int64(len(b.head))+b.length
	switch {
	case r.at < begin:
		n = copy(p, b.head[r.at:])
	case r.at >= end:
		n = copy(p, b.tail[r.at-end:])
	default:
		p = p[:min(int64(len(p)), end-r.at)]
		if err := readAll(b.content, p, b.offset+r.at-begin); err != nil {
			return 0, b.fail(err)
		}
		n = len(p)
		if r.hash != nil {
			r.hash.Write(p)
		}
	}
	r.at += int64(n)
	if b.limit != nil {
		if err := b.limit.wait(b.ctx, n); err != nil {
			return 0, err
		}
	}
	if err := r.finish(); err != nil {
		return 0, err
	}
	r.report()
	return n, nil
}

// finish keeps the last bytes here until the source is known to be what it
// was: a body cut short is never stored.
func (r *bodyReader) finish() error {
	b := r.body
	if r.at < b.Size() {
		return nil
	}
	if b.content != nil {
		if err := b.content.Unchanged(); err != nil {
			return b.fail(err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = true
	if r.hash != nil {
		b.digest = r.hash.Sum(nil)
	}
	return nil
}

// report tells how much of the content has been given, now and then and at the
// end; of a small one never, whose answer follows at once.
func (r *bodyReader) report() {
	b := r.body
	if b.sent == nil || b.length <= MaxSnapshot && b.limit == nil {
		return
	}
	if now := time.Now(); r.at == b.Size() || now.Sub(r.reported) >= sentInterval {
		r.reported = now
		b.sent(min(max(r.at-int64(len(b.head)), 0), b.length))
	}
}
