package issuer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/sign"
)

// A provider is an OpenID provider of which a test says everything.
type provider struct {
	*httptest.Server
	keys []signingKey

	mu      sync.Mutex
	status  int            // of every answer; 0 means 200
	changes map[string]any // of the discovery document
	padding int            // spaces behind it
	asked   map[string]int // by path
}

type signingKey struct {
	id   string
	key  any
	algo jose.SignatureAlgorithm
}

func newKey(t testing.TB, id string) signingKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signingKey{id, key, jose.ES256}
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	p := &provider{keys: []signingKey{newKey(t, "one")}, asked: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.answer))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) answer(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[r.URL.Path]++
	if p.status != 0 {
		http.Error(w, "the provider's own words", p.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document := map[string]any{
			"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL + "/authorize",
			"token_endpoint": p.URL + "/token", "id_token_signing_alg_values_supported": []string{"ES256", "HS256", "none"},
		}
		maps.Copy(document, p.changes)
		json.NewEncoder(w).Encode(document)
		io.WriteString(w, strings.Repeat(" ", p.padding))
	case "/keys":
		var set jose.JSONWebKeySet
		for _, k := range p.keys {
			public := jose.JSONWebKey{Key: k.key, KeyID: k.id, Algorithm: string(k.algo), Use: "sig"}
			if k.algo != jose.HS256 {
				public = public.Public()
			}
			set.Keys = append(set.Keys, public)
		}
		json.NewEncoder(w).Encode(set)
	default:
		http.NotFound(w, r)
	}
}

// set changes the provider while it answers.
func (p *provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *provider) times(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// token signs claims with a key; of the header, typ is as said.
func token(t testing.TB, k signingKey, kind string, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithHeader("kid", k.id)
	if kind != "" {
		options = options.WithType(jose.ContentType(kind))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.algo, Key: k.key}, options)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// service is an Issuer for tests, with a clock of its own and all that it logs.
type service struct {
	*Issuer
	provider *provider
	log      bytes.Buffer
	clock    time.Time
	grants   []Grant
	failure  error // of the backend
	given    cred.Credentials
	life     time.Duration // of given
	shape    *conformity
}

const secretKey, sessionToken = "the-secret-access-key", "the-session-token"

// Credentials implements Backend.
func (s *service) Credentials(_ context.Context, g *Grant) (cred.Credentials, error) {
	s.grants = append(s.grants, *g)
	given := s.given
	given.Expiration = sign.UnixMilli(s.clock.Add(s.life).UnixMilli())
	return given, s.failure
}

func newService(t testing.TB, change func(*Config)) *service {
	t.Helper()
	s := &service{provider: newProvider(t), clock: time.Now().Truncate(time.Second), life: time.Hour, shape: newConformity(t)}
	s.given = cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: secretKey, SessionToken: sessionToken},
	}
	c := Config{
		Issuer: s.provider.URL, Audiences: []string{"app", "cli"}, Bucket: "photos", Backend: s,
		Origins: []string{"https://app.example.com"},
		Log:     slog.New(slog.NewJSONHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:     func() time.Time { return s.clock },
	}
	if change != nil {
		change(&c)
	}
	var err error
	if s.Issuer, err = New(c); err != nil {
		t.Fatal(err)
	}
	return s
}

// claims are those of alice's ID token, for the client app and five minutes.
func (s *service) claims() map[string]any {
	return map[string]any{
		"iss": s.provider.URL, "sub": "alice", "aud": "app", "iat": s.clock.Unix(), "exp": s.clock.Add(5 * time.Minute).Unix(), "nonce": "n",
	}
}

// with is the token of alice with these claims changed; nil removes one.
func (s *service) with(t testing.TB, changes map[string]any) string {
	t.Helper()
	claims := s.claims()
	for name, value := range changes {
		if value == nil {
			delete(claims, name)
			continue
		}
		claims[name] = value
	}
	return token(t, s.provider.keys[0], "", claims)
}

func request(authorization string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/credentials", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

// ask sends r and holds the answer against openapi.yaml.
func (s *service) ask(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	s.shape.check(t, r, w)
	return w
}

// gives wants credentials for raw and returns the answer.
func (s *service) gives(t testing.TB, raw string) map[string]string {
	t.Helper()
	w := s.ask(t, request("Bearer "+raw))
	var answer map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, %s, %v; log: %s", w.Code, w.Body, err, s.log.String())
	}
	return answer
}

// refuses wants a refusal of raw, and that the log says why.
func (s *service) refuses(t testing.TB, raw string, status int, code, why string) *httptest.ResponseRecorder {
	t.Helper()
	return s.refusesRequest(t, request("Bearer "+raw), status, code, why)
}

func (s *service) refusesRequest(t testing.TB, r *http.Request, status int, code, why string) *httptest.ResponseRecorder {
	t.Helper()
	s.log.Reset()
	granted := len(s.grants)
	w := s.ask(t, r)
	var answer struct{ Code, Message string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != status || answer.Code != code || answer.Message == "" {
		t.Errorf("status %d, %s, want %d %s; log: %s", w.Code, w.Body, status, code, s.log.String())
	}
	if !strings.Contains(s.log.String(), why) {
		t.Errorf("the log does not say %q: %s", why, s.log.String())
	}
	if status != 502 && status != 503 && len(s.grants) > granted {
		t.Errorf("the backend was asked for %v", s.grants[granted])
	}
	if raw := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); len(raw) > 20 && strings.Contains(s.log.String()+w.Body.String(), raw) {
		t.Errorf("the token is in the log or in the answer: %s %s", s.log.String(), w.Body)
	}
	return w
}

func TestCredentials_forAGoodToken(t *testing.T) {
	s := newService(t, nil)
	raw := s.with(t, nil)
	got := s.gives(t, raw)
	want := map[string]string{
		"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": secretKey, "Token": sessionToken, "Bucket": "photos",
		"Prefix": "users/alice/", "Expiration": s.clock.Add(time.Hour).UTC().Format(time.RFC3339),
	}
	if !maps.Equal(got, want) {
		t.Errorf("the answer is %v, want %v", got, want)
	}
	hash := SubjectHash(s.provider.URL, "alice")
	if g := s.grants[0]; len(s.grants) != 1 || g.Bucket != "photos" || g.Prefix != "users/alice/" || g.Read ||
		g.LifeSeconds != DefaultLifeSeconds || g.SessionName != "bucketline-"+hash || g.IDToken != raw {
		t.Errorf("the backend was asked for %+v", s.grants)
	}
	var line struct{ Msg, Outcome, Subject, AccessKeyID, Address, Expiration string }
	if err := json.Unmarshal(s.log.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, s.log.String())
	}
	if line.Msg != "credentials" || line.Outcome != "ok" || line.Subject != hash || line.AccessKeyID != "ASIAEXAMPLE" || line.Address != "192.0.2.1" {
		t.Errorf("the log says %s", s.log.String())
	}
}

