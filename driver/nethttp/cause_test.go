package nethttp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/bucketline/bucketline/engine"
)

func TestCause_ofErrors(t *testing.T) {
	// What is met on a machine without a network, and on one with.
	lost := engine.CauseUnreachable
	if !Online() {
		lost = engine.CauseOffline
	}
	dial := func(err error) error {
		return fmt.Errorf("put: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)})
	}
	for _, c := range []struct {
		name string
		err  error
		want engine.Cause
	}{
		{"no network", dial(syscall.ENETUNREACH), engine.CauseOffline},
		{"interface down", dial(syscall.ENETDOWN), engine.CauseOffline},
		{"no way to the host", dial(syscall.EHOSTUNREACH), lost},
		{"no such name", &net.DNSError{Err: "no such host", IsNotFound: true}, lost},
		{"refused", dial(syscall.ECONNREFUSED), engine.CauseUnreachable},
		{"reset", dial(syscall.ECONNRESET), engine.CauseUnreachable},
		{"dialled for too long", &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, engine.CauseTimeout},
		{"certificate", x509.UnknownAuthorityError{}, engine.CauseTLS},
		{"too large", ErrTooLarge, engine.CauseAnswerTooLarge},
		{"anything else", errors.New("?"), engine.CauseUnreachable},
	} {
		if got := Cause(c.err); got != c.want {
			t.Errorf("%s: cause %d, want %d", c.name, got, c.want)
		}
	}
}
