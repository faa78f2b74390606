package issuer

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestToken_thatIsGood_isBelieved(t *testing.T) {
	for name, changes := range map[string]map[string]any{
		"as it is":                 {},
		"another client":           {"aud": "cli"},
		"a list of one":            {"aud": []string{"app"}},
		"several, and who asks":    {"aud": []string{"x", "app"}, "azp": "app"},
		"who asks":                 {"azp": "cli"},
		"times with a fraction":    {"exp": 1e9 * 3.5, "iat": 1.5e9 + 0.25},
		"nbf that is over":         {"nbf": 1},
		"Keycloak's type":          {"typ": "ID"},
		"Cognito's use":            {"token_use": "id"},
		"the longest subject":      {"sub": strings.Repeat("a", 128)},
		"Auth0's subject":          {"sub": "google-oauth2|1234567890"},
		"claims that nobody knows": {"roles": []string{"a"}, "x": nil, "y": map[string]any{"z": 1}},
	} {
		s := newService(t, nil)
		s.gives(t, s.with(t, changes))
		if t.Failed() {
			t.Fatal(name)
		}
	}
	s := newService(t, nil)
	for _, kind := range []string{"JWT", "jwt"} {
		s.gives(t, token(t, s.provider.keys[0], kind, s.claims()))
	}
}

