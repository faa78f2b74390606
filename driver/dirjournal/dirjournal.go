// Package dirjournal keeps a driver.Journal in a folder, for programs that are
// to go on where an earlier run was interrupted. It does not look into records.
//
// Of a record NAME there are these files, readable by their owner alone:
//
//	NAME.record   the record
//	NAME.lock     while a process has it open: what the lock is on
//	NAME.new      while it is replaced: what takes its place
//	NAME.corrupt  a damaged record, kept for whoever wants to look at it
//
// The lock is the operating system's and ends with the process, however that
// ends; a lock file that a killed process leaves means nothing. It is a file
// beside the record since a lock on the record itself would stay with the old
// record whenever a new one takes its place.
//
// The rule that a caller can break: nothing else writes into the folder. It
// wants a local disk: some network file systems know no locks.
package dirjournal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/journal"
)

// Journal is the journal of one folder. Its methods are safe for concurrent
// use, so long as each record has one user at a time.
type Journal struct {
	folder  string
	storage storage

	mu     sync.Mutex
	open   map[string]*record
	closed bool
}

var _ driver.Journal = (*Journal)(nil)

// record is one that is open.
type record struct {
	lock *os.File
	torn bool // an append may have left a part of itself behind
}

// The suffixes of a record's files.
const (
	recordFile  = ".record"
	lockFile    = ".lock"
	newFile     = ".new"
	corruptFile = ".corrupt"
)

// Others look whether a lock is free by taking it for a moment: Load tries for
// as long as lockTries times lockPause before it believes that a record is open.
const (
	lockTries = 5
	lockPause = 10 * time.Millisecond
)

// Open opens the journal of a folder, which it makes, for its owner alone, if
// there is none. Lock files that killed processes left are removed.
func Open(folder string) (*Journal, error) { return openBy(system{}, folder) }

func openBy(by storage, folder string) (*Journal, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	by.sync(filepath.Dir(folder)) // not every parent may be opened
	j := &Journal{folder: folder, storage: by, open: make(map[string]*record)}
	if err := j.tidy(); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return j, nil
}

// tidy removes the files of records that are gone and that nobody has open.
func (j *Journal) tidy() error {
	names, err := j.names(lockFile)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := os.Lstat(j.path(name, recordFile)); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if lock, err := takeLock(j.path(name, lockFile), 1); err == nil {
			os.Remove(j.path(name, newFile))
			dropLock(lock)
		}
	}
	return nil
}

// check is before anything that makes a path of a name.
func check(name string) error {
	if len(name) != journal.NameBytes || strings.Trim(name, "0123456789abcdef") != "" {
		return fmt.Errorf("%.40q is no record's name", name)
	}
	return nil
}

func (j *Journal) path(name, suffix string) string { return filepath.Join(j.folder, name+suffix) }

// Load opens record name and returns what it holds, nil when there is none. It
// fails with driver.ErrLocked while another process, or another user in this
// one, has it open. What is longer than journal.MaxRecord is cut there, which
// makes it no record.
func (j *Journal) Load(name string) ([]byte, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	if err := j.reserve(name); err != nil {
		return nil, err
	}
	lock, err := takeLock(j.path(name, lockFile), lockTries)
	if err != nil {
		j.release(name)
		return nil, wrap("open", name, err)
	}
	os.Remove(j.path(name, newFile)) // of a process that was killed while it saved
	data, err := j.Read(name)
	if err != nil {
		j.release(name)
		dropLock(lock)
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		delete(j.open, name)
		dropLock(lock)
		return nil, wrap("open", name, os.ErrClosed)
	}
	j.open[name].lock = lock
	return data, nil
}

// reserve keeps others in this process from opening name too.
func (j *Journal) reserve(name string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.closed:
		return wrap("open", name, os.ErrClosed)
	case j.open[name] != nil:
		return wrap("open", name, driver.ErrLocked)
	}
	j.open[name] = new(record)
	return nil
}

func (j *Journal) release(name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.open, name)
}

// opened returns a record that Load has opened.
func (j *Journal) opened(name string) (*record, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.open[name]
	if r == nil || r.lock == nil {
		return nil, errors.New("the record is not open")
	}
	return r, nil
}

