package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// tokenRequests counts what the provider's token endpoint answered.
func (s *stack) tokenRequests() (good, refused int) {
	for _, r := range s.requests.of("issuer", "/oauth/token") {
		if r.status == 200 {
			good++
		} else {
			refused++
		}
	}
	return good, refused
}

// ID tokens that live 4 s are renewed before they end, though nobody asks for
// one, each time with the refresh token that the last renewal brought.
func TestSignIn_silentRenewal_rotatesRefreshTokens(t *testing.T) {
	s := startStack(t, devstack.Config{IDTokenLife: 4 * time.Second})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		p.SignIn(s.Endpoints, s.harness(), "alice", nil)
		first := p.IDToken()
		l := p.UntilLogin("three renewals", time.Minute, func(l harness.LoginState) bool {
			return len(slices.DeleteFunc(slices.Clone(l.Events), func(e string) bool { return e != "renewed" })) >= 3
		})
		if slices.Contains(l.Events, "signInNeeded") || l.Subject != "alice" {
			t.Errorf("%s is signed in, after %q", l.Subject, l.Events)
		}
		sent := slices.Clone(l.RefreshTokens)
		slices.Sort(sent)
		if len(sent) < 3 || len(slices.Compact(sent)) != len(l.RefreshTokens) {
			t.Errorf("the refresh tokens %q were sent, want at least three and none twice", l.RefreshTokens)
		}
		if now := p.IDToken(); now.Error != nil || now.Value == first.Value {
			t.Errorf("the ID token is %q, %v; it was %q", now.Value, now.Error, first.Value)
		}
		if url := b.URL(); url != s.harness() {
			t.Errorf("the address is %s, want no trace of the sign-in", url)
		}
	})
	t.Cleanup(func() {
		if good, refused := s.tokenRequests(); refused > 0 || good < 12 {
			t.Errorf("the provider gave tokens %d times and refused %d times", good, refused)
		}
	})
}

// When the provider has ended the session the page says so, once, and a further
// sign-in goes on.
func TestSignIn_endedSession_isSaidOnceAndMended(t *testing.T) {
	s := startStack(t, devstack.Config{IDTokenLife: 4 * time.Second})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		p.SignIn(s.Endpoints, s.harness(), "alice", nil)
		s.SignOut("alice")
		p.UntilLogin("the end of the session", time.Minute, func(l harness.LoginState) bool {
			return slices.Contains(l.Events, "signInNeeded")
		})
		b.WaitUntil("the ID token to end", time.Minute, func() bool {
			a := p.IDToken()
			return a.Error != nil && a.Error.Code == "SignInNeeded"
		})
		if l := p.Login(); l.Subject != "alice" || strings.Count(strings.Join(l.Events, " "), "signInNeeded") != 1 {
			t.Errorf("%s is signed in, after %q", l.Subject, l.Events)
		}
		p.SignIn(s.Endpoints, s.harness(), "alice", nil)
		if a := p.IDToken(); a.Error != nil {
			t.Errorf("after signing in again: %v", a.Error)
		}
	})
}

// A provider that gives no refresh token is asked in a frame; page and provider
// are of one site here, so browsers send its cookie.
func TestSignIn_withoutRefreshToken_aFrameRenews(t *testing.T) {
	s := startStack(t, devstack.Config{IDTokenLife: 4 * time.Second})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		o := harness.Options{"scope": "openid", "frameRedirectUri": s.harness()}
		p := harness.Open(t, b, s.harness())
		p.SignIn(s.Endpoints, s.harness(), "alice", o)
		l := p.UntilLogin("two renewals", time.Minute, func(l harness.LoginState) bool {
			return strings.Count(strings.Join(l.Events, " "), "renewed") >= 2
		})
		if len(l.RefreshTokens) > 0 {
			t.Errorf("refresh tokens %q were sent, and there are none", l.RefreshTokens)
		}
		b.WaitUntil("the frames to be gone", 10*time.Second, func() bool {
			return webdriver.Eval[int](b, `return document.querySelectorAll("iframe").length`) == 0
		})
		s.SignOut("alice")
		p.UntilLogin("the end of the session", time.Minute, func(l harness.LoginState) bool {
			return slices.Contains(l.Events, "signInNeeded")
		})
	})
}

// A page that has just been opened can ask whether somebody is signed in.
func TestSignIn_silently_asksNobody(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		s.SignOut("alice") // an earlier browser's session may be this one's
		p := harness.Open(t, b, s.harness())
		silently := func() harness.Answer {
			t.Helper()
			p.CreateLogin(s.Endpoints, s.harness(), nil)
			b.Run("setTimeout(() => harness.login.signIn(true))")
			b.WaitURL("state=")
			p.Await()
			p.CreateLogin(s.Endpoints, s.harness(), nil)
			return p.HandleRedirect()
		}
		if a := silently(); a.Error != nil || a.Value != "notSignedIn" || p.Login().Subject != "" {
			t.Errorf("before anybody has signed in: %q, %v", a.Value, a.Error)
		}
		p.SignIn(s.Endpoints, s.harness(), "alice", nil)
		b.Reload()
		p.Await()
		if a := silently(); a.Error != nil || a.Value != "signedIn" || p.Login().Subject != "alice" {
			t.Errorf("after a reload: %q, %v", a.Value, a.Error)
		}
	})
}

// Who signs out in one tab is signed out in the others, and nobody else is.
func TestSignOut_isForAllTabsOfThePerson(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		p.SignIn(s.Endpoints, s.harness(), "alice", nil)
		first := b.Window()
		tab := func(user string) (webdriver.Window, *harness.Page) {
			t.Helper()
			w := b.NewTab()
			q := harness.Open(t, b, s.harness())
			q.SignIn(s.Endpoints, s.harness(), user, nil)
			return w, q
		}
		second, q := tab("alice")
		third, r := tab("bob")
		b.Switch(first)
		b.Run("setTimeout(() => harness.login.signOut())")
		p.Await() // it comes back from the provider's own sign-out
		b.WaitUntil("the page to be back", 10*time.Second, func() bool { return strings.HasPrefix(b.URL(), s.Page) })
		b.Switch(second)
		l := q.UntilLogin("the second tab to hear", 10*time.Second, func(l harness.LoginState) bool { return l.Subject == "" })
		if !slices.Contains(l.Events, "signedOut elsewhere") {
			t.Errorf("the second tab heard %q", l.Events)
		}
		if a := q.IDToken(); a.Error == nil || a.Error.Code != "SignInNeeded" {
			t.Errorf("the second tab still has an ID token: %v", a.Error)
		}
		b.Switch(third)
		if l := r.Login(); l.Subject != "bob" {
			t.Errorf("the third tab has %q signed in, after %q, want bob", l.Subject, l.Events)
		}
	})
}