func TestSubjectHash_isWhatTheGuideSays(t *testing.T) {
	// printf 'https://id.example.com\nalice' | sha256sum | cut -c1-16
	if got, want := SubjectHash("https://id.example.com", "alice"), "e696d97ff8fea21f"; got != want {
		t.Errorf("the hash is %s, want %s", got, want)
	}
}

func TestCredentials_otherConfiguration(t *testing.T) {
	s := newService(t, func(c *Config) { c.Prefix, c.Read, c.LifeSeconds = "t/{tenant}/{sub}/", true, 900 })
	got := s.gives(t, s.with(t, map[string]any{"tenant": "acme"}))
	if g := s.grants[0]; got["Prefix"] != "t/acme/alice/" || g.Prefix != "t/acme/alice/" || !g.Read || g.LifeSeconds != 900 {
		t.Errorf("the answer is %v, for %+v", got, g)
	}
}

func TestRequest_thatHasNoToken_isRefused(t *testing.T) {
	s := newService(t, nil)
	good := s.with(t, nil)
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
		code   string
	}{
		"none":                 {func(r *http.Request) { r.Header.Del("Authorization") }, 401, codeNoToken},
		"an empty one":         {func(r *http.Request) { r.Header.Set("Authorization", "") }, 401, codeNoToken},
		"a scheme alone":       {func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401, codeNoToken},
		"another scheme":       {func(r *http.Request) { r.Header.Set("Authorization", "Basic "+good) }, 401, codeNoToken},
		"no scheme":            {func(r *http.Request) { r.Header.Set("Authorization", good) }, 401, codeNoToken},
		"two":                  {func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+good) }, 401, codeNoToken},
		"in the query":         {func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "access_token=" + good }, 401, codeNoToken},
		"with a space":         {func(r *http.Request) { r.Header.Set("Authorization", "Bearer a b") }, 401, codeBadToken},
		"with a line break":    {func(r *http.Request) { r.Header.Set("Authorization", "Bearer a\nb") }, 401, codeBadToken},
		"one that is too long": {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.Repeat("a", MaxTokenBytes+1)) }, 401, codeBadToken},
		"a body":               {func(r *http.Request) { r.ContentLength = 3 }, 400, codeBadRequest},
		"a body in chunks":     {func(r *http.Request) { r.ContentLength = -1 }, 400, codeBadRequest},
	} {
		r := request("Bearer " + good)
		c.change(r)
		w := s.refusesRequest(t, r, c.status, c.code, `"outcome":"`+c.code)
		challenge := w.Header().Get("WWW-Authenticate")
		if c.status == 401 && strings.Contains(challenge, "invalid_token") != (c.code == codeBadToken) {
			t.Errorf("%s: WWW-Authenticate is %q", name, challenge)
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
	s.gives(t, good)
	r := request("bEARER   " + good)
	if w := s.ask(t, r); w.Code != 200 {
		t.Errorf("with a scheme in other case and more spaces: %d", w.Code)
	}
}

func TestMethods(t *testing.T) {
	s := newService(t, nil)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		w := httptest.NewRecorder()
		r := request("Bearer " + s.with(t, nil))
		r.Method = method
		s.ServeHTTP(w, r)
		if w.Code != http.StatusMethodNotAllowed || len(s.grants) > 0 {
			t.Errorf("%s: %d, %v", method, w.Code, s.grants)
		}
	}
}

