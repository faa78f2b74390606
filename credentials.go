package bucketline

import (
	"errors"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/sign"
)

// Credentials are temporary credentials, as STS gives them.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string

	// Expiration is when they end. It is required: without it requests could
	// not be held in time. Credentials that do not end are given an Expiration
	// far away, and are better kept out of what is not a server of yours.
	Expiration time.Time

	// Skew is by how much the clock of who gave them, which Expiration is by, is
	// ahead of this computer's; 0 when they agree, or when it is not known. A
	// clock that is behind it has a negative one. Package provider sets it, so
	// that a computer whose clock is wrong neither takes good credentials for
	// ended nor sends what has ended.
	Skew time.Duration
}

// String names the credentials without their secrets.
func (c Credentials) String() string { return c.sign().String() }

// GoString is String, so that %#v shows no secret either.
func (c Credentials) GoString() string { return c.String() }

func (c Credentials) sign() sign.Credentials {
	return sign.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
	}
}

func (c Credentials) cred() (cred.Credentials, error) {
	if c.Expiration.IsZero() {
		return cred.Credentials{}, &Error{Code: cred.ErrNoExpiration.Code(), Err: cred.ErrNoExpiration}
	}
	return cred.Credentials{Credentials: c.sign(), Expiration: wall(c.Expiration)}, nil
}

// wall is t on the engine's wall clock.
func wall(t time.Time) sign.UnixMilli { return sign.UnixMilli(t.UnixMilli()) }

// codeOf is the code of an error of package cred.
func codeOf(err error) string {
	var e *cred.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return CodeCredentialsInvalid
}
