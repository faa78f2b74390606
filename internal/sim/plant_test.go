package sim

import (
	"bytes"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// within is how many seeds may be needed to find a planted bug.
const within = 2000

// hooked is an engine with something between it and its driver. What a hook
// leaves out goes through.
type hooked struct {
	machine
	handle func(inner machine, now engine.Now, ev *engine.Event) error
	poll   func(inner machine, now engine.Now, act *engine.Action) bool
	wake   func(inner machine) (engine.Instant, bool)
	totals func(t *engine.Totals)
}

func (h *hooked) Handle(now engine.Now, ev *engine.Event) error {
	if h.handle == nil {
		return h.machine.Handle(now, ev)
	}
	return h.handle(h.machine, now, ev)
}

func (h *hooked) Poll(now engine.Now, act *engine.Action) bool {
	if h.poll == nil {
		return h.machine.Poll(now, act)
	}
	return h.poll(h.machine, now, act)
}

func (h *hooked) Wake() (engine.Instant, bool) {
	if h.wake == nil {
		return h.machine.Wake()
	}
	return h.wake(h.machine)
}

func (h *hooked) Totals() engine.Totals {
	t := h.machine.Totals()
	if h.totals != nil {
		h.totals(&t)
	}
	return t
}

// around puts hooks around each engine of a world.
func around(hooks func(w *World) hooked) func(w *World) {
	return func(w *World) {
		w.wrap = func(m machine) machine {
			h := hooks(w)
			h.machine = m
			return &h
		}
	}
}

// swallow keeps events of one kind from the engine.
func swallow(kind engine.EventKind) func(w *World) {
	return around(func(*World) hooked {
		return hooked{handle: func(inner machine, now engine.Now, ev *engine.Event) error {
			if ev.Kind == kind {
				return nil
			}
			return inner.Handle(now, ev)
		}}
	})
}

// changing changes each action before the driver gets it.
func changing(change func(act *engine.Action)) func(w *World) {
	return around(func(*World) hooked {
		return hooked{poll: func(inner machine, now engine.Now, act *engine.Action) bool {
			ok := inner.Poll(now, act)
			if ok {
				change(act)
			}
			return ok
		}}
	})
}

// answering answers some actions itself, so that the driver never sees them.
func answering(answer func(act *engine.Action) *engine.Event) func(w *World) {
	return around(func(*World) hooked {
		return hooked{poll: func(inner machine, now engine.Now, act *engine.Action) bool {
			for inner.Poll(now, act) {
				ev := answer(act)
				if ev == nil {
					return true
				}
				if err := inner.Handle(now, ev); err != nil {
					panic(err)
				}
			}
			return false
		}}
	})
}

// planted are bugs that the checks must find, each by the check named. They
// stand between the engine and its driver, in the driver, or in the store.
var planted = []struct {
	name, check string
	plant       func(w *World)
}{
	{"an abort is dropped", "remains", answering(func(act *engine.Action) *engine.Event {
		if act.Kind != engine.ActSend || act.Send.Op != s3.OpAbortMultipartUpload {
			return nil
		}
		return &engine.Event{Kind: engine.EvAnswered, Req: act.Req, Status: 204}
	})},
	{"a sweep spares nothing", "remains", around(func(*World) hooked {
		return hooked{handle: func(inner machine, now engine.Now, ev *engine.Event) error {
			if ev.Kind == engine.EvSweep {
				ev = &engine.Event{Kind: engine.EvSweep, Name: ev.Name, Wall: now.Wall + day*10}
			}
			return inner.Handle(now, ev)
		}}
	})},
	{"a failure is reported done", "report", changing(func(act *engine.Action) {
		if act.Kind == engine.ActNoteState && act.State == queue.StateFailed {
			act.State, act.Err, act.Result = queue.StateDone, nil, &engine.Result{}
		}
	})},
	{"another ETag is reported", "report", changing(func(act *engine.Action) {
		if act.Kind == engine.ActNoteState && act.State == queue.StateDone {
			r := *act.Result
			r.ETag = `"00000000000000000000000000000000"`
			act.Result = &r
		}
	})},
	{"a doubt is not told", "report", changing(func(act *engine.Action) {
		if act.Kind == engine.ActNoteState && act.Err != nil {
			err := *act.Err
			err.Doubt, err.Code = false, "InternalError"
			act.Err = &err
		}
	})},
	{"a part goes twice at once", "parts", plantTwin},
	{"the ETags of two parts are swapped", "parts", plantSwap},
	{"an event is refused", "contract", around(func(*World) hooked {
		return hooked{handle: func(inner machine, now engine.Now, ev *engine.Event) error {
			if ev.Kind == engine.EvPrioritize {
				return engine.ErrEvent
			}
			return inner.Handle(now, ev)
		}}
	})},
	{"what is not under way is broken off", "contract", changing(func(act *engine.Action) {
		if act.Kind == engine.ActBreakOff {
			act.Req ^= 1 << 20
		}
	})},
	{"a part is too small", "parts", plantSmall},
	{"credentials outlive the user's word", "signature", swallow(engine.EvExpire)},
	{"credentials outlive their end", "signature", around(func(*World) hooked {
		return hooked{handle: func(inner machine, now engine.Now, ev *engine.Event) error {
			if ev.Kind == engine.EvCredentials {
				longer := *ev.Credentials
				longer.Expiration += day
				ev = &engine.Event{Kind: ev.Kind, Credentials: &longer}
			}
			return inner.Handle(now, ev)
		}}
	})},
	{"a request is not signed", "signature", changing(func(act *engine.Action) {
		if act.Kind == engine.ActSend && act.Send.Op == s3.OpAbortMultipartUpload {
			act.Send.Authorization = nil
		}
	})},
	{"a request has an older token", "signature", plantOldToken},
	{"a request goes that nobody has signed", "signature", answering(func(act *engine.Action) *engine.Event {
		if act.Kind != engine.ActSign {
			return nil
		}
		mac := macOf(act.Draft.Scope, act.Draft.Text, "of somebody else")
		return &engine.Event{Kind: engine.EvSigned, Req: act.Req, Digest: mac}
	})},
	{"the clock is not corrected", "signature", around(func(*World) hooked {
		return hooked{handle: func(inner machine, now engine.Now, ev *engine.Event) error {
			if ev.Kind == engine.EvClock {
				return nil
			}
			return inner.Handle(now, ev)
		}}
	})},
	{"a pause is ignored", "quiet", swallow(engine.EvPause)},
	{"a cancel is ignored", "quiet", swallow(engine.EvCancel)},
	{"a pause of all is ignored", "quiet", swallow(engine.EvPauseAll)},
	{"a part goes after the abort", "quiet", plantZombie},
	{"more requests than connections", "budget", func(w *World) {
		w.wrap = func(machine) machine {
			c := w.config
			c.Connections += 2
			e, err := engine.New(c)
			if err != nil {
				panic(err)
			}
			return e
		}
	}},
	{"too much of a stream is read ahead", "budget", changing(func(act *engine.Action) {
		if act.Kind == engine.ActNotePart {
			act.Part = 9999 // the driver never learns that it may drop the bytes
		}
	})},
	{"a byte too many is acknowledged", "totals", around(func(*World) hooked {
		return hooked{totals: func(t *engine.Totals) {
			if t.Acknowledged > 0 {
				t.Acknowledged++
			}
		}}
	})},
	{"bytes in vain are not counted", "totals", around(func(*World) hooked {
		return hooked{totals: func(t *engine.Totals) { t.Resent = 0 }}
	})},
	{"a file is in no state", "totals", around(func(*World) hooked {
		return hooked{totals: func(t *engine.Totals) { t.Files[queue.StateDone] = 0 }}
	})},
	{"credentials are asked for twice", "refresh", around(func(*World) hooked {
		again := false
		return hooked{poll: func(inner machine, now engine.Now, act *engine.Action) bool {
			if again {
				again = false
				*act = engine.Action{Kind: engine.ActRefresh, File: engine.NoFile, Reason: cred.ReasonExpired}
				return true
			}
			ok := inner.Poll(now, act)
			again = ok && act.Kind == engine.ActRefresh
			return ok
		}}
	})},
	{"a record is not written", "journal", answering(func(act *engine.Action) *engine.Event {
		if act.Kind != engine.ActSave {
			return nil
		}
		return &engine.Event{Kind: engine.EvSaved, File: act.File}
	})},
	{"a record is written without being opened", "journal", answering(func(act *engine.Action) *engine.Event {
		if act.Kind != engine.ActLoad {
			return nil
		}
		return &engine.Event{Kind: engine.EvLoaded, File: act.File}
	})},
	{"what a record says of the parts is not believed", "resume", func(w *World) {
		w.plant = func(_ *session, _ *write, data []byte) []byte {
			var r journal.Record
			if _, err := journal.Parse(data, &r); err != nil {
				return data
			}
			r.Parts = nil
			return r.Append(nil)
		}
	}},
	{"an object that an earlier run made is not found", "resume", answering(func(act *engine.Action) *engine.Event {
		if act.Kind != engine.ActSend || act.Send.Op != s3.OpHeadObject {
			return nil
		}
		return &engine.Event{Kind: engine.EvAnswered, Req: act.Req, Status: 404}
	})},
	{"two tabs have one record open", "journal", func(w *World) { w.shared = true }},
	{"a part that was lost counts as stored", "journal", plantLost},
	{"a changed file goes on with its old record", "object", plantOldRecord},
	{"a file has changed and nobody says so", "object", plantUnseenChange},
	{"the store keeps less than it was sent", "object", func(w *World) {
		w.serve = func(f *flight, fault *fakes3.Fault) fakes3.Answer {
			raw := f.raw
			if f.op == s3.OpUploadPart && f.hash == s3.NoChecksum && f.whole > 5*mib {
				raw.Body = raw.Body.Cut(0, f.whole-1)
			}
			return w.store.Serve(sign.UnixMilli(epoch+w.now), &raw, fault)
		}
	}},
	{"an answer is never taken", "liveness", swallow(engine.EvHashed)},
	{"time does not pass", "liveness", around(func(*World) hooked {
		return hooked{wake: func(machine) (engine.Instant, bool) { return 0, false }}
	})},
	{"the engine wakes for nothing", "liveness", around(func(*World) hooked {
		return hooked{wake: func(machine) (engine.Instant, bool) { return 0, true }}
	})},
	{"the engine panics", "panic", around(func(*World) hooked {
		return hooked{handle: func(inner machine, now engine.Now, ev *engine.Event) error {
			if ev.Kind == engine.EvRead {
				panic("planted")
			}
			return inner.Handle(now, ev)
		}}
	})},
}

// plantTwin sends each first part twice, under two numbers.
func plantTwin(w *World) {
	w.wrap = func(m machine) machine {
		const twin = 1 << 31
		var again *engine.Action
		return &hooked{
			machine: m,
			poll: func(inner machine, now engine.Now, act *engine.Action) bool {
				if again != nil {
					*act, again = *again, nil
					return true
				}
				ok := inner.Poll(now, act)
				if ok && act.Kind == engine.ActSend && act.Part == 1 {
					other := *act
					other.Req |= twin
					again = &other
				}
				return ok
			},
			handle: func(inner machine, now engine.Now, ev *engine.Event) error {
				if ev.Req&twin != 0 {
					return nil
				}
				return inner.Handle(now, ev)
			},
		}
	}
}

// plantSwap gives each part the ETag of the one that was answered before it.
func plantSwap(w *World) {
	w.wrap = func(m machine) machine {
		last := ""
		parts := map[engine.ReqID]bool{}
		return &hooked{
			machine: m,
			poll: func(inner machine, now engine.Now, act *engine.Action) bool {
				ok := inner.Poll(now, act)
				if ok && act.Kind == engine.ActSend {
					parts[act.Req] = act.Part > 0
				}
				return ok
			},
			handle: func(inner machine, now engine.Now, ev *engine.Event) error {
				if ev.Kind == engine.EvAnswered && ev.Status == 200 && parts[ev.Req] {
					for i := range ev.Header {
						if h := &ev.Header[i]; h.Name == "etag" {
							if last != "" {
								h.Value, last = last, h.Value
							} else {
								last = h.Value
							}
						}
					}
				}
				return inner.Handle(now, ev)
			},
		}
	}
}

// plantSmall sends the first part shorter than it may be.
func plantSmall(w *World) {
	w.config.WithoutChecksum = true
	changing(func(act *engine.Action) {
		if act.Kind == engine.ActSend && act.Part == 1 && act.Hash == s3.NoChecksum && act.Length > s3.MinPartSize-1 {
			act.Length = s3.MinPartSize - 1
		}
	})(w)
}

// plantOldToken signs with one set of credentials and sends the token of the
// one before.
func plantOldToken(w *World) {
	w.wrap = func(m machine) machine {
		var tokens []string
		return &hooked{
			machine: m,
			handle: func(inner machine, now engine.Now, ev *engine.Event) error {
				if ev.Kind == engine.EvCredentials {
					tokens = append(tokens, ev.Credentials.SessionToken)
				}
				return inner.Handle(now, ev)
			},
			poll: func(inner machine, now engine.Now, act *engine.Action) bool {
				ok := inner.Poll(now, act)
				if n := len(tokens); ok && act.Kind == engine.ActSend && n > 1 {
					for i := range act.Send.Header {
						if h := &act.Send.Header[i]; h.Name == "x-amz-security-token" {
							h.Value = tokens[n-2]
						}
					}
				}
				return ok
			},
		}
	}
}

// plantZombie repeats a part once its upload has been aborted.
func plantZombie(w *World) {
	w.wrap = func(m machine) machine {
		const ghost = 1 << 30
		var kept, due *engine.Action
		var words s3.Request
		return &hooked{
			machine: m,
			poll: func(inner machine, now engine.Now, act *engine.Action) bool {
				if due != nil {
					*act, due = *due, nil
					return true
				}
				ok := inner.Poll(now, act)
				switch {
				case !ok || act.Kind != engine.ActSend:
				case act.Send.Op == s3.OpUploadPart:
					words = copyRequest(act.Send)
					other := *act
					other.Send, other.Req = &words, act.Req|ghost
					kept = &other
				case act.Send.Op == s3.OpAbortMultipartUpload && kept != nil && kept.File == act.File:
					due, kept = kept, nil
				}
				return ok
			},
			handle: func(inner machine, now engine.Now, ev *engine.Event) error {
				if ev.Req&ghost != 0 {
					return nil
				}
				return inner.Handle(now, ev)
			},
		}
	}
}

// copyRequest copies what the engine writes over.
func copyRequest(r *s3.Request) s3.Request {
	c := *r
	c.Path = strings.Clone(r.Path)
	c.Query, c.Header = nil, nil
	for _, f := range r.Query {
		c.Query = append(c.Query, s3.Field{Name: strings.Clone(f.Name), Value: strings.Clone(f.Value)})
	}
	for _, f := range r.Header {
		c.Header = append(c.Header, s3.Field{Name: strings.Clone(f.Name), Value: strings.Clone(f.Value)})
	}
	c.Authorization = bytes.Clone(r.Authorization)
	return c
}

// plantLost takes a part whose connection broke for stored.
func plantLost(w *World) {
	w.wrap = func(m machine) machine {
		parts := map[engine.ReqID]bool{}
		return &hooked{
			machine: m,
			poll: func(inner machine, now engine.Now, act *engine.Action) bool {
				ok := inner.Poll(now, act)
				if ok && act.Kind == engine.ActSend {
					parts[act.Req] = act.Part > 0
				}
				return ok
			},
			handle: func(inner machine, now engine.Now, ev *engine.Event) error {
				if ev.Kind == engine.EvBroke && parts[ev.Req] && ev.Cause == engine.CauseUnreachable {
					ev = &engine.Event{Kind: engine.EvAnswered, Req: ev.Req, Status: 200, Digest: make([]byte, 8), Header: []s3.Field{{Name: "etag", Value: `"e"`}}}
				}
				return inner.Handle(now, ev)
			},
		}
	}
}

// plantOldRecord has every record be about the file as it is now.
func plantOldRecord(w *World) {
	w.config.WithoutChecksum = true
	w.plant = func(s *session, x *write, data []byte) []byte {
		var r journal.Record
		if _, err := journal.Parse(data, &r); err != nil {
			return data
		}
		c := s.chosen[x.file]
		r.Source = w.identity(c.source, c.versions[c.version])
		return r.Append(nil)
	}
}

// plantUnseenChange hides from the driver that a file has changed.
func plantUnseenChange(w *World) { w.unseen = true }

func TestChecks_findPlantedBugs(t *testing.T) {
	for _, bug := range planted {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			others := map[string]int{}
			for seed := range uint64(within) {
				w := newWorld(seed, nil)
				bug.plant(w)
				for _, v := range w.run(seed).Violations {
					if v.Check == bug.check {
						t.Logf("seed %d: %s: %s", seed, v.Check, v.What)
						return
					}
					others[v.Check]++
				}
			}
			t.Errorf("check %q did not find it in %d seeds; others did: %v", bug.check, within, others)
		})
	}
}

// Every check has a planted bug.
func TestChecks_areAllTested(t *testing.T) {
	for _, c := range Checks {
		found := false
		for _, bug := range planted {
			found = found || bug.check == c.Name
		}
		if !found {
			t.Errorf("no planted bug is for %q", c.Name)
		}
	}
}
