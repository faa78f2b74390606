package cred

// Error says why credentials, or their expiration, are refused. It never
// quotes them. The errors of this package are all the values there are: compare
// with errors.Is.
type Error struct {
	code   string
	text   string
	family *Error
}

// Error describes the mistake to a developer. People read sentences that the
// CLI and the web component make from Code.
func (e *Error) Error() string { return e.text }

// Code is stable API, such as "ExpirationMissing".
func (e *Error) Code() string { return e.code }

// Unwrap returns ErrBadExpiration for each error that is a form of it.
func (e *Error) Unwrap() error {
	if e.family == nil {
		return nil
	}
	return e.family
}

// What Set and ParseExpiration refuse.
var (
	ErrNoAccessKey     = &Error{code: "AccessKeyMissing", text: "credentials have no access key ID"}
	ErrBadAccessKey    = &Error{code: "AccessKeyInvalid", text: "access key ID is too long or is not visible ASCII"}
	ErrNoSecretKey     = &Error{code: "SecretKeyMissing", text: "credentials have no secret access key"}
	ErrBadSecretKey    = &Error{code: "SecretKeyInvalid", text: "secret access key is too long or has a control character"}
	ErrSecretGiven     = &Error{code: "SecretKeyUnwanted", text: "credentials have a secret access key where its holder is to keep it"}
	ErrBadSessionToken = &Error{code: "SessionTokenInvalid", text: "session token is too long or is not visible ASCII"}
	ErrAccount         = &Error{code: "CredentialsOfOtherAccount", text: "credentials are of another account than those that began the uploads under way"}
	ErrExpired         = &Error{code: "CredentialsExpired", text: "credentials have expired, or end too soon for one request"}
	ErrNoExpiration    = &Error{code: "ExpirationMissing", text: "credentials have no expiration"}
	ErrBadExpiration   = &Error{code: "ExpirationInvalid", text: "expiration is not an RFC 3339 date and time"}

	// The particular forms of ErrBadExpiration, which errors.Is finds too.

	ErrExpirationDateOnly = &Error{code: "ExpirationDateOnly", text: "expiration is a date without a time", family: ErrBadExpiration}
	ErrExpirationNoZone   = &Error{code: "ExpirationNoZone", text: "expiration is a local time, without Z or an offset", family: ErrBadExpiration}
	ErrExpirationRange    = &Error{code: "ExpirationRange", text: "expiration is not between 1970 and 9999", family: ErrBadExpiration}
)
