package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
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

func (s *stack) idToken(t testing.TB, user string) string {
	t.Helper()
	return harness.IDToken(t, s.Endpoints, user)
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
