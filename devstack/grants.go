package devstack

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	maxPending = 1000 // sign-ins under way; the oldest is dropped for a new one
	maxGrants  = 1000 // signed-in clients; likewise

	pendingLife = 10 * time.Minute // from the authorization request to the code's exchange
	codeLife    = time.Minute
	accessLife  = 5 * time.Minute
	grantLife   = 12 * time.Hour // refreshing does not extend it
)

var (
	errNotPending = errors.New("this sign-in is unknown or has expired")
	errNoGrant    = errors.New("the grant is unknown, has expired or was revoked")
)

// grants implements op.Storage: the sign-ins under way and the grants given, in
// memory and bounded.
type grants struct {
	key     privateKey
	clients []*oidcClient
	users   []User

	devices  devices   // has a lock of its own
	browsers *browsers // likewise

	mu      sync.Mutex
	started map[string]*signIn
	given   map[string]*grantGiven
}

func newGrants(key *rsa.PrivateKey, clients []*oidcClient, users []User, b *browsers) *grants {
	return &grants{
		key:      privateKey{id: rand.Text(), key: key},
		clients:  clients,
		users:    users,
		browsers: b,
		started:  make(map[string]*signIn),
		given:    make(map[string]*grantGiven),
	}
}

// A signIn is one authorization request until its code is exchanged. It is
// copied out of the table, so that nobody reads it while it changes.
type signIn struct {
	oidc.AuthRequest
	id      string
	subject string // empty until the user has signed in
	code    string
	tries   int
	started time.Time
	coded   time.Time // when code was given
	signed  time.Time // when the user signed in
}

func (s *signIn) GetID() string                      { return s.id }
func (s *signIn) GetACR() string                     { return "" }
func (s *signIn) GetAMR() []string                   { return []string{"pwd"} }
func (s *signIn) GetAudience() []string              { return []string{s.ClientID} }
func (s *signIn) GetAuthTime() time.Time             { return s.signed }
func (s *signIn) GetClientID() string                { return s.ClientID }
func (s *signIn) GetNonce() string                   { return s.Nonce }
func (s *signIn) GetRedirectURI() string             { return s.RedirectURI }
func (s *signIn) GetScopes() []string                { return s.Scopes }
func (s *signIn) GetState() string                   { return s.State }
func (s *signIn) GetSubject() string                 { return s.subject }
func (s *signIn) Done() bool                         { return s.subject != "" }
func (s *signIn) GetResponseType() oidc.ResponseType { return s.ResponseType }
func (s *signIn) GetResponseMode() oidc.ResponseMode { return s.ResponseMode }
func (s *signIn) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: s.CodeChallenge, Method: s.CodeChallengeMethod}
}

// CreateAuthRequest notes an authorization request. PKCE with S256 is required
// (RFC 7636, section 4.4.1).
func (g *grants) CreateAuthRequest(ctx context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if r.CodeChallenge == "" || r.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("code_challenge with the method S256 is required")
	}
	s := &signIn{AuthRequest: *r, id: rand.Text(), started: time.Now()}
	if err := g.silently(ctx, s); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	makeRoom(g.started, maxPending, func(s *signIn) time.Time { return s.started })
	g.started[s.id] = s
	out := *s
	return &out, nil
}

// makeRoom drops the oldest entry of a table that is full.
func makeRoom[T any](table map[string]T, limit int, age func(T) time.Time) {
	for len(table) >= limit {
		oldest, at := "", time.Time{}
		for id, entry := range table {
			if t := age(entry); oldest == "" || t.Before(at) {
				oldest, at = id, t
			}
		}
		delete(table, oldest)
	}
}

// find returns a sign-in that is not older than pendingLife. The caller holds
// the lock.
func (g *grants) find(id string) (*signIn, error) {
	s, ok := g.started[id]
	if !ok || time.Since(s.started) > pendingLife {
		delete(g.started, id)
		return nil, errNotPending
	}
	return s, nil
}

func (g *grants) pending(id string) (*signIn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.find(id)
	if err != nil {
		return nil, err
	}
	out := *s
	return &out, nil
}

// failed counts a wrong password and drops the sign-in at maxLoginTries.
func (g *grants) failed(id string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.find(id)
	if err != nil {
		return maxLoginTries
	}
	if s.tries++; s.tries >= maxLoginTries {
		delete(g.started, id)
	}
	return s.tries
}

func (g *grants) approve(id, subject string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.find(id)
	if err != nil {
		return err
	}
	s.subject, s.signed = subject, time.Now()
	return nil
}

func (g *grants) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return g.pending(id)
}

func (g *grants) SaveAuthCode(_ context.Context, id, code string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.find(id)
	if err != nil {
		return err
	}
	s.code, s.coded = code, time.Now()
	return nil
}

// AuthRequestByCode takes the sign-in out of the table: a code works once, and
// not even once when its verifier is wrong.
func (g *grants) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, s := range g.started {
		if s.code == code && code != "" {
			delete(g.started, id)
			if time.Since(s.coded) > codeLife {
				return nil, errNotPending
			}
			return s, nil
		}
	}
	return nil, errNotPending
}

func (g *grants) DeleteAuthRequest(_ context.Context, id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.started, id)
	return nil
}

// A grantGiven is what one user allowed one client. Its access tokens name it,
// and its refresh token is replaced at every use.
type grantGiven struct {
	id, client, subject string
	scopes              []string
	signed, ends        time.Time
	refresh             string // the refresh token that is valid now; empty: none
}

