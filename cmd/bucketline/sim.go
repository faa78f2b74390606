package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketline/bucketline/internal/sim"
)

const simLong = `Drive the engine through simulated lives: a network that loses, a store that errs,
credentials that end, clients that crash, users who change their minds. Each life
comes from one number, its seed, and is the same each time. What must never be is
printed, with the command that shows it again:

  bucketline sim --seed 4711 --trace

--replay reads what "bucketline up --record" has written, tells the engine the same
once more, and prints what that asks for. It also reads the frames that a page has
given to the module, one after the other, that of its configuration first; put
others in place of the secrets in those before you hand them to anybody.`

// simOptions are the flags of bucketline sim.
type simOptions struct {
	seed, seeds, replay string
	trace, checks       bool
	jobs                int
	progress            time.Duration
}

func newSim() *cobra.Command {
	var o simOptions
	cmd := &cobra.Command{
		Use:   "sim (--seed N | --seeds A..B | --replay FILE)",
		Short: "Prove the engine in simulated lives, or replay a recorded one",
		Long:  simLong,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSim(cmd.Context(), &o, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.seed, "seed", "", "live through the world of seed `N`")
	f.BoolVar(&o.trace, "trace", false, "with --seed: print what happens, a line each")
	f.StringVar(&o.seeds, "seeds", "", "live through those of seeds `A..B`, both included")
	f.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "with --seeds: `lives` at the same time")
	f.DurationVar(&o.progress, "progress", 0, "with --seeds: say how far it is each so much `time`")
	f.StringVar(&o.replay, "replay", "", "replay the recording in `FILE`")
	f.BoolVar(&o.checks, "checks", false, "list what every life is checked for")
	return cmd
}

// errSimMode is what is wrong with any other number of them.
var errSimMode = errors.New("give one of --seed, --seeds, --replay and --checks")

func runSim(ctx context.Context, o *simOptions, out io.Writer) error {
	modes := 0
	for _, given := range []bool{o.seed != "", o.seeds != "", o.replay != "", o.checks} {
		if given {
			modes++
		}
	}
	switch {
	case modes != 1:
		return usage(errSimMode)
	case o.checks:
		for _, c := range sim.Checks {
			fmt.Fprintf(out, "%-10s %s\n", c.Name, c.Holds)
		}
		return nil
	case o.replay != "":
		file, err := os.Open(o.replay)
		if err != nil {
			return err
		}
		defer file.Close()
		return sim.Replay(file, out)
	case o.seeds != "":
		first, last, err := parseSeeds(o.seeds)
		if err != nil {
			return usage(err)
		}
		return simSeeds(ctx, o, first, last, out)
	}
	seed, err := strconv.ParseUint(o.seed, 10, 64)
	if err != nil {
		return usage(fmt.Errorf("seed %q: it must be a whole number from 0 on", o.seed))
	}
	return simSeed(seed, o.trace, out)
}

// parseSeeds reads "A..B".
func parseSeeds(text string) (first, last uint64, err error) {
	a, b, ok := strings.Cut(text, "..")
	first, wrong := strconv.ParseUint(a, 10, 64)
	last, alsoWrong := strconv.ParseUint(b, 10, 64)
	if !ok || wrong != nil || alsoWrong != nil || last < first || last-first == ^uint64(0) {
		return 0, 0, fmt.Errorf("seeds %q: they must be like 1..2000", text)
	}
	return first, last, nil
}

func simSeed(seed uint64, trace bool, out io.Writer) error {
	var to io.Writer
	if trace {
		to = out
	}
	r := sim.Run(seed, to)
	printLife(out, &r)
	if len(r.Violations) > 0 {
		return exit{1, nil}
	}
	return nil
}

func printLife(out io.Writer, r *sim.Report) {
	fmt.Fprintf(out, "seed %d: %v of virtual time, %d events, %d actions, %d requests, %d objects stored, %d crashes; hash %016x\n",
		r.Seed, time.Duration(r.Millis)*time.Millisecond, r.Events, r.Actions, r.Requests, r.Stored, r.Crashes, r.Hash)
	for _, v := range r.Violations {
		fmt.Fprintf(out, "  at %v: %s: %s\n", time.Duration(v.At)*time.Millisecond, v.Check, v.What)
	}
}

// maxFailures is after how many failing seeds a range is given up.
const maxFailures = 10

// simSeeds lives through a range on all cores.
func simSeeds(ctx context.Context, o *simOptions, first, last uint64, out io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	p := pool{begun: time.Now(), next: first, last: last, out: out}
	var work sync.WaitGroup
	for range max(o.jobs, 1) {
		work.Go(func() { p.work(ctx) })
	}
	if o.progress > 0 {
		ticker := time.NewTicker(o.progress)
		defer ticker.Stop()
		done := make(chan struct{})
		go func() {
			work.Wait()
			close(done)
		}()
		for running := true; running; {
			select {
			case <-ticker.C:
				p.print()
			case <-done:
				running = false
			}
		}
	}
	work.Wait()
	p.print()
	switch {
	case p.failed > 0:
		return exit{1, fmt.Errorf("%d of %d seeds failed", p.failed, p.lived)}
	case ctx.Err() != nil:
		return exit{130, errors.New("interrupted")}
	}
	return nil
}

// pool is a range of seeds being lived through.
type pool struct {
	begun time.Time
	last  uint64
	out   io.Writer

	mu       sync.Mutex
	next     uint64
	over     bool
	lived    uint64
	failed   int
	requests uint64
	crashes  uint64
}

// work lives through one seed after the other until there is none left.
func (p *pool) work(ctx context.Context) {
	for ctx.Err() == nil {
		p.mu.Lock()
		seed := p.next
		if p.over || p.failed >= maxFailures {
			p.mu.Unlock()
			return
		}
		p.over = seed == p.last
		p.next++
		p.mu.Unlock()

		r := sim.Run(seed, nil)
		p.mu.Lock()
		p.lived++
		p.requests += uint64(r.Requests)
		p.crashes += uint64(r.Crashes)
		if len(r.Violations) > 0 {
			p.failed++
			v := r.Violations[0]
			fmt.Fprintf(p.out, "bucketline sim --seed %d    # %s: %s\n", seed, v.Check, v.What)
		}
		p.mu.Unlock()
	}
}

// print says how far it is.
func (p *pool) print() {
	p.mu.Lock()
	defer p.mu.Unlock()
	spent := time.Since(p.begun)
	fmt.Fprintf(p.out, "%d seeds lived through, %d failed, %d requests, %d crashes, %v, %.0f seeds/s\n",
		p.lived, p.failed, p.requests, p.crashes, spent.Round(time.Second), float64(p.lived)/spent.Seconds())
}
