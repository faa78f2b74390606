package driver

import (
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Snapshot implements Snapshotter. It asks the system for no more than it has to:
// os.File is made for files that stay open.
func (f *File) Snapshot(dst []byte) ([]byte, error) {
	then, ok := f.info.Sys().(*syscall.Stat_t)
	if !ok {
		return dst, fs.ErrInvalid
	}
	// Opened so, a pipe that took the file's place waits for no writer.
	fd, err := again(func() (int, error) {
		return syscall.Open(f.name, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	})
	if err != nil {
		return dst, err
	}
	defer syscall.Close(fd)
	if err := f.sameStat(fd, then); err != nil {
		return dst, err
	}
	begin := len(dst)
	dst = append(dst, make([]byte, f.Size())...)
	for at := begin; at < len(dst); {
		n, err := again(func() (int, error) { return syscall.Read(fd, dst[at:]) })
		if err == nil && n == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return dst[:begin], err
		}
		at += n
	}
	return dst, f.sameStat(fd, then)
}

// sameStat is same for an open file.
func (f *File) sameStat(fd int, then *syscall.Stat_t) error {
	var now syscall.Stat_t
	if _, err := again(func() (int, error) { return 0, syscall.Fstat(fd, &now) }); err != nil {
		return err
	}
	if now.Dev == then.Dev && now.Ino == then.Ino && now.Mode == then.Mode && now.Size == then.Size && now.Mtim == then.Mtim {
		return nil
	}
	return &os.PathError{Op: "read", Path: f.name, Err: ErrSourceChanged}
}

// again repeats what a signal has interrupted.
func again(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}
