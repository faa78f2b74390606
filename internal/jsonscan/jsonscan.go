// Package jsonscan reads the small JSON documents that credentials come in.
//
// It is a pull reader over bytes in memory: Next steps from token to token, and
// AppendText says what a name, a string or a number was. Depth and size are
// bounded.
//
// It takes what RFC 8259 defines and nothing else, and is stricter than
// encoding/json in one thing: a string that is not UTF-8, or has half of a
// surrogate pair, is an error and not replaced, since two secrets must not
// become one.
//
// The invariant a caller can break: the document must stay as it is while it is
// read.
//
//	RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format,
//	https://www.rfc-editor.org/rfc/rfc8259
package jsonscan

import (
	"errors"
	"unicode/utf8"
)

const (
	// MaxDepth is how deep objects and arrays may be nested.
	MaxDepth = 32
	// MaxSize is the longest document in bytes.
	MaxSize = 1 << 20
)

// The errors of a Scanner.
var (
	ErrSyntax   = errors.New("json: not well-formed")
	ErrTooDeep  = errors.New("json: nested too deeply")
	ErrTooLarge = errors.New("json: too large")
	ErrEncoding = errors.New("json: a string is not Unicode")
)

// Kind is what Next found.
type Kind uint8

// The kinds of tokens.
const (
	EOF       Kind = iota // the end, or an error: see Err
	Object                // {
	ObjectEnd             // }
	Array                 // [
	ArrayEnd              // ]
	Name                  // the name of a member; its value comes next
	String
	Number
	True
	False
	Null
)

// want is what may come next.
type want uint8

const (
	wantValue want = iota // a value
	wantFirst             // a value or name, or the end of what was just begun
	wantNext              // a comma, or the end
	wantNone              // nothing: the root is over
)

// Scanner reads one document. The zero Scanner reads an empty one, which is an
// error.
type Scanner struct {
	doc    []byte
	at     int
	err    error
	want   want
	text   []byte // of the token, without quotes, as in the document
	quoted bool
	open   [MaxDepth]Kind // Object or Array
	depth  int
}

// Reset makes s read doc, which is borrowed.
func (s *Scanner) Reset(doc []byte) {
	*s = Scanner{doc: doc}
	if len(doc) > MaxSize {
		s.err = ErrTooLarge
	}
}

// Err says what was wrong once Next returned EOF; nil at the end of a
// well-formed document.
func (s *Scanner) Err() error { return s.err }

// Next steps to the next token.
func (s *Scanner) Next() Kind {
	if s.err != nil {
		return EOF
	}
	s.text = nil
	c := s.peek()
	switch s.want {
	case wantNone:
		if s.at < len(s.doc) {
			return s.fail(ErrSyntax)
		}
		return EOF
	case wantFirst:
		if c == s.closer() {
			return s.close()
		}
		return s.member()
	case wantNext:
		if c == s.closer() {
			return s.close()
		}
		if c != ',' {
			return s.fail(ErrSyntax)
		}
		s.at++
		return s.member()
	}
	return s.value()
}

