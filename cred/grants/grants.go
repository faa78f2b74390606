// Package grants words GetDataAccess of S3 Access Grants, which gives a person
// or program credentials for the prefix that a grant allows, and reads the
// answer. It is what AWS's Storage Browser component asks for.
//
// An Access is an exchange.Service; it sends nothing. The rule a caller can
// break: what the credentials allow is what the matched grant allows. With
// DefaultPrivilege that can be more than Target.
//
//	Amazon S3 API Reference, "GetDataAccess",
//	https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetDataAccess.html
package grants

import (
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Access is one GetDataAccess.
type Access struct {
	// AccountID is the account of the Access Grants instance: 12 digits.
	AccountID string

	Region string

	// Endpoint is the URL of S3 Control; empty means AWS's.
	Endpoint string

	// Target is what is wanted: "s3://bucket/prefix/*", or "s3://bucket/key" for
	// one object.
	Target string

	// Permission is "READ", "WRITE" or "READWRITE".
	Permission string

	// DurationSeconds is 900 to 43,200; 0 leaves it to the service: an hour.
	DurationSeconds int

	// DefaultPrivilege takes all that the matched grant allows, which can be
	// wider than Target. Otherwise it is the least that allows Target.
	DefaultPrivilege bool
}

// The limits of the parameters: API Reference, "GetDataAccess".
const (
	MaxTarget          = 2000 // characters
	MinDurationSeconds = 900
	MaxDurationSeconds = 43_200
	accountDigits      = 12
)

const path = "v20180820/accessgrantsinstance/dataaccess"

// What Access refuses, beside what package exchange does.
var (
	ErrBadAccount    = &exchange.ParameterError{Key: "AccountInvalid", Text: "GetDataAccess: account ID is not 12 digits"}
	ErrBadTarget     = &exchange.ParameterError{Key: "GrantTargetInvalid", Text: "GetDataAccess: target is not s3://BUCKET/PREFIX* or s3://BUCKET/KEY, of at most 2000 characters"}
	ErrBadPermission = &exchange.ParameterError{Key: "GrantPermissionInvalid", Text: "GetDataAccess: permission is not READ, WRITE or READWRITE"}
	ErrBadDuration   = &exchange.ParameterError{Key: "DurationInvalid", Text: "GetDataAccess: duration is not 900 to 43200 seconds"}
)

// Op implements exchange.Service.
func (a *Access) Op() string { return "GetDataAccess" }

// Need implements exchange.Service.
func (a *Access) Need() exchange.Need { return exchange.NeedSource }

// Restart implements exchange.Service.
func (a *Access) Restart() {}

// Word implements exchange.Service.
func (a *Access) Word(given *exchange.Given) (exchange.Request, error) {
	return a.Request(&given.Source, given.At)
}

// Request words and signs the exchange.
func (a *Access) Request(source *sign.Credentials, at sign.UnixMilli) (exchange.Request, error) {
	if err := a.check(); err != nil {
		return exchange.Request{}, err
	}
	address := a.Endpoint
	if address == "" {
		address = "https://" + a.AccountID + ".s3-control." + a.Region + "." + exchange.Domain(a.Region)
	}
	endpoint, err := exchange.ParseEndpoint(address)
	if err != nil {
		return exchange.Request{}, err
	}
	if endpoint.Path != "/" {
		return exchange.Request{}, exchange.ErrBadEndpoint
	}
	endpoint.Path += path
	c := exchange.Call{
		Method: "GET", Endpoint: endpoint, Service: "s3", Region: a.Region, Query: a.query(),
		Header: []s3.Field{{Name: "x-amz-account-id", Value: a.AccountID}},
	}
	return c.Sign(source, at)
}

func (a *Access) check() error {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(a.Target, "s3://"), "/")
	switch {
	case len(a.AccountID) != accountDigits || strings.Trim(a.AccountID, "0123456789") != "":
		return ErrBadAccount
	case a.Region == "":
		return exchange.ErrNoRegion
	case !exchange.ValidRegion(a.Region):
		return exchange.ErrBadRegion
	case !strings.HasPrefix(a.Target, "s3://") || bucket == "" || key == "" || !exchange.ValidText(a.Target, MaxTarget):
		return ErrBadTarget
	case a.Permission != "READ" && a.Permission != "WRITE" && a.Permission != "READWRITE":
		return ErrBadPermission
	case a.DurationSeconds != 0 && (a.DurationSeconds < MinDurationSeconds || a.DurationSeconds > MaxDurationSeconds):
		return ErrBadDuration
	}
	return nil
}

// query: a target that does not end in a wildcard is one object, and has to be
// said to be one.
func (a *Access) query() []s3.Field {
	var q []s3.Field
	if a.DurationSeconds != 0 {
		q = append(q, s3.Field{Name: "durationSeconds", Value: strconv.Itoa(a.DurationSeconds)})
	}
	q = append(q, s3.Field{Name: "permission", Value: a.Permission})
	privilege := "Minimal"
	if a.DefaultPrivilege {
		privilege = "Default"
	}
	q = append(q, s3.Field{Name: "privilege", Value: privilege}, s3.Field{Name: "target", Value: a.Target})
	if !strings.HasSuffix(a.Target, "*") {
		q = append(q, s3.Field{Name: "targetType", Value: "Object"})
	}
	return q
}

// Read implements exchange.Service.
func (a *Access) Read(_ *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	answer, err := Parse(status, body)
	return answer.Credentials, err == nil, err
}

// Answer is what S3 Access Grants gives.
type Answer struct {
	Credentials   cred.Credentials
	MatchedTarget string // the scope of the grant, such as "s3://bucket/prefix/*"
}

// Parse reads the answer. The error is an *exchange.Error, an
// *exchange.AnswerError or a *cred.Error about the expiration.
func Parse(status int, body []byte) (Answer, error) {
	const result = "/GetDataAccessResult"
	var (
		a       Answer
		keys    exchange.Keys
		refusal exchange.Refusal
	)
	found, err := exchange.ReadXML(body, result, append(refusal.Elements(),
		exchange.Element{Path: result + "/Credentials/AccessKeyId", Into: &keys.AccessKey},
		exchange.Element{Path: result + "/Credentials/SecretAccessKey", Into: &keys.SecretKey},
		exchange.Element{Path: result + "/Credentials/SessionToken", Into: &keys.SessionToken},
		exchange.Element{Path: result + "/Credentials/Expiration", Into: &keys.Expiration},
		exchange.Element{Path: result + "/MatchedGrantTarget", Into: &a.MatchedTarget})...)
	granted := exchange.Granted(status)
	switch {
	case !granted && err != nil:
		return Answer{}, exchange.NewError("GetDataAccess", status, "", "", "")
	case err != nil:
		return Answer{}, err
	case !granted || refusal.Code != "":
		return Answer{}, exchange.NewError("GetDataAccess", status, refusal.Code, refusal.Message, refusal.RequestID)
	case !found:
		return Answer{}, exchange.ErrAnswerUnknown
	}
	if a.Credentials, err = keys.Credentials(); err != nil {
		return Answer{}, err
	}
	return a, nil
}
