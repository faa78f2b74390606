package devstack

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestPage_servesFoldersWithTheirTypes(t *testing.T) {
	files := fstest.MapFS{
		"index.html":  {Data: []byte("<!doctype html>hello")},
		"engine.wasm": {Data: []byte("\x00asm")},
		"app.js":      {Data: []byte("1"), ModTime: time.Now().Add(-time.Hour)},
	}
	s := open(t, Config{Pages: map[string]fs.FS{"/test/": files}})
	c := client(t, s)
	base := s.Endpoints().Page + "test/"
	for name, want := range map[string]string{"": "text/html; charset=utf-8", "engine.wasm": "application/wasm", "app.js": "text/javascript; charset=utf-8"} {
		got := do(t, c, request(t, http.MethodGet, base+name, nil))
		h := got.Header
		if got.StatusCode != 200 || h.Get("Content-Type") != want || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-cache" || h.Get("Content-Security-Policy") == "" {
			t.Errorf("%q: %d %v, want type %s", name, got.StatusCode, h, want)
		}
	}
	if got := do(t, c, request(t, http.MethodGet, base+"nothing", nil)); got.StatusCode != 404 {
		t.Errorf("a file that is not there: %d", got.StatusCode)
	}
	r := request(t, http.MethodGet, base+"app.js", nil)
	r.Header.Set("If-Modified-Since", time.Now().UTC().Format(http.TimeFormat))
	if got := do(t, c, r); got.StatusCode != http.StatusNotModified {
		t.Errorf("a file that has not changed: %d", got.StatusCode)
	}
	if got := do(t, c, request(t, http.MethodPost, base, nil)); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.StatusCode)
	}
}

// The page is either built, and then cached by its content, or says how to
// build it.
func TestPage_demo(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	got := do(t, c, request(t, http.MethodGet, s.Endpoints().Page, nil))
	if _, err := built.Open("page/index.html"); err != nil {
		if got.StatusCode != 404 || !strings.Contains(got.body, "make web") {
			t.Errorf("not built: %d %s", got.StatusCode, got.body)
		}
	} else if got.StatusCode != 200 {
		t.Errorf("built: %d", got.StatusCode)
	}
	readme := do(t, c, request(t, http.MethodGet, s.Endpoints().Page+"README.md", nil))
	tag := readme.Header.Get("ETag")
	r := request(t, http.MethodGet, s.Endpoints().Page+"README.md", nil)
	r.Header.Set("If-None-Match", tag)
	if got := do(t, c, r); tag == "" || got.StatusCode != http.StatusNotModified {
		t.Errorf("ETag %q: %d, want 304", tag, got.StatusCode)
	}
}

func TestPage_contentSecurityPolicy(t *testing.T) {
	s := open(t, Config{})
	e := s.Endpoints()
	got := do(t, client(t, s), request(t, http.MethodGet, e.Page, nil)).Header.Get("Content-Security-Policy")
	directives := map[string]string{}
	for _, d := range strings.Split(got, "; ") {
		name, value, _ := strings.Cut(d, " ")
		directives[name] = value
	}
	virtual := strings.Replace(e.S3VirtualHost, "photos", "*", 1)
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self' 'wasm-unsafe-eval'", "style-src": "'self'", "img-src": "'self' blob: data:",
		"connect-src": "'self' " + e.Issuer + " " + e.STS + " " + e.S3 + " " + virtual, "font-src": "'self'", "manifest-src": "'self'",
		"form-action": "'self' " + e.Issuer, "frame-ancestors": "'self'", "frame-src": "'self' " + e.Issuer, "base-uri": "'none'", "worker-src": "'self'",
	} {
		if directives[name] != want {
			t.Errorf("%s is %q, want %q", name, directives[name], want)
		}
	}
}

// A page opened under another name goes to the one that CORS and the redirect
// URI know.
func TestPage_hasOneOrigin(t *testing.T) {
	s := open(t, Config{})
	r := request(t, http.MethodGet, strings.Replace(s.Endpoints().Page, "127.0.0.1", "localhost", 1)+"a?b=c", nil)
	got := do(t, client(t, s), r)
	if got.StatusCode != http.StatusTemporaryRedirect || got.Header.Get("Location") != s.Endpoints().Page+"a?b=c" {
		t.Errorf("%d %s", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestPage_configHasNoPassword(t *testing.T) {
	s := open(t, Config{NoCORSBucket: "nocors", SessionSeconds: 15, TLS: true})
	got := do(t, client(t, s), request(t, http.MethodGet, s.Endpoints().Page+"config.json", nil))
	var e Endpoints
	if err := json.Unmarshal([]byte(got.body), &e); err != nil {
		t.Fatal(err)
	}
	want := s.Endpoints()
	for i, u := range want.Users {
		if strings.Contains(got.body, u.Password) || e.Users[i].Name != u.Name || e.Users[i].Subject != u.Subject {
			t.Errorf("user %+v in %s", u, got.body)
		}
	}
	if e.S3 != want.S3 || e.STS != want.STS || e.Issuer != want.Issuer || e.ClientID != want.ClientID || e.Bucket != "photos" ||
		e.RoleARN != want.RoleARN || e.SessionSeconds != 15 || e.NoCORSBucket != "nocors" || e.CAFile != "" {
		t.Errorf("config.json is %s", got.body)
	}
	if got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", got.Header)
	}
}
