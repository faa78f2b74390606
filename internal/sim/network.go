package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
)

// flight is one request on its way, and what becomes of it.
type flight struct {
	id      engine.ReqID
	session *session
	owner   *chosen // nil: of no file
	attempt int     // owner.begun when it was sent
	op      s3.Op
	part    uint16
	upload  string // ID
	key     string
	raw     fakes3.Request
	date    string // that was signed
	content fakes3.Content
	hash    s3.Algorithm
	length  int64 // bytes of the file
	whole   int64 // bytes of the body
	sent    int64 // of the body
	moved   int64 // when the last byte did
	told    int64 // bytes of the file that the engine knows to be sent

	signedBy  string // access key ID
	confirmed bool   // the engine was told that it made an object
	heardAt   int64  // when

	fault  fakes3.Fault
	fate   mishap // mishaps: none
	broken bool   // ActBreakOff was asked
	ended  bool   // the engine knows its end
	lost   bool   // it will not arrive
	left   bool   // all of it lies in buffers, and its arrival is planned
	served int    // times that it has arrived
	status int    // of the answer that the engine got; 0: it got none
	answer fakes3.Answer
}

// String is for the trace.
func (f *flight) String() string {
	file := "-"
	if f.owner != nil {
		file = fmt.Sprint(f.owner.id)
	}
	return fmt.Sprintf("#%d file %s %s part %d %s", f.id, file, f.op, f.part, f.upload)
}

// send takes ActSend.
func (s *session) send(a *engine.Action) {
	w := s.world
	f := w.takeOff(s, a)
	if s.flights[f.id] != nil || s.asides[f.id] != nil {
		w.violate("contract", "%s is under way already", f)
	}
	s.flights[f.id] = f
	w.flying = append(w.flying, f)
	w.requests++
	w.checks.sent(s, f, a)
	f.fate = w.drawFate(f)
	if w.offline {
		w.agenda.put(w.now+w.dice.between(1, 3*second), func() { f.breaks(w.offlineCause()) })
		return
	}
	w.agenda.put(w.now+w.way(), f.move)
}

// takeOff copies all that the engine may write over later.
func (w *World) takeOff(s *session, a *engine.Action) *flight {
	r := a.Send
	f := &flight{id: a.Req, session: s, op: r.Op, part: a.Part, length: a.Length, hash: a.Hash, moved: w.now}
	if a.File != engine.NoFile && int(a.File) < len(s.chosen) {
		f.owner = s.chosen[a.File]
		f.attempt = f.owner.begun
	}
	url := string(r.AppendURL(nil))
	rest := url[len(r.Scheme)+len("://")+len(r.Host):]
	f.raw = fakes3.Request{Method: strings.Clone(r.Method), Host: strings.Clone(r.SignedHost)}
	f.raw.Path, f.raw.Query, _ = strings.Cut(rest, "?")
	text := make([]byte, 0, 1024)
	for _, h := range r.Header {
		text = append(append(text, h.Name...), h.Value...)
	}
	text = append(text, r.Authorization...)
	all := string(text)
	cut := func(n int) string {
		piece := all[:n]
		all = all[n:]
		return piece
	}
	for _, h := range r.Header {
		f.raw.Header = append(f.raw.Header, s3.Field{Name: cut(len(h.Name)), Value: cut(len(h.Value))})
	}
	if len(all) > 0 {
		f.raw.Header = append(f.raw.Header, s3.Field{Name: "authorization", Value: all})
	}
	f.fault.HideETag = w.hideETag
	f.date, _ = s3.HeaderValue(f.raw.Header, "x-amz-date")
	f.signedBy, _, _ = signer(r)
	f.signedBy = strings.Clone(f.signedBy)
	w.load1(f, a)
	about := w.store.Subject(&f.raw)
	f.key, f.upload = about.Key, about.UploadID
	return f
}

// load1 gives f its body.
func (w *World) load1(f *flight, a *engine.Action) {
	r := a.Send
	switch {
	case r.Body != nil:
		f.raw.Body = fakes3.Real{slices.Clone(r.Body)}
		f.length = 0
	case f.owner == nil || r.Op != s3.OpPutObject && r.Op != s3.OpPostObject && r.Op != s3.OpUploadPart:
		f.length = 0
		return
	default:
		f.content = f.owner.bytes(a.Offset, a.Length)
		f.raw.Body = f.content
		if r.Op == s3.OpPostObject {
			head, err := r.AppendFormHead(nil)
			if err != nil {
				w.violate("contract", "%s: %v", f, err)
			}
			f.date, _ = s3.HeaderValue(r.Form, "x-amz-date")
			f.date = strings.Clone(f.date)
			f.raw.Body = fakes3.Join(fakes3.Bytes(head), f.content, fakes3.Bytes(r.AppendFormTail(nil)))
		}
	}
	f.whole = f.raw.Body.Len()
}

