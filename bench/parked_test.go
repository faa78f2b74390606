package bench

import (
	"fmt"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// park opens a session of a million files of which the first so many are paused
// with an upload in the journal, while all others rest.
func park(b *testing.B, parked int) *session {
	const files, size = 1_000_000, 6 << 20
	e, err := engine.New(engine.Config{Target: s3.Target{Bucket: "photos", Region: "eu-west-1"}, MultipartThreshold: 1, WithoutChecksum: true})
	if err != nil {
		b.Fatal(err)
	}
	s := &session{b: b, engine: e}
	specs := make([]engine.Spec, files)
	for i := range specs {
		specs[i].Size = size
	}
	s.answer(engine.Event{Kind: engine.EvCredentials, Credentials: &cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}, Expiration: 1_800_000_000_000,
	}})
	s.answer(engine.Event{Kind: engine.EvPauseAll})
	s.answer(engine.Event{Kind: engine.EvAdded, Files: specs})
	for file := range engine.FileID(parked) {
		s.answer(engine.Event{Kind: engine.EvResume, File: file})
	}
	return s
}

// answer is turn where the driver also does what it is asked for: it brings a
// file to its first part, and pauses it there.
func (s *session) answer(ev engine.Event) {
	todo := []engine.Event{ev}
	now := engine.Now{Mono: 1, Wall: 1_700_000_000_000}
	for len(todo) > 0 {
		if err := s.engine.Handle(now, &todo[0]); err != nil {
			s.b.Fatal(err)
		}
		todo = todo[1:]
		for s.engine.Poll(now, &s.act) {
			todo = append(todo, s.does(&s.act)...)
		}
	}
}

func (s *session) does(a *engine.Action) []engine.Event {
	switch a.Kind {
	case engine.ActDescribe:
		name := fmt.Sprint(a.File)
		return []engine.Event{{Kind: engine.EvDescribed, File: a.File, Object: &s3.Object{Key: name}, Source: journal.Source{Name: name, Size: 6 << 20, Print: "p"}}}
	case engine.ActLoad:
		return []engine.Event{{Kind: engine.EvLoaded, File: a.File}}
	case engine.ActSave, engine.ActForget:
		return []engine.Event{{Kind: engine.EvSaved, File: a.File}}
	case engine.ActBreakOff:
		return []engine.Event{{Kind: engine.EvBroke, Req: a.Req, Cause: engine.CauseBrokenOff}}
	case engine.ActSend:
		if a.Send.Op == s3.OpCreateMultipartUpload {
			return []engine.Event{{
				Kind: engine.EvAnswered, Req: a.Req, Status: 200,
				Body: []byte("<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"),
			}}
		}
		return []engine.Event{{Kind: engine.EvPause, File: a.File}}
	}
	return nil
}

// BenchmarkParked is what an event costs when many files are paused with an
// upload in the journal, up to as many as there can be.
func BenchmarkParked(b *testing.B) {
	for _, parked := range []int{100, queue.MaxParked} {
		b.Run(fmt.Sprintf("go on with one, or pause it/%d", parked), func(b *testing.B) {
			s, n := park(b, parked), 0
			for b.Loop() {
				kind := engine.EvResume
				if n%2 == 1 {
					kind = engine.EvPause
				}
				s.turn(engine.Event{Kind: kind, File: engine.FileID(n / 2 * 611_953 % parked)})
				n++
			}
		})
		b.Run(fmt.Sprintf("drop one/%d", parked), func(b *testing.B) {
			s, n := park(b, parked), 0
			for b.Loop() {
				if n == parked-engine.DefaultConnections {
					b.StopTimer()
					s, n = park(b, parked), 0
					b.StartTimer()
				}
				s.turn(engine.Event{Kind: engine.EvCancel, File: engine.FileID(n)})
				n++
			}
		})
		b.Run(fmt.Sprintf("count/%d", parked), func(b *testing.B) {
			s, n := park(b, parked), 0
			for b.Loop() {
				s.engine.Totals()
				s.engine.File(engine.FileID(n % parked))
				n++
			}
		})
	}
}
