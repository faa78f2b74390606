package engine

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// undecided goes on after a CompleteMultipartUpload whose outcome is not known:
// no answer, or trouble inside the store. The parts are listed, after a while:
// if the upload is still there it was not completed, and if it is gone
// HeadObject tells whether the object is ours.
func (e *Engine) undecided(s *slot, f *failure) {
	s.doubt, s.joining, s.joinedFrom = true, true, e.mono
	e.probe(s, f)
}

// probe plans a look at what became of a CompleteMultipartUpload.
func (e *Engine) probe(s *slot, f *failure) {
	e.tryAgain(s, f)
	if s.step == stepComplete {
		s.step, s.asked, s.listing, s.after, s.taken = stepList, false, listProbe, 0, false
	}
}

// repair compares our list of parts with the store's, which refused it.
func (e *Engine) repair(s *slot, f *failure) {
	if e.mayJoin(s) {
		e.probe(s, f) // an earlier request, which got no answer, may have taken them
		return
	}
	err := &f.err
	s.repairs++
	if s.repairs > maxRepairs {
		err.Code = CodeCorrupted
		e.fail(s, *err)
		return
	}
	if err.Code != "InvalidPart" && err.Code != "InvalidPartOrder" {
		// The list may agree, and yet bytes be others than the digests say: of
		// the file, which comparing each part with it shows, or in the store,
		// which only sending them all again cures.
		if s.repairs == maxRepairs {
			e.anew(s)
			return
		}
		e.suspect(s)
	}
	s.list(listRepair)
}

// suspect has every stored part compared with the file once more.
func (e *Engine) suspect(s *slot) {
	if s.stream {
		return
	}
	p := &s.parts
	for i := range p.state {
		if _, digest := p.list.Part(uint16(i + 1)); p.state[i] == partStored && len(digest) != 0 {
			p.state[i] = partKept
			p.unchecked++
		}
	}
	p.checkFrom = 0
}

// restart begins an upload anew that the store does not have any more.
func (e *Engine) restart(s *slot, err *Error) {
	if err.Code == "NoSuchUpload" {
		s.uploadID = ""
	}
	if s.stream {
		e.fail(s, *err)
		return
	}
	s.restarts++
	if s.restarts > maxRestarts {
		if s.doubt {
			err.Code = CodeUndecided
		}
		err.Doubt = err.Code == CodeUndecided
		e.fail(s, *err)
		return
	}
	e.anew(s)
}

// anew drops all that was sent and begins once more, after what is left of the
// upload has been aborted and nothing of it is under way.
func (e *Engine) anew(s *slot) {
	if s.stream {
		e.fail(s, Error{Code: CodeCorrupted}) // its bytes are gone
		return
	}
	e.loseAll(s)
	s.again, s.doubt, s.maybe = true, false, s.maybe || s.doubt
	if e.heed(s) {
		return
	}
	e.abortOrEnd(s)
	e.release(s)
}

// loseAll counts nothing of the file as stored.
func (e *Engine) loseAll(s *slot) {
	e.acknowledged -= s.acknowledged
	e.resent += s.acknowledged - s.kept
	s.acknowledged, s.kept = 0, 0
	e.breakOffAll(s)
}

// beginAgain is anew once the slot is free of the old upload.
func (e *Engine) beginAgain(s *slot) {
	s.again, s.late, s.joining, s.uploadID = false, false, false, ""
	s.recorded = false
	s.object.Key = s.key
	if s.renames > 0 {
		s.object.Key = numbered(s.key, int(s.renames))
	}
	if !s.given {
		s.object.Digest = nil
	}
	s.parts.reset(s.plan.Parts)
	e.beginParts(s)
}

// headed takes what the store says of the object.
func (e *Engine) headed(s *slot, a *answer) {
	if s.step == stepPeek {
		e.conflict(s, Error{Code: CodeExists, Op: a.op, Status: a.ev.Status, Doubt: s.maybe})
		return
	}
	info := s3.ParseHeadObject(a.ev.Header)
	ours, known := e.ours(s, &info)
	switch {
	case ours:
		e.done(s, Result{ETag: info.ETag, VersionID: info.VersionID, Bytes: s.plan.Size})
	case s.conflicted:
		e.conflict(s, Error{Code: CodeExists, Op: a.op, Status: 412, Doubt: !known})
	case e.stillJoining(s, a):
	case known:
		e.restart(s, &Error{Code: "NoSuchUpload", Op: a.op, Status: a.ev.Status})
	default:
		e.restart(s, &Error{Code: CodeUndecided, Op: a.op, Status: a.ev.Status})
	}
}

// mayJoin reports that the store may yet be joining the parts: proxies give up
// long before stores do. It is waited twice as long as for the answer itself.
func (e *Engine) mayJoin(s *slot) bool {
	patience := min(2*e.joinMillis(int64(s.plan.Parts)), e.config.RetryMillis/2)
	return s.joining && !e.config.FailFirst && int64(e.mono-s.joinedFrom) < patience
}

