package sign

// UnixMilli is a wall-clock time: milliseconds since 1970-01-01T00:00:00Z.
//
// The Append methods write it in UTC, in the three forms that signatures use.
// They know the years 1970 to 9999; a time outside them is written as the
// nearest time inside.
type UnixMilli int64

const (
	millisPerDay  = 24 * 60 * 60 * 1000
	lastUnixMilli = 253402300799999 // 9999-12-31T23:59:59.999Z
)

// AppendAMZDate appends t as x-amz-date has it: 20130524T000000Z.
func (t UnixMilli) AppendAMZDate(dst []byte) []byte {
	dst = append(t.appendDate(dst, ""), 'T')
	return append(t.appendTime(dst, ""), 'Z')
}

// AppendScopeDate appends the day of t as a credential scope has it: 20130524.
func (t UnixMilli) AppendScopeDate(dst []byte) []byte { return t.appendDate(dst, "") }

// AppendISO8601 appends t with its milliseconds: 2015-12-30T12:00:00.000Z.
func (t UnixMilli) AppendISO8601(dst []byte) []byte {
	dst = append(t.appendDate(dst, "-"), 'T')
	dst = append(t.appendTime(dst, ":"), '.')
	return append(appendDigits(dst, int64(t.clamp())%1000, 3), 'Z')
}

// AppendHTTPDate appends t as an HTTP date: Tue, 27 Mar 2007 19:36:42 GMT.
//
// RFC 9110, section 5.6.7.
func (t UnixMilli) AppendHTTPDate(dst []byte) []byte {
	const weekdays, months = "ThuFriSatSunMonTueWed", "JanFebMarAprMayJunJulAugSepOctNovDec"
	weekday := t.day() % 7 * 3 // 1970-01-01 was a Thursday
	year, month, day := t.civil()
	dst = append(dst, weekdays[weekday:weekday+3]...)
	dst = append(dst, ", "...)
	dst = append(appendDigits(dst, day, 2), ' ')
	dst = append(dst, months[3*month-3:3*month]...)
	dst = append(appendDigits(append(dst, ' '), year, 4), ' ')
	return append(t.appendTime(dst, ":"), " GMT"...)
}

func (t UnixMilli) clamp() UnixMilli { return min(max(t, 0), lastUnixMilli) }

// day counts days since 1970-01-01.
func (t UnixMilli) day() int64 { return int64(t.clamp()) / millisPerDay }

func (t UnixMilli) appendDate(dst []byte, separator string) []byte {
	year, month, day := t.civil()
	dst = append(appendDigits(dst, year, 4), separator...)
	dst = append(appendDigits(dst, month, 2), separator...)
	return appendDigits(dst, day, 2)
}

func (t UnixMilli) appendTime(dst []byte, separator string) []byte {
	second := int64(t.clamp()) / 1000 % (24 * 60 * 60)
	dst = append(appendDigits(dst, second/3600, 2), separator...)
	dst = append(appendDigits(dst, second/60%60, 2), separator...)
	return appendDigits(dst, second%60, 2)
}

// civil is the Gregorian date of t. Years are counted from 1 March of the year
// 0, so that the leap day is the last of its year, and in eras of 400 years,
// which all have 146,097 days.
func (t UnixMilli) civil() (year, month, day int64) {
	const marchOfYear0 = 719468 // days from 0000-03-01 to 1970-01-01
	era, inEra := (t.day()+marchOfYear0)/146097, (t.day()+marchOfYear0)%146097
	yearInEra := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	inYear := inEra - (365*yearInEra + yearInEra/4 - yearInEra/100)
	fromMarch := (5*inYear + 2) / 153 // months: 31 30 31 30 31, twice and a bit
	year, month, day = 400*era+yearInEra, fromMarch+3, inYear-(153*fromMarch+2)/5+1
	if month > 12 {
		return year + 1, month - 12, day
	}
	return year, month, day
}

// appendDigits appends n, which has at most width decimal digits, in width.
func appendDigits(dst []byte, n int64, width int) []byte {
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] += byte(n % 10)
		n /= 10
	}
	return dst
}
