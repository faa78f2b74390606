package journal

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// small is a record as most are, with three parts.
func small() Record {
	return Record{
		Begun:     1_790_000_000_000,
		Target:    s3.Target{Region: "eu-west-1", Bucket: "photos"},
		Object:    s3.Object{Key: "u/42/a.mov", ContentType: "video/quicktime", Algorithm: s3.CRC64NVME},
		Source:    Source{Name: "a.mov", Size: 20 << 20, Modified: 1_700_000_000_123, Print: "00112233445566ff"},
		UploadID:  "VXBsb2FkIElE",
		PartSize:  8 << 20,
		Algorithm: s3.CRC64NVME,
		Parts: []Part{
			{1, []byte(`"9b2cf535f27731c974343645a3985328"`), []byte("digest-1")},
			{3, nil, []byte("digest-3")},
			{2, []byte(`"0cc175b9c0f1b6a831c399e269772661"`), nil},
		},
	}
}

// full is a record with every field set, each to something of its own.
func full() Record {
	r := Record{
		Begun: math.MaxInt64,
		Target: s3.Target{
			Endpoint: "https://store.example.com:9000", Region: "auto", Bucket: "some-bucket", SendTo: "https://cdn.example.com",
			VirtualHost: true, Accelerate: true, Profile: s3.ProfileMinIO, ExpectedBucketOwner: "111122223333",
		},
		Object: s3.Object{
			Key: "ключ/\U0001f600\x00", ContentType: "text/plain", CacheControl: "no-cache", ContentDisposition: "inline",
			ContentEncoding: "gzip", ContentLanguage: "mt", Expires: "Wed, 21 Oct 2026 07:28:00 GMT",
			Metadata: []s3.Field{{Name: "album", Value: "x"}, {Name: "empty", Value: ""}},
			Tags:     []s3.Field{{Name: "project", Value: "blue"}},
			ACL:      "public-read", StorageClass: "STANDARD_IA", WebsiteRedirect: "/elsewhere",
			SSE:       s3.SSE{Mode: s3.SSEKMSDual, KMSKeyID: "alias/k", KMSContext: `{"a":"b"}`, BucketKey: true},
			Lock:      s3.ObjectLock{Mode: s3.LockCompliance, RetainUntil: "2030-01-31T00:00:00Z", LegalHold: true},
			Algorithm: s3.SHA256, ChecksumType: s3.Composite,
		},
		Source:    Source{Name: "/srv/video files/a.mov", Size: s3.MaxObjectSize, Modified: -1, Print: "p"},
		UploadID:  "U",
		PartSize:  s3.MaxPartSize,
		Algorithm: s3.SHA256,
		Parts:     []Part{{s3.MaxParts, []byte(`"e"`), bytes.Repeat([]byte{0xff}, 32)}},
	}
	return r
}

func mustParse(t *testing.T, data []byte) Record {
	t.Helper()
	var r Record
	if whole, err := Parse(data, &r); !whole || err != nil {
		t.Fatalf("Parse = %v, %v, want a whole record", whole, err)
	}
	return r
}

func TestParse_givesWhatWasAppended(t *testing.T) {
	for name, r := range map[string]Record{"small": small(), "full": full()} {
		if got := mustParse(t, r.Append(nil)); !same(got, r) {
			t.Errorf("%s: got\n%+v, want\n%+v", name, got, r)
		}
	}
}

// same compares records; an ETag or a digest of no bytes is none.
func same(a, b Record) bool {
	equal := len(a.Parts) == len(b.Parts)
	for i := range a.Parts {
		equal = equal && a.Parts[i].Number == b.Parts[i].Number && bytes.Equal(a.Parts[i].ETag, b.Parts[i].ETag) && bytes.Equal(a.Parts[i].Digest, b.Parts[i].Digest)
	}
	a.Parts, b.Parts = nil, nil
	return equal && reflect.DeepEqual(a, b)
}

// A field that is added to Record, Target or Object must be stored, or named
// here as one that is not.
func TestParse_givesEveryField(t *testing.T) {
	const unset = "Target.PathStyle Target.DualStack Target.WholeEndpoint Target.SignedHost Object.SSE.CustomerKey Object.Digest Object.IfNoneMatch Object.IfMatch"
	var found []string
	var walk func(name string, v reflect.Value)
	walk = func(name string, v reflect.Value) {
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				walk(strings.TrimPrefix(name+"."+v.Type().Field(i).Name, "."), v.Field(i))
			}
			return
		}
		if v.IsZero() {
			found = append(found, name)
		}
	}
	r := full()
	walk("", reflect.ValueOf(mustParse(t, r.Append(nil))))
	if got := strings.Join(found, " "); got != unset {
		t.Errorf("fields that are not set: %v, want %v", got, unset)
	}
}

