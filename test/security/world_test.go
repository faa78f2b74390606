package security

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/stores"
)

// What is not alice's. Each is stored before an attack and must be as it was
// after it; secret must be in no answer that she gets.
const (
	secret  = "only bob may read this"
	bobsKey = "users/bob/secret.txt"

	ownPrefix = "users/alice/"
)

// neighbours are keys that some mistake would make alice's. They are folders of
// the store as well, so that a way out through one leads somewhere.
var neighbours = []string{bobsKey, "users/alice2/secret.txt", "secret.txt"}

// world is a store with an STS of its own, in which alice and bob have signed in
// at one provider.
type world struct {
	name             string
	endpoint, host   string // of the store
	sts, roleARN     string
	region           string
	bucket, foreign  string // foreign is a bucket that the role does not name
	alice, bob       sign.Credentials
	token, bobsToken string // ID tokens
	provider         devstack.Endpoints
	root             *minio.Client // may do everything
	core             minio.Core
	bobsUpload       string // the ID of an upload in parts under bobsKey, of one part
	folder           string // of the dev stack's store; empty at MinIO
}

// each runs test on the dev stack and on MinIO, with the dev stack's provider
// behind both.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	stack, folder, store := startStores(t, 15*time.Minute)
	t.Run("dev stack", func(t *testing.T) { test(t, newDevWorld(t, stack, folder)) })
	t.Run("MinIO", func(t *testing.T) { test(t, newMinIOWorld(t, stack, store)) })
}

// startStores starts a dev stack, and a MinIO whose users are those of the dev
// stack's provider. folder is where the dev stack keeps its objects.
func startStores(t *testing.T, idTokenLife time.Duration) (stack *devstack.Stack, folder string, store *stores.Store) {
	t.Helper()
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	stack, folder = startStack(t, devstack.Config{IDTokenLife: idTokenLife})
	there, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	// MinIO's program is found from here, and the stack's objects from there.
	if err := os.Chdir(home); err != nil {
		t.Fatal(err)
	}
	e := stack.Endpoints()
	store = stores.Start(t, stores.Config{Region: "eu-west-1", OpenID: &stores.OpenID{
		ConfigURL: e.Issuer + "/.well-known/openid-configuration", ClientID: e.ClientID, Policy: minioPolicyName,
	}})
	if err := os.Chdir(there); err != nil {
		t.Fatal(err)
	}
	return stack, folder, store
}

// startStack starts a dev stack; folder is where it keeps its objects.
func startStack(t testing.TB, c devstack.Config) (stack *devstack.Stack, folder string) {
	t.Helper()
	c.Data = t.TempDir()
	if c.Pages == nil {
		c.Pages = map[string]fs.FS{}
	}
	c.Pages[securityPath] = securityPage{harness.Files()}
	stack, err := devstack.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(); err != nil {
			t.Errorf("close the dev stack: %v", err)
		}
	})
	return stack, filepath.Join(c.Data, "objects")
}

func newDevWorld(t *testing.T, stack *devstack.Stack, folder string) *world {
	t.Helper()
	e := stack.Endpoints()
	root := stack.Root()
	store := &stores.Store{Endpoint: e.S3, Region: e.Region, AccessKeyID: root.AccessKeyID, SecretAccessKey: root.SecretAccessKey}
	w := &world{
		name: "dev stack", endpoint: e.S3, sts: e.STS, roleARN: e.RoleARN, region: e.Region, bucket: e.Bucket,
		provider: e, root: store.Client(t), folder: folder,
	}
	w.populate(t, store)
	return w
}

const minioPolicyName = "own-prefix"

// minioPolicy is the role's own policy at MinIO, for whoever has signed in. It
// allows no lists of the bucket: s3:ListBucketMultipartUploads takes no condition
// on a prefix there, and that of s3:ListBucket limits nobody, see
// TestList_minioTakesAnyPrefixForTheCondition.
const minioPolicy = `{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
	 "Resource": ["arn:aws:s3:::BUCKET/users/${jwt:sub}/*"]}]}`

func newMinIOWorld(t *testing.T, stack *devstack.Stack, store *stores.Store) *world {
	t.Helper()
	w := &world{
		name: "MinIO", endpoint: store.Endpoint, sts: store.Endpoint, roleARN: store.RoleARN, region: store.Region,
		provider: stack.Endpoints(), root: store.Client(t), bucket: store.Bucket(t),
	}
	addPolicy(t, store, minioPolicyName, strings.ReplaceAll(minioPolicy, "BUCKET", w.bucket))
	w.populate(t, store)
	return w
}

