package browser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeReport writes results as Markdown to path, and their plot beside it.
func writeReport(path string, results []Result) error {
	if path == "" {
		return nil
	}
	plot := strings.TrimSuffix(path, filepath.Ext(path)) + ".svg"
	if err := os.WriteFile(plot, appendPlot(nil, results), 0o644); err != nil {
		return err
	}
	return os.WriteFile(path, appendReport(nil, results, filepath.Base(plot)), 0o644)
}

// appendReport appends the report. plot is the plot's address from there.
func appendReport(dst []byte, results []Result, plot string) []byte {
	b := bytes.NewBuffer(dst)
	b.WriteString(preface)
	fmt.Fprintf(b, "![How long each took, in multiples of the floor](%s)\n\n", plot)
	appendGoals(b, results)
	for _, r := range results {
		appendTable(b, r)
	}
	return b.Bytes()
}

const preface = `# Uploads in a browser

` + "`make bench-browser`" + ` measured this: Chromium uploads files from a folder to a
store on the same machine, over TLS and HTTP/1.1, in pages that the same esbuild
has bundled. The store (bench/browser/stub) takes bytes and forgets them, after
counting them: a run that does not store every byte of every file does not count.
"Far away" is 40 ms before each answer, those to preflights included, and 6.25 MB/s
for each connection; "unlimited" is as fast as the machine goes.

Everybody signs in the page, with the same credentials. Contestants are at their
defaults unless a row says otherwise; for libraries that upload one file at a
time the page keeps six under way. ` + "`page/NAME.js`" + ` is all that a contestant is
told. The floors sign nothing and check nothing. [README.md](README.md) says what
keeps ours from them.

A row is the median of its runs; the runs of all rows of a table took turns. The
columns: time from the call to the promise that all is stored, and in multiples
of the floor; processor time of the page's own thread, as the system counts it,
and of all of the browser's processes; tasks of more than 50 ms on the page's
thread, all runs together, and the longest; how late a frame came at worst; the
most requests that the store had at once; requests and preflights; and memory, by
which the resident peaks of the browser's processes, added up, rose above what
they had before.

`

// appendTable appends what came of one workload.
func appendTable(b *bytes.Buffer, r Result) {
	fmt.Fprintf(b, "## %s\n\n", r.Title)
	fmt.Fprintf(b, "%s, with a load of the machine of %s before and %s after; what else it did slows down everybody.\n\n", r.Begun.Format("2 January 2006, 15:04 MST"), r.Loads[0], r.Loads[1])
	b.WriteString("| | runs | seconds | x floor | page's CPU s | x floor | all CPU s | long tasks | longest, ms | frame, ms | at once | requests | preflights | MiB |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	floor := r.floor()
	for _, row := range r.Rows {
		if len(row.Samples) == 0 {
			why := row.Failure
			if why == "" {
				why = "did not run"
			}
			fmt.Fprintf(b, "| %s | 0 | %s | | | | | | | | | | | |\n", row.Label, strings.ReplaceAll(why, "|", "/"))
			continue
		}
		s, long := row.Samples, 0
		for _, one := range s {
			long += one.LongTasks
		}
		fmt.Fprintf(b, "| %s | %d | %.2f | %s | %.3f | %s | %.2f | %d | %.0f | %.0f | %d | %d | %d | %d |\n",
			row.Label, len(s), median(s, wallSeconds), ratio(s, floor, wallSeconds), median(s, pageSeconds), ratio(s, floor, pageSeconds), median(s, allSeconds),
			long, median(s, func(s Sample) float64 { return s.LongestTask }), median(s, func(s Sample) float64 { return s.LongestFrame }),
			median(s, func(s Sample) int { return s.Seen.MostAtOnce }), median(s, func(s Sample) int { return s.Seen.Requests }),
			median(s, func(s Sample) int { return s.Seen.Preflights }), median(s, func(s Sample) int64 { return s.Memory / mib }))
	}
	b.WriteString("\n")
}

// goal is a bound that ours is to stay within.
type goal struct {
	workload, contestant, what string
	bound                      float64
	of                         func(samples, floor []Sample) float64
}

func goals() []goal {
	wall := func(s, floor []Sample) float64 { return quotient(s, floor, wallSeconds) }
	page := func(s, _ []Sample) float64 { return median(s, pageSeconds) }
	task := func(s, _ []Sample) float64 { return median(s, func(s Sample) float64 { return s.LongestTask }) }
	frame := func(s, _ []Sample) float64 { return median(s, func(s Sample) float64 { return s.LongestFrame }) }
	const plain, forms = "bucketline/TinyGo's module", "bucketline/TinyGo's module, forms"
	return []goal{
		{"one256/wan", plain, "time, in multiples of the floor", 1.05, wall},
		{"one256/local", plain, "time, in multiples of the floor", 1.15, wall},
		{"one256/local", plain, "seconds of the page's thread", 0.10, page},
		{"one256/local", plain, "longest task, ms (50 and less are not counted)", 50, task},
		{"many10000/local", forms, "time, in multiples of the floor", 1, wall},
		{"many10000/local", forms, "longest frame, ms", 100, frame},
		{"many10000/wan", forms, "time, in multiples of the floor", 1, wall},
		{"many1000/local", forms, "time, in multiples of the floor", 1, wall},
		{"many1000/wan", forms, "time, in multiples of the floor", 1, wall},
	}
}

// appendGoals appends how far ours is from what it is to be.
func appendGoals(b *bytes.Buffer, results []Result) {
	b.WriteString("| ours | what | at most | is | |\n|---|---|--:|--:|---|\n")
	for _, g := range goals() {
		for _, r := range results {
			if r.Name != g.workload {
				continue
			}
			floor := r.floor()
			for _, row := range r.Rows {
				if row.Name() != g.contestant || len(row.Samples) == 0 || len(floor) == 0 {
					continue
				}
				is := g.of(row.Samples, floor)
				verdict := "reached"
				if is > g.bound {
					verdict = "missed"
				}
				fmt.Fprintf(b, "| %s: %s | %s | %.4g | %.3g | %s |\n", r.Title, row.Label, g.what, g.bound, is, verdict)
			}
		}
	}
	b.WriteString("\n")
}

// floor are the runs of what everything in r is compared with: the first row.
func (r *Result) floor() []Sample {
	if len(r.Rows) == 0 || r.Rows[0].Module != "floor" {
		return nil
	}
	return r.Rows[0].Samples
}

func ratio(s, floor []Sample, of func(Sample) float64) string {
	if len(floor) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", quotient(s, floor, of))
}

func quotient(s, floor []Sample, of func(Sample) float64) float64 {
	return median(s, of) / median(floor, of)
}

func wallSeconds(s Sample) float64 { return s.wall().Seconds() }
func pageSeconds(s Sample) float64 { return s.Page.Seconds() }
func allSeconds(s Sample) float64  { return s.All.Seconds() }
