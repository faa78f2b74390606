// Package issuer trades ID tokens for temporary credentials that reach one
// person's prefix of one bucket, and no further. It is for stores without an
// STS that browsers may call: pages ask it, with the ID token of whoever is
// signed in, and it asks AWS's STS, MinIO's, Cloudflare's API or whatever else
// its [Backend] knows, with credentials that no page ever sees.
//
//	GET /credentials        Authorization: Bearer ID-TOKEN
//	  -> {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "Bucket", "Prefix"}
//	GET /openapi.yaml       what this is, for programs
//	GET /healthz /readyz    for whoever watches it
//
// The form of the answer is that of the AWS container credential provider, so
// that AWS's SDKs can ask as well as web/core's containerCredentials and package
// cred/container can.
//
// It decides who somebody is (token.go), what is theirs (prefix.go) and how
// often they may ask (limit.go). It keeps nothing: every process with the same
// Config answers like every other, so that it scales by running more of them.
// Only the rate limits are counted in each process for itself.
//
// What a caller can break: the Backend's own credentials are the outer bound of
// what an answer may be good for. Give them one bucket and the actions of an
// upload, and a mistake here or there stays within that.
//
// Sources, cited below by title: OpenID Connect Core 1.0; RFC 6750 (Bearer
// Token Usage); RFC 7519 (JSON Web Token); AWS SDKs and Tools Reference Guide,
// "Container credential provider".
//
// Start reading at New; the command is cmd/bucketline/issuer.go, its guide
// docs/issuer.md.
package issuer

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/cors"

	"github.com/bucketline/bucketline/cred"
)

// The limits of an Issuer.
const (
	MinLifeSeconds     = 15        // the dev stack's; AWS and MinIO begin at 900
	MaxLifeSeconds     = 12 * 3600 // the highest setting of a role
	DefaultLifeSeconds = 3600

	MaxTokenBytes = 20_000 // STS API Reference, "AssumeRoleWithWebIdentity"
	MaxLeeway     = 5 * time.Minute

	defaultLeeway  = 30 * time.Second
	defaultPrefix  = "users/{sub}/"
	backendTimeout = 15 * time.Second
	keysTimeout    = 10 * time.Second
	preflightAge   = 600 // seconds
)

