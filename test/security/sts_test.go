package security

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/bucketline/bucketline/sign"
)

// assume asks the STS, and returns the credentials that it gave, if any.
func (w *world) assume(t testing.TB, form url.Values) (c sign.Credentials, got answer) {
	t.Helper()
	resp, err := http.PostForm(w.sts, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var given struct {
		ID      string `xml:"AssumeRoleWithWebIdentityResult>Credentials>AccessKeyId"`
		Secret  string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SecretAccessKey"`
		Session string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
	}
	xml.Unmarshal(body, &given) // a refusal has none of them
	c = sign.Credentials{AccessKeyID: given.ID, SecretAccessKey: given.Secret, SessionToken: given.Session}
	return c, answer{resp.StatusCode, resp.Header, string(body)}
}

// form is a good request.
func (w *world) form(token string) url.Values {
	return url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {w.roleARN},
		"RoleSessionName": {"test"}, "WebIdentityToken": {token}, "DurationSeconds": {"900"},
	}
}

func (w *world) mustAssume(t testing.TB, token string) sign.Credentials {
	t.Helper()
	c, got := w.assume(t, w.form(token))
	if c.SessionToken == "" {
		t.Fatalf("%s: sign in: %v", w.name, got)
	}
	return c
}
