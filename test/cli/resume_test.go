package cli

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cut runs up until it has stored parts, ends it by a signal and waits for it.
// It returns what it left, and when it was ended.
func (c command) cut(t *testing.T, by *counter, parts int, signal os.Signal) (result, time.Time) {
	t.Helper()
	cmd, stdout, stderr := c.prepare(t)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for by.stored() < parts {
		if time.Since(began) > time.Minute {
			cmd.Process.Kill()
			t.Fatalf("%d parts are stored after a minute, want %d: %v", by.stored(), parts, finish(t, cmd, stdout, stderr, began))
		}
		time.Sleep(10 * time.Millisecond)
	}
	ended := time.Now()
	cmd.Process.Signal(signal)
	return finish(t, cmd, stdout, stderr, began), ended
}

// unfinished is what `bucketline ls` knows in a home.
func unfinished(t *testing.T, home string) []record {
	t.Helper()
	r := command{args: []string{"ls", "--json"}, home: home}.run(t)
	if r.status != 0 {
		t.Fatalf("ls: %v", r)
	}
	return records(t, r)
}

const resumeJobs = 3

// half is a file of which an interrupted up has stored some parts.
type half struct {
	home, name, sum, key string
	by                   *counter
	ended                time.Time
	told                 result
}

// interrupt uploads half of a file of 12 parts, and ends the command by SIGINT.
func interrupt(t *testing.T, more ...string) half {
	t.Helper()
	h := half{home: t.TempDir(), key: unique(t) + "big.bin", by: count(t)}
	h.name, h.sum = write(t, filepath.Join(t.TempDir(), "big.bin"), 58<<20)
	args := append([]string{"up", "--json", "--part-size", "5MiB", "--jobs", strconv.Itoa(resumeJobs), "--bandwidth", "20MB"}, more...)
	c := command{args: append(args, h.name, destination(h.key)), env: h.by.env(t), home: h.home}
	h.told, h.ended = c.cut(t, h.by, 4, syscall.SIGINT)
	return h
}

// again runs up once more, in the same home.
func (h *half) again(t *testing.T, args ...string) result {
	t.Helper()
	args = append([]string{"up", "--json", "--part-size", "5MiB"}, args...)
	return command{args: append(args, h.name, destination(h.key)), env: h.by.env(t), home: h.home}.run(t)
}

// TestUp_interruptedAndResumed: SIGINT leaves what was stored, tells how to go
// on, and that sends nothing twice but what was in flight.
func TestUp_interruptedAndResumed(t *testing.T) {
	t.Parallel()
	h := interrupt(t)
	if h.told.status != 3 {
		t.Fatalf("want exit 3, got %v", h.told)
	}
	contains(t, "message", h.told.stderr, "interrupted")
	told := records(t, h.told)
	if left := of(told, "unfinished"); len(left) != 1 || left[0].Key != h.key || left[0].Source != h.name || left[0].PartsStored < 4 {
		t.Errorf("--json told %s", h.told.stdout)
	}
	list := unfinished(t, h.home)
	if len(list) != 1 || list[0].Key != h.key || list[0].State != "resumable" || list[0].Parts != 12 || list[0].PartsStored < 4 || list[0].PartsStored > 11 {
		t.Fatalf("ls: %+v", list)
	}
	text := command{args: []string{"ls"}, home: h.home}.run(t)
	contains(t, "ls", text.stdout, list[0].Name[:8], "resumable", "58.0 MiB", h.name, destination(h.key))

	r := command{args: []string{"resume", "--json"}, env: h.by.env(t), home: h.home}.run(t)
	if r.status != 0 {
		t.Fatalf("resume: %v", r)
	}
	// What was in flight may have been stored without anybody writing it down.
	if resumed := of(records(t, r), "resumed"); len(resumed) != 1 || resumed[0].PartsStored < list[0].PartsStored || resumed[0].PartsStored > list[0].PartsStored+resumeJobs {
		t.Errorf("resume told %s", r.stdout)
	}
	if got := fetch(t, h.key); got.sum != h.sum {
		t.Errorf("stored %+v, want %s", got, h.sum)
	}
	if twice, wrong := h.by.sentAgain(h.ended, resumeJobs); wrong != nil {
		t.Errorf("%d parts sent again: %v", twice, wrong)
	}
	if list := unfinished(t, h.home); len(list) != 0 {
		t.Errorf("left over: %+v", list)
	}
}

