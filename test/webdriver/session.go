package webdriver

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pollEvery is how often a wait looks again.
const pollEvery = 25 * time.Millisecond

// The viewport a session starts with, in CSS pixels.
const defaultWidth, defaultHeight = 1280, 800

// Session is one test's use of one browser.
type Session struct {
	t    testing.TB
	kind Browser
	wait time.Duration
	b    driver

	console *[]Message // what Console has read so far
}

// Message is a line of the browser's console: from console.log and its kin, an
// error that no script caught, or a complaint of the browser itself.
type Message struct {
	Level string // "error", "warning", "info" or "debug"
	Text  string
}

func (m Message) String() string { return m.Level + ": " + m.Text }

// With returns the session for use in a subtest t, whose failures are then its
// own.
func (s *Session) With(t testing.TB) *Session {
	of := *s
	of.t = t
	return &of
}

// Browser says which browser this is.
func (s *Session) Browser() Browser { return s.kind }

// must runs a command and fails the test when the browser does.
func (s *Session) must(doing string, cmd command, p params) json.RawMessage {
	s.t.Helper()
	v, err := s.b.send(cmd, p)
	if err != nil {
		s.t.Fatalf("%s: %v", doing, err)
	}
	return v
}

// decode reads the value that a command answered.
func decode[T any](s *Session, doing string, v json.RawMessage) T {
	s.t.Helper()
	var into T
	if len(v) == 0 {
		v = json.RawMessage("null")
	}
	if err := json.Unmarshal(v, &into); err != nil {
		s.t.Fatalf("%s: %v in %.200s", doing, err, v)
	}
	return into
}

// Open loads the page at url and returns when it has loaded.
func (s *Session) Open(url string) {
	s.t.Helper()
	s.must("open "+url, cmdNavigate, params{"url": url})
}

// Reload loads the page again.
func (s *Session) Reload() {
	s.t.Helper()
	s.must("reload", cmdRefresh, params{})
}

// Back goes one page back in the history.
func (s *Session) Back() {
	s.t.Helper()
	s.must("go back", cmdBack, params{})
}

// URL is the address of the page, fragment included.
func (s *Session) URL() string {
	s.t.Helper()
	return decode[string](s, "address", s.must("address", cmdCurrentURL, nil))
}

// Title is the page's title.
func (s *Session) Title() string {
	s.t.Helper()
	return decode[string](s, "title", s.must("title", cmdTitle, nil))
}

// Source is the document as markup, without shadow trees.
func (s *Session) Source() string {
	s.t.Helper()
	return decode[string](s, "page source", s.must("page source", cmdPageSource, nil))
}

// Text is the text of the whole page, that of open shadow trees included, one
// line for each run of text; what styles hide is there too.
func (s *Session) Text() string {
	s.t.Helper()
	return Eval[string](s, textScript)
}

const textScript = `
const lines = [];
const walk = node => {
	if (node.nodeType === Node.TEXT_NODE && node.data.trim()) lines.push(node.data.trim());
	if (/^(script|style|template)$/i.test(node.nodeName)) return;
	if (node.shadowRoot) walk(node.shadowRoot);
	node.childNodes.forEach(walk);
};
walk(document);
return lines.join("\n");`

// Eval runs script in the page and returns its result. The script is the body
// of an async function: it says return, may await, and finds args, each
// anything that encoding/json encodes or an *Element, in arguments. The result
// must be JSON; it is decoded into T. A script that throws, or takes longer
// than a minute, fails the test. What is to last from one script to the next
// goes into a property of window; globalThis is not the page's in Firefox.
//
// The page's Content-Security-Policy does not bind such scripts: to test it,
// use scripts of the page's own.
func Eval[T any](s *Session, script string, args ...any) T {
	s.t.Helper()
	v, err := s.eval(script, args...)
	if err != nil {
		s.t.Fatalf("script %q: %v", abridge(script), err)
	}
	return decode[T](s, "result of script", v)
}

// Run runs script as Eval does, for its effect alone.
func (s *Session) Run(script string, args ...any) {
	s.t.Helper()
	Eval[any](s, script+"\n;return null", args...)
}

