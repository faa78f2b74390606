package sim

import (
	"slices"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
)

// upload is one multipart upload, for those who watch.
type upload struct {
	id      string
	maker   *flight // that created it
	told    bool    // the engine was told its ID
	saved   bool    // a record of it has been on disk
	orphan  bool    // people were told that it is left
	excused bool    // the client crashed before it could have known or written
	swept   bool    // people were told that it was swept
}

// remainsCheck holds "remains".
type remainsCheck struct {
	world   *World
	uploads map[string]*upload
	order   []*upload
	spared  map[*session]sparing
}

// sparing is what a sweep is to leave alone.
type sparing struct {
	keep   []string
	before int64
}

func newRemainsCheck(w *World) remainsCheck {
	return remainsCheck{world: w, uploads: make(map[string]*upload), spared: make(map[*session]sparing)}
}

func (k *remainsCheck) served(f *flight, a *fakes3.Answer) {
	if a.Created != nil {
		u := &upload{id: a.Created.ID, maker: f}
		u.excused = f.session.dead
		k.uploads[u.id] = u
		k.order = append(k.order, u)
	}
	if a.Aborted == nil || f.owner != nil {
		return
	}
	// A job has aborted it: a sweep, or what the user abandoned.
	u := k.uploads[a.Aborted.ID]
	spare := k.spared[f.session]
	if slices.Contains(spare.keep, u.id) || int64(a.Aborted.Begun) >= spare.before && !u.saved {
		k.world.violate("remains", "%s was swept, which began at %d and was to be kept", u.id, a.Aborted.Begun)
	}
}

// sweeps is told what a sweep is to spare.
func (k *remainsCheck) sweeps(s *session, ev *engine.Event) {
	k.spared[s] = sparing{slices.Clone(ev.Keep), int64(ev.Wall)}
}

func (k *remainsCheck) heard(f *flight, ev *engine.Event) {
	if f.op != s3.OpCreateMultipartUpload || f.answer.Created == nil {
		return
	}
	if _, err := s3.ParseCreateMultipartUpload(ev.Body); err == nil && ev.Status == 200 {
		k.uploads[f.answer.Created.ID].told = true
	}
}

// noted is told of orphans.
func (k *remainsCheck) noted(a *engine.Action) {
	switch a.Kind {
	case engine.ActNoteSweepEnd:
		k.world.swept = true
	case engine.ActNoteSwept:
		if u := k.uploads[a.UploadID]; u != nil && a.Err != nil {
			u.orphan = true
		}
	case engine.ActNoteOrphan:
		for _, u := range k.order {
			if u.id == a.UploadID {
				u.orphan = true
			}
		}
	}
}

// excuse is told of a record that is about to be damaged.
func (k *remainsCheck) excuse(record []byte) {
	var r journal.Record
	if _, err := journal.Parse(record, &r); err == nil && k.uploads[r.UploadID] != nil {
		k.uploads[r.UploadID].excused = true
	}
}

// crashed excuses what a crash made impossible to know of.
func (k *remainsCheck) crashed(s *session) {
	for _, u := range k.order {
		if u.maker.session == s && !u.saved {
			u.excused = true
		}
	}
}

// finally judges what the store still has.
func (k *remainsCheck) finally() {
	w := k.world
	recorded := w.recorded()
	denied := slices.Contains(w.kind.Denied, s3.OpAbortMultipartUpload)
	for _, left := range w.store.Uploads() {
		u := k.uploads[left.ID]
		switch {
		case w.tidy && !denied && !slices.Contains(w.kind.Denied, s3.OpListMultipartUploads) && int64(left.Begun) < epoch+w.tidiedAt:
			w.violate("remains", "%s of %s is left, though all was swept", u.id, left.Key)
		case !u.told: // nobody can know of it: a sweep finds it
		case slices.Contains(recorded, u.id), u.orphan, u.excused, w.volatile && w.crashed > 0:
		default:
			w.violate("remains", "%s of %s is left, made by %s, saved %v: nobody accounts for it", u.id, left.Key, u.maker, u.saved)
		}
	}
}
