package bucketline

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/nethttp"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
)

// source is a task as the driver sees it.
type source struct{ task *Task }

var (
	_ driver.Stream      = source{}
	_ driver.Snapshotter = source{}
)

// Size is -1 of a stream.
func (s source) Size() int64 { return s.task.content.Size() }

// Open opens the content for one request.
func (s source) Open() (driver.Content, error) { return s.task.content.Open() }

// Snapshot reads all of a small file.
func (s source) Snapshot(dst []byte) ([]byte, error) {
	if f, ok := s.task.content.(file); ok {
		return f.Snapshot(dst)
	}
	return dst, errors.ErrUnsupported
}

// Read reads on in a stream.
func (s source) Read(p []byte) (int, error) {
	stream, ok := s.task.content.(*stream)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return stream.Read(p)
}

// Describe says what the task is to be stored as.
func (s source) Describe(ctx context.Context) (driver.Description, error) {
	t := s.task
	object := t.object.stored()
	var err error
	for _, name := range []string{object.Key, t.name} {
		if object.ContentType == "" {
			object.ContentType = typeByName(name)
		}
	}
	if object.ContentType == "" {
		head, err := t.content.head(ctx)
		if err != nil {
			return driver.Description{}, err
		}
		object.ContentType = nethttp.Sniff(head)
	}
	what := driver.Description{Object: &object, OnConflict: t.object.OnConflict}
	what.Identity, err = t.content.identity(t)
	return what, err
}

// content is what a task's bytes come from.
type content interface {
	Size() int64
	Open() (driver.Content, error)

	// head returns the first nethttp.SniffBytes bytes, or all of fewer.
	head(ctx context.Context) ([]byte, error)

	// identity is by what t's content is known again, without a name where it
	// cannot be. lasting reports that it has one.
	identity(t *Task) (journal.Source, error)
	lasting(c *Client) bool
}

// file is content that lies on a disk.
type file struct{ *driver.File }

// identity is not worth reading for where the file goes up in one request, of
// which nothing is remembered.
func (f file) identity(t *Task) (journal.Source, error) {
	if f.Size() < t.client.threshold() {
		return journal.Source{}, nil
	}
	return f.Identity()
}

func (f file) lasting(*Client) bool                 { return true }
func (f file) head(context.Context) ([]byte, error) { return headOf(f) }

// headOf reads the first bytes of a content whose size is known.
func headOf(c content) ([]byte, error) {
	open, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer open.Close()
	head := make([]byte, min(nethttp.SniffBytes, c.Size()))
	if n, err := open.ReadAt(head, 0); n < len(head) {
		return nil, err
	}
	return head, nil
}

// section is the content that Upload is given.
type section struct {
	io.ReaderAt
	size int64
}

// Size implements content.
func (s *section) Size() int64 { return s.size }

// Open implements content.
func (s *section) Open() (driver.Content, error) { return s, nil }

// Unchanged cannot be told of a reader: it is its owner's word.
func (s *section) Unchanged() error { return nil }

// Close leaves the reader to its owner.
func (s *section) Close() error { return nil }

func (s *section) head(context.Context) ([]byte, error) { return headOf(s) }

// lasting: a later client does not have this reader.
func (s *section) lasting(c *Client) bool { return c.journal == nil }

func (s *section) identity(t *Task) (journal.Source, error) {
	if !s.lasting(t.client) {
		return journal.Source{}, nil
	}
	return journal.Source{Name: "content " + strconv.FormatUint(t.order, 10), Size: s.size}, nil
}

// stream is the content that UploadStream is given.
type stream struct {
	reader *bufio.Reader
	once   sync.Once
	peeked chan struct{} // closed when first is there
	first  []byte
}

func newStream(r io.Reader) *stream {
	return &stream{reader: bufio.NewReaderSize(r, nethttp.SniffBytes), peeked: make(chan struct{})}
}

// Size is not known.
func (s *stream) Size() int64 { return queue.UnknownSize }

// Open is never asked of a stream.
func (s *stream) Open() (driver.Content, error) { return nil, errors.ErrUnsupported }

// peek waits for the first bytes. What is wrong with the reader is told by the
// next Read.
func (s *stream) peek() {
	s.once.Do(func() {
		head, _ := s.reader.Peek(nethttp.SniffBytes)
		s.first = append(s.first, head...)
		close(s.peeked)
	})
}

func (s *stream) head(ctx context.Context) ([]byte, error) {
	go s.peek() // may wait for ever, as any Read of the reader
	select {
	case <-s.peeked:
		return s.first, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Read reads on, after the first bytes have come if somebody looks at them.
func (s *stream) Read(p []byte) (int, error) {
	s.peek()
	return s.reader.Read(p)
}

func (s *stream) identity(*Task) (journal.Source, error) { return journal.Source{}, nil }
func (s *stream) lasting(*Client) bool                   { return false }
