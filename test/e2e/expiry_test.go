package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// Credentials of the real STS that live 15 s, and an upload that the store takes
// over 45 s for: nothing may fail, and each expiry asks for new ones once,
// however many requests wait.
func TestExpiry_15sCredentials_45sUpload_noRequestFails(t *testing.T) {
	const (
		life = 15 // seconds

		// Less than 45 s, because browsers begin one after another and each counts
		// from its own beginning; and more than two lives of credentials.
		atLeast = 40 * time.Second

		// Each browser stores one file in parts and many in one piece, so that
		// there is always another request to come. They share the rate.
		large, small, many = 30 * mib, mib, 30
		rate               = 3 * (large + many*small) / 45
	)
	folder := t.TempDir()
	want := map[string]source{}
	var files []string
	for i := range many + 1 {
		name, size := fmt.Sprintf("%d.bin", i), small
		if i == 0 {
			size = large
		}
		data := harness.Bytes(uint32(i), size)
		want[name] = sourceOf(data, "application/octet-stream", map[string]string{})
		files = append(files, harness.WriteFile(t, folder, name, data))
	}
	s := startStack(t, devstack.Config{Rate: rate, IDTokenLife: 10 * time.Minute})
	token := s.idToken(t, "alice")
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		p.Choose(files...)
		identity := s.identity(token)
		identity.DurationSeconds = life
		prefix := fmt.Sprintf("users/alice/%s/", b.Browser())
		o := s.options(t).With("prefix", prefix).With("partSize", 5*mib).With("connections", 4)
		delete(o, "credentials")
		// The answer takes long enough for other requests to wait as well.
		p.MustCreate(o, &harness.Refresh{STS: &identity, DelayMillis: 1500})
		begun := time.Now()
		p.MustUpload(harness.Upload{Source: harness.InFiles})
		r := p.Stored(3 * time.Minute)
		took := time.Since(begun)
		if took < atLeast {
			t.Errorf("the upload took %v; it must take over %v to mean anything", took, atLeast)
		}
		if refused := r.Refused(); refused != "" {
			t.Errorf("these requests failed:\n%s", refused)
		}
		for name, source := range want {
			s.check(t, prefix+name, source)
		}
		checkRefreshes(t, &r)
		t.Logf("%v, %d refreshes, at most %d files held at once", took.Round(time.Second), len(r.Refreshes), r.MostHolding)
		// The first call brings the first credentials.
		if expiries := int(took.Seconds()) / (life + 3); len(r.Refreshes) < 1+expiries {
			t.Errorf("credentialsExpired was called %d times in %v", len(r.Refreshes), took)
		}
		if r.MostHolding < 2 {
			t.Errorf("at most %d files were held at the same time, want several", r.MostHolding)
		}
	})
	t.Cleanup(func() { s.noneRefused(t) })
}

// checkRefreshes holds the order of what happens at each expiry: hold, one
// refresh, credentials, release; and nothing is sent while requests are held.
func checkRefreshes(t *testing.T, r *harness.Report) {
	t.Helper()
	var order []string
	held := true // there are none at first
	for _, e := range r.Log {
		switch e.Kind {
		case "hold":
			held = true
		case "release":
			held = false
		case "request":
			if held {
				t.Errorf("%s was sent at %d ms while requests were held", e.Operation, e.At)
			}
			continue
		case "refresh", "credentials":
		default:
			continue
		}
		order = append(order, e.Kind)
	}
	var want []string
	for range r.Refreshes {
		want = append(want, "hold", "refresh", "credentials", "release")
	}
	if !slices.Equal(order, want) {
		t.Errorf("around the expiries there were\n%v, want\n%v", order, want)
	}
	for i, call := range r.Refreshes {
		reason := "expired"
		if i == 0 {
			reason = "absent"
		}
		if call.Reason != reason {
			t.Errorf("credentialsExpired call %d was for %q, want %q", i+1, call.Reason, reason)
		}
	}
}

func TestCredentials_ofAlice_cannotWriteForBob(t *testing.T) {
	s := startStack(t, devstack.Config{})
	token := s.idToken(t, "alice")
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		c, failure := p.AssumeRole(s.identity(token))
		if failure != nil {
			t.Fatalf("assume the role: %v", failure)
		}
		for _, w := range ways {
			p.MustCreate(w.on(s, s.options(t)).With("credentials", c).With("multipartThreshold", 5*mib), nil)
			for i, size := range []int{100, 6 * mib} {
				key := fmt.Sprintf("users/bob/%s %s %d", b.Browser(), w, size)
				p.MustUpload(harness.Upload{Source: harness.Made(1, size), Options: harness.Options{"key": key}})
				r := p.Wait(time.Minute)
				expect(t, fmt.Sprintf("%v, %d bytes", w, size), r.Tasks[i].Error, harness.Failure{
					Code: "AccessDenied", Status: 403,
					Message: "AccessDenied", Hint: "may not write to this key",
				})
				if r.Tasks[i].Error.RequestID == "" {
					t.Errorf("%v: the failure has no request ID", w)
				}
				s.absent(t, key)
			}
		}
	})
}

func TestIDToken_notTrusted_getsNoCredentials(t *testing.T) {
	s := startStack(t, devstack.Config{})
	token := s.idToken(t, "alice")
	bad := map[string]struct {
		token string
		want  harness.Failure
	}{
		"tampered claims":    {withClaims(t, token, func(c map[string]any) { c["sub"] = "bob" }), harness.Failure{Code: "InvalidIdentityToken", Status: 400, Hint: "sign in again"}},
		"tampered signature": {withSignature(t, token), harness.Failure{Code: "InvalidIdentityToken", Status: 400, Hint: "sign in again"}},
		"foreign key":        {signedElsewhere(t, token), harness.Failure{Code: "InvalidIdentityToken", Status: 400, Hint: "sign in again"}},
		"no signature":       {unsigned(t, token), harness.Failure{Code: "InvalidIdentityToken", Status: 400, Hint: "sign in again"}},
		"no token":           {"not.a.token", harness.Failure{Code: "InvalidIdentityToken", Status: 400, Hint: "sign in again"}},
	}
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		if c, failure := p.AssumeRole(s.identity(token)); failure != nil || c.AccessKey == "" {
			t.Fatalf("the token itself: %v", failure)
		}
		for name, one := range bad {
			c, failure := p.AssumeRole(s.identity(one.token))
			if c != nil {
				t.Errorf("%s: got credentials", name)
				continue
			}
			expect(t, name, failure, one.want)
		}
	})
}
