package transporttest

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

func (s suite) followsNothing(t *testing.T) {
	_, host := startWire(t, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/elsewhere\r\nX-Amz-Request-Id: 7\r\nContent-Length: 4\r\n\r\nbody")
	a, err := send(t.Context(), s.transport(t, nil), put(host, "/box/a"), nil)
	if err != nil || a.Status != 307 || string(a.Body) != "body" {
		t.Fatalf("answer = %+v, %v", a, err)
	}
	if id, _ := s3.HeaderValue(a.Header, "x-amz-request-id"); id != "7" {
		t.Errorf("request ID = %q", id)
	}
}

// RFC 9112, section 6.3, has the ways in which the end of a body is told.
func (s suite) formsOfAnswers(t *testing.T) {
	for _, c := range []struct {
		name, method, answer, body string
		status                     int
		keeps                      bool
	}{
		{"by length", "PUT", "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 4\r\n\r\nbody", "body", 200, true},
		{"in chunks", "PUT", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: \"e\"\r\n\r\n2;x=y\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", "body", 200, true},
		{"in chunks, with a trailer", "PUT", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\nETag: \"e\"\r\n\r\n4\r\nbody\r\n0\r\nX-End: 1\r\n\r\n", "body", 200, true},
		{"no content", "DELETE", "HTTP/1.1 204 No Content\r\nETag: \"e\"\r\n\r\n", "", 204, true},
		{"to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"e\"\r\n\r\n", "", 200, true},
		{"to HEAD, of chunks", "HEAD", "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nETag: \"e\"\r\n\r\n", "", 404, true},
		{"not to be kept", "PUT", "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"e\"\r\nContent-Length: 4\r\n\r\nbody", "body", 200, false},
		{"of HTTP/1.0", "PUT", "HTTP/1.0 200 OK\r\nETag: \"e\"\r\nContent-Length: 4\r\n\r\nbody", "body", 200, false},
		{"with names in small letters", "PUT", "HTTP/1.1 200 OK\r\netag:\"e\"\r\ncontent-length:4\r\n\r\nbody", "body", 200, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, host := startWire(t, c.answer)
			tr := s.transport(t, nil)
			for range 3 {
				r := put(host, "/box/a")
				r.Method = c.method
				a, err := send(t.Context(), tr, r, nil)
				if etag, _ := s3.HeaderValue(a.Header, "etag"); err != nil || a.Status != c.status || string(a.Body) != c.body || etag != `"e"` {
					t.Fatalf("answer = %d %q, ETag %s, %v", a.Status, a.Body, etag, err)
				}
			}
			if _, connections := w.count(); (connections == 1) != c.keeps {
				t.Errorf("three requests over %d connections, want them kept: %v", connections, c.keeps)
			}
		})
	}
	t.Run("until the connection ends", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, _, _ := http.NewResponseController(w).Hijack()
			defer c.Close()
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nbody")
		}))
		defer server.Close()
		a, err := send(t.Context(), s.transport(t, nil), put(server.Listener.Addr().String(), "/"), nil)
		if err != nil || string(a.Body) != "body" {
			t.Errorf("answer = %q, %v", a.Body, err)
		}
	})
}

// Interim answers (RFC 9110, section 15.2) are no answers, and are not waited for
// without end.
func (s suite) interimAnswers(t *testing.T) {
	const interim = "HTTP/1.1 100 Continue\r\n\r\n"
	for _, c := range []struct {
		interim string
		want    int
	}{
		{interim, 200},
		{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + interim, 200},
		{strings.Repeat(interim, 100), 200},
		{strings.Repeat(interim, 5000), 0},
	} {
		_, host := startWire(t, c.interim+emptyAnswer)
		for _, size := range []int{0, 1 << 20} {
			a, err := send(t.Context(), s.transport(t, nil), put(host, "/"), make([]byte, size))
			if a.Status != c.want || (err == nil) != (c.want != 0) {
				t.Errorf("%d bytes of interim answers: %d, %v, want %d", len(c.interim), a.Status, err, c.want)
			}
		}
	}
}

func (s suite) boundedAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		header int
		body   int
		chunks bool
		want   engine.Cause
	}{
		{"at the bound", 0, engine.MaxAnswerBytes, false, 0},
		{"beyond", 0, engine.MaxAnswerBytes + 1, false, engine.CauseAnswerTooLarge},
		{"at the bound, in chunks", 0, engine.MaxAnswerBytes, true, 0},
		{"beyond, in chunks", 0, engine.MaxAnswerBytes + 1, true, engine.CauseAnswerTooLarge},
		{"a long header", 8 << 10, 0, false, 0},
		{"a header beyond all measure", 1 << 20, 0, false, engine.CauseUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.header > 0 {
					w.Header().Set("X-Amz-Meta-A", strings.Repeat("x", c.header))
				}
				if !c.chunks {
					w.Header().Set("Content-Length", fmt.Sprint(c.body))
				}
				w.Write(make([]byte, c.body))
			}))
			defer server.Close()
			a, err := send(t.Context(), s.transport(t, nil), put(server.Listener.Addr().String(), "/"), nil)
			if got := causeOf(err); got != c.want || got == 0 && (err != nil || len(a.Body) != c.body) {
				t.Errorf("%d bytes, %v, want cause %d", len(a.Body), err, c.want)
			}
		})
	}
}

