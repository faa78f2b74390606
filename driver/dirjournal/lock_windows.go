package dirjournal

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// Of LockFileEx: Win32, fileapi.h and winerror.h.
const (
	lockfileFailImmediately = 0x1
	lockfileExclusiveLock   = 0x2
	errorLockViolation      = syscall.Errno(33)
)

// tryLock locks f, for this open file alone or shared with others that look,
// until f is closed; false when that cannot be now.
func tryLock(f *os.File, alone bool) (bool, error) {
	flags := uintptr(lockfileFailImmediately)
	if alone {
		flags |= lockfileExclusiveLock
	}
	var at syscall.Overlapped // offset 0
	lockFileEx := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	done, _, err := lockFileEx.Call(f.Fd(), flags, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	switch {
	case done != 0:
		return true, nil
	case errors.Is(err, errorLockViolation):
		return false, nil
	}
	return false, &os.PathError{Op: "LockFileEx", Path: f.Name(), Err: err}
}

// dropLock removes a lock's file. Windows refuses that while anybody has the
// file open: it then stays for the one who has.
func dropLock(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// syncFolder does nothing: Windows has no such call, and its file systems keep
// the order in which names change.
func syncFolder(string) error { return nil }
