package engine

import (
	"strconv"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// session is an engine with credentials, and a driver that notes what it asks
// for: for tests of numbers that would make transcripts long.
type session struct {
	tb     testing.TB
	engine *Engine
	now    Now
	act    Action

	described []FileID
	sends     []ReqID
	ops       map[ReqID]s3.Op
	parts     map[ReqID]uint16
	asides    []Action // ActHash and ActRead
	codes     []string // of the failures that were told
	kinds     map[ActionKind]int
}

func newSession(tb testing.TB, c Config) *session {
	tb.Helper()
	e, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	s := &session{
		tb: tb, engine: e, now: Now{Wall: startWall},
		ops: map[ReqID]s3.Op{}, parts: map[ReqID]uint16{}, kinds: map[ActionKind]int{},
	}
	s.tell(Event{Kind: EvCredentials, Credentials: &cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"},
		Expiration:  startWall + 30*24*3_600_000,
	}})
	return s
}

// tell gives the engine an event and takes what comes of it.
func (s *session) tell(ev Event) {
	s.tb.Helper()
	if err := s.engine.Handle(s.now, &ev); err != nil {
		s.tb.Fatalf("Handle(%+v) = %v", ev, err)
	}
	s.pump()
}

func (s *session) pump() {
	for s.engine.Poll(s.now, &s.act) {
		s.kinds[s.act.Kind]++
		switch s.act.Kind {
		case ActDescribe:
			s.described = append(s.described, s.act.File)
		case ActSend:
			s.sends = append(s.sends, s.act.Req)
			s.ops[s.act.Req], s.parts[s.act.Req] = s.act.Send.Op, s.act.Part
		case ActHash, ActRead:
			s.asides = append(s.asides, s.act)
		case ActNoteState:
			if s.act.Err != nil {
				s.codes = append(s.codes, s.act.Err.Code)
			}
		}
	}
}

// takeSends returns the requests that were sent since it was last called.
func (s *session) takeSends() []ReqID {
	sends := s.sends
	s.sends = nil
	return sends
}

func (s *session) takeAsides() []Action {
	asides := s.asides
	s.asides = nil
	return asides
}

// takeSend returns the one request that was sent since then.
func (s *session) takeSend(want s3.Op) ReqID {
	s.tb.Helper()
	sends := s.takeSends()
	if len(sends) != 1 || s.ops[sends[0]] != want {
		s.tb.Fatalf("sent %v, want one %v", s.opsOf(sends), want)
	}
	return sends[0]
}

// sleep lets time pass until the engine wants to be woken.
func (s *session) sleep() {
	s.tb.Helper()
	at, ok := s.engine.Wake()
	if !ok {
		s.tb.Fatal("the engine has nothing to wake for")
	}
	millis := max(at-s.now.Mono, 0)
	s.now.Mono += millis
	s.now.Wall += sign.UnixMilli(millis)
	s.tell(Event{Kind: EvTick})
}

// create adds a file and brings it to the point where its parts are sent.
func (s *session) create(size int64) {
	s.tb.Helper()
	s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: size}}})
	s.describe(Event{})
	s.createUpload()
}

func (s *session) createUpload() {
	s.tb.Helper()
	s.tell(Event{
		Kind: EvAnswered, Req: s.takeSend(s3.OpCreateMultipartUpload), Status: 200,
		Body: []byte("<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"),
	})
}

// describe describes the file that was asked for last, with what else is said of
// it in ev.
func (s *session) describe(ev Event) {
	s.tb.Helper()
	ev.Kind, ev.File = EvDescribed, s.described[len(s.described)-1]
	if ev.Object == nil {
		ev.Object = &s3.Object{Key: "file" + strconv.Itoa(int(ev.File))}
	}
	s.tell(ev)
}

// store answers that a part or a file is stored.
func (s *session) store(id ReqID) {
	s.tb.Helper()
	s.tell(Event{Kind: EvAnswered, Req: id, Status: 200, Header: []s3.Field{{Name: "ETag", Value: `"e"`}}})
}

func (s *session) refuse(id ReqID, status int, code string) {
	s.tb.Helper()
	s.tell(Event{Kind: EvAnswered, Req: id, Status: status, Body: []byte("<Error><Code>" + code + "</Code></Error>")})
}

func (s *session) opsOf(sends []ReqID) (ops []s3.Op) {
	for _, id := range sends {
		ops = append(ops, s.ops[id])
	}
	return ops
}