// AppendText appends the text of the Name, String or Number that Next found: a
// number as it is written, the others decoded, which cannot fail any more.
func (s *Scanner) AppendText(dst []byte) []byte {
	if !s.quoted {
		return append(dst, s.text...)
	}
	for i := 0; i < len(s.text); i++ {
		c := s.text[i]
		if c != '\\' {
			dst = append(dst, c)
			continue
		}
		i++
		switch c = s.text[i]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(s.text[i+1:])
			i += 4
			if high(r) {
				low, _ := hex4(s.text[i+3:])
				r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func (s *Scanner) fail(err error) Kind {
	s.err, s.text = err, nil
	return EOF
}

// peek skips white space and returns the byte there; 0 at the end, which no
// token begins with.
func (s *Scanner) peek() byte {
	for s.at < len(s.doc) {
		switch c := s.doc[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// closer is the end of what is open.
func (s *Scanner) closer() byte {
	if s.open[s.depth-1] == Object {
		return '}'
	}
	return ']'
}

func (s *Scanner) close() Kind {
	s.at++
	s.depth--
	s.over()
	return s.open[s.depth] + 1
}

// over notes that a value is over.
func (s *Scanner) over() {
	s.want = wantNext
	if s.depth == 0 {
		s.want = wantNone
		s.peek()
	}
}

// member reads a name, or an array's value.
func (s *Scanner) member() Kind {
	if s.open[s.depth-1] == Array {
		return s.value()
	}
	if s.peek() != '"' || !s.string() {
		return s.fail(ErrSyntax)
	}
	if s.err != nil {
		return EOF
	}
	if s.peek() != ':' {
		return s.fail(ErrSyntax)
	}
	s.at++
	s.want = wantValue
	return Name
}

// value reads what a value begins with.
func (s *Scanner) value() Kind {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if s.depth == MaxDepth {
			return s.fail(ErrTooDeep)
		}
		kind := Object
		if c == '[' {
			kind = Array
		}
		s.open[s.depth] = kind
		s.depth++
		s.at++
		s.want = wantFirst
		return kind
	case c == '"':
		if !s.string() {
			return s.fail(ErrSyntax)
		}
		if s.err != nil {
			return EOF
		}
		s.over()
		return String
	case c == '-' || '0' <= c && c <= '9':
		if !s.number() {
			return s.fail(ErrSyntax)
		}
		s.over()
		return Number
	}
	for _, w := range [...]struct {
		text string
		kind Kind
	}{{"true", True}, {"false", False}, {"null", Null}} {
		if end := s.at + len(w.text); end <= len(s.doc) && string(s.doc[s.at:end]) == w.text {
			s.at = end
			s.over()
			return w.kind
		}
	}
	return s.fail(ErrSyntax)
}

// string reads a string, from its quote on; false when it is not well-formed.
// One that is no Unicode is well-formed, and an error in s.err.
func (s *Scanner) string() bool {
	start := s.at + 1
	for i := start; i < len(s.doc); i++ {
		switch c := s.doc[i]; {
		case c == '"':
			s.text, s.quoted, s.at = s.doc[start:i], true, i+1
			if !utf8.Valid(s.text) || !paired(s.text) {
				s.fail(ErrEncoding)
			}
			return true
		case c < ' ':
			return false
		case c == '\\':
			i++
			if i == len(s.doc) {
				return false
			}
			switch s.doc[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(s.doc[i+1:]); !ok {
					return false
				}
				i += 4
			default:
				return false
			}
		}
	}
	return false
}

// paired reports that every surrogate of a well-formed string has its other
// half.
func paired(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if text[i] != 'u' {
			continue
		}
		r, _ := hex4(text[i+1:])
		i += 4
		switch {
		case high(r):
			rest := text[i+1:]
			if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
				return false
			}
			if low, _ := hex4(rest[2:]); low < 0xdc00 || low > 0xdfff {
				return false
			}
			i += 6
		case 0xdc00 <= r && r <= 0xdfff:
			return false
		}
	}
	return true
}

func high(r rune) bool { return 0xd800 <= r && r < 0xdc00 }

func hex4(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	r := rune(0)
	for _, c := range text[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number reads a number (RFC 8259, section 6).
func (s *Scanner) number() bool {
	start := s.at
	if s.doc[s.at] == '-' {
		s.at++
	}
	switch whole := s.digits(); {
	case whole == 0, whole > 1 && s.doc[s.at-whole] == '0':
		return false
	}
	if s.at < len(s.doc) && s.doc[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return false
		}
	}
	if s.at < len(s.doc) && (s.doc[s.at] == 'e' || s.doc[s.at] == 'E') {
		s.at++
		if s.at < len(s.doc) && (s.doc[s.at] == '+' || s.doc[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return false
		}
	}
	s.text, s.quoted = s.doc[start:s.at], false
	return true
}

// digits skips digits and counts them.
func (s *Scanner) digits() int {
	start := s.at
	for s.at < len(s.doc) && '0' <= s.doc[s.at] && s.doc[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}
