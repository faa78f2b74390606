package judge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/stores"
)

const mib = 1 << 20

// court is a MinIO with a bucket for one test, and an identity provider that it
// trusts.
type court struct {
	*stores.Store
	bucket    string
	identity  harness.WebIdentity
	temporary sign.Credentials // of somebody who signed in
}

func convene(t *testing.T) *court {
	t.Helper()
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	stack, err := devstack.Start(t.Context(), devstack.Config{}) // for its provider alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stack.Close() })
	// The stack stands in its store's folder, where no program of ours is found.
	if err := os.Chdir(home); err != nil {
		t.Fatal(err)
	}
	e := stack.Endpoints()
	c := &court{Store: stores.Start(t, stores.Config{Region: "eu-west-1", OpenID: &stores.OpenID{
		ConfigURL: e.Issuer + "/.well-known/openid-configuration", ClientID: e.ClientID, Policy: "readwrite",
	}})}
	c.bucket = c.Bucket(t)
	token := harness.IDToken(t, e, "alice")
	c.identity = harness.WebIdentity{
		Endpoint: c.Endpoint, RoleARN: c.RoleARN, RoleSessionName: "judge", Token: token, DurationSeconds: 900,
	}
	provider, err := credentials.NewSTSWebIdentity(c.Endpoint, func() (*credentials.WebIdentityToken, error) {
		return &credentials.WebIdentityToken{Token: token, Expiry: 900}, nil
	}, func(i *credentials.STSWebIdentity) { i.RoleARN = c.RoleARN })
	if err != nil {
		t.Fatal(err)
	}
	v, err := provider.GetWithContext(&credentials.CredContext{Client: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	c.temporary = sign.Credentials{AccessKeyID: v.AccessKeyID, SecretAccessKey: v.SecretAccessKey, SessionToken: v.SessionToken}
	return c
}

// hand words and signs requests in one way.
type hand struct {
	name        string
	version     int
	address     s3.Address
	credentials sign.Credentials
	v4          sign.V4
	v2          sign.V2
}

// hands are all ways.
func (c *court) hands(t *testing.T) []*hand {
	t.Helper()
	permanent := sign.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}
	var all []*hand
	for _, version := range []int{4, 2} {
		for _, style := range []string{"path style", "virtual host"} {
			for whose, credentials := range map[string]sign.Credentials{"permanent": permanent, "temporary": c.temporary} {
				target := c.target(style == "virtual host")
				address, err := target.Resolve()
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, &hand{
					name: fmt.Sprintf("V%d %s %s", version, style, whose), version: version, address: address,
					credentials: credentials, v2: sign.V2{Token: sign.TokenUnsigned},
				})
			}
		}
	}
	return all
}

func (c *court) target(virtualHost bool) s3.Target {
	t := s3.Target{
		Endpoint: c.Endpoint, Region: c.Region, Bucket: c.bucket, Profile: s3.ProfileMinIO, PathStyle: !virtualHost, VirtualHost: virtualHost,
	}
	if virtualHost {
		t.Endpoint = strings.Replace(c.Endpoint, "127.0.0.1", c.Domain, 1)
	}
	return t
}

// wrong is a hand whose secret is not that of its access key.
func (h *hand) wrong() *hand {
	w := *h
	w.v4, w.v2 = sign.V4{}, sign.V2{Token: sign.TokenUnsigned}
	w.credentials.SecretAccessKey = "x" + h.credentials.SecretAccessKey
	return &w
}

func now() sign.UnixMilli { return sign.UnixMilli(time.Now().UnixMilli()) }

// sign signs r in its header.
func (h *hand) sign(r *s3.Request) {
	if h.version == 2 {
		h.v2.SignHeader(r, &h.credentials, now())
		return
	}
	h.v4.SignHeader(r, &h.credentials, h.address.Region, now())
}

