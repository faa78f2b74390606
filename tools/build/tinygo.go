package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// oldestTinyGo is the 0.x version that tools/tinygo/browser.json is made for.
const oldestTinyGo = 42

// buildTinyGo compiles the modules with TinyGo: a tenth of the size, without
// imports. -panic=trap, since a panic ends the instance either way.
func buildTinyGo(root string) error {
	compiler, err := findTinyGo(root)
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "build", "tinygo")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range modules {
		if err := compileTinyGo(root, compiler, name, filepath.Join(dir, name+".wasm")); err != nil {
			return err
		}
	}
	return nil
}

// compileTinyGo compiles one module and puts it into its place in one step.
func compileTinyGo(root, compiler, name, path string) error {
	out := filepath.Join(filepath.Dir(path), "."+name+"-"+strconv.Itoa(os.Getpid())+".wasm")
	defer os.Remove(out)
	cmd := exec.Command(compiler, "build", "-target="+filepath.Join(root, "tools", "tinygo", "browser.json"),
		"-opt=z", "-no-debug", "-panic=trap", "-o", out, "./cmd/"+name)
	// TinyGo takes the root that is named here for its own.
	cmd.Env = append(os.Environ(), "TINYGOROOT=")
	if err := command(root, cmd); err != nil {
		return err
	}
	return os.Rename(out, path)
}

var tinyGoVersion = regexp.MustCompile(`^tinygo version (\d+)\.(\d+)`)

// findTinyGo returns the TinyGo of the PATH if it will do, or the one that
// tools/setup.sh has built.
func findTinyGo(root string) (string, error) {
	for _, path := range []string{"tinygo", filepath.Join(root, "build", "tinygo", "root", "bin", "tinygo")} {
		path, err := exec.LookPath(path)
		if err != nil {
			continue
		}
		out, err := exec.Command(path, "version").Output()
		version := tinyGoVersion.FindSubmatch(out)
		if err != nil || version == nil {
			continue
		}
		minor, _ := strconv.Atoi(string(version[2]))
		if string(version[1]) != "0" || minor >= oldestTinyGo {
			return path, nil
		}
	}
	return "", errors.New("there is no TinyGo 0." + strconv.Itoa(oldestTinyGo) + " or later: run tools/setup.sh tinygo")
}
