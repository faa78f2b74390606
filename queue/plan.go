package queue

import "github.com/bucketline/bucketline/s3"

// Plan says how a file of Size bytes is cut. Parts is 0 for a single PUT.
type Plan struct {
	Size     int64
	PartSize int64 // bytes of every part but the last, which may be shorter
	Parts    uint16
}

// NewPlan plans a file of size bytes: one PUT below threshold, else parts of
// partSize bytes. partSize is raised, to a whole MiB, for a file that would
// need more than s3.MaxParts of them (S3 User Guide, "Amazon S3 multipart
// upload limits"). It returns false for a file that no plan fits.
func NewPlan(size, partSize, threshold int64) (Plan, bool) {
	if size < 0 || size > s3.MaxObjectSize {
		return Plan{}, false
	}
	if size < threshold || size == 0 {
		return Plan{Size: size}, size <= s3.MaxSinglePut
	}
	least := (size + s3.MaxParts - 1) / s3.MaxParts
	if partSize < least {
		const mebibyte = 1 << 20
		partSize = (least + mebibyte - 1) / mebibyte * mebibyte
	}
	return Plan{Size: size, PartSize: partSize, Parts: uint16((size + partSize - 1) / partSize)}, true
}

// Range returns where part number n lies, 1 to Parts. For n = 0 it is the
// whole file.
func (p Plan) Range(n uint16) (offset, length int64) {
	if n == 0 {
		return 0, p.Size
	}
	offset = int64(n-1) * p.PartSize
	return offset, min(p.PartSize, p.Size-offset)
}
