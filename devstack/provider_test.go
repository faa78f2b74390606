package devstack

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func claims(t testing.TB, idToken string) map[string]any {
	t.Helper()
	part := strings.Split(idToken, ".")[1]
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestProvider_idTokenSaysWho(t *testing.T) {
	s := open(t, Config{IDTokenLife: 90 * time.Second})
	got := claims(t, login(t, s, "bob").IDToken)
	if got["sub"] != "bob" || got["name"] != "bob" || got["nonce"] != "the nonce" || got["iss"] != s.Endpoints().Issuer || got["azp"] != pageClient {
		t.Errorf("claims %v", got)
	}
	if life := got["exp"].(float64) - got["iat"].(float64); life != 90 {
		t.Errorf("the ID token lives %v s, want 90", life)
	}
}

// RFC 7636, section 4.4.1: PKCE is required, and with S256.
func TestProvider_pkceIsRequired(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	for _, method := range []string{"plain", "S512", " "} {
		f := pageFlow(s)
		f.method = method
		if at := follow(t, s, f.authorize(t, s, c)); at.Query().Get("error") != "invalid_request" {
			t.Errorf("method %q: sent to %s, want invalid_request", method, at)
		}
	}
	query := url.Values{"response_type": {"code"}, "client_id": {pageClient}, "redirect_uri": {s.Endpoints().Page}, "scope": {"openid"}}
	got := do(t, c, request(t, http.MethodGet, s.Endpoints().Issuer+"/authorize?"+query.Encode(), nil))
	if at := follow(t, s, got); at.Query().Get("error") != "invalid_request" {
		t.Errorf("no challenge: sent to %s, want invalid_request", at)
	}
	f := pageFlow(s)
	code := f.code(t, s, c, user(t, s, "alice"))
	right := f.verifier
	f.verifier = rand.Text() + rand.Text()
	if out, status := f.exchange(t, s, c, code); status != http.StatusBadRequest || out.IDToken != "" {
		t.Errorf("wrong verifier: %d", status)
	}
	f.verifier = right
	if out, status := f.exchange(t, s, c, code); status != http.StatusBadRequest || out.IDToken != "" {
		t.Errorf("right verifier after a wrong one: %d, want the code spent", status)
	}
}

func TestProvider_codeWorksOnce(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	f := pageFlow(s)
	code := f.code(t, s, c, user(t, s, "alice"))
	if _, status := f.exchange(t, s, c, code); status != http.StatusOK {
		t.Fatalf("first: %d", status)
	}
	if out, status := f.exchange(t, s, c, code); status != http.StatusBadRequest || out.Error != "invalid_grant" {
		t.Errorf("second: %d %s, want 400 invalid_grant", status, out.Error)
	}
}

func TestProvider_redirects(t *testing.T) {
	s := open(t, Config{Origins: []string{"http://127.0.0.1:5173"}})
	c := client(t, s)
	for _, test := range []struct {
		client, redirect string
		good             bool
	}{
		{pageClient, s.Endpoints().Page, true},
		{pageClient, "http://127.0.0.1:5173/", true},
		{pageClient, s.Endpoints().Page + "other", false},
		{pageClient, strings.TrimSuffix(s.Endpoints().Page, "/"), false},
		{pageClient, "http://127.0.0.1:5174/", false},
		{pageClient, "http://evil.example/", false},
		{pageClient, "http://127.0.0.1:1234/callback", false},
		// RFC 8252, section 7.3.
		{cliClient, "http://127.0.0.1:1234/callback", true},
		{cliClient, "http://127.0.0.1:65535/callback", true},
		{cliClient, "http://[::1]:1234/callback", true},
		{cliClient, "http://127.0.0.1:1234/other", false},
		{cliClient, "http://evil.example/callback", false},
		{cliClient, "https://evil.example/callback", false},
		{cliClient, s.Endpoints().Page, false},
		{"stranger", s.Endpoints().Page, false},
	} {
		f := pageFlow(s)
		f.clientID, f.redirect = test.client, test.redirect
		got := f.authorize(t, s, c)
		if good := got.StatusCode == http.StatusFound && strings.HasPrefix(got.Header.Get("Location"), loginPath); good != test.good {
			t.Errorf("%s back to %s: %d %s", test.client, test.redirect, got.StatusCode, got.Header.Get("Location"))
		}
		if !test.good && strings.Contains(got.Header.Get("Location"), "evil.example") {
			t.Errorf("%s: an open redirect to %s", test.client, got.Header.Get("Location"))
		}
	}
}

func TestProvider_commandLineSignsIn(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	f := pageFlow(s)
	f.clientID, f.redirect = cliClient, "http://127.0.0.1:43210/callback"
	out, status := f.exchange(t, s, c, f.code(t, s, c, user(t, s, "alice")))
	if status != http.StatusOK {
		t.Fatal(status, out.Error)
	}
	if got := callSTS(t, s, assumeForm(out.IDToken)); got.Status != http.StatusOK || got.Subject != "alice" {
		t.Errorf("STS: %d %s %s", got.Status, got.Code, got.Subject)
	}
}

// RFC 9700, section 4.14.2: a refresh token works once; using it again ends
// what it stood for.
func TestProvider_refreshTokensRotate(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	refresh := func(token0, id string) (tokens, int) {
		return token(t, s, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token0}, "client_id": {id}})
	}
	first := login(t, s, "alice")
	if _, status := refresh(first.RefreshToken, cliClient); status == http.StatusOK {
		t.Error("another client used the refresh token")
	}
	first = login(t, s, "alice")
	second, status := refresh(first.RefreshToken, pageClient)
	if status != http.StatusOK || second.RefreshToken == first.RefreshToken || second.RefreshToken == "" {
		t.Fatalf("refresh: %d %+v", status, second.Error)
	}
	if got := callSTS(t, s, assumeForm(second.IDToken)); got.Status != http.StatusOK {
		t.Errorf("the refreshed ID token: %d %s", got.Status, got.Code)
	}
	if _, status := refresh(first.RefreshToken, pageClient); status != http.StatusBadRequest {
		t.Errorf("a spent refresh token: %d", status)
	}
	if out, status := refresh(second.RefreshToken, pageClient); status != http.StatusBadRequest || out.Error != "invalid_grant" {
		t.Errorf("the token after a spent one was used: %d %s, want 400 invalid_grant", status, out.Error)
	}
	if out, status := refresh("nothing", pageClient); status != http.StatusBadRequest || out.Error != "invalid_grant" {
		t.Errorf("an unknown refresh token: %d %s", status, out.Error)
	}
}

