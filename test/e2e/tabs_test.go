package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// tabs are pages of one browser, each with an uploader.
type tabs struct {
	t     *testing.T
	b     *webdriver.Session
	s     *stack
	token string
	all   []tab
}

type tab struct {
	webdriver.Window
	*harness.Page
}

// at looks at a tab.
func (ts *tabs) at(i int) *harness.Page {
	ts.t.Helper()
	ts.b.Switch(ts.all[i].Window)
	return ts.all[i].Page
}

// open opens a tab with an uploader that shares its credentials under a name, or
// does not, and gets them from the STS.
func (ts *tabs) open(share string, delayMillis int) *harness.Page {
	ts.t.Helper()
	w := ts.b.Window()
	if len(ts.all) > 0 {
		w = ts.b.NewTab()
	}
	p := harness.Open(ts.t, ts.b, ts.s.harness())
	ts.all = append(ts.all, tab{w, p})
	o := ts.s.options(ts.t)
	delete(o, "credentials")
	if share != "" {
		o["shareCredentials"] = share
	}
	identity := ts.s.identity(ts.token)
	p.MustCreate(o, &harness.Refresh{STS: &identity, DelayMillis: delayMillis})
	return p
}

// exchanges is how often the STS has given credentials.
func (s *stack) exchanges() int {
	n := 0
	for _, r := range s.requests.of("sts", "") {
		if r.method == "POST" && r.status == 200 {
			n++
		}
	}
	return n
}

// upload has tab i upload something small, for which it needs credentials.
func (ts *tabs) upload(i int, name string) {
	ts.t.Helper()
	key := fmt.Sprintf("users/alice/%s/%s %d", ts.b.Browser(), name, i)
	ts.at(i).MustUpload(harness.Upload{Source: harness.Made(1, 1000), Options: harness.Options{"key": key}})
}

// asked is how often the pages of the tabs were asked for credentials.
func (ts *tabs) asked() int {
	ts.t.Helper()
	n := 0
	for i := range ts.all {
		n += len(ts.at(i).Report().Refreshes)
	}
	return n
}

// wantExchanges wants, when all browsers have ended, that the STS was asked as
// often as their pages were.
func (s *stack) wantExchanges(t *testing.T, asked *atomic.Int64) {
	t.Cleanup(func() {
		if n := s.exchanges(); n != int(asked.Load()) {
			t.Errorf("the STS gave credentials %d times, and pages were asked %d times", n, asked.Load())
		}
	})
}

// Three tabs of one person: at each expiry one asks, and the others get what it
// got, so that the STS is asked once.
func TestTabs_three_oneExchangePerExpiry(t *testing.T) {
	const expiries = 5
	s := startStack(t, devstack.Config{IDTokenLife: time.Hour})
	token := s.idToken(t, "alice")
	var all atomic.Int64
	s.wantExchanges(t, &all)
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		ts := &tabs{t: t, b: b, s: s, token: token}
		for range 3 {
			// The answer takes long enough for the others to want one as well.
			ts.open("alice", 500)
		}
		for expiry := range expiries {
			if expiry > 0 {
				// Over at the same moment in all tabs, as when their time has come; a
				// tab that said so by itself would be alone with it.
				for i := range ts.all {
					ts.at(i).Do("expireCredentials")
				}
			}
			for i := range ts.all {
				ts.upload(i, fmt.Sprint("expiry ", expiry))
			}
			for i := range ts.all {
				ts.at(i).Stored(time.Minute)
			}
			if n := ts.asked(); n != expiry+1 {
				t.Errorf("after %d expiries pages were asked %d times", expiry, n)
			}
		}
		all.Add(int64(ts.asked()))
		for i := range ts.all {
			r := ts.at(i).Report()
			if taken := len(harness.Of(r.Log, "credentials")); taken < expiries {
				t.Errorf("tab %d has had credentials %d times, want %d", i, taken, expiries)
			}
			if refused := r.Refused(); refused != "" {
				t.Errorf("these requests of tab %d failed:\n%s", i, refused)
			}
		}
	})
	t.Cleanup(func() { s.noneRefused(t) })
}

// The time itself runs out, in three tabs that upload all the while.
func TestTabs_timeRunsOut_oneExchangePerExpiry(t *testing.T) {
	const life, lasting = 15, 50 * time.Second
	s := startStack(t, devstack.Config{IDTokenLife: time.Hour})
	token := s.idToken(t, "alice")
	var all atomic.Int64
	s.wantExchanges(t, &all)
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		ts := &tabs{t: t, b: b, s: s, token: token}
		for range 3 {
			p := ts.open("alice", 300)
			identity := s.identity(token)
			identity.DurationSeconds = life
			p.AnswerWith(harness.Refresh{STS: &identity, DelayMillis: 300})
		}
		begun := time.Now()
		for n := 0; time.Since(begun) < lasting; n++ {
			for i := range ts.all {
				ts.upload(i, fmt.Sprint("running ", n))
			}
			time.Sleep(500 * time.Millisecond)
		}
		for i := range ts.all {
			ts.at(i).Stored(time.Minute)
		}
		took := time.Since(begun)
		// A tenth of their life is a margin in which nothing is signed. A request
		// that comes too late all the same, from a busy machine, asks for more.
		most := 1 + int(took.Seconds()/(0.9*life-2))
		for i := range ts.all {
			r := ts.at(i).Report()
			most += len(slices.DeleteFunc(harness.Of(r.Log, "response"), func(e harness.Event) bool { return e.Status != http.StatusForbidden }))
		}
		n := ts.asked()
		all.Add(int64(n))
		t.Logf("%d exchanges in %v", n, took.Round(time.Second))
		if n < 3 || n > most {
			t.Errorf("%d exchanges in %v, want 3 to %d", n, took, most)
		}
	})
}

