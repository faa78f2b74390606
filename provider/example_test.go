package provider_test

import (
	"context"
	"os"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/cred/cognito"
	"github.com/bucketline/bucketline/cred/express"
	"github.com/bucketline/bucketline/cred/grants"
	"github.com/bucketline/bucketline/cred/policy"
	"github.com/bucketline/bucketline/cred/r2"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/provider"
	"github.com/bucketline/bucketline/s3"
)

// A workload whose platform keeps an ID token in a file, as Amazon EKS does.
func ExampleWebIdentity() {
	client, err := bucketline.New(bucketline.Config{
		Bucket: "photos", Region: "eu-west-1",
		CredentialsExpired: provider.WebIdentity(sts.WebIdentity{
			Endpoint: "https://sts.eu-west-1.amazonaws.com",
			RoleARN:  os.Getenv("AWS_ROLE_ARN"), RoleSessionName: sts.SessionName("backup of host 7"),
		}, provider.TokenFile(os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")), provider.Options{}),
	})
	if err != nil {
		return
	}
	defer client.Close()
}

// An issuer that gives each person a prefix: the session policy is a boundary
// here, because the person never sees keys.
func ExampleAssumeRole() {
	keys := bucketline.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}
	give := func(ctx context.Context, uid string) (bucketline.Credentials, error) {
		narrowed, err := (&policy.Scope{Bucket: "photos", Prefix: "users/" + uid + "/"}).JSON()
		if err != nil {
			return bucketline.Credentials{}, err
		}
		return provider.AssumeRole(sts.AssumeRole{
			Endpoint: "https://sts.eu-west-1.amazonaws.com",
			RoleARN:  "arn:aws:iam::111122223333:role/uploader", RoleSessionName: sts.SessionName(uid),
			Policy: narrowed, Tags: []s3.Field{{Name: "uid", Value: uid}},
		}, provider.Static(keys), provider.Options{})(ctx)
	}
	_ = give
}

func ExampleCognito() {
	idToken := func(context.Context) (string, error) { return os.Getenv("ID_TOKEN"), nil }
	config := bucketline.Config{Bucket: "photos", Region: "eu-west-1"}
	config.CredentialsExpired = provider.Cognito(cognito.Pool{
		IdentityPoolID: "eu-west-1:1a2b3c4d-1111-2222-3333-123456789abc", Provider: "accounts.google.com",
	}, idToken, provider.Options{})
}

func ExampleContainer() {
	config := bucketline.Config{Bucket: "photos", Region: "eu-west-1"}
	config.CredentialsExpired = provider.Container("https://uploads.example.com/credentials", func(context.Context) (string, error) {
		return "Bearer " + os.Getenv("ID_TOKEN"), nil
	}, provider.Options{})
}

// R2 by Cloudflare's API, and without asking anybody.
func ExampleR2() {
	apiToken := func(context.Context) (string, error) { return os.Getenv("CLOUDFLARE_API_TOKEN"), nil }
	scope := r2.Bucket{
		AccountID: os.Getenv("CLOUDFLARE_ACCOUNT_ID"), ParentAccessKeyID: os.Getenv("R2_ACCESS_KEY_ID"),
		Bucket: "photos", Permission: "object-read-write", TTLSeconds: 900, Prefixes: []string{"users/42/"},
	}
	config := bucketline.Config{Bucket: "photos", Profile: "r2"}
	config.CredentialsExpired = provider.R2(scope, apiToken, provider.Options{})
	config.CredentialsExpired = provider.R2Minted(scope, os.Getenv("R2_SECRET_ACCESS_KEY"), "PutObject")
}

// The role's credentials live for an hour and are asked for once in it; the
// session's live for five minutes.
func ExampleExpress() {
	role := provider.Keep(provider.WebIdentity(sts.WebIdentity{
		Endpoint: "https://sts.eu-west-1.amazonaws.com", RoleARN: os.Getenv("AWS_ROLE_ARN"), RoleSessionName: "backup",
	}, provider.TokenFile(os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")), provider.Options{}))
	config := bucketline.Config{Bucket: "photos--euw1-az1--x-s3", Region: "eu-west-1"}
	config.CredentialsExpired = provider.Express(express.Session{Bucket: config.Bucket, Region: config.Region}, role, provider.Options{})
}

func ExampleGrants() {
	person := provider.Static(bucketline.Credentials{}) // those of a signed-in person
	config := bucketline.Config{Bucket: "photos", Region: "eu-west-1"}
	config.CredentialsExpired = provider.Grants(grants.Access{
		AccountID: "111122223333", Region: "eu-west-1", Target: "s3://photos/users/42/*", Permission: "READWRITE",
	}, person, provider.Options{})
}
