package cred_test

import (
	"math/rand/v2"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/sign"
)

// model is a Keeper written for obviousness: it keeps the whole story and
// derives every answer from it by looking back.
type model struct {
	story []event
}

type event struct {
	kind string // set, asked, failed, retry, expire, refused, accepted
	now  sign.UnixMilli
	c    *cred.Credentials // set, refused, unsigned, accepted
	at   sign.UnixMilli    // set: when its use ends
	soon sign.UnixMilli    // set: when new ones are asked for early
	sure bool              // refused, unsigned: fresh credentials after such as were of no use
}

// sinceSet returns the last set, or nil, and what came after it.
func (m *model) sinceSet() (*event, []event) {
	for i := len(m.story) - 1; i >= 0; i-- {
		if m.story[i].kind == "set" {
			return &m.story[i], m.story[i+1:]
		}
	}
	return nil, m.story
}

// why is the reason without regard to what came of asking: the first thing that
// put the current credentials out of use, or their time.
func (m *model) why(now sign.UnixMilli) cred.Reason {
	last, after := m.sinceSet()
	if last == nil {
		return cred.ReasonAbsent
	}
	for _, e := range after {
		switch e.kind {
		case "asked":
			if e.now >= last.at {
				return cred.ReasonExpired
			}
		case "expire":
			return cred.ReasonInvalidated
		case "refused":
			return cred.ReasonRefused
		case "unsigned":
			return cred.ReasonSigningFailed
		}
	}
	if now >= last.at {
		return cred.ReasonExpired
	}
	return cred.ReasonNone
}

// asking looks for the latest word on asking: is one outstanding, and if not,
// why was it given up?
func (m *model) asking() (outstanding bool, stuck cred.Reason) {
	_, after := m.sinceSet()
	for i := len(after) - 1; i >= 0; i-- {
		switch e := after[i]; {
		case e.kind == "asked":
			return true, cred.ReasonNone
		case e.kind == "failed":
			return false, cred.ReasonRefreshFailed
		case e.kind == "refused" && e.sure:
			return false, cred.ReasonRefused
		case e.kind == "unsigned" && e.sure:
			return false, cred.ReasonSigningFailed
		case e.kind == "retry":
			return false, cred.ReasonNone
		}
	}
	return false, cred.ReasonNone
}

func (m *model) hold(now sign.UnixMilli) cred.Reason {
	why := m.why(now)
	if _, stuck := m.asking(); stuck != cred.ReasonNone && why != cred.ReasonNone {
		return stuck
	}
	return why
}

// suspect reports that the current credentials follow such as were of no use and
// have not been accepted.
func (m *model) suspect() bool {
	last, after := m.sinceSet()
	for _, e := range after {
		if e.kind == "accepted" && e.c == last.c {
			return false
		}
	}
	before := model{story: m.story[:len(m.story)-len(after)-1]}
	why := before.why(-1 << 63)
	return why == cred.ReasonRefused || why == cred.ReasonSigningFailed
}

// out reports that something has put the current credentials out of use for
// good.
func (m *model) out() bool { return m.why(-1<<63) != cred.ReasonNone }

// trial drives a Keeper and the model through the same random life.
type trial struct {
	t           *testing.T
	random      *rand.Rand
	now         sign.UnixMilli
	k           cred.Keeper
	m           model
	given       []*cred.Credentials // every snapshot that Current returned
	outstanding int
	refreshes   int
	refusals    int // of the surest kind
}

func (tr *trial) note(kind string) { tr.m.story = append(tr.m.story, event{kind: kind, now: tr.now}) }

// recent picks one of the last snapshots; nil while there is none.
func (tr *trial) recent() *cred.Credentials {
	if len(tr.given) == 0 {
		return nil
	}
	return tr.given[max(0, len(tr.given)-1-tr.random.IntN(3))]
}

func (tr *trial) set() {
	span := sign.UnixMilli(tr.random.IntN(40_000)) - 2_000
	if tr.random.IntN(3) == 0 {
		span = 595_000 + sign.UnixMilli(tr.random.IntN(10_000))
	}
	margin := min(max(span/10, 1_000), 30_000)
	c := life("AB"[tr.random.IntN(2):], tr.now+span)
	if got, want := tr.k.Set(tr.now, c) == nil, span > margin; got != want {
		tr.t.Errorf("Set with %d ms of life taken: %v, want %v", span, got, want)
	} else if !got {
		return
	}
	current, ok := tr.k.Current(tr.now)
	if !ok || *current != c {
		tr.t.Fatal("Set did not release")
	}
	tr.m.story = append(tr.m.story, event{kind: "set", now: tr.now, c: current, at: c.Expiration - margin, soon: c.Expiration - margin - early(span)})
	tr.outstanding = 0
}

