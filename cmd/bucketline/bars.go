package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/bucketline/bucketline"
)

const (
	barsInterval = 150 * time.Millisecond

	// barDelay keeps files that are gone in a blink from flickering.
	barDelay = 400 * time.Millisecond

	// maxBars is how many files are shown at once; there may be more at work.
	maxBars = 8

	// nameWidth is in characters: what is shown of a long name is its ending.
	nameWidth = 32
)

// bars is the display of a terminal: one bar for everything, and one for each
// file at work.
type bars struct {
	err      io.Writer
	totals   func() bucketline.Totals
	counted  func() (files int, bytes int64, done bool) // what there is to upload
	progress *mpb.Progress
	total    *mpb.Bar
	stop     chan struct{}
	stopped  sync.WaitGroup

	// What stands before and after the bar of everything. They are read while
	// mpb draws, which waits for nothing of ours.
	before, after atomic.Pointer[string]

	retries seldom // the display is called by one goroutine at a time

	mu     sync.Mutex
	active map[*bucketline.Task]*activeFile
	speed  speed
}

type activeFile struct {
	since time.Time
	bar   *mpb.Bar // nil: not shown
}

func newBars(out io.Writer, totals func() bucketline.Totals, counted func() (int, int64, bool), options ...mpb.ContainerOption) *bars {
	b := &bars{
		err: out, totals: totals, counted: counted,
		stop: make(chan struct{}), active: make(map[*bucketline.Task]*activeFile),
	}
	b.before.Store(new(string))
	b.after.Store(new(string))
	options = append([]mpb.ContainerOption{mpb.WithOutput(out), mpb.WithRefreshRate(barsInterval)}, options...)
	b.progress = mpb.New(options...)
	b.total = b.progress.AddBar(0,
		mpb.BarPriority(1<<30), // below the files
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return *b.before.Load() }, decor.WC{W: nameWidth, C: decor.DindentRight})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *b.after.Load() })),
	)
	b.stopped.Go(b.loop)
	return b
}

func (b *bars) loop() {
	tick := time.NewTicker(barsInterval)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			b.update(now)
		case <-b.stop:
			return
		}
	}
}

// update moves every bar to where things stand.
func (b *bars) update(now time.Time) {
	totals := b.totals()
	files, size, done := b.counted()
	b.mu.Lock()
	b.speed.add(now, totals.Sent)
	before, after := count(totals, files, done), status(totals, b.speed.perSecond(), size-totals.Sent, done)
	b.before.Store(&before)
	b.after.Store(&after)
	shown := 0
	for task, f := range b.active {
		if f.bar != nil {
			f.bar.SetCurrent(task.Progress().Sent)
			shown++
		}
	}
	for task, f := range b.active {
		if f.bar == nil && shown < maxBars && now.Sub(f.since) >= barDelay {
			f.bar = b.addBar(task)
			shown++
		}
	}
	b.mu.Unlock()
	b.total.SetTotal(max(size, totals.Size), false)
	b.total.SetCurrent(totals.Sent)
}

func (b *bars) addBar(task *bucketline.Task) *mpb.Bar {
	return b.progress.AddBar(max(task.Size(), 0), // a stream's is not known
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(ending(show(task.Name()), nameWidth), decor.WC{W: nameWidth, C: decor.DindentRight})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(s decor.Statistics) string {
			return "  " + sizeText(s.Current) + " of " + sizeText(s.Total)
		})),
	)
}

func (b *bars) event(e bucketline.Event) {
	switch e.Kind {
	case bucketline.EventState:
		b.mu.Lock()
		defer b.mu.Unlock()
		f := b.active[e.Task]
		if !e.State.Ended() {
			if f == nil && e.State != bucketline.StateQueued {
				b.active[e.Task] = &activeFile{since: time.Now()}
			}
			return
		}
		delete(b.active, e.Task)
		if f != nil && f.bar != nil {
			f.bar.Abort(true)
		}
	default:
		if e.Kind == bucketline.EventRetry && !b.retries.now(time.Now()) {
			return
		}
		if text := eventText(e); text != "" {
			fmt.Fprintln(b.progress, text)
		}
	}
}

func (b *bars) stored(_ string, r bucketline.Result) {
	if r.Skipped {
		fmt.Fprintf(b.progress, "skipped %s, which is there already\n", show(r.Key))
	}
}
func (b *bars) failed(f failure) {
	sentence, _, _ := f.words()
	fmt.Fprintf(b.progress, "failed %s: %s\n", show(f.name), show(sentence))
}
func (b *bars) note(text string) { fmt.Fprintln(b.progress, text) }

func (b *bars) close(s summary) {
	close(b.stop)
	b.stopped.Wait()
	b.total.Abort(true)
	b.mu.Lock()
	for _, f := range b.active {
		if f.bar != nil {
			f.bar.Abort(true)
		}
	}
	b.mu.Unlock()
	b.progress.Wait()
	writeSummary(b.err, s)
}

// count is how many files are stored, of how many.
func count(t bucketline.Totals, files int, known bool) string {
	more := ""
	if !known {
		more = "+"
	}
	return fmt.Sprintf("%d of %d%s stored", t.Files[bucketline.StateDone], files, more)
}

// status is what stands after the bar of everything: the hold, or the speed
// and the time left as far as they are known.
func status(t bucketline.Totals, perSecond float64, left int64, known bool) string {
	switch {
	case t.Held:
		return " held, waiting for credentials"
	case t.Offline:
		return " offline, waiting for the network"
	}
	if perSecond <= 0 {
		return ""
	}
	text := " " + sizeText(int64(perSecond)) + "/s"
	if known && left > 0 {
		text += ", " + timeLeft(time.Duration(float64(left)/perSecond*float64(time.Second)))
	}
	return text
}

// timeLeft is a time in words that do not pretend to more than is known.
func timeLeft(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return "a few seconds"
	case d < 100*time.Second:
		return fmt.Sprintf("about %d s", int(d.Seconds()+5)/10*10)
	case d < 100*time.Minute:
		return fmt.Sprintf("about %d min", int(d.Minutes()+0.5))
	case d < 72*time.Hour:
		return fmt.Sprintf("about %d h", int(d.Hours()+0.5))
	}
	return fmt.Sprintf("about %d days", int(d.Hours()/24+0.5))
}

// speedWindow is how far back the speed looks, so that it does not jump.
const speedWindow = 5 * time.Second

// speed is bytes per second over the last few seconds.
type speed struct{ samples []sample }

type sample struct {
	at    time.Time
	bytes int64
}

func (s *speed) add(at time.Time, bytes int64) {
	old := 0
	for old < len(s.samples)-1 && at.Sub(s.samples[old+1].at) >= speedWindow {
		old++
	}
	s.samples = append(s.samples[:0], s.samples[old:]...)
	s.samples = append(s.samples, sample{at, bytes})
}

// perSecond is 0 until it is known.
func (s *speed) perSecond() float64 {
	if len(s.samples) < 2 {
		return 0
	}
	first, last := s.samples[0], s.samples[len(s.samples)-1]
	if took := last.at.Sub(first.at).Seconds(); took > 0 && last.bytes > first.bytes {
		return float64(last.bytes-first.bytes) / took
	}
	return 0
}

// ending cuts a name to width characters; its ending tells it from others.
func ending(name string, width int) string {
	runes := []rune(name)
	if len(runes) <= width {
		return name
	}
	return "…" + string(runes[len(runes)-width+1:])
}
