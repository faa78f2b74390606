package judge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// In a browser the page signs in at MinIO's own STS, and uploads with what that
// gives.
func TestBrowser_putAndMultipart(t *testing.T) {
	c := convene(t)
	virtual := c.target(true)
	host := strings.Replace(virtual.Endpoint, "://", "://"+c.bucket+".", 1)
	site := (&harness.Site{Policy: harness.Policy(c.Endpoint, host)}).Serve(t)
	metadata := map[string]string{}
	var fields []s3.Field
	for _, f := range described("").Metadata {
		metadata[f.Name] = f.Value
		fields = append(fields, f)
	}
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, site+harness.Path)
		credentials, failure := p.AssumeRole(c.identity)
		if failure != nil {
			t.Fatalf("MinIO's STS: %v", failure)
		}
		for _, version := range []int{4, 2} {
			for _, target := range []s3.Target{c.target(false), virtual} {
				p.MustCreate(harness.Options{
					"bucket": c.bucket, "region": c.Region, "endpoint": target.Endpoint, "pathStyle": target.PathStyle, "profile": "minio",
					"signature": harness.Options{"version": version}, "credentials": credentials,
					"partSize": 5 * mib, "multipartThreshold": 5 * mib,
				}, nil)
				prefix := fmt.Sprintf("browser/%s/V%d %v/", b.Browser(), version, target.PathStyle)
				sizes := map[string]int{"0": 0, "1": 1, "5 MiB - 1": 5*mib - 1, "5 MiB": 5 * mib, "11 MiB": 11 * mib}
				for i, name := range oddNames {
					sizes[name] = 10 * i
				}
				var uploads []harness.Upload
				for name, size := range sizes {
					uploads = append(uploads, harness.Upload{Source: harness.Made(uint32(size), size), Options: harness.Options{
						"key": prefix + name, "contentType": "application/x-judged", "cacheControl": "max-age=60", "metadata": metadata,
					}})
				}
				p.MustUpload(uploads...)
				r := p.Stored(time.Minute)
				if refused := r.Refused(); refused != "" {
					t.Errorf("refused on the way:\n%s", refused)
				}
				for name, size := range sizes {
					o := s3.Object{Key: prefix + name, ContentType: "application/x-judged", CacheControl: "max-age=60", Metadata: fields}
					c.check(t, &o, harness.Bytes(uint32(size), size))
				}
			}
		}
	})
}

func TestBrowser_wrongSecret(t *testing.T) {
	c := convene(t)
	site := (&harness.Site{Policy: harness.Policy(c.Endpoint)}).Serve(t)
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, site+harness.Path)
		prefix := "wrong/" + string(b.Browser())
		for _, version := range []int{4, 2} {
			p.MustCreate(harness.Options{
				"bucket": c.bucket, "region": c.Region, "endpoint": c.Endpoint, "pathStyle": true, "profile": "minio",
				"signature": harness.Options{"version": version},
				"credentials": harness.Credentials{
					AccessKey: c.AccessKeyID, SecretKey: "x" + c.SecretAccessKey, Expiration: "2999-01-01T00:00:00Z",
				},
			}, nil)
			p.MustUpload(
				harness.Upload{Source: harness.Made(1, 10), Options: harness.Options{"key": prefix + "/put"}},
				harness.Upload{Source: harness.Made(1, 17*mib), Options: harness.Options{"key": prefix + "/parts"}},
			)
			for _, task := range p.Wait(20 * time.Second).Tasks {
				if task.Error == nil || task.Error.Code != "SignatureDoesNotMatch" || task.Error.Status != 403 {
					t.Errorf("version %d, %q: %v, want 403 SignatureDoesNotMatch", version, task.Key, task.Error)
				}
			}
		}
		c.absent(t, prefix)
	})
}
