package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/internal/fakeclouds"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// outcome is what the page exchanges.html says of one exchange.
type outcome struct {
	Given        *harness.Credentials
	Error        *harness.Failure
	Asked, Again int
}

// cloud is all services that a page may call and that cannot run here, each on
// an origin of its own, with the preflights that it really has.
type cloud struct {
	fakeclouds.Cloud
	cognito, sts, grants, express, container string
}

const (
	cloudToken = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"
	oldToken   = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.b2xk"
	cloudPool  = "eu-west-1:1a2b3c4d-1111-2222-3333-123456789abc"
	cloudRole  = "arn:aws:iam::111122223333:role/uploader"
)

func startCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{Cloud: fakeclouds.Cloud{
		Region: "eu-west-1", RoleARN: cloudRole, Pool: cloudPool, Identity: "eu-west-1:99999999-1111", AccountID: "111122223333",
		Keys:   []fakeclouds.Key{{AccessKeyID: "ASIAPERSON", SecretAccessKey: "person+secret/", SessionToken: "person-token=="}},
		Tokens: map[string][]string{"accounts.google.com": {cloudToken}}, Expired: []string{oldToken},
		Authorization: "Bearer " + cloudToken,
	}}
	serve := func(methods []string, headers []string, h http.Handler) string {
		s := httptest.NewServer(fakeclouds.CORS(methods, headers, h))
		t.Cleanup(s.Close)
		return s.URL
	}
	signed := []string{"authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}
	c.cognito = serve([]string{"POST"}, []string{"content-type", "x-amz-target"}, c.Cognito())
	c.sts = serve([]string{"POST"}, nil, c.STS()) // a simple request: no header may need a preflight
	c.grants = serve([]string{"GET"}, append(signed, "x-amz-account-id"), c.Grants())
	c.express = serve([]string{"GET"}, append(signed, "x-amz-create-session-mode"), c.Express())
	c.container = serve([]string{"GET"}, []string{"authorization"}, c.Container())
	return c
}

