package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
)

// deviceLogin is a login without --no-browser, and so by device code: there is
// no display in the environment that tests give.
func deviceLogin(e devstack.Endpoints, more ...string) []string {
	args := loginArgs(e, more...)
	return append(args[:1:1], args[2:]...)
}

// asked is what a login that waits has shown.
type asked struct{ uri, code, complete string }

// running is a command that shows something and goes on.
type running struct {
	cmd            *exec.Cmd
	stdout, stderr *bytes.Buffer
	began          time.Time
	rest           chan struct{} // closed when standard output has ended
}

// beginDevice runs the command until it has shown what to do.
func beginDevice(t *testing.T, c command) (*running, asked) {
	t.Helper()
	cmd, _, stderr := c.prepare(t)
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{cmd: cmd, stdout: new(bytes.Buffer), stderr: stderr, began: time.Now(), rest: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var shown []string
	lines := bufio.NewScanner(io.TeeReader(out, r.stdout))
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "  "); ok {
			shown = append(shown, text)
		}
		if strings.HasPrefix(lines.Text(), "Waiting until ") {
			break
		}
	}
	go func() {
		defer close(r.rest)
		for lines.Scan() {
		}
	}()
	if len(shown) != 3 {
		r.end(t)
		t.Fatalf("shown %q: %s%s", shown, r.stdout, r.stderr)
	}
	return r, asked{shown[0], shown[1], shown[2]}
}

// end waits until the command has ended.
func (r *running) end(t *testing.T) result {
	t.Helper()
	<-r.rest
	return finish(t, r.cmd, r.stdout, r.stderr, r.began)
}

