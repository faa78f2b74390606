package devstack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/minio-go/v7"
)

// signV4 signs r's header with Version 4 and an unsigned payload.
func signV4(t testing.TB, s *Stack, r *http.Request, c Credentials) {
	t.Helper()
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	err := signer.SignHTTP(t.Context(), awsKeys(c), r, "UNSIGNED-PAYLOAD", "s3", s.Endpoints().Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
}

func awsKeys(c Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// put is a signed PUT of body, without a client library's opinions.
func put(t testing.TB, s *Stack, c Credentials, target string, body []byte) reply {
	t.Helper()
	r := request(t, http.MethodPut, target, bytes.NewReader(body))
	signV4(t, s, r, c)
	return do(t, client(t, s), r)
}

func styles() map[string]bool {
	return map[string]bool{"path style": true, "virtual-hosted style": false}
}

// keys are names that break something in careless code, and that a folder can
// hold.
var keys = []string{
	"plain.txt",
	"with space and + plus.txt",
	"100%25 %2F.txt",
	`quotes " ' and ().txt`,
	"emoji 🎉.txt",
	"שלום عربى.txt",
	"a&b=c?d#e~f*g!h;i,j:k@l$m.txt",
	"tilde~under_score-dash.txt",
	"deep/er/and/deeper.txt",
	strings.Repeat("long/", 150) + "end.txt",
	strings.Repeat(strings.Repeat("ש", 100)+"/", 4) + strings.Repeat("ש", 97), // 1,024 bytes with users/alice/minio/
}

// The whole way: sign in, exchange the ID token, upload with either signature.
func TestFlow_aliceSignsInAndUploads(t *testing.T) {
	s := open(t, Config{})
	keys := assumeRole(t, s, login(t, s, "alice").IDToken)
	if left := time.Until(keys.Expiration); left < 59*time.Minute || left > time.Hour {
		t.Errorf("credentials live %v, want an hour when nothing is asked", left)
	}
	body := make([]byte, 3<<20)
	rand.Read(body)
	for style, path := range styles() {
		t.Run("V4 "+style, func(t *testing.T) {
			uploadAWS(t, s, awsClient(t, s, keys, path), body)
		})
		for _, version := range []int{2, 4} {
			t.Run(fmt.Sprintf("V%d minio-go %s", version, style), func(t *testing.T) {
				uploadMinio(t, s, minioClient(t, s, keys, version, path), body)
			})
		}
	}
}

func uploadAWS(t *testing.T, s *Stack, c *s3.Client, body []byte) {
	bucket := aws.String("photos")
	for _, name := range keys {
		key := "users/alice/aws/" + name
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(body)})
		if err != nil {
			t.Fatalf("PutObject %q: %v", name, err)
		}
		if stored(t, s, key) != string(body) {
			t.Errorf("object %q is not what was sent", name)
		}
	}
	key := "users/alice/aws/parts.bin"
	created, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	whole := bytes.Repeat(body, 2)
	for i, part := range [][]byte{whole[:5<<20], whole[5<<20:]} {
		number := int32(i + 1)
		out, err := c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: &key, UploadId: created.UploadId, PartNumber: &number, Body: bytes.NewReader(part)})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: &number})
	}
	listed, err := c.ListParts(t.Context(), &s3.ListPartsInput{Bucket: bucket, Key: &key, UploadId: created.UploadId})
	if err != nil || len(listed.Parts) != 2 {
		t.Fatalf("ListParts = %v, %v, want 2 parts", listed, err)
	}
	_, err = c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: &key, UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	if err != nil {
		t.Fatal(err)
	}
	if stored(t, s, key) != string(whole) {
		t.Error("the multipart object is not what was sent")
	}
	created, err = c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	mine := &s3.ListMultipartUploadsInput{Bucket: bucket, Prefix: aws.String("users/alice/")}
	if uploads, err := c.ListMultipartUploads(t.Context(), mine); err != nil || len(uploads.Uploads) != 1 {
		t.Fatalf("ListMultipartUploads = %v, %v, want 1 upload", uploads, err)
	}
	if _, err := c.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: bucket, Key: &key, UploadId: created.UploadId}); err != nil {
		t.Fatal(err)
	}
	if uploads, err := c.ListMultipartUploads(t.Context(), mine); err != nil || len(uploads.Uploads) != 0 {
		t.Fatalf("ListMultipartUploads after the abort = %v, %v, want none", uploads, err)
	}
}

