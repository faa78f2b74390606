package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/spf13/cobra"
	"golang.org/x/oauth2"

	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/s3"
)

const loginLong = `Sign in at an identity provider, exchange its ID token for temporary
credentials at an STS, and keep both for "bucketline up", which renews them by
itself.

Where there is a browser, it is opened: the provider needs a public client with
code and PKCE, which redirects to http://127.0.0.1/callback on any port
(RFC 8252, section 7.3; --port and --localhost for providers that want one port,
or that name). On a machine
without one (no DISPLAY and no WAYLAND_DISPLAY, or over SSH), and with --device,
you get an address and a code to type there with any other device (RFC 8628).

A refresh token is asked for with the scope offline_access, where the provider
knows it; without one, the sign-in lasts as long as its ID token.

The login is kept in the file login.json in the folder bucketline of your
configuration folder. Only you can read it, and what is secret in it is sealed
with a key in this computer's keyring, where there is one. "bucketline whoami"
says who is signed in, "bucketline logout" ends it.

A client secret, which some providers give to native applications too, is read
from --client-secret-file or the variable BUCKETLINE_CLIENT_SECRET.`

type loginFlags struct {
	login      savedLogin
	duration   time.Duration
	timeout    time.Duration
	port       int
	localhost  bool
	noBrowser  bool
	device     bool
	qr         bool
	keep       string
	secretFile string
	given      func(name string) bool // whether a flag was given
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
			f.given = cmd.Flags().Changed
			return runLogin(cmd.Context(), &f, cmd.OutOrStdout())
		},
	}
	flags, l := cmd.Flags(), &f.login
	flags.SortFlags = false
	flags.StringVar(&l.Issuer, "issuer", "", "`URL` of the identity provider")
	flags.StringVar(&l.ClientID, "client-id", "", "`ID` of the client that the provider knows")
	flags.StringVar(&f.secretFile, "client-secret-file", "", "`file` with the client's secret, if it has one")
	flags.StringVar(&l.STS, "sts", "", "`URL` of the STS; for MinIO and Ceph that of the store")
	flags.StringVar(&l.RoleARN, "role-arn", "", "`ARN` of the role to assume")
	flags.StringVar(&l.Endpoint, "endpoint", "", "`URL` of the store, for up")
	flags.StringVar(&l.Bucket, "bucket", "", "bucket, for s3:///PREFIX/ in up")
	flags.StringVar(&l.Region, "region", "", "region of the bucket, for up")
	flags.StringVar(&l.Profile, "profile", "", "kind of store, for up")
	flags.BoolVar(&l.PathStyle, "path-style", false, "put the bucket into the path, for up")
	flags.StringVar(&l.CA, "ca", "", "PEM `file` with further authorities to trust")
	flags.StringSliceVar(&l.Scopes, "scopes", []string{oidc.ScopeOpenID, oidc.ScopeOfflineAccess}, "scopes to ask for")
	flags.StringVar(&l.Audience, "audience", "", "audience to ask for, which Auth0 wants for a refresh token")
	flags.DurationVar(&f.duration, "duration", 0, `how long credentials live, such as "1h" (default: as the STS likes)`)
	flags.BoolVar(&f.device, "device", false, "sign in with another device (default: where no browser can be opened)")
	flags.BoolVar(&f.qr, "qr", true, "with --device, draw a QR code too, on a terminal")
	flags.IntVar(&f.port, "port", 0, "`port` to be redirected to (0: a free one)")
	flags.BoolVar(&f.localhost, "localhost", false, "be redirected to http://localhost, for providers that do not know http://127.0.0.1")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long to wait for the sign-in; with --device, as long as the code lives")
	flags.BoolVar(&f.noBrowser, "no-browser", false, "print the address of the sign-in instead of opening it")
	flags.StringVar(&f.keep, "keep", keepAuto, "`where` to keep the secrets: keyring, file, or auto for the first that can be used")
	return cmd
}

// runLogin signs in, gets the first credentials and keeps both.
func runLogin(ctx context.Context, f *loginFlags, out io.Writer) error {
	login, err := f.parse()
	if err != nil {
		return usage(err)
	}
	file, err := loginFile()
	if err != nil {
		return err
	}
	ctx, release := interruptible(ctx)
	defer release()
	p, err := newProvider(ctx, &login)
	if err != nil {
		return err
	}
	defer p.close()
	p.chooseScopes(f.given("scopes"))
	if err := f.signIn(ctx, p, out); err != nil {
		return err
	}
	where, err := keepLogin(ctx, file, login, f.keep)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Signed in as %s; credentials until %s.\n", login.who(), login.secrets.Credentials.Expiration.Local().Format(time.DateTime))
	fmt.Fprintf(out, "The login is kept in %s.\n", where)
	if login.secrets.RefreshToken == "" {
		fmt.Fprintln(out, "The provider gave no refresh token: sign in again when uploads say so.")
	}
	return nil
}

