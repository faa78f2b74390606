package tidy

import (
	"path"
	"regexp"
	"strings"
)

var (
	scriptAny       = regexp.MustCompile(`(^|[^.\w$])any\b`)
	scriptCallAfter = regexp.MustCompile(`^\s*[(:=,}]`)
	scriptNonNull   = regexp.MustCompile(`[\w$)\]]!([^=]|$)`)
	scriptPragma    = regexp.MustCompile(`@ts-(ignore|nocheck|expect-error)`)
)

// scriptBans are the constructs that are refused wherever their pattern is
// found in the code.
var scriptBans = []struct {
	pattern *regexp.Regexp
	why     string
	notIn   string // files that end so are free
}{
	{regexp.MustCompile(`\bexport\s+default\b`), "a default export", ".d.ts"},
	{regexp.MustCompile(`(^|[;{}\s])(declare\s+|const\s+|export\s+)*enum\s+\w`), "an enum", ""},
	{regexp.MustCompile(`(^|[;{}\s])namespace\s+[\w.]+\s*\{`), "a namespace", ".d.ts"},
	{regexp.MustCompile(`\bconsole\s*\.\s*\w+`), "a library does not log", ".test.ts"},
	{regexp.MustCompile(`\b(eval|new\s+Function)\s*\(`), "code from text, which the content security policy forbids", ""},
}

// checkTypeScript holds the rules of TypeScript that its compiler does not, in
// web/.
func checkTypeScript(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if path.Ext(f.Path) != ".ts" || !within(f.Dir(), "web") {
			continue
		}
		report := func(offset int, why string) {
			found = append(found, Finding{f.Path, lineAt([]byte(f.code), offset), why})
		}
		for _, m := range scriptAny.FindAllStringIndex(f.code, -1) {
			// any as a name: of a property, a parameter or a function.
			if !scriptCallAfter.MatchString(f.code[m[1]:]) || typed(f.code[:m[1]-len("any")]) {
				report(m[1], "any: take unknown, and narrow it by a named predicate")
			}
		}
		for _, m := range scriptNonNull.FindAllStringIndex(f.code, -1) {
			report(m[0], "a non-null assertion: narrow instead")
		}
		for _, b := range scriptBans {
			if b.notIn != "" && strings.HasSuffix(f.Path, b.notIn) {
				continue
			}
			for _, m := range b.pattern.FindAllStringIndex(f.code, -1) {
				report(m[1]-1, b.why)
			}
		}
		for _, m := range scriptPragma.FindAllIndex(f.Data, -1) {
			found = append(found, Finding{f.Path, lineAt(f.Data, m[0]), "the compiler is told to look away"})
		}
	}
	return found
}

// typed reports that what comes next is a type: after a colon, as, or one of
// the signs that join and nest types.
func typed(before string) bool {
	before = strings.TrimRight(before, " \t\n")
	if before == "" {
		return false
	}
	if strings.ContainsRune(":<|&", rune(before[len(before)-1])) {
		return true
	}
	return strings.HasSuffix(before, " as")
}

// stripScript blanks the comments, strings, templates and regular expressions
// of TypeScript, keeping every line where it was. Code within ${} stays.
func stripScript(source string) string {
	s := stripper{in: source, out: []byte(source)}
	s.code(false)
	return string(s.out)
}

type stripper struct {
	in  string
	out []byte
	at  int
}

// blank erases n bytes, but for line ends, and steps over them.
func (s *stripper) blank(n int) {
	for range min(n, len(s.in)-s.at) {
		if s.out[s.at] != '\n' {
			s.out[s.at] = ' '
		}
		s.at++
	}
}

// code reads code to the end, or to the brace that closes a template's ${}.
func (s *stripper) code(nested bool) {
	depth := 0
	for s.at < len(s.in) {
		rest := s.in[s.at:]
		switch {
		case strings.HasPrefix(rest, "//"):
			s.blank(upTo(rest, "\n", 0))
		case strings.HasPrefix(rest, "/*"):
			s.blank(upTo(rest[2:], "*/", 2) + 2)
		case rest[0] == '"' || rest[0] == '\'':
			s.quoted(rest[0])
		case rest[0] == '`':
			s.template()
		case rest[0] == '/' && s.expression():
			s.quoted('/')
		case rest[0] == '}' && nested && depth == 0:
			return
		default:
			switch rest[0] {
			case '{':
				depth++
			case '}':
				depth--
			}
			s.at++
		}
	}
}

