package driver

import (
	"errors"
	"io"
	"slices"

	"github.com/bucketline/bucketline/engine"
)

// stream reads a Stream ahead of the requests that carry its bytes. What was
// read belongs to a part, until the store has that part, or lies ahead: the
// engine gave the reading up before there was enough. Everything but the
// reading itself happens under the driver's mu.
type stream struct {
	driver *Driver
	file   *file
	reader io.Reader

	parts   []streamPart
	spare   []byte // of a part that is stored; the next one is read into it
	next    int64  // offset of the first byte that belongs to no part
	ahead   []byte // from there on, and the reading goroutine's while reading
	reading bool
	over    error // why nothing more comes; io.EOF when all has come

	asked engine.ReqID // the ActRead under way, where want is set
	part  uint16
	want  int64 // bytes; 0: nobody waits
}

// streamPart is what was read of one part.
type streamPart struct {
	number uint16
	offset int64
	bytes  []byte
}

// readPiece is how many bytes are read before anything can be done with them.
const readPiece = 256 << 10

var (
	errReadTwice = errors.New("a stream cannot be read again from its beginning")
	errForgotten = errors.New("a stream's bytes are no longer there")
)

// read takes ActRead. The caller holds mu.
func (s *stream) read(act *engine.Action) {
	s.asked, s.part, s.want = act.Req, act.Part, act.Length
	if act.Offset != s.next {
		s.broke(engine.CauseSourceUnreadable, errReadTwice)
		return
	}
	s.settle()
}

// breakOff lets the engine go; the bytes that come are kept for when it asks
// again. The caller holds mu.
func (s *stream) breakOff(id engine.ReqID) {
	if s.want > 0 && s.asked == id {
		s.broke(engine.CauseBrokenOff, nil)
	}
}

// broke ends the ActRead under way. The caller holds mu.
func (s *stream) broke(cause engine.Cause, err error) {
	s.want = 0
	if err != nil {
		s.file.broke = err
	}
	s.driver.must(&engine.Event{Kind: engine.EvBroke, Req: s.asked, Cause: cause})
}

// settle answers who waits, or reads on. The caller holds mu.
func (s *stream) settle() {
	switch {
	case s.want == 0 || s.reading:
	case int64(len(s.ahead)) >= s.want || s.over == io.EOF:
		s.cut()
	case s.over != nil:
		s.broke(engine.CauseSourceUnreadable, s.over)
	default:
		s.reading = true
		go s.fill(s.want)
	}
}

// cut gives the part that is waited for its bytes.
func (s *stream) cut() {
	n := min(s.want, int64(len(s.ahead)))
	rest := s.ahead[n:]
	if n > 0 {
		s.parts = append(s.parts, streamPart{s.part, s.next, s.ahead[:n:n]})
	}
	s.ahead = slices.Clone(rest)
	s.next += n
	s.want = 0
	s.driver.must(&engine.Event{
		Kind: engine.EvRead, Req: s.asked, Bytes: n, Last: s.over == io.EOF && len(rest) == 0,
	})
}

// fill reads until want bytes lie ahead, or nobody waits for them any more. It
// may be in Read when the driver closes, and later.
func (s *stream) fill(want int64) {
	mu := &s.driver.mu
	for {
		s.ahead = s.room(s.ahead, want)
		end := min(int64(cap(s.ahead)), int64(len(s.ahead))+readPiece, want)
		n, err := s.reader.Read(s.ahead[len(s.ahead):end])
		mu.Lock()
		s.ahead = s.ahead[:len(s.ahead)+n]
		if err != nil {
			s.over = err
		}
		if want = s.want; want == 0 || s.over != nil || int64(len(s.ahead)) >= want {
			s.reading = false
			s.settle()
			mu.Unlock()
			return
		}
		mu.Unlock()
	}
}

// room returns ahead with room for more bytes of want. A stream that ends
// early does not cost a whole part; one that has filled a part will fill
// another.
func (s *stream) room(ahead []byte, want int64) []byte {
	if len(ahead) < cap(ahead) {
		return ahead
	}
	size := min(want, max(readPiece, 2*int64(cap(ahead))))
	if s.next > 0 {
		size = want
	}
	larger := s.take(size)
	return append(larger, ahead...)
}

// take returns an empty slice of exactly size bytes of room.
func (s *stream) take(size int64) []byte {
	s.driver.mu.Lock()
	defer s.driver.mu.Unlock()
	if int64(cap(s.spare)) >= size {
		spare := s.spare[:0]
		s.spare = nil
		return spare
	}
	return make([]byte, 0, size)
}

// drop forgets the bytes of a part that the store has. The caller holds mu.
func (s *stream) drop(part uint16) {
	for i := range s.parts {
		if s.parts[i].number == part {
			s.spare = s.parts[i].bytes
			s.parts = slices.Delete(s.parts, i, i+1)
			return
		}
	}
}

// end forgets everything. The caller holds mu.
func (s *stream) end() { s.parts, s.spare = nil, nil }

// open returns what was read from offset on. The caller holds mu.
func (s *stream) open(offset int64) (Content, error) {
	for _, p := range s.parts {
		if p.offset <= offset && offset < p.offset+int64(len(p.bytes)) {
			return streamContent(p), nil
		}
	}
	if offset == 0 && s.next == 0 && s.over == io.EOF {
		return streamContent{}, nil // it is empty
	}
	return nil, errForgotten
}

// streamContent is the Content of one part.
type streamContent streamPart

func (c streamContent) ReadAt(p []byte, offset int64) (int, error) {
	n := copy(p, c.bytes[min(offset-c.offset, int64(len(c.bytes))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Unchanged is nil: what was read is in memory.
func (c streamContent) Unchanged() error { return nil }

// Close leaves the bytes to the stream.
func (c streamContent) Close() error { return nil }
