// Package devstack runs everything an upload from a browser needs, in one
// process on 127.0.0.1: an S3 store, an STS, an OIDC provider with two ready
// users, and a server for the demo page.
//
//	browser --code + PKCE--> provider      users alice and bob, ID tokens
//	browser --ID token-----> sts           temporary credentials, one role
//	browser --V4 or V2-----> front ------> VersityGW over a folder
//
// What it decides is what a cloud would: who may write where, and with which
// answer the rest is refused. It is for development and tests. It knows nothing
// of the uploader, and it is no judge of package sign, which it uses itself to
// verify Signature Version 2.
//
// The invariant that a caller can break: VersityGW works in the process's
// working directory, so a process runs one Stack at a time, and its working
// directory is the store's folder from Start to Close. Use absolute paths.
//
// Limits that come from the store being a folder: one component of a key, from
// slash to slash, has at most 255 bytes; a key and the same key with more
// behind a slash exclude each other; slashes in a row count as one; components
// "." and ".." are refused.
//
// Start reading at Start; gateway.go is all that knows VersityGW.
package devstack

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
)

const (
	defaultBucket      = "photos"
	defaultRegion      = "eu-central-1"
	defaultIDTokenLife = 5 * time.Minute

	// shutdownPatience is how long Close waits, twice, for what is under way.
	shutdownPatience = 500 * time.Millisecond
)

// Config says what to run. The zero value runs everything on free ports with
// one bucket in a temporary folder.
type Config struct {
	// Data is the folder that keeps the buckets; it is made if need be. Empty
	// means a temporary folder, which Close removes.
	Data string

	Bucket string // empty means "photos"; it gets a CORS rule for the page
	Region string // empty means "eu-central-1"

	// NoCORSBucket is a second bucket, without a CORS rule; empty means none.
	NoCORSBucket string

	// Origins are further origins, such as "http://127.0.0.1:5173", that the
	// bucket's CORS rule names and that users may be sent back to after signing
	// in. "ORIGIN/" is the redirect URI.
	Origins []string

	// Ports on 127.0.0.1; 0 means a free one.
	PagePort, S3Port, STSPort, IssuerPort int

	// Rate limits how many bytes a second all S3 connections together may send
	// to the store; 0 means no limit.
	Rate int64

	TLS bool // serve everything over https, with a certificate made on the spot

	// IDTokenLife is how long an ID token is valid; 0 means 5 minutes.
	IDTokenLife time.Duration

	// DeviceCodeLife is how long somebody has time to type the code of a device
	// without a browser; 0 means 10 minutes.
	DeviceCodeLife time.Duration

	// SessionSeconds is the DurationSeconds that the page is told to ask the STS
	// for, 15 to 43200; 0 means 900.
	SessionSeconds int

	// Pages are further folders to serve from the page's origin, by path, such
	// as "/test/". Each path is a redirect URI too.
	Pages map[string]fs.FS

	// Now is the clock that judges ID tokens, temporary credentials and Version
	// 2 dates; nil means time.Now. ID tokens are dated, and Version 4 dates
	// judged, by the machine's clock all the same.
	Now func() time.Time

	// Wrap, unless nil, returns what answers in the place of h: for tests that
	// watch, or stand in the way. name is "page", "sts", "issuer" or "s3".
	Wrap func(name string, h http.Handler) http.Handler

	// Log gets a line for each request and each refusal; nil means nobody. No
	// line has a query, a header or a form in it.
	Log *slog.Logger
}

// Endpoints is what a client needs to know, and the one line that
// `bucketline dev --json` prints.
type Endpoints struct {
	Page           string `json:"page"`          // ends in a slash
	S3             string `json:"s3"`            // path style: S3/BUCKET/KEY
	S3VirtualHost  string `json:"s3VirtualHost"` // virtual-hosted style: the bucket's own origin
	STS            string `json:"sts"`
	Issuer         string `json:"issuer"`
	ClientID       string `json:"clientId"`
	CLIClientID    string `json:"cliClientId"` // redirects to http://127.0.0.1:ANY/callback
	Bucket         string `json:"bucket"`
	NoCORSBucket   string `json:"nocorsBucket,omitempty"`
	Region         string `json:"region"`
	RoleARN        string `json:"roleArn"`
	SessionSeconds int    `json:"sessionSeconds"`
	Users          []User `json:"users"`
	CAFile         string `json:"caFile,omitempty"` // PEM of the authority to trust
}

