package harness

import (
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/webdriver"
)

// LoginState is what the page's login says of itself.
type LoginState struct {
	Subject       string   // empty: nobody is signed in
	Identity      string   // as for shareCredentials
	Events        []string // those of other tabs end in " elsewhere"
	RefreshTokens []string // which were sent: names for them, not the tokens
}

// Answer is what a step of a login gives: Value, or Error.
type Answer struct {
	Value string
	Error *Failure
}

// CreateLogin makes the page's login at the provider of a dev stack. What o has
// comes on top.
func (p *Page) CreateLogin(e devstack.Endpoints, url string, o Options) {
	p.t.Helper()
	all := Options{"issuer": e.Issuer, "clientId": e.ClientID, "redirectUri": url, "scope": "openid offline_access"}
	for name, value := range o {
		all[name] = value
	}
	p.Do("login.create", all)
}

// HandleRedirect takes the answer out of the page's address.
func (p *Page) HandleRedirect() Answer { p.t.Helper(); return call[Answer](p, "login.handleRedirect") }

// IDToken gives a name for the ID token that the login has.
func (p *Page) IDToken() Answer { p.t.Helper(); return call[Answer](p, "login.idToken") }

// Login says what the page's login is like.
func (p *Page) Login() LoginState { p.t.Helper(); return call[LoginState](p, "login.state") }

// UntilLogin waits until the page's login is as wanted.
func (p *Page) UntilLogin(what string, within time.Duration, wanted func(LoginState) bool) LoginState {
	p.t.Helper()
	var l LoginState
	p.s.WaitUntil(what, within, func() bool {
		l = p.Login()
		return wanted(l)
	})
	return l
}

// SignIn signs a user in by redirect, through the provider's own form, and
// leaves the page as a login left it: with somebody signed in.
func (p *Page) SignIn(e devstack.Endpoints, url, user string, o Options) {
	p.t.Helper()
	p.CreateLogin(e, url, o)
	p.s.Run("setTimeout(() => harness.login.signIn(false))")
	FillSignIn(p.t, p.s, e, user)
	p.Await()
	p.CreateLogin(e, url, o)
	if a := p.HandleRedirect(); a.Error != nil || a.Value != "signedIn" {
		p.t.Fatalf("sign %s in: %q, %v", user, a.Value, a.Error)
	}
}

// FillSignIn fills in the provider's form and sends it.
func FillSignIn(t testing.TB, s *webdriver.Session, e devstack.Endpoints, user string) {
	t.Helper()
	s.WaitURL(e.Issuer)
	name := s.Find("#user").Wait()
	if webdriver.Property[string](name, "value") == "" {
		name.Type(user)
	}
	for _, u := range e.Users {
		if u.Name == user {
			s.Find("#password").Type(u.Password)
		}
	}
	s.Find("button[type=submit]").Click()
}
