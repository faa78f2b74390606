package devstack

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
)

// The hooks that gateway.go relies on are documented for VersityGW's own use
// only. These tests say what we rely on; look at them when the version changes.

func TestGateway_versionIsTheOneTested(t *testing.T) {
	text, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "github.com/versity/versitygw v1.8.0") {
		t.Error("VersityGW has another version: read its s3api/server.go, auth/access-control.go and s3api/controllers/bucket-post.go against gateway.go")
	}
}

func testHooks(t *testing.T) (*hooks, Credentials) {
	t.Helper()
	v, err := newVault(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.mint("alice", "test", nil, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return &hooks{vault: v, buckets: []string{"photos"}, formMark: "the mark"}, c
}

// decisions is a row of VersityGW's decisions, whose type it does not export.
func decisions(t *testing.T, matrix any) (out []int64) {
	t.Helper()
	rows := reflect.ValueOf(matrix)
	for i := range rows.Len() {
		for j := range rows.Index(i).Len() {
			out = append(out, rows.Index(i).Index(j).Int())
		}
	}
	return out
}

func TestGateway_decisionsAreRowsOfResources(t *testing.T) {
	h, c := testHooks(t)
	got, err := h.EvaluatePolicy(c.AccessKeyID, c.SessionToken,
		[]auth.Action{auth.PutObjectAction, auth.DeleteObjectAction},
		[]string{arnPrefix + "photos/users/alice/x", arnPrefix + "photos/users/bob/x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{1, 0, 0, 0}; !reflect.DeepEqual(decisions(t, got.Decisions), want) || len(got.Decisions) != 2 {
		t.Errorf("decisions %v, want %v in two rows", decisions(t, got.Decisions), want)
	}
	if got.HasSessionPolicy || got.PrincipalArn != sessionARN+"test" {
		t.Errorf("session policy %v, principal %s", got.HasSessionPolicy, got.PrincipalArn)
	}
}

// A POST form's question, s3:PutObject on the bucket, is answered yes for the
// front alone; the mark opens nothing else.
func TestGateway_formMarkOpensFormsOnly(t *testing.T) {
	h, c := testHooks(t)
	for _, test := range []struct {
		agent, resource string
		action          auth.Action
		want            int64
	}{
		{"the mark", "photos", auth.PutObjectAction, 1},
		{"another", "photos", auth.PutObjectAction, 0},
		{"", "photos", auth.PutObjectAction, 0},
		{"the mark", "photos/users/bob/x", auth.PutObjectAction, 0},
		{"the mark", "photos", auth.PutBucketPolicyAction, 0},
		{"the mark", "photos/users/alice/x", auth.DeleteObjectAction, 0},
	} {
		condition := map[string][]string{"aws:UserAgent": {test.agent}}
		got, err := h.EvaluatePolicy(c.AccessKeyID, c.SessionToken, []auth.Action{test.action}, []string{arnPrefix + test.resource}, condition)
		if err != nil {
			t.Fatal(err)
		}
		if d := decisions(t, got.Decisions); len(d) != 1 || d[0] != test.want {
			t.Errorf("%s on %s as %q: %v, want %d", test.action, test.resource, test.agent, d, test.want)
		}
	}
}

// The front's mark reaches the gateway, and a client that guesses the form of
// the question does not get through with its own User-Agent.
func TestGateway_formsNeedTheFront(t *testing.T) {
	s := open(t, Config{})
	f := formV4(t, s, credentialsOf(t, s, "alice"), "users/alice/x")
	body, contentType := encodeForm(t, f, "x", "x")
	r := request(t, "POST", "http://gateway/photos", strings.NewReader(string(body)))
	r.Host = "127.0.0.1"
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Content-Encoding", "identity")
	response, err := gatewayTransport{s.gateway.socket}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 403 {
		t.Errorf("a form past the front: %d, want 403", response.StatusCode)
	}
}

// On a file system that refuses user attributes, metadata goes into a folder.
func TestGateway_worksWithoutExtendedAttributes(t *testing.T) {
	folder := t.TempDir()
	objects := filepath.Join(folder, "objects")
	if err := os.Mkdir(objects, 0o700); err != nil {
		t.Fatal(err)
	}
	if hasXattrs("/proc") {
		t.Error("/proc is said to take attributes")
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	defer os.Chdir(home)
	metadata := filepath.Join(folder, "metadata")
	if err := os.Mkdir(metadata, 0o700); err != nil {
		t.Fatal(err)
	}
	store, err := openStore(objects, metadata)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Shutdown()
	g := &gateway{store: store}
	if err := g.makeBucket(context.Background(), "photos", []string{"http://a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(metadata, "photos", "meta", "cors")); err != nil {
		t.Errorf("the CORS rule is not in the metadata folder: %v", err)
	}
	if _, refused := g.cors(context.Background(), "photos", "http://a", "PUT", ""); refused != nil {
		t.Errorf("the CORS rule is not found again: %s", refused.message)
	}
}

// S3 never stores a part of an object. VersityGW by itself would: what had come
// when the connection broke.
func TestGateway_brokenUploadLeavesNothing(t *testing.T) {
	s := open(t, Config{})
	c := credentialsOf(t, s, "alice")
	root := awsClient(t, s, s.Root(), true)
	bucket, key := aws.String("photos"), aws.String("users/alice/broken")
	created, err := root.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	target := s.Endpoints().S3 + "/photos/users/alice/broken"
	body, contentType := encodeForm(t, formV4(t, s, c, *key), "x", strings.Repeat("x", 1<<20))
	requests := map[string]*http.Request{
		"PutObject":  request(t, http.MethodPut, target, nil),
		"UploadPart": request(t, http.MethodPut, target+"?partNumber=1&uploadId="+*created.UploadId, nil),
		"PostObject": request(t, http.MethodPost, s.Endpoints().S3+"/photos", nil),
	}
	requests["PostObject"].Header.Set("Content-Type", contentType)
	for name, r := range requests {
		if name != "PostObject" {
			signV4(t, s, r, c)
		}
		breakOff(t, r, body)
	}
	// Each request was broken off before; this one comes after them all.
	time.Sleep(100 * time.Millisecond)
	if _, err := root.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key}); err == nil {
		t.Error("a broken upload left an object")
	}
	parts, err := root.ListParts(t.Context(), &s3.ListPartsInput{Bucket: bucket, Key: key, UploadId: created.UploadId})
	if err != nil || len(parts.Parts) != 0 {
		t.Errorf("a broken upload left %v, %v", parts, err)
	}
}

// breakOff sends r with half of body and closes the connection.
func breakOff(t *testing.T, r *http.Request, body []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r.Header.Set("Content-Length", decimal(int64(len(body))))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.URL.RequestURI(), r.URL.Host)
	if err := r.Header.Write(conn); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "\r\n%s", body[:len(body)/2]); err != nil {
		t.Fatal(err)
	}
}

// The checksum that comes in the trailer of an aws-chunked body is checked and
// kept.
func TestGateway_keepsTheTrailersChecksum(t *testing.T) {
	s := open(t, Config{TLS: true}) // over http the SDK sends it in a header
	c := awsClient(t, s, credentialsOf(t, s, "alice"), true)
	bucket, key := aws.String("photos"), aws.String("users/alice/summed")
	put, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("123456789"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c})
	if err != nil {
		t.Fatal(err)
	}
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		t.Fatal(err)
	}
	const want = "4waSgw==" // CRC-32C's check value, E3069283
	if aws.ToString(put.ChecksumCRC32C) != want || aws.ToString(head.ChecksumCRC32C) != want {
		t.Errorf("PutObject says %q and HeadObject %q, want %q", aws.ToString(put.ChecksumCRC32C), aws.ToString(head.ChecksumCRC32C), want)
	}
}
