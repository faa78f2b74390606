package devstack

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// maxBrowsers bounds the browsers that are remembered; the oldest is forgotten
// for a new one.
const maxBrowsers = 1000

// browsers remembers who has signed in in which browser, by a cookie, so that a
// client can ask without anybody being asked: prompt=none. A sign-in that does
// not say so gets the form all the same, so that people, and tests, choose who
// they are each time.
type browsers struct {
	cookie string // its name
	secure bool

	mu    sync.Mutex
	known map[string]browser // by the cookie's value
}

type browser struct {
	subject string
	since   time.Time
}

// newBrowsers names the cookie after the issuer's port, since cookies are shared
// by all ports of a host (RFC 6265, section 8.5).
func newBrowsers(issuer string, secure bool) *browsers {
	name := "bucketline-dev"
	if u, err := url.Parse(issuer); err == nil {
		name += "-" + u.Port()
	}
	return &browsers{cookie: name, secure: secure, known: make(map[string]browser)}
}

// remember sets the cookie for a person who has just signed in. One that was
// there is worth nothing any more.
func (b *browsers) remember(w http.ResponseWriter, r *http.Request, subject string) {
	id := rand.Text()
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, err := r.Cookie(b.cookie); err == nil {
		delete(b.known, old.Value)
	}
	makeRoom(b.known, maxBrowsers, func(one browser) time.Time { return one.since })
	b.known[id] = browser{subject, time.Now()}
	// Lax: a client's page may send people here, and its frames of the same site.
	http.SetCookie(w, &http.Cookie{Name: b.cookie, Value: id, Path: "/", HttpOnly: true, Secure: b.secure, SameSite: http.SameSiteLaxMode})
}

// subject is who has signed in in the browser with that cookie, or empty.
func (b *browsers) subject(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	one, ok := b.known[id]
	if !ok || time.Since(one.since) > grantLife {
		delete(b.known, id)
		return ""
	}
	return one.subject
}

func (b *browsers) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.known, id)
}

// browserKey is under what a request's context has the cookie's value.
type browserKey struct{}

// with puts the cookie's value into the contexts of h's requests, where the
// grants find it.
func (b *browsers) with(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(b.cookie); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), browserKey{}, c.Value))
		}
		h.ServeHTTP(w, r)
	})
}

func browserOf(ctx context.Context) string {
	id, _ := ctx.Value(browserKey{}).(string)
	return id
}

// silently signs s in without asking anybody, if it has to be so: prompt=none
// (OpenID Connect Core 1.0, section 3.1.2.1). With a login_hint it is that
// person or nobody.
func (g *grants) silently(ctx context.Context, s *signIn) error {
	if !slices.Contains(s.Prompt, oidc.PromptNone) {
		return nil
	}
	subject := g.browsers.subject(browserOf(ctx))
	if subject == "" || (s.LoginHint != "" && s.LoginHint != subject) {
		return oidc.ErrLoginRequired()
	}
	s.subject, s.signed = subject, time.Now()
	return nil
}

// SignOut ends what everybody called name has allowed clients, and forgets in
// which browsers they are: as when an administrator ends a session. ID tokens
// and temporary credentials live until their end.
func (s *Stack) SignOut(name string) {
	for _, u := range s.endpoints.Users {
		if u.Name == name {
			s.provider.grants.endAll(u.Subject)
		}
	}
}

func (g *grants) endAll(subject string) {
	g.mu.Lock()
	for id, given := range g.given {
		if given.subject == subject {
			delete(g.given, id)
		}
	}
	g.mu.Unlock()
	g.browsers.mu.Lock()
	defer g.browsers.mu.Unlock()
	for id, one := range g.browsers.known {
		if one.subject == subject {
			delete(g.browsers.known, id)
		}
	}
}

// isSilent says that a sign-in needs no form.
func (s *signIn) isSilent() bool {
	return s.Done() && slices.Contains(s.Prompt, oidc.PromptNone)
}