// presign signs r in its query, for a minute.
func (h *hand) presign(t *testing.T, r *s3.Request) {
	t.Helper()
	var err error
	if h.version == 2 {
		err = h.v2.Presign(r, &h.credentials, now(), 60)
	} else {
		err = h.v4.Presign(r, &h.credentials, h.address.Region, now(), 60)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what the store said.
type answer struct {
	status int
	header []s3.Field
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %.300s", a.status, a.body) }

// client knows that every name below localhost is this machine, as browsers do.
var client = http.Client{Transport: &http.Transport{
	DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	},
	DisableCompression: true,
}}

// send sends r as it stands, with its own body or the one given.
func send(t *testing.T, r *s3.Request, body []byte) answer {
	t.Helper()
	if r.Body != nil {
		body = r.Body
	}
	req, err := http.NewRequest(r.Method, string(r.AppendURL(nil)), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Header {
		req.Header.Set(f.Name, f.Value)
	}
	if len(r.Authorization) > 0 {
		req.Header.Set("Authorization", string(r.Authorization))
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	for name, values := range resp.Header {
		a.header = append(a.header, s3.Field{Name: strings.ToLower(name), Value: values[0]})
	}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return a
}

// must wants a status.
func (a answer) must(t *testing.T, what string, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: %v, want %d", what, a, status)
	}
	return a
}

// refused wants a refusal with a code of S3.
func (a answer) refused(t *testing.T, what string, op s3.Op, status int, code string) {
	t.Helper()
	if e := s3.ParseError(op, a.status, a.header, a.body); e.Status != status || e.Code != code {
		t.Errorf("%s: %v, want %d %s", what, a, status, code)
	}
}

// check compares what is stored under the object's key with data and with what
// the object says.
func (c *court) check(t *testing.T, o *s3.Object, data []byte) {
	t.Helper()
	got := c.Object(t, c.bucket, o.Key)
	if got.SHA256 != harness.Sum(data) || got.Size != int64(len(data)) {
		t.Errorf("%q has SHA-256 %s and %d bytes, want %s and %d", o.Key, got.SHA256, got.Size, harness.Sum(data), len(data))
	}
	if got.ContentType != o.ContentType || got.CacheControl != o.CacheControl {
		t.Errorf("%q has content type %q and cache control %q, want %q and %q", o.Key, got.ContentType, got.CacheControl, o.ContentType, o.CacheControl)
	}
	want, decoded := map[string]string{}, map[string]string{}
	for _, f := range o.Metadata {
		want[strings.ToLower(f.Name)] = f.Value
	}
	for name, value := range got.Metadata {
		decoded[name] = s3.DecodeMetadata(value)
	}
	if !maps.Equal(decoded, want) {
		t.Errorf("%q has metadata %q, want %q", o.Key, decoded, want)
	}
}

// absent wants nothing below prefix.
func (c *court) absent(t *testing.T, prefix string) {
	t.Helper()
	if keys := c.Keys(t, c.bucket, prefix); len(keys) > 0 {
		t.Errorf("stored all the same: %q", keys)
	}
}

// oddNames break something where they are escaped once too often or not at all.
// MinIO keeps objects in folders and refuses some names for that: of those
// there are none here.
var oddNames = []string{
	"plain", "two  spaces", "plus+plus", "100%", "%41 is not A", "%2F is no slash", `"double" and 'single'`,
	"question?mark&amp=ersand#hash", "semi;colon,comma:colon", "(par)[en]{these}!*~^|`$@", "<tag>&entity;",
	"emoji 👩‍🚀🏳️‍🌈", "décomposé e\u0301", "עברית ו-عربي", "日本語", "a=b&c=d",
}

// described is an object with properties that a request must carry unharmed.
func described(key string) s3.Object {
	return s3.Object{
		Key: key, ContentType: "application/x-judged; v=1", CacheControl: "max-age=60, private",
		Metadata: []s3.Field{
			{Name: "album", Value: "Été à Malmö, 夏 🏖️"}, {Name: "spaces", Value: " two  spaces "}, {Name: "plain", Value: `"quoted"; a=b`},
		},
	}
}
