package dirjournal

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/bucketline/bucketline/driver"
)

// takeLock opens the lock file at path, which it makes if there is none, and
// locks it. The error is driver.ErrLocked when others have it, tries times.
//
// Who drops a lock removes its file, so that no file stays for each upload that
// there ever was. Whoever waited for that file then has a lock that the next
// one, who makes a new file, does not see: so a lock counts only if its file is
// still the one at path.
func takeLock(path string, tries int) (*os.File, error) {
	for try := 1; ; {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		locked, err := tryLock(f, true)
		if err == nil && locked {
			var still bool
			if still, err = isAt(f, path); err == nil && still {
				return f, nil
			}
		}
		f.Close()
		switch {
		case err != nil:
			return nil, err
		case locked:
			continue // its file was removed, which is progress of somebody else's
		case try == tries:
			return nil, driver.ErrLocked
		}
		try++
		time.Sleep(lockPause)
	}
}

// isAt reports whether path still names the file f.
func isAt(f *os.File, path string) (bool, error) {
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, there), err
}
