package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// What a page cannot mean is refused at once, by a TypeError that names it.
func TestBadInput_options_areRefusedAtOnce(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		o := s.options(t)
		credentials := s.credentials(t, "alice", time.Hour)
		ending := func(expiration any) harness.Options {
			c := credentials
			c.Expiration = expiration
			return o.With("credentials", c)
		}
		for name, one := range map[string]struct {
			options harness.Options
			want    string
		}{
			"unknown option":         {o.With("buckett", "x"), `createUploader: unknown option "buckett"; did you mean "bucket"?`},
			"unknown in credentials": {o.With("credentials", harness.Options{"accesKey": "x"}), `unknown option "accesKey"; did you mean "accessKey"?`},
			"wrong type":             {o.With("partSize", "5 MiB"), `option "partSize" must be a whole number`},
			"missing expiration":     {ending(nil), `createUploader: credentials: option "expiration" is missing`},
			"no date":                {ending("next tuesday"), `createUploader: credentials: option "expiration" must be a Date, or an ISO 8601 string with its time zone, which this text is not`},
			"no such date":           {ending("2026-13-45T00:00:00Z"), `option "expiration" must be a Date, or an ISO 8601 string`},
			"signature version":      {o.With("signature", harness.Options{"version": 3}), `option "signature.version" must be 4 or 2`},
		} {
			expect(t, name, p.Create(one.options, nil), harness.Failure{Message: one.want})
		}
		p.MustCreate(o, nil)
		for name, one := range map[string]struct {
			options harness.Options
			want    string
		}{
			"unknown option": {harness.Options{"contenttype": "text/plain"}, `upload: unknown option "contenttype"; did you mean "contentType"?`},
			"metadata":       {harness.Options{"metadata": harness.Options{"n": 1}}, `option "metadata" must be a plain object of strings`},
			"no name":        {harness.Options{}, `upload: option "key" is missing; a Blob has no name to make one of`},
			"key":            {harness.Options{"key": 7}, `option "key" must be a string or a function`},
		} {
			expect(t, name, p.Upload(harness.Upload{Source: harness.Made(1, 1), Options: one.options}), harness.Failure{Message: one.want})
		}
		p.Do("ready")
		credentials.Expiration = nil
		expect(t, "setCredentials", p.SetCredentials(credentials), harness.Failure{Message: `setCredentials: option "expiration" is missing`})
		credentials.Expiration = "2026-11-23"
		expect(t, "setCredentials", p.SetCredentials(credentials), harness.Failure{Message: `setCredentials: option "expiration" must be a Date, or an ISO 8601 string with its time zone`})
		if sent := harness.Of(p.Report().Log, "request"); len(sent) > 0 {
			t.Errorf("there were requests: %+v", sent)
		}
	})
}

// What only the engine can judge fails the file, before anything is sent.
func TestBadInput_objects_failWithoutARequest(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		p.MustCreate(s.options(t), nil)
		cases := []struct {
			options harness.Options
			want    harness.Failure
		}{
			{harness.Options{"key": "users/alice/" + strings.Repeat("ü", 507)}, harness.Failure{Code: "KeyTooLong", Message: "1026 bytes", Hint: "at most 1,024 bytes"}},
			{harness.Options{"key": ""}, harness.Failure{Code: "KeyInvalid", Message: "KeyInvalid"}},
			{harness.Options{"key": "users/alice/../bob/x"}, harness.Failure{Code: "KeyInvalid", Message: `".."`}},
			{harness.Options{"metadata": harness.Options{"n": strings.Repeat("x", 2048)}}, harness.Failure{Code: "MetadataTooLarge", Message: "MetadataTooLarge", Hint: "2 KB"}},
			{harness.Options{"metadata": harness.Options{"two words": "x"}}, harness.Failure{Code: "MetadataInvalid", Message: "two words"}},
			{harness.Options{"contentType": "text/plain\r\nx-amz-acl: public-read"}, harness.Failure{Code: "HeaderInvalid", Message: "contentType"}},
		}
		for _, one := range cases {
			p.MustUpload(harness.Upload{Source: harness.Named("made", 1, 1), Options: one.options})
		}
		r := p.Wait(20 * time.Second)
		for i, one := range cases {
			expect(t, fmt.Sprint(one.want.Code, " ", i), r.Tasks[i].Error, one.want)
		}
		if sent := harness.Of(r.Log, "request"); len(sent) > 0 {
			t.Errorf("there were requests: %+v", sent)
		}
	})
}

func TestBadInput_stores_sayWhatIsWrong(t *testing.T) {
	s := startStack(t, devstack.Config{NoCORSBucket: "nocors"})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		o := s.options(t)
		wrong := s.credentials(t, "alice", time.Hour)
		wrong.SecretKey = "x" + wrong.SecretKey
		mixed := s.credentials(t, "alice", time.Hour)
		mixed.SessionToken = s.credentials(t, "alice", time.Hour).SessionToken
		for name, one := range map[string]struct {
			options harness.Options
			want    harness.Failure
		}{
			"no such bucket":  {o.With("bucket", "not-there"), harness.Failure{Code: "CORSBlocked", Message: "CORSBlocked", Hint: "check the bucket's name"}},
			"no CORS":         {o.With("bucket", "nocors"), harness.Failure{Code: "CORSBlocked", Message: "CORSBlocked", Hint: "CORS rule allows this page's origin"}},
			"wrong secret":    {o.With("credentials", wrong), harness.Failure{Code: "SignatureDoesNotMatch", Status: 403, Message: "403 SignatureDoesNotMatch (request ", Hint: "secret key"}},
			"wrong secret V2": {o.With("credentials", wrong).With("signature", harness.Options{"version": 2}), harness.Failure{Code: "SignatureDoesNotMatch", Status: 403, Message: "403 SignatureDoesNotMatch (request ", Hint: "secret key"}},
			"bad bucket name": {o.With("bucket", "NotAName"), harness.Failure{Code: "BucketInvalid", Message: "NotAName", Hint: "bucket"}},
		} {
			for _, size := range []int{10, 17 * mib} { // PutObject, CreateMultipartUpload
				p.MustCreate(one.options, nil)
				p.MustUpload(harness.Upload{Source: harness.Made(1, size), Options: harness.Options{"key": "users/alice/x"}})
				expect(t, fmt.Sprintf("%s, %d bytes", name, size), p.Wait(30 * time.Second).Tasks[0].Error, one.want)
			}
		}
		s.absent(t, "users/alice/x")
	})
}

