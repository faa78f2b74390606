package sim

import (
	"slices"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
)

// partsCheck holds "parts".
type partsCheck struct {
	world *World
	live  map[attempt]*flight
}

// attempt is what may be under way once at a time.
type attempt struct {
	upload string
	part   uint16
	owner  *chosen
	op     s3.Op
}

func attemptOf(f *flight) attempt {
	if f.op == s3.OpUploadPart {
		return attempt{upload: f.upload, part: f.part}
	}
	return attempt{upload: f.upload, owner: f.owner, op: f.op}
}

func (k *partsCheck) sent(f *flight) {
	key := attemptOf(f)
	if other := k.live[key]; other != nil && f.owner != nil {
		k.world.violate("parts", "%s goes while %s is under way", f, other)
	}
	k.live[key] = f
}

func (k *partsCheck) ended(f *flight) { delete(k.live, attemptOf(f)) }

func (k *partsCheck) crashed(s *session) {
	for key, f := range k.live {
		if f.session == s {
			delete(k.live, key)
		}
	}
}

// understood are the refusals that say nothing against the request: what it
// meets is something that its client cannot know.
var understood = []string{
	"", "ExpiredToken", "NoSuchUpload", "NoSuchKey", "PreconditionFailed", "RequestTimeTooSkewed",
}

// served judges what the store found by itself.
func (k *partsCheck) served(f *flight, a *fakes3.Answer, fault *fakes3.Fault) {
	code := answerCode(a)
	if a.Status < 400 && a.Status != 301 || fault != nil && fault.Code != "" || f.raw.Method == "HEAD" {
		return
	}
	w := k.world
	expected := slices.Contains(understood, code)
	switch code {
	case "AccessDenied":
		expired := f.op == s3.OpPostObject // its policy may end on the way
		expected = slices.Contains(w.kind.Denied, f.op) || expired
	case "AuthorizationHeaderMalformed", "AuthorizationQueryParametersError":
		expected = w.config.Target.Region != w.kind.Region || w.rates[elsewhere] > 0
	case "BadDigest":
		// Of one that was damaged, or of an object that has such a part.
		expected = fault != nil && fault.Corrupt != fakes3.Intact || f.op == s3.OpCompleteMultipartUpload && w.rates[damagedInStore]+w.rates[damagedOnWay] > 0
	case "InvalidPart":
		expected = w.rates[damagedInStore]+w.rates[damagedOnWay]+w.rates[lostPart]+w.rates[slowJoin] > 0
	case "InvalidToken", "InvalidAccessKeyId":
		expected = false
	}
	if !expected {
		w.violate("parts", "the store answers %d %s to %s", a.Status, code, f)
	}
}
