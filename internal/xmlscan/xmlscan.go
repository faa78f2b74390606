// Package xmlscan reads the small XML documents that S3 and STS answer with.
//
// It is a pull reader over bytes in memory: Next steps from tag to tag, Name
// and Text say what was found, and names are local ones (a namespace prefix is
// cut off). Text is taken from the document without a copy where it stands
// there as it is. Depth and size are bounded, and a document type declaration
// is an error, so no entity can be defined and none grows.
//
// It is stricter than encoding/xml where that costs nothing (one root, no text
// outside it, no document type, names in ASCII) and more lenient in one thing:
// white space and a byte order mark may come before the XML declaration,
// because S3 sends the former to keep a connection alive.
//
// The invariant a caller can break: slices that Name and Text return are good
// until the next call of Next or Text, and only while the document is.
//
//	Extensible Markup Language (XML) 1.0 (Fifth Edition),
//	https://www.w3.org/TR/xml/; Namespaces in XML 1.0 (Third Edition).
package xmlscan

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

const (
	// MaxDepth is how deep elements may be nested.
	MaxDepth = 32
	// MaxSize is the longest document in bytes.
	MaxSize = 8 << 20
)

// The errors of a Scanner.
var (
	ErrSyntax   = errors.New("xml: not well-formed")
	ErrEnd      = errors.New("xml: ends too early")
	ErrTooDeep  = errors.New("xml: nested too deeply")
	ErrTooLarge = errors.New("xml: too large")
	ErrType     = errors.New("xml: has a document type declaration")
	ErrEncoding = errors.New("xml: not in UTF-8")
)

// Kind is what Next found.
type Kind uint8

const (
	EOF   Kind = iota // the end, or an error: see Err
	Start             // a start tag; Name and Depth are its element's
	End               // an end tag, or the end of an empty element
	Text              // character data inside the element of the last Start
)

// Scanner reads one document. The zero Scanner reads an empty one.
type Scanner struct {
	doc   []byte
	at    int
	err   error
	name  []byte // qualified name of the tag
	raw   []byte // the piece of text, as in the document
	plain bool   // raw needs no decoding
	cdata bool

	open   [MaxDepth][]byte // qualified names of the open elements
	depth  int
	closes bool // the start tag just read was of an empty element
	rooted bool // the root has begun
	buf    []byte
}

// Reset makes s read doc, which is borrowed.
func (s *Scanner) Reset(doc []byte) {
	*s = Scanner{doc: doc, buf: s.buf[:0]}
	if len(doc) > MaxSize {
		s.err = ErrTooLarge
		return
	}
	s.at = len(doc) - len(bytes.TrimPrefix(doc, []byte("\uFEFF")))
	s.skipSpace()
}

// Err returns what was wrong with the document, and nil when Next has returned
// EOF at its proper end.
func (s *Scanner) Err() error { return s.err }

// Depth is the number of open elements: 1 inside the root. At a Start it
// counts the element that begins, at an End no longer the one that ends.
func (s *Scanner) Depth() int { return s.depth }

// Name returns the local name of the element at a Start or an End.
func (s *Scanner) Name() []byte {
	return s.name[bytes.IndexByte(s.name, ':')+1:]
}

// Next steps to the next tag or piece of text. One run of text may come in
// several pieces; comments and processing instructions are passed over.
func (s *Scanner) Next() Kind {
	if s.closes {
		return s.end()
	}
	for s.err == nil && s.at < len(s.doc) {
		rest := s.doc[s.at:]
		switch {
		case rest[0] != '<':
			if s.text(rest) && s.depth > 0 {
				return Text
			}
		case len(rest) < 2:
			s.err = ErrEnd
		case rest[1] == '/':
			return s.endTag(rest)
		case rest[1] == '?':
			s.instruction(rest)
		case rest[1] == '!':
			if s.declaration(rest) {
				return Text
			}
		default:
			return s.startTag(rest)
		}
	}
	if s.err == nil && (s.depth > 0 || !s.rooted) {
		s.err = ErrEnd
	}
	return EOF
}

