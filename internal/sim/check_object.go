package sim

import (
	"strings"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// objectCheck holds "object" and "report".
type objectCheck struct{ world *World }

// makesObject reports that a request of this operation may make an object.
func makesObject(op s3.Op) bool {
	return op == s3.OpPutObject || op == s3.OpPostObject || op == s3.OpCompleteMultipartUpload
}

func (k *objectCheck) sent(f *flight) {
	c := f.owner
	switch {
	case c == nil:
	case makesObject(f.op):
		c.makers = append(c.makers, f)
		c.joining = f.op == s3.OpCompleteMultipartUpload
	case f.op == s3.OpUploadPart || f.op == s3.OpCreateMultipartUpload:
		c.joining = false
	}
}

// served judges each object in the moment that it comes to be.
func (k *objectCheck) served(f *flight, a *fakes3.Answer) {
	w, o := k.world, a.Stored
	if o == nil {
		return
	}
	w.history = append(w.history, storing{o, f})
	w.line("* stored %s, %d bytes, %s by %s", o.Key, o.Body.Len(), o.ETag, f)
	c := f.owner
	if c == nil {
		w.violate("object", "%s was stored by no file", o.Key)
		return
	}
	if body, ok := o.Body.(fakes3.Content); !ok || !body.Equal(c.content) {
		w.violate("object", "%s has %d bytes that are not source %d in version %d, of %d bytes", o.Key, o.Body.Len(), c.index, c.version, c.content.Len())
	}
	stem, _, _ := strings.Cut(c.source.object.Key, ".")
	if o.Key != c.source.object.Key && !strings.HasPrefix(o.Key, stem+" (") {
		w.violate("object", "source %d, which is to be %s, was stored as %s", c.index, c.source.object.Key, o.Key)
	}
	from, _ := s3.HeaderValue(o.Header, "x-amz-meta-from")
	kind, _ := s3.HeaderValue(o.Header, "content-type")
	if from != c.name || kind != c.source.object.ContentType {
		w.violate("object", "%s was stored with metadata %v", o.Key, o.Header)
	}
	if c.state == queue.StateFailed && !c.admits() && f.attempt == c.begun {
		w.violate("report", "file %d had failed (%s) when %s stored it", c.id, c.err.Code, f)
	}
}

// admits reports that the failure of c says that the object may be stored.
func (c *chosen) admits() bool {
	return c.err != nil && (c.err.Doubt || c.err.Code == engine.CodeUndecided)
}

// heard notes what the engine has to know.
func (k *objectCheck) heard(f *flight, ev *engine.Event) {
	if c := f.owner; c != nil && makesObject(f.op) && ev.Status == 412 {
		c.joining = true // whose object is it?
	}
	f.heardAt = k.world.now
	f.confirmed = makesObject(f.op) && f.answer.Stored != nil && f.fate == mishaps && ev.Status/100 == 2
}

func (k *objectCheck) noted(c *chosen, a *engine.Action) {
	if c == nil || a.Kind != engine.ActNoteState {
		return
	}
	switch a.State {
	case queue.StateDone:
		k.done(c, a.Result)
	case queue.StateFailed:
		k.failed(c)
	case queue.StateCancelled, queue.StateSkipped:
		for _, f := range c.makers {
			late := a.State == queue.StateCancelled && f.heardAt >= c.cancelledAt // it was under way when the user cancelled
			if f.attempt == c.begun && f.confirmed && !late {
				k.world.violate("report", "file %d is %s, and %s was confirmed", c.id, a.State, f)
			}
		}
	}
	if a.State.Ended() {
		c.joining = false
	}
}

// done: some object of that key is what the source is, was made by a request of
// ours, and is the one that the report is about. Another source of the same
// bytes may have made it: nobody can tell the two apart.
func (k *objectCheck) done(c *chosen, r *engine.Result) {
	w := k.world
	found := false
	for i := len(w.history) - 1; i >= 0 && !found; i-- {
		h := &w.history[i]
		body, ok := h.object.Body.(fakes3.Content)
		found = ok && h.object.Key == r.Key && h.flight.owner != nil && body.Equal(c.content) && (r.ETag == "" || r.ETag == h.object.ETag)
	}
	if !found {
		w.violate("report", "file %d is done as %s with ETag %s, and no such object of it was stored", c.id, r.Key, r.ETag)
	}
	if r.Bytes != c.content.Len() {
		w.violate("report", "file %d is done with %d bytes, not %d", c.id, r.Bytes, c.content.Len())
	}
	if r.Algorithm != s3.NoChecksum && string(r.Digest) != string(w.store.Sums().Digest(c.content, r.Algorithm)) {
		w.violate("report", "file %d is done with a %s that is not its own", c.id, r.Algorithm)
	}
}

// failed: what was stored in this attempt is admitted.
func (k *objectCheck) failed(c *chosen) {
	for _, f := range c.makers {
		stored := f.answer.Stored
		if f.attempt != c.begun || stored == nil || k.world.store.Object(stored.Key) != stored {
			continue
		}
		if f.confirmed {
			k.world.violate("report", "file %d failed (%s), and %s was confirmed", c.id, c.err.Code, f)
		} else if !c.admits() {
			k.world.violate("report", "file %d failed (%s) without doubt, and %s has stored it", c.id, c.err.Code, f)
		}
	}
}