// early is how long before their end credentials of a life are renewed.
func early(life sign.UnixMilli) sign.UnixMilli {
	if life < 600_000 {
		return 0
	}
	return min(life/10, 300_000)
}

func (tr *trial) wantRefresh() {
	outstanding, stuck := tr.m.asking()
	want := tr.m.why(tr.now)
	last, _ := tr.m.sinceSet()
	if want == cred.ReasonNone && tr.now >= last.soon {
		want = cred.ReasonExpiring
	}
	asks := want != cred.ReasonNone && !outstanding && stuck == cred.ReasonNone
	if !asks {
		want = tr.m.hold(tr.now)
	}
	got, ok := tr.k.WantRefresh(tr.now)
	if got != want || ok != asks {
		tr.t.Errorf("WantRefresh = %v, %v, want %v, %v", got, ok, want, asks)
	}
	if ok {
		tr.note("asked")
		tr.outstanding++
		tr.refreshes++
	}
}

func (tr *trial) failed() {
	tr.k.Failed(tr.now)
	if outstanding, _ := tr.m.asking(); outstanding {
		tr.note("failed")
		tr.outstanding--
	}
}

func (tr *trial) retry() {
	tr.k.Retry()
	if outstanding, _ := tr.m.asking(); !outstanding {
		tr.note("retry")
	}
}

func (tr *trial) expire() {
	tr.k.Expire(tr.now)
	if last, _ := tr.m.sinceSet(); last != nil && !tr.m.out() {
		tr.note("expire")
	}
}

func (tr *trial) accepted() {
	c := tr.recent()
	tr.k.Accepted(c)
	tr.m.story = append(tr.m.story, event{kind: "accepted", now: tr.now, c: c})
}

func (tr *trial) invalidate() { tr.lose("refused", tr.k.Invalidate) }

func (tr *trial) signingFails() { tr.lose("unsigned", tr.k.SigningFailed) }

func (tr *trial) lose(kind string, lose func(*cred.Credentials) bool) {
	c := tr.recent()
	last, _ := tr.m.sinceSet()
	want := true
	if last != nil && c == last.c && !tr.m.out() {
		want = !tr.m.suspect()
		tr.m.story = append(tr.m.story, event{kind: kind, now: tr.now, c: c, sure: !want})
	}
	if got := lose(c); got != want {
		tr.t.Errorf("%s: %v, want %v", kind, got, want)
	}
	if !want {
		tr.refusals++
	}
}

// check compares every answer, and what must always hold.
func (tr *trial) check() {
	if tr.outstanding > 1 {
		tr.t.Errorf("%d refreshes are outstanding", tr.outstanding)
	}
	why := tr.m.why(tr.now)
	if got, want := tr.k.Hold(tr.now), tr.m.hold(tr.now); got != want {
		tr.t.Errorf("Hold = %v, want %v", got, want)
	}
	c, ok := tr.k.Current(tr.now)
	wake, wakes := tr.k.Wake(tr.now)
	if ok != (why == cred.ReasonNone) || wakes != ok {
		tr.t.Errorf("Current = %v, Wake = %v, want both %v", ok, wakes, why == cred.ReasonNone)
	}
	if !ok {
		return
	}
	if left := c.Expiration - tr.now; left <= cred.MinMarginMillis {
		tr.t.Errorf("Current gave credentials with %d ms left", left)
	}
	_, before := tr.k.Current(wake - 1)
	_, after := tr.k.Current(wake)
	if wake <= tr.now || !before || after {
		tr.t.Errorf("Wake = %d at %d is not when Current stops", wake, tr.now)
	}
	if len(tr.given) == 0 || tr.given[len(tr.given)-1] != c {
		tr.given = append(tr.given, c)
	}
}

func TestKeeper_equalsTheModel(t *testing.T) {
	refreshes, refusals := 0, 0
	for seed := range uint64(1_000) {
		tr := trial{t: t, random: rand.New(rand.NewPCG(seed, 1)), now: 1_000_000}
		acts := []func(){
			tr.set, tr.set, tr.wantRefresh, tr.wantRefresh, tr.wantRefresh,
			tr.failed, tr.retry, tr.expire, tr.accepted, tr.invalidate, tr.signingFails,
		}
		for range 200 {
			tr.now += sign.UnixMilli(tr.random.IntN(4_000))
			if tr.random.IntN(20) == 0 {
				tr.now += sign.UnixMilli(tr.random.IntN(500_000))
			}
			if tr.random.IntN(50) == 0 {
				tr.now -= sign.UnixMilli(tr.random.IntN(20_000))
			}
			acts[tr.random.IntN(len(acts))]()
			tr.check()
		}
		refreshes += tr.refreshes
		refusals += tr.refusals
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if refreshes < 10_000 || refusals < 100 {
		t.Errorf("only %d refreshes and %d sure refusals: the lives are too dull", refreshes, refusals)
	}
}
