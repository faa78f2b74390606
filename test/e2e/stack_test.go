package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/test/e2e/harness"
)

// stack is a dev stack for one test.
type stack struct {
	*devstack.Stack
	devstack.Endpoints
	root     *awss3.Client // may do everything
	requests *requests     // what the stack's servers answered
}

// startStack runs a dev stack with the harness page on it until t ends.
func startStack(t *testing.T, c devstack.Config) *stack {
	t.Helper()
	c.Pages = map[string]fs.FS{harness.Path: harness.Files()}
	seen := new(requests)
	c.Log = slog.New(seen)
	s, err := devstack.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the dev stack: %v", err)
		}
	})
	e := s.Endpoints()
	root := s.Root()
	return &stack{Stack: s, Endpoints: e, requests: seen, root: awss3.New(awss3.Options{
		BaseEndpoint: &e.S3, Region: e.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, ""),
	})}
}

// harness is the address of the harness page.
func (s *stack) harness() string { return strings.TrimSuffix(s.Page, "/") + harness.Path }

// credentials are temporary ones of a user, for a test that is not about how to
// get them.
func (s *stack) credentials(t testing.TB, user string, life time.Duration) harness.Credentials {
	t.Helper()
	c, err := s.Credentials(user, life)
	if err != nil {
		t.Fatal(err)
	}
	return harness.Credentials{
		AccessKey: c.AccessKeyID, SecretKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		Expiration: c.Expiration.Format(time.RFC3339),
	}
}

// options are those of an uploader of alice.
func (s *stack) options(t testing.TB) harness.Options {
	t.Helper()
	return harness.Options{
		"bucket": s.Bucket, "region": s.Region, "endpoint": s.S3, "pathStyle": true,
		"credentials": s.credentials(t, "alice", time.Hour),
	}
}

// object is what the store has.
type object struct {
	sum         string // SHA-256 of what GetObject sends
	size        int64
	contentType string
	etag        string
	metadata    map[string]string
}

// object reads an object back.
func (s *stack) object(t testing.TB, key string) object {
	t.Helper()
	o, err := s.root.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &s.Bucket, Key: &key})
	if err != nil {
		t.Fatalf("read %q back: %v", key, err)
	}
	defer o.Body.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, o.Body)
	if err != nil {
		t.Fatalf("read %q back: %v", key, err)
	}
	metadata := map[string]string{}
	for name, value := range o.Metadata {
		metadata[strings.ToLower(name)] = s3.DecodeMetadata(value)
	}
	return object{hex.EncodeToString(hash.Sum(nil)), size, aws.ToString(o.ContentType), aws.ToString(o.ETag), metadata}
}

// source is what an object must be equal to.
type source struct {
	sum         string
	size        int64
	contentType string
	metadata    map[string]string
}

func sourceOf(data []byte, contentType string, metadata map[string]string) source {
	return source{harness.Sum(data), int64(len(data)), contentType, metadata}
}

// check compares the object at key with its source.
func (s *stack) check(t testing.TB, key string, want source) object {
	t.Helper()
	got := s.object(t, key)
	if got.sum != want.sum || got.size != want.size {
		t.Errorf("%q has SHA-256 %s and %d bytes, want %s and %d", key, got.sum, got.size, want.sum, want.size)
	}
	if got.contentType != want.contentType {
		t.Errorf("%q has content type %q, want %q", key, got.contentType, want.contentType)
	}
	if !maps.Equal(got.metadata, want.metadata) {
		t.Errorf("%q has metadata %q, want %q", key, got.metadata, want.metadata)
	}
	return got
}

// absent wants that there is no object at key.
func (s *stack) absent(t testing.TB, key string) {
	t.Helper()
	_, err := s.root.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &s.Bucket, Key: &key})
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "NotFound" {
		t.Errorf("HeadObject of %q: %v, want NotFound", key, err)
	}
}

// unfinished lists the keys of multipart uploads that were neither completed
// nor aborted.
func (s *stack) unfinished(t testing.TB) []string {
	t.Helper()
	list, err := s.root.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &s.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, u := range list.Uploads {
		keys = append(keys, aws.ToString(u.Key))
	}
	return keys
}

// requests is the log of the stack: a line for every request that was answered.
type requests struct {
	mu  sync.Mutex
	all []request
}

type request struct {
	server, method, path string
	status               int64
}

func (r request) String() string {
	return fmt.Sprintf("%s: %s %s: %d", r.server, r.method, r.path, r.status)
}

// Enabled, Handle, WithAttrs and WithGroup make it a slog.Handler.
func (r *requests) Enabled(context.Context, slog.Level) bool { return true }
func (r *requests) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *requests) WithGroup(string) slog.Handler            { return r }
func (r *requests) Handle(_ context.Context, line slog.Record) error {
	one := request{server: line.Message}
	line.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "method":
			one.method = a.Value.String()
		case "path":
			one.path = a.Value.String()
		case "status":
			one.status = a.Value.Int64()
		}
		return true
	})
	if one.method != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all = append(r.all, one)
	}
	return nil
}

// of lists what one server answered about paths with part in them.
func (r *requests) of(server, part string) []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []request
	for _, one := range r.all {
		if one.server == server && strings.Contains(one.path, part) {
			found = append(found, one)
		}
	}
	return found
}

// equal compares a stored object with bytes on their way somewhere else.
func equal(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes with SHA-256 %s, want %d with %s", what, len(got), harness.Sum(got), len(want), harness.Sum(want))
	}
}

// count is how many objects there are below prefix.
func (s *stack) count(t testing.TB, prefix string) int {
	t.Helper()
	n := 0
	pages := awss3.NewListObjectsV2Paginator(s.root, &awss3.ListObjectsV2Input{Bucket: &s.Bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Contents)
	}
	return n
}

// stranger knows, as browsers do, that every name below localhost is this
// machine (RFC 6761, section 6.3); Go asks the machine's name server.
var stranger = http.Client{Transport: &http.Transport{
	DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	},
	DisableKeepAlives: true,
}}

// get fetches url as a stranger does.
func get(t testing.TB, url string) (status int, body []byte) {
	t.Helper()
	resp, err := stranger.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// expect compares a failure with what is wanted of it: Code and Status are
// equal, Message and Hint contain what want has. A failure that people cannot
// act on, without a hint, is never right.
func expect(t testing.TB, what string, got *harness.Failure, want harness.Failure) {
	t.Helper()
	switch {
	case got == nil:
		t.Errorf("%s: no failure, want %v", what, &want)
	case got.Code != want.Code || got.Status != want.Status,
		!strings.Contains(got.Message, want.Message), !strings.Contains(got.Hint, want.Hint):
		t.Errorf("%s: %v\nwant %v", what, got, &want)
	case got.Name == "BucketlineError" && (got.Hint == "" || got.Hint == "See the message."):
		t.Errorf("%s: no hint in %v", what, got)
	}
}

// noneRefused wants that the store answered every request with 2xx.
func (s *stack) noneRefused(t testing.TB) {
	t.Helper()
	for _, r := range s.requests.of("s3", "") {
		if r.status < 200 || r.status > 299 {
			t.Errorf("the store refused: %v", r)
		}
	}
}
