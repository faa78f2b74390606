package devstack

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func preflight(t testing.TB, s *Stack, target, from, method, headers string) reply {
	t.Helper()
	r := request(t, http.MethodOptions, target, nil)
	for name, value := range map[string]string{"Origin": from, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return do(t, client(t, s), r)
}

func pageOrigin(s *Stack) string { return strings.TrimSuffix(s.Endpoints().Page, "/") }

func corsHeaders(h http.Header) (out []string) {
	for name, values := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			out = append(out, fmt.Sprint(name, values))
		}
	}
	return out
}

// S3 API Reference, "OPTIONS object".
func TestCORS_preflight(t *testing.T) {
	const other = "http://127.0.0.1:5173"
	s := open(t, Config{NoCORSBucket: "nocors", Origins: []string{other}})
	e := s.Endpoints()
	for name, test := range map[string]struct {
		target, origin, method, headers string
		status                          int
		code                            string
	}{
		"from the page":         {e.S3 + "/photos/users/alice/x?partNumber=1", pageOrigin(s), "PUT", "authorization,x-amz-date,x-amz-content-sha256", 200, ""},
		"virtual-hosted style":  {e.S3VirtualHost + "/users/alice/x", pageOrigin(s), "DELETE", "", 200, ""},
		"from --origin":         {e.S3 + "/photos", other, "POST", "content-type", 200, ""},
		"from a stranger":       {e.S3 + "/photos/x", "http://evil.example", "PUT", "", 403, "AccessForbidden"},
		"from localhost":        {e.S3 + "/photos/x", strings.Replace(pageOrigin(s), "127.0.0.1", "localhost", 1), "PUT", "", 403, "AccessForbidden"},
		"from another port":     {e.S3 + "/photos/x", pageOrigin(s) + "0", "PUT", "", 403, "AccessForbidden"},
		"with another method":   {e.S3 + "/photos/x", pageOrigin(s), "PATCH", "", 403, "AccessForbidden"},
		"bucket without CORS":   {e.S3 + "/nocors/x", pageOrigin(s), "PUT", "", 403, "AccessForbidden"},
		"bucket that is not":    {e.S3 + "/nobody/x", pageOrigin(s), "PUT", "", 403, "AccessForbidden"},
		"no origin":             {e.S3 + "/photos/x", "", "PUT", "", 400, "BadRequest"},
		"no method":             {e.S3 + "/photos/x", pageOrigin(s), "", "", 400, "BadRequest"},
		"headers that are none": {e.S3 + "/photos/x", pageOrigin(s), "PUT", "a b", 400, "BadRequest"},
	} {
		got := preflight(t, s, test.target, test.origin, test.method, test.headers)
		if got.StatusCode != test.status {
			t.Errorf("%s: %d %s, want %d", name, got.StatusCode, got.body, test.status)
			continue
		}
		if test.status != 200 {
			if got.code(t) != test.code || len(corsHeaders(got.Header)) != 0 {
				t.Errorf("%s: %s %v, want %s without CORS headers", name, got.code(t), corsHeaders(got.Header), test.code)
			}
			continue
		}
		h := got.Header
		if h.Get("Access-Control-Allow-Origin") != test.origin || !strings.Contains(h.Get("Access-Control-Allow-Methods"), test.method) ||
			h.Get("Access-Control-Max-Age") != "7200" || !strings.Contains(h.Get("Vary"), "Origin") {
			t.Errorf("%s: %v", name, h)
		}
		for _, asked := range strings.FieldsFunc(test.headers, func(r rune) bool { return r == ',' }) {
			// A literal * would not cover Authorization (Fetch, "CORS
			// non-wildcard request-header name").
			if !strings.Contains(h.Get("Access-Control-Allow-Headers"), asked) {
				t.Errorf("%s: %s is not among %q", name, asked, h.Get("Access-Control-Allow-Headers"))
			}
		}
	}
}

