package world

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bucketline/bucketline/test/process"
)

// Built is the drop-in and the original, as files.
type Built struct {
	Root     string // of the module
	Ours     string // dist/fine-uploader.js
	Original string // Fine Uploader 5.16.2, as npm has it
}

// Build builds the drop-in, and says where both files are: the build has npm put
// the original there, too. It also says where tests leave what failed.
func Build() (Built, error) {
	root, err := process.ModuleRoot()
	if err != nil {
		return Built{}, err
	}
	if os.Getenv("BUCKETLINE_ARTIFACTS") == "" {
		if err := os.Setenv("BUCKETLINE_ARTIFACTS", filepath.Join(root, "build", "artifacts")); err != nil {
			return Built{}, err
		}
	}
	b := Built{
		Root: root, Ours: filepath.Join(root, "dist", "fine-uploader.js"),
		Original: filepath.Join(root, "web", "node_modules", "fine-uploader", "s3.fine-uploader", "s3.fine-uploader.js"),
	}
	cmd := exec.Command("go", "run", "./tools/build", "fine")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return Built{}, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return b, nil
}
