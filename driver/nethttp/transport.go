// Package nethttp is the driver's transport over net/http. It sends a request
// exactly as it is worded (path, query, headers, length), follows no
// redirection, adds nothing that a signature would have to cover, and says of
// a failure which engine.Cause it is. Whether to try again is not its question,
// nor for how long to wait for a store that is silent: a request ends by its
// context.
//
// S3 speaks HTTP/1.1 and spreads load over connections, so that is what is
// spoken, on as many connections as the engine has requests under way.
package nethttp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// Options are a transport's choices. The zero value is for AWS.
type Options struct {
	// Connections is how many idle connections are kept; 0 means
	// engine.DefaultConnections. Fewer than are used at once would have the
	// rest opened anew for each request.
	Connections int

	// RootCAs are the authorities that a store's certificate may come from;
	// nil means the system's.
	RootCAs *x509.CertPool
}

const (
	dialTimeout = 15 * time.Second

	// HandshakeTimeout is how long TLS may take to begin.
	HandshakeTimeout = 15 * time.Second

	// IdleTimeout is how long a connection is kept that nothing goes over.
	IdleTimeout = 90 * time.Second

	// MaxHeaderBytes bounds the header of an answer. Metadata, the longest that
	// is in one, has 2 KB with S3.
	MaxHeaderBytes = 16 << 10

	// askTimeout bounds an exchange that no engine watches over.
	askTimeout = time.Minute
)

// userAgent names us in the store's logs. It is not signed.
const userAgent = "bucketline"

// Transport implements driver.Transport. Use New.
type Transport struct{ http http.Transport }

// New returns a transport. The environment's proxies are honoured (HTTPS_PROXY,
// HTTP_PROXY, NO_PROXY), except for names of this machine.
func New(o Options) *Transport {
	if o.Connections == 0 {
		o.Connections = engine.DefaultConnections
	}
	t := new(Transport)
	t.http.DialContext = new(dialer).dial
	t.http.Proxy = proxy
	t.http.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs}
	t.http.TLSHandshakeTimeout = HandshakeTimeout
	t.http.Protocols = new(http.Protocols)
	t.http.Protocols.SetHTTP1(true)
	t.http.MaxIdleConnsPerHost = o.Connections
	t.http.IdleConnTimeout = IdleTimeout
	t.http.DisableCompression = true
	t.http.MaxResponseHeaderBytes = MaxHeaderBytes
	return t
}

// TLS returns how connections are secured. The caller does not change it.
func (t *Transport) TLS() *tls.Config { return t.http.TLSClientConfig }

// Connections returns how many idle connections are kept.
func (t *Transport) Connections() int { return t.http.MaxIdleConnsPerHost }

// Client returns an HTTP client on the same connections, certificates and
// names, for what is not S3: an identity provider. It follows redirections, and
// waits for a minute at most.
func (t *Transport) Client() *http.Client {
	return &http.Client{Transport: &t.http, Timeout: askTimeout}
}

// Close closes the idle connections.
func (t *Transport) Close() { t.http.CloseIdleConnections() }

// Send implements driver.Transport.
func (t *Transport) Send(ctx context.Context, r *s3.Request, body *driver.Body) (driver.Answer, error) {
	req, err := t.word(r)
	if err != nil {
		return driver.Answer{}, &driver.BrokeError{Cause: engine.CauseUnreachable, Err: err}
	}
	req.ContentLength = body.Size()
	var answer driver.Answer
	for range t.http.MaxIdleConnsPerHost + 1 {
		attempt := attempt{repeatable: r.Method != http.MethodPost}
		if body.Size() > 0 {
			attempt.body = body.Reader()
			attempt.closed = make(chan struct{})
			req.Body = &attempt
		}
		answer, err = t.attempt(ctx, &attempt, req)
		// net/http may still read the body after an early answer or an error;
		// it closes it when it no longer does.
		if attempt.closed != nil {
			<-attempt.closed
		}
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil || Cause(err) != engine.CauseUnreachable || !attempt.stale() {
			break
		}
	}
	return driver.Answer{}, &driver.BrokeError{Cause: Cause(err), Err: err}
}

// attempt sends req once. When ctx ends, the connection is told how to end
// before net/http ends it.
func (t *Transport) attempt(ctx context.Context, a *attempt, req *http.Request) (driver.Answer, error) {
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		a.breakOff()
		cancel(context.Cause(ctx))
	})()
	return t.exchange(a.trace(inner), req)
}

// Post sends a form and returns the answer, for the exchanges of package
// cred/sts. It is to the transport what Send is, for a request that no engine
// asked for, and waits for a minute at most.
func (t *Transport) Post(ctx context.Context, to, contentType string, form []byte) (driver.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(form))
	if err != nil {
		return driver.Answer{}, &driver.BrokeError{Cause: engine.CauseUnreachable, Err: err}
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", userAgent)
	answer, err := t.exchange(ctx, req)
	if err != nil {
		return driver.Answer{}, &driver.BrokeError{Cause: Cause(err), Err: err}
	}
	return answer, nil
}

// word makes an *http.Request of r that net/http writes as it is. It copies
// every string: r is worded anew as soon as it has ended, which may be before
// net/http has let go of what it broke off.
func (t *Transport) word(r *s3.Request) (*http.Request, error) {
	whole := string(r.AppendURL(nil))
	before := len(r.Scheme) + len("://") + len(r.Host)
	host, rawPath, query := whole[before-len(r.Host):before], whole[before:before+len(r.Path)], ""
	if rest := whole[before+len(r.Path):]; rest != "" {
		query = rest[len("?"):]
	}
	path, err := url.PathUnescape(rawPath)
	switch {
	case err != nil:
		return nil, err
	case !strings.HasPrefix(rawPath, "/"):
		return nil, fmt.Errorf("path %q is not absolute", rawPath)
	}
	u := &url.URL{Scheme: r.Scheme, Host: host, Path: path, RawPath: rawPath, RawQuery: query}
	if u.EscapedPath() != rawPath {
		return nil, fmt.Errorf("path %q is not percent-encoded", rawPath)
	}
	header := make(http.Header, len(r.Header)+2)
	for _, f := range r.Header {
		header.Add(strings.Clone(f.Name), strings.Clone(f.Value))
	}
	if len(r.Authorization) > 0 {
		header.Set("Authorization", string(r.Authorization))
	}
	header.Set("User-Agent", userAgent)
	return &http.Request{
		Method: r.Method, URL: u, Host: host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// exchange sends req and reads all of its answer.
func (t *Transport) exchange(ctx context.Context, req *http.Request) (driver.Answer, error) {
	res, err := t.http.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return driver.Answer{}, err
	}
	defer res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 599 {
		return driver.Answer{}, fmt.Errorf("answer has HTTP status %d", res.StatusCode)
	}
	a := driver.Answer{Status: res.StatusCode, Header: make([]s3.Field, 0, len(res.Header))}
	for name, values := range res.Header {
		for _, v := range values {
			a.Header = append(a.Header, s3.Field{Name: name, Value: v})
		}
	}
	for {
		if len(a.Body) == cap(a.Body) {
			a.Body = append(a.Body, make([]byte, max(512, len(a.Body)))...)[:len(a.Body)]
		}
		n, err := res.Body.Read(a.Body[len(a.Body):cap(a.Body)])
		a.Body = a.Body[:len(a.Body)+n]
		if len(a.Body) > engine.MaxAnswerBytes {
			return driver.Answer{}, ErrTooLarge
		}
		if err == io.EOF {
			return a, nil
		}
		if err != nil {
			return driver.Answer{}, err
		}
	}
}
