package issuer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/policy"
	"github.com/bucketline/bucketline/cred/r2"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/sign"
)

// Grant is what credentials are to be good for.
type Grant struct {
	Bucket      string
	Prefix      string // ends with a slash
	Read        bool   // besides uploading
	LifeSeconds int
	SessionName string // 27 characters that any STS takes; by SubjectHash
	IDToken     string // of who asks, verified; for a Backend that passes it on
}

// String names the grant without the token.
func (g Grant) String() string {
	return fmt.Sprintf("Grant{s3://%s/%s*, %d s, token redacted}", g.Bucket, g.Prefix, g.LifeSeconds)
}

// GoString is String, so that %#v shows no token either.
func (g Grant) GoString() string { return g.String() }

// Policy is the session policy of g: what an upload takes below the prefix, and
// with Read also to read there. Listing the uploads of a bucket is never in it:
// no condition narrows ListBucketMultipartUploads to a prefix at AWS, and MinIO
// refuses a policy that tries to (Service Authorization Reference, "Actions,
// resources, and condition keys for Amazon S3").
func (g *Grant) Policy(partition string) (string, error) {
	s := policy.Scope{Bucket: g.Bucket, Prefix: g.Prefix, Partition: partition}
	if g.Read {
		s.Actions = []string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:GetObject"}
	}
	return s.JSON()
}

// Backend makes temporary credentials for a grant. It is for concurrent use, and
// gives up when ctx ends. An error may hold the words of a service, and must
// hold no secret.
type Backend interface {
	Credentials(ctx context.Context, g *Grant) (cred.Credentials, error)
}

// Source gives the credentials that a Backend signs with: permanent ones, or
// those of an instance, a task or a pod, which change.
type Source func(ctx context.Context) (sign.Credentials, error)

// AssumeRole gets credentials from an STS by AssumeRole, AWS's or MinIO's, with
// a session policy for the grant. Who asks cannot leave the policy out, so it is
// a boundary; the role's own permissions are the outer one.
type AssumeRole struct {
	// Endpoint is that of the STS: https://sts.eu-west-1.amazonaws.com, or the
	// URL of MinIO.
	Endpoint string

	Region     string // of the signature; empty: what Endpoint says
	RoleARN    string // MinIO takes none
	ExternalID string
	Partition  string // "aws" if empty, "aws-cn", "aws-us-gov"
	Source     Source
	Client     *http.Client // nil means NewClient's
	Now        func() time.Time
}

// Credentials implements Backend.
func (a *AssumeRole) Credentials(ctx context.Context, g *Grant) (cred.Credentials, error) {
	text, err := g.Policy(a.Partition)
	if err != nil {
		return cred.Credentials{}, err
	}
	source, err := a.Source(ctx)
	if err != nil {
		return cred.Credentials{}, fmt.Errorf("credentials to ask the STS with: %w", err)
	}
	return carryOut(ctx, a.Client, &sts.AssumeRole{
		Endpoint: a.Endpoint, Region: a.Region, RoleARN: a.RoleARN, RoleSessionName: g.SessionName,
		ExternalID: a.ExternalID, DurationSeconds: g.LifeSeconds, Policy: text,
	}, &exchange.Given{Source: source, At: now(a.Now)})
}

// WebIdentity passes the ID token on to an STS, by AssumeRoleWithWebIdentity
// with a session policy for the grant: for an STS that browsers cannot ask
// because it knows no CORS, as Ceph's, and for the dev stack. The role's own
// policy has to hold each person to their prefix, because the same token gets
// credentials without a session policy from who can reach the STS.
type WebIdentity struct {
	Endpoint, RoleARN, Partition string // as in AssumeRole
	Client                       *http.Client
	Now                          func() time.Time
}

// Credentials implements Backend.
func (b *WebIdentity) Credentials(ctx context.Context, g *Grant) (cred.Credentials, error) {
	text, err := g.Policy(b.Partition)
	if err != nil {
		return cred.Credentials{}, err
	}
	return carryOut(ctx, b.Client, &sts.WebIdentity{
		Endpoint: b.Endpoint, RoleARN: b.RoleARN, RoleSessionName: g.SessionName, DurationSeconds: g.LifeSeconds, Policy: text,
	}, &exchange.Given{Token: g.IDToken, At: now(b.Now)})
}

// R2 gets credentials from Cloudflare's API. They are scoped to the prefix by
// Cloudflare, and may read and delete there as well: the API knows no
// permission to write alone, so Grant.Read changes nothing.
type R2 struct {
	AccountID         string
	ParentAccessKeyID string // of the R2 API token whose rights are narrowed

	// Token is the API token that may create temporary credentials.
	Token func(ctx context.Context) (string, error)

	Endpoint string // of the API; empty means Cloudflare's
	Client   *http.Client
	Now      func() time.Time
}

// Credentials implements Backend.
func (b *R2) Credentials(ctx context.Context, g *Grant) (cred.Credentials, error) {
	token, err := b.Token(ctx)
	if err != nil {
		return cred.Credentials{}, fmt.Errorf("Cloudflare's API token: %w", err)
	}
	return carryOut(ctx, b.Client, &r2.Bucket{
		AccountID: b.AccountID, ParentAccessKeyID: b.ParentAccessKeyID, Bucket: g.Bucket, Permission: "object-read-write",
		TTLSeconds: g.LifeSeconds, Prefixes: []string{g.Prefix}, Endpoint: b.Endpoint,
	}, &exchange.Given{Token: token, At: now(b.Now)})
}

func now(clock func() time.Time) sign.UnixMilli {
	if clock == nil {
		clock = time.Now
	}
	return sign.UnixMilli(clock().UnixMilli())
}

// carryOut takes one exchange through its requests, each tried once: who asks
// tries again, and knows better for how long.
func carryOut(ctx context.Context, client *http.Client, s exchange.Service, given *exchange.Given) (cred.Credentials, error) {
	const most = 4 // requests of one exchange
	if client == nil {
		client = NewClient()
	}
	for range most {
		request, err := s.Word(given)
		if err != nil {
			return cred.Credentials{}, err
		}
		status, body, err := carry(ctx, client, &request)
		if err != nil {
			return cred.Credentials{}, fmt.Errorf("%s: %w", s.Op(), err)
		}
		c, done, err := s.Read(given, status, body)
		if err != nil || done {
			return c, err
		}
	}
	return cred.Credentials{}, exchange.ErrTooMany
}

func carry(ctx context.Context, client *http.Client, request *exchange.Request) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, request.Method, request.URL, bytes.NewReader(request.Body))
	if err != nil {
		return 0, nil, errors.New("the request cannot be made") // the cause quotes the URL
	}
	if request.ContentType != "" {
		r.Header.Set("Content-Type", request.ContentType)
	}
	for _, f := range request.Header {
		r.Header.Set(f.Name, f.Value)
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, exchange.MaxAnswer+1))
	return answer.StatusCode, body, err
}
