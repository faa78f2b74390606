package security

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bucketline/bucketline/test/webdriver"
)

// recorder sees everything that the dev stack's servers are asked, and what STS
// and provider answer: it knows the secrets that a page was given.
type recorder struct {
	mu       sync.Mutex
	requests []request
	secrets  []given

	// only, unless empty, is the browser whose requests are seen.
	only webdriver.Browser

	// change, unless nil, may replace what a server answers with 200.
	change func(server, path string, body []byte) []byte
	// refuse, unless nil, is asked about each request; true is answered 503.
	refuse func(server, path string) bool
}

// request is one that arrived, with a body if it was a form for STS or provider.
type request struct {
	server, method, target string
	header                 http.Header
	form                   string
	at                     time.Time
	status                 *atomic.Int64 // of the answer; 0 before it
}

// given is a secret that a page was given.
type given struct{ kind, value string }

// The kinds of secrets.
const (
	secretKey    = "secret key"
	sessionToken = "session token"
	idToken      = "ID token"
	refreshToken = "refresh token"
	accessToken  = "access token"
)

// maxRecorded bounds what is kept of a body, in bytes.
const maxRecorded = 1 << 20

// browserOf says which browser sends requests with that User-Agent.
func browserOf(agent string) webdriver.Browser {
	switch {
	case strings.Contains(agent, "Firefox/"):
		return webdriver.Firefox
	case strings.Contains(agent, "Chrome/"):
		return webdriver.Chromium
	case strings.Contains(agent, "AppleWebKit/"):
		return webdriver.WebKitGTK
	}
	return ""
}

func (r *recorder) wrap(server string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
		if r.only != "" && browserOf(asked.UserAgent()) != r.only {
			h.ServeHTTP(w, asked)
			return
		}
		one := request{server: server, method: asked.Method, target: asked.RequestURI, header: asked.Header.Clone(), at: time.Now(), status: new(atomic.Int64)}
		spoken := server == "sts" || server == "issuer"
		if spoken && asked.Method == http.MethodPost {
			body, err := io.ReadAll(io.LimitReader(asked.Body, maxRecorded))
			if err != nil {
				http.Error(w, "the body was broken off", http.StatusBadRequest)
				return
			}
			one.form = string(body)
			asked.Body = io.NopCloser(bytes.NewReader(body))
		}
		r.mu.Lock()
		r.requests = append(r.requests, one)
		change, refuse := r.change, r.refuse
		r.mu.Unlock()
		if refuse != nil && refuse(server, asked.URL.Path) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		if !spoken {
			h.ServeHTTP(&statusWriter{w, one.status}, asked)
			return
		}
		answer := &answerWriter{header: w.Header(), status: http.StatusOK}
		h.ServeHTTP(answer, asked)
		body := answer.body.Bytes()
		if answer.status == http.StatusOK {
			r.learn(body)
			if change != nil {
				body = change(server, asked.URL.Path, body)
				w.Header().Del("Content-Length")
			}
		}
		one.status.Store(int64(answer.status))
		w.WriteHeader(answer.status)
		w.Write(body)
	})
}

// statusWriter remembers the status that is written.
type statusWriter struct {
	http.ResponseWriter
	status *atomic.Int64
}

func (w *statusWriter) WriteHeader(status int) {
	w.status.Store(int64(status))
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// answerWriter keeps an answer until it is complete.
type answerWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answerWriter) Header() http.Header         { return a.header }
func (a *answerWriter) WriteHeader(status int)      { a.status = status }
func (a *answerWriter) Write(p []byte) (int, error) { return a.body.Write(p) }

// learn remembers the secrets in an answer.
func (r *recorder) learn(body []byte) {
	var sts struct {
		Secret string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SecretAccessKey"`
		Token  string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
	}
	var tokens struct {
		ID      string `json:"id_token"`
		Refresh string `json:"refresh_token"`
		Access  string `json:"access_token"`
	}
	if xml.Unmarshal(body, &sts) != nil && json.Unmarshal(body, &tokens) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range []given{{secretKey, sts.Secret}, {sessionToken, sts.Token}, {idToken, tokens.ID}, {refreshToken, tokens.Refresh}, {accessToken, tokens.Access}} {
		if s.value != "" && !slices.Contains(r.secrets, s) {
			r.secrets = append(r.secrets, s)
		}
	}
}

// known are the secrets so far.
func (r *recorder) known() []given {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.secrets)
}

// seen are the requests so far.
func (r *recorder) seen() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// refused are the requests to a server that were answered, and not with 2xx; of
// those with part in their address.
func (r *recorder) refused(server, part string) []string {
	var all []string
	for _, one := range r.seen() {
		status := one.status.Load()
		if one.server == server && one.method != http.MethodOptions && status >= 300 && strings.Contains(one.target, part) {
			all = append(all, fmt.Sprintf("%s %s: %d", one.method, one.target, status))
		}
	}
	return all
}

// exchanges counts what the STS was asked for under a name.
func (r *recorder) exchanges(name string) int {
	n := 0
	for _, one := range r.seen() {
		if form, err := url.ParseQuery(one.form); err == nil && one.server == "sts" && form.Get("RoleSessionName") == name {
			n++
		}
	}
	return n
}

// set changes how answers are changed and refused from now on.
func (r *recorder) set(change func(server, path string, body []byte) []byte, refuse func(server, path string) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.change, r.refuse = change, refuse
}

// places are where the requests have which text: what the protocols demand is
// left out.
func (r *recorder) places() []found {
	var all []found
	for _, one := range r.seen() {
		at := one.server + " " + one.method + " "
		target := one.target
		if u, err := url.Parse(target); err == nil {
			target += " " + u.Path + " " + strings.Join(flat(u.Query()), " ")
		}
		all = append(all, found{at + "address", target})
		for name, values := range one.header {
			// The token of temporary credentials travels in this header (S3 API
			// Reference, "Signing and Authenticating REST Requests").
			if one.server == "s3" && name == "X-Amz-Security-Token" {
				continue
			}
			all = append(all, found{at + "header " + name, strings.Join(values, " ")})
		}
		form, err := url.ParseQuery(one.form)
		if err != nil {
			all = append(all, found{at + "body", one.form})
		}
		for name, values := range form {
			// AssumeRoleWithWebIdentity; RFC 6749, section 6; RFC 7009, section 2.1;
			// OpenID Connect RP-Initiated Logout 1.0, section 2.
			if one.server == "sts" && name == "WebIdentityToken" || one.server == "issuer" && slices.Contains([]string{"refresh_token", "token", "id_token_hint"}, name) {
				continue
			}
			all = append(all, found{at + "form field " + name, strings.Join(values, " ")})
		}
	}
	return all
}

func flat(query url.Values) []string {
	var all []string
	for name, values := range query {
		all = append(append(all, name), values...)
	}
	return all
}
