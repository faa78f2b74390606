package fakeclouds_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/internal/fakeclouds"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const (
	role     = "arn:aws:iam::111122223333:role/uploader"
	pool     = "eu-west-1:1a2b3c4d-1111-2222-3333-123456789abc"
	identity = "eu-west-1:99999999-1111-2222-3333-123456789abc"
	idToken  = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"
	bucket   = "photos--euw1-az1--x-s3"
)

func cloud() *fakeclouds.Cloud {
	return &fakeclouds.Cloud{
		Region: "eu-west-1", RoleARN: role, Pool: pool, Identity: identity, AccountID: "111122223333", Bucket: bucket,
		Keys: []fakeclouds.Key{
			{AccessKeyID: "ASIASOURCE", SecretAccessKey: "s", SessionToken: "source-token=="},
			{AccessKeyID: "ASIAOLD", SecretAccessKey: "s", SessionToken: "old", Expired: true},
		},
		Tokens: map[string][]string{"accounts.google.com": {idToken}},
	}
}

// config is AWS's, for a service whose every host name is the fake; seen gets
// each request and its body.
func config(t *testing.T, h http.Handler, seen func(*http.Request, string)) aws.Config {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if seen != nil {
			seen(r, string(body))
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	address := s.Listener.Addr().String()
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://service.localhost"),
		Credentials: credentials.NewStaticCredentialsProvider("ASIASOURCE", "s", "source-token=="),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}}},
	}
}

