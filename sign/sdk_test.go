package sign_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const (
	sdkHeaderCases  = 40000
	sdkPresignCases = 20000
)

// sdkDialect: aws-sdk-go-v2 folds runs of spaces only, where botocore, MinIO
// and we fold all white space.
var sdkDialect = dialect{
	headers:      slices.Concat(headerNames, unsignedNames, []string{"Accept-Encoding", "Date", "Expires"}),
	blanks:       []string{"", " ", "  ", "     "},
	params:       slices.Concat(subresourceNames, plainParams),
	freeNames:    true,
	valuesSorted: true,
}

func sdkSigner() *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true // the path is encoded already
		o.DisableHeaderHoisting = true  // headers stay headers in presigning
	})
}

// sdkRequest makes the same request twice.
func (s *source) sdkRequest() (*s3.Request, *http.Request) {
	r := &s3.Request{
		Method:      pick(s, "GET", "PUT", "POST", "HEAD", "DELETE"),
		Scheme:      pick(s, "https", "http"),
		SignedHost:  pick(s, "bucket.s3.eu-west-1.amazonaws.com", "127.0.0.1:9000", "[::1]:9000", "a.example:443", "a.example:80"),
		Host:        "cdn.example",
		Path:        "/" + string(s3.AppendEscaped(nil, s.key(), true)),
		Query:       s.query("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-SignedHeaders"),
		PayloadHash: s.payloadHash(),
	}
	if s.oneIn(3) {
		r.Host, r.SignedHost = r.SignedHost, ""
	}
	h := http.Header{}
	s.header(r, h)
	theirs := sdkTwin(r, h)
	if s.oneIn(4) {
		theirs.ContentLength = 1 + s.Int64N(1<<40)
		r.Header = append(r.Header, s3.Field{Name: "Content-Length", Value: strconv.FormatInt(theirs.ContentLength, 10)})
	}
	return r, theirs
}

func sdkTwin(r *s3.Request, h http.Header) *http.Request {
	host := r.SignedHost
	if host == "" {
		host = r.Host
	}
	return &http.Request{
		Method: r.Method,
		Host:   host,
		URL:    &url.URL{Scheme: r.Scheme, Host: host, Opaque: "//" + host + r.Path, RawQuery: rawQuery(r.Query)},
		Header: h,
	}
}

// signBySDK signs theirs and returns what r must look like then.
func signBySDK(t *testing.T, signer *v4.Signer, theirs *http.Request, payloadHash string, c *sign.Credentials, region string, at sign.UnixMilli) http.Header {
	if payloadHash == "" {
		payloadHash = sign.UnsignedPayload
	}
	theirs.Header.Set("X-Amz-Content-Sha256", payloadHash)
	when := time.UnixMilli(int64(at))
	if err := signer.SignHTTP(context.Background(), awsCredentials(c), theirs, payloadHash, "s3", region, when); err != nil {
		t.Fatal(err)
	}
	want := theirs.Header.Clone()
	if theirs.ContentLength > 0 {
		want.Set("Content-Length", strconv.FormatInt(theirs.ContentLength, 10))
	}
	return want
}

