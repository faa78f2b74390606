package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/cred/cognito"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/express"
	"github.com/bucketline/bucketline/cred/grants"
	"github.com/bucketline/bucketline/cred/r2"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/internal/fakeclouds"
	"github.com/bucketline/bucketline/provider"
	"github.com/bucketline/bucketline/s3"
)

const (
	role     = "arn:aws:iam::111122223333:role/uploader"
	pool     = "eu-west-1:1a2b3c4d-1111-2222-3333-123456789abc"
	identity = "eu-west-1:99999999-1111-2222-3333-123456789abc"
	account  = "0123456789abcdef0123456789abcdef"
	idToken  = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"
	bucket   = "photos--euw1-az1--x-s3"
)

// cloud knows one person, one role and one of everything.
func cloud() *fakeclouds.Cloud {
	return &fakeclouds.Cloud{
		Region: "eu-west-1", RoleARN: role, Pool: pool, Identity: identity, AccountID: "111122223333", Bucket: bucket,
		R2Account: account, R2Token: "api-token", R2Parent: "parent", Authorization: "Bearer " + idToken,
		Keys:   []fakeclouds.Key{{AccessKeyID: "AKIASOURCE", SecretAccessKey: "source+secret/"}, {AccessKeyID: "ASIASOURCE", SecretAccessKey: "s", SessionToken: "source-token=="}},
		Tokens: map[string][]string{"accounts.google.com": {idToken}}, Expired: []string{"old.id.token"},
	}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func token(text string) provider.Token {
	return func(context.Context) (string, error) { return text, nil }
}

var (
	permanent = provider.Static(bucketline.Credentials{AccessKeyID: "AKIASOURCE", SecretAccessKey: "source+secret/"})
	temporary = provider.Static(bucketline.Credentials{AccessKeyID: "ASIASOURCE", SecretAccessKey: "s", SessionToken: "source-token=="})
)

// Every provider, against services that verify what is documented of them.
func TestProviders(t *testing.T) {
	c := cloud()
	stsURL, cognitoURL := serve(t, c.STS()), serve(t, c.Cognito())
	expressURL, grantsURL := serve(t, c.Express()), serve(t, c.Grants())
	r2URL, containerURL := serve(t, c.R2()), serve(t, c.Container())
	var o provider.Options
	assume := sts.AssumeRole{
		Endpoint: stsURL, Region: "eu-west-1", RoleARN: role, RoleSessionName: "alice", DurationSeconds: 900, Policy: `{"Version":"2012-10-17"}`,
		Tags: []s3.Field{{Name: "uid", Value: "u 42/é"}, {Name: "empty"}}, ExternalID: "x:/1", SourceIdentity: "alice",
	}
	basic := cognito.Pool{
		IdentityPoolID: pool, Endpoint: cognitoURL, STSEndpoint: stsURL, Provider: "accounts.google.com", RoleARN: role, DurationSeconds: 900,
	}
	for _, p := range []struct {
		name   string
		get    provider.Func
		life   time.Duration
		asked  string
		opaque bool
	}{
		{"web identity", provider.WebIdentity(sts.WebIdentity{Endpoint: stsURL, RoleARN: role, RoleSessionName: "a é"[:1] + "lice"}, token(idToken), o), time.Hour, "AssumeRoleWithWebIdentity", false},
		{"a role, with permanent keys", provider.AssumeRole(assume, permanent, o), 15 * time.Minute, "AssumeRole", false},
		{"a role, with temporary ones", provider.AssumeRole(assume, temporary, o), 15 * time.Minute, "AssumeRole", false},
		{"a session token", provider.SessionToken(sts.SessionToken{Endpoint: stsURL, Region: "eu-west-1", SerialNumber: "GAHT12345678", TokenCode: "123456"}, permanent, o),
			12 * time.Hour, "GetSessionToken", false},
		{"a pool, enhanced flow", provider.Cognito(cognito.Pool{IdentityPoolID: pool, Endpoint: cognitoURL, Provider: "https://accounts.google.com", CustomRoleARN: role}, token(idToken), o),
			time.Hour, "GetId GetCredentialsForIdentity", false},
		{"a pool, basic flow", provider.Cognito(basic, token(idToken), o), 15 * time.Minute, "GetId GetOpenIdToken AssumeRoleWithWebIdentity", false},
		{"a pool's guest", provider.Cognito(cognito.Pool{IdentityPoolID: pool, Endpoint: cognitoURL}, nil, o), time.Hour, "GetId GetCredentialsForIdentity", false},
		{"a JSON endpoint", provider.Container(containerURL+"/credentials?x=1", token("Bearer "+idToken), o), 15 * time.Minute, "GetCredentials", false},
		{"R2", provider.R2(r2.Bucket{AccountID: account, ParentAccessKeyID: "parent", Bucket: "photos", Permission: "object-read-write", TTLSeconds: 900,
			Prefixes: []string{"u/42/"}, Endpoint: r2URL + "/client/v4"}, token("api-token"), o), 15 * time.Minute, "CreateTemporaryCredentials", false},
		{"a directory bucket", provider.Express(express.Session{Bucket: bucket, Region: "eu-west-1", Endpoint: expressURL}, temporary, o), 5 * time.Minute, "CreateSession", false},
		{"a grant", provider.Grants(grants.Access{AccountID: "111122223333", Region: "eu-west-1", Endpoint: grantsURL, Target: "s3://photos/u/é 1/*", Permission: "READWRITE", DurationSeconds: 900}, temporary, o),
			15 * time.Minute, "GetDataAccess", false},
		{"a grant for one object", provider.Grants(grants.Access{AccountID: "111122223333", Region: "eu-west-1", Endpoint: grantsURL, Target: "s3://photos/u/1", Permission: "READ"}, permanent, o),
			time.Hour, "GetDataAccess", false},
	} {
		before := len(c.Asked())
		got, err := p.get(t.Context())
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		life := time.Until(got.Expiration)
		if got.AccessKeyID == "" || got.SecretAccessKey == "" || got.SessionToken == "" || life < p.life-time.Minute || life > p.life+time.Minute {
			t.Errorf("%s: %s for %v, want %v", p.name, got.AccessKeyID, life, p.life)
		}
		if asked := strings.Join(c.Asked()[before:], " "); asked != p.asked {
			t.Errorf("%s asked for %s, want %s", p.name, asked, p.asked)
		}
		again, err := p.get(t.Context())
		if err != nil || again.AccessKeyID == got.AccessKeyID {
			t.Errorf("%s, again: %s, %v", p.name, again.AccessKeyID, err)
		}
	}
}

func TestR2Minted(t *testing.T) {
	get := provider.R2Minted(r2.Bucket{AccountID: account, ParentAccessKeyID: "parent", Bucket: "photos", Permission: "object-read-write", TTLSeconds: 900}, "secret")
	c, err := get(t.Context())
	if life := time.Until(c.Expiration); err != nil || c.AccessKeyID != "parent" || life < 14*time.Minute || life > 15*time.Minute {
		t.Errorf("%s for %v, %v", c.AccessKeyID, life, err)
	}
}

// An upload into a directory bucket, through what leads there: a session, and an
// object that is signed with it.
func TestExpress_upload(t *testing.T) {
	c := cloud()
	var stored sync.Map
	const host = bucket + ".s3express-euw1-az1.eu-west-1.amazonaws.com"
	url := serve(t, c.Directory(host, func(key string, content []byte) { stored.Store(key, string(content)) }))
	// CreateSession goes the same way, so it is signed for that host.
	session := provider.Express(express.Session{Bucket: bucket, Region: "eu-west-1", Endpoint: serve(t, c.Express())}, temporary, provider.Options{})
	client, err := bucketline.New(bucketline.Config{Bucket: bucket, Region: "eu-west-1", SendTo: url, RetryFor: time.Second, CredentialsExpired: session})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	content := "into a directory"
	result, err := client.Upload(t.Context(), strings.NewReader(content), int64(len(content)), bucketline.Object{Key: "u/42/a b.txt"})
	if err != nil || result.ETag == "" {
		t.Fatalf("%+v, %v", result, err)
	}
	if got, _ := stored.Load("u/42/a b.txt"); got != content {
		t.Errorf("stored %v", got)
	}
	if asked := c.Asked(); !slices.Equal(asked, []string{"CreateSession"}) {
		t.Errorf("asked for %v", asked)
	}
	if _, err := bucketline.New(bucketline.Config{Bucket: bucket, Region: "eu-west-1", SignatureVersion: 2, CredentialsExpired: session}); err == nil {
		t.Error("Signature Version 2 for a directory bucket")
	}
}

// The token function is asked again when the service says that the first token
// has ended, and what it returns then is tried, once.
func TestWebIdentity_tokensEnd(t *testing.T) {
	c := cloud()
	url := serve(t, c.STS())
	for _, test := range []struct {
		name   string
		tokens []string
		err    string
		calls  int32
	}{
		{"a good one", []string{idToken}, "", 1},
		{"an old one, then a good one", []string{"old.id.token", idToken}, "", 2},
		{"the old one twice", []string{"old.id.token", "old.id.token"}, "400 ExpiredTokenException", 2},
		{"a false one, then an old one", []string{"false.id.token", "old.id.token", idToken}, "400 ExpiredTokenException", 2},
	} {
		var calls atomic.Int32
		get := provider.WebIdentity(sts.WebIdentity{Endpoint: url, RoleARN: role}, func(context.Context) (string, error) {
			return test.tokens[calls.Add(1)-1], nil
		}, provider.Options{})
		_, err := get(t.Context())
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) || calls.Load() != test.calls {
			t.Errorf("%s: %v after %d calls, want %q after %d", test.name, err, calls.Load(), test.err, test.calls)
		}
	}
	broken := errors.New("nobody signed in")
	get := provider.WebIdentity(sts.WebIdentity{Endpoint: url, RoleARN: role}, func(context.Context) (string, error) { return "", broken }, provider.Options{})
	if _, err := get(t.Context()); !errors.Is(err, broken) {
		t.Errorf("a token function that fails: %v", err)
	}
	if _, err := provider.WebIdentity(sts.WebIdentity{Endpoint: url}, nil, provider.Options{})(t.Context()); err == nil {
		t.Error("no token function, and no error")
	}
}

