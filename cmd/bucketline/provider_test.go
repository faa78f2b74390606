package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline"
)

// renewOnce writes login as the user's, and renews it.
func renewOnce(t *testing.T, login savedLogin) (bucketline.Credentials, savedLogin, error) {
	t.Helper()
	s := &session{file: t.TempDir() + "/login.json"}
	if err := writeLogin(s.file, login); err != nil {
		t.Fatal(err)
	}
	c, err := s.renew(t.Context())
	kept, reading := readLogin(t.Context(), s.file)
	if reading != nil {
		t.Fatal(reading)
	}
	return c, kept, err
}

// The provider's clock judges its ID tokens, and the STS's its credentials: a
// machine that is a day off, to either side, signs in and goes on as others do.
func TestRenew_whateverTheMachinesClockSays(t *testing.T) {
	for _, ahead := range []time.Duration{-24 * time.Hour, -20 * time.Minute, 0, 20 * time.Minute, 24 * time.Hour} {
		p := newIdentityProvider(t)
		p.ahead = ahead
		sts, asked := newSTS(t, ahead)
		c, kept, err := renewOnce(t, p.loginAt(sts.URL, "first"))
		if err != nil || c.AccessKeyID != "ASIA1" {
			t.Errorf("%v ahead: %v, %v", ahead, c, err)
			continue
		}
		if !kept.secrets.Credentials.lasts(time.Now()) || kept.secrets.Credentials.lasts(time.Now().Add(time.Hour)) {
			t.Errorf("%v ahead: credentials of an hour last now: %v", ahead, kept.secrets.Credentials.lasts(time.Now()))
		}
		other := &session{file: t.TempDir() + "/login.json"}
		writeLogin(other.file, kept)
		if again, err := other.renew(t.Context()); err != nil || again.AccessKeyID != "ASIA1" || len(*asked) != 1 {
			t.Errorf("%v ahead: another process got %v, %v after %d exchanges, want the kept ones", ahead, again, err, len(*asked))
		}
	}
}

// An ID token that has ended by its provider's own clock is refused.
func TestRenew_expiredIDToken(t *testing.T) {
	for _, ahead := range []time.Duration{-24 * time.Hour, 0, 24 * time.Hour} {
		p := newIdentityProvider(t)
		p.ahead = ahead
		sts, asked := newSTS(t, 0)
		p.token = func(url.Values) (int, map[string]any) {
			return http.StatusOK, map[string]any{"access_token": "a", "token_type": "Bearer", "refresh_token": "second", "id_token": p.idToken(t, "cli", -2*time.Second)}
		}
		_, kept, err := renewOnce(t, p.loginAt(sts.URL, "first"))
		if err == nil || !strings.Contains(err.Error(), "has expired already by its own clock") || len(*asked) != 0 {
			t.Errorf("%v ahead: %v, and %d exchanges", ahead, err, len(*asked))
		}
		if kept.secrets.RefreshToken != "second" {
			t.Error("the new refresh token was lost with the bad ID token")
		}
	}
}

// lasts is exact: at leastLife before the end credentials are of no use, and a
// moment before that they are.
func TestSavedCredentials_lastUntil(t *testing.T) {
	end := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		skew int64 // of the STS, in milliseconds
		at   time.Time
		want bool
	}{
		{"a moment before", 0, end.Add(-leastLife - time.Millisecond), true},
		{"too late", 0, end.Add(-leastLife), false},
		{"at the end", 0, end, false},
		{"a slow machine, in time", 86400_000, end.Add(-24*time.Hour - leastLife - time.Millisecond), true},
		{"a slow machine, too late", 86400_000, end.Add(-24*time.Hour - leastLife), false},
		{"a fast machine, in time", -86400_000, end.Add(24*time.Hour - leastLife - time.Millisecond), true},
		{"a fast machine, too late", -86400_000, end.Add(24*time.Hour - leastLife), false},
	} {
		k := savedCredentials{AccessKeyID: "A", Expiration: end, SkewMillis: c.skew}
		if got := k.lasts(c.at); got != c.want {
			t.Errorf("%s: lasts = %v, want %v", c.name, got, c.want)
		}
	}
	if (savedCredentials{Expiration: end}).lasts(end.Add(-time.Hour)) {
		t.Error("credentials that are not there last")
	}
}

