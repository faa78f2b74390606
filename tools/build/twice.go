package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildTwice makes the release twice, from copies of the sources in two folders
// and with nothing in TinyGo's cache, and says which files are not the same. It
// takes about two minutes.
func buildTwice(root string) error {
	compiler, err := findTinyGo(root)
	if err != nil {
		return err
	}
	var builds [2]folder
	for i := range builds {
		dir, err := os.MkdirTemp("", "bucketline-twice-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		// Paths of another length, lest one is in the bytes.
		copied := filepath.Join(dir, strings.Repeat("again", i)+"bucketline")
		if err := copySources(root, copied); err != nil {
			return err
		}
		cmd := exec.Command("go", "run", "./tools/build", "dist")
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "GOCACHE="+goCache(),
			"PATH="+filepath.Dir(compiler)+string(os.PathListSeparator)+os.Getenv("PATH"))
		if err := command(copied, cmd); err != nil {
			return err
		}
		if builds[i], err = readFolder(filepath.Join(copied, "dist")); err != nil {
			return err
		}
	}
	if differing := differences(builds[0], builds[1]); len(differing) > 0 {
		return errors.New("two builds differ: " + strings.Join(differing, ", "))
	}
	fmt.Printf("two builds, %d files, the same bytes\n", len(builds[0]))
	return nil
}

// goCache is where go keeps what it has compiled: of Go's own builds nothing is
// in question.
func goCache() string {
	out, _ := exec.Command("go", "env", "GOCACHE").Output()
	return strings.TrimSpace(string(out))
}

// copySources copies what git tracks, or would, to dir, with what npm has
// installed.
func copySources(root, dir string) error {
	list := exec.Command("git", "ls-files", "-coz", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		return err
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return err
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return os.CopyFS(filepath.Join(dir, "web", "node_modules"), os.DirFS(filepath.Join(root, "web", "node_modules")))
}

// readFolder reads every file below dir.
func readFolder(dir string) (folder, error) {
	paths, err := sourcesWith(dir, "")
	if err != nil {
		return nil, err
	}
	all := folder{}
	for _, path := range paths {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return nil, err
		}
		if all[filepath.ToSlash(name)], err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// differences are the names of files that are in one alone, or not alike.
func differences(a, b folder) []string {
	var names []string
	for name, data := range a {
		if other, ok := b[name]; !ok || !bytes.Equal(data, other) {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}