func TestProvider_withoutOfflineAccessNothingToRefresh(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	f := pageFlow(s)
	f.scope = "openid"
	out, status := f.exchange(t, s, c, f.code(t, s, c, user(t, s, "alice")))
	if status != http.StatusOK || out.IDToken == "" || out.RefreshToken != "" {
		t.Errorf("%d %+v", status, out)
	}
}

func TestProvider_revokeAndSignOut(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	userinfo := func(access string) reply {
		r := request(t, http.MethodGet, s.Endpoints().Issuer+"/userinfo", nil)
		r.Header.Set("Authorization", "Bearer "+access)
		return do(t, c, r)
	}
	refreshes := func(token0 string) bool {
		_, status := token(t, s, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token0}, "client_id": {pageClient}})
		return status == http.StatusOK
	}
	out := login(t, s, "alice")
	if got := userinfo(out.AccessToken); got.StatusCode != http.StatusOK || !strings.Contains(got.body, `"preferred_username":"alice"`) {
		t.Errorf("userinfo: %d %s", got.StatusCode, got.body)
	}
	answer := postForm(t, c, s.Endpoints().Issuer+"/revoke", url.Values{"token": {out.RefreshToken}, "client_id": {cliClient}})
	if answer.StatusCode == http.StatusOK || userinfo(out.AccessToken).StatusCode != http.StatusOK {
		t.Errorf("another client revoked the token: %d", answer.StatusCode)
	}
	answer = postForm(t, c, s.Endpoints().Issuer+"/revoke", url.Values{"token": {out.RefreshToken}, "client_id": {pageClient}})
	if answer.StatusCode != http.StatusOK {
		t.Errorf("revoke: %d %s", answer.StatusCode, answer.body)
	}
	if refreshes(out.RefreshToken) || userinfo(out.AccessToken).StatusCode == http.StatusOK {
		t.Error("a revoked grant goes on")
	}
	out = login(t, s, "alice")
	query := url.Values{"id_token_hint": {out.IDToken}, "post_logout_redirect_uri": {s.Endpoints().Page}, "state": {"bye"}}
	back := follow(t, s, do(t, c, request(t, http.MethodGet, s.Endpoints().Issuer+"/end_session?"+query.Encode(), nil)))
	if !strings.HasPrefix(back.String(), s.Endpoints().Page) || back.Query().Get("state") != "bye" {
		t.Errorf("after signing out, sent to %s", back)
	}
	if refreshes(out.RefreshToken) {
		t.Error("a grant goes on after signing out")
	}
	query.Set("post_logout_redirect_uri", "http://evil.example/")
	if got := do(t, c, request(t, http.MethodGet, s.Endpoints().Issuer+"/end_session?"+query.Encode(), nil)); got.StatusCode == http.StatusFound {
		t.Errorf("signing out redirects to %s", got.Header.Get("Location"))
	}
}

