package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/bucketline/bucketline/s3"
)

// Source is one thing to upload. Its methods are called from several
// goroutines at once.
type Source interface {
	// Size is in bytes, as the source was when it was chosen. It never changes.
	Size() int64

	// Describe says what the source will be stored as. It is called once, when
	// the source's turn comes, and may read from it.
	Describe(ctx context.Context) (*s3.Object, error)

	// Open is called for each request that carries bytes of the source.
	Open() (Content, error)
}

// Content is an opened source.
type Content interface {
	io.ReaderAt
	io.Closer

	// Unchanged returns an error that is ErrSourceChanged when what is read is
	// not, or may not be, what was chosen. It is asked before the first byte
	// of a request is sent and before the last one is: a source that changes
	// in between never becomes an object.
	Unchanged() error
}

// ErrSourceChanged says that a source is not what was chosen. Every other
// error of a Source means that it cannot be read.
var ErrSourceChanged = errors.New("changed since it was chosen")

// File is a regular file, opened late: while it waits it costs no descriptor.
type File struct {
	name string
	info fs.FileInfo
}

// StatFile chooses the file called name, following symbolic links. What it is
// now (identity, size and time of modification) it must be until it is stored.
func StatFile(name string) (*File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: irregular(info.Mode())}
	}
	return &File{name: name, info: info}, nil
}

// irregular says what a file is that has no bytes of its own.
func irregular(m fs.FileMode) error {
	kind := "not a regular file"
	switch {
	case m.IsDir():
		kind = "a folder"
	case m&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case m&fs.ModeSocket != 0:
		kind = "a socket"
	case m&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("it is %s: %w", kind, ErrIrregular)
}

// ErrIrregular refuses folders, pipes, sockets and devices, whose size nobody
// knows beforehand.
var ErrIrregular = errors.New("only regular files have a size to upload")

// Name is what StatFile was given.
func (f *File) Name() string { return f.name }

// Size is in bytes, as StatFile found it.
func (f *File) Size() int64 { return f.info.Size() }

// Open opens the file for one request. It fails with ErrSourceChanged when
// another file has taken its place.
func (f *File) Open() (Content, error) {
	// Opening a pipe that took the file's place would wait for its writer.
	info, err := os.Stat(f.name)
	if err != nil {
		return nil, err
	}
	if err := f.same(info); err != nil {
		return nil, err
	}
	o, err := os.Open(f.name)
	if err != nil {
		return nil, err
	}
	return &openFile{o, f}, nil
}

func (f *File) same(now fs.FileInfo) error {
	then := f.info
	if now.Size() == then.Size() && now.ModTime().Equal(then.ModTime()) && os.SameFile(now, then) {
		return nil
	}
	return &fs.PathError{Op: "read", Path: f.name, Err: ErrSourceChanged}
}

type openFile struct {
	*os.File
	chosen *File
}

// Unchanged compares identity, size and time of modification.
func (o *openFile) Unchanged() error {
	info, err := o.Stat()
	if err != nil {
		return err
	}
	return o.chosen.same(info)
}
