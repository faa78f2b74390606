//go:build !unix

package http1

import "net"

// looks: without a way to see whether an idle connection is quiet, net/http,
// which reads all the time, carries everything.
const looks = false

func quiet(net.Conn) bool { return false }
