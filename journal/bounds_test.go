package journal

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// largest is the longest record that there can be.
func largest() Record {
	r := full()
	for _, t := range r.texts() {
		*t.value = strings.Repeat("x", t.max)
	}
	r.Object.Metadata = make([]s3.Field, s3.MaxMetadata)
	for i := range r.Object.Metadata {
		r.Object.Metadata[i].Name = "n"
	}
	r.Object.Tags = make([]s3.Field, s3.MaxTags)
	for i := range r.Object.Tags {
		r.Object.Tags[i] = s3.Field{Name: strings.Repeat("n", maxTagName), Value: strings.Repeat("v", maxTagValue)}
	}
	r.Parts = make([]Part, MaxFrames)
	for i := range r.Parts {
		r.Parts[i] = Part{uint16(1 + i%s3.MaxParts), bytes.Repeat([]byte("e"), s3.MaxETag), bytes.Repeat([]byte("d"), maxDigest)}
	}
	return r
}

func TestRecord_longestIsMaxRecord(t *testing.T) {
	r := largest()
	data := r.Append(nil)
	if head := len(r.appendHead(nil)); head != MaxHead || len(data) != MaxRecord {
		t.Errorf("head %d bytes, record %d; want %d, %d", head, len(data), MaxHead, MaxRecord)
	}
	if got := mustParse(t, data); !same(got, r) {
		t.Error("the longest record parses to another")
	}
	if _, err := Parse(append(data, 0), new(Record)); err != ErrCorrupt {
		t.Errorf("a byte more than MaxRecord: %v", err)
	}
	// What the module's boundary carries, less what its frame takes.
	if MaxRecord > 4<<20-1<<10 {
		t.Errorf("MaxRecord is %d bytes: more than wire carries", MaxRecord)
	}
}

// refused expects what is beyond a bound not to be read.
func refused(t *testing.T, what string, r Record) {
	t.Helper()
	if r.Fits() {
		t.Errorf("%s fits", what)
	}
	var got Record
	if _, err := Parse(r.Append(nil), &got); err != ErrCorrupt || !same(got, Record{}) {
		t.Errorf("%s is read: %v, %.100v", what, err, got)
	}
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}

func fits(t *testing.T, what string, r Record) {
	t.Helper()
	if !r.Fits() {
		t.Errorf("%s does not fit", what)
		return
	}
	var got Record
	if whole, err := Parse(r.Append(nil), &got); !whole || err != nil || !same(got, r) {
		t.Errorf("%s: %v, %v, %.200v", what, whole, err, got)
	}
}

func TestRecord_boundsOfTexts(t *testing.T) {
	r := small()
	r.Parts = nil
	for i, text := range r.texts() {
		for _, length := range []int{text.max - 1, text.max, text.max + 1, maxCount, maxCount + 1, maxCount + 1 + text.max} {
			r := r
			*r.texts()[i].value = strings.Repeat("x", length)
			what := strings.TrimLeft(*text.value+" (text "+string(rune('a'+i))+")", " ")
			if length > text.max {
				refused(t, what, r)
			} else {
				fits(t, what, r)
			}
		}
	}
}

