package sim

import (
	"slices"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// drawFate decides what goes wrong with a request: mishaps is nothing.
func (w *World) drawFate(f *flight) mishap {
	if !w.trouble() {
		return mishaps
	}
	for m := mishap(0); m < mishaps; m++ {
		if w.rates[m] > 0 && w.dice.chance(w.rates[m]) && w.fits(f, m) {
			w.arm(f, m)
			return m
		}
	}
	if w.spell != "" && w.dice.chance(800) {
		f.fault.Code = w.spell
		w.retryAfter(f)
	}
	return mishaps
}

// fits reports that m can happen to f.
func (w *World) fits(f *flight, m mishap) bool {
	switch m {
	case in200, in200done:
		return f.op == s3.OpCompleteMultipartUpload
	case gone:
		return f.upload != ""
	case damagedOnWay:
		return f.length > 0 && w.guarded(f)
	case damagedInStore:
		return f.length > 0 && f.op == s3.OpUploadPart && f.hash != s3.NoChecksum && !w.kind.IgnoreChecksums
	case elsewhere:
		return f.op != s3.OpPostObject
	case aborted:
		return f.raw.Method != "HEAD"
	case idleAbort:
		at, late := w.late[f.upload]
		return f.op == s3.OpAbortMultipartUpload && late && w.now-at < 5*second && !slices.Contains(w.kind.Denied, s3.OpListParts)
	case lostPart, slowJoin:
		return f.op == s3.OpCompleteMultipartUpload
	}
	return true
}

// guarded reports that somebody notices when f's body arrives damaged: the
// store, by a checksum that goes with it, or the client, by the one that the
// store tells.
func (w *World) guarded(f *flight) bool {
	from := f.raw.Header
	if f.op == s3.OpPostObject {
		return false
	}
	for a := s3.CRC32; a <= s3.ContentMD5; a++ {
		_, ok := s3.HeaderValue(from, a.Header())
		if (ok || f.hash == a) && (a == s3.ContentMD5 || !w.kind.IgnoreChecksums) {
			return true
		}
	}
	return false
}

// arm makes the store do its part of m.
func (w *World) arm(f *flight, m mishap) {
	switch m {
	case cutRequest, stallRequest:
		f.fault.Cut = w.dice.below(f.whole + 1)
	case internal:
		f.fault.Code = "InternalError"
		w.retryAfter(f)
	case internal2:
		f.fault.Code, f.fault.After = "InternalError", true
	case slowDown:
		f.fault.Code = [...]string{"SlowDown", "ServiceUnavailable", "TooManyRequests"}[w.dice.below(3)]
		w.retryAfter(f)
	case socket:
		f.fault.Code = "RequestTimeout"
	case aborted:
		f.fault.Code = "OperationAborted"
		if _, conditional := s3.HeaderValue(f.raw.Header, "if-none-match"); conditional {
			f.fault.Code = "ConditionalRequestConflict"
			f.fault.Forget = f.op == s3.OpCompleteMultipartUpload
		}
	case in200:
		f.fault.Code, f.fault.InBody = "InternalError", true
	case in200done:
		f.fault.Code, f.fault.InBody, f.fault.After = "InternalError", true, true
	case expired:
		f.fault.Code = [...]string{"ExpiredToken", "TokenRefreshRequired"}[w.dice.below(2)]
	case unknown:
		f.fault.Code = "InvalidToken"
	case gone:
		f.fault.Forget = true
	case skewed:
		f.fault.Code = "RequestTimeTooSkewed"
		w.toldTime(f)
	case elsewhere:
		f.fault.Code = [...]string{"PermanentRedirect", "AuthorizationHeaderMalformed"}[w.dice.below(2)]
		f.fault.Region = [...]string{"eu-west-1", "eu-south-2"}[w.dice.below(2)]
	case idleAbort:
		f.fault.Idle = true
	case lostPart:
		f.fault.ForgetPart = true
	case damagedOnWay:
		f.fault.Corrupt = 1
	case damagedInStore:
		f.fault.Corrupt = 2
	}
}

// retryAfter has the store say how long to wait, or not.
func (w *World) retryAfter(f *flight) {
	switch w.dice.below(4) {
	case 0:
		f.fault.RetryAfterSeconds = w.dice.spread(1, 60)
	case 1:
		f.fault.RetryAfterMillis = w.dice.spread(20, 20_000)
	}
}

func (w *World) offlineCause() engine.Cause {
	return [...]engine.Cause{engine.CauseOffline, engine.CauseUnreachable, engine.CauseUnreachable}[w.dice.below(3)]
}

// cutCause is how a broken connection looks from here.
func (w *World) cutCause() engine.Cause {
	if w.dice.chance(30) {
		return engine.CauseTLS
	}
	return [...]engine.Cause{engine.CauseUnreachable, engine.CauseUnreachable, engine.CauseTimeout, engine.CauseOpaque}[w.dice.below(4)]
}