func (s *Session) eval(script string, args ...any) (json.RawMessage, error) {
	return evaluate(s.b, script, s.references(args))
}

// evaluate returns what script, the body of an async function, returns.
func evaluate(b conn, script string, args []any) (json.RawMessage, error) {
	if args == nil {
		args = []any{}
	}
	return b.send(cmdScript, params{
		"script": "return (async function () {" + script + "\n}).apply(null, arguments)",
		"args":   args,
	})
}

func evaluateInto(v any, b conn, script string, args ...any) error {
	result, err := evaluate(b, script, args)
	if err != nil {
		return err
	}
	return json.Unmarshal(result, v)
}

// references replaces the elements among args by what WebDriver calls them.
func (s *Session) references(args []any) []any {
	s.t.Helper()
	var out []any
	for _, a := range args {
		if e, ok := a.(*Element); ok {
			var ref any
			e.act("find", func(id string) error { ref = reference(id); return nil })
			a = ref
		}
		out = append(out, a)
	}
	return out
}

func abridge(script string) string {
	script = strings.Join(strings.Fields(script), " ")
	if len(script) > 100 {
		return script[:100] + "…"
	}
	return script
}

// WaitFor waits until the script, as for Eval, returns something that counts
// as true in JavaScript, and fails the test with what after the time within.
func (s *Session) WaitFor(what string, within time.Duration, script string, args ...any) {
	s.t.Helper()
	s.WaitUntil(what, within, func() bool {
		s.t.Helper()
		return Eval[bool](s, "return !!(await (async function () {"+script+"\n}).apply(null, arguments))", args...)
	})
}

// WaitUntil waits until done reports true, and fails the test with what after
// the time within.
func (s *Session) WaitUntil(what string, within time.Duration, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(within); !done(); time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			s.t.Fatalf("still waiting for %s after %v", what, within)
		}
	}
}

// WaitText waits until the page's Text contains text.
func (s *Session) WaitText(text string) {
	s.t.Helper()
	s.WaitUntil(fmt.Sprintf("the page to say %q", text), s.wait, func() bool {
		s.t.Helper()
		return strings.Contains(s.Text(), text)
	})
}

// WaitURL waits until the page's address contains part.
func (s *Session) WaitURL(part string) {
	s.t.Helper()
	s.WaitUntil(fmt.Sprintf("an address with %q", part), s.wait, func() bool {
		s.t.Helper()
		return strings.Contains(s.URL(), part)
	})
}

// Resize makes the page's viewport width times height CSS pixels. 320 is the
// narrowest that all browsers have.
func (s *Session) Resize(width, height int) {
	s.t.Helper()
	if err := resize(s.b, width, height); err != nil {
		s.t.Fatalf("resize: %v", err)
	}
}

// resize asks for a window as large as the viewport and its frame.
func resize(b conn, width, height int) error {
	var frame, inner [2]int
	if err := evaluateInto(&frame, b, "return [outerWidth - innerWidth, outerHeight - innerHeight]"); err != nil {
		return err
	}
	for range 3 { // browsers may report the frame wrongly at first
		_, err := b.send(cmdSetWindowRect, params{"width": width + frame[0], "height": height + frame[1]})
		if err != nil {
			return err
		}
		for range 10 { // the window takes its time
			if err := evaluateInto(&inner, b, "return [innerWidth, innerHeight]"); err != nil {
				return err
			}
			if inner == [2]int{width, height} {
				return nil
			}
			time.Sleep(pollEvery)
		}
		frame[0], frame[1] = frame[0]+width-inner[0], frame[1]+height-inner[1]
	}
	return fmt.Errorf("the viewport is %d x %d, want %d x %d", inner[0], inner[1], width, height)
}

