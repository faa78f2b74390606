package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/webdriver"
)

// pages load the release as pages do: by a module's import, or a script tag.
var pages = fstest.MapFS{
	"module.html": {Data: []byte(`<!doctype html><title>module</title><script type="module" src="module.js"></script>`)},
	"module.js":   {Data: []byte(`import * as bucketline from "/dist/bucketline.js"; window.bucketline = bucketline;`)},
	"script.html": {Data: []byte(`<!doctype html><title>script</title><script src="/dist/bucketline.min.js"></script>`)},
}

// begin uploads bytes that follow from their places, and leaves what comes of it
// in window.outcome.
const begin = `
const [options, key, size] = arguments;
const bytes = new Uint8Array(size);
for (let i = 0; i < size; i++) bytes[i] = (i * 7 + (i >> 8) * 13) & 255;
const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const uploader = bucketline.createUploader(options);
const task = uploader.upload(new Blob([bytes]), { key });
task.then(
  ({ checksum }) => (window.outcome = { checksum: checksum?.algorithm ?? String(checksum), error: "" }),
  (error) => (window.outcome = { checksum: "", error: String(error) + " " + error.code }),
);
return Array.from(sum, (b) => b.toString(16).padStart(2, "0")).join("");`

// outcome is what begin leaves behind.
type outcome struct{ Checksum, Error string }

// loaded are the modules and workers that the page has fetched.
const loaded = `return performance.getEntriesByType("resource").map((e) => e.name.split("/").pop()).filter((name) => /wasm|worker/.test(name)).sort().join(" ")`

func TestBrowser_uploads(t *testing.T) {
	s, err := devstack.Start(context.Background(), devstack.Config{Pages: map[string]fs.FS{"/dist/": os.DirFS(dist), "/release/": pages}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	e, owner := s.Endpoints(), s.Root()
	store := awss3.New(awss3.Options{
		BaseEndpoint: &e.S3, Region: e.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(owner.AccessKeyID, owner.SecretAccessKey, ""),
	})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		// Two parts, the second of them short.
		const size = 5<<20 + 12_345
		for page, fetched := range map[string]string{"module": "engine.wasm", "script": ""} {
			c, err := s.Credentials("alice", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			key := "users/alice/" + page + "-" + strings.ReplaceAll(t.Name(), "/", "-")
			b.Open(strings.TrimSuffix(e.Page, "/") + "/release/" + page + ".html")
			b.WaitFor("bucketline", time.Minute, "return window.bucketline")
			sum := webdriver.Eval[string](b, begin, map[string]any{
				"bucket": e.Bucket, "region": e.Region, "endpoint": e.S3, "pathStyle": true, "partSize": 5 << 20, "multipartThreshold": 5 << 20,
				"credentials": map[string]string{
					"accessKey": c.AccessKeyID, "secretKey": c.SecretAccessKey, "sessionToken": c.SessionToken, "expiration": c.Expiration.Format(time.RFC3339),
				},
			}, key, size)
			b.WaitFor("the end of the upload", 2*time.Minute, "return window.outcome")
			if got := webdriver.Eval[outcome](b, "return window.outcome"); got.Error != "" || got.Checksum == "" {
				t.Errorf("%s: %+v", page, got)
				continue
			}
			if got := webdriver.Eval[string](b, loaded); !strings.Contains(got, fetched) || fetched == "" && strings.Contains(got, "engine.wasm") {
				t.Errorf("%s: the page has fetched %q, want %q", page, got, fetched)
			}
			o, err := store.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &e.Bucket, Key: &key})
			if err != nil {
				t.Fatalf("%s: %v", page, err)
			}
			hash := sha256.New()
			n, err := io.Copy(hash, o.Body)
			o.Body.Close()
			if err != nil || n != size || hex.EncodeToString(hash.Sum(nil)) != sum {
				t.Errorf("%s: the store has %d bytes, %v; want the %d that were uploaded", page, n, err, size)
			}
		}
	})
}
