package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// recordFile is where --record writes to.
type recordFile struct {
	file  *os.File
	wrong error // the first that went wrong: the upload goes on without a recording
}

// create never writes over a file, which may be one of those to upload.
func (r *recordFile) create(name string) error {
	var err error
	r.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("--record: %s is there already: name a new file", show(name))
	}
	if err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	return nil
}

func (r *recordFile) Write(data []byte) (int, error) {
	n, err := r.file.Write(data)
	if r.wrong == nil {
		r.wrong = err
	}
	return n, err
}

// close says that the recording is not whole, if it is not.
func (r *recordFile) close(out io.Writer) {
	if err := r.file.Close(); r.wrong == nil {
		r.wrong = err
	}
	if r.wrong != nil {
		fmt.Fprintf(out, "bucketline: --record: not all of it is in the file: %v\n", r.wrong)
	}
}
