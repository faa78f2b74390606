package devstack

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

// Two stacks on one folder would each put their own page into the buckets' CORS
// rules. Another process is played by a lock of its own.
func TestStart_dataFolderInUseIsRefused(t *testing.T) {
	dir := t.TempDir()
	other := flock.New(filepath.Join(dir, lockName))
	if locked, err := other.TryLock(); err != nil || !locked {
		t.Fatalf("TryLock = %v, %v", locked, err)
	}
	s, err := Start(t.Context(), Config{Data: dir})
	if err == nil {
		s.Close()
		t.Fatal("a second stack began on the same folder")
	}
	if !strings.Contains(err.Error(), dir+" is in use by another dev stack") {
		t.Errorf("Start = %v", err)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if s, err = Start(t.Context(), Config{Data: dir}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if locked, err := other.TryLock(); err != nil || !locked {
		t.Errorf("after Close: TryLock = %v, %v", locked, err)
	}
}