// What a page fetches from the provider can be read by it.
func TestProvider_cors(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	for _, path := range []string{"/.well-known/openid-configuration", keysPath, "/oauth/token", "/revoke", "/userinfo"} {
		method := http.MethodGet
		if path == "/oauth/token" || path == "/revoke" {
			method = http.MethodPost
		}
		r := request(t, method, s.Endpoints().Issuer+path, nil)
		r.Header.Set("Origin", pageOrigin(s))
		if got := do(t, c, r); got.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: %v", method, path, got.Header)
		}
		r = request(t, http.MethodOptions, s.Endpoints().Issuer+path, nil)
		r.Header.Set("Origin", pageOrigin(s))
		r.Header.Set("Access-Control-Request-Method", method)
		r.Header.Set("Access-Control-Request-Headers", "authorization,dpop")
		got := do(t, c, r)
		if got.StatusCode >= 300 || got.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "authorization") {
			t.Errorf("preflight of %s: %d %v", path, got.StatusCode, got.Header)
		}
	}
}

func TestProvider_discovery(t *testing.T) {
	s := open(t, Config{})
	got := do(t, client(t, s), request(t, http.MethodGet, s.Endpoints().Issuer+"/.well-known/openid-configuration", nil))
	var d map[string]any
	if err := json.Unmarshal([]byte(got.body), &d); err != nil {
		t.Fatal(err)
	}
	issuer := s.Endpoints().Issuer
	for name, want := range map[string]string{
		"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/oauth/token",
		"jwks_uri": issuer + keysPath, "revocation_endpoint": issuer + "/revoke", "end_session_endpoint": issuer + "/end_session",
	} {
		if d[name] != want {
			t.Errorf("%s = %v, want %s", name, d[name], want)
		}
	}
	if methods, ok := d["code_challenge_methods_supported"].([]any); !ok || len(methods) != 1 || methods[0] != "S256" {
		t.Errorf("code_challenge_methods_supported = %v", d["code_challenge_methods_supported"])
	}
}

func TestLogin_wrongPasswords(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	f := pageFlow(s)
	id := follow(t, s, f.authorize(t, s, c)).Query().Get("id")
	try := func(name, password string) reply {
		return postForm(t, c, s.Endpoints().Issuer+loginPath, url.Values{"id": {id}, "user": {name}, "password": {password}})
	}
	alice, bob := user(t, s, "alice"), user(t, s, "bob")
	for i, wrong := range [][2]string{{"alice", ""}, {"alice", bob.Password}, {"nobody", alice.Password}, {"", ""}} {
		got := try(wrong[0], wrong[1])
		if got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, `role="alert"`) || !strings.Contains(got.body, "<form") {
			t.Errorf("try %d: %d, want 403 with the form and an alert", i+1, got.StatusCode)
		}
	}
	if got := try("alice", "x"); strings.Contains(got.body, "<form") {
		t.Error("the fifth wrong password shows the form again")
	}
	if got := try("alice", alice.Password); got.StatusCode != http.StatusBadRequest || strings.Contains(got.body, "<form") {
		t.Errorf("the right password after five wrong ones: %d", got.StatusCode)
	}
	unknown := do(t, c, request(t, http.MethodGet, s.Endpoints().Issuer+loginPath+"?id=nothing", nil))
	if unknown.StatusCode != http.StatusBadRequest || !strings.Contains(unknown.body, "sign-in has ended") {
		t.Errorf("an unknown sign-in: %d %s", unknown.StatusCode, unknown.body)
	}
	// The callback without a sign-in gives no code.
	id = follow(t, s, f.authorize(t, s, c)).Query().Get("id")
	got := do(t, c, request(t, http.MethodGet, s.Endpoints().Issuer+"/authorize/callback?id="+id, nil))
	if code := follow(t, s, got).Query().Get("code"); code != "" {
		t.Error("a code without a sign-in")
	}
}

