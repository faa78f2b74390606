package s3

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// PartList is what is known of the parts of one multipart upload that the
// store has acknowledged: ETag and digest by part number. Parts come in any
// order and may come again; the last one counts, as it does in the store. The
// zero PartList is empty and ready.
type PartList struct {
	entries []partEntry // by part number, from 1
	pages   [][]byte    // the ETags and digests
	used    int         // of the last page
	page    int         // index of the last page in use
	count   int
}

// partEntry says where a part's ETag lies; its digest follows it.
type partEntry struct {
	page, at     uint16
	etag, digest uint8 // lengths; etag is 0 when the part is not there
}

// maxDigest is in bytes. With MaxETag it fits the lengths of a partEntry.
const maxDigest = 64

// textPage is in bytes. Pages keep every allocation small: for 10,000 parts
// the text alone comes to a third of a mebibyte and more.
const textPage = 32 << 10

// Reset empties l and keeps its memory.
func (l *PartList) Reset() {
	l.entries = l.entries[:0]
	l.used, l.page, l.count = 0, 0, 0
}

// Set notes that part (1 to MaxParts) is stored. etag is as the store sent it;
// digest is the raw checksum that went with the part, or nil. Both are copied.
func (l *PartList) Set(part uint16, etag string, digest []byte) error {
	if part < 1 || part > MaxParts {
		return wrong(CodePartInvalid, "part", "is "+strconv.Itoa(int(part)), "parts are numbered 1 to 10000")
	}
	if !validETag(etag) {
		return wrong(CodePartInvalid, "etag", quote(etag)+" of part "+strconv.Itoa(int(part))+" is no ETag", "give it as the store sent it")
	}
	if len(digest) > maxDigest {
		return wrong(CodePartInvalid, "digest", "is too long", "give the raw bytes")
	}
	for len(l.entries) < int(part) {
		l.entries = append(l.entries, partEntry{})
	}
	e := &l.entries[part-1]
	if e.etag == 0 {
		l.count++
	}
	if need := len(etag) + len(digest); need > int(e.etag)+int(e.digest) {
		e.page, e.at = l.place(need)
	}
	e.etag, e.digest = uint8(len(etag)), uint8(len(digest))
	text := l.pages[e.page][e.at:]
	copy(text[copy(text, etag):], digest)
	return nil
}

// place finds room for n bytes.
func (l *PartList) place(n int) (page, at uint16) {
	if l.used+n > textPage {
		l.page, l.used = l.page+1, 0
	}
	if l.page == len(l.pages) {
		l.pages = append(l.pages, make([]byte, textPage))
	}
	at = uint16(l.used)
	l.used += n
	return uint16(l.page), at
}

// Drop forgets a part, so that it counts as not there.
func (l *PartList) Drop(part uint16) {
	if l.Has(part) {
		l.entries[part-1].etag = 0
		l.count--
	}
}

// Has reports whether part is there.
func (l *PartList) Has(part uint16) bool {
	return part >= 1 && int(part) <= len(l.entries) && l.entries[part-1].etag != 0
}

// Count is how many parts are there.
func (l *PartList) Count() int { return l.count }

// Part returns the ETag and the digest of a part that is there, and nil
// otherwise. Both are good until the next Set or Reset.
func (l *PartList) Part(part uint16) (etag, digest []byte) {
	if !l.Has(part) {
		return nil, nil
	}
	e := l.entries[part-1]
	text := l.pages[e.page][e.at:]
	return text[:e.etag:e.etag], text[e.etag : e.etag+e.digest : e.etag+e.digest]
}

// check finds what CompleteMultipartUpload would be refused for: a list that
// is empty or has a hole (User Guide, "Checking object integrity": numbers run
// from 1 without a gap when there are checksums; we never leave one), or a
// part without the digest that a Composite checksum is made of.
func (l *PartList) check(a Algorithm, needDigests bool) error {
	last := len(l.entries)
	for last > 0 && l.entries[last-1].etag == 0 {
		last--
	}
	if last == 0 {
		return wrong(CodePartMissing, "parts", "are none", "upload at least one part")
	}
	for i := range last {
		e := l.entries[i]
		switch {
		case e.etag == 0:
			return wrong(CodePartMissing, "parts", "lack number "+strconv.Itoa(i+1), "upload it first")
		case needDigests && int(e.digest) != a.Size():
			return wrong(CodeChecksum, "parts", "lack the "+a.String()+" of number "+strconv.Itoa(i+1), "give it with the part")
		}
	}
	return nil
}

