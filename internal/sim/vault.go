package sim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"strings"

	"github.com/bucketline/bucketline/engine"
)

// vault keeps the secret of a session that has its requests signed elsewhere.
// It takes its time, answers in any order, fails, and falls silent.
type vault struct {
	secret string
	drafts map[engine.ReqID]*draft // the last of each number
}

// draft is what the engine wants to be signed.
type draft struct {
	at     int64 // when it asked
	signed bool  // the engine was given a signature
}

// signMillis is the oldest date that a request may be sent with.
const signMillis = 15 * second

// sign takes ActSign.
func (s *session) sign(a *engine.Action) {
	w := s.world
	if !s.config.RemoteSign {
		w.violate("contract", "request #%d is to be signed here", a.Req)
	}
	d, text, secret := &draft{at: w.now}, bytes.Clone(a.Draft.Text), s.vault.secret
	scope, id := strings.Clone(a.Draft.Scope), a.Req
	s.vault.drafts[id] = d
	after := w.dice.between(1, w.signTime)
	fails := false
	if w.trouble() {
		if w.dice.chance(w.signMute) {
			return
		}
		fails = w.dice.chance(w.signFails)
		if w.dice.chance(20) {
			after += w.dice.spread(second, 40*second)
		}
	}
	w.agenda.put(w.now+after, func() {
		if s.dead {
			return
		}
		ev := engine.Event{Kind: engine.EvSigned, Req: id}
		if !fails {
			ev.Digest = macOf(scope, text, secret)
			d.signed = true
		}
		s.must(&ev)
	})
}

// macOf makes a signature's MAC: see engine.Draft.
func macOf(scope string, text []byte, secret string) []byte {
	mac := func(by func() hash.Hash, key, text []byte) []byte {
		m := hmac.New(by, key)
		m.Write(text)
		return m.Sum(nil)
	}
	if scope == "" {
		return mac(sha1.New, []byte(secret), text)
	}
	key := []byte("AWS4" + secret)
	for step := range strings.SplitSeq(scope, "/") {
		key = mac(sha256.New, key, []byte(step))
	}
	return mac(sha256.New, key, text)
}

// signedElsewhere holds what "signature" says of a request that came from the
// vault: it was signed there, and not long before it goes.
func (k *signatureCheck) signedElsewhere(s *session, f *flight) {
	d := s.vault.drafts[f.id]
	switch {
	case d == nil || !d.signed:
		k.world.violate("signature", "%s goes, and the vault has not signed it", f)
	case k.world.now-d.at > signMillis && k.world.jumps == 0:
		k.world.violate("signature", "%s goes %d ms after it was worded", f, k.world.now-d.at)
	}
	delete(s.vault.drafts, f.id)
}
