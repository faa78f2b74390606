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

const uploader = "bucketline-uploader"

// openDemo opens the page and signs alice in, through the provider's own form.
func openDemo(t *testing.T, b *webdriver.Session, s *stack) *demo {
	t.Helper()
	d := &demo{b, t, s}
	b.Open(s.Page)
	b.Find("#sign-in").Click()
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

// row is the row of a file.
func (d *demo) row(name string, css ...string) *webdriver.Element {
	d.t.Helper()
	inside := `li:has([title="` + name + `"])`
	for _, c := range css {
		inside += " " + c
	}
	return d.Find(uploader, inside)
}

// waitState waits until the row of a file is in a state.
func (d *demo) waitState(name, state string, within time.Duration) {
	d.t.Helper()
	d.WaitUntil(name+" to be "+state, within, func() bool {
		row := d.row(name)
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
		if m.Level == "error" || strings.Contains(m.Text, "Content-Security-Policy") || strings.Contains(m.Text, "Content Security Policy") {
			d.t.Errorf("console: %v", m)
		}
	}
}

var life = regexp.MustCompile(`^credentials \d+:\d\d$`)

func TestDemo_signInToSignOut(t *testing.T) {
	folder := t.TempDir()
	text := harness.WriteFile(t, folder, "read me, 100% + ü.txt", []byte("straight to the bucket\n"))
	video := harness.WriteFile(t, folder, "video.mp4", harness.Bytes(1, 40*mib))
	s := startStack(t, devstack.Config{Rate: 40 * mib})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		b.WaitUntil("the credentials' life", 10*time.Second, func() bool { return life.MatchString(b.Find("#life").Text()) })
		d.picture("1 signed in")
		d.choose(text, video)
		progress := d.row("video.mp4", "[role=progressbar]")
		b.WaitUntil("some progress", 10*time.Second, func() bool {
			return strings.Contains(progress.Attribute("aria-valuetext"), " of 5 parts stored") && d.row("video.mp4").Attribute("data-state") == "uploading"
		})
		d.picture("2 uploading")
		d.waitState("video.mp4", "done", 30*time.Second)
		d.waitState(filepath.Base(text), "done", 10*time.Second)
		b.Find(uploader, "#summary").WaitText("All 2 files stored")
		d.picture("3 stored")

		for _, line := range []string{
			"Signed in as alice", "AssumeRoleWithWebIdentity", "PutObject", "CreateMultipartUpload",
			"5 parts stored", "UploadPart", "Joined the parts of 1 file", "CompleteMultipartUpload",
		} {
			d.waitStory(line)
		}
		s.check(t, "users/alice/video.mp4", sourceOf(harness.Bytes(1, 40*mib), "video/mp4", map[string]string{}))
		s.check(t, "users/alice/"+filepath.Base(text), sourceOf([]byte("straight to the bucket\n"), "text/plain", map[string]string{}))
		checkLink(d, filepath.Base(text), "straight to the bucket")
		d.quiet()

		b.Find("#sign-out").Click()
		b.WaitURL(s.Page)
		b.Find("#welcome").Wait()
		b.WaitUntil("the welcome", 10*time.Second, func() bool { return b.Find("#sign-in").Displayed() })
		if b.Find("#work").Displayed() {
			t.Error("the uploader is still there after signing out")
		}
		for _, key := range []string{"users/alice/video.mp4", "users/alice/" + filepath.Base(text)} {
			s.remove(t, key)
		}
	})
}

// checkLink opens a stored file's link, as people do, and wants to read what.
func checkLink(d *demo, name, what string) {
	d.t.Helper()
	link := d.row(name, "a[data-action=open]")
	if role, label := link.Role(), link.Label(); role != "link" || label != "Open "+name {
		d.t.Errorf("the link is a %s called %q", role, label)
	}
	page := d.Window()
	link.Click()
	d.WaitUntil("a window", 10*time.Second, func() bool { return len(d.Windows()) == 2 })
	for _, w := range d.Windows() {
		if w != page {
			d.Switch(w)
		}
	}
	d.WaitText(what)
	d.WaitURL("X-Amz-Signature=")
	d.CloseWindow()
	d.Switch(page)
}

