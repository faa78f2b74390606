package cred_test

import (
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/sign"
)

// set fails the test if the keeper refuses c, and returns the snapshot.
func set(t *testing.T, k *cred.Keeper, now sign.UnixMilli, c cred.Credentials) *cred.Credentials {
	t.Helper()
	if err := k.Set(now, c); err != nil {
		t.Fatalf("Set(%d, %v): %v", now, c, err)
	}
	got, ok := k.Current(now)
	if !ok || *got != c {
		t.Fatalf("after Set(%v), Current = %v, %v", c, got, ok)
	}
	return got
}

// wantHold fails the test unless the keeper holds, or serves, as it should.
func wantHold(t *testing.T, k *cred.Keeper, now sign.UnixMilli, want cred.Reason) {
	t.Helper()
	if got := k.Hold(now); got != want {
		t.Errorf("at %d: Hold = %v, want %v", now, got, want)
	}
	if _, ok := k.Current(now); ok != (want == cred.ReasonNone) {
		t.Errorf("at %d: Current = %v while Hold = %v", now, ok, want)
	}
}

// wantRefresh fails the test unless WantRefresh answers reason and asks.
func wantRefresh(t *testing.T, k *cred.Keeper, now sign.UnixMilli, reason cred.Reason, asks bool) {
	t.Helper()
	if got, ok := k.WantRefresh(now); got != reason || ok != asks {
		t.Errorf("at %d: WantRefresh = %v, %v, want %v, %v", now, got, ok, reason, asks)
	}
}

func TestKeeper_marginIsATenthWithinBounds(t *testing.T) {
	for _, c := range []struct {
		name         string
		life, margin sign.UnixMilli
	}{
		{"shortest that is taken", 1_001, 1_000},
		{"a tenth is below the least", 9_999, 1_000},
		{"a tenth is the least", 10_000, 1_000},
		{"a tenth is just above the least", 10_010, 1_001},
		{"fifteen seconds", 15_000, 1_500},
		{"a tenth is just below the most", 299_990, 29_999},
		{"a tenth is the most", 300_000, 30_000},
		{"a tenth is above the most", 300_010, 30_000},
		{"an hour", 3_600_000, 30_000},
		{"the longest", cred.MaxExpiration - 5_000, 30_000},
	} {
		const now = 5_000
		var k cred.Keeper
		set(t, &k, now, life("A", now+c.life))
		last := now + c.life - c.margin - 1
		wantHold(t, &k, last, cred.ReasonNone)
		wantHold(t, &k, last+1, cred.ReasonExpired)
		if at, ok := k.Wake(now); !ok || at != last+1 {
			t.Errorf("%s: Wake = %d, %v, want %d", c.name, at, ok, last+1)
		}
		if at, ok := k.Wake(last + 1); ok {
			t.Errorf("%s: Wake = %d after the end: a driver would spin", c.name, at)
		}
	}
}

func TestKeeper_zeroValueAsksOnce(t *testing.T) {
	var k cred.Keeper
	wantHold(t, &k, 0, cred.ReasonAbsent)
	wantRefresh(t, &k, 0, cred.ReasonAbsent, true)
	for range 3 {
		wantRefresh(t, &k, 1, cred.ReasonAbsent, false)
	}
	set(t, &k, 2, life("A", 60_002))
	wantRefresh(t, &k, 3, cred.ReasonNone, false)
}

func TestKeeper_asksOncePerExpiry(t *testing.T) {
	var k cred.Keeper
	for round := range sign.UnixMilli(5) {
		start := round * 15_000
		set(t, &k, start, life("A", start+15_000))
		wantRefresh(t, &k, start+13_499, cred.ReasonNone, false)
		wantRefresh(t, &k, start+13_500, cred.ReasonExpired, true)
		for waiting := range sign.UnixMilli(10) {
			wantRefresh(t, &k, start+13_500+waiting, cred.ReasonExpired, false)
		}
	}
}

// Long-lived credentials are renewed while they still serve; a failure of that
// holds nothing until their end.
func TestKeeper_asksEarlyWhereThereIsTime(t *testing.T) {
	const hour = 3_600_000
	var k cred.Keeper
	set(t, &k, 0, life("A", hour))
	const early = hour - cred.MaxMarginMillis - cred.MaxAdvisoryMillis
	wantRefresh(t, &k, early-1, cred.ReasonNone, false)
	wantRefresh(t, &k, early, cred.ReasonExpiring, true)
	wantRefresh(t, &k, early+1, cred.ReasonNone, false)
	wantHold(t, &k, early+1, cred.ReasonNone)
	k.Failed(early + 2)
	wantHold(t, &k, early+3, cred.ReasonNone)
	wantRefresh(t, &k, early+3, cred.ReasonNone, false)
	k.Retry()
	wantRefresh(t, &k, early+4, cred.ReasonExpiring, true)
	wantHold(t, &k, hour-cred.MaxMarginMillis, cred.ReasonExpired)
	wantRefresh(t, &k, hour-cred.MaxMarginMillis, cred.ReasonExpired, false) // it is outstanding
	k.Failed(hour)
	wantHold(t, &k, hour, cred.ReasonRefreshFailed)

	var short cred.Keeper
	set(t, &short, 0, life("A", cred.MinAdvisedMillis-1))
	wantRefresh(t, &short, cred.MinAdvisedMillis-2-cred.MaxMarginMillis, cred.ReasonNone, false)
	wantRefresh(t, &short, cred.MinAdvisedMillis-1-cred.MaxMarginMillis, cred.ReasonExpired, true)
}

