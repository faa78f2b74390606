package devstack

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/rs/cors"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	pageClient = "bucketline"     // the demo page
	cliClient  = "bucketline-cli" // a native app on a loopback address

	loginPath = "/login"
	keysPath  = "/keys" // where op serves the JWKS

	maxLoginTries     = 5
	maxLoginBodyBytes = 8 << 10
)

//go:embed login/login.html login/device.html login/login.css
var loginFiles embed.FS

// A User is one of the stack's ready users.
type User struct {
	Name     string `json:"name"`
	Password string `json:"password,omitempty"`
	Subject  string `json:"sub"` // the prefix users/SUBJECT/ is theirs
}

// newUsers returns alice and bob with passwords of this run.
func newUsers() []User {
	users := []User{{Name: "alice", Subject: "alice"}, {Name: "bob", Subject: "bob"}}
	for i := range users {
		users[i].Password = users[i].Name + "-" + password()
	}
	return users
}

// password is 8 characters that nobody confuses when reading them off a screen.
func password() string {
	const alphabet = "abcdefghjkmnpqrstuvwxyz23456789" // 31: rand.Int would do, a retry is simpler
	var out []byte
	for len(out) < 8 {
		b := make([]byte, 1)
		rand.Read(b)
		if i := int(b[0] & 31); i < len(alphabet) {
			out = append(out, alphabet[i])
		}
	}
	return string(out)
}

// A provider is the OIDC provider: zitadel/oidc's protocol over grants kept in
// memory, and a login page.
type provider struct {
	*op.Provider
	issuer string
	users  []User
	grants *grants
	page   *template.Template
	device *template.Template
}

type providerConfig struct {
	issuer      string
	secure      bool
	users       []User
	redirects   []string // of the demo page, exact
	idTokenLife time.Duration
	deviceLife  time.Duration // of a device's code; 0 means 10 minutes
}

func newProvider(c providerConfig) (*provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048) // RS256: the one algorithm that every OIDC party knows
	if err != nil {
		return nil, err
	}
	page, err := template.ParseFS(loginFiles, "login/login.html")
	if err != nil {
		return nil, err
	}
	device, err := template.ParseFS(loginFiles, "login/device.html")
	if err != nil {
		return nil, err
	}
	if c.deviceLife == 0 {
		c.deviceLife = defaultDeviceCodeLife
	}
	clients := []*oidcClient{
		{id: pageClient, kind: op.ApplicationTypeUserAgent, redirects: c.redirects, idTokenLife: c.idTokenLife},
		// RFC 8252, section 7.3: the port of a loopback redirect is free.
		{id: cliClient, kind: op.ApplicationTypeNative, redirects: []string{"http://127.0.0.1/callback", "http://[::1]/callback"}, idTokenLife: c.idTokenLife},
	}
	p := &provider{issuer: c.issuer, users: c.users, page: page, device: device, grants: newGrants(key, clients, c.users, newBrowsers(c.issuer, c.secure))}
	config := &op.Config{
		CodeMethodS256:           true,
		GrantTypeRefreshToken:    true,
		DefaultLogoutRedirectURI: c.redirects[0],
		DeviceAuthorization:      deviceFlow(c.deviceLife),
		SupportedScopes:          []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeOfflineAccess},
	}
	rand.Read(config.CryptoKey[:])
	options := []op.Option{op.WithCORSOptions(&cors.Options{
		// Any page may ask: the answer is worth something only to who holds a
		// code and its verifier, or a refresh token. No answer depends on a cookie.
		AllowedOrigins: []string{"*"},
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders: []string{"*"},
		MaxAge:         600,
	})}
	if !c.secure {
		options = append(options, op.WithAllowInsecure())
	}
	p.Provider, err = op.NewProvider(config, p.grants, op.StaticIssuer(c.issuer), options...)
	return p, err
}

func (p *provider) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+loginPath, p.showLogin)
	mux.HandleFunc("POST "+loginPath, p.login)
	mux.HandleFunc("GET "+devicePath, p.showDevice)
	mux.HandleFunc("POST "+devicePath, p.decideDevice)
	mux.HandleFunc("GET /login.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, loginFiles, "login/login.css")
	})
	mux.Handle("/", p.Provider)
	known := p.grants.browsers.with(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		known.ServeHTTP(w, r)
	})
}

// loginView is what login.html shows.
type loginView struct {
	ID, Name string
	Message  string // why there is no form, or why the last try failed
	Gone     bool
	Users    []User
}

func (p *provider) showLogin(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	request, err := p.grants.pending(id)
	if err != nil {
		p.show(w, http.StatusBadRequest, "", loginView{Gone: true})
		return
	}
	if request.isSilent() {
		p.sendBack(w, r, id)
		return
	}
	p.show(w, http.StatusOK, request.RedirectURI, loginView{ID: id, Name: request.LoginHint})
}

