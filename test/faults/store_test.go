package faults

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/e2e/harness"
)

// store is a fakes3 on an address of its own that writes down every request.
type store struct {
	*fakes3.Handler
	url      string
	server   http.Server
	listener net.Listener
	config   storeConfig
	limit    *rate.Limiter // in bytes

	mu    sync.Mutex
	all   []*exchange
	count int // credentials granted
	open  map[net.Conn]bool
}

// storeConfig is what goes wrong. The zero value is nothing.
type storeConfig struct {
	fault    func(op s3.Op, key string, part uint16, attempt int) fakes3.Fault
	ahead    time.Duration // of the store's clock
	hidden   []string      // headers that CORS does not expose
	bodyRate int64         // bytes a second that all bodies together arrive at; 0: no limit
	runs     bool          // keep bodies as runs, for huge files

	// instead answers in the store's place, preflights included, and reports that
	// it did. about is what a preflight asks to do.
	instead func(w http.ResponseWriter, r *http.Request, about fakes3.Subject) bool

	// answers is called before each answer is written, and holds it up.
	answers func(about fakes3.Subject, status int)

	// errorType is the media type of errors, in place of application/xml.
	errorType string
}

// exchange is one request as the store saw it, without preflights.
type exchange struct {
	fakes3.Subject
	began  time.Time
	body   int64     // bytes of the body that arrived
	ended  time.Time // zero while it is under way
	status int       // 0: no answer was written
}

const (
	bucket = "photos"
	region = "eu-west-1"
)

// startStore serves a store until t ends.
func startStore(t *testing.T, c storeConfig) *store {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &store{url: "http://" + l.Addr().String(), listener: l, config: c, limit: rate.NewLimiter(rate.Inf, 0), open: map[net.Conn]bool{}}
	if c.bodyRate > 0 {
		s.limit = rate.NewLimiter(rate.Limit(c.bodyRate), largestRead)
	}
	s.Handler = fakes3.New(fakes3.Config{Host: l.Addr().String(), Region: region, Bucket: bucket}).Handler(fakes3.Options{
		Now:    func() sign.UnixMilli { return sign.UnixMilli(time.Now().Add(c.ahead).UnixMilli()) },
		Fault:  c.fault,
		Hidden: c.hidden,
		Runs:   c.runs,
	})
	s.server.Handler = s
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	s.server.ConnState = s.watch
	go s.server.Serve(l)
	t.Cleanup(func() { s.server.Close() })
	return s
}

// down ends every connection with a reset, and refuses new ones.
func (s *store) down(t *testing.T) {
	t.Helper()
	if err := s.listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// up ends what down began.
func (s *store) up(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.listener = l
	go s.server.Serve(l)
}

// watch keeps the connections that are open.
func (s *store) watch(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(s.open, c)
		return
	}
	s.open[c] = true
}

// ServeHTTP writes the request down and hands it on.
func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if asks := r.Header.Get("Access-Control-Request-Method"); method == http.MethodOptions && asks != "" {
		method = asks
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	one := &exchange{began: time.Now()}
	s.Do(func(f *fakes3.Store) {
		one.Subject = f.Subject(&fakes3.Request{Method: method, Host: r.Host, Path: path, Query: query})
	})
	if r.Method != http.MethodOptions {
		s.mu.Lock()
		s.all = append(s.all, one)
		s.mu.Unlock()
		r.Body = &watchedBody{r.Body, s, one, r.Context()}
		w = &watchedAnswer{w, s, one}
	}
	if s.config.instead == nil || !s.config.instead(w, r, one.Subject) {
		s.Handler.ServeHTTP(w, r)
	}
}

// gate holds up the answers about parts, once so many have been given.
type gate struct {
	mu     sync.Mutex
	left   int
	opened chan struct{}
	open   func()
}

func newGate(t *testing.T, parts int) *gate {
	g := &gate{left: parts, opened: make(chan struct{})}
	g.open = sync.OnceFunc(func() { close(g.opened) })
	t.Cleanup(g.open)
	return g
}

func (g *gate) answers(about fakes3.Subject, _ int) {
	if about.Op != s3.OpUploadPart {
		return
	}
	g.mu.Lock()
	g.left--
	held := g.left < 0
	g.mu.Unlock()
	if held {
		<-g.opened
	}
}

// largestRead is the most that a paced body gives at once, so that several
// share the rate evenly.
const largestRead = 16 << 10

// watchedBody counts what arrives, at the store's pace.
type watchedBody struct {
	io.ReadCloser
	store *store
	of    *exchange
	ctx   context.Context
}

// Read reads a little, and then waits.
func (b *watchedBody) Read(p []byte) (int, error) {
	if b.store.config.bodyRate > 0 {
		p = p[:min(len(p), largestRead)]
	}
	n, err := b.ReadCloser.Read(p)
	b.store.mu.Lock()
	b.of.body += int64(n)
	b.store.mu.Unlock()
	if n > 0 && b.store.limit.Limit() != rate.Inf && b.store.limit.WaitN(b.ctx, n) != nil {
		return 0, net.ErrClosed
	}
	return n, err
}