// Half an answer is none.
func (s suite) cutAnswer(t *testing.T) {
	for _, answer := range []string{
		"", "HTTP/1.1", "HTTP/1.1 200 OK\r\nETag: \"e\"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbody", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody",
		"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nbody", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nbody",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, _, _ := http.NewResponseController(w).Hijack()
			defer c.Close()
			io.WriteString(c, answer)
		}))
		a, err := send(t.Context(), s.transport(t, nil), put(server.Listener.Addr().String(), "/"), []byte("x"))
		if causeOf(err) != engine.CauseUnreachable {
			t.Errorf("%q: answer %d %q, %v, want none", answer, a.Status, a.Body, err)
		}
		server.Close()
	}
}

func (s suite) causes(t *testing.T) {
	closed := listen(t)
	closed.Close()
	resets := listen(t)
	go func() {
		for {
			c, err := resets.Accept()
			if err != nil {
				return
			}
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	_, strange := startWire(t, "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n")
	_, upgrade := startWire(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
	_, foreign := startWire(t, "220 mail.example ESMTP\r\n")
	for _, c := range []struct {
		name, scheme, host string
		want               engine.Cause
	}{
		{"refused", "http", closed.Addr().String(), engine.CauseUnreachable},
		{"reset", "http", resets.Addr().String(), engine.CauseUnreachable},
		{"unknown authority", "https", secure.Listener.Addr().String(), engine.CauseTLS},
		{"no TLS", "https", plain.Listener.Addr().String(), engine.CauseTLS},
		{"no HTTP status", "http", strange, engine.CauseUnreachable},
		{"another protocol", "http", upgrade, engine.CauseUnreachable},
		{"no HTTP", "http", foreign, engine.CauseUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := put(c.host, "/box/a")
			r.Scheme = c.scheme
			if _, err := send(t.Context(), s.transport(t, nil), r, []byte("x")); causeOf(err) != c.want {
				t.Errorf("cause %d of %v, want %d", causeOf(err), err, c.want)
			}
		})
	}
}

// secureServer answers over TLS, with the certificate of httptest, which is for
// example.com and 127.0.0.1. It returns its address and who vouches for it.
func secureServer(t *testing.T, h http.Handler) (string, *x509.CertPool) {
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
}

func (s suite) trust(t *testing.T) {
	host, roots := secureServer(t, http.NotFoundHandler())
	_, port, _ := net.SplitHostPort(host)
	for _, c := range []struct {
		host string
		want engine.Cause
	}{{host, 0}, {"localhost:" + port, engine.CauseTLS}} { // which is not in the certificate
		r := put(c.host, "/box/a")
		r.Scheme = "https"
		a, err := send(t.Context(), s.transport(t, roots), r, nil)
		if causeOf(err) != c.want || c.want == 0 && (err != nil || a.Status != 404) {
			t.Errorf("%s: answer %d, %v, want cause %d", c.host, a.Status, err, c.want)
		}
	}
}

func (s suite) largeOverTLS(t *testing.T) {
	var got []byte
	host, roots := secureServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) }))
	tr := s.transport(t, roots)
	for _, size := range []int{0, 1000, 3<<20 + 17, 5} {
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		r := put(host, "/box/a")
		r.Scheme = "https"
		if a, err := send(t.Context(), tr, r, body); err != nil || a.Status != 200 || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: %d, %v, %d bytes arrived", size, a.Status, err, len(got))
		}
	}
}

// Whatever a silent store keeps back, Send ends soon after its context. How
// long to wait for one is the engine's question.
func (s suite) silence(t *testing.T) {
	accepts := listen(t) // and reads nothing
	answered := func(text string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, text)
			if text != "" {
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	for _, c := range []struct {
		name, host string
		size       int
	}{
		{"takes no bytes", accepts.Addr().String(), 64 << 20},
		{"does not answer", answered(""), 1 << 20},
		{"does not answer a small one", answered(""), 10},
		{"stops in its answer", answered("<Complete"), 10},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		began := time.Now()
		_, err := send(ctx, s.transport(t, nil), put(c.host, "/a"), make([]byte, c.size))
		if err == nil || time.Since(began) < 200*time.Millisecond {
			t.Errorf("a store that %s: %v after %v", c.name, err, time.Since(began))
		}
		cancel()
	}
}

// A store that goes on slowly is not given up.
func (s suite) slowAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 10 {
			w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			time.Sleep(30 * time.Millisecond)
		}
	}))
	defer server.Close()
	a, err := send(t.Context(), s.transport(t, nil), put(server.Listener.Addr().String(), "/a"), nil)
	if err != nil || len(a.Body) != 10 {
		t.Errorf("answer %q, %v", a.Body, err)
	}
}

// When the context ends, Send returns, and says so whatever that did to the
// connection.
func (s suite) brokenOff(t *testing.T) {
	l := listen(t) // and reads nothing
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := send(ctx, s.transport(t, nil), put(l.Addr().String(), "/a"), make([]byte, 64<<20))
	if !errors.Is(err, context.DeadlineExceeded) && causeOf(err) == 0 {
		t.Errorf("Send = %v", err)
	}
}

// A request that is broken off is not completed by what lies in buffers: the
// store must not get a part that nobody waits for.
func (s suite) brokenOffIsNotDelivered(t *testing.T) {
	const size = 1 << 20
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got, gone := make(chan int64, 1), make(chan struct{})
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		time.Sleep(100 * time.Millisecond) // the whole body may be on its way meanwhile
		cancel()
		<-gone
		n, _ := io.Copy(io.Discard, c)
		got <- n
	}()
	if _, err := send(ctx, s.transport(t, nil), put(l.Addr().String(), "/a"), make([]byte, size)); err == nil {
		t.Fatal("Send = nil")
	}
	time.Sleep(50 * time.Millisecond)
	close(gone)
	if n := <-got; n >= size {
		t.Errorf("the store got %d bytes of %d", n, size)
	}
}
