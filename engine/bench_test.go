package engine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// BenchmarkPart is what a part costs: bytes reported, its answer, all that comes
// of it, and the next part signed, while 1,000 files wait and while 1,000,000 do.
func BenchmarkPart(b *testing.B) {
	for _, c := range []struct {
		name   string
		config Config
		source journal.Source
	}{
		{"plain", Config{WithoutChecksum: true}, journal.Source{}},
		{"CRC64NVME and journal", Config{Checksum: s3.CRC64NVME}, journal.Source{Name: "a", Print: "p"}},
	} {
		for _, waiting := range []int{1000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", c.name, waiting), func(b *testing.B) {
				b.ReportAllocs()
				cycle, n := func() {}, 0
				for b.Loop() {
					if n == 0 {
						b.StopTimer()
						cycle, n = partCycle(b, c.config, c.source, waiting), s3.MaxParts-10
						b.StartTimer()
					}
					n--
					cycle()
				}
			})
		}
	}
}

// BenchmarkFile is what a small file costs from its description to its end, while
// 1,000 files wait and while 1,000,000 do.
func BenchmarkFile(b *testing.B) {
	for _, files := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(files), func(b *testing.B) {
			b.ReportAllocs()
			var s *session
			left := 0 // files that this session can still take
			one := Event{Kind: EvAdded, Files: make([]Spec, 1)}
			answer := Event{Kind: EvAnswered, Status: 200, Header: []s3.Field{{Name: "ETag", Value: `"e"`}}}
			describe := Event{Kind: EvDescribed, Object: &s3.Object{Key: "u/42/photo.jpg"}}
			for b.Loop() {
				if left == 0 {
					b.StopTimer()
					s = newSession(b, Config{Target: photos, Connections: 1, WithoutChecksum: true})
					s.tell(Event{Kind: EvAdded, Files: make([]Spec, files)})
					left = queue.MaxFiles - files
					b.StartTimer()
				}
				left--
				describe.File = s.described[0]
				s.described = append(s.described[:0], s.described[1:]...)
				s.turn(&describe)
				answer.Req = s.sends[0]
				s.sends = s.sends[:0]
				s.turn(&answer)
				s.turn(&one)
			}
		})
	}
}

// turn gives the engine an event and notes what is described and sent.
func (s *session) turn(ev *Event) {
	if err := s.engine.Handle(s.now, ev); err != nil {
		s.tb.Fatal(err)
	}
	for s.engine.Poll(s.now, &s.act) {
		switch s.act.Kind {
		case ActDescribe:
			s.described = append(s.described, s.act.File)
		case ActSend:
			s.sends = append(s.sends, s.act.Req)
		}
	}
	s.engine.Wake()
}

// BenchmarkPoll is a turn with nothing to do but to find that out, and one that
// sends a part, with 1, 6 and 256 connections in use.
func BenchmarkPoll(b *testing.B) {
	for _, connections := range []int{1, DefaultConnections, MaxConnections} {
		b.Run(fmt.Sprintf("in vain/%d", connections), func(b *testing.B) {
			s := busy(b, connections)
			b.ReportAllocs()
			for b.Loop() {
				if s.engine.Poll(s.now, &s.act) {
					b.Fatalf("something to do: %+v", s.act)
				}
				s.engine.Wake()
			}
		})
		b.Run(fmt.Sprintf("bytes sent/%d", connections), func(b *testing.B) {
			s := busy(b, connections)
			b.ReportAllocs()
			ev, n := Event{Kind: EvSent}, int64(0)
			for b.Loop() {
				n++
				ev.Req, ev.Bytes = s.sends[n%int64(len(s.sends))], n/int64(len(s.sends))+1
				s.turn(&ev)
			}
		})
		b.Run(fmt.Sprintf("part/%d", connections), func(b *testing.B) {
			s, under := busy(b, connections), []ReqID(nil)
			b.ReportAllocs()
			answer := Event{Kind: EvAnswered, Status: 200, Header: []s3.Field{{Name: "ETag", Value: `"e"`}}}
			n := 0
			for b.Loop() {
				if n == 0 {
					b.StopTimer()
					s, n = busy(b, connections), (s3.MaxParts-1000)*max(connections/maxLargeShare, 1)
					under = slices.Clone(s.sends)
					b.StartTimer()
				}
				n--
				answer.Req, s.sends = under[n%len(under)], s.sends[:0]
				s.turn(&answer)
				under[n%len(under)] = s.sends[0]
			}
		})
	}
}

// busy returns a session in which as many large files are under way as there may
// be, and all connections are in use.
func busy(b *testing.B, connections int) *session {
	s := newSession(b, Config{Target: photos, Connections: connections, PartSize: s3.MinPartSize, WithoutChecksum: true})
	s.tell(Event{Kind: EvAdded, Files: slices.Repeat([]Spec{{Size: s3.MaxParts * s3.MinPartSize}}, connections)})
	for _, file := range s.described {
		s.tell(Event{Kind: EvDescribed, File: file, Object: &s3.Object{Key: "a"}})
	}
	for creates := s.takeSends(); len(creates) > 0; {
		rest := creates[:0]
		for _, id := range creates {
			if s.ops[id] != s3.OpCreateMultipartUpload {
				rest = append(rest, id)
				continue
			}
			s.tell(Event{
				Kind: EvAnswered, Req: id, Status: 200,
				Body: []byte("<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"),
			})
		}
		more := s.takeSends()
		if len(more) == 0 {
			s.sends = rest
			break
		}
		creates = append(slices.Clone(rest), more...)
	}
	if s.engine.inFlight != connections {
		b.Fatalf("%d of %d connections are in use", s.engine.inFlight, connections)
	}
	return s
}