// decide plays the person with the other device.
func (a asked) decide(t *testing.T, user devstack.User, choice string) {
	t.Helper()
	answer, err := http.PostForm(a.uri, url.Values{"code": {a.code}, "user": {user.Name}, "password": {user.Password}, "choice": {choice}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the page answers %d", answer.StatusCode)
	}
}

// TestLogin_device is the whole way on a machine without a browser, chosen
// because there is no display.
func TestLogin_device(t *testing.T) {
	t.Parallel()
	home, e := t.TempDir(), stack.Endpoints()
	r, shown := beginDevice(t, command{args: deviceLogin(e), home: home})
	if shown.uri != e.Issuer+"/device" || !regexp.MustCompile(`^[B-Z]{4}-[B-Z]{4}$`).MatchString(shown.code) || shown.complete != shown.uri+"?user_code="+shown.code {
		t.Errorf("shown %+v", shown)
	}
	shown.decide(t, userOf(e, "bob"), "allow")
	got := r.end(t)
	if got.status != 0 {
		t.Fatal(got)
	}
	contains(t, "output", got.stdout, "Signed in as bob; credentials until ", "The login is kept in the file "+loginPath(home))
	if strings.Contains(got.stdout, "\x1b") {
		t.Error("a QR code was drawn for who is no terminal")
	}
	name, sum := write(t, t.TempDir()+"/a.txt", 100)
	if up := (command{args: []string{"up", name, "s3:///users/bob/device/"}, home: home}).run(t); up.status != 0 {
		t.Fatalf("up: %v", up)
	}
	if got := fetch(t, "users/bob/device/a.txt"); got.sum != sum {
		t.Errorf("stored %+v", got)
	}
}

func TestLogin_deviceDenied(t *testing.T) {
	t.Parallel()
	home, e := t.TempDir(), stack.Endpoints()
	r, shown := beginDevice(t, command{args: deviceLogin(e, "--device"), home: home})
	shown.decide(t, userOf(e, "alice"), "deny")
	got := r.end(t)
	if got.status != 1 {
		t.Errorf("want exit 1, got %v", got)
	}
	contains(t, "message", got.stderr, "sign in at "+e.Issuer+": the sign-in was denied there")
	if _, err := os.Stat(loginPath(home)); err == nil {
		t.Error("a login that was denied is kept")
	}
}

// TestLogin_deviceInterrupted: Ctrl+C ends it at once, and nothing is left.
func TestLogin_deviceInterrupted(t *testing.T) {
	t.Parallel()
	home, e := t.TempDir(), stack.Endpoints()
	r, shown := beginDevice(t, command{args: deviceLogin(e, "--device"), home: home})
	r.cmd.Process.Signal(syscall.SIGINT)
	interrupted := time.Now()
	got := r.end(t)
	if got.status != 130 || time.Since(interrupted) > 10*time.Second {
		t.Errorf("want exit 130 soon, got %v", got)
	}
	contains(t, "message", got.stderr, "bucketline: interrupted\n")
	if left, _ := os.ReadDir(home); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	_ = shown
}

// TestLogin_deviceTimeout ends when nobody comes, by --timeout or by the code's
// own end.
func TestLogin_deviceTimeout(t *testing.T) {
	t.Parallel()
	e := stack.Endpoints()
	r, _ := beginDevice(t, command{args: deviceLogin(e, "--device", "--timeout", "3s")})
	got := r.end(t)
	if got.status != 1 {
		t.Errorf("want exit 1, got %v", got)
	}
	contains(t, "message", got.stderr, "nobody signed in in time")
}

// TestLogin_whichWay chooses between the browser and the device.
func TestLogin_whichWay(t *testing.T) {
	t.Parallel()
	e := stack.Endpoints()
	opener := t.TempDir() // a browser that only says that it was opened
	if err := os.WriteFile(opener+"/xdg-open", []byte("#!/bin/sh\necho \"$1\" >\"$0.opened\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + opener + ":" + os.Getenv("PATH")
	const browser, device = "Sign in in the browser", "type this code"
	for _, c := range []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"no display", nil, nil, device},
		{"X11", []string{"DISPLAY=:0", path}, nil, browser},
		{"Wayland", []string{"WAYLAND_DISPLAY=wayland-0", path}, nil, browser},
		{"X11 over SSH", []string{"DISPLAY=localhost:10.0", "SSH_CONNECTION=10.0.0.1 5 10.0.0.2 22", path}, nil, device},
		{"a display, and --device", []string{"DISPLAY=:0"}, []string{"--device"}, device},
		{"no display, and --device=false", []string{path}, []string{"--device=false"}, browser},
		{"no display, and --port", []string{path}, []string{"--port", "0"}, browser},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := command{args: deviceLogin(e, append(c.args, "--timeout", "3s")...), env: c.env}.run(t)
			if r.status != 1 || !strings.Contains(r.stdout, c.want) || strings.Contains(r.stdout, map[string]string{browser: device, device: browser}[c.want]) {
				t.Errorf("want %q, got %v", c.want, r)
			}
			contains(t, "message", r.stderr, "nobody signed in in time")
		})
	}
	r := command{args: deviceLogin(e, "--device", "--no-browser")}.run(t)
	if r.status != 2 {
		t.Errorf("--device with --no-browser: %v", r)
	}
}

// TestLogin_providerWithoutDevices, such as Cognito: said so when it was asked
// for, and else the browser is offered, with words on how to reach it.
func TestLogin_providerWithoutDevices(t *testing.T) {
	t.Parallel()
	e := stack.Endpoints()
	var issuer string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/keys",
			"scopes_supported": []string{"openid", "email", "phone", "profile"},
		})
	}))
	defer server.Close()
	issuer = server.URL
	args := []string{"login", "--issuer", issuer, "--client-id", "x", "--sts", e.STS, "--role-arn", e.RoleARN, "--timeout", "2s"}
	r := command{args: append(args, "--device")}.run(t)
	if r.status != 1 {
		t.Errorf("want exit 1, got %v", r)
	}
	contains(t, "message", r.stderr, "it has no sign-in for machines without a browser (RFC 8628: it names no device_authorization_endpoint)", "ssh -L")
	r = command{args: args}.run(t)
	if r.status != 1 {
		t.Errorf("want exit 1, got %v", r)
	}
	contains(t, "output", r.stdout, "No browser can be opened here, and the provider has no sign-in for machines without a browser", "ssh -L 8400:127.0.0.1:8400", "Sign in in the browser:", "scope=openid&")
}