// parse checks what was given, before anybody signs in for it.
func (f *loginFlags) parse() (savedLogin, error) {
	login := f.login
	u, err := url.Parse(login.Issuer)
	if err != nil {
		return login, fmt.Errorf("--issuer: %q is no URL", login.Issuer)
	}
	if err := notInClear(u); err != nil {
		return login, fmt.Errorf("--issuer: %w", err)
	}
	login.DurationSeconds = int(f.duration / time.Second)
	if err := checkLogin(&login, f.duration); err != nil {
		return login, err
	}
	if !slices.Contains([]string{keepAuto, keepKeyring, keepFile}, f.keep) {
		return login, fmt.Errorf("--keep %q is none of auto, keyring and file", f.keep)
	}
	if f.device && (f.noBrowser || f.given("port")) {
		return login, errors.New("--device opens no browser here: it goes without --no-browser and --port")
	}
	if login.secrets.ClientSecret, err = clientSecret(f.secretFile); err != nil {
		return login, err
	}
	if login.CA != "" {
		login.CA, err = filepath.Abs(login.CA)
	}
	return login, err
}

// maxClientSecret is in bytes.
const maxClientSecret = 4096

// clientSecret is read from a file or the environment, and never from the
// arguments, which every user of a machine can list.
func clientSecret(file string) (string, error) {
	secret := os.Getenv("BUCKETLINE_CLIENT_SECRET")
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("--client-secret-file: %w", err)
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxClientSecret+1))
		if err != nil {
			return "", fmt.Errorf("--client-secret-file: %w", err)
		}
		if secret = strings.TrimSpace(string(text)); secret == "" || strings.ContainsAny(secret, "\r\n{") {
			return "", fmt.Errorf("--client-secret-file: %s holds more or less than one secret", file)
		}
	}
	if len(secret) > maxClientSecret {
		return "", errors.New("the client's secret is too long")
	}
	return secret, nil
}

// signIn gets the tokens in the way that was asked for, or that is possible
// here, and the first credentials.
func (f *loginFlags) signIn(ctx context.Context, p *provider, out io.Writer) error {
	device, asked := f.device, f.given("device")
	if !asked && !f.noBrowser && !f.given("port") && !browserHere() {
		if device = p.known.Device != ""; !device {
			fmt.Fprintf(out, "No browser can be opened here, and %s.\nOpen the address below in a browser on this computer. From another one, end this, connect with\nssh -L 8400:127.0.0.1:8400, and run it again with --port 8400.\n\n", strings.Replace(errNoDevice.Error(), "it has", "the provider has", 1))
			f.noBrowser = true
		}
	}
	if !device {
		return f.signInHere(ctx, p, out)
	}
	if f.given("timeout") {
		var cancel func()
		ctx, cancel = context.WithTimeoutCause(ctx, f.timeout, errNobody)
		defer cancel()
	}
	if err := p.signInDevice(ctx, p.login.Audience, out, f.qr && out == os.Stdout && fitsQR(os.Stdout)); err != nil {
		return err
	}
	return p.assume(ctx)
}

var errNobody = errors.New("nobody signed in in time")

// signInHere lets a browser come back to this computer with a code.
func (f *loginFlags) signInHere(ctx context.Context, p *provider, out io.Writer) error {
	if p.known.Authorization == "" {
		return p.wrong(ctx, "sign in at", wordedError{"it has no sign-in in a browser: try --device"})
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, errNobody)
	defer cancel()
	c, err := listenCallback(f.port, p.login.Issuer, f.localhost)
	if err != nil {
		return err
	}
	defer c.close()
	p.config.RedirectURL = c.redirect
	verifier, nonce := oauth2.GenerateVerifier(), rand.Text()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce)}
	if p.login.Audience != "" {
		options = append(options, oauth2.SetAuthURLParam("audience", p.login.Audience))
	}
	page := p.config.AuthCodeURL(c.state, options...)
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
	return err
}

// chooseScopes does not ask for offline_access where the provider says that it
// does not know it: Google and Cognito refuse it, and give a refresh token
// without.
func (p *provider) chooseScopes(given bool) {
	if given || len(p.known.Scopes) == 0 || slices.Contains(p.known.Scopes, oidc.ScopeOfflineAccess) {
		return
	}
	p.login.Scopes = []string{oidc.ScopeOpenID}
	p.config.Scopes = p.login.Scopes
}

// who is the person, in the provider's words and in those of the STS.
func (s *savedLogin) who() string {
	name := cmp.Or(s.Name, s.Subject)
	if name == s.Subject {
		return show(name)
	}
	return fmt.Sprintf("%s (%s)", show(name), show(s.Subject))
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
