package main

import (
	"io"
	"net"
	"syscall"
)

// discard drops up to len(nowhere) bytes, which the kernel does not even copy
// where the connection is TCP's own.
func discard(c net.Conn, nowhere []byte) (int64, error) {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return discardCopied(c, nowhere)
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return 0, err
	}
	var n int
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, _, failed = syscall.Recvfrom(int(fd), nowhere, syscall.MSG_TRUNC)
		return failed != syscall.EAGAIN
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, failed
	case n == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return int64(n), nil
}
