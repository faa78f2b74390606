package s3

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"
	"hash/crc64"
	"math/rand/v2"
	"strings"
	"testing"
)

func set(t testing.TB, l *PartList, part uint16, etag string, digest []byte) {
	t.Helper()
	if err := l.Set(part, etag, digest); err != nil {
		t.Fatal(err)
	}
}

// Parts in random order, again and again, against a map.
func TestPartList_agreesWithAMap(t *testing.T) {
	type part struct{ etag, digest string }
	random := rand.New(rand.NewPCG(9, 10))
	var l PartList
	for round := range 3 {
		l.Reset()
		want := map[uint16]part{}
		for range 20_000 {
			n := uint16(1 + random.IntN(MaxParts))
			if random.IntN(10) == 0 {
				l.Drop(n)
				delete(want, n)
				continue
			}
			p := part{etag: strings.Repeat("e", 1+random.IntN(MaxETag)), digest: strings.Repeat("d", random.IntN(maxDigest+1))}
			set(t, &l, n, p.etag, []byte(p.digest))
			want[n] = p
		}
		if l.Count() != len(want) {
			t.Errorf("round %d: Count = %d, want %d", round, l.Count(), len(want))
		}
		for n := uint16(0); n <= MaxParts+1; n++ {
			p, there := want[n]
			etag, digest := l.Part(n)
			if l.Has(n) != there || string(etag) != p.etag || string(digest) != p.digest {
				t.Fatalf("round %d: part %d is %q, %q, want %q, %q", round, n, etag, digest, p.etag, p.digest)
			}
		}
	}
}

func TestPartListSet_limits(t *testing.T) {
	var l PartList
	etag := func(n int) string { return strings.Repeat("e", n) }
	for _, test := range []struct {
		name   string
		part   uint16
		etag   string
		digest int
		ok     bool
	}{
		{"part 0", 0, "e", 0, false}, {"part 1", 1, "e", 0, true},
		{"part 9999", MaxParts - 1, "e", 0, true}, {"part 10000", MaxParts, "e", 0, true}, {"part 10001", MaxParts + 1, "e", 0, false},
		{"no ETag", 1, "", 0, false}, {"a line break in an ETag", 1, "e\n", 0, false}, {"a space in an ETag", 1, "e f", 0, false},
		{"an ETag below the limit", 1, etag(MaxETag - 1), 0, true}, {"an ETag at the limit", 1, etag(MaxETag), maxDigest, true}, {"an ETag above", 1, etag(MaxETag + 1), 0, false},
		{"a digest at the limit", 1, "e", maxDigest, true}, {"a digest above", 1, "e", maxDigest + 1, false},
	} {
		err := l.Set(test.part, test.etag, make([]byte, test.digest))
		if (err == nil) != test.ok {
			t.Errorf("%s: %v, want ok %t", test.name, err, test.ok)
		}
		if err != nil {
			if _, ok := err.(*InputError); !ok {
				t.Errorf("%s: %T, want an InputError", test.name, err)
			}
		}
	}
}

// A part dropped at the end is not sent, one in the middle is a hole.
func TestPartList_dropped(t *testing.T) {
	var l PartList
	for n := uint16(1); n <= 3; n++ {
		set(t, &l, n, "e", nil)
	}
	l.Drop(3)
	if err := l.check(NoChecksum, false); err != nil {
		t.Errorf("parts 1 and 2: %v", err)
	}
	if body := string(l.appendXML(nil, NoChecksum)); strings.Count(body, "<Part>") != 2 || strings.Contains(body, ">3<") {
		t.Errorf("the body is %s", body)
	}
	l.Drop(1)
	checkInput(t, l.check(NoChecksum, false), CodePartMissing, "parts")
}

func TestPartList_resetKeepsMemory(t *testing.T) {
	var l PartList
	fill := func() {
		l.Reset()
		for n := uint16(1); n <= 2000; n++ {
			if l.Set(n, `"a54357aff0632cce46d942af68356b38"`, nil) != nil {
				t.Fail()
			}
		}
	}
	fill()
	if n := testing.AllocsPerRun(5, fill); n != 0 {
		t.Errorf("2000 parts into a list that had them allocate %v times, want 0", n)
	}
}

