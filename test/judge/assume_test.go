package judge

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/policy"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/provider"
)

// MinIO's STS verifies the signature of AssumeRole, and its store what the
// credentials may do: the session policy that package cred/policy wrote.
func TestAssumeRole_narrowedToAPrefix(t *testing.T) {
	c := convene(t)
	scope := policy.Scope{Bucket: c.bucket, Prefix: "u/42/", Actions: []string{"s3:PutObject", "s3:GetObject"}}
	narrowed, err := scope.JSON()
	if err != nil {
		t.Fatal(err)
	}
	root := provider.Static(bucketline.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey})
	get := provider.AssumeRole(sts.AssumeRole{Endpoint: c.Endpoint, Region: c.Region, DurationSeconds: 900, Policy: narrowed}, root, provider.Options{})
	given, err := get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if life := time.Until(given.Expiration); life < 14*time.Minute || life > 16*time.Minute {
		t.Errorf("the credentials live for %v", life)
	}
	client, err := bucketline.New(bucketline.Config{
		Bucket: c.bucket, Region: c.Region, Endpoint: c.Endpoint, Profile: "minio", PathStyle: true, RetryFor: time.Second,
		CredentialsExpired: func(context.Context) (bucketline.Credentials, error) { return given, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	content := []byte("what alice may write")
	put := func(key string) error {
		_, err := client.Upload(t.Context(), bytes.NewReader(content), int64(len(content)), bucketline.Object{Key: key})
		return err
	}
	if err := put("u/42/a.txt"); err != nil {
		t.Errorf("below the prefix: %v", err)
	}
	if got := c.Object(t, c.bucket, "u/42/a.txt"); got.Size != int64(len(content)) {
		t.Errorf("stored %+v", got)
	}
	var refused *bucketline.Error
	for _, key := range []string{"u/43/a.txt", "u/42", "u/421/a.txt", "a.txt"} {
		if err := put(key); !errors.As(err, &refused) || refused.Code != "AccessDenied" {
			t.Errorf("%s: %v, want AccessDenied", key, err)
		}
	}
	mc, err := minio.New(c.Endpoint[len("http://"):], &minio.Options{
		Creds: credentials.NewStaticV4(given.AccessKeyID, given.SecretAccessKey, given.SessionToken), Region: c.Region, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := mc.RemoveObject(t.Context(), c.bucket, "u/42/a.txt", minio.RemoveObjectOptions{}); err == nil {
		t.Error("an action that the policy leaves out is allowed")
	}
}

// What MinIO refuses is said in its own words, and nobody is asked for other keys
// where those words do not say that the keys have ended.
func TestAssumeRole_refusals(t *testing.T) {
	c := convene(t)
	for _, test := range []struct {
		name       string
		id, secret string
		want       string
	}{
		{"another secret", c.AccessKeyID, "x", "AccessDenied"},
		{"an unknown key", "AKIANOBODY", c.SecretAccessKey, "AccessDenied"},
	} {
		asked := 0
		source := func(context.Context) (bucketline.Credentials, error) {
			asked++
			return bucketline.Credentials{AccessKeyID: test.id, SecretAccessKey: test.secret}, nil
		}
		_, err := provider.AssumeRole(sts.AssumeRole{Endpoint: c.Endpoint, Region: c.Region, DurationSeconds: 900}, source, provider.Options{})(t.Context())
		var refused *exchange.Error
		if !errors.As(err, &refused) || refused.Code != test.want || refused.Advice() != exchange.Stop || refused.RequestID == "" || asked != 1 {
			t.Errorf("%s: %v, asked %d times, want %s", test.name, err, asked, test.want)
		}
	}
}

// AssumeRoleWithWebIdentity through package provider, and what is no token.
func TestWebIdentity_provider(t *testing.T) {
	c := convene(t)
	for token, want := range map[string]string{c.identity.Token: "", "eyJhbGciOiJub25lIn0.e30.": "InvalidParameterValue"} {
		get := provider.WebIdentity(sts.WebIdentity{
			Endpoint: c.Endpoint, RoleARN: c.RoleARN, RoleSessionName: "judge", DurationSeconds: 900,
		}, func(context.Context) (string, error) { return token, nil }, provider.Options{})
		given, err := get(t.Context())
		var refused *exchange.Error
		switch {
		case want == "" && (err != nil || given.SessionToken == ""):
			t.Errorf("alice's token: %v, %v", given, err)
		case want != "" && (!errors.As(err, &refused) || refused.Code != want):
			t.Errorf("no token: %v, want %s", err, want)
		}
	}
}
