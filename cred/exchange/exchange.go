// Package exchange has what all exchanges for temporary credentials share: what
// a request is, how an answer is read, what an error advises, and a Machine that
// takes any of them through its steps. What each service is told, and says, is in
// cred/sts, cred/cognito, cred/container, cred/r2, cred/express and cred/grants.
//
// It sends nothing, reads no clock and asks nobody to sign in: a driver carries
// out what a Machine wants (package provider over net/http, the page by fetch).
// The rule a caller can break: a Request holds an ID token, or a signature that
// stands for credentials, so it goes to its URL and nowhere else: no redirection
// is followed, and nothing of it is logged.
package exchange

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Request is one HTTP request of an exchange.
type Request struct {
	Method      string // "GET" or "POST"
	URL         string
	ContentType string     // of Body; empty without one
	Header      []s3.Field // further headers, lower-case names
	Body        []byte     // may hold a token
}

// String names the request without headers, query and body, which hold tokens
// and signatures.
func (r Request) String() string {
	url := r.URL
	for i := range len(url) {
		if url[i] == '?' {
			url = url[:i]
			break
		}
	}
	return r.Method + " " + url + " (headers, query and body redacted)"
}

// GoString is String, so that %#v shows no token either.
func (r Request) GoString() string { return r.String() }

// MaxAnswer is the longest answer that is read, in bytes. Session tokens have no
// documented limit; MinIO's hold the claims and the session policy.
const MaxAnswer = 256 << 10

// Need is what a service wants before its first request can be worded.
type Need uint8

// The needs.
const (
	NeedNothing Need = iota
	NeedToken        // an ID token, or whatever secret text proves who asks
	NeedSource       // credentials to sign the request with
)

// Given is what a request is worded from, beside the service's own parameters.
type Given struct {
	Token  string           // for NeedToken
	Source sign.Credentials // for NeedSource
	At     sign.UnixMilli   // the wall clock, when the request is worded
}

// String shows nothing of it.
func (Given) String() string { return "Given{redacted}" }

// GoString is String, so that %#v shows no secret either.
func (g Given) GoString() string { return g.String() }

// Service is one exchange with one service, in one or more requests. It keeps
// what an answer told for the next request, so one value is one exchange.
type Service interface {
	// Op is the API's name of what is asked for, such as "AssumeRole".
	Op() string

	// Need is what Word wants to be given. It does not change.
	Need() Need

	// Word words the next request. Its error says which parameter is wrong.
	Word(given *Given) (Request, error)

	// Read reads the answer to the request that Word worded last; done says
	// that these are the credentials, and otherwise Word words the next
	// request. The error is an *Error when the service refused.
	Read(given *Given, status int, body []byte) (c cred.Credentials, done bool, err error)

	// Restart forgets the answers: the next request is the first again.
	Restart()
}
