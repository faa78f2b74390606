// Package release tests what is published: the files of dist/ in browsers, the
// npm package as a program installs it, and what each file weighs.
//
// budget_test.go holds the sizes to web/size-budget.json; package_test.go packs,
// installs and imports; browser_test.go uploads.
package release

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bucketline/bucketline/test/process"
)

// root is the module's folder, and dist the release: the working directory
// changes.
var root, dist string

func TestMain(m *testing.M) {
	flag.Parse()
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func build() (err error) {
	if root, err = process.ModuleRoot(); err != nil {
		return err
	}
	dist = filepath.Join(root, "dist")
	if os.Getenv("BUCKETLINE_ARTIFACTS") == "" {
		if err := os.Setenv("BUCKETLINE_ARTIFACTS", filepath.Join(root, "build", "artifacts")); err != nil {
			return err
		}
	}
	cmd := exec.Command("go", "run", "./tools/build", "dist")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return nil
}

// run runs a command in dir and returns what it wrote to its standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var said []byte
		if exit, ok := err.(*exec.ExitError); ok {
			said = exit.Stderr
		}
		t.Fatalf("%v: %v\n%s%s", cmd, err, out, said)
	}
	return string(out)
}
