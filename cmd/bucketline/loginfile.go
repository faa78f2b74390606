package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// savedLogin is what login leaves in the user's configuration folder, and what
// up renews: what may be read, and what may not.
type savedLogin struct {
	Issuer            string    `json:"issuer"`
	ClientID          string    `json:"clientId"`
	Scopes            []string  `json:"scopes"`
	Audience          string    `json:"audience,omitempty"`
	STS               string    `json:"sts"`
	RoleARN           string    `json:"roleArn,omitempty"`
	DurationSeconds   int       `json:"durationSeconds,omitempty"`
	Subject           string    `json:"subject"`
	Name              string    `json:"name,omitempty"` // how the provider calls the subject
	IDTokenExpiration time.Time `json:"idTokenExpiration,omitzero"`

	Endpoint  string `json:"endpoint,omitempty"`
	Region    string `json:"region,omitempty"`
	Profile   string `json:"profile,omitempty"`
	PathStyle bool   `json:"pathStyle,omitempty"`
	Bucket    string `json:"bucket,omitempty"`
	CA        string `json:"ca,omitempty"` // absolute

	secrets loginSecrets
	account string // whose key in the keyring seals the secrets; empty: nobody's
	key     []byte
}

// loginSecrets are kept sealed where there is a keyring. IDToken is kept only
// where the provider gives no refresh token.
type loginSecrets struct {
	RefreshToken string           `json:"refreshToken,omitempty"`
	IDToken      string           `json:"idToken,omitempty"`
	ClientSecret string           `json:"clientSecret,omitempty"`
	Credentials  savedCredentials `json:"credentials"`
}

type savedCredentials struct {
	AccessKeyID     string    `json:"accessKeyId"`
	SecretAccessKey string    `json:"secretAccessKey"`
	SessionToken    string    `json:"sessionToken"`
	Expiration      time.Time `json:"expiration"`
	SkewMillis      int64     `json:"skewMillis,omitempty"` // the STS's clock minus ours, when it gave them
}

// String keeps the secrets out of what is printed by mistake.
func (savedLogin) String() string { return "savedLogin{redacted}" }

// GoString is String.
func (s savedLogin) GoString() string { return s.String() }

// leastLife is how long kept credentials have to last to be used at all.
const leastLife = 3 * time.Second

// lasts reports whether the credentials are of use at now, which is our clock's.
func (c savedCredentials) lasts(now time.Time) bool {
	there := now.Add(time.Duration(c.SkewMillis) * time.Millisecond)
	return c.AccessKeyID != "" && c.Expiration.Sub(there) > leastLife
}

// loginText is the file. Version 1 had everything at the top, in clear.
type loginText struct {
	Version int             `json:"version"`
	Login   json.RawMessage `json:"login"`
	Key     string          `json:"keyringKey,omitempty"`
	Sealed  []byte          `json:"sealed,omitempty"`
	Secrets *loginSecrets   `json:"secrets,omitempty"`
}

const (
	loginVersion  = 2
	maxLoginBytes = 1 << 20
)

// errNoLogin says what to do when there are no credentials at all.
var errNoLogin = errors.New(`there are no credentials: sign in with "bucketline login", or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION`)

// loginFile is where the login is kept.
func loginFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for the login: %w", err)
	}
	return filepath.Join(dir, "bucketline", "login.json"), nil
}

// lockLogin waits until no other process renews or replaces the login.
func lockLogin(ctx context.Context, name string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(name + ".lock")
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("wait for another bucketline that renews the login: %w", err)
	}
	return func() { lock.Unlock() }, nil
}

// readLogin reads the login, and asks the keyring where it is needed. It refuses
// a file that other users of the machine could have read: who finds secrets
// there should not go on as if nothing were.
func readLogin(ctx context.Context, name string) (savedLogin, error) {
	s, text, err := readLoginText(name)
	if err != nil || text.Key == "" {
		return s, err
	}
	if s.key, err = findKey(ctx, text.Key); err != nil {
		return s, fmt.Errorf("the login in %s is sealed with a key in this computer's keyring: %w; unlock the keyring, or sign in again with \"bucketline login\"", name, err)
	}
	return s, s.open(name, text)
}

// readLoginText reads the file but for what is sealed.
func readLoginText(name string) (savedLogin, loginText, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return savedLogin{}, loginText{}, errNoLogin
	}
	if err != nil {
		return savedLogin{}, loginText{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return savedLogin{}, loginText{}, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return savedLogin{}, loginText{}, fmt.Errorf("%s can be read by other users of this computer (mode %o): delete it with \"bucketline logout\" and sign in again", name, info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxLoginBytes+1))
	if err != nil {
		return savedLogin{}, loginText{}, err
	}
	s, text, err := parseLogin(data)
	if err != nil {
		return s, text, fmt.Errorf("%s %w", name, err)
	}
	return s, text, nil
}

