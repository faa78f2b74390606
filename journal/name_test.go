package journal

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// The hash as the standard library has it.
func TestName_isFNV1a(t *testing.T) {
	target := s3.Target{Endpoint: "https://store.example.com:9000", Bucket: "photos"}
	for _, key := range []string{"", "k", "ключ/\U0001f600", strings.Repeat("k", s3.MaxKeyBytes)} {
		for _, size := range []int64{-1, 0, 1, s3.MaxObjectSize} {
			want := fnv.New128a()
			for _, text := range []string{"https://store.example.com:9000", "photos", key, "a.mov"} {
				binary.Write(want, binary.LittleEndian, int64(len(text)))
				want.Write([]byte(text))
			}
			binary.Write(want, binary.LittleEndian, size)
			got := Name(&target, key, &Source{Name: "a.mov", Size: size, Modified: 1, Print: "p"})
			if got != hex.EncodeToString(want.Sum(nil)) || len(got) != NameBytes {
				t.Errorf("Name of %.20q, %d bytes = %s, want %x", key, size, got, want.Sum(nil))
			}
		}
	}
}

// Names lie on disks: they must never change.
func TestName_staysTheSame(t *testing.T) {
	got := Name(&s3.Target{Region: "eu-west-1", Bucket: "photos"}, "u/42/a.mov", &Source{Name: "a.mov", Size: 20 << 20})
	if want := "59027d39fe151f291286a8261dcbb4eb"; got != want {
		t.Errorf("Name = %s, want %s", got, want)
	}
}

func TestName_isOfWhatItSays(t *testing.T) {
	base := func() (s3.Target, string, Source) {
		return s3.Target{Endpoint: "https://store.example.com", Bucket: "photos"}, "key", Source{Name: "name", Size: 5}
	}
	for _, one := range []struct {
		what   string
		change func(t *s3.Target, key *string, s *Source)
		same   bool
	}{
		{"a slash after the host", func(t *s3.Target, _ *string, _ *Source) { t.Endpoint += "/" }, true},
		{"the scheme's port", func(t *s3.Target, _ *string, _ *Source) { t.Endpoint += ":443" }, true},
		{"capitals in the host", func(t *s3.Target, _ *string, _ *Source) { t.Endpoint = "HTTPS://Store.Example.Com" }, true},
		{"a region", func(t *s3.Target, _ *string, _ *Source) { t.Region = "auto" }, true},
		{"a profile", func(t *s3.Target, _ *string, _ *Source) { t.Profile = s3.ProfileMinIO }, true},
		{"style and detour", func(t *s3.Target, _ *string, _ *Source) { t.PathStyle, t.SendTo = true, "https://cdn.example.com" }, true},
		{"time and fingerprint", func(_ *s3.Target, _ *string, s *Source) { s.Modified, s.Print = 5, "p" }, true},
		{"another port", func(t *s3.Target, _ *string, _ *Source) { t.Endpoint += ":80" }, false},
		{"another scheme", func(t *s3.Target, _ *string, _ *Source) { t.Endpoint = "http://store.example.com" }, false},
		{"no endpoint", func(t *s3.Target, _ *string, _ *Source) { t.Endpoint = "" }, false},
		{"another bucket", func(t *s3.Target, _ *string, _ *Source) { t.Bucket = "photoz" }, false},
		{"another key", func(_ *s3.Target, key *string, _ *Source) { *key = "Key" }, false},
		{"another name", func(_ *s3.Target, _ *string, s *Source) { s.Name = "names" }, false},
		{"another size", func(_ *s3.Target, _ *string, s *Source) { s.Size = 6 }, false},
		{"the end of one text at the start of the next", func(_ *s3.Target, key *string, s *Source) { *key, s.Name = "keyn", "ame" }, false},
		{"two texts in place of each other", func(_ *s3.Target, key *string, s *Source) { *key, s.Name = s.Name, *key }, false},
	} {
		target, key, source := base()
		want := Name(&target, key, &source)
		one.change(&target, &key, &source)
		if got := Name(&target, key, &source); (got == want) != one.same {
			t.Errorf("%s: %s and %s", one.what, want, got)
		}
	}
	aws, gcs := s3.Target{Bucket: "photos"}, s3.Target{Bucket: "photos", Profile: s3.ProfileGCS}
	if Name(&aws, "k", &Source{}) == Name(&gcs, "k", &Source{}) {
		t.Error("the same name for two stores that need no endpoint")
	}
}

func BenchmarkName(b *testing.B) {
	target := s3.Target{Endpoint: "https://store.example.com:9000", Bucket: "photos"}
	source := Source{Name: "/srv/video files/a.mov", Size: 20 << 20}
	b.ReportAllocs()
	for b.Loop() {
		Name(&target, "users/alice/holiday/a.mov", &source)
	}
}
