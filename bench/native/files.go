package main

import (
	"bufio"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/bucketline/bucketline/bench/native/load"
)

// makeFiles writes the files of a workload below folder. Their content is random,
// so that nothing can be compressed.
func makeFiles(folder string, w load.Workload) error {
	random := rand.NewChaCha8([32]byte{7})
	j := load.Job{Workload: w, Folder: folder}
	for i := range w.Files {
		name := j.File(i)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := makeFile(name, random, w.Size); err != nil {
			return err
		}
	}
	return nil
}

func makeFile(name string, random io.Reader, size int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	if _, err := io.CopyN(out, random, size); err != nil {
		f.Close()
		return err
	}
	if err := out.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
