package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/driver/nethttp"
)

// provider gets ID tokens from an identity provider and credentials for them
// from an STS, for one login, which it keeps up to date.
type provider struct {
	login     *savedLogin
	transport *nethttp.Transport
	client    *http.Client
	issuer    *providerTransport
	known     metadata
	config    oauth2.Config
	verifier  *oidc.IDTokenVerifier
	idToken   string
}

// metadata is what a provider says of itself (OpenID Connect Discovery 1.0,
// section 3; RFC 8414, section 2).
type metadata struct {
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Device        string   `json:"device_authorization_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Keys          string   `json:"jwks_uri"`
	Scopes        []string `json:"scopes_supported"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
}

// newProvider asks the provider where its endpoints are.
func newProvider(ctx context.Context, login *savedLogin) (*provider, error) {
	roots, err := authorities(login.CA)
	if err != nil {
		return nil, err
	}
	p := &provider{login: login, transport: nethttp.New(nethttp.Options{RootCAs: roots})}
	p.client, p.issuer = newProviderClient(p.transport.Client().Transport, time.Now)
	if err := p.discover(ctx); err != nil {
		p.close()
		return nil, p.wrong(ctx, "ask the identity provider", err)
	}
	return p, nil
}

func (p *provider) discover(ctx context.Context) error {
	found, err := oidc.NewProvider(p.context(ctx), p.login.Issuer)
	if err != nil {
		return err
	}
	if err := found.Claims(&p.known); err != nil {
		return err
	}
	for name, endpoint := range map[string]string{
		"token": p.known.Token, "key": p.known.Keys, "authorization": p.known.Authorization,
		"device authorization": p.known.Device, "revocation": p.known.Revocation,
	} {
		u, err := url.Parse(endpoint)
		if err == nil && endpoint != "" {
			err = notInClear(u)
		}
		if err == nil && endpoint == "" && (name == "token" || name == "key") {
			err = errors.New("it has none")
		}
		if err != nil {
			return wordedError{fmt.Sprintf("its %s endpoint cannot be used: %v", name, err)}
		}
	}
	p.config = oauth2.Config{
		ClientID: p.login.ClientID, ClientSecret: p.login.secrets.ClientSecret, Scopes: p.login.Scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: p.known.Authorization, TokenURL: p.known.Token, DeviceAuthURL: p.known.Device,
			AuthStyle: p.authStyle(),
		},
	}
	p.verifier = found.VerifierContext(p.context(ctx), &oidc.Config{ClientID: p.login.ClientID, Now: p.issuer.now})
	return nil
}

// authStyle is how the client names itself. A public one has no secret to send
// in a header; one with a secret does as the provider says, by default in the
// header (RFC 8414, section 2).
func (p *provider) authStyle() oauth2.AuthStyle {
	if p.login.secrets.ClientSecret == "" || slices.Contains(p.known.Methods, "client_secret_post") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// context makes the libraries use our HTTP client.
func (p *provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

func (p *provider) close() { p.transport.Close() }

// post sends a form in the client's name, and returns the answer.
func (p *provider) post(ctx context.Context, to string, form url.Values) ([]byte, error) {
	inHeader := p.config.Endpoint.AuthStyle == oauth2.AuthStyleInHeader
	form.Set("client_id", p.config.ClientID)
	if !inHeader && p.config.ClientSecret != "" {
		form.Set("client_secret", p.config.ClientSecret)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if inHeader {
		// RFC 6749, section 2.3.1.
		request.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.ClientSecret))
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 200 && answer.StatusCode <= 299 {
		return body, nil
	}
	var said struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &said) != nil {
		said.Code = ""
	}
	return nil, &oauth2.RetrieveError{Response: answer, ErrorCode: said.Code, ErrorDescription: said.Description}
}

// endedError says that there is no going on without signing in again.
type endedError struct{ why string }

func (e endedError) Error() string { return e.why + `: sign in again with "bucketline login"` }

// wordedError is an error whose words are ours.
type wordedError struct{ words string }

func (e wordedError) Error() string { return e.words }

// wrong says what went wrong at the provider, without the words of a library:
// they may quote an answer that holds a token.
func (p *provider) wrong(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%s %s: %s", doing, p.login.Issuer, p.without(providerWords(err)))
}

// without takes the login's secrets out of words that a provider chose.
func (p *provider) without(words string) string {
	s := p.login.secrets
	for _, secret := range []string{s.RefreshToken, s.IDToken, s.ClientSecret, p.idToken, s.Credentials.SecretAccessKey, s.Credentials.SessionToken} {
		if secret != "" {
			words = strings.ReplaceAll(words, secret, "…")
		}
	}
	return words
}

// providerWords says in words what is wrong, and what to do.
func providerWords(err error) string {
	var (
		worded   wordedError
		refused  *oauth2.RetrieveError
		mismatch *oidc.IssuerMismatchError
		sending  *url.Error
		large    *http.MaxBytesError
	)
	switch {
	case errors.As(err, &worded):
		return worded.words
	case errors.As(err, &refused):
		return refusalWords(refused)
	case errors.As(err, &mismatch):
		return "it says that it is another issuer: check the URL, to the last slash"
	case errors.As(err, &large):
		return "its answer is too large"
	case errors.As(err, &sending):
		return sending.Err.Error()
	}
	return "its answer is none of OpenID Connect: check the URL"
}

const maxWords = 300 // of a provider, in bytes

// refusalWords tells of an error answer (RFC 6749, section 5.2; RFC 8628,
// section 3.5) and what to do about it.
func refusalWords(e *oauth2.RetrieveError) string {
	if e.ErrorCode == "" {
		if e.Response == nil {
			return "it refused"
		}
		return fmt.Sprintf("it answered with status %d", e.Response.StatusCode)
	}
	words := show(cut(e.ErrorCode, maxWords))
	if e.ErrorDescription != "" {
		words += ": " + show(cut(e.ErrorDescription, maxWords))
	}
	if hint := map[string]string{
		"invalid_client":         "check --client-id; if the client has a secret, give it with --client-secret-file",
		"unauthorized_client":    "allow the client to sign in this way, in the provider's settings of the client",
		"unsupported_grant_type": "the provider, or its client, does not sign in this way; try with --device or without",
		"invalid_scope":          "choose with --scopes what the provider knows",
		"access_denied":          "the sign-in was denied",
	}[e.ErrorCode]; hint != "" {
		words += " (" + hint + ")"
	}
	return words
}

func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// exchange turns the code of a sign-in into tokens.
func (p *provider) exchange(ctx context.Context, code, verifier, nonce string) error {
	token, err := p.config.Exchange(p.context(ctx), code, oauth2.VerifierOption(verifier))
	if err == nil {
		p.login.secrets.RefreshToken = token.RefreshToken
		err = p.take(ctx, token, nonce)
	}
	if err != nil {
		return p.wrong(ctx, "exchange the code of the sign-in at", err)
	}
	return nil
}

// refresh asks for new tokens. Its caller keeps the new refresh token before
// anything else: it may be the only one that works from now on.
func (p *provider) refresh(ctx context.Context) (*oauth2.Token, error) {
	spent := p.login.secrets.RefreshToken
	token, err := p.config.TokenSource(p.context(ctx), &oauth2.Token{RefreshToken: spent}).Token()
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && slices.Contains([]string{"invalid_grant", "invalid_client", "unauthorized_client"}, refused.ErrorCode):
		return nil, endedError{fmt.Sprintf("the sign-in at %s has ended (%s)", p.login.Issuer, p.without(refusalWords(refused)))}
	case err != nil:
		return nil, p.wrong(ctx, "renew the sign-in at", err)
	}
	p.login.secrets.RefreshToken = token.RefreshToken
	return token, nil
}

