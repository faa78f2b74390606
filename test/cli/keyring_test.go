package cli

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secretService runs a D-Bus session with GNOME's keyring in it, unlocked, of
// this test alone, and returns the environment that leads there.
func secretService(t *testing.T) []string {
	t.Helper()
	runtime, data := t.TempDir(), t.TempDir()
	run := func(stdin, name string, args ...string) *bufio.Reader {
		t.Helper()
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatalf("%s is missing: tools/setup.sh keyring installs it", name)
		}
		cmd := exec.Command(path, args...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + data, "XDG_DATA_HOME=" + data, "XDG_RUNTIME_DIR=" + runtime, "DBUS_SESSION_BUS_ADDRESS=unix:path=" + runtime + "/bus"}
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
		return bufio.NewReader(out)
	}
	bus := run("", "dbus-daemon", "--session", "--nofork", "--print-address", "--address=unix:path="+runtime+"/bus")
	if _, err := bus.ReadString('\n'); err != nil {
		t.Fatalf("dbus-daemon: %v", err)
	}
	run("a password", "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets", "--control-directory="+filepath.Join(runtime, "keyring"))
	env := []string{"DBUS_SESSION_BUS_ADDRESS=unix:path=" + runtime + "/bus"}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(data, "keyrings", "login.keyring")); err == nil {
			return env
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal("gnome-keyring-daemon made no keyring in 30 s")
		}
	}
}

// TestLogin_keyring keeps the key of a login in a real Secret Service, renews
// it, uploads with it, and takes it away.
func TestLogin_keyring(t *testing.T) {
	t.Parallel()
	home, e := t.TempDir(), stack.Endpoints()
	env := secretService(t)
	signInWith := func(more ...string) result {
		t.Helper()
		r, shown := beginDevice(t, command{args: deviceLogin(e, more...), home: home, env: env})
		shown.decide(t, userOf(e, "alice"), "allow")
		got := r.end(t)
		if got.status != 0 {
			t.Fatal(got)
		}
		return got
	}
	contains(t, "login", signInWith("--keep", "keyring").stdout, "login.json, sealed with a key in this computer's keyring.")
	text, err := os.ReadFile(loginPath(home))
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"refreshToken", "secretAccessKey", "sessionToken", "accessKeyId"} {
		if strings.Contains(string(text), never) {
			t.Errorf("the file has a %s: %s", never, text)
		}
	}
	who := command{args: []string{"whoami"}, home: home, env: env}.run(t)
	contains(t, "whoami", who.stdout, "signed in as  alice\n", "renewed by itself", "sealed with a key in this computer's keyring")
	name, _ := write(t, t.TempDir()+"/a.txt", 100)
	up := command{args: []string{"up", name, "s3:///" + unique(t)}, home: home, env: env}
	if r := up.run(t); r.status != 0 {
		t.Fatalf("up: %v", r)
	}

	// Without the keyring it is of no use, and says what to do.
	locked := command{args: up.args, home: home}.run(t)
	if locked.status != 2 {
		t.Errorf("without the keyring: %v", locked)
	}
	contains(t, "message", locked.stderr, "is sealed with a key in this computer's keyring: there is no D-Bus session", `unlock the keyring, or sign in again with "bucketline login"`)

	// In another session, whose keyring has other keys, it does not open.
	strange := command{args: up.args, home: home, env: secretService(t)}.run(t)
	if strange.status != 2 {
		t.Errorf("with another keyring: %v", strange)
	}
	contains(t, "message", strange.stderr, "the keyring does not have its key any more")

	contains(t, "login", signInWith("--keep", "file").stdout, "which only you can read")
	if r := (command{args: up.args, home: home}).run(t); r.status != 0 {
		t.Errorf("up with the file: %v", r)
	}
	signInWith()
	out := command{args: []string{"logout"}, home: home, env: env}.run(t)
	if out.status != 0 {
		t.Fatalf("logout: %v", out)
	}
	contains(t, "logout", out.stdout, "The login is removed.", "is revoked.")
	if strings.Contains(out.stdout, "The key stays") {
		t.Error(out)
	}
}
