package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
)

// Source is one thing to upload. Its methods are called from several
// goroutines at once.
type Source interface {
	// Size is in bytes, as the source was when it was chosen, or
	// engine.UnknownSize when it is a Stream. It never changes.
	Size() int64

	// Describe says what the source will be stored as, and what it is now. It
	// is called when the source's turn comes, and again when it begins again
	// after a pause; it may read from the source.
	Describe(ctx context.Context) (Description, error)

	// Open is called for each request that carries bytes of the source, and
	// never for a Stream.
	Open() (Content, error)
}

// Description is what the engine is told of a Source.
type Description struct {
	Object     *s3.Object
	OnConflict engine.OnConflict // where Object.IfNoneMatch is set

	// Identity is by what a later session knows the source again. Without a
	// Name nothing is remembered of the upload.
	Identity journal.Source
}

// Stream is a Source whose bytes come once and in order, and whose size is
// known at the end only. What was read is kept in memory until the store has
// it.
type Stream interface {
	Source

	// Read is called by one goroutine at a time. A Read that does not return
	// outlives the driver: let it end by closing what it reads from.
	io.Reader
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
	name     string
	absolute string // the same from whatever folder the next session is started
	info     fs.FileInfo
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
	absolute, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	return &File{name: name, absolute: absolute, info: info}, nil
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

// Identity is by what a later session knows the file again: its absolute path,
// its size and time of modification, and the Fingerprint of what is in it now.
func (f *File) Identity() (journal.Source, error) {
	content, err := f.Open()
	if err != nil {
		return journal.Source{}, err
	}
	defer content.Close()
	fingerprint, err := Fingerprint(content, f.Size())
	if err == nil {
		err = content.Unchanged()
	}
	return journal.Source{
		Name: f.absolute, Size: f.Size(), Modified: f.info.ModTime().UnixMilli(), Print: fingerprint,
	}, err
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
