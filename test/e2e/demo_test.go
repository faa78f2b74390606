package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// demo is the demo page as somebody sees it.
type demo struct {
	*webdriver.Session
	t     *testing.T
	stack *stack
}

// file writes a file for one browser: all of them upload for the same alice.
func (d *demo) file(name string, data []byte) (path string) {
	d.t.Helper()
	return harness.WriteFile(d.t, d.t.TempDir(), string(d.Browser())+" "+name, data)
}

// stored compares what alice has under the name of a file with its source.
func (d *demo) stored(file string, want source) {
	d.t.Helper()
	d.stack.check(d.t, "users/alice/"+filepath.Base(file), want)
}

const (
	uploader = "bucketline-uploader"
	welcome  = "#welcome:not([hidden]) #sign-in"
)

// openDemo opens the page and signs alice in, through the provider's own form.
func openDemo(t *testing.T, b *webdriver.Session, s *stack) *demo {
	t.Helper()
	d := &demo{b, t, s}
	b.Open(s.Page)
	b.Find(welcome).Click()
	d.fillSignIn("alice")
	b.Find("#name").WaitText("alice")
	d.waitReady()
	return d
}

// waitReady waits until the uploader takes files: there are credentials.
func (d *demo) waitReady() {
	d.t.Helper()
	d.Find(uploader, "#choose-files:enabled").Wait()
}

// fillSignIn fills in the provider's form and sends it.
func (d *demo) fillSignIn(user string) {
	d.t.Helper()
	d.WaitURL(d.stack.Issuer)
	name := d.Find("#user").Wait()
	if webdriver.Property[string](name, "value") == "" {
		name.Type(user)
	}
	d.Find("#password").Type(d.stack.password(d.t, user))
	d.Find("button[type=submit]").Click()
}

func (s *stack) password(t testing.TB, user string) string {
	t.Helper()
	i := slices.IndexFunc(s.Users, func(u devstack.User) bool { return u.Name == user })
	if i < 0 {
		t.Fatalf("no user is called %q", user)
	}
	return s.Users[i].Password
}

// choose chooses files in the uploader's input.
func (d *demo) choose(files ...string) {
	d.t.Helper()
	d.Find(uploader, "#files").SetFiles(files...)
}

// row is the row of a file, or something in it.
func (d *demo) row(file string, css ...string) *webdriver.Element {
	d.t.Helper()
	inside := `li:has([title="` + filepath.Base(file) + `"])`
	for _, c := range css {
		inside += " " + c
	}
	return d.Find(uploader, inside)
}

// waitState waits until the row of a file is in a state.
func (d *demo) waitState(file, state string, within time.Duration) {
	d.t.Helper()
	d.WaitUntil(filepath.Base(file)+" to be "+state, within, func() bool {
		row := d.row(file)
		return row.Exists() && row.Attribute("data-state") == state
	})
}

// story is what the page tells of what the browser did.
func (d *demo) story() string {
	d.t.Helper()
	return d.Find("#story").Text()
}

func (d *demo) waitStory(part string) {
	d.t.Helper()
	d.WaitUntil("the story to say "+part, 10*time.Second, func() bool { return strings.Contains(d.story(), part) })
}

// picture leaves a screenshot for people.
func (d *demo) picture(name string) {
	d.t.Helper()
	d.Screenshot(filepath.Join(webdriver.ArtifactsDir(d.t), name+".png"))
}

// quiet wants that the console has no errors and no complaints, which is where
// breaches of the Content-Security-Policy are too.
func (d *demo) quiet() {
	d.t.Helper()
	for _, m := range d.Console() {
		if strings.Contains(m.Text, d.stack.S3+"/favicon.ico") {
			continue // the browser's own question, when an object is opened
		}
		if strings.Contains(m.Text, "?uploadId=") && strings.Contains(m.Text, "&max-parts=1 ") && strings.Contains(m.Text, "status of 404") {
			continue // whether an abort has left anything: it has not
		}
		if m.Level == "error" || strings.Contains(m.Text, "Content-Security-Policy") || strings.Contains(m.Text, "Content Security Policy") {
			d.t.Errorf("console: %v", m)
		}
	}
}

var life = regexp.MustCompile(`^credentials \d+:\d\d$`)

