package journal

import "github.com/bucketline/bucketline/s3"

// Parse reads a record into r, which it overwrites; the capacity of r.Parts is
// kept. The ETags and digests of r.Parts lie in data and live as long.
//
// The error is ErrCorrupt or ErrVersion, and r is then empty. Otherwise whole
// tells whether all of data was read. When it is false, a crash in the middle
// of an append tore the last frame off, or a frame is damaged: r has all that
// came before it, and the record is to be written anew before anything is
// appended to it.
//
// Parse believes form and bounds, not meaning. Whether r is about the file and
// the target at hand is for the caller to compare, and whether Target and
// Object make sense for s3's Resolve and Validate.
func Parse(data []byte, r *Record) (whole bool, err error) {
	*r = Record{Parts: r.Parts[:0]}
	body, rest, err := cutHead(data)
	if err != nil {
		return false, err
	}
	if !r.parseHead(body) || !r.Fits() {
		*r = Record{Parts: r.Parts[:0]}
		return false, ErrCorrupt
	}
	if n := countParts(rest); n > cap(r.Parts) {
		r.Parts = make([]Part, 0, n)
	}
	for len(rest) > 0 && len(r.Parts) < MaxFrames {
		p, after, ok := cutPart(rest)
		if !ok || !r.holds(&p) {
			return false, nil
		}
		r.Parts = append(r.Parts, p)
		rest = after
	}
	return len(rest) == 0, nil
}

// cutHead cuts the head frame off and returns its body.
func cutHead(data []byte) (body, rest []byte, err error) {
	if len(data) < headFrame || len(data) > MaxRecord || string(data[:len(magic)]) != magic {
		return nil, nil, ErrCorrupt
	}
	length := uint64(uint32At(data[headPrefix-4:]))
	if length > uint64(len(data)-headFrame) {
		return nil, nil, ErrCorrupt
	}
	end := headPrefix + int(length)
	if checksum(data[:end]) != uint32At(data[end:]) {
		return nil, nil, ErrCorrupt
	}
	// Only now, since a damaged byte is no later version.
	switch v := data[len(magic)]; {
	case v > version:
		return nil, nil, ErrVersion
	case v != version:
		return nil, nil, ErrCorrupt
	}
	return data[headPrefix:end], data[end+4:], nil
}

// parseHead reads the fields in the order of appendHead, and wants nothing left.
func (r *Record) parseHead(body []byte) bool {
	// One copy for all strings, so that they do not lie in the caller's bytes.
	h := reader{data: string(body)}
	r.Begun = h.int64()
	r.Source.Size = h.int64()
	r.Source.Modified = h.int64()
	r.PartSize = h.int64()
	r.Target.Profile = s3.Profile(h.byte())
	r.Object.SSE.Mode = s3.SSEMode(h.byte())
	r.Object.Lock.Mode = s3.LockMode(h.byte())
	r.Object.Algorithm = s3.Algorithm(h.byte())
	r.Object.ChecksumType = s3.ChecksumType(h.byte())
	r.Algorithm = s3.Algorithm(h.byte())
	flags := h.byte()
	for i, b := range r.bits() {
		*b = flags&(1<<i) != 0
	}
	for _, t := range r.texts() {
		*t.value = h.text()
	}
	r.Object.Metadata = h.fields()
	r.Object.Tags = h.fields()
	return !h.bad && h.data == "" && flags <= allBits
}

// countParts counts the frames that there seem to be: each takes its own bytes
// of data, so no claim of data's is believed.
func countParts(data []byte) int {
	n := 0
	for len(data) > 0 && n < MaxFrames {
		frame := int(data[0]) + 1 + 4
		if frame < partFrame || frame > len(data) {
			break
		}
		data = data[frame:]
		n++
	}
	return n
}

// cutPart cuts a part's frame off.
func cutPart(data []byte) (p Part, rest []byte, ok bool) {
	length := int(data[0])
	if length < partFixed || length+5 > len(data) {
		return p, nil, false
	}
	frame, rest := data[:1+length], data[1+length:]
	if checksum(frame) != uint32At(rest) {
		return p, nil, false
	}
	etag := int(frame[3])
	if etag > length-partFixed {
		return p, nil, false
	}
	p.Number = uint16(frame[1]) | uint16(frame[2])<<8
	p.ETag = frame[partFrame-4 : partFrame-4+etag : partFrame-4+etag]
	p.Digest = frame[partFrame-4+etag : len(frame) : len(frame)]
	return p, rest[4:], p.fits()
}

func uint32At(src []byte) uint32 {
	return uint32(src[0]) | uint32(src[1])<<8 | uint32(src[2])<<16 | uint32(src[3])<<24
}

// reader takes a head's body apart from the left. Once bad it gives zeros.
type reader struct {
	data string
	bad  bool
}

func (h *reader) take(n int) string {
	if n > len(h.data) {
		h.bad, h.data = true, ""
		return ""
	}
	taken := h.data[:n]
	h.data = h.data[n:]
	return taken
}

func (h *reader) byte() byte {
	if s := h.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (h *reader) uint16() int { return int(h.byte()) | int(h.byte())<<8 }

func (h *reader) int64() int64 {
	n := int64(0)
	for i := range 8 {
		n |= int64(h.byte()) << (8 * i)
	}
	return n
}

func (h *reader) text() string { return h.take(h.uint16()) }

// fields reads names and values. Each takes four bytes at least, so their
// number is bounded by what is left of the head.
func (h *reader) fields() []s3.Field {
	n := h.uint16()
	if n == 0 || n > len(h.data)/4 {
		h.bad = h.bad || n != 0
		return nil
	}
	fields := make([]s3.Field, n)
	for i := range fields {
		fields[i] = s3.Field{Name: h.text(), Value: h.text()}
	}
	return fields
}
