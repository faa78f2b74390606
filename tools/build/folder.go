package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folder is what an output folder shall hold: contents by slash-separated
// names relative to it.
type folder map[string][]byte

// addFile copies one source file in under its own name.
func (f folder) addFile(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f[filepath.Base(path)] = data
	return nil
}

// write makes dir hold exactly f, but for the names in keep, which are left as
// they are. A file that is right already is not touched, and one that changes
// is replaced in one step: a server or a compiler may read it meanwhile.
func (f folder) write(dir string, keep ...string) error {
	for name, data := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, data) {
			continue
		}
		if err := replace(path, data); err != nil {
			return err
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if _, wanted := f[name]; wanted || slices.Contains(keep, name) {
			return nil
		}
		return os.Remove(path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// replace writes path through a temporary file beside it.
func replace(path string, data []byte) error {
	dir, base := filepath.Split(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, "."+base+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Chmod(0o644), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// sourcesWith lists the files below dir whose names end in suffix, in order,
// without what npm installed.
func sourcesWith(dir, suffix string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(path, suffix) {
			found = append(found, path)
		}
		return nil
	})
	return found, err
}