func TestDemo_signInToSignOut(t *testing.T) {
	s := startStack(t, devstack.Config{Rate: 100 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		note := d.file("read me, 100% + ü.txt", []byte("straight to the bucket\n"))
		video := d.file("video.mp4", harness.Bytes(1, 40*mib))
		b.WaitUntil("the credentials' life", 10*time.Second, func() bool { return life.MatchString(b.Find("#life").Text()) })
		d.picture("1 signed in")
		d.choose(note, video)
		b.WaitUntil("some progress", 10*time.Second, func() bool {
			progress := d.row(video, "[role=progressbar]")
			return progress.Exists() && strings.Contains(progress.Attribute("aria-valuetext"), " of 5 parts stored")
		})
		d.picture("2 uploading")
		d.waitState(video, "done", 30*time.Second)
		d.waitState(note, "done", 10*time.Second)
		b.Find(uploader, "#summary").WaitText("All 2 files stored")
		d.picture("3 stored")

		for _, line := range []string{
			"Signed in as alice", "AssumeRoleWithWebIdentity", "PutObject", "CreateMultipartUpload",
			"5 parts stored", "UploadPart", "Joined the parts of 1 file", "CompleteMultipartUpload",
		} {
			d.waitStory(line)
		}
		d.stored(video, sourceOf(harness.Bytes(1, 40*mib), "video/mp4", map[string]string{}))
		d.stored(note, sourceOf([]byte("straight to the bucket\n"), "text/plain", map[string]string{}))
		checkLink(d, note, "straight to the bucket")
		d.quiet()

		b.Find("#sign-out").Click()
		b.Find(welcome).Wait()
		if b.Find("#work").Displayed() {
			t.Error("the uploader is still there after signing out")
		}
	})
}

// checkLink opens a stored file's link, as people do, and wants to read what.
func checkLink(d *demo, file, what string) {
	d.t.Helper()
	link := d.row(file, "a[data-action=open]")
	if role, label := link.Role(), link.Label(); role != "link" || label != "Open "+filepath.Base(file) {
		d.t.Errorf("the link is a %s called %q", role, label)
	}
	page := d.Window()
	link.Click()
	d.switchFrom(page)
	d.WaitText(what)
	d.WaitURL("X-Amz-Signature=")
	d.CloseWindow()
	d.Switch(page)
}

// switchFrom waits for a second window and looks at it.
func (d *demo) switchFrom(page webdriver.Window) {
	d.t.Helper()
	d.WaitUntil("another window", 10*time.Second, func() bool { return len(d.Windows()) == 2 })
	for _, w := range d.Windows() {
		if w != page {
			d.Switch(w)
		}
	}
}

func TestDemo_expireNow_holdsAndGoesOn(t *testing.T) {
	s := startStack(t, devstack.Config{Rate: 30 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		var files []string
		for i, name := range []string{"one.bin", "two.bin", "three.bin"} {
			files = append(files, d.file(name, harness.Bytes(uint32(i), 24*mib)))
		}
		d.choose(files...)
		d.waitStory("UploadPart") // the last line for now: the button below stays where it is
		b.Find("#expire").Click()
		d.waitStory("You made the credentials expire")
		// What is under way goes on, so the hold begins when the first part of six
		// is stored. Held are the files with a part left to send by then: one at
		// least, for there are nine parts.
		b.WaitUntil("the hold to end", 60*time.Second, func() bool {
			return regexp.MustCompile(`Held (1 file|[23] files) for \d+\.\d s`).MatchString(d.story())
		})
		d.waitStory("credentials were made to expire; asked once")
		d.picture("held and released")
		for i, f := range files {
			d.waitState(f, "done", 60*time.Second)
			d.stored(f, sourceOf(harness.Bytes(uint32(i), 24*mib), "application/octet-stream", map[string]string{}))
		}
		if n := strings.Count(d.story(), "AssumeRoleWithWebIdentity"); n != 2 {
			t.Errorf("credentials were asked for %d times, want twice", n)
		}
		d.quiet()
	})
	t.Cleanup(func() { s.noneRefused(t) })
}

// Without new credentials the page says so, and signing in again, in a window
// of its own, is the way on.
func TestDemo_noNewCredentials_signInAgainGoesOn(t *testing.T) {
	s := startStack(t, devstack.Config{Rate: 30 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		file := d.file("patient.bin", harness.Bytes(1, 24*mib))
		d.choose(file)
		d.waitStory("UploadPart") // the last line for now: the button below stays where it is
		// The STS cannot be reached from here on.
		b.Run(`const real = window.fetch;
			window.mend = () => { window.fetch = real; };
			window.fetch = (what, how) => String(what).startsWith(arguments[0]) ? Promise.reject(new TypeError("no network")) : real(what, how);`, s.STS)
		b.Find("#expire").Click()
		// Its three parts are under way and go on; what joins them is held.
		d.waitState(file, "holding", 60*time.Second)
		banner := b.Find(uploader, "#banner")
		banner.WaitText("Waiting for you to sign in again.")
		banner.WaitText("1 file is held; what is stored stays stored, and it goes on by itself.")
		d.row(file).WaitText("waiting for credentials")
		d.picture("1 held")
		page := b.Window()
		b.FindText("Sign in", uploader, "#banner button").Click()
		b.Run("window.mend()") // not before: the page tries again by itself, and would have mended it
		d.switchFrom(page)
		d.fillSignIn("alice")
		b.WaitUntil("the sign-in's window to close", 10*time.Second, func() bool { return len(b.Windows()) == 1 })
		b.Switch(page)
		d.waitStory("Signed in again")
		d.waitState(file, "done", 30*time.Second)
		d.picture("2 stored")
		d.stored(file, sourceOf(harness.Bytes(1, 24*mib), "application/octet-stream", map[string]string{}))
	})
}

