package cred

import "github.com/bucketline/bucketline/sign"

// The margin: Current stops returning credentials this long before they end,
// so that a request signed at the last moment still arrives in time. It is a
// tenth of the life they had when they were set, within these bounds in
// milliseconds. A request that takes longer to arrive is answered with
// ExpiredToken; see Invalidate.
const (
	MarginShare     = 10
	MinMarginMillis = 1_000
	MaxMarginMillis = 30_000
)

// The advisory refresh: that long before Current stops, new credentials are
// asked for while the present ones still serve, so that nothing has to wait. It
// is a tenth of their life, and at most five minutes; credentials of less than
// ten minutes are used to their end, since asking early would cost them a good
// part of it.
const (
	AdvisoryShare     = 10
	MaxAdvisoryMillis = 300_000
	MinAdvisedMillis  = 600_000
)

// Keeper holds the credentials of one session. The zero value has none. Use it
// from one goroutine.
//
// Every now is the wall clock, corrected for skew as well as the caller can. A
// clock that is set back revives credentials that had expired by it, unless new
// ones have been asked for; otherwise only Set ends a hold.
type Keeper struct {
	// SecretKept says that whoever signs keeps the secret: Set takes credentials
	// without one, and refuses those that have one (ErrSecretGiven).
	SecretKept bool

	current *Credentials // the latest that Set took; nil: none yet
	end     sign.UnixMilli
	advise  sign.UnixMilli // when to ask early
	total   int64          // milliseconds of life when set

	lost    Reason // why current is out of use for good; ReasonNone: its time decides
	asked   bool   // a refresh is outstanding
	stuck   Reason // why nobody is asked any more, until Set or Retry
	suspect bool   // current replaced credentials that were of no use, and was not Accepted yet
}

// Reason says why requests are held, and why new credentials are asked for.
type Reason uint8

// The reasons.
const (
	ReasonNone          Reason = iota // not held
	ReasonAbsent                      // none have been set yet
	ReasonExpired                     // their end has come, or is within the margin
	ReasonInvalidated                 // the user called them expired
	ReasonRefused                     // a store does not accept them
	ReasonRefreshFailed               // new ones were asked for in vain: only Set or Retry releases
	ReasonExpiring                    // not held: their end is near, and new ones are asked for early
	ReasonSigningFailed               // whoever keeps the secret makes no signatures with it
)

// String returns the reason's stable name: "absent", "expired", "invalidated",
// "refused", "refreshFailed", "expiring", "signingFailed", and "none".
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

var reasonNames = [...]string{"none", "absent", "expired", "invalidated", "refused", "refreshFailed", "expiring", "signingFailed"}

// Set replaces the credentials, asked for or not, and releases the hold. It
// refuses, with one of this package's errors, those that are incomplete and
// those that end so soon that Current would not return them once (ErrExpired);
// then everything stays as it was, and a caller that had been asked for them
// says Failed.
//
// Set ends the outstanding refresh. A handler that still runs is to be broken
// off and its late answer dropped: the user was faster.
func (k *Keeper) Set(now sign.UnixMilli, c Credentials) error {
	if err := c.check(k.SecretKept); err != nil {
		return err
	}
	now = max(now, 0)
	life := int64(c.Expiration - now)
	margin := min(max(life/MarginShare, MinMarginMillis), MaxMarginMillis)
	if life <= margin {
		return ErrExpired
	}
	k.suspect = k.lost == ReasonRefused || k.lost == ReasonSigningFailed
	k.current, k.end, k.total = &c, c.Expiration-sign.UnixMilli(margin), life
	k.advise = k.end
	if life >= MinAdvisedMillis {
		k.advise -= sign.UnixMilli(min(life/AdvisoryShare, MaxAdvisoryMillis))
	}
	k.lost, k.asked, k.stuck = ReasonNone, false, ReasonNone
	return nil
}

// Current is the check just before each request: it returns the credentials to
// sign it with, or false, which means hold. They are never within the margin of
// their end. The caller may keep the pointer, to tell Accepted or Invalidate
// with which credentials a request was signed; it must not write through it.
func (k *Keeper) Current(now sign.UnixMilli) (*Credentials, bool) {
	if k.why(now) != ReasonNone {
		return nil, false
	}
	return k.current, true
}

// Hold says why Current returns nothing; ReasonNone when it does.
func (k *Keeper) Hold(now sign.UnixMilli) Reason {
	why := k.why(now)
	if why != ReasonNone && k.stuck != ReasonNone {
		return k.stuck
	}
	return why
}