// The fakes take what AWS's own clients send, so that what they refuse of ours
// is wrong.
func TestCloud_takesWhatTheSDKSends(t *testing.T) {
	c := cloud()
	ctx := t.Context()
	stsClient := awssts.NewFromConfig(config(t, c.STS(), nil))
	cognitoClient := cognitoidentity.NewFromConfig(config(t, c.Cognito(), nil))
	s3Client := awss3.NewFromConfig(config(t, c.Express(), nil))
	controlClient := s3control.NewFromConfig(config(t, c.Grants(), nil))
	logins := map[string]string{"accounts.google.com": idToken}
	near := func(at *time.Time, life time.Duration) bool {
		return at != nil && time.Until(*at) > life-time.Minute && time.Until(*at) < life+time.Minute
	}
	for name, call := range map[string]func() (bool, error){
		"AssumeRole": func() (bool, error) {
			out, err := stsClient.AssumeRole(ctx, &awssts.AssumeRoleInput{
				RoleArn: aws.String(role), RoleSessionName: aws.String("alice"), DurationSeconds: aws.Int32(900), Policy: aws.String(`{"a":"é"}`),
				Tags: []ststypes.Tag{{Key: aws.String("uid"), Value: aws.String("42")}}, SourceIdentity: aws.String("alice"),
			})
			return err == nil && near(out.Credentials.Expiration, 15*time.Minute) && *out.AssumedRoleUser.Arn == role+"/alice", err
		},
		"GetSessionToken": func() (bool, error) {
			out, err := stsClient.GetSessionToken(ctx, &awssts.GetSessionTokenInput{})
			return err == nil && near(out.Credentials.Expiration, 12*time.Hour), err
		},
		"AssumeRoleWithWebIdentity": func() (bool, error) {
			out, err := stsClient.AssumeRoleWithWebIdentity(ctx, &awssts.AssumeRoleWithWebIdentityInput{
				RoleArn: aws.String(role), RoleSessionName: aws.String("alice"), WebIdentityToken: aws.String(idToken),
			})
			return err == nil && near(out.Credentials.Expiration, time.Hour), err
		},
		"GetId": func() (bool, error) {
			out, err := cognitoClient.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(pool), Logins: logins})
			return err == nil && *out.IdentityId == identity, err
		},
		"GetCredentialsForIdentity": func() (bool, error) {
			out, err := cognitoClient.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: aws.String(identity), Logins: logins})
			return err == nil && near(out.Credentials.Expiration, time.Hour) && strings.HasPrefix(*out.Credentials.SecretKey, "secret/"), err
		},
		"GetOpenIdToken": func() (bool, error) {
			out, err := cognitoClient.GetOpenIdToken(ctx, &cognitoidentity.GetOpenIdTokenInput{IdentityId: aws.String(identity), Logins: logins})
			return err == nil && strings.HasPrefix(*out.Token, "eyJ"), err
		},
		"CreateSession": func() (bool, error) {
			out, err := s3Client.CreateSession(ctx, &awss3.CreateSessionInput{Bucket: aws.String(bucket), SessionMode: types.SessionModeReadOnly})
			return err == nil && near(out.Credentials.Expiration, 5*time.Minute), err
		},
		"GetDataAccess": func() (bool, error) {
			out, err := controlClient.GetDataAccess(ctx, &s3control.GetDataAccessInput{
				AccountId: aws.String("111122223333"), Target: aws.String("s3://photos/u/é 1/*"), Permission: controltypes.PermissionReadwrite,
				Privilege: controltypes.PrivilegeMinimal, DurationSeconds: aws.Int32(900),
			})
			return err == nil && near(out.Credentials.Expiration, 15*time.Minute) && *out.MatchedGrantTarget == "s3://photos/u/é 1/*", err
		},
	} {
		if ok, err := call(); !ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

// AssumeRole is worded as AWS's client words it: the same form, and the same
// headers as far as they are signed, but for the hash of the body, which S3 wants
// and STS takes.
func TestAssumeRole_isTheSDKs(t *testing.T) {
	c := cloud()
	var theirs url.Values
	var signed string
	client := awssts.NewFromConfig(config(t, c.STS(), func(r *http.Request, body string) {
		theirs, _ = url.ParseQuery(body)
		_, signed, _ = strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
		signed, _, _ = strings.Cut(signed, ",")
	}))
	_, err := client.AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(role), RoleSessionName: aws.String("alice"), DurationSeconds: aws.Int32(900), Policy: aws.String(`{"a":"é & +"}`),
		Tags:       []ststypes.Tag{{Key: aws.String("uid"), Value: aws.String("u 42")}, {Key: aws.String("empty"), Value: aws.String("")}},
		ExternalId: aws.String("x:/1"), SourceIdentity: aws.String("alice"), SerialNumber: aws.String("GAHT12345678"), TokenCode: aws.String("123456"),
	})
	if err != nil {
		t.Fatal(err)
	}
	ours := sts.AssumeRole{
		Endpoint: "http://service.localhost", Region: "eu-west-1", RoleARN: role, RoleSessionName: "alice", DurationSeconds: 900, Policy: `{"a":"é & +"}`,
		Tags:       []s3.Field{{Name: "uid", Value: "u 42"}, {Name: "empty"}},
		ExternalID: "x:/1", SourceIdentity: "alice", SerialNumber: "GAHT12345678", TokenCode: "123456",
	}
	r, err := ours.Request(&sign.Credentials{AccessKeyID: "ASIASOURCE", SecretAccessKey: "s", SessionToken: "source-token=="}, sign.UnixMilli(time.Now().UnixMilli()))
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(r.Body))
	if err != nil || form.Encode() != theirs.Encode() {
		t.Errorf("our form is %v, %v\nthe SDK's %v", form, err, theirs)
	}
	authorization, _ := s3.HeaderValue(r.Header, "authorization")
	for _, name := range []string{"content-type", "host", "x-amz-date", "x-amz-security-token"} {
		if !slices.Contains(strings.Split(signed, ";"), name) || !strings.Contains(authorization, name) {
			t.Errorf("%s is signed by not both: %s, %s", name, signed, authorization)
		}
	}
}

