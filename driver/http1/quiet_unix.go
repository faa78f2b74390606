//go:build unix

package http1

import (
	"net"
	"syscall"
)

// looks: quiet can tell.
const looks = true

// quiet reports that an idle connection is open and that nothing has come on it.
// What the store said unasked would be taken for the answer to the next request,
// and one that it has closed is worth no try.
func quiet(c net.Conn) bool {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return false
	}
	nothing := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, failed := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		nothing = failed == syscall.EAGAIN
		return true
	})
	return err == nil && nothing
}
