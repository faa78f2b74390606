package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// uploads are the IDs of unfinished multipart uploads below a prefix.
func uploads(t *testing.T, prefix string) []string {
	t.Helper()
	bucket := stack.Endpoints().Bucket
	out, err := rootJudge().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, u := range out.Uploads {
		ids = append(ids, *u.UploadId)
	}
	return ids
}

// TestUp_stdin stores what comes, however much, in bounded memory.
func TestUp_stdin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		size int64
	}{{"nothing", 0}, {"little", 1000}, {"one part", 8 << 20}, {"much", 200<<20 + 7}} {
		t.Run(c.name, func(t *testing.T) {
			name, sum := write(t, filepath.Join(t.TempDir(), "source"), c.size)
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			key := unique(t) + "stream"
			cmd, stdout, stderr := command{args: []string{"up", "-", destination(key)}, env: env(t, "alice")}.prepare(t)
			// Not the file itself: a pipe has no size to be found out.
			cmd.Stdin = io.MultiReader(f)
			began := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			peak := peakMemory(t, cmd.Process.Pid)
			if r := finish(t, cmd, stdout, stderr, began); r.status != 0 {
				t.Fatal(r)
			}
			if got := fetch(t, key); got.sum != sum || got.size != c.size {
				t.Errorf("stored %+v, want %d bytes, %s", got, c.size, sum)
			}
			mib := peak()
			t.Logf("%d bytes: peak of %d MiB", c.size, mib)
			if mib > maxStreamMiB || mib == 0 && c.size > maxStreamMiB<<20 {
				t.Errorf("peak of %d MiB, want at most %d", mib, maxStreamMiB)
			}
		})
	}
}

// peakMemory looks at a process until it has ended, and then tells the most memory
// it has had, in MiB. What the system tells of an ended process begins with the
// memory of the one that started it, this test's.
func peakMemory(t *testing.T, pid int) func() int {
	t.Helper()
	peak := make(chan int, 1)
	go func() {
		kib := 0
		for ; ; time.Sleep(10 * time.Millisecond) {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if err != nil {
				break
			}
			_, rest, _ := strings.Cut(string(status), "\nVmHWM:")
			if n, err := fmt.Sscan(rest, &kib); n == 0 || err != nil {
				break // a process that has ended and is not waited for has no memory
			}
		}
		peak <- kib >> 10
	}()
	return func() int { return <-peak }
}

// maxStreamMiB: five parts of 8 MiB, the program itself, and what its garbage
// collector leaves for later.
const maxStreamMiB = 112

// TestUp_stdinInterrupted cannot be gone on with: it leaves nothing.
func TestUp_stdinInterrupted(t *testing.T) {
	t.Parallel()
	by, key := count(t), unique(t)+"stream"
	home := t.TempDir()
	cmd, stdout, stderr := command{args: []string{"up", "--part-size", "5MiB", "-", destination(key)}, env: by.env(t), home: home}.prepare(t)
	source, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go source.Write(make([]byte, 12<<20)) // and then nothing more comes
	for by.stored() < 2 && time.Since(began) < time.Minute {
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Signal(syscall.SIGINT)
	if r := finish(t, cmd, stdout, stderr, began); r.status != 130 {
		t.Errorf("want exit 130, got %v", r)
	}
	if ids := uploads(t, key); len(ids) != 0 || len(unfinished(t, home)) != 0 {
		t.Errorf("the store has %q, ls %+v", ids, unfinished(t, home))
	}
}

// TestUp_stdinMistakes are told before anything is read.
func TestUp_stdinMistakes(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-", destination(unique(t))}, {"-", small(t), destination(unique(t))}} {
		if r := up(t, 2, args...); !strings.Contains(r.stderr, "standard input (-) goes alone, and to a key") {
			t.Errorf("up %q: %v", args, r)
		}
	}
}

// TestUp_patterns are expanded, as shells do that see them.
func TestUp_patterns(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"a.jpg", "b.jpg", "c.png", "[x].txt", "x.txt"} {
		write(t, filepath.Join(folder, name), 3)
	}
	for _, c := range []struct {
		pattern string
		want    []string
	}{
		{"*.jpg", []string{"a.jpg", "b.jpg"}},
		{"?.png", []string{"c.png"}},
		{"[x].txt", []string{"[x].txt"}}, // a file that is called so
		{"[ab].*", []string{"a.jpg", "b.jpg"}},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			up(t, 0, filepath.Join(folder, c.pattern), destination(unique(t)))
			var want []string
			for _, name := range c.want {
				want = append(want, unique(t)+name)
			}
			if got := stored(t, unique(t)); !slices.Equal(got, want) {
				t.Errorf("stored %q, want %q", got, want)
			}
		})
	}
	r := up(t, 2, filepath.Join(folder, "*.gif"), destination(unique(t)))
	contains(t, "message", r.stderr, "nothing is called like", "*.gif")
}

