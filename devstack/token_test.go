package devstack

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Whatever stands in the place of an ID token, credentials are given for what
// the provider has signed, and for nothing else.
func FuzzIDToken(f *testing.F) {
	i := newIDP(f)
	s := newTestSTS(f, i, time.Now)
	good := i.token(f, i.signer, map[string]any{"exp": time.Now().Add(24 * time.Hour).Unix()})
	parts := strings.Split(good, ".")
	bobs := strings.Split(i.token(f, i.signer, map[string]any{"sub": "bob", "exp": time.Now().Add(24 * time.Hour).Unix()}), ".")
	for _, token := range []string{
		good, parts[0] + "." + bobs[1] + "." + parts[2], parts[0] + "." + parts[1] + ".", "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"eyJhbGciOiJIUzI1NiJ9." + parts[1] + "." + parts[2], good + ".", "." + good, "{}", `{"payload":"` + parts[1] + `","signatures":[]}`, "a.b.c.d.e",
	} {
		f.Add(token, "AssumeRoleWithWebIdentity", "900", "")
	}
	f.Add(good, "AssumeRoleWithWebIdentity", "15", `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)
	f.Fuzz(func(t *testing.T, token, action, duration, policy string) {
		form := url.Values{
			"Action": {action}, "Version": {stsVersion}, "RoleArn": {roleARN}, "RoleSessionName": {"fuzz"},
			"WebIdentityToken": {token}, "DurationSeconds": {duration},
		}
		if policy != "" {
			form.Set("Policy", policy)
		}
		result, refused := s.handle(context.Background(), form)
		if (result == nil) == (refused == nil) {
			t.Fatalf("%v and %v", result, refused)
		}
		if refused != nil {
			if strings.Contains(refused.message, token) && len(token) > 20 {
				t.Errorf("the refusal %q has the token in it", refused.message)
			}
			return
		}
		// Base64url says the last bits of a part in several ways: what is said
		// must be what was signed.
		given := strings.Split(token, ".")
		if len(given) != 3 || given[1] != parts[1] && given[1] != bobs[1] || result.SubjectFromWebIdentityToken != "alice" && given[1] == parts[1] {
			t.Errorf("credentials for %q were given for %q", result.SubjectFromWebIdentityToken, token)
		}
	})
}

// Whatever stands in the place of a session token, what opens was minted.
func FuzzOpenSession(f *testing.F) {
	v, err := newVault(time.Now)
	if err != nil {
		f.Fatal(err)
	}
	c, err := v.mint("alice", "fuzz", []byte(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`), 24*time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	other, err := newVault(time.Now)
	if err != nil {
		f.Fatal(err)
	}
	foreign, err := other.mint("bob", "fuzz", nil, 24*time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.AccessKeyID, c.SessionToken)
	f.Add(c.AccessKeyID, c.SessionToken[:len(c.SessionToken)/2])
	f.Add(foreign.AccessKeyID, foreign.SessionToken)
	f.Add(c.AccessKeyID, foreign.SessionToken)
	f.Add("", "")
	f.Add(rootAccessKey, "")
	f.Fuzz(func(t *testing.T, id, token string) {
		s, err := v.open(id, token)
		if err != nil {
			return
		}
		sealed, _ := base64.StdEncoding.DecodeString(token)
		minted, _ := base64.StdEncoding.DecodeString(c.SessionToken)
		if string(sealed) != string(minted) || id != c.AccessKeyID || s.Subject != "alice" || s.Secret != c.SecretAccessKey {
			t.Errorf("%q and %q open a session of %s", id, token, s.Subject)
		}
	})
}
