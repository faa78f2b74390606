package tidy

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Tree is the repository, or a made-up one, in memory.
type Tree struct {
	Files []*File // sorted by Path
	fset  *token.FileSet
}

// File is one file of a Tree.
type File struct {
	Path string // from the repository's root, with slashes
	Data []byte
	Go   *ast.File // nil unless it is Go that parses

	code string // TypeScript without comments, strings and regular expressions
}

// Load reads the files below root that git tracks, and those that it would
// track: not yet added, and not ignored.
func Load(root string) (*Tree, error) {
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", root, err)
	}
	texts := map[string][]byte{}
	for _, name := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		data, err := readFile(filepath.Join(root, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and the deletion not committed yet
		}
		if err != nil {
			return nil, err
		}
		texts[name] = data
	}
	return newTree(texts)
}

// readFile reads a file, or where a link leads to as git stores it.
func readFile(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(name)
		return []byte(target), err
	}
	return os.ReadFile(name)
}

// newTree parses what it is given. Go that does not parse is an error: every
// rule would be blind to it.
func newTree(texts map[string][]byte) (*Tree, error) {
	t := &Tree{fset: token.NewFileSet()}
	for name, data := range texts {
		f := &File{Path: name, Data: data}
		switch path.Ext(name) {
		case ".go":
			tree, err := parser.ParseFile(t.fset, name, data, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			f.Go = tree
		case ".ts":
			f.code = stripScript(string(data))
		}
		t.Files = append(t.Files, f)
	}
	slices.SortFunc(t.Files, func(a, b *File) int { return strings.Compare(a.Path, b.Path) })
	return t, nil
}

// Line returns the line of a position in a Go file.
func (t *Tree) Line(p token.Pos) int { return t.fset.Position(p).Line }

// Dir is the folder of f.
func (f *File) Dir() string { return path.Dir(f.Path) }

// Test reports that f is a Go test file.
func (f *File) Test() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Binary reports that f is no text.
func (f *File) Binary() bool { return bytes.IndexByte(f.Data, 0) >= 0 }

// folder returns the row of the architecture for a folder: the one with the
// longest path that holds it. Only the root's own files belong to ".".
func folder(dir string) (Folder, bool) {
	best := -1
	for i, row := range folders {
		if within(dir, row.Path) && (best < 0 || len(row.Path) > len(folders[best].Path)) {
			best = i
		}
	}
	if best < 0 {
		return Folder{}, false
	}
	return folders[best], true
}

// within reports that dir is root or below it.
func within(dir, root string) bool {
	return dir == root || root != "." && strings.HasPrefix(dir, root+"/")
}

// withinAny reports that dir is one of roots or below one.
func withinAny(dir string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return within(dir, root) })
}