func awsCredentials(c *sign.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

func TestV4SignHeader_equalsSDK(t *testing.T) {
	s, signer, v := newSource(t, sdkDialect), sdkSigner(), new(sign.V4)
	for i := range sdkHeaderCases {
		r, theirs := s.sdkRequest()
		c, region, at := s.credentials(), s.region(), s.at()
		want := signBySDK(t, signer, theirs, r.PayloadHash, c, region, at)
		s.resign(r, v)
		v.SignHeader(r, c, region, at)
		compareHeader(t, i, v, r, want)
	}
}

// compareHeader fails unless r has the headers of want, Authorization included.
func compareHeader(t *testing.T, i int, v *sign.V4, r *s3.Request, want http.Header) {
	t.Helper()
	got := http.Header{"Authorization": {string(r.Authorization)}}
	for _, f := range r.Header {
		got.Add(f.Name, f.Value)
	}
	if sameValues(url.Values(got), url.Values(want)) {
		return
	}
	t.Fatalf("case %d: header = %v\nwant %v\nour canonical request:\n%s",
		i, got, want, v.AppendCanonicalRequest(nil, r, r.PayloadHash))
}

func TestV4Presign_equalsSDK(t *testing.T) {
	s, signer, v := newSource(t, sdkDialect), sdkSigner(), new(sign.V4)
	for i := range sdkPresignCases {
		r, theirs := s.sdkRequest()
		c, region, at, expires := s.credentials(), s.region(), s.at(), 1+s.IntN(sign.MaxExpiresSeconds)
		want := presignBySDK(t, signer, theirs, c, region, at, expires)
		s.resign(r, v)
		if err := v.Presign(r, c, region, at, expires); err != nil {
			t.Fatal(err)
		}
		if got := sortedValues(values(r.Query)); !sameValues(got, want) {
			t.Fatalf("case %d: query = %v\nwant %v\nour canonical request:\n%s",
				i, got, want, v.AppendCanonicalRequest(nil, r, sign.UnsignedPayload))
		}
	}
}

// presignBySDK returns the query that signer makes, the values of each name
// sorted.
func presignBySDK(t *testing.T, signer *v4.Signer, theirs *http.Request, c *sign.Credentials, region string, at sign.UnixMilli, expires int) url.Values {
	if theirs.URL.RawQuery != "" {
		theirs.URL.RawQuery += "&"
	}
	theirs.URL.RawQuery += "X-Amz-Expires=" + strconv.Itoa(expires)
	when := time.UnixMilli(int64(at))
	signed, _, err := signer.PresignHTTP(context.Background(), awsCredentials(c), theirs, sign.UnsignedPayload, "s3", region, when)
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(signed, "?")
	want, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return sortedValues(want)
}

func sortedValues(v url.Values) url.Values {
	for _, list := range v {
		slices.Sort(list)
	}
	return v
}

// FuzzV4AgainstSDK signs one request in the header and presigns it, here and
// with aws-sdk-go-v2.
func FuzzV4AgainstSDK(f *testing.F) {
	f.Add("PUT", "photos/a b.jpg", "uploadId", "2~x", "image/jpeg", "secret", "token", "eu-west-1", int64(1369353600000))
	f.Add("GET", "//a/../b%2F+", "ü", "a=b&c", " a  b ", "", "", "", int64(0))
	v := new(sign.V4)
	f.Fuzz(func(t *testing.T, method, key, name, value, header, secret, token, region string, millis int64) {
		at := sign.UnixMilli(millis)
		oddSpace := func(c rune) bool { return c != ' ' && unicode.IsSpace(c) }
		query := []s3.Field{{Name: "uploadId", Value: value}, {Name: name, Value: value}}
		s := &source{dialect: sdkDialect}
		switch {
		case at < 0 || at > 253402300799999: // the last millisecond of the year 9999
			return
		case strings.ContainsFunc(header+token, oddSpace):
			return // see sdkDialect
		case !s.agreed(query, []string{"X-Amz-Algorithm", "X-Amz-SignedHeaders"}) || hasPrefixFold(name, "x-amz-"):
			return // see source.query; the signers replace their own parameters
		case slices.Contains([]string{"AWSAccessKeyId", "Expires", "Signature"}, name):
			return // ours replaces those of Version 2 too
		}
		r := &s3.Request{Method: method, Scheme: "https", Host: "b.example", Path: "/" + string(s3.AppendEscaped(nil, key, true)), Query: query,
			Header: []s3.Field{{Name: "X-Amz-Meta-A", Value: header}}}
		theirs := sdkTwin(r, http.Header{"X-Amz-Meta-A": {header}})
		c := &sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: secret, SessionToken: token}
		signer := sdkSigner() // a used one would take the key of the last secret: it looks keys up by access key ID

		want := presignBySDK(t, signer, theirs.Clone(context.Background()), c, region, at, 900)
		if err := v.Presign(r, c, region, at, 900); err != nil {
			t.Fatal(err)
		}
		if got := sortedValues(values(r.Query)); !sameValues(got, want) {
			t.Errorf("query = %v\nwant %v", got, want)
		}
		wantHeader := signBySDK(t, signer, theirs, "", c, region, at)
		v.SignHeader(r, c, region, at)
		compareHeader(t, 0, v, r, wantHeader)
	})
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
