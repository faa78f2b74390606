package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
)

// jwt is any signed token, whoever made it.
var jwt = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.`)

// watch is a home whose commands are watched: all that they print, their
// arguments and those of what they start, and every file that they leave.
type watch struct {
	home    string
	mu      sync.Mutex
	seen    map[string]string // where something was seen: what
	secrets map[string]string // secret: what it is
}

func newWatch(t *testing.T) *watch {
	return &watch{home: t.TempDir(), seen: map[string]string{}, secrets: map[string]string{}}
}

func (w *watch) note(where, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[where] += what
}

// run runs a command and learns which secrets the login holds then.
func (w *watch) run(t *testing.T, status int, env []string, args ...string) result {
	t.Helper()
	cmd, stdout, stderr := command{args: args, home: w.home, env: env}.prepare(t)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := w.arguments(cmd.Process.Pid)
	r := finish(t, cmd, stdout, stderr, began)
	stop()
	w.told(t, args, r)
	if r.status != status {
		t.Errorf("%q: want exit %d, got %v", args, status, r)
	}
	return r
}

func (w *watch) told(t *testing.T, args []string, r result) {
	t.Helper()
	w.note(fmt.Sprintf("output of %.200q", args), r.stdout+r.stderr)
	w.learn(t)
}

// arguments reads the arguments of a process and its children until it is
// stopped.
func (w *watch) arguments(pid int) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			id := strconv.Itoa(pid)
			children, _ := os.ReadFile("/proc/" + id + "/task/" + id + "/children")
			for _, p := range append(strings.Fields(string(children)), id) {
				if line, err := os.ReadFile("/proc/" + p + "/cmdline"); err == nil {
					w.note("arguments", string(line)+"\n")
				}
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-ended }
}

// learn remembers the secrets of the login that is kept now.
func (w *watch) learn(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(loginPath(w.home))
	if err != nil {
		return
	}
	if info, err := os.Stat(loginPath(w.home)); err == nil && info.Mode().Perm() != 0o600 {
		t.Errorf("the login has mode %v", info.Mode())
	}
	var kept loginText
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	s := kept.Secrets
	for what, secret := range map[string]string{
		"refresh token": s.RefreshToken, "ID token": s.IDToken, "client secret": s.ClientSecret,
		"secret key": s.Credentials.SecretAccessKey, "session token": s.Credentials.SessionToken,
	} {
		if secret != "" {
			w.secrets[secret] = what
		}
	}
}

// judge looks for every secret in everything that was seen, and in every file
// but the login.
func (w *watch) judge(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(w.home, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == loginPath(w.home) {
			return err
		}
		text, err := os.ReadFile(name)
		w.note("file "+name, name+"\n"+string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for secret, what := range w.secrets {
		kinds[what] = true
		for where, text := range w.seen {
			for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%x", secret)} {
				if strings.Contains(text, form) {
					t.Errorf("%s holds a %s", where, what)
				}
			}
		}
	}
	for where, text := range w.seen {
		if jwt.MatchString(text) {
			t.Errorf("%s holds a token: %s", where, jwt.FindString(text))
		}
	}
	for _, what := range []string{"refresh token", "ID token", "client secret", "secret key", "session token"} {
		if !kinds[what] {
			t.Errorf("no %s was ever there to look for", what)
		}
	}
	if w.seen["arguments"] == "" || len(w.seen) < 25 {
		t.Errorf("%d places were looked at", len(w.seen))
	}
}

// echo is an STS that repeats what it is asked, in each of its ways to refuse.
func echo(status int) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not with %s</Message></Error></ErrorResponse>`, r.PostFormValue("WebIdentityToken"))
	}))
}