// SetQuota bounds what the origin of the page may store, in bytes, until the
// test ends. It needs the feature of that name.
func (s *Session) SetQuota(bytes int64) {
	s.t.Helper()
	origin := Eval[string](s, "return location.origin")
	if err := s.b.setQuota(origin, bytes); err != nil {
		s.t.Fatalf("set the quota of %s: %v", origin, err)
	}
	s.t.Cleanup(func() {
		if err := s.b.setQuota(origin, -1); err != nil {
			s.t.Errorf("lift the quota of %s: %v", origin, err)
		}
	})
}

// SetOffline takes the network from all pages, or gives it back; the end of the
// test gives it back too. It needs the feature of that name. What is under way
// goes on: have the server hang up.
func (s *Session) SetOffline(offline bool) {
	s.t.Helper()
	if err := s.b.setOffline(offline); err != nil {
		s.t.Fatalf("set offline to %v: %v", offline, err)
	}
	if offline {
		s.t.Cleanup(func() {
			if err := s.b.setOffline(false); err != nil {
				s.t.Errorf("give the network back: %v", err)
			}
		})
	}
}

// Crash ends the process of the tab that the session looks at, as the system
// does when memory runs out: no script of the page learns of it. What is left of
// the tab is closed, so there must be another; [Session.Switch] to it before
// anything else. It needs the feature CrashTab.
func (s *Session) Crash() {
	s.t.Helper()
	if err := s.b.crash(); err != nil {
		s.t.Fatalf("crash the tab: %v", err)
	}
}

// Screenshot writes the viewport as a PNG picture to file, whose folder it
// makes if needed.
func (s *Session) Screenshot(file string) {
	s.t.Helper()
	s.Run(paintedScript)
	s.writePicture(file, s.must("screenshot", cmdScreenshot, params{"full": false}))
}

// paintedScript waits until the page as it is now has been painted: after a
// change of size WebKitGTK's picture is black at first. A page that nobody sees
// is never painted.
const paintedScript = `
const frame = () => new Promise(requestAnimationFrame);
await Promise.race([frame().then(frame).then(frame), new Promise(r => setTimeout(r, 1000))]);`

func (s *Session) writePicture(file string, v json.RawMessage) {
	s.t.Helper()
	png := decode[[]byte](s, "screenshot", v) // base64 in JSON is what []byte is
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o666); err != nil {
		s.t.Fatal(err)
	}
}

// Console is what the console has said since the session began, oldest first.
// Chromium and Firefox report everything; WebKitGTK only what came after the
// page had loaded, as it keeps silent about private pages, which a driver's are.
func (s *Session) Console() []Message {
	s.t.Helper()
	more, err := s.b.messages()
	if err != nil {
		s.t.Fatalf("console: %v", err)
	}
	*s.console = append(*s.console, more...)
	return *s.console
}

// Window is a tab, or a window; see [Session.Window].
type Window string

// Window is the one that the session looks at.
func (s *Session) Window() Window {
	s.t.Helper()
	return decode[Window](s, "window", s.must("window", cmdWindow, nil))
}

// Windows are all that are open, those that pages opened included.
func (s *Session) Windows() []Window {
	s.t.Helper()
	return decode[[]Window](s, "windows", s.must("windows", cmdWindows, nil))
}

// NewTab opens an empty tab and looks at it.
func (s *Session) NewTab() Window {
	s.t.Helper()
	w, err := newTab(s.b)
	if err != nil {
		s.t.Fatalf("new tab: %v", err)
	}
	return w
}

func newTab(b conn) (Window, error) {
	v, err := b.send(cmdNewWindow, params{"type": "tab"})
	if err != nil {
		return "", err
	}
	var got struct{ Handle Window }
	if err := json.Unmarshal(v, &got); err != nil {
		return "", err
	}
	_, err = b.send(cmdSwitchWindow, params{"handle": got.Handle})
	return got.Handle, err
}

// Switch makes w the one that the session looks at.
func (s *Session) Switch(w Window) {
	s.t.Helper()
	s.must("switch window", cmdSwitchWindow, params{"handle": w})
}

// CloseWindow closes the one that the session looks at. Switch to another
// before anything else, and leave one open.
func (s *Session) CloseWindow() {
	s.t.Helper()
	s.must("close window", cmdCloseWindow, nil)
}