// running says that a Stack is open: the working directory, which VersityGW
// takes, is one per process.
var running atomic.Bool

// ErrConfig is what an error of Start is that says what is wrong with its Config.
var ErrConfig = errors.New("the configuration is wrong")

type configError struct{ error }

func (e configError) Unwrap() error        { return e.error }
func (e configError) Is(target error) bool { return target == ErrConfig }

// ErrRunning reports that this process runs a Stack already.
var ErrRunning = errors.New("start the dev stack: another one is running in this process")

// A Stack is a running dev stack.
type Stack struct {
	endpoints Endpoints
	folder    string // temporary: the gateway's socket, the CA file and, without Data, the store
	gateway   *gateway
	vault     *vault
	provider  *provider
	servers   []*http.Server
	lock      *flock.Flock // of Config.Data, while it is in use

	closed  sync.Once
	closing error
}

// Start runs the stack and returns when every endpoint answers. ctx bounds the
// start alone; Close ends the stack. The error is ErrRunning, ErrConfig with what
// is wrong, or says which port is taken.
func Start(ctx context.Context, c Config) (*Stack, error) {
	if err := c.complete(); err != nil {
		return nil, fmt.Errorf("start the dev stack: %w", configError{err})
	}
	if !running.CompareAndSwap(false, true) {
		return nil, ErrRunning
	}
	s := new(Stack)
	if err := s.start(ctx, &c); err != nil {
		s.Close()
		return nil, fmt.Errorf("start the dev stack: %w", err)
	}
	return s, nil
}

// bucketNames are the names that are good in a path and in a host (Amazon S3
// User Guide, "General purpose bucket naming rules"), without dots.
var bucketNames = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// complete checks c and fills in what it leaves open.
func (c *Config) complete() error {
	set(&c.Bucket, defaultBucket)
	set(&c.Region, defaultRegion)
	set(&c.IDTokenLife, defaultIDTokenLife)
	set(&c.SessionSeconds, 900)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, b := range []string{c.Bucket, c.NoCORSBucket} {
		if b != "" && !bucketNames.MatchString(b) {
			return fmt.Errorf("bucket %q: a name has 3 to 63 characters of a-z 0-9 -", b)
		}
	}
	if c.Bucket == c.NoCORSBucket {
		return fmt.Errorf("bucket %q: it cannot have CORS and not have it", c.Bucket)
	}
	if c.SessionSeconds < minLifeSeconds || c.SessionSeconds > maxLifeSeconds {
		return fmt.Errorf("session of %d s: it must be %d to %d", c.SessionSeconds, minLifeSeconds, maxLifeSeconds)
	}
	if c.Rate < 0 || c.IDTokenLife < time.Second {
		return errors.New("the rate and the ID token's life must not be negative, nor the life under a second")
	}
	for _, o := range c.Origins {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Scheme+"://"+u.Host != o {
			return fmt.Errorf("origin %q: it must be like http://127.0.0.1:5173, without a slash at its end", o)
		}
	}
	for at := range c.Pages {
		if at == "/" || !strings.HasPrefix(at, "/") || !strings.HasSuffix(at, "/") {
			return fmt.Errorf("page %q: its path must begin and end with a slash, and not be the demo page's", at)
		}
	}
	return nil
}

