package sim

import (
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
)

// totalsCheck holds "totals".
type totalsCheck struct {
	world *World
	of    map[*session]*counted
}

// counted is what the check knows of one session.
type counted struct {
	vain   int64 // bytes that requests which failed had given to the network
	given  int64 // bytes that all requests have
	drains int
}

func (k *totalsCheck) counts(s *session) *counted {
	if k.of[s] == nil {
		k.of[s] = new(counted)
	}
	return k.of[s]
}

func (k *totalsCheck) broke(f *flight) {
	n := k.counts(f.session)
	n.vain += f.told
	n.given += f.told
}

func (k *totalsCheck) heard(f *flight, ev *engine.Event) {
	n := k.counts(f.session)
	if ev.Status >= 300 {
		n.given += f.told
		n.vain += f.told
		return
	}
	n.given += f.length // whatever was told: the store has had all of it
}

// full is how often each file is looked at: every so many drains.
const full = 8

func (k *totalsCheck) drained(s *session) {
	known := k.counts(s)
	w, t := k.world, s.engine.Totals()
	sum := uint32(0)
	for _, n := range t.Files {
		sum += n
	}
	switch {
	case int(sum) != len(s.chosen):
		w.violate("totals", "%d files are in some state, of %d", sum, len(s.chosen))
	case t.InFlight != len(s.flights):
		w.violate("totals", "%d requests are counted, of %d", t.InFlight, len(s.flights))
	case t.Resent < known.vain:
		w.violate("totals", "%d bytes are counted as sent in vain, and %d were", t.Resent, known.vain)
	}
	if t.Resent > known.given {
		w.violate("totals", "%d bytes are counted as sent in vain, and %d were sent at all", t.Resent, known.given)
	}
	if known.drains++; known.drains%full == 0 {
		k.files(s, &t)
	}
}

// files adds up what each file says.
func (k *totalsCheck) files(s *session, t *engine.Totals) {
	w := k.world
	leaving := int64(0) // of requests that are being broken off, of files that have ended
	for _, f := range s.flights {
		if f.owner != nil {
			if info, _ := s.engine.File(f.owner.id); info.State.Ended() {
				leaving += f.told
			}
		}
	}
	var states [queue.States]uint32
	size, sent, acknowledged, stored := int64(0), int64(0), int64(0), int64(0)
	for _, c := range s.chosen {
		info, ok := s.engine.File(c.id)
		states[info.State]++
		if !ok || info.Acknowledged > max(info.Size, c.readTo) || info.Sent < info.Acknowledged || info.PartsStored > info.Parts && !c.stream {
			w.violate("totals", "file %d says %+v", c.id, info)
			return
		}
		if info.State != queue.StateCancelled && info.Size > 0 {
			size += info.Size
		}
		sent += info.Sent
		acknowledged += info.Acknowledged
		if info.State == queue.StateDone {
			stored += info.Size
		}
	}
	if states != t.Files || size != t.Size || sent+leaving != t.Sent || acknowledged != t.Acknowledged || stored != t.Stored {
		w.violate("totals", "the files come to %v, %d bytes, %d sent, %d acknowledged, %d stored; the totals are %+v", states, size, sent, acknowledged, stored, *t)
	}
}
