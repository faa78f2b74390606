package xmlscan

import (
	"bytes"

	"github.com/bucketline/bucketline/internal/ascii"
)

// startTag reads a start tag or an empty element (section 3.1).
func (s *Scanner) startTag(rest []byte) Kind {
	n := nameLen(rest[1:])
	if n == 0 || s.depth == 0 && s.rooted {
		return s.fail(ErrSyntax)
	}
	if s.depth == MaxDepth {
		return s.fail(ErrTooDeep)
	}
	s.name = rest[1 : 1+n]
	s.at += 1 + n
	for {
		spaced := s.skipSpace()
		rest = s.doc[s.at:]
		switch {
		case len(rest) == 0:
			return s.fail(ErrEnd)
		case rest[0] == '>':
			s.at++
			return s.start(false)
		case bytes.HasPrefix(rest, []byte("/>")):
			s.at += 2
			return s.start(true)
		case !spaced || !s.attribute(rest):
			return s.fail(ErrSyntax)
		}
	}
}

func (s *Scanner) start(empty bool) Kind {
	s.open[s.depth] = s.name
	s.depth++
	s.rooted, s.closes = true, empty
	return Start
}

// attribute checks one attribute and passes over it.
func (s *Scanner) attribute(rest []byte) bool {
	n := nameLen(rest)
	if n == 0 {
		return false
	}
	s.at += n
	s.skipSpace()
	if s.at >= len(s.doc) || s.doc[s.at] != '=' {
		return false
	}
	s.at++
	s.skipSpace()
	rest = s.doc[s.at:]
	if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return false
	}
	end := bytes.IndexByte(rest[1:], rest[0])
	if end < 0 {
		return false
	}
	s.raw, s.cdata = rest[1:1+end], false
	s.at += end + 2
	return bytes.IndexByte(s.raw, '<') < 0 && s.check()
}

// endTag reads an end tag, which must be that of the element opened last.
func (s *Scanner) endTag(rest []byte) Kind {
	n := nameLen(rest[2:])
	name := rest[2 : 2+n]
	s.at += 2 + n
	s.skipSpace()
	if s.at >= len(s.doc) {
		return s.fail(ErrEnd)
	}
	if n == 0 || s.doc[s.at] != '>' || s.depth == 0 || !bytes.Equal(name, s.open[s.depth-1]) {
		return s.fail(ErrSyntax)
	}
	s.at++
	return s.end()
}

func (s *Scanner) end() Kind {
	s.closes = false
	s.depth--
	s.name = s.open[s.depth]
	return End
}

// instruction passes over <?...?> (section 2.6).
func (s *Scanner) instruction(rest []byte) {
	n := nameLen(rest[2:])
	end := bytes.Index(rest, []byte("?>"))
	switch {
	case end < 0:
		s.err = ErrEnd
	case n == 0 || 2+n < end && bytes.IndexByte([]byte(" \t\r\n"), rest[2+n]) < 0:
		s.err = ErrSyntax
	case ascii.Lower(string(rest[2:2+n])) == "xml":
		s.err = s.xmlDeclaration(rest[2+n : end])
	}
	s.at += end + 2
}

// xmlDeclaration checks what follows <?xml (section 2.8): version 1.0, UTF-8.
func (s *Scanner) xmlDeclaration(content []byte) error {
	if s.rooted {
		return ErrSyntax
	}
	for {
		content = bytes.TrimLeft(content, " \t\r\n")
		if len(content) == 0 {
			return nil
		}
		name := content[:nameLen(content)]
		content = bytes.TrimLeft(content[len(name):], " \t\r\n")
		value, found := bytes.CutPrefix(content, []byte("="))
		value = bytes.TrimLeft(value, " \t\r\n")
		if !found || len(value) == 0 || value[0] != '"' && value[0] != '\'' {
			return ErrSyntax
		}
		value, content, found = bytes.Cut(value[1:], value[:1])
		switch {
		case !found:
			return ErrSyntax
		case string(name) == "version" && string(value) == "1.0", string(name) == "standalone":
		case string(name) == "encoding" && ascii.Lower(string(value)) == "utf-8":
		case string(name) == "encoding":
			return ErrEncoding
		default:
			return ErrSyntax
		}
	}
}

// declaration reads what begins with <!: a comment, which is passed over
// (section 2.5), or a CDATA section (section 2.7), which is a piece of text.
func (s *Scanner) declaration(rest []byte) bool {
	const comment, cdata = "<!--", "<![CDATA["
	switch {
	case bytes.HasPrefix(rest, []byte(comment)):
		end := bytes.Index(rest[len(comment):], []byte("--"))
		if end < 0 {
			s.err = ErrEnd
			return false
		}
		after := len(comment) + end + 2
		s.raw, s.cdata = rest[len(comment):len(comment)+end], true
		if !s.check() {
			return false
		}
		if after >= len(rest) || rest[after] != '>' {
			s.err = ErrSyntax // "--" inside a comment
			return false
		}
		s.at += after + 1
		return false
	case bytes.HasPrefix(rest, []byte(cdata)) && s.depth > 0:
		end := bytes.Index(rest, []byte("]]>"))
		if end < 0 {
			s.err = ErrEnd
			return false
		}
		s.raw, s.cdata = rest[len(cdata):end], true
		s.at += end + 3
		return s.check()
	case bytes.HasPrefix(rest, []byte("<!DOCTYPE")):
		s.err = ErrType
	default:
		s.err = ErrSyntax
	}
	return false
}

// fail keeps an error that was found deeper.
func (s *Scanner) fail(err error) Kind {
	if s.err == nil {
		s.err = err
	}
	return EOF
}

// skipSpace passes over white space and reports whether there was any.
func (s *Scanner) skipSpace() bool {
	start := s.at
	for s.at < len(s.doc) {
		switch s.doc[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
			continue
		}
		break
	}
	return s.at > start
}

// nameLen is the length of the name that text begins with, and 0 when it
// begins with none: section 2.3 as far as ASCII goes, which is all that S3 and
// STS use, with at most one colon, inside (Namespaces, section 3).
func nameLen(text []byte) int {
	n := nameBytes(text)
	colon := bytes.IndexByte(text[:n], ':')
	if colon < 0 {
		return n
	}
	local := text[colon+1 : n]
	if colon == 0 || len(local) == 0 || bytes.IndexByte(local, ':') >= 0 || nameBytes(local) == 0 {
		return 0
	}
	return n
}

func nameBytes(text []byte) int {
	for i, c := range text {
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		default:
			return i
		}
	}
	return len(text)
}