// text reads up to the next tag. Outside the root only white space may stand.
func (s *Scanner) text(rest []byte) bool {
	n := bytes.IndexByte(rest, '<')
	if n < 0 {
		n = len(rest)
	}
	s.raw, s.cdata = rest[:n], false
	s.at += n
	if s.depth == 0 && len(bytes.TrimLeft(s.raw, " \t\r\n")) != 0 {
		s.err = ErrSyntax
		return false
	}
	return s.check()
}

// check looks a piece of text over: characters that XML has (section 2.2), no
// "]]>" outside CDATA (section 2.4), whole entities. It notes whether the
// piece can be handed out as it is.
func (s *Scanner) check() bool {
	s.plain = true
	for i := 0; i < len(s.raw); {
		c := s.raw[i]
		switch {
		case c == '&' && !s.cdata:
			_, n := entity(s.raw[i:])
			if n == 0 {
				s.err = ErrSyntax
				return false
			}
			s.plain = false
			i += n
			continue
		case c == '\r':
			s.plain = false
		case c == ']' && !s.cdata && bytes.HasPrefix(s.raw[i:], []byte("]]>")):
			s.err = ErrSyntax
			return false
		}
		r, n := utf8.DecodeRune(s.raw[i:])
		if r == utf8.RuneError && n == 1 {
			s.err = ErrEncoding
			return false
		}
		if !character(r) {
			s.err = ErrSyntax
			return false
		}
		i += n
	}
	return true
}

// Text returns the piece of text that Next found, with entities replaced and
// line ends made LF (section 2.11).
func (s *Scanner) Text() []byte {
	if s.plain {
		return s.raw
	}
	s.buf = s.appendText(s.buf[:0])
	return s.buf
}

func (s *Scanner) appendText(dst []byte) []byte {
	for i := 0; i < len(s.raw); {
		switch c := s.raw[i]; {
		case c == '&' && !s.cdata:
			r, n := entity(s.raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		case c == '\r':
			dst = append(dst, '\n')
			i++
			if i < len(s.raw) && s.raw[i] == '\n' {
				i++
			}
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

// AppendContent appends the text of the element that Next has just started,
// and steps past its end. Text of elements inside it is left out. After an
// error it appends what came before.
func (s *Scanner) AppendContent(dst []byte) []byte {
	depth := s.depth
	for {
		switch s.Next() {
		case EOF:
			return dst
		case Text:
			if s.depth == depth {
				dst = s.appendText(dst)
			}
		case End:
			if s.depth < depth {
				return dst
			}
		}
	}
}

// Skip steps past the end of the element that Next has just started.
func (s *Scanner) Skip() {
	for depth := s.depth; s.depth >= depth; {
		if s.Next() == EOF {
			return
		}
	}
}

// entity reads a reference that text begins with: the five of section 4.6, or
// a character by number (section 4.1). Its length is 0 when it is none.
func entity(text []byte) (r rune, size int) {
	end := bytes.IndexByte(text[:min(len(text), 16)], ';')
	if end < 2 {
		return 0, 0
	}
	name := text[1:end]
	if name[0] == '#' {
		r, ok := number(name[1:])
		if !ok || !character(r) {
			return 0, 0
		}
		return r, end + 1
	}
	switch string(name) {
	case "lt":
		r = '<'
	case "gt":
		r = '>'
	case "amp":
		r = '&'
	case "apos":
		r = '\''
	case "quot":
		r = '"'
	default:
		return 0, 0
	}
	return r, end + 1
}

// number reads 38 or x26.
func number(digits []byte) (rune, bool) {
	base := rune(10)
	if len(digits) > 0 && digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	r := rune(0)
	for _, c := range digits {
		d := rune(16)
		switch {
		case '0' <= c && c <= '9':
			d = rune(c - '0')
		case 'a' <= c && c <= 'f':
			d = rune(c-'a') + 10
		case 'A' <= c && c <= 'F':
			d = rune(c-'A') + 10
		}
		if d >= base {
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, len(digits) > 0
}

// character: section 2.2.
func character(r rune) bool {
	return r >= ' ' && r <= 0xd7ff || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= utf8.MaxRune
}