// why is Hold without regard to what came of asking.
func (k *Keeper) why(now sign.UnixMilli) Reason {
	switch {
	case k.current == nil:
		return ReasonAbsent
	case k.lost != ReasonNone:
		return k.lost
	case now >= k.end:
		return ReasonExpired
	}
	return ReasonNone
}

// WantRefresh reports that the caller is to ask for new credentials now, and
// why. It says so once per hold, however many requests wait: until Set brings
// some or Retry asks anew. Call it only when a request waits or is being sent,
// so that an idle session does not ask.
//
// While Current still serves it says so early, as ReasonExpiring, which does
// not put the credentials out of use: see AdvisoryShare.
func (k *Keeper) WantRefresh(now sign.UnixMilli) (Reason, bool) {
	why := k.why(now)
	switch {
	case k.asked || k.stuck != ReasonNone || why == ReasonNone && now < k.advise:
		return k.Hold(now), false
	case why == ReasonNone:
		k.asked = true
		return ReasonExpiring, true
	}
	k.asked, k.lost = true, why
	return why, true
}

// Failed reports that asking brought nothing: the handler was rejected, or Set
// refused what it gave. A hold stays, as ReasonRefreshFailed, and nobody is
// asked again until Set or Retry. Without an outstanding refresh it is a late
// answer and changes nothing. now is when the answer came.
func (k *Keeper) Failed(now sign.UnixMilli) {
	if k.asked {
		k.asked, k.stuck = false, ReasonRefreshFailed
	}
}

// Retry lets WantRefresh ask once more after Failed, or after Invalidate or
// SigningFailed returned false. It changes nothing while a refresh is
// outstanding.
func (k *Keeper) Retry() { k.stuck = ReasonNone }

// Expire is the user's word that the current credentials are over. Requests
// are held from now on, as ReasonInvalidated, until Set, whatever the clock
// says and however it is corrected. It changes nothing where something else has
// put them out of use for good.
func (k *Keeper) Expire(now sign.UnixMilli) {
	if k.current != nil && k.lost == ReasonNone {
		k.lost = ReasonInvalidated
	}
}

// Accepted reports that a store answered a request signed with c in any way but
// one that Invalidate is for. It is what lets Invalidate tell credentials that
// a store used to accept from those that it never did.
func (k *Keeper) Accepted(c *Credentials) {
	if c != nil && c == k.current {
		k.suspect = false
	}
}

// Invalidate reports that a store refused c, the credentials that a request
// was signed with: ExpiredToken, InvalidToken, TokenRefreshRequired or
// InvalidAccessKeyId (S3 API Reference, "Error responses"). It takes them out
// of use if they are still the current ones.
//
// True means that the refusal is no failure: send the request again when
// Current has credentials, signed anew. False means that c had itself replaced
// credentials that were of no use: the store accepts nothing it is given, and
// its answer is the request's error. All else is then held, as ReasonRefused,
// and nobody is asked until Set or Retry.
func (k *Keeper) Invalidate(c *Credentials) bool { return k.lose(c, ReasonRefused) }

// SigningFailed reports that whoever keeps the secret of c makes no signatures
// with it. It is as Invalidate, but for the reason of the hold.
func (k *Keeper) SigningFailed(c *Credentials) bool { return k.lose(c, ReasonSigningFailed) }

func (k *Keeper) lose(c *Credentials, why Reason) bool {
	if c == nil || c != k.current || k.lost != ReasonNone {
		return true
	}
	k.lost = why
	if k.suspect {
		k.stuck = why
	}
	return !k.suspect
}

// Wake returns when Current stops returning credentials if nobody does
// anything; false when it does not return any now.
func (k *Keeper) Wake(now sign.UnixMilli) (sign.UnixMilli, bool) {
	if k.why(now) != ReasonNone {
		return 0, false
	}
	return k.end, true
}

// Life returns how many milliseconds are left until the credentials end, and
// how many there were when they were set, for people to look at. Nothing is
// left of credentials that were expired or refused; both are 0 when there are
// none.
func (k *Keeper) Life(now sign.UnixMilli) (left, total int64) {
	if k.current == nil || k.lost != ReasonNone {
		return 0, k.total
	}
	left = int64(k.current.Expiration - max(now, 0))
	return min(max(left, 0), k.total), k.total
}