// way is how long something small takes from one side to the other.
func (w *World) way() int64 {
	after := w.latency + w.dice.below(w.jitter+1)
	if w.dice.chance(20) {
		after += w.dice.spread(200, 3*second) // it was lost once, or twice
	}
	return after
}

// Bodies move in pieces, so that a long one reports on its way.
const (
	pieces      = 5
	pieceMillis = 5 * second
)

// move lets the next piece of the body go.
func (f *flight) move() {
	w := f.session.world
	if f.ended || f.lost || f.broken || f.left {
		return
	}
	if f.sent == f.whole {
		w.agenda.put(w.now+w.way(), f.arrive)
		return
	}
	if cause := f.unreadable(w); cause != 0 {
		f.breaks(cause)
		return
	}
	flying := int64(1)
	for _, other := range w.flying {
		if !other.ended && other.sent < other.whole {
			flying++
		}
	}
	speed := max(min(w.perConnection, w.bandwidth/flying), 16)
	piece := min(max(f.whole/pieces, 64*kib), speed*pieceMillis, f.whole-f.sent)
	if (f.fate == cutRequest || f.fate == stallRequest) && f.sent <= f.fault.Cut && f.fault.Cut <= f.sent+piece {
		piece = f.fault.Cut - f.sent
		w.agenda.put(w.now+piece/speed+1, func() {
			if f.ended || f.lost || f.broken || f.left {
				return
			}
			f.report(piece)
			if f.fate == stallRequest {
				f.lost = true // and not a word
				return
			}
			f.breaks(w.cutCause())
		})
		return
	}
	w.agenda.put(w.now+piece/speed+1, func() {
		if f.ended || f.lost || f.broken || f.left {
			return
		}
		if cause := f.unreadable(w); cause != 0 && f.sent+piece == f.whole {
			f.breaks(cause)
			return
		}
		f.report(piece)
		f.move()
	})
}

// unreadable is why the source cannot be read where its bytes are needed: the
// first and the last byte of a body do not go without a look at it.
func (f *flight) unreadable(w *World) engine.Cause {
	c := f.owner
	if c == nil || f.length == 0 || c.stream {
		return 0
	}
	if c.version != c.current() && !w.unseen {
		return engine.CauseSourceChanged
	}
	if f.sent == 0 && c.gone && w.dice.chance(500) {
		return engine.CauseSourceUnreadable
	}
	return 0
}

// report counts a piece as given to the network.
func (f *flight) report(piece int64) {
	w := f.session.world
	f.sent += piece
	f.moved = w.now
	if f.ended || f.length == 0 || f.session.dead {
		return
	}
	f.told = min(f.sent, f.length)
	f.session.must(&engine.Event{Kind: engine.EvSent, Req: f.id, Bytes: f.told})
}

// arrive is when the whole request has reached the store.
func (f *flight) arrive() {
	w := f.session.world
	if f.lost {
		return
	}
	if f.fate == silentStore {
		f.lost = true
		return
	}
	if f.fate == dropRequest {
		f.lost = true
		f.breaks(w.cutCause())
		return
	}
	if f.fate == slowJoin {
		f.joinSlowly()
		return
	}
	f.serve(w)
	// What a store refused, it refuses again: the bytes and their date are the same.
	if refused := f.answer.Status/100 == 4; f.fate == twice && !refused && f.op != s3.OpPostObject && f.raw.Method != "POST" {
		w.agenda.put(w.now+w.dice.spread(1, 90*second), func() { f.serve(w) })
	}
	back := w.way() + w.dice.below(w.service+1)
	if f.op == s3.OpCompleteMultipartUpload {
		back += w.dice.below(w.completing + 1)
	}
	if f.hash != s3.NoChecksum {
		back += w.dice.below(w.diskTime + 1) // the digest may take longer than the store
	}
	switch f.fate {
	case loseAnswer:
		w.agenda.put(w.now+back, func() { f.breaks(w.cutCause()) })
		return
	case tooLong:
		w.agenda.put(w.now+back, func() { f.breaks(engine.CauseAnswerTooLarge) })
		return
	case muteStore:
		return
	case lateAnswer:
		back += w.dice.spread(second, 3*minute)
	}
	w.agenda.put(w.now+back, f.answered)
}

