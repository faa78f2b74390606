package s3

import "unicode/utf8"

// appendLine appends at most limit bytes of s as one line of valid UTF-8:
// control characters and the characters that turn or break a line become
// spaces, bad bytes become U+FFFD, and a cut is marked by three dots.
func appendLine(dst []byte, s string, limit int) []byte {
	end := len(dst) + limit
	for _, r := range s {
		if r < ' ' || 0x7f <= r && r <= 0x9f || breaksLine(r) {
			r = ' '
		}
		if len(dst)+utf8.RuneLen(r) > end {
			return append(dst, "..."...)
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// breaksLine: line and paragraph separators, and the bidirectional controls
// that would let a message reorder the text around it (Unicode TR 36).
func breaksLine(r rune) bool {
	return 0x2028 <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 || r == 0x200e || r == 0x200f
}

// visible reports whether s is ASCII 0x21 to 0x7e throughout.
func visible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// printable reports whether s is ASCII 0x20 to 0x7e throughout.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// controls reports whether s has a C0 control character or DEL, which no
// header or form field may carry: CR and LF would begin another one.
func controls(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// token: RFC 9110, section 5.6.2.
func token(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case alphanumeric(c):
		case c == '!' || '#' <= c && c <= '\'' || c == '*' || c == '+' || c == '-' || c == '.':
		case '^' <= c && c <= '`' || c == '|' || c == '~':
		default:
			return false
		}
	}
	return s != ""
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || digit(c)
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// sameName compares two header names without regard to ASCII case.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
