// Package world is what a page of the drop-in's tests meets: a store that
// believes nothing (internal/fakes3), a server of the page's own with package
// finesign behind /sign, and the pages themselves. Pages tell it what shall go
// wrong, and ask it what came, over /control.
//
// Next: control.go for what pages can ask, build.go for the file that they load.
package world

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/sign"
)

const (
	bucket    = "photos"
	region    = "us-east-1"
	accessKey = "AKIDFINEEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	token     = "FwoGZXIvYXdzEXAMPLETOKEN=="
	serverKey = "AKIDSERVEREXAMPLE"
)

// Config is what the page's server has.
type Config struct {
	// Folders hold its pages; of files of the same name the first folder's counts.
	Folders []string

	// Scripts are files by their path on the server, such as "/fine-uploader.js".
	Scripts map[string]string

	// SmallParts has the store accept parts of any size.
	SmallParts bool
}

// World is a store, a page's server and what both have seen.
type World struct {
	config Config

	mu       sync.Mutex
	handler  *fakes3.Handler
	store    *httptest.Server
	page     *httptest.Server
	wire     []seen // by the store
	asked    []seen // by the page's server
	troubles []trouble
	released chan struct{} // closed when other troubles begin
	held     int           // requests that wait for that
	replies  map[string]reply
	counts   map[string]int
}

// New starts a world that ends with t.
func New(t testing.TB, c Config) *World {
	t.Helper()
	w := &World{config: c, released: make(chan struct{})}
	w.store = httptest.NewServer(http.HandlerFunc(w.serveStore))
	w.page = httptest.NewServer(w.routes(t))
	t.Cleanup(func() {
		w.setTroubles(nil) // nothing is held any longer
		w.store.Close()
		w.page.Close()
	})
	w.reset()
	return w
}

// URL is the origin of the page's server.
func (w *World) URL() string { return w.page.URL }

// host is the store's, under a name in which a bucket can stand.
func (w *World) host() string {
	return strings.Replace(strings.TrimPrefix(w.store.URL, "http://"), "127.0.0.1", "localhost", 1)
}

// reset empties the store.
func (w *World) reset() {
	w.setTroubles(nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	store := fakes3.New(fakes3.Config{Host: w.host(), Region: region, Bucket: bucket, SmallParts: w.config.SmallParts})
	later := sign.UnixMilli(time.Now().Add(time.Hour).UnixMilli())
	store.Grant(sign.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, later)
	store.Grant(sign.Credentials{AccessKeyID: accessKey + "T", SecretAccessKey: secretKey, SessionToken: token}, later)
	store.Grant(sign.Credentials{AccessKeyID: serverKey, SecretAccessKey: secretKey}, later)
	w.handler = store.Handler(fakes3.Options{Fault: w.fault})
	w.wire, w.asked, w.replies, w.counts = []seen{}, []seen{}, map[string]reply{}, map[string]int{}
}

func (w *World) serveStore(out http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodOptions {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the page has broken it off
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s := record(r, body)
		w.mu.Lock()
		w.wire = append(w.wire, s)
		w.mu.Unlock()
		w.hold(r)
	}
	w.mu.Lock()
	handler := w.handler
	w.mu.Unlock()
	handler.ServeHTTP(out, r)
}

// inStore calls f with the store while nothing else uses it.
func (w *World) inStore(f func(*fakes3.Store)) {
	w.mu.Lock()
	handler := w.handler
	w.mu.Unlock()
	handler.Do(f)
}
