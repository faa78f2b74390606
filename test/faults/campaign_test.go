package faults

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// cargo is what a campaign uploads in each of its runs.
type cargo struct {
	name  string
	files []string          // paths
	sums  map[string]string // hex SHA-256 by base name
	size  int64
}

// large is one file of 300 MiB.
func large(t *testing.T) cargo {
	c := cargo{name: "300 MiB", sums: map[string]string{}}
	c.load(t, t.TempDir(), "large.bin", 1, 300*mib)
	return c
}

// many are 500 small files.
func many(t *testing.T) cargo {
	c := cargo{name: "500 files", sums: map[string]string{}}
	folder := t.TempDir()
	for i := range 500 {
		c.load(t, folder, fmt.Sprintf("%03d.bin", i), uint32(i), i*i*i%(64<<10))
	}
	return c
}

func (c *cargo) load(t *testing.T, folder, name string, seed uint32, size int) {
	data := harness.Bytes(seed, size)
	c.files = append(c.files, harness.WriteFile(t, folder, name, data))
	c.sums[name] = harness.Sum(data)
	c.size += int64(size)
}

// port is a dev stack, and a page that may upload to it by any way.
type port struct {
	*devstack.Stack
	devstack.Endpoints
	root *awss3.Client
	site *harness.Site
	page string
}

func startPort(t *testing.T) *port {
	t.Helper()
	p := &port{site: new(harness.Site)}
	origin := p.site.Serve(t)
	p.page = origin + harness.Path
	s, err := devstack.Start(context.Background(), devstack.Config{Origins: []string{origin}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the dev stack: %v", err)
		}
	})
	p.Stack, p.Endpoints = s, s.Endpoints()
	root := s.Root()
	p.root = awss3.New(awss3.Options{
		BaseEndpoint: &p.S3, Region: p.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, ""),
	})
	return p
}

// arrive wants that every file of c is stored below prefix, whole, and that no
// part of an upload is left; then it removes them.
func (p *port) arrive(t *testing.T, c *cargo, prefix string) {
	t.Helper()
	for name, sum := range c.sums {
		key := prefix + name
		o, err := p.root.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &p.Bucket, Key: &key})
		if err != nil {
			t.Errorf("read %q back: %v", key, err)
			continue
		}
		hash := sha256.New()
		n, err := io.Copy(hash, o.Body)
		o.Body.Close()
		if got := hex.EncodeToString(hash.Sum(nil)); err != nil || got != sum {
			t.Errorf("%q has %d bytes with SHA-256 %s, want %s; %v", key, n, got, sum, err)
		}
		if _, err := p.root.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &p.Bucket, Key: &key}); err != nil {
			t.Error(err)
		}
	}
	list, err := p.root.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &p.Bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range list.Uploads {
		parts, err := p.root.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: &p.Bucket, Key: u.Key, UploadId: u.UploadId})
		// One without parts is of a CreateMultipartUpload whose answer was lost:
		// nobody knows of it.
		if err != nil || len(parts.Parts) > 0 {
			t.Errorf("an upload of %q is unfinished, with %d parts; %v", aws.ToString(u.Key), len(parts.Parts), err)
		}
	}
}

// prefixOf is where a run may write.
func prefixOf(client string, seed uint64) string {
	return fmt.Sprintf("users/alice/%s/%d/", client, seed)
}

// How long the network is bad in a test and in a campaign, and how soon a client
// is to take silence for a fault.
const (
	stormShort, stormLong = 5 * time.Second, 10 * time.Second
	patience              = 2 * time.Second
)

// weather runs one upload of c through a storm of its own, as often as asked for.
func weather(t *testing.T, p *port, c cargo, client string, upload func(t *testing.T, n *network, prefix string) (resent int64, retries int)) {
	long, least := stormShort, 1
	if campaign() {
		long, least = stormLong, 3
	}
	for i := range runs(t, 1) {
		seed := firstSeed(t) + uint64(i)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			n := startNetwork(t, p.S3)
			prefix := prefixOf(client, seed)
			stop := n.storm(seed, long)
			defer stop()
			begun := time.Now()
			resent, retries := upload(t, n, prefix)
			f := figure{what: client + ", " + c.name, run: i + 1, seed: seed, took: time.Since(begun), resent: resent, retries: retries}
			stop()
			f.arrived = n.arrived.Load() - c.size
			f.more = fmt.Sprintf("%d troubles", n.troubles)
			f.tell(t)
			if n.troubles < least {
				t.Errorf("it was over after %d troubles: nothing was shown", n.troubles)
			}
			p.arrive(t, &c, prefix)
			if t.Failed() {
				t.Logf("again: FAULT_SEED=%d go test ./test/faults -run '%s'", seed, t.Name())
			}
		})
	}
}

