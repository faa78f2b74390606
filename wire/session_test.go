package wire

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// frames reads all of src.
func frames(t *testing.T, src []byte) []Frame {
	t.Helper()
	var all []Frame
	for len(src) > 0 {
		var f Frame
		rest, err := f.Read(src)
		if err != nil {
			t.Fatal(err)
		}
		all, src = append(all, f), rest
	}
	return all
}

func code(f *Frame) string {
	value, _ := s3.HeaderValue(f.Fields, "code")
	return value
}

func opened(t *testing.T) *Session {
	t.Helper()
	s := new(Session)
	config := Frame{Fields: []s3.Field{{Name: "bucket", Value: "photos"}, {Name: "region", Value: "eu-west-1"}}}
	if out := s.Open(nil, config.Append(nil)); len(out) > 0 {
		t.Fatalf("Open = %+v", frames(t, out))
	}
	return s
}

func TestSession_refusesWhatComesTooEarly(t *testing.T) {
	var s Session
	clocks := (&Frame{Kind: KindNow}).Append(nil)
	totals := (&Frame{Kind: QueryTotals}).Append(nil)
	for name, out := range map[string][]byte{
		"Step before Open":    s.Step(nil, clocks),
		"Ask before Open":     s.Ask(nil, totals),
		"Step without clocks": opened(t).Step(nil, totals),
		"Open with a half":    s.Open(nil, clocks[:20]),
	} {
		if got := frames(t, out); len(got) != 1 || got[0].Kind != KindRefused {
			t.Errorf("%s = %+v, want one refusal", name, got)
		}
	}
}

func TestStep_goesOnAfterARefusedEvent(t *testing.T) {
	s := opened(t)
	src := (&Frame{Kind: KindNow}).Append(nil)
	src = (&Frame{Kind: uint8(engine.EvCancel), File: 7}).Append(src)
	src = (&Frame{Kind: uint8(engine.EvAdded), Body: make([]byte, 8)}).Append(src)
	got := frames(t, s.Step([]byte{}, src))
	if len(got) < 2 || got[0].Kind != KindRefused || got[0].B != 0 || got[1].Kind != uint8(engine.ActDescribe) {
		t.Errorf("Step = %+v, want a refusal of event 0, then what the file needs", got)
	}
}

// A page shows at most its own length of actions; the rest waits in the engine.
func TestStep_stopsAtStepBytes(t *testing.T) {
	s := opened(t)
	clocks := (&Frame{Kind: KindNow}).Append(nil)
	src := (&Frame{Kind: uint8(engine.EvAdded), Body: make([]byte, 8*2000)}).Append(clocks)
	for i := range uint32(2000) {
		src = (&Frame{Kind: uint8(engine.EvCancel), File: i}).Append(src)
	}
	notes := 0
	for steps := 1; ; steps++ {
		out := s.Step(nil, src)
		notes += len(frames(t, out))
		if len(out) < StepBytes {
			if steps < 2 {
				t.Errorf("one step had everything to say")
			}
			break
		}
		if len(out) > StepBytes+1024 {
			t.Errorf("a step said %d bytes", len(out))
		}
		src = clocks
	}
	if notes != 2000 {
		t.Errorf("%d actions for 2000 cancelled files", notes)
	}
}

func TestOpen_namesTheOption(t *testing.T) {
	var s Session
	out := s.Open(nil, (&Frame{Fields: []s3.Field{{Name: "buckets", Value: "b"}}}).Append(nil))
	if got := frames(t, out); len(got) != 1 || code(&got[0]) != "OptionUnknown" {
		t.Errorf("Open = %+v, want OptionUnknown", got)
	}
}

// A step that has drained the engine says last when time alone gives it
// something to do, and nothing of the kind while only an event can.
func TestStep_saysWhenToWake(t *testing.T) {
	s := opened(t)
	step := func(events ...Frame) []Frame {
		src := (&Frame{Kind: KindNow, X: 1000, Y: 1_700_000_000_000}).Append(nil)
		for i := range events {
			src = events[i].Append(src)
		}
		return frames(t, s.Step(nil, src))
	}
	wakes := func(all []Frame) int {
		return len(slices.DeleteFunc(slices.Clone(all), func(f Frame) bool { return f.Kind != KindWake }))
	}
	if got := step(); len(got) != 0 {
		t.Errorf("a session without files says %+v", got)
	}
	credentials := fields("accessKey", "AKID", "secretKey", "secret", "expiration", "2030-01-01T00:00:00Z")
	step(
		Frame{Kind: uint8(engine.EvCredentials), Fields: credentials},
		Frame{Kind: uint8(engine.EvAdded), Body: append64(nil, 5)},
	)
	object := fields("key", "a", "checksumAlgorithm", "CRC32C", "checksumValue", "4waSgw==")
	got := step(Frame{Kind: uint8(engine.EvDescribed), X: 5, Fields: object})
	send := slices.IndexFunc(got, func(f Frame) bool { return f.Kind == uint8(engine.ActSend) })
	if send < 0 || wakes(got) != 1 || got[len(got)-1].Kind != KindWake || got[len(got)-1].X != 1000+engine.DefaultStallMillis {
		t.Fatalf("a request under way says %+v, want a wake at its stall, last", got)
	}
	body := []byte("<Error><Code>SlowDown</Code></Error>")
	got = step(Frame{Kind: uint8(engine.EvAnswered), Req: got[send].Req, B: 503, Body: body})
	last := got[len(got)-1]
	if wakes(got) != 1 || last.Kind != KindWake || last.X < 1000 || last.X > 1000+engine.DefaultStallMillis {
		t.Errorf("a request that is put off says %+v, want a wake, last", got)
	}
}

