// Package cognito words the exchange of an ID token for temporary credentials
// with an Amazon Cognito identity pool, and reads the answers. In the enhanced
// flow the pool chooses the role: GetId, then GetCredentialsForIdentity. In the
// basic flow the caller does: GetId, GetOpenIdToken, then STS's
// AssumeRoleWithWebIdentity. Without a provider's name it is a guest of the pool
// who asks.
//
// A Pool is an exchange.Service; it sends nothing. The rule a caller can break:
// in the basic flow the role's trust policy has to test the pool
// (cognito-identity.amazonaws.com:aud), and the role named here is chosen by
// whoever runs this code.
//
//	Amazon Cognito Federated Identities API Reference,
//	https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/; Amazon
//	Cognito Developer Guide, "Identity pools authentication flow".
package cognito

import (
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/internal/ascii"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Pool is one exchange with an identity pool.
type Pool struct {
	// IdentityPoolID is REGION:UUID.
	IdentityPoolID string

	// Endpoint is the URL of the service; empty means that of the pool's region
	// at AWS.
	Endpoint string

	// Provider is the key of the token in the pool's Logins: the issuer without
	// https://, such as "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	// or "accounts.google.com". With https:// it is taken without. Empty: a guest.
	Provider string

	// AccountID is the AWS account of the pool, 12 digits; it may be empty.
	AccountID string

	// CustomRoleARN is one of the roles that the token's claim cognito:roles
	// names, when the pool is to give that one; only in the enhanced flow.
	CustomRoleARN string

	// RoleARN makes it the basic flow, with this role. The other fields are
	// those of sts.WebIdentity; the STS's endpoint is by default that of the
	// pool's region.
	RoleARN, RoleSessionName, Policy, STSEndpoint string
	DurationSeconds                               int

	identityID string // what GetId answered
	openID     string // what GetOpenIdToken answered
}

// The limits of the parameters and of what the service answers: API Reference.
const (
	MaxIdentityPoolID = 55
	MaxIdentityID     = 55
	MaxProvider       = 128
	MaxToken          = 50_000
	accountDigits     = 12
	defaultSession    = "bucketline" // what the log shows when nobody said a name
)

// What Pool refuses, beside what packages exchange and sts do.
var (
	ErrBadPool     = &exchange.ParameterError{Key: "IdentityPoolInvalid", Text: "cognito: identity pool ID is not REGION:UUID"}
	ErrBadProvider = &exchange.ParameterError{Key: "LoginProviderInvalid", Text: "cognito: provider is not an issuer's host and path, of at most 128 characters"}
	ErrBadAccount  = &exchange.ParameterError{Key: "AccountInvalid", Text: "cognito: account ID is not 12 digits"}
	ErrTwoRoles    = &exchange.ParameterError{Key: "RoleARNTwice", Text: "cognito: a custom role is for the enhanced flow, a role for the basic one"}
)

// String names the pool, without the tokens that it has been given.
func (p *Pool) String() string { return "Pool{" + p.IdentityPoolID + ", tokens redacted}" }

// GoString is String, so that %#v shows no token either.
func (p *Pool) GoString() string { return p.String() }

// Op implements exchange.Service: the action that comes next.
func (p *Pool) Op() string {
	switch {
	case p.identityID == "":
		return "GetId"
	case p.RoleARN == "":
		return "GetCredentialsForIdentity"
	case p.openID == "":
		return "GetOpenIdToken"
	}
	return "AssumeRoleWithWebIdentity"
}

// Need implements exchange.Service.
func (p *Pool) Need() exchange.Need {
	if p.Provider == "" {
		return exchange.NeedNothing
	}
	return exchange.NeedToken
}

// Restart implements exchange.Service.
func (p *Pool) Restart() { p.identityID, p.openID = "", "" }

// Word implements exchange.Service.
func (p *Pool) Word(given *exchange.Given) (exchange.Request, error) {
	endpoint, region, err := p.check(given.Token)
	if err != nil {
		return exchange.Request{}, err
	}
	if p.openID != "" {
		return p.assume(region).Request()
	}
	op := p.Op()
	body := []byte{'{'}
	if op == "GetId" {
		if p.AccountID != "" {
			body = exchange.AppendMember(body, "AccountId", p.AccountID)
		}
		body = exchange.AppendMember(body, "IdentityPoolId", p.IdentityPoolID)
	} else {
		body = exchange.AppendMember(body, "IdentityId", p.identityID)
	}
	if p.Provider != "" {
		body = append(exchange.AppendName(body, "Logins"), '{')
		body = append(exchange.AppendMember(body, p.provider(), given.Token), '}')
	}
	if op == "GetCredentialsForIdentity" && p.CustomRoleARN != "" {
		body = exchange.AppendMember(body, "CustomRoleArn", p.CustomRoleARN)
	}
	return exchange.Request{
		Method: "POST", URL: endpoint.URL(), ContentType: "application/x-amz-json-1.1",
		Header: []s3.Field{{Name: "x-amz-target", Value: "AWSCognitoIdentityService." + op}},
		Body:   append(body, '}'),
	}, nil
}

// assume is the last request of the basic flow.
func (p *Pool) assume(region string) *sts.WebIdentity {
	w := &sts.WebIdentity{
		Endpoint: p.STSEndpoint, RoleARN: p.RoleARN, RoleSessionName: p.RoleSessionName, Token: p.openID,
		DurationSeconds: p.DurationSeconds, Policy: p.Policy,
	}
	if w.Endpoint == "" {
		w.Endpoint = "https://sts." + region + "." + exchange.Domain(region)
	}
	if w.RoleSessionName == "" {
		w.RoleSessionName = defaultSession
	}
	return w
}

// check checks all parameters before anything is sent, those of the last
// request too: nobody should sign in for an exchange that cannot end.
func (p *Pool) check(token string) (endpoint exchange.Endpoint, region string, err error) {
	region, id, ok := strings.Cut(p.IdentityPoolID, ":")
	if !ok || len(p.IdentityPoolID) > MaxIdentityPoolID || !exchange.ValidRegion(region) || !validUUID(id) {
		return endpoint, "", ErrBadPool
	}
	address := p.Endpoint
	if address == "" {
		address = "https://cognito-identity." + region + "." + exchange.Domain(region)
	}
	if endpoint, err = exchange.ParseEndpoint(address); err != nil {
		return endpoint, "", err
	}
	switch {
	case p.AccountID != "" && (len(p.AccountID) != accountDigits || strings.Trim(p.AccountID, "0123456789") != ""):
		return endpoint, "", ErrBadAccount
	case p.CustomRoleARN != "" && p.RoleARN != "":
		return endpoint, "", ErrTwoRoles
	case p.CustomRoleARN != "" && (!strings.HasPrefix(p.CustomRoleARN, "arn:") || !exchange.Visible(p.CustomRoleARN) ||
		len(p.CustomRoleARN) < sts.MinRoleARN || len(p.CustomRoleARN) > sts.MaxRoleARN):
		return endpoint, "", sts.ErrBadRoleARN
	case p.Provider != "" && (p.provider() == "" || len(p.provider()) > MaxProvider || !exchange.Visible(p.provider())):
		return endpoint, "", ErrBadProvider
	case p.Provider != "" && token == "":
		return endpoint, "", sts.ErrNoToken
	case p.Provider != "" && (len(token) > MaxToken || !exchange.Visible(token)):
		return endpoint, "", sts.ErrBadToken
	}
	if p.RoleARN != "" && p.openID == "" {
		last := p.assume(region)
		last.Token = "not-there-yet"
		_, err = last.Request()
	}
	return endpoint, region, err
}

func (p *Pool) provider() string {
	return strings.TrimSuffix(strings.TrimPrefix(p.Provider, "https://"), "/")
}

func validUUID(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef-") == "" }

// Read implements exchange.Service.
func (p *Pool) Read(_ *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	switch op := p.Op(); op {
	case "AssumeRoleWithWebIdentity":
		a, err := sts.Parse(status, body)
		return a.Credentials, err == nil, err
	case "GetCredentialsForIdentity":
		c, err := ParseCredentials(status, body)
		return c, err == nil, err
	case "GetId":
		id, err := ParseIdentity(status, body)
		p.identityID = id
		return cred.Credentials{}, false, err
	default:
		id, token, err := ParseToken(status, body)
		if id != "" {
			p.identityID = id // another, when two identities were merged
		}
		p.openID = token
		return cred.Credentials{}, false, err
	}
}

// ParseIdentity reads the answer to GetId and returns the identity's ID. Its
// error is an *exchange.Error or an *exchange.AnswerError, as that of the
// others.
func ParseIdentity(status int, body []byte) (string, error) {
	var id string
	if err := read("GetId", status, body, exchange.Element{Path: "/IdentityId", Into: &id}); err != nil {
		return "", err
	}
	if !validIdentity(id) {
		return "", exchange.ErrAnswerIncomplete
	}
	return id, nil
}

// ParseToken reads the answer to GetOpenIdToken: the identity's ID and the
// token that STS takes for it.
func ParseToken(status int, body []byte) (identityID, token string, err error) {
	err = read("GetOpenIdToken", status, body,
		exchange.Element{Path: "/IdentityId", Into: &identityID}, exchange.Element{Path: "/Token", Into: &token})
	switch {
	case err != nil:
		return "", "", err
	case token == "" || identityID != "" && !validIdentity(identityID):
		return "", "", exchange.ErrAnswerIncomplete
	}
	return identityID, token, nil
}

// ParseCredentials reads the answer to GetCredentialsForIdentity. What other
// services call SecretAccessKey is SecretKey here, and the end is a number.
func ParseCredentials(status int, body []byte) (cred.Credentials, error) {
	var keys exchange.Keys
	err := read("GetCredentialsForIdentity", status, body,
		exchange.Element{Path: "/Credentials/AccessKeyId", Into: &keys.AccessKey},
		exchange.Element{Path: "/Credentials/SecretKey", Into: &keys.SecretKey},
		exchange.Element{Path: "/Credentials/SessionToken", Into: &keys.SessionToken},
		exchange.Element{Path: "/Credentials/Expiration", Into: &keys.Expiration})
	switch {
	case err != nil:
		return cred.Credentials{}, err
	case keys.AccessKey == "" || keys.SecretKey == "" || keys.SessionToken == "" || keys.Expiration == "":
		return cred.Credentials{}, exchange.ErrAnswerIncomplete
	}
	end, ok := ParseSeconds(keys.Expiration)
	if !ok {
		return cred.Credentials{}, cred.ErrExpirationRange
	}
	return keys.Until(end), nil
}

// read reads a granted answer, or makes an error of a refusal.
func read(op string, status int, body []byte, elements ...exchange.Element) error {
	if !exchange.Granted(status) {
		return exchange.JSONRefusal(op, status, body)
	}
	found, err := exchange.ReadJSON(body, elements...)
	if err == nil && !found {
		err = exchange.ErrAnswerUnknown
	}
	return err
}

func validIdentity(id string) bool {
	return id != "" && len(id) <= MaxIdentityID && exchange.Within(id, 1, MaxIdentityID, "-_:")
}

// ParseSeconds reads a number of seconds since 1970 as AWS JSON 1.1 has it, such
// as 1795424400, 1795424400.123 or 1.795424400123E9; what is below a
// millisecond is dropped. It takes times after 1970 that cred takes.
func ParseSeconds(s string) (sign.UnixMilli, bool) {
	mantissa, power, scientific := strings.Cut(ascii.Lower(s), "e")
	exponent := 0
	if scientific {
		n, err := strconv.ParseInt(strings.TrimPrefix(power, "+"), 10, 8)
		if err != nil || strings.HasPrefix(power, "+-") || strings.HasPrefix(power, "++") {
			return 0, false
		}
		exponent = int(n)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > 32 {
		return 0, false
	}
	// The number is 0.digits times ten to the power of point; in milliseconds
	// it has three more digits before the point.
	keep := len(whole) + exponent + 3
	for len(digits) > 1 && digits[0] == '0' {
		digits, keep = digits[1:], keep-1
	}
	if keep <= 0 || keep > 15 {
		return 0, false
	}
	for len(digits) < keep {
		digits += "0"
	}
	n, err := strconv.ParseInt(digits[:keep], 10, 64)
	if err != nil || n <= 0 || sign.UnixMilli(n) > cred.MaxExpiration {
		return 0, false
	}
	return sign.UnixMilli(n), true
}
