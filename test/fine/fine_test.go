package fine

import (
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/webdriver"
)

// Every case of page/*.js, in a page of its own.
func TestContract(t *testing.T) {
	w := newWorld(t)
	s := webdriver.Start(t, webdriver.Chromium, webdriver.Config{Fresh: true})
	s.Open(w.URL() + "/")
	s.WaitFor("the cases", 20*time.Second, "return typeof cases === 'object' && cases.size > 0")
	names := webdriver.Eval[[]string](s, "return [...cases.keys()]")
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s := s.With(t)
			s.Open(w.URL() + "/")
			if wrong := webdriver.Eval[string](s, "return run(arguments[0])", name); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// A page with a Content-Security-Policy needs no more than 'wasm-unsafe-eval'.
func TestPolicy_strictIsEnough(t *testing.T) {
	w := newWorld(t)
	s := webdriver.Start(t, webdriver.Chromium, webdriver.Config{Fresh: true})
	for _, name := range []string{
		"parts: requests, callbacks and object", "scaling: copies before the original, with their names, parameters and sizes",
	} {
		s.Open(w.URL() + "/strict.html")
		s.Run("window.violations = []; document.addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI))")
		if wrong := webdriver.Eval[string](s, "return run(arguments[0])", name); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
		if broken := webdriver.Eval[[]string](s, "return violations"); len(broken) > 0 {
			t.Errorf("%s: the policy forbids %q", name, broken)
		}
	}
}
