package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
)

// built is the folder of the command that binary builds.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "bucketline-test-"); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(built)
	os.Exit(status)
}

// binary builds the command once for all tests that need the real one.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "bucketline")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, err
})

// child is a running `bucketline dev`.
type child struct {
	*exec.Cmd
	out       *bufio.Reader
	errors    bytes.Buffer // complete when the child has ended
	temporary string       // its TMPDIR
}

func startDev(t *testing.T, arguments ...string) *child {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(path, append([]string{"dev"}, arguments...)...), temporary: t.TempDir()}
	c.Env = append(os.Environ(), "TMPDIR="+c.temporary)
	c.Stderr = &c.errors
	pipe, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(pipe)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	return c
}

// stop sends the signal, and returns what else the child printed and how it
// ended. It must end soon and leave no temporary folder.
func (c *child) stop(t *testing.T, signal os.Signal) (rest string, err error) {
	t.Helper()
	begun := time.Now()
	if err := c.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(c.out)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Wait()
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v to end", took)
	}
	if left, _ := filepath.Glob(filepath.Join(c.temporary, "*")); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
	return string(text), err
}

func (c *child) endpoints(t *testing.T) (e devstack.Endpoints) {
	t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatalf("no line: %v, %s", err, c.errors.String())
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return e
}

// With --json there is one line on standard output, and nothing else anywhere.
func TestDev_json(t *testing.T) {
	c := startDev(t, "--json", "--nocors-bucket", "nocors", "--session", "15")
	e := c.endpoints(t)
	for name, value := range map[string]string{"page": e.Page, "s3": e.S3, "sts": e.STS, "issuer": e.Issuer, "clientId": e.ClientID, "bucket": e.Bucket, "region": e.Region, "roleArn": e.RoleARN, "cliClientId": e.CLIClientID, "nocorsBucket": e.NoCORSBucket} {
		if value == "" {
			t.Errorf("%s is empty", name)
		}
	}
	if len(e.Users) != 2 || e.Users[0].Name != "alice" || e.Users[1].Name != "bob" || e.Users[0].Password == "" || e.Users[0].Subject != "alice" || e.SessionSeconds != 15 {
		t.Errorf("users %+v, session %d", e.Users, e.SessionSeconds)
	}
	for _, at := range []string{e.Page + "config.json", e.S3, e.STS, e.Issuer + "/.well-known/openid-configuration"} {
		answer, err := http.Get(at)
		if err != nil {
			t.Error(err)
			continue
		}
		answer.Body.Close()
	}
	if rest, err := c.stop(t, os.Interrupt); rest != "" || err != nil || c.errors.Len() != 0 {
		t.Errorf("at the end: stdout %q, stderr %q, %v", rest, c.errors.String(), err)
	}
}

func TestDev_forPeople(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "kept")
	c := startDev(t, "--data", folder, "--tls")
	first, err := c.out.ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "Open https://127.0.0.1:") {
		t.Fatalf("%q, %v", first, err)
	}
	rest, err := c.stop(t, syscall.SIGTERM)
	for _, want := range []string{"alice", "bob", "password", "store", "STS", "issuer", "ca.pem", folder, "Ctrl+C"} {
		if !strings.Contains(rest, want) {
			t.Errorf("%q is not in:\n%s", want, rest)
		}
	}
	if err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	if kept, err := os.Stat(filepath.Join(folder, "objects", "photos")); err != nil || !kept.IsDir() {
		t.Errorf("the bucket was not kept: %v", err)
	}
}

// An upload that is under way does not keep the command from ending.
func TestDev_endsDuringAnUpload(t *testing.T) {
	c := startDev(t, "--json", "--rate", "10KB")
	u, err := url.Parse(c.endpoints(t).S3)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("PUT /photos/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1000))); err != nil {
		t.Fatal(err)
	}
	if rest, err := c.stop(t, os.Interrupt); rest != "" || err != nil {
		t.Errorf("stdout %q, %v", rest, err)
	}
}

// The log of --verbose has the requests and none of their secrets.
func TestDev_verboseHasNoSecrets(t *testing.T) {
	c := startDev(t, "--json", "--verbose")
	e := c.endpoints(t)
	const secret = "SECRETSECRET"
	post := func(target string, form url.Values) {
		answer, err := http.PostForm(target, form)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	post(e.STS, url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {e.RoleARN}, "RoleSessionName": {"test"}, "WebIdentityToken": {secret}})
	post(e.Issuer+"/login", url.Values{"id": {secret}, "user": {"alice"}, "password": {secret}})
	post(e.Issuer+"/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {secret}, "client_id": {e.ClientID}, "code_verifier": {secret}})
	post(e.Issuer+"/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {secret}, "client_id": {e.ClientID}})
	r, err := http.NewRequest(http.MethodGet, e.S3+"/photos/key?AWSAccessKeyId=a&Expires=1&Signature="+secret+"&X-Amz-Security-Token="+secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if _, err := c.stop(t, os.Interrupt); err != nil {
		t.Error(err)
	}
	log := c.errors.String()
	for _, want := range []string{"msg=sts", "msg=issuer", "msg=s3", "path=/photos/key", "status=400"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in the log:\n%s", want, log)
		}
	}
	if strings.Contains(log, secret) {
		t.Errorf("a secret is in the log:\n%s", log)
	}
}

func TestDev_mistakesAreNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arguments []string
		status    int
		want      string
	}{
		{[]string{"--s3-port", port}, 1, port},
		{[]string{"--rate", "fast"}, 2, "fast"},
		{[]string{"--session", "14"}, 2, "14"},
		{[]string{"--origin", "example.com"}, 2, "example.com"},
		{[]string{"--bucket", "A_b"}, 2, "A_b"},
		{[]string{"--id-token", "1ms"}, 2, "life"},
		{[]string{"--sts-port", "65536"}, 2, "65536"},
		{[]string{"--prot", "1"}, 2, "--prot"},
		{[]string{"extra"}, 2, "extra"},
	} {
		c := startDev(t, test.arguments...)
		out, err := io.ReadAll(c.out)
		if err != nil {
			t.Fatal(err)
		}
		c.Wait()
		if c.ProcessState.ExitCode() != test.status || len(out) != 0 || !strings.Contains(c.errors.String(), test.want) {
			t.Errorf("dev %v: status %d, stdout %q, stderr %q; want status %d and %s named", test.arguments, c.ProcessState.ExitCode(), out, c.errors.String(), test.status, test.want)
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "1": 1, "500KB": 500_000, "2MB": 2_000_000, "2 mb": 2_000_000, "1.5MB": 1_500_000, "1GB": 1_000_000_000, "64b": 64} {
		if got, err := parseRate(text); err != nil || got != want {
			t.Errorf("parseRate(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1MB", "MB", "fast", "NaN", "Inf", "1e99", "0.5"} {
		if got, err := parseRate(text); err == nil {
			t.Errorf("parseRate(%q) = %d, want an error", text, got)
		}
	}
}
