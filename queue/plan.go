package queue

import "github.com/bucketline/bucketline/s3"

// Plan says how a file of Size bytes is cut. Parts is 0 for a single request,
// and for a stream whose end has not been read yet.
type Plan struct {
	Size     int64
	PartSize int64 // bytes of every part but the last, which may be shorter
	Parts    uint16

	// Growing doubles the size of the parts after each growEvery of them: a
	// stream's length is not known, and it has to fit into s3.MaxParts.
	Growing bool
}

const (
	mebibyte  = 1 << 20
	growEvery = 1000
)

// NewPlan plans a file of size bytes for a kind of store: one request below
// threshold, else parts of partSize bytes. partSize is raised, to a whole MiB,
// for a file that would need more than s3.MaxParts of them (S3 User Guide,
// "Amazon S3 multipart upload limits"). It returns false for a file that no
// plan fits.
func NewPlan(size, partSize, threshold int64, store *s3.Facts) (Plan, bool) {
	if size < 0 || size > store.MaxObjectSize {
		return Plan{}, false
	}
	if size < threshold || size == 0 {
		return Plan{Size: size}, size <= store.MaxSinglePut
	}
	least := (size + s3.MaxParts - 1) / s3.MaxParts
	if partSize < least {
		partSize = (least + mebibyte - 1) / mebibyte * mebibyte
	}
	partSize = min(partSize, store.MaxPartSize)
	parts := (size + partSize - 1) / partSize
	return Plan{Size: size, PartSize: partSize, Parts: uint16(parts)}, parts <= s3.MaxParts
}

// StreamPlan plans a stream that begins with parts of partSize bytes. A store
// that wants parts of one size gets them, and takes a stream of s3.MaxParts of
// those at most.
func StreamPlan(partSize int64, store *s3.Facts) Plan {
	return Plan{PartSize: min(partSize, store.MaxPartSize), Growing: !store.EqualParts}
}

// The sizes between which FitPartSize chooses, and how long a part should take.
const (
	MaxFittedPartSize = 64 << 20
	partMillis        = 5_000
)

// FitPartSize is the part size, a whole number of MiB, for a file of size bytes
// that goes over connections of which each moves bytesPerSecond: large enough
// that a part takes some seconds, since each costs a round trip or two, and
// small enough that all connections have something to do.
func FitPartSize(size, bytesPerSecond int64, connections int) int64 {
	fit := bytesPerSecond * partMillis / 1000
	fit = min(fit, size/int64(2*connections), MaxFittedPartSize)
	return max(fit/mebibyte*mebibyte, s3.MinPartSize)
}

// Range returns where part number n lies, 1 to Parts. For n = 0 it is the
// whole file. Of a stream it is where the part will lie if it is full, as long
// as Size is not known.
func (p Plan) Range(n uint16) (offset, length int64) {
	if n == 0 {
		return 0, p.Size
	}
	offset, length = int64(n-1)*p.PartSize, p.PartSize
	if p.Growing {
		offset, length = p.growingRange(int64(n - 1))
	}
	if p.Parts > 0 {
		length = min(length, p.Size-offset)
	}
	return offset, length
}

func (p Plan) growingRange(before int64) (offset, length int64) {
	length = p.PartSize
	for before >= growEvery {
		offset += growEvery * length
		before -= growEvery
		length = min(2*length, s3.MaxPartSize)
	}
	return offset + before*length, length
}