func TestDemo_expireNow_holdsAndGoesOn(t *testing.T) {
	folder := t.TempDir()
	var files []string
	for i, name := range []string{"one.bin", "two.bin", "three.bin"} {
		files = append(files, harness.WriteFile(t, folder, name, harness.Bytes(uint32(i), 24*mib)))
	}
	s := startStack(t, devstack.Config{Rate: 10 * mib})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		d.choose(files...)
		d.waitStory("UploadPart") // the last line for now: the button below stays where it is
		b.Find("#expire").Click()
		d.waitStory("You made the credentials expire")
		b.WaitUntil("the hold to end", 20*time.Second, func() bool {
			return regexp.MustCompile(`Held [23] files for \d+\.\d s`).MatchString(d.story())
		})
		d.waitStory("credentials were made to expire; asked once")
		d.picture("held and released")
		for _, f := range files {
			d.waitState(filepath.Base(f), "done", 60*time.Second)
		}
		for i, f := range files {
			key := "users/alice/" + filepath.Base(f)
			s.check(t, key, sourceOf(harness.Bytes(uint32(i), 24*mib), "application/octet-stream", map[string]string{}))
			s.remove(t, key)
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
	folder := t.TempDir()
	file := harness.WriteFile(t, folder, "patient.bin", harness.Bytes(1, 24*mib))
	s := startStack(t, devstack.Config{Rate: 10 * mib})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		d.choose(file)
		d.waitStory("UploadPart") // the last line for now: the button below stays where it is
		// The STS cannot be reached from here on.
		b.Run(`const real = window.fetch;
			window.mend = () => { window.fetch = real; };
			window.fetch = (what, how) => String(what).startsWith(arguments[0]) ? Promise.reject(new TypeError("no network")) : real(what, how);`, s.STS)
		b.Find("#expire").Click()
		banner := b.Find(uploader, "#banner")
		banner.WaitText("Waiting for you to sign in again.")
		banner.WaitText("1 file is held; what is stored stays stored, and it goes on by itself.")
		d.waitState("patient.bin", "holding", 20*time.Second)
		d.row("patient.bin").WaitText("waiting for credentials")
		d.picture("1 held")
		b.Run("window.mend()")
		page := b.Window()
		b.FindText("Sign in", uploader, "#banner button").Click()
		b.WaitUntil("the sign-in's window", 10*time.Second, func() bool { return len(b.Windows()) == 2 })
		for _, w := range b.Windows() {
			if w != page {
				b.Switch(w)
			}
		}
		d.fillSignIn("alice")
		b.WaitUntil("the sign-in's window to close", 10*time.Second, func() bool { return len(b.Windows()) == 1 })
		b.Switch(page)
		d.waitStory("Signed in again")
		d.waitState("patient.bin", "done", 30*time.Second)
		d.picture("2 stored")
		s.check(t, "users/alice/patient.bin", sourceOf(harness.Bytes(1, 24*mib), "application/octet-stream", map[string]string{}))
		s.remove(t, "users/alice/patient.bin")
	})
}

func TestDemo_cancel_offersTheWayBack(t *testing.T) {
	folder := t.TempDir()
	var files []string
	for i, name := range []string{"keep.bin", "drop.bin", "also.bin"} {
		files = append(files, harness.WriteFile(t, folder, name, harness.Bytes(uint32(i), 20*mib)))
	}
	s := startStack(t, devstack.Config{Rate: 10 * mib})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		d.choose(files...)
		d.waitState("drop.bin", "uploading", 10*time.Second)
		d.row("drop.bin", "[data-action=cancel]").Click()
		d.waitState("drop.bin", "cancelled", 10*time.Second)
		d.row("drop.bin", "[data-action=undo]").Click()
		b.WaitUntil("it to go on", 10*time.Second, func() bool {
			state := d.row("drop.bin").Attribute("data-state")
			return state == "queued" || state == "uploading"
		})
		b.Find(uploader, "#cancel-all").Click()
		for _, f := range files {
			d.waitState(filepath.Base(f), "cancelled", 10*time.Second)
		}
		d.picture("cancelled")
		b.WaitUntil("the rows to leave", 15*time.Second, func() bool { return !b.Find(uploader, "li").Exists() })
		b.WaitUntil("the aborts", 10*time.Second, func() bool { return len(s.unfinished(t)) == 0 })
		if n := s.count(t, "users/alice/"); n != 0 {
			t.Errorf("%d objects were stored", n)
		}
		d.quiet()
	})
}

// Everything can be done without a mouse.
func TestDemo_keyboardAlone(t *testing.T) {
	file := harness.WriteFile(t, t.TempDir(), "typed.bin", harness.Bytes(1, 20*mib))
	s := startStack(t, devstack.Config{Rate: 5 * mib})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		d := &demo{b, t, s}
		b.Open(s.Page)
		b.WaitUntil("the welcome", 10*time.Second, func() bool { return b.Find("#sign-in").Displayed() })
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
		d.waitState("typed.bin", "uploading", 10*time.Second)
		d.tabTo("button#cancel-all")
		d.tabToAction("cancel")
		d.picture("focus")
		b.Press(webdriver.Enter)
		d.waitState("typed.bin", "cancelled", 10*time.Second)
		d.tabToAction("undo")
		b.Press(webdriver.Space)
		d.waitState("typed.bin", "uploading", 10*time.Second)
		d.tabToAction("cancel")
		b.Press(webdriver.Enter)
		d.tabTo("button#expire")
		d.tabTo("button#sign-out")
		b.WaitUntil("the row to leave", 15*time.Second, func() bool { return !b.Find(uploader, "li").Exists() })
		b.Press(webdriver.Enter)
		b.WaitUntil("the welcome", 10*time.Second, func() bool { return b.Find("#sign-in").Exists() && b.Find("#sign-in").Displayed() })
		d.quiet()
	})
}

