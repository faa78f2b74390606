// Package r2 makes temporary credentials for Cloudflare R2, scoped to one
// bucket and to prefixes or keys in it, in the two ways that Cloudflare
// documents: a Bucket asks its API, and Mint derives them on this machine from
// the parent's secret access key.
//
// Both need a long-lived secret of the account, so both are for a server, such
// as an issuer, and never for a page. It sends nothing.
//
//	Cloudflare R2 documentation, "Temporary credentials",
//	https://developers.cloudflare.com/r2/api/s3/temporary-credentials/; Cloudflare
//	API Reference, "Create Temporary Access Credentials".
package r2

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/internal/digest"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Bucket is what the credentials are to be for, and one exchange with the API.
// The token that the exchange is given is an API token that may create them.
type Bucket struct {
	AccountID         string // 32 hexadecimal digits
	ParentAccessKeyID string // of the R2 API token whose rights are narrowed
	Bucket            string

	// Permission is "object-read-write", "object-read-only", "admin-read-write"
	// or "admin-read-only".
	Permission string

	// TTLSeconds is how long they live: 1 to 604,800.
	TTLSeconds int

	// Prefixes and Objects narrow them to keys; none of either: the whole bucket.
	Prefixes, Objects []string

	// Endpoint is the URL of the API; empty means Cloudflare's.
	Endpoint string

	// Jurisdiction is part of the store's host, such as "eu"; empty for none.
	// Mint alone looks at it.
	Jurisdiction string
}

// The limits of the parameters. Those of the number of prefixes and keys are
// ours.
const (
	MaxTTLSeconds = 604_800
	MaxPaths      = 1000 // of each kind
	MaxPath       = 1024 // bytes, as of a key
	accountDigits = 32
)

const defaultEndpoint = "https://api.cloudflare.com/client/v4"

// What Bucket refuses, beside what package exchange does.
var (
	ErrBadAccount    = &exchange.ParameterError{Key: "R2AccountInvalid", Text: "r2: account ID is not 32 hexadecimal digits"}
	ErrBadParent     = &exchange.ParameterError{Key: "R2ParentInvalid", Text: "r2: parent access key ID, or its secret, is missing or cannot be sent"}
	ErrBadBucket     = &exchange.ParameterError{Key: "R2BucketInvalid", Text: "r2: bucket is not 3 to 63 lower-case letters, digits and hyphens"}
	ErrBadPermission = &exchange.ParameterError{Key: "R2PermissionInvalid", Text: "r2: permission is not object-read-write, object-read-only, admin-read-write or admin-read-only"}
	ErrBadTTL        = &exchange.ParameterError{Key: "R2LifeInvalid", Text: "r2: life is not 1 to 604800 seconds"}
	ErrBadPaths      = &exchange.ParameterError{Key: "R2PathsInvalid", Text: "r2: more than 1000 prefixes or keys, or one that is empty, too long or not UTF-8"}
	ErrBadToken      = &exchange.ParameterError{Key: "R2TokenInvalid", Text: "r2: API token is missing, or cannot stand in a header"}
)

// Op implements exchange.Service.
func (b *Bucket) Op() string { return "CreateTemporaryCredentials" }

// Need implements exchange.Service.
func (b *Bucket) Need() exchange.Need { return exchange.NeedToken }

// Restart implements exchange.Service.
func (b *Bucket) Restart() {}

// Word implements exchange.Service.
func (b *Bucket) Word(given *exchange.Given) (exchange.Request, error) {
	if err := b.check(); err != nil {
		return exchange.Request{}, err
	}
	if given.Token == "" || len(given.Token) > cred.MaxSessionToken || !exchange.Visible(given.Token) {
		return exchange.Request{}, ErrBadToken
	}
	address := b.Endpoint
	if address == "" {
		address = defaultEndpoint
	}
	endpoint, err := exchange.ParseEndpoint(address)
	if err != nil {
		return exchange.Request{}, err
	}
	endpoint.Path = strings.TrimSuffix(endpoint.Path, "/") + "/accounts/" + b.AccountID + "/r2/temp-access-credentials"
	body := exchange.AppendMember([]byte{'{'}, "bucket", b.Bucket)
	body = exchange.AppendMember(body, "parentAccessKeyId", b.ParentAccessKeyID)
	body = exchange.AppendMember(body, "permission", b.Permission)
	body = strconv.AppendInt(exchange.AppendName(body, "ttlSeconds"), int64(b.TTLSeconds), 10)
	body = appendList(body, "prefixes", b.Prefixes)
	body = appendList(body, "objects", b.Objects)
	return exchange.Request{
		Method: "POST", URL: endpoint.URL(), ContentType: "application/json",
		Header: []s3.Field{{Name: "authorization", Value: "Bearer " + given.Token}},
		Body:   append(body, '}'),
	}, nil
}

func (b *Bucket) check() error {
	switch {
	case len(b.AccountID) != accountDigits || strings.Trim(b.AccountID, "0123456789abcdef") != "":
		return ErrBadAccount
	case b.ParentAccessKeyID == "" || len(b.ParentAccessKeyID) > cred.MaxAccessKeyID || !exchange.Visible(b.ParentAccessKeyID):
		return ErrBadParent
	case len(b.Bucket) < 3 || !exchange.ValidRegion(b.Bucket):
		return ErrBadBucket
	case b.Permission != "object-read-write" && b.Permission != "object-read-only" &&
		b.Permission != "admin-read-write" && b.Permission != "admin-read-only":
		return ErrBadPermission
	case b.TTLSeconds < 1 || b.TTLSeconds > MaxTTLSeconds:
		return ErrBadTTL
	case !validPaths(b.Prefixes) || !validPaths(b.Objects):
		return ErrBadPaths
	}
	return nil
}