// Config says whom an Issuer trusts, and what it gives them.
type Config struct {
	// Issuer is the URL of the OpenID provider, exactly as its tokens have it.
	// It is https, unless the host is this machine.
	Issuer string

	// Audiences are the client IDs of the pages and programs that may ask.
	Audiences []string

	// Algorithms may sign a token: RS256, RS384, RS512, PS256, PS384, PS512,
	// ES256, ES384, ES512 or EdDSA. None means RS256 and ES256.
	Algorithms []string

	// Leeway is how far the provider's clock may be from ours; 0 means 30
	// seconds, and MaxLeeway is the most.
	Leeway time.Duration

	// Bucket is the one bucket.
	Bucket string

	// Prefix is whose part of it is whose: a text with claims of the token in
	// it, such as "users/{sub}/", which is the default. Each claim is a whole
	// component between two slashes; only the last one may be {claim...}, whose
	// value may have slashes itself. See docs/issuer.md for what a value may be.
	Prefix string

	// Read also allows to read what is below the prefix.
	Read bool

	// LifeSeconds is how long credentials live; 0 means DefaultLifeSeconds.
	LifeSeconds int

	// Backend makes the credentials.
	Backend Backend

	// Origins are the origins of the pages that may ask, such as
	// "https://app.example.com". None means that no page of another origin may.
	Origins []string

	// PerSubject and PerAddress bound how often one person and one address may
	// ask. Zero values mean 30 at once and one each 10 seconds for a person, 60
	// and one each second for an address.
	PerSubject, PerAddress Rate

	// TrustedProxies are the networks of the proxies in front. Only their
	// X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix

	// Log gets a line for each request; nil means nobody. No line has a token,
	// a secret or a subject; subjects are there by SubjectHash.
	Log *slog.Logger

	// Client asks the provider and the backend; nil means one of our own. It
	// must not follow redirections.
	Client *http.Client

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Issuer is the service. It is for concurrent use.
type Issuer struct {
	config   Config
	verifier *verifier
	prefix   *template
	people   *limiter
	places   *limiter
	metrics  *metrics
	handler  http.Handler
	draining atomic.Bool
}

// New checks c and makes an Issuer of it. It asks nobody: the provider's keys
// come with the first token, or with the first question whether it is ready.
func New(c Config) (*Issuer, error) {
	if err := c.complete(); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	prefix, err := parseTemplate(c.Prefix)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	i := &Issuer{config: c, prefix: prefix, verifier: newVerifier(&c), metrics: newMetrics()}
	i.people = newLimiter(c.PerSubject, c.Now)
	i.places = newLimiter(c.PerAddress, c.Now)
	mux := http.NewServeMux()
	mux.Handle("GET /credentials", i.cross(http.HandlerFunc(i.credentials)))
	mux.Handle("OPTIONS /credentials", i.cross(http.NotFoundHandler()))
	mux.HandleFunc("GET /openapi.yaml", openAPI)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", i.readyz)
	i.handler = mux
	return i, nil
}

// complete checks c and fills in what it leaves open.
func (c *Config) complete() error {
	set(&c.Prefix, defaultPrefix)
	set(&c.LifeSeconds, DefaultLifeSeconds)
	set(&c.Leeway, defaultLeeway)
	set(&c.PerSubject, Rate{Every: 10 * time.Second, Burst: 30})
	set(&c.PerAddress, Rate{Every: time.Second, Burst: 60})
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{"RS256", "ES256"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Client == nil {
		c.Client = NewClient()
	}
	switch {
	case secureURL(c.Issuer) != nil:
		return fmt.Errorf("the OpenID provider: %w", secureURL(c.Issuer))
	case len(c.Audiences) == 0 || slices.Contains(c.Audiences, ""):
		return errors.New("there is no audience: name the client IDs whose tokens are meant")
	case c.Leeway < 0 || c.Leeway > MaxLeeway:
		return fmt.Errorf("a leeway of %v is not 0 to %v", c.Leeway, MaxLeeway)
	case c.Bucket == "":
		return errors.New("there is no bucket")
	case c.LifeSeconds < MinLifeSeconds || c.LifeSeconds > MaxLifeSeconds:
		return fmt.Errorf("a life of %d seconds is not %d to %d", c.LifeSeconds, MinLifeSeconds, MaxLifeSeconds)
	case c.Backend == nil:
		return errors.New("there is no backend")
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(algorithms, a) {
			return fmt.Errorf("the algorithm %q is not one of %s", a, strings.Join(algorithms, " "))
		}
	}
	for _, o := range c.Origins {
		if !isOrigin(o) {
			return fmt.Errorf("the origin %q is not like https://app.example.com, in lower case and without a path", o)
		}
	}
	return errors.Join(c.PerSubject.check(), c.PerAddress.check())
}

func set[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// secureURL reports what makes text no address to trust.
func secureURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q is not like https://example.com/path", text)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q is not https, and not this machine", text)
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Scheme+"://"+u.Host == text &&
		text == strings.ToLower(text) && !strings.Contains(text, "*")
}

// NewClient is an HTTP client for Config and the Backends: it follows no
// redirection, because what it sends is secret, and gives up in time.
func NewClient() *http.Client {
	return &http.Client{
		Timeout:       backendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// cross answers preflights and lets the pages of Config.Origins read answers.
// No cookie is ever part of this: who has the token may ask.
func (i *Issuer) cross(h http.Handler) http.Handler {
	return cors.New(cors.Options{
		// A function, since an empty list would allow every origin.
		AllowOriginFunc: func(origin string) bool { return slices.Contains(i.config.Origins, origin) },
		AllowedMethods:  []string{http.MethodGet},
		AllowedHeaders:  []string{"Accept", "Authorization"},
		ExposedHeaders:  []string{"Date", "Retry-After"},
		MaxAge:          preflightAge,
	}).Handler(h)
}

// ServeHTTP answers all of the above but the metrics.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	i.handler.ServeHTTP(w, r)
}

// Metrics answers with the metrics in Prometheus's text form. They name nobody,
// but tell how much is going on: serve them to your own network.
func (i *Issuer) Metrics() http.Handler {
	return promhttp.HandlerFor(i.metrics.registry, promhttp.HandlerOpts{})
}

// Drain makes /readyz say that no more requests should come, before a shutdown.
// All other requests are answered as ever.
func (i *Issuer) Drain() { i.draining.Store(true) }

func (i *Issuer) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), keysTimeout)
	defer cancel()
	if i.draining.Load() {
		plain(w, http.StatusServiceUnavailable, "shutting down")
		return
	}
	if err := i.verifier.keys.ready(ctx); err != nil {
		i.config.Log.Warn("not ready", "error", err.Error())
		plain(w, http.StatusServiceUnavailable, "the OpenID provider does not answer")
		return
	}
	plain(w, http.StatusOK, "ok")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n")) // an error here is a closed connection
}

//go:embed openapi.yaml
var description []byte

func openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	w.Write(description)
}

// answer is the body of a good answer.
type answer struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      string // RFC 3339, in UTC
	Bucket, Prefix  string
}

func (i *Issuer) answer(c *cred.Credentials, prefix string) *answer {
	return &answer{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, Token: c.SessionToken,
		Expiration: time.UnixMilli(int64(c.Expiration)).UTC().Format("2006-01-02T15:04:05Z"),
		Bucket:     i.config.Bucket, Prefix: prefix,
	}
}

// send writes v as JSON, which nobody may keep.
func send(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic("bucketline: internal error: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) // an error here is a closed connection
}
