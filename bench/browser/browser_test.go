package browser

import (
	"flag"
	"regexp"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/bench/browser/stub"
)

var (
	workloadsFlag   = flag.String("workloads", "", "the `names` of the workloads, separated by commas; all")
	contestantsFlag = flag.String("contestants", "", "a `pattern` of the contestants that run, such as 'floor|bucketline'; all")
	runsFlag        = flag.Int("runs", 3, "how many runs count, after one that does not")
	reportFlag      = flag.String("report", "", "the `file` to write, with a plot beside it; none")
	keepFlag        = flag.String("keep", "", "a `file` that holds results: those of the workloads that run replace theirs in it; none")
)

// BenchmarkUploads has all contestants upload all workloads. Those of one
// workload go by turns, so that what else the machine does meets them alike.
func BenchmarkUploads(b *testing.B) {
	list := workloads()
	if *workloadsFlag != "" {
		var err error
		if list, err = named(*workloadsFlag); err != nil {
			b.Fatal(err)
		}
	}
	pattern, err := regexp.Compile(*contestantsFlag)
	if err != nil {
		b.Fatal(err)
	}
	var running []Contestant
	for _, c := range contestants() {
		if pattern.MatchString(c.Name()) {
			running = append(running, c)
		}
	}
	arena := NewArena(b, running, true)
	for b.Loop() {
		results, err := load(*keepFlag)
		if err != nil {
			b.Fatal(err)
		}
		for _, w := range list {
			results = replace(results, arena.Compare(w, chosen(w, pattern), *runsFlag))
			if err := save(*keepFlag, results); err != nil {
				b.Fatal(err)
			}
			if err := writeReport(*reportFlag, results); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// Every contestant stores what it says it stores, at its defaults, and is seen
// doing so: the benchmark itself works. Nothing is said of time.
func TestArena_everyContestantStoresEveryByte(t *testing.T) {
	var list []Contestant
	for _, c := range contestants() {
		if c.Module == "floor" || c.Module == "bucketline" && !strings.Contains(c.Variant, "TinyGo") || c.Module != "bucketline" && c.Default {
			list = append(list, c)
		}
	}
	arena := NewArena(t, list, false)
	store := stub.New(stub.Model{})
	defer store.Close()
	folders := map[Kind]string{OneFile: t.TempDir(), ManyFiles: t.TempDir()}
	loads := map[Kind]Workload{
		OneFile:   {Name: "one", Kind: OneFile, Files: 1, Size: 17*mib + 1},
		ManyFiles: {Name: "many", Kind: ManyFiles, Files: 7, Size: 16 * kib},
	}
	for kind, w := range loads {
		if err := makeFiles(folders[kind], w); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range list {
		kind := OneFile
		if c.For != nil {
			kind = *c.For
		}
		s := arena.Run(loads[kind], folders[kind], store, c)
		if s.Error != "" {
			t.Errorf("%s: %s", c.Name(), s.Error)
		}
		if s.Seen.Requests == 0 || s.Seen.MostAtOnce == 0 || s.Seen.Bytes < s.Seen.Stored || s.Millis <= 0 || s.Page <= 0 || s.Memory <= 0 {
			t.Errorf("%s: %+v: something was not measured", c.Name(), s)
		}
	}
}
