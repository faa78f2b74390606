package security

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// securityPath is where the dev stack serves the page of this folder.
const securityPath = "/security/"

// pageWithin bounds how long a page may take for anything, on a machine that is
// busy with other things.
const pageWithin = 3 * time.Minute

// stackConfig is that of a dev stack that serves the page of this folder.
func stackConfig() devstack.Config { return devstack.Config{IDTokenLife: 15 * time.Minute} }

// securityPage is test/e2e/page with security.html for its index.
type securityPage struct{ fs.FS }

func (p securityPage) Open(name string) (fs.File, error) {
	if name == "index.html" {
		name = "security.html"
	}
	return p.FS.Open(name)
}

// page is the page of this folder in one browser.
type page struct {
	*webdriver.Session
	t        *testing.T
	e        devstack.Endpoints
	recorder *recorder
	path     string // of the page, below the stack's origin
}

// open opens the page and signs alice in.
func (p *page) open() {
	p.t.Helper()
	p.Open(strings.TrimSuffix(p.e.Page, "/") + p.path)
	p.ready()
	p.Run("void security.signIn()")
	p.fillSignIn()
	p.ready()
	if got := webdriver.Eval[string](p.Session, "return live.outcome"); got != "signedIn" {
		p.t.Fatalf("the sign-in ended in %q", got)
	}
}

func (p *page) ready() {
	p.t.Helper()
	p.WaitFor("the page to load", pageWithin, "return window.security && location.pathname === arguments[0]", p.path)
}

func (p *page) fillSignIn() {
	p.t.Helper()
	p.WaitURL(p.e.Issuer)
	i := slices.IndexFunc(p.e.Users, func(u devstack.User) bool { return u.Name == "alice" })
	name := p.Find("#user").Wait()
	if webdriver.Property[string](name, "value") == "" {
		name.Type("alice")
	}
	p.Find("#password").Type(p.e.Users[i].Password)
	p.Find("button[type=submit]").Click()
}

// upload uploads and wants an end.
func (p *page) upload(key string, size int, want string) {
	p.t.Helper()
	p.Run("live.ended = ''; security.upload(...arguments).then((state) => { live.ended = state; })", key, size)
	p.WaitFor("the end of the upload of "+key, pageWithin, "return live.ended")
	if got := webdriver.Eval[string](p.Session, "return live.ended"); got != want {
		p.t.Errorf("the upload of %s is %s, want %s", key, got, want)
	}
}

// clean searches the page, and all that was requested so far.
func (p *page) clean(after string) {
	p.t.Helper()
	texts := append(search(p.Session), p.recorder.places()...)
	for _, leak := range leaks(p.recorder.known(), texts) {
		p.t.Errorf("after %s: %s", after, leak)
	}
	if len(texts) < 100 {
		p.t.Errorf("after %s, only %d texts were looked at", after, len(texts))
	}
}

// searched runs test in every browser at the same time, each with a recorder of
// its own: what one browser was given is looked for in that one. An ID token lives
// 32 s, of which 30 s must be left: most uses renew it.
func searched(t *testing.T, path string, test func(p *page)) {
	c := stackConfig()
	c.IDTokenLife = 32 * time.Second
	recorders := map[webdriver.Browser]*recorder{}
	for _, browser := range webdriver.Browsers {
		recorders[browser] = &recorder{only: browser}
	}
	c.Wrap = func(server string, h http.Handler) http.Handler {
		for _, browser := range webdriver.Browsers {
			h = recorders[browser].wrap(server, h)
		}
		return h
	}
	stack, _ := startStack(t, c)
	webdriver.Each(t, webdriver.Config{Parallel: true, Wait: pageWithin}, func(t *testing.T, s *webdriver.Session) {
		r := recorders[s.Browser()]
		test(&page{s, t, stack.Endpoints(), r, path})
		kinds := map[string]int{}
		for _, s := range r.known() {
			kinds[s.kind]++
		}
		for _, kind := range []string{secretKey, sessionToken, idToken, refreshToken, accessToken} {
			if kinds[kind] < 2 {
				t.Errorf("%d times a %s was given, want more", kinds[kind], kind)
			}
		}
		t.Logf("looked for %v in %d requests and the page", kinds, len(r.seen()))
	})
}

// Whatever happens to a page, its secrets are in none of the places that outlive
// it, that people see, or that a script finds by looking at our objects.
func TestSecrets_areNowhereInAPage(t *testing.T) {
	searched(t, securityPath, func(p *page) {
		p.open()
		p.clean("the sign-in")
		for _, version := range []int{4, 2} {
			p.Run("security.create(arguments[0])", version)
			p.upload("users/alice/small.bin", 1000, "done")
			p.upload("users/alice/parts.bin", 17<<20, "done")
			p.clean("uploads")
			p.Run("security.expire()")
			p.upload("users/alice/after.bin", 1000, "done")
			p.clean("an expiry")
			p.upload("users/bob/refused.bin", 1000, "failed")
			p.upload("users/bob/refused parts.bin", 17<<20, "failed")
			p.clean("refusals")
			p.recorder.set(nil, func(server, path string) bool { return server == "s3" && strings.Contains(path, "unlucky") })
			p.upload("users/alice/unlucky.bin", 1000, "failed")
			p.recorder.set(nil, nil)
			p.clean("failures")
		}
		p.Run("await security.mistakes()")
		p.clean("mistakes")
		if n := webdriver.Eval[int](p.Session, "return live.errors.length"); n < 20 {
			p.t.Errorf("only %d errors were there to look at", n)
		}
		p.Run("void security.signOut()")
		p.WaitFor("the way back from signing out", pageWithin, "return window.security && !live.login.claims && live.outcome === 'none'")
		p.clean("the sign-out")
		p.strange()
	})
}