// take checks the ID token and keeps what it says. A refreshed one need not have
// the nonce of the sign-in, and may (OpenID Connect Core 1.0, section 12.2).
func (p *provider) take(ctx context.Context, token *oauth2.Token, nonce string) error {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return wordedError{"it gave no ID token, which the STS needs: ask for the scope openid"}
	}
	verified, err := p.verifier.Verify(p.context(ctx), raw)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return wordedError{"the ID token that it gave has expired already by its own clock"}
	case err != nil && strings.Contains(err.Error(), "fetching keys"): // the library hides the rest
		return wordedError{"its keys could not be fetched, to check the ID token with"}
	case err != nil:
		return wordedError{"its ID token is not genuine, or for somebody else"}
	}
	var said struct {
		Party string `json:"azp"`
		Email any    `json:"email"`
		Name  any    `json:"preferred_username"`
	}
	if err := verified.Claims(&said); err != nil {
		return wordedError{"its ID token is damaged"}
	}
	l := p.login
	switch {
	// OpenID Connect Core 1.0, section 3.1.3.7: another sign-in's token, and
	// another client's.
	case nonce != "" && verified.Nonce != nonce,
		said.Party != "" && said.Party != l.ClientID, said.Party == "" && len(verified.Audience) > 1:
		return wordedError{"its ID token is not genuine, or for somebody else"}
	case l.Subject != "" && l.Subject != verified.Subject:
		return endedError{"the identity provider answered for another user"}
	}
	p.idToken, l.Subject, l.IDTokenExpiration = raw, verified.Subject, verified.Expiry.UTC()
	for _, name := range []any{said.Email, said.Name} {
		if text, ok := name.(string); ok && text != "" {
			l.Name = cut(text, maxWords)
			break
		}
	}
	l.secrets.IDToken = ""
	if l.secrets.RefreshToken == "" {
		l.secrets.IDToken = raw
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
		err := p.askSTS(ctx, request)
		if err == nil || ctx.Err() != nil {
			return err
		}
		var refused *sts.Error
		if !errors.As(err, &refused) || refused.Advice() != sts.Retry || attempt == assumeAttempts {
			return err
		}
		select {
		case <-time.After(time.Duration(attempt) * assumePause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *provider) askSTS(ctx context.Context, r sts.Request) error {
	sent := time.Now()
	answer, err := p.transport.Post(ctx, r.URL, r.ContentType, r.Body)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("ask the STS %s: %w", p.login.STS, err)
	}
	given, err := sts.Parse(answer.Status, answer.Body)
	var refused *sts.Error
	if errors.As(err, &refused) && refused.Advice() == sts.NewToken {
		return fmt.Errorf("the STS does not accept the sign-in, sign in again with \"bucketline login\": %w", err)
	}
	if err != nil {
		return err
	}
	c := given.Credentials
	kept := savedCredentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		Expiration: time.UnixMilli(int64(c.Expiration)).UTC(),
	}
	for _, f := range answer.Header {
		if strings.EqualFold(f.Name, "Date") {
			skew, _ := skewOf(f.Value, sent, time.Now())
			kept.SkewMillis = skew.Milliseconds()
		}
	}
	p.login.secrets.Credentials = kept
	return nil
}
