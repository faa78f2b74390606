package nethttp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// TestMain starts the proxy that the environment names: net/http reads the
// environment once.
func TestMain(m *testing.M) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	os.Setenv("HTTP_PROXY", "http://"+l.Addr().String())
	os.Unsetenv("NO_PROXY")
	go proxied.serve(l)
	os.Exit(m.Run())
}

var proxied = &wire{answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}

// wire is a server that notes what is on the wire, byte by byte.
type wire struct {
	answer string

	mu    sync.Mutex
	heads []string // each request's line and headers
	body  []byte   // of the last one
}

func (w *wire) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go w.talk(c)
	}
}

func (w *wire) talk(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		var head strings.Builder
		length := 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
			head.WriteString(line)
			fmt.Sscanf(strings.ToLower(line), "content-length: %d", &length)
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		w.mu.Lock()
		w.heads, w.body = append(w.heads, head.String()), body
		w.mu.Unlock()
		io.WriteString(c, w.answer)
	}
}

func (w *wire) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.heads) == 0 {
		return ""
	}
	return w.heads[len(w.heads)-1]
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func put(host, path string) *s3.Request {
	return &s3.Request{
		Op: s3.OpPutObject, Method: "PUT", Scheme: "http", Host: host, SignedHost: host, Path: path,
		Header:        []s3.Field{{Name: "x-amz-date", Value: "20261123T090000Z"}, {Name: "content-type", Value: "text/plain"}},
		Authorization: []byte("AWS4-HMAC-SHA256 Credential=x"),
	}
}

func transport(t *testing.T, o Options) *Transport {
	t.Helper()
	tr := New(o)
	t.Cleanup(tr.Close)
	return tr
}

// What was signed is what is sent: the path and the query to the last byte.
func TestSend_exactlyAsWorded(t *testing.T) {
	w := &wire{answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}
	l := listen(t)
	go w.serve(l)
	tr := transport(t, Options{})
	direct := l.Addr().String()
	for _, path := range []string{
		"/", "/box/a", "/box//a", "//box/a", "/box/a//", "/box/./a", "/box/../a", "/box/%2E/a", "/box/a%2Fb", "/box/a%20b",
		"/box/%2B%26%3D%3A%40%2C%3B", "/box/%21%27%28%29%2A", "/box/~-._", "/box/%25%3F%23", "/box/%F0%9F%8F%96",
		"/box/%D8%B9", "/box/%5C%22%7B%7C%7D%5E%60", "/box/%C3%A9%00", "/" + strings.Repeat("%F0%9F%8F%96", 256),
	} {
		for _, query := range [][]s3.Field{
			nil,
			{{Name: "uploads", Value: ""}},
			{{Name: "partNumber", Value: "7"}, {Name: "uploadId", Value: "a+b/c=d e&f~é"}},
		} {
			for _, host := range []string{direct, "store.example:8080"} {
				r := put(host, path)
				r.Query = query
				if _, err := tr.Send(t.Context(), r, driver.NewBody([]byte("hello"))); err != nil {
					t.Fatalf("Send(%q) = %v", path, err)
				}
				target := strings.TrimPrefix(string(r.AppendURL(nil)), "http://"+host)
				got := w.last()
				if host != direct { // the proxy is told the whole URL
					target, got = string(r.AppendURL(nil)), proxied.last()
				}
				if line, _, _ := strings.Cut(got, "\r\n"); line != "PUT "+target+" HTTP/1.1" {
					t.Errorf("sent %q, want %q", line, target)
				}
				if !strings.Contains(got, "Host: "+host+"\r\n") {
					t.Errorf("no Host %s in %q", host, got)
				}
			}
		}
	}
}

// Nothing is added that a signature would have to cover, and the length is
// always there.
func TestSend_headers(t *testing.T) {
	w := &wire{answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}
	l := listen(t)
	go w.serve(l)
	tr := transport(t, Options{})
	for _, size := range []int{0, 1, 100_000} {
		body := bytes.Repeat([]byte("x"), size)
		if _, err := tr.Send(t.Context(), put(l.Addr().String(), "/box/a"), driver.NewBody(body)); err != nil {
			t.Fatal(err)
		}
		var names []string
		for line := range strings.Lines(w.last()) {
			if name, value, ok := strings.Cut(line, ": "); ok {
				names = append(names, name)
				if name == "Content-Length" && value != fmt.Sprintf("%d\r\n", size) {
					t.Errorf("Content-Length = %q, want %d", value, size)
				}
			}
		}
		if got := strings.Join(names, " "); got != "Host User-Agent Content-Length Authorization Content-Type X-Amz-Date" {
			t.Errorf("headers of %d bytes = %s", size, got)
		}
		if !bytes.Equal(w.body, body) {
			t.Errorf("body differs: %d bytes, want %d", len(w.body), size)
		}
	}
}

