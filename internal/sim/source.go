package sim

import (
	"encoding/hex"
	"strconv"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// source is one file of the user's. It outlives sessions.
type source struct {
	index    int
	name     string
	object   s3.Object // without a digest
	conflict engine.OnConflict
	digested bool // the user gives the digest of the whole
	priority queue.Priority
	stream   bool
	gone     bool // it cannot be read for now

	versions []version // the last is what the file is now

	// What people know of it.
	stored    bool // reported done
	abandoned bool // cancelled or skipped: nobody chooses it again
}

// version is what a source was from some time on.
type version struct {
	content  fakes3.Content
	modified int64
}

func (s *source) current() int { return len(s.versions) - 1 }

// makeSource draws a source. Keys are seldom the same.
func (w *World) makeSource(index int, d *dice, budget int64) *source {
	s := &source{index: index, name: "files/" + strconv.Itoa(index) + ".bin"}
	s.object.Key = "u/" + strconv.Itoa(index) + ".bin"
	if index > 0 && d.chance(120) {
		s.object.Key = "u/" + strconv.FormatInt(d.below(int64(index)), 10) + ".bin"
	}
	s.object.ContentType = "application/octet-stream"
	s.object.Metadata = []s3.Field{{Name: "from", Value: s.name}}
	if w.config.SignatureVersion != 2 && d.chance(200) && w.config.Target.Profile.Has(s3.FeatureConditionalComplete) {
		s.object.IfNoneMatch = "*"
		s.conflict = engine.OnConflict(d.below(5))
	}
	s.priority = queue.Priority(d.below(int64(queue.Priorities)))
	s.stream = d.chance(80)
	s.digested = !s.stream && d.chance(60)
	size := int64(0)
	switch d.below(10) {
	case 0:
	case 1, 2, 3:
		size = d.spread(1, 64*kib)
	case 4, 5, 6:
		size = d.spread(64*kib, 24*mib)
	default:
		size = d.spread(8*mib, 320*mib)
	}
	if s.stream && w.config.PartSize > 0 && d.chance(300) {
		size = (1 + d.below(8)) * w.config.PartSize // its end is found by a read of nothing
	}
	if index == 0 && w.huge > 0 {
		size, budget, s.stream = w.huge, w.huge, false
	}
	s.versions = []version{{w.makeContent(d, min(size, budget)), epoch - d.below(day)}}
	return s
}

// makeContent draws bytes whose neighbouring parts differ.
func (w *World) makeContent(d *dice, size int64) fakes3.Content {
	var runs []fakes3.Run
	longest := max(4*mib, size/200)
	for size > 0 {
		length := min(d.spread(8*kib, longest), size)
		if d.chance(100) {
			length = min(d.between(1, 9), size)
		}
		runs = append(runs, fakes3.Run{Value: byte(d.next()), Length: length})
		size -= length
	}
	return fakes3.Runs(runs...)
}

// change gives a source another content. A silent change keeps name, size and
// time, but not all that a fingerprint samples: what no sampling could find is
// only found by checksums.
func (w *World) change(s *source, d *dice, silent bool) {
	old := s.versions[s.current()]
	next := version{modified: old.modified + d.between(1, hour)}
	size := old.content.Len()
	switch {
	case silent && size > 0:
		next.modified = old.modified
		at := d.below(size)
		if s.blind(w) || d.chance(500) {
			at = d.below(min(size, sample))
		}
		next.content = fakes3.Flip(old.content, at).(fakes3.Content)
	case silent:
		return
	case d.chance(400) && size > 0:
		next.content = old.content.Slice(0, d.below(size))
	case d.chance(500):
		next.content = w.makeContent(d, size)
	default:
		next.content = fakes3.Join(old.content, w.makeContent(d, d.spread(1, mib))).(fakes3.Content)
	}
	if next.content.Equal(old.content) && next.modified == old.modified {
		return
	}
	s.versions = append(s.versions, next)
	w.line("* source %d changes, silent %v: %d bytes", s.index, silent, next.content.Len())
}

// blind reports that the parts of s carry no checksum by which a later session
// could tell them from the file's.
func (s *source) blind(w *World) bool {
	return w.config.WithoutChecksum || w.config.Checksum == s3.NoChecksum && w.config.Target.Profile.Facts().Checksum == s3.NoChecksum
}

// sample is how much a fingerprint looks at in each of three places, in bytes.
const sample = 4 << 10

// fingerprint is what every driver makes of a content.
func (w *World) fingerprint(c fakes3.Content) string {
	size := c.Len()
	if size > 3*sample {
		c = fakes3.Join(c.Slice(0, sample), c.Slice(size/2-sample/2, sample), c.Slice(size-sample, sample)).(fakes3.Content)
	}
	return hex.EncodeToString(w.store.Sums().Digest(c, s3.CRC64NVME))
}

// identity is by what a later session knows a version of s again.
func (w *World) identity(s *source, v version) journal.Source {
	if s.stream || w.nameless {
		return journal.Source{Size: v.content.Len(), Modified: v.modified}
	}
	return journal.Source{Name: s.name, Size: v.content.Len(), Modified: v.modified, Print: w.fingerprint(v.content)}
}
