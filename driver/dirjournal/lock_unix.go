//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package dirjournal

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks f, for this open file alone or shared with others that look,
// until f is closed; false when that cannot be now.
func tryLock(f *os.File, alone bool) (bool, error) {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
		}
	}
}

// dropLock removes a lock's file while it is still locked: whoever has opened
// it, and gets the lock next, sees that it is gone.
func dropLock(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}

// syncFolder waits until the names in a folder are on disk.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
