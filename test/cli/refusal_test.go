package cli

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// small makes a small file.
func small(t *testing.T) string {
	t.Helper()
	name, _ := write(t, filepath.Join(t.TempDir(), "a.txt"), 10)
	return name
}

// without is env without the variables that begin with a name.
func without(env []string, names ...string) []string {
	var list []string
	for _, e := range env {
		keep := true
		for _, n := range names {
			keep = keep && !strings.HasPrefix(e, n+"=")
		}
		if keep {
			list = append(list, e)
		}
	}
	return list
}

// TestUp_refusedByTheStore: what the store refuses is said in words, with the
// code and the request's ID for whoever needs them.
func TestUp_refusedByTheStore(t *testing.T) {
	t.Parallel()
	e := stack.Endpoints()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	page := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(page.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	alice := env(t, "alice")
	for _, c := range []struct {
		name string
		env  []string
		args []string
		want []string
	}{
		{"another user's prefix", alice, []string{"s3://" + e.Bucket + "/users/bob/"},
			[]string{"The store does not let these credentials write there.", "403 AccessDenied to PutObject, request ", "users/bob/a.txt", "Check that the key lies under the prefix"}},
		{"a prefix of like name", alice, []string{"s3://" + e.Bucket + "/users/alice2/"}, []string{"403 AccessDenied"}},
		{"no bucket", alice, []string{"s3://none-such-bucket/x/"},
			[]string{"There is no such bucket.", "404 NoSuchBucket", "Check the bucket's name"}},
		{"no store", alice, []string{"--retry-for", "1s", "--endpoint", nobody, destination(alicePrefix)},
			[]string{"The store cannot be reached.", "connection refused", "Check the endpoint"}},
		{"no name", alice, []string{"--retry-for", "1s", "--endpoint", "https://store.invalid", destination(alicePrefix)}, []string{"store.invalid"}},
		{"no store but a page", alice, []string{"--endpoint", page.URL, destination(alicePrefix)},
			[]string{"What answered does not speak S3.", "404 AnswerInvalid"}},
		{"certificate", alice, []string{"--endpoint", secure.URL, destination(alicePrefix)},
			[]string{"The store's certificate cannot be trusted", "--ca"}},
		{"wrong secret", append(without(alice, "AWS_SECRET_ACCESS_KEY"), "AWS_SECRET_ACCESS_KEY=wrong"), []string{destination(alicePrefix)},
			[]string{"The store computed another signature.", "403 SignatureDoesNotMatch", "The secret key does not belong to the access key"}},
		{"wrong secret, version 2", append(without(alice, "AWS_SECRET_ACCESS_KEY"), "AWS_SECRET_ACCESS_KEY=wrong"), []string{"--sign", "2", destination(alicePrefix)},
			[]string{"403 SignatureDoesNotMatch"}},
		{"unknown key", append(without(alice, "AWS_ACCESS_KEY_ID"), "AWS_ACCESS_KEY_ID=ASIAUNKNOWN"), []string{destination(alicePrefix)},
			[]string{"The store does not know this access key."}},
		{"a foreign token", append(without(alice, "AWS_SESSION_TOKEN"), "AWS_SESSION_TOKEN=tampered"), []string{destination(alicePrefix)},
			[]string{"session token"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := command{args: append([]string{"up", small(t)}, c.args...), env: c.env}.run(t)
			if r.status != 1 {
				t.Errorf("want exit 1, got %v", r)
			}
			contains(t, "message", r.stderr, append(c.want, "0 stored", "1 failed")...)
			noSecret(t, r, c.env)
		})
	}
}

// noSecret fails the test when a secret of env was printed.
func noSecret(t *testing.T, r result, env []string) {
	t.Helper()
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		if (name == "AWS_SECRET_ACCESS_KEY" || name == "AWS_SESSION_TOKEN") && strings.Contains(r.stdout+r.stderr, value) && len(value) > 10 {
			t.Errorf("%s was printed", name)
		}
	}
}

// TestUp_ifNoneMatch does not replace what is there.
func TestUp_ifNoneMatch(t *testing.T) {
	t.Parallel()
	name := small(t)
	up(t, 0, "--if-none-match", name, destination(unique(t)))
	r := up(t, 1, "--if-none-match", name, destination(unique(t)))
	contains(t, "message", r.stderr, "There is an object with this key already", "412 ObjectExists")
	up(t, 0, name, destination(unique(t)))
}

