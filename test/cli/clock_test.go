package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// wrongClockBinary builds the command line with a clock that WRONG_BY_SECONDS
// puts wrong, for all that it and its libraries ask: two more files in its main
// package, testdata/wrongclock, stand between Go's runtime and the kernel.
func wrongClockBinary(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "test", "cli", "testdata", "wrongclock", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/wrongclock: %q, %v", files, err)
	}
	replace := map[string]string{}
	for _, file := range files {
		replace[filepath.Join(root, "cmd", "bucketline", filepath.Base(file))] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file, out := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "bucketline")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	// Without the flag the linker keeps the runtime's variables to itself.
	build := exec.Command("go", "build", "-overlay", file, "-ldflags=-checklinkname=0", "-o", out, "./cmd/bucketline")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build with a wrong clock: %v\n%s", err, text)
	}
	return out
}

// On a computer whose clock is wrong people sign in, upload, and have their
// credentials renewed when they end by the clock of who gave them.
func TestClock_wrong(t *testing.T) {
	t.Parallel()
	program := wrongClockBinary(t)
	for _, clock := range []struct {
		name string
		off  time.Duration
		dead bool // credentials of an hour have ended by it
	}{
		{"a day ahead", 24 * time.Hour, true}, {"a day behind", -24 * time.Hour, false},
		{"20 minutes ahead", 20 * time.Minute, false}, {"20 minutes behind", -20 * time.Minute, false},
	} {
		t.Run(clock.name, func(t *testing.T) {
			t.Parallel()
			c := wrongClock{t, program, t.TempDir(), []string{"WRONG_BY_SECONDS=" + strconv.Itoa(int(clock.off/time.Second))}}
			c.signInAndUp(clock.off)
			c.upWithGiven(clock.dead)
		})
	}
}

type wrongClock struct {
	t             *testing.T
	program, home string
	env           []string
}

func (c *wrongClock) signInAndUp(off time.Duration) {
	c.t.Helper()
	e := stack.Endpoints()
	login := command{program: c.program, args: loginArgs(e, "--duration", "15s"), env: c.env, home: c.home}
	if r, _ := login.signIn(c.t, browser(userOf(e, "alice"))); r.status != 0 {
		c.t.Fatalf("login: %v", r)
	}
	kept := keptLogin(c.t, c.home).Secrets.Credentials
	// What the STS's clock is ahead by is all that is wrong, and a slow machine.
	if wrong := time.Duration(kept.SkewMillis)*time.Millisecond + off; wrong.Abs() > time.Minute {
		c.t.Fatalf("the STS's clock is found to be ahead by %d ms, want %v", kept.SkewMillis, -off)
	}
	folder := c.t.TempDir()
	for name, size := range map[string]int64{"one.bin": 1000, "parts.bin": 17 << 20} {
		_, sum := write(c.t, filepath.Join(folder, name), size)
		c.up(sum, filepath.Join(folder, name), "first/"+name, command{home: c.home, env: c.env})
	}
	ends, err := time.Parse(time.RFC3339, kept.Expiration)
	if err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(time.Until(ends))
	name, sum := write(c.t, filepath.Join(folder, "two.bin"), 1000)
	c.up(sum, name, "second/two.bin", command{home: c.home, env: c.env})
	if again := keptLogin(c.t, c.home).Secrets.Credentials; again.Expiration == kept.Expiration {
		c.t.Errorf("the credentials until %s were not renewed", kept.Expiration)
	}
}

// upWithGiven uploads with credentials from the environment, of which nobody says
// what time it is until the store is asked.
func (c *wrongClock) upWithGiven(dead bool) {
	c.t.Helper()
	name, sum := write(c.t, filepath.Join(c.t.TempDir(), "given.bin"), 1000)
	given := command{env: append(env(c.t, "alice"), c.env...)}
	if !dead {
		c.up(sum, name, "given/given.bin", given)
		return
	}
	given.program, given.args = c.program, []string{"up", name, destination(unique(c.t) + "given/")}
	r := given.run(c.t)
	if r.status == 0 {
		c.t.Errorf("up with credentials that have ended by the clock: %v", r)
	}
	contains(c.t, "message", r.stderr, "expired")
}

// up uploads a file to where key is below the test's own prefix.
func (c *wrongClock) up(sum, name, key string, with command) {
	c.t.Helper()
	key = unique(c.t) + key
	with.program, with.args = c.program, []string{"up", name, destination(key)}
	if r := with.run(c.t); r.status != 0 {
		c.t.Fatalf("up %s: %v", key, r)
	}
	if got := fetch(c.t, key); got.sum != sum {
		c.t.Errorf("%s is stored with another sum", key)
	}
}