// TestUp_interruptedWithoutResume aborts what is under way.
func TestUp_interruptedWithoutResume(t *testing.T) {
	t.Parallel()
	h := interrupt(t, "--no-resume")
	if h.told.status != 130 {
		t.Errorf("want exit 130, got %v", h.told)
	}
	if list := unfinished(t, h.home); len(list) != 0 {
		t.Errorf("left over: %+v", list)
	}
	if ids := uploads(t, h.key); len(ids) != 0 {
		t.Errorf("the store has unfinished uploads: %q", ids)
	}
}

// TestUp_goesOn: the same command again does what resume does, by name or not.
func TestUp_goesOn(t *testing.T) {
	t.Parallel()
	h := interrupt(t)
	if r := h.again(t); r.status != 0 || len(of(records(t, r), "resumed")) != 1 {
		t.Errorf("up again: %v", r)
	}
	if twice, wrong := h.by.sentAgain(h.ended, resumeJobs); wrong != nil {
		t.Errorf("%d parts sent again: %v", twice, wrong)
	}
	if got := fetch(t, h.key); got.sum != h.sum {
		t.Errorf("stored %+v, want %s", got, h.sum)
	}
}

// kills is how many times TestUp_killed kills; a campaign sets more.
func kills(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("BUCKETLINE_TEST_KILLS"))
	if err != nil {
		return 5
	}
	t.Logf("%d kills", n)
	return n
}

// TestUp_killed: whenever up is killed, the next one goes on, and the object is
// whole.
func TestUp_killed(t *testing.T) {
	t.Parallel()
	again, most := 0, 0
	for i := range kills(t) {
		home, by, key := t.TempDir(), count(t), unique(t)+strconv.Itoa(i)
		name, sum := write(t, filepath.Join(t.TempDir(), "big.bin"), 47<<20)
		c := command{
			args: []string{"up", "--part-size", "5MiB", "--jobs", strconv.Itoa(resumeJobs), "--bandwidth", "24MB", name, destination(key)},
			env:  by.env(t), home: home,
		}
		cmd, stdout, stderr := c.prepare(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		moment := time.Duration(rand.Int64N(int64(2 * time.Second)))
		time.Sleep(moment)
		ended, all := time.Now(), by.stored()
		cmd.Process.Kill()
		finish(t, cmd, stdout, stderr, ended)

		r := command{args: []string{"up", "--part-size", "5MiB", name, destination(key)}, env: by.env(t), home: home}.run(t)
		if r.status != 0 {
			t.Fatalf("killed after %v: %v", moment, r)
		}
		// With all parts stored the object may have been made as well, and its
		// upload be gone: then there is nothing to go on with.
		if twice, wrong := by.sentAgain(ended, resumeJobs); all < 10 {
			again, most = again+twice, max(most, twice)
			if wrong != nil {
				t.Errorf("killed after %v: %v", moment, wrong)
			}
		}
		if got := fetch(t, key); got.sum != sum {
			t.Fatalf("killed after %v: stored %+v, want %s", moment, got, sum)
		}
		if list := unfinished(t, home); len(list) != 0 {
			t.Errorf("killed after %v: left over: %+v", moment, list)
		}
	}
	t.Logf("%d parts were sent twice in all, %d at most after one kill", again, most)
}

// TestUp_sourceChangedBetween: a file that is another one when its upload is
// gone on with, begins anew, whatever its name, size and time say.
func TestUp_sourceChangedBetween(t *testing.T) {
	t.Parallel()
	overwrite := func(t *testing.T, name string, at int64) {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte("changed"), at); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, name string)
	}{
		{"longer", func(t *testing.T, name string) {
			f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			f.WriteString("more")
			f.Close()
		}},
		{"truncated", func(_ *testing.T, name string) { os.Truncate(name, 41<<20) }},
		{"written to", func(t *testing.T, name string) { overwrite(t, name, 3<<20) }},
		{"replaced by one of equal size", func(t *testing.T, name string) { write(t, name, 58<<20) }},
		{"replaced by one of equal size and time", func(t *testing.T, name string) {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			write(t, name, 58<<20)
			os.Chtimes(name, info.ModTime(), info.ModTime())
		}},
		// Nothing but the comparison of what is stored with what is there can
		// see this one.
		{"written to where no sample is, without a trace", func(t *testing.T, name string) {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, name, 3<<20)
			os.Chtimes(name, info.ModTime(), info.ModTime())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := interrupt(t)
			c.change(t, h.name)
			if r := h.again(t); r.status != 0 {
				t.Fatalf("up again: %v", r)
			}
			if got, want := fetch(t, h.key).sum, sumOf(t, h.name); got != want {
				t.Errorf("stored %s, want the file as it is now: %s", got, want)
			}
			if ids := uploads(t, h.key); len(ids) != 0 {
				t.Errorf("the store has unfinished uploads: %q", ids)
			}
			if list := unfinished(t, h.home); len(list) != 0 {
				t.Errorf("left over: %+v", list)
			}
		})
	}
}

