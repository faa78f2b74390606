package journal

import "github.com/bucketline/bucketline/s3"

// Append appends the whole record: its head, then a frame for each of Parts,
// for which the rules of [AppendPart] hold. The same record gives the same
// bytes. A record that does not fit gives bytes that [Parse] refuses, so that
// nothing goes on by half of a record: see [Record.Fits].
func (r *Record) Append(dst []byte) []byte {
	dst = r.appendHead(dst)
	for i := range r.Parts {
		dst = AppendPart(dst, r.Parts[i])
	}
	return dst
}

// Fits reports whether all of r is within the bounds of a record. What package
// s3 has found valid is, but for a date with a very long fraction of a second;
// what drivers say of a source need not be. An upload whose record does not fit
// goes without.
func (r *Record) Fits() bool {
	t, o := &r.Target, &r.Object
	ok := t.Profile.Valid() && o.Key != "" && r.UploadID != "" &&
		r.Begun >= 0 && r.Source.Size >= -1 && 0 < r.PartSize && r.PartSize <= s3.MaxPartSize &&
		o.SSE.Mode <= s3.SSECustomer && o.Lock.Mode <= s3.LockCompliance &&
		known(o.Algorithm) && o.ChecksumType <= s3.Composite && known(r.Algorithm) &&
		fieldsFit(o.Metadata, s3.MaxMetadata, s3.MaxMetadata) &&
		fieldsFit(o.Tags, s3.MaxTags, s3.MaxTags*(maxTagName+maxTagValue)) && len(r.Parts) <= MaxFrames
	for _, t := range r.texts() {
		ok = ok && len(*t.value) <= t.max
	}
	for i := range r.Parts {
		ok = ok && r.Parts[i].fits() && r.holds(&r.Parts[i])
	}
	return ok
}

// known is one of s3's algorithms, NoChecksum included.
func known(a s3.Algorithm) bool { return a <= s3.ContentMD5 }

// fieldsFit: total bounds names and values together, in bytes.
func fieldsFit(fields []s3.Field, most, total int) bool {
	for i := range fields {
		total -= len(fields[i].Name) + len(fields[i].Value)
	}
	return len(fields) <= most && total >= 0
}

func (p *Part) fits() bool {
	return 1 <= p.Number && p.Number <= s3.MaxParts && len(p.ETag) <= s3.MaxETag && len(p.Digest) <= maxDigest
}

// holds: a part has a digest by the record's algorithm, or none.
func (r *Record) holds(p *Part) bool {
	return len(p.Digest) == 0 || len(p.Digest) == r.Algorithm.Size()
}

// appendHead is the order of the fields.
func (r *Record) appendHead(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, version, 0, 0, 0, 0)

	dst = append64(dst, r.Begun)
	dst = append64(dst, r.Source.Size)
	dst = append64(dst, r.Source.Modified)
	dst = append64(dst, r.PartSize)
	dst = append(dst, byte(r.Target.Profile), byte(r.Object.SSE.Mode), byte(r.Object.Lock.Mode),
		byte(r.Object.Algorithm), byte(r.Object.ChecksumType), byte(r.Algorithm), r.flags())
	for _, t := range r.texts() {
		dst = appendText(dst, *t.value)
	}
	dst = appendFields(dst, r.Object.Metadata)
	dst = appendFields(dst, r.Object.Tags)

	put32(dst[start+headPrefix-4:], uint32(len(dst)-start-headPrefix))
	return append32(dst, checksum(dst[start:]))
}

func (r *Record) flags() byte {
	flags := byte(0)
	for i, b := range r.bits() {
		if *b {
			flags |= 1 << i
		}
	}
	return flags
}

// AppendPart appends one part's frame, which belongs at the end of a whole
// record. It panics when the number is none of a part, or the ETag or digest is
// longer than any that package s3 takes.
func AppendPart(dst []byte, p Part) []byte {
	if !p.fits() {
		panic("bucketline: internal error: a part that does not fit into a record")
	}
	start := len(dst)
	dst = append(dst, byte(partFixed+len(p.ETag)+len(p.Digest)))
	dst = append16(dst, p.Number)
	dst = append(dst, byte(len(p.ETag)))
	dst = append(dst, p.ETag...)
	dst = append(dst, p.Digest...)
	return append32(dst, checksum(dst[start:]))
}

// maxCount is the largest number of two bytes: more than any bound, so that
// what is cut to it does not parse.
const maxCount = 1<<16 - 1

func appendFields(dst []byte, fields []s3.Field) []byte {
	fields = fields[:min(len(fields), maxCount)]
	dst = append16(dst, uint16(len(fields)))
	for i := range fields {
		dst = appendText(dst, fields[i].Name)
		dst = appendText(dst, fields[i].Value)
	}
	return dst
}

func appendText(dst []byte, text string) []byte {
	text = text[:min(len(text), maxCount)]
	return append(append16(dst, uint16(len(text))), text...)
}

func append16(dst []byte, n uint16) []byte { return append(dst, byte(n), byte(n>>8)) }

func append32(dst []byte, n uint32) []byte {
	return append(dst, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

func append64(dst []byte, n int64) []byte {
	return append32(append32(dst, uint32(n)), uint32(n>>32))
}

func put32(dst []byte, n uint32) {
	dst[0], dst[1], dst[2], dst[3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
}