// Choices are stored as their numbers: those must stay as they are.
func TestRecord_choicesKeepTheirNumbers(t *testing.T) {
	for i, name := range []string{"aws", "minio", "ceph", "r2", "b2", "gcs", "seaweedfs", "versitygw"} {
		if got := s3.Profile(i).String(); got != name {
			t.Errorf("profile %d is %s, and was %s when records were written", i, got, name)
		}
	}
	for i, name := range []string{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "MD5"} {
		if got := s3.Algorithm(i).String(); got != name {
			t.Errorf("algorithm %d is %s, and was %s when records were written", i, got, name)
		}
	}
	for i, name := range []string{"", "FULL_OBJECT", "COMPOSITE"} {
		if got := s3.ChecksumType(i).String(); got != name {
			t.Errorf("checksum type %d is %s, and was %s when records were written", i, got, name)
		}
	}
	if got := [...]s3.SSEMode{s3.SSENone, s3.SSES3, s3.SSEKMS, s3.SSEKMSDual, s3.SSECustomer}; got != [...]s3.SSEMode{0, 1, 2, 3, 4} {
		t.Errorf("the SSE modes are %d", got)
	}
	if got := [...]s3.LockMode{s3.LockNone, s3.LockGovernance, s3.LockCompliance}; got != [...]s3.LockMode{0, 1, 2} {
		t.Errorf("the lock modes are %d", got)
	}
}

func TestAppend_keepsSecretsOut(t *testing.T) {
	r := small()
	r.Object.SSE = s3.SSE{Mode: s3.SSECustomer, CustomerKey: s3.CustomerKey([]byte("0123456789abcdef0123456789abcdef"))}
	r.Object.Digest, r.Object.IfNoneMatch, r.Object.IfMatch = []byte("the-digest"), "*", `"an-etag"`
	data := r.Append(nil)
	for _, secret := range []string{"0123456789abcdef", "the-digest", "an-etag"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the record contains %q", secret)
		}
	}
	o := mustParse(t, data).Object
	if want := (s3.SSE{Mode: s3.SSECustomer}); o.SSE != want || o.Digest != nil || o.IfNoneMatch != "" || o.IfMatch != "" {
		t.Errorf("parsed to %+v", o)
	}
}

func TestAppendPart_makesTheSameBytesAsAppend(t *testing.T) {
	r := small()
	want := r.Append(nil)
	head := r
	head.Parts = nil
	got := head.Append([]byte("before"))
	for _, p := range r.Parts {
		got = AppendPart(got, p)
	}
	if !bytes.Equal(got, append([]byte("before"), want...)) {
		t.Errorf("a record grown part by part is\n%q, want\n%q", got, want)
	}
}

func TestParse_everyTruncationIsAPrefixOrCorrupt(t *testing.T) {
	want := small()
	data := want.Append(nil)
	headOnly := want
	headOnly.Parts = nil
	head := len(headOnly.Append(nil))
	ends := map[int]int{head: 0} // length: parts
	for i, end := 0, head; i < len(want.Parts); i++ {
		end = len(AppendPart(make([]byte, end), want.Parts[i]))
		ends[end] = i + 1
	}
	parts := 0
	for n := range len(data) + 1 {
		var r Record
		whole, err := Parse(data[:n:n], &r)
		complete, atEnd := ends[n]
		if atEnd {
			parts = complete
		}
		prefix := want
		prefix.Parts = want.Parts[:parts]
		switch {
		case n < head:
			if err != ErrCorrupt || whole || !same(r, Record{}) {
				t.Fatalf("%d bytes, which is less than a head: %v, %v, %+v", n, whole, err, r)
			}
		case err != nil || whole != atEnd || !same(r, prefix):
			t.Fatalf("%d bytes: %v, %v, %+v; want %d parts", n, whole, err, r, parts)
		}
	}
}

func TestParse_everyFlippedBitIsNoticed(t *testing.T) {
	for name, want := range map[string]Record{"small": small(), "full": full()} {
		data := want.Append(nil)
		headOnly := want
		headOnly.Parts = nil
		head := len(headOnly.Append(nil))
		for i := range len(data) * 8 {
			data[i/8] ^= 1 << (i % 8)
			var r Record
			whole, err := Parse(data, &r)
			switch {
			case whole:
				t.Fatalf("%s: byte %d, bit %d: not noticed", name, i/8, i%8)
			case i/8 < head && err != ErrCorrupt:
				t.Fatalf("%s: byte %d, bit %d of the head: %v, want %v", name, i/8, i%8, err, ErrCorrupt)
			case i/8 >= head && err != nil:
				t.Fatalf("%s: byte %d, bit %d of a part: %v", name, i/8, i%8, err)
			}
			if prefix := want; err == nil {
				if prefix.Parts = want.Parts[:len(r.Parts)]; !same(r, prefix) {
					t.Fatalf("%s: byte %d, bit %d: %+v", name, i/8, i%8, r)
				}
			}
			data[i/8] ^= 1 << (i % 8)
		}
	}
}

