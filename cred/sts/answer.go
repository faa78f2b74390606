package sts

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
)

// MaxAnswer is the longest answer that is read, in bytes.
const MaxAnswer = exchange.MaxAnswer

// Answer is what a service says when it grants an exchange. All but the
// credentials may be empty, since only AWS sends everything, and none of it for
// every action.
type Answer struct {
	Credentials    cred.Credentials
	Subject        string // the token's sub
	Audience       string // the client ID that the token is for
	Provider       string // the issuer
	AssumedRoleARN string
	RequestID      string
}

// Parse reads the answer to the Request of a WebIdentity: its HTTP status and
// body. It returns an *Error when the service refused, whatever the status, and
// an *AnswerError, or a *cred.Error about the expiration, when the answer is not
// to be trusted. Elements are found by name and path; their order and namespace
// do not matter, unknown ones are passed over, and one that is there twice is an
// error.
func Parse(status int, body []byte) (Answer, error) {
	return parse("AssumeRoleWithWebIdentity", status, body)
}

// ParseAssumeRole is Parse for the Request of an AssumeRole.
func ParseAssumeRole(status int, body []byte) (Answer, error) {
	return parse("AssumeRole", status, body)
}

// ParseSessionToken is Parse for the Request of a SessionToken.
func ParseSessionToken(status int, body []byte) (Answer, error) {
	return parse("GetSessionToken", status, body)
}

func parse(op string, status int, body []byte) (Answer, error) {
	var (
		a       Answer
		keys    exchange.Keys
		refusal exchange.Refusal
	)
	root := "/" + op + "Response"
	result := root + "/" + op + "Result"
	elements := append(refusal.Elements(),
		exchange.Element{Path: result + "/Credentials/AccessKeyId", Into: &keys.AccessKey},
		exchange.Element{Path: result + "/Credentials/SecretAccessKey", Into: &keys.SecretKey},
		exchange.Element{Path: result + "/Credentials/SessionToken", Into: &keys.SessionToken},
		exchange.Element{Path: result + "/Credentials/Expiration", Into: &keys.Expiration},
		exchange.Element{Path: result + "/SubjectFromWebIdentityToken", Into: &a.Subject},
		exchange.Element{Path: result + "/Audience", Into: &a.Audience},
		exchange.Element{Path: result + "/Provider", Into: &a.Provider},
		exchange.Element{Path: result + "/AssumedRoleUser/Arn", Into: &a.AssumedRoleARN},
		exchange.Element{Path: root + "/ResponseMetadata/RequestId", Into: &a.RequestID},
	)
	found, err := exchange.ReadXML(body, result, elements...)
	granted := exchange.Granted(status)
	switch {
	case !granted && err != nil:
		// A proxy's page, or nothing: the status is all there is.
		return Answer{}, exchange.NewError(op, status, "", "", "")
	case err != nil:
		return Answer{}, err
	case !granted || refusal.Code != "":
		return Answer{}, exchange.NewError(op, status, refusal.Code, refusal.Message, refusal.RequestID)
	case !found:
		return Answer{}, exchange.ErrAnswerUnknown
	}
	if a.Credentials, err = keys.Credentials(); err != nil {
		return Answer{}, err
	}
	return a, nil
}
