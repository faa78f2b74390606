// Package cred decides whether a request may be signed now. A Keeper holds the
// current credentials, and says before each request whether they are valid for
// it; when they are not, every request is held, and new ones are asked for
// once, however many requests wait.
//
// It knows no clock, no handler and no store: the time is an argument, asking
// is the caller's work, and so are the exchanges that make credentials (package
// cred/sts words them). The rule a caller can break: Credentials that Current
// returned are one immutable snapshot. Sign one request with one snapshot, and
// ask again for the next request.
//
// The words are those of the AWS Security Token Service API Reference.
package cred

import "github.com/bucketline/bucketline/sign"

// Credentials are what requests are signed with, and when they end.
type Credentials struct {
	sign.Credentials

	// Expiration is required: without it nothing can be held in time.
	Expiration sign.UnixMilli
}

// The bounds of credentials, in bytes. No store documents its own; these leave
// ample room and keep a header that carries them sendable.
const (
	MaxAccessKeyID     = 256
	MaxSecretAccessKey = 1024
	MaxSessionToken    = 32 << 10
)

// MaxExpiration is 9999-12-31T23:59:59.999Z, the last time that RFC 3339 can
// write. A larger number is a unit mistaken: microseconds or nanoseconds.
const MaxExpiration sign.UnixMilli = 253_402_300_799_999

// check reports what is wrong with c at any time; whether it has ended is
// Keeper.Set's question. With secretKept they have no secret.
func (c *Credentials) check(secretKept bool) error {
	switch {
	case c.AccessKeyID == "":
		return ErrNoAccessKey
	case len(c.AccessKeyID) > MaxAccessKeyID || !visible(c.AccessKeyID):
		return ErrBadAccessKey
	case secretKept && c.SecretAccessKey != "":
		return ErrSecretGiven
	case !secretKept && c.SecretAccessKey == "":
		return ErrNoSecretKey
	case len(c.SecretAccessKey) > MaxSecretAccessKey || controls(c.SecretAccessKey):
		return ErrBadSecretKey
	case len(c.SessionToken) > MaxSessionToken || !visible(c.SessionToken):
		return ErrBadSessionToken
	case c.Expiration == 0:
		return ErrNoExpiration
	case c.Expiration < 0 || c.Expiration > MaxExpiration:
		return ErrExpirationRange
	}
	return nil
}

// visible reports that s is ASCII without spaces and controls: what can stand
// in a header, and cannot end one (RFC 9110, section 5.5).
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// controls reports a control character in s: a secret never has one, a pasted
// line end is one, and the store would only say SignatureDoesNotMatch.
func controls(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}
