package dirjournal

import "os"

// storage is what changes files so that it lasts. Tests put one in its place that
// forgets what nobody has synced.
type storage interface {
	open(path string, flags int) (file, error)
	rename(from, to string) error
	remove(path string) error

	// sync makes what a folder holds last: which names there are, not what is in
	// the files.
	sync(folder string) error
}

// file is one that is open for writing.
type file interface {
	Write(data []byte) (int, error)
	Sync() error
	Close() error
}

// system is the operating system's.
type system struct{}

func (system) open(path string, flags int) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|flags, 0o600)
	if err != nil {
		return nil, err // and no file at all, rather than one that is nil
	}
	return f, nil
}

func (system) rename(from, to string) error { return os.Rename(from, to) }

func (system) remove(path string) error { return os.Remove(path) }

func (system) sync(folder string) error { return syncFolder(folder) }
