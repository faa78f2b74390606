package bucketline_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/devstack"
)

// rate is how many bytes a second the store takes, so that uploads last.
const rate = 24 << 20

var stack *devstack.Stack

func TestMain(m *testing.M) {
	var err error
	if stack, err = devstack.Start(context.Background(), devstack.Config{Rate: rate}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	stack.Close()
	os.Exit(code)
}

// temporary are credentials of a user of the stack.
func temporary(t *testing.T, user string, life time.Duration) bucketline.Credentials {
	t.Helper()
	c, err := stack.Credentials(user, life)
	if err != nil {
		t.Fatal(err)
	}
	return bucketline.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration,
	}
}

// config is where the stack is, with credentials of alice.
func config(t *testing.T) bucketline.Config {
	e := stack.Endpoints()
	return bucketline.Config{
		Bucket: e.Bucket, Endpoint: e.S3, Region: e.Region, PathStyle: true,
		Credentials: temporary(t, "alice", time.Hour),
	}
}

func open(t *testing.T, c bucketline.Config) *bucketline.Client {
	t.Helper()
	client, err := bucketline.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func key(t *testing.T) string { return "users/alice/" + strings.ReplaceAll(t.Name(), "/", "-") }

func random(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

// fetch reads an object back with Amazon's SDK.
func fetch(t *testing.T, key string) (*s3.GetObjectOutput, []byte) {
	t.Helper()
	e, root := stack.Endpoints(), stack.Root()
	judge := s3.New(s3.Options{
		BaseEndpoint: &e.S3, Region: e.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, ""),
	})
	out, err := judge.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &e.Bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return out, body
}

func TestUpload_content(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.PartSize, c.MultipartThreshold = 5<<20, 5<<20
	client := open(t, c)
	for _, size := range []int{0, 1000, 12 << 20} {
		name := fmt.Sprintf("%s-%d.jpg", key(t), size)
		content := random(size)
		r, err := client.Upload(t.Context(), bytes.NewReader(content), int64(size), bucketline.Object{
			Key: name, Metadata: []bucketline.Field{{Name: "album", Value: "summer"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		out, body := fetch(t, name)
		if !bytes.Equal(body, content) || aws.ToString(out.ContentType) != "image/jpeg" || out.Metadata["album"] != "summer" {
			t.Errorf("stored %d bytes of %s, metadata %v, want %d", len(body), aws.ToString(out.ContentType), out.Metadata, size)
		}
		if want := stack.Endpoints().S3 + "/" + r.Bucket + "/" + name; r.ETag != aws.ToString(out.ETag) || r.Size != int64(size) || r.Key != name || r.Location != want {
			t.Errorf("result = %+v, want ETag %s, location %s", r, aws.ToString(out.ETag), want)
		}
	}
}

func TestUploadFile_sniffsWhatHasNoEnding(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "README")
	if err := os.WriteFile(name, []byte("<html><p>hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, config(t)).UploadFile(t.Context(), name, bucketline.Object{Key: key(t)}); err != nil {
		t.Fatal(err)
	}
	if out, _ := fetch(t, key(t)); aws.ToString(out.ContentType) != "text/html; charset=utf-8" {
		t.Errorf("content type = %s", aws.ToString(out.ContentType))
	}
}

// Progress moves, events come in order, and both agree with the result.
func TestTask_progressAndEvents(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var states []bucketline.State
	parts := map[int]int{}
	c := config(t)
	c.PartSize, c.MultipartThreshold = 5<<20, 5<<20
	c.Notify = func(e bucketline.Event) {
		mu.Lock()
		defer mu.Unlock()
		switch e.Kind {
		case bucketline.EventState:
			states = append(states, e.State)
		case bucketline.EventPart:
			parts[e.Part]++
		}
	}
	client := open(t, c)
	content := random(33 << 20)
	task, err := client.Start(t.Context(), bytes.NewReader(content), int64(len(content)), bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	var seen []int64
	for done := false; !done; {
		select {
		case <-task.Done():
			done = true
		case <-time.After(20 * time.Millisecond):
		}
		seen = append(seen, task.Progress().Sent)
	}
	if _, err := task.Wait(); err != nil {
		t.Fatal(err)
	}
	if p := task.Progress(); p.State != bucketline.StateDone || p.Acknowledged != int64(len(content)) {
		t.Errorf("progress at the end = %+v", p)
	}
	distinct := map[int64]bool{}
	for _, n := range seen {
		distinct[n] = true
	}
	if len(distinct) < 5 {
		t.Errorf("progress had %d values: %v", len(distinct), seen)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := fmt.Sprint(states); got != "[uploading completing done]" {
		t.Errorf("states = %s", got)
	}
	if len(parts) != 7 {
		t.Errorf("parts told = %v, want 7", parts)
	}
}

func TestStart_contextCancelsAndAborts(t *testing.T) {
	t.Parallel()
	client := open(t, config(t))
	ctx, cancel := context.WithCancelCause(t.Context())
	content := random(64 << 20)
	task, err := client.Start(ctx, bytes.NewReader(content), int64(len(content)), bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	for task.Progress().PartsStored == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	enough := errors.New("enough")
	cancel(enough)
	_, err = task.Wait()
	var e *bucketline.Error
	if !errors.As(err, &e) || e.Code != bucketline.CodeCancelled || !errors.Is(err, enough) {
		t.Errorf("Wait = %v, want that it was cancelled because of %v", err, enough)
	}
	if err := client.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if left := uploads(t, key(t)); left != 0 {
		t.Errorf("%d multipart uploads are left", left)
	}
	if _, err := client.Start(t.Context(), bytes.NewReader(nil), 0, bucketline.Object{Key: "k"}); !errors.As(err, &e) || e.Code != bucketline.CodeClosed {
		t.Errorf("Start after Close = %v", err)
	}
	if _, err := client.Start(ctx, bytes.NewReader(nil), 0, bucketline.Object{Key: "k"}); !errors.Is(err, enough) {
		t.Errorf("Start with an ended context = %v", err)
	}
}

func uploads(t *testing.T, key string) int {
	t.Helper()
	e, root := stack.Endpoints(), stack.Root()
	judge := s3.New(s3.Options{
		BaseEndpoint: &e.S3, Region: e.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, ""),
	})
	out, err := judge.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &e.Bucket, Prefix: &key})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Uploads)
}

// Credentials that live 3 s, and uploads that last longer: nothing fails, and the
// handler is called once an expiry although two files wait.
func TestCredentialsExpired_oncePerExpiry(t *testing.T) {
	t.Parallel()
	var calls, holds, failures atomic.Int32
	c := config(t)
	c.Credentials = bucketline.Credentials{}
	c.PartSize, c.MultipartThreshold, c.Connections = 5<<20, 5<<20, 6
	c.CredentialsExpired = func(context.Context) (bucketline.Credentials, error) {
		calls.Add(1)
		return temporary(t, "alice", 3*time.Second), nil
	}
	c.Notify = func(e bucketline.Event) {
		switch {
		case e.Kind == bucketline.EventHold:
			holds.Add(1)
		case e.Err != nil:
			failures.Add(1)
		}
	}
	client := open(t, c)
	content := random(80 << 20)
	began := time.Now()
	var tasks []*bucketline.Task
	for i := range 2 {
		task, err := client.Start(t.Context(), bytes.NewReader(content), int64(len(content)), bucketline.Object{Key: fmt.Sprintf("%s-%d", key(t), i)})
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, task)
	}
	for _, task := range tasks {
		if _, err := task.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	// Each life of 3 s serves for 2 s, and for one less when a request that was
	// signed in time arrives late and the store refuses it.
	least, most := int32(time.Since(began)/(3*time.Second)), int32(time.Since(began)/time.Second)+1
	if n := calls.Load(); n < max(least, 2) || n > most || n != holds.Load() || failures.Load() > 0 {
		t.Errorf("%d calls and %d holds in %v, %d failures", n, holds.Load(), time.Since(began), failures.Load())
	}
}

// A handler that has none, fails what waits; what comes later asks again.
func TestCredentialsExpired_thatFails(t *testing.T) {
	t.Parallel()
	locked := fmt.Errorf("the vault is locked: %w", bucketline.ErrNoCredentials)
	var calls atomic.Int32
	c := config(t)
	good := c.Credentials
	c.Credentials = bucketline.Credentials{}
	c.CredentialsExpired = func(context.Context) (bucketline.Credentials, error) {
		switch calls.Add(1) {
		case 1:
			return bucketline.Credentials{}, locked
		case 2: // no expiration
			return bucketline.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}
		return good, nil
	}
	client := open(t, c)
	o := bucketline.Object{Key: key(t)}
	for i, want := range []error{locked, cred.ErrNoExpiration} {
		_, err := client.Upload(t.Context(), strings.NewReader("hello"), 5, o)
		var e *bucketline.Error
		if !errors.As(err, &e) || e.Code != bucketline.CodeRefreshFailed || !errors.Is(err, want) {
			t.Errorf("upload %d = %v, want %v", i, err, want)
		}
	}
	if _, err := client.Upload(t.Context(), strings.NewReader("hello"), 5, o); err != nil || calls.Load() != 3 {
		t.Errorf("third upload = %v after %d calls", err, calls.Load())
	}
}

// Many uploads wait on one failing call: all fail, and it is asked once.
func TestCredentialsExpired_failsAllThatWait(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	release := make(chan struct{})
	c := config(t)
	c.Credentials = bucketline.Credentials{}
	c.CredentialsExpired = func(context.Context) (bucketline.Credentials, error) {
		calls.Add(1)
		<-release
		return bucketline.Credentials{}, bucketline.ErrNoCredentials
	}
	client := open(t, c)
	var tasks []*bucketline.Task
	for i := range 50 {
		task, err := client.Start(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: fmt.Sprint(key(t), i)})
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, task)
	}
	close(release)
	for _, task := range tasks {
		var e *bucketline.Error
		if _, err := task.Wait(); !errors.As(err, &e) || e.Code != bucketline.CodeRefreshFailed {
			t.Fatalf("Wait = %v", err)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

// A handler that fails for a moment fails nothing: it is asked again, and what
// waits goes on.
func TestCredentialsExpired_isAskedAgain(t *testing.T) {
	t.Parallel()
	asleep := errors.New("the identity provider is asleep")
	var calls, told atomic.Int32
	c := config(t)
	good := c.Credentials
	c.Credentials = bucketline.Credentials{}
	c.CredentialsExpired = func(context.Context) (bucketline.Credentials, error) {
		switch calls.Add(1) {
		case 1:
			return bucketline.Credentials{}, asleep
		case 2: // they have ended
			return bucketline.Credentials{AccessKeyID: "a", SecretAccessKey: "b", Expiration: time.Now().Add(-time.Minute)}, nil
		}
		return good, nil
	}
	c.Notify = func(e bucketline.Event) {
		if e.Kind == bucketline.EventHold && errors.Is(e.Err, asleep) {
			told.Add(1)
		}
	}
	client := open(t, c)
	_, err := client.Upload(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: key(t)})
	if err != nil || calls.Load() != 3 || told.Load() != 1 {
		t.Errorf("Upload = %v after %d calls, told %d times", err, calls.Load(), told.Load())
	}
}

// Uploads wait for credentials as long as Config says, and fail with what the
// handler said last.
func TestCredentialsExpired_holdHasAnEnd(t *testing.T) {
	t.Parallel()
	asleep := errors.New("the identity provider is asleep")
	var calls atomic.Int32
	c := config(t)
	good := c.Credentials
	c.Credentials = bucketline.Credentials{}
	c.RefreshFor, c.HoldFor = -1, time.Second
	c.CredentialsExpired = func(context.Context) (bucketline.Credentials, error) {
		if calls.Add(1) > 1 {
			return good, nil
		}
		return bucketline.Credentials{}, asleep
	}
	client := open(t, c)
	task, err := client.Start(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = task.Wait()
	var e *bucketline.Error
	if !errors.As(err, &e) || e.Code != bucketline.CodeCredentialsExpired || !errors.Is(err, asleep) || calls.Load() != 1 {
		t.Errorf("Wait = %v after %d calls", err, calls.Load())
	}
	if _, err := client.Upload(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: key(t)}); err != nil || calls.Load() != 2 {
		t.Errorf("a later upload = %v after %d calls", err, calls.Load())
	}
}

// Without a handler, credentials that end fail what waits, and uploads before
// the first credentials wait for SetCredentials.
func TestSetCredentials_withoutAHandler(t *testing.T) {
	t.Parallel()
	c := config(t)
	good := c.Credentials
	c.Credentials = temporary(t, "alice", 2*time.Second)
	client := open(t, c)
	time.Sleep(2 * time.Second)
	_, err := client.Upload(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: key(t)})
	var e *bucketline.Error
	if !errors.As(err, &e) || e.Code != bucketline.CodeCredentialsExpired || e.Hint() == "" {
		t.Errorf("upload with expired credentials = %v", err)
	}
	if err := client.SetCredentials(good); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Upload(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: key(t)}); err != nil {
		t.Errorf("upload with new credentials = %v", err)
	}

	c.Credentials = bucketline.Credentials{}
	client = open(t, c)
	task, err := client.Start(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	for !client.Totals().Held {
		time.Sleep(time.Millisecond)
	}
	if err := client.SetCredentials(good); err != nil {
		t.Fatal(err)
	}
	if _, err := task.Wait(); err != nil {
		t.Error(err)
	}
}

func TestExpire_asksAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	c := config(t)
	c.CredentialsExpired = func(context.Context) (bucketline.Credentials, error) {
		calls.Add(1)
		return temporary(t, "alice", time.Hour), nil
	}
	client := open(t, c)
	client.Expire()
	if _, err := client.Upload(t.Context(), strings.NewReader("hello"), 5, bucketline.Object{Key: key(t)}); err != nil || calls.Load() != 1 {
		t.Errorf("upload = %v after %d calls, want 1", err, calls.Load())
	}
}

// Each failure has a code, a text, a sentence and a hint.
func TestUpload_failures(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html>Bad gateway")
	}))
	t.Cleanup(proxy.Close)
	for _, c := range []struct {
		name     string
		config   func(*bucketline.Config)
		key      string
		size     int
		code, op string
		status   int
		text     string
	}{
		{"somebody else's prefix", nil, "users/bob/x", 5, "AccessDenied", "PutObject", 403, `upload "users/bob/x": 403 AccessDenied (request `},
		{"somebody else's prefix, in parts", nil, "users/bob/x", 20 << 20, "AccessDenied", "CreateMultipartUpload", 403, `upload "users/bob/x": 403 AccessDenied`},
		{"no bucket", func(c *bucketline.Config) { c.Bucket = "none-such" }, "", 5, "NoSuchBucket", "PutObject", 404, "404 NoSuchBucket"},
		{"wrong secret", func(c *bucketline.Config) { c.Credentials.SecretAccessKey += "x" }, "", 5, "SignatureDoesNotMatch", "PutObject", 403, "403 SignatureDoesNotMatch"},
		{"unknown key", func(c *bucketline.Config) { c.Credentials.AccessKeyID = "ASIAUNKNOWN" }, "", 5, "InvalidAccessKeyId", "PutObject", 403, "403 InvalidAccessKeyId"},
		{"nobody there", func(c *bucketline.Config) { c.Endpoint = "http://" + l.Addr().String() }, "", 5, "Unreachable", "PutObject", 0, "connection refused"},
		{"untrusted", func(c *bucketline.Config) { c.Endpoint = secure.URL }, "", 5, "TLSRefused", "PutObject", 0, "certificate"},
		{"a proxy's page", func(c *bucketline.Config) { c.Endpoint = proxy.URL }, "", 5, "AnswerInvalid", "PutObject", 502, "502 AnswerInvalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conf := config(t)
			conf.RetryFor = time.Second
			if c.config != nil {
				c.config(&conf)
			}
			name := c.key
			if name == "" {
				name = key(t)
			}
			_, err := open(t, conf).Upload(t.Context(), bytes.NewReader(random(c.size)), int64(c.size), bucketline.Object{Key: name})
			var e *bucketline.Error
			if !errors.As(err, &e) {
				t.Fatalf("Upload = %v, want an *Error", err)
			}
			if e.Code != c.code || e.Operation != c.op || e.Status != c.status || !strings.Contains(e.Error(), c.text) {
				t.Errorf("error %q: code %s of %s, status %d, want %s of %s, %d, %q", e, e.Code, e.Operation, e.Status, c.code, c.op, c.status, c.text)
			}
			if e.Sentence() == "" || e.Hint() == "" || strings.Contains(e.Error(), conf.Credentials.SessionToken) {
				t.Errorf("sentence %q, hint %q, text %q", e.Sentence(), e.Hint(), e.Error())
			}
		})
	}
}

