package issuer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/issuer"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/stores"
)

// startStack runs a dev stack until t ends. The process stands in its folder, so
// that MinIO, whose program is found from ours, is started before.
func startStack(t *testing.T, c devstack.Config) *devstack.Stack {
	t.Helper()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the provider's library logs refusals
	stack, err := devstack.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stack.Close() })
	return stack
}

// client is AWS's SDK with the credentials that it gets from the issuer, by its
// provider for containers.
func client(t testing.TB, s *service, token, endpoint, region string) *awss3.Client {
	t.Helper()
	provider := endpointcreds.New(s.url+"/credentials", func(o *endpointcreds.Options) { o.AuthorizationToken = "Bearer " + token })
	c, err := provider.Retrieve(t.Context())
	if err != nil {
		t.Fatalf("AWS's SDK: %v\n%s", err, s.log())
	}
	if left := time.Until(c.Expires); !c.CanExpire || left < 10*time.Minute || left > time.Hour {
		t.Errorf("AWS's SDK has credentials for %v", left)
	}
	return awss3.New(awss3.Options{
		BaseEndpoint: &endpoint, Region: region, UsePathStyle: true, Credentials: aws.NewCredentialsCache(provider), RetryMaxAttempts: 1,
	})
}

// denied wants that the store said AccessDenied.
func denied(t testing.TB, what string, err error) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDenied" {
		t.Errorf("%s: %v, want AccessDenied", what, err)
	}
}

// ownAndForeign does what an upload takes below own, and tries all else.
func ownAndForeign(t *testing.T, c *awss3.Client, bucket, other, own string) {
	t.Helper()
	ctx := t.Context()
	key := own + "a b/ü.bin"
	if _, err := c.PutObject(ctx, &awss3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("mine")}); err != nil {
		t.Errorf("PutObject of one's own: %v", err)
	}
	multi := own + "parts.bin"
	created, err := c.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: &bucket, Key: &multi})
	if err != nil {
		t.Fatalf("CreateMultipartUpload of one's own: %v", err)
	}
	part := &awss3.UploadPartInput{Bucket: &bucket, Key: &multi, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part")}
	if _, err := c.UploadPart(ctx, part); err != nil {
		t.Errorf("UploadPart of one's own: %v", err)
	}
	parts, err := c.ListParts(ctx, &awss3.ListPartsInput{Bucket: &bucket, Key: &multi, UploadId: created.UploadId})
	if err != nil || len(parts.Parts) != 1 {
		t.Errorf("ListParts of one's own: %v, %v", parts, err)
	}
	abort := &awss3.AbortMultipartUploadInput{Bucket: &bucket, Key: &multi, UploadId: created.UploadId}
	if _, err := c.AbortMultipartUpload(ctx, abort); err != nil {
		t.Errorf("AbortMultipartUpload of one's own: %v", err)
	}
	for _, foreign := range []string{
		"users/bob/a", strings.TrimSuffix(own, "/"), strings.TrimSuffix(own, "/") + "2/a", "a", "users/a", strings.ToUpper(own) + "a", "x/" + own + "a",
	} {
		_, err := c.PutObject(ctx, &awss3.PutObjectInput{Bucket: &bucket, Key: &foreign, Body: strings.NewReader("x")})
		denied(t, "PutObject "+foreign, err)
		_, err = c.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: &bucket, Key: &foreign})
		denied(t, "CreateMultipartUpload "+foreign, err)
	}
	_, err = c.PutObject(ctx, &awss3.PutObjectInput{Bucket: &other, Key: &key, Body: strings.NewReader("x")})
	denied(t, "PutObject into another bucket", err)
	_, err = c.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: &bucket})
	denied(t, "ListObjectsV2", err)
	_, err = c.ListMultipartUploads(ctx, &awss3.ListMultipartUploadsInput{Bucket: &bucket})
	denied(t, "ListMultipartUploads", err)
	_, err = c.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &bucket, Key: &key})
	denied(t, "DeleteObject of one's own", err)
	_, err = c.PutObjectAcl(ctx, &awss3.PutObjectAclInput{Bucket: &bucket, Key: &key, ACL: "public-read"})
	if err == nil {
		t.Error("PutObjectAcl of one's own was done")
	}
}

