package security

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/test/webdriver"
)

// found is a text and where it stands.
type found struct{ Place, Text string }

// search collects every text that a script can reach in the page: its stores,
// its document, and what hangs on the objects that a page holds of ours. What is
// looked for never enters the page.
func search(s *webdriver.Session) []found {
	load(s, "search.js", "searchPage")
	var all []found
	for _, pair := range webdriver.Eval[[][2]string](s, "return await window.searchPage()") {
		all = append(all, found{pair[0], pair[1]})
	}
	for _, m := range s.Console() {
		all = append(all, found{"console", m.Text})
	}
	return all
}

// load adds a script of test/e2e/page to whatever page of the origin is open: what
// a driver runs may live in a world of its own, where a Map is no Map of the
// page's.
func load(s *webdriver.Session, file, function string) {
	webdriver.Eval[any](s, `if (window[arguments[1]]) return null;
		const script = document.createElement("script");
		script.src = "/security/" + arguments[0];
		document.head.append(script);
		return await new Promise((done, fail) => { script.onload = () => done(null); script.onerror = () => fail(new Error("no script")); });`, file, function)
}

// shapes are the ways in which a secret may be written.
func shapes(secret string) []string {
	shapes := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="),
		strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
	}
	// A part of it is as bad as all, in whatever way the rest is written.
	longest := ""
	for _, run := range strings.FieldsFunc(secret, func(c rune) bool {
		return !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z')
	}) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	// The header of a token is the same for all: only what is long enough tells.
	if len(longest) >= 16 && !strings.HasPrefix(secret, longest) {
		shapes = append(shapes, longest[:min(len(longest), 64)])
	}
	return shapes
}

// leaks says which of the secrets stand where.
func leaks(secrets []given, texts []found) []string {
	all := map[string]bool{}
	for _, s := range secrets {
		for _, shape := range shapes(s.value) {
			for _, f := range texts {
				if strings.Contains(f.Text, shape) {
					all[s.kind+" in "+f.Place] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// The search itself finds what is planted, in every place.
func TestSearch_findsWhatIsPlanted(t *testing.T) {
	stack, _ := startStack(t, stackConfig())
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, s *webdriver.Session) {
		s.Open(stack.Endpoints().Page + "security/")
		s.WaitFor("the page", pageWithin, "return window.live")
		load(s, "plant.js", "plantInPage")
		lacking := webdriver.Eval[[]string](s, "return await window.plantInPage()")
		texts := search(s)
		for _, place := range []string{
			"localStorage name", "localStorage value", "sessionStorage value", "database value", "database bytes", "database blob", "database key", "database map",
			"cache address", "cache body", "cookie", "attribute", "shadow text", "comment", "input value", "template", "textarea", "window name", "history",
			"fragment", "console", "property", "error message", "error cause", "error stack", "map value", "map key", "set", "getter", "symbol", "hidden property",
			"typed array", "array", "element property", "extractable key", "url object", "headers", "request", "function property", "accessed address", "window property",
		} {
			if slices.Contains(lacking, place) {
				t.Logf("%s has no %s", s.Browser(), place)
				continue
			}
			planted := given{place, "planted:" + strings.ReplaceAll(place, " ", "-") + ":"}
			hit := false
			for _, f := range texts {
				hit = hit || strings.Contains(f.Text, planted.value)
			}
			if !hit {
				t.Errorf("what was planted as %s was not found", place)
			}
		}
	})
}

// Every shape of a secret is recognised.
func TestSearch_knowsShapes(t *testing.T) {
	const secret = "abc+def/0123456789ABCDEFGHIJ=="
	for _, text := range []string{
		"x" + secret + "y", "x=" + url.QueryEscape(secret), hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)),
		`"abc+def\/0123456789ABCDEFGHIJ=="`,
	} {
		if len(leaks([]given{{secretKey, secret}}, []found{{"a text", text}})) == 0 {
			t.Errorf("not recognised in %q", text)
		}
	}
	if got := leaks([]given{{secretKey, secret}}, []found{{"a text", "abc+def/012345678"}}); len(got) > 0 {
		t.Errorf("recognised in another text: %v", got)
	}
}
