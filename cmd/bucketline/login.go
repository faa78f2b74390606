package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/s3"
)

const loginLong = `Sign in at an identity provider in the browser, exchange its ID token for
temporary credentials at an STS, and keep both for "bucketline up", which
renews them by itself.

The provider needs a public client with code and PKCE, which redirects to
http://127.0.0.1/callback on any port (RFC 8252, section 7.3; --port for
providers that want one port). A refresh token is asked for with the scope
offline_access; without one, the sign-in lasts as long as its ID token.

The login is kept in the file login.json, which only you can read, in the
folder bucketline of your configuration folder. "bucketline logout" removes it.`

type loginFlags struct {
	login     savedLogin
	duration  time.Duration
	timeout   time.Duration
	port      int
	noBrowser bool
}

func newLogin() *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "login --issuer URL --client-id ID --sts URL --role-arn ARN",
		Short: "Sign in and keep credentials for up",
		Long:  loginLong,
		Example: `  bucketline login --issuer https://id.example.com --client-id uploads \
    --sts https://sts.eu-west-1.amazonaws.com --role-arn arn:aws:iam::123456789012:role/uploads \
    --bucket photos --region eu-west-1`,
		Args: func(_ *cobra.Command, args []string) error {
			l := &f.login
			if len(args) > 0 || l.Issuer == "" || l.ClientID == "" || l.STS == "" {
				return errors.New("say where to sign in with --issuer, --client-id and --sts (--help tells more)")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runLogin(cmd.Context(), &f, cmd.OutOrStdout())
		},
	}
	flags, l := cmd.Flags(), &f.login
	flags.SortFlags = false
	flags.StringVar(&l.Issuer, "issuer", "", "`URL` of the identity provider")
	flags.StringVar(&l.ClientID, "client-id", "", "`ID` of the client that the provider knows")
	flags.StringVar(&l.STS, "sts", "", "`URL` of the STS; for MinIO and Ceph that of the store")
	flags.StringVar(&l.RoleARN, "role-arn", "", "`ARN` of the role to assume")
	flags.StringVar(&l.Endpoint, "endpoint", "", "`URL` of the store, for up")
	flags.StringVar(&l.Bucket, "bucket", "", "bucket, for s3:///PREFIX/ in up")
	flags.StringVar(&l.Region, "region", "", "region of the bucket, for up")
	flags.StringVar(&l.Profile, "profile", "", "kind of store, for up")
	flags.BoolVar(&l.PathStyle, "path-style", false, "put the bucket into the path, for up")
	flags.StringVar(&l.CA, "ca", "", "PEM `file` with further authorities to trust")
	flags.StringSliceVar(&l.Scopes, "scopes", []string{oidc.ScopeOpenID, oidc.ScopeOfflineAccess}, "scopes to ask for")
	flags.DurationVar(&f.duration, "duration", 0, `how long credentials live, such as "1h" (default: as the STS likes)`)
	flags.IntVar(&f.port, "port", 0, "`port` to be redirected to (0: a free one)")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long to wait for the sign-in")
	flags.BoolVar(&f.noBrowser, "no-browser", false, "print the address of the sign-in instead of opening it")
	return cmd
}

// runLogin signs in, gets the first credentials and keeps both.
func runLogin(ctx context.Context, f *loginFlags, out io.Writer) error {
	login := f.login
	login.Version = loginVersion
	if err := checkIssuer(login.Issuer); err != nil {
		return usage(err)
	}
	login.DurationSeconds = int(f.duration / time.Second)
	if err := checkLogin(&login, f.duration); err != nil {
		return usage(err)
	}
	if login.CA != "" {
		var err error
		if login.CA, err = filepath.Abs(login.CA); err != nil {
			return err
		}
	}
	file, err := loginFile()
	if err != nil {
		return err
	}
	ctx, release := interruptible(ctx)
	defer release()
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, errors.New("nobody signed in in time"))
	defer cancel()

	c, err := listenCallback(f.port, login.Issuer)
	if err != nil {
		return err
	}
	defer c.close()
	p, err := newProvider(ctx, &login, c.redirect)
	if err != nil {
		return err
	}
	defer p.close()

	verifier, nonce := oauth2.GenerateVerifier(), rand.Text()
	page := rp.AuthURL(c.state, p.party,
		rp.WithCodeChallenge(oidc.NewSHACodeChallenge(verifier)),
		rp.AuthURLOpt(rp.WithURLParam("nonce", nonce)))
	fmt.Fprintf(out, "Sign in in the browser:\n\n  %s\n\n", page)
	if !f.noBrowser {
		if err := openBrowser(page); err != nil {
			fmt.Fprintf(out, "The browser could not be opened (%v): open the address yourself.\n", err)
		}
	}
	code, err := c.wait(ctx)
	if err == nil {
		err = p.exchange(ctx, code, verifier, nonce)
	}
	if err == nil {
		err = p.assume(ctx)
	}
	c.answer(err)
	if err != nil {
		return err
	}
	if err := writeLogin(file, login); err != nil {
		return fmt.Errorf("keep the login: %w", err)
	}
	fmt.Fprintf(out, "Signed in as %s; credentials until %s.\n", show(login.Subject), login.Credentials.Expiration.Local().Format(time.DateTime))
	if login.RefreshToken == "" {
		fmt.Fprintln(out, "The provider gave no refresh token: sign in again when uploads say so.")
	}
	return nil
}

// checkIssuer refuses to send codes and tokens in clear to another machine
// (OpenID Connect Core 1.0, section 16.17).
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("--issuer: %q is not https://host[:port][/path]", issuer)
	}
	name := strings.ToLower(u.Hostname())
	address := net.ParseIP(name)
	if u.Scheme == "http" && !(address != nil && address.IsLoopback()) && name != "localhost" && !strings.HasSuffix(name, ".localhost") {
		return fmt.Errorf("--issuer: %s is not https, and not this computer: the sign-in would travel in clear", issuer)
	}
	return nil
}

// checkLogin finds what the STS exchange and the first upload would refuse,
// before anybody has signed in for it.
func checkLogin(l *savedLogin, duration time.Duration) error {
	if duration%time.Second != 0 || duration < 0 {
		return fmt.Errorf("--duration %v: it must be whole seconds", duration)
	}
	exchange := sts.WebIdentity{
		Endpoint: l.STS, RoleARN: l.RoleARN, RoleSessionName: "someone",
		Token: "not-there-yet", DurationSeconds: l.DurationSeconds,
	}
	if _, err := exchange.Request(); err != nil {
		return fmt.Errorf("--sts, --role-arn or --duration: %w", err)
	}
	if _, ok := s3.ParseProfile(l.Profile); !ok {
		return fmt.Errorf("--profile %q is unknown; use aws, minio, ceph, r2, b2, gcs, seaweedfs or versitygw", l.Profile)
	}
	if l.Endpoint != "" {
		target := s3.Target{Endpoint: l.Endpoint, Region: "us-east-1", Bucket: "bucket"}
		if _, err := target.Resolve(); err != nil {
			return fmt.Errorf("--endpoint: %w", err)
		}
	}
	return nil
}
