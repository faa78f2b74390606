package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// maxProviderAnswer bounds what is read of an identity provider's answer, in
	// bytes. Key sets are the largest, of some KiB.
	maxProviderAnswer = 1 << 20

	providerPatience = 30 * time.Second // with one answer
)

// providerTransport carries requests to an identity provider: over https or
// within this computer, with bounded answers. It notes what time it is there.
type providerTransport struct {
	next http.RoundTripper
	time func() time.Time

	mu   sync.Mutex
	skew time.Duration // the provider's clock minus ours
}

// newProviderClient returns a client and its transport. A form is not sent on to
// where an answer redirects: it holds a code, a secret or a token.
func newProviderClient(next http.RoundTripper, now func() time.Time) (*http.Client, *providerTransport) {
	t := &providerTransport{next: next, time: now}
	return &http.Client{
		Transport: t,
		Timeout:   providerPatience,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if via[0].Method != http.MethodGet || len(via) >= 5 {
				return errors.New("it sends on to somewhere else")
			}
			return nil
		},
	}, t
}

// RoundTrip implements http.RoundTripper.
func (t *providerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := notInClear(r.URL); err != nil {
		return nil, err
	}
	sent := t.time()
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, maxProviderAnswer)
	// A cache in between gives the date at which it was filled, but never answers
	// a form (RFC 9111, sections 2 and 5.1).
	if r.Method == http.MethodPost && answer.Header.Get("Age") == "" {
		if skew, ok := skewOf(answer.Header.Get("Date"), sent, t.time()); ok {
			t.mu.Lock()
			t.skew = skew
			t.mu.Unlock()
		}
	}
	return answer, nil
}

// now is what time it is at the provider.
func (t *providerTransport) now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.time().Add(t.skew)
}

// skewOf is how far the clock behind an answer's Date is ahead of ours. The
// date was cut to its second between sent and received.
func skewOf(date string, sent, received time.Time) (time.Duration, bool) {
	at, err := http.ParseTime(date)
	if err != nil || received.Before(sent) {
		return 0, false
	}
	middle := sent.Add(received.Sub(sent) / 2)
	return at.Add(time.Second / 2).Sub(middle), true
}

// notInClear refuses to send codes and tokens in clear to another machine
// (OpenID Connect Core 1.0, section 16.17).
func notInClear(u *url.URL) error {
	switch {
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		return errors.New("it is not https://host[:port][/path]")
	case u.Scheme == "http" && !ofThisComputer(u.Hostname()):
		return fmt.Errorf("http://%s is not https, and not this computer: the sign-in would travel in clear", u.Host)
	}
	return nil
}

// ofThisComputer reports whether a host cannot be another one (RFC 6761,
// section 6.3).
func ofThisComputer(host string) bool {
	host = strings.ToLower(host)
	address := net.ParseIP(host)
	return address != nil && address.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