// A clock that is a day off signs again by the service's.
func TestAssumeRole_wrongClock(t *testing.T) {
	for _, skew := range []time.Duration{24 * time.Hour, -24 * time.Hour, 20 * time.Minute, -20 * time.Minute} {
		c := cloud()
		c.Now = func() time.Time { return time.Now().Add(skew) }
		dated := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", c.Now().UTC().Format(http.TimeFormat))
			c.STS().ServeHTTP(lateDate{w, c}, r)
		})
		get := provider.AssumeRole(sts.AssumeRole{Endpoint: serve(t, dated), Region: "eu-west-1", RoleARN: role, RoleSessionName: "alice"}, permanent, provider.Options{})
		got, err := get(t.Context())
		if err != nil || got.AccessKeyID == "" {
			t.Errorf("the service's clock is %v ahead: %v", skew, err)
		}
		if wrong := got.Skew - skew; wrong.Abs() > time.Minute {
			t.Errorf("the service's clock is %v ahead, and was found to be %v", skew, got.Skew)
		}
	}
}

// lateDate keeps the Date of the cloud's own clock.
type lateDate struct {
	http.ResponseWriter
	cloud *fakeclouds.Cloud
}

func (l lateDate) WriteHeader(status int) {
	l.Header().Set("Date", l.cloud.Now().UTC().Format(http.TimeFormat))
	l.ResponseWriter.WriteHeader(status)
}