func TestSkewOf_dates(t *testing.T) {
	sent := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		date     string
		received time.Time
		want     time.Duration
		ok       bool
	}{
		{"Wed, 25 Nov 2026 12:00:00 GMT", sent.Add(time.Second), 0, true},
		{"Thu, 26 Nov 2026 12:00:01 GMT", sent.Add(3 * time.Second), 24 * time.Hour, true},
		{"Tue, 24 Nov 2026 12:00:00 GMT", sent.Add(time.Second), -24 * time.Hour, true},
		{"Wed, 25 Nov 2026 12:00:00 GMT", sent.Add(-time.Second), 0, false}, // the clock was set in between
		{"yesterday", sent, 0, false},
		{"", sent, 0, false},
	} {
		if got, ok := skewOf(c.date, sent, c.received); got != c.want || ok != c.ok {
			t.Errorf("skewOf(%q, …, %v) = %v, %v, want %v, %v", c.date, c.received, got, ok, c.want, c.ok)
		}
	}
}

// A cache gives the date at which it was filled.
func TestProviderTransport_ignoresTheDateOfACache(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Wed, 25 Nov 2020 12:00:00 GMT")
		if r.URL.Path == "/old" {
			w.Header().Set("Age", "100")
		}
	}))
	defer server.Close()
	for _, c := range []struct {
		method, path string
		want         bool
	}{{http.MethodGet, "/", false}, {http.MethodPost, "/old", false}, {http.MethodPost, "/", true}} {
		client, transport := newProviderClient(http.DefaultTransport, time.Now)
		request, _ := http.NewRequest(c.method, server.URL+c.path, nil)
		if _, err := client.Do(request); err != nil {
			t.Fatal(err)
		}
		if got := transport.now().Year() == 2020; got != c.want {
			t.Errorf("%s %s: its date counts: %v, want %v", c.method, c.path, got, c.want)
		}
	}
}

func TestRenew_refusals(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   func(*identityProvider, *savedLogin)
		want  string
		ended bool
	}{
		{"revoked", func(p *identityProvider, _ *savedLogin) {
			p.token = func(url.Values) (int, map[string]any) { return 400, map[string]any{"error": "invalid_grant"} }
		}, `has ended (invalid_grant): sign in again with "bucketline login"`, true},
		{"another person", func(p *identityProvider, l *savedLogin) { l.Subject = "bob" }, "for another user", true},
		{"nothing to renew with", func(_ *identityProvider, l *savedLogin) { l.secrets.RefreshToken = "" }, "has no token", true},
		{"for another client", func(p *identityProvider, l *savedLogin) {
			p.claim = func(c map[string]any) { c["aud"] = "other" }
		}, "not genuine, or for somebody else", false},
		{"by another client", func(p *identityProvider, l *savedLogin) {
			p.claim = func(c map[string]any) { c["azp"] = "other" }
		}, "not genuine, or for somebody else", false},
		{"for several, by nobody", func(p *identityProvider, l *savedLogin) {
			p.claim = func(c map[string]any) { c["aud"] = []string{"cli", "other"} }
		}, "not genuine, or for somebody else", false},
		{"of another issuer", func(p *identityProvider, l *savedLogin) {
			p.claim = func(c map[string]any) { c["iss"] = "https://evil.example" }
		}, "not genuine, or for somebody else", false},
		{"no ID token", func(p *identityProvider, l *savedLogin) {
			p.token = func(url.Values) (int, map[string]any) {
				return 200, map[string]any{"access_token": "a", "token_type": "Bearer"}
			}
		}, "gave no ID token", false},
		{"overloaded", func(p *identityProvider, l *savedLogin) {
			p.token = func(url.Values) (int, map[string]any) { return 503, map[string]any{} }
		}, "answered with status 503", false},
		{"no token endpoint", func(p *identityProvider, l *savedLogin) {
			p.extra = map[string]any{"token_endpoint": ""}
		}, "its token endpoint cannot be used", false},
		{"a token endpoint in clear", func(p *identityProvider, l *savedLogin) {
			p.extra = map[string]any{"token_endpoint": "http://evil.example/token"}
		}, "not https, and not this computer", false},
		{"no key endpoint", func(p *identityProvider, l *savedLogin) {
			p.extra = map[string]any{"jwks_uri": ""}
		}, "its key endpoint cannot be used", false},
		{"keys that are not there", func(p *identityProvider, l *savedLogin) {
			p.extra = map[string]any{"jwks_uri": p.URL + "/nowhere"}
		}, "keys could not be fetched", false},
	} {
		p := newIdentityProvider(t)
		sts, asked := newSTS(t, 0)
		login := p.loginAt(sts.URL, "first")
		c.set(p, &login)
		_, _, err := renewOnce(t, login)
		var ended endedError
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &ended) != c.ended {
			t.Errorf("%s: %v (ended: %v), want %q (%v)", c.name, err, errors.As(err, &ended), c.want, c.ended)
		}
		if len(*asked) != 0 {
			t.Errorf("%s: the STS was asked", c.name)
		}
	}
}

