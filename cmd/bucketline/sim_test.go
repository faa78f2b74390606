package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// simulate runs the verb in this process.
func simulate(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	ran := false
	root := newRoot(&ran)
	var text bytes.Buffer
	root.SetOut(&text)
	root.SetErr(&text)
	root.SetArgs(append([]string{"sim"}, args...))
	err := root.ExecuteContext(t.Context())
	return text.String(), exitStatus(err, ran)
}

func TestSim_oneSeed(t *testing.T) {
	out, status := simulate(t, "--seed", "7")
	if status != 0 || !strings.HasPrefix(out, "seed 7: ") || !regexp.MustCompile(`hash [0-9a-f]{16}\n`).MatchString(out) {
		t.Errorf("exit %d\n%s", status, out)
	}
	traced, status := simulate(t, "--seed", "7", "--trace")
	if status != 0 || !strings.HasSuffix(traced, out) || !strings.Contains(traced, "< describe file 0\n") {
		t.Errorf("exit %d, and the trace is\n%.2000s", status, traced)
	}
}

func TestSim_range(t *testing.T) {
	out, status := simulate(t, "--seeds", "10..29", "--jobs", "2")
	if status != 0 || !strings.HasPrefix(out, "20 seeds lived through, 0 failed") {
		t.Errorf("exit %d\n%s", status, out)
	}
}

func TestSim_checksAreListed(t *testing.T) {
	out, status := simulate(t, "--checks")
	if status != 0 || !strings.Contains(out, "liveness") {
		t.Errorf("exit %d\n%s", status, out)
	}
}

func TestSim_mistakes(t *testing.T) {
	for _, args := range [][]string{
		{}, {"--seed", "x"}, {"--seeds", "1"}, {"--seeds", "3..2"}, {"--seed", "-1"}, {"--seed", "1", "--seeds", "1..2"},
	} {
		if out, status := simulate(t, args...); status != 2 {
			t.Errorf("%v: exit %d, want 2\n%s", args, status, out)
		}
	}
	noise := filepath.Join(t.TempDir(), "noise")
	if err := os.WriteFile(noise, []byte("no frames"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status := simulate(t, "--replay", noise); status != 1 {
		t.Errorf("replay of noise: exit %d, want 1\n%s", status, out)
	}
}
