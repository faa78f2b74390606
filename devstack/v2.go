package devstack

import (
	"crypto/hmac"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// maxSkew is how far a header-signed request's date may be from ours, either
// way (S3 Developer Guide, "Signing and Authenticating REST Requests", Time
// Stamp Requirement).
const maxSkew = 15 * time.Minute

// headerV2 verifies a request with a Signature Version 2 Authorization header
// and returns it signed with Version 4.
func (f *front) headerV2(r *http.Request, at place) (*http.Request, *refusal) {
	access, given, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS "), ":")
	if !ok {
		return nil, &refusal{http.StatusBadRequest, "InvalidArgument", "The Authorization header is not AWS ID:SIGNATURE."}
	}
	s, err := f.vault.open(access, r.Header.Get("X-Amz-Security-Token"))
	if err != nil {
		return nil, refusedSession(err)
	}
	if refused := f.checkDate(r.Header); refused != nil {
		return nil, refused
	}
	var signer sign.V2
	want := signer.AppendSignature(nil, s.credentials(), signer.AppendStringToSign(nil, requestV2(r, at), 0))
	if !hmac.Equal(want, []byte(given)) {
		return nil, refusedSignature
	}
	return f.resign(r, s, r.URL.Query()), nil
}

// checkDate refuses a request that was signed too long ago or in the future.
func (f *front) checkDate(h http.Header) *refusal {
	text := h.Get("X-Amz-Date")
	if text == "" {
		text = h.Get("Date")
	}
	signed, err := http.ParseTime(text)
	if err != nil {
		signed, err = time.Parse(time.RFC1123Z, text)
	}
	if err != nil {
		return &refusal{http.StatusForbidden, "AccessDenied", "A signed request needs a Date or an x-amz-date header."}
	}
	if skew := f.now().Sub(signed); skew > maxSkew || skew < -maxSkew {
		return &refusal{http.StatusForbidden, "RequestTimeTooSkewed", "The request's date is more than 15 minutes from the store's."}
	}
	return nil
}

// queryV2 verifies a request presigned with Signature Version 2 and returns it
// signed with Version 4 in the header.
func (f *front) queryV2(r *http.Request, at place) (*http.Request, *refusal) {
	query := r.URL.Query()
	access, given := query.Get("AWSAccessKeyId"), query.Get("Signature")
	expires, err := strconv.ParseInt(query.Get("Expires"), 10, 64)
	if access == "" || given == "" || err != nil {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", "A presigned request needs AWSAccessKeyId, Expires and Signature."}
	}
	kept := make(url.Values)
	token := ""
	for name, values := range query {
		switch {
		case strings.EqualFold(name, "X-Amz-Security-Token"):
			token = values[0]
		case name == "AWSAccessKeyId" || name == "Expires" || name == "Signature":
		default:
			kept[name] = values
		}
	}
	s, err := f.vault.open(access, token)
	if err != nil {
		return nil, refusedSession(err)
	}
	if f.now().Unix() > expires {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", "Request has expired"}
	}
	// Stores disagree on where the token is signed, if at all: all three ways are
	// good here. None of them is the weaker, because the token names its owner.
	right := slices.ContainsFunc([]sign.TokenV2{sign.TokenSigned, sign.TokenSignedLast, sign.TokenUnsigned}, func(t sign.TokenV2) bool {
		signer := sign.V2{Token: t}
		want := signer.AppendSignature(nil, s.credentials(), signer.AppendStringToSign(nil, requestV2(r, at), expires))
		return hmac.Equal(want, []byte(given))
	})
	if !right {
		return nil, refusedSignature
	}
	return f.resign(r, s, kept), nil
}

// requestV2 is r as package sign wants it, path and values as they came.
func requestV2(r *http.Request, at place) *s3.Request {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	out := &s3.Request{Method: r.Method, Path: path, Host: r.Host}
	if at.virtual {
		out.VirtualBucket = at.bucket
	}
	for name, values := range r.Header {
		for _, v := range values {
			out.Header = append(out.Header, s3.Field{Name: strings.ToLower(name), Value: v})
		}
	}
	for name, values := range r.URL.Query() {
		out.Query = append(out.Query, s3.Field{Name: name, Value: values[0]})
	}
	return out
}

// resign returns a copy of r with the given query, signed with Version 4 by the
// same session. It is dated by the machine's clock, as the gateway is.
func (f *front) resign(r *http.Request, s *session, query url.Values) *http.Request {
	out := r.Clone(r.Context())
	out.URL.RawQuery = query.Encode()
	for _, name := range []string{"Authorization", "Date", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"} {
		out.Header.Del(name)
	}
	signed := &s3.Request{Method: r.Method, Host: r.Host, Path: string(s3.AppendEscaped(nil, r.URL.Path, true))}
	for name, values := range query {
		for _, v := range values {
			signed.Query = append(signed.Query, s3.Field{Name: name, Value: v})
		}
	}
	for name, values := range out.Header {
		for _, v := range values {
			if strings.HasPrefix(name, "X-Amz-") {
				signed.Header = append(signed.Header, s3.Field{Name: strings.ToLower(name), Value: v})
			}
		}
	}
	var signer sign.V4
	signer.SignHeader(signed, s.credentials(), f.region, sign.UnixMilli(time.Now().UnixMilli()))
	for _, h := range signed.Header {
		if strings.HasPrefix(h.Name, "x-amz-") && out.Header.Get(h.Name) == "" {
			out.Header.Set(h.Name, h.Value)
		}
	}
	out.Header.Set("Authorization", string(signed.Authorization))
	return out
}
