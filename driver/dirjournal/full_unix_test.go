//go:build unix

package dirjournal

import (
	"bytes"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

func init() { children["fill"] = fillUp }

// fillUp runs where no file may grow beyond 1 KiB, which is as near to a full
// disk as a test comes: a write that does not fit fails after a part of it.
func fillUp(folder string) error {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 10, Max: 1 << 10}); err != nil {
		return err
	}
	j, err := Open(folder)
	if err != nil {
		return err
	}
	if _, err := j.Load(one); err != nil {
		return err
	}
	want := bytes.Repeat([]byte("a"), 1000)
	if err := j.Save(one, want); err != nil {
		return err
	}
	check := func(what string, failed error) error {
		got, err := j.Read(one)
		if !errors.Is(failed, syscall.EFBIG) || !strings.Contains(failed.Error(), one) || err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("%s: %v; then the record is of %d bytes, %v", what, failed, len(got), err)
		}
		return nil
	}
	for range 2 {
		if err := check("append", j.Append(one, make([]byte, 50))); err != nil {
			return err
		}
	}
	if err := check("save", j.Save(one, make([]byte, 2000))); err != nil {
		return err
	}
	want = append(want, "what fits"...)
	if err := j.Append(one, []byte("what fits")); err != nil {
		return err
	}
	return check("append again", j.Append(one, make([]byte, 50)))
}

func TestJournal_fullDiskLeavesTheRecord(t *testing.T) {
	folder := t.TempDir()
	cmd := child(t, "fill", folder)
	if out, err := cmd.Output(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := files(t, folder); len(got) != 2 || got[0] != one+".lock" || got[1] != one+".record" {
		t.Errorf("files: %q", got)
	}
}