// The store names the region that it is in, and from then on it is signed for.
func TestBadInput_wrongRegion_isPutRight(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		for _, size := range []int{10, 17 * mib} {
			p.MustCreate(s.options(t).With("region", "us-west-2"), nil)
			key := fmt.Sprintf("users/alice/%v/%d", b.Browser(), size)
			p.MustUpload(harness.Upload{Source: harness.Made(1, size), Options: harness.Options{"key": key}})
			if r := p.Stored(30 * time.Second); r.Tasks[0].Error != nil {
				t.Errorf("%d bytes: %+v", size, r.Tasks[0].Error)
			}
		}
	})
}

func TestBadInput_closedPort_isUnreachable(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	site := (&harness.Site{Policy: harness.Policy(nobody)}).Serve(t)
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, site+harness.Path)
		p.MustCreate(harness.Options{
			"bucket": "photos", "region": "eu-west-1", "endpoint": nobody, "pathStyle": true, "retryMillis": 1,
			"credentials": harness.Credentials{AccessKey: "a", SecretKey: "b", Expiration: "2999-01-01T00:00:00Z"},
		}, nil)
		p.MustUpload(harness.Upload{Source: harness.Named("made", 1, 10)})
		r := p.Wait(30 * time.Second)
		expect(t, "closed port", r.Tasks[0].Error, harness.Failure{
			Code: "Unreachable", Message: `upload "made": PutObject: Unreachable`, Hint: "Check the network",
		})
		if len(r.Violations) > 0 {
			t.Errorf("the page's own policy was in the way: %v", r.Violations)
		}
	})
}

// What a browser makes of a file that changed after it was chosen.
type change struct {
	name   string
	change func(path string) error
	unseen []webdriver.Browser // store what the file has now, or had when it was chosen
	length bool                // is another: seen everywhere in a small file, which is read whole
}

var changes = []change{
	{"removed", os.Remove, nil, false},
	{"emptied", func(path string) error { return os.Truncate(path, 0) }, nil, true},
	{"shorter", func(path string) error { return os.Truncate(path, 500) }, nil, true},
	{"longer", func(path string) error { return appendTo(path, "more") }, []webdriver.Browser{webdriver.Firefox}, true},
	{"rewritten", func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, harness.Bytes(2, int(info.Size())), 0o666)
	}, []webdriver.Browser{webdriver.Firefox}, false},
}

// A file that changes between being chosen and being sent must not be stored
// half old and half new, and one that is gone must say so.
func TestSource_changedAfterItWasChosen_fails(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		for _, size := range []int{1000, 17 * mib} { // PutObject, UploadPart
			folder := t.TempDir()
			var files []string
			for _, c := range changes {
				files = append(files, harness.WriteFile(t, folder, c.name, harness.Bytes(1, size)))
			}
			p.Choose(files...)
			time.Sleep(1100 * time.Millisecond) // some browsers compare the time in whole seconds
			for _, c := range changes {
				if err := c.change(filepath.Join(folder, c.name)); err != nil {
					t.Fatal(err)
				}
			}
			checkChanged(t, s, b, p, size)
		}
	})
}

// small is how many bytes a file has at most that web/core reads whole.
const small = 64 << 10

func checkChanged(t *testing.T, s *stack, b *webdriver.Session, p *harness.Page, size int) {
	t.Helper()
	prefix := fmt.Sprintf("users/alice/%s/%d/", b.Browser(), size)
	for _, c := range changes {
		p.MustCreate(s.options(t), nil)
		p.MustUpload(harness.Upload{Source: harness.Chosen(c.name), Options: harness.Options{"key": prefix + c.name}})
		task := p.Wait(30 * time.Second).Tasks[0]
		what := fmt.Sprintf("%s, %d bytes", c.name, size)
		if slices.Contains(c.unseen, b.Browser()) && !(c.length && size <= small) {
			t.Logf("%s lacks a way to tell that a file was made %s: it is stored", b.Browser(), c.name)
			if task.State != "done" {
				t.Errorf("%s: %s: %v; this browser has learnt something", what, task.State, task.Error)
				continue
			}
			if got := s.object(t, prefix+c.name); got.sum != harness.Sum(harness.Bytes(1, size)) && got.sum != harness.Sum(harness.Bytes(2, size)) {
				t.Errorf("%s: the object is neither what was chosen nor what the file is now", what)
			}
			continue
		}
		want := harness.Failure{Code: "SourceUnreadable", Message: "SourceUnreadable", Hint: "choose it again"}
		if task.Error != nil && task.Error.Code == "SourceChanged" {
			want.Code, want.Message = "SourceChanged", "SourceChanged"
		}
		expect(t, what, task.Error, want)
		s.absent(t, prefix+c.name)
	}
	for _, key := range s.unfinished(t) {
		if strings.HasPrefix(key, prefix) {
			t.Errorf("the multipart upload of %q is still there", key)
		}
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