// From the command line, through bad networks, everything is stored whole.
func TestNetwork_commandLine(t *testing.T) {
	p := startPort(t)
	for _, c := range []cargo{large(t), many(t)} {
		t.Run(c.name, func(t *testing.T) {
			weather(t, p, c, "cli", func(t *testing.T, n *network, prefix string) (int64, int) {
				args := append([]string{"up", "--json", "--stall-after", patience.String()}, c.files...)
				lines := p.command(t, n.url, append(args, "s3://"+p.Bucket+"/"+prefix)...)
				retries := 0
				for _, l := range lines {
					if l.Event == "retry" {
						retries++
					}
				}
				last := lines[len(lines)-1]
				if last.Event != "summary" || last.Stored != len(c.files) {
					t.Errorf("the summary is %+v", last)
				}
				return last.Resent, retries
			})
		})
	}
}

// line is one of those that --json prints.
type line struct {
	Event, Code, Message, Operation, RequestID string
	Resent                                     int64
	Stored, PartsStored                        int
}

// command runs the command line as alice, with a store at url, and returns what
// it printed.
func (p *port) command(t *testing.T, url string, args ...string) []line {
	t.Helper()
	lines, status, errors := p.try(t, url, args...)
	if status != 0 {
		for _, l := range lines[max(0, len(lines)-20):] {
			t.Logf("%+v", l)
		}
		t.Fatalf("bucketline %.200q: exit %d\n%s", args, status, errors)
	}
	return lines
}

// try is command where the exit status is the test's to judge.
func (p *port) try(t *testing.T, url string, args ...string) (lines []line, status int, stderr string) {
	t.Helper()
	c, err := p.Credentials("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return try(t, []string{
		"BUCKETLINE_ENDPOINT=" + url, "BUCKETLINE_REGION=" + p.Region, "BUCKETLINE_PATH_STYLE=true",
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + c.SessionToken, "AWS_CREDENTIAL_EXPIRATION=" + c.Expiration.UTC().Format(time.RFC3339),
	}, args...)
}

// commandWithin bounds a run of the command line.
const commandWithin = 5 * time.Minute

// try runs the command line in a home of its own.
func try(t *testing.T, env []string, args ...string) (lines []line, status int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	home := t.TempDir()
	cmd.Dir = home
	cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+home, "XDG_CONFIG_HOME="+home)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	var exited *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	for text := range strings.Lines(out.String()) {
		var one line
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatalf("line %q: %v", text, err)
		}
		lines = append(lines, one)
	}
	return lines, cmd.ProcessState.ExitCode(), complaints.String()
}

// From a browser, through bad networks, everything is stored whole.
func TestNetwork_chromium(t *testing.T) {
	p := startPort(t)
	for _, c := range []cargo{large(t), many(t)} {
		t.Run(c.name, func(t *testing.T) {
			weather(t, p, c, "chromium", func(t *testing.T, n *network, prefix string) (int64, int) {
				p.site.Policy = harness.Policy(n.url)
				page := harness.Open(t, webdriver.Start(t, webdriver.Chromium, webdriver.Config{}), p.page)
				page.Choose(c.files...)
				page.MustCreate(p.options(t, n.url).With("prefix", prefix).With("stallMillis", patience.Milliseconds()), nil)
				page.MustUpload(harness.Upload{Source: harness.InFiles})
				r := page.Stored(commandWithin)
				return r.Totals.Resent, len(harness.Of(r.Log, "retry"))
			})
		})
	}
}

// options are those of an uploader of alice, with the store at url.
func (p *port) options(t *testing.T, url string) harness.Options {
	t.Helper()
	c, err := p.Credentials("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return harness.Options{
		"bucket": p.Bucket, "region": p.Region, "endpoint": url, "pathStyle": true,
		"credentials": harness.Credentials{
			AccessKey: c.AccessKeyID, SecretKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration.Format(time.RFC3339),
		},
	}
}
