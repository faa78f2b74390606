package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/internal/fakeclouds"
	"github.com/bucketline/bucketline/sign"
)

const role = "arn:aws:iam::111122223333:role/uploads"

// fixed is a Source of one key.
func fixed(id, secret string) Source {
	return func(context.Context) (sign.Credentials, error) {
		return sign.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	}
}

// recorded serves h and keeps the last body that it was sent.
func recorded(t testing.TB, h http.Handler) (origin string, last *[]byte) {
	t.Helper()
	last = new([]byte)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*last = body
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, last
}

func aliceGrant() *Grant {
	return &Grant{Bucket: "photos", Prefix: "users/alice/", LifeSeconds: 900, SessionName: "bucketline-0123456789abcdef", IDToken: "eyJhbGciOiJub25lIn0.e30."}
}

const alicePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Action":["s3:PutObject","s3:AbortMultipartUpload","s3:ListMultipartUploadParts"],"Resource":"arn:aws:s3:::photos/users/alice/*"}]}`

func TestGrant_itsPolicyIsNarrow(t *testing.T) {
	g := aliceGrant()
	if got, err := g.Policy(""); err != nil || got != alicePolicy {
		t.Errorf("the policy is %s, %v, want %s", got, err, alicePolicy)
	}
	g.Read = true
	want := strings.Replace(alicePolicy, `Parts"`, `Parts","s3:GetObject"`, 1)
	if got, err := g.Policy("aws"); err != nil || got != want {
		t.Errorf("with Read the policy is %s, %v, want %s", got, err, want)
	}
	if got, err := g.Policy("aws-cn"); err != nil || got != strings.Replace(want, "arn:aws:", "arn:aws-cn:", 1) {
		t.Errorf("in China the policy is %s, %v", got, err)
	}
	for _, text := range []string{fmt.Sprintf("%v", g), fmt.Sprintf("%+v", *g), fmt.Sprintf("%#v", *g)} {
		if strings.Contains(text, g.IDToken) {
			t.Errorf("printing a Grant shows the token: %s", text)
		}
	}
	// The longest prefix that there can be still fits.
	g.Prefix = strings.Repeat("a", maxPrefixBytes-1) + "/"
	if _, err := g.Policy("aws-us-gov"); err != nil {
		t.Errorf("a prefix of %d bytes: %v", maxPrefixBytes, err)
	}
}

func TestAssumeRole(t *testing.T) {
	cloud := &fakeclouds.Cloud{
		Region: "eu-west-1", RoleARN: role,
		Keys: []fakeclouds.Key{{AccessKeyID: "AKIAISSUER", SecretAccessKey: "issuer-secret"}},
	}
	origin, last := recorded(t, cloud.STS())
	b := &AssumeRole{Endpoint: origin, Region: "eu-west-1", RoleARN: role, ExternalID: "external", Source: fixed("AKIAISSUER", "issuer-secret")}
	c, err := b.Credentials(t.Context(), aliceGrant())
	if err != nil {
		t.Fatal(err)
	}
	left := time.Until(time.UnixMilli(int64(c.Expiration)))
	if c.AccessKeyID == "" || c.SecretAccessKey == "" || c.SessionToken == "" || left < 890*time.Second || left > 900*time.Second {
		t.Errorf("the credentials are %v, and live %v", c, left)
	}
	form, err := url.ParseQuery(string(*last))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Action": "AssumeRole", "RoleArn": role, "RoleSessionName": "bucketline-0123456789abcdef", "DurationSeconds": "900",
		"Policy": alicePolicy, "ExternalId": "external",
	} {
		if form.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, form.Get(name), want)
		}
	}
	if strings.Contains(string(*last), "WebIdentity") || strings.Contains(string(*last), "eyJ") {
		t.Errorf("the ID token was sent: %s", *last)
	}
}

func TestAssumeRole_refused(t *testing.T) {
	cloud := &fakeclouds.Cloud{
		Region: "eu-west-1", RoleARN: role,
		Keys: []fakeclouds.Key{{AccessKeyID: "AKIAISSUER", SecretAccessKey: "issuer-secret"}},
	}
	origin, _ := recorded(t, cloud.STS())
	gone := errors.New("no keys here")
	for name, change := range map[string]func(*AssumeRole){
		"another role":   func(b *AssumeRole) { b.RoleARN = role + "2" },
		"a wrong secret": func(b *AssumeRole) { b.Source = fixed("AKIAISSUER", "wrong") },
		"an unknown key": func(b *AssumeRole) { b.Source = fixed("AKIAOTHER", "issuer-secret") },
		"another region": func(b *AssumeRole) { b.Region = "us-east-1" },
		"no keys": func(b *AssumeRole) {
			b.Source = func(context.Context) (sign.Credentials, error) { return sign.Credentials{}, gone }
		},
		"nobody at home":    func(b *AssumeRole) { b.Endpoint = "http://127.0.0.1:1" },
		"a clock that lags": func(b *AssumeRole) { b.Now = func() time.Time { return time.Now().Add(-time.Hour) } },
	} {
		b := &AssumeRole{Endpoint: origin, Region: "eu-west-1", RoleARN: role, Source: fixed("AKIAISSUER", "issuer-secret")}
		change(b)
		c, err := b.Credentials(t.Context(), aliceGrant())
		if err == nil || c.SecretAccessKey != "" {
			t.Errorf("%s: %v, %v", name, c, err)
			continue
		}
		if strings.Contains(err.Error(), "issuer-secret") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: the error has the secret: %v", name, err)
		}
		var told *exchange.Error
		if served := name != "no keys" && name != "nobody at home"; served != errors.As(err, &told) {
			t.Errorf("%s: the error is %T %v", name, err, err)
		}
	}
}

func TestWebIdentity(t *testing.T) {
	g := aliceGrant()
	cloud := &fakeclouds.Cloud{RoleARN: role, Tokens: map[string][]string{"id.example.com": {g.IDToken}}}
	origin, last := recorded(t, cloud.STS())
	c, err := (&WebIdentity{Endpoint: origin, RoleARN: role}).Credentials(t.Context(), g)
	if err != nil || c.SessionToken == "" {
		t.Fatalf("%v, %v", c, err)
	}
	form, err := url.ParseQuery(string(*last))
	if err != nil || form.Get("Policy") != alicePolicy || form.Get("WebIdentityToken") != g.IDToken || form.Get("DurationSeconds") != "900" {
		t.Errorf("it was sent %s", *last)
	}
	g.IDToken += "x"
	if c, err := (&WebIdentity{Endpoint: origin, RoleARN: role}).Credentials(t.Context(), g); err == nil || strings.Contains(err.Error(), g.IDToken) {
		t.Errorf("with another token: %v, %v", c, err)
	}
}

func TestR2(t *testing.T) {
	account := strings.Repeat("0123456789abcdef", 2)
	cloud := &fakeclouds.Cloud{R2Account: account, R2Token: "api-token", R2Parent: "parent"}
	origin, last := recorded(t, cloud.R2())
	b := &R2{
		AccountID: account, ParentAccessKeyID: "parent", Endpoint: origin + "/client/v4",
		Token: func(context.Context) (string, error) { return "api-token", nil },
	}
	c, err := b.Credentials(t.Context(), aliceGrant())
	left := time.Until(time.UnixMilli(int64(c.Expiration)))
	if err != nil || c.SessionToken == "" || left < 890*time.Second || left > 900*time.Second {
		t.Fatalf("%v, %v, which live %v", c, err, left)
	}
	var sent struct {
		Bucket, Permission string
		TTLSeconds         int
		Prefixes           []string
	}
	if err := json.Unmarshal(*last, &sent); err != nil || sent.Bucket != "photos" || sent.Permission != "object-read-write" ||
		sent.TTLSeconds != 900 || len(sent.Prefixes) != 1 || sent.Prefixes[0] != "users/alice/" {
		t.Errorf("it was sent %s", *last)
	}
	b.Token = func(context.Context) (string, error) { return "wrong-token", nil }
	if c, err := b.Credentials(t.Context(), aliceGrant()); err == nil || strings.Contains(err.Error(), "wrong-token") {
		t.Errorf("with another token: %v, %v", c, err)
	}
}

// What a redirection would be sent is a signature or a token.
func TestBackend_redirections_areNotFollowed(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	origin, _ := recorded(t, http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	for _, b := range []Backend{
		&AssumeRole{Endpoint: origin, Region: "eu-west-1", RoleARN: role, Source: fixed("AKIAISSUER", "issuer-secret")},
		&WebIdentity{Endpoint: origin, RoleARN: role},
	} {
		if c, err := b.Credentials(t.Context(), aliceGrant()); err == nil || followed {
			t.Errorf("%T: %v, %v, followed: %v", b, c, err, followed)
		}
	}
}

func TestBackend_thatHangs_isGivenUp(t *testing.T) {
	hold := make(chan struct{})
	origin, _ := recorded(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(hold) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	b := &WebIdentity{Endpoint: origin, RoleARN: role}
	if c, err := b.Credentials(ctx, aliceGrant()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v, want DeadlineExceeded", c, err)
	}
}