func TestKeeper_failureHoldsUntilSetOrRetry(t *testing.T) {
	var k cred.Keeper
	wantRefresh(t, &k, 0, cred.ReasonAbsent, true)
	k.Failed(10)
	wantHold(t, &k, 20, cred.ReasonRefreshFailed)
	wantRefresh(t, &k, 30, cred.ReasonRefreshFailed, false)
	k.Retry()
	wantRefresh(t, &k, 40, cred.ReasonAbsent, true)
	k.Retry() // while it is outstanding: not asked twice
	wantRefresh(t, &k, 50, cred.ReasonAbsent, false)
	k.Failed(60)
	set(t, &k, 70, life("A", 60_000))
	wantHold(t, &k, 70, cred.ReasonNone)
}

// A handler that is rejected after the user has set credentials is late.
func TestKeeper_lateFailureChangesNothing(t *testing.T) {
	var k cred.Keeper
	wantRefresh(t, &k, 0, cred.ReasonAbsent, true)
	set(t, &k, 10, life("A", 60_000))
	k.Failed(20)
	wantHold(t, &k, 20, cred.ReasonNone)
	wantRefresh(t, &k, 60_000, cred.ReasonExpired, true)
}

func TestKeeper_expireHoldsUntilSet(t *testing.T) {
	var k cred.Keeper
	k.Expire(0)
	wantHold(t, &k, 0, cred.ReasonAbsent)
	set(t, &k, 0, life("A", 60_000))
	k.Expire(10)
	wantHold(t, &k, 10, cred.ReasonInvalidated)
	wantHold(t, &k, 0, cred.ReasonInvalidated)
	wantRefresh(t, &k, 10, cred.ReasonInvalidated, true)
	k.Expire(20)
	wantRefresh(t, &k, 20, cred.ReasonInvalidated, false)
	set(t, &k, 30, life("A", 60_000))
	wantRefresh(t, &k, 30, cred.ReasonNone, false)
}

// A clock that is corrected later does not bring back what the user has ended.
func TestKeeper_expireOfExpiredIsForGood(t *testing.T) {
	var k cred.Keeper
	set(t, &k, 0, life("A", 15_000))
	k.Expire(14_000)
	wantHold(t, &k, 14_000, cred.ReasonInvalidated)
	wantHold(t, &k, 1_000, cred.ReasonInvalidated)
}

func TestKeeper_storeRefusesOldCredentials(t *testing.T) {
	var k cred.Keeper
	a := set(t, &k, 0, life("A", 60_000))
	// Three requests signed with A are answered ExpiredToken.
	for range 3 {
		if !k.Invalidate(a) {
			t.Error("Invalidate of used credentials = false, want send again")
		}
	}
	wantHold(t, &k, 10, cred.ReasonRefused)
	wantRefresh(t, &k, 10, cred.ReasonRefused, true)
	if !k.Invalidate(a) {
		t.Error("a late refusal of A while its replacement is asked for = false")
	}
	wantRefresh(t, &k, 10, cred.ReasonRefused, false)
	set(t, &k, 20, life("B", 60_000))
	if !k.Invalidate(a) {
		t.Error("a late refusal of A = false, want send again with B")
	}
	wantHold(t, &k, 20, cred.ReasonNone)
}

// Cloudflare R2 gives every temporary set the parent's access key ID, so the
// sets are told apart by the snapshot.
func TestKeeper_lateRefusalOfEqualAccessKeyID(t *testing.T) {
	var k cred.Keeper
	a := set(t, &k, 0, life("A", 60_000))
	set(t, &k, 10, life("A", 60_000))
	if !k.Invalidate(a) {
		t.Error("Invalidate of a replaced set = false")
	}
	wantHold(t, &k, 10, cred.ReasonNone)
}

func TestKeeper_storeRefusesFreshCredentialsToo(t *testing.T) {
	var k cred.Keeper
	a := set(t, &k, 0, life("A", 60_000))
	k.Invalidate(a)
	wantRefresh(t, &k, 0, cred.ReasonRefused, true)
	b := set(t, &k, 10, life("B", 60_000))
	if k.Invalidate(b) {
		t.Error("Invalidate of the replacement = true: a loop")
	}
	wantHold(t, &k, 20, cred.ReasonRefused)
	wantRefresh(t, &k, 20, cred.ReasonRefused, false)
	k.Retry()
	wantRefresh(t, &k, 30, cred.ReasonRefused, true)
	c := set(t, &k, 40, life("C", 60_000))
	if k.Invalidate(c) {
		t.Error("Invalidate of a third set in a row = true: a loop")
	}
	set(t, &k, 50, life("D", 60_000))
	wantHold(t, &k, 50, cred.ReasonNone)
}

