package stub

import (
	"net"
	"time"
)

// Model is how a store is to be reached. The zero value is as fast as it gets.
type Model struct {
	Delay          time.Duration // before each answer, a preflight's included
	BytesPerSecond int64         // that a connection takes; 0: as many as come
}

// WAN is a store that is far away: 40 ms, and 50 Mbit/s for each connection.
var WAN = Model{Delay: 40 * time.Millisecond, BytesPerSecond: 6_250_000}

const (
	// paced is how many bytes a paced connection takes at once.
	paced = 16 << 10

	// buffered is how many more the system may take ahead of a paced connection.
	buffered = 64 << 10
)

type listener struct {
	net.Listener
	server *Server
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.server.mu.Lock()
	l.server.seen.Connections++
	l.server.mu.Unlock()
	rate := l.server.model.BytesPerSecond
	if rate == 0 {
		return c, nil
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(buffered) // without it the pace is only a little less even
	}
	return &pacedConn{Conn: c, rate: rate}, nil
}

// pacedConn takes rate bytes a second. What it did not take while nothing came
// it does not make up for.
type pacedConn struct {
	net.Conn
	rate int64
	free time.Time // when what was read so far has been paid for
}

func (c *pacedConn) Read(into []byte) (int, error) {
	time.Sleep(time.Until(c.free))
	n, err := c.Conn.Read(into[:min(len(into), paced)])
	// A sleep that was too long is made up for, up to 10 ms.
	if late := time.Now().Add(-10 * time.Millisecond); c.free.Before(late) {
		c.free = late
	}
	c.free = c.free.Add(time.Duration(n) * time.Second / time.Duration(c.rate))
	return n, err
}
