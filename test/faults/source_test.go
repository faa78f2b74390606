package faults

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// changes are what happens to a file while it is being uploaded. They are made
// by the store, between two answers: see storeConfig.answers.
var changes = []struct {
	name   string
	change func(path string, data []byte) error
}{
	{"rewritten", func(path string, data []byte) error { return overwrite(path, data, false) }},
	{"truncated", func(path string, _ []byte) error { return os.Truncate(path, 12*mib) }},
	{"truncated to nothing", func(path string, _ []byte) error { return os.Truncate(path, 0) }},
	{"longer", func(path string, _ []byte) error {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("more")
		return errors.Join(err, f.Close())
	}},
	{"removed", func(path string, _ []byte) error { return os.Remove(path) }},
	{"another of equal size and time in its place", func(path string, data []byte) error {
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
		return err
	}},
	{"replaced by one of equal size and time", func(path string, data []byte) error { return overwrite(path, data, true) }},
}

// onFirstPart calls change with the key of each file whose first part has
// arrived, before any part of it is answered: so the file changes in the middle
// of its upload, however slow or quick that is. Of eight parts a browser has six
// under way at most, so that there are some that it has not read yet.
func onFirstPart(change func(key string)) func(about fakes3.Subject, status int) {
	var mu sync.Mutex
	changed := map[string]bool{}
	return func(about fakes3.Subject, status int) {
		mu.Lock()
		defer mu.Unlock()
		if about.Op == s3.OpUploadPart && status == http.StatusOK && !changed[about.Key] {
			changed[about.Key] = true
			change(about.Key)
		}
	}
}

// Files that change while they are uploaded are never stored half as they were
// and half as they are.
func TestSource_changesWhileItIsUploaded(t *testing.T) {
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		was, is := harness.Bytes(1, halfSize), harness.Bytes(2, halfSize)
		paths := map[string]string{}
		var chosen []string
		for _, c := range changes {
			path := harness.WriteFile(t, t.TempDir(), c.name, was)
			// Some browsers compare the time in whole seconds.
			if old := time.Now().Add(-time.Hour); os.Chtimes(path, old, old) != nil {
				t.Fatalf("%q: its time does not change", path)
			}
			chosen = append(chosen, path)
			paths[c.name] = path
		}
		s := startStore(t, storeConfig{answers: onFirstPart(func(key string) {
			for _, c := range changes {
				if c.name != key {
					continue
				}
				if err := c.change(paths[key], is); err != nil {
					t.Errorf("%s: %v", key, err)
				}
			}
		})})
		p := harness.Open(t, b, s.page(t))
		p.Choose(chosen...)
		p.MustCreate(s.options().With("stallMillis", 2000).With("connections", 2*len(changes)), nil)
		p.MustUpload(harness.Upload{Source: harness.InFiles})
		r := p.Wait(patient)
		for i, c := range changes {
			t.Run(c.name, func(t *testing.T) { s.wantUnmixed(t, c.name, was, r.Tasks[i].State, r.Tasks[i].Error) })
		}
	})
}

// So it is from the command line. test/cli has the changes that a file's size or
// time tells of.
func TestSource_isReplacedWhileTheCommandLineUploadsIt(t *testing.T) {
	const key = "file.bin"
	was, is := harness.Bytes(1, halfSize), harness.Bytes(2, halfSize)
	path := harness.WriteFile(t, t.TempDir(), key, was)
	s := startStore(t, storeConfig{answers: onFirstPart(func(string) {
		if err := overwrite(path, is, true); err != nil {
			t.Error(err)
		}
	})})
	lines, status, stderr := try(t, append(s.environment(), "BUCKETLINE_ENDPOINT="+s.url, "BUCKETLINE_REGION="+region, "BUCKETLINE_PATH_STYLE=true"),
		"up", "--json", "--part-size", "5MiB", "--jobs", "2", path, "s3://"+bucket+"/"+key)
	failed := slices.IndexFunc(lines, func(l line) bool { return l.Event == "failed" })
	if status != 1 || failed < 0 || lines[failed].Code != "SourceChanged" {
		t.Errorf("exit %d, %+v\n%s", status, lines, stderr)
	}
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
	for deadline := time.Now().Add(patient); s.unfinished(key) > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	s.nothingLeft(t, key)
}
