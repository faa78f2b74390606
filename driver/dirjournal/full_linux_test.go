package dirjournal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// /dev/full takes nothing, nor can it be made shorter, as a disk that fails.
func TestJournal_failedAppendThatStaysIsFollowedByNone(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	begin(t, j, one, "a")
	path := filepath.Join(folder, one+".record")
	must(t, os.Remove(path))
	must(t, os.Symlink("/dev/full", path))
	if err := j.Append(one, []byte("b")); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("append to a full disk: %v", err)
	}
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, []byte("a torn"), 0o600))
	if err := j.Append(one, []byte("c")); err == nil {
		t.Error("append behind what may be torn")
	}
	must(t, j.Save(one, []byte("d")))
	must(t, j.Append(one, []byte("e")))
	if got, err := j.Read(one); string(got) != "de" || err != nil {
		t.Errorf("read = %q, %v", got, err)
	}
}