// TestUp_emptyFolder says that there is nothing in it.
func TestUp_emptyFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r := up(t, 0, folder, destination(unique(t)))
	contains(t, "message", r.stderr, "there are no files in "+folder, "0 stored")
}

// TestUp_dryRun tells what would be sent, and sends nothing.
func TestUp_dryRun(t *testing.T) {
	t.Parallel()
	by, home := count(t), t.TempDir()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.txt"), 100)
	write(t, filepath.Join(folder, "sub/big.bin"), 37<<20)
	if err := os.Symlink("nowhere", filepath.Join(folder, "z")); err != nil {
		t.Fatal(err)
	}
	args := []string{"up", "--dry-run", "--part-size", "5MiB", folder, destination(unique(t))}
	r := command{args: args, env: by.env(t), home: home}.run(t)
	if r.status != 1 {
		t.Errorf("want exit 1 for the broken link, got %v", r)
	}
	contains(t, "plan", r.stdout, "would send "+folder+"/a.txt to "+destination(unique(t)+"a.txt")+", 100 B in one request",
		"sub/big.bin to "+destination(unique(t)+"sub/big.bin")+", 37.0 MiB in 8 parts of 5.0 MiB")
	contains(t, "message", r.stderr, "cannot send "+folder+"/z", "would send 2 files, 37.0 MiB; nothing was sent")
	r = command{args: append([]string{"up", "--json"}, args[1:]...), env: by.env(t), home: home}.run(t)
	plans := of(records(t, r), "plan")
	if len(plans) != 2 || plans[1].Parts != 8 || plans[1].PartSize != 5<<20 || plans[1].Size != 37<<20 || plans[0].Parts != 0 {
		t.Errorf("--json printed %s", r.stdout)
	}
	// Nobody has to be signed in for it.
	if r := (command{args: args, env: storeEnv(stack.Endpoints())}).run(t); !strings.Contains(r.stdout, "would send") {
		t.Errorf("without credentials: %v", r)
	}
	if n := by.total(); n != 0 || len(stored(t, unique(t))) != 0 {
		t.Errorf("%d requests, stored %q", n, stored(t, unique(t)))
	}
}

// TestUp_onConflict: each choice for a key that has an object.
func TestUp_onConflict(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{10, 17 << 20} {
		folder := t.TempDir()
		first, old := write(t, filepath.Join(folder, "a.txt"), size)
		for _, c := range []struct {
			choice string
			status int
			line   string
			keys   []string
			whose  string // "old" or "new": what is at the key
		}{
			{"fail", 1, "There is an object with this key already", []string{"a.txt"}, "old"},
			{"skip", 0, "which is there already", []string{"a.txt"}, "old"},
			{"rename", 0, "a (2).txt", []string{"a (2).txt", "a.txt"}, "old"},
			{"replace", 0, "stored", []string{"a.txt"}, "new"},
		} {
			t.Run(fmt.Sprint(c.choice, size), func(t *testing.T) {
				up(t, 0, first, destination(unique(t)))
				second, sum := write(t, filepath.Join(t.TempDir(), "a.txt"), size)
				r := up(t, c.status, "--on-conflict", c.choice, second, destination(unique(t)))
				contains(t, "message", r.stdout+r.stderr, c.line)
				var want []string
				for _, key := range c.keys {
					want = append(want, unique(t)+key)
				}
				if got := stored(t, unique(t)); !slices.Equal(got, want) {
					t.Errorf("stored %q, want %q", got, want)
				}
				whose := old
				if c.whose == "new" {
					whose = sum
				}
				if got := fetch(t, unique(t)+"a.txt"); got.sum != whose {
					t.Errorf("the key has %s, want the %s object %s", got.sum, c.whose, whose)
				}
				if c.choice == "rename" {
					if got := fetch(t, unique(t)+"a (2).txt"); got.sum != sum {
						t.Errorf("the new key has %s, want %s", got.sum, sum)
					}
				}
			})
		}
	}
	r := up(t, 2, "--on-conflict", "ask", small(t), destination(unique(t)))
	contains(t, "message", r.stderr, "needs a terminal")
	r = up(t, 2, "--on-conflict", "replace", "--if-none-match", small(t), destination(unique(t)))
	contains(t, "message", r.stderr, "contradict")
}

