package devstack

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/go-jose/go-jose/v4"
)

// idp is an OIDC provider whose tokens a test writes itself.
type idp struct {
	url    string
	signer jose.Signer
	key    *ecdsa.PrivateKey
}

func newIDP(t testing.TB) *idp {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(public) }))
	t.Cleanup(server.Close)
	return &idp{url: server.URL, key: key, signer: signerFor(t, jose.ES256, key)}
}

func signerFor(t testing.TB, algorithm jose.SignatureAlgorithm, key any) jose.Signer {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// token is the claims of a good ID token with some changed; nil removes one.
func (i *idp) token(t testing.TB, by jose.Signer, change map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": i.url, "sub": "alice", "aud": pageClient,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := by.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// newTestSTS is an STS that trusts i, without a stack around it.
func newTestSTS(t testing.TB, i *idp, now func() time.Time) *sts {
	t.Helper()
	v, err := newVault(now)
	if err != nil {
		t.Fatal(err)
	}
	return newSTS(v, i.url, i.url+"/keys", []string{pageClient, cliClient}, http.DefaultClient, slog.New(slog.DiscardHandler))
}

// Whose ID tokens are trusted, claim by claim (AWS STS API Reference,
// "AssumeRoleWithWebIdentity", Errors).
func TestSTS_trustsNoOtherIDToken(t *testing.T) {
	i := newIDP(t)
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	foreignRSA, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(i.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	good := i.token(t, i.signer, nil)
	parts := strings.Split(good, ".")
	bobs := strings.Split(i.token(t, i.signer, map[string]any{"sub": "bob"}), ".")
	for name, test := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"good":                                    {good, 200, ""},
		"for the command line":                    {i.token(t, i.signer, map[string]any{"aud": cliClient}), 200, ""},
		"for several":                             {i.token(t, i.signer, map[string]any{"aud": []string{"other", pageClient}}), 200, ""},
		"expired":                                 {i.token(t, i.signer, map[string]any{"exp": time.Now().Add(-time.Second).Unix()}), 400, "ExpiredTokenException"},
		"without expiry":                          {i.token(t, i.signer, map[string]any{"exp": nil}), 400, "ExpiredTokenException"},
		"of the future":                           {i.token(t, i.signer, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), 400, "InvalidIdentityToken"},
		"of another issuer":                       {i.token(t, i.signer, map[string]any{"iss": "http://127.0.0.1:1"}), 400, "InvalidIdentityToken"},
		"for another client":                      {i.token(t, i.signer, map[string]any{"aud": "other"}), 400, "InvalidIdentityToken"},
		"for nobody":                              {i.token(t, i.signer, map[string]any{"aud": nil}), 400, "InvalidIdentityToken"},
		"signed with a foreign key":               {i.token(t, signerFor(t, jose.ES256, foreign), nil), 400, "InvalidIdentityToken"},
		"signed with another algorithm":           {i.token(t, signerFor(t, jose.RS256, foreignRSA), nil), 400, "InvalidIdentityToken"},
		"signed with the public key as HMAC":      {i.token(t, signerFor(t, jose.HS256, public), nil), 400, "InvalidIdentityToken"},
		"with bob's claims and alice's signature": {bobs[0] + "." + bobs[1] + "." + parts[2], 400, "InvalidIdentityToken"},
		"without signature":                       {parts[0] + "." + parts[1] + ".", 400, "InvalidIdentityToken"},
		"with alg none":                           {"eyJhbGciOiJub25lIn0." + parts[1] + ".", 400, "InvalidIdentityToken"},
		"no token at all":                         {"this is not a token", 400, "InvalidIdentityToken"},
		"of a sub with a slash":                   {i.token(t, i.signer, map[string]any{"sub": "alice/../bob"}), 403, "IDPRejectedClaim"},
		"of a sub with a star":                    {i.token(t, i.signer, map[string]any{"sub": "*"}), 403, "IDPRejectedClaim"},
		"without sub":                             {i.token(t, i.signer, map[string]any{"sub": nil}), 403, "IDPRejectedClaim"},
		"of a sub of 64 characters":               {i.token(t, i.signer, map[string]any{"sub": strings.Repeat("a", 64)}), 200, ""},
		"of a sub of 65 characters":               {i.token(t, i.signer, map[string]any{"sub": strings.Repeat("a", 65)}), 403, "IDPRejectedClaim"},
	} {
		result, refused := newTestSTS(t, i, time.Now).handle(t.Context(), assumeForm(test.token))
		if refused == nil {
			refused = &stsError{status: 200}
		}
		if refused.status != test.status || refused.code != test.code || (result == nil) != (test.status != 200) {
			t.Errorf("token %s: %d %s %q, want %d %s", name, refused.status, refused.code, refused.message, test.status, test.code)
		}
	}
}

func TestSTS_unreachableKeysGiveNoCredentials(t *testing.T) {
	i := newIDP(t)
	s := newTestSTS(t, i, time.Now)
	s.verifier = newSTS(s.vault, i.url, "http://127.0.0.1:1/keys", s.audiences, http.DefaultClient, s.log).verifier
	if _, refused := s.handle(t.Context(), assumeForm(i.token(t, i.signer, nil))); refused == nil {
		t.Error("credentials without a key to verify the ID token with")
	}
}

// The limits of each parameter, at the limit and beyond it.
func TestSTS_parameterLimits(t *testing.T) {
	i := newIDP(t)
	s := newTestSTS(t, i, time.Now)
	token := i.token(t, i.signer, nil)
	fill := func(n int) string { // a policy of n bytes
		text := `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
		return text + strings.Repeat(" ", n-len(text))
	}
	for _, test := range []struct {
		name, parameter, value string
		code                   string
	}{
		{"14 s", "DurationSeconds", "14", "ValidationError"},
		{"15 s", "DurationSeconds", "15", ""},
		{"12 h", "DurationSeconds", "43200", ""},
		{"over 12 h", "DurationSeconds", "43201", "ValidationError"},
		{"no number", "DurationSeconds", "soon", "ValidationError"},
		{"empty duration", "DurationSeconds", "", "ValidationError"},
		{"overflow", "DurationSeconds", "4294967311", "ValidationError"}, // 2^32 + 15
		{"name of 1", "RoleSessionName", "a", "ValidationError"},
		{"name of 2", "RoleSessionName", "ab", ""},
		{"name of 64", "RoleSessionName", strings.Repeat("a", 64), ""},
		{"name of 65", "RoleSessionName", strings.Repeat("a", 65), "ValidationError"},
		{"name with a slash", "RoleSessionName", "a/b", "ValidationError"},
		{"name with a line", "RoleSessionName", "ab\n", "ValidationError"},
		{"no name", "RoleSessionName", "", "ValidationError"},
		{"token of 3", "WebIdentityToken", "abc", "ValidationError"},
		{"token of 20001", "WebIdentityToken", strings.Repeat("a", 20001), "ValidationError"},
		{"token of 20000", "WebIdentityToken", strings.Repeat("a", 20000), "InvalidIdentityToken"},
		{"short role", "RoleArn", "arn:aws:iam::1:role", "ValidationError"},
		{"other role", "RoleArn", "arn:aws:iam::111122223333:role/admin", "AccessDenied"},
		{"policy of 2048", "Policy", fill(2048), ""},
		{"policy of 2049", "Policy", fill(2049), "ValidationError"},
		{"empty policy", "Policy", "", "ValidationError"},
		{"policy with a condition", "Policy", `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{}}}`, "MalformedPolicyDocument"},
		{"managed policy", "PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess", "ValidationError"},
		{"provider", "ProviderId", "www.amazon.com", "ValidationError"},
		{"other action", "Action", "AssumeRole", "InvalidAction"},
		{"no action", "Action", "", "InvalidAction"},
		{"other version", "Version", "2012-10-17", "InvalidAction"},
	} {
		form := assumeForm(token)
		form.Set(test.parameter, test.value)
		_, refused := s.handle(t.Context(), form)
		got := ""
		if refused != nil {
			got = refused.code
		}
		if got != test.code {
			t.Errorf("%s: %q, want %q", test.name, got, test.code)
		}
	}
	form := assumeForm(token)
	form.Add("RoleArn", roleARN)
	if _, refused := s.handle(t.Context(), form); refused == nil {
		t.Error("a parameter that comes twice was accepted")
	}
}

func TestSTS_durationIsKept(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	i := newIDP(t)
	s := newTestSTS(t, i, func() time.Time { return now })
	token := i.token(t, i.signer, map[string]any{"exp": now.Add(time.Minute).Unix()})
	for _, seconds := range []int{15, 900, 43200} {
		form := assumeForm(token)
		form.Set("DurationSeconds", strconv.Itoa(seconds))
		result, refused := s.handle(context.Background(), form)
		if refused != nil {
			t.Fatal(refused.message)
		}
		want := now.Add(time.Duration(seconds) * time.Second).Format("2006-01-02T15:04:05Z")
		if result.Credentials.Expiration != want {
			t.Errorf("DurationSeconds=%d expires at %s, want %s", seconds, result.Credentials.Expiration, want)
		}
	}
}

// The first answer of a session that has ended comes at its very end.
func TestVault_expiryIsExact(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	v, err := newVault(func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.mint("alice", "test", nil, 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	now = c.Expiration.Add(-time.Millisecond)
	if _, err := v.open(c.AccessKeyID, c.SessionToken); err != nil {
		t.Errorf("a millisecond before expiry: %v", err)
	}
	now = c.Expiration
	if _, err := v.open(c.AccessKeyID, c.SessionToken); err != errExpiredToken {
		t.Errorf("at expiry: %v, want %v", err, errExpiredToken)
	}
}

func TestCredentials_printNoSecret(t *testing.T) {
	c := Credentials{"ASIAEXAMPLE", "the secret", "the token", time.Time{}}
	if text := c.String() + c.GoString(); strings.Contains(text, "the secret") || strings.Contains(text, "the token") || !strings.Contains(text, "ASIAEXAMPLE") {
		t.Errorf("Credentials print as %s", text)
	}
}

// The answer as AWS words it, over the wire, with CORS for any page.
func TestSTS_answersAnyPage(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	const page = "https://anywhere.example"
	r := request(t, http.MethodOptions, s.Endpoints().STS+"/", nil)
	r.Header.Set("Origin", page)
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "x-amz-user-agent")
	preflight := do(t, c, r)
	if preflight.StatusCode != 200 || preflight.Header.Get("Access-Control-Allow-Origin") != "*" || preflight.Header.Get("Access-Control-Allow-Headers") != "x-amz-user-agent" {
		t.Errorf("preflight = %d %v", preflight.StatusCode, preflight.Header)
	}
	for name, form := range map[string]url.Values{"good": assumeForm(login(t, s, "bob").IDToken), "bad": assumeForm("nonsense")} {
		answer := postForm(t, c, s.Endpoints().STS+"/", form)
		if answer.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/xml") || answer.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s: headers %v", name, answer.Header)
		}
		var root struct{ XMLName xml.Name }
		if err := xml.Unmarshal([]byte(answer.body), &root); err != nil || root.XMLName.Space != stsNamespace {
			t.Errorf("%s: %q, %v: want the namespace %s", name, answer.body, err, stsNamespace)
		}
	}
	out := callSTS(t, s, assumeForm(login(t, s, "bob").IDToken))
	if out.Subject != "bob" || out.ARN != sessionARN+"test" || !strings.HasPrefix(out.Keys.AccessKeyId, "ASIA") || len(out.Keys.AccessKeyId) != 20 || len(out.Keys.SecretAccessKey) != 40 {
		t.Errorf("STS answers %+v", out)
	}
	if got := do(t, c, request(t, http.MethodGet, s.Endpoints().STS+"/?"+assumeForm(login(t, s, "bob").IDToken).Encode(), nil)); got.StatusCode != http.StatusOK {
		t.Errorf("GET = %d %s", got.StatusCode, got.body)
	}
	if got := do(t, c, request(t, http.MethodPut, s.Endpoints().STS+"/", nil)); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("PUT = %d", got.StatusCode)
	}
	big := url.Values{"Action": {strings.Repeat("a", maxSTSBodyBytes)}}
	if got := callSTS(t, s, big); got.Code != "ValidationError" {
		t.Errorf("a body over the bound: %d %s", got.Status, got.Code)
	}
}

// The whole stack with tokens that went bad on the way.
func TestFlow_badIDTokensGetNoCredentials(t *testing.T) {
	var at clock
	s := open(t, Config{Now: at.now, IDTokenLife: time.Minute})
	good := login(t, s, "alice").IDToken
	head, rest, _ := strings.Cut(good, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	tampered := []byte(signature)
	tampered[10] ^= 1
	if got := callSTS(t, s, assumeForm(head+"."+claims+"."+string(tampered))); got.Status != 400 || got.Code != "InvalidIdentityToken" {
		t.Errorf("tampered token: %d %s", got.Status, got.Code)
	}
	i := newIDP(t)
	if got := callSTS(t, s, assumeForm(i.token(t, i.signer, map[string]any{"iss": s.Endpoints().Issuer}))); got.Code != "InvalidIdentityToken" {
		t.Errorf("token of a stranger who claims to be our issuer: %d %s", got.Status, got.Code)
	}
	if got := callSTS(t, s, assumeForm(good)); got.Status != 200 {
		t.Errorf("good token: %d %s", got.Status, got.Code)
	}
	at.advance(time.Minute + time.Second)
	if got := callSTS(t, s, assumeForm(good)); got.Code != "ExpiredTokenException" || got.Type != "Sender" {
		t.Errorf("expired token: %d %s", got.Status, got.Code)
	}
}

// A session policy narrows what the role allows, and never widens it.
func TestSessionPolicy_narrowsOnly(t *testing.T) {
	s := open(t, Config{})
	token := login(t, s, "alice").IDToken
	const (
		mine  = "users/alice/in/x"
		aside = "users/alice/out/x"
		bobs  = "users/bob/x"
	)
	for _, test := range []struct {
		name, policy string
		put          []string // keys that may be put
		get          bool     // whether mine may be read
	}{
		{"none", "", []string{mine, aside}, true},
		{"everything", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, []string{mine, aside}, true},
		{"put in one folder", `{"Statement":[{"Effect":"Allow","Action":["s3:PutObject"],"Resource":["arn:aws:s3:::photos/users/alice/in/*"]}]}`, []string{mine}, false},
		{"actions in any case", `{"Statement":{"Effect":"Allow","Action":"S3:putobject","Resource":"arn:aws:s3:::photos/*"}}`, []string{mine, aside}, false},
		{"bob's folder", `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::photos/users/bob/*"}}`, nil, false},
		{"all but one folder", `{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:Put*","Resource":"*/out/?"}]}`, nil, false},
		{"reading", `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`, nil, true},
		{"denial only", `{"Statement":{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}}`, nil, false},
	} {
		if test.name == "all but one folder" {
			// Resources must be ARNs: a pattern that begins with a star is none.
			if got := callSTS(t, s, withPolicy(token, test.policy)); got.Code != "MalformedPolicyDocument" {
				t.Errorf("%s: %d %s", test.name, got.Status, got.Code)
			}
			test.policy = strings.Replace(test.policy, "*/out/?", "arn:aws:s3:::photos/*/out/?", 1)
			test.put, test.get = []string{mine}, true
		}
		var extra []string
		if test.policy != "" {
			extra = []string{"Policy", test.policy}
		}
		keys := assumeRole(t, s, token, extra...)
		c := awsClient(t, s, keys, true)
		if _, err := awsClient(t, s, s.Root(), true).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: aws.String(mine), Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{mine, aside, bobs} {
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: &key, Body: strings.NewReader("x")})
			want := "AccessDenied"
			for _, k := range test.put {
				if k == key {
					want = ""
				}
			}
			if got := codeOf(err); got != want {
				t.Errorf("policy %s: put %s: %q, want %q", test.name, key, got, want)
			}
			if got := sendForm(t, s, s.Endpoints().S3+"/photos/", formV4(t, s, keys, key), "f", "x"); (got.StatusCode == http.StatusNoContent) != (want == "") {
				t.Errorf("policy %s: POST form for %s: %d %s", test.name, key, got.StatusCode, got.body)
			}
		}
		_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("photos"), Key: aws.String(mine)})
		if (err == nil) != test.get {
			t.Errorf("policy %s: get: %v", test.name, err)
		}
	}
}

func withPolicy(token, policy string) url.Values {
	form := assumeForm(token)
	form.Set("Policy", policy)
	return form
}