// watchedAnswer notes the status and when it was written.
type watchedAnswer struct {
	http.ResponseWriter
	store *store
	of    *exchange
}

// WriteHeader is where the configured media type comes in.
func (w *watchedAnswer) WriteHeader(status int) {
	if status >= 300 && w.store.config.errorType != "" {
		w.Header().Set("Content-Type", w.store.config.errorType)
	}
	if w.store.config.answers != nil {
		w.store.config.answers(w.of.Subject, status)
	}
	w.store.mu.Lock()
	w.of.status, w.of.ended = status, time.Now()
	w.store.mu.Unlock()
	w.ResponseWriter.WriteHeader(status)
}

// exchanges copies what there was so far about a key, in the order in which it
// began.
func (s *store) exchanges(key string) []exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []exchange
	for _, e := range s.all {
		if e.Key == key {
			list = append(list, *e)
		}
	}
	return list
}

// tally is how many requests of each operation there were for a key.
func (s *store) tally(key string) map[s3.Op]int {
	of := map[s3.Op]int{}
	for _, e := range s.exchanges(key) {
		of[e.Op]++
	}
	return of
}

// parts is how many times each part of a key was sent, from 1 on.
func (s *store) parts(key string) []int {
	var times []int
	for _, e := range s.exchanges(key) {
		if e.Op != s3.OpUploadPart {
			continue
		}
		for len(times) < int(e.Part) {
			times = append(times, 0)
		}
		times[e.Part-1]++
	}
	return times
}

// grant makes temporary credentials that the store takes for life, which may be
// over already. They say the same, by this machine's clock.
func (s *store) grant(life time.Duration) harness.Credentials {
	s.mu.Lock()
	s.count++
	c := sign.Credentials{AccessKeyID: fmt.Sprintf("ASIAFAULTS%010d", s.count), SecretAccessKey: fmt.Sprint("secret/", s.count), SessionToken: fmt.Sprint("token+", s.count, "==")}
	s.mu.Unlock()
	ends := time.Now().Add(life)
	s.Do(func(f *fakes3.Store) { f.Grant(c, sign.UnixMilli(ends.UnixMilli())) })
	return harness.Credentials{
		AccessKey: c.AccessKeyID, SecretKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: ends.UTC().Format(time.RFC3339Nano),
	}
}

// options are those of an uploader with parts of 5 MiB.
func (s *store) options() harness.Options {
	return harness.Options{
		"bucket": bucket, "region": region, "endpoint": s.url, "pathStyle": true, "credentials": s.grant(time.Hour),
		"partSize": 5 * mib, "multipartThreshold": 5 * mib,
	}
}

// environment has credentials for the command line.
func (s *store) environment() []string {
	c := s.grant(time.Hour)
	return []string{
		"AWS_ACCESS_KEY_ID=" + c.AccessKey, "AWS_SECRET_ACCESS_KEY=" + c.SecretKey, "AWS_SESSION_TOKEN=" + c.SessionToken,
		"AWS_CREDENTIAL_EXPIRATION=" + fmt.Sprint(c.Expiration),
	}
}

// page serves the harness page, which may connect to the store, and returns its
// address.
func (s *store) page(t *testing.T) string {
	t.Helper()
	return (&harness.Site{Policy: harness.Policy(s.url)}).Serve(t) + harness.Path
}

// check wants that the object at key is data, and that no upload of it is left.
func (s *store) check(t *testing.T, key string, data []byte) {
	t.Helper()
	s.Do(func(f *fakes3.Store) {
		o := f.Object(key)
		if o == nil {
			t.Errorf("there is no object %q", key)
			return
		}
		if got := o.Body.Append(nil, 0, o.Body.Len()); string(got) != string(data) {
			t.Errorf("%q has %d bytes with SHA-256 %s, want %d with %s", key, len(got), harness.Sum(got), len(data), harness.Sum(data))
		}
	})
	s.nothingLeft(t, key)
}

// absent wants that there is no object at key, and no upload of it.
func (s *store) absent(t *testing.T, key string) {
	t.Helper()
	s.Do(func(f *fakes3.Store) {
		if o := f.Object(key); o != nil {
			t.Errorf("there is an object %q of %d bytes", key, o.Body.Len())
		}
	})
	s.nothingLeft(t, key)
}

func (s *store) nothingLeft(t *testing.T, key string) {
	t.Helper()
	if n := s.unfinished(key); n > 0 {
		t.Errorf("%d uploads of %q are unfinished", n, key)
	}
}

// unfinished is how many uploads of key there are.
func (s *store) unfinished(key string) (n int) {
	s.Do(func(f *fakes3.Store) {
		for _, u := range f.Uploads() {
			if u.Key == key {
				n++
			}
		}
	})
	return n
}

// object is what is stored at key, or nil.
func (s *store) object(key string) (data []byte) {
	s.Do(func(f *fakes3.Store) {
		if o := f.Object(key); o != nil {
			data = o.Body.Append([]byte{}, 0, o.Body.Len())
		}
	})
	return data
}