func (p *provider) login(w http.ResponseWriter, r *http.Request) {
	r.Body = limited(w, r, maxLoginBodyBytes)
	id, name := r.PostFormValue("id"), r.PostFormValue("user")
	request, err := p.grants.pending(id)
	if err != nil {
		p.show(w, http.StatusBadRequest, "", loginView{Gone: true})
		return
	}
	user, known := p.check(name, r.PostFormValue("password"))
	if !known {
		if p.grants.failed(id) >= maxLoginTries {
			p.show(w, http.StatusForbidden, "", loginView{Gone: true})
			return
		}
		p.show(w, http.StatusForbidden, request.RedirectURI, loginView{ID: id, Name: name,
			Message: "That is not the password of one of these users."})
		return
	}
	if err := p.grants.approve(id, user.Subject); err != nil {
		p.show(w, http.StatusBadRequest, "", loginView{Gone: true})
		return
	}
	p.grants.browsers.remember(w, r, user.Subject)
	p.sendBack(w, r, id)
}

// sendBack sends the browser on to where a code is made for it.
func (p *provider) sendBack(w http.ResponseWriter, r *http.Request, id string) {
	next := op.AuthCallbackURL(p.Provider)(op.ContextWithIssuer(r.Context(), p.issuer), id)
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (p *provider) check(name, password string) (User, bool) {
	for _, u := range p.users {
		if u.Name == name {
			return u, subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 1
		}
	}
	return User{}, false
}

func (p *provider) show(w http.ResponseWriter, status int, redirect string, view loginView) {
	view.Users = p.users
	// Browsers hold the redirects after a form against form-action too, so the
	// client's own origin must be in it.
	target := ""
	if u, err := url.Parse(redirect); err == nil && u.Host != "" {
		target = " " + u.Scheme + "://" + u.Host
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'"+target+
		"; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	p.page.Execute(w, view) // an error here is a closed connection
}

// oidcClient implements op.Client for a public client: code and PKCE, no secret.
type oidcClient struct {
	id          string
	kind        op.ApplicationType
	redirects   []string
	idTokenLife time.Duration
}

func (c *oidcClient) GetID() string                       { return c.id }
func (c *oidcClient) RedirectURIs() []string              { return c.redirects }
func (c *oidcClient) PostLogoutRedirectURIs() []string    { return c.redirects }
func (c *oidcClient) ApplicationType() op.ApplicationType { return c.kind }
func (c *oidcClient) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodNone }
func (c *oidcClient) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c *oidcClient) LoginURL(id string) string                   { return loginPath + "?id=" + url.QueryEscape(id) }
func (c *oidcClient) AccessTokenType() op.AccessTokenType         { return op.AccessTokenTypeBearer }
func (c *oidcClient) IDTokenLifetime() time.Duration              { return c.idTokenLife }
func (c *oidcClient) IsScopeAllowed(string) bool                  { return false }
func (c *oidcClient) IDTokenUserinfoClaimsAssertion() bool        { return true }
func (c *oidcClient) ClockSkew() time.Duration                    { return 0 }
func (c *oidcClient) RestrictAdditionalIdTokenScopes() scopes     { return allScopes }
func (c *oidcClient) RestrictAdditionalAccessTokenScopes() scopes { return allScopes }
func (c *oidcClient) GrantTypes() []oidc.GrantType {
	grants := []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken}
	if c.kind == op.ApplicationTypeNative {
		grants = append(grants, oidc.GrantTypeDeviceCode)
	}
	return grants
}

// DevMode allows http redirects, which name this machine only.
func (c *oidcClient) DevMode() bool { return true }

type scopes = func([]string) []string

func allScopes(s []string) []string { return s }

// privateKey and publicKey are the two halves of the provider's key.
type privateKey struct {
	id  string
	key *rsa.PrivateKey
}

func (k privateKey) ID() string                                { return k.id }
func (k privateKey) Key() any                                  { return k.key }
func (privateKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

type publicKey struct{ privateKey }

func (k publicKey) Key() any                         { return k.key.Public() }
func (publicKey) Use() string                        { return "sig" }
func (publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }

// What a dev stack has no use for: confidential clients and signed assertions.
var errNoSecrets = errors.New("this provider has public clients only")

func (g *grants) AuthorizeClientIDSecret(context.Context, string, string) error { return errNoSecrets }

func (g *grants) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNoSecrets
}

func (g *grants) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNoSecrets
}

func (g *grants) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNoSecrets
}

func (g *grants) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

func (g *grants) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	i := slices.IndexFunc(g.clients, func(c *oidcClient) bool { return c.id == id })
	if i < 0 {
		return nil, fmt.Errorf("no client has the ID %q", id)
	}
	return g.clients[i], nil
}

func (g *grants) SigningKey(context.Context) (op.SigningKey, error) { return g.key, nil }

func (g *grants) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (g *grants) KeySet(context.Context) ([]op.Key, error) { return []op.Key{publicKey{g.key}}, nil }

func (g *grants) Health(context.Context) error { return nil }