// send posts a request of ours to h.
func send(t *testing.T, h http.Handler, r exchange.Request) (int, string) {
	t.Helper()
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(r.Method, r.URL, strings.NewReader(string(r.Body)))
	req.Host = u.Host
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	for _, f := range r.Header {
		req.Header.Set(f.Name, f.Value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

// What is not as documented is refused: a fake that took everything would show
// nothing.
func TestCloud_refuses(t *testing.T) {
	assume := sts.AssumeRole{Endpoint: "http://127.0.0.1", Region: "eu-west-1", RoleARN: role, RoleSessionName: "alice"}
	now := sign.UnixMilli(time.Now().UnixMilli())
	good := sign.Credentials{AccessKeyID: "ASIASOURCE", SecretAccessKey: "s", SessionToken: "source-token=="}
	for _, c := range []struct {
		name   string
		source sign.Credentials
		at     sign.UnixMilli
		edit   func(*exchange.Request)
		want   string
	}{
		{"nothing changed", good, now, func(*exchange.Request) {}, "<AssumeRoleResult"},
		{"another secret", sign.Credentials{AccessKeyID: "ASIASOURCE", SecretAccessKey: "x", SessionToken: "source-token=="}, now, func(*exchange.Request) {}, "SignatureDoesNotMatch"},
		{"another token", sign.Credentials{AccessKeyID: "ASIASOURCE", SecretAccessKey: "s", SessionToken: "x"}, now, func(*exchange.Request) {}, "InvalidClientTokenId"},
		{"an unknown key", sign.Credentials{AccessKeyID: "AKIANOBODY", SecretAccessKey: "s"}, now, func(*exchange.Request) {}, "InvalidClientTokenId"},
		{"a key that has ended", sign.Credentials{AccessKeyID: "ASIAOLD", SecretAccessKey: "s", SessionToken: "old"}, now, func(*exchange.Request) {}, "ExpiredToken"},
		{"16 minutes late", good, now - 16*60_000, func(*exchange.Request) {}, "Signature expired"},
		{"16 minutes early", good, now + 16*60_000, func(*exchange.Request) {}, "Signature not yet current"},
		{"a body that was changed", good, now, func(r *exchange.Request) { r.Body = append(r.Body, "&ExternalId=ab"...) }, "XAmzContentSHA256Mismatch"},
		{"an unknown parameter", good, now, func(r *exchange.Request) { r.Body = append(r.Body, "&Role=ab"...) }, "ValidationError"},
		{"a parameter twice", good, now, func(r *exchange.Request) { r.Body = append(r.Body, "&RoleArn=ab"...) }, "ValidationError"},
		{"in the query", good, now, func(r *exchange.Request) { r.URL += "?a=b" }, "InvalidAction"},
		{"by GET", good, now, func(r *exchange.Request) { r.Method = "GET" }, "InvalidAction"},
		{"as JSON", good, now, func(r *exchange.Request) { r.ContentType = "application/json" }, "InvalidAction"},
		{"an x-amz- header that is not signed", good, now, func(r *exchange.Request) { r.Header = append(r.Header, s3.Field{Name: "x-amz-new", Value: "1"}) }, "AccessDenied"},
		{"unsigned", good, now, func(r *exchange.Request) { r.Header = nil }, "MissingAuthenticationToken"},
	} {
		r, err := assume.Request(&c.source, c.at)
		if err != nil {
			t.Fatal(err)
		}
		c.edit(&r)
		if status, body := send(t, cloud().STS(), r); !strings.Contains(body, c.want) || (status == 200) != (c.name == "nothing changed") {
			t.Errorf("%s: %d %s, want %s", c.name, status, body, c.want)
		}
	}
	other := assume
	other.Region = "eu-west-2"
	if r, err := other.Request(&good, now); err != nil {
		t.Fatal(err)
	} else if _, body := send(t, cloud().STS(), r); !strings.Contains(body, "Credential should be scoped") {
		t.Errorf("another region: %s", body)
	}
}

// AWS's client reads the refusals as what they are.
func TestCloud_refusalsAreTheSDKs(t *testing.T) {
	c := cloud()
	var apiErr smithy.APIError
	_, err := awssts.NewFromConfig(config(t, c.STS(), nil)).AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: aws.String(role + "x"), RoleSessionName: aws.String("alice")})
	if !errors.As(err, &apiErr) || apiErr.ErrorCode() != "AccessDenied" {
		t.Errorf("STS: %v", err)
	}
	_, err = cognitoidentity.NewFromConfig(config(t, c.Cognito(), nil)).GetId(t.Context(), &cognitoidentity.GetIdInput{
		IdentityPoolId: aws.String(pool), Logins: map[string]string{"accounts.google.com": "false.id.token"},
	})
	if !errors.As(err, &apiErr) || apiErr.ErrorCode() != "NotAuthorizedException" {
		t.Errorf("Cognito: %v", err)
	}
}