// TestSecrets_areNowhere: no ID token, refresh token, secret key, session token
// or client secret in what any verb prints, whether it goes well or not, in
// --json, --record and --help, in its arguments, or in a file beside the login.
func TestSecrets_areNowhere(t *testing.T) {
	t.Parallel()
	e, w := stack.Endpoints(), newWatch(t)
	login := func(status int, more ...string) {
		t.Helper()
		args := loginArgs(e, more...)
		r, page := signIn(t, w.home, args, browser(userOf(e, "alice")))
		if r.status != status {
			t.Errorf("%q: want exit %d, got %v", more, status, r)
		}
		w.note("page at the end", page)
		w.told(t, args, r)
	}
	work := t.TempDir()
	small, _ := write(t, filepath.Join(work, "a.txt"), 1000)
	large, _ := write(t, filepath.Join(work, "large.bin"), 24<<20)

	// With a refresh token, and with an ID token that is kept.
	for _, scopes := range []string{"openid,offline_access", "openid"} {
		login(0, "--scopes", scopes)
		w.run(t, 0, nil, "whoami")
		w.run(t, 0, nil, "whoami", "--json")
		w.run(t, 0, nil, "up", small, "s3:///"+unique(t))
		w.run(t, 0, nil, "up", "--json", "--record", filepath.Join(w.home, "record-"+scopes), large, "s3:///"+unique(t))
		w.run(t, 1, nil, "up", "--json", small, "s3:///users/bob/")
		w.run(t, 1, nil, "up", "--quiet", small, "s3:///users/bob/")
		w.run(t, 1, nil, "up", "--retry-for", "1s", "--endpoint", "http://127.0.0.1:1", small, "s3:///"+unique(t))
		w.run(t, 1, nil, "up", "--json", small, "s3://no-such-bucket/"+unique(t))
		w.interrupted(t, large, unique(t))
		w.run(t, 0, nil, "ls", "--json")
		w.run(t, 0, nil, "ls")
		w.run(t, 0, nil, "abort", "--all", "--json")
	}
	w.refused(t, small)

	// Sign-ins that fail, and that the person on the other device denies.
	login(1, "--role-arn", "arn:aws:iam::111122223333:role/somebody-elses")
	sts := echo(http.StatusForbidden)
	defer sts.Close()
	login(1, "--sts", sts.URL)
	login(1, "--keep", "keyring")
	w.secrets["the-client-secret-of-this-test"] = "client secret"
	w.run(t, 1, []string{"BUCKETLINE_CLIENT_SECRET=the-client-secret-of-this-test"}, deviceLogin(e, "--device")...)
	file := filepath.Join(t.TempDir(), "secret")
	os.WriteFile(file, []byte("the-client-secret-of-this-test\nand more\n"), 0o600)
	w.run(t, 2, nil, loginArgs(e, "--client-secret-file", file)...)
	w.device(t, e, "allow", 0)
	w.device(t, e, "deny", 1)

	for _, verb := range []string{"", "login", "logout", "whoami", "up", "resume", "ls", "abort", "sweep"} {
		w.run(t, 0, []string{"BUCKETLINE_CLIENT_SECRET=the-client-secret-of-this-test"}, strings.Fields(verb+" --help")...)
	}
	w.run(t, 0, nil, "logout")
	w.judge(t)
}

// device signs in by device code.
func (w *watch) device(t *testing.T, e devstack.Endpoints, choice string, status int) {
	t.Helper()
	args := deviceLogin(e, "--device")
	r, shown := beginDevice(t, command{args: args, home: w.home})
	stop := w.arguments(r.cmd.Process.Pid)
	shown.decide(t, userOf(e, "alice"), choice)
	got := r.end(t)
	stop()
	if got.status != status {
		t.Errorf("%s: want exit %d, got %v", choice, status, got)
	}
	w.told(t, append(args, choice), got)
}

// interrupted begins an upload and ends it, so that there is a journal.
func (w *watch) interrupted(t *testing.T, file, prefix string) {
	t.Helper()
	args := []string{"up", "--bandwidth", "4MB", "--part-size", "5MiB", "--jobs", "1", file, "s3:///" + prefix + "kept/"}
	cmd, stdout, stderr := command{args: args, home: w.home}.prepare(t)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(w.home, ".local", "state", "bucketline", "journal", "*")
	for time.Since(began) < 30*time.Second {
		if found, _ := filepath.Glob(journal); len(found) > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	cmd.Process.Signal(syscall.SIGINT)
	r := finish(t, cmd, stdout, stderr, began)
	if r.status != 3 {
		t.Errorf("want exit 3, got %v", r)
	}
	w.told(t, args, r)
}

// refused uploads with a login whose credentials have ended, at an STS that
// repeats the ID token.
func (w *watch) refused(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(loginPath(w.home))
	if err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(loginPath(w.home), text, 0o600)
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden} {
		sts := echo(status)
		defer sts.Close()
		changed := bytes.ReplaceAll(text, []byte(stack.Endpoints().STS), []byte(sts.URL))
		changed = bytes.ReplaceAll(changed, []byte(keptLogin(t, w.home).Secrets.Credentials.Expiration), []byte("2020-01-01T00:00:00Z"))
		if err := os.WriteFile(loginPath(w.home), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, how := range []string{"--json", "--quiet"} {
			r := w.run(t, 1, nil, "up", how, file, "s3:///"+unique(t))
			if how == "--json" && !strings.Contains(r.stdout, "AccessDenied") {
				t.Errorf("the STS was not asked: %v", r)
			}
		}
		os.WriteFile(loginPath(w.home), text, 0o600)
	}
}
