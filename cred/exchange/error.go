package exchange

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParameterError says what is wrong with the parameters of an exchange. It
// never quotes them. Those of each package are all the values there are: compare
// with errors.Is.
type ParameterError struct {
	Key  string // what Code returns
	Text string // what Error returns
}

// Error describes the mistake to a developer.
func (e *ParameterError) Error() string { return e.Text }

// Code is stable API, such as "RegionMissing".
func (e *ParameterError) Code() string { return e.Key }

// What the exchanges refuse alike.
var (
	ErrNoEndpoint       = &ParameterError{"ExchangeEndpointMissing", "exchange: no endpoint"}
	ErrBadEndpoint      = &ParameterError{"ExchangeEndpointInvalid", "exchange: endpoint is not https://host[:port][/path]"}
	ErrInsecureEndpoint = &ParameterError{"ExchangeEndpointInsecure", "exchange: endpoint is http, and not this machine"}
	ErrNoRegion         = &ParameterError{"ExchangeRegionMissing", "exchange: no region, and the endpoint does not tell it"}
	ErrBadRegion        = &ParameterError{"ExchangeRegionInvalid", "exchange: region is not lower-case letters, digits and hyphens"}
	ErrBadSource        = &ParameterError{"ExchangeSourceInvalid", "exchange: credentials to sign with are missing, or cannot stand in a header"}
	ErrTooMany          = &ParameterError{"ExchangeEndless", "exchange: it does not come to its end"}
)

// AnswerError says that an answer is not what the API's reference describes: it
// does not come from that service, or was cut off.
type AnswerError struct {
	Text string // what Error returns
}

// Error describes the answer without quoting it.
func (e *AnswerError) Error() string { return e.Text }

// Code is stable API.
func (e *AnswerError) Code() string { return "ExchangeAnswerInvalid" }

// What reading an answer refuses.
var (
	ErrAnswerTooLarge   = &AnswerError{"exchange: answer is too large"}
	ErrAnswerNotXML     = &AnswerError{"exchange: answer is not well-formed XML"}
	ErrAnswerNotJSON    = &AnswerError{"exchange: answer is not well-formed JSON"}
	ErrAnswerUnknown    = &AnswerError{"exchange: answer is of another kind"}
	ErrAnswerTwice      = &AnswerError{"exchange: answer has an element twice"}
	ErrAnswerIncomplete = &AnswerError{"exchange: answer lacks a part of the credentials"}
)

// Error is a service's refusal.
type Error struct {
	Op        string // the API's name of what was asked for; may be empty
	Code      string // such as "ExpiredTokenException"; empty when it gave none
	Status    int    // HTTP status
	Message   string // the service's words, at most MaxMessage bytes, without tokens
	RequestID string // for the service's operator
}

// MaxMessage is in bytes.
const MaxMessage = 512

