package webdriver

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Element is a way to an element of the page, not the element itself: whatever
// is done with it finds it anew, so it stays good when the page renders again,
// and waits for it, Config.Wait at most.
type Element struct {
	s    *Session
	path []string // CSS selectors, each but the first inside the shadow roots of the former's elements
	text string   // if not empty, what the element must say
	nth  int      // among those that fit
}

// Find is the first element that css selects. More selectors lead through open
// shadow roots: each is looked up inside those of all that the one before it
// selects.
func (s *Session) Find(css ...string) *Element {
	return &Element{s: s, path: css}
}

// FindText is the first element that css, as in Find, selects and whose
// visible text or accessible label attribute is exactly text, runs of white
// space counted as one space.
func (s *Session) FindText(text string, css ...string) *Element {
	return &Element{s: s, path: css, text: text}
}

// All are the elements that css, as in Find, selects at this moment, in the
// order of the page; each keeps its place in that order and nothing else.
func (s *Session) All(css ...string) []*Element {
	s.t.Helper()
	found, err := (&Element{s: s, path: css}).matches()
	if err != nil {
		s.t.Fatalf("find %s: %v", strings.Join(css, " >>> "), err)
	}
	all := make([]*Element, len(found))
	for i := range all {
		all[i] = &Element{s: s, path: css, nth: i}
	}
	return all
}

// Focused describes the element that has the keyboard's focus, through open
// shadow roots: its tag, and its id after a "#" if it has one.
func (s *Session) Focused() string {
	s.t.Helper()
	return Eval[string](s, `
let e = document.activeElement;
while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
return e ? e.localName + (e.id && "#" + e.id) : "";`)
}

// String describes the element as Find was told.
func (e *Element) String() string {
	d := strings.Join(e.path, " >>> ")
	if e.text != "" {
		d += fmt.Sprintf(" saying %q", e.text)
	}
	if e.nth > 0 {
		d += fmt.Sprintf(" number %d", e.nth+1)
	}
	return d
}

const findScript = `
const [path, text] = arguments;
const say = s => (s ?? "").trim().replace(/\s+/g, " ");
let roots = [document], found = [];
path.forEach((css, i) => {
	if (i > 0) roots = found.map(e => e.shadowRoot).filter(Boolean);
	found = roots.flatMap(r => [...r.querySelectorAll(css)]);
});
if (text) found = found.filter(e => say(e.innerText) === text || say(e.ariaLabel) === text);
return found;`

// elementKey is how WebDriver marks an element in JSON: W3C WebDriver, section
// "Elements", "web element identifier".
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

func reference(id string) map[string]string { return map[string]string{elementKey: id} }

// matches returns the ids of all elements that fit, whatever nth is.
func (e *Element) matches() ([]string, error) {
	var found []map[string]string
	if err := evaluateInto(&found, e.s.b, findScript, e.path, e.text); err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = f[elementKey]
	}
	return ids, nil
}

// act finds the element and does something with it, again and again until
// that works, the error is one that waiting does not mend, or the time is up.
func (e *Element) act(doing string, do func(id string) error) {
	e.s.t.Helper()
	for deadline := time.Now().Add(e.s.wait); ; time.Sleep(pollEvery) {
		found, err := e.matches()
		if err == nil && len(found) <= e.nth {
			err = &Error{"no such element", "not on the page"}
		}
		if err == nil {
			err = do(found[e.nth])
		}
		if err == nil {
			return
		}
		if !passing(err) || time.Now().After(deadline) {
			e.s.t.Fatalf("%s %s: %v", doing, e, err)
		}
	}
}

// errNotYet is what a function given to act returns to be called again.
var errNotYet = errors.New("not yet")

// passing reports whether err may go away as the page goes on.
func passing(err error) bool {
	return errors.Is(err, errNotYet) || hasCode(err,
		"no such element", "stale element reference", "detached shadow root",
		"element not interactable", "element click intercepted", "invalid element state")
}

// command sends a command about the element.
func (e *Element) command(doing string, cmd command, p params) json.RawMessage {
	e.s.t.Helper()
	var v json.RawMessage
	e.act(doing, func(id string) (err error) {
		all := params{"id": id}
		for name, value := range p {
			all[name] = value
		}
		v, err = e.s.b.send(cmd, all)
		return err
	})
	return v
}

// Click scrolls the element into view and clicks into its middle.
func (e *Element) Click() {
	e.s.t.Helper()
	e.command("click", cmdClick, nil)
}

// Type gives the element the focus and types text at its end. See TypeEmoji.
func (e *Element) Type(text string) {
	e.s.t.Helper()
	beyond := strings.ContainsFunc(text, func(r rune) bool { return r > 0xFFFF })
	if beyond && slices.Contains(TypeEmoji.LackedBy, e.s.kind) { // it would leave them out without a word
		e.s.t.Fatalf("type %q into %s: %s lacks %s", text, e, e.s.kind, TypeEmoji.Name)
	}
	e.command("type into", cmdSendKeys, params{"text": text})
}

