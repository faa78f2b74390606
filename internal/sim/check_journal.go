package sim

import (
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
)

// journalCheck holds "journal".
type journalCheck struct {
	world  *World
	held   map[string]*session // records that a session has open
	failed map[*chosen]bool    // the journal has let it down
	seen   map[seenPart]bool   // parts that are in the store, as far as a session knows
}

type seenPart struct {
	session *session
	upload  string
	part    uint16
}

func newJournalCheck(w *World) journalCheck {
	return journalCheck{
		world: w, held: make(map[string]*session), failed: make(map[*chosen]bool), seen: make(map[seenPart]bool),
	}
}

// asked judges an action about the journal.
func (k *journalCheck) asked(s *session, a *engine.Action) {
	w := k.world
	switch a.Kind {
	case engine.ActLoad:
		return
	case engine.ActUnlock:
		delete(k.held, a.Name)
		return
	case engine.ActForget:
		defer delete(k.held, a.Name)
	case engine.ActAppend:
		if r := w.disk.find(a.Name); r != nil && !r.torn && s.settled(a.Name) {
			var record journal.Record
			if whole, err := journal.Parse(r.data, &record); err == nil && !whole {
				w.violate("journal", "file %d appends to a record that is torn", a.File)
			}
		}
	}
	if k.held[a.Name] != s {
		w.violate("journal", "%s of %s, which this session has not open", actionNames[a.Kind], a.Name)
	}
}

// settled reports that nothing is being written to a record.
func (s *session) settled(name string) bool {
	for _, l := range s.ledgers {
		if l.name == name && len(l.waiting) > 0 {
			return false
		}
	}
	return true
}

// abandons is told that the driver itself has opened a record.
func (k *journalCheck) abandons(s *session, name string) { k.held[name] = s }

// written is told what came of a write, before the engine.
func (k *journalCheck) written(s *session, x *write, ok bool) {
	if !ok && int(x.file) < len(s.chosen) {
		k.failed[s.chosen[x.file]] = true
	}
	if ok && x.kind == engine.ActLoad {
		k.held[x.name] = s
	}
}

// onDisk is told of a record that is on disk now.
func (k *journalCheck) onDisk(data []byte) {
	var record journal.Record
	if _, err := journal.Parse(data, &record); err != nil {
		k.world.violate("journal", "what is saved is no record: %v", err)
		return
	}
	if u := k.world.checks.remains.uploads[record.UploadID]; u != nil {
		u.saved = true
	}
}

// heard learns which parts are in the store.
func (k *journalCheck) heard(s *session, f *flight, ev *engine.Event) {
	switch {
	case ev.Status != 200:
	case f.op == s3.OpUploadPart:
		k.seen[seenPart{s, f.upload, f.part}] = true
	case f.op == s3.OpListParts:
		page, err := s3.ParseListParts(ev.Body, nil)
		if err != nil {
			return
		}
		for _, p := range page.Parts {
			k.seen[seenPart{s, f.upload, p.Number}] = true
		}
	}
}

// joinedParts reads the numbers from the body of CompleteMultipartUpload.
func joinedParts(body []byte) []uint16 {
	const before, after = "<PartNumber>", "</PartNumber>"
	var numbers []uint16
	for rest := string(body); ; {
		_, found, ok := strings.Cut(rest, before)
		if !ok {
			return numbers
		}
		text, tail, _ := strings.Cut(found, after)
		n, _ := strconv.ParseUint(text, 10, 16)
		numbers = append(numbers, uint16(n))
		rest = tail
	}
}

// sent judges parts and what joins them.
func (k *journalCheck) sent(s *session, f *flight) {
	w := k.world
	switch f.op {
	case s3.OpUploadPart:
		u := w.checks.remains.uploads[f.upload]
		if c := f.owner; c != nil && !c.stream && !w.nameless && !k.failed[c] && (u == nil || !u.saved) {
			w.violate("journal", "%s goes before its record is on disk", f)
		}
	case s3.OpCompleteMultipartUpload:
		for _, n := range joinedParts(f.raw.Body.Append(nil, 0, f.whole)) {
			if !k.seen[seenPart{s, f.upload, n}] {
				w.violate("journal", "%s joins part %d, which this session has neither sent nor seen", f, n)
			}
		}
	}
}
