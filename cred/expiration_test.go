package cred_test

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/cred"
)

func TestParseExpiration_readsWhatIssuersWrite(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     int64
	}{
		{"AWS STS", "2026-11-23T09:00:00Z", 1795424400000},
		{"JavaScript toISOString", "2026-11-23T09:00:00.000Z", 1795424400000},
		{"Ceph, nanoseconds", "2026-11-23T09:00:00.123456789Z", 1795424400123},
		{"Python isoformat", "2026-11-23T09:00:00.123456+00:00", 1795424400123},
		{"east of UTC", "2026-11-23T10:00:00+01:00", 1795424400000},
		{"west of UTC, over midnight", "2026-11-22T23:30:00-09:30", 1795424400000},
		{"unknown local offset", "2026-11-23T09:00:00-00:00", 1795424400000},
		{"offset of 23:59", "2026-11-24T08:59:00+23:59", 1795424400000},
		{"without seconds", "2026-11-23T09:00Z", 1795424400000},
		{"one digit of fraction", "2026-11-23T09:00:00.5Z", 1795424400500},
		{"fraction rounds down", "2026-11-23T09:00:00.9999Z", 1795424400999},
		{"leap day", "2028-02-29T00:00:00Z", 1835395200000},
		{"leap day of a 400th year", "2000-02-29T12:00:00Z", 951825600000},
		{"day after a leap day", "2028-03-01T00:00:00Z", 1835481600000},
		{"last second of a year", "2026-12-31T23:59:59Z", 1798761599000},
		{"beyond 32 bits", "2106-02-07T06:28:16Z", 4294967296000},
		{"first instant", "1970-01-01T00:00:00.001Z", 1},
		{"last instant", "9999-12-31T23:59:59.999Z", int64(cred.MaxExpiration)},
	} {
		got, err := cred.ParseExpiration(c.in)
		if err != nil || int64(got) != c.want {
			t.Errorf("%s: ParseExpiration(%q) = %d, %v, want %d", c.name, c.in, got, err, c.want)
		}
	}
}

func TestParseExpiration_refusesWithAReason(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"nothing", "", cred.ErrNoExpiration},
		{"date alone", "2026-11-23", cred.ErrExpirationDateOnly},
		{"impossible date alone", "2026-02-29", cred.ErrBadExpiration},
		{"no zone", "2026-11-23T09:00:00", cred.ErrExpirationNoZone},
		{"no zone, no seconds", "2026-11-23T09:00", cred.ErrExpirationNoZone},
		{"no zone, fraction", "2026-11-23T09:00:00.000", cred.ErrExpirationNoZone},
		{"the epoch itself", "1970-01-01T00:00:00Z", cred.ErrExpirationRange},
		{"before 1970", "1969-12-31T23:59:59Z", cred.ErrExpirationRange},
		{"before 1970 by its offset", "1970-01-01T00:30:00+01:00", cred.ErrExpirationRange},
		{"Go's zero time", "0001-01-01T00:00:00Z", cred.ErrExpirationRange},
		{"after 9999 by its offset", "9999-12-31T23:59:59-00:01", cred.ErrExpirationRange},
		{"JavaScript's last date", "+275760-09-13T00:00:00.000Z", cred.ErrExpirationRange},
		{"JavaScript's first date", "-271821-04-20T00:00:00.000Z", cred.ErrExpirationRange},
		{"29 February of a common year", "2027-02-29T00:00:00Z", cred.ErrBadExpiration},
		{"29 February of 2100", "2100-02-29T00:00:00Z", cred.ErrBadExpiration},
		{"31 April", "2027-04-31T00:00:00Z", cred.ErrBadExpiration},
		{"day 0", "2027-04-00T00:00:00Z", cred.ErrBadExpiration},
		{"month 0", "2027-00-01T00:00:00Z", cred.ErrBadExpiration},
		{"month 13", "2027-13-01T00:00:00Z", cred.ErrBadExpiration},
		{"24:00", "2026-11-23T24:00:00Z", cred.ErrBadExpiration},
		{"leap second", "2016-12-31T23:59:60Z", cred.ErrBadExpiration},
		{"minute 60", "2026-11-23T09:60:00Z", cred.ErrBadExpiration},
		{"offset of 24 hours", "2026-11-23T09:00:00+24:00", cred.ErrBadExpiration},
		{"offset with minute 60", "2026-11-23T09:00:00+01:60", cred.ErrBadExpiration},
		{"offset without colon", "2026-11-23T09:00:00+0100", cred.ErrBadExpiration},
		{"offset of hours alone", "2026-11-23T09:00:00+01", cred.ErrBadExpiration},
		{"typographic minus", "2026-11-23T09:00:00\u221201:00", cred.ErrBadExpiration},
		{"lower case", "2026-11-23t09:00:00z", cred.ErrBadExpiration},
		{"space for T", "2026-11-23 09:00:00Z", cred.ErrBadExpiration},
		{"basic format", "20261123T090000Z", cred.ErrBadExpiration},
		{"one-digit hour", "2026-11-23T9:00:00Z", cred.ErrBadExpiration},
		{"point without digits", "2026-11-23T09:00:00.Z", cred.ErrBadExpiration},
		{"ten digits of fraction", "2026-11-23T09:00:00.1234567890Z", cred.ErrBadExpiration},
		{"comma", "2026-11-23T09:00:00,5Z", cred.ErrBadExpiration},
		{"week date", "2026-W48-1T09:00:00Z", cred.ErrBadExpiration},
		{"HTTP date", "Mon, 23 Nov 2026 09:00:00 GMT", cred.ErrBadExpiration},
		{"JavaScript toString", "Mon Nov 23 2026 10:00:00 GMT+0100", cred.ErrBadExpiration},
		{"seconds since 1970", "1795424400", cred.ErrBadExpiration},
		{"space before", " 2026-11-23T09:00:00Z", cred.ErrBadExpiration},
		{"line end after", "2026-11-23T09:00:00Z\n", cred.ErrBadExpiration},
		{"zone twice", "2026-11-23T09:00:00ZZ", cred.ErrBadExpiration},
		{"Arabic digits", "٢٠٢٦-11-23T09:00:00Z", cred.ErrBadExpiration},
		{"Invalid Date", "Invalid Date", cred.ErrBadExpiration},
		{"very long", "2026-11-23T09:00:00Z" + strings.Repeat(" ", 1<<16), cred.ErrBadExpiration},
	} {
		got, err := cred.ParseExpiration(c.in)
		if err != c.want || got != 0 {
			t.Errorf("%s: ParseExpiration(%.40q) = %d, %v, want %v", c.name, c.in, got, err, c.want)
		}
	}
}

