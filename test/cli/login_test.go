package cli

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
)

// loginArgs are the arguments of a login at a stack.
func loginArgs(e devstack.Endpoints, more ...string) []string {
	return append([]string{
		"login", "--no-browser", "--issuer", e.Issuer, "--client-id", e.CLIClientID, "--sts", e.STS, "--role-arn", e.RoleARN,
		"--endpoint", e.S3, "--region", e.Region, "--bucket", e.Bucket,
	}, more...)
}

// signIn runs login as if user sat at the browser, and returns what the page
// said at the end.
func signIn(t *testing.T, home string, args []string, browse func(t *testing.T, page string) string) (result, string) {
	t.Helper()
	return command{args: args, home: home}.signIn(t, browse)
}

func (c command) signIn(t *testing.T, browse func(t *testing.T, page string) string) (result, string) {
	t.Helper()
	cmd, _, stderr := c.prepare(t)
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(out, &stdout))
	said := ""
	for lines.Scan() {
		if page := strings.TrimSpace(lines.Text()); strings.HasPrefix(page, "http") {
			said = browse(t, page)
		}
	}
	return finish(t, cmd, &stdout, stderr, began), said
}

// browser plays a person who signs in, and trusts the authorities in ca.
func browser(user devstack.User, ca ...string) func(t *testing.T, page string) string {
	return func(t *testing.T, page string) string {
		t.Helper()
		jar, _ := cookiejar.New(nil)
		roots := x509.NewCertPool()
		for _, file := range ca {
			pem, err := os.ReadFile(file)
			if err != nil || !roots.AppendCertsFromPEM(pem) {
				t.Fatalf("authority %s: %v", file, err)
			}
		}
		client := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
		at, text := get(t, client, page)
		form := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(text)
		if form == nil {
			t.Fatalf("no form at %s: %s", at, text)
		}
		action, _ := at.Parse("/login")
		answer, err := client.PostForm(action.String(), url.Values{"id": {form[1]}, "user": {user.Name}, "password": {user.Password}})
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		said, _ := io.ReadAll(answer.Body)
		return string(said)
	}
}

func get(t *testing.T, client *http.Client, page string) (*url.URL, string) {
	t.Helper()
	answer, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.Request.URL, string(text)
}

func userOf(e devstack.Endpoints, name string) devstack.User {
	for _, u := range e.Users {
		if u.Name == name {
			return u
		}
	}
	return devstack.User{}
}

// loginText is what a login keeps that no keyring seals.
type loginText struct {
	Version int
	Login   struct{ Issuer, Subject string }
	Secrets struct {
		RefreshToken, IDToken, ClientSecret string
		Credentials                         struct {
			AccessKeyID, SecretAccessKey, SessionToken, Expiration string
			SkewMillis                                             int64
		}
	}
}

// secrets are those that there are.
func (l *loginText) secrets() []string {
	s := &l.Secrets
	return slices.DeleteFunc([]string{s.RefreshToken, s.IDToken, s.ClientSecret, s.Credentials.SecretAccessKey, s.Credentials.SessionToken},
		func(secret string) bool { return secret == "" })
}

func loginPath(home string) string { return filepath.Join(home, "bucketline", "login.json") }

func keptLogin(t *testing.T, home string) loginText {
	t.Helper()
	text, err := os.ReadFile(loginPath(home))
	if err != nil {
		t.Fatal(err)
	}
	var kept loginText
	if err := json.Unmarshal(text, &kept); err != nil || kept.Secrets.Credentials.SessionToken == "" {
		t.Fatalf("login.json: %v", err)
	}
	return kept
}

// TestLogin_thenUpWithoutFlags is the whole way: sign in, upload with nothing
// more said, and sign out.
func TestLogin_thenUpWithoutFlags(t *testing.T) {
	t.Parallel()
	home, e := t.TempDir(), stack.Endpoints()
	r, page := signIn(t, home, loginArgs(e), browser(userOf(e, "alice")))
	if r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	contains(t, "page", page, "You are signed in.")
	contains(t, "login", r.stdout, "Signed in as alice; credentials until ")

	file, kept := loginPath(home), keptLogin(t, home)
	for _, mode := range []struct {
		name string
		want os.FileMode
	}{{file, 0o600}, {filepath.Dir(file), 0o700}} {
		if info, err := os.Stat(mode.name); err != nil || info.Mode().Perm() != mode.want {
			t.Errorf("%s has mode %v, want %v", mode.name, info.Mode().Perm(), mode.want)
		}
	}
	for _, secret := range kept.secrets() {
		if strings.Contains(r.stdout+r.stderr, secret) {
			t.Error("login printed a secret")
		}
	}
	contains(t, "login", r.stdout, "The login is kept in the file "+file+", which only you can read (this computer's keyring cannot be used: there is no D-Bus session")

	name, sum := write(t, filepath.Join(t.TempDir(), "a.txt"), 1000)
	for _, to := range []string{destination(unique(t)), "s3:///" + unique(t)} {
		r = command{args: []string{"up", name, to}, home: home}.run(t)
		if r.status != 0 {
			t.Fatalf("up after login: %v", r)
		}
	}
	if got := fetch(t, unique(t)+"a.txt"); got.sum != sum {
		t.Errorf("stored %+v", got)
	}
	r = command{args: []string{"up", name, destination("users/bob/")}, home: home}.run(t)
	if r.status != 1 {
		t.Errorf("alice wrote under users/bob/: %v", r)
	}
	contains(t, "message", r.stderr, "The store does not let these credentials write there.", "403 AccessDenied")

	for _, want := range []string{"The login is removed.", "There was no login."} { // revoked too: see TestLogout_revokes
		if r := (command{args: []string{"logout"}, home: home}).run(t); r.status != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("logout: %v, want %s", r, want)
		}
	}
	r = command{args: []string{"up", name, destination(unique(t))}, home: home}.run(t)
	if r.status != 2 || !strings.Contains(r.stderr, "there are no credentials") {
		t.Errorf("up after logout: %v", r)
	}
}