func TestRecord_bounds(t *testing.T) {
	for _, one := range []struct {
		what   string
		fits   bool
		change func(r *Record)
	}{
		{"no key", false, func(r *Record) { r.Object.Key = "" }},
		{"no upload ID", false, func(r *Record) { r.UploadID = "" }},
		{"before 1970", false, func(r *Record) { r.Begun = -1 }},
		{"1970", true, func(r *Record) { r.Begun = 0 }},
		{"a stream", true, func(r *Record) { r.Source.Size = -1 }},
		{"less than a stream", false, func(r *Record) { r.Source.Size = -2 }},
		{"a file from before 1970", true, func(r *Record) { r.Source.Modified = -1 << 63 }},
		{"no part size", false, func(r *Record) { r.PartSize = 0 }},
		{"the smallest part size", true, func(r *Record) { r.PartSize = 1 }},
		{"the largest part size", true, func(r *Record) { r.PartSize = s3.MaxPartSize }},
		{"too large a part size", false, func(r *Record) { r.PartSize = s3.MaxPartSize + 1 }},
		{"the last profile", true, func(r *Record) { r.Target.Profile = s3.ProfileVersityGW }},
		{"an unknown profile", false, func(r *Record) { r.Target.Profile = 255 }},
		{"the last SSE mode", true, func(r *Record) { r.Object.SSE.Mode = s3.SSECustomer }},
		{"an unknown SSE mode", false, func(r *Record) { r.Object.SSE.Mode = s3.SSECustomer + 1 }},
		{"the last lock mode", true, func(r *Record) { r.Object.Lock.Mode = s3.LockCompliance }},
		{"an unknown lock mode", false, func(r *Record) { r.Object.Lock.Mode = s3.LockCompliance + 1 }},
		{"the last algorithm", true, func(r *Record) { r.Object.Algorithm = s3.ContentMD5 }},
		{"an unknown algorithm", false, func(r *Record) { r.Object.Algorithm = s3.ContentMD5 + 1 }},
		{"the last algorithm of parts", true, func(r *Record) { r.Algorithm = s3.ContentMD5 }},
		{"an unknown algorithm of parts", false, func(r *Record) { r.Algorithm = s3.ContentMD5 + 1 }},
		{"the last type", true, func(r *Record) { r.Object.ChecksumType = s3.Composite }},
		{"an unknown type", false, func(r *Record) { r.Object.ChecksumType = s3.Composite + 1 }},
		{"all tags", true, func(r *Record) { r.Object.Tags = make([]s3.Field, s3.MaxTags) }},
		{"a tag too many", false, func(r *Record) { r.Object.Tags = make([]s3.Field, s3.MaxTags+1) }},
		{"all metadata in one", true, func(r *Record) {
			r.Object.Metadata = []s3.Field{{Name: "n", Value: strings.Repeat("v", s3.MaxMetadata-1)}}
		}},
		{"a byte of metadata too many", false, func(r *Record) {
			r.Object.Metadata = []s3.Field{{Name: "n", Value: strings.Repeat("v", s3.MaxMetadata)}}
		}},
		{"as many metadata as bytes", true, func(r *Record) { r.Object.Metadata = make([]s3.Field, s3.MaxMetadata) }},
		{"metadata without end", false, func(r *Record) { r.Object.Metadata = make([]s3.Field, maxCount+2) }},
		{"more metadata than bytes", false, func(r *Record) { r.Object.Metadata = make([]s3.Field, s3.MaxMetadata+1) }},
	} {
		r := small()
		r.Parts = nil
		one.change(&r)
		if one.fits {
			fits(t, one.what, r)
		} else {
			refused(t, one.what, r)
		}
	}
}

// A length that wrapped would let the rest of a text pass for the fields after
// it. One that is cut is beyond every bound.
func TestAppend_cutsWhatTwoBytesCannotCount(t *testing.T) {
	for _, length := range []int{maxCount, maxCount + 1, 3 * maxCount} {
		got := appendText(nil, strings.Repeat("x", length))
		if !bytes.HasPrefix(got, []byte("\xff\xffx")) || len(got) != 2+maxCount {
			t.Errorf("a text of %d bytes is written as %d, %q", length, len(got), got[:3])
		}
	}
	r := small()
	for _, text := range r.texts() {
		if text.max >= maxCount {
			t.Errorf("a text's bound is %d", text.max)
		}
	}
}

// sealPart makes a frame of any bytes.
func sealPart(inner ...byte) []byte {
	frame := append([]byte{byte(len(inner))}, inner...)
	return append32(frame, checksum(frame))
}

func TestParse_boundsOfParts(t *testing.T) {
	r := small()
	r.Parts = r.Parts[:1]
	before := r.Append(nil)
	digest := make([]byte, r.Algorithm.Size())
	for _, one := range []struct {
		what  string
		whole bool
		frame []byte
	}{
		{"part 1", true, sealPart(1, 0, 0)},
		{"part 10,000", true, sealPart(0x10, 0x27, 0)},
		{"part 0", false, sealPart(0, 0, 0)},
		{"part 10,001", false, sealPart(0x11, 0x27, 0)},
		{"no ETag's length", false, sealPart(1, 0)},
		{"nothing", false, sealPart()},
		{"an ETag longer than the frame", false, sealPart(1, 0, 1)},
		{"the longest ETag", true, sealPart(append([]byte{1, 0, s3.MaxETag}, make([]byte, s3.MaxETag)...)...)},
		{"too long an ETag", false, sealPart(append([]byte{1, 0, s3.MaxETag + 1}, make([]byte, s3.MaxETag+1)...)...)},
		{"a digest", true, sealPart(append([]byte{1, 0, 0}, digest...)...)},
		{"a digest of another algorithm", false, sealPart(append([]byte{1, 0, 0, 0}, digest...)...)},
		{"a shorter digest", false, sealPart(append([]byte{1, 0, 0}, digest[1:]...)...)},
	} {
		var got Record
		whole, err := Parse(append(before[:len(before):len(before)], one.frame...), &got)
		want := 1
		if one.whole {
			want = 2
		}
		if err != nil || whole != one.whole || len(got.Parts) != want {
			t.Errorf("%s: %v, %v, %d parts", one.what, whole, err, len(got.Parts))
		}
	}
}

