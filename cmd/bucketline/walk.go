package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/bucketline/bucketline"
)

// found is one file that a walk came to, or what it could not go into.
type found struct {
	name  string
	key   string
	err   error
	stdin bool

	// unfinished, if any, is what an earlier run has left of it.
	unfinished *bucketline.Unfinished
}

// maxKey is in bytes. A folder whose files would all have longer keys is not
// gone into, which also bounds how deep a walk goes.
const maxKey = 1024

// walk calls visit for every file, in the order of their names within each
// folder, and keeps no more than the open folders' entries. Links are
// followed; a link to a folder above itself is reported and not gone into. It
// ends with visit's error, or the context's.
func walk(ctx context.Context, origins []origin, to destination, visit func(found) error) error {
	for _, o := range origins {
		var err error
		switch {
		case o.stdin:
			err = visit(found{name: o.name, key: to.key, stdin: true})
		case o.dir:
			w := walker{ctx: ctx, visit: visit}
			err = w.folder(o.name, to.key)
		case to.folder():
			err = visit(found{name: o.name, key: to.key + filepath.Base(o.name), err: dangling(o.name)})
		default:
			err = visit(found{name: o.name, key: to.key, err: dangling(o.name)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type walker struct {
	ctx   context.Context
	visit func(found) error
	above []fs.FileInfo // the folders that lead to where the walk is
}

// folder walks through one folder, whose files' keys begin with prefix.
func (w *walker) folder(name, prefix string) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	info, err := os.Stat(name)
	if err != nil {
		return w.visit(found{name: name, key: prefix, err: err})
	}
	if slices.ContainsFunc(w.above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
		return w.visit(found{name: name, key: prefix, err: errLoop})
	}
	if len(prefix) >= maxKey {
		return w.visit(found{name: name, key: prefix, err: errDeep})
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return w.visit(found{name: name, key: prefix, err: err})
	}
	w.above = append(w.above, info)
	defer func() { w.above = w.above[:len(w.above)-1] }()
	for _, e := range entries {
		if err := w.entry(filepath.Join(name, e.Name()), prefix+e.Name(), e); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) entry(name, key string, e fs.DirEntry) error {
	if e.IsDir() {
		return w.folder(name, key+"/")
	}
	if e.Type()&fs.ModeSymlink == 0 {
		return w.visit(found{name: name, key: key})
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return w.folder(name, key+"/")
	}
	return w.visit(found{name: name, key: key, err: dangling(name)})
}

var (
	errLoop = errors.New("is a link to a folder that it lies in")
	errDeep = errors.New("lies so deep that no key could name what is in it")
)

// dangling says of a link that leads nowhere where it was to lead; it returns
// nil for everything else.
func dangling(name string) error {
	to, err := os.Readlink(name)
	if err != nil {
		return nil
	}
	if _, err := os.Stat(name); err != nil {
		return fmt.Errorf("is a link to %q, which leads nowhere: %w", to, errors.Unwrap(err))
	}
	return nil
}
