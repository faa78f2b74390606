package s3

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/bucketline/bucketline/internal/ascii"
)

// S3 takes a header value with bytes beyond ASCII for Latin-1 and mangles it
// (User Guide, "Working with object metadata": values are decoded as per RFC
// 2047 before storing and encoded again before returning), and a browser
// refuses to send one. So such values go out as RFC 2047 encoded words, and so
// do the few others that a header would change on its way.

const (
	wordHead = "=?UTF-8?B?"
	wordTail = "?="
	wordMax  = 45 // bytes of text in one word: 60 of base64, under RFC 2047's 75

	// maxWord is in bytes: the longest word that is read. It is far above RFC
	// 2047's limit, which not all writers keep, and keeps a header full of
	// beginnings without an end from costing the square of its length.
	maxWord = 2 * MaxMetadata
)

// plainMetadata reports that a header carries value unchanged: printable
// ASCII, no space at the ends (HTTP trims them), no two spaces together (a
// signer may fold them), and nothing that reads as an encoded word.
func plainMetadata(value string) bool {
	return printable(value) && strings.Trim(value, " ") == value &&
		!strings.Contains(value, "  ") && !strings.Contains(value, "=?")
}

// AppendMetadata appends a metadata value as its header carries it.
//
//	RFC 2047, sections 2 and 5, with encoding B and charset UTF-8.
func AppendMetadata(dst []byte, value string) []byte {
	if plainMetadata(value) {
		return append(dst, value...)
	}
	for first := true; value != ""; first = false {
		n := wordLen(value)
		if !first {
			dst = append(dst, ' ')
		}
		dst = append(dst, wordHead...)
		for part := value[:n]; part != ""; {
			three := min(3, len(part))
			dst = base64.StdEncoding.AppendEncode(dst, []byte(part[:three]))
			part = part[three:]
		}
		dst = append(dst, wordTail...)
		value = value[n:]
	}
	return dst
}

// wordLen is how many bytes of value the next word takes: whole characters.
func wordLen(value string) int {
	if len(value) <= wordMax {
		return len(value)
	}
	n := wordMax
	for n > wordMax-utf8.UTFMax && !utf8.RuneStart(value[n]) {
		n--
	}
	return n
}

// metadataLen is the length of what AppendMetadata appends.
func metadataLen(value string) int {
	if plainMetadata(value) {
		return len(value)
	}
	total := -1 // no space before the first word
	for value != "" {
		n := wordLen(value)
		total += 1 + len(wordHead) + base64.StdEncoding.EncodedLen(n) + len(wordTail)
		value = value[n:]
	}
	return total
}

// DecodeMetadata returns the text of a metadata header: the encoded words in
// UTF-8, US-ASCII and ISO-8859-1 of RFC 2047 decoded, encodings B and Q, the
// space between two of them dropped (section 6.2), and all else as it is.
func DecodeMetadata(value string) string {
	if !strings.Contains(value, "=?") {
		return value
	}
	out := make([]byte, 0, len(value))
	afterWord := false
	for value != "" {
		start := strings.Index(value, "=?")
		if start < 0 {
			break
		}
		text, size, ok := decodeWord(value[start:])
		if !ok {
			out, value, afterWord = append(out, value[:start+2]...), value[start+2:], false
			continue
		}
		if between := value[:start]; !afterWord || strings.Trim(between, " \t") != "" {
			out = append(out, between...)
		}
		out, value, afterWord = append(out, text...), value[start+size:], true
	}
	return string(append(out, value...))
}

// decodeWord reads the encoded word that s begins with and returns its text
// and its length in s.
func decodeWord(s string) (text []byte, size int, ok bool) {
	s = s[:min(len(s), maxWord)]
	charset, rest, ok := strings.Cut(s[2:], "?")
	if !ok || len(rest) < 2 || rest[1] != '?' {
		return nil, 0, false
	}
	encoding := lower(rest[0])
	content, after, ok := strings.Cut(rest[2:], wordTail)
	if !ok || strings.IndexByte(content, ' ') >= 0 || strings.IndexByte(content, '?') >= 0 {
		return nil, 0, false
	}
	switch encoding {
	case 'b':
		decoded, err := base64.StdEncoding.DecodeString(content)
		if err != nil {
			return nil, 0, false
		}
		text = decoded
	case 'q':
		if text, ok = decodeQ(content); !ok {
			return nil, 0, false
		}
	default:
		return nil, 0, false
	}
	charset, _, _ = strings.Cut(charset, "*") // RFC 2231, section 5: a language may follow
	switch ascii.Lower(charset) {
	case "utf-8":
		if !utf8.Valid(text) {
			return nil, 0, false
		}
	case "us-ascii", "iso-8859-1":
		latin := text
		text = nil
		for _, c := range latin {
			text = utf8.AppendRune(text, rune(c))
		}
	default:
		return nil, 0, false
	}
	return text, len(s) - len(after), true
}

// decodeQ: RFC 2047, section 4.2.
func decodeQ(s string) ([]byte, bool) {
	var out []byte
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '_':
			out = append(out, ' ')
		case '=':
			if i+2 >= len(s) || unhex(s[i+1]) < 0 || unhex(s[i+2]) < 0 {
				return nil, false
			}
			out = append(out, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			if s[i] <= ' ' || s[i] > '~' {
				return nil, false
			}
			out = append(out, s[i])
		}
	}
	return out, true
}

// unhex returns the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	switch {
	case digit(c):
		return int(c - '0')
	case 'a' <= lower(c) && lower(c) <= 'f':
		return int(lower(c)-'a') + 10
	}
	return -1
}

// AppendDisposition appends a Content-Disposition value that names the file,
// for any name: disposition is "attachment" or "inline".
//
//	RFC 6266, section 4.1 and appendix D; RFC 8187, section 3.2.
func AppendDisposition(dst []byte, disposition, name string) []byte {
	dst = append(dst, disposition...)
	dst = append(dst, `; filename="`...)
	plain := true
	for _, r := range name {
		switch {
		case r == '"' || r == '\\' || r == '%' || r == '/' || r < ' ' || r >= 0x7f:
			// Readers take the second form; this is for those that know only
			// the first, some of which decode %XX or trip over escapes.
			dst, plain = append(dst, '_'), false
		default:
			dst = append(dst, byte(r))
		}
	}
	dst = append(dst, '"')
	if plain {
		return dst
	}
	return AppendEscaped(append(dst, "; filename*=UTF-8''"...), name, false)
}
