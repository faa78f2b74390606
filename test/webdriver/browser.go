// Package webdriver lets tests drive real browsers: Chromium, Firefox and
// WebKitGTK alike, through the commands of W3C WebDriver.
//
// A test says what is to happen in every browser:
//
//	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
//		s.Open(page)
//		s.Find("bucketline-uploader", "input[type=file]").SetFiles("a.mov", "b.mov")
//		s.Find("bucketline-uploader", "button.start").Click()
//		s.Find("bucketline-uploader", ".total").WaitText("2 of 2 files")
//	})
//
// It knows nothing of the product. Every method fails the test by itself when
// it cannot do its work, so there are no errors to check; what depends on the
// page waits for it first, Config.Wait at most. When a test has failed, a
// picture of the page, its text and source, the console and the browser's own
// output are in the folder that the test's log names.
//
// A Session belongs to one test and its goroutine; in a subtest use [Session.With].
//
// Browsers are taken from a pool, because starting one costs up to two
// seconds, and come without storage, cookies or pages of an earlier test. They
// end with the test binary, see package process.
//
// Next: session.go for what can be said about pages, element.go about elements,
// conn.go for how commands travel, and a file for each browser.
//
// WebDriver: https://www.w3.org/TR/webdriver2/
package webdriver

import (
	"slices"
	"testing"
	"time"
)

// Browser is one of [Browsers], by the name that its subtests carry.
type Browser string

// Chromium, Firefox and WebKitGTK stand for the three engines that the web has.
const (
	Chromium  Browser = "Chromium"
	Firefox   Browser = "Firefox"
	WebKitGTK Browser = "WebKitGTK"
)

// Browsers are all that Each runs a test in.
var Browsers = []Browser{Chromium, Firefox, WebKitGTK}

// Feature is something that not every browser has, or lets a driver do.
type Feature struct {
	Name     string // completes "WebKitGTK lacks …"
	LackedBy []Browser
}

// Lacks declares a feature for Config.Needs, with the browsers that lack it.
func Lacks(name string, browsers ...Browser) Feature {
	return Feature{name, browsers}
}

// What drivers cannot do everywhere; the self tests hold each to be true.
var (
	FolderInput = Lacks("choosing a folder in a file input", WebKitGTK)
	FolderDrop  = Lacks("dropping a folder on the page", Firefox)
	TypeEmoji   = Lacks("typing characters beyond Unicode's first plane", WebKitGTK)
	SetQuota    = Lacks("a quota for storage that its driver sets", Firefox, WebKitGTK)
	CrashTab    = Lacks("a crash of a tab after which its driver goes on", WebKitGTK)
	SetOffline  = Lacks("a network that its driver takes away", WebKitGTK)
	PaintTab    = Lacks("painting a second tab that its driver looks at", WebKitGTK)
	OwnName     = Lacks("a name of this machine's own that its driver gives it", WebKitGTK)
)

// Name leads to 127.0.0.1 in browsers that have OwnName, and to nowhere else (RFC
// 6761, section 6.2). Over http it is no secure context, as this machine's
// address would be.
const Name = "bucketline.test"

// Config is what a test wants of its browsers. The zero value will do.
type Config struct {
	// Needs are the features without which the test means nothing. Where a
	// browser lacks one the test is not run, and its log says so.
	Needs []Feature

	// Parallel runs the test in all browsers at the same time. They start when
	// the surrounding test function has returned: end what they share in
	// t.Cleanup, not in a deferred call.
	Parallel bool

	// Fresh starts a browser for this test alone instead of taking one from the
	// pool.
	Fresh bool

	// InsecureTLS makes the browser accept any certificate.
	InsecureTLS bool

	// Dark makes pages see the preference for a dark colour scheme.
	Dark bool

	// Wait is how long to wait for what a command needs, for example for an
	// element to appear; 0 means 10 s.
	Wait time.Duration
}

const defaultWait = 10 * time.Second

// Each runs test as a subtest in every browser that has what c needs.
func Each(t *testing.T, c Config, test func(t *testing.T, s *Session)) {
	t.Helper()
	for _, b := range Browsers {
		if f, lacks := c.lackedBy(b); lacks {
			t.Logf("%s lacks %s: not run there", b, f.Name)
			continue
		}
		t.Run(string(b), func(t *testing.T) {
			if c.Parallel {
				t.Parallel()
			}
			test(t, Start(t, b, c))
		})
	}
}

func (c *Config) lackedBy(b Browser) (Feature, bool) {
	i := slices.IndexFunc(c.Needs, func(f Feature) bool { return slices.Contains(f.LackedBy, b) })
	if i < 0 {
		return Feature{}, false
	}
	return c.Needs[i], true
}
