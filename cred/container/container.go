// Package container asks a JSON endpoint for temporary credentials, in the form
// of the AWS container credential provider: a GET, answered with AccessKeyId,
// SecretAccessKey, Token and Expiration. Amazon ECS and EKS have such an endpoint
// beside each container; "bucketline issuer" answers in the same form, and any
// server of yours can.
//
// It sends nothing. The rule a caller can break: whoever may call the endpoint
// gets the credentials, so one that is not confined to a machine has to ask for
// an Authorization.
//
//	AWS SDKs and Tools Reference Guide, "Container credential provider",
//	https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
package container

import (
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/s3"
)

// Endpoint is one exchange with a JSON endpoint.
type Endpoint struct {
	// URL is the whole address, a query included. It is https, unless the host
	// is this machine or, with Metadata, one of those that only a container
	// reaches.
	URL string

	// Authorized says that the given token is the value of the Authorization
	// header, such as "Bearer eyJ…".
	Authorized bool

	// Metadata allows http to the link-local addresses of ECS and EKS, which are
	// not on any network. It is for programs in a container, not for pages.
	Metadata bool
}

// The limits, in bytes.
const (
	MaxURL           = 2048
	MaxAuthorization = 32 << 10
)

// What Endpoint refuses, beside what package exchange does.
var (
	ErrNoAuthorization  = &exchange.ParameterError{Key: "AuthorizationMissing", Text: "container credentials: no authorization"}
	ErrBadAuthorization = &exchange.ParameterError{Key: "AuthorizationInvalid", Text: "container credentials: authorization cannot stand in a header"}
)

// The hosts that a container reaches and nobody else: "Container credential
// provider", AWS_CONTAINER_CREDENTIALS_FULL_URI; the last two are EKS Pod
// Identity's.
const ecsHost = "169.254.170.2"

var metadataHosts = [...]string{ecsHost, "169.254.170.23", "[fd00:ec2::23]"}

// Op implements exchange.Service.
func (e *Endpoint) Op() string { return "GetCredentials" }

// Need implements exchange.Service.
func (e *Endpoint) Need() exchange.Need {
	if e.Authorized {
		return exchange.NeedToken
	}
	return exchange.NeedNothing
}

// Restart implements exchange.Service.
func (e *Endpoint) Restart() {}

// Word implements exchange.Service.
func (e *Endpoint) Word(given *exchange.Given) (exchange.Request, error) {
	if err := e.check(); err != nil {
		return exchange.Request{}, err
	}
	r := exchange.Request{Method: "GET", URL: e.URL, Header: []s3.Field{{Name: "accept", Value: "application/json"}}}
	if e.Authorized {
		switch {
		case given.Token == "":
			return exchange.Request{}, ErrNoAuthorization
		case len(given.Token) > MaxAuthorization || !headerValue(given.Token):
			return exchange.Request{}, ErrBadAuthorization
		}
		r.Header = append(r.Header, s3.Field{Name: "authorization", Value: given.Token})
	}
	return r, nil
}

// check checks the address, whose query is taken as it is.
func (e *Endpoint) check() error {
	base, query, _ := strings.Cut(e.URL, "?")
	if len(e.URL) > MaxURL || !exchange.Visible(query) || strings.IndexByte(query, '#') >= 0 {
		return exchange.ErrBadEndpoint
	}
	if e.Metadata {
		if rest, ok := strings.CutPrefix(base, "http://"); ok && metadata(rest) {
			base = "https://" + rest // checked as what it need not be
		}
	}
	_, err := exchange.ParseEndpoint(base)
	return err
}

func metadata(rest string) bool {
	authority, _, _ := strings.Cut(rest, "/")
	for _, host := range metadataHosts {
		if authority == host || strings.HasPrefix(authority, host+":") {
			return true
		}
	}
	return false
}

// headerValue: printable ASCII, spaces inside (RFC 9110, section 5.5).
func headerValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return strings.TrimSpace(s) == s
}

// Read implements exchange.Service.
func (e *Endpoint) Read(_ *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	c, err := Parse(status, body)
	return c, err == nil, err
}

// Parse reads the endpoint's answer. SessionToken is taken for Token, as
// credential_process and "aws configure export-credentials" call it. The error
// is an *exchange.Error, an *exchange.AnswerError or a *cred.Error about the
// expiration.
func Parse(status int, body []byte) (cred.Credentials, error) {
	if !exchange.Granted(status) {
		return cred.Credentials{}, exchange.JSONRefusal("GetCredentials", status, body)
	}
	var keys exchange.Keys
	var other, code string
	found, err := exchange.ReadJSON(body,
		exchange.Element{Path: "/AccessKeyId", Into: &keys.AccessKey},
		exchange.Element{Path: "/SecretAccessKey", Into: &keys.SecretKey},
		exchange.Element{Path: "/Token", Into: &keys.SessionToken},
		exchange.Element{Path: "/SessionToken", Into: &other},
		exchange.Element{Path: "/Expiration", Into: &keys.Expiration},
		exchange.Element{Path: "/code", Into: &code})
	switch {
	case err != nil:
		return cred.Credentials{}, err
	case !found:
		return cred.Credentials{}, exchange.ErrAnswerUnknown
	case code != "" && keys.AccessKey == "":
		return cred.Credentials{}, exchange.JSONRefusal("GetCredentials", status, body)
	case keys.SessionToken != "" && other != "":
		return cred.Credentials{}, exchange.ErrAnswerTwice
	case other != "":
		keys.SessionToken = other
	}
	return keys.Credentials()
}

// Environment is what AWS_CONTAINER_CREDENTIALS_… and
// AWS_CONTAINER_AUTHORIZATION_TOKEN… say.
type Environment struct {
	RelativeURI string // AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
	FullURI     string // AWS_CONTAINER_CREDENTIALS_FULL_URI
	Token       string // AWS_CONTAINER_AUTHORIZATION_TOKEN
	TokenFile   string // AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
}

// Locate says which endpoint the environment means; false when it means none.
// The relative address goes before the full one, and is ECS's. Whether an
// authorization comes from a file, which is read anew each time, is for the
// caller to look at.
func (e Environment) Locate() (Endpoint, bool) {
	authorized := e.Token != "" || e.TokenFile != ""
	switch {
	case e.RelativeURI != "":
		return Endpoint{URL: "http://" + ecsHost + "/" + strings.TrimPrefix(e.RelativeURI, "/"), Authorized: authorized, Metadata: true}, true
	case e.FullURI != "":
		return Endpoint{URL: e.FullURI, Authorized: authorized, Metadata: true}, true
	}
	return Endpoint{}, false
}
