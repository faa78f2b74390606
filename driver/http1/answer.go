package http1

import (
	"errors"
	"fmt"
	"io"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/nethttp"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// maxInterim is how many answers of 1xx may come before the real one: a store may
// say now and then that it is still at work.
const maxInterim = 1000

var errInterim = errors.New("the store sends interim answers without end")

// read reads one answer. noBody says that it answers HEAD. It sets keepable.
func (c *conn) read(noBody bool) (driver.Answer, error) {
	p := &c.parsed
	p.Reset()
	p.Header.DisableNormalizing()
	status := 0
	for interim := 0; ; interim++ {
		if interim > maxInterim {
			return driver.Answer{}, errInterim
		}
		if _, err := c.in.Peek(1); err != nil {
			return driver.Answer{}, unexpected(err)
		}
		c.answered.Store(true)
		if err := c.checkStatusLine(); err != nil {
			return driver.Answer{}, err
		}
		if err := p.Header.Read(c.in); err != nil {
			return driver.Answer{}, headerError(err)
		}
		if status = p.StatusCode(); status >= 200 || status == fasthttp.StatusSwitchingProtocols {
			break
		}
	}
	if status < 200 {
		return driver.Answer{}, errNotHTTP // another protocol was chosen
	}
	bodiless := noBody || status == fasthttp.StatusNoContent || status == fasthttp.StatusNotModified
	if !bodiless {
		if err := c.readBody(); err != nil {
			return driver.Answer{}, err
		}
	}
	c.keepable = !p.ConnectionClose() && c.in.Buffered() == 0
	a := driver.Answer{Status: status, Header: fields(&p.Header)}
	if !bodiless && len(p.Body()) > 0 {
		a.Body = append([]byte(nil), p.Body()...)
	}
	return a, nil
}

var errNotHTTP = errors.New("the answer is not HTTP/1.1 with a status of 100 to 599")

// checkStatusLine is stricter than the parser, for which a status of 000 is 200,
// and an empty line no answer.
func (c *conn) checkStatusLine() error {
	const version, length = "HTTP/1.", len("HTTP/1.1 200")
	line, err := c.in.Peek(length)
	if err != nil {
		return unexpected(err)
	}
	minor, status := line[len(version)], line[len("HTTP/1.1 ")]
	if string(line[:len(version)]) != version || minor != '0' && minor != '1' || line[len("HTTP/1.1")] != ' ' || status < '1' || status > '5' {
		return errNotHTTP
	}
	return nil
}

// readBody reads the body, and what may follow one in chunks.
func (c *conn) readBody() error {
	p := &c.parsed
	chunked := p.Header.ContentLength() == -1
	err := p.ReadBody(c.in, engine.MaxAnswerBytes)
	if err == nil && chunked {
		err = p.Header.ReadTrailer(c.in)
	}
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return nethttp.ErrTooLarge
	case err != nil:
		return unexpected(err)
	}
	return nil
}

// unexpected is err where more was awaited.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// headerError leaves out what the library quotes: an answer may have anything in
// it.
func headerError(err error) error {
	var small *fasthttp.ErrSmallBuffer
	if errors.As(err, &small) {
		return fmt.Errorf("the answer's header is longer than %d bytes", nethttp.MaxHeaderBytes)
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case errors.As(err, &timeout) && timeout.Timeout():
		return err
	}
	return errNotHTTP
}

// fields copies the header into memory of its own: one string that all names and
// values lie in.
func fields(h *fasthttp.ResponseHeader) []s3.Field {
	count, size := 0, 0
	for name, value := range h.All() {
		count++
		size += len(name) + len(value)
	}
	text := make([]byte, 0, size)
	keep := func(b []byte) string {
		if len(b) == 0 {
			return ""
		}
		begin := len(text)
		text = append(text, b...)
		return unsafe.String(&text[begin], len(b))
	}
	kept := make([]s3.Field, 0, count)
	for name, value := range h.All() {
		kept = append(kept, s3.Field{Name: keep(name), Value: keep(value)})
	}
	return kept
}
