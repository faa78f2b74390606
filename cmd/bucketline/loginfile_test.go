package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"
)

// withKeyring puts the library's own fake in the place of the system's keyring.
func withKeyring(t *testing.T) {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere") // askKeyring looks, the fake does not
	keyring.MockInit()
}

func exampleLogin() savedLogin {
	l := savedLogin{
		Issuer: "https://id.example", ClientID: "cli", Scopes: []string{"openid"}, STS: "https://sts.example", RoleARN: "arn:aws:iam::111122223333:role/uploader",
		Subject: "alice", IDTokenExpiration: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Bucket: "photos",
	}
	l.secrets = loginSecrets{
		RefreshToken: strings.Repeat("the-refresh-token ", 300), // 5 KB, more than Windows' and macOS' keyrings take
		ClientSecret: "the-client-secret",
		Credentials:  savedCredentials{AccessKeyID: "ASIA1", SecretAccessKey: "the-secret-key", SessionToken: "the-session-token", Expiration: time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)},
	}
	return l
}

// The file of a sealed login holds no secret, and opens with its key alone.
func TestLogin_sealed(t *testing.T) {
	withKeyring(t)
	file := filepath.Join(t.TempDir(), "bucketline", "login.json")
	login := exampleLogin()
	where, err := keepLogin(t.Context(), file, login, keepAuto)
	if err != nil || !strings.Contains(where, "sealed with a key in this computer's keyring") {
		t.Fatalf("keepLogin = %q, %v", where, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	leaks(t, string(text), "the-refresh-token", "the-client-secret", "the-secret-key", "the-session-token", "ASIA1")
	if info, _ := os.Stat(file); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	got, err := readLogin(t.Context(), file)
	if err != nil || got.secrets != login.secrets || got.Subject != "alice" || !got.IDTokenExpiration.Equal(login.IDTokenExpiration) {
		t.Fatalf("read back %+v, %v", got.secrets == login.secrets, err)
	}
	kept, err := keyring.Get(keyringService, got.account)
	if err != nil || len(kept) != 44 {
		t.Errorf("the keyring holds %d bytes: %v", len(kept), err)
	}

	// A renewal keeps the key; a new login has a new one, and the old goes.
	got.secrets.RefreshToken = "next"
	if err := writeLogin(file, got); err != nil {
		t.Fatal(err)
	}
	if again, err := readLogin(t.Context(), file); err != nil || again.account != got.account || again.secrets.RefreshToken != "next" {
		t.Errorf("after a renewal: %v", err)
	}
	if _, err := keepLogin(t.Context(), file, login, keepKeyring); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Get(keyringService, got.account); !errors.Is(err, keyring.ErrNotFound) {
		t.Errorf("the old key is kept: %v", err)
	}

	keyring.MockInit() // which has no key
	if _, err := readLogin(t.Context(), file); !errors.Is(err, errNoKey) || !strings.Contains(err.Error(), `sign in again with "bucketline login"`) {
		t.Errorf("without the key: %v", err)
	}
}

// Who can write the file, but has no key, cannot have the tokens sent elsewhere.
func TestLogin_changedAfterSealing(t *testing.T) {
	withKeyring(t)
	file := filepath.Join(t.TempDir(), "login.json")
	if _, err := keepLogin(t.Context(), file, exampleLogin(), keepAuto); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(file)
	for _, change := range [][2]string{
		{"https://sts.example", "https://evil.example"}, {"https://id.example", "https://evil.example"}, {`"sealed": "`, `"sealed": "AAAA`},
		{`"alice"`, `"bob"`}, {`"subject"`, `"path"`},
	} {
		os.WriteFile(file, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o600)
		if got, err := readLogin(t.Context(), file); err == nil || !strings.Contains(err.Error(), "was changed since it was sealed") || got.secrets.RefreshToken != "" {
			t.Errorf("%q for %q: %v", change[1], change[0], err)
		}
	}
	// Its layout is nobody's business.
	var any map[string]any
	json.Unmarshal(text, &any)
	plain, _ := json.Marshal(map[string]json.RawMessage{"version": []byte("2"), "keyringKey": quoted(any["keyringKey"]), "sealed": quoted(any["sealed"]), "login": rawLogin(t, text)})
	os.WriteFile(file, plain, 0o600)
	if _, err := readLogin(t.Context(), file); err != nil {
		t.Errorf("the same on one line: %v", err)
	}
}

func quoted(v any) json.RawMessage {
	text, _ := json.Marshal(v)
	return text
}

func rawLogin(t *testing.T, text []byte) json.RawMessage {
	var file loginText
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Login
}

// A keyring that fails is said to, and the file serves; unless it was asked for.
func TestLogin_keyringThatFails(t *testing.T) {
	withKeyring(t)
	keyring.MockInitWithError(errors.New("failed to unlock correct collection"))
	file := filepath.Join(t.TempDir(), "login.json")
	if _, err := keepLogin(t.Context(), file, exampleLogin(), keepKeyring); err == nil || !strings.Contains(err.Error(), "--keep file") {
		t.Errorf("--keep keyring: %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("it was kept all the same")
	}
	where, err := keepLogin(t.Context(), file, exampleLogin(), keepAuto)
	if err != nil || !strings.Contains(where, file) || !strings.Contains(where, "failed to unlock correct collection") {
		t.Errorf("keepLogin = %q, %v", where, err)
	}
	if got, err := readLogin(t.Context(), file); err != nil || got.secrets != exampleLogin().secrets {
		t.Errorf("read back: %v", err)
	}
}

// versionOne is a login as the first version of bucketline wrote it.
const versionOne = `{
  "version": 1,
  "issuer": "https://id.example",
  "clientId": "cli",
  "scopes": ["openid", "offline_access"],
  "sts": "https://sts.example",
  "roleArn": "arn:aws:iam::111122223333:role/uploader",
  "subject": "alice",
  "bucket": "photos",
  "refreshToken": "the-refresh-token",
  "credentials": {
    "accessKeyId": "ASIA1",
    "secretAccessKey": "the-secret-key",
    "sessionToken": "the-session-token",
    "expiration": "2026-11-25T13:00:00Z"
  }
}`

// A login of the first version works, and becomes one of the second when it is
// renewed.
func TestLogin_ofVersionOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "login.json")
	os.WriteFile(file, []byte(versionOne), 0o600)
	for range 2 {
		got, err := readLogin(t.Context(), file)
		if err != nil || got.secrets.RefreshToken != "the-refresh-token" || got.secrets.Credentials.SessionToken != "the-session-token" ||
			got.Bucket != "photos" || got.Subject != "alice" || len(got.Scopes) != 2 || got.account != "" {
			t.Fatalf("%v: %v", got.Subject, err)
		}
		if err := writeLogin(file, got); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile(file); !strings.Contains(string(text), `"version": 2`) {
		t.Errorf("written as %s", text)
	}
}

// FuzzLoginFile holds that a file that can be read is written the same again,
// and that what is wrong with one is said without a word of it, not even of its
// secrets.
func FuzzLoginFile(f *testing.F) {
	f.Add([]byte(versionOne))
	login := exampleLogin()
	open, _ := login.seal()
	f.Add(open)
	login.account, login.key = "login-a", make([]byte, keyBytes)
	sealed, _ := login.seal()
	f.Add(sealed)
	f.Add([]byte(`{"version":2,"login":{},"secrets":{"refreshToken":5}}`))
	f.Add([]byte(`{"version":3}`))
	f.Add([]byte(`{"version":2,"login":{"issuer":"http://127.0.0.1:1","clientId":"c"},"secrets":{"refreshToken":"planted-secret"}}`))
	f.Add([]byte(`{"version":2,"login":{},"key":"k","sealed":"AAAA"}`))
	f.Add([]byte(`{"version":2,"login":[],"secrets":{}}`))
	f.Add([]byte(`{"refreshToken":"planted-secret`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, text, err := parseLogin(data)
		if err != nil {
			if len(err.Error()) > 100 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			if strings.Contains(err.Error(), "planted-secret") {
				t.Errorf("the error %q has a secret in it", err)
			}
			return
		}
		if len(data) > maxLoginBytes {
			t.Errorf("%d bytes were read, the bound is %d", len(data), maxLoginBytes)
		}
		if text.Key != "" {
			if got.secrets != (loginSecrets{}) {
				t.Error("sealed secrets were read without the key")
			}
			return
		}
		written, err := got.seal()
		if err != nil {
			return // a time that JSON cannot say
		}
		again, _, err := parseLogin(written)
		if err != nil || fmt.Sprint(again.secrets) != fmt.Sprint(got.secrets) || again.Issuer != got.Issuer || again.STS != got.STS {
			t.Errorf("read back: %v", err)
		}
	})
}
