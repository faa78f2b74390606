package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bucketline/bucketline/issuer"
	"github.com/bucketline/bucketline/sign"
)

const issuerLong = `Run a service that trades ID tokens for temporary credentials of one prefix of
one bucket: for stores without an STS that pages may ask.

A page sends GET /credentials with the ID token as Authorization: Bearer. The
answer has the form of the AWS container credential provider. The credentials
are made by a back end:

  sts           AssumeRole at AWS's STS or, with --sts, at MinIO's, with a session
                policy for the prefix. The issuer's own keys are found as the AWS
                SDKs find them: environment, shared configuration, instance, task, pod.
  web-identity  AssumeRoleWithWebIdentity with the ID token itself and a session
                policy, at --sts: for an STS without CORS, such as Ceph's, and for
                "bucketline dev".
  r2            Cloudflare's API, for R2.

Each flag can also be a variable, BUCKETLINE_ISSUER_ and its name in capitals with
underscores, or a member of the JSON file that --config names. A flag counts
before a variable, and a variable before the file. What is not known is refused.
Secrets are no flags: R2's API token is in the file that --r2-token-file names, or
in BUCKETLINE_ISSUER_R2_TOKEN.`

// issuerFlags are the flags of the issuer, however they were given.
type issuerFlags struct {
	config              string
	check               bool
	listen, metrics     string
	certificate, key    string
	behindProxy         bool
	proxies             []string
	drain               time.Duration
	logFormat, logLevel string
	ca                  string
	backend             string
	sts, region         string
	roleARN, externalID string
	partition           string
	account, parent     string
	r2TokenFile, r2API  string
	r2Token             string // from the environment alone
	life                time.Duration
	subject, address    issuer.Rate
	issuer.Config
}