// TestUp_checksum: each is sent, compared by the store, and told.
func TestUp_checksum(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	little, _ := write(t, filepath.Join(folder, "little.bin"), 1000)
	big, _ := write(t, filepath.Join(folder, "big.bin"), 17<<20)
	for _, name := range []string{"auto", "none", "crc64nvme", "crc32c", "crc32", "sha256", "sha1", "md5"} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []string{little, big} {
				r := up(t, 0, "--json", "--part-size", "5MiB", "--checksum", name, file, destination(unique(t)))
				list := of(records(t, r), "stored")
				if len(list) != 1 {
					t.Fatalf("printed %s", r.stdout)
				}
				want := strings.ToUpper(name)
				switch {
				case name == "auto":
					want = "CRC64NVME"
				case name == "none", name == "md5", strings.HasPrefix(name, "sha") && file == big:
					want = "" // nothing of the whole is stored
				}
				if got, _, _ := strings.Cut(list[0].Checksum, ":"); got != want {
					t.Errorf("%s is stored with %q, want %q", filepath.Base(file), list[0].Checksum, want)
				}
			}
		})
	}
	contains(t, "message", up(t, 2, "--checksum", "crc7", little, destination(unique(t))).stderr, "none of auto, none, crc64nvme")
}

// TestUp_bandwidth holds the limit, over several files at once.
func TestUp_bandwidth(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for i := range 4 {
		write(t, filepath.Join(folder, fmt.Sprint(i)), 1<<20)
	}
	r := up(t, 0, "--bandwidth", "2MB", folder, destination(unique(t)))
	if least, most := 1900*time.Millisecond, 30*time.Second; r.took < least || r.took > most {
		t.Errorf("4 MiB at 2 MB/s took %v", r.took)
	}
	contains(t, "message", up(t, 2, "--bandwidth", "fast", small(t), destination(unique(t))).stderr, "--bandwidth", "fast")
	contains(t, "message", up(t, 2, "--bandwidth", "100B", small(t), destination(unique(t))).stderr, "1 KiB")
}

// TestUp_changedWhileUploading: truncated, or replaced, a file is not stored.
func TestUp_changedWhileUploading(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(name string) error
	}{
		{"truncated", func(name string) error { return os.Truncate(name, 20<<20) }},
		{"replaced", func(name string) error {
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			other := name + ".new"
			if err := os.WriteFile(other, make([]byte, info.Size()), 0o600); err != nil {
				return err
			}
			os.Chtimes(other, info.ModTime(), info.ModTime())
			return os.Rename(other, name)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			by, home, key := count(t), t.TempDir(), unique(t)+"big.bin"
			name, _ := write(t, filepath.Join(t.TempDir(), "big.bin"), 58<<20)
			cmd, stdout, stderr := command{
				args: []string{"up", "--part-size", "5MiB", "--jobs", "2", "--bandwidth", "24MB", name, destination(key)},
				env:  by.env(t), home: home,
			}.prepare(t)
			began := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for by.stored() < 2 && time.Since(began) < time.Minute {
				time.Sleep(10 * time.Millisecond)
			}
			if err := c.change(name); err != nil {
				t.Fatal(err)
			}
			r := finish(t, cmd, stdout, stderr, began)
			if r.status != 1 {
				t.Errorf("want exit 1, got %v", r)
			}
			contains(t, "message", r.stderr, "The file changed since it was chosen.")
			if keys := stored(t, key); len(keys) != 0 || len(uploads(t, key)) != 0 {
				t.Errorf("stored %q, unfinished %q", keys, uploads(t, key))
			}
		})
	}
}

// TestSweep_sparesTheYoung, and what the journal knows.
func TestSweep_sparesTheYoung(t *testing.T) {
	t.Parallel()
	h := interrupt(t)
	bucket, foreign := stack.Endpoints().Bucket, unique(t)+"at work elsewhere"
	if _, err := rootJudge().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &foreign}); err != nil {
		t.Fatal(err)
	}
	sweep := func(args ...string) result {
		return command{args: append([]string{"sweep", destination(unique(t))}, args...), env: h.by.env(t), home: h.home}.run(t)
	}
	if r := sweep(); r.status != 0 || len(uploads(t, unique(t))) != 2 || !strings.Contains(r.stderr, "0 aborted") {
		t.Errorf("sweep of 7 days: %v", r)
	}
	for _, age := range []string{"59m", "-1h", "soon", "0d"} {
		if r := sweep("--older-than", age); r.status != 2 || !strings.Contains(r.stderr, "older-than") {
			t.Errorf("sweep of %s: %v", age, r)
		}
	}
	if r := h.again(t); r.status != 0 {
		t.Errorf("what was spared cannot be gone on with: %v", r)
	}
}

