// Command native measures uploads natively: our client at its defaults beside
// those that people use instead, and beside a floor of bare sockets, each as a
// process of its own. It writes bench/native.md and its plot.
//
//	make bench-native
//	go run ./bench/native -workloads W3,W4 -clients 'floor|bucketline' -report ''
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/bucketline/bucketline/bench/native/load"
)

// options are the command line.
type options struct {
	workloads []load.Workload
	clients   *regexp.Regexp
	runs      int
	folder    string
	report    string
	profile   string
	load      string // of the machine when it began
}

func main() {
	log.SetFlags(0)
	o, err := parse()
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err = run(ctx, o)
		stop()
	}
	if err != nil {
		log.Fatal(err)
	}
}

func parse() (*options, error) {
	names := flag.String("workloads", "W1,W2,W3,W4,W5,W6,V1,V2", "which `rows` of the table")
	clients := flag.String("clients", "", "a `pattern` of the clients that run, such as 'floor|bucketline'; all")
	o := &options{load: loadAverage()}
	flag.IntVar(&o.runs, "runs", 3, "how many runs count, after one that does not")
	flag.StringVar(&o.folder, "folder", "", "where the files and the gateway's objects go: 5 GiB, in memory if possible")
	flag.StringVar(&o.report, "report", "bench/native.md", "the `file` to write, with a plot beside it; empty: none")
	flag.StringVar(&o.profile, "profile", "", "have our client write a profile of its last run to this `file`")
	flag.Parse()
	for _, name := range strings.Split(*names, ",") {
		w, err := load.Find(name)
		if err != nil {
			return nil, err
		}
		o.workloads = append(o.workloads, w)
	}
	var err error
	o.clients, err = regexp.Compile(*clients)
	return o, err
}

// loadAverage is that of the last minute, where the system tells.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// memoryFolder is where Linux keeps files in memory.
const memoryFolder = "/dev/shm"

func run(ctx context.Context, o *options) error {
	if o.folder == "" {
		parent := ""
		if info, err := os.Stat(memoryFolder); err == nil && info.IsDir() {
			parent = memoryFolder
		}
		folder, err := os.MkdirTemp(parent, "bucketline-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		o.folder = folder
	}
	programs := filepath.Join(o.folder, "programs")
	if err := build(ctx, programs); err != nil {
		return err
	}
	clients, absent := chosen(programs, o.clients)
	var results []result
	for _, w := range o.workloads {
		r, err := measure(ctx, o, programs, w, clients)
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		results = append(results, r)
		if o.report == "" {
			continue
		}
		if err := writeReport(o, results, absent); err != nil { // what was measured is not lost
			return err
		}
	}
	return nil
}

// build compiles the stub and every client into folder.
func build(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, program := range []string{"stub", "clients/floor", "clients/bucketline", "clients/miniogo", "clients/manager", "clients/transfermanager"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", folder, "./bench/native/"+program)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build %s (start this in the project's folder): %w", program, err)
		}
	}
	return nil
}

// result is what came of one workload.
type result struct {
	load.Workload
	rows []row
}

// row is one client's runs.
type row struct {
	client string
	runs   []sample
	err    error // why there are no more
}

// patience is how long one run may take.
const patience = 10 * time.Minute

// measure runs every client once in vain, and then all of them by turns, so
// that what else the machine does meets them alike. One that takes long runs
// less often.
func measure(ctx context.Context, o *options, programs string, w load.Workload, clients []client) (result, error) {
	files := filepath.Join(o.folder, "files")
	if err := makeFiles(files, w); err != nil {
		return result{}, err
	}
	defer os.RemoveAll(filepath.Join(files, w.Name))
	r := result{Workload: w}
	var running []client
	for _, c := range clients {
		if c.does(w) {
			running = append(running, c)
			r.rows = append(r.rows, row{client: c.name})
		}
	}
	for turn := range o.runs + 1 {
		for i, c := range running {
			row := &r.rows[i]
			if row.err != nil || slow(row.runs) {
				continue
			}
			s, err := once(ctx, o, programs, files, w, c)
			if err != nil {
				row.err = err
			} else if turn > 0 || s.wall > tooLong {
				row.runs = append(row.runs, s)
			}
			log.Printf("%s %-24s run %d  %s", w.Name, c.name, turn, describe(s, err))
			if ctx.Err() != nil {
				return r, errors.New("interrupted")
			}
		}
	}
	return r, nil
}

// tooLong is the wall time from which on one run, the first, is all.
const tooLong = 20 * time.Second

func slow(runs []sample) bool { return len(runs) > 0 && runs[0].wall > tooLong }

func describe(s sample, err error) string {
	if err != nil {
		return "failed: " + err.Error()
	}
	return fmt.Sprintf("%6.2f s  %6.2f CPU s (%.2f + %.2f)  %4d MiB  %d requests, %d connections, %d in flight, server %.2f CPU s",
		s.wall.Seconds(), (s.user + s.system).Seconds(), s.user.Seconds(), s.system.Seconds(), s.peakKiB>>10,
		s.seen.Requests, s.seen.Connections, s.seen.InFlight, s.server.Seconds())
}