// Each of these is signed by the provider's own key, and for something else.
func TestToken_forSomethingElse_isRefused(t *testing.T) {
	const day = 24 * 60 * 60
	for name, c := range map[string]struct {
		changes map[string]any
		why     string
	}{
		"another issuer":              {map[string]any{"iss": "https://id.example.com"}, "different provider"},
		"an issuer with a slash more": {map[string]any{"iss": "SELF/"}, "different provider"},
		"no issuer":                   {map[string]any{"iss": nil}, "different provider"},
		"another audience":            {map[string]any{"aud": "other"}, "aud"},
		"an audience that begins so":  {map[string]any{"aud": "app2"}, "aud"},
		"no audience":                 {map[string]any{"aud": nil}, "aud"},
		"an empty audience":           {map[string]any{"aud": []string{}}, "aud"},
		"an audience of numbers":      {map[string]any{"aud": []int{1}}, "claims"},
		"another who asks":            {map[string]any{"azp": "other"}, "azp"},
		"who asks that is a list":     {map[string]any{"azp": []string{"app"}}, "azp"},
		"several and not who asks":    {map[string]any{"aud": []string{"app", "other"}}, "azp"},
		"no subject":                  {map[string]any{"sub": nil}, "sub"},
		"an empty subject":            {map[string]any{"sub": ""}, "sub"},
		"a subject that is a number":  {map[string]any{"sub": 1}, "claims"},
		"no end":                      {map[string]any{"exp": nil}, "exp is missing"},
		"an end that is text":         {map[string]any{"exp": "2030-01-01"}, "claims"},
		"an end of null":              {map[string]any{"exp": json.RawMessage("null")}, "claims"},
		"no beginning":                {map[string]any{"iat": nil}, "iat is missing"},
		"issued tomorrow":             {map[string]any{"iat": time.Now().Unix() + day}, "iat is still to come"},
		"good from tomorrow on":       {map[string]any{"nbf": time.Now().Unix() + day}, "nbf is still to come"},
		"an access token of Keycloak": {map[string]any{"typ": "Bearer"}, "no ID token"},
		"a refresh token":             {map[string]any{"typ": "Refresh"}, "no ID token"},
		"an access token of Cognito":  {map[string]any{"token_use": "access"}, "no ID token"},
		"a type that is a number":     {map[string]any{"typ": 1}, "typ"},
	} {
		s := newService(t, nil)
		if c.changes["iss"] == "SELF/" {
			c.changes["iss"] = s.provider.URL + "/"
		}
		s.refuses(t, s.with(t, c.changes), 401, codeBadToken, c.why)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	s := newService(t, nil)
	for _, kind := range []string{"at+jwt", "logout+jwt", "application/at+jwt", "dpop+jwt"} {
		s.refuses(t, token(t, s.provider.keys[0], kind, s.claims()), 401, codeBadToken, "of type")
	}
}

func TestToken_itsTimes_giveOrTakeTheLeeway(t *testing.T) {
	for name, c := range map[string]struct {
		claim   string
		offset  time.Duration // of the claim
		refused string
	}{
		"over for the leeway":        {"exp", -30 * time.Second, codeExpired},
		"over for less":              {"exp", -29 * time.Second, ""},
		"issued within the leeway":   {"iat", 30 * time.Second, ""},
		"issued after it":            {"iat", 31 * time.Second, codeBadToken},
		"good from within it":        {"nbf", 30 * time.Second, ""},
		"good from after it":         {"nbf", 31 * time.Second, codeBadToken},
		"issued and over a day ago":  {"exp", -24 * time.Hour, codeExpired},
		"over in the last century's": {"exp", -50 * 365 * 24 * time.Hour, codeExpired},
	} {
		s := newService(t, nil)
		raw := s.with(t, map[string]any{c.claim: s.clock.Add(c.offset).Unix()})
		if c.refused == "" {
			s.gives(t, raw)
		} else {
			s.refuses(t, raw, 401, c.refused, "")
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestToken_notSignedByTheProvider_isRefused(t *testing.T) {
	s := newService(t, nil)
	good := s.with(t, nil)
	parts := strings.Split(good, ".")
	encoded := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	mallory := newKey(t, "one")
	unnamed := newKey(t, "")
	carried := jose.JSONWebKey{Key: mallory.key}
	shared := signingKey{"one", []byte(strings.Repeat("x", 32)), jose.HS256}
	bob := s.claims()
	bob["sub"] = "bob"
	for name, raw := range map[string]string{
		"no signature":             encoded(map[string]string{"alg": "none"}) + "." + parts[1] + ".",
		"a signature of nothing":   parts[0] + "." + parts[1] + ".",
		"another payload":          parts[0] + "." + encoded(bob) + "." + parts[2],
		"another key by the name":  token(t, mallory, "", s.claims()),
		"another key of no name":   token(t, unnamed, "", s.claims()),
		"a shared secret":          token(t, shared, "", s.claims()),
		"two parts":                parts[0] + "." + parts[1],
		"four parts":               good + ".x",
		"five parts":               good + ".x.y",
		"a header that is text":    base64.RawURLEncoding.EncodeToString([]byte("x")) + "." + parts[1] + "." + parts[2],
		"a header with its key":    encoded(map[string]any{"alg": "ES256", "jwk": carried.Public()}) + "." + parts[1] + "." + parts[2],
		"a payload that is a list": token(t, s.provider.keys[0], "", nil) + "x",
		"a word":                   "word",
		"dots":                     "..",
	} {
		s.refuses(t, raw, 401, codeBadToken, "")
		s.clock = s.clock.Add(time.Second) // for the rate of the address
		if t.Failed() {
			t.Fatal(name)
		}
	}
	s.gives(t, good)
}

// A key that the provider publishes, of an algorithm that the configuration does
// not have, signs nothing.
func TestToken_ofAnotherAlgorithm_isRefused(t *testing.T) {
	s := newService(t, func(c *Config) { c.Algorithms = []string{"ES256"} })
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	k := signingKey{"rsa", key, jose.RS256}
	shared := signingKey{"shared", []byte(strings.Repeat("x", 32)), jose.HS256}
	s.provider.set(func() { s.provider.keys = append(s.provider.keys, k, shared) })
	s.refuses(t, token(t, k, "", s.claims()), 401, codeBadToken, "RS256")
	s.refuses(t, token(t, shared, "", s.claims()), 401, codeBadToken, "HS256")
	s.gives(t, s.with(t, nil))
	s.Issuer, err = New(Config{Issuer: s.provider.URL, Audiences: []string{"app"}, Bucket: "photos", Backend: s, Now: s.config.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.gives(t, token(t, k, "", s.claims()))
}

func TestKeys_rotate(t *testing.T) {
	s := newService(t, nil)
	s.gives(t, s.with(t, nil))
	// A second key comes into use, and both hold.
	next := newKey(t, "two")
	s.provider.set(func() { s.provider.keys = append(s.provider.keys, next) })
	s.clock = s.clock.Add(keysPause)
	s.gives(t, token(t, next, "", s.claims()))
	s.gives(t, s.with(t, nil))
	asked := s.provider.times("/keys")
	// The first one is withdrawn: within keysAge nobody believes it any more,
	// although no token with an unknown key has come.
	first := s.provider.keys[0]
	s.provider.set(func() { s.provider.keys = []signingKey{next} })
	s.clock = s.clock.Add(keysAge)
	s.refuses(t, token(t, first, "", s.claims()), 401, codeBadToken, "signature")
	s.gives(t, token(t, next, "", s.claims()))
	s.provider.set(func() { s.provider.status = 500 })
	s.clock = s.clock.Add(keysPause) // nor when the provider cannot be asked about it
	s.refuses(t, token(t, first, "", s.claims()), 503, codeNoProvider, "answers 500")
	s.provider.set(func() { s.provider.status = 0 })
	if more := s.provider.times("/keys") - asked; more != 2 {
		t.Errorf("the keys were asked for %d times more, want twice", more)
	}
	if n := s.provider.times("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("discovery was asked for %d times, want once", n)
	}
}

// Whoever sends tokens of keys that do not exist makes nobody ask the provider
// more often.
func TestKeys_unknownOnes_doNotFloodTheProvider(t *testing.T) {
	s := newService(t, func(c *Config) { c.PerAddress = Rate{Every: time.Millisecond, Burst: 1000} })
	s.gives(t, s.with(t, nil))
	asked := s.provider.times("/keys")
	for range 100 {
		s.refuses(t, token(t, newKey(t, rand.Text()), "", s.claims()), 401, codeBadToken, "signature")
	}
	if more := s.provider.times("/keys") - asked; more != 0 {
		t.Errorf("100 unknown keys within %v asked for the keys %d times", keysPause, more)
	}
	s.clock = s.clock.Add(keysPause)
	s.refuses(t, token(t, newKey(t, "x"), "", s.claims()), 401, codeBadToken, "signature")
	s.refuses(t, token(t, newKey(t, "x"), "", s.claims()), 401, codeBadToken, "signature")
	if more := s.provider.times("/keys") - asked; more != 1 {
		t.Errorf("two more after %v asked for the keys %d times, want once", keysPause, more)
	}
}

func TestKeys_ofAProviderThatDoesNotAnswer(t *testing.T) {
	s := newService(t, nil)
	s.provider.set(func() { s.provider.status = 503 })
	w := s.refuses(t, s.with(t, nil), 503, codeNoProvider, "answers 503")
	if got := w.Header().Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After is %q, want 10", got)
	}
	if strings.Contains(w.Body.String()+s.log.String(), "own words") {
		t.Error("the provider's words are in the answer or in the log")
	}
	s.provider.set(func() { s.provider.status = 0 })
	s.refuses(t, s.with(t, nil), 503, codeNoProvider, "answers 503") // it is not asked again so soon
	s.clock = s.clock.Add(keysPause)
	s.gives(t, s.with(t, nil))
	// It goes away again. What is known holds on for keysStale.
	s.provider.set(func() { s.provider.status = 500 })
	s.clock = s.clock.Add(keysAge)
	s.gives(t, s.with(t, nil))
	s.refuses(t, token(t, newKey(t, "new"), "", s.claims()), 503, codeNoProvider, "answers 500")
	s.clock = s.clock.Add(keysStale - keysAge - time.Second)
	s.gives(t, s.with(t, nil))
	s.clock = s.clock.Add(time.Second)
	s.refuses(t, s.with(t, nil), 503, codeNoProvider, "answers 500")
	s.provider.set(func() { s.provider.status = 0 })
	s.clock = s.clock.Add(keysPause)
	s.gives(t, s.with(t, nil))
}

func TestDiscovery_thatPointsElsewhere_isRefused(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"another issuer":    {"issuer": "https://id.example.com"},
		"keys over http":    {"jwks_uri": "http://id.example.com/keys"},
		"keys in a file":    {"jwks_uri": "file:///etc/keys"},
		"no keys":           {"jwks_uri": ""},
		"keys with a query": {"jwks_uri": "https://id.example.com/keys?a=b"},
	} {
		s := newService(t, nil)
		s.provider.changes = change
		s.refuses(t, s.with(t, nil), 503, codeNoProvider, "discovery")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestDiscovery_thatIsLarge_isRefused(t *testing.T) {
	s := newService(t, nil)
	s.provider.padding = maxDocument
	s.refuses(t, s.with(t, nil), 503, codeNoProvider, "more than")
}

func TestToken_thatIsLong_isRefused(t *testing.T) {
	s := newService(t, nil)
	short := s.with(t, map[string]any{"padding": strings.Repeat("x", 14_000)})
	long := s.with(t, map[string]any{"padding": strings.Repeat("x", 15_000)})
	if len(short) > MaxTokenBytes || len(long) <= MaxTokenBytes {
		t.Fatalf("the tokens have %d and %d bytes", len(short), len(long))
	}
	s.gives(t, short)
	s.refuses(t, long, 401, codeBadToken, "")
}

// Whatever is sent for a token, nothing breaks, and nobody is believed.
func FuzzVerify(f *testing.F) {
	s := newService(f, func(c *Config) { c.PerAddress = Rate{Every: time.Millisecond, Burst: 1 << 30} })
	good := s.with(f, nil)
	parts := strings.Split(good, ".")
	for _, raw := range []string{good[1:], parts[0] + "." + parts[1] + ".", "..", "a.b.c", parts[0] + ".e30." + parts[2], "eyJ0eXAiOjF9.e30."} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if raw == good || strings.TrimRight(raw, " ") == good || strings.TrimLeft(raw, " ") == good {
			return
		}
		s.clock = s.clock.Add(time.Second)
		id, refused := s.verifier.verify(t.Context(), raw)
		if refused == nil {
			t.Errorf("believed %q of %q", id.subject, raw)
		}
	})
}