// Who cannot sign with one secret is given one other: the fault may be the key's.
func TestKeeper_signingFails(t *testing.T) {
	var k cred.Keeper
	a := set(t, &k, 0, life("A", 60_000))
	if !k.SigningFailed(a) {
		t.Error("SigningFailed with the first = false, want another try")
	}
	wantHold(t, &k, 0, cred.ReasonSigningFailed)
	wantRefresh(t, &k, 0, cred.ReasonSigningFailed, true)
	b := set(t, &k, 10, life("B", 60_000))
	if k.SigningFailed(b) {
		t.Error("SigningFailed with the second in a row = true: a loop")
	}
	wantHold(t, &k, 20, cred.ReasonSigningFailed)
	wantRefresh(t, &k, 20, cred.ReasonSigningFailed, false)
	// What a store refuses after that is no loop's beginning either.
	c := set(t, &k, 30, life("C", 60_000))
	if k.Invalidate(c) {
		t.Error("Invalidate after credentials that nobody could sign with = true: a loop")
	}
	wantHold(t, &k, 40, cred.ReasonRefused)
	d := set(t, &k, 50, life("D", 60_000))
	k.Accepted(d)
	if !k.SigningFailed(d) {
		t.Error("SigningFailed with accepted credentials = false")
	}
}

func TestKeeper_acceptedCredentialsMayBeRefusedLater(t *testing.T) {
	var k cred.Keeper
	for range 5 {
		c := set(t, &k, 0, life("A", 60_000))
		k.Accepted(c)
		if !k.Invalidate(c) {
			t.Error("Invalidate of accepted credentials = false")
		}
		k.Accepted(c)
		wantHold(t, &k, 0, cred.ReasonRefused)
	}
	var other cred.Credentials
	k.Accepted(&other)
	k.Accepted(nil)
	if !k.Invalidate(nil) || !k.Invalidate(&other) {
		t.Error("Invalidate of credentials that are not current = false")
	}
}

func TestKeeper_clockSetBack(t *testing.T) {
	var k cred.Keeper
	set(t, &k, 0, life("A", 15_000))
	wantHold(t, &k, 14_000, cred.ReasonExpired)
	wantHold(t, &k, 1_000, cred.ReasonNone)
	wantRefresh(t, &k, 14_000, cred.ReasonExpired, true)
	wantHold(t, &k, 1_000, cred.ReasonExpired)
	var early cred.Keeper
	set(t, &early, -1<<62, life("A", 15_000))
	wantHold(t, &early, -1<<63, cred.ReasonNone)
	if left, total := early.Life(-1 << 63); left != 15_000 || total != 15_000 {
		t.Errorf("Life before 1970 = %d of %d, want 15000 of 15000", left, total)
	}
}

func TestKeeper_life(t *testing.T) {
	var k cred.Keeper
	want := func(now sign.UnixMilli, left, total int64) {
		t.Helper()
		if l, tot := k.Life(now); l != left || tot != total {
			t.Errorf("at %d: Life = %d of %d, want %d of %d", now, l, tot, left, total)
		}
	}
	want(0, 0, 0)
	set(t, &k, 1_000, life("A", 16_000))
	want(0, 15_000, 15_000)
	want(1_000, 15_000, 15_000)
	want(1_001, 14_999, 15_000)
	want(15_999, 1, 15_000)
	want(16_000, 0, 15_000)
	want(99_000, 0, 15_000)
	k.Expire(2_000)
	want(2_000, 0, 15_000)
}

func TestKeeper_snapshotIsImmutable(t *testing.T) {
	var k cred.Keeper
	given := life("A", 60_000)
	a := set(t, &k, 0, given)
	given.SecretAccessKey = "changed"
	set(t, &k, 10, life("B", 60_000))
	if a.AccessKeyID != "A" || a.SecretAccessKey != "secret-of-A" {
		t.Errorf("the snapshot became %v", a)
	}
}

func TestKeeper_questionsAllocateNothing(t *testing.T) {
	var k cred.Keeper
	c := set(t, &k, 0, life("A", 60_000))
	if n := testing.AllocsPerRun(100, func() {
		k.Current(1)
		k.Hold(1)
		k.WantRefresh(1)
		k.Wake(1)
		k.Life(1)
		k.Accepted(c)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestReason_namesAreStable(t *testing.T) {
	want := []string{"none", "absent", "expired", "invalidated", "refused", "refreshFailed", "expiring", "signingFailed", "unknown"}
	for i, name := range want {
		if got := cred.Reason(i).String(); got != name {
			t.Errorf("Reason(%d) = %q, want %q", i, got, name)
		}
	}
}
