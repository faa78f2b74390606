package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/bucketline/bucketline"
)

const upLong = `Upload files, and folders with all that is in them, to a bucket.

Below s3://bucket/prefix/ a file is stored under its name, and what is in a
folder under its path in that folder. With one FILE and no slash at the end,
s3://bucket/key is the key itself; "%" and "+" in it stand for themselves.

The credentials are temporary ones. They come from "bucketline login", which
renews them on the way, or from the environment: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION, which
"aws configure export-credentials --format env" prints. The environment comes
first.

The flags from --endpoint to --allow-http can also be set in the environment,
as BUCKETLINE_ENDPOINT and so on. What is still missing comes from where the
credentials come from: the login, or AWS_REGION.

Exit status: 0 when everything was stored, 1 when something was not, 2 when the
command was not understood, 130 when it was interrupted.`

// storeFlags say where the store is and how it is spoken to. Each can be set
// in the environment, as BUCKETLINE_ and its name in capitals.
type storeFlags struct {
	config   bucketline.Config
	partSize sizeFlag
	from     sizeFlag
	ca       string
}

func (f *storeFlags) register(flags *pflag.FlagSet) {
	c := &f.config
	flags.StringVar(&c.Endpoint, "endpoint", "", "`URL` of a store that is not AWS")
	flags.StringVar(&c.Region, "region", "", `region of the bucket, such as "eu-west-1"`)
	flags.StringVar(&c.Profile, "profile", "", "kind of store: aws, minio, ceph, r2, b2, gcs, seaweedfs or versitygw (default aws)")
	flags.BoolVar(&c.PathStyle, "path-style", false, "put the bucket into the path")
	flags.BoolVar(&c.VirtualHost, "virtual-host", false, "put the bucket into the host name")
	flags.BoolVar(&c.DualStack, "dual-stack", false, "use AWS's host names for IPv4 and IPv6")
	flags.BoolVar(&c.Accelerate, "accelerate", false, "use S3 Transfer Acceleration")
	flags.StringVar(&c.SendTo, "send-to", "", "`URL` of a CDN that forwards to the bucket")
	flags.StringVar(&c.ExpectedBucketOwner, "expected-owner", "", "account that must own the bucket")
	flags.IntVar(&c.SignatureVersion, "sign", 4, "signature version, 4 or 2")
	flags.IntVar(&c.Connections, "connections", 0, "requests at once, 1 to 256 (default 6)")
	flags.Var(&f.partSize, "part-size", "`size` of a part, 5MiB to 5GiB (default 8MiB)")
	flags.Var(&f.from, "threshold", "`size` from which files go up in parts (default 16MiB)")
	flags.StringVar(&f.ca, "ca", "", "PEM `file` with further authorities to trust, such as that of bucketline dev --tls")
	flags.BoolVar(&c.AllowHTTP, "allow-http", false, "allow http:// to another machine, with credentials in clear")
}

// fromEnvironment sets every flag of set that is not on the command line.
func (f *storeFlags) fromEnvironment(set *pflag.FlagSet) error {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(storeFlags).register(own)
	var wrong error
	own.VisitAll(func(known *pflag.Flag) {
		flag := set.Lookup(known.Name)
		if flag.Changed || wrong != nil {
			return
		}
		name := "BUCKETLINE_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || value == "" {
			return
		}
		if err := set.Set(flag.Name, value); err != nil {
			wrong = fmt.Errorf("%s: %w", name, err)
		}
	})
	return wrong
}

// finish returns the client's configuration, but for the bucket and the
// credentials.
func (f *storeFlags) finish() (bucketline.Config, error) {
	c := f.config
	c.PartSize, c.MultipartThreshold = int64(f.partSize), int64(f.from)
	var err error
	c.RootCAs, err = authorities(f.ca)
	return c, err
}

// authorities is what to trust: the system's, and those in a file; nil means
// the system's alone.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca: %q holds no PEM certificate", file)
	}
	return pool, nil
}

// sizeFlag is a number of bytes: "16MiB", "5GiB" or "8388608".
type sizeFlag int64

func (s *sizeFlag) Type() string { return "size" }

func (s *sizeFlag) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