func uploadMinio(t *testing.T, s *Stack, c *minio.Client, body []byte) {
	for _, name := range keys {
		key := "users/alice/minio/" + name
		_, err := c.PutObject(t.Context(), "photos", key, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{
			ContentType: "application/x-test", UserMetadata: map[string]string{"album": "x"},
		})
		if err != nil {
			t.Fatalf("PutObject %q: %v", name, err)
		}
		info, err := c.StatObject(t.Context(), "photos", key, minio.StatObjectOptions{})
		if err != nil || info.ContentType != "application/x-test" || info.UserMetadata["Album"] != "x" || info.Size != int64(len(body)) {
			t.Errorf("StatObject %q = %+v, %v", name, info, err)
		}
		if stored(t, s, key) != string(body) {
			t.Errorf("object %q is not what was sent", name)
		}
	}
	// Two parts, each with its own signature, and the Complete.
	whole := bytes.Repeat(body, 2)
	_, err := c.PutObject(t.Context(), "photos", "users/alice/minio/parts.bin", bytes.NewReader(whole), int64(len(whole)), minio.PutObjectOptions{PartSize: 5 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if stored(t, s, "users/alice/minio/parts.bin") != string(whole) {
		t.Error("the multipart object is not what was sent")
	}
}

// Credentials are replaced in the middle of a multipart upload: what was begun
// with the old ones goes on with the new ones.
func TestFlow_multipartOutlivesItsCredentials(t *testing.T) {
	var at clock
	s := open(t, Config{Now: at.now})
	key, bucket := "users/alice/handed-over.bin", aws.String("photos")
	first, err := s.Credentials("alice", 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	created, err := awsClient(t, s, first, true).CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	at.advance(16 * time.Second)
	upload := func(c Credentials) (*s3.UploadPartOutput, error) {
		return awsClient(t, s, c, true).UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: &key, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	}
	_, err = upload(first)
	wantCode(t, err, "ExpiredToken")
	second := credentialsOf(t, s, "alice")
	part, err := upload(second)
	if err != nil {
		t.Fatal(err)
	}
	_, err = awsClient(t, s, second, true).CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: &key, UploadId: created.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}},
	})
	if err != nil || stored(t, s, key) != "part" {
		t.Errorf("Complete with new credentials = %v", err)
	}
}

// Who hangs up in the middle of an upload leaves no object: VersityGW by itself
// stores what came until then.
func TestFlow_hangingUpStoresNothing(t *testing.T) {
	s := open(t, Config{})
	c := credentialsOf(t, s, "alice")
	const size, sent = 15 << 20, 1 << 20
	for _, key := range []string{"users/alice/whole", "users/alice/cut-off"} {
		r := request(t, http.MethodPut, s.Endpoints().S3+"/photos/"+key, io.LimitReader(rand.Reader, size))
		r.ContentLength = size
		signV4(t, s, r, c)
		conn, err := net.Dial("tcp", r.URL.Host)
		if err != nil {
			t.Fatal(err)
		}
		if key == "users/alice/whole" {
			err = r.Write(conn)
			if err == nil {
				_, err = http.ReadResponse(bufio.NewReader(conn), r)
			}
		} else {
			r.Body = io.NopCloser(io.LimitReader(rand.Reader, sent))
			if r.Write(conn) == nil {
				t.Error("the request was not cut off")
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	// The gateway learns of it a little later.
	for range 20 {
		time.Sleep(25 * time.Millisecond)
		list, err := awsClient(t, s, c, true).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("photos"), Prefix: aws.String("users/alice/")})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Contents) != 1 || aws.ToInt64(list.Contents[0].Size) != size {
			t.Fatalf("there are %d objects, want the whole one alone", len(list.Contents))
		}
	}
}

