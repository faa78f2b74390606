package devstack

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// maxChunkBytes is the most that a throttled connection reads at once, so that
// several connections share the rate evenly.
const maxChunkBytes = 16 << 10

// listen binds 127.0.0.1 at port, 0 for a free one. A tight listener's
// connections hold little on the way: see tighten.
func listen(port int, tight bool) (net.Listener, error) {
	var c net.ListenConfig
	if tight {
		c.Control = tighten
	}
	return c.Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// origin is the scheme and authority of a listener, named by its address.
func origin(l net.Listener, secure bool) string {
	if secure {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

func withTLS(l net.Listener, certificate *tls.Certificate) net.Listener {
	if certificate == nil {
		return l
	}
	return tls.NewListener(l, &tls.Config{
		Certificates: []tls.Certificate{*certificate},
		MinVersion:   tls.VersionTLS12,
		// HTTP/1.1 as S3 has it: HTTP/2 would change what is being developed.
		NextProtos: []string{"http/1.1"},
	})
}

// throttled limits how fast all of a listener's connections together receive.
// bytesPerSecond of 0 leaves the listener as it is.
func throttled(l net.Listener, bytesPerSecond int64) net.Listener {
	if bytesPerSecond <= 0 {
		return l
	}
	return &slowListener{l, rate.NewLimiter(rate.Limit(bytesPerSecond), maxChunkBytes)}
}

type slowListener struct {
	net.Listener
	limit *rate.Limiter // in bytes
}

func (l *slowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &slowConn{conn, l.limit, ctx, cancel}, nil
}

type slowConn struct {
	net.Conn
	limit  *rate.Limiter
	closed context.Context
	cancel context.CancelFunc
}

func (c *slowConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), maxChunkBytes)])
	if n > 0 && c.limit.WaitN(c.closed, n) != nil {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *slowConn) Close() error {
	c.cancel()
	return c.Conn.Close()
}

// onlyLocal refuses requests that name another host than this machine's: a
// foreign page whose name was made to resolve to 127.0.0.1 gets nothing.
func onlyLocal(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(r.Host) {
			http.Error(w, "This server answers for localhost only.", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func isLocal(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
}

// decimal is n in digits.
func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// limited bounds a request's body.
func limited(w http.ResponseWriter, r *http.Request, size int64) io.ReadCloser {
	return http.MaxBytesReader(w, r.Body, size)
}
