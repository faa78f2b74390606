package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bucketline/bucketline/test/process"
)

// The page's scripts are held to the same compiler options as web/. The bundler
// does not look at types.
func TestPage_typesAreRight(t *testing.T) {
	root, err := process.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join(root, "web/node_modules/typescript/bin/tsc"), "--noEmit", "-p", ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %v\n%s", cmd, err, out)
	}
}