// Cloudflare's documentation, "Multipart objects", has the first vector; the
// second is computed from its definition.
func TestPartListAppendETag(t *testing.T) {
	tests := []struct {
		name  string
		parts []string
		want  string
	}{
		{"two parts", []string{`"bce6bf66aeb76c7040fdd5f4eccb78e6"`, `"8165449fc15bbf43d3b674595cbcc406"`}, `"f77dc0eecdebcd774a2a22cb393ad2ff-2"`},
		{"without quotes", []string{"bce6bf66aeb76c7040fdd5f4eccb78e6", "8165449fc15bbf43d3b674595cbcc406"}, `"f77dc0eecdebcd774a2a22cb393ad2ff-2"`},
		{"5 MiB of a and 1 KiB of b", []string{`"79b281060d337b9b2b84ccf390adcf74"`, `"bbe6402cdc9b7e2036fc97e9a91726cd"`}, `"16329fb6004d64a4fbc5bbb983fa0528-2"`},
		{"an ETag that is no MD5", []string{`"bce6bf66aeb76c7040fdd5f4eccb78e6"`, `"opaque"`}, ""},
		{"32 characters that are no hexadecimal", []string{`"zce6bf66aeb76c7040fdd5f4eccb78e6"`}, ""},
		{"a hole", []string{`"bce6bf66aeb76c7040fdd5f4eccb78e6"`, "", `"8165449fc15bbf43d3b674595cbcc406"`}, ""},
		{"no parts", nil, ""},
	}
	for _, test := range tests {
		var l PartList
		for i, etag := range test.parts {
			if etag != "" {
				set(t, &l, uint16(i+1), etag, nil)
			}
		}
		got, ok := l.AppendETag([]byte("x"))
		if string(got) != "x"+test.want || ok != (test.want != "") {
			t.Errorf("%s: AppendETag = %s, %t, want %s", test.name, got, ok, test.want)
		}
	}
}

// 5 MiB of "a" and 1 KiB of "b": the values of the whole were computed with
// other tools; the parts' digests come from Go's hash packages.
func TestPartList_checksumsOfTheWhole(t *testing.T) {
	first, second := bytes.Repeat([]byte("a"), 5<<20), bytes.Repeat([]byte("b"), 1<<10)
	list := func(sum func([]byte) []byte) *PartList {
		var l PartList
		for i, data := range [][]byte{first, second} {
			m := md5.Sum(data)
			set(t, &l, uint16(i+1), `"`+hex.EncodeToString(m[:])+`"`, sum(data))
		}
		return &l
	}
	sum32 := func(b []byte) []byte { return bigEndian(uint64(crc32.ChecksumIEEE(b)), 4) }
	sum64 := func(b []byte) []byte {
		return bigEndian(crc64.Checksum(b, crc64.MakeTable(0x9a6c9329ac4bc9b5)), 8)
	}
	sum256 := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

	if got, ok := list(sum32).AppendComposite(nil, CRC32); string(got) != "pm11MA==-2" || !ok {
		t.Errorf("composite CRC32 = %s, %t, want pm11MA==-2", got, ok)
	}
	if got, ok := list(sum256).AppendComposite(nil, SHA256); string(got) != "NLHrJlXEZEDn0NlgZhn8GLRMTzURmg2zW2TYiRdd7GU=-2" || !ok {
		t.Errorf("composite SHA256 = %s, %t", got, ok)
	}
	// From here on by the definition: the digest of the parts' digests.
	sum1 := func(b []byte) []byte { s := sha1.Sum(b); return s[:] }
	sumC := func(b []byte) []byte {
		return bigEndian(uint64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))), 4)
	}
	for a, sum := range map[Algorithm]func([]byte) []byte{CRC32C: sumC, SHA1: sum1} {
		want := base64.StdEncoding.EncodeToString(sum(append(sum(first), sum(second)...))) + "-2"
		if got, ok := list(sum).AppendComposite(nil, a); string(got) != want || !ok {
			t.Errorf("composite %v = %s, %t, want %s", a, got, ok, want)
		}
	}
	lengths := func(part uint16) int64 { return []int64{int64(len(first)), int64(len(second))}[part-1] }
	for _, test := range []struct {
		a    Algorithm
		sum  func([]byte) []byte
		want string
	}{{CRC32, sum32, "9NrqQQ=="}, {CRC64NVME, sum64, "hrdXXE6LjSo="}} {
		got, ok := list(test.sum).AppendFullObject(nil, test.a, lengths)
		if base64.StdEncoding.EncodeToString(got) != test.want || !ok {
			t.Errorf("full object %v = %x, %t, want %s", test.a, got, ok, test.want)
		}
	}
	refused := []struct {
		name string
		ok   func() bool
	}{
		{"a composite CRC64NVME", func() bool { _, ok := list(sum64).AppendComposite(nil, CRC64NVME); return ok }},
		{"a composite of nothing", func() bool { _, ok := list(sum32).AppendComposite(nil, NoChecksum); return ok }},
		{"digests of another size", func() bool { _, ok := list(sum32).AppendComposite(nil, SHA1); return ok }},
		{"a full object SHA256", func() bool { _, ok := list(sum256).AppendFullObject(nil, SHA256, lengths); return ok }},
		{"a full object of digests of another size", func() bool { _, ok := list(sum32).AppendFullObject(nil, CRC64NVME, lengths); return ok }},
	}
	for _, test := range refused {
		if test.ok() {
			t.Errorf("%s is computed", test.name)
		}
	}
}

func bigEndian(v uint64, size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[size-1-i] = byte(v >> (8 * i))
	}
	return out
}
