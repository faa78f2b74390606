package devstack

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/minio/minio-go/v7"
	miniocred "github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// open starts a stack that ends with the test.
func open(t testing.TB, c Config) *Stack {
	t.Helper()
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

// clock is a Now that a test moves on.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// client resolves every name below localhost to this machine, as browsers do,
// trusts the stack's authority, and follows no redirect.
func client(t testing.TB, s *Stack) *http.Client {
	t.Helper()
	config := new(tls.Config)
	if file := s.Endpoints().CAFile; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(text)
	}
	transport := &http.Transport{
		TLSClientConfig:       config,
		ExpectContinueTimeout: time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			var d net.Dialer
			return d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reply is an answer read to its end.
type reply struct {
	*http.Response
	body string
}

func do(t testing.TB, c *http.Client, r *http.Request) reply {
	t.Helper()
	response, err := c.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: read the answer: %v", r.Method, r.URL, err)
	}
	return reply{response, string(body)}
}

// code is the Code of an S3 error answer.
func (r reply) code(t testing.TB) string {
	t.Helper()
	var e struct{ Code string }
	if err := xml.Unmarshal([]byte(r.body), &e); err != nil {
		t.Fatalf("answer %d %q is no error document: %v", r.StatusCode, r.body, err)
	}
	return e.Code
}

func request(t testing.TB, method, target string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func postForm(t testing.TB, c *http.Client, target string, form url.Values) reply {
	t.Helper()
	r := request(t, http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(t, c, r)
}

// tokens is what the token endpoint answers.
type tokens struct {
	IDToken      string `json:"id_token"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Error        string `json:"error"`
}

// flow is one sign-in through the front door: code and PKCE over HTTP.
type flow struct {
	clientID, redirect, scope string
	method                    string // of PKCE; empty means S256
	verifier                  string
}

func pageFlow(s *Stack) flow {
	return flow{clientID: pageClient, redirect: s.Endpoints().Page, scope: "openid profile offline_access", verifier: rand.Text() + rand.Text()}
}

// authorize asks for a sign-in and returns what the provider answers: a
// redirect to the login page when all is well.
func (f flow) authorize(t testing.TB, s *Stack, c *http.Client) reply {
	t.Helper()
	sum := sha256.Sum256([]byte(f.verifier))
	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {f.clientID},
		"redirect_uri":          {f.redirect},
		"scope":                 {f.scope},
		"state":                 {"the state"},
		"nonce":                 {"the nonce"},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}
	if f.method != "" {
		query.Set("code_challenge_method", f.method)
	}
	return do(t, c, request(t, http.MethodGet, s.Endpoints().Issuer+"/authorize?"+query.Encode(), nil))
}

// code signs user in and returns the code that the client is sent.
func (f flow) code(t testing.TB, s *Stack, c *http.Client, user User) string {
	t.Helper()
	at := follow(t, s, f.authorize(t, s, c))
	if page := do(t, c, request(t, http.MethodGet, at.String(), nil)); page.StatusCode != http.StatusOK {
		t.Fatalf("login page = %d %s", page.StatusCode, page.body)
	}
	answer := postForm(t, c, s.Endpoints().Issuer+loginPath, url.Values{
		"id": {at.Query().Get("id")}, "user": {user.Name}, "password": {user.Password},
	})
	callback := follow(t, s, answer)
	back := follow(t, s, do(t, c, request(t, http.MethodGet, callback.String(), nil)))
	if !strings.HasPrefix(back.String(), f.redirect) || back.Query().Get("state") != "the state" {
		t.Fatalf("sent back to %s, want %s and the state", back, f.redirect)
	}
	return back.Query().Get("code")
}

// follow is where the answer redirects to, absolute.
func follow(t testing.TB, s *Stack, r reply) *url.URL {
	t.Helper()
	base, err := url.Parse(s.Endpoints().Issuer)
	if err != nil {
		t.Fatal(err)
	}
	at, err := base.Parse(r.Header.Get("Location"))
	if err != nil || r.Header.Get("Location") == "" {
		t.Fatalf("answer %d %s: no redirect: %v", r.StatusCode, r.body, err)
	}
	return at
}

// exchange trades a code for tokens.
func (f flow) exchange(t testing.TB, s *Stack, c *http.Client, code string) (tokens, int) {
	t.Helper()
	return token(t, s, c, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {f.clientID},
		"redirect_uri": {f.redirect}, "code_verifier": {f.verifier},
	})
}

func token(t testing.TB, s *Stack, c *http.Client, form url.Values) (tokens, int) {
	t.Helper()
	answer := postForm(t, c, s.Endpoints().Issuer+"/oauth/token", form)
	var out tokens
	if err := json.Unmarshal([]byte(answer.body), &out); err != nil {
		t.Fatalf("token endpoint: %d %s: %v", answer.StatusCode, answer.body, err)
	}
	return out, answer.StatusCode
}

func user(t testing.TB, s *Stack, name string) User {
	t.Helper()
	for _, u := range s.Endpoints().Users {
		if u.Name == name {
			return u
		}
	}
	t.Fatalf("no user is called %q", name)
	return User{}
}

func login(t testing.TB, s *Stack, name string) tokens {
	t.Helper()
	c := client(t, s)
	f := pageFlow(s)
	out, status := f.exchange(t, s, c, f.code(t, s, c, user(t, s, name)))
	if status != http.StatusOK || out.IDToken == "" || out.RefreshToken == "" {
		t.Fatalf("token endpoint = %d %+v", status, out.Error)
	}
	return out
}

// assumed is an answer of the STS, either kind.
type assumed struct {
	Status  int
	Subject string                                                                  `xml:"AssumeRoleWithWebIdentityResult>SubjectFromWebIdentityToken"`
	ARN     string                                                                  `xml:"AssumeRoleWithWebIdentityResult>AssumedRoleUser>Arn"`
	Keys    struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string } `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	Code    string                                                                  `xml:"Error>Code"`
	Type    string                                                                  `xml:"Error>Type"`
}

func assumeForm(idToken string) url.Values {
	return url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {roleARN},
		"RoleSessionName": {"test"}, "WebIdentityToken": {idToken},
	}
}

func callSTS(t testing.TB, s *Stack, form url.Values) assumed {
	t.Helper()
	answer := postForm(t, client(t, s), s.Endpoints().STS+"/", form)
	out := assumed{Status: answer.StatusCode}
	if err := xml.Unmarshal([]byte(answer.body), &out); err != nil {
		t.Fatalf("STS: %d %s: %v", answer.StatusCode, answer.body, err)
	}
	return out
}

// assumeRole turns an ID token into credentials, with extra parameters in pairs.
func assumeRole(t testing.TB, s *Stack, idToken string, extra ...string) Credentials {
	t.Helper()
	form := assumeForm(idToken)
	for i := 0; i < len(extra); i += 2 {
		form.Set(extra[i], extra[i+1])
	}
	out := callSTS(t, s, form)
	if out.Status != http.StatusOK {
		t.Fatalf("STS = %d %s", out.Status, out.Code)
	}
	expiration, err := time.Parse(time.RFC3339, out.Keys.Expiration)
	if err != nil {
		t.Fatal(err)
	}
	return Credentials{out.Keys.AccessKeyId, out.Keys.SecretAccessKey, out.Keys.SessionToken, expiration}
}

func credentialsOf(t testing.TB, s *Stack, name string) Credentials {
	t.Helper()
	c, err := s.Credentials(name, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// awsClient speaks Version 4.
func awsClient(t testing.TB, s *Stack, c Credentials, pathStyle bool) *s3.Client {
	t.Helper()
	base := s.Endpoints().S3
	if !pathStyle {
		base = strings.Replace(s.Endpoints().S3VirtualHost, s.Endpoints().Bucket+".", "", 1)
	}
	return s3.New(s3.Options{
		Region:       s.Endpoints().Region,
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
		BaseEndpoint: &base,
		UsePathStyle: pathStyle,
		HTTPClient:   client(t, s),
		Retryer:      aws.NopRetryer{},
	})
}

// minioClient speaks Version 2 or 4, path style or virtual-hosted style.
func minioClient(t testing.TB, s *Stack, c Credentials, version int, pathStyle bool) *minio.Client {
	t.Helper()
	base, err := url.Parse(s.Endpoints().S3)
	if err != nil {
		t.Fatal(err)
	}
	lookup, host := minio.BucketLookupPath, base.Host
	if !pathStyle {
		lookup, host = minio.BucketLookupDNS, s3Domain+":"+base.Port()
	}
	options := &minio.Options{
		Creds:  miniocred.NewStaticV4(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
		Secure: base.Scheme == "https", Region: s.Endpoints().Region,
		BucketLookup: lookup, Transport: client(t, s).Transport, MaxRetries: 1,
	}
	if version == 2 {
		options.Creds = miniocred.NewStaticV2(c.AccessKeyID, c.SecretAccessKey, "")
		options.Transport = tokenV2{options.Transport, c, !pathStyle}
	}
	m, err := minio.New(host, options)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// tokenV2 adds the session token, which minio-go leaves out with Version 2, and
// has minio-go's own signer sign again.
type tokenV2 struct {
	http.RoundTripper
	c       Credentials
	virtual bool
}

func (v tokenV2) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if v.c.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", v.c.SessionToken)
	}
	return v.RoundTripper.RoundTrip(signer.SignV2(*r, v.c.AccessKeyID, v.c.SecretAccessKey, v.virtual))
}

// codeOf is the S3 code of a client library's error, or empty.
func codeOf(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if err == nil {
		return ""
	}
	return minio.ToErrorResponse(err).Code
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Errorf("got %q (%v), want %q", got, err, code)
	}
}

// stored reads an object as the root.
func stored(t testing.TB, s *Stack, key string) string {
	t.Helper()
	out, err := awsClient(t, s, s.Root(), true).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(s.Endpoints().Bucket), Key: &key})
	if err != nil {
		t.Fatalf("object %q: %v", key, err)
	}
	defer out.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(out.Body); err != nil {
		t.Fatalf("object %q: %v", key, err)
	}
	return b.String()
}

func TestStart_secondInOneProcessIsRefused(t *testing.T) {
	open(t, Config{})
	if _, err := Start(t.Context(), Config{}); !errors.Is(err, ErrRunning) {
		t.Errorf("second Start() = %v, want ErrRunning", err)
	}
}

func TestStart_badConfigIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		c    Config
		want string
	}{
		"bucket with capitals":   {Config{Bucket: "Photos"}, "Photos"},
		"same bucket twice":      {Config{Bucket: "photos", NoCORSBucket: "photos"}, "photos"},
		"session too short":      {Config{SessionSeconds: 14}, "14"},
		"session too long":       {Config{SessionSeconds: 43201}, "43201"},
		"negative rate":          {Config{Rate: -1}, "rate"},
		"origin with a path":     {Config{Origins: []string{"http://127.0.0.1/x"}}, "http://127.0.0.1/x"},
		"origin that is no URL":  {Config{Origins: []string{"everybody"}}, "everybody"},
		"page in the demo's way": {Config{Pages: map[string]fs.FS{"/": nil}}, `"/"`},
	} {
		s, err := Start(t.Context(), test.c)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Start() = %v, want an error that names %s", name, err, test.want)
		}
	}
}

