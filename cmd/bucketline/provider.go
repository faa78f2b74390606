package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/driver/nethttp"
)

// provider gets ID tokens from an identity provider and credentials for them
// from an STS, for one login, which it keeps up to date.
type provider struct {
	login     *savedLogin
	transport *nethttp.Transport
	party     rp.RelyingParty
	idToken   string
}

// clockLeeway is how far the provider's clock may be ahead of ours.
const clockLeeway = 30 * time.Second

// newProvider asks the provider where its endpoints are (OpenID Connect
// Discovery 1.0). redirect is the loopback address of a sign-in, or empty.
func newProvider(ctx context.Context, login *savedLogin, redirect string) (*provider, error) {
	roots, err := authorities(login.CA)
	if err != nil {
		return nil, err
	}
	p := &provider{login: login, transport: nethttp.New(nethttp.Options{RootCAs: roots})}
	client := p.transport.Client()
	client.Timeout = time.Minute
	p.party, err = rp.NewRelyingPartyOIDC(ctx, login.Issuer, login.ClientID, "", redirect, login.Scopes,
		rp.WithHTTPClient(client),
		rp.WithAuthStyle(oauth2.AuthStyleInParams), // a public client has no secret to send in a header
		// exchange checks the nonce itself: the ID token of a refresh need not
		// have the one of the sign-in, and may (OpenID Connect Core 1.0, section
		// 12.2).
		rp.WithVerifierOpts(rp.WithIssuedAtOffset(clockLeeway), rp.WithNonce(nil)))
	if err != nil {
		p.close()
		return nil, fmt.Errorf("ask the identity provider %s: %w", login.Issuer, providerError(err))
	}
	return p, nil
}

func (p *provider) close() { p.transport.Close() }

// providerError makes an error of the library's that quotes no answer: one
// that cannot be read may hold a token.
func providerError(err error) error {
	var (
		refused   *oidc.Error
		retrieved *oauth2.RetrieveError
		sending   *url.Error
	)
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%s %s", refused.ErrorType, refused.Description)
	case errors.As(err, &retrieved) && retrieved.ErrorCode != "":
		return fmt.Errorf("%s %s", retrieved.ErrorCode, retrieved.ErrorDescription)
	case errors.As(err, &sending):
		return sending.Err
	case errors.Is(err, oidc.ErrIssuerInvalid):
		return errors.New("it says that it is another issuer: check the URL, to the last slash")
	case errors.Is(err, oidc.ErrExpired), errors.Is(err, oidc.ErrIatInFuture), errors.Is(err, oidc.ErrIatMissing):
		return errors.New("its ID token is not of this time: check this computer's clock")
	case errors.Is(err, oidc.ErrSignatureInvalid), errors.Is(err, oidc.ErrSignatureMissing), errors.Is(err, oidc.ErrAudience), errors.Is(err, oidc.ErrNonceInvalid):
		return errors.New("its ID token is not genuine, or for somebody else")
	}
	return errors.New("its answer is none of OpenID Connect: check the URL")
}

// exchange turns the code of a sign-in into tokens.
func (p *provider) exchange(ctx context.Context, code, verifier, nonce string) error {
	tokens, err := rp.CodeExchange[*oidc.IDTokenClaims](ctx, code, p.party, rp.WithCodeVerifier(verifier))
	if err != nil {
		return fmt.Errorf("exchange the code of the sign-in at %s: %w", p.login.Issuer, providerError(err))
	}
	if tokens.IDTokenClaims.Nonce != nonce {
		// OpenID Connect Core 1.0, section 3.1.3.7: another sign-in's token.
		return fmt.Errorf("exchange the code of the sign-in at %s: %w", p.login.Issuer, providerError(oidc.ErrNonceInvalid))
	}
	return p.take(tokens)
}

// refresh gets a new ID token: credentials outlive it, so the one of the
// sign-in may have ended (the STS looks at its expiry).
func (p *provider) refresh(ctx context.Context) error {
	if p.login.RefreshToken == "" {
		p.idToken = p.login.IDToken // STS says when it has ended
		return nil
	}
	tokens, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, p.party, p.login.RefreshToken, "", "")
	var refused *oidc.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorType == oidc.InvalidGrant:
		return errors.New(`the sign-in has ended: sign in again with "bucketline login"`)
	case err != nil:
		return fmt.Errorf("renew the sign-in at %s: %w", p.login.Issuer, providerError(err))
	}
	return p.take(tokens)
}

func (p *provider) take(tokens *oidc.Tokens[*oidc.IDTokenClaims]) error {
	if tokens.IDToken == "" {
		return errors.New("the identity provider gave no ID token, which the STS needs: ask for the scope openid")
	}
	if p.login.Subject != "" && p.login.Subject != tokens.IDTokenClaims.Subject {
		return errors.New("the identity provider answered for another user")
	}
	p.idToken, p.login.Subject = tokens.IDToken, tokens.IDTokenClaims.Subject
	if tokens.RefreshToken != "" {
		p.login.RefreshToken = tokens.RefreshToken
	}
	p.login.IDToken = ""
	if p.login.RefreshToken == "" {
		p.login.IDToken = tokens.IDToken
	}
	return nil
}

const (
	assumeAttempts = 3
	assumePause    = time.Second
)

// assume exchanges the ID token for credentials.
func (p *provider) assume(ctx context.Context) error {
	exchange := sts.WebIdentity{
		Endpoint: p.login.STS, RoleARN: p.login.RoleARN, RoleSessionName: sts.SessionName(p.login.Subject),
		Token: p.idToken, DurationSeconds: p.login.DurationSeconds,
	}
	request, err := exchange.Request()
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		answer, err := p.askSTS(ctx, request)
		if err == nil {
			c := answer.Credentials
			p.login.Credentials = savedCredentials{
				AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
				Expiration: time.UnixMilli(int64(c.Expiration)).UTC(),
			}
			return nil
		}
		var refused *sts.Error
		if !errors.As(err, &refused) || refused.Advice() != sts.Retry || attempt == assumeAttempts {
			return err
		}
		select {
		case <-time.After(time.Duration(attempt) * assumePause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *provider) askSTS(ctx context.Context, r sts.Request) (sts.Answer, error) {
	answer, err := p.transport.Post(ctx, r.URL, r.ContentType, r.Body)
	if err != nil {
		return sts.Answer{}, fmt.Errorf("ask the STS %s: %w", p.login.STS, err)
	}
	given, err := sts.Parse(answer.Status, answer.Body)
	var refused *sts.Error
	if errors.As(err, &refused) && refused.Advice() == sts.NewToken {
		return given, fmt.Errorf("the STS does not accept the sign-in, sign in again with \"bucketline login\": %w", err)
	}
	return given, err
}
