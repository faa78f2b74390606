// Package sidebyside has somebody do the same things with Fine Uploader 5.16.2,
// as npm has it, and with the drop-in: in a real browser, each time in a page of
// its own, against the same store and server. What the page is told, in which
// order, what methods return, where files stand, what is sent and what is stored
// must be the same.
//
// The scenarios are in page/: a name, the uploader's options and a few lines that
// use it. What differs on purpose stands in page/differences.js, by scenario and
// line by line, with the reason, which docs/from-fine-uploader.md gives to users. A
// difference that is gone fails the test as one that is new does.
//
// With one file all lines must come in one order. With several the order is that
// of each file's lines, and of the lines of none: which file is first is the
// network's affair, unless the scenario says that nothing of it is.
package sidebyside

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/fine/world"
	"github.com/bucketline/bucketline/test/webdriver"
)

// built is where the two files are.
var built world.Built

var browser = flag.String("browser", string(webdriver.Chromium), "the browser in which both are used")

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if built, err = world.Build(); err != nil {
		fmt.Fprintln(os.Stderr, "sidebyside:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// newWorld has pages that load either file.
func newWorld(t testing.TB) *world.World {
	t.Helper()
	pages := filepath.Join(built.Root, "test", "fine")
	return world.New(t, world.Config{
		Folders:    []string{filepath.Join(pages, "sidebyside", "page"), filepath.Join(pages, "page")},
		Scripts:    map[string]string{"/fine-uploader.js": built.Ours, "/original.js": built.Original},
		SmallParts: true,
	})
}

// plan is a scenario as far as it is judged here.
type plan struct {
	Name    string
	Differs []difference
}

// difference is lines in one section of a report that each side has in place of
// the other's.
type difference struct {
	In             string
	Original, Ours []string
	Why            string
}

func TestScenarios(t *testing.T) {
	w := newWorld(t)
	s := webdriver.Start(t, webdriver.Browser(*browser), webdriver.Config{Fresh: true})
	s.Open(w.URL() + "/ours.html")
	s.WaitFor("the scenarios", 20*time.Second, "return document.readyState === 'complete'")
	plans := webdriver.Eval[[]plan](s, "return window.plans()")
	if len(plans) < 40 {
		t.Fatalf("%d scenarios", len(plans))
	}
	if idle := webdriver.Eval[[]string](s, "return window.idle()"); len(idle) > 0 {
		t.Errorf("differences of scenarios that there are not: %q", idle)
	}
	told := map[string]bool{}
	for _, p := range plans {
		for _, d := range p.Differs {
			told[d.Why] = true
		}
		t.Run(p.Name, func(t *testing.T) {
			s := s.With(t)
			original, ok := report(t, s, w.URL()+"/original.html", p.Name)
			ours, alsoOK := report(t, s, w.URL()+"/ours.html", p.Name)
			if ok && alsoOK {
				judge(t, compare(original, ours), p.Differs)
			}
		})
	}
	checkGuide(t, told)
}

// judge fails t for each difference that is not wanted, and each wanted one that is not there.
func judge(t *testing.T, found, wanted []difference) {
	t.Helper()
	same := func(a difference) func(difference) bool {
		return func(b difference) bool {
			return a.In == b.In && slices.Equal(a.Original, b.Original) && slices.Equal(a.Ours, b.Ours)
		}
	}
	left := slices.Clone(wanted)
	for _, d := range found {
		at := slices.IndexFunc(left, same(d))
		if at < 0 {
			t.Errorf("they differ in %s:\n%s", d.In, d)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	for _, d := range left {
		t.Errorf("they do not differ in %s as it is written (%s):\n%s", d.In, d.Why, d)
	}
}

func (d difference) String() string {
	var b strings.Builder
	for _, line := range d.Original {
		fmt.Fprintf(&b, "  original: %s\n", line)
	}
	for _, line := range d.Ours {
		fmt.Fprintf(&b, "  ours:     %s\n", line)
	}
	return b.String()
}

// guideHead begins the part of the guide that lists the reasons of all differences.
const guideHead = "## Side by side"

// checkGuide compares the reasons with the rows of the guide's table: each is
// one row, and each row is some scenario's reason.
func checkGuide(t *testing.T, told map[string]bool) {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join(built.Root, "docs", "from-fine-uploader.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, part, found := strings.Cut(string(guide), guideHead)
	if !found {
		t.Fatalf("the guide has no part %q", guideHead)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	rows := map[string]bool{}
	for line := range strings.Lines(part) {
		if cells := strings.Split(line, "|"); len(cells) > 2 && !strings.HasPrefix(cells[1], "-") {
			rows[strings.TrimSpace(cells[1])] = true
		}
	}
	delete(rows, "what differs")
	for why := range told {
		if !rows[why] {
			t.Errorf("the guide does not list %q", why)
		}
	}
	for row := range rows {
		if !told[row] {
			t.Errorf("the guide lists %q, which no scenario shows", row)
		}
	}
}
