package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestTinyGo is the 0.x version that tools/tinygo/browser.json is made for.
const oldestTinyGo = 42

// buildTinyGo compiles the modules with TinyGo, unless those in build/tinygo are
// of these sources and these tools.
func buildTinyGo(root string) error {
	compiler, err := findTinyGo(root)
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "build", "tinygo")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	want, err := moduleStamp(root, compiler)
	if err != nil {
		return err
	}
	stamp := filepath.Join(dir, "modules.stamp")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		return nil
	}
	if err := os.RemoveAll(stamp); err != nil {
		return err
	}
	for _, name := range modules {
		if err := compileTinyGo(root, compiler, name, filepath.Join(dir, name+".wasm")); err != nil {
			return err
		}
	}
	return replace(stamp, []byte(want))
}

// tinyGoFlags: for size. -panic=trap, since a panic ends the instance either way.
var tinyGoFlags = []string{"-opt=z", "-no-debug", "-panic=trap"}

// shrinkFlags are those of Binaryen's pass over what TinyGo made, which takes off
// another tenth. It may use what every browser that we support has.
var shrinkFlags = []string{
	"--enable-bulk-memory", "--enable-sign-ext", "--enable-nontrapping-float-to-int", "--enable-mutable-globals",
	"-Oz", "--converge", "--strip-debug", "--strip-producers", "--strip-target-features",
}

// compileTinyGo compiles one module and puts it into its place in one step.
func compileTinyGo(root, compiler, name, path string) error {
	out := filepath.Join(filepath.Dir(path), "."+name+"-"+strconv.Itoa(os.Getpid())+".wasm")
	defer os.Remove(out)
	cmd := exec.Command(compiler, append(append([]string{"build", "-target=" + filepath.Join(root, target)}, tinyGoFlags...),
		"-o", out, "./cmd/"+name)...)
	// TinyGo takes the root that is named here for its own.
	cmd.Env = append(os.Environ(), "TINYGOROOT=")
	if err := command(root, cmd); err != nil {
		return err
	}
	if err := command(root, exec.Command("wasm-opt", append(slices.Clone(shrinkFlags), out, "-o", out)...)); err != nil {
		return err
	}
	return os.Rename(out, path)
}

// target describes the machine that TinyGo compiles for.
const target = "tools/tinygo/browser.json"

// moduleStamp is a hash of all that the modules are made of and with.
func moduleStamp(root, compiler string) (string, error) {
	hash := sha256.New()
	for _, tool := range [][]string{{compiler, "version"}, {"wasm-opt", "--version"}} {
		out, err := exec.Command(tool[0], tool[1:]...).Output()
		if err != nil {
			return "", fmt.Errorf("%s: %w", tool[0], err)
		}
		fmt.Fprintln(hash, string(out), tinyGoFlags, shrinkFlags)
	}
	list := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", "./cmd/engine", "./cmd/exchange")
	list.Dir = root
	list.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	dirs, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	files := []string{filepath.Join(root, target)}
	for _, dir := range strings.Fields(string(dirs)) {
		found, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n%s", filepath.Base(file), len(data), data)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
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