// Clear empties an input.
func (e *Element) Clear() {
	e.s.t.Helper()
	e.command("clear", cmdClear, nil)
}

// SetFiles chooses files in a file input, hidden or not, as a user does in its
// dialog. Files chosen before are replaced unless the input takes several.
func (e *Element) SetFiles(files ...string) {
	e.s.t.Helper()
	e.command("choose files in", cmdSendKeys, params{"text": strings.Join(absolute(e.s, files), "\n")})
}

// SetFolder chooses a folder in a file input that has webkitdirectory, and
// confirms it where the browser asks. See FolderInput.
func (e *Element) SetFolder(folder string) {
	e.s.t.Helper()
	folder = absolute(e.s, []string{folder})[0]
	e.act("choose a folder in", func(id string) error { return e.s.b.setFolder(id, folder) })
	// Chromium walks the folder behind the page's back.
	e.s.WaitUntil("the folder's files", 10*time.Second, func() bool {
		return len(Property[[]any](e, "files")) > 0
	})
}

// Drop drops files on the middle of the element, as if dragged from outside
// the browser. Chromium carries the drag out itself; in the others the page
// gets the same events with the same files, made by script. For folders see
// FolderDrop.
func (e *Element) Drop(files ...string) {
	e.s.t.Helper()
	files = absolute(e.s, files)
	e.act("drop on", func(id string) error { return e.s.b.drop(id, files) })
}

// absolute returns the paths as a browser needs them, and fails the test when
// there is nothing at one of them.
func absolute(s *Session, files []string) []string {
	s.t.Helper()
	out := make([]string, len(files))
	for i, f := range files {
		abs, err := filepath.Abs(f)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := os.Stat(abs); err != nil {
			s.t.Fatal(err)
		}
		out[i] = abs
	}
	return out
}

// Text is the element's text as it is seen: without what is hidden.
func (e *Element) Text() string {
	e.s.t.Helper()
	return decode[string](e.s, "text", e.command("text of", cmdText, nil))
}

// Attribute is the value of an attribute; "" when there is none, and "true" for
// a boolean attribute that is there.
func (e *Element) Attribute(name string) string {
	e.s.t.Helper()
	return decode[string](e.s, "attribute", e.command("attribute "+name+" of", cmdAttribute, params{"name": name}))
}

// Property is the value of a property of the element's object in the page.
func Property[T any](e *Element, name string) T {
	e.s.t.Helper()
	return decode[T](e.s, "property", e.command("property "+name+" of", cmdProperty, params{"name": name}))
}

// Role is what the element is to assistive software: its WAI-ARIA role.
func (e *Element) Role() string {
	e.s.t.Helper()
	return decode[string](e.s, "role", e.command("role of", cmdRole, nil))
}

// Label is what the element is called by assistive software: its accessible
// name.
func (e *Element) Label() string {
	e.s.t.Helper()
	return decode[string](e.s, "label", e.command("label of", cmdLabel, nil))
}

// Displayed reports whether the element can be seen, if scrolled to.
func (e *Element) Displayed() bool {
	e.s.t.Helper()
	return decode[bool](e.s, "displayed", e.command("display of", cmdDisplayed, nil))
}

// Enabled reports whether a form control can be used.
func (e *Element) Enabled() bool {
	e.s.t.Helper()
	return decode[bool](e.s, "enabled", e.command("state of", cmdEnabled, nil))
}

// Screenshot writes the element as a PNG picture to file.
func (e *Element) Screenshot(file string) {
	e.s.t.Helper()
	e.s.Run(paintedScript)
	e.s.writePicture(file, e.command("screenshot of", cmdElementScreenshot, params{"full": false}))
}

// Exists reports whether the element is on the page at this moment.
func (e *Element) Exists() bool {
	e.s.t.Helper()
	for deadline := time.Now().Add(e.s.wait); ; {
		found, err := e.matches()
		if err == nil {
			return len(found) > e.nth
		}
		// Firefox tells of what left the page while it was being found.
		if !passing(err) || time.Now().After(deadline) {
			e.s.t.Fatalf("find %s: %v", e, err)
		}
	}
}

// Wait waits until the element is on the page.
func (e *Element) Wait() *Element {
	e.s.t.Helper()
	e.act("find", func(string) error { return nil })
	return e
}

// WaitGone waits until the element is no longer on the page.
func (e *Element) WaitGone() {
	e.s.t.Helper()
	e.s.WaitUntil(e.String()+" to go", e.s.wait, func() bool {
		e.s.t.Helper()
		return !e.Exists()
	})
}

// WaitText waits until the element's Text contains text.
func (e *Element) WaitText(text string) {
	e.s.t.Helper()
	e.act("wait for text in", func(id string) error {
		v, err := e.s.b.send(cmdText, params{"id": id})
		if err != nil {
			return err
		}
		var got string
		if err := json.Unmarshal(v, &got); err != nil {
			return err
		}
		if !strings.Contains(got, text) {
			return fmt.Errorf("it says %q, want %q: %w", got, text, errNotYet)
		}
		return nil
	})
}
