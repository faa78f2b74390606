package driver

import (
	"context"
	"sync"
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// Snapshotter is a Source that can be read in one go while it is small: once for
// its checksum and its request, instead of once for each.
type Snapshotter interface {
	Source

	// Snapshot reads all of the source into memory behind dst, as append does,
	// and fails when that may not be what was chosen. It is called for sources
	// of MaxSnapshot bytes at most. What fails is read again by Open, which
	// says why.
	Snapshot(dst []byte) ([]byte, error)
}

// MaxSnapshot is the largest source that is kept in memory, from when its turn
// comes until its request has ended: bytes for each file that is under way.
const MaxSnapshot = 64 << 10

// fresh is for how long a snapshot is what its source is. One that waited longer,
// for credentials perhaps, is compared again before it goes.
const fresh = time.Second

// snapshot is all bytes of a small source.
type snapshot struct {
	bytes  []byte
	taken  time.Time
	source Source
}

// Snapshots lie in buffers of two sizes, which are used again.
const smallSnapshot = 16 << 10

var (
	smallSnapshots = sync.Pool{New: func() any { return new([smallSnapshot]byte) }}
	largeSnapshots = sync.Pool{New: func() any { return new([MaxSnapshot]byte) }}
)

// snap takes a snapshot of s, if it is one to take it of; else it returns nil.
func snap(s Source) *snapshot {
	from, ok := s.(Snapshotter)
	size := s.Size()
	if !ok || size < 1 || size > MaxSnapshot {
		return nil
	}
	var dst []byte
	if size <= smallSnapshot {
		dst = smallSnapshots.Get().(*[smallSnapshot]byte)[:0]
	} else {
		dst = largeSnapshots.Get().(*[MaxSnapshot]byte)[:0]
	}
	bytes, err := from.Snapshot(dst)
	if err != nil || int64(len(bytes)) != size {
		recycle(dst)
		return nil
	}
	return &snapshot{bytes: bytes, taken: time.Now(), source: s}
}

// recycle gives back a buffer that nothing looks at any more.
func recycle(buffer []byte) {
	switch cap(buffer) {
	case smallSnapshot:
		smallSnapshots.Put((*[smallSnapshot]byte)(buffer[:smallSnapshot]))
	case MaxSnapshot:
		largeSnapshots.Put((*[MaxSnapshot]byte)(buffer[:MaxSnapshot]))
	}
}

// ReadAt reads from memory, for Content.
func (s *snapshot) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset+int64(len(p)) > int64(len(s.bytes)) {
		return 0, ErrSourceChanged
	}
	return copy(p, s.bytes[offset:]), nil
}

// Unchanged looks at the source only when the snapshot is old: nothing that
// changes in the source can change what was read.
func (s *snapshot) Unchanged() error {
	if time.Since(s.taken) < fresh {
		return nil
	}
	content, err := s.source.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	return content.Unchanged()
}

// Close does nothing: the file has the snapshot until its request has ended.
func (s *snapshot) Close() error { return nil }

// dropSnapshot forgets f's bytes, if no request reads them. The caller holds the
// driver's mu.
func (f *file) dropSnapshot() {
	if f.snapshot != nil && f.flights == 0 {
		recycle(f.snapshot.bytes)
		f.snapshot = nil
	}
}

// hashSnapshot answers act at once where that takes no longer than to start
// something, and reports that it did. The caller holds mu.
func (d *Driver) hashSnapshot(act *engine.Action) bool {
	f := d.file(act.File)
	if f.snapshot == nil || act.Offset != 0 || act.Length != int64(len(f.snapshot.bytes)) || !quick(act.Hash) {
		return false
	}
	h := newHash(act.Hash)
	h.Write(f.snapshot.bytes)
	d.must(&engine.Event{Kind: engine.EvHashed, Req: act.Req, Digest: h.Sum(nil)})
	return true
}

// quick reports that a makes a digest of MaxSnapshot bytes in a few microseconds.
func quick(a s3.Algorithm) bool { return a == s3.CRC64NVME || a == s3.CRC32 || a == s3.CRC32C }

// describe asks a source what it is, and reads it if it is small.
func describe(ctx context.Context, s Source) (Description, *snapshot, error) {
	what, err := s.Describe(ctx)
	if err != nil {
		return what, nil, err
	}
	return what, snap(s), nil
}
