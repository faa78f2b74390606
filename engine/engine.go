// Package engine decides what an upload session does next. It reads no clock,
// starts no goroutine and touches no file or socket: a driver feeds it events
// and carries out its actions. The same configuration and events give the same
// actions.
//
// A turn is any number of Handle calls, then Poll until it returns false, then
// sleep until an event or the instant that Wake names. The one rule a driver
// can break: every ActSend is answered exactly once, by EvAnswered or EvBroke.
package engine

import (
	"github.com/bucketline/bucketline/s3"
)

// Config is what a session is told once.
type Config struct {
	Target s3.Target

	// SignatureVersion is 4 or 2; 0 means 4.
	SignatureVersion int

	// Connections is how many requests are under way at once, over all files:
	// 1 to MaxConnections; 0 means DefaultConnections.
	Connections int

	// PartSize is in bytes, s3.MinPartSize to s3.MaxPartSize; 0 means
	// DefaultPartSize. It is raised for a file that would need more than
	// s3.MaxParts parts, never lowered.
	PartSize int64

	// MultipartThreshold is in bytes: a file of at least this size goes up in
	// parts. 0 means DefaultMultipartThreshold.
	MultipartThreshold int64

	// AllowHTTP permits an endpoint without TLS that is not this machine.
	AllowHTTP bool

	// CanRefresh says that the driver can answer ActRefresh. Without it a
	// store that refuses the credentials fails the file at once.
	CanRefresh bool
}

// The defaults and bounds of Config.
const (
	DefaultConnections        = 6
	MaxConnections            = 256
	DefaultPartSize           = 8 << 20
	DefaultMultipartThreshold = 16 << 20
)
