package finesign

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	keyID  = "AKIAIOSFODNN7EXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// noon is the time in these tests.
func noon() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// alice may upload up to 10 MB below users/alice/.
func alice() Scope {
	return Scope{Bucket: "photos", Prefix: "users/alice/", MinSize: 1, MaxSize: 10_000_000}
}

// signer is a handler for alice, and what it refused last.
type signer struct {
	*Handler
	refused error
}

func newSigner(t testing.TB, scope Scope, change func(*Config)) *signer {
	t.Helper()
	s := new(signer)
	c := Config{
		AccessKeyID: keyID, SecretAccessKey: secret, Region: "eu-west-1", AllowV2: true, Now: noon,
		Scope:   func(*http.Request) (Scope, error) { return scope, nil },
		Refused: func(_ *http.Request, err error) { s.refused = err },
	}
	if change != nil {
		change(&c)
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = h
	return s
}

// ask posts body as Fine Uploader does and returns the status and the answer.
func (s *signer) ask(t testing.TB, v version, body string) (int, map[string]any) {
	t.Helper()
	target := "/sign"
	if v == sign4 {
		target += "?v4=true"
	}
	s.refused = nil
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("the answer is not JSON: %v in %q", err, w.Body)
	}
	return w.Code, answer
}

// signs wants that body is signed and returns the answer.
func (s *signer) signs(t testing.TB, v version, body string) map[string]any {
	t.Helper()
	status, answer := s.ask(t, v, body)
	if status != http.StatusOK || answer["signature"] == nil {
		t.Fatalf("status %d, %v: %v, for\n%s", status, answer, s.refused, body)
	}
	return answer
}

// refuses wants that body is refused, with nothing but that in the answer, for
// a reason that has why in it.
func (s *signer) refuses(t testing.TB, v version, body, why string) {
	t.Helper()
	status, answer := s.ask(t, v, body)
	if status < 400 || len(answer) != 1 || answer["invalid"] != true {
		t.Errorf("status %d, %v, want a refusal of\n%s", status, answer, body)
		return
	}
	if s.refused == nil || !strings.Contains(s.refused.Error(), why) {
		t.Errorf("refused because %q, want %q, for\n%s", s.refused, why, body)
	}
	if s.refused != nil && strings.Contains(s.refused.Error(), secret) {
		t.Errorf("the reason has the secret: %v", s.refused)
	}
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func wrapped(text string) string { return `{"headers":` + quoted(text) + `}` }

func TestNew_configurationThatIsWrong_isRefused(t *testing.T) {
	scope := func(*http.Request) (Scope, error) { return alice(), nil }
	good := Config{AccessKeyID: keyID, SecretAccessKey: secret, Region: "eu-west-1", Scope: scope}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no access key":               func(c *Config) { c.AccessKeyID = "" },
		"no secret":                   func(c *Config) { c.SecretAccessKey = "" },
		"no region":                   func(c *Config) { c.Region = "" },
		"no scope":                    func(c *Config) { c.Scope = nil },
		"a region of two parts":       func(c *Config) { c.Region = "eu/west" },
		"an address with a scheme":    func(c *Config) { c.Addresses = []string{"https://{bucket}.s3.example.com"} },
		"an address with no bucket":   func(c *Config) { c.Addresses = []string{"s3.example.com"} },
		"a bucket deeper in the path": func(c *Config) { c.Addresses = []string{"s3.example.com/x/{bucket}"} },
		"a bucket as all of the host": func(c *Config) { c.Addresses = []string{"{bucket}"} },
		"two buckets":                 func(c *Config) { c.Addresses = []string{"{bucket}.{bucket}.example.com"} },
		"upper case":                  func(c *Config) { c.Addresses = []string{"{bucket}.S3.example.com"} },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: New took it", name)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error has the secret", name)
		}
	}
	for _, text := range []string{fmt.Sprintf("%v", good), fmt.Sprintf("%+v", good), fmt.Sprintf("%#v", good)} {
		if strings.Contains(text, secret) {
			t.Errorf("printing a Config shows the secret: %s", text)
		}
	}
	h, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v %#v", h, *h); strings.Contains(text, secret) {
		t.Errorf("printing a Handler shows the secret: %s", text)
	}
}

