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
	s.Open(w.page.URL + "/")
	s.WaitFor("the cases", 20*time.Second, "return typeof cases === 'object' && cases.size > 0")
	names := webdriver.Eval[[]string](s, "return [...cases.keys()]")
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s := s.With(t)
			s.Open(w.page.URL + "/")
			if wrong := webdriver.Eval[string](s, "return run(arguments[0])", name); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}