func (l lateDate) Write(p []byte) (int, error) {
	l.Header().Set("Date", l.cloud.Now().UTC().Format(http.TimeFormat))
	return l.ResponseWriter.Write(p)
}

// What is worth trying again is, a little; what is not, is not; and a
// redirection is not followed.
func TestProvider_retries(t *testing.T) {
	for _, test := range []struct {
		name     string
		statuses []int
		want     int32
		ok       bool
	}{
		{"busy once", []int{503, 200}, 2, true},
		{"busy for long", []int{503, 500, 429, 200}, 3, false},
		{"refused", []int{403, 200}, 1, false},
		{"sent elsewhere", []int{307, 200}, 1, false},
		{"no answer once", []int{0, 200}, 2, true},
	} {
		var asked atomic.Int32
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status := test.statuses[asked.Add(1)-1]
			switch status {
			case 0:
				panic(http.ErrAbortHandler)
			case 307:
				w.Header().Set("Location", "http://127.0.0.1:1/stolen")
			}
			w.WriteHeader(status)
			fmt.Fprint(w, `{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2126-11-23T09:00:00Z"}`)
		}))
		_, err := provider.Container(url, nil, provider.Options{})(t.Context())
		if (err == nil) != test.ok || asked.Load() != test.want {
			t.Errorf("%s: %v after %d requests, want %d", test.name, err, asked.Load(), test.want)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := provider.Container("http://127.0.0.1:1", nil, provider.Options{})(ctx); err == nil {
		t.Error("a context that has ended, and no error")
	}
}

