package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bucketline/bucketline"
)

// storeFlags say where the store is and how it is spoken to. Each can be set
// in the environment, as BUCKETLINE_ and its name in capitals.
type storeFlags struct {
	config    bucketline.Config
	partSize  sizeFlag
	from      sizeFlag
	checksum  checksumFlag
	bandwidth string
	ca        string
	longLived bool
	holdFor   time.Duration
	source    credentialSource
}

// registerPlace adds the flags that say where the store is.
func (f *storeFlags) registerPlace(flags *pflag.FlagSet) {
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
}

// registerWay adds the flags that say how the store is spoken to.
func (f *storeFlags) registerWay(flags *pflag.FlagSet) {
	c := &f.config
	flags.IntVar(&c.SignatureVersion, "sign", 4, "signature version, 4 or 2")
	flags.StringVar(&f.ca, "ca", "", "PEM `file` with further authorities to trust, such as that of bucketline dev --tls")
	flags.BoolVar(&c.AllowHTTP, "allow-http", false, "allow http:// to another machine, with credentials in clear")
	f.source.register(flags)
	flags.BoolVar(&f.longLived, "allow-long-lived", false, "allow keys, of the environment or --credentials-from, that do not end; who gets hold of them keeps them")
	flags.DurationVar(&c.RetryFor, "retry-for", 0, "how long a request that fails is tried again (default 15m)")
	flags.DurationVar(&f.holdFor, "hold-for", 0, "how long uploads wait for credentials, such as for you to sign in again (default 15m; where there is no terminal, not for that)")
	flags.DurationVar(&c.StallAfter, "stall-after", 0, "how long a request may move no byte before it is sent again (default 30s)")
}

// registerLoad adds the flags that say how much is sent at once.
func (f *storeFlags) registerLoad(flags *pflag.FlagSet) {
	c := &f.config
	flags.IntVarP(&c.Connections, "jobs", "j", 0, "requests at once, 1 to 256 (default: as many as make it faster)")
	flags.StringVar(&f.bandwidth, "bandwidth", "", "send `SPEED` a second at most, like 500KB or 2MB")
	flags.Var(&f.checksum, "checksum", "what the store compares each object with: auto (the best that it has), none, crc64nvme, crc32c, crc32, sha256, sha1 or md5")
	flags.Var(&f.partSize, "part-size", "`size` of a part, 5MiB to 5GiB (default: by the measured speed)")
	flags.Var(&f.from, "threshold", "`size` from which files go up in parts (default 16MiB)")
}

// fromEnvironment sets the flags that were not given from the environment.
func (f *storeFlags) fromEnvironment(set *pflag.FlagSet) error {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	blank := new(storeFlags)
	blank.registerPlace(own)
	blank.registerWay(own)
	blank.registerLoad(own)
	var wrong error
	own.VisitAll(func(known *pflag.Flag) {
		flag := set.Lookup(known.Name)
		if flag == nil || flag.Changed || flag.Name == "allow-long-lived" || wrong != nil {
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
	c.Checksum, c.WithoutChecksum = f.checksum.algorithm, f.checksum.none
	if c.RetryFor < 0 || c.StallAfter < 0 || f.holdFor < 0 {
		return c, errors.New("--retry-for, --stall-after and --hold-for must not be negative")
	}
	var err error
	if c.BytesPerSecond, err = parseRate(f.bandwidth); err != nil {
		return c, fmt.Errorf("--bandwidth: %w", err)
	}
	c.RootCAs, err = authorities(f.ca)
	return c, err
}

// patience is how long a store that has never answered is waited for.
func (f *storeFlags) patience(flags *pflag.FlagSet) time.Duration {
	if flags.Changed("retry-for") {
		return forEver
	}
	return patience
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

// holdFor is how long uploads wait for credentials, unless --hold-for says so.
const holdFor = 15 * time.Minute

// configure puts the flags, the environment and the login together: where the
// store is, how it is spoken to, and whose credentials are used. note is told of
// each renewal, and of a sign-in that has ended; without one, that is not waited
// for.
func (f *storeFlags) configure(flags *pflag.FlagSet, note func(string)) (bucketline.Config, error) {
	if err := f.fromEnvironment(flags); err != nil {
		return bucketline.Config{}, err
	}
	if f.source.given() {
		return f.configureSource(flags, note)
	}
	given, ok, err := environmentCredentials(f.longLived)
	if err != nil {
		return bucketline.Config{}, err
	}
	if ok {
		// A login has its own region; these keys have what goes with them.
		if !flags.Changed("region") {
			f.config.Region = os.Getenv("AWS_REGION")
		}
		c, err := f.finish()
		c.Credentials = given
		return c, err
	}
	session, err := openSession(context.Background())
	if err != nil {
		c, wrong := f.finish() // for who needs no credentials
		return c, cmp.Or(wrong, err)
	}
	session.defaults(f, flags)
	c, err := f.finish()
	c.Bucket = session.saved.Bucket
	quiet, _ := flags.GetBool("quiet")
	patient := note != nil && (f.holdFor > 0 || interactive(os.Stderr) && !quiet)
	if note == nil {
		note = func(string) {}
	}
	c.HoldFor = cmp.Or(f.holdFor, holdFor)
	c.RefreshFor, c.RefreshTimeout = c.HoldFor, c.HoldFor
	c.CredentialsExpired = func(ctx context.Context) (bucketline.Credentials, error) {
		return session.keep(ctx, patient, note)
	}
	return c, err
}

// sizeFlag is a number of bytes: "16MiB", "5GiB" or "8388608".
type sizeFlag int64

// Type is what the flag is called in a usage text.
func (s *sizeFlag) Type() string { return "size" }

func (s *sizeFlag) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Set reads the flag.
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

// checksumFlag is the name of a checksum.
type checksumFlag struct {
	name      string
	algorithm bucketline.Algorithm
	none      bool
}

// Type is what the flag is called in a usage text.
func (c *checksumFlag) Type() string { return "name" }

func (c *checksumFlag) String() string { return c.name }

// Set reads the flag.
func (c *checksumFlag) Set(text string) error {
	name := strings.ToLower(text)
	*c = checksumFlag{name: name, none: name == "none"}
	if c.none || name == "auto" {
		return nil
	}
	for _, a := range []bucketline.Algorithm{
		bucketline.CRC64NVME, bucketline.CRC32C, bucketline.CRC32, bucketline.SHA256, bucketline.SHA1, bucketline.ContentMD5,
	} {
		if strings.ToLower(a.String()) == name {
			c.algorithm = a
			return nil
		}
	}
	return errors.New("it is none of auto, none, crc64nvme, crc32c, crc32, sha256, sha1 and md5")
}
