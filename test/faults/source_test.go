package faults

import (
	"os"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// changes are what happens to a file while it is being uploaded.
var changes = []struct {
	name   string
	change func(t *testing.T, path string, data []byte)
}{
	{"rewritten", func(t *testing.T, path string, data []byte) { replace(t, path, data, false) }},
	{"truncated", func(t *testing.T, path string, _ []byte) {
		if err := os.Truncate(path, 12*mib); err != nil {
			t.Fatal(err)
		}
	}},
	{"truncated to nothing", func(t *testing.T, path string, _ []byte) {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}},
	{"longer", func(t *testing.T, path string, _ []byte) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("more"); err != nil {
			t.Fatal(err)
		}
	}},
	{"removed", func(t *testing.T, path string, _ []byte) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}},
	{"another of equal size and time in its place", func(t *testing.T, path string, data []byte) {
		info, err := os.Stat(path)
		if err == nil {
			err = os.WriteFile(path+".new", data, 0o666)
		}
		if err == nil {
			err = os.Chtimes(path+".new", info.ModTime(), info.ModTime())
		}
		if err == nil {
			err = os.Rename(path+".new", path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}},
	{"replaced by one of equal size and time", func(t *testing.T, path string, data []byte) { replace(t, path, data, true) }},
}

// Files that change while they are uploaded are never stored half as they were
// and half as they are.
func TestSource_changesWhileItIsUploaded(t *testing.T) {
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		s := startStore(t, storeConfig{bodyRate: 40 * mib})
		p := harness.Open(t, b, s.page(t))
		was, is := harness.Bytes(1, halfSize), harness.Bytes(2, halfSize)
		var paths []string
		for _, c := range changes {
			paths = append(paths, harness.WriteFile(t, t.TempDir(), c.name, was))
		}
		p.Choose(paths...)
		time.Sleep(1100 * time.Millisecond) // some browsers compare the time in whole seconds
		p.MustCreate(s.options().With("stallMillis", 2000).With("connections", 2*len(changes)), nil)
		p.MustUpload(harness.Upload{Source: harness.InFiles})
		begun := func(task harness.Task) bool { return task.Info.PartsStored > 0 }
		for i, c := range changes {
			p.Until("a stored part of each file", 30*time.Second, func(r harness.Report) bool { return begun(r.Tasks[i]) })
			c.change(t, paths[i], is)
		}
		r := p.Wait(time.Minute)
		for i, c := range changes {
			t.Run(c.name, func(t *testing.T) { s.wantUnmixed(t, c.name, was, r.Tasks[i].State, r.Tasks[i].Error) })
		}
	})
}

// So it is from the command line. test/cli has the changes that a file's size or
// time tells of.
func TestSource_isReplacedWhileTheCommandLineUploadsIt(t *testing.T) {
	s := startStore(t, storeConfig{bodyRate: 40 * mib})
	const key = "file.bin"
	was := harness.Bytes(1, halfSize)
	path := harness.WriteFile(t, t.TempDir(), key, was)
	done := make(chan func(), 1)
	go func() {
		lines, status, stderr := try(t, append(s.environment(), "BUCKETLINE_ENDPOINT="+s.url, "BUCKETLINE_REGION="+region, "BUCKETLINE_PATH_STYLE=true"),
			"up", "--json", "--part-size", "5MiB", "--jobs", "2", path, "s3://"+bucket+"/"+key)
		done <- func() {
			failed := lines[max(0, len(lines)-2)]
			if status != 1 || failed.Event != "failed" || failed.Code != "SourceChanged" {
				t.Errorf("exit %d, %+v\n%s", status, lines, stderr)
			}
		}
	}()
	for begun := time.Now(); s.answered(key) < 2; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("nothing is stored after a minute")
		}
	}
	replace(t, path, harness.Bytes(2, halfSize), true)
	(<-done)()
	s.absent(t, key)
}

// wantUnmixed wants that an upload of a file that changed has failed and left
// nothing; or, where that could not be seen, that the object is what the file
// was.
func (s *store) wantUnmixed(t *testing.T, key string, was []byte, state string, failure *harness.Failure) {
	t.Helper()
	if state == "done" {
		if data := s.object(key); string(data) != string(was) {
			t.Errorf("it is told as stored, and the object of %d bytes is not what the file was", len(data))
		}
		return
	}
	if failure == nil || failure.Code != "SourceChanged" && failure.Code != "SourceUnreadable" {
		t.Errorf("%s: %v, want SourceChanged or SourceUnreadable", state, failure)
	}
	if s.object(key) != nil {
		t.Error("it failed, and there is an object")
	}
	// The failure is told before the store has answered that nothing is left.
	for deadline := time.Now().Add(10 * time.Second); s.unfinished(key) > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	s.nothingLeft(t, key)
}
