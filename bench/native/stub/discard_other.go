//go:build !linux

package main

import "net"

func discard(c net.Conn, nowhere []byte) (int64, error) { return discardCopied(c, nowhere) }