func TestStart_takenPortIsNamedAndNothingIsLeft(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	if _, err := Start(t.Context(), Config{STSPort: port}); err == nil || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("Start() = %v, want an error that names port %d", err, port)
	}
	open(t, Config{}) // the failed start has given the process back
}

func TestClose_leavesNothingBehind(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, Config{TLS: true})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) != 0 {
		t.Errorf("temporary folder has %v, %v, want nothing", left, err)
	}
	if now, err := os.Getwd(); err != nil || now != home {
		t.Errorf("working directory = %s, %v, want %s", now, err, home)
	}
	for _, e := range []string{s.Endpoints().Page, s.Endpoints().S3, s.Endpoints().STS, s.Endpoints().Issuer} {
		u, err := url.Parse(e)
		if err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", u.Host); err == nil {
			conn.Close()
			t.Errorf("%s still answers", e)
		}
	}
}

func TestClose_breaksOffWhatIsUnderWay(t *testing.T) {
	s := open(t, Config{})
	reader, writer := io.Pipe()
	r := request(t, http.MethodPut, s.Endpoints().S3+"/photos/users/alice/endless", reader)
	r.ContentLength = 1 << 30
	signV4(t, s, r, credentialsOf(t, s, "alice"))
	gone := make(chan error, 1)
	go func() {
		_, err := client(t, s).Do(r)
		gone <- err
	}()
	if _, err := writer.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("Close() took %v, as if it waited for the upload", took)
	}
	writer.Close()
	if err := <-gone; err == nil {
		t.Error("the upload was answered, want it broken off")
	}
}

