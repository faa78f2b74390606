package exchange

import (
	"encoding/hex"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/internal/digest"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Call is a request to a service that wants it signed.
type Call struct {
	Method      string
	Endpoint    Endpoint
	Query       []s3.Field
	Header      []s3.Field // lower-case names
	ContentType string
	Body        []byte
	Service     string // of the signature's scope, such as "sts"
	Region      string
}

// Sign words the call and signs it with Signature Version 4. The error is
// ErrBadSource, ErrNoRegion or ErrBadRegion.
func (c *Call) Sign(source *sign.Credentials, at sign.UnixMilli) (Request, error) {
	switch {
	case source.AccessKeyID == "" || len(source.AccessKeyID) > cred.MaxAccessKeyID || !Visible(source.AccessKeyID),
		source.SecretAccessKey == "" || len(source.SecretAccessKey) > cred.MaxSecretAccessKey,
		len(source.SessionToken) > cred.MaxSessionToken || !Visible(source.SessionToken):
		return Request{}, ErrBadSource
	case c.Region == "":
		return Request{}, ErrNoRegion
	case !ValidRegion(c.Region):
		return Request{}, ErrBadRegion
	}
	sum := digest.SumSHA256(c.Body)
	r := s3.Request{
		Method: c.Method, Scheme: c.Endpoint.Scheme, Host: c.Endpoint.Authority, Path: c.Endpoint.Path,
		Query: c.Query, Header: c.Header, PayloadHash: string(hex.AppendEncode(nil, sum[:])),
	}
	if c.ContentType != "" {
		r.Header = append(r.Header, s3.Field{Name: "content-type", Value: c.ContentType})
	}
	v4 := sign.V4{Service: c.Service}
	v4.SignHeader(&r, source, c.Region, at)
	out := Request{Method: c.Method, URL: string(r.AppendURL(nil)), ContentType: c.ContentType, Body: c.Body}
	for _, f := range r.Header {
		if f.Name != "content-type" {
			out.Header = append(out.Header, f)
		}
	}
	out.Header = append(out.Header, s3.Field{Name: "authorization", Value: string(r.Authorization)})
	return out, nil
}