func TestLogin_promptNoneIsRefused(t *testing.T) {
	s := open(t, Config{})
	f := pageFlow(s)
	at := follow(t, s, f.authorize(t, s, client(t, s)))
	if at.Path != loginPath {
		t.Fatalf("sent to %s", at)
	}
	query := url.Values{"response_type": {"code"}, "client_id": {pageClient}, "redirect_uri": {f.redirect}, "scope": {"openid"}, "prompt": {"none"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}
	got := do(t, client(t, s), request(t, http.MethodGet, s.Endpoints().Issuer+"/authorize?"+query.Encode(), nil))
	if e := follow(t, s, got).Query().Get("error"); e != "login_required" {
		t.Errorf("prompt=none: %q, want login_required", e)
	}
}

// The login page: no script, nothing that CSP would have to forgive, a label
// for every input, and the client's origin in form-action.
func TestLogin_page(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	f := pageFlow(s)
	f.clientID, f.redirect = cliClient, "http://127.0.0.1:43210/callback"
	at := follow(t, s, f.authorize(t, s, c))
	got := do(t, c, request(t, http.MethodGet, at.String(), nil))
	if csp := got.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self' http://127.0.0.1:43210;") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy: %s", csp)
	}
	for _, u := range s.Endpoints().Users {
		if !strings.Contains(got.body, u.Password) {
			t.Errorf("the password of %s is not on the page", u.Name)
		}
	}
	labels, inputs := map[string]bool{}, []string{}
	z := html.NewTokenizer(strings.NewReader(got.body))
	for {
		if z.Next() == html.ErrorToken {
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			break
		}
		token := z.Token()
		attributes := map[string]string{}
		for _, a := range token.Attr {
			attributes[a.Key] = a.Val
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has %s", token.Data, a.Key)
			}
		}
		switch {
		case token.Type == html.EndTagToken:
		case token.Data == "script" || token.Data == "style":
			t.Errorf("the page has a <%s>", token.Data)
		case token.Data == "label":
			labels[attributes["for"]] = true
		case token.Data == "input" && attributes["type"] != "hidden":
			inputs = append(inputs, attributes["id"])
		}
	}
	if len(inputs) != 2 || !labels[inputs[0]] || !labels[inputs[1]] {
		t.Errorf("inputs %v have the labels %v", inputs, labels)
	}
	css := do(t, c, request(t, http.MethodGet, s.Endpoints().Issuer+"/login.css", nil))
	if css.StatusCode != http.StatusOK || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("login.css: %d %s", css.StatusCode, css.Header.Get("Content-Type"))
	}
}

// The tables stay small whoever asks, and drop the oldest.
func TestGrants_areBounded(t *testing.T) {
	table := map[string]time.Time{}
	begun := time.Now()
	for i := range 5 {
		makeRoom(table, 3, func(at time.Time) time.Time { return at })
		table[string(rune('a'+i))] = begun.Add(time.Duration(i))
	}
	if len(table) != 3 || table["c"].IsZero() || table["d"].IsZero() || table["e"].IsZero() {
		t.Errorf("the table of 3 has %v", table)
	}
}