// Save replaces an open record: after a crash, also of the machine, there is
// the old one or the new one.
func (j *Journal) Save(name string, data []byte) error {
	r, err := j.opened(name)
	if err != nil {
		return wrap("save", name, err)
	}
	if err := j.replace(name, data); err != nil {
		os.Remove(j.path(name, newFile))
		return wrap("save", name, err)
	}
	r.torn = false
	return nil
}

func (j *Journal) replace(name string, data []byte) error {
	path := j.path(name, newFile)
	if err := j.storage.remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := j.write(path, os.O_CREATE|os.O_EXCL, data); err != nil {
		return err
	}
	if err := j.storage.rename(path, j.path(name, recordFile)); err != nil {
		return err
	}
	return j.storage.sync(j.folder)
}

// write writes data into a file and waits until it is on disk.
func (j *Journal) write(path string, flags int, data []byte) error {
	f, err := j.storage.open(path, flags)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// Append adds to the end of an open record that was saved once. When it fails
// the record is as it was; if that cannot be, because the disk itself fails,
// it takes no more until the next Save.
func (j *Journal) Append(name string, more []byte) error {
	r, err := j.opened(name)
	if err != nil {
		return wrap("append to", name, err)
	}
	if r.torn {
		return wrap("append to", name, errors.New("an earlier append may have left a part of itself: save first"))
	}
	path := j.path(name, recordFile)
	before, err := os.Stat(path)
	if err != nil {
		return wrap("append to", name, err)
	}
	if err := j.write(path, os.O_APPEND, more); err != nil {
		// Nothing that follows a torn frame would be read.
		if undo := os.Truncate(path, before.Size()); undo != nil {
			r.torn = true
			err = errors.Join(err, undo)
		}
		return wrap("append to", name, err)
	}
	return nil
}

// Forget deletes an open record, if there is one, and gives its name up. When
// it fails the record is still open.
func (j *Journal) Forget(name string) error {
	if _, err := j.opened(name); err != nil {
		return wrap("forget", name, err)
	}
	err := j.storage.remove(j.path(name, recordFile))
	if err == nil {
		err = j.storage.sync(j.folder)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrap("forget", name, err)
	}
	return j.Unlock(name)
}

// Unlock gives an open record up and leaves it where it is.
func (j *Journal) Unlock(name string) error {
	r, err := j.opened(name)
	if err != nil {
		return wrap("unlock", name, err)
	}
	j.release(name)
	dropLock(r.lock)
	return nil
}

// SetAside moves an open record, if there is one, to NAME.corrupt, in place of
// what is there.
func (j *Journal) SetAside(name string) error {
	if _, err := j.opened(name); err != nil {
		return wrap("set aside", name, err)
	}
	err := j.storage.rename(j.path(name, recordFile), j.path(name, corruptFile))
	switch {
	case err == nil:
		err = j.storage.sync(j.folder)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	return wrap("set aside", name, err)
}

// List returns the names of all records, open or not, in order.
func (j *Journal) List() ([]string, error) {
	names, err := j.names(recordFile)
	if err != nil {
		return nil, fmt.Errorf("list the journal: %w", err)
	}
	return names, nil
}

func (j *Journal) names(suffix string) ([]string, error) {
	entries, err := os.ReadDir(j.folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), suffix); ok && check(name) == nil {
			names = append(names, name)
		}
	}
	return names, nil
}

// Read returns what record name holds without opening it, for a list: nil when
// there is none. Who has it open may be appending to it.
func (j *Journal) Read(name string) ([]byte, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	f, err := os.Open(j.path(name, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("read", name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(journal.MaxRecord+1)))
	if err != nil {
		return nil, wrap("read", name, err)
	}
	return data, nil
}

// Locked reports whether anybody has record name open, this process included.
func (j *Journal) Locked(name string) (bool, error) {
	if err := check(name); err != nil {
		return false, err
	}
	f, err := os.OpenFile(j.path(name, lockFile), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, wrap("look at", name, err)
	}
	defer f.Close() // which ends the lock, if there is one
	free, err := tryLock(f, false)
	return !free, wrap("look at", name, err)
}

// Close gives all records up. What is then asked fails.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	for name, r := range j.open {
		if r.lock != nil {
			dropLock(r.lock)
			delete(j.open, name)
		}
	}
	return nil
}

// wrap says what was done to which record; no error stays none.
func wrap(doing, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s record %.40q: %w", doing, name, err)
}
