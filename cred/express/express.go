// Package express words CreateSession, which trades credentials for others that
// are for one directory bucket of S3 Express One Zone and live for five minutes,
// and reads the answer. Requests that are signed with those carry their token in
// x-amz-s3session-token, and the scope of their signatures is of the service
// s3express: see sign.V4.
//
// A Session is an exchange.Service; it sends nothing.
//
//	Amazon S3 API Reference, "CreateSession",
//	https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html
package express

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Service is that of the signatures of directory buckets.
const Service = "s3express"

// Session is one CreateSession.
type Session struct {
	// Bucket is the directory bucket's name: BASE--ZONE--x-s3.
	Bucket string

	Region string

	// Endpoint is the URL of the bucket itself; empty means AWS's for its zone.
	Endpoint string

	// ReadOnly asks for credentials that can only read.
	ReadOnly bool
}

// ErrBadBucket is what Session refuses, beside what package exchange does.
var ErrBadBucket = &exchange.ParameterError{Key: "DirectoryBucketInvalid", Text: "CreateSession: bucket is not named BASE--ZONE--x-s3"}

// Op implements exchange.Service.
func (s *Session) Op() string { return "CreateSession" }

// Need implements exchange.Service.
func (s *Session) Need() exchange.Need { return exchange.NeedSource }

// Restart implements exchange.Service.
func (s *Session) Restart() {}

// Word implements exchange.Service.
func (s *Session) Word(given *exchange.Given) (exchange.Request, error) {
	return s.Request(&given.Source, given.At)
}

// Request words and signs the exchange.
func (s *Session) Request(source *sign.Credentials, at sign.UnixMilli) (exchange.Request, error) {
	zone, ok := s3.Zone(s.Bucket)
	if !ok {
		return exchange.Request{}, ErrBadBucket
	}
	if s.Region == "" {
		return exchange.Request{}, exchange.ErrNoRegion
	}
	address := s.Endpoint
	if address == "" {
		address = "https://" + s.Bucket + ".s3express-" + zone + "." + s.Region + "." + exchange.Domain(s.Region)
	}
	endpoint, err := exchange.ParseEndpoint(address)
	if err != nil {
		return exchange.Request{}, err
	}
	mode := "ReadWrite"
	if s.ReadOnly {
		mode = "ReadOnly"
	}
	c := exchange.Call{
		Method: "GET", Endpoint: endpoint, Service: Service, Region: s.Region,
		Query:  []s3.Field{{Name: "session"}},
		Header: []s3.Field{{Name: "x-amz-create-session-mode", Value: mode}},
	}
	return c.Sign(source, at)
}

// Read implements exchange.Service.
func (s *Session) Read(_ *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	c, err := Parse(status, body)
	return c, err == nil, err
}

// Parse reads the answer. The error is an *exchange.Error, an
// *exchange.AnswerError or a *cred.Error about the expiration.
func Parse(status int, body []byte) (cred.Credentials, error) {
	const result = "/CreateSessionResult"
	var keys exchange.Keys
	var refusal exchange.Refusal
	found, err := exchange.ReadXML(body, result, append(refusal.Elements(),
		exchange.Element{Path: result + "/Credentials/AccessKeyId", Into: &keys.AccessKey},
		exchange.Element{Path: result + "/Credentials/SecretAccessKey", Into: &keys.SecretKey},
		exchange.Element{Path: result + "/Credentials/SessionToken", Into: &keys.SessionToken},
		exchange.Element{Path: result + "/Credentials/Expiration", Into: &keys.Expiration})...)
	granted := exchange.Granted(status)
	switch {
	case !granted && err != nil:
		return cred.Credentials{}, exchange.NewError("CreateSession", status, "", "", "")
	case err != nil:
		return cred.Credentials{}, err
	case !granted || refusal.Code != "":
		return cred.Credentials{}, exchange.NewError("CreateSession", status, refusal.Code, refusal.Message, refusal.RequestID)
	case !found:
		return cred.Credentials{}, exchange.ErrAnswerUnknown
	}
	return keys.Credentials()
}
