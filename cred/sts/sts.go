// Package sts words the exchange of an ID token for temporary credentials, and
// reads the answer: AssumeRoleWithWebIdentity of the AWS Security Token Service
// and of the stores that speak it too (MinIO, Ceph, SeaweedFS, our dev stack).
//
// It sends nothing and asks nobody to sign in: the caller carries the Request
// out, hands the answer to Parse, and does what Error.Advice says. The rule a
// caller can break: a RoleSessionName and a Policy are chosen by whoever sends
// them, so neither proves nor limits anything on its own. What a person may do
// is for the role's trust policy and permissions to say.
//
//	AWS Security Token Service API Reference, "AssumeRoleWithWebIdentity",
//	https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
package sts

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// WebIdentity is one exchange.
type WebIdentity struct {
	// Endpoint is the service's URL, such as "https://sts.eu-west-1.amazonaws.com";
	// MinIO's and Ceph's is that of the store. It is https, unless the host is
	// this machine.
	Endpoint string

	// RoleARN names the role to assume. AWS and Ceph require it; MinIO wants it
	// left out where policies come from a claim of the token.
	RoleARN string

	// RoleSessionName shows up in logs and in the assumed role's ARN. AWS and
	// Ceph require it. SessionName makes one.
	RoleSessionName string

	// Token is the ID token.
	Token string

	// DurationSeconds is how long the credentials are to live; 0 leaves it to
	// the service. A role allows up to its maximum, which is not a cap: asking
	// for more fails.
	DurationSeconds int

	// Policy is a session policy, in JSON, that narrows what the role may do;
	// empty for none.
	Policy string
}

// The limits of the parameters. Those of AWS hold where the endpoint is AWS's.
const (
	MinSessionName = 2 // characters
	MaxSessionName = 64
	MinRoleARN     = 20 // characters
	MaxRoleARN     = 2048
	MinToken       = 4 // bytes; MinIO's documentation allows 2,048, AWS 20,000
	MaxToken       = 20_000
	MaxPolicy      = 2048 // characters

	MinDurationSeconds    = 15         // our dev stack's
	MaxDurationSeconds    = 31_536_000 // MinIO's: a year
	MinAWSDurationSeconds = 900
	MaxAWSDurationSeconds = 43_200
)

// Request is a WebIdentity in words. A browser sends it without a preflight:
// the method, the content type and the absence of other headers make it a
// simple request (Fetch Standard, "CORS-safelisted request-header").
type Request struct {
	Method      string // "POST"
	URL         string
	ContentType string
	Body        []byte // holds the token
}

// String names the request without its body, which holds the token.
func (r Request) String() string { return r.Method + " " + r.URL + " (body redacted)" }

// GoString is String, so that %#v shows no token either.
func (r Request) GoString() string { return r.String() }

// String names the exchange without the token.
func (w WebIdentity) String() string {
	return "WebIdentity{" + w.Endpoint + " " + w.RoleARN + " " + w.RoleSessionName + ", token redacted}"
}

// GoString is String, so that %#v shows no token either.
func (w WebIdentity) GoString() string { return w.String() }

// Request checks the parameters and words the exchange. Its errors are the
// *ParameterError values of this package.
func (w *WebIdentity) Request() (Request, error) {
	url, host, err := parseEndpoint(w.Endpoint)
	if err != nil {
		return Request{}, err
	}
	if err := w.check(host); err != nil {
		return Request{}, err
	}
	body := []byte("Action=AssumeRoleWithWebIdentity&Version=2011-06-15")
	body = appendField(body, "RoleArn", w.RoleARN)
	body = appendField(body, "RoleSessionName", w.RoleSessionName)
	body = appendField(body, "WebIdentityToken", w.Token)
	if w.DurationSeconds != 0 {
		body = appendField(body, "DurationSeconds", strconv.Itoa(w.DurationSeconds))
	}
	body = appendField(body, "Policy", w.Policy)
	return Request{Method: "POST", URL: url, ContentType: "application/x-www-form-urlencoded", Body: body}, nil
}

func (w *WebIdentity) check(host string) error {
	shortest, longest := MinDurationSeconds, MaxDurationSeconds
	if amazon(host) {
		shortest, longest = MinAWSDurationSeconds, MaxAWSDurationSeconds
		if w.RoleARN == "" {
			return ErrNoRoleARN
		}
		if w.RoleSessionName == "" {
			return ErrNoSessionName
		}
	}
	switch {
	case w.RoleARN != "" && !validARN(w.RoleARN):
		return ErrBadRoleARN
	case w.RoleSessionName != "" && !validSessionName(w.RoleSessionName):
		return ErrBadSessionName
	case w.Token == "":
		return ErrNoToken
	case len(w.Token) < MinToken || len(w.Token) > MaxToken || !visible(w.Token):
		return ErrBadToken
	case w.DurationSeconds != 0 && (w.DurationSeconds < shortest || w.DurationSeconds > longest):
		return ErrBadDuration
	case !validPolicy(w.Policy):
		return ErrBadPolicy
	}
	return nil
}

func validARN(s string) bool {
	return len(s) >= MinRoleARN && len(s) <= MaxRoleARN && strings.HasPrefix(s, "arn:") && visible(s)
}

func validSessionName(s string) bool {
	if len(s) < MinSessionName || len(s) > MaxSessionName {
		return false
	}
	for i := range len(s) {
		if !sessionLetter(s[i]) {
			return false
		}
	}
	return true
}

// sessionLetter: the pattern [\w+=,.@-]* of RoleSessionName.
func sessionLetter(c byte) bool {
	return alphanumeric(c) || strings.IndexByte("_+=,.@-", c) >= 0
}

// validPolicy: up to 2,048 characters of tab, line ends and U+0020 to U+00FF.
// Whether it is a policy is the service's to say.
func validPolicy(s string) bool {
	if utf8.RuneCountInString(s) > MaxPolicy {
		return false
	}
	for _, r := range s {
		if r > 0xff || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return false
		}
	}
	return true
}

// SessionName makes a RoleSessionName of a subject, so that sessions can be
// told apart in logs: what the services do not accept becomes "-", and so does
// "+", which Ceph refuses. Two subjects may get the same name.
func SessionName(subject string) string {
	name := make([]byte, 0, MaxSessionName)
	for _, r := range subject {
		if len(name) == MaxSessionName {
			break
		}
		if r >= utf8.RuneSelf || r == '+' || !sessionLetter(byte(r)) {
			r = '-'
		}
		name = append(name, byte(r))
	}
	if len(name) < MinSessionName {
		return "user-" + string(name)
	}
	return string(name)
}

// appendField adds a form field, unless it is empty. A space becomes %20 and
// not "+", which Ceph does not decode.
func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	const hex = "0123456789ABCDEF"
	dst = append(dst, '&')
	dst = append(dst, name...)
	dst = append(dst, '=')
	for i := range len(value) {
		c := value[i]
		if alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// visible reports that s is ASCII without spaces and controls.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
