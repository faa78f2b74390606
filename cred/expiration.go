package cred

import "github.com/bucketline/bucketline/sign"

// maxExpirationText is the longest text ParseExpiration reads, in bytes: nine
// digits of fraction and an offset.
const maxExpirationText = len("2026-11-23T09:00:00.123456789+01:00")

// ParseExpiration reads the time at which credentials end: RFC 3339, section
// 5.6, as STS ("2026-11-23T09:00:00Z") and JavaScript's toISOString
// ("2026-11-23T09:00:00.000Z") write it, with any offset and up to nine digits
// of fraction, of which those after the millisecond are dropped. The seconds
// may be missing, as ISO 8601 permits.
//
// What could be read in two ways is refused: a date alone
// (ErrExpirationDateOnly) and a time without zone (ErrExpirationNoZone), which
// JavaScript takes for UTC and for local time. So are 24:00 and second 60, which
// Unix time cannot tell from the next midnight and minute; lower-case "t" and
// "z"; and, with ErrExpirationRange, what is not after 1970-01-01T00:00:00Z and
// up to MaxExpiration. Empty text is ErrNoExpiration, everything else
// ErrBadExpiration.
func ParseExpiration(s string) (sign.UnixMilli, error) {
	if s == "" {
		return 0, ErrNoExpiration
	}
	if len(s) > maxExpirationText {
		return 0, ErrBadExpiration
	}
	if s[0] == '+' || s[0] == '-' {
		// toISOString writes years beyond 9999 with a sign and six digits.
		return 0, ErrExpirationRange
	}
	p := parser{rest: s}
	day := p.date()
	if p.done() {
		return 0, ErrExpirationDateOnly
	}
	p.expect('T')
	clock := p.clock()
	if p.done() {
		return 0, ErrExpirationNoZone
	}
	offset := p.offset()
	if !p.done() {
		return 0, ErrBadExpiration
	}
	t := sign.UnixMilli(day*86_400_000 + clock - offset)
	if t <= 0 || t > MaxExpiration {
		return 0, ErrExpirationRange
	}
	return t, nil
}

// parser takes a text apart from its left. After the first failure it stays
// failed, and what it returns means nothing.
type parser struct {
	rest   string
	failed bool
}

// done reports that all of the text has been read without a failure.
func (p *parser) done() bool { return !p.failed && p.rest == "" }

// date reads "2026-11-23" and returns the days since 1970-01-01.
func (p *parser) date() int64 {
	year := p.number(4, 0, 9999)
	p.expect('-')
	month := p.number(2, 1, 12)
	p.expect('-')
	day := p.number(2, 1, 31)
	if p.failed {
		return 0
	}
	leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
	last := int64(daysBefore[month] - daysBefore[month-1])
	if leap && month == 2 {
		last++
	}
	if day > last {
		p.failed = true
	}
	days := year*365 + (year+3)/4 - (year+99)/100 + (year+399)/400
	days += int64(daysBefore[month-1]) + day - 1
	if leap && month > 2 {
		days++
	}
	const epoch = 719_528 // days from 0000-01-01 to 1970-01-01
	return days - epoch
}

// daysBefore is the days of a common year before the month after month i.
var daysBefore = [13]uint16{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365}

// clock reads "09:00", "09:00:00" or "09:00:00.000" and returns milliseconds.
func (p *parser) clock() int64 {
	millis := p.number(2, 0, 23) * 3_600_000
	p.expect(':')
	millis += p.number(2, 0, 59) * 60_000
	if !p.next(':') {
		return millis
	}
	p.expect(':')
	millis += p.number(2, 0, 59) * 1000
	if !p.next('.') {
		return millis
	}
	p.expect('.')
	return millis + p.fraction()
}

// fraction reads one to nine digits after the point and returns whole
// milliseconds, rounded down: credentials may end early, never late.
func (p *parser) fraction() int64 {
	scale, millis, digits := int64(100), int64(0), 0
	for digits < len(p.rest) && '0' <= p.rest[digits] && p.rest[digits] <= '9' {
		millis += int64(p.rest[digits]-'0') * scale
		scale /= 10
		digits++
	}
	if digits == 0 || digits > 9 {
		p.failed = true
		return 0
	}
	p.rest = p.rest[digits:]
	return millis
}

// offset reads "Z", "+01:00" or "-08:00" and returns milliseconds east of UTC.
// RFC 3339 lets "-00:00" say that UTC is known and the zone is not.
func (p *parser) offset() int64 {
	if p.next('Z') {
		p.expect('Z')
		return 0
	}
	east := int64(1)
	if p.next('-') {
		east = -1
		p.expect('-')
	} else {
		p.expect('+')
	}
	millis := p.number(2, 0, 23) * 3_600_000
	p.expect(':')
	return east * (millis + p.number(2, 0, 59)*60_000)
}

// next reports that the next character is c, without taking it.
func (p *parser) next(c byte) bool { return p.rest != "" && p.rest[0] == c }

// expect takes c.
func (p *parser) expect(c byte) {
	if p.failed || !p.next(c) {
		p.failed = true
		return
	}
	p.rest = p.rest[1:]
}

// number takes exactly so many digits, whose value is within low and high.
func (p *parser) number(digits int, low, high int64) int64 {
	if p.failed || len(p.rest) < digits {
		p.failed = true
		return 0
	}
	n := int64(0)
	for i := range digits {
		if p.rest[i] < '0' || p.rest[i] > '9' {
			p.failed = true
			return 0
		}
		n = n*10 + int64(p.rest[i]-'0')
	}
	p.failed = n < low || n > high
	p.rest = p.rest[digits:]
	return n
}
