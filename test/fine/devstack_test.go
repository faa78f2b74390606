package fine

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/webdriver"
)

// page is a page as Fine Uploader's documentation has them: a script tag and an
// uploader in the next line. What it reports it leaves in window.report.
const page = `<!doctype html><meta charset="utf-8"><title>example</title><link rel="icon" href="data:,">
<div id="choose">Select files</div><script src="fine-uploader.js"></script>`

// The examples of Fine Uploader's S3 documentation, against the dev stack: each
// is a script that gets about, the endpoint and temporary credentials.
var examples = []struct {
	name, script string
	size         int
}{
	{"no server, version 4, key by a function", `
		var uploader = new qq.s3.FineUploaderBasic({
			button: document.getElementById("choose"),
			request: { endpoint: about.endpoint },
			credentials: about.credentials,
			signature: { version: 4 },
			objectProperties: { region: about.region, acl: "private", key: function (fileId) { return "users/alice/" + this.getName(fileId); } },
			callbacks: { onComplete: done }
		});`, 70_000},
	{"no server, version 2", `
		var uploader = new qq.s3.FineUploaderBasic({
			request: { endpoint: about.endpoint },
			credentials: about.credentials,
			objectProperties: { key: function (fileId) { return "users/alice/" + this.getName(fileId); } },
			callbacks: { onComplete: done }
		});`, 70_000},
	{"the bucket in the host name, key by qq.Promise", `
		var uploader = new qq.s3.FineUploaderBasic({
			request: { endpoint: about.virtual },
			credentials: about.credentials,
			signature: { version: 4 },
			objectProperties: {
				region: about.region, bucket: about.bucket,
				key: function (fileId) {
					var keyRetrieval = new qq.Promise(), name = uploader.getName(fileId);
					setTimeout(function () { keyRetrieval.success("users/alice/" + name); }, 10);
					return keyRetrieval;
				}
			},
			callbacks: { onComplete: done }
		});`, 1000},
	{"chunking, concurrent, resume and retry", `
		var uploader = new qq.s3.FineUploaderBasic({
			request: { endpoint: about.endpoint },
			credentials: about.credentials,
			signature: { version: 4 },
			objectProperties: { region: about.region, key: function (fileId) { return "users/alice/" + this.getName(fileId); } },
			chunking: { enabled: true, concurrent: { enabled: true } },
			resume: { enabled: true },
			retry: { enableAuto: true },
			callbacks: { onComplete: done }
		});`, 12 << 20},
	{"chunking, version 2", `
		var uploader = new qq.s3.FineUploaderBasic({
			request: { endpoint: about.endpoint },
			credentials: about.credentials,
			objectProperties: { key: function (fileId) { return "users/alice/" + this.getName(fileId); } },
			chunking: { enabled: true },
			callbacks: { onComplete: done }
		});`, 6 << 20},
	{"credentials that have expired, and a promise of new ones", `
		var fresh = about.credentials;
		var uploader = new qq.s3.FineUploaderBasic({
			request: { endpoint: about.endpoint },
			credentials: { accessKey: "AKIDOLD", secretKey: "old", sessionToken: "old", expiration: new Date(Date.now() - 1000) },
			signature: { version: 4 },
			objectProperties: { region: about.region, key: function (fileId) { return "users/alice/" + this.getName(fileId); } },
			callbacks: { onComplete: done, onCredentialsExpired: function () { return Promise.resolve(fresh); } }
		});`, 1000},
}

func TestDocumentation_examplesRunOnTheDevStack(t *testing.T) {
	script, err := os.ReadFile(built.Ours)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"index.html": {Data: []byte(page)}, "fine-uploader.js": {Data: script}}
	stack, err := devstack.Start(context.Background(), devstack.Config{Pages: map[string]fs.FS{"/fine/": files}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(); err != nil {
			t.Errorf("close the dev stack: %v", err)
		}
	})
	e := stack.Endpoints()
	c, err := stack.Credentials("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	about, err := json.Marshal(map[string]any{
		"endpoint": e.S3 + "/" + e.Bucket, "virtual": e.S3VirtualHost, "region": e.Region, "bucket": e.Bucket,
		"credentials": map[string]any{
			"accessKey": c.AccessKeyID, "secretKey": c.SecretAccessKey, "sessionToken": c.SessionToken,
			"expiration": time.Now().Add(50 * time.Minute).UTC().Format(time.RFC3339),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	rootKeys := stack.Root()
	client := awss3.New(awss3.Options{
		BaseEndpoint: &e.S3, Region: e.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(rootKeys.AccessKeyID, rootKeys.SecretAccessKey, ""),
	})
	s := webdriver.Start(t, webdriver.Chromium, webdriver.Config{})
	for i, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			s := s.With(t)
			name := "example " + string(rune('a'+i)) + ".txt"
			s.Open(e.Page + "fine/")
			s.Run(`const about = JSON.parse(arguments[0]);
				const done = function (id, name, response, xhr) { window.report = { response, status: xhr && xhr.status, key: this.getKey(id) }; };
				`+x.script+`
				uploader.addFiles(new File([new Uint8Array(arguments[2]).fill(65)], arguments[1], { type: "text/plain" }));`,
				string(about), name, x.size)
			s.WaitFor("onComplete", time.Minute, "return window.report")
			report := webdriver.Eval[struct {
				Response struct {
					Success bool
					Error   string
				}
				Status int
				Key    string
			}](s, "return window.report")
			if !report.Response.Success || report.Status != 200 || report.Key != "users/alice/"+name {
				t.Fatalf("onComplete was told %+v", report)
			}
			object, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &e.Bucket, Key: aws.String(report.Key)})
			if err != nil {
				t.Fatal(err)
			}
			defer object.Body.Close()
			body, err := io.ReadAll(object.Body)
			if err != nil || len(body) != x.size || body[len(body)-1] != 'A' {
				t.Errorf("%d bytes are stored, %v; want %d", len(body), err, x.size)
			}
			if got := aws.ToString(object.ContentType); got != "text/plain" {
				t.Errorf("the content type is %q", got)
			}
			if got := object.Metadata["qqfilename"]; got != "example%20"+name[8:] {
				t.Errorf("the metadata has the name %q", got)
			}
		})
	}
}
