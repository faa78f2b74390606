package sim

import (
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// quietCheck holds "quiet".
type quietCheck struct {
	world    *World
	aborting map[string]*session // uploads whose abort a session has asked for, and the store has not refused
}

// heard: an abort that is refused leaves the upload as it was.
func (k *quietCheck) heard(f *flight, ev *engine.Event) {
	if f.op == s3.OpAbortMultipartUpload && ev.Status >= 300 {
		delete(k.aborting, f.upload)
	}
}

// noted: an abort that is given up leaves it too.
func (k *quietCheck) noted(a *engine.Action) {
	if a.Kind == engine.ActNoteOrphan {
		delete(k.aborting, a.UploadID)
	}
}

func (k *quietCheck) crashed(s *session) {
	for id, by := range k.aborting {
		if by == s {
			delete(k.aborting, id)
		}
	}
}

func (k *quietCheck) sent(f *flight) {
	w, c := k.world, f.owner
	switch f.op {
	case s3.OpAbortMultipartUpload:
		k.aborting[f.upload] = f.session
		for _, other := range w.flying {
			if other != f && !other.ended && other.session == f.session && other.upload == f.upload && other.op != s3.OpListParts {
				w.violate("quiet", "%s goes while %s is under way", f, other)
			}
		}
		return
	case s3.OpListParts, s3.OpHeadObject, s3.OpListMultipartUploads:
		return
	}
	switch {
	case f.upload != "" && k.aborting[f.upload] == f.session:
		w.violate("quiet", "%s goes after the abort", f)
	case c == nil:
		w.violate("quiet", "%s is for no file", f)
	case c.state.Ended() || c.state == queue.StatePaused || c.state == queue.StateConflict:
		w.violate("quiet", "%s goes while the file is %s", f, c.state)
	case c.cancelled && !c.cancelledLate:
		w.violate("quiet", "%s goes after the user cancelled the file", f)
	case c.paused && !c.pausedLate:
		w.violate("quiet", "%s goes after the user paused the file", f)
	}
}
