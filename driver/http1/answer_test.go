package http1

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/bucketline/bucketline/driver/nethttp"
	"github.com/bucketline/bucketline/engine"
)

// said is a connection on which a store has said all that it will.
type said struct {
	net.Conn
	io.Reader
}

func (s said) Read(p []byte) (int, error) { return s.Reader.Read(p) }

func readAnswer(data []byte, noBody bool) (status int, body []byte, keepable bool, err error) {
	c := &conn{Conn: said{Reader: bytes.NewReader(data)}}
	c.in = bufio.NewReaderSize(c.Conn, nethttp.MaxHeaderBytes)
	c.begin()
	a, err := c.read(noBody)
	return a.Status, a.Body, c.keepable, err
}

// FuzzRead has net/http judge: what both take for an answer is the same answer. A
// connection is not kept when anything follows.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 4\r\n\r\nbody",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nbo\r\n2\r\ndy\r\n0\r\nX-End: 1\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nbody",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nnoneHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, noBody bool) {
		status, body, keepable, err := readAnswer(data, noBody)
		if err != nil {
			return
		}
		if status < 200 || status > 599 || len(body) > engine.MaxAnswerBytes || noBody && len(body) > 0 {
			t.Fatalf("answer %d with %d bytes", status, len(body))
		}
		method := http.MethodPut
		if noBody {
			method = http.MethodHead
		}
		rest := bufio.NewReaderSize(bytes.NewReader(data), 1<<20)
		for {
			theirs, err := http.ReadResponse(rest, &http.Request{Method: method})
			if err != nil {
				return
			}
			if theirs.StatusCode < 200 {
				continue
			}
			whole, err := io.ReadAll(theirs.Body)
			if err != nil {
				return
			}
			if theirs.StatusCode != status || !bytes.Equal(whole, body) {
				t.Fatalf("answer %d %q, net/http has %d %q", status, body, theirs.StatusCode, whole)
			}
			if keepable && (theirs.Close || rest.Buffered() > 0) {
				t.Fatalf("the connection would be kept: net/http would close it: %v, %d bytes follow", theirs.Close, rest.Buffered())
			}
			return
		}
	})
}