// promptNone is an authorization request with prompt=none, and where it leads.
func promptNone(t testing.TB, s *Stack, c *http.Client, hint string) url.Values {
	t.Helper()
	f := pageFlow(s)
	query := url.Values{
		"response_type": {"code"}, "client_id": {pageClient}, "redirect_uri": {f.redirect}, "scope": {f.scope}, "prompt": {"none"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"quiet"},
	}
	if hint != "" {
		query.Set("login_hint", hint)
	}
	at := follow(t, s, do(t, c, request(t, http.MethodGet, s.Endpoints().Issuer+"/authorize?"+query.Encode(), nil)))
	for range 3 {
		if strings.HasPrefix(at.String(), f.redirect) {
			return at.Query()
		}
		at = follow(t, s, do(t, c, request(t, http.MethodGet, at.String(), nil)))
	}
	t.Fatalf("prompt=none ends at %s", at)
	return nil
}

// OpenID Connect Core 1.0, section 3.1.2.1.
func TestLogin_promptNoneFindsThePersonByTheBrowser(t *testing.T) {
	s := open(t, Config{})
	browser := func() *http.Client {
		c := client(t, s)
		var err error
		if c.Jar, err = cookiejar.New(nil); err != nil {
			t.Fatal(err)
		}
		return c
	}
	one, other := browser(), browser()
	f := pageFlow(s)
	out, _ := f.exchange(t, s, one, f.code(t, s, one, user(t, s, "alice")))
	if got := promptNone(t, s, one, ""); got.Get("code") == "" || got.Get("state") != "quiet" {
		t.Errorf("alice's browser: %v, want a code", got)
	}
	if got := promptNone(t, s, one, "alice"); got.Get("code") == "" {
		t.Errorf("with a hint of alice: %v, want a code", got)
	}
	for what, got := range map[string]url.Values{"a hint of bob": promptNone(t, s, one, "bob"), "another browser": promptNone(t, s, other, "")} {
		if got.Get("error") != "login_required" || got.Get("code") != "" {
			t.Errorf("%s: %v, want login_required", what, got)
		}
	}
	// Without prompt=none there is the form all the same.
	if at := follow(t, s, f.authorize(t, s, one)); at.Path != loginPath {
		t.Errorf("sent to %s, want the form", at)
	} else if page := do(t, one, request(t, http.MethodGet, at.String(), nil)); page.StatusCode != http.StatusOK || !strings.Contains(page.body, "<form") {
		t.Errorf("no form: %d", page.StatusCode)
	}
	// Whoever signs in later is who the browser belongs to.
	f.exchange(t, s, one, f.code(t, s, one, user(t, s, "bob")))
	if got := promptNone(t, s, one, "alice"); got.Get("error") != "login_required" {
		t.Errorf("alice after bob: %v, want login_required", got)
	}
	end := url.Values{"id_token_hint": {out.IDToken}, "client_id": {pageClient}, "post_logout_redirect_uri": {f.redirect}}
	if answer := postForm(t, one, s.Endpoints().Issuer+"/end_session", end); answer.StatusCode != http.StatusFound {
		t.Errorf("signing out by a form: %d %s", answer.StatusCode, answer.body)
	}
	if got := promptNone(t, s, one, ""); got.Get("error") != "login_required" {
		t.Errorf("after signing out: %v, want login_required", got)
	}
}

func TestSignOut_endsOnePersonsSessions(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	alice, bob := login(t, s, "alice"), login(t, s, "bob")
	s.SignOut("alice")
	for name, out := range map[string]tokens{"alice": alice, "bob": bob} {
		_, status := token(t, s, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {out.RefreshToken}, "client_id": {pageClient}})
		if (status == http.StatusOK) != (name == "bob") {
			t.Errorf("%s refreshes: %d", name, status)
		}
	}
}

func TestBrowsers_areBounded(t *testing.T) {
	b := newBrowsers("http://127.0.0.1:1", false)
	var first string
	for i := range maxBrowsers + 1 {
		w := httptest.NewRecorder()
		b.remember(w, httptest.NewRequest(http.MethodPost, loginPath, nil), "alice")
		if i == 0 {
			first = w.Result().Cookies()[0].Value
		}
		if i == maxBrowsers-1 && b.subject(first) != "alice" {
			t.Fatal("the first was forgotten before there were too many")
		}
	}
	if len(b.known) != maxBrowsers || b.subject(first) != "" {
		t.Errorf("%d browsers are known, want %d without the first", len(b.known), maxBrowsers)
	}
}
