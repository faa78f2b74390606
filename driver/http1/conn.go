package http1

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/bucketline/bucketline/driver/nethttp"
)

// conn is a connection, with what is used again for each of its requests. One
// goroutine uses it at a time, but for the methods that say otherwise.
type conn struct {
	net.Conn
	tcp    net.Conn // below TLS, or the same
	origin origin
	in     *bufio.Reader
	parsed fasthttp.Response
	pair   [2][]byte   // what pieces is made of
	pieces net.Buffers // that are being written

	used     int // requests
	wrote    int64
	answered atomic.Bool // the store began an answer to the last request
	keepable bool        // the last answer ended where it should, and left the connection open
	idleFrom time.Time
}

// take returns an idle connection, or a new one.
func (t *Transport) take(ctx context.Context, to origin) (*conn, error) {
	for {
		c := t.idle.take(to)
		if c == nil {
			return t.open(ctx, to)
		}
		if quiet(c.tcp) {
			return c, nil
		}
		c.Close() // by the store, or it has said what nobody asked for
	}
}

func (t *Transport) open(ctx context.Context, to origin) (*conn, error) {
	raw, err := nethttp.Dial(ctx, to.scheme, to.host)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, tcp: raw, origin: to}
	if to.scheme == "https" {
		config := t.tls.Clone()
		if config.ServerName == "" {
			config.ServerName = nethttp.ServerName(to.host)
		}
		secure := tls.Client(raw, config)
		shake, cancel := context.WithTimeout(ctx, nethttp.HandshakeTimeout)
		defer cancel()
		if err := secure.HandshakeContext(shake); err != nil {
			raw.Close()
			return nil, err
		}
		c.Conn = secure
	}
	c.in = bufio.NewReaderSize(c.Conn, nethttp.MaxHeaderBytes)
	return c, nil
}

// begin forgets the last request.
func (c *conn) begin() {
	c.used++
	c.wrote, c.keepable = 0, false
	c.answered.Store(false)
}

func (c *conn) write(p []byte) error {
	n, err := c.Conn.Write(p)
	c.wrote += int64(n)
	return err
}

// writeBoth writes two pieces by one call of the system.
func (c *conn) writeBoth(a, b []byte) error {
	c.pieces = append(c.pair[:0], a, b)
	n, err := c.pieces.WriteTo(c.tcp)
	c.wrote += n
	return err
}

// reset ends the connection at once, whoever uses it.
func (c *conn) reset() {
	if t, ok := c.tcp.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	c.tcp.Close()
}

// interrupt has a write under way fail, and those that would follow.
func (c *conn) interrupt() { c.Conn.SetWriteDeadline(time.Unix(1, 0)) }
