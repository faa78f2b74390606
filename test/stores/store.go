package stores

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Store is where a store is and who may do everything there. The fields of one
// that was not started here may be filled in by hand.
type Store struct {
	Endpoint        string // http://127.0.0.1:port
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	Region          string

	// Domain is the one under which the store knows its buckets, so that
	// http://bucket.Domain:port is one of them.
	Domain string

	// RoleARN names the role for AssumeRoleWithWebIdentity at Endpoint; empty
	// without Config.OpenID.
	RoleARN string
}

// Object is what a store keeps under a key.
type Object struct {
	Size         int64  // bytes, as many as were read
	SHA256       string // of those bytes, in hexadecimal
	ETag         string // without quotes
	ContentType  string
	CacheControl string
	Metadata     map[string]string // user metadata, names in lower case without x-amz-meta-
}

// Client returns minio-go for the store. It signs with Version 4.
func (s *Store) Client(t testing.TB) *minio.Client {
	t.Helper()
	return s.client(t, credentials.NewStaticV4(s.AccessKeyID, s.SecretAccessKey, s.SessionToken))
}

// ClientV2 is Client for Signature Version 2.
func (s *Store) ClientV2(t testing.TB) *minio.Client {
	t.Helper()
	return s.client(t, credentials.NewStaticV2(s.AccessKeyID, s.SecretAccessKey, s.SessionToken))
}

func (s *Store) client(t testing.TB, c *credentials.Credentials) *minio.Client {
	t.Helper()
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds:        c,
		Secure:       u.Scheme == "https",
		Region:       s.Region,
		BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Bucket makes a bucket and returns its name.
func (s *Store) Bucket(t testing.TB) string {
	t.Helper()
	name := "test-" + strings.ToLower(rand.Text())
	err := s.Client(t).MakeBucket(t.Context(), name, minio.MakeBucketOptions{Region: s.Region})
	if err != nil {
		t.Fatalf("make bucket %s: %v", name, err)
	}
	return name
}

// Object reads the object under key and fails the test when there is none.
func (s *Store) Object(t testing.TB, bucket, key string) Object {
	t.Helper()
	o, err := s.object(t, bucket, key)
	if err != nil {
		t.Fatalf("read %q from %s: %v", key, bucket, err)
	}
	return o
}

func (s *Store) object(t testing.TB, bucket, key string) (Object, error) {
	t.Helper()
	r, err := s.Client(t).GetObject(t.Context(), bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return Object{}, err
	}
	defer r.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, r)
	if err != nil {
		return Object{}, err
	}
	info, err := r.Stat()
	if err != nil {
		return Object{}, err
	}
	o := Object{
		Size:         size,
		SHA256:       hex.EncodeToString(sum.Sum(nil)),
		ETag:         info.ETag,
		ContentType:  info.ContentType,
		CacheControl: info.Metadata.Get("Cache-Control"),
		Metadata:     map[string]string{},
	}
	for name, value := range info.UserMetadata {
		o.Metadata[strings.ToLower(name)] = value
	}
	return o, nil
}

// Keys are the keys in a bucket that begin with prefix, in order.
func (s *Store) Keys(t testing.TB, bucket, prefix string) []string {
	t.Helper()
	var keys []string
	list := s.Client(t).ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true})
	for o := range list {
		if o.Err != nil {
			t.Fatalf("list %s: %v", bucket, o.Err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}