// Every answer of the bucket, refusals by either side included, can be read by
// the page, and by no other page.
func TestCORS_actualAnswers(t *testing.T) {
	s := open(t, Config{NoCORSBucket: "nocors"})
	e := s.Endpoints()
	alice := credentialsOf(t, s, "alice")
	wrong := alice
	wrong.SecretAccessKey = "no"
	expired, err := s.Credentials("alice", -time.Second)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(method, target string, c Credentials) *http.Request {
		r := request(t, method, target, nil)
		signV4(t, s, r, c)
		return r
	}
	if got := put(t, s, alice, e.S3+"/photos/users/alice/there", []byte("x")); got.StatusCode != 200 {
		t.Fatal(got.body)
	}
	v2 := request(t, http.MethodGet, e.S3+"/photos/users/alice/x", nil)
	v2.Header.Set("Authorization", "AWS nobody:nothing")
	v2query := request(t, http.MethodGet, e.S3+"/photos/users/alice/x?AWSAccessKeyId=nobody&Expires=1&Signature=x", nil)
	form := request(t, http.MethodPost, e.S3+"/photos", strings.NewReader("nothing"))
	form.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	for name, test := range map[string]struct {
		r      *http.Request
		status int
	}{
		"200":                     {signed(http.MethodPut, e.S3+"/photos/users/alice/x", alice), 200},
		"200 virtual-hosted":      {signed(http.MethodGet, e.S3VirtualHost+"/users/alice/there", alice), 200},
		"403 of the policy":       {signed(http.MethodPut, e.S3+"/photos/users/bob/x", alice), 403},
		"403 of the signature":    {signed(http.MethodPut, e.S3+"/photos/users/alice/x", wrong), 403},
		"400 of the token":        {signed(http.MethodPut, e.S3+"/photos/users/alice/x", expired), 400},
		"404":                     {signed(http.MethodGet, e.S3+"/photos/users/alice/nothing", alice), 404},
		"404 of an upload":        {signed(http.MethodGet, e.S3+"/photos/users/alice/x?uploadId=nothing", alice), 404},
		"403 without a signature": {request(t, http.MethodGet, e.S3+"/photos/users/alice/x", nil), 403},
		"403 of Version 2":        {v2, 403},
		"403 of a Version 2 URL":  {v2query, 403},
		"400 of a form":           {form, 400},
	} {
		for _, from := range []string{pageOrigin(s), "http://evil.example"} {
			r := test.r.Clone(t.Context())
			if test.r.Body != nil && test.r.GetBody != nil {
				r.Body, _ = test.r.GetBody()
			}
			r.Header.Set("Origin", from)
			got := do(t, client(t, s), r)
			if got.StatusCode != test.status {
				t.Errorf("%s from %s: %d %s, want %d", name, from, got.StatusCode, got.body, test.status)
			}
			if from != pageOrigin(s) {
				if headers := corsHeaders(got.Header); len(headers) != 0 {
					t.Errorf("%s: a stranger gets %v", name, headers)
				}
				continue
			}
			h := got.Header
			if values := h["Access-Control-Allow-Origin"]; len(values) != 1 || values[0] != from {
				t.Errorf("%s: Access-Control-Allow-Origin %q", name, values)
			}
			for _, want := range exposedHeaders {
				if !strings.Contains(h.Get("Access-Control-Expose-Headers"), want.String()) {
					t.Errorf("%s: %s is not exposed in %q", name, want, h.Get("Access-Control-Expose-Headers"))
				}
			}
			if !strings.Contains(h.Get("Vary"), "Origin") || h.Get("X-Amz-Request-Id") == "" {
				t.Errorf("%s: Vary %q, request ID %q", name, h.Get("Vary"), h.Get("X-Amz-Request-Id"))
			}
		}
	}
	r := signed(http.MethodPut, e.S3+"/nocors/users/alice/x", alice)
	r.Header.Set("Origin", pageOrigin(s))
	if got := do(t, client(t, s), r); got.StatusCode != 200 || len(corsHeaders(got.Header)) != 0 {
		t.Errorf("bucket without CORS: %d %v, want 200 without CORS headers", got.StatusCode, corsHeaders(got.Header))
	}
}

// A request under another name than this machine's is a rebound foreign page's.
func TestOnlyLocal(t *testing.T) {
	s := open(t, Config{})
	for _, endpoint := range []string{s.Endpoints().Page, s.Endpoints().S3, s.Endpoints().STS, s.Endpoints().Issuer} {
		r := request(t, http.MethodGet, endpoint, nil)
		r.Host = "evil.example"
		if got := do(t, client(t, s), r); got.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s as evil.example: %d", endpoint, got.StatusCode)
		}
	}
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:80": true, "[::1]:80": true, "::1": true, "localhost": true, "LOCALHOST:1": true,
		"photos.s3.localhost:80": true, "localhost.evil.example": false, "notlocalhost": false, "10.0.0.1": false, "": false,
	} {
		if got := isLocal(host); got != want {
			t.Errorf("isLocal(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	for target, want := range map[string]place{
		"http://127.0.0.1:9000/":                       {},
		"http://127.0.0.1:9000/photos":                 {bucket: "photos"},
		"http://127.0.0.1:9000/photos/":                {bucket: "photos"},
		"http://127.0.0.1:9000/photos/a/b%2Fc":         {bucket: "photos", key: "a/b/c"},
		"http://s3.localhost:9000/photos/a":            {bucket: "photos", key: "a"},
		"http://photos.s3.localhost:9000/":             {bucket: "photos", virtual: true},
		"http://photos.s3.localhost/a/b":               {bucket: "photos", key: "a/b", virtual: true},
		"http://two.dots.s3.localhost/a":               {bucket: "two.dots", key: "a", virtual: true},
		"http://photos.s3.localhost.evil.example:1/ab": {bucket: "ab"},
	} {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		if got := locate(&http.Request{Host: u.Host, URL: u}); got != want {
			t.Errorf("locate(%s) = %+v, want %+v", target, got, want)
		}
	}
}