// A tab that is closed while its page is being asked leaves that to the next.
func TestTabs_oneDiesWhileItAsks_theNextAsks(t *testing.T) {
	s := startStack(t, devstack.Config{})
	token := s.idToken(t, "alice")
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		ts := &tabs{t: t, b: b, s: s, token: token}
		first := ts.open("alice", 0)
		first.AnswerWith(harness.Refresh{}) // never
		ts.upload(0, "dies")
		first.Until("the first tab to ask", 20*time.Second, func(r harness.Report) bool { return len(r.Refreshes) == 1 })
		ts.open("alice", 0)
		ts.upload(1, "survives")
		time.Sleep(time.Second) // whatever it might do too early
		if r := ts.at(1).Report(); len(r.Refreshes) > 0 {
			t.Error("the second tab has asked while the first one did")
		}
		ts.at(0)
		b.CloseWindow()
		ts.at(1).Stored(time.Minute)
		if r := ts.at(1).Report(); len(r.Refreshes) != 1 {
			t.Errorf("the second tab has asked %d times, want once", len(r.Refreshes))
		}
	})
}

// Tabs with other names, or none, have nothing from each other.
func TestTabs_ofOtherNames_neverMix(t *testing.T) {
	s := startStack(t, devstack.Config{})
	token := s.idToken(t, "alice")
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		ts := &tabs{t: t, b: b, s: s, token: token}
		before := s.exchanges()
		for i, share := range []string{"alice", "alice as admin", "", ""} {
			ts.open(share, 0)
			ts.upload(i, "apart")
			ts.at(i).Stored(time.Minute)
		}
		if n := s.exchanges() - before; n != 4 {
			t.Errorf("there were %d exchanges, want one for each tab", n)
		}
		// And the fifth, of the first one's name, needs none.
		ts.open("alice", 0)
		ts.upload(4, "together")
		ts.at(4).Stored(time.Minute)
		if n := s.exchanges() - before; n != 4 || len(ts.at(4).Report().Refreshes) != 0 {
			t.Errorf("there were %d exchanges, want four", n)
		}
	})
}

// What one tab's page sets, after a sign-in perhaps, frees the others.
func TestTabs_credentialsThatAreSet_freeTheOthers(t *testing.T) {
	s := startStack(t, devstack.Config{})
	token := s.idToken(t, "alice")
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		ts := &tabs{t: t, b: b, s: s, token: token}
		for i := range 2 {
			p := ts.open("alice", 0)
			p.AnswerWith(harness.Refresh{Reject: "sign in again"})
			ts.upload(i, "freed")
		}
		for i := range ts.all {
			ts.at(i).Until("the hold", 20*time.Second, func(r harness.Report) bool { return r.Totals.Held != "" })
		}
		if f := ts.at(1).SetCredentials(s.credentials(t, "alice", time.Hour)); f != nil {
			t.Fatal(f)
		}
		for i := range ts.all {
			ts.at(i).Stored(time.Minute)
		}
	})
}

// What tabs tell each other has no secret that could be read: a key that signs.
func TestTabs_whatTheySay_hasNoSecret(t *testing.T) {
	s := startStack(t, devstack.Config{})
	token := s.idToken(t, "alice")
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		ts := &tabs{t: t, b: b, s: s, token: token}
		ts.open("alice", 0)
		b.Run(`window.heard = [];
			new BroadcastChannel("bucketline credentials " + JSON.stringify(arguments[0])).onmessage = ({ data }) => heard.push(data);`,
			[]any{s.S3, s.Region, s.Bucket, "", 4, "alice"})
		ts.upload(0, "said")
		ts.at(0).Stored(time.Minute)
		b.WaitUntil("credentials in the channel", 20*time.Second, func() bool {
			return webdriver.Eval[bool](b, `return heard.some(({ kind }) => kind === "have")`)
		})
		got := webdriver.Eval[string](b, `
			const { secret, ...rest } = heard.find(({ kind }) => kind === "have").credentials;
			const read = await crypto.subtle.exportKey("raw", secret).then(() => "read", () => "refused");
			return [secret instanceof CryptoKey, secret.extractable, read, Object.keys(rest).sort()].join(" ");`)
		if want := "true false refused accessKey,expiration,sessionToken"; got != want {
			t.Errorf("a key, extractable, exported, and the rest: %s, want %s", got, want)
		}
	})
}