// No error names a secret, whatever goes wrong.
func TestProvider_errorsShowNoSecret(t *testing.T) {
	echo := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<ErrorResponse><Error><Code>Bad</Code><Message>%s %s</Message></Error></ErrorResponse>", r.PostForm, r.Header)
	}))
	const secret = "s3cret"
	long := "eyJ" + strings.Repeat(secret, 20)
	source := provider.Static(bucketline.Credentials{AccessKeyID: "A", SecretAccessKey: secret, SessionToken: long})
	for _, url := range []string{echo, "http://127.0.0.1:1", "https://127.0.0.1:1", "http://sts.example.com"} {
		for name, get := range map[string]provider.Func{
			"web identity": provider.WebIdentity(sts.WebIdentity{Endpoint: url, RoleARN: role}, token(long), provider.Options{}),
			"a role":       provider.AssumeRole(sts.AssumeRole{Endpoint: url, RoleARN: role}, source, provider.Options{}),
			"an endpoint":  provider.Container(url+"/?key="+secret, token("Bearer "+long), provider.Options{}),
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			_, err := get(ctx)
			cancel()
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s at %s: %v", name, url, err)
			}
		}
	}
}

func TestContainerFromEnvironment(t *testing.T) {
	c := cloud()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("Bearer "+idToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := provider.ContainerFromEnvironment(provider.Options{}); ok {
		t.Error("an endpoint in an environment that names none")
	}
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", serve(t, c.Container())+"/role")
	for _, step := range []struct { // each adds to what those before it have set
		name string
		set  func()
	}{
		{"a token", func() { t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer "+idToken) }},
		{"a file goes before", func() {
			t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer another")
			t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)
		}},
		{"a file alone", func() { t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "") }},
		{"a file without a line end", func() {
			if err := os.WriteFile(file, []byte("Bearer "+idToken), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		step.set()
		get, ok := provider.ContainerFromEnvironment(provider.Options{})
		if !ok {
			t.Fatalf("%s: no endpoint", step.name)
		}
		if got, err := get(t.Context()); err != nil || got.AccessKeyID == "" {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	os.Remove(file)
	get, _ := provider.ContainerFromEnvironment(provider.Options{})
	if _, err := get(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestKeep(t *testing.T) {
	var asked atomic.Int32
	life := time.Hour
	get := provider.Keep(func(context.Context) (bucketline.Credentials, error) {
		n := asked.Add(1)
		if n == 3 {
			return bucketline.Credentials{}, errors.New("not now")
		}
		return bucketline.Credentials{AccessKeyID: fmt.Sprint(n), Expiration: time.Now().Add(life)}, nil
	})
	var names []string
	for range 2 {
		c, err := get(t.Context())
		names = append(names, c.AccessKeyID)
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(names, []string{"1", "1"}) {
		t.Errorf("kept %v", names)
	}
	life = 0
	short := provider.Keep(func(ctx context.Context) (bucketline.Credentials, error) {
		asked.Add(1)
		return bucketline.Credentials{Expiration: time.Now()}, nil
	})
	before := asked.Load()
	short(t.Context())
	short(t.Context())
	if got := asked.Load() - before; got != 2 {
		t.Errorf("credentials that end at once are asked for %d times", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	hang, begun := make(chan struct{}), make(chan struct{})
	slow := provider.Keep(func(context.Context) (bucketline.Credentials, error) {
		close(begun)
		<-hang
		return bucketline.Credentials{}, nil
	})
	done := make(chan struct{})
	go func() { slow(t.Context()); close(done) }()
	<-begun
	cancel()
	if _, err := slow(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("one that waits while its context ends: %v", err)
	}
	close(hang)
	<-done
}

// A Func prints no secret.
func TestFunc_isAFunction(t *testing.T) {
	if kind := reflect.TypeOf(permanent).Kind(); kind != reflect.Func {
		t.Errorf("a Func is a %v", kind)
	}
	var refused *exchange.Error
	_, err := provider.AssumeRole(sts.AssumeRole{Endpoint: serve(t, cloud().STS()), Region: "eu-west-1", RoleARN: role + "x"}, permanent, provider.Options{})(t.Context())
	if !errors.As(err, &refused) || refused.Code != "AccessDenied" || refused.Op != "AssumeRole" || refused.RequestID != "fake-request" {
		t.Errorf("the service's refusal is %v", err)
	}
}
