// Package awsconfig gets credentials as AWS's own tools do: from the profiles of
// the shared configuration (~/.aws/config and credentials) with IAM Identity
// Center (SSO), assumed roles, web identities and credential_process, from the
// environment, and from the metadata of containers and EC2 machines. It stands
// on aws-sdk-go-v2's config package, so that a profile means here what it means
// there; it is a package of its own so that programs that do not want that module
// do not get it.
//
// The rule a caller can break: credentials that do not end are refused unless
// Options.LongLived is set. As the source of another provider, such as
// AssumeRole, they are what is wanted; to upload with, they are good for whoever
// gets hold of them until somebody notices.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/provider"
)

// Options are the choices of Load and Process.
type Options struct {
	// Profile is one of the shared configuration; empty means AWS_PROFILE, or
	// "default". With a name, keys in the environment do not count.
	Profile string

	// LongLived allows credentials that do not end. Their Expiration is the end
	// of the year 9999.
	LongLived bool
}

// Source is where credentials come from.
type Source struct {
	// Region is the profile's, or AWS_REGION; empty when neither says one.
	Region string

	// Credentials asks anew each time: for another session of SSO, say.
	Credentials provider.Func
}

// ErrLongLived says that credentials do not end.
var ErrLongLived = errors.New("the keys do not end: take a profile that gives temporary credentials, or allow these")

// Load reads the shared configuration.
//
// AWS SDKs and Tools Reference Guide, "Shared config and credentials files" and
// "Standardized credential providers".
func Load(ctx context.Context, o Options) (*Source, error) {
	var choices []func(*config.LoadOptions) error
	if o.Profile != "" {
		choices = append(choices, config.WithSharedConfigProfile(o.Profile))
	}
	c, err := config.LoadDefaultConfig(ctx, choices...)
	if err != nil {
		return nil, fmt.Errorf("read AWS's shared configuration: %w", clean(err))
	}
	return &Source{Region: c.Region, Credentials: retriever{c.Credentials, o.LongLived}.get}, nil
}

// Process runs command, through a shell, each time credentials are wanted, and
// reads what it prints: AWS's credential_process. It has a minute for that.
//
// AWS SDKs and Tools Reference Guide, "Process credential provider".
func Process(command string, o Options) provider.Func {
	return retriever{processcreds.NewProvider(command), o.LongLived}.get
}

// retriever makes a provider.Func of AWS's.
type retriever struct {
	provider  aws.CredentialsProvider
	longLived bool
}

func (r retriever) get(ctx context.Context) (bucketline.Credentials, error) {
	// What the cache holds is what somebody does not want any more.
	if cache, ok := r.provider.(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
	c, err := r.provider.Retrieve(ctx)
	if err != nil {
		return bucketline.Credentials{}, clean(err)
	}
	out := bucketline.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expires.UTC()}
	if !c.CanExpire {
		if !r.longLived {
			return bucketline.Credentials{}, ErrLongLived
		}
		out.Expiration = time.UnixMilli(int64(cred.MaxExpiration)).UTC()
	}
	return out, nil
}

// clean makes an error of AWS's into one that shows no secret: what a process
// has printed is part of the error when it cannot be read.
func clean(err error) error {
	var (
		process *processcreds.ProviderError
		exit    *exec.ExitError
		missing *exec.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("credentials were not there in time: %w", context.DeadlineExceeded)
	case !errors.As(err, &process):
		return errors.New(exchange.Clean(err.Error()))
	case errors.As(err, &exit):
		return fmt.Errorf("credential_process: %w", exit)
	case errors.As(err, &missing):
		return fmt.Errorf("credential_process: %w", missing)
	}
	for _, known := range []string{"wrong version", "missing AccessKeyId", "missing SecretAccessKey", "timed out"} {
		if strings.Contains(process.Error(), known) {
			return errors.New("credential_process: " + known)
		}
	}
	return errors.New("credential_process: what it printed is not JSON in the form that AWS documents")
}
