package fakes3

import (
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// maxSkewMillis is how far the clock of a request may be off (S3 Developer
// Guide, "Signing and Authenticating REST Requests", "Time Stamp Requirement").
const maxSkewMillis = 15 * 60_000

// authenticate verifies who has sent c, in whichever way it says so.
func (s *Store) authenticate(c *call) *refusal {
	authorization := c.sent("authorization")
	_, query4 := c.has("X-Amz-Signature")
	_, query2 := c.has("Signature")
	switch {
	case strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 "):
		return s.header4(c, authorization)
	case strings.HasPrefix(authorization, "AWS "):
		return s.header2(c, authorization)
	case authorization != "":
		return refuse("InvalidArgument").says("Unsupported Authorization Type")
	case query4:
		return s.query4(c)
	case query2:
		return s.query2(c)
	}
	return refuse("AccessDenied").says("Nobody is allowed to do this without a signature.")
}

// known finds the credentials, and holds the token and the time against them.
func (s *Store) known(accessKeyID, token string, at sign.UnixMilli) (*grant, *refusal) {
	g := s.grants[accessKeyID]
	switch {
	case g == nil:
		return nil, refuse("InvalidAccessKeyId").with("AWSAccessKeyId", accessKeyID)
	case token != g.SessionToken:
		return nil, refuse("InvalidToken").with("Token-0", token)
	case at >= g.expires:
		return nil, refuse("ExpiredToken").with("Token-0", token)
	}
	return g, nil
}

// timely holds the time of a signature against the store's clock.
func (c *call) timely(text string) (sign.UnixMilli, *refusal) {
	millis, ok := s3.ParseTime(text)
	at := sign.UnixMilli(millis)
	switch {
	case !ok:
		return 0, refuse("AccessDenied").says("AWS authentication requires a valid Date or x-amz-date header")
	case at < c.at-maxSkewMillis || at > c.at+maxSkewMillis:
		return 0, refuse("RequestTimeTooSkewed").with("RequestTime", text).
			with("ServerTime", string(c.at.AppendISO8601(nil))).
			with("MaxAllowedSkewMilliseconds", strconv.Itoa(maxSkewMillis))
	}
	return at, nil
}

// scope takes a credential apart: ID/20130524/us-east-1/s3/aws4_request.
func scope(credential string) (accessKeyID, day, region string, ok bool) {
	parts := strings.Split(credential, "/")
	n := len(parts)
	if n < 5 || parts[n-1] != "aws4_request" || parts[n-2] != "s3" {
		return "", "", "", false
	}
	return strings.Join(parts[:n-4], "/"), parts[n-4], parts[n-3], true
}

// signed4 is a request as package sign sees it: with the headers that the
// signature says it covers, and no others.
func (s *Store) signed4(c *call, names string) (*s3.Request, *refusal) {
	covered := strings.Split(names, ";")
	r := &s3.Request{Method: c.Method, SignedHost: c.Host, Path: c.Path, Query: c.query}
	for _, f := range c.Header {
		name := strings.ToLower(f.Name)
		switch {
		case slices.Contains(covered, name):
			r.Header = append(r.Header, s3.Field{Name: name, Value: f.Value})
		case strings.HasPrefix(name, "x-amz-") && name != "x-amz-content-sha256", name == "content-md5":
			return nil, refuse("AccessDenied").says("There were headers present in the request which were not signed").with("HeadersNotSigned", name)
		}
	}
	if string(s.v4.AppendSignedHeaders(nil, r)) != names {
		return nil, refuse("SignatureDoesNotMatch").says("The headers that the signature names were not all sent, or not all are ones to sign.")
	}
	return r, nil
}

// header4: S3 API Reference, "Authenticating Requests: Using the Authorization
// Header".
func (s *Store) header4(c *call, authorization string) *refusal {
	var credential, names, signature string
	for _, part := range strings.Split(strings.TrimPrefix(authorization, "AWS4-HMAC-SHA256 "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			names = value
		case "Signature":
			signature = value
		default:
			return refuse("AuthorizationHeaderMalformed")
		}
	}
	date := c.sent("x-amz-date")
	if date == "" {
		date = c.sent("date")
	}
	payload := c.sent("x-amz-content-sha256")
	if payload == "" {
		return refuse("InvalidRequest").says("Missing required header for this request: x-amz-content-sha256")
	}
	r, refused := s.signed4(c, names)
	if refused != nil {
		return refused
	}
	if refused = s.judge4(c, r, claim4{credential, date, c.sent("x-amz-security-token"), signature, payload}, "AuthorizationHeaderMalformed"); refused != nil {
		return refused
	}
	return s.payload(c, payload)
}

// claim4 is what a Version 4 signature says of itself.
type claim4 struct{ credential, date, token, signature, payload string }

func (s *Store) judge4(c *call, r *s3.Request, claim claim4, malformed string) *refusal {
	accessKeyID, day, region, ok := scope(claim.credential)
	if !ok {
		return refuse(malformed)
	}
	if region != s.config.Region {
		return refuse(malformed).says("the region '"+region+"' is wrong").with("Region", s.config.Region)
	}
	at, refused := c.timely(claim.date)
	if refused != nil && malformed == "AuthorizationHeaderMalformed" {
		return refused
	}
	if day != string(at.AppendScopeDate(nil)) {
		return refuse(malformed).says("the scope is of another day than the request")
	}
	g, refused := s.known(accessKeyID, claim.token, c.at)
	if refused != nil {
		return refused
	}
	request := s.v4.AppendCanonicalRequest(nil, r, claim.payload)
	toSign := s.v4.AppendStringToSign(nil, region, at, request)
	want := s.v4.AppendSignature(nil, &g.Credentials, region, at, toSign)
	if subtle.ConstantTimeCompare(want, []byte(claim.signature)) != 1 {
		return refuse("SignatureDoesNotMatch").with("StringToSign", string(toSign)).with("CanonicalRequest", string(request))
	}
	return nil
}

// payload holds the body against the digest that was signed.
func (s *Store) payload(c *call, digest string) *refusal {
	if digest == sign.UnsignedPayload {
		return nil
	}
	if strings.HasPrefix(digest, "STREAMING-") {
		return refuse("NotImplemented").says("This store reads no chunked bodies.")
	}
	if hex.EncodeToString(s.sums.Digest(c.body(), s3.SHA256)) != digest {
		return refuse("XAmzContentSHA256Mismatch")
	}
	return nil
}

// query4: S3 API Reference, "Authenticating Requests: Using Query Parameters".
func (s *Store) query4(c *call) *refusal {
	const malformed = "AuthorizationQueryParametersError"
	seconds, err := strconv.ParseInt(c.param("X-Amz-Expires"), 10, 32)
	if err != nil || seconds < 1 || seconds > sign.MaxExpiresSeconds || c.param("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" {
		return refuse(malformed)
	}
	millis, ok := s3.ParseTime(c.param("X-Amz-Date"))
	switch at := sign.UnixMilli(millis); {
	case !ok:
		return refuse(malformed)
	case c.at < at-maxSkewMillis:
		return refuse("AccessDenied").says("Request is not yet valid")
	case c.at > at+sign.UnixMilli(seconds*1000):
		return refuse("AccessDenied").says("Request has expired").
			with("Expires", string((at+sign.UnixMilli(seconds*1000)).AppendISO8601(nil))).
			with("ServerTime", string(c.at.AppendISO8601(nil)))
	}
	r, refused := s.signed4(c, c.param("X-Amz-SignedHeaders"))
	if refused != nil {
		return refused
	}
	r.Query = slices.DeleteFunc(slices.Clone(c.query), func(f s3.Field) bool { return f.Name == "X-Amz-Signature" })
	claim := claim4{
		c.param("X-Amz-Credential"), c.param("X-Amz-Date"), c.param("X-Amz-Security-Token"),
		c.param("X-Amz-Signature"), sign.UnsignedPayload,
	}
	return s.judge4(c, r, claim, malformed)
}

// header2: S3 Developer Guide, "Signing and Authenticating REST Requests".
func (s *Store) header2(c *call, authorization string) *refusal {
	accessKeyID, signature, ok := strings.Cut(strings.TrimPrefix(authorization, "AWS "), ":")
	if !ok {
		return refuse("InvalidArgument").says("AWS authorization header is invalid.")
	}
	date := c.sent("x-amz-date")
	if date == "" {
		date = c.sent("date")
	}
	if _, refused := c.timely(date); refused != nil {
		return refused
	}
	return s.judge2(c, accessKeyID, c.sent("x-amz-security-token"), signature, 0)
}

func (s *Store) query2(c *call) *refusal {
	expires, err := strconv.ParseInt(c.param("Expires"), 10, 64)
	switch {
	case err != nil || expires <= 0:
		return refuse("AccessDenied").says("Invalid date (should be seconds since epoch)")
	case int64(c.at)/1000 >= expires:
		return refuse("AccessDenied").says("Request has expired")
	}
	return s.judge2(c, c.param("AWSAccessKeyId"), c.param("X-Amz-Security-Token"), c.param("Signature"), expires)
}

func (s *Store) judge2(c *call, accessKeyID, token, signature string, expires int64) *refusal {
	g, refused := s.known(accessKeyID, token, c.at)
	if refused != nil {
		return refused
	}
	r := &s3.Request{Method: c.Method, SignedHost: c.Host, Path: c.Path, Query: c.query, Header: c.Header}
	if c.virtual {
		r.VirtualBucket = s.config.Bucket
	}
	toSign := s.v2.AppendStringToSign(nil, r, expires)
	want := s.v2.AppendSignature(nil, &g.Credentials, toSign)
	if subtle.ConstantTimeCompare(want, []byte(signature)) != 1 {
		return refuse("SignatureDoesNotMatch").with("StringToSign", string(toSign))
	}
	// Conditional writes need Version 4 (User Guide, "How to prevent object
	// overwrites with conditional writes").
	if c.sent("if-none-match") != "" || c.sent("if-match") != "" {
		return refuse("NotImplemented")
	}
	return nil
}
