package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bucketline/bucketline"
	providers "github.com/bucketline/bucketline/provider"
	"github.com/bucketline/bucketline/provider/awsconfig"
)

// credentialSource is where credentials come from when it is neither the
// environment nor the login.
type credentialSource struct {
	from    string // --credentials-from
	profile string // --aws-profile
}

// register adds the flags.
func (s *credentialSource) register(flags *pflag.FlagSet) {
	flags.StringVar(&s.from, "credentials-from", "", "`SOURCE` of credentials: aws (its shared configuration: profiles, SSO, roles), container (the AWS_CONTAINER_ variables), process:COMMAND, or the URL of a JSON endpoint (default: the environment, then the login)")
	flags.StringVar(&s.profile, "aws-profile", "", "`name` of a profile in AWS's shared configuration; goes with --credentials-from aws")
}

// given reports that there is such a source.
func (s *credentialSource) given() bool { return s.from != "" || s.profile != "" }

// firstTimeout bounds the wait for the first credentials: a person may have to
// confirm something that a process asks.
const firstTimeout = 2 * time.Minute

// unattendedHold is how long uploads wait for credentials where nobody can do
// anything about them.
const unattendedHold = time.Minute

// open returns who gives the credentials, and the region that goes with them, if
// any does.
func (s *credentialSource) open(ctx context.Context, longLived bool, roots *x509.CertPool) (get providers.Func, region string, err error) {
	o := awsconfig.Options{Profile: s.profile, LongLived: longLived}
	command, isProcess := strings.CutPrefix(s.from, "process:")
	switch {
	case s.profile != "" && s.from != "" && s.from != "aws":
		return nil, "", usage(errors.New("--aws-profile goes with --credentials-from aws alone"))
	case s.from == "" || s.from == "aws":
		source, err := awsconfig.Load(ctx, o)
		if err != nil {
			return nil, "", err
		}
		return source.Credentials, source.Region, nil
	case s.from == "container":
		get, ok := providers.ContainerFromEnvironment(providers.Options{RootCAs: roots})
		if !ok {
			return nil, "", errors.New("--credentials-from container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
		}
		return get, os.Getenv("AWS_REGION"), nil
	case isProcess && strings.TrimSpace(command) != "":
		return awsconfig.Process(command, o), os.Getenv("AWS_REGION"), nil
	case strings.HasPrefix(s.from, "https://"), strings.HasPrefix(s.from, "http://"):
		return providers.Container(s.from, endpointAuthorization(), providers.Options{RootCAs: roots}), os.Getenv("AWS_REGION"), nil
	}
	return nil, "", usage(errors.New("--credentials-from: it is none of aws, container, process:COMMAND and a URL"))
}

// endpointAuthorization is what the environment has for a JSON endpoint, in the
// words of AWS's: a file, which is read each time, goes before the token itself.
func endpointAuthorization() providers.Token {
	if file := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		return providers.TokenFile(file)
	}
	if token := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"); token != "" {
		return func(context.Context) (string, error) { return token, nil }
	}
	return nil
}

// configureSource is configure with credentials of f.source. The first are got
// at once, so that a source that does not work is told before anything is read.
func (f *storeFlags) configureSource(flags *pflag.FlagSet, note func(string)) (bucketline.Config, error) {
	c, err := f.finish()
	if err != nil {
		return c, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), firstTimeout)
	defer cancel()
	get, region, err := f.source.open(ctx, f.longLived, c.RootCAs)
	if err != nil {
		return c, err
	}
	if !flags.Changed("region") && c.Region == "" {
		c.Region = region
	}
	if c.Credentials, err = get(ctx); err != nil {
		return c, sourceError(err)
	}
	quiet, _ := flags.GetBool("quiet")
	hold := unattendedHold
	if note != nil && interactive(os.Stderr) && !quiet {
		hold = holdFor
	}
	if note == nil {
		note = func(string) {}
	}
	c.HoldFor = cmp.Or(f.holdFor, hold)
	c.RefreshFor = c.HoldFor
	c.CredentialsExpired = func(ctx context.Context) (bucketline.Credentials, error) {
		credentials, err := get(ctx)
		if err != nil {
			return credentials, sourceError(err)
		}
		note("credentials until " + credentials.Expiration.Local().Format(time.TimeOnly))
		return credentials, nil
	}
	return c, nil
}

// sourceError says what to do about keys that do not end, and which source it
// was.
func sourceError(err error) error {
	if errors.Is(err, awsconfig.ErrLongLived) {
		return errors.New("the keys of --credentials-from do not end: take a profile that gives temporary credentials, or allow these with --allow-long-lived")
	}
	return fmt.Errorf("--credentials-from: %w", err)
}
