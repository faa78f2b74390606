package dirjournal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/journaltest"
	"github.com/bucketline/bucketline/journal"
)

const (
	one   = journaltest.One
	other = journaltest.Other
)

func open(t testing.TB, folder string) *Journal {
	t.Helper()
	j, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// begin opens a record and saves it.
func begin(t testing.TB, j *Journal, name, data string) {
	t.Helper()
	_, err := j.Load(name)
	must(t, err)
	must(t, j.Save(name, []byte(data)))
}

// files are the names in a folder, in order.
func files(t testing.TB, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestJournal(t *testing.T) {
	journaltest.Run(t, true, func(t *testing.T, folder string) driver.Journal { return open(t, folder) })
}

func TestJournal_filesAreTheOwnersAlone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state", "journal")
	j := open(t, folder)
	begin(t, j, one, "a")
	must(t, j.Append(one, []byte("b")))
	want := []string{one + ".lock", one + ".record"}
	if got := files(t, folder); !slices.Equal(got, want) {
		t.Fatalf("files %q, want %q", got, want)
	}
	for name, mode := range map[string]fs.FileMode{"": fs.ModeDir | 0o700, want[0]: 0o600, want[1]: 0o600} {
		info, err := os.Stat(filepath.Join(folder, name))
		must(t, err)
		if info.Mode() != mode {
			t.Errorf("%q has mode %v, want %v", name, info.Mode(), mode)
		}
	}
}

func TestJournal_namesAreNoPaths(t *testing.T) {
	outside := t.TempDir()
	folder := filepath.Join(outside, "journal")
	j := open(t, folder)
	for _, name := range []string{
		"", ".", "..", "../" + one, "a/" + one, one[1:], one + "0", one[:31] + "/", one[:31] + "G", strings.ToUpper(one),
		one[:31] + "\x00", one[:31] + "\\", strings.Repeat("x", 1<<20),
	} {
		_, load := j.Load(name)
		_, read := j.Read(name)
		_, locked := j.Locked(name)
		for what, err := range map[string]error{
			"load": load, "read": read, "locked": locked, "save": j.Save(name, nil), "append": j.Append(name, nil),
			"forget": j.Forget(name), "unlock": j.Unlock(name), "set aside": j.SetAside(name),
		} {
			if err == nil || !strings.Contains(err.Error(), "is no record's name") || len(err.Error()) > 300 {
				t.Errorf("%s %.40q: %v", what, name, err)
			}
		}
	}
	if got := append(files(t, folder), files(t, outside)...); !slices.Equal(got, []string{"journal"}) {
		t.Errorf("files: %q", got)
	}
}

func TestJournal_leavesNoLitter(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	begin(t, j, one, "a")
	begin(t, j, other, "b")
	must(t, j.Unlock(one))
	must(t, j.Forget(other))
	if got, want := files(t, folder), []string{one + ".record"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	begin(t, j, other, "b")
	must(t, j.SetAside(other))
	must(t, j.Close())
	if got, want := files(t, folder), []string{one + ".record", other + ".corrupt"}; !slices.Equal(got, want) {
		t.Errorf("files after Close %q, want %q", got, want)
	}
	if got, err := os.ReadFile(filepath.Join(folder, other+".corrupt")); string(got) != "b" {
		t.Errorf("what was set aside is %q, %v", got, err)
	}
}

// A killed process leaves its lock file, and what it had not put into place.
func TestOpen_tidiesUpAfterTheKilled(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	begin(t, j, one, "a")
	stale := "00000000000000000000000000000000"
	for _, name := range []string{stale + ".lock", stale + ".new", one + ".new", "unrelated", "x.lock"} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte("half"), 0o600))
	}
	open(t, folder)
	want := []string{one + ".lock", one + ".new", one + ".record", "unrelated", "x.lock"}
	if got := files(t, folder); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	must(t, j.Save(one, []byte("b")))
	must(t, j.Unlock(one))
	must(t, os.WriteFile(filepath.Join(folder, one+".new"), []byte("half"), 0o600))
	if got, err := j.Load(one); err != nil || string(got) != "b" {
		t.Errorf("load beside half a record = %q, %v", got, err)
	}
	if got, want := files(t, folder), []string{one + ".lock", one + ".record", "unrelated", "x.lock"}; !slices.Equal(got, want) {
		t.Errorf("files after Load %q, want %q", got, want)
	}
}