// strange has the provider answer the code with what is no answer, though there
// are tokens in it: none of them may be in the error.
func (p *page) strange() {
	p.t.Helper()
	for name, change := range map[string]func(map[string]any){
		"no token type":       func(m map[string]any) { delete(m, "token_type") },
		"a wrong token type":  func(m map[string]any) { m["token_type"] = 1 },
		"a broken ID token":   func(m map[string]any) { m["id_token"] = m["id_token"].(string) + ".x" },
		"a wrong life":        func(m map[string]any) { m["expires_in"] = "soon" },
		"an ID token's noise": func(m map[string]any) { m["id_token"] = strings.Replace(m["id_token"].(string), ".", ".x", 1) },
	} {
		p.recorder.set(func(server, path string, body []byte) []byte {
			var m map[string]any
			if server != "issuer" || json.Unmarshal(body, &m) != nil || m["id_token"] == nil {
				return body
			}
			change(m)
			var b bytes.Buffer
			json.NewEncoder(&b).Encode(m)
			return b.Bytes()
		}, nil)
		p.Open(strings.TrimSuffix(p.e.Page, "/") + p.path)
		p.ready()
		p.Run("void security.signIn()")
		p.fillSignIn()
		p.ready()
		if got := webdriver.Eval[string](p.Session, "return live.outcome"); got != "failed" {
			p.t.Errorf("an answer with %s: %q, want a failure", name, got)
		}
		p.clean("an answer with " + name)
	}
	p.recorder.set(nil, nil)
}

// The demo page, as somebody uses it: what is on the screen has no secret, nor
// has what the component and the story keep.
func TestSecrets_areNowhereInTheDemo(t *testing.T) {
	searched(t, "/", func(p *page) {
		p.Open(p.e.Page)
		p.Find("#welcome:not([hidden]) #sign-in").Click()
		p.fillSignIn()
		p.Find("#name").WaitText("alice")
		p.Find("bucketline-uploader", "#choose-files:enabled").Wait()
		p.clean("the sign-in")
		p.choose("one.bin", 17<<20, "done")
		p.choose("two.bin", 1000, "done")
		p.clean("uploads")
		p.pointAtALink()
		p.clean("a link that was pointed at")

		// The STS cannot be reached: the page holds, and asks to sign in again.
		p.recorder.set(nil, func(server, _ string) bool { return server == "sts" })
		p.Find("#expire").Click()
		p.choose("three.bin", 1000, "holding")
		p.clean("a hold")
		p.signInAgain()
		p.state("three.bin", "done")
		p.clean("another sign-in")

		p.Run(`document.querySelector("bucketline-uploader").optionsFor = (file) => ({key: "users/bob/" + file.name})`)
		p.choose("four.bin", 1000, "failed")
		p.row("four.bin", "[data-action=details]").Click()
		p.row("four.bin", "[part=details]").WaitText("AccessDenied")
		p.clean("a refusal")
		p.Find("#sign-out").Click()
		p.Find("#welcome:not([hidden]) #sign-in").Wait()
		p.clean("the sign-out")
	})
}

// pointAtALink has the focus come to a link, which makes its address, and go in
// two steps, as it does when the window is left first.
func (p *page) pointAtALink() {
	p.t.Helper()
	link := p.row("one.bin", "a[data-action=open]")
	p.Run("arguments[0].focus()", link)
	p.WaitUntil("the link's address", pageWithin, func() bool {
		return strings.Contains(webdriver.Property[string](link, "href"), "X-Amz-Security-Token")
	})
	p.Run(`arguments[0].dispatchEvent(new FocusEvent("blur")); arguments[0].blur()`, link)
}

// signInAgain signs in through a window of its own, as the page asks for while it
// holds.
func (p *page) signInAgain() {
	p.t.Helper()
	main := p.Window()
	p.Find("bucketline-uploader", `#banner[data-kind=signIn] button`).Click()
	p.WaitUntil("another window", pageWithin, func() bool { return len(p.Windows()) == 2 })
	p.recorder.set(nil, nil) // not before: it goes on by itself when the STS is back
	for _, w := range p.Windows() {
		if w != main {
			p.Switch(w)
		}
	}
	p.fillSignIn()
	p.WaitUntil("the window to close", pageWithin, func() bool { return len(p.Windows()) == 1 })
	p.Switch(main)
}

// row is the row of a file in the component, or something in it.
func (p *page) row(name string, css ...string) *webdriver.Element {
	p.t.Helper()
	return p.Find("bucketline-uploader", strings.Join(append([]string{`li:has([title="` + name + `"])`}, css...), " "))
}

// choose chooses a file in the component, and waits until it is in a state.
func (p *page) choose(name string, size int, state string) {
	p.t.Helper()
	p.Find("bucketline-uploader", "#files").SetFiles(harness.WriteFile(p.t, p.t.TempDir(), name, harness.Bytes(1, size)))
	p.state(name, state)
}

func (p *page) state(name, state string) {
	p.t.Helper()
	p.WaitUntil(name+" to be "+state, pageWithin, func() bool {
		row := p.row(name)
		return row.Exists() && row.Attribute("data-state") == state
	})
}