func (r *grantGiven) GetAMR() []string            { return []string{"pwd"} }
func (r *grantGiven) GetAudience() []string       { return []string{r.client} }
func (r *grantGiven) GetAuthTime() time.Time      { return r.signed }
func (r *grantGiven) GetClientID() string         { return r.client }
func (r *grantGiven) GetScopes() []string         { return r.scopes }
func (r *grantGiven) GetSubject() string          { return r.subject }
func (r *grantGiven) SetCurrentScopes(s []string) { r.scopes = s }

// CreateAccessToken makes a grant that cannot be refreshed.
func (g *grants) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	given, err := g.give(r)
	if err != nil {
		return "", time.Time{}, err
	}
	id, expires := accessToken(given)
	return id, expires, nil
}

// CreateAccessAndRefreshTokens makes a grant, or carries one on: then current
// must still be its refresh token, and is not any more afterwards.
func (g *grants) CreateAccessAndRefreshTokens(_ context.Context, r op.TokenRequest, current string) (string, string, time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var given *grantGiven
	var err error
	if current == "" {
		given, err = g.give(r)
	} else {
		given, err = g.refreshable(current)
	}
	if err != nil {
		return "", "", time.Time{}, err
	}
	given.refresh = given.id + "." + rand.Text()
	id, expires := accessToken(given)
	return id, given.refresh, expires, nil
}

// give adds a grant for a completed sign-in. The caller holds the lock.
func (g *grants) give(r op.TokenRequest) (*grantGiven, error) {
	given := &grantGiven{id: rand.Text(), subject: r.GetSubject(), scopes: r.GetScopes(), ends: time.Now().Add(grantLife)}
	switch s := r.(type) {
	case *signIn:
		given.client, given.signed = s.ClientID, s.signed
	case *op.DeviceAuthorizationState:
		given.client, given.signed = s.ClientID, s.AuthTime
	default:
		return nil, oidc.ErrUnsupportedGrantType()
	}
	makeRoom(g.given, maxGrants, func(r *grantGiven) time.Time { return r.ends })
	g.given[given.id] = given
	return given, nil
}

// accessToken names the grant and when the token ends; op seals both.
func accessToken(given *grantGiven) (id string, expires time.Time) {
	expires = time.Now().Add(accessLife)
	if expires.After(given.ends) {
		expires = given.ends
	}
	return given.id + "." + decimal(expires.Unix()), expires
}

// refreshable finds the grant of a refresh token. A token that was already used
// ends the grant: either its owner or somebody else holds a copy (RFC 9700,
// section 4.14.2). The caller holds the lock.
func (g *grants) refreshable(token string) (*grantGiven, error) {
	id, _, _ := strings.Cut(token, ".")
	given, ok := g.given[id]
	if !ok || given.refresh == "" {
		return nil, errNoGrant
	}
	if given.refresh != token || !time.Now().Before(given.ends) {
		delete(g.given, id)
		return nil, errNoGrant
	}
	return given, nil
}

func (g *grants) TokenRequestByRefreshToken(_ context.Context, token string) (op.RefreshTokenRequest, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	given, err := g.refreshable(token)
	if err != nil {
		return nil, err
	}
	out := *given
	return &out, nil
}

// TerminateSession ends what the user allowed the client, and the browser is
// nobody's any more.
func (g *grants) TerminateSession(ctx context.Context, subject, client string) error {
	g.browsers.forget(browserOf(ctx))
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, given := range g.given {
		if given.subject == subject && given.client == client {
			delete(g.given, id)
		}
	}
	return nil
}

// RevokeToken ends the grant that the token belongs to (RFC 7009, section 2.1).
// A token that is unknown is as good as revoked.
func (g *grants) RevokeToken(_ context.Context, token, _, client string) *oidc.Error {
	id, _, _ := strings.Cut(token, ".")
	g.mu.Lock()
	defer g.mu.Unlock()
	given, ok := g.given[id]
	if !ok {
		return nil
	}
	if given.client != client {
		return oidc.ErrInvalidClient().WithDescription("the token was given to another client")
	}
	delete(g.given, id)
	return nil
}

func (g *grants) GetRefreshTokenInfo(_ context.Context, _, token string) (subject, id string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	name, _, _ := strings.Cut(token, ".")
	given, ok := g.given[name]
	if !ok || given.refresh != token {
		return "", "", op.ErrInvalidRefreshToken
	}
	return given.subject, token, nil
}

func (g *grants) SetUserinfoFromScopes(_ context.Context, info *oidc.UserInfo, subject, _ string, scopes []string) error {
	info.Subject = subject
	if i := slices.IndexFunc(g.users, func(u User) bool { return u.Subject == subject }); i >= 0 && slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name, info.PreferredUsername = g.users[i].Name, g.users[i].Name
	}
	return nil
}

func (g *grants) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, _ string) error {
	id, end, _ := strings.Cut(token, ".")
	seconds, err := strconv.ParseInt(end, 10, 64)
	if err != nil || time.Now().Unix() >= seconds {
		return errNoGrant
	}
	g.mu.Lock()
	given, ok := g.given[id]
	g.mu.Unlock()
	if !ok || given.subject != subject {
		return errNoGrant
	}
	return g.SetUserinfoFromScopes(ctx, info, subject, given.client, given.scopes)
}
