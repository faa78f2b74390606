package http1

import (
	"slices"
	"sync"
	"time"

	"github.com/bucketline/bucketline/driver/nethttp"
)

// pool is the idle connections, the one used last at the end.
type pool struct {
	most int

	mu     sync.Mutex
	conns  []*conn
	timer  *time.Timer // closes what has been idle for too long; nil: none is
	closed bool
}

// take returns the connection to an origin that was used last, or nil.
func (p *pool) take(to origin) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.conns) - 1; i >= 0; i-- {
		if c := p.conns[i]; c.origin == to {
			p.conns = slices.Delete(p.conns, i, i+1)
			return c
		}
	}
	return nil
}

// give keeps c, and lets go of the one that was idle for longest if that makes
// too many.
func (p *pool) give(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.Close()
		return
	}
	if len(p.conns) >= p.most {
		p.conns[0].Close()
		p.conns = slices.Delete(p.conns, 0, 1)
	}
	c.idleFrom = time.Now()
	p.conns = append(p.conns, c)
	if p.timer == nil {
		p.timer = time.AfterFunc(nethttp.IdleTimeout, p.expire)
	}
}

// expire closes what has been idle for too long.
func (p *pool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := time.Now().Add(-nethttp.IdleTimeout)
	p.conns = slices.DeleteFunc(p.conns, func(c *conn) bool {
		if c.idleFrom.After(old) {
			return false
		}
		c.Close()
		return true
	})
	if len(p.conns) == 0 {
		p.timer = nil
		return
	}
	p.timer.Reset(time.Until(p.conns[0].idleFrom.Add(nethttp.IdleTimeout)))
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
	if p.timer != nil {
		p.timer.Stop()
	}
}
