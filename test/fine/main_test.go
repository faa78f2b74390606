// Package fine tests the drop-in for Fine Uploader as pages use it: the file
// dist/fine-uploader.js in a real Chromium, against a store that believes
// nothing (internal/fakes3) and a server of the page's own. The cases are
// scripts, in page/: each is a row of Fine Uploader's contract, and looks at
// what the browser really sent.
//
// Package sidebyside, below it, does the same things with Fine Uploader itself
// and with ours, and compares.
package fine

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bucketline/bucketline/test/fine/world"
)

// built is where the files are that pages load.
var built world.Built

// script: what pages get in place of dist/fine-uploader.js, such as Fine
// Uploader's own file, to see whether a case is its contract.
var script = flag.String("script", "", "the file that pages get in place of dist/fine-uploader.js")

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if built, err = world.Build(); err != nil {
		fmt.Fprintln(os.Stderr, "fine:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func newWorld(t *testing.T) *world.World {
	t.Helper()
	ours := built.Ours
	if *script != "" {
		ours = *script
	}
	return world.New(t, world.Config{
		Folders: []string{filepath.Join(built.Root, "test", "fine", "page")}, Scripts: map[string]string{"/fine-uploader.js": ours},
	})
}
