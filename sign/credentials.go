package sign

// Credentials are what a request is signed with. They hold no expiry: package
// cred decides whether they may still be used.
//
// Printing them, or a struct with them in an exported field, shows no secret.
// Package fmt cannot ask an unexported field how to print itself: keep
// credentials there behind a pointer, which %v prints as an address.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // empty for permanent credentials
}

// String names the credentials without their secrets, for logs and errors.
func (c Credentials) String() string {
	token := ""
	if c.SessionToken != "" {
		token = ", session token redacted"
	}
	return "Credentials{" + c.AccessKeyID + ", secret access key redacted" + token + "}"
}

// GoString is String, so that %#v shows no secret either.
func (c Credentials) GoString() string { return c.String() }
