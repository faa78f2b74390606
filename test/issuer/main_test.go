// Package issuer holds the tests of "bucketline issuer" as it is run: the binary,
// ID tokens of the dev stack's provider, and two stores behind it, MinIO's STS
// by AssumeRole and the dev stack's by AssumeRoleWithWebIdentity. What its
// credentials are good for is tried with AWS's SDK, which also asks for them in
// its own way, and in browsers with web/core.
package issuer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/e2e/harness"
)

// binary is the command line, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "bucketline-issuer-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(folder, "bucketline")
	build := exec.Command("go", "build", "-o", binary, "github.com/bucketline/bucketline/cmd/bucketline")
	code := 1
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the command line: %v\n%s", err, out)
	} else {
		code = harness.Main(m)
	}
	os.RemoveAll(folder)
	os.Exit(code)
}

// service is a running "bucketline issuer".
type service struct {
	t       testing.TB
	cmd     *exec.Cmd
	url     string        // of the pages' side
	metrics string        // of /metrics
	ended   chan struct{} // closed when the process is gone
	err     error         // of it, after ended

	mu     sync.Mutex
	output bytes.Buffer // all that it wrote
}

// serve starts an issuer on free ports and waits until it is ready.
func serve(t testing.TB, env []string, args ...string) *service {
	t.Helper()
	s := &service{t: t, ended: make(chan struct{})}
	home := t.TempDir()
	s.cmd = exec.Command(binary, append([]string{"issuer", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--log-level", "debug"}, args...)...)
	// No AWS configuration of this machine, and no instance to ask for one.
	s.cmd.Env = append([]string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true"}, env...)
	out, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stdout = io.Discard
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		<-s.ended
	})
	addresses := make(chan [2]string, 8)
	go s.read(out, addresses)
	for s.url == "" || s.metrics == "" {
		select {
		case a := <-addresses:
			switch a[0] {
			case "listening":
				s.url = "http://" + a[1]
			case "metrics":
				s.metrics = "http://" + a[1] + "/metrics"
			}
		case <-s.ended:
			t.Fatalf("the issuer ended: %v\n%s", s.err, s.log())
		case <-time.After(time.Minute):
			t.Fatalf("the issuer does not listen:\n%s", s.log())
		}
	}
	s.await("/readyz", http.StatusOK)
	return s
}

// read keeps what the process writes, and tells where it listens.
func (s *service) read(out io.Reader, addresses chan<- [2]string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		s.mu.Lock()
		s.output.Write(lines.Bytes())
		s.output.WriteByte('\n')
		s.mu.Unlock()
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && (line.Msg == "listening" || line.Msg == "metrics") {
			addresses <- [2]string{line.Msg, line.Address}
		}
	}
	s.err = s.cmd.Wait()
	close(s.ended)
}

// log is all that the process has written.
func (s *service) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.String()
}

// await waits until path is answered with status.
func (s *service) await(path string, status int) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		got := 0
		if r, err := http.Get(s.url + path); err == nil {
			got = r.StatusCode
			r.Body.Close()
		}
		if got == status {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s is answered with %d, want %d:\n%s", path, got, status, s.log())
		}
	}
}

// answer is what /credentials says.
type answer struct {
	AccessKeyId, SecretAccessKey, Token, Expiration, Bucket, Prefix string
	Code, Message                                                   string
}

// ask asks for credentials and returns the status and the answer.
func (s *service) ask(token string) (int, answer) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.url+"/credentials", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var a answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		s.t.Fatalf("%d: %v", resp.StatusCode, err)
	}
	return resp.StatusCode, a
}

// gives wants credentials for token.
func (s *service) gives(token string) answer {
	s.t.Helper()
	status, a := s.ask(token)
	if status != http.StatusOK {
		s.t.Fatalf("%d %+v:\n%s", status, a, s.log())
	}
	return a
}

// stop asks the process to end and waits until it has.
func (s *service) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		s.t.Fatalf("the issuer does not stop:\n%s", s.log())
	}
	var exited *exec.ExitError
	if errors.As(s.err, &exited) {
		s.t.Errorf("the issuer ended with %v:\n%s", s.err, s.log())
	}
}

// logs waits until text is in what the process wrote: a line comes after its
// answer.
func (s *service) logs(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(s.log(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("the log does not say %s:\n%s", text, s.log())
		}
	}
}

// silent wants that none of these is in what the process wrote, whole or in a
// piece that would be enough to look for it.
func (s *service) silent(secrets map[string]string) {
	s.t.Helper()
	log := s.log()
	for name, secret := range secrets {
		if len(secret) < 8 {
			s.t.Errorf("%s is too short to look for", name)
			continue
		}
		for at := 0; at+24 <= len(secret); at += 24 {
			if strings.Contains(log, secret[at:at+24]) {
				s.t.Errorf("a piece of %s is in the log:\n%s", name, log)
				break
			}
		}
		if strings.Contains(log, secret) {
			s.t.Errorf("%s is in the log:\n%s", name, log)
		}
	}
}
