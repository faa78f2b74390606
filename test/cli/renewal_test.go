package cli

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
)

// refreshes is what the provider says of a refresh token: an ID token, or why
// there is none.
func refreshes(t *testing.T, e devstack.Endpoints, token string) (works bool, reason string) {
	t.Helper()
	answer, err := http.PostForm(e.Issuer+"/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {e.CLIClientID}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var said struct {
		IDToken string `json:"id_token"`
		Error   string `json:"error"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	return said.IDToken != "", said.Error
}

// TestUp_processesShareALogin: four processes upload for longer than three lives
// of their credentials. The provider takes the second use of a refresh token
// for theft, and ends everything: so each is used once, and one process renews
// for all.
func TestUp_processesShareALogin(t *testing.T) {
	t.Parallel()
	e, data := slowStack(t, "--rate", "3MB")
	home := t.TempDir()
	if r, _ := signIn(t, home, loginArgs(e, "--duration", "15s"), browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	first := keptLogin(t, home)
	began := time.Now()
	var work sync.WaitGroup
	results, sums, names := make([]result, 4), make([]string, 4), make([]string, 4)
	for i := range results {
		names[i], sums[i] = write(t, filepath.Join(t.TempDir(), string(rune('a'+i))+".bin"), 36<<20)
	}
	for i := range results {
		work.Go(func() {
			results[i] = command{args: []string{"up", "--json", "--part-size", "5MiB", "--jobs", "2", names[i], "s3:///" + unique(t)}, home: home}.run(t)
		})
	}
	work.Wait()
	took := time.Since(began)
	untils := map[string]bool{}
	for i, r := range results {
		if r.status != 0 {
			t.Errorf("process %d: %v", i, r)
		}
		for _, one := range of(records(t, r), "note") {
			untils[one.Message] = true
		}
		if got := sumOf(t, filepath.Join(data, "objects", e.Bucket, unique(t), filepath.Base(names[i]))); got != sums[i] {
			t.Errorf("%s is stored as %s", names[i], got)
		}
	}
	// One set of credentials serves for 12 s or more: each "credentials until" is
	// of another set.
	if most := 2 + int(took/(11*time.Second)); took < 40*time.Second || len(untils) > most || len(untils) < 3 {
		t.Errorf("%d sets of credentials in %v, want 3 to %d: %v", len(untils), took, most, untils)
	}
	last := keptLogin(t, home).Secrets.RefreshToken
	if last == first.Secrets.RefreshToken {
		t.Error("the refresh token was never rotated")
	}
	if ok, reason := refreshes(t, e, last); !ok {
		t.Errorf("the kept refresh token does not work any more: %s", reason)
	}
}

// TestUp_waitsForTheNextLogin: the sign-in is ended while 60 MiB go up. The
// upload waits, somebody signs in again in another terminal, and it ends whole.
func TestUp_waitsForTheNextLogin(t *testing.T) {
	t.Parallel()
	e, data := slowStack(t, "--rate", "2MB")
	home := t.TempDir()
	login := loginArgs(e, "--duration", "15s")
	if r, _ := signIn(t, home, login, browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	name, sum := write(t, filepath.Join(t.TempDir(), "movie.mov"), 60<<20)
	cmd, stdout, stderr := command{args: []string{"up", "--json", "--hold-for", "2m", "--part-size", "5MiB", "--jobs", "2", name, "s3:///" + unique(t)}, home: home}.prepare(t)
	began := time.Now()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := func(text string) {
		t.Helper()
		for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
			if out, _ := os.ReadFile(file.Name()); strings.Contains(string(out), text) {
				return
			}
			if time.Since(began) > 90*time.Second {
				cmd.Process.Kill()
				t.Fatalf("it never said %q", text)
			}
		}
	}
	said(`"event":"part"`)
	revoked, err := http.PostForm(e.Issuer+"/revoke", url.Values{"token": {keptLogin(t, home).Secrets.RefreshToken}, "client_id": {e.CLIClientID}})
	if err != nil || revoked.StatusCode != http.StatusOK {
		t.Fatalf("revoke: %v", err)
	}
	said(`has ended (invalid_grant`)
	said(`sign in again with \"bucketline login\", in another terminal; this goes on by itself then`)
	if r, _ := signIn(t, home, login, browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("second login: %v", r)
	}
	r := finish(t, cmd, stdout, stderr, began)
	text, _ := os.ReadFile(file.Name())
	if r.stdout = string(text); r.status != 0 {
		t.Fatal(r)
	}
	summary := of(records(t, r), "summary")[0]
	if summary.Stored != 1 || summary.Failed != 0 || summary.Resent > 10<<20 {
		t.Errorf("summary %+v, want nothing sent twice but what was under way", summary)
	}
	if got := sumOf(t, filepath.Join(data, "objects", e.Bucket, unique(t), "movie.mov")); got != sum {
		t.Errorf("stored as %s, want %s", got, sum)
	}
}

// TestUp_signInThatHasEnded fails at once where there is nobody to sign in, and
// keeps what there is.
func TestUp_signInThatHasEnded(t *testing.T) {
	t.Parallel()
	home, e := t.TempDir(), stack.Endpoints()
	if r, _ := signIn(t, home, loginArgs(e), browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	kept := keptLogin(t, home)
	text, _ := os.ReadFile(loginPath(home))
	ended := strings.ReplaceAll(string(text), kept.Secrets.Credentials.Expiration, "2020-01-01T00:00:00Z")
	if err := os.WriteFile(loginPath(home), []byte(strings.ReplaceAll(ended, kept.Secrets.RefreshToken, kept.Secrets.RefreshToken+"x")), 0o600); err != nil {
		t.Fatal(err)
	}
	name, _ := write(t, filepath.Join(t.TempDir(), "a.txt"), 1000)
	r := command{args: []string{"up", name, "s3:///" + unique(t)}, home: home}.run(t)
	if r.status != 1 || r.took > 30*time.Second {
		t.Errorf("want exit 1 soon, got %v", r)
	}
	contains(t, "message", r.stderr, "has ended (invalid_grant", `sign in again with "bucketline login"`)
	who := command{args: []string{"whoami"}, home: home}.run(t)
	contains(t, "whoami", who.stdout, "ended at ")
}

// TestLogout_revokes ends the sign-in at the provider too, and with --local only
// here. What cannot be revoked is said, and removed all the same.
func TestLogout_revokes(t *testing.T) {
	t.Parallel()
	e := stack.Endpoints()
	for _, c := range []struct {
		name   string
		args   []string
		change func(text string) string
		status int
		works  bool
		stdout string
		stderr string
	}{
		{"revoked", nil, nil, 0, false, "The sign-in at " + e.Issuer + " is revoked.", ""},
		{"local", []string{"--local"}, nil, 0, true, "At the store its credentials stay valid until ", ""},
		{"provider gone", nil, func(s string) string { return strings.ReplaceAll(s, e.Issuer, "http://127.0.0.1:1") }, 1, true, "The login is removed.", "could not be revoked, so end it at the provider: ask the identity provider http://127.0.0.1:1"},
		{"damaged", nil, func(s string) string { return s[:len(s)/2] }, 1, true, "The login is removed.", "could not be revoked, as the login could not be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			if r, _ := signIn(t, home, loginArgs(e), browser(userOf(e, "bob"))); r.status != 0 {
				t.Fatalf("login: %v", r)
			}
			token := keptLogin(t, home).Secrets.RefreshToken
			if c.change != nil {
				text, _ := os.ReadFile(loginPath(home))
				if err := os.WriteFile(loginPath(home), []byte(c.change(string(text))), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r := command{args: append([]string{"logout"}, c.args...), home: home}.run(t)
			if r.status != c.status {
				t.Errorf("want exit %d, got %v", c.status, r)
			}
			contains(t, "output", r.stdout, c.stdout)
			contains(t, "message", r.stderr, c.stderr)
			if _, err := os.Stat(loginPath(home)); err == nil {
				t.Error("the login is still there")
			}
			if works, _ := refreshes(t, e, token); works != c.works {
				t.Errorf("the refresh token works: %v, want %v", works, c.works)
			}
			if r := (command{args: []string{"whoami"}, home: home}).run(t); r.status != 1 || !strings.Contains(r.stderr, "nobody is signed in here") {
				t.Errorf("whoami: %v", r)
			}
		})
	}
}

// TestUp_loginOfTheFirstVersion goes on with a login as it was written before
// there were keyrings, also when it has to be renewed.
func TestUp_loginOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	home, e := t.TempDir(), stack.Endpoints()
	if r, _ := signIn(t, home, loginArgs(e), browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	kept := keptLogin(t, home)
	old, err := json.Marshal(map[string]any{
		"version": 1, "issuer": e.Issuer, "clientId": e.CLIClientID, "scopes": []string{"openid", "offline_access"}, "sts": e.STS, "roleArn": e.RoleARN,
		"subject": "alice", "endpoint": e.S3, "region": e.Region, "bucket": e.Bucket, "refreshToken": kept.Secrets.RefreshToken,
		"credentials": map[string]any{"accessKeyId": "ASIAOLD", "secretAccessKey": "old", "sessionToken": "old", "expiration": "2020-01-01T00:00:00Z"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(loginPath(home), old, 0o600); err != nil {
		t.Fatal(err)
	}
	name, sum := write(t, filepath.Join(t.TempDir(), "a.txt"), 1000)
	if r := (command{args: []string{"up", name, "s3:///" + unique(t)}, home: home}).run(t); r.status != 0 {
		t.Fatalf("up: %v", r)
	}
	if got := fetch(t, unique(t)+"a.txt"); got.sum != sum {
		t.Errorf("stored %+v", got)
	}
	if now := keptLogin(t, home); now.Version != 2 || now.Secrets.RefreshToken == kept.Secrets.RefreshToken {
		t.Errorf("version %d; rotated: %v", now.Version, now.Secrets.RefreshToken != kept.Secrets.RefreshToken)
	}
}