// An empty list of origins must not be rs/cors's every origin.
func TestCORS_knowsTheOriginsOfTheListAndNoOthers(t *testing.T) {
	for _, origins := range [][]string{{"https://app.example.com", "http://127.0.0.1:5173"}, nil} {
		s := newService(t, func(c *Config) { c.Origins = origins })
		for _, origin := range []string{
			"https://app.example.com", "http://127.0.0.1:5173", "https://evil.example", "http://app.example.com",
			"https://app.example.com.evil.example", "https://xapp.example.com", "https://app.example.com:8443", "null",
		} {
			allowed := len(origins) > 0 && (origin == origins[0] || origin == origins[1])
			pre := request("")
			pre.Method = http.MethodOptions
			pre.Header.Set("Origin", origin)
			pre.Header.Set("Access-Control-Request-Method", "GET")
			pre.Header.Set("Access-Control-Request-Headers", "authorization")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, pre)
			h := w.Header()
			if got := h.Get("Access-Control-Allow-Origin"); (got == origin) != allowed || !allowed && got != "" {
				t.Errorf("preflight from %s: Access-Control-Allow-Origin is %q", origin, got)
			}
			if got := h.Get("Access-Control-Allow-Headers"); allowed && !strings.EqualFold(got, "authorization") {
				t.Errorf("preflight from %s: Access-Control-Allow-Headers is %q", origin, got)
			}
			r := request("Bearer " + s.with(t, nil))
			r.Header.Set("Origin", origin)
			h = s.ask(t, r).Header()
			if got := h.Get("Access-Control-Allow-Origin"); (got == origin) != allowed || !allowed && got != "" {
				t.Errorf("request from %s: Access-Control-Allow-Origin is %q", origin, got)
			}
			if h.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
				t.Errorf("request from %s: %v", origin, h)
			}
		}
	}
}

