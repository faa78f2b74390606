package nethttp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"syscall"

	"github.com/bucketline/bucketline/engine"
)

// ErrTooLarge says that an answer is longer than engine.MaxAnswerBytes.
var ErrTooLarge = errors.New("the answer is longer than 1 MiB")

// Cause says what kind of failure err is, of a connection or of an answer.
func Cause(err error) engine.Cause {
	var timeout net.Error
	var name *net.DNSError
	switch {
	case errors.Is(err, ErrTooLarge):
		return engine.CauseAnswerTooLarge
	case refusesCertificate(err):
		return engine.CauseTLS
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.ENETDOWN):
		return engine.CauseOffline
	case errors.As(err, &name), errors.Is(err, syscall.EHOSTUNREACH):
		// Without a network nobody knows a name, nor the way to a host: but a
		// wrong name and a host that is switched off look the same.
		if !Online() {
			return engine.CauseOffline
		}
		return engine.CauseUnreachable
	case errors.As(err, &timeout) && timeout.Timeout():
		return engine.CauseTimeout
	}
	return engine.CauseUnreachable
}

// refusesCertificate reports that no trusted connection came about: a
// certificate that was refused, a handshake that failed, or no TLS at all.
func refusesCertificate(err error) bool {
	var (
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		roots     x509.SystemRootsError
		alert     tls.AlertError
		record    tls.RecordHeaderError
	)
	return errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &invalid) || errors.As(err, &roots) || errors.As(err, &alert) || errors.As(err, &record)
}

// Online reports that this machine has an address beyond itself, or that this
// cannot be found out.
func Online() bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() {
			return true
		}
	}
	return false
}
