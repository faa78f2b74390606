// Package fineuploader has the real Fine Uploader, 5.16.2 as npm has it, upload
// with its option signature.endpoint on package finesign's handler: in Chromium,
// to MinIO, in Signature Versions 4 and 2, in one piece and in parts. Neither the
// page nor the store shares code with the handler.
package fineuploader

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/finesign"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/process"
	"github.com/bucketline/bucketline/test/stores"
	"github.com/bucketline/bucketline/test/webdriver"
)

const mib = 1 << 20

// script is the published file, which TestMain has found.
var script string

func TestMain(m *testing.M) {
	flag.Parse()
	if err := find(); err != nil {
		fmt.Fprintln(os.Stderr, "fineuploader:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// find looks for the script where npm puts it, and has npm put it there.
func find() error {
	root, err := process.ModuleRoot()
	if err != nil {
		return err
	}
	if os.Getenv("BUCKETLINE_ARTIFACTS") == "" {
		if err := os.Setenv("BUCKETLINE_ARTIFACTS", filepath.Join(root, "build", "artifacts")); err != nil {
			return err
		}
	}
	script = filepath.Join(root, "web", "node_modules", "fine-uploader", "s3.fine-uploader", "s3.fine-uploader.core.js")
	if _, err := os.Stat(script); err == nil {
		return nil
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts")
	cmd.Dir = filepath.Join(root, "web")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	_, err = os.Stat(script)
	return err
}

// site is a page's server with the handler on it, and what it refused.
type site struct {
	*httptest.Server
	mu      sync.Mutex
	refused []string
}

// newSite signs for whoever has alice's cookie, below users/alice/.
func newSite(t *testing.T, store *stores.Store, bucket string) *site {
	t.Helper()
	s := new(site)
	signer, err := finesign.New(finesign.Config{
		AccessKeyID: store.AccessKeyID, SecretAccessKey: store.SecretAccessKey, Region: store.Region, AllowV2: true,
		Addresses: []string{"{bucket}." + virtual(store)},
		Scope: func(r *http.Request) (finesign.Scope, error) {
			cookie, err := r.Cookie("session")
			if err != nil || cookie.Value != "of-alice" {
				return finesign.Scope{}, errors.New("nobody is signed in")
			}
			return finesign.Scope{Bucket: bucket, Prefix: "users/alice/", MaxSize: 20 * mib}, nil
		},
		Refused: func(_ *http.Request, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.refused = append(s.refused, err.Error())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/signature", signer)
	mux.HandleFunc("GET /fine-uploader.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, script) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-alice", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(`<!doctype html><title>Fine Uploader</title><script src="/fine-uploader.js"></script><input type="file" id="files" multiple>`))
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// why returns what was refused since the last call.
func (s *site) why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Join(s.refused, "\n")
	s.refused = nil
	return all
}

// virtual is the store's address under which a bucket is a host.
func virtual(store *stores.Store) string {
	return store.Domain + store.Endpoint[strings.LastIndex(store.Endpoint, ":"):]
}

// upload makes an uploader with options, gives it the chosen files, and resolves
// with what came of each. Functions cannot be carried: key is the prefix.
const upload = `
const { key, ...options } = arguments[0];
const outcome = [];
const errors = [];
await new Promise((done) => {
  const uploader = new qq.s3.FineUploaderBasic({
    ...options,
    objectProperties: { ...options.objectProperties, key: (id) => key + uploader.getName(id) },
    callbacks: {
      onError: (id, name, reason) => errors.push(reason),
      onComplete: (id, name, response) => outcome.push({ name, success: response.success === true }),
      onAllComplete: done,
    },
  });
  uploader.addFiles(document.getElementById("files").files);
});
return JSON.stringify({ outcome, errors });`

type options map[string]any

type outcome struct {
	Outcome []struct {
		Name    string
		Success bool
	}
	Errors []string
}

func run(t testing.TB, b *webdriver.Session, o options) outcome {
	t.Helper()
	var got outcome
	if err := json.Unmarshal([]byte(webdriver.Eval[string](b, upload, o)), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// basic is how a page has it set up, by Fine Uploader's documentation.
func basic(store *stores.Store, bucket string, version int, chunks bool) options {
	return options{
		"key":              "users/alice/" + map[bool]string{true: "parts/", false: "piece/"}[chunks] + fmt.Sprint(version) + "/",
		"request":          options{"endpoint": "http://" + bucket + "." + virtual(store), "accessKey": store.AccessKeyID, "params": options{"album": "naïve & co"}},
		"objectProperties": options{"bucket": bucket, "region": store.Region, "acl": "private"},
		"signature":        options{"endpoint": "/signature", "version": version},
		"validation":       options{"sizeLimit": 20 * mib},
		"chunking":         options{"enabled": chunks, "partSize": 5 * mib, "concurrent": options{"enabled": true}},
		"maxConnections":   2,
	}
}

func TestFineUploader_uploadsWithSignaturesOfTheHandler(t *testing.T) {
	store := stores.Start(t, stores.Config{Region: "eu-west-1"})
	bucket := store.Bucket(t)
	s := newSite(t, store, bucket)
	folder := t.TempDir()
	files := map[string][]byte{"naïve file (1)+'!*.png": harness.Bytes(1, 3*mib), "b": harness.Bytes(2, 1), "parts.bin": harness.Bytes(3, 11*mib+7)}
	var paths []string
	for name, data := range files {
		paths = append(paths, harness.WriteFile(t, folder, name, data))
	}
	b := webdriver.Start(t, webdriver.Chromium, webdriver.Config{})
	for _, version := range []int{4, 2} {
		for _, chunks := range []bool{false, true} {
			b.Open(s.URL + "/")
			b.Find("#files").SetFiles(paths...)
			o := basic(store, bucket, version, chunks)
			got := run(t, b, o)
			if len(got.Errors) > 0 || len(got.Outcome) != len(files) {
				t.Fatalf("version %d, parts %v: %+v; refused:\n%s", version, chunks, got, s.why())
			}
			for name, data := range files {
				stored := store.Object(t, bucket, o["key"].(string)+name)
				if stored.SHA256 != harness.Sum(data) {
					t.Errorf("version %d, parts %v: %q has SHA-256 %s, want %s", version, chunks, name, stored.SHA256, harness.Sum(data))
				}
				if stored.Metadata["album"] != "na%C3%AFve%20%26%20co" {
					t.Errorf("version %d, parts %v: %q has the metadata %q", version, chunks, name, stored.Metadata)
				}
				if inParts := strings.Contains(stored.ETag, "-"); inParts != (chunks && len(data) > 5*mib) {
					t.Errorf("version %d, parts %v: %q has the ETag %s", version, chunks, name, stored.ETag)
				}
			}
		}
	}
	if refused := s.why(); refused != "" {
		t.Errorf("these were refused:\n%s", refused)
	}
}

func TestFineUploader_whatTheScopeHasNot_isNotUploaded(t *testing.T) {
	store := stores.Start(t, stores.Config{Region: "eu-west-1"})
	bucket, other := store.Bucket(t), store.Bucket(t)
	s := newSite(t, store, bucket)
	b := webdriver.Start(t, webdriver.Chromium, webdriver.Config{})
	file := harness.WriteFile(t, t.TempDir(), "six.bin", harness.Bytes(1, 6*mib))
	for _, c := range []struct {
		name   string
		change func(options)
		why    string
	}{
		{"another's prefix", func(o options) { o["key"] = "users/bob/" }, "outside"},
		{"another bucket", func(o options) {
			o["objectProperties"].(options)["bucket"] = other
			o["request"].(options)["endpoint"] = "http://" + other + "." + virtual(store)
		}, "bucket"},
		{"a public object", func(o options) { o["objectProperties"].(options)["acl"] = "public-read" }, "x-amz-acl"},
		{"another region", func(o options) { o["objectProperties"].(options)["region"] = "us-east-1" }, "region"},
		{"no limit of size", func(o options) { delete(o, "validation") }, "content-length-range"},
		{"a larger limit", func(o options) { o["validation"] = options{"sizeLimit": 21 * mib} }, "content-length-range"},
		{"a clock an hour off", func(o options) { o["request"].(options)["clockDrift"] = 3600 * 1000 }, ""},
	} {
		for _, version := range []int{4, 2} {
			for _, chunks := range []bool{false, true} {
				inNoSignature := strings.Contains(c.why, "range") && chunks || c.why == "region" && version == 2
				if inNoSignature { // sizes are in no signature of a part, nor is a region in one of version 2
					continue
				}
				b.Open(s.URL + "/")
				b.Find("#files").SetFiles(file)
				o := basic(store, bucket, version, chunks)
				c.change(o)
				got := run(t, b, o)
				refused := s.why()
				if len(got.Outcome) != 1 || got.Outcome[0].Success || len(got.Errors) == 0 {
					t.Errorf("%s, version %d, parts %v: %+v", c.name, version, chunks, got)
				}
				if refused == "" || !strings.Contains(refused, c.why) {
					t.Errorf("%s, version %d, parts %v: refused because %q, want %q; the page says %q", c.name, version, chunks, refused, c.why, got.Errors)
				}
			}
		}
	}
	if keys := append(store.Keys(t, bucket, ""), store.Keys(t, other, "")...); len(keys) > 0 {
		t.Errorf("stored: %q", keys)
	}
}

// Nobody signed in gets a signature, and nobody else's page does with the cookie
// of who is.
func TestFineUploader_withoutASession(t *testing.T) {
	store := stores.Start(t, stores.Config{Region: "eu-west-1"})
	bucket := store.Bucket(t)
	s := newSite(t, store, bucket)
	client := &http.Client{Timeout: time.Minute}
	for name, cookie := range map[string]string{"no cookie": "", "another's": "session=of-nobody"} {
		r, err := http.NewRequest(http.MethodPost, s.URL+"/signature?v4=true", strings.NewReader(`{"headers":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Cookie", cookie)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden || !strings.Contains(s.why(), "nobody is signed in") {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
}