// TestResume_sourceGone says so, and ls before it.
func TestResume_sourceGone(t *testing.T) {
	t.Parallel()
	h := interrupt(t)
	if err := os.Remove(h.name); err != nil {
		t.Fatal(err)
	}
	list := unfinished(t, h.home)
	if len(list) != 1 || list[0].State != "source missing" {
		t.Fatalf("ls: %+v", list)
	}
	r := command{args: []string{"resume", list[0].Name}, env: h.by.env(t), home: h.home}.run(t)
	if r.status != 1 {
		t.Errorf("want exit 1, got %v", r)
	}
	contains(t, "message", r.stderr, "The file cannot be read.", h.name)
	if r := (command{args: []string{"resume"}, env: h.by.env(t), home: h.home}).run(t); r.status != 0 || !strings.Contains(r.stderr, "nothing to go on with") {
		t.Errorf("resume of all: %v", r)
	}
}

// TestResume_exportedRecord goes on with what another program has begun, here
// with a file that lies elsewhere now, in a home that knows nothing of it.
func TestResume_exportedRecord(t *testing.T) {
	t.Parallel()
	h := interrupt(t)
	list := unfinished(t, h.home)
	if len(list) != 1 {
		t.Fatalf("ls: %+v", list)
	}
	data, err := os.ReadFile(filepath.Join(h.home, ".local", "state", "bucketline", "journal", list[0].Name+".record"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	exported, moved := filepath.Join(folder, "video.bucketline"), filepath.Join(folder, "video.mov")
	if err := os.WriteFile(exported, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", h.name, moved).CombinedOutput(); err != nil { // with another time
		t.Fatalf("cp: %s", out)
	}
	other, _ := write(t, filepath.Join(folder, "other.mov"), 58<<20)
	wrong := command{args: []string{"resume", exported, "--source", other}, env: h.by.env(t)}.run(t)
	if wrong.status != 1 {
		t.Errorf("with another file: want exit 1, got %v", wrong)
	}
	contains(t, "message", wrong.stderr, "The file changed since it was chosen.")
	r := command{args: []string{"resume", "--json", exported, "--source", moved}, env: h.by.env(t)}.run(t)
	if r.status != 0 || len(of(records(t, r), "resumed")) != 1 {
		t.Fatalf("resume: %v", r)
	}
	if got := fetch(t, h.key); got.sum != h.sum {
		t.Errorf("stored %+v, want %s", got, h.sum)
	}
	if twice, wrong := h.by.sentAgain(h.ended, resumeJobs); wrong != nil {
		t.Errorf("%d parts sent again: %v", twice, wrong)
	}
}

// TestAbort_removes what was sent, by the first characters of the name.
func TestAbort_removes(t *testing.T) {
	t.Parallel()
	h := interrupt(t)
	list := unfinished(t, h.home)
	if len(list) != 1 || len(uploads(t, h.key)) != 1 {
		t.Fatalf("ls: %+v, the store has %q", list, uploads(t, h.key))
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "say what to abort"},
		{[]string{"--all", "x"}, "say what to abort"},
		{[]string{"nothing"}, `"nothing" is no unfinished upload`},
	} {
		r := command{args: append([]string{"abort"}, c.args...), env: h.by.env(t), home: h.home}.run(t)
		if r.status != 2 || !strings.Contains(r.stderr, c.want) {
			t.Errorf("abort %q: %v, want exit 2 and %q", c.args, r, c.want)
		}
	}
	r := command{args: []string{"abort", list[0].Name[:6]}, env: h.by.env(t), home: h.home}.run(t)
	if r.status != 0 {
		t.Fatalf("abort: %v", r)
	}
	contains(t, "abort", r.stdout, "aborted "+list[0].Name[:8], h.name, destination(h.key))
	if left := uploads(t, h.key); len(left) != 0 || len(unfinished(t, h.home)) != 0 {
		t.Errorf("the store has %q, ls %+v", left, unfinished(t, h.home))
	}
}

// TestAbort_damagedRecord is put out of the way, and told.
func TestAbort_damagedRecord(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	folder := filepath.Join(home, ".local", "state", "bucketline", "journal")
	name := strings.Repeat("0a", 16)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".record"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if list := unfinished(t, home); len(list) != 1 || list[0].State != "damaged" || list[0].Name != name {
		t.Fatalf("ls: %+v", list)
	}
	r := command{args: []string{"abort", "--all"}, env: env(t, "alice"), home: home}.run(t)
	if r.status != 1 {
		t.Errorf("abort: want exit 1, got %v", r)
	}
	contains(t, "message", r.stderr, "What was remembered of an upload is damaged.", "sweep")
	if list := unfinished(t, home); len(list) != 0 {
		t.Errorf("ls: %+v", list)
	}
	if _, err := os.Stat(filepath.Join(folder, name+".corrupt")); err != nil {
		t.Error(err)
	}
}

// TestUp_twice: two processes never upload the same file to the same key.
func TestUp_twice(t *testing.T) {
	t.Parallel()
	home, by, key := t.TempDir(), count(t), unique(t)+"big.bin"
	name, sum := write(t, filepath.Join(t.TempDir(), "big.bin"), 40<<20)
	args := []string{"up", "--part-size", "5MiB", "--bandwidth", "16MB", name, destination(key)}
	cmd, stdout, stderr := command{args: args, env: by.env(t), home: home}.prepare(t)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for by.stored() == 0 && time.Since(began) < time.Minute {
		time.Sleep(10 * time.Millisecond)
	}
	if list := unfinished(t, home); len(list) != 1 || list[0].State != "uploading" {
		t.Errorf("ls: %+v", list)
	}
	second := command{args: args, env: by.env(t), home: home}.run(t)
	if second.status != 1 {
		t.Errorf("the second: want exit 1, got %v", second)
	}
	contains(t, "message", second.stderr, "Another program uploads this file", "UploadInUse")
	if r := finish(t, cmd, stdout, stderr, began); r.status != 0 {
		t.Errorf("the first: %v", r)
	}
	if got := fetch(t, key); got.sum != sum {
		t.Errorf("stored %+v, want %s", got, sum)
	}
}