func TestStart_refusesBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	client := open(t, config(t))
	var e *bucketline.Error
	for _, c := range []struct {
		object bucketline.Object
		code   string
	}{
		{bucketline.Object{}, "KeyInvalid"},
		{bucketline.Object{Key: strings.Repeat("k", 1025)}, "KeyTooLong"},
		{bucketline.Object{Key: "k", ContentType: "a\nb"}, "HeaderInvalid"},
	} {
		_, err := client.Upload(t.Context(), strings.NewReader("x"), 1, c.object)
		if !errors.As(err, &e) || e.Code != c.code || e.Hint() == "" || e.Sentence() == "" {
			t.Errorf("upload of %.20q = %v, want %s", c.object.Key, err, c.code)
		}
	}
	for _, name := range []string{t.TempDir(), "none such"} {
		if _, err := client.UploadFile(t.Context(), name, bucketline.Object{Key: "k"}); !errors.As(err, &e) || e.Code != "SourceUnreadable" {
			t.Errorf("UploadFile(%q) = %v", name, err)
		}
	}
	if _, err := client.Upload(t.Context(), strings.NewReader("x"), -1, bucketline.Object{Key: "k"}); err == nil {
		t.Error("Upload of a negative size = nil")
	}
}

func TestUploadFile_thatChanges(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "a.bin")
	if err := os.WriteFile(name, random(48<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config(t)
	c.Connections = 1 // the last part is read last
	client := open(t, c)
	task, err := client.StartFile(t.Context(), name, bucketline.Object{Key: key(t)})
	if err != nil {
		t.Fatal(err)
	}
	for task.Progress().PartsStored == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte("changed"), 47<<20)
	f.Close()
	_, err = task.Wait()
	var e *bucketline.Error
	if !errors.As(err, &e) || e.Code != "SourceChanged" || e.Part == 0 || e.Parts != 6 || !strings.Contains(e.Error(), fmt.Sprintf("part %d of 6: SourceChanged", e.Part)) {
		t.Errorf("Wait = %v", err)
	}
	client.Close()
	if left := uploads(t, key(t)); left != 0 {
		t.Errorf("%d multipart uploads are left", left)
	}
}

