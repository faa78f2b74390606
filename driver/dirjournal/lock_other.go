//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package dirjournal

import (
	"errors"
	"os"
)

// Without locks two processes would write the same record: there is no journal.
func tryLock(*os.File, bool) (bool, error) { return false, errors.ErrUnsupported }

func dropLock(f *os.File) { f.Close() }

func syncFolder(string) error { return nil }
