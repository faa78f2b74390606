package browser

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/bucketline/bucketline/bench/browser/stub"
	"github.com/bucketline/bucketline/test/process"
	"github.com/bucketline/bucketline/test/webdriver"
)

const (
	// patience is how long one run may take.
	patience = 20 * time.Minute

	// tooLong is the wall time from which on a contestant's first run is all, and
	// counts.
	tooLong = 40 * time.Second
)

// Arena is a browser and a page in which contestants run.
type Arena struct {
	t       testing.TB
	site    *Site
	session *webdriver.Session
	ran     int // how many runs there were
}

// Sample is one run.
type Sample struct {
	Report
	Seen   stub.Seen
	Page   time.Duration // processor time of the page's thread
	All    time.Duration // of all of the browser's processes
	Memory int64         // how many bytes more than before were resident at most
}

// Result is what came of one workload.
type Result struct {
	Workload
	Rows  []Row
	Begun time.Time
	Loads [2]string // the system's load averages over a minute, before and after
}

// Row is one contestant's runs.
type Row struct {
	Contestant
	Samples []Sample
	Failure string // why there are no more
}

// NewArena builds the page with the scripts of contestants and starts a browser,
// both until t ends. Without tinygo there is only the engine's module by Go.
func NewArena(t testing.TB, list []Contestant, tinygo bool) *Arena {
	t.Helper()
	root, err := process.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := build(root, folder, modules(list), tinygo); err != nil {
		t.Fatal(err)
	}
	a := &Arena{t: t, site: serve(folder)}
	t.Cleanup(a.site.Close)
	a.session = webdriver.Start(t, webdriver.Chromium, webdriver.Config{InsecureTLS: true, Fresh: true})
	return a
}

// Compare runs each of list once in vain, and then runs times.
func (a *Arena) Compare(w Workload, list []Contestant, runs int) Result {
	a.t.Helper()
	folder := a.t.TempDir()
	if err := makeFiles(folder, w); err != nil {
		a.t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	store := stub.New(w.Model)
	defer store.Close()
	result := Result{Workload: w, Begun: time.Now().UTC(), Loads: [2]string{loadAverage(), ""}}
	for _, c := range list {
		result.Rows = append(result.Rows, Row{Contestant: c})
	}
	for turn := range runs + 1 {
		for i := range result.Rows {
			row := &result.Rows[i]
			if row.Failure != "" || len(row.Samples) > 0 && row.Samples[0].wall() > tooLong {
				continue
			}
			s := a.Run(w, folder, store, row.Contestant)
			switch {
			case s.Error != "":
				row.Failure = s.Error
			case turn > 0 || s.wall() > tooLong:
				row.Samples = append(row.Samples, s)
			}
			fmt.Fprintf(os.Stderr, "%-16s %-32s run %d  %s\n", w.Name, row.Name(), turn, s)
		}
	}
	result.Loads[1] = loadAverage()
	return result
}

// Run has c upload w's files, which are in folder, to store, in a new tab.
func (a *Arena) Run(w Workload, folder string, store *stub.Server, c Contestant) Sample {
	a.t.Helper()
	s := a.session
	a.freshTab()
	s.Open(a.site.URL)
	s.WaitFor("the page", time.Minute, "return window.bench")
	s.Find("#folder").SetFolder(folder)
	s.WaitFor("the files", time.Minute, "return bench.count() === arguments[0]", w.Files)
	s.Run("await bench.prepare(...arguments)", c.Module, c.Variant, a.nextStore(store))
	s.Run(settleScript)
	store.Forget()
	forgetPeaks(s)
	before := usage(s)
	s.Run("bench.begin()")
	var sample Sample
	select {
	case sample.Report = <-a.site.reports:
	case <-time.After(patience):
		sample.Error = fmt.Sprintf("not done after %v", patience)
	}
	after := usage(s)
	sample.Page, sample.All, sample.Memory = after.Page-before.Page, after.All-before.All, after.Peak-before.Resident
	sample.Seen = store.Seen()
	if want := int64(w.Files) * w.Size; sample.Error == "" && (sample.Seen.Stored != want || sample.Seen.Objects != w.Files) {
		sample.Error = fmt.Sprintf("said to be done with %d objects and %d bytes of %d and %d", sample.Seen.Objects, sample.Seen.Stored, w.Files, want)
	}
	return sample
}

// settleScript waits until what came before has been thrown away, if the browser
// does that for us, and is idle.
const settleScript = `await new Promise((resolve) => requestIdleCallback(resolve, {timeout: 2000}))`

// freshTab closes the tab of the run before, and its process with it.
func (a *Arena) freshTab() {
	a.t.Helper()
	old := a.session.Window()
	fresh := a.session.NewTab()
	a.session.Switch(old)
	a.session.CloseWindow()
	a.session.Switch(fresh)
}

// nextStore is what page/floor.js calls store, for one run.
func (a *Arena) nextStore(store *stub.Server) map[string]any {
	a.ran++
	return map[string]any{
		"prefix": fmt.Sprintf("run%d", a.ran),
		"host":   store.Host("a"), "hosts": []string{store.Host("a"), store.Host("b")},
		"bucket": stub.Bucket, "region": "eu-west-1",
		"accessKeyId": "AKIDBENCHEXAMPLE", "secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"sessionToken": "FwoGZXIvYXdzEXAMPLETOKEN//////////wEaDBENCHMARKEXAMPLE==",
	}
}

func (s Sample) wall() time.Duration { return time.Duration(s.Millis * float64(time.Millisecond)) }

// String is a line for whoever watches.
func (s Sample) String() string {
	if s.Error != "" {
		return "failed: " + s.Error
	}
	return fmt.Sprintf("%6.2f s  page %.3f s  all %.2f s  %d long tasks, %.0f ms  frame %.0f ms  %d at once  %d requests  %d preflights  %d connections  %d refused  +%d MiB",
		s.wall().Seconds(), s.Page.Seconds(), s.All.Seconds(), s.LongTasks, s.LongestTask, s.LongestFrame,
		s.Seen.MostAtOnce, s.Seen.Requests, s.Seen.Preflights, s.Seen.Connections, s.Seen.Refused, s.Memory/mib)
}

// median is the middle one by what of says, and between two the smaller.
func median[T cmp.Ordered](samples []Sample, of func(Sample) T) T {
	var none T
	if len(samples) == 0 {
		return none
	}
	var values []T
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}
