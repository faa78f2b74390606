// Package sts words exchanges for temporary credentials with the AWS Security
// Token Service, and with the stores that speak it too (MinIO, Ceph, SeaweedFS,
// our dev stack), and reads the answers: AssumeRoleWithWebIdentity, which trades
// an ID token and is for browsers too; AssumeRole and GetSessionToken, which are
// signed with other credentials and are for machines that may hold those.
//
// It sends nothing and asks nobody to sign in: the caller carries the Request
// out, hands the answer to the Parse function of the same name, and does what
// Error.Advice says; or lets an exchange.Machine do so. The rule a caller can
// break: a RoleSessionName and a Policy are chosen by whoever sends them, so
// neither proves nor limits anything on its own. What a person may do is for the
// role's trust policy and permissions to say.
//
//	AWS Security Token Service API Reference,
//	https://docs.aws.amazon.com/STS/latest/APIReference/
package sts

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred/exchange"
)

// What this package shares with the other exchanges, by its own name.
type (
	// Request is an exchange in words. That of a WebIdentity is sent by a
	// browser without a preflight: the method, the content type and the absence
	// of other headers make it a simple request (Fetch Standard,
	// "CORS-safelisted request-header").
	Request = exchange.Request

	// Error is the service's refusal.
	Error = exchange.Error

	// Advice is what to do about an Error.
	Advice = exchange.Advice

	// ParameterError says what is wrong with the parameters.
	ParameterError = exchange.ParameterError

	// AnswerError says that an answer is not that of a token service.
	AnswerError = exchange.AnswerError
)

// The advice.
const (
	Stop     = exchange.Stop
	Retry    = exchange.Retry
	NewToken = exchange.NewToken
	Clock    = exchange.Clock
)

// WebIdentity is one AssumeRoleWithWebIdentity: an ID token for credentials.
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
	// empty for none. Package cred/policy makes one.
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

	MinDurationSeconds        = 15         // our dev stack's
	MaxDurationSeconds        = 31_536_000 // MinIO's: a year
	MinAWSDurationSeconds     = 900
	MaxAWSDurationSeconds     = 43_200
	MaxAWSSessionTokenSeconds = 129_600 // of GetSessionToken
)

// String names the exchange without the token.
func (w WebIdentity) String() string {
	return "WebIdentity{" + w.Endpoint + " " + w.RoleARN + " " + w.RoleSessionName + ", token redacted}"
}

// GoString is String, so that %#v shows no token either.
func (w WebIdentity) GoString() string { return w.String() }

// Request checks the parameters and words the exchange. Its errors are
// *ParameterError values.
func (w *WebIdentity) Request() (Request, error) {
	endpoint, err := exchange.ParseEndpoint(w.Endpoint)
	if err != nil {
		return Request{}, err
	}
	if err := w.check(endpoint.Host); err != nil {
		return Request{}, err
	}
	body := action("AssumeRoleWithWebIdentity")
	body = appendField(body, "RoleArn", w.RoleARN)
	body = appendField(body, "RoleSessionName", w.RoleSessionName)
	body = appendField(body, "WebIdentityToken", w.Token)
	body = appendNumber(body, "DurationSeconds", w.DurationSeconds)
	body = appendField(body, "Policy", w.Policy)
	return Request{Method: "POST", URL: endpoint.URL(), ContentType: exchange.ContentForm, Body: body}, nil
}

func (w *WebIdentity) check(host string) error {
	if err := checkRole(host, w.RoleARN, w.RoleSessionName); err != nil {
		return err
	}
	switch {
	case w.Token == "":
		return ErrNoToken
	case len(w.Token) < MinToken || len(w.Token) > MaxToken || !exchange.Visible(w.Token):
		return ErrBadToken
	case !validDuration(host, w.DurationSeconds, MaxAWSDurationSeconds):
		return ErrBadDuration
	case !validPolicy(w.Policy):
		return ErrBadPolicy
	}
	return nil
}

// checkRole: AWS wants both; other services are left to say so themselves.
func checkRole(host, arn, session string) error {
	switch {
	case arn == "" && exchange.Amazon(host):
		return ErrNoRoleARN
	case session == "" && exchange.Amazon(host):
		return ErrNoSessionName
	case arn != "" && !validARN(arn):
		return ErrBadRoleARN
	case session != "" && !exchange.Within(session, MinSessionName, MaxSessionName, sessionLetters):
		return ErrBadSessionName
	}
	return nil
}

func validDuration(host string, seconds, longestOfAWS int) bool {
	shortest, longest := MinDurationSeconds, MaxDurationSeconds
	if exchange.Amazon(host) {
		shortest, longest = MinAWSDurationSeconds, longestOfAWS
	}
	return seconds == 0 || seconds >= shortest && seconds <= longest
}

func validARN(s string) bool {
	return len(s) >= MinRoleARN && len(s) <= MaxRoleARN && strings.HasPrefix(s, "arn:") && exchange.Visible(s)
}

// sessionLetters: the pattern [\w+=,.@-]* of RoleSessionName.
const sessionLetters = "_+=,.@-"

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
		if r >= utf8.RuneSelf || r == '+' || !exchange.Alphanumeric(byte(r)) && strings.IndexByte(sessionLetters, byte(r)) < 0 {
			r = '-'
		}
		name = append(name, byte(r))
	}
	if len(name) < MinSessionName {
		return "user-" + string(name)
	}
	return string(name)
}

// action begins the form of an action.
func action(name string) []byte {
	return []byte("Action=" + name + "&Version=2011-06-15")
}

// appendField adds a form field, unless it is empty.
func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return exchange.AppendField(dst, name, value)
}

// appendNumber adds a form field, unless it is 0.
func appendNumber(dst []byte, name string, n int) []byte {
	if n == 0 {
		return dst
	}
	return exchange.AppendField(dst, name, strconv.Itoa(n))
}
