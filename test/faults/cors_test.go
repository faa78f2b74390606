package faults

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// A bucket whose CORS rule forgets to expose ETag costs one warning, which says
// what to do, and a look into the store.
func TestCORS_hidesETags(t *testing.T) {
	s := startStore(t, storeConfig{hidden: []string{"ETag"}})
	everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
		p.MustCreate(s.options(), nil)
		p.MustUpload(made(key), made(key+" again"))
		r := p.Stored(patient)
		warnings := harness.Of(r.Log, "warning")
		if len(warnings) != 1 || warnings[0].Error.Code != "ETagHidden" {
			t.Fatalf("warnings: %+v, want one of ETagHidden", warnings)
		}
		expectHint(t, warnings[0].Error, "ExposeHeaders")
		for _, key := range []string{key, key + " again"} {
			s.wantParts(t, key, 1, 1, 1, 1)
			if n := s.tally(key)[s3.OpListParts]; n == 0 {
				t.Errorf("%q was stored without a look at its parts", key)
			}
			s.check(t, key, harness.Bytes(1, madeSize))
		}
		if refused := r.Refused(); refused != "" {
			t.Errorf("refused: %s", refused)
		}
	})
}

// busy answers 503 without a word of CORS, as proxies before a store do.
type busy struct {
	mu    sync.Mutex
	times map[asked]int
	least int // how often each preflight, and each request, is refused before it is let through
}

// asked tells a preflight from the request that it is about: a browser sends the
// request only when its preflight was let through.
type asked struct {
	about     fakes3.Subject
	preflight bool
}

func (b *busy) instead(w http.ResponseWriter, r *http.Request, about fakes3.Subject) bool {
	about.UploadID = ""
	what := asked{about, r.Method == http.MethodOptions}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.times[what]++
	if b.times[what] > b.least {
		return false
	}
	http.Error(w, "<html>busy</html>", http.StatusServiceUnavailable)
	return true
}

// A store that is overloaded forgets its CORS headers, so that a page sees no
// status. It is tried again, before anything was ever answered as well.
func TestCORS_503WithoutHeaders(t *testing.T) {
	s := startStore(t, storeConfig{instead: (&busy{times: map[asked]int{}, least: 1}).instead})
	everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
		p.MustCreate(s.options(), nil)
		p.MustUpload(made(key))
		r := p.Stored(patient)
		retried := map[int]int{}
		for _, e := range harness.Of(r.Log, "retry") {
			retried[e.Part]++
		}
		for part := 1; part <= 4; part++ {
			if retried[part] == 0 {
				t.Errorf("part %d was answered 503, and no retry of it was told", part)
			}
		}
		s.wantParts(t, key, 2, 2, 2, 2)
		refused := 0
		for _, e := range s.exchanges(key) {
			if e.Op == s3.OpUploadPart && e.status == http.StatusServiceUnavailable {
				refused++
			}
		}
		if refused != 4 {
			t.Errorf("%d parts were answered 503, want each of the four once", refused)
		}
		s.check(t, key, harness.Bytes(1, madeSize))
	})
}

func expectHint(t *testing.T, f *harness.Failure, part string) {
	t.Helper()
	if !strings.Contains(f.Hint, part) {
		t.Errorf("the hint of %v lacks %q", f, part)
	}
}
