package sim

import (
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// signatureCheck holds "signature". The clock that the engine has been told is
// the client's with any of the corrections that answers and trusted services
// gave it since the session began: the date of a signature is that clock's, to
// the second and to what the engine does not think worth correcting, and by it
// the credentials have not ended.
type signatureCheck struct {
	world *World
	of    map[*session]*signing
}

// signing is what the check knows of one session.
type signing struct {
	current *cred.Credentials // the last that the engine has taken
	over    bool              // the user called them expired, or the store refused them

	told        bool
	least, most int64 // corrections, in milliseconds
}

// slackMillis is how far the engine's clock may be from what it was told: half
// a minute that is not worth correcting, and the seconds that dates have.
const slackMillis = 30*second + 2*second

func (k *signatureCheck) sessionBegins(s *session) { k.of[s] = new(signing) }

func (k *signatureCheck) given(s *session, c *cred.Credentials) {
	kept := *c
	k.of[s].current, k.of[s].over = &kept, false
}

func (k *signatureCheck) expired(s *session) { k.of[s].over = true }

// jumped: the client's clock was set, which it cannot notice before it is told.
func (k *signatureCheck) jumped(s *session, by int64) { k.of[s].jumped(by) }

// toldTime takes one correction of the client's clock.
func (k *signatureCheck) toldTime(s *session, correction int64) { k.of[s].toldTime(correction) }

func (k *signing) jumped(by int64) {
	if by > 0 {
		k.least -= by
	} else {
		k.most -= by
	}
}

func (k *signing) toldTime(correction int64) {
	if !k.told {
		k.told, k.least, k.most = true, correction, correction
		return
	}
	k.least, k.most = min(k.least, correction), max(k.most, correction)
}

func (k *signatureCheck) sent(s *session, f *flight, a *engine.Action) {
	w := k.world
	known := k.of[s]
	if s.config.RemoteSign {
		k.signedElsewhere(s, f)
	}
	id, token, signature := signer(a.Send)
	switch {
	case signature == "" || id == "":
		w.violate("signature", "%s is not signed", f)
		return
	case known.current == nil:
		w.violate("signature", "%s is signed before there are credentials", f)
		return
	case id != known.current.AccessKeyID || token != known.current.SessionToken:
		w.violate("signature", "%s is signed by %s with token %q, and the credentials are %s", f, id, token, known.current.AccessKeyID)
	case known.over:
		w.violate("signature", "%s is signed by %s, which is over", f, id)
	}
	if f.date == "" && f.op == s3.OpPostObject && w.config.SignatureVersion == 2 {
		return // such a form has no date but that of its end
	}
	millis, ok := s3.ParseTime(f.date)
	if !ok {
		w.violate("signature", "%s is dated %q", f, f.date)
		return
	}
	if sign.UnixMilli(millis) >= known.current.Expiration {
		w.violate("signature", "%s is signed at %s with credentials that ended %d ms before", f, f.date, millis-int64(known.current.Expiration))
	}
	correction := millis - int64(s.now().Wall)
	if correction < known.least-slackMillis || correction > known.most+slackMillis {
		w.violate("signature", "%s is dated by a clock corrected by %d ms, and told were %d to %d", f, correction, known.least, known.most)
	}
}

// signer reads who has signed a request.
func signer(r *s3.Request) (id, token, signature string) {
	if r.Op == s3.OpPostObject {
		credential, _ := s3.HeaderValue(r.Form, "x-amz-credential")
		id, _, _ = strings.Cut(credential, "/")
		signature, _ = s3.HeaderValue(r.Form, "x-amz-signature")
		if credential == "" {
			id, _ = s3.HeaderValue(r.Form, "AWSAccessKeyId")
			signature, _ = s3.HeaderValue(r.Form, "signature")
		}
		token, _ = s3.HeaderValue(r.Form, "x-amz-security-token")
		return id, token, signature
	}
	token, _ = s3.HeaderValue(r.Header, "x-amz-security-token")
	text := string(r.Authorization)
	if rest, ok := strings.CutPrefix(text, "AWS "); ok {
		id, signature, _ = strings.Cut(rest, ":")
		return id, token, signature
	}
	_, rest, _ := strings.Cut(text, "Credential=")
	id, _, _ = strings.Cut(rest, "/")
	_, signature, _ = strings.Cut(rest, "Signature=")
	return id, token, signature
}

// heard learns what the engine learns: the time, and that credentials are
// refused.
func (k *signatureCheck) heard(s *session, f *flight, ev *engine.Event) {
	known := k.of[s]
	wall := int64(s.now().Wall)
	refusal := s3.ParseError(f.op, ev.Status, ev.Header, ev.Body)
	if date, ok := s3.HeaderValue(ev.Header, "date"); ok {
		if millis, ok := s3.ParseTime(date); ok {
			known.toldTime(millis - wall)
		}
	}
	if ev.Status >= 300 && refusal.Code == "RequestTimeTooSkewed" && refusal.ServerTime != 0 {
		known.toldTime(refusal.ServerTime - wall)
	}
	advice := refusal.Advice()
	refused := advice == s3.AdviceRefresh || advice == s3.AdviceRefreshOnce && s.config.CanRefresh
	if ev.Status >= 300 && refused && known.current != nil && f.signedBy == known.current.AccessKeyID {
		known.over = true
	}
}
