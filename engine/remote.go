package engine

import (
	"errors"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// With Config.RemoteSign a request comes about in two steps. ActSign puts it in
// flight as far as we count, so that it holds its place in the window, but the
// store knows nothing of it: whatever takes a request back drops one of these
// at once, and nothing is left to abort. EvSigned signs it; Poll then looks at
// the credentials and the clock once more before it goes.
//
// A few files that go in one request are signed ahead while the window is full,
// so that small ones need not wait for their signatures one after the other.

const (
	// signMillis is how long a signature may take, and how old the date may be
	// that a request is sent with. A request is worded anew after that.
	signMillis = 15_000

	// maxUnsigned is how many times in a row signatures are asked for in vain,
	// until the credentials count as lost: nothing can be sent with them.
	maxUnsigned = 3

	// maxAhead is how many requests are signed that have no place in the window
	// yet. The next are asked for when fewAhead are left, so that they go to the
	// signer together: one costs it as much as many.
	maxAhead = 11
	fewAhead = 3

	// aheadSlots are the slots of files that are there to be signed ahead, and
	// aheadBytes is the most that such a file has: what is larger goes for so long
	// that its signature has come by then.
	aheadSlots = maxAhead - spareSlots + 1
	aheadBytes = 1 << 20
)

// ErrRemote says that the secret is not here: see Config.RemoteSign.
var ErrRemote = errors.New("signatures are made elsewhere")

// Draft is what is to be signed.
type Draft struct {
	// Ahead says that the request cannot go at once: its signature may come
	// together with whatever happens next.
	Ahead bool

	// Text is the string to sign.
	Text []byte

	// Scope is that of the signing key that Version 4 wants,
	// "20130524/us-east-1/s3/aws4_request". It is empty for Version 2, whose
	// key is the secret.
	Scope string
}

// macSize is the length of what EvSigned brings, in bytes.
func (e *Engine) macSize() int {
	if e.config.SignatureVersion == 2 {
		return sign.DigestSizeV2
	}
	return sign.DigestSize
}

// draft words r up to its signature. The text is good until the next draft.
func (e *Engine) draft(r *request, c *cred.Credentials, now Now) (Draft, error) {
	region := e.address.Region
	var err error
	switch {
	case r.send.Op == s3.OpPostObject:
		err = e.draftForm(r, c, now)
	case e.config.SignatureVersion == 2:
		e.text = e.v2.DraftHeader(e.text[:0], &r.send, &c.Credentials, now.Wall)
	default:
		e.text = e.v4.DraftHeader(e.text[:0], &r.send, &c.Credentials, region, now.Wall)
	}
	r.dated = now.Wall
	return Draft{Text: e.text, Scope: e.scope(region, now.Wall)}, err
}

func (e *Engine) scope(region string, at sign.UnixMilli) string {
	if e.config.SignatureVersion == 2 {
		return ""
	}
	return string(e.v4.AppendScope(nil, region, at))
}

// draftForm makes the policy of a form, and sees whether it fits with a
// signature.
func (e *Engine) draftForm(r *request, c *cred.Credentials, now Now) error {
	p := e.formPolicy(r, c, now)
	var err error
	if e.config.SignatureVersion == 2 {
		e.text, err = e.v2.DraftPolicy(e.text[:0], p, &c.Credentials, now.Wall)
	} else {
		e.text, err = e.v4.DraftPolicy(e.text[:0], p, &c.Credentials, e.address.Region, now.Wall)
	}
	r.send.Form = append(r.send.Form[:0], p.Form...)
	if err != nil {
		return err
	}
	e.finishDraft(r, make([]byte, e.macSize()))
	_, err = r.send.AppendFormHead(nil)
	return err
}

// finishDraft puts a signature into what draft left.
func (e *Engine) finishDraft(r *request, mac []byte) {
	form, two := r.send.Op == s3.OpPostObject, e.config.SignatureVersion == 2
	switch {
	case form && two:
		r.send.Form = e.v2.FinishForm(r.send.Form, mac)
	case form:
		r.send.Form = e.v4.FinishForm(r.send.Form, mac)
	case two:
		e.v2.FinishHeader(&r.send, mac)
	default:
		e.v4.FinishHeader(&r.send, mac)
	}
}

// signed takes a signature, or the news that there is none.
func (e *Engine) signed(ev *Event) error {
	r := e.find(ev.Req)
	switch {
	case r == nil:
		return nil // the request was taken back
	case r.kind != ActSign || r.signed:
		return ErrNoRequest
	case len(ev.Digest) != e.macSize():
		e.unsigned(r)
		return nil
	}
	e.finishDraft(r, ev.Digest)
	r.signed = true
	e.vain = 0
	return nil
}

// unsigned goes on without a signature that was asked for: with another one, or
// with other credentials.
func (e *Engine) unsigned(r *request) {
	fresh, c := int32(r.number-e.vainMark) >= 0, r.signedWith
	e.show(e.unsend(r))
	if !fresh {
		return // it was asked for together with one that failed
	}
	e.vainMark = e.launched
	if e.vain++; e.vain >= maxUnsigned {
		e.vain = 0
		e.keeper.SigningFailed(c)
	}
}

// unsend takes back a request that has not been sent.
func (e *Engine) unsend(r *request) *slot {
	s := e.finish(r)
	if r.send.Op == s3.OpUploadPart {
		s.putBack(r.part)
	}
	return s
}

// unsendAll takes back what has not been sent, of s or, with nil, of all.
func (e *Engine) unsendAll(s *slot) {
	for i := range e.requests {
		if r := &e.requests[i]; r.live && r.kind == ActSign && (s == nil || &e.slots[r.slot] == s) {
			e.unsend(r)
		}
	}
}

// pollSigned sends the next request that has been signed. If the credentials
// have changed or ended meanwhile, or its date is old, it is worded anew.
func (e *Engine) pollSigned(now Now, act *Action) bool {
	first := -1
	for i := 0; e.signing > 0 && i < len(e.requests); i++ {
		r := &e.requests[i]
		if !r.live || !r.signed {
			continue
		}
		s := &e.slots[r.slot]
		length := r.length
		if r.send.Body != nil {
			length = 0
		}
		c, ok := e.keeper.Current(now.Wall + e.takes(length, now))
		old := e.mono-r.begun > signMillis || difference(int64(now.Wall), int64(r.dated)) > signMillis
		if !ok || c != r.signedWith || old {
			e.unsend(r)
			e.show(s)
			continue
		}
		if first < 0 || int32(r.number-e.requests[first].number) < 0 {
			first = i
		}
	}
	if first < 0 || e.inFlight-e.signing >= e.window.size() {
		return false
	}
	r := &e.requests[first]
	s := &e.slots[r.slot]
	e.signing--
	s.signing--
	r.kind, r.signed = ActSend, false
	r.begun, r.moved = e.mono, e.mono
	r.number = e.launched
	e.launched++
	e.goes(s, first, now, act)
	return true
}

// pickAhead returns the slot whose request is to be signed although there is no
// place for it yet, or nil.
func (e *Engine) pickAhead() *slot {
	ahead := e.inFlight - e.window.size()
	if !e.config.RemoteSign || e.offline || ahead >= maxAhead || ahead > fewAhead && !e.filling {
		e.filling = false
		return nil
	}
	s := e.pick(func(s *slot) bool { return s.step == stepPut })
	e.filling = s != nil
	return s
}

// mayTake reports that a queued file may have a slot: one of the last only if it
// is small enough to be signed ahead.
func (e *Engine) mayTake(file FileID) bool {
	return e.active < e.share()+spareSlots-1 || e.table.Size(file) <= aheadBytes
}

// signWakes tells when a signature has taken too long.
func (e *Engine) signWakes(sooner func(Instant)) {
	for i := range e.requests {
		if r := &e.requests[i]; r.live && r.kind == ActSign && !r.signed {
			sooner(r.begun + signMillis)
		}
	}
}

// tickSigning gives up signatures that have taken too long.
func (e *Engine) tickSigning() {
	for i := range e.requests {
		if r := &e.requests[i]; r.live && r.kind == ActSign && !r.signed && e.mono >= r.begun+signMillis {
			e.unsigned(r)
		}
	}
}

// DraftPresign is Presign with Config.RemoteSign: it returns a URL without its
// signature, and what is to be signed. FinishPresign puts it in.
func (e *Engine) DraftPresign(now Now, key string, expiresSeconds int) (url string, d Draft, err error) {
	wall := e.correct(now.Wall)
	c, ok := e.keeper.Current(wall)
	if !ok {
		return "", Draft{}, ErrHeld
	}
	var r s3.Request
	if err := e.wordPresign(&r, key); err != nil {
		return "", Draft{}, err
	}
	if e.config.SignatureVersion == 2 {
		d.Text, err = e.v2.DraftPresign(nil, &r, &c.Credentials, wall, expiresSeconds)
	} else {
		d.Text, err = e.v4.DraftPresign(nil, &r, &c.Credentials, e.address.Region, wall, expiresSeconds)
	}
	d.Scope = e.scope(e.address.Region, wall)
	return string(r.AppendURL(nil)), d, err
}

// FinishPresign returns url, which DraftPresign made, with the MAC of its text
// as signature.
func (e *Engine) FinishPresign(url string, mac []byte) (string, error) {
	switch {
	case len(mac) != e.macSize():
		return "", ErrHeld
	case e.config.SignatureVersion == 2:
		return string(e.v2.AppendPresigned(nil, url, mac)), nil
	}
	return string(e.v4.AppendPresigned(nil, url, mac)), nil
}
