package cli

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
)

// slowStack runs `bucketline dev` beside this process's own stack, which can
// only be one, and returns where it is and the folder that it keeps.
func slowStack(t *testing.T, args ...string) (devstack.Endpoints, string) {
	t.Helper()
	data := t.TempDir()
	cmd := exec.Command(binary, append([]string{"dev", "--json", "--data", data}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("bucketline dev: %v", err)
	}
	var e devstack.Endpoints
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatal(err)
	}
	return e, data
}

// TestUp_outlivesCredentials: with credentials of 15 s, an upload of more than
// 45 s ends well. Each expiry is one hold and one renewal, however many
// requests wait, and no request fails.
func TestUp_outlivesCredentials(t *testing.T) {
	t.Parallel()
	e, data := slowStack(t, "--rate", "1800KB")
	home := t.TempDir()
	if r, _ := signIn(t, home, loginArgs(e, "--duration", "15s"), browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	folder := t.TempDir()
	sums := map[string]string{}
	for name, size := range map[string]int64{"one.bin": 48 << 20, "two.bin": 33 << 20, "small/a.txt": 10, "small/b.txt": 1000} {
		_, sums[name] = write(t, filepath.Join(folder, name), size)
	}
	r := command{
		args: []string{"up", "--json", "--part-size", "5MiB", "--jobs", "1", folder, "s3:///" + unique(t)}, home: home,
	}.run(t)
	if r.status != 0 || r.took < 45*time.Second {
		t.Fatalf("want exit 0 after more than 45 s, got %v", r)
	}
	count := map[string]int{}
	for _, one := range records(t, r) {
		count[one.Event]++
		if one.Event == "hold" && one.Reason != "expired" && !(one.Reason == "absent" && count["hold"] == 1) {
			t.Errorf("held because of %s", one.Reason)
		}
	}
	// 15 s of life serve for 13.5 s. A part takes 3 s, and none is begun that would
	// not end within them: so a set serves for 10 s or more, and at most until the
	// part ends that was begun in its last moment. The first hold is for the
	// credentials that the login kept.
	holds := count["hold"]
	least, most := 1+int(r.took/(17*time.Second)), 1+int(r.took/(10*time.Second))
	if holds < least || holds > most || count["note"] != holds || count["release"] != holds || count["failed"] != 0 {
		t.Errorf("events in %v: %v, want %d to %d holds", r.took, count, least, most)
	}
	if count["stored"] != len(sums) {
		t.Errorf("stored %d, want %d", count["stored"], len(sums))
	}
	for name, sum := range sums {
		if got := sumOf(t, filepath.Join(data, "objects", e.Bucket, unique(t), name)); got != sum {
			t.Errorf("%s is stored as %s, want %s", name, got, sum)
		}
	}
}

// sumOf is the SHA-256 of a file, as the system's own tool has it.
func sumOf(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("sha256sum", name).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	sum, _, _ := strings.Cut(strings.TrimPrefix(string(out), `\`), " ")
	return sum
}

// TestUp_environmentThatExpires cannot be renewed: it says so, and stops.
func TestUp_environmentThatExpires(t *testing.T) {
	t.Parallel()
	e, _ := slowStack(t, "--rate", "1MB")
	home := t.TempDir()
	if r, _ := signIn(t, home, loginArgs(e, "--duration", "15s"), browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	name, _ := write(t, filepath.Join(t.TempDir(), "big.bin"), 32<<20)
	k := keptLogin(t, home).Secrets.Credentials
	r := command{args: []string{"up", "--part-size", "5MiB", name, "s3://" + e.Bucket + "/" + unique(t)}, env: append(storeEnv(e),
		"AWS_ACCESS_KEY_ID="+k.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+k.SecretAccessKey,
		"AWS_SESSION_TOKEN="+k.SessionToken, "AWS_CREDENTIAL_EXPIRATION="+k.Expiration,
	)}.run(t)
	if r.status != 1 || r.took > time.Minute {
		t.Fatalf("want exit 1, got %v", r)
	}
	contains(t, "message", r.stderr, "The credentials have expired", "Sign in again, or get new credentials")
}

// TestUp_changedFile is written to while it goes up: nothing of it is stored.
func TestUp_changedFile(t *testing.T) {
	t.Parallel()
	e, data := slowStack(t, "--rate", "8MB")
	home := t.TempDir()
	if r, _ := signIn(t, home, loginArgs(e), browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, "good.txt"), 100)
	name, _ := write(t, filepath.Join(folder, "movie.mov"), 60<<20)
	cmd, stdout, stderr := command{args: []string{"up", "--jobs", "1", folder, "s3:///" + unique(t)}, home: home}.prepare(t)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for len(parts(t, data)) == 0 && time.Since(began) < 30*time.Second {
		time.Sleep(20 * time.Millisecond)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte("changed"), 59<<20)
	f.Close()
	r := finish(t, cmd, stdout, stderr, began)
	if r.status != 1 {
		t.Errorf("want exit 1, got %v", r)
	}
	contains(t, "message", r.stderr, "movie.mov: The file changed since it was chosen.", "SourceChanged to UploadPart, part ", "of 8", "1 stored", "1 failed")
	if left := parts(t, data); len(left) != 0 {
		t.Errorf("parts are left in the store: %q", left)
	}
	if _, err := os.Stat(filepath.Join(data, "objects", e.Bucket, unique(t), "movie.mov")); err == nil {
		t.Error("a file that changed was stored")
	}
}

// parts are the files of multipart uploads that the store's folder holds.
func parts(t *testing.T, data string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "objects", "*", ".sgwtmp", "multipart", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