func TestSend_followsNothing(t *testing.T) {
	w := &wire{answer: "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/elsewhere\r\nX-Amz-Request-Id: 7\r\nContent-Length: 4\r\n\r\nbody"}
	l := listen(t)
	go w.serve(l)
	a, err := transport(t, Options{}).Send(t.Context(), put(l.Addr().String(), "/box/a"), driver.NewBody(nil))
	if err != nil || a.Status != 307 || string(a.Body) != "body" {
		t.Fatalf("answer = %+v, %v", a, err)
	}
	if id, _ := s3.HeaderValue(a.Header, "x-amz-request-id"); id != "7" {
		t.Errorf("request ID = %q", id)
	}
}

// A name under localhost is this machine, whatever the resolver says.
func TestSend_namesOfThisMachine(t *testing.T) {
	w := &wire{answer: "HTTP/1.1 204 No Content\r\n\r\n"}
	l := listen(t)
	go w.serve(l)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, name := range []string{"localhost", "photos.s3.localhost", "Photos.LOCALHOST", "photos.localhost."} {
		a, err := transport(t, Options{}).Send(t.Context(), put(name+":"+port, "/a"), driver.NewBody(nil))
		if err != nil || a.Status != 204 || !strings.Contains(w.last(), "Host: "+name+":"+port+"\r\n") {
			t.Errorf("%s: %d, %v, %q", name, a.Status, err, w.last())
		}
	}
	for _, name := range []string{"localhost.example", "notlocalhost"} {
		if localName(name) {
			t.Errorf("localName(%q) = true", name)
		}
	}
}

// A store that refuses closes the connection while the body is still being
// sent. Its answer must not be lost to the broken connection.
func TestSend_earlyAnswer(t *testing.T) {
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				r := bufio.NewReader(c)
				for line := "x"; line != "\r\n"; {
					if line, err = r.ReadString('\n'); err != nil {
						return
					}
				}
				io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 6\r\n\r\ndenied")
				c.(*net.TCPConn).SetLinger(-1)
				c.Close() // with unread bytes: the client is sent a reset
			}()
		}
	}()
	tr := transport(t, Options{})
	body := driver.NewBody(make([]byte, 32<<20))
	began := time.Now()
	for i := range 20 {
		a, err := tr.Send(t.Context(), put(l.Addr().String(), "/box/a"), body)
		if err != nil || a.Status != 403 || string(a.Body) != "denied" {
			t.Fatalf("try %d: %d %q, %v, want the refusal", i, a.Status, a.Body, err)
		}
	}
	if took := time.Since(began); took > 20*earlyAnswer {
		t.Errorf("20 refusals took %v", took)
	}
}

// A kept connection that the store has closed meanwhile is no failure, however
// much of the body went out before the news came.
func TestSend_keptConnectionThatWasClosed(t *testing.T) {
	for _, size := range []int{0, 5, 8 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { keptConnection(t, size) })
	}
}

func keptConnection(t *testing.T, size int) {
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				req, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				io.Copy(io.Discard, req.Body)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") // and close, untold
			}()
		}
	}()
	tr := transport(t, Options{})
	for i := range 50 {
		if _, err := tr.Send(t.Context(), put(l.Addr().String(), "/box/a"), driver.NewBody(make([]byte, size))); err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
	}
}

func TestSend_answersAreBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
		want engine.Cause
	}{
		{"at the bound", engine.MaxAnswerBytes, 0},
		{"beyond", engine.MaxAnswerBytes + 1, engine.CauseAnswerTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Write(make([]byte, c.size))
			}))
			defer server.Close()
			a, err := transport(t, Options{}).Send(t.Context(), put(server.Listener.Addr().String(), "/"), driver.NewBody(nil))
			if got := causeOf(err); got != c.want || got == 0 && len(a.Body) != c.size {
				t.Errorf("%d bytes, %v, want cause %d", len(a.Body), err, c.want)
			}
		})
	}
}

func causeOf(err error) engine.Cause {
	var broke *driver.BrokeError
	if errors.As(err, &broke) {
		return broke.Cause
	}
	return 0
}

func TestSend_causes(t *testing.T) {
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
	strange := listen(t)
	go (&wire{answer: "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"}).serve(strange)
	foreign := listen(t)
	go (&wire{answer: "220 mail.example ESMTP\r\n"}).serve(foreign)

	noName := engine.CauseUnreachable
	if !Online() {
		noName = engine.CauseOffline
	}
	for _, c := range []struct {
		name, scheme, host string
		want               engine.Cause
	}{
		{"refused", "http", closed.Addr().String(), engine.CauseUnreachable},
		{"reset", "http", resets.Addr().String(), engine.CauseUnreachable},
		{"no such name", "https", "store.invalid:443", noName},
		{"unknown authority", "https", secure.Listener.Addr().String(), engine.CauseTLS},
		{"no TLS", "https", plain.Listener.Addr().String(), engine.CauseTLS},
		{"no HTTP status", "http", strange.Addr().String(), engine.CauseUnreachable},
		{"no HTTP", "http", foreign.Addr().String(), engine.CauseUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := put(c.host, "/box/a")
			r.Scheme = c.scheme
			_, err := transport(t, Options{}).Send(t.Context(), r, driver.NewBody([]byte("x")))
			if got := causeOf(err); got != c.want {
				t.Errorf("cause %d of %v, want %d", got, err, c.want)
			}
		})
	}
}