// An upload can be aborted while its parts are on their way, and is gone then.
func TestFlow_abortDuringParts(t *testing.T) {
	s := open(t, Config{})
	c := awsClient(t, s, credentialsOf(t, s, "alice"), true)
	bucket := aws.String("photos")
	for n := range 10 {
		key := aws.String(fmt.Sprint("users/alice/", n))
		created, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		var parts sync.WaitGroup
		for part := range int32(4) {
			parts.Go(func() {
				for err, tries := error(nil), 0; err == nil && tries < 500; tries++ {
					_, err = c.UploadPart(t.Context(), &s3.UploadPartInput{
						Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: aws.Int32(part + 1),
						Body: strings.NewReader("part"),
					})
				}
			})
		}
		time.Sleep(20 * time.Millisecond)
		_, err = c.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: created.UploadId})
		if err != nil {
			t.Errorf("abort %d: %v", n, err)
		}
		parts.Wait()
	}
	list, err := c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: bucket, Prefix: aws.String("users/alice/")})
	if err != nil || len(list.Uploads) > 0 {
		t.Errorf("%d uploads are still under way, %v", len(list.Uploads), err)
	}
}

// Each user owns users/SUB/ and nothing else, whatever the way in.
func TestRole_aliceHasNothingOutsideHerPrefix(t *testing.T) {
	s := open(t, Config{NoCORSBucket: "nocors"})
	alice := credentialsOf(t, s, "alice")
	root := awsClient(t, s, s.Root(), true)
	if _, err := root.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: aws.String("users/bob/secret"), Body: strings.NewReader("bob's")}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"users/bob/x", "users/alicex/x", "users/alice", "x", "users/alice/../bob/x", "users/bob/../alice/../bob/x", "USERS/alice/x"} {
		for _, bucket := range []string{"photos", "nocors"} {
			target := s.Endpoints().S3 + "/" + bucket + "/" + key
			// Either the policy or, for dot segments, the store's rule on keys.
			if got := put(t, s, alice, target, []byte("x")); got.StatusCode != http.StatusForbidden && got.StatusCode != http.StatusBadRequest {
				t.Errorf("V4 PUT %s/%s = %d, want a refusal", bucket, key, got.StatusCode)
			}
		}
		_, err := minioClient(t, s, alice, 2, true).PutObject(t.Context(), "photos", key, strings.NewReader("x"), 1, minio.PutObjectOptions{})
		if err == nil {
			t.Errorf("V2 PUT %s succeeded", key)
		}
	}
	if got := put(t, s, alice, s.Endpoints().S3+"/photos/users/bob/x", []byte("x")); got.StatusCode != http.StatusForbidden || got.code(t) != "AccessDenied" {
		t.Errorf("PUT under users/bob/ = %d %s, want 403 AccessDenied", got.StatusCode, got.body)
	}
	c, bucket := awsClient(t, s, alice, true), aws.String("photos")
	for name, call := range map[string]func(context.Context) error{
		"get": func(ctx context.Context) error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("users/bob/secret")})
			return err
		},
		"create": func(ctx context.Context) error {
			_, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("users/bob/x")})
			return err
		},
		"copy": func(ctx context.Context) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("users/alice/x"), CopySource: aws.String("photos/users/bob/secret")})
			return err
		},
		"delete": func(ctx context.Context) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("users/bob/secret")})
			return err
		},
		"uploads of all": func(ctx context.Context) error {
			_, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: bucket})
			return err
		},
		"uploads of bob": func(ctx context.Context) error {
			_, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: bucket, Prefix: aws.String("users/bob/")})
			return err
		},
		"uploads of all who begin with alice": func(ctx context.Context) error {
			_, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: bucket, Prefix: aws.String("users/alice")})
			return err
		},
		"objects of bob": func(ctx context.Context) error {
			_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("users/bob/")})
			return err
		},
		"buckets": func(ctx context.Context) error {
			_, err := c.ListBuckets(ctx, &s3.ListBucketsInput{})
			return err
		},
		"cors": func(ctx context.Context) error {
			_, err := c.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: bucket})
			return err
		},
		"bucket": func(ctx context.Context) error {
			_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("mine")})
			return err
		},
	} {
		if got := codeOf(call(t.Context())); got != "AccessDenied" {
			t.Errorf("%s: %q, want AccessDenied", name, got)
		}
	}
	if stored(t, s, "users/bob/secret") != "bob's" {
		t.Error("bob's object has changed")
	}
}