// TestSweep_aborts what was left behind long ago, below the prefix.
func TestSweep_aborts(t *testing.T) {
	t.Parallel()
	e, data := slowStack(t, "--rate", "4MB")
	home := t.TempDir()
	if r, _ := signIn(t, home, loginArgs(e), browser(userOf(e, "alice"))); r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	// One run is killed before its record is of use to anybody: its journal goes.
	name, _ := write(t, filepath.Join(t.TempDir(), "old.bin"), 40<<20)
	uploads := filepath.Join(data, "objects", e.Bucket, ".sgwtmp", "multipart", "*", "*")
	for i, key := range []string{unique(t) + "old.bin", alicePrefix + "elsewhere/old.bin"} {
		begun := func() bool {
			ids, err := filepath.Glob(uploads)
			return err == nil && len(ids) > i
		}
		before := len(parts(t, data))
		cmd, _, _ := command{args: []string{"up", "--journal", t.TempDir(), name, "s3:///" + key}, home: home}.prepare(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for began := time.Now(); (!begun() || len(parts(t, data)) == before) && time.Since(began) < time.Minute; {
			time.Sleep(20 * time.Millisecond)
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	time.Sleep(2 * time.Second) // until the store has noticed that nobody sends any more
	old := time.Now().Add(-50 * time.Hour)
	ids, err := filepath.Glob(uploads)
	if err != nil || len(ids) != 2 {
		t.Fatalf("the store has %q, %v", ids, err)
	}
	for _, id := range ids {
		if err := os.Chtimes(id, old, old); err != nil {
			t.Fatal(err)
		}
	}
	r := command{args: []string{"sweep", "--json", "s3:///" + unique(t), "--older-than", "2d"}, home: home}.run(t)
	aborted := of(records(t, r), "aborted")
	if r.status != 0 || len(aborted) != 1 || aborted[0].Key != unique(t)+"old.bin" || aborted[0].UploadID == "" {
		t.Errorf("sweep: %v", r)
	}
	if left, _ := filepath.Glob(filepath.Join(data, "objects", e.Bucket, ".sgwtmp", "multipart", "*", "*")); len(left) != 1 {
		t.Errorf("the store has %q", left)
	}
}

// here is this folder: the dev stack takes the working directory.
var here, _ = os.Getwd()

// TestUp_jsonIsDocumented: every event and every member that is printed stands
// in docs/cli.md, and every event that stands there can be printed.
func TestUp_jsonIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(here, "..", "..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{} // event: members
	row := regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| (.*?) \\| (.*?) \\|$")
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		var members []string
		for _, member := range regexp.MustCompile("`([A-Za-z]+)`").FindAllStringSubmatch(m[3], -1) {
			members = append(members, member[1])
		}
		documented[m[1]] = members
	}
	if len(documented) < 15 {
		t.Fatalf("docs/cli.md has %d rows of events: %v", len(documented), documented)
	}
	seen := map[string]bool{}
	check := func(lines string) {
		for line := range strings.Lines(lines) {
			var members map[string]any
			if err := json.Unmarshal([]byte(line), &members); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			event, _ := members["event"].(string)
			known, ok := documented[event]
			if !ok {
				t.Errorf("event %q is not documented: %s", event, line)
				continue
			}
			seen[event] = true
			for name := range members {
				if name != "event" && !slices.Contains(known, name) {
					t.Errorf("member %q of %q is not documented: %s", name, event, line)
				}
			}
		}
	}
	h := interrupt(t)
	check(h.told.stdout)
	check(command{args: []string{"ls", "--json"}, home: h.home}.run(t).stdout)
	check(h.again(t, "--dry-run").stdout)
	check(h.again(t).stdout)
	check(h.again(t, "--on-conflict", "skip").stdout)
	check(up(t, 1, "--json", filepath.Join(t.TempDir(), "none"), destination(unique(t))).stdout)
	check(up(t, 0, "--json", t.TempDir(), destination(unique(t))).stdout)
	second := interrupt(t, "--checksum", "crc32c")
	check(command{args: []string{"abort", "--all", "--json"}, env: second.by.env(t), home: second.home}.run(t).stdout)
	for _, event := range []string{"state", "part", "progress", "resumed", "stored", "skipped", "failed", "note", "plan", "unfinished", "aborted", "summary"} {
		if !seen[event] {
			t.Errorf("event %q was never printed", event)
		}
	}
}
