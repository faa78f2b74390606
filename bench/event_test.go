package bench

import (
	"fmt"
	"testing"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// session is an engine whose files wait: its slots are full of those that came
// first, which wait to be described.
type session struct {
	b      *testing.B
	engine *engine.Engine
	next   engine.FileID // the file that asked last to be described
	failed engine.FileID
	act    engine.Action
}

func open(b *testing.B, files int) *session {
	e, err := engine.New(engine.Config{Target: s3.Target{Bucket: "photos", Region: "eu-west-1"}})
	if err != nil {
		b.Fatal(err)
	}
	s := &session{b: b, engine: e}
	s.turn(engine.Event{Kind: engine.EvAdded, Files: make([]engine.Spec, files)})
	return s
}

// turn is what a driver does about one event: it gives it to the engine and
// takes every action. Something must have come of it.
func (s *session) turn(ev engine.Event) {
	now := engine.Now{Mono: 1, Wall: 1_700_000_000_000}
	changed := s.engine.Changed()
	if err := s.engine.Handle(now, &ev); err != nil {
		s.b.Fatal(err)
	}
	for s.engine.Poll(now, &s.act) {
		if s.act.Kind == engine.ActDescribe {
			s.next = s.act.File
		}
	}
	s.engine.Wake()
	if s.engine.Changed() == changed {
		s.b.Fatalf("nothing came of %+v", ev)
	}
}

// event is what happens in a benchmark, over and over.
type event struct {
	name string
	do   func(s *session, file engine.FileID, n int) // the nth event, from 0
	per  int                                         // how many events one file gets before the next
	max  func(files int) int                         // how many events a session takes; nil: any number
	from func(s *session)                            // what comes before them; nil: nothing
}

func events() []event {
	either := func(n int, kinds ...engine.EventKind) engine.EventKind { return kinds[n%len(kinds)] }
	one := make([]engine.Spec, 1)
	return []event{
		{"cancel", func(s *session, file engine.FileID, _ int) {
			s.turn(engine.Event{Kind: engine.EvCancel, File: file})
		}, 1, func(files int) int { return files }, nil},
		{"pause or resume", func(s *session, file engine.FileID, n int) {
			s.turn(engine.Event{Kind: either(n, engine.EvPause, engine.EvResume), File: file})
		}, 2, nil, nil},
		{"prioritize", func(s *session, file engine.FileID, n int) {
			s.turn(engine.Event{Kind: engine.EvPrioritize, File: file, Priority: queue.Priority(n+1) % 2})
		}, 2, nil, nil},
		{"fail or retry", func(s *session, _ engine.FileID, n int) {
			if n%2 == 0 {
				s.failed = s.next
			}
			s.turn(engine.Event{Kind: either(n, engine.EvUndescribed, engine.EvRetry), File: s.failed, Cause: engine.CauseRefused})
		}, 2, nil, nil},
		{"pause all or resume all", func(s *session, _ engine.FileID, n int) {
			s.turn(engine.Event{Kind: either(n, engine.EvPauseAll, engine.EvResumeAll)})
		}, 2, nil, nil},
		{"fail one or retry all", func(s *session, _ engine.FileID, n int) {
			s.turn(engine.Event{Kind: either(n, engine.EvUndescribed, engine.EvRetryAll), File: s.next, Cause: engine.CauseRefused})
		}, 2, nil, nil},
		{"add one or cancel all", func(s *session, _ engine.FileID, n int) {
			s.turn(engine.Event{Kind: either(n, engine.EvAdded, engine.EvCancelAll), Files: one})
		}, 2, untilFull, nil},
		{"add one", func(s *session, _ engine.FileID, _ int) {
			s.turn(engine.Event{Kind: engine.EvAdded, Files: one})
		}, 1, untilFull, nil},
		// They wait in a line of their own, which gets longer and longer.
		{"let one go while all rest", func(s *session, file engine.FileID, _ int) {
			s.turn(engine.Event{Kind: engine.EvResume, File: file})
		}, 1, func(files int) int { return files }, func(s *session) {
			s.turn(engine.Event{Kind: engine.EvPauseAll})
		}},
	}
}

func begin(b *testing.B, e event, files int) *session {
	s := open(b, files)
	if e.from != nil {
		e.from(s)
	}
	return s
}

func untilFull(files int) int { return queue.MaxFiles - files }

// BenchmarkEvent is what one event costs, all that the engine then asks for
// included, when 1,000 files wait and when 1,000,000 do. The files are named in
// order and in no order; in no order, most of what is looked at for 1,000,000
// files is not in the processor's caches.
func BenchmarkEvent(b *testing.B) {
	for _, event := range events() {
		for _, c := range []struct {
			files, stride int
			order         string
		}{
			{1000, 1, "in order"},
			{1_000_000, 1, "in order"},
			{1_000_000, 611_953, "in no order"}, // a prime, so that it comes to every file
		} {
			b.Run(fmt.Sprintf("%s/%d %s", event.name, c.files, c.order), func(b *testing.B) {
				b.ReportAllocs()
				s, n := begin(b, event, c.files), 0
				for b.Loop() {
					if event.max != nil && n == event.max(c.files) {
						b.StopTimer()
						s, n = begin(b, event, c.files), 0
						b.StartTimer()
					}
					event.do(s, engine.FileID(n/event.per*c.stride%c.files), n)
					n++
				}
			})
		}
	}
}
