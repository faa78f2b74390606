package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// target is what our client is held to, with its defaults: ratios to the floor,
// or seconds, as zero says.
type target struct {
	wallRatio, wallSeconds float64
	cpuPerGiB              float64 // seconds
	cpuPerFile             float64 // microseconds
	peakMiB                float64
}

var targets = map[string]target{
	"W1": {wallRatio: 1.2, cpuPerGiB: 0.6, peakMiB: 24},
	"W2": {wallRatio: 1.1, cpuPerGiB: 1.0, peakMiB: 24},
	"W3": {wallRatio: 2, cpuPerFile: 60, peakMiB: 24},
	"W4": {wallRatio: 1.5, cpuPerFile: 35, peakMiB: 32},
	"W5": {wallRatio: 1.3, cpuPerGiB: 0.6, peakMiB: 24},
	"W6": {wallSeconds: 0.5, cpuPerFile: 150, peakMiB: 40},
	"V1": {wallRatio: 1.1, cpuPerGiB: 0.5, peakMiB: 24},
	"V2": {wallRatio: 1.3, cpuPerFile: 200, peakMiB: 24},
}

const head = `# Native figures

Written by ` + "`make bench-native`" + ` on %s: %d processors, %s, load average %s when it began. Each client
is a process of its own, and its processor time (user and system) and its most
memory are that process's. All run by turns against the same other end on
loopback, once in vain and then %d times; each figure is the median (one run where
one took more than %d seconds). Files and store lie in memory where there is a
folder for that. Client and store share the processors, so that walls are upper bounds, and
processor time is what to compare on a machine that does other things too.

"floor" is a loop of signed requests over bare sockets with so many connections; x
is the ratio to the fastest floor of the same workload. bucketline has nothing set but where
to upload. "tuned" is parts of 16 MiB, 16 at once, no checksum and an unsigned
payload; "tuned64" parts of 5 MiB, 64 at once; many files go by 64 workers.

![Wall time of each client, as a multiple of the floor's](%s)
`

// writeReport writes the report, and its plot beside it.
func writeReport(o *options, results []result, absent []string) error {
	plot := strings.TrimSuffix(o.report, filepath.Ext(o.report)) + ".svg"
	var text strings.Builder
	fmt.Fprintf(&text, head, time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), o.load, o.runs,
		int(tooLong.Seconds()), filepath.Base(plot))
	if len(absent) > 0 {
		fmt.Fprintf(&text, "\nNot on PATH, and so not measured: %s.\n", strings.Join(absent, ", "))
	}
	writeTargets(&text, results)
	for _, r := range results {
		writeTable(&text, r)
	}
	if err := os.WriteFile(o.report, []byte(text.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(plot, []byte(drawPlot(results)), 0o644)
}

// floor is the fastest of r's floors.
func (r *result) floor() (row, error) {
	var best row
	for _, x := range r.rows {
		if strings.HasPrefix(x.client, "floor") && len(x.runs) > 0 && (best.client == "" || x.wall() < best.wall()) {
			best = x
		}
	}
	if best.client == "" {
		return best, errNoFloor
	}
	return best, nil
}

func (r *row) wall() float64 { return median(r.runs, wallSeconds) }
func (r *row) cpu() float64  { return median(r.runs, cpuSeconds) }
func (r *row) peak() float64 { return median(r.runs, peakMiB) }

// share is a client's processor time by what it uploads: microseconds a file, or
// seconds a GiB.
func (r *result) share(x *row) (float64, string) {
	if r.ManyFiles() {
		return x.cpu() / float64(r.Files) * 1e6, "us a file"
	}
	return x.cpu() / (float64(r.Size) / (1 << 30)), "s a GiB"
}

// writeTargets says of each workload whether our client does what it is to do.
func writeTargets(text *strings.Builder, results []result) {
	fmt.Fprint(text, "\n## What is to be reached\n\n| | workload | wall | client CPU | peak memory |\n|---|---|---|---|---|\n")
	for _, r := range results {
		i := slices.IndexFunc(r.rows, func(x row) bool { return x.client == "bucketline default" })
		floor, err := r.floor()
		if i < 0 || len(r.rows[i].runs) == 0 || err != nil {
			continue
		}
		ours, t := &r.rows[i], targets[r.Name]
		wall, wallTarget, unit := ours.wall()/floor.wall(), t.wallRatio, "x"
		if t.wallSeconds > 0 {
			wall, wallTarget, unit = ours.wall(), t.wallSeconds, " s"
		}
		cpu, cpuUnit := r.share(ours)
		fmt.Fprintf(text, "| %s | %s | %s | %s | %s |\n", r.Name, r.Title,
			verdict(wall, wallTarget, unit), verdict(cpu, t.cpuPerGiB+t.cpuPerFile, " "+cpuUnit), verdict(ours.peak(), t.peakMiB, " MiB"))
	}
}

func verdict(is, most float64, unit string) string {
	word := "reached"
	if is > most {
		word = "**missed**"
	}
	return fmt.Sprintf("%.3g%s, %s (%.3g)", is, unit, word, most)
}

func writeTable(text *strings.Builder, r result) {
	fmt.Fprintf(text, "\n## %s: %s\n\n| client | wall s | x | client CPU s (user + system) | CPU | peak MiB | requests | connections | in flight | store CPU s | runs |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n", r.Name, r.Title)
	floor, err := r.floor()
	for i := range r.rows {
		x := &r.rows[i]
		if len(x.runs) == 0 {
			fmt.Fprintf(text, "| %s | did not run: %v |\n", x.client, x.err)
			continue
		}
		ratio := "-"
		if err == nil {
			ratio = fmt.Sprintf("%.2f", x.wall()/floor.wall())
		}
		last := x.runs[len(x.runs)-1]
		share, unit := r.share(x)
		fmt.Fprintf(text, "| %s | %.2f | %s | %.2f (%.2f + %.2f) | %.3g %s | %.0f | %d | %d | %d | %.2f | %d |\n",
			x.client, x.wall(), ratio, x.cpu(),
			median(x.runs, func(s sample) float64 { return s.user.Seconds() }), median(x.runs, func(s sample) float64 { return s.system.Seconds() }),
			share, unit, x.peak(), last.seen.Requests, last.seen.Connections, last.seen.InFlight,
			median(x.runs, func(s sample) float64 { return s.server.Seconds() }), len(x.runs))
	}
}