func TestDemo_cancel_offersTheWayBack(t *testing.T) {
	s := startStack(t, devstack.Config{Rate: 20 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		var files []string
		for i, name := range []string{"keep.bin", "drop.bin", "also.bin"} {
			files = append(files, d.file(name, harness.Bytes(uint32(i), 40*mib)))
		}
		d.choose(files...)
		drop := files[1]
		d.waitState(drop, "uploading", 10*time.Second)
		d.row(drop, "[data-action=cancel]").Click()
		d.waitState(drop, "cancelled", 10*time.Second)
		d.row(drop, "[data-action=undo]").Click()
		b.WaitUntil("it to go on", 10*time.Second, func() bool {
			state := d.row(drop).Attribute("data-state")
			return state == "queued" || state == "uploading"
		})
		b.Find(uploader, "#cancel-all").Click()
		for _, f := range files {
			d.waitState(f, "cancelled", 10*time.Second)
		}
		d.picture("cancelled")
		b.WaitUntil("the rows to leave", 15*time.Second, func() bool { return !b.Find(uploader, "li").Exists() })
		prefix := "users/alice/" + string(b.Browser())
		b.WaitUntil("the aborts", 10*time.Second, func() bool {
			return !slices.ContainsFunc(s.unfinished(t), func(key string) bool { return strings.HasPrefix(key, prefix) })
		})
		if n := s.count(t, prefix); n != 0 {
			t.Errorf("%d objects were stored", n)
		}
		d.quiet()
	})
}

// Everything can be done without a mouse.
func TestDemo_keyboardAlone(t *testing.T) {
	s := startStack(t, devstack.Config{Rate: 10 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		d := &demo{b, t, s}
		file := d.file("typed.bin", harness.Bytes(1, 100*mib))
		b.Open(s.Page)
		b.Find(welcome).Wait()
		d.tabTo("button#sign-in")
		b.Press(webdriver.Enter)
		b.WaitURL(s.Issuer)
		b.Find("#user").Wait()
		d.tabTo("input#user")
		d.write("alice")
		d.tabTo("input#password")
		d.write(s.password(t, "alice"))
		b.Press(webdriver.Enter)
		b.Find("#name").WaitText("alice")

		// The dialog for files belongs to the browser: the driver stands in for it.
		d.waitReady()
		b.Run(`window.asked = [];
			const root = document.querySelector("bucketline-uploader").shadowRoot;
			for (const id of ["files", "folder"])
				root.getElementById(id)?.addEventListener("click", e => { e.preventDefault(); asked.push(id); });`)
		d.tabTo("button#choose-files")
		b.Press(webdriver.Enter)
		b.Press(webdriver.Space)
		if got := webdriver.Eval[[]string](b, "return asked"); !slices.Equal(got, []string{"files", "files"}) {
			t.Errorf("Enter and Space on the button opened the dialogs %v", got)
		}
		d.choose(file)
		d.waitState(file, "uploading", 10*time.Second)
		d.tabTo("button#cancel-all")
		d.tabToAction("cancel")
		d.picture("focus")
		b.Press(webdriver.Enter)
		d.waitState(file, "cancelled", 10*time.Second)
		d.tabToAction("undo")
		b.Press(webdriver.Space)
		d.waitState(file, "uploading", 10*time.Second)
		d.tabToAction("cancel")
		b.Press(webdriver.Enter)
		d.tabTo("button#expire")
		d.backTo("button#sign-out")
		b.WaitUntil("the row to leave", 15*time.Second, func() bool { return !b.Find(uploader, "li").Exists() })
		b.Press(webdriver.Enter)
		b.Find(welcome).Wait()
		d.quiet()
	})
}

// tabTo presses Tab until the element has the focus.
func (d *demo) tabTo(element string) {
	d.t.Helper()
	d.tabUntil(element, func() bool { return d.Focused() == element }, webdriver.Tab)
}