func TestScope_thatIsNone_getsNothingSigned(t *testing.T) {
	for name, change := range map[string]func(*Scope){
		"the zero value":               func(s *Scope) { *s = Scope{} },
		"no bucket":                    func(s *Scope) { s.Bucket = "" },
		"a bucket that is a path":      func(s *Scope) { s.Bucket = "photos/users" },
		"no prefix":                    func(s *Scope) { s.Prefix = "" },
		"a slash for a prefix":         func(s *Scope) { s.Prefix = "/" },
		"a prefix that ends in a name": func(s *Scope) { s.Prefix = "users/alice" },
		"a prefix and any key":         func(s *Scope) { s.AnyKey = true },
		"no size":                      func(s *Scope) { s.MaxSize = 0 },
		"more than a form takes":       func(s *Scope) { s.MaxSize = MaxFormBytes + 1 },
		"an empty range":               func(s *Scope) { s.MinSize = s.MaxSize + 1 },
		"a negative size":              func(s *Scope) { s.MinSize = -1 },
	} {
		scope := alice()
		change(&scope)
		newSigner(t, scope, nil).refuses(t, sign4, policyV4(nil), "scope: ")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	s := newSigner(t, alice(), func(c *Config) {
		c.Scope = func(*http.Request) (Scope, error) { return alice(), errors.New("no session cookie") }
	})
	s.refuses(t, sign4, policyV4(nil), "who asks: no session cookie")
}

func TestHandler_requestsOfOtherForms_areRefused(t *testing.T) {
	for name, c := range map[string]struct {
		method, target, contentType, body string
		status                            int
	}{
		"GET":                      {"GET", "/?v4=true", "application/json", policyV4(nil), 405},
		"a form of another site":   {"POST", "/?v4=true", "text/plain", policyV4(nil), 415},
		"no content type":          {"POST", "/?v4=true", "", policyV4(nil), 415},
		"v4 that is not true":      {"POST", "/?v4=1", "application/json", policyV4(nil), 400},
		"v4 twice":                 {"POST", "/?v4=true&v4=true", "application/json", policyV4(nil), 400},
		"a body that is too large": {"POST", "/?v4=true", "application/json", `"` + strings.Repeat("x", MaxBodyBytes-1) + `"`, 413},
		"the largest body":         {"POST", "/?v4=true", "application/json", `"` + strings.Repeat("x", MaxBodyBytes-2) + `"`, 403},
		"no JSON":                  {"POST", "/?v4=true", "application/json", "policy=x", 403},
		"an array":                 {"POST", "/?v4=true", "application/json", "[]", 403},
		"null":                     {"POST", "/?v4=true", "application/json", "null", 403},
		"nothing":                  {"POST", "/?v4=true", "application/json", "", 403},
		"two objects":              {"POST", "/?v4=true", "application/json", policyV4(nil) + policyV4(nil), 403},
		"headers and more":         {"POST", "/?v4=true", "application/json", strings.Replace(wrapped(createV4.text()), "{", `{"conditions":[],`, 1), 403},
		"headers twice":            {"POST", "/?v4=true", "application/json", `{"headers":"a","headers":"b"}`, 403},
		"headers that are a list":  {"POST", "/?v4=true", "application/json", `{"headers":["a"]}`, 403},
		"version 4 text for 2":     {"POST", "/", "application/json", wrapped(createV4.text()), 403},
		"version 2 text for 4":     {"POST", "/?v4=true", "application/json", wrapped(createV2), 403},
		"version 4 policy for 2":   {"POST", "/", "application/json", policyV4(nil), 403},
		"version 2 policy for 4":   {"POST", "/?v4=true", "application/json", policyV2(nil), 403},
	} {
		s := newSigner(t, alice(), nil)
		r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.status || strings.TrimSpace(w.Body.String()) != `{"invalid":true}` || s.refused == nil {
			t.Errorf("%s: status %d, body %q, refused %v; want %d and invalid", name, w.Code, w.Body, s.refused, c.status)
		}
	}
}

func TestHandler_v2_isRefusedUnlessAllowed(t *testing.T) {
	s := newSigner(t, alice(), func(c *Config) { c.AllowV2 = false })
	s.refuses(t, sign2, policyV2(nil), "version 2 is not allowed")
	s.refuses(t, sign2, wrapped(createV2), "version 2 is not allowed")
	s.signs(t, sign4, policyV4(nil))
}

// The handler reads the body, so a Scope that looks for a form finds none; and
// what it needs, the header, is there.
func TestHandler_scopeSeesTheRequest(t *testing.T) {
	s := newSigner(t, alice(), func(c *Config) {
		c.Scope = func(r *http.Request) (Scope, error) {
			if rest, err := io.ReadAll(r.Body); err != nil || len(rest) > 0 {
				t.Errorf("the body is %q, %v, want none", rest, err)
			}
			if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				t.Error("the header is not there")
			}
			return alice(), nil
		}
	})
	s.signs(t, sign4, policyV4(nil))
}

func TestHandler_isForConcurrentUse(t *testing.T) {
	s := newSigner(t, alice(), nil)
	want := s.signs(t, sign4, wrapped(createV4.text()))["signature"]
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				r := httptest.NewRequest(http.MethodPost, "/?v4=true", strings.NewReader(wrapped(createV4.text())))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if !bytes.Contains(w.Body.Bytes(), []byte(want.(string))) {
					t.Errorf("%s, want %s", w.Body, want)
				}
			}
		})
	}
	wait.Wait()
}

// decoded is the policy document that was signed, read by encoding/json.
func decoded(t testing.TB, policy string) (expiration string, fields map[string]string, least, most float64) {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(policy)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Expiration string
		Conditions []any
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	fields = map[string]string{}
	least, most = -1, -1
	for _, c := range document.Conditions {
		switch c := c.(type) {
		case map[string]any:
			for name, value := range c {
				if _, twice := fields[name]; twice || len(c) != 1 {
					t.Fatalf("a condition of several members, or a second one on %s, in %s", name, text)
				}
				fields[name] = value.(string)
			}
		case []any:
			if least >= 0 || c[0] != "content-length-range" {
				t.Fatalf("the condition %v in %s", c, text)
			}
			least, most = c[1].(float64), c[2].(float64)
		}
	}
	return document.Expiration, fields, least, most
}
