package exchange

import (
	"strings"
	"unicode/utf8"
)

// ContentForm is the media type of the body that AppendField makes.
const ContentForm = "application/x-www-form-urlencoded"

// AppendField adds a form field with what comes before it: nothing, or "&". A
// space becomes %20 and not "+", which Ceph does not decode.
func AppendField(dst []byte, name, value string) []byte {
	if len(dst) > 0 {
		dst = append(dst, '&')
	}
	dst = append(append(dst, name...), '=')
	const hex = "0123456789ABCDEF"
	for i := range len(value) {
		c := value[i]
		if Alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

// AppendString adds s as a JSON string, in ASCII alone (RFC 8259, section 7):
// what is none is escaped, and so are the three letters of HTML. What is not
// UTF-8 becomes U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ' || r == '<' || r == '>' || r == '&' || r >= 0x7f && r < 0x10000:
			dst = appendEscape(dst, r)
		case r >= 0x10000:
			r -= 0x10000
			dst = appendEscape(appendEscape(dst, 0xd800|r>>10), 0xdc00|r&0x3ff)
		default:
			dst = append(dst, byte(r))
		}
	}
	return append(dst, '"')
}

func appendEscape(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// AppendMember adds a member whose value is a string to a JSON object: after
// "{" alone, or after another member with a comma before it.
func AppendMember(dst []byte, name, value string) []byte {
	return AppendString(AppendName(dst, name), value)
}

// AppendName is AppendMember without the value.
func AppendName(dst []byte, name string) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '{' {
		dst = append(dst, ',')
	}
	return append(AppendString(dst, name), ':')
}

// Alphanumeric reports an ASCII letter or digit.
func Alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// Visible reports that s is ASCII without spaces and controls.
func Visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Within reports that s has shortest to longest bytes, each an ASCII letter or
// digit or one of more: the patterns of AWS's references.
func Within(s string, shortest, longest int, more string) bool {
	if len(s) < shortest || len(s) > longest {
		return false
	}
	for i := range len(s) {
		if !Alphanumeric(s[i]) && strings.IndexByte(more, s[i]) < 0 {
			return false
		}
	}
	return true
}

// ValidText reports UTF-8 of at most longest characters, none of them a
// control character.
func ValidText(s string, longest int) bool {
	if utf8.RuneCountInString(s) > longest || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return false
		}
	}
	return true
}
