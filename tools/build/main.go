// Command build makes everything that a browser gets: the engine as
// WebAssembly, the npm package, the demo page and the bundles of the tests. It
// needs Go and npm and sets up the rest itself; the same sources give the same
// bytes.
//
//	go run ./tools/build          devstack/page/, for the dev stack
//	go run ./tools/build engine   build/go/, the modules by Go, for development
//	go run ./tools/build tinygo   build/tinygo/, the modules by TinyGo
//	go run ./tools/build dist     dist/, the release: the npm package, by TinyGo
//	go run ./tools/build fine     dist/fine-uploader.js alone, with its declarations
//	go run ./tools/build twice    makes the release twice and wants the same bytes
//	go run ./tools/build size     the release, and bench/size.md: its sizes beside the peers'
//	go run ./tools/build tests    build/test/web/, for node --test
//	go run ./tools/build e2e      build/e2e/, the pages that the browser tests open
//
// Pages and tests get the modules by Go, or with BUCKETLINE_MODULES=tinygo in
// the environment those that are released.
//
// dist/ is the npm package as published, and beside it what npm leaves out: see
// release.go.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// targets are what can be asked for by name. An empty name asks for the page.
var targets = map[string]func(root string) error{
	"engine": buildEngine,
	"fine":   buildFine,
	"tinygo": buildTinyGo,
	"dist":   buildDist,
	"size":   buildSize,
	"twice":  buildTwice,
	"page":   buildPage,
	"tests":  buildTests,
	"e2e":    buildE2E,
}

func run(args []string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"page"}
	}
	for _, name := range args {
		if targets[name] == nil {
			return fmt.Errorf("unknown target %q: %s are known", name, strings.Join(slices.Sorted(maps.Keys(targets)), ", "))
		}
	}
	for _, name := range args {
		if name != "engine" && name != "tinygo" {
			if err := installPackages(root); err != nil {
				return err
			}
		}
		if err := targets[name](root); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// moduleRoot is the nearest folder from here upwards that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run it inside the repository: there is no go.mod here or above")
		}
		dir = parent
	}
}

// modules are the commands that become WebAssembly, each NAME.wasm.
var modules = []string{"engine", "exchange"}

// buildEngine compiles the modules with Go, into build/go. The build cache of go
// decides what is new.
func buildEngine(root string) error {
	for _, name := range modules {
		out := filepath.Join(root, "build", "go", name+".wasm")
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false",
			"-ldflags=-s -w", "-o", out, "./cmd/"+name)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		if err := command(root, cmd); err != nil {
			return err
		}
	}
	return nil
}

// buildModules compiles the modules that the environment asks for and returns
// the folder that they are in.
func buildModules(root string) (dir string, err error) {
	switch by := os.Getenv("BUCKETLINE_MODULES"); by {
	case "", "go":
		return filepath.Join(root, "build", "go"), buildEngine(root)
	case "tinygo":
		return filepath.Join(root, "build", "tinygo"), buildTinyGo(root)
	default:
		return "", fmt.Errorf("BUCKETLINE_MODULES is %q: it may be go or tinygo", by)
	}
}

// installPackages runs npm ci when web/node_modules is not what the lock file
// says. The stamp inside node_modules is the lock file's hash, so that an
// interrupted or outdated installation is never taken for a good one.
func installPackages(root string) error {
	web := filepath.Join(root, "web")
	lock, err := os.ReadFile(filepath.Join(web, "package-lock.json"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(lock)
	want := hex.EncodeToString(sum[:])
	stamp := filepath.Join(web, "node_modules", ".bucketline-lock")
	installed := func() bool {
		have, err := os.ReadFile(stamp)
		return err == nil && string(have) == want
	}
	if installed() {
		return nil
	}
	// Two of them at once take away each other's files.
	unlock, err := lockFile(filepath.Join(root, "build", "npm.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if installed() {
		return nil
	}
	if err := command(web, exec.Command("npm", "ci", "--ignore-scripts")); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(want), 0o644)
}

// lockFile waits until no other process has the lock at path, and has it until
// unlock is called.
func lockFile(path string) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(path)
	return lock.Unlock, lock.Lock()
}

// command runs cmd in dir. What it prints is shown only when it fails.
func command(dir string, cmd *exec.Cmd) error {
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
