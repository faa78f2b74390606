package main

import (
	"io"
	"net"
)

// piece is how many bytes are dropped at once where they have to be copied: over
// TLS, and where the kernel cannot throw them away.
const piece = 256 << 10

// discardCopied reads up to len(nowhere) bytes, which nobody looks at: the same
// memory serves all connections.
func discardCopied(c net.Conn, nowhere []byte) (int64, error) {
	n, err := c.Read(nowhere[:min(len(nowhere), piece)])
	if n > 0 && err == io.EOF {
		err = nil
	}
	return int64(n), err
}
