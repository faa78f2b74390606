package s3

import "strings"

// ParseTime reads a time as stores write it and returns it in milliseconds
// since 1970-01-01 UTC: ISO 8601 in extended or basic form
// ("2026-11-23T09:00:00.000Z", "20261123T090000Z") or the date of HTTP ("Mon,
// 23 Nov 2026 09:00:00 GMT"). Years are 1970 to 9999.
func ParseTime(s string) (int64, bool) {
	c := clock{text: s}
	if _, rest, found := strings.Cut(s, ", "); found {
		c.text = rest
		c.httpDate()
	} else {
		c.isoDate()
	}
	return c.millis()
}

// clock takes a time apart from the left.
type clock struct {
	text                                                string
	bad                                                 bool
	year, month, day, hour, minute, second, thousandths int
}

// httpDate: RFC 9110, section 5.6.7, IMF-fixdate. Servers that write +0000 or
// UTC for GMT mean the same.
func (c *clock) httpDate() {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	c.day = c.number(2)
	c.skip(" ")
	if len(c.text) < 3 {
		c.bad = true
		return
	}
	i := strings.Index(months, c.text[:3])
	c.bad = c.bad || i < 0 || i%3 != 0
	c.month, c.text = i/3+1, c.text[3:]
	c.skip(" ")
	c.year = c.number(4)
	c.skip(" ")
	c.hour = c.number(2)
	c.skip(":")
	c.minute = c.number(2)
	c.skip(":")
	c.second = c.number(2)
	c.bad = c.bad || c.text != " GMT" && c.text != " UTC" && c.text != " +0000"
}

// isoDate: RFC 3339, section 5.6, in UTC, and its form without punctuation.
func (c *clock) isoDate() {
	c.year = c.number(4)
	extended := strings.HasPrefix(c.text, "-")
	separate := func(by string) {
		if extended {
			c.skip(by)
		}
	}
	separate("-")
	c.month = c.number(2)
	separate("-")
	c.day = c.number(2)
	c.skip("T")
	c.hour = c.number(2)
	separate(":")
	c.minute = c.number(2)
	separate(":")
	c.second = c.number(2)
	if strings.HasPrefix(c.text, ".") {
		c.text = c.text[1:]
		scale := 100
		c.bad = c.bad || c.text == "" || !digit(c.text[0])
		for c.text != "" && digit(c.text[0]) {
			c.thousandths += int(c.text[0]-'0') * scale
			scale /= 10
			c.text = c.text[1:]
		}
	}
	c.bad = c.bad || c.text != "Z" && c.text != "+00:00"
}

func (c *clock) number(size int) int {
	if len(c.text) < size || !digits(c.text[:size]) {
		c.bad = true
		return 0
	}
	n := 0
	for i := range size {
		n = n*10 + int(c.text[i]-'0')
	}
	c.text = c.text[size:]
	return n
}

func (c *clock) skip(text string) {
	rest, found := strings.CutPrefix(c.text, text)
	c.text = rest
	c.bad = c.bad || !found
}

// millis counts the days from 1970-03-01 in years that begin in March, so that
// the leap day comes last.
func (c *clock) millis() (int64, bool) {
	if c.bad || c.year < 1970 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > monthDays(c.year, c.month) ||
		c.hour > 23 || c.minute > 59 || c.second > 60 {
		return 0, false
	}
	year, month := int64(c.year), int64(c.month)
	if month <= 2 {
		year, month = year-1, month+12
	}
	days := year*365 + year/4 - year/100 + year/400 + (month*153-457)/5 + int64(c.day) - 719_469
	seconds := ((days*24+int64(c.hour))*60+int64(c.minute))*60 + int64(c.second)
	return seconds*1000 + int64(c.thousandths), true
}

func monthDays(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
