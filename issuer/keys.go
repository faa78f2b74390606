package issuer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	// keysPause is the least time between two requests for the same document of
	// the provider, whatever its answer was. A key that has come into use is
	// known after this at the latest.
	keysPause = 10 * time.Second

	// keysAge is how long keys are used without asking whether they still hold:
	// as long as that, a key that the provider has withdrawn is believed.
	keysAge = 15 * time.Minute

	// keysStale is how long keys are used when the provider does not answer.
	keysStale = 4 * time.Hour

	// maxDocument bounds a document of the provider, in bytes. A key has some
	// 400, and 3,000 with its certificates.
	maxDocument = 1 << 20
)

// errFetch is what every failure to get a document of the provider is.
var errFetch = errors.New("the OpenID provider")

// keys are the provider's, found by discovery (OpenID Connect Discovery 1.0,
// section 4) and asked for when a token first needs them. go-oidc keeps them
// and asks again for a key ID that it does not know; this adds that they age.
type keys struct {
	issuer string
	now    func() time.Time
	client *http.Client // over the library

	mu      sync.Mutex
	address string // jwks_uri; empty before discovery
	fresh   *oidc.RemoteKeySet
	born    time.Time // when fresh was made
	proven  bool      // fresh has verified a token
	stale   *oidc.RemoteKeySet
	asked   time.Time // when stale was last known to hold
}

func newKeys(c *Config) *keys {
	client := *c.Client
	transport := client.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	client.Transport = &library{transport: transport, now: c.Now, shelf: map[string]*document{}}
	client.Timeout = keysTimeout
	return &keys{issuer: c.Issuer, now: c.Now, client: &client}
}

// VerifySignature implements oidc.KeySet. A failure to get the keys is also told
// to the fetching in ctx.
func (k *keys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	fresh, stale, err := k.sets(ctx)
	if err != nil {
		fetchFailed(ctx, err)
		return nil, err
	}
	payload, err := fresh.VerifySignature(ctx, token)
	switch {
	case err == nil:
		k.prove(fresh)
		return payload, nil
	case !unfetched(err):
		return nil, err
	case stale == nil:
		fetchFailed(ctx, err)
		return nil, err
	}
	payload, staleErr := stale.VerifySignature(ctx, token)
	if staleErr != nil {
		// The token may be good by a key that we could not ask for.
		fetchFailed(ctx, err)
	}
	return payload, staleErr
}

// unfetched reports that a key set failed to get its keys, rather than refused a
// signature: every failure of the library is errFetch, and whoever waited for
// somebody else's request in vain has the error of the context.
func unfetched(err error) bool {
	return errors.Is(err, errFetch) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// sets returns the keys to use, and those of before as long as the new ones
// have not been seen to work.
func (k *keys) sets(ctx context.Context) (fresh, stale *oidc.RemoteKeySet, err error) {
	address, err := k.discover(ctx)
	if err != nil {
		return nil, nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if k.fresh != nil && now.Sub(k.born) >= keysAge {
		if k.proven {
			k.stale, k.asked = k.fresh, k.born
		}
		k.fresh = nil
	}
	if k.fresh == nil {
		k.fresh = oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), k.client), address)
		k.born, k.proven = now, false
	}
	if k.stale != nil && now.Sub(k.asked) >= keysStale {
		k.stale = nil
	}
	return k.fresh, k.stale, nil
}

// prove drops the keys of before, once those that replaced them work.
func (k *keys) prove(set *oidc.RemoteKeySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fresh == set {
		k.proven, k.stale = true, nil
	}
}

// discover finds where the keys are, once.
func (k *keys) discover(ctx context.Context) (string, error) {
	k.mu.Lock()
	address := k.address
	k.mu.Unlock()
	if address != "" {
		return address, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.client), k.issuer)
	if err != nil {
		return "", fmt.Errorf("%w: discovery: %w", errFetch, err)
	}
	var found struct {
		Address string `json:"jwks_uri"`
	}
	if err := provider.Claims(&found); err != nil {
		return "", fmt.Errorf("%w: discovery: %w", errFetch, err)
	}
	if err := secureURL(found.Address); err != nil {
		return "", fmt.Errorf("%w: discovery: jwks_uri: %w", errFetch, err)
	}
	k.mu.Lock()
	k.address = found.Address
	k.mu.Unlock()
	return found.Address, nil
}

// ready reports whether the keys can be had, and asks for them if need be.
func (k *keys) ready(ctx context.Context) error {
	address, err := k.discover(ctx)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := k.client.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// A library is the transport for discovery and keys. It bounds what comes, and
// how often it is asked for: whoever sends tokens that nobody signed makes
// go-oidc ask for new keys each time.
type library struct {
	transport http.RoundTripper
	now       func() time.Time

	mu    sync.Mutex
	shelf map[string]*document // by URL; there are two
}

// A document is the last answer to one URL.
type document struct {
	mu     sync.Mutex // held while it is being asked for
	asked  time.Time
	header http.Header
	body   []byte
	err    error
}

// RoundTrip gives the document of before within keysPause, be it an error. All
// who ask while it is being asked for get the same answer.
func (l *library) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	d := l.shelf[r.URL.String()]
	if d == nil {
		d = new(document)
		l.shelf[r.URL.String()] = d
	}
	l.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := l.now(); d.asked.IsZero() || now.Sub(d.asked) >= keysPause || now.Before(d.asked) {
		d.asked = now
		d.header, d.body, d.err = l.ask(r)
	}
	if d.err != nil {
		return nil, d.err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: d.header.Clone(), Body: io.NopCloser(bytes.NewReader(d.body)), ContentLength: int64(len(d.body)),
	}, nil
}

func (l *library) ask(r *http.Request) (http.Header, []byte, error) {
	// Somebody who goes away must not spoil the answer for the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), keysTimeout)
	defer cancel()
	answer, err := l.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errFetch, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%w: %s answers %d", errFetch, r.URL.Redacted(), answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errFetch, err)
	}
	if len(body) > maxDocument {
		return nil, nil, fmt.Errorf("%w: %s has more than %d bytes", errFetch, r.URL.Redacted(), maxDocument)
	}
	return answer.Header, body, nil
}

// fetching tells who verifies a token that it could not be judged, because the
// keys could not be had: go-oidc says so in words alone.
type fetching struct{ failed error }

type fetchingKey struct{}

func (f *fetching) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, fetchingKey{}, f)
}

func fetchFailed(ctx context.Context, err error) {
	if f, ok := ctx.Value(fetchingKey{}).(*fetching); ok {
		f.failed = err
	}
}