// backTo presses Shift and Tab until the element has the focus.
func (d *demo) backTo(element string) {
	d.t.Helper()
	d.tabUntil(element, func() bool { return d.Focused() == element }, webdriver.Shift, webdriver.Tab)
}

// tabToAction presses Tab until a row's button for action has the focus.
func (d *demo) tabToAction(action string) {
	d.t.Helper()
	d.tabUntil("the button to "+action, func() bool {
		return webdriver.Eval[string](d.Session, `return document.activeElement?.shadowRoot?.activeElement?.dataset.action ?? ""`) == action
	}, webdriver.Tab)
}

func (d *demo) tabUntil(what string, there func() bool, keys ...webdriver.Key) {
	d.t.Helper()
	for range 40 {
		if there() {
			return
		}
		d.Press(keys...)
	}
	d.t.Fatalf("Tab does not lead to %s; the focus is on %s", what, d.Focused())
}

// write types text by keys alone.
func (d *demo) write(text string) {
	d.t.Helper()
	for _, c := range text {
		d.Press(webdriver.Key(c))
	}
}

func TestDemo_phone_hasNoSidewaysScrolling(t *testing.T) {
	const sideways = `return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`
	s := startStack(t, devstack.Config{Rate: 15 * mib})
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			webdriver.Each(t, webdriver.Config{Dark: scheme == "dark", Parallel: true}, func(t *testing.T, b *webdriver.Session) {
				b.Resize(320, 640)
				b.Open(s.Page)
				b.Find(welcome).Wait()
				if got := webdriver.Eval[int](b, sideways); got > 320 {
					t.Errorf("the welcome is %d pixels wide on a screen of 320", got)
				}
				d := openDemo(t, b, s)
				long := d.file(strings.Repeat("a very long name without an end ", 6)+".jpeg", harness.Bytes(1, 100))
				d.choose(long, d.file(strings.Repeat("x", 200)+".bin", harness.Bytes(1, 100*mib)))
				d.waitState(long, "done", 10*time.Second)
				d.picture("320 pixels")
				if got := webdriver.Eval[int](b, sideways); got > 320 {
					t.Errorf("the page is %d pixels wide on a screen of 320", got)
				}
				b.Resize(1280, 800)
				d.picture("1280 pixels")
				b.Find(uploader, "#cancel-all").Click()
				d.quiet()
			})
		})
	}
}

func TestDemo_drop_takesFiles(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		file := d.file("dropped.txt", []byte("dropped"))
		b.Find("body").Drop(file) // anywhere on the page
		d.waitState(file, "done", 10*time.Second)
		d.stored(file, sourceOf([]byte("dropped"), "text/plain", map[string]string{}))
		d.quiet()
	})
}

// A link that leads nowhere is left out by the browsers themselves.
func TestDemo_dropFolder_storesWhatIsInIt(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Needs: []webdriver.Feature{webdriver.FolderDrop}, Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		album := "album of " + string(b.Browser())
		folder := filepath.Join(t.TempDir(), album)
		harness.WriteFile(t, folder, "a.txt", []byte("a"))
		harness.WriteFile(t, folder, "deep/er/b.txt", []byte("b"))
		if err := os.Symlink("nowhere", filepath.Join(folder, "dangling.txt")); err != nil {
			t.Fatal(err)
		}
		b.Find(uploader).Drop(folder)
		b.Find(uploader, "#summary").WaitText("All 2 files stored")
		d.picture("stored")
		for name, text := range map[string]string{"/a.txt": "a", "/deep/er/b.txt": "b"} {
			s.check(t, "users/alice/"+album+name, sourceOf([]byte(text), "text/plain", map[string]string{}))
		}
		if n := s.count(t, "users/alice/"+album); n != 2 {
			t.Errorf("%d objects were stored, want 2", n)
		}
		d.quiet()
	})
}

// What the store refuses is said in a sentence, with the facts behind it.
func TestDemo_failure_isExplained(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		file := d.file("refused.txt", []byte("refused"))
		b.Run(`document.querySelector("bucketline-uploader").optionsFor = (file) => ({key: "users/bob/" + file.name})`)
		d.choose(file)
		d.waitState(file, "failed", 10*time.Second)
		d.row(file).WaitText("You may not write there.")
		d.row(file, "[data-action=details]").Click()
		details := d.row(file, "[part=details]")
		for _, fact := range []string{"AccessDenied", "403", "PutObject", "Request ID", "check the role's policy and the key's prefix"} {
			details.WaitText(fact)
		}
		d.picture("details")
		b.Find(uploader, "#summary").WaitText("1 failed")
		s.absent(t, "users/bob/"+filepath.Base(file))
	})
}
