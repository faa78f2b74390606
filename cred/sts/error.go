package sts

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParameterError says what is wrong with a WebIdentity. It never quotes it. The
// values below are all there are: compare with errors.Is.
type ParameterError struct{ code, text string }

// Error describes the mistake to a developer.
func (e *ParameterError) Error() string { return "AssumeRoleWithWebIdentity: " + e.text }

// Code is stable API, such as "STSEndpointMissing".
func (e *ParameterError) Code() string { return e.code }

// What WebIdentity.Request refuses.
var (
	ErrNoEndpoint       = &ParameterError{"STSEndpointMissing", "no endpoint"}
	ErrBadEndpoint      = &ParameterError{"STSEndpointInvalid", "endpoint is not https://host[:port][/path]"}
	ErrInsecureEndpoint = &ParameterError{"STSEndpointInsecure", "endpoint is http, and not this machine"}
	ErrNoRoleARN        = &ParameterError{"RoleARNMissing", "AWS wants a role ARN"}
	ErrBadRoleARN       = &ParameterError{"RoleARNInvalid", "role ARN does not begin with arn:, or has not 20 to 2048 visible characters"}
	ErrNoSessionName    = &ParameterError{"RoleSessionNameMissing", "AWS wants a role session name"}
	ErrBadSessionName   = &ParameterError{"RoleSessionNameInvalid", "role session name is not 2 to 64 of A-Z a-z 0-9 _ + = , . @ -"}
	ErrNoToken          = &ParameterError{"IDTokenMissing", "no ID token"}
	ErrBadToken         = &ParameterError{"IDTokenInvalid", "ID token is not 4 to 20000 visible characters"}
	ErrBadDuration      = &ParameterError{"DurationInvalid", "duration is outside what the service allows"}
	ErrBadPolicy        = &ParameterError{"SessionPolicyInvalid", "session policy is longer than 2048 characters or has one beyond U+00FF"}
)

// AnswerError says that an answer is not what the API Reference describes: it
// does not come from a token service, or was cut off.
type AnswerError struct{ text string }

// Error describes the answer without quoting it.
func (e *AnswerError) Error() string { return "AssumeRoleWithWebIdentity: " + e.text }

// Code is stable API.
func (e *AnswerError) Code() string { return "STSAnswerInvalid" }

// What Parse refuses.
var (
	ErrAnswerTooLarge   = &AnswerError{"answer is too large"}
	ErrAnswerNotXML     = &AnswerError{"answer is not well-formed XML"}
	ErrAnswerUnknown    = &AnswerError{"answer is of another kind"}
	ErrAnswerTwice      = &AnswerError{"answer has an element twice"}
	ErrAnswerIncomplete = &AnswerError{"answer lacks a part of the credentials"}
)

// Error is the service's refusal.
type Error struct {
	Code      string // such as "ExpiredTokenException"; empty when it gave none
	Status    int    // HTTP status
	Message   string // the service's words, at most MaxMessage bytes, without tokens
	RequestID string // for the service's operator
}

// MaxMessage is in bytes.
const MaxMessage = 512

// Error gives status, code, message and request ID.
func (e *Error) Error() string {
	text := "AssumeRoleWithWebIdentity: " + strconv.Itoa(e.Status)
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

	// NewToken: get another ID token, if need be by signing in again, and try
	// once with it. A new token that is refused like the old one means Stop.
	NewToken
)

// Advice follows the code, and the status where the code says nothing.
func (e *Error) Advice() Advice {
	for _, row := range advice {
		// AWS names some of its exceptions with the suffix and some without.
		if row.code == strings.TrimSuffix(e.Code, "Exception") {
			return row.advice
		}
	}
	if e.Status == 429 || e.Status >= 500 {
		return Retry
	}
	return Stop
}

// advice by code: API Reference, "Errors" of AssumeRoleWithWebIdentity and
// "Common Errors"; MinIO's own are ExpiredToken and STSNotInitialized. A code
// that is missing here, such as AccessDenied, means Stop unless the status says
// otherwise.
var advice = [...]struct {
	code   string
	advice Advice
}{
	{"ExpiredToken", NewToken},
	{"InvalidIdentityToken", NewToken},
	{"IDPRejectedClaim", NewToken},
	{"IDPCommunicationError", Retry},
	{"InternalError", Retry},
	{"InternalFailure", Retry},
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

// newError makes an Error of what an answer says. An answer may say anything,
// the token included.
func newError(status int, code, message, requestID string) *Error {
	e := &Error{Status: status, Message: cleanMessage(message)}
	if len(code) <= 64 && only(code, codeLetters) && !strings.Contains(code, tokenStart) {
		e.Code = code
	}
	if len(requestID) <= 128 && visible(requestID) && !strings.Contains(requestID, tokenStart) {
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

// cleanMessage bounds a message, makes one line of it, and takes out what looks
// like a token.
func cleanMessage(s string) string {
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
	for n < len(s) && (alphanumeric(s[n]) || strings.IndexByte("-_.=", s[n]) >= 0) {
		n++
	}
	return n
}