// What a provider says of an error is shown, but no secret that it repeats, nor
// what would move the cursor.
func TestRenew_noSecretInErrors(t *testing.T) {
	for _, answer := range []func(url.Values) (int, map[string]any){
		func(f url.Values) (int, map[string]any) {
			return 400, map[string]any{"error": "invalid_request", "error_description": "bad token " + f.Get("refresh_token") + " and secret " + f.Get("client_secret")}
		},
		func(f url.Values) (int, map[string]any) {
			return 400, map[string]any{"error": "invalid_grant", "error_description": f.Get("refresh_token")}
		},
		func(f url.Values) (int, map[string]any) {
			return 400, map[string]any{"error": f.Get("refresh_token") + "\x1b[2J" + strings.Repeat("x", 1000)}
		},
		func(f url.Values) (int, map[string]any) { return 500, map[string]any{"oops": f.Get("refresh_token")} },
		func(f url.Values) (int, map[string]any) {
			return 200, map[string]any{"id_token": f.Get("refresh_token")}
		},
		func(f url.Values) (int, map[string]any) {
			return 200, map[string]any{"access_token": "a", "id_token": f.Get("refresh_token") + ".x.y", "refresh_token": "the-next-one"}
		},
	} {
		p := newIdentityProvider(t)
		p.token, p.extra = answer, map[string]any{"token_endpoint_auth_methods_supported": []string{"client_secret_post"}}
		login := p.loginAt("https://sts.example", "the-refresh-token")
		login.secrets.ClientSecret = "the-client-secret"
		_, _, err := renewOnce(t, login)
		if err == nil {
			t.Fatal("no error")
		}
		leaks(t, err.Error(), "the-refresh-token", "the-client-secret", "the-next-one", "\x1b")
		if len(err.Error()) > 1000 {
			t.Errorf("%d bytes of error", len(err.Error()))
		}
	}
}

// A form with a token is not sent on (RFC 9110, section 15.4.8 would have it so).
func TestRenew_formIsNotRedirected(t *testing.T) {
	caught := 0
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { caught++ }))
	defer thief.Close()
	redirect := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer redirect.Close()
	p := newIdentityProvider(t)
	p.extra = map[string]any{"token_endpoint": redirect.URL}
	_, _, err := renewOnce(t, p.loginAt("https://sts.example", "first"))
	if err == nil || !strings.Contains(err.Error(), "sends on to somewhere else") || caught != 0 {
		t.Errorf("%v; the form was sent on %d times", err, caught)
	}
}