// upTo returns the bytes before end in text, with extra bytes of it; or all.
func upTo(text, end string, extra int) int {
	if i := strings.Index(text, end); i >= 0 {
		return i + extra
	}
	return len(text)
}

// quoted blanks a string or a regular expression, but for its delimiters. In a
// regular expression a class hides the delimiter.
func (s *stripper) quoted(end byte) {
	s.at++
	class := false
	for s.at < len(s.in) && s.in[s.at] != '\n' {
		c := s.in[s.at]
		if c == end && !class {
			s.at++
			return
		}
		if end == '/' && (c == '[' || c == ']') {
			class = c == '['
		}
		if c == '\\' {
			s.blank(2)
			continue
		}
		s.blank(1)
	}
}

// template blanks the text of a template and reads the code in its ${}.
func (s *stripper) template() {
	s.at++
	for s.at < len(s.in) {
		switch {
		case s.in[s.at] == '`':
			s.at++
			return
		case s.in[s.at] == '\\':
			s.blank(2)
		case strings.HasPrefix(s.in[s.at:], "${"):
			s.blank(2)
			s.code(true)
			s.blank(1)
		default:
			s.blank(1)
		}
	}
}

// expression reports that a slash here begins a regular expression: it does not
// follow a value.
func (s *stripper) expression() bool {
	before := strings.TrimRight(string(s.out[:s.at]), " \t\n")
	if before == "" {
		return true
	}
	last := before[len(before)-1]
	if strings.ContainsRune(")]}\"'`", rune(last)) {
		return false
	}
	word := before[strings.LastIndexFunc(before, func(r rune) bool { return !letter(byte(r)) })+1:]
	return word == "" || word == "return" || word == "typeof" || word == "case" || word == "in" || word == "of"
}

func letter(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

var (
	scriptControl = regexp.MustCompile(`^\s*(else\s+)?(if|for|while|switch|catch|with|do|try|finally|else)\b`)
	scriptMethod  = regexp.MustCompile(`(?s)^\s*(?:[\w$#*]+\s+)*[\w$#*\[\].]+\s*(?:<.*>)?\s*\(.*\)\s*(?::.+)?$`)
	scriptWord    = regexp.MustCompile(`\bfunction\b`)
	scriptName    = regexp.MustCompile(`([\w$#]+)\s*(?:<[^(]*>)?\s*(?:[=:]\s*(?:async\s*)?)?\(`)
)

// brace is an open brace of TypeScript.
type brace struct {
	name           string
	line           int
	body           bool // of a function
	object         bool // a literal or a type: the statement goes on behind it
	inner          int  // lines of the functions inside
	header, parens int  // where the statement before it began, and what it has open
}

// scriptFunctions finds the functions in stripped TypeScript by their braces,
// and counts their lines without those of the functions inside.
func scriptFunctions(code string) []function {
	var open []brace
	var list []function
	line, header, parens := 1, 0, 0
	for i := range len(code) {
		switch code[i] {
		case '\n':
			line++
		case '(':
			parens++
		case ')':
			parens--
		case ';':
			if parens <= 0 {
				header = i + 1
			}
		case '{':
			b := openBrace(code[header:i])
			b.line, b.header, b.parens = line, header, parens
			open = append(open, b)
			header, parens = i+1, 0
		case '}':
			header, parens = i+1, 0
			if len(open) == 0 {
				continue
			}
			b := open[len(open)-1]
			open = open[:len(open)-1]
			if b.object {
				header, parens = b.header, b.parens
			}
			lines := line - b.line + 1
			if b.body {
				list = append(list, function{b.name, b.line, lines - b.inner})
				b.inner = lines
			}
			if len(open) > 0 {
				open[len(open)-1].inner += b.inner
			}
		}
	}
	return list
}

// openBrace tells from the statement before a brace what it opens.
func openBrace(header string) brace {
	text := strings.TrimSpace(header)
	arrow := strings.HasSuffix(text, "=>")
	if !arrow && (text == "" || strings.ContainsRune(":,(=|&<?[", rune(text[len(text)-1])) || strings.HasSuffix(text, "return")) {
		return brace{object: text != ""}
	}
	if !arrow && !scriptWord.MatchString(text) && (scriptControl.MatchString(text) || !scriptMethod.MatchString(text)) {
		return brace{}
	}
	b := brace{body: true, name: "without a name"}
	if m := scriptName.FindStringSubmatch(text); m != nil {
		b.name = m[1]
	}
	return b
}