func TestData_keepsObjectsAndMetadata(t *testing.T) {
	for name, prepare := range map[string]func(folder string) error{
		"with extended attributes": func(string) error { return nil },
		// What a start on a file system without user attributes leaves.
		"with a metadata folder": func(folder string) error { return os.MkdirAll(filepath.Join(folder, "metadata"), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := prepare(folder); err != nil {
				t.Fatal(err)
			}
			s := open(t, Config{Data: folder})
			key := "users/alice/kept.txt"
			_, err := awsClient(t, s, credentialsOf(t, s, "alice"), true).PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String("photos"), Key: &key, Body: strings.NewReader("kept"),
				ContentType: aws.String("text/plain"), Metadata: map[string]string{"album": "x"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, Config{Data: folder})
			out, err := awsClient(t, s, credentialsOf(t, s, "alice"), true).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("photos"), Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			if *out.ContentType != "text/plain" || out.Metadata["album"] != "x" || *out.ContentLength != 4 {
				t.Errorf("after a restart: %s, %v, %d bytes", *out.ContentType, out.Metadata, *out.ContentLength)
			}
			if got := stored(t, s, key); got != "kept" {
				t.Errorf("after a restart the object is %q", got)
			}
		})
	}
}

// A folder copied without extended attributes has files and no buckets.
func TestData_lostMetadataIsExplained(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "objects", "photos"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), Config{Data: folder})
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, errLostMetadata) {
		t.Errorf("Start() = %v, want %v", err, errLostMetadata)
	}
}

func TestData_unusableFolderIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), Config{Data: file})
	if err == nil {
		s.Close()
		t.Fatal("Start() over a file succeeded")
	}
	if !strings.Contains(err.Error(), file) {
		t.Errorf("Start() = %v, want an error that names %s", err, file)
	}
}
