package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/bucketline/bucketline/test/e2e/harness"
)

// identity is what the page gives to the STS with an ID token.
func (s *stack) identity(token string) harness.WebIdentity {
	return harness.WebIdentity{
		Endpoint: s.STS, RoleARN: s.RoleARN, RoleSessionName: "e2e", Token: token, DurationSeconds: 900,
	}
}

// idToken signs a user in as the page does: code and PKCE (RFC 7636), with the
// user's real password in the provider's real form. The demo page's test does it
// in a browser.
func (s *stack) idToken(t testing.TB, user string) string {
	t.Helper()
	var password string
	for _, u := range s.Users {
		if u.Name == user {
			password = u.Password
		}
	}
	client := http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), s.Page) {
			return http.ErrUseLastResponse // the redirect to the page has the code
		}
		return nil
	}}
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	resp, err := client.Get(s.Issuer + "/authorize?" + url.Values{
		"client_id": {s.ClientID}, "redirect_uri": {s.Page}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"state": {"s"}, "nonce": {"n"},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	form := resp.Request.URL // of the sign-in form
	resp, err = client.PostForm(s.Issuer+form.Path, url.Values{
		"id": {form.Query().Get("id")}, "user": {user}, "password": {password},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("sign %s in: %s from %v", user, resp.Status, resp.Request.URL)
	}
	resp, err = client.PostForm(s.Issuer+"/oauth/token", url.Values{
		"client_id": {s.ClientID}, "redirect_uri": {s.Page}, "grant_type": {"authorization_code"},
		"code": {back.Query().Get("code")}, "code_verifier": {verifier},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.IDToken == "" {
		t.Fatalf("sign %s in: %s, no ID token: %v", user, resp.Status, err)
	}
	return answer.IDToken
}

// parts of a token: header, claims, signature (RFC 7515, section 3.1).
func parts(t testing.TB, token string) []string {
	t.Helper()
	p := strings.Split(token, ".")
	if len(p) != 3 {
		t.Fatalf("an ID token with %d parts", len(p))
	}
	return p
}

// claims decodes one of the first two parts.
func claims(t testing.TB, part string) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func encode(t testing.TB, c map[string]any) string {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// withClaims is token with other claims under the same signature.
func withClaims(t testing.TB, token string, change func(map[string]any)) string {
	t.Helper()
	p := parts(t, token)
	c := claims(t, p[1])
	change(c)
	return p[0] + "." + encode(t, c) + "." + p[2]
}

// withSignature is token with one bit of its signature changed.
func withSignature(t testing.TB, token string) string {
	t.Helper()
	p := parts(t, token)
	signature, err := base64.RawURLEncoding.DecodeString(p[2])
	if err != nil {
		t.Fatal(err)
	}
	signature[len(signature)/2] ^= 1
	return p[0] + "." + p[1] + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// unsigned is token with the algorithm "none", which some verifiers fell for
// (RFC 8725, section 2.1).
func unsigned(t testing.TB, token string) string {
	t.Helper()
	p := parts(t, token)
	header := claims(t, p[0])
	header["alg"] = "none"
	return encode(t, header) + "." + p[1] + "."
}

// signedElsewhere has the header and claims of token under somebody else's key.
func signedElsewhere(t testing.TB, token string) string {
	t.Helper()
	p := parts(t, token)
	payload, err := base64.RawURLEncoding.DecodeString(p[1])
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	kid, _ := claims(t, p[0])["kid"].(string)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