// joinSlowly has the store take the parts away one by one before it makes the
// object of them. Whoever stands between gives up, before or after.
func (f *flight) joinSlowly() {
	w := f.session.world
	parts := 0
	if u := w.upload(f.upload); u != nil {
		parts = len(u.Parts)
	}
	w.checks.resume.slow[f.upload] = true
	const steps = 4
	long := w.dice.spread(second, 5*minute)
	for n := 1; n <= steps; n++ {
		w.agenda.put(w.now+long*int64(n)/(steps+1), func() { w.store.TakeAway(f.upload, (parts*n+steps-1)/steps) })
	}
	w.agenda.put(w.now+long, func() {
		w.store.TakeAway(f.upload, 0)
		f.serve(w)
		w.agenda.put(w.now+w.way(), f.answered)
	})
	w.agenda.put(w.now+w.dice.below(2*long)+1, func() { f.breaks(w.cutCause()) })
}

// serve hands the request in.
func (f *flight) serve(w *World) {
	fault := &f.fault
	if f.served > 0 {
		fault = nil // what goes wrong goes wrong once
	}
	f.served++
	answer := w.serve(f, fault)
	if f.served == 1 {
		f.answer = answer
	}
	w.checks.served(f, &answer, fault)
}

// answered brings the answer to the engine.
func (f *flight) answered() {
	s := f.session
	if f.ended || s.dead {
		return
	}
	status, header, body := f.answer.Status, f.answer.Header, f.answer.Body
	switch f.fate {
	case portal:
		status, header, body = 200, []s3.Field{{Name: "content-type", Value: "text/html"}}, []byte("<html><body>Sign in to this network.</body></html>")
	case nonsense:
		status, header, body = 502, nil, []byte("<html><h1>Bad Gateway</h1>")
	}
	if s.world.hideDate {
		header = slices.DeleteFunc(slices.Clone(header), func(h s3.Field) bool { return h.Name == "date" })
	}
	ev := engine.Event{Kind: engine.EvAnswered, Req: f.id, Status: status, Header: header, Body: body}
	if f.hash != s3.NoChecksum {
		ev.Digest = s.world.store.Sums().Digest(f.content, f.hash)
	}
	f.status = status
	s.world.checks.heard(s, f, &ev)
	s.must(&ev)
	f.end()
}

// breaks tells the engine that there is no answer.
func (f *flight) breaks(cause engine.Cause) {
	s := f.session
	if f.ended || s.dead {
		return
	}
	if f.broken {
		cause = engine.CauseBrokenOff
	}
	if f.sent < f.whole {
		f.lost = true
	}
	s.world.checks.broke(s, f, cause)
	s.must(&engine.Event{Kind: engine.EvBroke, Req: f.id, Cause: cause})
	f.end()
}

// end takes f out of those under way.
func (f *flight) end() {
	f.ended = true
	s := f.session
	delete(s.flights, f.id)
	w := s.world
	if i := slices.Index(w.flying, f); i >= 0 {
		w.flying = slices.Delete(w.flying, i, i+1)
	}
}

// inBuffers is how much of a body may lie on this machine when it is broken
// off, and go all the same.
const inBuffers = 256 * kib

// breakOff takes ActBreakOff. What has left this machine may still arrive.
func (s *session) breakOff(id engine.ReqID) {
	w := s.world
	if x := s.asides[id]; x != nil {
		x.broken = true
		w.agenda.put(w.now+w.dice.below(20), func() {
			if !s.dead && s.asides[id] == x {
				delete(s.asides, id)
				s.must(&engine.Event{Kind: engine.EvBroke, Req: id, Cause: engine.CauseBrokenOff})
			}
		})
		return
	}
	f := s.flights[id]
	if f == nil {
		w.violate("contract", "break off #%d, which is not under way", id)
		return
	}
	f.broken = true
	if f.op == s3.OpUploadPart && w.now-f.moved < second {
		w.late[f.upload] = w.now // not because it stalled: its file is given up
	}
	f.leaves()
	after := w.dice.below(40)
	if w.dice.chance(150) {
		after = w.dice.spread(10, 3*second) // meanwhile it may be answered after all
	}
	w.agenda.put(w.now+after, func() { f.breaks(engine.CauseBrokenOff) })
}

// leaves decides what of a request still arrives that its client has given up.
func (f *flight) leaves() {
	w := f.session.world
	switch {
	case f.lost:
	case f.sent == f.whole:
		f.lost = w.dice.chance(300)
	case f.whole-f.sent <= inBuffers && f.unreadable(w) == 0 && w.dice.chance(300):
		f.sent, f.left = f.whole, true
		w.agenda.put(w.now+w.dice.spread(1, 30*second), f.arrive)
	default:
		f.lost = true
	}
}

// orphaned is what becomes of f when its session crashes.
func (f *flight) orphaned() {
	f.leaves()
	f.end()
}
