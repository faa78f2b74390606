package faults

import (
	"slices"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// outage uploads a file, takes the store away in its middle, has during look at
// what the page makes of it, and gives the store back. What was stored before is
// not sent again.
func outage(t *testing.T, b *webdriver.Session, away, back func(s *store), during func(p *harness.Page)) {
	g := newGate(t, 2)
	s := startStore(t, storeConfig{answers: g.answers})
	p := harness.Open(t, b, s.page(t))
	const key = "file.bin"
	p.MustCreate(s.options().With("connections", 2).With("stallMillis", 600_000), nil)
	p.MustUpload(harness.Upload{Source: harness.Made(1, halfSize), Options: harness.Options{"key": key}})
	p.Until("two stored parts", patient, func(r harness.Report) bool { return r.Tasks[0].Info.PartsStored >= 2 })
	away(s)
	g.open()
	stored := p.Report().Tasks[0].Info.PartsStored
	during(p)
	back(s)
	r := p.Stored(patient)
	s.check(t, key, harness.Bytes(1, halfSize))
	once := 0
	for _, times := range s.parts(key) {
		if times == 1 {
			once++
		}
	}
	if once < stored || once < 8-2 {
		t.Errorf("the parts were sent %d times; %d were stored before, and 2 under way", s.parts(key), stored)
	}
	if most := int64(2 * 5 * mib); r.Totals.Resent > most {
		t.Errorf("%d bytes were sent in vain, want %d at most", r.Totals.Resent, most)
	}
}

// The browser knows that there is no network: the file waits, with now and then
// one request that asks whether the browser is right, and goes on when it is not.
func TestOffline_asTheBrowserKnows(t *testing.T) {
	needs := webdriver.Config{Parallel: true, Needs: []webdriver.Feature{webdriver.SetOffline}}
	webdriver.Each(t, needs, func(t *testing.T, b *webdriver.Session) {
		away := func(s *store) { b.SetOffline(true); s.down(t) }
		back := func(s *store) { s.up(t); b.SetOffline(false) }
		outage(t, b, away, back, func(p *harness.Page) {
			p.Until("the state offline", patient, func(r harness.Report) bool {
				return r.Tasks[0].State == "offline" && r.Totals.Offline && r.Totals.InFlight == 0
			})
			sent, begun := len(harness.Of(p.Report().Log, "request")), time.Now()
			time.Sleep(2 * time.Second)
			r := p.Report()
			most := 2 + int(time.Since(begun)/(2*time.Second)) // it asks ever more rarely, from a second on
			if more := len(harness.Of(r.Log, "request")) - sent; r.Tasks[0].State != "offline" || more > most || r.Totals.InFlight > 1 {
				t.Errorf("%v and %d requests later: %v", time.Since(begun), more, r)
			}
		})
	})
}

// The browser knows nothing, but nobody answers: the file is tried again, ever
// more rarely, until somebody does.
func TestOffline_asNobodyKnows(t *testing.T) {
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		away := func(s *store) { s.down(t) }
		back := func(s *store) { s.up(t) }
		outage(t, b, away, back, func(p *harness.Page) {
			r := p.Until("two more attempts", patient, func(r harness.Report) bool { return len(harness.Of(r.Log, "retry")) >= 4 })
			if !slices.Contains([]string{"throttled", "uploading", "offline"}, r.Tasks[0].State) {
				t.Errorf("meanwhile: %v", r)
			}
		})
	})
}
