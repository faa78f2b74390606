// Package faults shows what becomes of uploads when things go wrong: in real
// browsers and from the command line, over bad networks, against stores that
// misbehave, with tabs that crash and files that change.
//
// Where a store has to go wrong in just one way, it is internal/fakes3, which is
// told how and writes down what it is asked. Where the network does, it is the
// dev stack behind toxiproxy. What was stored is always compared with the
// source.
//
// `make faults` runs the same tests many times, and at full size; FAULT_RUNS and
// FAULT_SEED do that by hand. bench/faults.md has the figures.
//
// store_test.go and network_test.go have what the tests stand on.
package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bucketline/bucketline/test/e2e/harness"
)

// program is the command line, built by TestMain.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "bucketline-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "bucketline")
	build := exec.Command("go", "build", "-o", program, "github.com/bucketline/bucketline/cmd/bucketline")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the command line: %v\n%s", err, out)
		return 1
	}
	zerolog.SetGlobalLevel(zerolog.Disabled) // parts of toxiproxy take the global logger
	return harness.Main(m)
}

// patient is how long is waited for what must come: on a machine that has other
// things to do everything takes long, and how long it takes is not what is shown.
const patient = 3 * time.Minute

const (
	mib = 1 << 20
	gib = 1 << 30
)

// runs is how many times what is random is to happen: few, or FAULT_RUNS.
func runs(t *testing.T, few int) int {
	t.Helper()
	return int(number(t, "FAULT_RUNS", uint64(few)))
}

// campaign reports that FAULT_RUNS asks for more than a test has time for.
func campaign() bool { return os.Getenv("FAULT_RUNS") != "" }

// firstSeed is the seed of the first run; the next one's is one more.
func firstSeed(t *testing.T) uint64 {
	t.Helper()
	return number(t, "FAULT_SEED", 1)
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
