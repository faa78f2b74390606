package devstack

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"
)

// mac1 is a Version 2 signature, written here a second time so that the front
// is not judged by the package it uses.
func mac1(secret, text string) string {
	m := hmac.New(sha1.New, []byte(secret))
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Where a presigned Version 2 request's token is signed differs from store to
// store; all three ways are good, path style and virtual-hosted style.
func TestV2_presignedWithTokenInEveryPlace(t *testing.T) {
	s := open(t, Config{})
	c := credentialsOf(t, s, "alice")
	const key = "/users/alice/presigned"
	expires := time.Now().Add(time.Minute).Unix()
	resource := "/photos" + key
	for style, target := range map[string]string{"path style": s.Endpoints().S3 + "/photos" + key, "virtual-hosted style": s.Endpoints().S3VirtualHost + key} {
		for place, text := range map[string]string{
			"unsigned":         fmt.Sprintf("PUT\n\na/b\n%d\nx-amz-storage-class:STANDARD\n%s", expires, resource),
			"among the rest":   fmt.Sprintf("PUT\n\na/b\n%d\nx-amz-security-token:%s\nx-amz-storage-class:STANDARD\n%s", expires, c.SessionToken, resource),
			"after everything": fmt.Sprintf("PUT\n\na/b\n%d\nx-amz-storage-class:STANDARD\nx-amz-security-token:%s\n%s", expires, c.SessionToken, resource),
		} {
			query := url.Values{"AWSAccessKeyId": {c.AccessKeyID}, "Expires": {fmt.Sprint(expires)}, "Signature": {mac1(c.SecretAccessKey, text)}, "x-amz-security-token": {c.SessionToken}}
			r := request(t, http.MethodPut, target+"?"+query.Encode(), strings.NewReader(place+style))
			r.Header.Set("Content-Type", "a/b")
			r.Header.Set("X-Amz-Storage-Class", "STANDARD")
			if got := do(t, client(t, s), r); got.StatusCode != http.StatusOK {
				t.Errorf("%s, token %s: %d %s", style, place, got.StatusCode, got.body)
			}
			if got := stored(t, s, strings.TrimPrefix(key, "/")); got != place+style {
				t.Errorf("%s, token %s: stored %q", style, place, got)
			}
		}
	}
}

// presignV2 has minio-go presign a request for the object.
func presignV2(t testing.TB, s *Stack, method string, c Credentials, life int64) *http.Request {
	t.Helper()
	r := request(t, method, s.Endpoints().S3+"/photos/users/alice/x?x-amz-security-token="+url.QueryEscape(c.SessionToken), nil)
	r = signer.PreSignV2(*r, c.AccessKeyID, c.SecretAccessKey, life, false)
	r.Header.Del("Expires") // left there by minio-go for itself
	return r
}

func TestV2_refusals(t *testing.T) {
	var at clock
	s := open(t, Config{Now: at.now})
	c := credentialsOf(t, s, "alice")
	target := s.Endpoints().S3 + "/photos/users/alice/x"
	if got := put(t, s, c, target, []byte("stored")); got.StatusCode != http.StatusOK {
		t.Fatal(got.body)
	}
	header := func(change func(*http.Request), date time.Time) *http.Request {
		r := request(t, http.MethodGet, target, nil)
		r.Header.Set("X-Amz-Security-Token", c.SessionToken)
		r.Header.Set("Date", date.UTC().Format(http.TimeFormat))
		r = signer.SignV2(*r, c.AccessKeyID, c.SecretAccessKey, false)
		change(r)
		return r
	}
	nothing := func(*http.Request) {}
	presigned := func(change func(url.Values)) *http.Request {
		r := presignV2(t, s, http.MethodGet, c, 60)
		query := r.URL.Query()
		change(query)
		r.URL.RawQuery = query.Encode()
		return r
	}
	now := time.Now()
	for name, test := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"header":                       {header(nothing, now), 200, ""},
		"14 minutes old":               {header(nothing, now.Add(-14*time.Minute)), 200, ""},
		"14 minutes ahead":             {header(nothing, now.Add(14*time.Minute)), 200, ""},
		"16 minutes old":               {header(nothing, now.Add(-16*time.Minute)), 403, "RequestTimeTooSkewed"},
		"16 minutes ahead":             {header(nothing, now.Add(16*time.Minute)), 403, "RequestTimeTooSkewed"},
		"no date":                      {header(func(r *http.Request) { r.Header.Del("Date") }, now), 403, "AccessDenied"},
		"another date":                 {header(func(r *http.Request) { r.Header.Set("Date", now.Add(time.Second).UTC().Format(http.TimeFormat)) }, now), 403, "SignatureDoesNotMatch"},
		"another method":               {header(func(r *http.Request) { r.Method = http.MethodDelete }, now), 403, "SignatureDoesNotMatch"},
		"another key":                  {header(func(r *http.Request) { r.URL.Path += "y" }, now), 403, "SignatureDoesNotMatch"},
		"another header":               {header(func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", "b") }, now), 403, "SignatureDoesNotMatch"},
		"another subresource":          {header(func(r *http.Request) { r.URL.RawQuery = "tagging" }, now), 403, "SignatureDoesNotMatch"},
		"another content type":         {header(func(r *http.Request) { r.Header.Set("Content-Type", "a/b") }, now), 403, "SignatureDoesNotMatch"},
		"no signature":                 {header(func(r *http.Request) { r.Header.Set("Authorization", "AWS "+c.AccessKeyID) }, now), 400, "InvalidArgument"},
		"empty signature":              {header(func(r *http.Request) { r.Header.Set("Authorization", "AWS "+c.AccessKeyID+":") }, now), 403, "SignatureDoesNotMatch"},
		"presigned":                    {presigned(func(url.Values) {}), 200, ""},
		"presigned, another expiry":    {presigned(func(q url.Values) { q.Set("Expires", fmt.Sprint(now.Add(time.Hour).Unix())) }), 403, "SignatureDoesNotMatch"},
		"presigned, another signature": {presigned(func(q url.Values) { q.Set("Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=") }), 403, "SignatureDoesNotMatch"},
		"presigned, no expiry":         {presigned(func(q url.Values) { q.Del("Expires") }), 403, "AccessDenied"},
		"presigned, no signature":      {presigned(func(q url.Values) { q.Del("Signature") }), 403, "AccessDenied"},
		"presigned, no token":          {presigned(func(q url.Values) { q.Del("x-amz-security-token") }), 403, "InvalidAccessKeyId"},
		"presigned, more subresources": {presigned(func(q url.Values) { q.Set("response-content-type", "text/html") }), 403, "SignatureDoesNotMatch"},
	} {
		got := do(t, client(t, s), test.r)
		if got.StatusCode != test.status {
			t.Errorf("%s: %d %s, want %d %s", name, got.StatusCode, got.body, test.status, test.code)
		}
		if test.code != "" && got.code(t) != test.code {
			t.Errorf("%s: %s, want %s", name, got.code(t), test.code)
		}
		if test.code == "" && got.body != "stored" {
			t.Errorf("%s: read %q", name, got.body)
		}
	}
	late := presignV2(t, s, http.MethodGet, c, 60)
	at.advance(62 * time.Second)
	if got := do(t, client(t, s), late); got.StatusCode != 403 || got.code(t) != "AccessDenied" {
		t.Errorf("presigned for 60 s, after 62 s: %d %s", got.StatusCode, got.body)
	}
}

// The answer's header fields that a presigned GET may set reach the store.
func TestV2_presignedKeepsTheOtherParameters(t *testing.T) {
	s := open(t, Config{})
	c := credentialsOf(t, s, "alice")
	if got := put(t, s, c, s.Endpoints().S3+"/photos/users/alice/x", []byte("x")); got.StatusCode != http.StatusOK {
		t.Fatal(got.body)
	}
	expires := fmt.Sprint(time.Now().Add(time.Minute).Unix())
	const disposition = `attachment; filename="a b.txt"`
	text := "GET\n\n\n" + expires + "\n/photos/users/alice/x?response-content-disposition=" + disposition
	query := url.Values{"AWSAccessKeyId": {c.AccessKeyID}, "Expires": {expires}, "Signature": {mac1(c.SecretAccessKey, text)}, "X-Amz-Security-Token": {c.SessionToken}, "response-content-disposition": {disposition}}
	got := do(t, client(t, s), request(t, http.MethodGet, s.Endpoints().S3+"/photos/users/alice/x?"+query.Encode(), nil))
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Disposition") != disposition {
		t.Errorf("%d %s, Content-Disposition %q", got.StatusCode, got.body, got.Header.Get("Content-Disposition"))
	}
}

// Version 4 goes through the front untouched, signed in the query too.
func TestV4_presigned(t *testing.T) {
	var at clock
	s := open(t, Config{Now: at.now})
	short, err := s.Credentials("alice", 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{s.Endpoints().S3 + "/photos/users/alice/a%20b%2Bc", s.Endpoints().S3VirtualHost + "/users/alice/a%20b%2Bc"} {
		r := request(t, http.MethodPut, target, strings.NewReader("x"))
		r = signer.PreSignV4(*r, short.AccessKeyID, short.SecretAccessKey, short.SessionToken, s.Endpoints().Region, 60)
		if got := do(t, client(t, s), r); got.StatusCode != http.StatusOK {
			t.Errorf("PUT %s: %d %s", target, got.StatusCode, got.body)
		}
		if stored(t, s, "users/alice/a b+c") != "x" {
			t.Error("stored something else")
		}
	}
	// A presigned URL dies with its credentials.
	r := request(t, http.MethodGet, s.Endpoints().S3+"/photos/users/alice/a%20b%2Bc", nil)
	r = signer.PreSignV4(*r, short.AccessKeyID, short.SecretAccessKey, short.SessionToken, s.Endpoints().Region, 60)
	at.advance(16 * time.Second)
	if got := do(t, client(t, s), r); got.StatusCode != 400 || got.code(t) != "ExpiredToken" {
		t.Errorf("after the credentials' end: %d %s", got.StatusCode, got.body)
	}
}
