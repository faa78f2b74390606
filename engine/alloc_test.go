package engine

import (
	"testing"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
)

// partCycle returns what a driver does about one part of a large file, over and
// over: it reports bytes, answers, and takes what comes of it, the next part
// included. So many more files wait meanwhile.
func partCycle(tb testing.TB, c Config, source journal.Source, waiting int) func() {
	c.Target, c.Connections, c.PartSize = photos, 4, s3.MinPartSize
	s := newSession(tb, c)
	s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: s3.MaxParts * s3.MinPartSize}}})
	source.Size = s3.MaxParts * s3.MinPartSize
	s.describe(Event{Source: source})
	s.tell(Event{Kind: EvAdded, Files: make([]Spec, waiting)})
	if source.Name != "" {
		s.tell(Event{Kind: EvLoaded})
	}
	s.createUpload()
	if source.Name != "" {
		s.tell(Event{Kind: EvSaved})
	}
	under := s.takeSends()
	answer := Event{
		Kind: EvAnswered, Status: 200, Digest: make([]byte, c.Checksum.Size()),
		Header: []s3.Field{{Name: "ETag", Value: `"79b281060d337b9b2b84ccf390adcf74"`}},
	}
	sent, saved, act := Event{Kind: EvSent, Bytes: 1 << 20}, Event{Kind: EvSaved}, Action{}
	return func() {
		sent.Req, answer.Req = under[0], under[0]
		copy(under, under[1:])
		s.now.Mono++
		for _, ev := range []*Event{&sent, &answer, &saved} {
			if err := s.engine.Handle(s.now, ev); err != nil {
				tb.Fatal(err)
			}
		}
		next := ReqID(0)
		for s.engine.Poll(s.now, &act) {
			if act.Kind == ActSend {
				next = act.Req
			}
		}
		s.engine.Wake()
		if next == 0 {
			tb.Fatal("no next part was sent")
		}
		under[len(under)-1] = next
	}
}

// A part that is sent and acknowledged allocates nothing but what the page of
// its ETag, 32 KiB for some 900 parts, and its record in the journal take.
func TestPart_allocatesNothing(t *testing.T) {
	record := journal.Source{Name: "a", Print: "p"}
	for _, c := range []struct {
		name   string
		config Config
		source journal.Source
		most   float64
	}{
		{"no checksum, no journal", Config{WithoutChecksum: true}, journal.Source{}, 0},
		{"CRC64NVME of the whole", Config{Checksum: s3.CRC64NVME}, journal.Source{}, 0},
		{"signature version 2", Config{WithoutChecksum: true, SignatureVersion: 2}, journal.Source{}, 0},
		{"with a journal: the record that Poll hands out", Config{Checksum: s3.CRC64NVME}, record, 3},
	} {
		cycle := partCycle(t, c.config, c.source, 10)
		for range 100 {
			cycle() // buffers grow to what they need
		}
		if got := testing.AllocsPerRun(500, cycle); got > c.most {
			t.Errorf("%s: a part makes %v allocations, want at most %v", c.name, got, c.most)
		}
	}
}

// Polling in vain allocates nothing, nor does asking when to wake.
func TestPoll_allocatesNothingInVain(t *testing.T) {
	s := newSession(t, Config{Target: photos, Connections: MaxConnections, WithoutChecksum: true})
	s.create(s3.MaxParts * s3.MinPartSize)
	tick := Event{Kind: EvTick}
	if got := testing.AllocsPerRun(100, func() {
		if err := s.engine.Handle(s.now, &tick); err != nil {
			t.Fatal(err)
		}
		s.engine.Poll(s.now, &s.act)
		s.engine.Wake()
	}); got != 0 {
		t.Errorf("a turn in vain makes %v allocations", got)
	}
}
