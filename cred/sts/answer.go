package sts

import (
	"bytes"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/internal/xmlscan"
	"github.com/bucketline/bucketline/sign"
)

// MaxAnswer is the longest answer that Parse reads, in bytes. Session tokens
// have no documented limit; MinIO's hold the claims and the session policy.
const MaxAnswer = 256 << 10

// Answer is what a service says when it grants an exchange. All but the
// credentials may be empty, since only AWS sends everything.
type Answer struct {
	Credentials    cred.Credentials
	Subject        string // the token's sub
	Audience       string // the client ID that the token is for
	Provider       string // the issuer
	AssumedRoleARN string
	RequestID      string
}

// Parse reads the answer to a Request: its HTTP status and body. It returns an
// *Error when the service refused, whatever the status, and an *AnswerError, or
// a *cred.Error about the expiration, when the answer is not to be trusted.
// Elements are found by name and path; their order and namespace do not matter,
// unknown ones are passed over, and one that is there twice is an error.
func Parse(status int, body []byte) (Answer, error) {
	var d document
	err := d.read(body)
	granted := status >= 200 && status < 300
	switch {
	case !granted && err != nil:
		// A proxy's page, or nothing: the status is all there is.
		return Answer{}, newError(status, "", "", "")
	case err != nil:
		return Answer{}, err
	case !granted || d.code != "":
		return Answer{}, newError(status, d.code, d.message, d.requestID)
	case !d.granted:
		return Answer{}, ErrAnswerUnknown
	case d.accessKey == "" || d.secretKey == "" || d.sessionToken == "" || d.expiration == "":
		return Answer{}, ErrAnswerIncomplete
	}
	end, err := cred.ParseExpiration(d.expiration)
	if err != nil {
		return Answer{}, err
	}
	return Answer{
		Credentials: cred.Credentials{
			Credentials: sign.Credentials{AccessKeyID: d.accessKey, SecretAccessKey: d.secretKey, SessionToken: d.sessionToken},
			Expiration:  end,
		},
		Subject: d.subject, Audience: d.audience, Provider: d.provider, AssumedRoleARN: d.roleARN,
		RequestID: d.requestID,
	}, nil
}

// document is what the elements of an answer or an error hold.
type document struct {
	granted                                        bool
	accessKey, secretKey, sessionToken, expiration string
	subject, audience, provider, roleARN           string
	code, message, requestID                       string
}

const (
	grantPath  = "/AssumeRoleWithWebIdentityResponse"
	resultPath = grantPath + "/AssumeRoleWithWebIdentityResult"
	keysPath   = resultPath + "/Credentials"
)

// elements are those we read, by their path. The second form of an error is
// S3's, which Ceph uses for STS as well.
var elements = [...]struct {
	path  string
	field func(*document) *string
}{
	{keysPath + "/AccessKeyId", func(d *document) *string { return &d.accessKey }},
	{keysPath + "/SecretAccessKey", func(d *document) *string { return &d.secretKey }},
	{keysPath + "/SessionToken", func(d *document) *string { return &d.sessionToken }},
	{keysPath + "/Expiration", func(d *document) *string { return &d.expiration }},
	{resultPath + "/SubjectFromWebIdentityToken", func(d *document) *string { return &d.subject }},
	{resultPath + "/Audience", func(d *document) *string { return &d.audience }},
	{resultPath + "/Provider", func(d *document) *string { return &d.provider }},
	{resultPath + "/AssumedRoleUser/Arn", func(d *document) *string { return &d.roleARN }},
	{grantPath + "/ResponseMetadata/RequestId", func(d *document) *string { return &d.requestID }},
	{"/ErrorResponse/Error/Code", func(d *document) *string { return &d.code }},
	{"/ErrorResponse/Error/Message", func(d *document) *string { return &d.message }},
	{"/ErrorResponse/RequestId", func(d *document) *string { return &d.requestID }},
	{"/Error/Code", func(d *document) *string { return &d.code }},
	{"/Error/Message", func(d *document) *string { return &d.message }},
	{"/Error/RequestId", func(d *document) *string { return &d.requestID }},
}

// read fills d from an answer.
func (d *document) read(body []byte) error {
	if len(body) > MaxAnswer {
		return ErrAnswerTooLarge
	}
	var (
		scan xmlscan.Scanner
		path []byte
		text []byte
		seen [len(elements)]bool
	)
	scan.Reset(body)
	for {
		switch scan.Next() {
		case xmlscan.EOF:
			if scan.Err() != nil {
				return ErrAnswerNotXML
			}
			return nil
		case xmlscan.Start:
			path = append(append(path, '/'), scan.Name()...)
			d.granted = d.granted || string(path) == resultPath
			i := elementAt(path)
			if i < 0 {
				continue
			}
			if seen[i] {
				return ErrAnswerTwice
			}
			seen[i] = true
			text = scan.AppendContent(text[:0])
			*elements[i].field(d) = string(bytes.TrimSpace(text))
			path = path[:bytes.LastIndexByte(path, '/')]
		case xmlscan.End:
			path = path[:bytes.LastIndexByte(path, '/')]
		}
	}
}

func elementAt(path []byte) int {
	for i := range elements {
		if elements[i].path == string(path) {
			return i
		}
	}
	return -1
}
