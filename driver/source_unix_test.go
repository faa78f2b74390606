//go:build unix

package driver

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFile_gone(t *testing.T) {
	name := temporary(t, "hello")
	f, err := StatFile(name)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(name)
	if _, err := f.Open(); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrSourceChanged) {
		t.Errorf("Open = %v, want that it is not there", err)
	}
	// A pipe in its place must not be waited for.
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(); !errors.Is(err, ErrSourceChanged) {
		t.Errorf("Open of a pipe in its place = %v", err)
	}
	if _, err := f.Snapshot(nil); !errors.Is(err, ErrSourceChanged) {
		t.Errorf("Snapshot of a pipe in its place = %v", err)
	}
}

func TestStatFile_refuses(t *testing.T) {
	folder := t.TempDir()
	pipe, socket := filepath.Join(folder, "pipe"), filepath.Join(folder, "socket")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, want := range map[string]string{
		folder: "a folder", pipe: "a named pipe", socket: "a socket", os.DevNull: "a device",
	} {
		_, err := StatFile(name)
		if !errors.Is(err, ErrIrregular) || !strings.Contains(err.Error(), want) {
			t.Errorf("StatFile(%q) = %v, want %s", name, err, want)
		}
	}
	if _, err := StatFile(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("StatFile of nothing = %v", err)
	}
}
