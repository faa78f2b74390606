package judge

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/test/e2e/harness"
)

// config is that of a client that works like h.
func (c *court) config(h *hand) bucketline.Config {
	target := c.target(h.address.VirtualBucket != "")
	return bucketline.Config{
		Bucket: c.bucket, Region: c.Region, Endpoint: target.Endpoint, Profile: "minio",
		PathStyle: target.PathStyle, VirtualHost: target.VirtualHost, SignatureVersion: h.version,
		Credentials: bucketline.Credentials{
			AccessKeyID: h.credentials.AccessKeyID, SecretAccessKey: h.credentials.SecretAccessKey,
			SessionToken: h.credentials.SessionToken, Expiration: time.Now().Add(time.Hour),
		},
	}
}

func newClient(t *testing.T, c bucketline.Config) *bucketline.Client {
	t.Helper()
	client, err := bucketline.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("close the client: %v", err)
		}
	})
	return client
}

// asked is what the client is asked for to store a described object.
func asked(o s3.Object) bucketline.Object {
	return bucketline.Object{Key: o.Key, ContentType: o.ContentType, CacheControl: o.CacheControl, Metadata: o.Metadata}
}

func TestClient_sizesAndKeys(t *testing.T) {
	c := convene(t)
	sizes := []int{0, 1, 5*mib - 1, 5 * mib, 5*mib + 1}
	for _, h := range c.hands(t) {
		config := c.config(h)
		config.PartSize, config.MultipartThreshold = 5*mib, 5*mib
		client := newClient(t, config)
		var uploads sync.WaitGroup
		upload := func(key string, data []byte) {
			uploads.Go(func() {
				o := described(key)
				result, err := client.Upload(t.Context(), bytes.NewReader(data), int64(len(data)), asked(o))
				if err != nil {
					t.Errorf("%s: %v", h.name, err)
					return
				}
				if got := c.Object(t, c.bucket, key); `"`+got.ETag+`"` != result.ETag {
					t.Errorf("%s, %q: ETag %s, the store has %q", h.name, key, result.ETag, got.ETag)
				}
				c.check(t, &o, data)
			})
		}
		for _, size := range sizes {
			upload(fmt.Sprintf("client/%s/%d", h.name, size), harness.Bytes(uint32(size), size))
		}
		for i, name := range oddNames {
			upload(fmt.Sprintf("client/%s/%s", h.name, name), harness.Bytes(uint32(i), 100))
		}
		uploads.Wait()
	}
}

func TestClient_64MiB(t *testing.T) {
	c := convene(t)
	data := harness.Bytes(64, 64*mib)
	for _, h := range c.hands(t) {
		if h.credentials.SessionToken == "" {
			continue
		}
		o := described("large/" + h.name)
		if _, err := newClient(t, c.config(h)).Upload(t.Context(), bytes.NewReader(data), int64(len(data)), asked(o)); err != nil {
			t.Errorf("%s: %v", h.name, err)
			continue
		}
		c.check(t, &o, data)
	}
}

func TestClient_wrongSecret(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		client := newClient(t, c.config(h.wrong()))
		for _, size := range []int{10, 17 * mib} {
			_, err := client.Upload(t.Context(), bytes.NewReader(make([]byte, size)), int64(size), asked(described(fmt.Sprintf("wrong/%s/%d", h.name, size))))
			e, ok := errors.AsType[*bucketline.Error](err)
			if !ok || e.Code != "SignatureDoesNotMatch" || e.Status != 403 {
				t.Errorf("%s, %d bytes: %v, want 403 SignatureDoesNotMatch", h.name, size, err)
			}
		}
	}
	c.absent(t, "wrong/")
}

// A cancelled upload leaves no parts behind.
func TestClient_cancelAborts(t *testing.T) {
	c := convene(t)
	h := c.hands(t)[0]
	client := newClient(t, c.config(h))
	o := described("cancelled")
	task, err := client.Start(t.Context(), slowly{}, 200*mib, asked(o))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); task.Progress().PartsStored == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no part was stored")
		}
	}
	task.Cancel()
	if _, err := task.Wait(); err == nil {
		t.Error("a cancelled upload was stored")
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if got := h.uploads(t, o.Key); len(got) != 0 {
		t.Errorf("these uploads are still under way: %+v", got)
	}
	c.absent(t, o.Key)
}

// slowly is zeros without end, at some 100 MiB a second.
type slowly struct{}

func (slowly) ReadAt(p []byte, at int64) (int, error) {
	if at > math.MaxInt64-int64(len(p)) {
		return 0, errors.New("too far")
	}
	time.Sleep(time.Duration(len(p)) * 10 * time.Nanosecond)
	clear(p)
	return len(p), nil
}
