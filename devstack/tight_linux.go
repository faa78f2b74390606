package devstack

import "syscall"

// tighten sets up a listening socket so that its clients' kernels buffer half a
// megabyte for each connection instead of four. Otherwise what a browser has
// "sent" runs seconds ahead of what a throttled store has received. On a
// loopback address a segment has 64 KB and ten of them go out at once, so the
// sender's buffer starts at a megabyte and grows; segments as small as on a
// wire and a small window keep it down.
func tighten(_, _ string, socket syscall.RawConn) error {
	var err error
	failed := socket.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1400)
		if err == nil {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 16<<10)
		}
	})
	if failed != nil {
		return failed
	}
	return err
}
