// Package http1 is the driver's transport for stores that are reached directly:
// HTTP/1.1 over connections of its own, with hardly any garbage. What net/http
// spends on a request is more than a small file costs otherwise. Answers are
// read by fasthttp's parser.
//
// What goes through a proxy is carried by net/http all the same: see
// [Transport.Send]. Both do the same, which package transporttest holds them to.
// Why there are two stands in docs/decisions/0019-http1.md.
//
// It decides nothing: it sends a request as it is worded, follows no redirection,
// adds nothing that a signature would have to cover, and ends a request by its
// context alone.
package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/nethttp"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// userAgent names us in the store's logs, as that of package nethttp does.
const userAgent = "bucketline"

// Transport implements driver.Transport. Use New.
type Transport struct {
	general *nethttp.Transport
	tls     *tls.Config
	idle    pool

	mu      sync.Mutex
	proxied map[origin]bool // what was asked about each origin
}

// origin is what connections are kept for.
type origin struct{ scheme, host string }

// New returns a transport that connects as general does, keeps as many idle
// connections, and gives general what it does not carry itself. Close ends both.
func New(general *nethttp.Transport) *Transport {
	return &Transport{
		general: general,
		tls:     general.TLS(),
		idle:    pool{most: general.Connections()},
		proxied: make(map[origin]bool),
	}
}

// Close closes the idle connections.
func (t *Transport) Close() {
	t.idle.close()
	t.general.Close()
}

// Send implements driver.Transport. net/http carries what goes through a proxy,
// by HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment, and everything
// where there is no Unix.
func (t *Transport) Send(ctx context.Context, r *s3.Request, body *driver.Body) (driver.Answer, error) {
	to := origin{r.Scheme, r.Host}
	if !looks || t.goesByProxy(to) {
		return t.general.Send(ctx, r, body)
	}
	if err := checkTarget(r.Path); err != nil {
		return driver.Answer{}, &driver.BrokeError{Cause: engine.CauseUnreachable, Err: err}
	}
	x := exchange{request: r, body: body, idempotent: r.Method != "POST"}
	for range t.idle.most + 1 {
		c, err := t.take(ctx, to)
		if err != nil {
			return driver.Answer{}, broke(ctx, err)
		}
		answer, err := x.over(ctx, c)
		if err == nil {
			if c.keepable {
				t.idle.give(c)
			} else {
				c.Close()
			}
			return answer, nil
		}
		c.Close()
		if ctx.Err() != nil || nethttp.Cause(err) != engine.CauseUnreachable || !x.stale(c) {
			return driver.Answer{}, broke(ctx, err)
		}
	}
	return driver.Answer{}, broke(ctx, errStale)
}

var errStale = errors.New("every kept connection was closed by the store")

// broke says what kind of failure err is. What a context did to a connection is
// not what happened to it.
func broke(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &driver.BrokeError{Cause: engine.CauseUnreachable, Err: context.Cause(ctx)}
	}
	return &driver.BrokeError{Cause: nethttp.Cause(err), Err: err}
}

func (t *Transport) goesByProxy(to origin) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	by, known := t.proxied[to]
	if !known {
		by = nethttp.Proxied(to.scheme, to.host)
		t.proxied[origin{string(append([]byte(nil), to.scheme...)), string(append([]byte(nil), to.host...))}] = by
	}
	return by
}

// checkTarget refuses a path that would not be sent as it was signed, or would
// end the line that it stands in.
func checkTarget(path string) error {
	if path == "" || path[0] != '/' {
		return fmt.Errorf("path %q is not absolute", path)
	}
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c <= ' ' || c >= 0x7f || c == '?' || c == '#':
			return fmt.Errorf("path %q is not percent-encoded", path)
		case c == '%' && (i+2 >= len(path) || !hexadecimal(path[i+1]) || !hexadecimal(path[i+2])):
			return fmt.Errorf("path %q: %w", path, url.EscapeError(path[i:min(i+3, len(path))]))
		}
	}
	return nil
}

func hexadecimal(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

var errField = errors.New("a header has a character that ends its line")

// appendHead appends the request up to its body.
func appendHead(dst []byte, r *s3.Request, length int64) ([]byte, error) {
	dst = append(append(dst, r.Method...), ' ')
	dst = r.AppendTarget(dst)
	dst = append(append(dst, " HTTP/1.1\r\nHost: "...), r.Host...)
	dst = append(dst, "\r\nUser-Agent: "+userAgent+"\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, length, 10)
	if len(r.Authorization) > 0 {
		dst = append(append(dst, "\r\nAuthorization: "...), r.Authorization...)
	}
	for _, f := range r.Header {
		if breaksLine(f.Name) || breaksLine(f.Value) {
			return dst, errField
		}
		dst = append(append(append(append(dst, "\r\n"...), f.Name...), ": "...), f.Value...)
	}
	return append(dst, "\r\n\r\n"...), nil
}

func breaksLine(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '\r' || s[i] == '\n' || s[i] == 0 {
			return true
		}
	}
	return false
}