// Every prefix of a good text is refused: nothing is guessed from half a date.
func TestParseExpiration_refusesEveryPrefix(t *testing.T) {
	const whole = "2026-11-23T09:00:00.123456789+01:00"
	if _, err := cred.ParseExpiration(whole); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if got, err := cred.ParseExpiration(whole[:n]); err == nil {
			t.Errorf("ParseExpiration(%q) = %d, want an error", whole[:n], got)
		}
	}
}

func TestParseExpiration_equalsTimeParse(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 9))
	accepted := 0
	for range 300_000 {
		in := randomTime(random)
		accepted += compareWithTime(t, in)
	}
	if accepted < 50_000 {
		t.Errorf("%d of 300000 random texts were accepted: too few to mean anything", accepted)
	}
}

// randomTime writes a text that is a time or misses being one by little.
func randomTime(random *rand.Rand) string {
	zone := time.FixedZone("", (random.IntN(2*1439)-1439)*60)
	if random.IntN(3) == 0 {
		zone = time.UTC
	}
	at := time.Unix(random.Int64N(260_000_000_000)-3_000_000_000, random.Int64N(1e9)).In(zone)
	layout := []string{
		time.RFC3339, "2006-01-02T15:04:05.000Z07:00", "2006-01-02T15:04:05.999999999Z07:00",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02",
	}[random.IntN(6)]
	text := []byte(at.Format(layout))
	if random.IntN(2) == 0 {
		const letters = "0123456789-+:.,TZtz "
		text[random.IntN(len(text))] = letters[random.IntN(len(letters))]
	}
	return string(text)
}

var manyDigits = regexp.MustCompile(`\.\d{10}`)

// compareWithTime fails t unless ParseExpiration and time.Parse agree on in,
// but for what ParseExpiration's comment says is refused. It returns 1 if in
// was accepted.
func compareWithTime(t *testing.T, in string) int {
	t.Helper()
	got, err := cred.ParseExpiration(in)
	want, ref := time.Parse(time.RFC3339Nano, in)
	if ref != nil {
		want, ref = time.Parse("2006-01-02T15:04Z07:00", in)
	}
	if err == nil {
		if ref != nil || int64(got) != want.UnixMilli() {
			t.Errorf("ParseExpiration(%q) = %d, want what time.Parse says: %v, %v", in, got, want, ref)
		}
		return 1
	}
	var e *cred.Error
	if got != 0 || !errors.As(err, &e) {
		t.Errorf("ParseExpiration(%q) = %d, %v, want 0 and an error of the package", in, got, err)
	}
	if ref != nil {
		return 0
	}
	millis := want.UnixMilli()
	excused := millis <= 0 || millis > int64(cred.MaxExpiration) || // ErrExpirationRange
		strings.Contains(in, ",") || manyDigits.MatchString(in) || // time.Parse takes a comma and any number of digits
		len(in) > 12 && in[12] == ':' || // an hour of one digit
		len(in) > 6 && (in[len(in)-5:len(in)-3] == "24" || strings.HasSuffix(in, ":60")) // and offsets too great
	if !excused {
		t.Errorf("ParseExpiration(%q): %v, but time.Parse reads %v", in, err, want)
	}
	return 0
}

func FuzzParseExpiration(f *testing.F) {
	f.Add("2026-11-23T09:00:00.123456789+01:00")
	f.Fuzz(func(t *testing.T, in string) { compareWithTime(t, in) })
}