// stillJoining reports that the upload, some of its parts, or its object are not
// there because the store may be at it yet, and plans another look: VersityGW
// takes the upload out of sight before it joins the parts.
func (e *Engine) stillJoining(s *slot, a *answer) bool {
	if !e.mayJoin(s) {
		return false
	}
	e.tryAgain(s, &failure{op: a.op, err: Error{Code: CodeUndecided, Op: a.op, Status: a.ev.Status}})
	return true
}

// ours reports whether the stored object is the one that this upload made, and
// whether that is certain. A checksum decides, else the ETag. Where both are
// kept from us the size, the number of parts and the time do: nobody else's
// object has come about within this very request.
func (e *Engine) ours(s *slot, info *s3.ObjectInfo) (ours, known bool) {
	o := &s.object
	if info.Size >= 0 && info.Size != s.plan.Size {
		return false, true
	}
	if info.Algorithm == o.Algorithm && info.Algorithm != s3.NoChecksum && len(o.Digest) != 0 && info.ChecksumType != s3.Composite {
		return info.Checksum == base64Of(o.Digest), true
	}
	if s.plan.Parts == 0 {
		// Without encryption the ETag of such an object is its MD5.
		if md5 := strings.Trim(info.ETag, `"`); o.Algorithm == s3.ContentMD5 && len(md5) == 2*len(o.Digest) {
			return md5 == hex.EncodeToString(o.Digest), true
		}
		return false, false
	}
	if etag, ok := s.parts.list.AppendETag(nil); ok && info.ETag != "" && len(info.ETag) == len(etag) {
		return info.ETag == string(etag), true
	}
	if s.uploadID == "" {
		return false, false // joined by an earlier run, if at all: who knows when
	}
	count := "-" + strconv.Itoa(int(s.plan.Parts))
	named := info.ETag == "" || strings.HasSuffix(strings.Trim(info.ETag, `"`), count)
	const slackMillis = 2_000 // Last-Modified has whole seconds
	ours = info.Size == s.plan.Size && named && info.LastModified >= s.completing-slackMillis
	return ours, false
}

// headRefused goes on when HeadObject is refused, and reports that it knows how.
func (e *Engine) headRefused(s *slot, a *answer, refusal *s3.Error) bool {
	if refusal.Advice().Repeats() {
		return false
	}
	if s.step == stepPeek {
		// Not there, or nobody may look: the condition itself will decide.
		s.enter(stepCreate)
		return true
	}
	if s.conflicted {
		e.conflict(s, Error{Code: CodeExists, Op: a.op, Status: 412, Doubt: true})
		return true
	}
	if refusal.Status == 404 && e.stillJoining(s, a) {
		return true
	}
	code := "NoSuchUpload"
	if refusal.Status != 404 {
		code = CodeUndecided
	}
	e.restart(s, &Error{Code: code, Op: a.op, Status: a.ev.Status, RequestID: refusal.RequestID})
	return true
}

// conflict goes on when the key has an object already and must not be
// overwritten.
func (e *Engine) conflict(s *slot, err Error) {
	if (s.doubt || s.maybe) && (s.step == stepPut || s.step == stepComplete) {
		// The object may be the one that an unanswered request made.
		s.conflicted = true
		s.enter(stepHead)
		return
	}
	switch s.onConflict {
	case ConflictReplace:
		s.object.IfNoneMatch = ""
		if s.step == stepPeek {
			s.enter(stepCreate)
			return
		}
		if s.step == stepHead {
			s.conflicted, s.doubt, s.astray = false, false, s.astray || err.Doubt
			s.enter(stepPut)
			if s.uploadID != "" {
				s.enter(stepComplete)
			}
			return
		}
		s.asked = false
	case ConflictRename:
		e.rename(s, err)
	case ConflictSkip:
		e.leave(s, queue.StateSkipped, err)
	case ConflictAsk:
		if !e.heed(s) {
			e.leave(s, queue.StateConflict, err)
		}
	default:
		err.Code = CodeExists
		e.fail(s, err)
	}
}

// maxRenames is the number in the last name that ConflictRename tries.
const maxRenames = 100

// rename stores the object under the next free name.
func (e *Engine) rename(s *slot, err Error) {
	if s.renames == 0 {
		s.renames = 1
	}
	s.renames++
	key := numbered(s.key, int(s.renames))
	if s.renames > maxRenames || len(key) > s3.MaxKeyBytes {
		err.Code = CodeExists
		e.fail(s, err)
		return
	}
	s.doubt, s.conflicted, s.astray = false, false, s.astray || err.Doubt
	switch {
	case s.plan.Parts == 0 && !s.stream || s.plan.Parts == 0 && s.ended:
		s.object.Key = key
		s.enter(stepPut)
	case s.uploadID == "":
		s.object.Key = key
		s.enter(stepPeek)
	case s.stream:
		err.Code = CodeExists
		e.fail(s, err) // its bytes are gone, and an upload's key is fixed
	default:
		e.anew(s)
	}
}

// numbered puts " (n)" before the ending of a key's last segment.
func numbered(key string, n int) string {
	name := key[strings.LastIndexByte(key, '/')+1:]
	end := len(key)
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		end = len(key) - len(name) + dot
	}
	return key[:end] + " (" + strconv.Itoa(n) + ")" + key[end:]
}
