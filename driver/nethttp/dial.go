package nethttp

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// dialer opens the connections.
type dialer struct{ net net.Dialer }

// dial connects to address. "localhost" and every name under it is this
// machine, whatever the resolver says (RFC 6761, section 6.3): stores of
// developers put the bucket before it.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !localName(host) {
		return d.wrap(d.net.DialContext(ctx, network, address))
	}
	c, err := d.net.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		if c, err6 := d.net.DialContext(ctx, network, net.JoinHostPort("::1", port)); err6 == nil {
			return d.wrap(c, nil)
		}
	}
	return d.wrap(c, err)
}

// Dial connects to host[:port] of a URL, as the transport does.
func Dial(ctx context.Context, scheme, host string) (net.Conn, error) {
	c, err := new(dialer).dial(ctx, "tcp", address(scheme, host))
	if err != nil {
		return nil, err
	}
	return c.(*conn).Conn, nil
}

// address is host with the port that its scheme implies.
func address(scheme, host string) string {
	u := url.URL{Host: host}
	port := u.Port()
	if port == "" {
		port = "80"
		if scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// ServerName is the name of host[:port] that its certificate has to have.
func ServerName(host string) string { return (&url.URL{Host: host}).Hostname() }

// Proxied reports that requests to host[:port] go through the environment's
// proxy, or that nobody can say.
func Proxied(scheme, host string) bool {
	by, err := proxy(&http.Request{URL: &url.URL{Scheme: scheme, Host: host}})
	return by != nil || err != nil
}

func (d *dialer) wrap(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, ended: make(chan struct{})}, nil
}

// localName reports a name that RFC 6761 gives to this machine.
func localName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// proxy is the environment's proxy, which knows nothing of this machine.
func proxy(r *http.Request) (*url.URL, error) {
	if localName(r.URL.Hostname()) {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

// conn is a connection that gives an early answer the time to be read.
type conn struct {
	net.Conn
	once    sync.Once
	ended   chan struct{} // closed when nothing more can be read
	written atomic.Int64  // bytes
}

// earlyAnswer is how long a failed write waits for the answer that explains
// it.
const earlyAnswer = time.Second

// Write fails late: a store that refuses a request closes the connection
// before it has read the body, and net/http, told of the failed write first,
// would throw the refusal away and report a broken connection.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	if err != nil {
		select {
		case <-c.ended:
		case <-time.After(earlyAnswer):
		}
	}
	return n, err
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.once.Do(func() { close(c.ended) })
	}
	return n, err
}

func (c *conn) Close() error {
	c.once.Do(func() { close(c.ended) })
	return c.Conn.Close()
}
