// Package e2e proves the whole way in real browsers: the demo page, and a page
// that does with web/core what a test asks for, against the dev stack. What the
// store then has is read back with the AWS SDK, which shares no code with what
// wrote it.
//
// Each test runs in Chromium, Firefox and WebKitGTK; where a browser lacks what
// the test is about, its output says so. A test that fails leaves the page as
// it was in build/artifacts.
//
// stack_test.go has what the tests stand on; test/judge asks a store that is not
// ours.
package e2e

import (
	"os"
	"testing"

	"github.com/bucketline/bucketline/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
