package dirjournal

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// forgetful is a file system whose power may be cut: what is in a file lasts as
// it was when the file was last synced, and which names a folder has as they
// were when the folder was.
type forgetful struct {
	system
	now, synced map[string]*inode // by name
	parents     []string          // other folders that were synced
	folder      string
	left        int // changes until the power is cut; below 0: it is not
}

// inode is one file, whatever it is called.
type inode struct{ synced []byte }

var errPower = errors.New("the power is cut")

// without is a file system whose power is cut after so many changes.
func without(folder string, changes int) *forgetful {
	return &forgetful{now: map[string]*inode{}, synced: map[string]*inode{}, folder: folder, left: changes}
}

// cut reports that there is no power for another change.
func (f *forgetful) cut() bool {
	if f.left == 0 {
		return true
	}
	f.left--
	return false
}

func (f *forgetful) open(path string, flags int) (file, error) {
	if f.cut() {
		return nil, errPower
	}
	opened, err := f.system.open(path, flags)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if flags&os.O_CREATE != 0 {
		f.now[name] = new(inode)
	}
	return &forgetfulFile{opened, f, path, f.now[name]}, nil
}

func (f *forgetful) rename(from, to string) error {
	if f.cut() {
		return errPower
	}
	if err := f.system.rename(from, to); err != nil {
		return err
	}
	f.now[filepath.Base(to)] = f.now[filepath.Base(from)]
	delete(f.now, filepath.Base(from))
	return nil
}

func (f *forgetful) remove(path string) error {
	if f.cut() {
		return errPower
	}
	if err := f.system.remove(path); err != nil {
		return err
	}
	delete(f.now, filepath.Base(path))
	return nil
}

func (f *forgetful) sync(folder string) error {
	switch {
	case f.cut():
		return errPower
	case folder != f.folder:
		f.parents = append(f.parents, folder)
		return nil
	}
	f.synced = maps.Clone(f.now)
	return nil
}

type forgetfulFile struct {
	file
	of    *forgetful
	path  string
	inode *inode
}

func (f *forgetfulFile) Write(data []byte) (int, error) {
	if f.of.cut() {
		return 0, errPower
	}
	return f.file.Write(data)
}

func (f *forgetfulFile) Sync() error {
	if f.of.cut() {
		return errPower
	}
	data, err := os.ReadFile(f.path)
	f.inode.synced = data
	return err
}

// after returns what a record is once the power is back, "-" where there is
// none: as far as it has to last, and as it may have lasted by chance, when the
// folder's names got to the disk before anybody asked.
func (f *forgetful) after(t *testing.T, name string) (least, most string) {
	t.Helper()
	read := func(names map[string]*inode) string {
		folder := t.TempDir()
		for name, file := range names {
			must(t, os.WriteFile(filepath.Join(folder, name), file.synced, 0o600))
		}
		data, err := open(t, folder).Load(name)
		must(t, err)
		if data == nil {
			return "-"
		}
		return string(data)
	}
	return read(f.synced), read(f.now)
}

// changes are what a journal is asked to do to a record, and what the record is
// then.
var changes = []struct {
	name string
	do   func(j *Journal) error
	then string
}{
	{"save", func(j *Journal) error { return j.Save(one, []byte("first")) }, "first"},
	{"append", func(j *Journal) error { return j.Append(one, []byte(" more")) }, "first more"},
	{"save again", func(j *Journal) error { return j.Save(one, []byte("second")) }, "second"},
	{"append again", func(j *Journal) error { return j.Append(one, []byte(" more")) }, "second more"},
	{"set aside", func(j *Journal) error { return j.SetAside(one) }, "-"},
	{"save once more", func(j *Journal) error { return j.Save(one, []byte("third")) }, "third"},
	{"forget", func(j *Journal) error { return j.Forget(one) }, "-"},
}

// loaded is a journal on f that has a record open.
func loaded(t *testing.T, f *forgetful) *Journal {
	t.Helper()
	j, err := openBy(f, f.folder)
	must(t, err)
	t.Cleanup(func() { must(t, j.Close()) })
	_, err = j.Load(one)
	must(t, err)
	return j
}

// What the journal has said to be done outlives a cut of the power.
func TestJournal_whatIsDoneOutlivesThePower(t *testing.T) {
	f := without(t.TempDir(), -1)
	j := loaded(t, f)
	for _, c := range changes {
		must(t, c.do(j))
		if least, most := f.after(t, one); least != c.then || most != c.then {
			t.Errorf("after %s: %q, or by chance %q, want %q", c.name, least, most, c.then)
		}
	}
	if parent := filepath.Dir(f.folder); !slices.Contains(f.parents, parent) {
		t.Errorf("%s was not synced, which has the folder: %q", parent, f.parents)
	}
}

// Whenever the power is cut, a record is what it was before or what it was to be.
// An append may leave a part of itself, which whoever reads the record notices.
func TestJournal_whateverThePowerCuts(t *testing.T) {
	for cut := 1; ; cut++ {
		f := without(t.TempDir(), cut)
		j := loaded(t, f)
		before, done := "-", 0
		for ; done < len(changes); done++ {
			if err := changes[done].do(j); errors.Is(err, errPower) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			before = changes[done].then
		}
		if done == len(changes) {
			if cut < 2*len(changes) {
				t.Errorf("the power was cut %d times only", cut)
			}
			return
		}
		least, most := f.after(t, one)
		for _, got := range []string{least, most} {
			if got != before && got != changes[done].then {
				t.Errorf("the power was cut during %s, after %d changes: %q, want %q or %q", changes[done].name, cut, got, before, changes[done].then)
			}
		}
	}
}