func TestNew_refuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*bucketline.Config)
		want   string
	}{
		{"no bucket", func(c *bucketline.Config) { c.Bucket = "" }, "bucket"},
		{"profile", func(c *bucketline.Config) { c.Profile = "floppy" }, `"floppy" is unknown`},
		{"http elsewhere", func(c *bucketline.Config) { c.Endpoint = "http://store.example" }, "https"},
		{"signature", func(c *bucketline.Config) { c.SignatureVersion = 3 }, "signature version"},
		{"no expiration", func(c *bucketline.Config) { c.Credentials.Expiration = time.Time{} }, "ExpirationMissing"},
		{"expired", func(c *bucketline.Config) { c.Credentials.Expiration = time.Now() }, "CredentialsExpired"},
		{"no secret", func(c *bucketline.Config) { c.Credentials.SecretAccessKey = "" }, "SecretKeyMissing"},
	} {
		conf := config(t)
		c.change(&conf)
		client, err := bucketline.New(conf)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New with %s = %v, want %q", c.name, err, c.want)
		}
		if client != nil {
			client.Close()
		}
	}
}

func TestCredentials_printNoSecret(t *testing.T) {
	c := bucketline.Credentials{AccessKeyID: "AKID", SecretAccessKey: "hush", SessionToken: "hush"}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v", c, c)} {
		if strings.Contains(text, "hush") || !strings.Contains(text, "AKID") {
			t.Errorf("printed %q", text)
		}
	}
}
