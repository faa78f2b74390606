package issuer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/stores"
	"github.com/bucketline/bucketline/test/webdriver"
)

const mib = 1 << 20

// A page of another origin asks the issuer by containerCredentials, and uploads
// to MinIO with what it gets, in one piece and in parts; and not where others
// are. The page of an origin that is not in the list gets nothing.
func TestIssuer_inBrowsers(t *testing.T) {
	store := stores.Start(t, stores.Config{Region: "eu-west-1"})
	bucket := store.Bucket(t)
	allowed, stranger := new(harness.Site), new(harness.Site)
	origin, elsewhere := allowed.Serve(t), stranger.Serve(t)
	e := startStack(t, devstack.Config{}).Endpoints()
	env := []string{"AWS_ACCESS_KEY_ID=" + store.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + store.SecretAccessKey}
	s := serve(t, env, "--issuer", e.Issuer, "--audience", e.ClientID, "--bucket", bucket, "--backend", "sts", "--sts", store.Endpoint,
		"--sts-region", store.Region, "--life", "15m", "--origin", origin)
	policy := harness.Policy(store.Endpoint, s.url)
	allowed.Policy, stranger.Policy = policy, policy
	alice := harness.IDToken(t, e, "alice")
	options := harness.Options{"bucket": bucket, "region": store.Region, "endpoint": store.Endpoint, "pathStyle": true, "profile": "minio", "partSize": 5 * mib}
	refresh := &harness.Refresh{Endpoint: &harness.Endpoint{URL: s.url + "/credentials", Token: alice}}
	t.Run("browsers", func(t *testing.T) {
		webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
			p := harness.Open(t, b, origin+harness.Path)
			p.MustCreate(options, refresh)
			var want []harness.Upload
			prefix := fmt.Sprintf("users/alice/%s/", b.Browser())
			for i, size := range []int{100, 6 * mib} {
				want = append(want, harness.Upload{Source: harness.Made(uint32(i), size), Options: harness.Options{"key": fmt.Sprintf("%s%d", prefix, size)}})
			}
			p.MustUpload(want...)
			p.Stored(2 * time.Minute)
			for i, size := range []int{100, 6 * mib} {
				if o := store.Object(t, bucket, fmt.Sprintf("%s%d", prefix, size)); o.SHA256 != harness.Sum(harness.Bytes(uint32(i), size)) {
					t.Errorf("%d bytes are stored as %+v", size, o)
				}
			}
			p.MustUpload(harness.Upload{Source: harness.Made(1, 100), Options: harness.Options{"key": "users/bob/" + string(b.Browser())}})
			r := p.Wait(time.Minute)
			if last := r.Tasks[len(r.Tasks)-1]; last.Error == nil || last.Error.Code != "AccessDenied" {
				t.Errorf("for bob: %s, %v", last.State, last.Error)
			}
			if n := len(r.Refreshes); n != 1 {
				t.Errorf("credentials were asked for %d times, want once", n)
			}

			p = harness.Open(t, b, elsewhere+harness.Path)
			p.MustCreate(options.With("refreshMillis", 1000).With("holdMillis", 2000), refresh)
			p.MustUpload(harness.Upload{Source: harness.Made(1, 100), Options: harness.Options{"key": prefix + "elsewhere"}})
			r = p.Wait(time.Minute)
			if task := r.Tasks[0]; task.State != "failed" {
				t.Errorf("from an origin that is not in the list: %s", task.State)
			}
			if len(r.Refreshes) == 0 {
				t.Error("from an origin that is not in the list nothing was asked")
			}
		})
	})
	for _, key := range store.Keys(t, bucket, "") {
		if strings.HasPrefix(key, "users/bob/") || strings.HasSuffix(key, "elsewhere") {
			t.Errorf("%s is stored", key)
		}
	}
	given := s.gives(alice)
	s.logs(given.AccessKeyId)
	s.silent(map[string]string{
		"the store's secret": store.SecretAccessKey, "the ID token": alice, "the secret given": given.SecretAccessKey, "the session token": given.Token,
	})
}
