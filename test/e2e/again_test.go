package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// connections are under way at once, by default.
const connections = 6

// partsSent is how many parts of an object the store was sent, well or not, and
// of how many the object consists. One whose credentials ended on the way, on a
// machine that is busy, is refused by its head: that is none.
func (s *stack) partsSent(t testing.TB, key string) (sent, parts int) {
	t.Helper()
	for _, r := range s.requests.of("s3", "/"+s.Bucket+"/"+key) {
		if r.method == "PUT" && r.status != http.StatusForbidden {
			sent++
		}
	}
	etag := s.object(t, key).etag
	n := regexp.MustCompile(`-(\d+)"?$`).FindStringSubmatch(etag)
	if n == nil {
		t.Fatalf("%q has the ETag %s, which is not that of parts", key, etag)
	}
	parts, err := strconv.Atoi(n[1])
	if err != nil {
		t.Fatal(err)
	}
	return sent, parts
}

// The provider ends the session while 300 MiB go up: when the credentials have
// ended too the upload is held, the person signs in again in a window, and it
// ends whole. No part is sent twice.
func TestDemo_sessionEndsDuring300MiB_signInAgainGoesOn(t *testing.T) {
	const size = 300 * mib
	s := startStack(t, devstack.Config{Rate: 10 * mib, SessionSeconds: 15, IDTokenLife: 5 * time.Second})
	b := webdriver.Start(t, webdriver.Chromium, webdriver.Config{Wait: 30 * time.Second})
	d := openDemo(t, b, s)
	data := harness.Bytes(7, size)
	file := d.file("long.mov", data)
	key := "users/alice/" + filepath.Base(file)
	d.choose(file)
	stored := func() int {
		n := 0
		for _, r := range s.requests.of("s3", "/"+s.Bucket+"/"+key) {
			if r.method == "PUT" && r.status == 200 {
				n++
			}
		}
		return n
	}
	b.WaitUntil("the credentials to have been renewed once", 2*time.Minute, func() bool { return s.exchanges() >= 2 })
	s.SignOut("alice")
	ended := time.Now()
	d.waitState(file, "holding", 2*time.Minute)
	held := stored()
	t.Logf("held %v after the session had ended, with %d parts stored", time.Since(ended).Round(time.Second), held)
	d.waitStory("The provider has ended the session")
	banner := b.Find(uploader, "#banner")
	banner.WaitText("Waiting for you to sign in again.")
	d.picture("held")

	page := b.Window()
	b.FindText("Sign in", uploader, "#banner button").Click()
	d.switchFrom(page)
	d.fillSignIn("alice")
	b.WaitUntil("the sign-in's window to close", 30*time.Second, func() bool { return len(b.Windows()) == 1 })
	b.Switch(page)
	d.waitStory("Signed in again")
	d.waitState(file, "done", 5*time.Minute)
	d.picture("stored")

	s.check(t, key, sourceOf(data, "video/quicktime", map[string]string{}))
	sent, parts := s.partsSent(t, key)
	t.Logf("%d parts, %d sent, %d exchanges", parts, sent, s.exchanges())
	if held == 0 || held >= parts {
		t.Errorf("%d of %d parts were stored when the upload was held", held, parts)
	}
	if sent > parts+connections {
		t.Errorf("%d parts were sent %d times: more than those in flight were sent twice", parts, sent)
	}
	for _, m := range d.Console() {
		// What is refused is a refresh token, and a request that was late.
		if m.Level == "error" && !strings.Contains(m.Text, "oauth/token") && !strings.Contains(m.Text, "status of 403") {
			t.Errorf("console: %v", m)
		}
	}
}

// A page that leaves for the provider loses its files, but not what was stored:
// when it is back and the person chooses the same file again, it goes on.
func TestSignIn_redirectDuringUpload_theJournalGoesOn(t *testing.T) {
	const size = 80 * mib
	s := startStack(t, devstack.Config{Rate: 15 * mib})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		data := harness.Bytes(5, size)
		file := harness.WriteFile(t, t.TempDir(), "long.bin", data)
		key := fmt.Sprintf("users/alice/%s/long.bin", b.Browser())
		p := harness.Open(t, b, s.harness())
		p.SignIn(s.Endpoints, s.harness(), "alice", nil)
		begin := func() {
			t.Helper()
			o := s.options(t).With("partSize", 5*mib)
			delete(o, "credentials")
			identity := s.identity("") // by the ID token of the page's login
			p.MustCreate(o, &harness.Refresh{STS: &identity})
		}
		upload := func() {
			t.Helper()
			p.Choose(file)
			p.MustUpload(harness.Upload{Source: harness.InFiles, Options: harness.Options{"key": key}})
		}
		begin()
		upload()
		p.Until("eight parts to be stored", time.Minute, func(r harness.Report) bool { return r.Tasks[0].Info.PartsStored >= 8 })

		p.SignIn(s.Endpoints, s.harness(), "alice", nil)
		begin()
		left := p.Previous()
		if len(left) != 1 || left[0].Key != key || left[0].Stored < 4*5*mib { // the last records may be on their way to the disk
			t.Fatalf("unfinished are %+v, want %q with four parts at least", left, key)
		}
		upload()
		r := p.Stored(3 * time.Minute)
		resumed := harness.Of(r.Log, "resumed")
		if len(resumed) != 1 || resumed[0].Parts < 4 {
			t.Errorf("it went on with %+v, want four parts at least", resumed)
		}
		s.check(t, key, sourceOf(data, "application/octet-stream", map[string]string{}))
		sent, parts := s.partsSent(t, key)
		t.Logf("%d parts, %d sent, %d of them before leaving", parts, sent, left[0].Stored/(5*mib))
		// In flight are, when a page is left, requests, and records on their way to
		// the disk.
		if sent > parts+2*connections {
			t.Errorf("%d parts were sent %d times: more than those in flight were sent twice", parts, sent)
		}
		if len(p.Previous()) != 0 {
			t.Error("the journal still has the upload")
		}
	})
}

// A reload forgets the tokens. The demo asks the provider, which still knows the
// person, and nobody has to type anything.
func TestDemo_reload_isStillSignedIn(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		b.Reload()
		b.Find("#name").WaitText("alice")
		d.waitReady()
		s.SignOut("alice")
		b.Reload()
		b.Find(welcome).Wait()
		d.quiet()
	})
}

// Two tabs of the demo: they share credentials, and whoever signs out in one is
// signed out in both.
func TestDemo_twoTabs_shareAndSignOutTogether(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Needs: []webdriver.Feature{webdriver.PaintTab}}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		first := b.Window()
		second := b.NewTab()
		openDemo(t, b, s)
		b.Find("#expire").Click()
		before := s.exchanges()
		file := d.file("shared.txt", []byte("one asks for both"))
		d.choose(file)
		d.waitState(file, "done", 30*time.Second)
		if n := s.exchanges() - before; n != 1 {
			t.Errorf("there were %d exchanges, want 1", n)
		}
		b.Switch(first)
		d.waitStory("Another tab got new credentials")
		d.picture("shared")
		b.Find("#sign-out").Click()
		b.Find(welcome).Wait()
		b.Switch(second)
		b.Find(welcome).Wait()
		if b.Find("#work").Displayed() {
			t.Error("the second tab still shows the uploader")
		}
	})
}
