package s3

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	tests := []struct {
		in   string
		want int64
		ok   bool
	}{
		{"1970-01-01T00:00:00Z", 0, true},
		{"2019-11-02T15:56:35Z", 1572710195000, true},
		{"2019-11-02T15:56:35.120Z", 1572710195120, true},
		{"2019-11-02T15:56:35.123456789Z", 1572710195123, true},
		{"2019-11-02T15:56:35+00:00", 1572710195000, true},
		{"20191102T155635Z", 1572710195000, true},
		{"Sat, 02 Nov 2019 15:56:35 GMT", 1572710195000, true},
		{"Sat, 02 Nov 2019 15:56:35 +0000", 1572710195000, true},
		{"2024-02-29T00:00:00Z", 1709164800000, true},
		{"2000-02-29T00:00:00Z", 951782400000, true},
		{"9999-12-31T23:59:59Z", 253402300799000, true},
		{"2016-12-31T23:59:60Z", 1483228800000, true}, // a leap second
		{"", 0, false}, {"Z", 0, false}, {"now", 0, false}, {"0", 0, false},
		{"1969-12-31T23:59:59Z", 0, false}, {"2023-02-29T00:00:00Z", 0, false}, {"2100-02-29T00:00:00Z", 0, false},
		{"2019-13-02T15:56:35Z", 0, false}, {"2019-00-02T15:56:35Z", 0, false}, {"2019-11-31T15:56:35Z", 0, false}, {"2019-11-00T15:56:35Z", 0, false},
		{"2019-11-02T24:00:00Z", 0, false}, {"2019-11-02T15:60:00Z", 0, false}, {"2019-11-02T15:56:61Z", 0, false},
		{"2019-11-02T15:56:35", 0, false}, {"2019-11-02T15:56:35+01:00", 0, false}, {"2019-11-02 15:56:35Z", 0, false}, {"2019-11-02T15:56:35.Z", 0, false},
		{"2019-1102T155635Z", 0, false}, {"201911-02T15:56:35Z", 0, false}, {"+019-11-02T15:56:35Z", 0, false},
		{"Sat, 02 Nov 2019 15:56:35 CET", 0, false}, {"Sat, 2 Nov 2019 15:56:35 GMT", 0, false}, {"Sat, 02 ovD 2019 15:56:35 GMT", 0, false}, {"Sat, 02", 0, false}, {", ", 0, false},
	}
	for _, test := range tests {
		if got, ok := ParseTime(test.in); got != test.want || ok != test.ok {
			t.Errorf("ParseTime(%q) = %d, %t, want %d, %t", test.in, got, ok, test.want, test.ok)
		}
	}
}

// Random instants in each form, against package time.
func TestParseTime_agreesWithPackageTime(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for range 20_000 {
		at := time.UnixMilli(random.Int64N(253402300800000)).UTC()
		second := at.Truncate(time.Second)
		for form, want := range map[string]time.Time{
			at.Format("2006-01-02T15:04:05.000Z"): at, at.Format("20060102T150405Z"): second,
			at.Format("Mon, 02 Jan 2006 15:04:05 GMT"): second,
		} {
			if got, ok := ParseTime(form); !ok || got != want.UnixMilli() {
				t.Fatalf("ParseTime(%q) = %d, %t, want %d", form, got, ok, want.UnixMilli())
			}
		}
	}
}

// What we accept package time reads the same, but for the leap second, which
// it does not know.
func FuzzParseTime(f *testing.F) {
	f.Add("2019-11-02T15:56:35.120Z")
	f.Add("20191102T155635Z")
	f.Add("Sat, 02 Nov 2019 15:56:35 GMT")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseTime(s)
		if !ok || got%60_000 == 0 {
			return
		}
		for _, form := range []string{time.RFC3339Nano, "20060102T150405Z07:00", "Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2006 15:04:05 UTC", "Mon, 02 Jan 2006 15:04:05 -0700"} {
			if want, err := time.Parse(form, s); err == nil && want.UnixMilli() != got {
				t.Errorf("ParseTime(%q) = %d, package time has %d", s, got, want.UnixMilli())
			}
		}
	})
}
