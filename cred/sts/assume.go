package sts

import (
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// AssumeRole is one AssumeRole: credentials for those of a role. It is for a
// machine that may hold the first ones, such as an issuer; never for a page.
//
//	STS API Reference, "AssumeRole".
type AssumeRole struct {
	// Endpoint is as in WebIdentity.
	Endpoint string

	// Region is that of the signature. Empty means what an endpoint of AWS's
	// says, and us-east-1, which is MinIO's and Ceph's too, elsewhere.
	Region string

	// RoleARN and RoleSessionName are as in WebIdentity. MinIO takes no role:
	// the credentials are those of the user who signs, narrowed by Policy.
	RoleARN, RoleSessionName string

	// DurationSeconds is as in WebIdentity. With credentials that come from
	// another role AWS allows 3,600 at most.
	DurationSeconds int

	// Policy is a session policy, as in WebIdentity. Chosen by an issuer and not
	// by the person, it is a boundary.
	Policy string

	// Tags are principal tags of the session: what ${aws:PrincipalTag/NAME}
	// means in the role's own policy. At most 50, each name once.
	Tags []s3.Field

	ExternalID     string // what the trust policy may ask of a third party
	SourceIdentity string // who is behind it, for CloudTrail; cannot be changed later
	SerialNumber   string // of the MFA device, when the trust policy wants MFA
	TokenCode      string // its six digits
}

// SessionToken is one GetSessionToken: a user's permanent keys for temporary
// ones with the same rights, such as after MFA.
//
//	STS API Reference, "GetSessionToken".
type SessionToken struct {
	Endpoint, Region        string // as in AssumeRole
	DurationSeconds         int    // 900 to 129,600 at AWS; 0: 12 hours
	SerialNumber, TokenCode string // as in AssumeRole
}

// The limits of the parameters: STS API Reference, "AssumeRole".
const (
	MaxTags         = 50
	MaxTagName      = 128 // characters
	MaxTagValue     = 256
	MinExternalID   = 2
	MaxExternalID   = 1224
	MinSerialNumber = 9
	MaxSerialNumber = 256
	tokenCodeDigits = 6
	externalLetters = "_+=,.@:/-"
	serialLetters   = "_+=/:,.@-"
	defaultRegion   = "us-east-1"
	serviceName     = "sts"
	globalEndpoint  = "sts.amazonaws.com"
)

// What only AssumeRole and SessionToken refuse.
var (
	ErrBadTags           = &ParameterError{Key: "SessionTagsInvalid", Text: "sts: more than 50 session tags, one twice, or one of no name or of too many characters"}
	ErrBadExternalID     = &ParameterError{Key: "ExternalIDInvalid", Text: "sts: external ID is not 2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -"}
	ErrBadSourceIdentity = &ParameterError{Key: "SourceIdentityInvalid", Text: "sts: source identity is not 2 to 64 of A-Z a-z 0-9 _ + = , . @ -"}
	ErrBadMFA            = &ParameterError{Key: "MFAInvalid", Text: "sts: MFA takes a serial number of 9 to 256 characters and a code of 6 digits"}
)

// Request checks the parameters, and words and signs the exchange. Its errors
// are *ParameterError values.
func (a *AssumeRole) Request(source *sign.Credentials, at sign.UnixMilli) (Request, error) {
	endpoint, err := exchange.ParseEndpoint(a.Endpoint)
	if err != nil {
		return Request{}, err
	}
	if err := a.check(endpoint.Host); err != nil {
		return Request{}, err
	}
	body := action("AssumeRole")
	body = appendField(body, "RoleArn", a.RoleARN)
	body = appendField(body, "RoleSessionName", a.RoleSessionName)
	body = appendNumber(body, "DurationSeconds", a.DurationSeconds)
	body = appendField(body, "Policy", a.Policy)
	for i, tag := range a.Tags {
		member := "Tags.member." + strconv.Itoa(i+1)
		body = exchange.AppendField(body, member+".Key", tag.Name)
		body = exchange.AppendField(body, member+".Value", tag.Value)
	}
	body = appendField(body, "ExternalId", a.ExternalID)
	body = appendField(body, "SourceIdentity", a.SourceIdentity)
	body = appendField(body, "SerialNumber", a.SerialNumber)
	body = appendField(body, "TokenCode", a.TokenCode)
	return signed(endpoint, a.Region, body, source, at)
}

func (a *AssumeRole) check(host string) error {
	if err := checkRole(host, a.RoleARN, a.RoleSessionName); err != nil {
		return err
	}
	switch {
	case !validDuration(host, a.DurationSeconds, MaxAWSDurationSeconds):
		return ErrBadDuration
	case !validPolicy(a.Policy):
		return ErrBadPolicy
	case !validTags(a.Tags):
		return ErrBadTags
	case a.ExternalID != "" && !exchange.Within(a.ExternalID, MinExternalID, MaxExternalID, externalLetters):
		return ErrBadExternalID
	case a.SourceIdentity != "" && !exchange.Within(a.SourceIdentity, MinSessionName, MaxSessionName, sessionLetters):
		return ErrBadSourceIdentity
	}
	return checkMFA(a.SerialNumber, a.TokenCode)
}

// Request checks the parameters, and words and signs the exchange. Its errors
// are *ParameterError values.
func (g *SessionToken) Request(source *sign.Credentials, at sign.UnixMilli) (Request, error) {
	endpoint, err := exchange.ParseEndpoint(g.Endpoint)
	if err != nil {
		return Request{}, err
	}
	if !validDuration(endpoint.Host, g.DurationSeconds, MaxAWSSessionTokenSeconds) {
		return Request{}, ErrBadDuration
	}
	if err := checkMFA(g.SerialNumber, g.TokenCode); err != nil {
		return Request{}, err
	}
	body := appendNumber(action("GetSessionToken"), "DurationSeconds", g.DurationSeconds)
	body = appendField(body, "SerialNumber", g.SerialNumber)
	body = appendField(body, "TokenCode", g.TokenCode)
	return signed(endpoint, g.Region, body, source, at)
}

// validTags: STS API Reference, "Tag". Names are compared as they are: AWS
// refuses two that differ in case alone, and says so.
func validTags(tags []s3.Field) bool {
	if len(tags) > MaxTags {
		return false
	}
	for i, tag := range tags {
		if tag.Name == "" || !exchange.ValidText(tag.Name, MaxTagName) || !exchange.ValidText(tag.Value, MaxTagValue) {
			return false
		}
		for _, other := range tags[:i] {
			if other.Name == tag.Name {
				return false
			}
		}
	}
	return true
}

func checkMFA(serial, code string) error {
	switch {
	case serial == "" && code == "":
		return nil
	case !exchange.Within(serial, MinSerialNumber, MaxSerialNumber, serialLetters),
		len(code) != tokenCodeDigits || strings.Trim(code, "0123456789") != "":
		return ErrBadMFA
	}
	return nil
}

func signed(endpoint exchange.Endpoint, region string, body []byte, source *sign.Credentials, at sign.UnixMilli) (Request, error) {
	if region == "" {
		region = regionOf(endpoint.Host)
	}
	if strings.IndexByte(endpoint.Path, '%') >= 0 {
		return Request{}, exchange.ErrBadEndpoint // services but S3 encode a path twice, which package sign does not
	}
	c := exchange.Call{
		Method: "POST", Endpoint: endpoint, ContentType: exchange.ContentForm, Body: body, Service: serviceName, Region: region,
	}
	return c.Sign(source, at)
}

// regionOf is the region that an endpoint is in: IAM User Guide, "Manage AWS STS
// in an AWS Region". The global endpoint's is us-east-1.
func regionOf(host string) string {
	if !exchange.Amazon(host) || host == globalEndpoint {
		return defaultRegion
	}
	for _, prefix := range []string{"sts.", "sts-fips."} {
		if rest, ok := strings.CutPrefix(host, prefix); ok {
			region, _, _ := strings.Cut(rest, ".")
			return region
		}
	}
	return "" // some VPC endpoint: its region has to be said
}