// TestUp_credentialsInTheEnvironment that are not complete are refused before
// anything is sent, with what to do.
func TestUp_credentialsInTheEnvironment(t *testing.T) {
	t.Parallel()
	alice := env(t, "alice")
	with := func(name, value string) []string { return append(without(alice, name), name+"="+value) }
	for _, c := range []struct {
		name string
		env  []string
		args []string
		want []string
	}{
		{"none", storeEnv(stack.Endpoints()), nil, []string{"there are no credentials", "bucketline login", "AWS_CREDENTIAL_EXPIRATION"}},
		{"no expiration", without(alice, "AWS_CREDENTIAL_EXPIRATION"), nil, []string{"AWS_CREDENTIAL_EXPIRATION is not set", "2026-11-23T09:00:00Z", "export-credentials"}},
		{"a date only", with("AWS_CREDENTIAL_EXPIRATION", "2027-01-31"), nil, []string{`AWS_CREDENTIAL_EXPIRATION is "2027-01-31"`, "a date without a time"}},
		{"no zone", with("AWS_CREDENTIAL_EXPIRATION", "2027-01-31T09:00:00"), nil, []string{"without Z or an offset"}},
		{"no date at all", with("AWS_CREDENTIAL_EXPIRATION", "tomorrow"), nil, []string{`"tomorrow"`, "not an RFC 3339 date"}},
		{"expired", with("AWS_CREDENTIAL_EXPIRATION", "2020-01-31T09:00:00Z"), nil, []string{"have expired at", "2020"}},
		{"no secret", without(alice, "AWS_SECRET_ACCESS_KEY"), nil, []string{"AWS_SECRET_ACCESS_KEY is not"}},
		{"no access key", without(alice, "AWS_ACCESS_KEY_ID"), nil, []string{"AWS_ACCESS_KEY_ID is not"}},
		{"keys without an end", without(alice, "AWS_CREDENTIAL_EXPIRATION", "AWS_SESSION_TOKEN"), nil, []string{"do not end", "--allow-long-lived"}},
		{"a line's end in the secret", with("AWS_SECRET_ACCESS_KEY", "abc\n"), nil, []string{"SecretKeyInvalid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := command{args: append([]string{"up", small(t), destination(alicePrefix)}, c.args...), env: c.env}.run(t)
			if r.status != 2 {
				t.Errorf("want exit 2, got %v", r)
			}
			contains(t, "message", r.stderr, c.want...)
			noSecret(t, r, c.env)
		})
	}
	root := stack.Root()
	long := append(storeEnv(stack.Endpoints()), "AWS_ACCESS_KEY_ID="+root.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+root.SecretAccessKey)
	r := command{args: []string{"up", "--allow-long-lived", small(t), destination(unique(t))}, env: long}.run(t)
	if r.status != 0 {
		t.Errorf("with --allow-long-lived: %v", r)
	}
}

// TestUp_mistakes in the command itself end with 2 and send nothing.
func TestUp_mistakes(t *testing.T) {
	t.Parallel()
	name := small(t)
	folder := filepath.Dir(name)
	other, _ := write(t, filepath.Join(t.TempDir(), "a.txt"), 10)
	to := destination(alicePrefix)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "say what to upload and where to"},
		{"no destination", []string{name, other}, "write s3://bucket/prefix/"},
		{"unknown flag", []string{"--pathstyle", name, to}, "unknown flag: --pathstyle"},
		{"two files to one key", []string{name, other, destination("users/alice/one")}, "names one object: end it with /"},
		{"a folder to one key", []string{folder, destination("users/alice/one")}, "names one object: end it with /"},
		{"the same name twice", []string{name, other, to}, "both would get the same key"},
		{"the same name in two folders", []string{folder, filepath.Dir(other), to}, "both would get the same key"},
		{"metadata", []string{"--metadata", "album", name, to}, "is not name=value"},
		{"metadata's name", []string{"--metadata", "a b=c", name, to}, "metadata"},
		{"part size", []string{"--part-size", "big", name, to}, "MiB"},
		{"part too small", []string{"--part-size", "1MiB", name, to}, "part size is not 5 MiB to 5 GiB"},
		{"signature", []string{"--sign", "3", name, to}, "signature version"},
		{"sse", []string{"--sse", "rot13", name, to}, "AES256"},
		{"profile", []string{"--profile", "floppy", name, to}, `"floppy" is unknown`},
		{"http elsewhere", []string{"--endpoint", "http://store.example", name, to}, "https"},
		{"ca", []string{"--ca", name, name, to}, "no PEM certificate"},
		{"bucket's name", []string{name, "s3://A_b/"}, "bucket"},
		{"no bucket", []string{name, "s3:///x/"}, "bucket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := up(t, 2, c.args...)
			contains(t, "message", r.stderr, c.want)
			if r.stdout != "" {
				t.Errorf("printed %q", r.stdout)
			}
		})
	}
}