func TestSend_trustsTheGivenAuthorities(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	roots := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	r := put(secure.Listener.Addr().String(), "/box/a")
	r.Scheme = "https"
	a, err := transport(t, Options{RootCAs: roots}).Send(t.Context(), r, driver.NewBody(nil))
	if err != nil || a.Status != 404 {
		t.Errorf("answer %d, %v", a.Status, err)
	}
}

// Whatever a silent store keeps back, Send ends soon after its context. How
// long to wait for one is the engine's question.
func TestSend_silence(t *testing.T) {
	accepts := listen(t) // and reads nothing
	go func() {
		for {
			if _, err := accepts.Accept(); err != nil {
				return
			}
		}
	}()
	takes := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer takes.Close()
	begins := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "<Complete")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer begins.Close()
	for _, c := range []struct {
		name, host string
		size       int
	}{
		{"takes no bytes", accepts.Addr().String(), 64 << 20},
		{"does not answer", takes.Listener.Addr().String(), 1 << 20},
		{"stops in its answer", begins.Listener.Addr().String(), 10},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		began := time.Now()
		_, err := transport(t, Options{}).Send(ctx, put(c.host, "/a"), driver.NewBody(make([]byte, c.size)))
		if took := time.Since(began); err == nil || took < 200*time.Millisecond || took > time.Second {
			t.Errorf("a store that %s: %v after %v", c.name, err, took)
		}
		cancel()
	}
}

// A store that goes on slowly is not given up.
func TestSend_slowAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 10 {
			w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			time.Sleep(30 * time.Millisecond)
		}
	}))
	defer server.Close()
	a, err := transport(t, Options{}).Send(t.Context(), put(server.Listener.Addr().String(), "/a"), driver.NewBody(nil))
	if err != nil || len(a.Body) != 10 {
		t.Errorf("answer %q, %v", a.Body, err)
	}
}

// When the context ends, Send returns and nothing reads the body any more.
func TestSend_brokenOff(t *testing.T) {
	l := listen(t)
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := transport(t, Options{}).Send(ctx, put(l.Addr().String(), "/a"), driver.NewBody(make([]byte, 64<<20)))
	if err == nil || time.Since(began) > 3*time.Second {
		t.Errorf("Send = %v after %v", err, time.Since(began))
	}
}

// A request that is broken off is not completed by what lies in buffers: the
// store must not get a part that nobody waits for.
func TestSend_brokenOffIsNotDelivered(t *testing.T) {
	const size = 1 << 20
	l := listen(t)
	come, got := make(chan struct{}), make(chan int64, 1)
	gone := make(chan struct{})
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		close(come)
		<-gone // the whole body may be on its way meanwhile
		n, _ := io.Copy(io.Discard, c)
		got <- n
	}()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-come
		time.Sleep(200 * time.Millisecond)
		cancel()
	}()
	if _, err := transport(t, Options{}).Send(ctx, put(l.Addr().String(), "/a"), driver.NewBody(make([]byte, size))); err == nil {
		t.Fatal("Send = nil")
	}
	time.Sleep(100 * time.Millisecond)
	close(gone)
	if n := <-got; n >= size {
		t.Errorf("the store got %d bytes of %d", n, size)
	}
}

func TestSend_refusesAPathThatIsNotEncoded(t *testing.T) {
	for _, path := range []string{"/a b", "/%zz", "/a?b", "/é"} {
		if _, err := transport(t, Options{}).Send(t.Context(), put("127.0.0.1:1", path), driver.NewBody(nil)); err == nil || !strings.Contains(err.Error(), "encod") && !strings.Contains(err.Error(), "escape") {
			t.Errorf("Send(%q) = %v, want that it is not encoded", path, err)
		}
	}
}

func TestPost_form(t *testing.T) {
	w := &wire{answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}
	l := listen(t)
	go w.serve(l)
	a, err := transport(t, Options{}).Post(t.Context(), "http://"+l.Addr().String()+"/sts", "application/x-www-form-urlencoded", []byte("a=b"))
	if err != nil || a.Status != 200 || string(a.Body) != "ok" || string(w.body) != "a=b" {
		t.Errorf("answer %+v, %v", a, err)
	}
	if !strings.HasPrefix(w.last(), "POST /sts HTTP/1.1\r\n") || !strings.Contains(w.last(), "Content-Type: application/x-www-form-urlencoded\r\n") {
		t.Errorf("sent %q", w.last())
	}
	if _, err := transport(t, Options{}).Post(t.Context(), "http://127.0.0.1:1/", "x", nil); causeOf(err) != engine.CauseUnreachable {
		t.Errorf("Post to nobody = %v", err)
	}
}

func TestSniff_bytes(t *testing.T) {
	for head, want := range map[string]string{
		"": "application/octet-stream", "%PDF-1.7": "application/pdf", "hello": "text/plain; charset=utf-8",
		"\x00\x01": "application/octet-stream",
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("Sniff(%q) = %s, want %s", head, got, want)
		}
	}
}