// TestLogin_refuses what is not the answer to its own request.
func TestLogin_refuses(t *testing.T) {
	t.Parallel()
	e := stack.Endpoints()
	callbackOf := func(t *testing.T, page string) (redirect, state string) {
		u, err := url.Parse(page)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"code_challenge_method": "S256", "response_type": "code", "scope": "openid offline_access"} {
			if got := u.Query().Get(name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
		for _, name := range []string{"code_challenge", "nonce", "state"} {
			if len(u.Query().Get(name)) < 20 {
				t.Errorf("%s = %q", name, u.Query().Get(name))
			}
		}
		return u.Query().Get("redirect_uri"), u.Query().Get("state")
	}
	for _, c := range []struct {
		name   string
		args   []string
		answer func(state string) url.Values
		want   string
	}{
		{"an error", nil, func(s string) url.Values {
			return url.Values{"state": {s}, "error": {"access_denied"}, "error_description": {"no <b>entry"}}
		}, "refused the sign-in: access_denied no <b>entry"},
		{"a foreign code", nil, func(s string) url.Values { return url.Values{"state": {s}, "code": {"stolen"}} }, "exchange the code"},
		{"another issuer", nil, func(s string) url.Values {
			return url.Values{"state": {s}, "code": {"x"}, "iss": {"https://evil.example"}}
		}, "another identity provider"},
		{"no code", nil, func(s string) url.Values { return url.Values{"state": {s}} }, "without a code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, page := signIn(t, t.TempDir(), loginArgs(e), func(t *testing.T, page string) string {
				redirect, state := callbackOf(t, page)
				if _, text := get(t, http.DefaultClient, redirect+"?code=x&state=guessed"); !strings.Contains(text, "not the answer") {
					t.Errorf("a guessed state got %s", text)
				}
				_, text := get(t, http.DefaultClient, redirect+"?"+c.answer(state).Encode())
				return text
			})
			if r.status != 1 {
				t.Errorf("want exit 1, got %v", r)
			}
			contains(t, "message", r.stderr, c.want)
			contains(t, "page", page, "The sign-in failed")
			if strings.Contains(page, "<b>entry") {
				t.Error("the page shows what it was given as it is")
			}
		})
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no issuer", []string{"login"}, 2, "issuer"},
		{"no provider", []string{"login", "--issuer", "http://127.0.0.1:1", "--client-id", "x", "--sts", e.STS}, 1, "ask the identity provider http://127.0.0.1:1"},
		{"a provider in clear", []string{"login", "--issuer", "http://id.example", "--client-id", "x", "--sts", e.STS}, 2, "https"},
		{"a provider that is none", []string{"login", "--issuer", e.STS, "--client-id", "x", "--sts", e.STS}, 1, "none of OpenID Connect"},
		{"nobody comes", append(loginArgs(e), "--timeout", "100ms"), 1, "nobody signed in in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := command{args: c.args}.run(t)
			if r.status != c.code {
				t.Errorf("want exit %d, got %v", c.code, r)
			}
			contains(t, "message", r.stderr, c.want)
		})
	}
}

// TestLogin_thatTheSTSRefuses leaves nothing behind.
func TestLogin_thatTheSTSRefuses(t *testing.T) {
	t.Parallel()
	home, e := t.TempDir(), stack.Endpoints()
	stranger := "arn:aws:iam::111122223333:role/somebody-elses"
	r, page := signIn(t, home, loginArgs(e, "--role-arn", stranger), browser(userOf(e, "alice")))
	if r.status != 1 {
		t.Errorf("want exit 1, got %v", r)
	}
	contains(t, "message", r.stderr, "AccessDenied")
	contains(t, "page", page, "The sign-in failed")
	if _, err := os.Stat(filepath.Join(home, "bucketline", "login.json")); err == nil {
		t.Error("a login that failed was kept")
	}
}

// TestUp_loginThatOthersCanRead is refused, and so is a damaged one.
func TestUp_loginThatOthersCanRead(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	file := filepath.Join(home, "bucketline", "login.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{`{"version":1}`, 0o640, "can be read by other users"},
		{`{"version":1`, 0o600, "is damaged"},
		{`{"version":2,"login":{}}`, 0o600, "is damaged"},
		{`{"version":2,"login":{},"keyringKey":"k","sealed":"AAAA"}`, 0o600, "is sealed with a key in this computer's keyring: there is no D-Bus session"},
		{`{"version":7}`, 0o600, "another version"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		r := command{args: []string{"up", small(t), destination(unique(t))}, home: home, env: storeEnv(stack.Endpoints())}.run(t)
		if r.status != 2 {
			t.Errorf("want exit 2, got %v", r)
		}
		contains(t, "message", r.stderr, c.want)
	}
}