func TestAppendPart_refusesWhatCannotBeRead(t *testing.T) {
	for _, p := range []Part{
		{Number: 0}, {Number: s3.MaxParts + 1},
		{Number: 1, ETag: make([]byte, s3.MaxETag+1)}, {Number: 1, Digest: make([]byte, maxDigest+1)},
	} {
		if !panics(func() { AppendPart(nil, p) }) {
			t.Errorf("part %d, ETag of %d bytes, digest of %d: written", p.Number, len(p.ETag), len(p.Digest))
		}
	}
	r := small()
	r.Parts[0].Digest = r.Parts[0].Digest[1:]
	if whole, err := Parse(r.Append(nil), new(Record)); r.Fits() || whole || err != nil {
		t.Errorf("a record with a digest of another algorithm: %v, %v", whole, err)
	}
}

func TestParse_boundOfFrames(t *testing.T) {
	r := small()
	r.Parts = make([]Part, MaxFrames)
	for i := range r.Parts {
		r.Parts[i].Number = 1
	}
	fits(t, "MaxFrames parts", r)
	data := AppendPart(r.Append(nil), Part{Number: 2})
	var got Record
	if whole, err := Parse(data, &got); whole || err != nil || !same(got, r) {
		t.Errorf("a part more than MaxFrames: %v, %v, %d parts", whole, err, len(got.Parts))
	}
	r.Parts = append(r.Parts, Part{Number: 2})
	if r.Fits() {
		t.Error("a record of more than MaxFrames parts fits")
	}
}

// What a record says of its lengths is not believed before it is seen.
func TestParse_allocatesForWhatIsThere(t *testing.T) {
	r := small()
	r.Parts, r.Object.Metadata, r.Object.Tags = nil, nil, nil
	head := r.appendHead(nil)
	body := len(head) - 4
	claims := bytes.Clone(head)
	copy(claims[body-4:], "\xff\xff\x00\x00") // 65,535 metadata, and no bytes for them
	claims = append32(claims[:body], checksum(claims[:body]))
	long := bytes.Clone(head)
	put32(long[headPrefix-4:], 1<<32-1)
	for what, data := range map[string][]byte{"metadata": claims, "a body": long} {
		var got Record
		if _, err := Parse(data, &got); err != ErrCorrupt {
			t.Errorf("%s: %v", what, err)
		}
		const runs = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			Parse(data, &got)
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / runs; each > uint64(10*len(head)) {
			t.Errorf("%s that is only claimed costs %d bytes", what, each)
		}
	}
}

// tenThousand is what a large upload leaves: ETags of MD5, CRC-64 digests.
func tenThousand() Record {
	r := small()
	r.Parts = make([]Part, s3.MaxParts)
	for i := range r.Parts {
		r.Parts[i] = Part{uint16(i + 1), []byte(`"9b2cf535f27731c974343645a3985328"`), []byte("12345678")}
	}
	return r
}

func TestParse_tenThousandPartsAllocateOnce(t *testing.T) {
	want := tenThousand()
	data := want.Append(nil)
	t.Logf("%d bytes", len(data))
	if len(data) > 512<<10 {
		t.Errorf("10,000 parts take %d bytes", len(data))
	}
	// The head's strings, and the parts.
	if n := testing.AllocsPerRun(5, func() { Parse(data, new(Record)) }); n > 3 {
		t.Errorf("Parse allocates %v times, want the record, its strings and its parts", n)
	}
	var r Record
	Parse(data, &r)
	if n := testing.AllocsPerRun(5, func() { Parse(data, &r) }); n > 1 {
		t.Errorf("Parse into a used record allocates %v times, want its strings", n)
	}
	buffer := make([]byte, 0, MaxPartFrame)
	if n := testing.AllocsPerRun(5, func() { AppendPart(buffer, want.Parts[0]) }); n != 0 {
		t.Errorf("AppendPart allocates %v times", n)
	}
}

func BenchmarkParse_tenThousandParts(b *testing.B) {
	want := tenThousand()
	data := want.Append(nil)
	var r Record
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if whole, err := Parse(data, &r); !whole || err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend_tenThousandParts(b *testing.B) {
	r := tenThousand()
	buffer := r.Append(nil)
	b.SetBytes(int64(len(buffer)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = r.Append(buffer[:0])
	}
}

func BenchmarkAppendPart(b *testing.B) {
	r := tenThousand()
	buffer := make([]byte, 0, MaxPartFrame)
	b.ReportAllocs()
	for b.Loop() {
		AppendPart(buffer, r.Parts[0])
	}
}