// parseLogin reads the file's text, also of version 1.
func parseLogin(data []byte) (savedLogin, loginText, error) {
	var (
		s    savedLogin
		text loginText
	)
	// json's own errors quote a little of what they cannot read.
	damaged := errors.New(`is damaged: sign in again with "bucketline login"`)
	if len(data) > maxLoginBytes || json.Unmarshal(data, &text) != nil {
		return s, text, damaged
	}
	switch text.Version {
	case 1:
		text = loginText{Version: 1, Login: data, Secrets: new(loginSecrets)}
		if json.Unmarshal(data, text.Secrets) != nil {
			return s, text, damaged
		}
	case loginVersion:
	default:
		return s, text, errors.New(`was written by another version of bucketline: sign in again with "bucketline login"`)
	}
	sealed := text.Key != "" && len(text.Sealed) > 0
	if sealed == (text.Secrets != nil) || json.Unmarshal(text.Login, &s) != nil {
		return s, text, damaged
	}
	s.account = text.Key
	if text.Secrets != nil {
		s.secrets = *text.Secrets
	}
	return s, text, nil
}

// writeLogin replaces the login at one stroke: whoever reads meanwhile, and
// whoever reads after a crash, finds the old one or the new one.
func writeLogin(name string, s savedLogin) error {
	text, err := s.seal()
	if err != nil {
		return err
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// CreateTemp makes files that only their owner can read.
	f, err := os.CreateTemp(dir, "login-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	return err
}

// seal makes the text of the file. What is in clear is sealed with the rest:
// a login that somebody has pointed elsewhere does not open.
func (s *savedLogin) seal() ([]byte, error) {
	login, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	text := loginText{Version: loginVersion, Login: login}
	if s.account == "" {
		text.Secrets = &s.secrets
		return json.MarshalIndent(text, "", "  ")
	}
	secrets, err := json.Marshal(s.secrets)
	if err != nil {
		return nil, err
	}
	aead, err := sealer(s.key)
	if err != nil {
		return nil, err
	}
	text.Key = s.account
	text.Sealed = aead.Seal(nil, nil, secrets, sealedWith(s.account, login))
	return json.MarshalIndent(text, "", "  ")
}

// open reads what seal has sealed.
func (s *savedLogin) open(name string, text loginText) error {
	var login bytes.Buffer
	aead, err := sealer(s.key)
	if err == nil {
		err = json.Compact(&login, text.Login)
	}
	if err == nil {
		var secrets []byte
		if secrets, err = aead.Open(nil, nil, text.Sealed, sealedWith(text.Key, login.Bytes())); err == nil {
			err = json.Unmarshal(secrets, &s.secrets)
		}
	}
	if err != nil {
		return fmt.Errorf("%s was changed since it was sealed: sign in again with \"bucketline login\"", name)
	}
	return nil
}

func sealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func sealedWith(account string, login []byte) []byte {
	return append([]byte("bucketline login 2 "+account+"\n"), login...)
}

// The places for a login's secrets.
const (
	keepAuto    = "auto"
	keepKeyring = "keyring"
	keepFile    = "file"
)

// keepLogin replaces the login by a new one, whose secrets it keeps where keep
// says, and says in words where that is.
func keepLogin(ctx context.Context, name string, s savedLogin, keep string) (string, error) {
	unlock, err := lockLogin(ctx, name)
	if err != nil {
		return "", err
	}
	defer unlock()
	_, old, _ := readLoginText(name)
	where := fmt.Sprintf("the file %s, which only you can read", name)
	if keep != keepFile {
		s.key = make([]byte, keyBytes)
		rand.Read(s.key)
		s.account = "login-" + strings.ToLower(rand.Text()[:16])
		err := keepKey(ctx, s.account, s.key)
		switch {
		case err == nil:
			where = fmt.Sprintf("the file %s, sealed with a key in this computer's keyring", name)
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case keep == keepKeyring:
			return "", fmt.Errorf("this computer's keyring cannot be used: %w; --keep file keeps the login in a file that only you can read", err)
		default:
			where += fmt.Sprintf(" (this computer's keyring cannot be used: %v)", err)
			s.key, s.account = nil, ""
		}
	}
	if err := writeLogin(name, s); err != nil {
		return "", fmt.Errorf("keep the login: %w", err)
	}
	if old.Key != "" && old.Key != s.account {
		forgetKey(ctx, old.Key) // one that stays opens nothing any more
	}
	return where, nil
}
