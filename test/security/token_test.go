package security

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/devstack"
)

// object is a JSON object: a token's header, or its claims.
type object map[string]any

// with returns a copy with another value.
func (o object) with(name string, value any) object {
	c := maps.Clone(o)
	c[name] = value
	return c
}

func (o object) encoded(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// cut gives the three parts of a token (RFC 7515, section 3.1).
func cut(t testing.TB, token string) (header, claims, signature string) {
	t.Helper()
	p := strings.Split(token, ".")
	if len(p) != 3 {
		t.Fatalf("an ID token with %d parts", len(p))
	}
	return p[0], p[1], p[2]
}

func decoded(t testing.TB, part string) object {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// flipped is a signature with one bit changed.
func flipped(t testing.TB, signature string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	return base64.RawURLEncoding.EncodeToString(b)
}

// issuer is somebody else's provider, with a key of its own, that answers what a
// provider is asked.
type issuer struct {
	server *httptest.Server
	key    *rsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	i.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := object{"issuer": i.server.URL, "jwks_uri": i.server.URL + "/keys"}
		if r.URL.Path == "/keys" {
			answer = object{"keys": []any{i.jwk()}}
		}
		json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) jwk() object {
	encode := base64.RawURLEncoding.EncodeToString
	return object{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
		"n": encode(i.key.N.Bytes()), "e": encode(big.NewInt(int64(i.key.E)).Bytes()),
	}
}

// token signs claims with the issuer's own key, whatever the header says.
func (i *issuer) token(t testing.TB, header, claims object) string {
	t.Helper()
	text := header.encoded(t) + "." + claims.encoded(t)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// hmac signs claims with the public key of a provider as if it were a secret
// (RFC 8725, section 2.1).
func (i *issuer) hmac(t testing.TB, provider string, header, claims object) string {
	t.Helper()
	resp, err := http.Get(provider + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var set struct{ Keys []struct{ N, E string } }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("the provider's keys: %v", err)
	}
	number := func(text string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	public, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: number(set.Keys[0].N), E: int(number(set.Keys[0].E).Int64())})
	if err != nil {
		t.Fatal(err)
	}
	text := header.with("alg", "HS256").encoded(t) + "." + claims.encoded(t)
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// commandLineToken signs a user in as the command line does, and returns an ID
// token that is for it and for nobody else.
func commandLineToken(t testing.TB, e devstack.Endpoints, user string) string {
	t.Helper()
	const redirect = "http://127.0.0.1:1/callback"
	var password string
	for _, u := range e.Users {
		if u.Name == user {
			password = u.Password
		}
	}
	client := http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	resp, err := client.Get(e.Issuer + "/authorize?" + url.Values{
		"client_id": {e.CLIClientID}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "state": {"s"}, "nonce": {"n"},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	form := resp.Request.URL
	resp, err = client.PostForm(e.Issuer+form.Path, url.Values{"id": {form.Query().Get("id")}, "user": {user}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("sign %s in: %s", user, resp.Status)
	}
	resp, err = client.PostForm(e.Issuer+"/oauth/token", url.Values{
		"client_id": {e.CLIClientID}, "redirect_uri": {redirect}, "grant_type": {"authorization_code"},
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
