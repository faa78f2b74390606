package sim

import (
	"slices"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
)

// resumeCheck holds "resume". It knows the reasons for which a file may be sent
// anew after all, and then looks away: it judges what went well until then.
type resumeCheck struct {
	world *World
	heard map[arrived]bool     // parts whose answer some session got
	owed  map[*chosen]*resumed // what a session goes on with
	slow  map[string]bool      // uploads that the store has been joining for long
}

// arrived is a part that a client knows to be stored.
type arrived struct {
	upload string
	part   uint16
}

// resumed is an upload that a session was given a record of.
type resumed struct {
	upload string
	at     int64
	parts  map[uint16]bool // that need not be sent again, as long as the store has them
	all    bool            // the record has every part
}

func newResumeCheck(w *World) resumeCheck {
	return resumeCheck{w, make(map[arrived]bool), make(map[*chosen]*resumed), make(map[string]bool)}
}

// loaded is told of a record that a session is given, or that there is none.
func (k *resumeCheck) loaded(s *session, x *write, kept *record) {
	w := k.world
	if int(x.file) >= len(s.chosen) {
		return
	}
	c := s.chosen[x.file]
	delete(k.owed, c)
	if kept == nil {
		return
	}
	var r journal.Record
	if _, err := journal.Parse(kept.data, &r); err != nil {
		return
	}
	// A silent change of a file keeps its identity.
	if w.hideETag || slices.Contains(w.kind.Denied, s3.OpListParts) || c.source.object.IfNoneMatch != "" ||
		len(c.versions) > 1 || r.Algorithm != w.algorithm(c) || r.Source != w.identity(c.source, c.versions[c.version]) {
		return
	}
	owes := &resumed{upload: r.UploadID, at: w.now, parts: make(map[uint16]bool)}
	for _, p := range r.Parts {
		owes.parts[p.Number] = true
	}
	owes.all = int64(len(owes.parts)) == (r.Source.Size+r.PartSize-1)/r.PartSize
	if u := w.upload(r.UploadID); u != nil && u.Algorithm != s3.NoChecksum {
		// What the record lacks, the store's digests tell.
		for _, p := range u.Parts {
			if k.heard[arrived{u.ID, p.Number}] {
				owes.parts[p.Number] = true
			}
		}
	}
	k.owed[c] = owes
}

// algorithm is what goes along with c as things are; the user may have wanted
// something else before.
func (w *World) algorithm(c *chosen) s3.Algorithm {
	switch {
	case c.digested:
		return w.digested()
	case w.config.WithoutChecksum:
		return s3.NoChecksum
	case w.config.Checksum != s3.NoChecksum:
		return w.config.Checksum
	}
	return w.config.Target.Profile.Facts().Checksum
}

// upload finds one that is under way in the store.
func (w *World) upload(id string) *fakes3.Upload {
	for _, u := range w.store.Uploads() {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (k *resumeCheck) answered(f *flight, ev *engine.Event) {
	refused := ev.Status >= 400 && ev.Status < 500
	switch {
	case f.op == s3.OpUploadPart && ev.Status == 200 && (f.fate == mishaps || f.fate == lateAnswer):
		k.heard[arrived{f.upload, f.part}] = true
	case f.op == s3.OpListParts && ev.Status == 404:
		if owes := k.owed[f.owner]; owes != nil && !owes.all {
			delete(k.owed, f.owner)
		}
	case refused && f.owner != nil:
		delete(k.owed, f.owner)
	}
}

// sent judges what goes for a file that is gone on with.
func (k *resumeCheck) sent(f *flight) {
	c, w := f.owner, k.world
	owes := k.owed[c]
	if c == nil || owes == nil {
		return
	}
	if f.op == s3.OpCompleteMultipartUpload || c.cancelled || c.state.Ended() || c.version != c.current() || k.slow[owes.upload] {
		delete(k.owed, c)
		return
	}
	switch f.op {
	case s3.OpUploadPart:
		if f.upload == owes.upload && k.intact(owes, c, f.part) {
			w.violate("resume", "%s goes, which is stored and was acknowledged", f)
		}
	case s3.OpAbortMultipartUpload:
		for n := range owes.parts {
			if f.upload == owes.upload && k.intact(owes, c, n) {
				w.violate("resume", "%s goes, though part %d is stored and was acknowledged", f, n)
				return
			}
		}
	case s3.OpCreateMultipartUpload:
		o := w.store.Object(c.source.object.Key)
		if o == nil || o.UploadID != owes.upload || !owes.all || int64(o.Modified)-epoch >= owes.at || slices.Contains(w.kind.Denied, s3.OpHeadObject) {
			return
		}
		if body, ok := o.Body.(fakes3.Content); ok && body.Equal(c.content) {
			w.violate("resume", "%s goes, though an earlier run has made the object of %s", f, owes.upload)
		}
	}
}

// intact reports that the store has what a file has at part n.
func (k *resumeCheck) intact(owes *resumed, c *chosen, n uint16) bool {
	u := k.world.upload(owes.upload)
	if u == nil || !owes.parts[n] {
		return false
	}
	offset := int64(0)
	for _, p := range u.Parts {
		if p.Number != n {
			continue
		}
		if n > 1 {
			offset = int64(n-1) * u.Parts[0].Body.Len()
			if u.Parts[0].Number != 1 {
				return false // nobody says here how long a part is
			}
		}
		body, ok := p.Body.(fakes3.Content)
		return ok && offset+body.Len() <= c.content.Len() && body.Equal(c.content.Slice(offset, body.Len()))
	}
	return false
}
