package transporttest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/engine"
)

const refusal = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 6\r\n\r\ndenied"

// A store that refuses closes the connection while the body is still being
// sent. Its answer must not be lost to the broken connection.
func (s suite) earlyAnswer(t *testing.T) {
	l := listen(t)
	go eachConnection(l, func(c net.Conn, r *bufio.Reader) {
		if _, _, err := readHead(r); err == nil {
			io.WriteString(c, refusal) // and close with unread bytes: the client is sent a reset
		}
	})
	tr := s.transport(t, nil)
	body := make([]byte, 32<<20)
	for i := range 20 {
		a, err := send(t.Context(), tr, put(l.Addr().String(), "/box/a"), body)
		if err != nil || a.Status != 403 || string(a.Body) != "denied" {
			t.Fatalf("try %d: %d %q, %v, want the refusal", i, a.Status, a.Body, err)
		}
	}
}

// A refusal ends the request, also when the store neither reads the body nor
// closes the connection.
func (s suite) earlyAnswerAndSilence(t *testing.T) {
	l, over := listen(t), make(chan struct{})
	defer close(over)
	go eachConnection(l, func(c net.Conn, r *bufio.Reader) {
		if _, _, err := readHead(r); err == nil {
			io.WriteString(c, refusal)
			<-over
		}
	})
	a, err := send(t.Context(), s.transport(t, nil), put(l.Addr().String(), "/box/a"), make([]byte, 64<<20))
	if err != nil || a.Status != 403 || string(a.Body) != "denied" {
		t.Errorf("answer %d %q, %v, want the refusal", a.Status, a.Body, err)
	}
}

// Requests one after the other go over one connection, whatever their size.
func (s suite) keepsConnections(t *testing.T) {
	w, host := startWire(t, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 4\r\n\r\nbody")
	tr := s.transport(t, nil)
	const requests = 12
	for i := range requests {
		if _, err := send(t.Context(), tr, put(host, "/box/a"), make([]byte, i*50_000)); err != nil {
			t.Fatal(err)
		}
	}
	if n, connections := w.count(); n != requests || connections != 1 {
		t.Errorf("%d requests over %d connections, want %d over one", n, connections, requests)
	}
}

// A kept connection that the store has closed meanwhile is no failure, however
// much of the body went out before the news came.
func (s suite) keptConnectionThatWasClosed(t *testing.T) {
	for _, c := range []struct{ size, requests int }{{0, 50}, {5, 50}, {8 << 20, 8}} {
		t.Run(fmt.Sprint(c.size), func(t *testing.T) {
			l := listen(t)
			go eachConnection(l, answerOnce)
			tr := s.transport(t, nil)
			for i := range c.requests {
				if _, err := send(t.Context(), tr, put(l.Addr().String(), "/box/a"), make([]byte, c.size)); err != nil {
					t.Fatalf("try %d: %v", i, err)
				}
			}
		})
	}
}

// answerOnce answers one request and closes the connection, untold.
func answerOnce(c net.Conn, r *bufio.Reader) {
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	io.Copy(io.Discard, req.Body)
	io.WriteString(c, emptyAnswer)
}

// A request that may not be repeated (RFC 9110, section 9.2.2) is not, when the
// connection ends after it has gone.
func (s suite) postOnce(t *testing.T) {
	l := listen(t)
	var posts atomic.Int32
	go eachConnection(l, func(c net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			if req.Method == http.MethodPost {
				posts.Add(1)
				return // without an answer
			}
			io.WriteString(c, emptyAnswer)
		}
	})
	tr := s.transport(t, nil)
	if _, err := send(t.Context(), tr, put(l.Addr().String(), "/box/a"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	r := put(l.Addr().String(), "/box/a")
	r.Method = http.MethodPost
	if _, err := send(t.Context(), tr, r, []byte("x")); causeOf(err) != engine.CauseUnreachable {
		t.Errorf("Send = %v, want that there was no answer", err)
	}
	if n := posts.Load(); n != 1 {
		t.Errorf("the store got %d POSTs", n)
	}
}

// What a store says unasked is not the answer to the next request.
func (s suite) unsolicited(t *testing.T) {
	const stray = "HTTP/1.1 200 OK\r\nETag: \"stray\"\r\nContent-Length: 0\r\n\r\n"
	for _, c := range []struct {
		name string
		wait time.Duration // before the stray answer
	}{
		{"in one piece with the answer", 0},
		{"a little later", time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, said := listen(t), make(chan struct{}, 100)
			go eachConnection(l, func(conn net.Conn, r *bufio.Reader) {
				for {
					if _, _, err := readHead(r); err != nil {
						return
					}
					if c.wait == 0 {
						io.WriteString(conn, emptyAnswer+stray)
					} else {
						io.WriteString(conn, emptyAnswer)
						time.Sleep(c.wait)
						io.WriteString(conn, stray)
					}
					said <- struct{}{}
				}
			})
			tr := s.transport(t, nil)
			for range 10 {
				a, err := send(t.Context(), tr, put(l.Addr().String(), "/box/a"), nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range a.Header {
					if bytes.Contains([]byte(f.Value), []byte("stray")) {
						t.Fatal("a request got the answer to none")
					}
				}
				<-said
				time.Sleep(10 * time.Millisecond) // net/http looks at what comes as soon as it runs
			}
		})
	}
}

// shrinking is a content that ends after good bytes.
type shrinking struct{ good int64 }

func (c shrinking) ReadAt(p []byte, offset int64) (int, error) {
	if offset+int64(len(p)) > c.good {
		return 0, io.EOF
	}
	return len(p), nil
}

func (shrinking) Unchanged() error { return nil }
func (shrinking) Close() error     { return nil }

// A body that cannot be read to its end is not sent again, is not waited for, and
// never arrives whole.
func (s suite) unreadableBody(t *testing.T) {
	w, host := startWire(t, emptyAnswer)
	tr := s.transport(t, nil)
	for _, size := range []int64{1000, 1 << 20} {
		for _, good := range []int64{0, size / 2} {
			if _, err := send(t.Context(), tr, put(host, "/"), []byte("x")); err != nil { // so that a connection is kept
				t.Fatal(err)
			}
			before, _ := w.count()
			if _, err := tr.Send(t.Context(), put(host, "/"), driver.NewBodyOf(shrinking{good}, size)); err == nil {
				t.Errorf("%d bytes of %d: Send = nil", good, size)
			}
			if n, _ := w.count(); n != before {
				t.Errorf("%d bytes of %d: the store got a whole request", good, size)
			}
		}
	}
}
