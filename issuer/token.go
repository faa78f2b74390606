package issuer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// algorithms are those that a token may be signed with: none that shares a
// secret, and not "none".
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// An identity is what a verified token says.
type identity struct {
	subject string
	claims  map[string]json.RawMessage
}

// A verifier believes the ID tokens of one provider for some clients.
type verifier struct {
	config *Config
	keys   *keys
	tokens *oidc.IDTokenVerifier
}

func newVerifier(c *Config) *verifier {
	v := &verifier{config: c, keys: newKeys(c)}
	v.tokens = oidc.NewVerifier(c.Issuer, v.keys, &oidc.Config{
		SupportedSigningAlgs: c.Algorithms,
		SkipClientIDCheck:    true, // several clients: audience says whether one is meant
		SkipExpiryCheck:      true, // its leeway is none for exp and 5 minutes for nbf: inTime has ours
	})
	return v
}

// verify believes a token: its signature by a key of the provider, its issuer,
// its kind, its audience and its times.
//
// OpenID Connect Core 1.0, section 3.1.3.7, but for the nonce, which only who
// asked for the token knows.
func (v *verifier) verify(ctx context.Context, raw string) (*identity, *refusal) {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	bad := func(why error) *refusal {
		return &refusal{status: 401, code: codeBadToken, message: "The ID token is malformed, or not one that is trusted here.", why: why}
	}
	if err := checkType(raw); err != nil {
		return nil, bad(err)
	}
	var fetch fetching
	token, err := v.tokens.Verify(fetch.within(ctx), raw)
	if fetch.failed != nil {
		return nil, &refusal{
			status: 503, code: codeNoProvider, message: "The OpenID provider does not answer just now.",
			retryAfter: keysPause, why: fetch.failed,
		}
	}
	if err != nil {
		return nil, bad(err)
	}
	id := &identity{subject: token.Subject}
	if err := token.Claims(&id.claims); err != nil {
		return nil, bad(err)
	}
	if err := v.checkClaims(id, token.Audience); err != nil {
		return nil, bad(err)
	}
	over, err := v.inTime(id)
	if err != nil {
		return nil, bad(err)
	}
	if over {
		return nil, &refusal{status: 401, code: codeExpired, message: "The ID token has expired.", why: errors.New("exp is over")}
	}
	return id, nil
}

// checkType refuses tokens of the same provider that are something else, by
// the type in their header: access tokens (RFC 9068, section 2.1) and logout
// tokens above all. ID tokens have none, or JWT.
func checkType(raw string) error {
	first, _, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return errors.New("the header is not base64url")
	}
	var header struct {
		Type string `json:"typ"`
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return errors.New("the header is not JSON")
	}
	if header.Type != "" && !strings.EqualFold(header.Type, "JWT") {
		return fmt.Errorf("the token is of type %.40q", header.Type)
	}
	return nil
}

// kinds are claims by which some providers say what a token is, and the value
// of an ID token: Keycloak's and Cognito's.
var kinds = [...]struct{ claim, value string }{{"typ", "ID"}, {"token_use", "id"}}

func (v *verifier) checkClaims(id *identity, audience []string) error {
	if id.subject == "" || len(id.subject) > 255 {
		// OpenID Connect Core 1.0, section 2: at most 255 ASCII characters.
		return errors.New("sub is missing or too long")
	}
	trusted := func(client string) bool { return slices.Contains(v.config.Audiences, client) }
	if !slices.ContainsFunc(audience, trusted) {
		return fmt.Errorf("aud is %.200q", audience)
	}
	party, err := text(id.claims, "azp")
	switch {
	case err != nil:
		return err
	case party != "" && !trusted(party):
		return fmt.Errorf("azp is %.80q", party)
	case party == "" && len(audience) > 1:
		return errors.New("aud names several, and azp none of them")
	}
	for _, k := range kinds {
		if value, err := text(id.claims, k.claim); err != nil || value != "" && value != k.value {
			return fmt.Errorf("%s is %.40q: this is no ID token", k.claim, value)
		}
	}
	return nil
}

// text is a claim that is a string; empty when there is none.
func text(claims map[string]json.RawMessage, name string) (string, error) {
	raw, ok := claims[name]
	if !ok {
		return "", nil
	}
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return "", fmt.Errorf("%s is not a string", name)
	}
	return *value, nil
}

// inTime holds exp, nbf and iat against the clock, give or take the leeway.
//
// RFC 7519, sections 4.1.4 to 4.1.6; iat and exp are required by OpenID Connect
// Core 1.0, section 2.
func (v *verifier) inTime(id *identity) (over bool, err error) {
	now, leeway := v.config.Now(), v.config.Leeway
	expires, found, err := instant(id.claims, "exp")
	if err != nil || !found {
		return false, errors.Join(err, missing("exp", found))
	}
	issued, found, err := instant(id.claims, "iat")
	if err != nil || !found {
		return false, errors.Join(err, missing("iat", found))
	}
	begins, found, err := instant(id.claims, "nbf")
	switch {
	case err != nil:
		return false, err
	case found && now.Add(leeway).Before(begins):
		return false, errors.New("nbf is still to come")
	case now.Add(leeway).Before(issued):
		return false, errors.New("iat is still to come")
	}
	return !now.Before(expires.Add(leeway)), nil
}

func missing(claim string, found bool) error {
	if found {
		return nil
	}
	return fmt.Errorf("%s is missing", claim)
}

// instant reads a NumericDate: seconds since 1970, maybe with a fraction (RFC
// 7519, section 2).
func instant(claims map[string]json.RawMessage, name string) (at time.Time, found bool, err error) {
	raw, found := claims[name]
	if !found {
		return at, false, nil
	}
	const latest = 253_402_300_799 // 9999-12-31
	var seconds *float64
	if err := json.Unmarshal(raw, &seconds); err != nil || seconds == nil || *seconds < 0 || *seconds > latest {
		return at, true, fmt.Errorf("%s is no time", name)
	}
	return time.UnixMilli(int64(*seconds * 1000)), true, nil
}