// With remoteSign no secret comes in: requests and presigned URLs go out to be
// signed, and come back with a MAC.
func TestSession_remoteSign(t *testing.T) {
	var s Session
	config := fields("bucket", "photos", "region", "eu-west-1", "remoteSign", "true", "checksum", "none")
	if out := s.Open(nil, (&Frame{Fields: config}).Append(nil)); len(out) > 0 {
		t.Fatalf("Open = %+v", frames(t, out))
	}
	step := func(events ...Frame) []Frame {
		src := (&Frame{Kind: KindNow, X: 1000, Y: 1_700_000_000_000}).Append(nil)
		for i := range events {
			src = events[i].Append(src)
		}
		return frames(t, s.Step(nil, src))
	}
	credentials := fields("accessKey", "AKID", "secretKey", "secret", "expiration", "2030-01-01T00:00:00Z")
	if got := step(Frame{Kind: uint8(engine.EvCredentials), Fields: credentials}); len(got) != 1 || code(&got[0]) != "SecretKeyUnwanted" {
		t.Fatalf("a secret is answered with %+v", got)
	}
	step(
		Frame{Kind: uint8(engine.EvCredentials), Fields: append(credentials[:1:1], credentials[2:]...)},
		Frame{Kind: uint8(engine.EvAdded), Body: append64(nil, 5)},
	)
	got := step(Frame{Kind: uint8(engine.EvDescribed), X: 5, Fields: fields("key", "a")})
	sign := slices.IndexFunc(got, func(f Frame) bool { return f.Kind == uint8(engine.ActSign) })
	if sign < 0 || !strings.HasPrefix(string(got[sign].Body), "AWS4-HMAC-SHA256\n20231114T221320Z\n20231114/eu-west-1/s3/aws4_request\n") {
		t.Fatalf("to be signed is %+v", got)
	}
	mac := bytes.Repeat([]byte{0xab}, 32)
	got = step(Frame{Kind: uint8(engine.EvSigned), Req: got[sign].Req, Body: mac})
	send := slices.IndexFunc(got, func(f Frame) bool { return f.Kind == uint8(engine.ActSend) })
	if send < 0 {
		t.Fatalf("what is signed is answered with %+v", got)
	}
	authorization, _ := s3.HeaderValue(got[send].Fields, "authorization")
	if !strings.HasSuffix(authorization, "Signature="+strings.Repeat("ab", 32)) {
		t.Errorf("the request is signed as %s", authorization)
	}

	ask := func(q Frame) Frame { return frames(t, s.Ask(nil, q.Append(nil)))[0] }
	draft := ask(Frame{Kind: QueryPresign, X: 60, Y: 1_700_000_000_000, Fields: fields("key", "a")})
	url, _ := s3.HeaderValue(draft.Fields, "url")
	scope, _ := s3.HeaderValue(draft.Fields, "scope")
	if scope != "20231114/eu-west-1/s3/aws4_request" || len(draft.Body) == 0 || strings.Contains(url, "X-Amz-Signature") {
		t.Fatalf("a presigned URL is drafted as %+v", draft)
	}
	whole := ask(Frame{Kind: QueryFinishPresign, Fields: fields("url", url), Body: mac})
	if got, _ := s3.HeaderValue(whole.Fields, "url"); got != url+"&X-Amz-Signature="+strings.Repeat("ab", 32) {
		t.Errorf("finished, it is %s", got)
	}
	if short := ask(Frame{Kind: QueryFinishPresign, Fields: fields("url", url), Body: mac[1:]}); short.Kind != KindRefused {
		t.Errorf("a short MAC is answered with %+v", short)
	}
	if none := ask(Frame{Kind: QueryFinishPresign}); none.Kind != KindRefused {
		t.Errorf("no URL is answered with %+v", none)
	}
}
