package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// counter is a proxy in front of the store that counts what is sent.
type counter struct {
	url string

	mu       sync.Mutex
	requests int
	parts    []partSent
}

// partSent is one UploadPart that came to the proxy.
type partSent struct {
	part     string
	began    time.Time
	answered time.Time // zero: the client did not get an answer
}

// count starts a proxy in front of this process's store. Requests keep their
// Host, which is signed.
func count(t *testing.T) *counter {
	t.Helper()
	to, err := url.Parse(stack.Endpoints().S3)
	if err != nil {
		t.Fatal(err)
	}
	c := new(counter)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part := r.URL.Query().Get("partNumber")
		c.mu.Lock()
		c.requests++
		at := len(c.parts)
		if part != "" {
			c.parts = append(c.parts, partSent{part: part, began: time.Now()})
		}
		c.mu.Unlock()
		answer := &statusWriter{ResponseWriter: w}
		proxy.ServeHTTP(answer, r)
		if part != "" && answer.status == http.StatusOK && r.Context().Err() == nil {
			c.mu.Lock()
			c.parts[at].answered = time.Now()
			c.mu.Unlock()
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// env is env of a store behind the proxy.
func (c *counter) env(t *testing.T) []string {
	return append([]string{"BUCKETLINE_ENDPOINT=" + c.url, "BUCKETLINE_REGION=" + stack.Endpoints().Region, "BUCKETLINE_PATH_STYLE=true"},
		credentialsEnv(t, "alice", time.Hour)...)
}

// total is how many requests have come.
func (c *counter) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

// stored is how many parts have been answered.
func (c *counter) stored() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, p := range c.parts {
		if !p.answered.IsZero() {
			n++
		}
	}
	return n
}

// settled is how long after its answer a part must be in the journal.
const settled = 250 * time.Millisecond

// sentAgain holds what was sent after a client ended against what had been sent
// before: how many parts came twice, and an error for each that the client had
// known to be stored, long enough to remember it. Beyond what was in flight,
// with jobs requests at once, nothing may come twice.
func (c *counter) sentAgain(ended time.Time, jobs int) (twice int, wrong error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := map[string]partSent{}
	allowed := 0
	for _, p := range c.parts {
		switch {
		case p.began.Before(ended):
			before[p.part] = p
			if p.answered.IsZero() || p.answered.After(ended.Add(-settled)) {
				allowed++
			}
		case !before[p.part].began.IsZero():
			twice++
			if answered := before[p.part].answered; !answered.IsZero() && answered.Before(ended.Add(-settled)) {
				wrong = fmt.Errorf("part %s was sent again, although it was stored %v before the end", p.part, ended.Sub(answered))
			}
		}
	}
	if twice > allowed && wrong == nil {
		wrong = fmt.Errorf("%d parts were sent twice, and %d were in flight, %d at once", twice, allowed, jobs)
	}
	return twice, wrong
}