// tabTo presses Tab until the element has the focus.
func (d *demo) tabTo(element string) {
	d.t.Helper()
	d.tabUntil(element, func() bool { return d.Focused() == element })
}

// tabToAction presses Tab until a row's button for action has the focus.
func (d *demo) tabToAction(action string) {
	d.t.Helper()
	d.tabUntil("the button to "+action, func() bool {
		return webdriver.Eval[string](d.Session, `return document.activeElement?.shadowRoot?.activeElement?.dataset.action ?? ""`) == action
	})
}

func (d *demo) tabUntil(what string, there func() bool) {
	d.t.Helper()
	for range 40 {
		if there() {
			return
		}
		d.Press(webdriver.Tab)
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
	folder := t.TempDir()
	long := strings.Repeat("a very long name without an end ", 6) + ".jpeg"
	files := []string{
		harness.WriteFile(t, folder, long, harness.Bytes(1, 100)),
		harness.WriteFile(t, folder, strings.Repeat("x", 200)+".bin", harness.Bytes(1, 20*mib)),
	}
	const sideways = `return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`
	s := startStack(t, devstack.Config{Rate: 5 * mib})
	for _, dark := range []bool{false, true} {
		webdriver.Each(t, webdriver.Config{Dark: dark}, func(t *testing.T, b *webdriver.Session) {
			b.Resize(320, 640)
			b.Open(s.Page)
			b.WaitUntil("the welcome", 10*time.Second, func() bool { return b.Find("#sign-in").Displayed() })
			if got := webdriver.Eval[int](b, sideways); got > 320 {
				t.Errorf("the welcome is %d pixels wide on a screen of 320", got)
			}
			d := openDemo(t, b, s)
			d.choose(files...)
			d.waitState(long, "done", 10*time.Second)
			d.picture("320 pixels")
			if got := webdriver.Eval[int](b, sideways); got > 320 {
				t.Errorf("the page is %d pixels wide on a screen of 320", got)
			}
			b.Find(uploader, "#cancel-all").Click()
			b.Resize(1280, 800)
			d.picture("1280 pixels")
			d.quiet()
			s.remove(t, "users/alice/"+long)
		})
	}
}

func TestDemo_drop_takesFiles(t *testing.T) {
	folder := t.TempDir()
	dropped := harness.WriteFile(t, folder, "dropped.txt", []byte("dropped"))
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		b.Find("body").Drop(dropped) // anywhere on the page
		d.waitState("dropped.txt", "done", 10*time.Second)
		s.check(t, "users/alice/dropped.txt", sourceOf([]byte("dropped"), "text/plain", map[string]string{}))
		s.remove(t, "users/alice/dropped.txt")
		d.quiet()
	})
}

// A link that leads nowhere is left out by the browsers themselves.
func TestDemo_dropFolder_storesWhatIsInIt(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "album")
	harness.WriteFile(t, folder, "a.txt", []byte("a"))
	harness.WriteFile(t, folder, "deep/er/b.txt", []byte("b"))
	if err := os.Symlink("nowhere", filepath.Join(folder, "dangling.txt")); err != nil {
		t.Fatal(err)
	}
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Needs: []webdriver.Feature{webdriver.FolderDrop}}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		b.Find(uploader).Drop(folder)
		b.Find(uploader, "#summary").WaitText("All 2 files stored")
		d.picture("stored")
		for name, text := range map[string]string{"album/a.txt": "a", "album/deep/er/b.txt": "b"} {
			s.check(t, "users/alice/"+name, sourceOf([]byte(text), "text/plain", map[string]string{}))
			s.remove(t, "users/alice/"+name)
		}
		if n := s.count(t, "users/alice/"); n != 0 {
			t.Errorf("%d more objects were stored", n)
		}
		d.quiet()
	})
}

// What the store refuses is said in a sentence, with the facts behind it.
func TestDemo_failure_isExplained(t *testing.T) {
	file := harness.WriteFile(t, t.TempDir(), "gone.txt", []byte("gone"))
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		d := openDemo(t, b, s)
		b.Run(`document.querySelector("bucketline-uploader").optionsFor = (file) => ({key: "users/bob/" + file.name})`)
		d.choose(file)
		d.waitState("gone.txt", "failed", 10*time.Second)
		d.row("gone.txt").WaitText("You may not write there.")
		d.row("gone.txt", "[data-action=details]").Click()
		details := d.row("gone.txt", "[part=details]")
		for _, fact := range []string{"AccessDenied", "403", "PutObject", "Request ID", "check the role's policy and the key's prefix"} {
			details.WaitText(fact)
		}
		d.picture("details")
		b.Find(uploader, "#summary").WaitText("1 failed")
		s.absent(t, "users/bob/gone.txt")
	})
}
