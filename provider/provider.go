// Package provider gets temporary credentials over the network, for a
// [bucketline.Config] and whoever else wants them: from STS, Cognito identity
// pools, a JSON endpoint, Cloudflare R2, S3 Express and S3 Access Grants. What
// each service is told is worded by the package of its name below cred; this one
// carries it out.
//
// Each function returns a Func, which asks anew whenever it is called, and is
// what CredentialsExpired wants:
//
//	client, err := bucketline.New(bucketline.Config{
//		Bucket: "photos", Region: "eu-west-1",
//		CredentialsExpired: provider.WebIdentity(sts.WebIdentity{
//			Endpoint: "https://sts.eu-west-1.amazonaws.com", RoleARN: role, RoleSessionName: "alice",
//		}, idToken, provider.Options{}),
//	})
//
// Nothing is cached, but by Keep. No redirection is followed, answers are
// bounded, and no error quotes a token or a key. The rule a caller can break: a
// Func that signs with other credentials (AssumeRole, SessionToken, Express,
// Grants) or holds a parent's secret (R2, R2Minted) is for a machine that may
// have those.
//
// Profiles of AWS's shared configuration, SSO and credential_process are in
// package provider/awsconfig, which needs modules that this one does not.
package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/cognito"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/express"
	"github.com/bucketline/bucketline/cred/grants"
	"github.com/bucketline/bucketline/cred/r2"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/sign"
)

// Func gets credentials. It may be called at any time, by several goroutines.
type Func = func(context.Context) (bucketline.Credentials, error)

// Token returns an ID token, or another text that proves who asks, when it is
// called: tokens end too. It is called again when the service refuses the first
// one, and once only if it returns the same.
type Token = func(context.Context) (string, error)

// Options are the choices of a Func. The zero value will do.
type Options struct {
	// RootCAs are the authorities that a service's certificate may come from;
	// nil means the system's.
	RootCAs *x509.CertPool
}

// WebIdentity trades ID tokens for credentials: AssumeRoleWithWebIdentity. What
// w has as its Token does not matter.
func WebIdentity(w sts.WebIdentity, token Token, o Options) Func {
	return asker{transport: newTransport(o), token: token, begin: func() exchange.Service { return &w }}.ask
}

// AssumeRole trades credentials for those of a role. The Expiration of source's
// does not matter.
func AssumeRole(a sts.AssumeRole, source Func, o Options) Func {
	return asker{transport: newTransport(o), source: source, begin: func() exchange.Service { return &a }}.ask
}

// SessionToken trades a user's permanent keys for temporary ones:
// GetSessionToken.
func SessionToken(s sts.SessionToken, source Func, o Options) Func {
	return asker{transport: newTransport(o), source: source, begin: func() exchange.Service { return &s }}.ask
}

// Cognito asks a Cognito identity pool, in the enhanced flow, or in the basic one
// if p has a RoleARN. token may be nil for a guest.
func Cognito(p cognito.Pool, token Token, o Options) Func {
	return asker{transport: newTransport(o), token: token, begin: func() exchange.Service {
		own := p // it keeps what the pool answers
		return &own
	}}.ask
}

// R2 asks Cloudflare's API, which token is a token for.
func R2(b r2.Bucket, token Token, o Options) Func {
	return asker{transport: newTransport(o), token: token, begin: func() exchange.Service { return &b }}.ask
}

// R2Minted derives credentials for R2 from the parent's secret access key, and
// asks nobody. actions are as in [r2.Bucket.Mint].
func R2Minted(b r2.Bucket, parentSecret string, actions ...string) Func {
	return func(context.Context) (bucketline.Credentials, error) {
		c, err := b.Mint(parentSecret, actions, sign.UnixMilli(time.Now().UnixMilli()))
		if err != nil {
			return bucketline.Credentials{}, err
		}
		return public(c), nil
	}
}

// Express trades credentials for those of a directory bucket, which live for
// five minutes.
func Express(s express.Session, source Func, o Options) Func {
	return asker{transport: newTransport(o), source: source, begin: func() exchange.Service { return &s }}.ask
}

// Grants asks S3 Access Grants.
func Grants(a grants.Access, source Func, o Options) Func {
	return asker{transport: newTransport(o), source: source, begin: func() exchange.Service { return &a }}.ask
}

// Static always returns c: the source of another Func.
func Static(c bucketline.Credentials) Func {
	return func(context.Context) (bucketline.Credentials, error) { return c, nil }
}

// errNobody says that a Func was made without what it asks for.
var errNobody = errors.New("nobody was given who could say: the token or the source is nil")

const (
	attempts = 3
	pause    = 500 * time.Millisecond // before the second attempt; longer before the third
)

// asker carries out exchanges of one kind.
type asker struct {
	transport *transport
	begin     func() exchange.Service
	token     Token
	source    Func
}

// ask is the Func. What is worth trying again is tried again, a little.
func (a asker) ask(ctx context.Context) (bucketline.Credentials, error) {
	for attempt := 1; ; attempt++ {
		m := exchange.New(a.begin())
		c, err := a.run(ctx, m)
		if err == nil {
			return c, nil
		}
		if attempt == attempts || ctx.Err() != nil || !worthRetrying(err) {
			return bucketline.Credentials{}, err
		}
		select {
		case <-time.After(time.Duration(attempt) * pause):
		case <-ctx.Done():
			return bucketline.Credentials{}, context.Cause(ctx)
		}
	}
}

func worthRetrying(err error) bool {
	var refused *exchange.Error
	if errors.As(err, &refused) {
		return refused.Advice() == exchange.Retry
	}
	var broken *brokenError
	return errors.As(err, &broken)
}

// run takes one exchange to its end.
func (a asker) run(ctx context.Context, m *exchange.Machine) (bucketline.Credentials, error) {
	offset := time.Duration(0) // of the service's clock to ours
	var wrong time.Duration    // as its answers have it
	for {
		switch m.Step() {
		case exchange.StepToken:
			token, err := a.askToken(ctx)
			if err != nil {
				return bucketline.Credentials{}, err
			}
			m.Token(token)
		case exchange.StepSource:
			source, err := a.askSource(ctx)
			if err != nil {
				return bucketline.Credentials{}, err
			}
			m.Source(source)
		case exchange.StepSend:
			op := m.Op()
			r, err := m.Request(sign.UnixMilli(time.Now().Add(offset).UnixMilli()))
			if err != nil {
				return bucketline.Credentials{}, err
			}
			answer, err := a.transport.send(ctx, r)
			if err != nil {
				return bucketline.Credentials{}, fmt.Errorf("%s: %w", op, err)
			}
			m.Answer(answer.status, answer.body)
			skew, ok := answer.skew(time.Now())
			if ok {
				wrong = skew
			}
			if ok && m.Resign() {
				offset = skew
			}
		case exchange.StepDone:
			c := public(m.Credentials())
			c.Skew = wrong
			return c, nil
		case exchange.StepFailed:
			return bucketline.Credentials{}, m.Err()
		}
	}
}

func (a asker) askToken(ctx context.Context) (string, error) {
	if a.token == nil {
		return "", errNobody
	}
	return a.token(ctx)
}

func (a asker) askSource(ctx context.Context) (sign.Credentials, error) {
	if a.source == nil {
		return sign.Credentials{}, errNobody
	}
	c, err := a.source(ctx)
	return sign.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
}

func public(c cred.Credentials) bucketline.Credentials {
	return bucketline.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		Expiration: time.UnixMilli(int64(c.Expiration)).UTC(),
	}
}
