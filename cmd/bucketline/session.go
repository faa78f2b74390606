package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/pflag"

	"github.com/bucketline/bucketline"
)

// savedLogin is what login leaves in the user's configuration folder, and what
// up renews. It holds secrets.
type savedLogin struct {
	Version int `json:"version"`

	Issuer          string   `json:"issuer"`
	ClientID        string   `json:"clientId"`
	Scopes          []string `json:"scopes"`
	STS             string   `json:"sts"`
	RoleARN         string   `json:"roleArn,omitempty"`
	DurationSeconds int      `json:"durationSeconds,omitempty"`
	Subject         string   `json:"subject"`

	Endpoint  string `json:"endpoint,omitempty"`
	Region    string `json:"region,omitempty"`
	Profile   string `json:"profile,omitempty"`
	PathStyle bool   `json:"pathStyle,omitempty"`
	Bucket    string `json:"bucket,omitempty"`
	CA        string `json:"ca,omitempty"` // absolute

	// IDToken is kept only where the provider gives no refresh token.
	RefreshToken string           `json:"refreshToken,omitempty"`
	IDToken      string           `json:"idToken,omitempty"`
	Credentials  savedCredentials `json:"credentials"`
}

type savedCredentials struct {
	AccessKeyID     string    `json:"accessKeyId"`
	SecretAccessKey string    `json:"secretAccessKey"`
	SessionToken    string    `json:"sessionToken"`
	Expiration      time.Time `json:"expiration"`
}

const loginVersion = 1

// String keeps the secrets out of what is printed by mistake.
func (savedLogin) String() string { return "savedLogin{redacted}" }

// GoString is String.
func (s savedLogin) GoString() string { return s.String() }

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

// readLogin reads the login. It refuses a file that other users of the machine
// could have read: who finds secrets there should not go on as if nothing were.
func readLogin(name string) (savedLogin, error) {
	var s savedLogin
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s, errNoLogin
	}
	if err != nil {
		return s, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return s, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return s, fmt.Errorf("%s can be read by other users of this computer (mode %o): delete it with \"bucketline logout\" and sign in again", name, info.Mode().Perm())
	}
	if err := json.NewDecoder(f).Decode(&s); err != nil {
		return s, fmt.Errorf("%s is damaged: sign in again with \"bucketline login\": %w", name, err)
	}
	if s.Version != loginVersion {
		return s, fmt.Errorf("%s was written by another version of bucketline: sign in again with \"bucketline login\"", name)
	}
	return s, nil
}

// writeLogin replaces the login at one stroke: whoever reads meanwhile, and
// whoever reads after a crash, finds the old one or the new one.
func writeLogin(name string, s savedLogin) error {
	text, err := json.MarshalIndent(s, "", "  ")
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

// session is a login that is used and renewed.
type session struct {
	file  string
	saved savedLogin
	given string // access key ID that renew returned last
}

// openSession finds the login.
func openSession() (*session, error) {
	file, err := loginFile()
	if err != nil {
		return nil, err
	}
	s := &session{file: file}
	s.saved, err = readLogin(file)
	return s, err
}

// defaults sets what was said at the login and nowhere since.
func (s *session) defaults(f *storeFlags, flags *pflag.FlagSet) {
	for _, d := range []struct {
		name  string
		value *string
		saved string
	}{
		{"endpoint", &f.config.Endpoint, s.saved.Endpoint},
		{"region", &f.config.Region, s.saved.Region},
		{"profile", &f.config.Profile, s.saved.Profile},
		{"ca", &f.ca, s.saved.CA},
	} {
		if !flags.Changed(d.name) {
			*d.value = d.saved
		}
	}
	if !flags.Changed("path-style") && !flags.Changed("virtual-host") {
		f.config.PathStyle = s.saved.PathStyle
	}
}

// leastLife is how long kept credentials have to last to be used at all.
const leastLife = 3 * time.Second

// renew returns credentials other than those it returned before: the kept ones
// if another process has renewed them meanwhile, else new ones, by refresh
// token, ID token and STS. One process at a time does so, since a provider
// that sees a rotated refresh token twice takes it for stolen.
func (s *session) renew(ctx context.Context) (bucketline.Credentials, error) {
	lock := flock.New(s.file + ".lock")
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return bucketline.Credentials{}, fmt.Errorf("wait for another bucketline that renews the login: %w", err)
	}
	defer lock.Unlock()
	saved, err := readLogin(s.file)
	if err != nil {
		return bucketline.Credentials{}, err
	}
	if saved.Credentials.AccessKeyID != s.given && time.Until(saved.Credentials.Expiration) > leastLife {
		return s.give(saved), nil
	}
	p, err := newProvider(ctx, &saved, "")
	if err != nil {
		return bucketline.Credentials{}, err
	}
	defer p.close()
	if err := p.refresh(ctx); err != nil {
		return bucketline.Credentials{}, err
	}
	// A rotated refresh token is the only one that works: keep it before
	// anything else can fail.
	if err := writeLogin(s.file, saved); err != nil {
		return bucketline.Credentials{}, err
	}
	if err := p.assume(ctx); err != nil {
		return bucketline.Credentials{}, err
	}
	if err := writeLogin(s.file, saved); err != nil {
		return bucketline.Credentials{}, err
	}
	return s.give(saved), nil
}

func (s *session) give(saved savedLogin) bucketline.Credentials {
	c := saved.Credentials
	s.given = c.AccessKeyID
	return bucketline.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey,
		SessionToken: c.SessionToken, Expiration: c.Expiration,
	}
}