func TestBackend_thatFails(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"it does not answer":       {errors.New("dial tcp: connection refused"), 503, codeNoStore},
		"it is busy":               {exchange.NewError("AssumeRole", 400, "Throttling", "Rate exceeded", ""), 503, codeNoStore},
		"it is broken":             {exchange.NewError("AssumeRole", 500, "InternalFailure", "", ""), 503, codeNoStore},
		"it denies":                {exchange.NewError("AssumeRole", 403, "AccessDenied", "User: arn:aws:iam::1:user/issuer is not authorized", ""), 502, codeStoreDenies},
		"our own have expired":     {exchange.NewError("AssumeRole", 403, "ExpiredToken", "", ""), 502, codeStoreDenies},
		"it is no STS":             {exchange.ErrAnswerNotXML, 502, codeStoreDenies},
		"it is wrongly configured": {exchange.ErrNoRegion, 502, codeStoreDenies},
	} {
		s := newService(t, nil)
		s.failure = c.err
		w := s.refuses(t, s.with(t, nil), c.status, c.code, `"why":"`)
		if told := c.err.Error(); strings.Contains(w.Body.String(), told) {
			t.Errorf("%s: the answer has the store's words: %s", name, w.Body)
		}
		if (w.Header().Get("Retry-After") != "") != (c.status == 503) {
			t.Errorf("%s: Retry-After is %q", name, w.Header().Get("Retry-After"))
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for name, change := range map[string]func(*service){
		"permanent ones":           func(s *service) { s.given.SessionToken = "" },
		"no secret":                func(s *service) { s.given.SecretAccessKey = "" },
		"no access key":            func(s *service) { s.given.AccessKeyID = "" },
		"ones that are over":       func(s *service) { s.life = 0 },
		"ones for too long a time": func(s *service) { s.life = 2*MaxLifeSeconds*time.Second + 1e6 },
	} {
		s := newService(t, nil)
		change(s)
		s.refuses(t, s.with(t, nil), 502, codeStoreDenies, "the store's credentials")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestHealth_andReadiness(t *testing.T) {
	s := newService(t, nil)
	status := func(path string) int {
		return s.ask(t, httptest.NewRequest(http.MethodGet, path, nil)).Code
	}
	s.provider.set(func() { s.provider.status = 500 })
	if h, r := status("/healthz"), status("/readyz"); h != 200 || r != 503 {
		t.Errorf("without a provider: health %d, readiness %d", h, r)
	}
	s.provider.set(func() { s.provider.status = 0 })
	s.clock = s.clock.Add(keysPause)
	if r := status("/readyz"); r != 200 {
		t.Errorf("readiness %d with a provider: %s", r, s.log.String())
	}
	asked := s.provider.times("/keys")
	for range 20 {
		status("/readyz")
	}
	if more := s.provider.times("/keys") - asked; more != 0 {
		t.Errorf("20 more checks asked for the keys %d times", more)
	}
	s.Drain()
	if h, r := status("/healthz"), status("/readyz"); h != 200 || r != 503 {
		t.Errorf("while draining: health %d, readiness %d", h, r)
	}
	s.gives(t, s.with(t, nil)) // whoever still comes gets an answer
}

func TestNew_configurationThatIsWrong_isRefused(t *testing.T) {
	good := Config{Issuer: "https://id.example.com", Audiences: []string{"app"}, Bucket: "photos", Backend: new(service)}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no issuer":                 func(c *Config) { c.Issuer = "" },
		"an issuer on http":         func(c *Config) { c.Issuer = "http://id.example.com" },
		"an issuer with a query":    func(c *Config) { c.Issuer = "https://id.example.com/?a=b" },
		"an issuer with a user":     func(c *Config) { c.Issuer = "https://a:b@id.example.com/" },
		"no audience":               func(c *Config) { c.Audiences = nil },
		"an empty audience":         func(c *Config) { c.Audiences = []string{"app", ""} },
		"a shared secret":           func(c *Config) { c.Algorithms = []string{"HS256"} },
		"no algorithm at all":       func(c *Config) { c.Algorithms = []string{"none"} },
		"a large leeway":            func(c *Config) { c.Leeway = MaxLeeway + 1 },
		"a negative leeway":         func(c *Config) { c.Leeway = -1 },
		"no bucket":                 func(c *Config) { c.Bucket = "" },
		"a short life":              func(c *Config) { c.LifeSeconds = MinLifeSeconds - 1 },
		"a long life":               func(c *Config) { c.LifeSeconds = MaxLifeSeconds + 1 },
		"no backend":                func(c *Config) { c.Backend = nil },
		"any origin":                func(c *Config) { c.Origins = []string{"*"} },
		"an origin with a wildcard": func(c *Config) { c.Origins = []string{"https://*.example.com"} },
		"an origin with a path":     func(c *Config) { c.Origins = []string{"https://example.com/"} },
		"an origin in capitals":     func(c *Config) { c.Origins = []string{"https://Example.com"} },
		"a prefix for all":          func(c *Config) { c.Prefix = "users/" },
		"a rate of nothing":         func(c *Config) { c.PerSubject = Rate{Burst: 1} },
		"a rate of no burst":        func(c *Config) { c.PerAddress = Rate{Every: time.Second} },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: New took it", name)
		}
	}
}

// All statuses that openapi.yaml names for credentials are among what the tests
// above provoke; here each once, so that none is only written down.
func TestOpenAPI_everyAnswerIsReal(t *testing.T) {
	s := newService(t, func(c *Config) { c.PerSubject = Rate{Every: time.Hour, Burst: 4} })
	good := s.with(t, nil)
	s.gives(t, good)
	s.refusesRequest(t, request(""), 401, codeNoToken, "")
	body := request("Bearer " + good)
	body.ContentLength = 1
	s.refusesRequest(t, body, 400, codeBadRequest, "")
	s.refuses(t, s.with(t, map[string]any{"sub": "a b"}), 403, codeDenied, "")
	s.failure = exchange.ErrAnswerNotXML
	s.refuses(t, good, 502, codeStoreDenies, "")
	s.failure = errors.New("gone")
	s.refuses(t, good, 503, codeNoStore, "")
	s.failure = nil
	s.gives(t, good)
	s.refuses(t, good, 429, codeTooMany, "")
	for _, path := range []string{"/healthz", "/readyz"} {
		s.ask(t, httptest.NewRequest(http.MethodGet, path, nil))
	}
	s.Drain()
	s.ask(t, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil))
	if !bytes.Equal(w.Body.Bytes(), description) || w.Code != 200 || w.Header().Get("Content-Type") != "application/yaml" {
		t.Errorf("/openapi.yaml: %d, %v", w.Code, w.Header())
	}
	s.shape.seen["/openapi.yaml"] = map[int]bool{200: true}
	for path, item := range s.shape.document.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				found := false
				for seen := range s.shape.seen[path] {
					found = found || http.StatusText(seen) != "" && status == jsonNumber(seen)
				}
				if !found {
					t.Errorf("%s %s is said to answer %s, and did not: %v", method, path, status, s.shape.seen[path])
				}
			}
		}
	}
}

