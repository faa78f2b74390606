package provider

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/bucketline/bucketline/cred/exchange"
)

// askTimeout bounds one request.
const askTimeout = 30 * time.Second

// userAgent names us in the services' logs. It is not signed.
const userAgent = "bucketline"

// transport sends requests to services that give out credentials.
type transport struct{ client http.Client }

func newTransport(o Options) *transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs}
	t.Proxy = proxy
	return &transport{http.Client{
		Transport: t,
		Timeout:   askTimeout,
		// A redirection would take the token to where nobody meant it to go.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// proxy is the environment's, but for this machine and for the addresses of a
// container, which no proxy can reach for us.
func proxy(r *http.Request) (*url.URL, error) {
	host := r.URL.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return nil, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsPrivate()) {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

// brokenError says that there was no answer, or none that was whole.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }

func (e *brokenError) Unwrap() error { return e.err }

// answer is an answer, whole.
type answer struct {
	status int
	body   []byte
	date   time.Time // of the service; zero if it does not say
}

// skew is how far the service's clock is ahead of ours, once that matters.
func (a *answer) skew(now time.Time) (time.Duration, bool) {
	const least = time.Minute
	ahead := a.date.Sub(now)
	return ahead, !a.date.IsZero() && (ahead > least || ahead < -least)
}

// send sends r. Its errors name the URL without its query, and nothing else of
// the request.
func (t *transport) send(ctx context.Context, r exchange.Request) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return answer{}, errors.New("the endpoint is not a URL")
	}
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	for _, f := range r.Header {
		if f.Name != "host" {
			req.Header.Set(f.Name, f.Value)
		}
	}
	req.Header.Set("User-Agent", userAgent)
	res, err := t.client.Do(req)
	if err != nil {
		var sending *url.Error
		if errors.As(err, &sending) {
			err = sending.Err // it quotes the URL with its query
		}
		return answer{}, &brokenError{err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, exchange.MaxAnswer+1))
	if err != nil {
		return answer{}, &brokenError{err}
	}
	date, _ := http.ParseTime(res.Header.Get("Date"))
	return answer{status: res.StatusCode, body: body, date: date}, nil
}