// The end of an upload does not break off a refresh: its answer may hold the
// only refresh token that works.
func TestRenew_endsWhole(t *testing.T) {
	p := newIdentityProvider(t)
	sts, _ := newSTS(t, 0)
	ctx, cancel := context.WithCancelCause(t.Context())
	p.token = func(url.Values) (int, map[string]any) {
		cancel(errInterrupted)
		time.Sleep(200 * time.Millisecond)
		return 0, nil
	}
	s := &session{file: t.TempDir() + "/login.json"}
	writeLogin(s.file, p.loginAt(sts.URL, "first"))
	if _, err := s.renew(ctx); !errors.Is(err, errInterrupted) {
		t.Errorf("renew = %v, want interrupted", err)
	}
	kept, err := readLogin(t.Context(), s.file)
	if err != nil || !strings.HasPrefix(kept.secrets.RefreshToken, "refresh-") {
		t.Errorf("the refresh token's successor was lost: %v", err)
	}
}

// A secret goes into the form or the header, as the provider likes.
func TestProvider_clientSecret(t *testing.T) {
	for _, c := range []struct {
		methods []string
		header  bool
	}{{nil, true}, {[]string{"client_secret_basic"}, true}, {[]string{"client_secret_basic", "client_secret_post"}, false}} {
		p := newIdentityProvider(t)
		sts, _ := newSTS(t, 0)
		if c.methods != nil {
			p.extra = map[string]any{"token_endpoint_auth_methods_supported": c.methods}
		}
		p.token = func(f url.Values) (int, map[string]any) { return 200, p.tokens(t, "cli") }
		login := p.loginAt(sts.URL, "first")
		login.secrets.ClientSecret = "s3/cret"
		if _, _, err := renewOnce(t, login); err != nil {
			t.Fatal(err)
		}
		form := p.asked("/token")[0]
		if got := form.Get("basic") == "cli:s3%2Fcret"; got != c.header || (form.Get("client_secret") == "s3/cret") == c.header {
			t.Errorf("methods %q: form %v", c.methods, form)
		}
	}
}

// Google and Cognito refuse offline_access, and say so beforehand.
func TestProvider_scopes(t *testing.T) {
	for _, c := range []struct {
		supported []string
		given     bool
		want      string
	}{
		{nil, false, "openid offline_access"},
		{[]string{"openid", "email"}, false, "openid"},
		{[]string{"openid", "email"}, true, "openid offline_access"},
		{[]string{"openid", "offline_access"}, false, "openid offline_access"},
	} {
		p := &provider{login: &savedLogin{Scopes: []string{"openid", "offline_access"}}, known: metadata{Scopes: c.supported}}
		p.config.Scopes = p.login.Scopes
		p.chooseScopes(c.given)
		if got := strings.Join(p.config.Scopes, " "); got != c.want {
			t.Errorf("%q, given %v: asks for %q, want %q", c.supported, c.given, got, c.want)
		}
	}
}

// Eight that need credentials at the same moment: one renews, and the others
// take what it has kept. No refresh token is used twice, however slow the
// provider is.
func TestRenew_oneForAll(t *testing.T) {
	p := newIdentityProvider(t)
	sts, asked := newSTS(t, 0)
	p.token = func(url.Values) (int, map[string]any) {
		time.Sleep(100 * time.Millisecond)
		return 0, nil
	}
	file := t.TempDir() + "/login.json"
	if err := writeLogin(file, p.loginAt(sts.URL, "first")); err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	got := make([]bucketline.Credentials, 8)
	for i := range got {
		work.Go(func() {
			var err error
			if got[i], err = (&session{file: file}).renew(t.Context()); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	work.Wait()
	for i, c := range got {
		if c.AccessKeyID != "ASIA1" {
			t.Errorf("%d got %q, want those of the first", i, c.AccessKeyID)
		}
	}
	used := map[string]int{}
	for _, form := range p.asked("/token") {
		used[form.Get("refresh_token")]++
	}
	if len(used) != 1 || used["first"] != 1 || len(*asked) != 1 {
		t.Errorf("refresh tokens used %v, %d exchanges, want one of each", used, len(*asked))
	}
}
