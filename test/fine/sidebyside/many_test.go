package sidebyside

import (
	"slices"
	"testing"

	"github.com/bucketline/bucketline/test/webdriver"
)

// many is how many files are added at once.
const many = 2000

// Fine Uploader looks at each further file in a timer of its own, which browsers
// fire every 4 ms at most: two thousand take it eight seconds on any machine. So
// it is not waited for: it is enough that it has not come to its end in ten times
// our time.
func TestTwoThousandFiles_takeLessThanATenth(t *testing.T) {
	w := newWorld(t)
	s := webdriver.Start(t, webdriver.Browser(*browser), webdriver.Config{})
	s.Open(w.URL() + "/both.html")
	var ours []float64
	for range 3 {
		ours = append(ours, webdriver.Eval[float64](s, "return window.submit(`ours`, arguments[0])", many))
	}
	tenfold := 10 * median(ours)
	if over := webdriver.Eval[bool](s, "return await window.submit(`original`, arguments[0], arguments[1]) === Infinity", many, tenfold); !over {
		t.Errorf("%d files: ours took %.0f ms, and Fine Uploader less than ten times as long", many, ours)
	}
}

// One iteration is three times each, in turn and in one page:
//
//	go test ./test/fine/sidebyside -run '^$' -bench TwoThousandFiles -benchtime 1x
func BenchmarkTwoThousandFiles(b *testing.B) {
	w := newWorld(b)
	s := webdriver.Start(b, webdriver.Browser(*browser), webdriver.Config{})
	s.Open(w.URL() + "/both.html")
	var original, ours []float64
	for b.Loop() {
		for range 3 {
			ours = append(ours, webdriver.Eval[float64](s, "return window.submit(`ours`, arguments[0])", many))
			original = append(original, webdriver.Eval[float64](s, "return window.submit(`original`, arguments[0])", many))
		}
	}
	b.ReportMetric(median(original), "original-ms")
	b.ReportMetric(median(ours), "ours-ms")
	b.ReportMetric(median(original)/median(ours), "original/ours")
}

func median(list []float64) float64 {
	return slices.Sorted(slices.Values(list))[len(list)/2]
}
