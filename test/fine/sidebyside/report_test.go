package sidebyside

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/test/webdriver"
)

// stage is what a page has written down of a scenario, up to its end or to a reload.
type stage struct {
	Wrong      string
	Ordered    bool
	Unseen     []string
	Concurrent bool // parts go at the same time
	Last       bool
	Lines      []line
	Outcome    map[string][]string
}

type line struct {
	ID      *int // nil: of no file
	Text    string
	Several bool // its place among others of the kind is the network's
	Total   bool // it is of onTotalProgress
}

// sections are the lines of a report by what they are about.
type sections map[string][]string

// report plays a scenario in new pages; false: t has failed.
func report(t *testing.T, s *webdriver.Session, page, name string) (sections, bool) {
	t.Helper()
	all := sections{}
	alias := aliases{}
	for at := 0; ; at++ {
		s.Open(page)
		one := webdriver.Eval[stage](s, "return window.play(arguments[0], arguments[1])", name, at)
		if one.Wrong != "" {
			t.Errorf("%s: %s", page, one.Wrong)
			return nil, false
		}
		one.addTo(all, at)
		if !one.Last {
			continue
		}
		for section, lines := range one.Outcome {
			all[section] = lines
		}
		for _, section := range one.Unseen {
			delete(all, section)
		}
		alias.replace(all)
		for section, lines := range all { // the objects are in the order of their real keys
			if section == "objects" || strings.HasPrefix(section, "parts") || (one.unordered() || one.Concurrent) && strings.HasPrefix(section, "requests") {
				slices.Sort(lines)
			}
		}
		return all, true
	}
}

// unordered reports whether the order of two files' lines is the network's.
func (s stage) unordered() bool {
	return !s.Ordered && len(s.Outcome["files"]) > 1
}

func (s stage) addTo(all sections, at int) {
	for _, l := range s.Lines {
		section := "what happens"
		switch {
		case l.Total:
			section = "total progress"
		case l.Several:
			section = fmt.Sprintf("parts of file %d", *l.ID)
		case s.unordered() && l.ID == nil:
			section = "what happens to no file"
		case s.unordered():
			section = fmt.Sprintf("what happens to file %d", *l.ID)
		}
		if at > 0 {
			section += " after the reload"
		}
		all[section] = append(all[section], l.Text)
	}
}

// aliases are names for what is random, by order of appearance.
type aliases map[string]string

var (
	uuid    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	varying = []struct{ pattern, name string }{
		{`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z`, "<expiration>"},
		{`\d{8}T\d{6}Z`, "<date>"},
		{`\b\d{8}/us-east-1/`, "<day>/us-east-1/"},
		{`\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \w+`, "<date>"},
		{`qqtimestamp=\d{13}`, "qqtimestamp=<time>"},
		{`localhost:\d+`, "localhost:<port>"},
	}
)

// replace gives everything random in all its alias, section by section.
func (a aliases) replace(all sections) {
	for _, section := range all.names() {
		for i, line := range all[section] {
			line = uuid.ReplaceAllStringFunc(line, func(one string) string {
				if a[one] == "" {
					a[one] = fmt.Sprintf("uuid-%d", len(a)+1)
				}
				return a[one]
			})
			for _, v := range varying {
				line = regexp.MustCompile(v.pattern).ReplaceAllString(line, v.name)
			}
			all[section][i] = line
		}
	}
}

func (s sections) names() []string {
	var names []string
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// compare finds the lines that each has where the other has none or others.
func compare(original, ours sections) []difference {
	names := append(original.names(), ours.names()...)
	slices.Sort(names)
	var all []difference
	for _, name := range slices.Compact(names) {
		all = append(all, differences(name, original[name], ours[name])...)
	}
	return all
}

// differences are the stretches outside a longest common subsequence.
func differences(in string, a, b []string) []difference {
	longest := make([][]int, len(a)+1) // of a[i:] and b[j:]
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var all []difference
	open := difference{In: in}
	flush := func() {
		if len(open.Original)+len(open.Ours) > 0 {
			all = append(all, open)
		}
		open = difference{In: in}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			flush()
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			open.Original = append(open.Original, a[i])
			i++
		default:
			open.Ours = append(open.Ours, b[j])
			j++
		}
	}
	flush()
	return all
}
