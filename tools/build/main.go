// Command build makes everything that a browser gets: the engine as
// WebAssembly, the npm package, the demo page and the bundles of the tests. It
// needs Go and npm and sets up the rest itself; the same sources give the same
// bytes.
//
//	go run ./tools/build          dist/ and devstack/page/
//	go run ./tools/build engine   dist/engine.wasm and dist/exchange.wasm alone
//	go run ./tools/build fine     dist/fine-uploader.js alone, with its declarations
//	go run ./tools/build tinygo   both in build/tinygo/, by TinyGo
//	go run ./tools/build tests    build/test/web/, for node --test
//	go run ./tools/build e2e      build/e2e/, the pages that the browser tests open
//
// dist/ is the npm package as published: its package.json is web/package.json
// without what only this repository needs.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// targets are what can be asked for by name. An empty name asks for dist and
// page.
var targets = map[string]func(root string) error{
	"engine": buildEngine,
	"fine":   buildFine,
	"tinygo": buildTinyGo,
	"dist":   buildDist,
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
		args = []string{"dist", "page"}
	}
	for _, name := range args {
		if targets[name] == nil {
			return fmt.Errorf("unknown target %q: engine, fine, tinygo, dist, page, tests and e2e are known", name)
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

// buildEngine compiles the modules. The build cache of go decides what is new.
func buildEngine(root string) error {
	for _, name := range modules {
		out := filepath.Join(root, "dist", name+".wasm")
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false",
			"-ldflags=-s -w", "-o", out, "./cmd/"+name)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		if err := command(root, cmd); err != nil {
			return err
		}
	}
	return nil
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
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		return nil
	}
	if err := command(web, exec.Command("npm", "ci", "--ignore-scripts")); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(want), 0o644)
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
