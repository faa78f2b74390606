// Package fine tests the drop-in for Fine Uploader as pages use it: the file
// dist/fine-uploader.js in a real Chromium, against a store that believes
// nothing (internal/fakes3) and a server of the page's own. The cases are
// scripts, in page/: each is a row of Fine Uploader's contract, and looks at
// what the browser really sent.
package fine

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bucketline/bucketline/test/process"
)

// root is the module's folder: the working directory may change.
var root string

// built: dist/fine-uploader.js is taken as it is.
// script: what pages get in its place, such as Fine Uploader's own file, to see
// whether a case is its contract.
var (
	script = flag.String("script", "", "the file that pages get in place of dist/fine-uploader.js")
	built  = flag.Bool("built", false, "do not build dist/fine-uploader.js anew")
)

func TestMain(m *testing.M) {
	flag.Parse()
	err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fine:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func build() error {
	var err error
	if root, err = process.ModuleRoot(); err != nil {
		return err
	}
	if os.Getenv("BUCKETLINE_ARTIFACTS") == "" {
		if err := os.Setenv("BUCKETLINE_ARTIFACTS", filepath.Join(root, "build", "artifacts")); err != nil {
			return err
		}
	}
	if *built {
		return nil
	}
	cmd := exec.Command("go", "run", "./tools/build", "fine")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return nil
}