func jsonNumber(n int) string {
	b, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestMetrics_countOutcomes(t *testing.T) {
	s := newService(t, nil)
	s.gives(t, s.with(t, nil))
	s.refusesRequest(t, request(""), 401, codeNoToken, "")
	w := httptest.NewRecorder()
	s.Metrics().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`bucketline_issuer_requests_total{outcome="ok"} 1`, `bucketline_issuer_requests_total{outcome="MissingToken"} 1`,
		`bucketline_issuer_requests_total{outcome="ExpiredToken"} 0`, `bucketline_issuer_request_seconds_count 2`,
		`bucketline_issuer_exchange_seconds_count{result="ok"} 1`, "go_goroutines ",
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("the metrics lack %q", line)
		}
	}
	if strings.Contains(w.Body.String(), "alice") || strings.Contains(w.Body.String(), SubjectHash(s.provider.URL, "alice")) {
		t.Error("the metrics name somebody")
	}
	// They are not where pages ask.
	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("/metrics of the public handler: %d", w.Code)
	}
}

func TestRates(t *testing.T) {
	s := newService(t, func(c *Config) {
		c.PerSubject = Rate{Every: 10 * time.Second, Burst: 3}
		c.PerAddress = Rate{Every: time.Second, Burst: 8}
	})
	alice, bob := s.with(t, nil), s.with(t, map[string]any{"sub": "bob"})
	for range 3 {
		s.gives(t, alice)
	}
	w := s.refuses(t, alice, 429, codeTooMany, SubjectHash(s.provider.URL, "alice"))
	if got := w.Header().Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After is %q, want 10", got)
	}
	s.clock = s.clock.Add(9 * time.Second)
	s.refuses(t, alice, 429, codeTooMany, "")
	s.clock = s.clock.Add(time.Second)
	s.gives(t, alice)
	s.gives(t, bob) // his own count
	// The address: whoever it is, and before a token is even looked at.
	for range 8 {
		s.ask(t, request("Bearer a.b.c"))
	}
	w = s.refuses(t, bob, 429, codeTooMany, "192.0.2.1")
	if got := w.Header().Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After is %q, want 1", got)
	}
	other := request("Bearer " + bob)
	other.RemoteAddr = "192.0.2.2:1"
	if w := s.ask(t, other); w.Code != 200 {
		t.Errorf("from another address: %d", w.Code)
	}
}