func (s *sizeFlag) Set(text string) error {
	number, unit := text, int64(1)
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}} {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			number, unit = rest, u.bytes
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 1 || n > (1<<62)/unit {
		return errors.New("write a number of bytes, or of KiB, MiB or GiB, such as 16MiB")
	}
	*s = sizeFlag(n * unit)
	return nil
}

// upFlags are all the flags of up.
type upFlags struct {
	store     storeFlags
	object    objectFlags
	longLived bool
	json      bool
	quiet     bool
}

func newUp() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up FILE|DIR… s3://BUCKET/PREFIX/",
		Short: "Upload files and folders to a bucket",
		Long:  upLong,
		Example: `  bucketline up video.mov s3://photos/users/alice/
  bucketline up --metadata album=summer photos/ s3://photos/users/alice/2026/
  bucketline up --endpoint http://127.0.0.1:9000 --path-style report.pdf s3://docs/q3.pdf`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("say what to upload and where to: bucketline up FILE|DIR… s3://BUCKET/PREFIX/ (--help tells more)")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runUp(cmd, &f, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	f.store.register(flags)
	f.object.register(flags)
	flags.BoolVar(&f.longLived, "allow-long-lived", false, "allow keys in the environment that do not end; who gets hold of them keeps them")
	flags.BoolVar(&f.json, "json", false, "print one JSON object a line, for programs")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only what went wrong")
	return cmd
}

// runUp puts together what the command line, the environment and the login
// say, and uploads.
func runUp(cmd *cobra.Command, f *upFlags, args []string) error {
	to, err := parseDestination(args[len(args)-1])
	if err != nil {
		return usage(err)
	}
	origins, err := parseOrigins(args[:len(args)-1], to)
	if err != nil {
		return usage(err)
	}
	object, err := f.object.parse()
	if err != nil {
		return usage(err)
	}
	if err := f.store.fromEnvironment(cmd.Flags()); err != nil {
		return usage(err)
	}
	u := &upload{origins: origins, to: to, object: object}
	if err := f.credentials(cmd.Context(), u, cmd.Flags()); err != nil {
		return usage(err)
	}
	if to.bucket == "" {
		u.to.bucket = u.config.Bucket
	}
	u.config.Bucket = u.to.bucket
	u.show = func(client *bucketline.Client) display { return f.display(cmd, u, client) }
	return u.run(cmd.Context())
}

// credentials fills in u's configuration with the credentials and, where they
// are the login's, with the rest that was said there.
func (f *upFlags) credentials(ctx context.Context, u *upload, flags *pflag.FlagSet) error {
	given, ok, err := environmentCredentials(f.longLived)
	if err != nil {
		return err
	}
	if ok {
		// A login has its own region; these keys have what goes with them.
		if !flags.Changed("region") {
			f.store.config.Region = os.Getenv("AWS_REGION")
		}
		u.config, err = f.store.finish()
		u.config.Credentials = given
		return err
	}
	session, err := openSession()
	if err != nil {
		return err
	}
	session.defaults(&f.store, flags)
	if u.config, err = f.store.finish(); err != nil {
		return err
	}
	u.config.Bucket = session.saved.Bucket
	u.config.CredentialsExpired = func(ctx context.Context) (bucketline.Credentials, error) {
		c, err := session.renew(ctx)
		if err == nil {
			u.note("credentials until " + c.Expiration.Local().Format("15:04:05"))
		}
		return c, err
	}
	return nil
}

// display chooses who the upload is shown to.
func (f *upFlags) display(cmd *cobra.Command, u *upload, client *bucketline.Client) display {
	out, err := cmd.OutOrStdout(), cmd.ErrOrStderr()
	switch {
	case f.json:
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return machine{encoder}
	case f.quiet:
		return quiet{err}
	case err == os.Stderr && term.IsTerminal(int(os.Stderr.Fd())):
		u.count = true
		b := newBars(err, client.Totals, u.counted)
		if term.IsTerminal(int(os.Stdout.Fd())) {
			return b
		}
		return both{b, &lines{out: out, err: nowhere{}}}
	}
	return &lines{out: out, err: err}
}

// both shows bars on the terminal while standard output, which goes elsewhere,
// lists what was stored.
type both struct {
	*bars
	lines *lines
}

func (b both) stored(name string, r bucketline.Result) { b.lines.stored(name, r) }

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