func newIssuer() *cobra.Command {
	f := new(issuerFlags)
	cmd := &cobra.Command{
		Use:   "issuer --issuer URL --audience ID --bucket NAME --backend sts|web-identity|r2",
		Short: "Trade ID tokens for credentials of one prefix, as a service",
		Long:  issuerLong,
		Example: `  bucketline issuer --issuer https://id.example.com --audience uploads --origin https://app.example.com \
    --bucket photos --backend sts --sts https://sts.eu-west-1.amazonaws.com \
    --role-arn arn:aws:iam::123456789012:role/uploads --listen 127.0.0.1:8080
  bucketline issuer --config /etc/bucketline/issuer.json --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.gather(cmd.Flags(), os.Environ()); err != nil {
				return usage(err)
			}
			return runIssuer(cmd.Context(), f, cmd.ErrOrStderr())
		},
	}
	f.define(cmd.Flags())
	return cmd
}

func (f *issuerFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.config, "config", "", "JSON `file` with flags by their names")
	flags.BoolVar(&f.check, "check", false, "check the configuration, and end")

	flags.StringVar(&f.Issuer, "issuer", "", "`URL` of the OpenID provider, exactly as its tokens have it")
	flags.StringSliceVar(&f.Audiences, "audience", nil, "client `ID` whose tokens are meant (repeatable)")
	flags.StringSliceVar(&f.Algorithms, "algorithm", []string{"RS256", "ES256"}, "`name` of an algorithm that may sign tokens (repeatable)")
	flags.DurationVar(&f.Leeway, "leeway", 30*time.Second, "how far the provider's clock may be off")
	flags.StringVar(&f.Bucket, "bucket", "", "`name` of the bucket")
	flags.StringVar(&f.Prefix, "prefix", "users/{sub}/", "whose part of it is whose: a `text` with claims as whole components")
	flags.BoolVar(&f.Read, "read", false, "allow to read below the prefix, too")
	flags.DurationVar(&f.life, "life", time.Hour, "how long credentials live")
	flags.StringSliceVar(&f.Origins, "origin", nil, "`origin` of a page that may ask (repeatable)")

	flags.StringVar(&f.backend, "backend", "", "who makes credentials: `sts`, web-identity or r2")
	flags.StringVar(&f.sts, "sts", "", "`URL` of the STS; for MinIO and Ceph that of the store")
	flags.StringVar(&f.region, "sts-region", "", "region of the STS (default: what its URL says)")
	flags.StringVar(&f.roleARN, "role-arn", "", "`ARN` of the role to assume; MinIO takes none")
	flags.StringVar(&f.externalID, "external-id", "", "what the role's trust policy may ask for")
	flags.StringVar(&f.partition, "partition", "aws", "AWS's partition: `aws`, aws-cn or aws-us-gov")
	flags.StringVar(&f.account, "r2-account", "", "Cloudflare account `ID`")
	flags.StringVar(&f.parent, "r2-parent", "", "access key `ID` of the R2 API token whose rights are narrowed")
	flags.StringVar(&f.r2TokenFile, "r2-token-file", "", "`file` with the Cloudflare API token; it is read each time")
	flags.StringVar(&f.r2API, "r2-api", "", "`URL` of Cloudflare's API, if not the usual one")
	flags.StringVar(&f.ca, "ca", "", "PEM `file` with further authorities to trust")

	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`address` to answer pages on")
	flags.StringVar(&f.metrics, "metrics-listen", "", "`address` to serve /metrics on (default: nowhere)")
	flags.StringVar(&f.certificate, "tls-cert", "", "PEM `file` with the certificate and its chain; read again when it changes")
	flags.StringVar(&f.key, "tls-key", "", "PEM `file` with its key")
	flags.BoolVar(&f.behindProxy, "behind-proxy", false, "answer in clear on any address: a proxy in front does TLS")
	flags.StringSliceVar(&f.proxies, "trusted-proxy", nil, "`network` whose X-Forwarded-For is believed, like 10.0.0.0/8 (repeatable)")
	flags.IntVar(&f.subject.Burst, "subject-burst", 30, "how often one person may ask at once")
	flags.DurationVar(&f.subject.Every, "subject-every", 10*time.Second, "after how long once more")
	flags.IntVar(&f.address.Burst, "address-burst", 60, "how often one address may ask at once")
	flags.DurationVar(&f.address.Every, "address-every", time.Second, "after how long once more")
	flags.DurationVar(&f.drain, "drain", 5*time.Second, "how long to go on answering after a signal to stop, while /readyz says no")
	flags.StringVar(&f.logFormat, "log-format", "json", "`json` or text")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, `info`, warn or error")
}

// complete makes an issuer.Config of the flags, all but the back end.
func (f *issuerFlags) complete(log *slog.Logger) error {
	if f.life%time.Second != 0 {
		return fmt.Errorf("--life: %v is not whole seconds", f.life)
	}
	f.LifeSeconds, f.PerSubject, f.PerAddress, f.Log = int(f.life/time.Second), f.subject, f.address, log
	for _, text := range f.proxies {
		network, err := netip.ParsePrefix(text)
		if err != nil || network != network.Masked() {
			return fmt.Errorf("--trusted-proxy: %q is not a network like 10.0.0.0/8 or fd00::/8", text)
		}
		f.TrustedProxies = append(f.TrustedProxies, network)
	}
	f.Client = issuer.NewClient()
	if f.ca != "" {
		trusted, err := authorities(f.ca)
		if err != nil {
			return err
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
		f.Client.Transport = transport
	}
	return nil
}

// backEnd makes the back end, and refuses flags of another one: who gave them
// meant something that would not happen.
func (f *issuerFlags) backEnd(ctx context.Context) (issuer.Backend, error) {
	foreign := map[string][]string{
		"sts":          {"--r2-account", f.account, "--r2-parent", f.parent, "--r2-token-file", f.r2TokenFile, "--r2-api", f.r2API},
		"web-identity": {"--r2-account", f.account, "--r2-parent", f.parent, "--r2-token-file", f.r2TokenFile, "--r2-api", f.r2API, "--external-id", f.externalID, "--sts-region", f.region},
		"r2":           {"--sts", f.sts, "--sts-region", f.region, "--role-arn", f.roleARN, "--external-id", f.externalID},
	}
	list, known := foreign[f.backend]
	if !known {
		return nil, usage(fmt.Errorf("--backend: %q is not sts, web-identity or r2", f.backend))
	}
	for i := 0; i < len(list); i += 2 {
		if list[i+1] != "" {
			return nil, usage(fmt.Errorf("%s means nothing to the back end %s", list[i], f.backend))
		}
	}
	switch f.backend {
	case "r2":
		if f.account == "" || f.parent == "" || (f.r2Token == "") == (f.r2TokenFile == "") {
			return nil, usage(errors.New("the back end r2 needs --r2-account, --r2-parent, and either --r2-token-file or BUCKETLINE_ISSUER_R2_TOKEN"))
		}
		return &issuer.R2{AccountID: f.account, ParentAccessKeyID: f.parent, Token: f.cloudflareToken, Endpoint: f.r2API, Client: f.Client}, nil
	case "web-identity":
		if f.sts == "" {
			return nil, usage(errors.New("the back end web-identity needs --sts"))
		}
		return &issuer.WebIdentity{Endpoint: f.sts, RoleARN: f.roleARN, Partition: f.partition, Client: f.Client}, nil
	}
	if f.sts == "" {
		return nil, usage(errors.New("the back end sts needs --sts, such as https://sts.eu-west-1.amazonaws.com"))
	}
	source, err := awsSource(ctx, f.check)
	if err != nil {
		return nil, err
	}
	return &issuer.AssumeRole{
		Endpoint: f.sts, Region: f.region, RoleARN: f.roleARN, ExternalID: f.externalID, Partition: f.partition, Source: source, Client: f.Client,
	}, nil
}

// awsSource finds the issuer's own keys as the AWS SDKs do, and asks for them
// once, unless unasked: a service that will never have any should not start.
func awsSource(ctx context.Context, unasked bool) (issuer.Source, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	shared, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("the shared AWS configuration: %w", err)
	}
	source := func(ctx context.Context) (sign.Credentials, error) {
		c, err := shared.Credentials.Retrieve(ctx)
		return sign.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
	}
	if unasked {
		return source, nil
	}
	if _, err := source(ctx); err != nil {
		return nil, fmt.Errorf("there are no AWS credentials to ask the STS with: %w", err)
	}
	return source, nil
}

// cloudflareToken is R2's API token, read anew each time so that it can be
// replaced while the issuer runs.
func (f *issuerFlags) cloudflareToken(context.Context) (string, error) {
	if f.r2Token != "" {
		return f.r2Token, nil
	}
	const most = 4 << 10
	text, err := os.ReadFile(f.r2TokenFile)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" || len(token) > most {
		return "", fmt.Errorf("%s has no token in it", f.r2TokenFile)
	}
	return token, nil
}