// appendXML appends the body of CompleteMultipartUpload, parts in ascending
// order. S3 API Reference, CompleteMultipartUpload, request syntax.
func (l *PartList) appendXML(dst []byte, a Algorithm) []byte {
	const head = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`
	if cap(dst) == 0 {
		dst = make([]byte, 0, len(head)+32+l.count*(96+len(algorithms[a].xml)*2+44))
	}
	dst = append(dst, head...)
	for i := range l.entries {
		etag, digest := l.Part(uint16(i + 1))
		if etag == nil {
			continue
		}
		dst = append(dst, "<Part><PartNumber>"...)
		dst = strconv.AppendInt(dst, int64(i+1), 10)
		dst = append(dst, "</PartNumber><ETag>"...)
		dst = appendXMLText(dst, etag)
		dst = append(dst, "</ETag>"...)
		if name := algorithms[a].xml; name != "" && len(digest) != 0 {
			dst = append(append(append(dst, '<'), name...), '>')
			dst = base64.StdEncoding.AppendEncode(dst, digest)
			dst = append(append(append(dst, "</"...), name...), '>')
		}
		dst = append(dst, "</Part>"...)
	}
	return append(dst, "</CompleteMultipartUpload>"...)
}

// appendXMLText escapes what element text cannot have.
func appendXMLText[T string | []byte](dst []byte, text T) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendETag appends the ETag that S3 gives the completed object when every
// part's ETag is an MD5: the MD5 of the MD5s, a hyphen and their number, in
// quotes. It reports false, and appends nothing, when one is something else,
// as under SSE-KMS and SSE-C. With it a lost answer to CompleteMultipartUpload
// can be settled by HeadObject.
//
//	User Guide, "Checking object integrity in Amazon S3", "Using part-level checksums".
func (l *PartList) AppendETag(dst []byte) ([]byte, bool) {
	if l.check(NoChecksum, false) != nil {
		return dst, false
	}
	all := newHash(ContentMD5)
	var sum [16]byte
	for i := range l.count {
		etag, _ := l.Part(uint16(i + 1))
		if len(etag) == 34 && etag[0] == '"' && etag[33] == '"' {
			etag = etag[1:33]
		}
		if !decodeHex(sum[:], etag) {
			return dst, false
		}
		all.Write(sum[:])
	}
	dst = append(dst, '"')
	dst = hex.AppendEncode(dst, all.Sum(nil))
	dst = append(dst, '-')
	dst = strconv.AppendInt(dst, int64(l.count), 10)
	return append(dst, '"'), true
}

// decodeHex reads dst from text, and reports whether it is that, no more and no
// less. The standard library's function brings package fmt into the module.
func decodeHex(dst, text []byte) bool {
	if len(text) != 2*len(dst) {
		return false
	}
	for i := range dst {
		high, low := unhex(text[2*i]), unhex(text[2*i+1])
		if high < 0 || low < 0 {
			return false
		}
		dst[i] = byte(high<<4 | low)
	}
	return true
}

// AppendComposite appends the checksum that the store gives the completed
// object under Composite: a of the parts' digests in base64, a hyphen and
// their number. It reports false when a digest is missing or a cannot do it.
//
//	User Guide, "Checking object integrity in Amazon S3".
func (l *PartList) AppendComposite(dst []byte, a Algorithm) ([]byte, bool) {
	if !a.Stored() || !algorithms[a].composite || l.check(a, true) != nil {
		return dst, false
	}
	all := newHash(a)
	for i := range l.count {
		_, digest := l.Part(uint16(i + 1))
		all.Write(digest)
	}
	dst = base64.StdEncoding.AppendEncode(dst, all.Sum(nil))
	dst = append(dst, '-')
	return strconv.AppendInt(dst, int64(l.count), 10), true
}

// AppendFullObject appends the raw digest of the whole object under
// FullObject, worked out from those of the parts, of which length tells how
// many bytes each has, 1 or more but of the last. It reports false when a
// digest is missing or a is not a CRC.
func (l *PartList) AppendFullObject(dst []byte, a Algorithm, length func(part uint16) int64) ([]byte, bool) {
	if !a.Stored() || !algorithms[a].full || l.check(a, true) != nil {
		return dst, false
	}
	crc, shift, of := uint64(0), uint64(0), int64(-1)
	for i := range l.count {
		_, digest := l.Part(uint16(i + 1))
		next := uint64(0)
		for _, c := range digest {
			next = next<<8 | uint64(c)
		}
		if i == 0 {
			crc = next
			continue
		}
		// Neighbours are mostly of one length, so that this is one step each.
		if n := length(uint16(i + 1)); n != of {
			shift, of = crcShift(a, n), n
		}
		crc = multiply(crc, shift, polynomials[a], topBit(a)) ^ next
	}
	for at := a.Size()*8 - 8; at >= 0; at -= 8 {
		dst = append(dst, byte(crc>>at))
	}
	return dst, true
}