func TestJournal_listsAndReadsWithoutOpening(t *testing.T) {
	j := open(t, t.TempDir())
	locked := func(name string, want bool) {
		t.Helper()
		if got, err := j.Locked(name); got != want || err != nil {
			t.Errorf("locked = %v, %v, want %v", got, err, want)
		}
	}
	begin(t, j, other, "b")
	begin(t, j, one, "a")
	_, err := j.Load("00000000000000000000000000000000")
	must(t, err)
	must(t, j.Unlock(other))
	if got, err := j.List(); err != nil || !slices.Equal(got, []string{one, other}) {
		t.Errorf("list = %q, %v", got, err)
	}
	for name, want := range map[string]string{one: "a", other: "b"} {
		if got, err := j.Read(name); string(got) != want || err != nil {
			t.Errorf("read = %q, %v, want %q", got, err, want)
		}
	}
	locked(one, true)
	locked(other, false)
	must(t, j.Forget(one))
	locked(one, false)
	if got, err := j.Read(one); got != nil || err != nil {
		t.Errorf("read what was forgotten = %q, %v", got, err)
	}
}

// Whoever looks whether a record is open must not make it look open.
func TestJournal_lookingDoesNotLock(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	begin(t, j, one, "a")
	must(t, j.Unlock(one))
	var lookers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		looker := open(t, folder)
		lookers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					looker.Locked(one)
				}
			}
		})
	}
	for range 500 {
		if _, err := j.Load(one); err != nil {
			t.Errorf("load while others look: %v", err)
			break
		}
		must(t, j.Unlock(one))
	}
	close(stop)
	lookers.Wait()
}

func TestJournal_readerSeesTheOldOrTheNew(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	records := [][]byte{bytes.Repeat([]byte("a"), 100_000), bytes.Repeat([]byte("b"), 10)}
	begin(t, j, one, string(records[0]))
	reader := open(t, folder)
	done := make(chan error)
	go func() {
		for i := range 200 {
			if err := j.Save(one, records[i%2]); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for {
		got, err := reader.Read(one)
		if err != nil || !bytes.Equal(got, records[0]) && !bytes.Equal(got, records[1]) {
			t.Errorf("read %d bytes, %.20q, %v", len(got), got, err)
		}
		select {
		case err := <-done:
			must(t, err)
			return
		default:
		}
	}
}

func TestJournal_recordThatIsTooLongIsCut(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	for size, want := range map[int]int{
		journal.MaxRecord - 1: journal.MaxRecord - 1, journal.MaxRecord: journal.MaxRecord,
		journal.MaxRecord + 1: journal.MaxRecord + 1, journal.MaxRecord * 3: journal.MaxRecord + 1,
	} {
		must(t, os.WriteFile(filepath.Join(folder, one+".record"), make([]byte, size), 0o600))
		got, err := j.Load(one)
		if len(got) != want || err != nil {
			t.Errorf("a file of %d bytes: %d, %v, want %d", size, len(got), err, want)
		}
		must(t, j.Unlock(one))
	}
}

func TestJournal_closed(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	begin(t, j, one, "a")
	must(t, j.Close())
	if _, err := j.Load(other); !errors.Is(err, os.ErrClosed) {
		t.Errorf("load after Close: %v", err)
	}
	if j.Save(one, nil) == nil || j.Append(one, nil) == nil {
		t.Error("a closed journal writes")
	}
	if got, err := open(t, folder).Load(one); string(got) != "a" || err != nil {
		t.Errorf("load after the other was closed = %q, %v", got, err)
	}
}

func TestOpen_saysWhatIsInTheWay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := Open(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a journal in a file: %v", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	j := open(b, b.TempDir())
	begin(b, j, one, "a")
	frame := make([]byte, 50)
	for b.Loop() {
		must(b, j.Append(one, frame))
	}
}
