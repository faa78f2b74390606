// Package cli holds the tests of the command line: the binary is built and run
// against the dev stack, and what was stored is read back with Amazon's own
// SDK.
package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/process"
)

var (
	binary string          // the command line, built by TestMain
	stack  *devstack.Stack // without a limit on speed
	root   string          // the module's folder; the stack changes the working directory
)

func TestMain(m *testing.M) {
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testMain(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "bucketline-cli-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	if root, err = process.ModuleRoot(); err != nil {
		return 1, err
	}
	binary = filepath.Join(folder, "bucketline")
	build := exec.Command("go", "build", "-o", binary, "github.com/bucketline/bucketline/cmd/bucketline")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return 1, fmt.Errorf("build the command line: %w", err)
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the provider's library logs refusals
	if stack, err = devstack.Start(context.Background(), devstack.Config{}); err != nil {
		return 1, err
	}
	defer stack.Close()
	return m.Run(), nil
}

// alicePrefix is where alice may write.
const alicePrefix = "users/alice/"

// result is what a run of the command line left.
type result struct {
	stdout, stderr string
	status         int
	took           time.Duration
}

func (r result) String() string {
	return fmt.Sprintf("exit %d after %v\n--- stdout\n%s--- stderr\n%s", r.status, r.took, r.stdout, r.stderr)
}

// command is one call of the command line.
type command struct {
	args []string
	env  []string // beside PATH and HOME
	dir  string
	home string // empty: a fresh one

	program string // empty: the command line as it is
}

// run runs the command line with no more environment than it is given.
func (c command) run(t *testing.T) result {
	t.Helper()
	cmd, stdout, stderr := c.prepare(t)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return finish(t, cmd, stdout, stderr, began)
}

func (c command) prepare(t *testing.T) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	home := c.home
	if home == "" {
		home = t.TempDir()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	program := c.program
	if program == "" {
		program = binary
	}
	cmd = exec.CommandContext(ctx, program, c.args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // it says where it hangs
	cmd.WaitDelay = 10 * time.Second
	cmd.Dir = c.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home}, c.env...)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

func finish(t *testing.T, cmd *exec.Cmd, stdout, stderr *bytes.Buffer, began time.Time) result {
	t.Helper()
	err := cmd.Wait()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(began)}
}

// storeEnv says where the store is.
func storeEnv(e devstack.Endpoints) []string {
	return []string{"BUCKETLINE_ENDPOINT=" + e.S3, "BUCKETLINE_REGION=" + e.Region}
}

// credentialsEnv are temporary credentials of a user in the environment.
func credentialsEnv(t *testing.T, name string, life time.Duration) []string {
	t.Helper()
	c, err := stack.Credentials(name, life)
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + c.SessionToken, "AWS_CREDENTIAL_EXPIRATION=" + c.Expiration.UTC().Format(time.RFC3339),
	}
}

// env is all that up needs for the stack of this process.
func env(t *testing.T, user string) []string {
	return append(storeEnv(stack.Endpoints()), credentialsEnv(t, user, time.Hour)...)
}

// up runs the verb as alice, and fails the test unless it ends with status.
func up(t *testing.T, status int, args ...string) result {
	t.Helper()
	r := command{args: append([]string{"up"}, args...), env: env(t, "alice")}.run(t)
	if r.status != status {
		t.Fatalf("up %q: want exit %d, got %v", args, status, r)
	}
	return r
}

// record is one line of --json.
type record struct {
	Event, Name, Source, Bucket, Key, ETag, Location, Checksum, State, Reason, Code, Operation, RequestID, Message, Hint string
	UploadID                                                                                                             string
	Size, Sent, Resent, StoredBytes, PartSize                                                                            int64
	Status, Stored, Skipped, Failed, Cancelled, Unfinished, Part, Parts, PartsStored, Files                              int
	Interrupted                                                                                                          bool
}

func records(t *testing.T, r result) []record {
	t.Helper()
	var list []record
	for line := range strings.Lines(r.stdout) {
		var one record
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		list = append(list, one)
	}
	return list
}

// of are the lines about one kind of event.
func of(list []record, event string) []record {
	return slices.DeleteFunc(slices.Clone(list), func(r record) bool { return r.Event != event })
}

// destination is s3://bucket/ and key.
func destination(key string) string { return "s3://" + stack.Endpoints().Bucket + "/" + key }

// judge reads the store with Amazon's SDK and the root's permanent keys, in
// path style at endpoint.
func judge(endpoint, region, accessKey, secretKey string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &endpoint, Region: region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	})
}

func rootJudge() *s3.Client {
	e, root := stack.Endpoints(), stack.Root()
	return judge(e.S3, e.Region, root.AccessKeyID, root.SecretAccessKey)
}

// object is what a store holds under a key.
type object struct {
	sum      string // hex SHA-256
	size     int64
	typ      string
	metadata map[string]string
	etag     string
}

func fetch(t *testing.T, key string) object {
	t.Helper()
	out, err := rootJudge().GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(stack.Endpoints().Bucket), Key: &key})
	if err != nil {
		t.Fatalf("read back %q: %v", key, err)
	}
	defer out.Body.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, out.Body)
	if err != nil {
		t.Fatalf("read back %q: %v", key, err)
	}
	return object{fmt.Sprintf("%x", hash.Sum(nil)), n, aws.ToString(out.ContentType), out.Metadata, aws.ToString(out.ETag)}
}

// stored are the keys below a prefix.
func stored(t *testing.T, prefix string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(rootJudge(), &s3.ListObjectsV2Input{Bucket: aws.String(stack.Endpoints().Bucket), Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	return keys
}

// write makes a file of size random bytes that differ from test to test, and
// returns its name and hex SHA-256.
func write(t *testing.T, name string, size int64) (string, string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var seed [32]byte
	rand.Read(seed[:])
	hash := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(f, hash), mathrand.NewChaCha8(seed), size); err != nil {
		t.Fatal(err)
	}
	return name, fmt.Sprintf("%x", hash.Sum(nil))
}

// unique is a prefix that only this test writes to.
func unique(t *testing.T) string {
	return alicePrefix + strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())) + "/"
}

// contains fails the test unless text holds every one of parts.
func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s lacks %q:\n%s", what, p, text)
		}
	}
}
