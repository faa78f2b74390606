package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bucketline/bucketline/bench/native/load"
)

// sample is one run of one client.
type sample struct {
	wall         time.Duration // from its start to its end
	user, system time.Duration
	server       time.Duration // processor time of the other end
	peakKiB      int64
	seen         struct{ Requests, Connections, InFlight int64 }
}

// once starts the other end and then the client, and waits for both.
func once(ctx context.Context, o *options, programs, files string, w load.Workload, c client) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	j := &load.Job{Workload: w, Folder: files, Variant: c.variant}
	var args []string
	switch {
	case w.Gateway:
		gateway := filepath.Join(o.folder, "gateway")
		defer os.RemoveAll(gateway)
		args = append(args, "-gateway", gateway)
	case w.WAN:
		args = append(args, "-wan")
	}
	if w.TLS {
		j.CA = filepath.Join(o.folder, "ca.pem")
		args = append(args, "-tls", j.CA)
	}
	server := exec.CommandContext(ctx, filepath.Join(programs, "stub"), args...)
	server.Stderr = os.Stderr
	stop, err := server.StdinPipe()
	if err != nil {
		return sample{}, err
	}
	told, err := server.StdoutPipe()
	if err != nil {
		return sample{}, err
	}
	if err := server.Start(); err != nil {
		return sample{}, err
	}
	lines := bufio.NewScanner(told)
	lines.Scan()
	j.Endpoint = lines.Text()
	s, failed := runClient(ctx, o, j, c)
	stop.Close()
	lines.Scan()
	seen := slices.Clone(lines.Bytes())
	if err := server.Wait(); err != nil {
		return s, err
	}
	s.server = server.ProcessState.UserTime() + server.ProcessState.SystemTime()
	return s, cmp.Or(failed, json.Unmarshal(seen, &s.seen))
}

// lookInterval is how often the memory of a client is looked at that does not
// tell it itself.
const lookInterval = 10 * time.Millisecond

func runClient(ctx context.Context, o *options, j *load.Job, c client) (sample, error) {
	cmd := exec.CommandContext(ctx, c.program)
	cmd.Env = j.Environ()
	if c.args != nil {
		cmd.Args = append(cmd.Args, c.args(j)...)
	}
	if c.environ != nil {
		cmd.Env = append(cmd.Env, c.environ(j)...)
	}
	if o.profile != "" {
		cmd.Env = append(cmd.Env, "BENCH_PROFILE="+o.profile)
	}
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	var s sample
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return s, err
	}
	over := make(chan struct{})
	looked := make(chan int64, 1)
	go func() {
		most := int64(0)
		tick := time.NewTicker(lookInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, load.PeakKiB(cmd.Process.Pid))
			case <-over:
				looked <- most
				return
			}
		}
	}()
	err := cmd.Wait()
	s.wall = time.Since(begun)
	close(over)
	s.peakKiB = <-looked
	s.user, s.system = cmd.ProcessState.UserTime(), cmd.ProcessState.SystemTime()
	if own, err := strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64); err == nil {
		s.peakKiB = max(s.peakKiB, own)
	}
	if err != nil {
		return s, fmt.Errorf("%w: %s", err, firstLine(complaint.String()))
	}
	return s, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// median is the middle one by what of says, and between two the smaller.
func median(runs []sample, of func(sample) float64) float64 {
	values := make([]float64, len(runs))
	for i, s := range runs {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

func wallSeconds(s sample) float64 { return s.wall.Seconds() }
func cpuSeconds(s sample) float64  { return (s.user + s.system).Seconds() }
func peakMiB(s sample) float64     { return float64(s.peakKiB) / 1024 }

var errNoFloor = errors.New("the floor did not run")
