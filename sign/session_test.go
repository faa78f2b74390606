package sign_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// A directory bucket's session, as aws-sdk-go-v2 signs with it: the token in a
// header, or a parameter, of its own, and no x-amz-security-token.
func TestV4_session(t *testing.T) {
	const at = sign.UnixMilli(1795424400000)
	c := &sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token/+=="}
	request := func() *s3.Request {
		return &s3.Request{Method: "PUT", Scheme: "https", Host: "a--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com", Path: "/u/a%20b"}
	}
	signer := awsv4.NewSigner()
	options := func(o *awsv4.SignerOptions) { o.DisableSessionToken, o.DisableURIPathEscaping = true, true }
	credentials := aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}
	when := time.UnixMilli(int64(at))

	r := request()
	theirs, err := http.NewRequest("PUT", string(r.AppendURL(nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	theirs.Header.Set("X-Amz-S3session-Token", c.SessionToken)
	presigned := theirs.Clone(context.Background())
	theirs.Header.Set("X-Amz-Content-Sha256", sign.UnsignedPayload)
	if err := signer.SignHTTP(context.Background(), credentials, theirs, sign.UnsignedPayload, "s3express", "eu-west-1", when, options); err != nil {
		t.Fatal(err)
	}
	v := &sign.V4{Service: "s3express", Session: true}
	v.SignHeader(r, c, "eu-west-1", at)
	if want := theirs.Header.Get("Authorization"); string(r.Authorization) != want {
		t.Errorf("Authorization is %s\nwant %s", r.Authorization, want)
	}
	if token, _ := s3.HeaderValue(r.Header, "x-amz-s3session-token"); token != c.SessionToken {
		t.Errorf("the token is %q", token)
	}
	if _, found := s3.HeaderValue(r.Header, "x-amz-security-token"); found {
		t.Error("there is an x-amz-security-token")
	}

	presigned.URL.RawQuery = "X-Amz-Expires=300"
	signed, _, err := signer.PresignHTTP(context.Background(), credentials, presigned, sign.UnsignedPayload, "s3express", "eu-west-1", when, options)
	if err != nil {
		t.Fatal(err)
	}
	p := request()
	if err := v.Presign(p, c, "eu-west-1", at, 300); err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(signed, "?")
	want, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	if got := sortedValues(values(p.Query)); !sameValues(got, sortedValues(want)) {
		t.Errorf("query is %v\nwant %v", got, want)
	}
}

// A request that is signed again, in the other way or for the other kind of
// bucket, keeps nothing of before.
func TestV4_sessionLeavesNothing(t *testing.T) {
	c := &sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}
	session, plain := &sign.V4{Service: "s3express", Session: true}, &sign.V4{}
	r := &s3.Request{Method: "GET", Scheme: "https", Host: "b.example", Path: "/a"}
	for range 2 {
		session.SignHeader(r, c, "eu-west-1", 0)
		plain.SignHeader(r, c, "eu-west-1", 0)
		if _, found := s3.HeaderValue(r.Header, "x-amz-s3session-token"); found || len(r.Header) != 3 {
			t.Fatalf("signed plainly after a session: %v", r.Header)
		}
		if err := session.Presign(r, c, "eu-west-1", 0, 60); err != nil || len(r.Header) != 0 {
			t.Fatalf("presigned: %v, %v", r.Header, err)
		}
		session.SignHeader(r, c, "eu-west-1", 0)
		if len(r.Query) != 0 || len(r.Header) != 3 {
			t.Fatalf("signed after presigning: %v %v", r.Query, r.Header)
		}
	}
}