func TestLimiter_forgetsWhoHasNotAskedForTheLongest(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := newLimiter(Rate{Every: time.Hour, Burst: 1}, func() time.Time { return now })
	l.most = 2
	for _, step := range []struct {
		key string
		ok  bool
	}{
		{"a", true}, {"b", true}, {"a", false}, // a is the younger one now
		{"c", true},               // b is forgotten
		{"a", false}, {"b", true}, // and c with it
		{"a", false}, {"c", true},
	} {
		if got := l.take(step.key) == 0; got != step.ok {
			t.Errorf("take(%s) = %v, want %v", step.key, got, step.ok)
		}
		if len(l.known) > 2 || l.order.Len() != len(l.known) {
			t.Fatalf("%d are known, and %d in order", len(l.known), l.order.Len())
		}
	}
}

func TestAddress(t *testing.T) {
	s := newService(t, func(c *Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"nobody in between":             {"203.0.113.7:1", nil, "203.0.113.7"},
		"a header of who asks":          {"203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		"a proxy":                       {"10.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"a proxy and a forged header":   {"10.0.0.1:1", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"two proxies":                   {"10.0.0.1:1", []string{"198.51.100.1", "203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		"a proxy without a header":      {"10.0.0.1:1", nil, "10.0.0.1"},
		"a header that is no address":   {"10.0.0.1:1", []string{"203.0.113.7, who?"}, "10.0.0.1"},
		"nothing but proxies":           {"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"IPv6":                          {"[2001:db8:1:2:3:4:5:6]:1", nil, "2001:db8:1:2::/64"},
		"IPv6 with a zone":              {"[fe80::1%eth0]:1", nil, "fe80::/64"},
		"IPv4 within IPv6":              {"[::ffff:203.0.113.7]:1", nil, "203.0.113.7"},
		"IPv6 behind a proxy":           {"[::1]:1", []string{"2001:db8::1"}, "2001:db8::/64"},
		"a socket that has no address":  {"@", []string{"203.0.113.7"}, "unknown"},
		"a header that is very crowded": {"10.0.0.1:1", []string{strings.Repeat("10.0.0.9,", 1000) + "203.0.113.7"}, "203.0.113.7"},
	} {
		r := request("")
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := s.address(r); got != c.want {
			t.Errorf("%s: the address is %q, want %q", name, got, c.want)
		}
	}
}