func validPaths(paths []string) bool {
	for _, p := range paths {
		if p == "" || len(p) > MaxPath || !exchange.ValidText(p, MaxPath) {
			return false
		}
	}
	return len(paths) <= MaxPaths
}

// appendList adds a member that is an array of strings, unless it is empty: no
// list means no limit, and an empty one might mean either.
func appendList(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(exchange.AppendName(dst, name), '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = exchange.AppendString(dst, s)
	}
	return append(dst, ']')
}

// Read implements exchange.Service. The answer does not say when the
// credentials end: they live for as long as was asked for, from when it was.
func (b *Bucket) Read(given *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	c, err := Parse(status, body)
	if err != nil {
		return cred.Credentials{}, false, err
	}
	c.Expiration = given.At + sign.UnixMilli(b.TTLSeconds)*1000
	return c, true, nil
}

// Parse reads the API's answer. The credentials have no Expiration yet. The
// error is an *exchange.Error, whose Code is Cloudflare's number, or an
// *exchange.AnswerError.
func Parse(status int, body []byte) (cred.Credentials, error) {
	var (
		keys                   exchange.Keys
		success, code, message string
	)
	found, err := exchange.ReadJSON(body,
		exchange.Element{Path: "/result/accessKeyId", Into: &keys.AccessKey},
		exchange.Element{Path: "/result/secretAccessKey", Into: &keys.SecretKey},
		exchange.Element{Path: "/result/sessionToken", Into: &keys.SessionToken},
		exchange.Element{Path: "/success", Into: &success},
		exchange.Element{Path: "/errors/[]/code", Into: &code},
		exchange.Element{Path: "/errors/[]/message", Into: &message})
	granted := exchange.Granted(status)
	switch {
	case !granted && err != nil:
		return cred.Credentials{}, exchange.NewError("CreateTemporaryCredentials", status, "", "", "")
	case err != nil:
		return cred.Credentials{}, err
	case !granted || success == "false":
		return cred.Credentials{}, exchange.NewError("CreateTemporaryCredentials", status, code, message, "")
	case !found || success != "true":
		return cred.Credentials{}, exchange.ErrAnswerUnknown
	case keys.AccessKey == "" || keys.SecretKey == "" || keys.SessionToken == "":
		return cred.Credentials{}, exchange.ErrAnswerIncomplete
	}
	return keys.Until(0), nil
}

// Mint derives credentials from the parent's secret access key, without asking
// anybody: the session token holds a JSON Web Token that the parent's secret
// signs, and the secret access key is the SHA-256 of it. actions narrow them to
// S3 actions, such as "PutObject"; none: all that Permission allows.
//
// Cloudflare R2 documentation, "Temporary credentials", "Locally (client-side
// signing)".
func (b *Bucket) Mint(parentSecret string, actions []string, at sign.UnixMilli) (cred.Credentials, error) {
	if err := b.check(); err != nil {
		return cred.Credentials{}, err
	}
	if parentSecret == "" || len(parentSecret) > cred.MaxSecretAccessKey || b.Jurisdiction != "" && !exchange.ValidRegion(b.Jurisdiction) {
		return cred.Credentials{}, ErrBadParent
	}
	host := b.AccountID + ".r2.cloudflarestorage.com"
	if b.Jurisdiction != "" {
		host = b.AccountID + "." + b.Jurisdiction + ".r2.cloudflarestorage.com"
	}
	issued := int64(at) / 1000
	ends := issued + int64(b.TTLSeconds)
	claims := exchange.AppendMember([]byte{'{'}, "bucket", b.Bucket)
	claims = exchange.AppendMember(claims, "scope", b.Permission)
	claims = appendList(claims, "actions", actions)
	if len(b.Prefixes)+len(b.Objects) > 0 {
		claims = append(exchange.AppendName(claims, "paths"), '{')
		claims = appendList(claims, "prefixPaths", b.Prefixes)
		claims = append(appendList(claims, "objectPaths", b.Objects), '}')
	}
	claims = exchange.AppendMember(claims, "sub", b.AccountID)
	claims = exchange.AppendMember(claims, "iss", b.ParentAccessKeyID)
	claims = exchange.AppendMember(claims, "aud", host)
	claims = strconv.AppendInt(exchange.AppendName(claims, "iat"), issued, 10)
	claims = strconv.AppendInt(exchange.AppendName(claims, "exp"), ends, 10)
	claims = append(claims, '}')

	token := base64.RawURLEncoding.AppendEncode(nil, []byte(`{"alg":"HS256","typ":"JWT"}`))
	token = base64.RawURLEncoding.AppendEncode(append(token, '.'), claims)
	mac := digest.NewHMACSHA256([]byte(parentSecret))
	mac.Write(token)
	token = base64.RawURLEncoding.AppendEncode(append(token, '.'), mac.Sum(nil))
	secret := digest.SumSHA256(token)
	return cred.Credentials{
		Credentials: sign.Credentials{
			AccessKeyID:     b.ParentAccessKeyID,
			SecretAccessKey: hex.EncodeToString(secret[:]),
			SessionToken:    base64.StdEncoding.EncodeToString(append([]byte("jwt/"), token...)),
		},
		Expiration: sign.UnixMilli(ends) * 1000,
	}, nil
}