// What a client reads in the code of a refused request. The statuses are S3's
// (S3 API Reference, "Error responses").
func TestRefusals_haveS3Codes(t *testing.T) {
	var at clock
	s := open(t, Config{Now: at.now})
	good := credentialsOf(t, s, "alice")
	bob := credentialsOf(t, s, "bob")
	short, err := s.Credentials("alice", 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	at.advance(15 * time.Second)
	with := func(change func(*Credentials)) Credentials {
		c := good
		change(&c)
		return c
	}
	flipped := []byte(good.SessionToken)
	flipped[20] ^= 1
	for _, test := range []struct {
		name   string
		c      Credentials
		status int
		code   string
	}{
		{"all right", good, 200, ""},
		{"wrong secret", with(func(c *Credentials) { c.SecretAccessKey = "no" }), 403, "SignatureDoesNotMatch"},
		{"expired", short, 400, "ExpiredToken"},
		{"no token", with(func(c *Credentials) { c.SessionToken = "" }), 403, "InvalidAccessKeyId"},
		{"unknown key", with(func(c *Credentials) { c.AccessKeyID = "ASIAAAAAAAAAAAAAAAAA" }), 403, "InvalidAccessKeyId"},
		{"unknown long-term key", with(func(c *Credentials) { c.AccessKeyID, c.SessionToken = "AKIAAAAAAAAAAAAAAAAA", "" }), 403, "InvalidAccessKeyId"},
		{"tampered token", with(func(c *Credentials) { c.SessionToken = string(flipped) }), 400, "InvalidToken"},
		{"token that is no token", with(func(c *Credentials) { c.SessionToken = "no" }), 400, "InvalidToken"},
		{"token of somebody else", with(func(c *Credentials) { c.SessionToken = bob.SessionToken }), 403, "InvalidAccessKeyId"},
		{"root with a token", Credentials{AccessKeyID: s.Root().AccessKeyID, SecretAccessKey: s.Root().SecretAccessKey, SessionToken: good.SessionToken}, 400, "InvalidToken"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := put(t, s, test.c, s.Endpoints().S3+"/photos/users/alice/x", []byte("x"))
			if got.StatusCode != test.status {
				t.Errorf("V4: %d %s, want %d", got.StatusCode, got.body, test.status)
			}
			if test.code != "" && got.code(t) != test.code {
				t.Errorf("V4: %s, want %s", got.code(t), test.code)
			}
			if strings.HasPrefix(test.name, "root") {
				return // has Version 4 only
			}
			_, err := minioClient(t, s, test.c, 2, true).PutObject(t.Context(), "photos", "users/alice/x", strings.NewReader("x"), 1, minio.PutObjectOptions{})
			wantCode(t, err, test.code)
		})
	}
}

// A refused upload must reach the client as its answer, however much of the
// body is still to come and whichever side refuses: a browser shows a broken
// connection as "network error".
func TestRefusals_arriveDuringLargeUploads(t *testing.T) {
	s := open(t, Config{})
	body := make([]byte, 24<<20)
	alice := credentialsOf(t, s, "alice")
	wrong := alice
	wrong.SecretAccessKey = "no"
	for i := range 5 {
		for name, test := range map[string]struct {
			c       Credentials
			version int
			code    string
		}{
			"the gateway refuses the prefix":    {alice, 4, "AccessDenied"},
			"the gateway refuses the signature": {wrong, 4, "SignatureDoesNotMatch"},
			"the front refuses the signature":   {wrong, 2, "SignatureDoesNotMatch"},
		} {
			r := request(t, http.MethodPut, s.Endpoints().S3+"/photos/users/bob/x", onlyReader{bytes.NewReader(body)})
			r.ContentLength = int64(len(body))
			if test.version == 4 {
				signV4(t, s, r, test.c)
			} else {
				r.Header.Set("Authorization", "AWS "+test.c.AccessKeyID+":AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
				r.Header.Set("X-Amz-Date", time.Now().UTC().Format(http.TimeFormat))
				r.Header.Set("X-Amz-Security-Token", test.c.SessionToken)
			}
			if got := sendWhole(t, s, r); got.code(t) != test.code || got.Close {
				t.Errorf("round %d: %s: %d %s, closed %v; want %s and the connection kept", i, name, got.StatusCode, got.body, got.Close, test.code)
			}
		}
	}
}

type onlyReader struct{ io.Reader }

// sendWhole writes all of the request before it reads anything, as a browser
// does, and fails when that is not possible.
func sendWhole(t testing.TB, s *Stack, r *http.Request) reply {
	t.Helper()
	conn, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := r.Write(conn); err != nil {
		t.Fatalf("the connection broke while the body was sent: %v", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatalf("no answer after the body: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response, string(body)}
}