// Every exchange from a real page, under a strict CSP and with the preflights of
// the services, against fakes that are as strict as their references.
func TestExchanges_fromAPage(t *testing.T) {
	c := startCloud(t)
	origin := (&harness.Site{Policy: harness.Policy(c.cognito, c.sts, c.grants, c.express, c.container)}).Serve(t)
	person := harness.Credentials{AccessKey: "ASIAPERSON", SecretKey: "person+secret/", SessionToken: "person-token==", Expiration: "2999-01-01T00:00:00Z"}
	pool := harness.Options{"identityPoolId": cloudPool, "endpoint": c.cognito, "provider": "accounts.google.com"}
	grant := harness.Options{"accountId": "111122223333", "region": "eu-west-1", "endpoint": c.grants, "target": "s3://photos/u/é 1/*", "permission": "READWRITE", "credentials": person}
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		b.Open(origin + harness.Path + "exchanges.html")
		b.WaitFor("the page", 30*time.Second, "return window.exchanges")
		run := func(name string, o harness.Options) outcome {
			t.Helper()
			return webdriver.Eval[outcome](b, "return await exchanges.run(...arguments)", name, o)
		}
		if loaded := webdriver.Eval[[]string](b, "return exchanges.loaded()"); slices.Contains(loaded, "exchange.wasm") {
			t.Errorf("loaded before it is needed: %v", loaded)
		}
		for _, test := range []struct {
			name, function string
			options        harness.Options
			life           time.Duration
			asked, again   int
		}{
			{"a pool, enhanced flow", "cognitoIdentity", pool.With("token", []string{cloudToken}), time.Hour, 1, 0},
			{"a pool, basic flow", "cognitoIdentity", pool.With("token", []string{cloudToken}).With("roleArn", cloudRole).With("stsEndpoint", c.sts).With("durationSeconds", 900), 15 * time.Minute, 1, 0},
			{"a pool's guest", "cognitoIdentity", harness.Options{"identityPoolId": cloudPool, "endpoint": c.cognito}, time.Hour, 0, 0},
			{"a pool, with a token that has ended first", "cognitoIdentity", pool.With("token", []string{oldToken, cloudToken}), time.Hour, 2, 1},
			{"STS, with a token that has ended first", "assumeRoleWithWebIdentity", harness.Options{"endpoint": c.sts, "roleArn": cloudRole, "token": []string{oldToken, cloudToken}}, time.Hour, 2, 1},
			{"a JSON endpoint", "containerCredentials", harness.Options{"url": c.container + "/x?y=1", "authorization": []string{"Bearer " + cloudToken}}, 15 * time.Minute, 1, 0},
			{"a grant", "accessGrants", grant, time.Hour, 0, 0},
			{"a directory bucket", "s3ExpressSession", harness.Options{"bucket": "photos--euw1-az1--x-s3", "region": "eu-west-1", "endpoint": c.express, "credentials": person}, 5 * time.Minute, 0, 0},
		} {
			got := run(test.function, test.options)
			if got.Error != nil || got.Given == nil {
				t.Errorf("%s: %+v", test.name, got.Error)
				continue
			}
			ends, err := time.Parse(time.RFC3339, fmt.Sprint(got.Given.Expiration))
			if life := time.Until(ends); err != nil || got.Given.SessionToken == "" || life < test.life-time.Minute || life > test.life+time.Minute {
				t.Errorf("%s: for %v, want %v", test.name, life, test.life)
			}
			if got.Asked != test.asked || got.Again != test.again {
				t.Errorf("%s: asked for %d tokens, %d of them again; want %d and %d", test.name, got.Asked, got.Again, test.asked, test.again)
			}
		}
		for _, test := range []struct {
			name, function string
			options        harness.Options
			code           string
		}{
			{"a token that nobody issued", "cognitoIdentity", pool.With("token", []string{"a.b.c", "a.b.c"}), "NotAuthorizedException"},
			{"the wrong authorization", "containerCredentials", harness.Options{"url": c.container, "authorization": "Bearer x"}, "AccessDenied"},
			{"another person's secret", "accessGrants", grant.With("credentials", harness.Credentials{AccessKey: "ASIAPERSON", SecretKey: "x", SessionToken: "person-token==", Expiration: "2999-01-01T00:00:00Z"}), "SignatureDoesNotMatch"},
			{"an endpoint that the CSP does not allow", "containerCredentials", harness.Options{"url": "http://127.0.0.1:9/"}, "Unreachable"},
			{"no pool", "cognitoIdentity", harness.Options{"identityPoolId": "pool"}, "IdentityPoolInvalid"},
		} {
			got := run(test.function, test.options)
			if got.Error == nil || got.Error.Code != test.code {
				t.Errorf("%s: %+v, want %s", test.name, got.Error, test.code)
				continue
			}
			if strings.Contains(got.Error.Message+got.Error.Hint, cloudToken) || strings.Contains(got.Error.Message, "person+secret") || got.Error.Hint == "" {
				t.Errorf("%s: the error is %+v", test.name, got.Error)
			}
		}
		if loaded := webdriver.Eval[[]string](b, "return exchanges.loaded()"); !slices.Contains(loaded, "exchange.wasm") || slices.Contains(loaded, "engine.wasm") {
			t.Errorf("loaded %v", loaded)
		}
	})
}

// The dev stack's STS takes the session policy that the page wrote, and its store
// keeps to it.
func TestSessionPolicy_narrowsWhatThePageMayWrite(t *testing.T) {
	s := startStack(t, devstack.Config{})
	token := s.idToken(t, "alice")
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		b.Open(s.harness() + "exchanges.html")
		b.WaitFor("the page", 30*time.Second, "return window.exchanges")
		prefix := "users/alice/" + string(b.Browser()) + "/"
		policy := webdriver.Eval[string](b, "return (await exchanges.run('sessionPolicy', arguments[0])).given", harness.Options{"bucket": s.Bucket, "prefix": prefix})
		got := webdriver.Eval[outcome](b, "return await exchanges.run(...arguments)", "assumeRoleWithWebIdentity", harness.Options{
			"endpoint": s.STS, "roleArn": s.RoleARN, "roleSessionName": "e2e", "token": token, "durationSeconds": 900, "policy": policy,
		})
		if got.Given == nil {
			t.Fatalf("the STS refuses %s: %+v", policy, got.Error)
		}
		p := harness.Open(t, b, s.harness())
		p.MustCreate(s.options(t).With("credentials", got.Given), nil)
		p.MustUpload(
			harness.Upload{Source: harness.Named("mine", 1, 10), Options: harness.Options{"key": prefix + "a"}},
			harness.Upload{Source: harness.Named("beside", 1, 10), Options: harness.Options{"key": "users/alice/" + string(b.Browser()) + "-a"}},
		)
		if _, failure := p.Settled(0); failure != nil {
			t.Errorf("below the prefix: %+v", failure)
		}
		if _, failure := p.Settled(1); failure == nil || failure.Code != "AccessDenied" {
			t.Errorf("beside it: %+v, want AccessDenied", failure)
		}
	})
}