func set[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// listeners are the four sockets, before anything answers on them: every part
// needs to know where the others are.
type listeners struct {
	page, s3, sts, issuer net.Listener
}

func (s *Stack) start(ctx context.Context, c *Config) error {
	var err error
	if s.folder, err = os.MkdirTemp("", "bucketline-dev-"); err != nil {
		return err
	}
	data := s.folder
	if c.Data != "" {
		if data, err = filepath.Abs(c.Data); err != nil {
			return err
		}
		if err = s.lockData(data); err != nil {
			return err
		}
	}
	var certificate *tls.Certificate
	var trusted *x509.CertPool
	if c.TLS {
		s.endpoints.CAFile = filepath.Join(s.folder, "ca.pem")
		if certificate, trusted, err = newCertificate(s.endpoints.CAFile); err != nil {
			return err
		}
	}
	l, err := bind(c)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	s.describe(c, l)
	if s.vault, err = newVault(c.Now); err != nil {
		return err
	}
	h := &hooks{vault: s.vault, buckets: []string{c.Bucket}, formMark: rand.Text()}
	if c.NoCORSBucket != "" {
		h.buckets = append(h.buckets, c.NoCORSBucket)
	}
	if s.gateway, err = openGateway(data, filepath.Join(s.folder, "s3.sock"), c.Region, h); err != nil {
		return err
	}
	if err = s.makeBuckets(ctx, c); err != nil {
		return err
	}
	err = s.serve(c, l, h, certificate, trusted)
	return err
}

func bind(c *Config) (l listeners, err error) {
	for _, b := range []struct {
		to    *net.Listener
		port  int
		tight bool
	}{{&l.page, c.PagePort, false}, {&l.s3, c.S3Port, c.Rate > 0}, {&l.sts, c.STSPort, false}, {&l.issuer, c.IssuerPort, false}} {
		if *b.to, err = listen(b.port, b.tight); err != nil {
			l.close()
			return l, err
		}
	}
	return l, nil
}

func (l listeners) close() {
	for _, one := range []net.Listener{l.page, l.s3, l.sts, l.issuer} {
		if one != nil {
			one.Close()
		}
	}
}

// describe fills in s.endpoints from the addresses that were bound.
func (s *Stack) describe(c *Config, l listeners) {
	scheme, _, _ := strings.Cut(origin(l.s3, c.TLS), ":")
	_, port, _ := net.SplitHostPort(l.s3.Addr().String())
	s.endpoints = Endpoints{
		Page:           origin(l.page, c.TLS) + "/",
		S3:             origin(l.s3, c.TLS),
		S3VirtualHost:  scheme + "://" + c.Bucket + "." + s3Domain + ":" + port,
		STS:            origin(l.sts, c.TLS),
		Issuer:         origin(l.issuer, c.TLS),
		ClientID:       pageClient,
		CLIClientID:    cliClient,
		Bucket:         c.Bucket,
		NoCORSBucket:   c.NoCORSBucket,
		Region:         c.Region,
		RoleARN:        roleARN,
		SessionSeconds: c.SessionSeconds,
		Users:          newUsers(),
		CAFile:         s.endpoints.CAFile,
	}
}

func (s *Stack) makeBuckets(ctx context.Context, c *Config) error {
	origins := append([]string{strings.TrimSuffix(s.endpoints.Page, "/")}, c.Origins...)
	if err := s.gateway.makeBucket(ctx, c.Bucket, origins); err != nil {
		return fmt.Errorf("bucket %q: %w", c.Bucket, err)
	}
	if c.NoCORSBucket == "" {
		return nil
	}
	if err := s.gateway.makeBucket(ctx, c.NoCORSBucket, nil); err != nil {
		return fmt.Errorf("bucket %q: %w", c.NoCORSBucket, err)
	}
	return nil
}

// serve makes the four handlers and starts a server for each.
func (s *Stack) serve(c *Config, l listeners, h *hooks, certificate *tls.Certificate, trusted *x509.CertPool) error {
	e := s.endpoints
	redirects := []string{e.Page}
	for _, o := range c.Origins {
		redirects = append(redirects, o+"/")
	}
	for at := range c.Pages {
		redirects = append(redirects, strings.TrimSuffix(e.Page, "/")+at)
	}
	var err error
	s.provider, err = newProvider(providerConfig{
		issuer: e.Issuer, secure: c.TLS, users: e.Users, redirects: redirects, idTokenLife: c.IDTokenLife, deviceLife: c.DeviceCodeLife,
	})
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	sts := newSTS(s.vault, e.Issuer, e.Issuer+keysPath, []string{pageClient, cliClient}, client, c.Log)
	config, err := publicConfig(e)
	if err != nil {
		return err
	}
	anyBucket := strings.Replace(e.S3VirtualHost, c.Bucket+".", "*.", 1)
	page, err := newPage(strings.TrimSuffix(e.Page, "/"), c.Pages, config, pagePolicy(e.Issuer, e.STS, e.S3, anyBucket))
	if err != nil {
		return err
	}
	front := newFront(s.gateway, h, s.vault, c.Region, c.Now, c.Log)
	for _, server := range []struct {
		name string
		l    net.Listener
		h    http.Handler
	}{{"page", l.page, page}, {"sts", l.sts, sts}, {"issuer", l.issuer, s.provider.handler()}, {"s3", throttled(l.s3, c.Rate), front}} {
		if c.Wrap != nil {
			server.h = c.Wrap(server.name, server.h)
		}
		s.run(server.name, server.l, server.h, certificate, c.Log)
	}
	return nil
}

func (s *Stack) run(name string, l net.Listener, h http.Handler, certificate *tls.Certificate, log *slog.Logger) {
	server := &http.Server{
		Handler:           logged(name, onlyLocal(h), log),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, server)
	go server.Serve(withTLS(l, certificate))
}

// Endpoints says where everything is. The caller owns the copy.
func (s *Stack) Endpoints() Endpoints {
	e := s.endpoints
	e.Users = append([]User(nil), e.Users...)
	return e
}

// Credentials gives temporary credentials to the user called name for life, as
// the STS would after a sign-in. It is for tests that are about something else.
func (s *Stack) Credentials(name string, life time.Duration) (Credentials, error) {
	for _, u := range s.endpoints.Users {
		if u.Name == name {
			return s.vault.mint(u.Subject, u.Name, nil, life)
		}
	}
	return Credentials{}, fmt.Errorf("credentials: no user is called %q", name)
}

// Root returns permanent credentials that may do everything, with Signature
// Version 4 only: for tests that look at what was stored. They never leave this
// process on their own.
func (s *Stack) Root() Credentials {
	return Credentials{AccessKeyID: rootAccessKey, SecretAccessKey: s.gateway.rootSecret}
}

// Close stops the stack within two seconds, breaks off what is under way after
// half a second, removes the temporary folder, and returns to the working
// directory in which Start was called. It may be called more than once.
func (s *Stack) Close() error {
	s.closed.Do(func() {
		s.closing = s.close()
		running.Store(false)
	})
	return s.closing
}

func (s *Stack) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownPatience)
	defer cancel()
	var wait sync.WaitGroup
	for _, server := range s.servers {
		wait.Go(func() {
			if server.Shutdown(ctx) != nil {
				server.Close()
			}
		})
	}
	wait.Wait()
	var err error
	if s.gateway != nil {
		err = s.gateway.close()
	}
	if s.folder != "" {
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Unlock())
	}
	return err
}

// lockData keeps others off the folder until Close: a second stack would put
// its own page into the buckets' CORS rules.
func (s *Stack) lockData(data string) error {
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(data, lockName))
	locked, err := lock.TryLock()
	if err != nil {
		return err
	}
	if !locked {
		return fmt.Errorf("%s is in use by another dev stack: stop that one, or keep the data elsewhere", data)
	}
	s.lock = lock
	return nil
}

// lockName is a file in Config.Data, beside the store's own folders.
const lockName = "bucketline-dev.lock"

// logged writes one line for each request: never a query, which may hold a
// signature, a code or a token, nor a header.
func logged(name string, h http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(seen, r)
		log.Info(name, "method", r.Method, "host", r.Host, "path", r.URL.Path, "status", seen.status, "took", time.Since(begun).Round(time.Millisecond))
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
