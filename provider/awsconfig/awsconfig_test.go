package awsconfig_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/internal/fakeclouds"
	"github.com/bucketline/bucketline/provider/awsconfig"
)

// home makes a folder with a shared configuration, and an environment in which
// nothing else is found.
func home(t *testing.T, configText, credentialsText string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{
		"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", dir)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	for name, text := range map[string]string{"config": configText, "credentials": credentialsText} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// process is a command that prints text.
func process(t *testing.T, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Fatal("this test wants a shell of Unix")
	}
	file := filepath.Join(t.TempDir(), "out.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "cat " + file
}

func temporary(ends time.Time) string {
	text, _ := json.Marshal(map[string]any{
		"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s3cret", "SessionToken": "t", "Expiration": ends.Format(time.RFC3339),
	})
	return string(text)
}

func TestLoad_processOfAProfile(t *testing.T) {
	ends := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	home(t, "[profile up]\nregion = eu-west-1\ncredential_process = "+process(t, temporary(ends))+"\n", "")
	s, err := awsconfig.Load(t.Context(), awsconfig.Options{Profile: "up"})
	if err != nil {
		t.Fatal(err)
	}
	want := bucketline.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s3cret", SessionToken: "t", Expiration: ends}
	if got, err := s.Credentials(t.Context()); err != nil || got != want || s.Region != "eu-west-1" {
		t.Errorf("%v in %q, %v, want %v", got, s.Region, err, want)
	}
}

// A process is run each time: what it gave before is what nobody wants any more.
func TestLoad_asksAnew(t *testing.T) {
	dir := t.TempDir()
	count := filepath.Join(dir, "count")
	script := filepath.Join(dir, "give.sh")
	text := "#!/bin/sh\necho x >>" + count + "\ncat <<'END'\n" + temporary(time.Now().Add(time.Hour)) + "\nEND\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	home(t, "[default]\ncredential_process = "+script+"\n", "")
	s, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.Credentials(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if lines, _ := os.ReadFile(count); string(lines) != "x\nx\nx\n" {
		t.Errorf("the process ran %d times, want 3", len(lines)/2)
	}
}

func TestLoad_keysThatDoNotEnd(t *testing.T) {
	home(t, "", "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s3cret\n")
	s, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Credentials(t.Context()); !errors.Is(err, awsconfig.ErrLongLived) || got != (bucketline.Credentials{}) {
		t.Errorf("%v, %v", got, err)
	}
	s, err = awsconfig.Load(t.Context(), awsconfig.Options{LongLived: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Credentials(t.Context()); err != nil || got.AccessKeyID != "AKIA" || got.Expiration.Year() != 9999 {
		t.Errorf("%v, %v", got, err)
	}
}

// A container's endpoint, which the environment names.
func TestLoad_container(t *testing.T) {
	cloud := &fakeclouds.Cloud{Authorization: "token-of-the-container"}
	server := httptest.NewServer(cloud.Container())
	defer server.Close()
	home(t, "", "")
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.URL+"/role")
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-of-the-container")
	s, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Credentials(t.Context())
	// AWS's provider takes five minutes off, so that nobody meets the end.
	if life := time.Until(got.Expiration); err != nil || got.SessionToken == "" || life < 9*time.Minute || life > 16*time.Minute {
		t.Errorf("%v for %v, %v", got, life, err)
	}
}

// IAM Identity Center: the token that "aws sso login" leaves, exchanged with the
// portal's API ("GetRoleCredentials").
func TestLoad_sso(t *testing.T) {
	ends := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/federation/credentials" || q.Get("account_id") != "111122223333" || q.Get("role_name") != "uploader" || r.Header.Get("X-Amz-Sso_bearer_token") != "sso-token" {
			t.Errorf("the portal is asked %s", r.URL)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"roleCredentials": map[string]any{
			"accessKeyId": "ASIASSO", "secretAccessKey": "s3cret", "sessionToken": "t", "expiration": ends.UnixMilli(),
		}})
	}))
	defer portal.Close()
	dir := home(t, "[profile sso]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = uploader\n"+
		"[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n", "")
	t.Setenv("AWS_ENDPOINT_URL_SSO", portal.URL)
	cache := filepath.Join(dir, ".aws", "sso", "cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	token, _ := json.Marshal(map[string]string{"accessToken": "sso-token", "expiresAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	// The file is named after the SHA-1 of the session's name.
	name := sha1.Sum([]byte("corp"))
	if err := os.WriteFile(filepath.Join(cache, hex.EncodeToString(name[:])+".json"), token, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := awsconfig.Load(t.Context(), awsconfig.Options{Profile: "sso"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Credentials(t.Context())
	if err != nil || got.AccessKeyID != "ASIASSO" || !got.Expiration.Equal(ends) {
		t.Errorf("%v until %v, %v", got, got.Expiration, err)
	}
}

func TestProcess(t *testing.T) {
	ends := time.Now().Add(time.Hour)
	for _, c := range []struct{ name, command, want string }{
		{"whole", process(t, temporary(ends)), ""},
		{"no JSON, and a secret in it", process(t, "export SECRET=s3cret"), "is not JSON"},
		{"cut off, with a secret in it", process(t, strings.TrimSuffix(temporary(ends), "}")), "is not JSON"},
		{"of another version", process(t, `{"Version":2,"AccessKeyId":"A","SecretAccessKey":"s3cret"}`), "wrong version"},
		{"without a secret", process(t, `{"Version":1,"AccessKeyId":"A"}`), "missing SecretAccessKey"},
		{"that fails", "echo s3cret; exit 3", "exit status 3"},
		{"that does not end", process(t, `{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s3cret"}`), awsconfig.ErrLongLived.Error()},
	} {
		got, err := awsconfig.Process(c.command, awsconfig.Options{})(t.Context())
		switch {
		case c.want == "" && (err != nil || got.SecretAccessKey != "s3cret"):
			t.Errorf("%s: %v, %v", c.name, got, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret")):
			t.Errorf("%s: %v, want %s and no secret", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := awsconfig.Process("sleep 60", awsconfig.Options{})(ctx); err == nil {
		t.Error("a context that has ended, and no error")
	}
}

func TestLoad_noSuchProfile(t *testing.T) {
	home(t, "", "")
	if _, err := awsconfig.Load(t.Context(), awsconfig.Options{Profile: "nobody"}); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("no such profile: %v", err)
	}
}