// Error gives operation, status, code, message and request ID.
func (e *Error) Error() string {
	text := strconv.Itoa(e.Status)
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Advice is what to do about an Error.
type Advice uint8

// The advice.
const (
	// Stop: the same request will be refused again. Somebody has to change the
	// role, its trust policy, the session policy or the configuration.
	Stop Advice = iota + 1

	// Retry the same request after a pause that grows.
	Retry

	// NewToken: get another ID token, or other credentials to sign with, if need
	// be by signing in again, and try once with it. A new one that is refused
	// like the old one means Stop.
	NewToken

	// Clock: the request was signed by a clock that is wrong by minutes. Sign
	// again by the service's, which its Date header tells.
	Clock
)

// Advice follows the code, and the status where the code says nothing.
func (e *Error) Advice() Advice {
	// AWS names some of its exceptions with the suffix and some without.
	code := strings.TrimSuffix(e.Code, "Exception")
	if code == "SignatureDoesNotMatch" || code == "InvalidSignature" {
		// AWS General Reference, "Troubleshoot AWS Signature Version 4": STS and
		// others name an old signature like a false one, and differ in the words.
		if strings.HasPrefix(e.Message, "Signature expired") || strings.HasPrefix(e.Message, "Signature not yet current") {
			return Clock
		}
		return Stop
	}
	for _, row := range advice {
		if row.code == code {
			return row.advice
		}
	}
	switch {
	case e.Status == 401:
		return NewToken
	case e.Status == 429 || e.Status >= 500:
		return Retry
	}
	return Stop
}

// advice by code: STS API Reference, "Errors" of each action and "Common
// Errors"; Amazon Cognito Federated Identities API Reference, "Errors" of GetId,
// GetCredentialsForIdentity and GetOpenIdToken; S3 API Reference, "Error
// Responses". MinIO's own are ExpiredToken and STSNotInitialized. A code that is
// missing here, such as AccessDenied, means Stop unless the status says
// otherwise.
var advice = [...]struct {
	code   string
	advice Advice
}{
	{"ExpiredToken", NewToken},
	{"InvalidIdentityToken", NewToken},
	{"IDPRejectedClaim", NewToken},
	{"NotAuthorized", NewToken},
	{"InvalidAccessKeyId", NewToken},
	{"InvalidClientTokenId", NewToken},
	{"InvalidToken", NewToken},
	{"UnrecognizedClient", NewToken},
	{"RequestTimeTooSkewed", Clock},
	{"RequestExpired", Clock},
	{"ExternalService", Retry},
	{"IDPCommunicationError", Retry},
	{"InternalError", Retry},
	{"InternalFailure", Retry},
	{"LimitExceeded", Retry},
	{"RequestLimitExceeded", Retry},
	{"RequestTimeout", Retry},
	{"ServiceUnavailable", Retry},
	{"SlowDown", Retry},
	{"STSNotInitialized", Retry},
	{"Throttling", Retry},
	{"TooManyRequests", Retry},
	{"MalformedPolicyDocument", Stop},
	{"PackedPolicyTooLarge", Stop},
	{"RegionDisabled", Stop},
}

// NewError makes an Error of what an answer says. An answer may say anything,
// the token included, so what looks like one is left out.
func NewError(op string, status int, code, message, requestID string) *Error {
	e := &Error{Op: op, Status: status, Message: Clean(message)}
	if len(code) <= 64 && only(code, codeLetters) && !strings.Contains(code, tokenStart) {
		e.Code = code
	}
	if len(requestID) <= 128 && Visible(requestID) && !strings.Contains(requestID, tokenStart) {
		e.RequestID = requestID
	}
	return e
}

const codeLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

// tokenStart begins every JSON Web Token: base64url of `{"`, with which its
// header begins (RFC 7515, section 3). Other tokens are known by their length:
// no word of a message, nor any part of an ARN or URL, has so many letters.
const (
	tokenStart  = "eyJ"
	tokenLength = 64
)

// Clean bounds a message to MaxMessage bytes, makes one line of it, and takes
// out what looks like a token.
func Clean(s string) string {
	out := make([]byte, 0, min(len(s), MaxMessage))
	for len(s) > 0 && len(out) < MaxMessage {
		n := wordLength(s)
		token := strings.Index(s[:n], tokenStart)
		switch {
		case n >= tokenLength:
			out = append(out, "[token]"...)
		case token >= 0:
			out = append(append(out, s[:token]...), "[token]"...)
		case n > 0:
			out = append(out, s[:n]...)
		default:
			var r rune
			if r, n = utf8.DecodeRuneInString(s); r < ' ' || r == 0x7f || r == utf8.RuneError {
				r = ' '
			}
			out = utf8.AppendRune(out, r)
		}
		s = s[n:]
	}
	for len(out) > MaxMessage { // by the last word or letter: drop it whole
		_, n := utf8.DecodeLastRune(out)
		out = out[:len(out)-n]
	}
	return strings.TrimSpace(string(out))
}

// wordLength counts the letters of base64url that s begins with, and the points
// between them.
func wordLength(s string) int {
	n := 0
	for n < len(s) && (Alphanumeric(s[n]) || strings.IndexByte("-_.=", s[n]) >= 0) {
		n++
	}
	return n
}