// A file system may lengthen a file before it writes what is new in it.
func TestParse_zerosAtTheEndAreTorn(t *testing.T) {
	want := small()
	data := want.Append(nil)
	for n := 1; n < 2*MaxPartFrame; n++ {
		var r Record
		if whole, err := Parse(append(data[:len(data):len(data)], make([]byte, n)...), &r); whole || err != nil || !same(r, want) {
			t.Fatalf("%d zeros: %v, %v, %+v", n, whole, err, r)
		}
	}
}

func TestParse_laterVersionIsToldFromDamage(t *testing.T) {
	r := small()
	data := r.Append(nil)
	length := int(uint32At(data[headPrefix-4:]))
	for v := 2; v < 256; v++ {
		data[len(magic)] = byte(v)
		put32(data[headPrefix+length:], checksum(data[:headPrefix+length]))
		if _, err := Parse(data, &r); !errors.Is(err, ErrVersion) || !same(r, Record{}) {
			t.Fatalf("version %d: %v", v, err)
		}
	}
	data[len(magic)] = 0
	put32(data[headPrefix+length:], checksum(data[:headPrefix+length]))
	if _, err := Parse(data, &r); !errors.Is(err, ErrCorrupt) {
		t.Errorf("version 0: %v", err)
	}
}

func TestParse_keepsCapacityOnly(t *testing.T) {
	big, little := small(), full()
	r := mustParse(t, big.Append(nil))
	before := cap(r.Parts)
	if whole, err := Parse(little.Append(nil), &r); !whole || err != nil || !same(r, little) || cap(r.Parts) != before {
		t.Errorf("parsed over another record: %v, %v, %+v", whole, err, r)
	}
	if _, err := Parse(nil, &r); err != ErrCorrupt || !same(r, Record{}) {
		t.Errorf("no bytes: %v, %+v", err, r)
	}
}

func TestParse_partsCannotGrowIntoEachOther(t *testing.T) {
	r := small()
	r = mustParse(t, r.Append(nil))
	_ = append(r.Parts[0].ETag, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"...)
	_ = append(r.Parts[0].Digest, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"...)
	if want := small(); !same(r, want) {
		t.Errorf("appending to one part's bytes gave %+v", r)
	}
}

// random is a record of anything that fits.
func random(g *rand.Rand) Record {
	var r Record
	for _, t := range r.texts() {
		*t.value = strings.Repeat(string(rune('a'+g.IntN(26))), g.IntN(min(t.max, 40)+1))
	}
	for _, b := range r.bits() {
		*b = g.IntN(2) == 0
	}
	r.Object.Key += "k"
	r.UploadID += "u"
	r.Begun, r.PartSize = g.Int64(), 1+g.Int64N(s3.MaxPartSize)
	r.Source.Size, r.Source.Modified = g.Int64()-1, int64(g.Uint64())
	r.Object.SSE.Mode, r.Object.Lock.Mode = s3.SSEMode(g.IntN(5)), s3.LockMode(g.IntN(3))
	r.Object.Algorithm, r.Algorithm = s3.Algorithm(g.IntN(7)), s3.Algorithm(g.IntN(7))
	r.Object.ChecksumType = s3.ChecksumType(g.IntN(3))
	for range g.IntN(3) {
		r.Object.Metadata = append(r.Object.Metadata, s3.Field{Name: "n", Value: strings.Repeat("v", g.IntN(9))})
		r.Object.Tags = append(r.Object.Tags, s3.Field{Name: "", Value: "t"})
	}
	for range g.IntN(20) {
		p := Part{Number: uint16(1 + g.IntN(s3.MaxParts)), ETag: bytes.Repeat([]byte("e"), g.IntN(s3.MaxETag+1))}
		if g.IntN(2) == 0 {
			p.Digest = bytes.Repeat([]byte("d"), r.Algorithm.Size())
		}
		r.Parts = append(r.Parts, p)
	}
	return r
}

func TestParse_randomRecords(t *testing.T) {
	for seed := range uint64(2000) {
		want := random(rand.New(rand.NewPCG(seed, 0)))
		if got := mustParse(t, want.Append(nil)); !same(got, want) {
			t.Fatalf("seed %d: got\n%+v, want\n%+v", seed, got, want)
		}
	}
}