// TestUp_brokenFiles reports each file that cannot be uploaded, and uploads
// everything else.
func TestUp_brokenFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := func(s string) string { return filepath.Join(folder, s) }
	_, sum := write(t, in("good.txt"), 100)
	_, linked := write(t, filepath.Join(t.TempDir(), "elsewhere.txt"), 50)
	for _, err := range []error{
		os.Symlink(in("good.txt"), in("link.txt")),
		os.Symlink("nowhere/at all.txt", in("dangling.txt")),
		os.Symlink(in("self"), in("self")),
		os.MkdirAll(in("sub/deep"), 0o700),
		os.Symlink(folder, in("sub/deep/up")),
		syscall.Mkfifo(in("pipe"), 0o600),
		os.WriteFile(in("bad\xffname"), []byte("x"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	write(t, in("sub/deep/last.txt"), 7)
	socket, err := net.Listen("unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	_ = linked

	r := up(t, 1, folder, destination(unique(t)))
	for key, size := range map[string]int64{"good.txt": 100, "link.txt": 100, "sub/deep/last.txt": 7} {
		if got := fetch(t, unique(t)+key); got.size != size {
			t.Errorf("%s = %+v", key, got)
		}
	}
	if got := fetch(t, unique(t)+"link.txt"); got.sum != sum {
		t.Errorf("link.txt is not what it links to: %+v", got)
	}
	if keys := stored(t, unique(t)); len(keys) != 3 {
		t.Errorf("stored %q", keys)
	}
	contains(t, "messages", r.stderr, "3 stored", "6 failed",
		"dangling.txt: The file cannot be read.", `is a link to "nowhere/at all.txt", which leads nowhere`,
		"sub/deep/up: The file cannot be read.", "is a link to a folder that it lies in",
		"a named pipe", "a socket", `bad\xffname`, "which leads nowhere: too many levels of symbolic links",
	)
}

// TestUp_missingFile: one of several is not there.
func TestUp_missingFile(t *testing.T) {
	t.Parallel()
	name := small(t)
	r := up(t, 1, name, filepath.Join(t.TempDir(), "none.txt"), destination(unique(t)))
	contains(t, "message", r.stderr, "none.txt: The file cannot be read.", "no such file", "1 stored", "1 failed")
	r = up(t, 1, "--json", filepath.Join(t.TempDir(), "none.txt"), destination(unique(t)))
	list := records(t, r)
	if len(list) != 2 || list[0].Event != "failed" || list[0].Code != "SourceUnreadable" || list[0].Hint == "" || list[1].Failed != 1 {
		t.Errorf("--json printed %s", r.stdout)
	}
}

// TestUp_unreadableFile needs a user who may not read everything.
func TestUp_unreadableFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	name, _ := write(t, filepath.Join(folder, "secret.txt"), 10)
	write(t, filepath.Join(folder, "good.txt"), 10)
	if err := os.Chmod(name, 0); err != nil {
		t.Fatal(err)
	}
	c := command{args: []string{"up", folder, destination(unique(t))}, env: env(t, "alice")}
	cmd, stdout, stderr := c.prepare(t)
	if os.Getuid() == 0 {
		// Nothing is unreadable to root: run as nobody, who has to get there.
		for dir := folder; len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(folder, "good.txt"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(binary), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Dir = os.TempDir()
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := finish(t, cmd, stdout, stderr, began)
	if r.status != 1 {
		t.Fatalf("want exit 1, got %v", r)
	}
	contains(t, "message", r.stderr, "secret.txt: The file cannot be read.", "permission denied", "you may read it", "1 stored", "1 failed")
}

// TestUp_stopsWhenNothingCanBeStored does not try ten thousand files against a
// bucket that does not exist.
func TestUp_stopsWhenNothingCanBeStored(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for i := range 3000 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%04d.txt", i)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := up(t, 1, folder, "s3://none-such-bucket/")
	contains(t, "message", r.stderr, "stopped: There is no such bucket.", "the remaining files were not tried")
	if n := strings.Count(r.stderr, "failed "); n > 20 {
		t.Errorf("%d files failed one by one", n)
	}
}
