package queue

import (
	"fmt"
	"testing"
)

// BenchmarkTable_event is what one event costs in a table of 1,000 files and in
// one of 1,000,000, when the files are named in order and when they are named
// in none. The steps are the same each time; only where 1,000,000 files are
// named in no order are their records not in the processor's caches.
func BenchmarkTable_event(b *testing.B) {
	for _, event := range []struct {
		name string
		do   func(*Table, FileID)
	}{
		{"cancel one, or queue it again", func(t *Table, id FileID) { t.toggle(id, StateCancelled) }},
		{"pause one, or resume it", func(t *Table, id FileID) { t.toggle(id, StatePaused) }},
		{"fail one, or retry it", func(t *Table, id FileID) { t.toggle(id, StateFailed) }},
		{"begin the next, and queue it again", func(t *Table, _ FileID) {
			next, _ := t.Next(ClassSmall)
			t.SetState(next, StateUploading)
			t.SetState(next, StateQueued)
		}},
		{"prioritize one", func(t *Table, id FileID) {
			t.SetPriority(id, (t.Priority(id)+1)%Priority(Priorities))
		}},
		{"park one, and unpark it", func(t *Table, id FileID) {
			t.Park(id, 1, "")
			t.Unpark(id)
		}},
		{"pause all, or resume all", func(t *Table, id FileID) {
			if t.Paused() {
				t.ResumeAll()
			} else {
				t.SetState(id, StatePaused)
				t.PauseAll()
			}
		}},
		{"fail one, and retry all", func(t *Table, id FileID) {
			t.SetState(id, StateFailed)
			t.RetryAll()
		}},
		{"queue one, and cancel all", func(t *Table, id FileID) {
			t.SetState(id, StateQueued)
			t.CancelAll()
		}},
		{"count", func(t *Table, id FileID) { t.Counts(); t.Bytes() }},
	} {
		for _, c := range []struct {
			files, stride int
			order         string
		}{
			{1000, 1, "in order"},
			{1_000_000, 1, "in order"},
			{1_000_000, 611_953, "in no order"}, // a prime, so that it comes to every file
		} {
			b.Run(fmt.Sprintf("%s/%d %s", event.name, c.files, c.order), func(b *testing.B) {
				var table Table
				fill(&table, c.files)
				b.ReportAllocs()
				step := 0
				for b.Loop() {
					event.do(&table, FileID(step%c.files))
					step += c.stride
				}
			})
		}
	}
}

// toggle moves a queued file to s, and another to StateQueued.
func (t *Table) toggle(id FileID, s State) {
	if t.State(id) != StateQueued {
		s = StateQueued
	}
	t.SetState(id, s)
}

// BenchmarkTable_add adds files, and reports what the table then takes for each.
func BenchmarkTable_add(b *testing.B) {
	for _, files := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(files), func(b *testing.B) {
			var bytes float64
			for b.Loop() {
				bytes = allocated(func() { fill(new(Table), files) })
			}
			b.ReportMetric(bytes/float64(files), "B/file")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(files), "ns/file")
		})
	}
}

// BenchmarkTable_cancelAllParked cancels as many parked files as there can be,
// and takes each to be discarded.
func BenchmarkTable_cancelAllParked(b *testing.B) {
	var table Table
	fill(&table, MaxParked)
	for b.Loop() {
		for id := range FileID(MaxParked) {
			table.SetState(id, StatePaused)
			table.Park(id, 1, "")
		}
		table.CancelAll()
		for ok := true; ok; {
			_, _, ok = table.NextDiscard()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/MaxParked, "ns/file")
}
