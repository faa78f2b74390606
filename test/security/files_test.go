package security

import (
	"bufio"
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/process"
)

// command builds the command line and returns the binary's path.
func command(t *testing.T) string {
	t.Helper()
	root, err := process.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "bucketline")
	build := exec.Command("go", "build", "-o", binary, "./cmd/bucketline")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the command line: %v\n%s", err, out)
	}
	return binary
}

// devRun is a running "bucketline dev".
type devRun struct {
	cmd    *exec.Cmd
	log    string // a file: all that it wrote to standard error
	world  *world
	folder string // where it keeps its data
}

// startDev runs "bucketline dev --verbose", slowly enough that an upload can be
// killed.
func startDev(t *testing.T, binary string) *devRun {
	t.Helper()
	d := &devRun{log: filepath.Join(t.TempDir(), "log"), folder: t.TempDir()}
	log, err := os.Create(d.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d.cmd = exec.Command(binary, "dev", "--json", "--verbose", "--data", d.folder, "--rate", "4MB")
	d.cmd.Stderr = log
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		text, _ := os.ReadFile(d.log)
		t.Fatalf("bucketline dev: %v\n%s", err, text)
	}
	var e devstack.Endpoints
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(e.S3)
	if err != nil {
		t.Fatal(err)
	}
	d.world = &world{
		name: "dev", endpoint: e.S3, host: u.Host, sts: e.STS, roleARN: e.RoleARN, region: e.Region, bucket: e.Bucket, provider: e, foreign: "elsewhere",
	}
	return d
}

func (d *devRun) stop() {
	if d.cmd.ProcessState == nil {
		d.cmd.Process.Signal(syscall.SIGTERM)
		d.cmd.Wait()
	}
}

// texts are all files below folders, as what search gives.
func texts(t *testing.T, folders ...string) []found {
	t.Helper()
	var all []found
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all = append(all, found{"file " + path, path + "\n" + string(data)})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// What the dev stack logs and keeps, and what the command line keeps of an upload
// that was killed, has no password, no token and no secret in it.
func TestSecrets_areInNoLogAndNoJournal(t *testing.T) {
	binary := command(t)
	d := startDev(t, binary)
	w := d.world
	w.token = harness.IDToken(t, w.provider, "alice")
	w.alice = w.mustAssume(t, w.token)
	secrets := []given{
		{idToken, w.token}, {idToken, commandLineToken(t, w.provider, "alice")},
		{secretKey, w.alice.SecretAccessKey}, {sessionToken, w.alice.SessionToken},
	}
	for _, u := range w.provider.Users {
		secrets = append(secrets, given{"password of " + u.Name, u.Password})
	}

	// Whatever is refused is logged.
	w.assume(t, w.form(w.token+"x"))
	w.assume(t, w.changed("RoleArn", "arn:aws:iam::999988887777:role/another"))
	w.assume(t, w.changed("Policy", `{"Statement": "`+w.alice.SecretAccessKey+`"}`))
	http.PostForm(w.provider.Issuer+"/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {w.provider.ClientID}, "refresh_token": {w.token}})
	http.Get(w.provider.Issuer + "/authorize?client_id=nobody&id_token_hint=" + w.token)
	own, bobs := "/"+w.bucket+"/"+ownPrefix+"mine.txt", "/"+w.bucket+"/"+bobsKey
	wrong := w.alice
	wrong.SecretAccessKey += "x"
	for _, by := range ways {
		for _, path := range []string{own, bobs} {
			for _, c := range []sign.Credentials{w.alice, wrong} {
				w.send(t, attack{method: "PUT", path: path, body: "x"}, c, by, path)
			}
		}
	}
	fields := w.signed(t, w.alice, 4, w.bucket)
	w.post(t, "/"+w.bucket, append(fields, fieldPart("key", bobsKey), filePart("x")))

	home := t.TempDir()
	killUpload(t, binary, home, w)
	d.stop()
	log := texts(t, filepath.Dir(d.log))
	if len(log) != 1 || strings.Count(log[0].Text, "\n") < 30 {
		t.Errorf("the log has %d lines, want one for each request", strings.Count(log[0].Text, "\n"))
	}
	kept := texts(t, home)
	if len(kept) == 0 {
		t.Error("the killed upload left no record")
	}
	all := append(append(log, kept...), texts(t, d.folder)...)
	for _, leak := range leaks(secrets, all) {
		t.Error(leak)
	}
	t.Logf("looked for %d secrets in %d files", len(secrets), len(all))
}

// killUpload kills the command line while it uploads, once it has a record.
func killUpload(t *testing.T, binary, home string, w *world) {
	t.Helper()
	file := harness.WriteFile(t, t.TempDir(), "large.bin", harness.Bytes(1, 40<<20))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "up", file, "s3://"+w.bucket+"/"+ownPrefix+"large.bin")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_STATE_HOME=" + home, "XDG_CACHE_HOME=" + home,
		"BUCKETLINE_ENDPOINT=" + w.endpoint, "BUCKETLINE_REGION=" + w.region,
		"AWS_ACCESS_KEY_ID=" + w.alice.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + w.alice.SecretAccessKey, "AWS_SESSION_TOKEN=" + w.alice.SessionToken,
		"AWS_CREDENTIAL_EXPIRATION=" + time.Now().Add(15*time.Minute).UTC().Format(time.RFC3339),
	}
	out := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for len(texts(t, home)) == 0 {
		select {
		case err := <-ended:
			t.Fatalf("the upload ended without a record: %v\n%s", err, out)
		case <-time.After(20 * time.Millisecond):
		}
	}
	cmd.Process.Kill()
	<-ended
}
