package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// identityProvider is one that does as a test says.
type identityProvider struct {
	*httptest.Server
	key *ecdsa.PrivateKey

	ahead time.Duration // of the machine's clock
	extra map[string]any
	// token answers the token endpoint. Its answer of status 0 is made of tokens
	// for alice.
	token  func(form url.Values) (status int, answer map[string]any)
	claim  func(claims map[string]any)
	device string // what the device authorization endpoint answers; empty: a code

	mu    sync.Mutex
	forms map[string][]url.Values // by path
}

func newIdentityProvider(t *testing.T) *identityProvider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &identityProvider{key: key, forms: map[string][]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer := map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"device_authorization_endpoint": p.URL + "/device_authorization", "revocation_endpoint": p.URL + "/revoke",
			"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"},
		}
		maps.Copy(answer, p.extra)
		json.NewEncoder(w).Encode(answer)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		if id, secret, ok := r.BasicAuth(); ok {
			r.PostForm.Set("basic", id+":"+secret)
		}
		p.mu.Lock()
		p.forms[r.URL.Path] = append(p.forms[r.URL.Path], r.PostForm)
		p.mu.Unlock()
		w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
		status, answer := http.StatusOK, map[string]any{}
		if r.URL.Path == "/token" {
			if p.token != nil {
				status, answer = p.token(r.PostForm)
			}
			if p.token == nil || status == 0 {
				status, answer = http.StatusOK, p.tokens(t, r.PostForm.Get("client_id"))
			}
		}
		if r.URL.Path == "/device_authorization" {
			answer = map[string]any{"device_code": "the-device-code", "user_code": "WDJB-MJHT", "verification_uri": p.URL + "/device", "expires_in": 30, "interval": 1}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if r.URL.Path == "/device_authorization" && p.device != "" {
			io.WriteString(w, p.device)
			return
		}
		json.NewEncoder(w).Encode(answer)
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *identityProvider) now() time.Time { return time.Now().Add(p.ahead) }

// tokens are a fresh answer with an ID token of five minutes.
func (p *identityProvider) tokens(t *testing.T, client string) map[string]any {
	return map[string]any{
		"access_token": "access", "token_type": "Bearer", "refresh_token": "refresh-" + rand.Text(), "id_token": p.idToken(t, client, 5*time.Minute),
	}
}

// idToken is alice's for life from now on, by the provider's clock.
func (p *identityProvider) idToken(t *testing.T, client string, life time.Duration) string {
	t.Helper()
	claims := map[string]any{
		"iss": p.URL, "sub": "alice", "aud": client, "iat": p.now().Unix(), "nbf": p.now().Unix(), "exp": p.now().Add(life).Unix(),
		"email": "alice@example.com",
	}
	if p.claim != nil {
		p.claim(claims)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// asked are the forms that a path was sent.
func (p *identityProvider) asked(path string) []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.forms[path]
}

// newSTS answers for whoever asks, with credentials of an hour by a clock that
// is ahead of the machine's, and counts.
func newSTS(t *testing.T, ahead time.Duration) (*httptest.Server, *[]string) {
	t.Helper()
	var tokens []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.PostFormValue("WebIdentityToken"))
		now := time.Now().Add(ahead)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>`+
			`<Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>the-secret-key</SecretAccessKey><SessionToken>the-session-token</SessionToken>`+
			`<Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
			len(tokens), now.Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(server.Close)
	return server, &tokens
}

// loginAt is a login that was made at p and sts with the given refresh token.
func (p *identityProvider) loginAt(sts, refresh string) savedLogin {
	l := savedLogin{Issuer: p.URL, ClientID: "cli", Scopes: []string{"openid"}, STS: sts, RoleARN: "arn:aws:iam::111122223333:role/uploader"}
	l.secrets.RefreshToken = refresh
	return l
}

// leaks fails the test if text holds one of the secrets.
func leaks(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			t.Errorf("%q holds the secret %q", text, s)
		}
	}
}