// MinIO by AssumeRole: the issuer has keys, and each person gets their prefix.
func TestIssuer_overMinIO_givesOnePrefix(t *testing.T) {
	store := stores.Start(t, stores.Config{Region: "eu-west-1"})
	e := startStack(t, devstack.Config{}).Endpoints()
	bucket, other := store.Bucket(t), store.Bucket(t)
	env := []string{"AWS_ACCESS_KEY_ID=" + store.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + store.SecretAccessKey}
	args := []string{
		"--issuer", e.Issuer, "--audience", e.ClientID, "--bucket", bucket, "--backend", "sts", "--sts", store.Endpoint, "--sts-region", store.Region, "--life", "15m",
	}
	s := serve(t, env, args...)
	alice, bob := harness.IDToken(t, e, "alice"), harness.IDToken(t, e, "bob")
	c := client(t, s, alice, store.Endpoint, store.Region)
	ownAndForeign(t, c, bucket, other, "users/alice/")
	mine := "users/alice/a b/ü.bin"
	_, err := c.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: &mine})
	denied(t, "GetObject without --read", err)

	reader := serve(t, env, append(args, "--read")...)
	r := client(t, reader, alice, store.Endpoint, store.Region)
	got, err := r.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: &mine})
	if err != nil {
		t.Fatalf("GetObject of one's own with --read: %v", err)
	}
	if text, err := io.ReadAll(got.Body); err != nil || string(text) != "mine" {
		t.Errorf("the object is %q, %v", text, err)
	}
	_, err = client(t, reader, bob, store.Endpoint, store.Region).GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: &mine})
	denied(t, "GetObject of another's", err)

	// Each process answers for every other: there is nothing between them.
	if one, two := s.gives(bob), reader.gives(bob); one.Prefix != "users/bob/" || two.Prefix != one.Prefix || one.AccessKeyId == two.AccessKeyId {
		t.Errorf("two processes give %q and %q", one.Prefix, two.Prefix)
	}
	given := s.gives(alice)
	s.logs(given.AccessKeyId)
	for _, i := range []*service{s, reader} {
		i.silent(map[string]string{
			"the store's secret": store.SecretAccessKey, "alice's ID token": alice, "bob's ID token": bob,
			"the secret given": given.SecretAccessKey, "the session token": given.Token,
		})
		if strings.Contains(i.log(), "alice") {
			t.Errorf("a subject is in the log:\n%s", i.log())
		}
	}
	s.logs(`"subject":"` + issuer.SubjectHash(e.Issuer, "alice") + `"`)
}

// The dev stack by AssumeRoleWithWebIdentity: the ID token goes on to the STS.
func TestIssuer_overTheDevStack_givesOnePrefix(t *testing.T) {
	stack := startStack(t, devstack.Config{NoCORSBucket: "another"})
	e := stack.Endpoints()
	s := serve(t, nil, "--issuer", e.Issuer, "--audience", e.ClientID, "--audience", e.CLIClientID, "--bucket", e.Bucket,
		"--backend", "web-identity", "--sts", e.STS, "--role-arn", e.RoleARN, "--life", "15m")
	alice := harness.IDToken(t, e, "alice")
	ownAndForeign(t, client(t, s, alice, e.S3, e.Region), e.Bucket, e.NoCORSBucket, "users/alice/")
	given := s.gives(alice)
	s.logs(given.AccessKeyId)
	s.silent(map[string]string{"alice's ID token": alice, "the session token": given.Token})
}

// What is not trusted, or wrong, gets no credentials and leaves no trace of
// itself in the log.
func TestIssuer_refusals_leaveNoSecretInTheLog(t *testing.T) {
	stack := startStack(t, devstack.Config{IDTokenLife: time.Second})
	e := stack.Endpoints()
	s := serve(t, nil, "--issuer", e.Issuer, "--audience", "somebody-else", "--bucket", e.Bucket, "--backend", "web-identity", "--sts", e.STS, "--leeway", "1s")
	alice := harness.IDToken(t, e, "alice")
	parts := strings.Split(alice, ".")
	forged := parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2]))
	noise := "eyJhbGciOiJub25lIn0." + strings.Repeat("secretpayload", 20) + "."
	for name, c := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"for another client": {alice, http.StatusUnauthorized, "InvalidToken"},
		"forged":             {forged, http.StatusUnauthorized, "InvalidToken"},
		"noise":              {noise, http.StatusUnauthorized, "InvalidToken"},
	} {
		if status, a := s.ask(c.token); status != c.status || a.Code != c.code || a.SecretAccessKey != "" {
			t.Errorf("%s: %d %+v", name, status, a)
		}
	}
	s.logs("InvalidToken")
	s.silent(map[string]string{"the ID token": alice, "the forged signature": forged, "the noise": noise})
}

// A stop is told to the balancer first, and answers go on meanwhile.
func TestIssuer_stop_isToldFirst(t *testing.T) {
	stack := startStack(t, devstack.Config{})
	e := stack.Endpoints()
	s := serve(t, nil, "--issuer", e.Issuer, "--audience", e.ClientID, "--bucket", e.Bucket,
		"--backend", "web-identity", "--sts", e.STS, "--role-arn", e.RoleARN, "--life", "15m", "--drain", "2s")
	alice := harness.IDToken(t, e, "alice")
	s.logs(s.gives(alice).AccessKeyId) // it is counted before
	r, err := http.Get(s.metrics)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil || !strings.Contains(string(text), `bucketline_issuer_requests_total{outcome="ok"} 1`) {
		t.Errorf("the metrics: %v\n%s", err, text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan bool, 1)
	go func() { // asks on until the process is gone
		seen := false
		for ctx.Err() == nil {
			if r, err := http.Get(s.url + "/readyz"); err == nil {
				seen = seen || r.StatusCode == http.StatusServiceUnavailable
				r.Body.Close()
				if seen {
					if status, _ := s.ask(alice); status != http.StatusOK {
						t.Errorf("while it drains /credentials is answered with %d", status)
					}
					break
				}
			}
		}
		told <- seen
	}()
	s.stop()
	cancel()
	if !<-told {
		t.Error("/readyz never said no")
	}
	for _, message := range []string{"draining", "stopped"} {
		if !strings.Contains(s.log(), `"msg":"`+message+`"`) {
			t.Errorf("the log does not say %s:\n%s", message, s.log())
		}
	}
}
