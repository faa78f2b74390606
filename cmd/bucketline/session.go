package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/cred/sts"
)

// session is a login that is used and renewed.
type session struct {
	file  string
	saved savedLogin
	given string      // access key ID that renew returned last
	seen  fs.FileInfo // the file as renew left it; nil: it was not there
}

// openSession finds the login.
func openSession(ctx context.Context) (*session, error) {
	file, err := loginFile()
	if err != nil {
		return nil, err
	}
	s := &session{file: file}
	s.saved, err = readLogin(ctx, file)
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

// refreshPatience is how long new tokens are waited for even though the command
// is being ended: a refresh token whose successor nobody took is lost.
const refreshPatience = 15 * time.Second

// renew returns credentials other than those it returned before: the kept ones
// if another process has renewed them meanwhile, else new ones, by refresh
// token, ID token and STS. One process at a time does so, since a provider
// that sees a rotated refresh token twice takes it for stolen.
func (s *session) renew(ctx context.Context) (bucketline.Credentials, error) {
	unlock, err := lockLogin(ctx, s.file)
	if err != nil {
		return bucketline.Credentials{}, err
	}
	defer unlock()
	defer func() { s.seen = version(s.file) }()
	saved, err := readLogin(ctx, s.file)
	switch {
	case errors.Is(err, errNoLogin):
		return bucketline.Credentials{}, endedError{"the login was removed"}
	case err != nil:
		return bucketline.Credentials{}, err
	case saved.secrets.Credentials.AccessKeyID != s.given && saved.secrets.Credentials.lasts(time.Now()):
		return s.give(saved), nil
	}
	p, err := newProvider(ctx, &saved)
	if err != nil {
		return bucketline.Credentials{}, err
	}
	defer p.close()
	if err := s.renewTokens(ctx, p); err != nil {
		return bucketline.Credentials{}, err
	}
	if err := p.assume(ctx); err != nil {
		return bucketline.Credentials{}, final(err)
	}
	if err := writeLogin(s.file, saved); err != nil {
		return bucketline.Credentials{}, err
	}
	return s.give(saved), nil
}

// renewTokens gets a new ID token: credentials outlive it, and the STS looks at
// its expiry.
func (s *session) renewTokens(ctx context.Context, p *provider) error {
	kept := p.login.secrets
	switch {
	case kept.RefreshToken == "" && kept.IDToken == "":
		return endedError{"the login has no token"}
	case kept.RefreshToken == "":
		p.idToken = kept.IDToken // the STS says when it has ended
		return nil
	}
	whole, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), refreshPatience, errors.New("the identity provider does not answer"))
	defer cancel()
	token, err := p.refresh(whole)
	if err != nil {
		return err
	}
	// A rotated refresh token is the only one that works: keep it before
	// anything else can fail.
	if err := writeLogin(s.file, *p.login); err != nil {
		return fmt.Errorf("keep the renewed sign-in: %w", err)
	}
	err = p.take(ctx, token, "")
	var ended endedError
	switch {
	case errors.As(err, &ended):
		return ended
	case err != nil:
		return p.wrong(ctx, "renew the sign-in at", err)
	}
	return writeLogin(s.file, *p.login)
}

// final marks what asking again does not change.
func final(err error) error {
	var refused *sts.Error
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Advice() {
	case sts.Retry:
		return err
	case sts.NewToken:
		return endedError{"the STS does not accept the sign-in any more (" + refused.Error() + ")"}
	}
	return fmt.Errorf("%w: %w", bucketline.ErrNoCredentials, err)
}

func (s *session) give(saved savedLogin) bucketline.Credentials {
	c := saved.secrets.Credentials
	s.given = c.AccessKeyID
	return bucketline.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey,
		SessionToken: c.SessionToken, Expiration: c.Expiration, Skew: time.Duration(c.SkewMillis) * time.Millisecond,
	}
}

// keep is renew for an upload. When the sign-in has ended, patient waits for
// the next one, which somebody makes in another terminal.
func (s *session) keep(ctx context.Context, patient bool, note func(string)) (bucketline.Credentials, error) {
	for {
		credentials, err := s.renew(ctx)
		var ended endedError
		switch {
		case err == nil:
			note("credentials until " + credentials.Expiration.Local().Format(time.TimeOnly))
			return credentials, nil
		case !errors.As(err, &ended):
			return credentials, err
		case !patient:
			return credentials, fmt.Errorf("%w: %w", bucketline.ErrNoCredentials, err)
		}
		note(err.Error() + ", in another terminal; this goes on by itself then")
		if err := changed(ctx, s.file, s.seen); err != nil {
			return credentials, err
		}
	}
}

// version tells one login from the next.
func version(name string) fs.FileInfo {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return info
}

// changed waits until there is another login.
func changed(ctx context.Context, name string, seen fs.FileInfo) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		now := version(name)
		if now != nil && (seen == nil || !os.SameFile(now, seen) || !now.ModTime().Equal(seen.ModTime())) {
			return nil
		}
	}
}