// addPolicy stores a policy at MinIO (its admin API, AddCannedPolicy).
func addPolicy(t testing.TB, s *stores.Store, name, text string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, s.Endpoint+"/minio/admin/v3/add-canned-policy?name="+name, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Content-Sha256", harness.Sum([]byte(text)))
	req = signer.SignV4(*req, s.AccessKeyID, s.SecretAccessKey, "", s.Region)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("add the policy %s: %s %s", name, resp.Status, body)
	}
}

// populate signs alice and bob in, and stores what is not alice's.
func (w *world) populate(t *testing.T, store *stores.Store) {
	t.Helper()
	u, err := url.Parse(w.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	w.host = u.Host
	w.core = minio.Core{Client: w.root}
	w.foreign = store.Bucket(t)
	for _, bucket := range []string{w.bucket, w.foreign} {
		for _, key := range append([]string{ownPrefix + "in-the-foreign-bucket"}, neighbours...) {
			if bucket == w.bucket && strings.HasPrefix(key, ownPrefix) {
				continue
			}
			_, err := w.root.PutObject(t.Context(), bucket, key, strings.NewReader(secret), int64(len(secret)), minio.PutObjectOptions{})
			if err != nil {
				t.Fatalf("%s: store %s: %v", w.name, key, err)
			}
		}
	}
	if w.bobsUpload, err = w.core.NewMultipartUpload(t.Context(), w.bucket, bobsKey, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	part := bytes.NewReader([]byte(secret))
	if _, err := w.core.PutObjectPart(t.Context(), w.bucket, bobsKey, w.bobsUpload, 1, part, part.Size(), minio.PutObjectPartOptions{}); err != nil {
		t.Fatal(err)
	}
	w.token, w.bobsToken = harness.IDToken(t, w.provider, "alice"), harness.IDToken(t, w.provider, "bob")
	w.alice, w.bob = w.mustAssume(t, w.token), w.mustAssume(t, w.bobsToken)
}

// outside is everything that is not alice's, by what it is, with a sum of what is
// in it. Two of them are the same when nothing has happened.
func (w *world) outside(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	buckets, err := w.root.ListBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets {
		for o := range w.root.ListObjects(t.Context(), b.Name, minio.ListObjectsOptions{Recursive: true}) {
			if o.Err != nil {
				t.Fatalf("%s: list %s: %v", w.name, b.Name, o.Err)
			}
			if b.Name != w.bucket || !strings.HasPrefix(o.Key, ownPrefix) {
				all["object "+b.Name+"/"+o.Key] = o.ETag
			}
		}
	}
	parts, err := w.core.ListObjectParts(t.Context(), w.bucket, bobsKey, w.bobsUpload, 0, 100)
	if err != nil {
		all["bob's upload"] = err.Error()
	}
	for _, p := range parts.ObjectParts {
		all[fmt.Sprintf("part %d of bob's upload", p.PartNumber)] = p.ETag
	}
	if w.folder != "" {
		maps.Copy(all, w.files(t))
	}
	return all
}

// files are the files of the dev stack's store that are not alice's: what a path
// that got out leaves behind need not be an object. What the store does is in
// .vgwlocks, and uploads under way in .sgwtmp: those of bob outside looks at.
func (w *world) files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(w.folder, path)
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".sgwtmp" || d.Name() == ".vgwlocks" || within == filepath.Join(w.bucket, "users", "alice")) {
			return fs.SkipDir
		}
		if d.IsDir() {
			all["folder "+within] = ""
			return nil
		}
		data, err := os.ReadFile(path)
		all["file "+within] = harness.Sum(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unharmed compares the world with what it was.
func (w *world) unharmed(t *testing.T, after string, was map[string]string) {
	t.Helper()
	is := w.outside(t)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if is[name] != was[name] {
			t.Errorf("after %s, %s is %q, and was %q", after, name, is[name], was[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if _, ok := was[name]; !ok {
			t.Errorf("after %s, there is a new %s", after, name)
		}
	}
}

// own lists the keys below alice's prefix: the dev stack's by the names of the
// files, because not every key can be said in XML.
func (w *world) own(t *testing.T) []string {
	t.Helper()
	var keys []string
	if w.folder != "" {
		root := filepath.Join(w.folder, w.bucket)
		filepath.WalkDir(filepath.Join(root, ownPrefix), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				keys = append(keys, strings.TrimPrefix(path, root+"/"))
			}
			return nil // without an object of hers there is no folder
		})
		return keys
	}
	for o := range w.root.ListObjects(t.Context(), w.bucket, minio.ListObjectsOptions{Recursive: true, Prefix: ownPrefix}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}
