package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/pflag"
)

// journalFlag says where unfinished uploads are remembered.
type journalFlag struct{ folder string }

func (f *journalFlag) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.folder, "journal", "", "`DIR` in which unfinished uploads are remembered (default: bucketline/journal in your folder for state)")
}

// path is the folder that was given, or the user's own.
func (f *journalFlag) path() (string, error) {
	if f.folder != "" {
		return f.folder, nil
	}
	state, err := stateFolder()
	if err != nil {
		return "", fmt.Errorf("find the folder for unfinished uploads: %w; name one with --journal", err)
	}
	return filepath.Join(state, "bucketline", "journal"), nil
}

// open returns the folder, which it makes. Without the user's own there is no
// journal: what is uploaded then is not worth less.
func (f *journalFlag) open(warn io.Writer) (string, error) {
	folder, err := f.path()
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	switch {
	case err == nil:
		return folder, nil
	case f.folder != "":
		return "", fmt.Errorf("--journal: %w", err)
	}
	fmt.Fprintf(warn, "what is interrupted cannot be gone on with: %v\n", err)
	return "", nil
}

// stateFolder is where this system wants what a program remembers between its
// runs: XDG Base Directory Specification, "XDG_STATE_HOME", and elsewhere the
// user's folder for configuration.
func stateFolder() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	switch runtime.GOOS {
	case "windows", "darwin", "ios", "plan9":
		return os.UserConfigDir()
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state"), err
}
