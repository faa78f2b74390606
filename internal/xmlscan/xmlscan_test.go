package xmlscan

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// outline writes a document as its tags and texts: "(a)text(/a)". Neighbouring
// pieces of text are one.
func outline(doc []byte) (string, error) {
	var s Scanner
	var out []byte
	s.Reset(doc)
	for {
		switch s.Next() {
		case Start:
			out = append(append(append(out, '('), s.Name()...), ')')
		case End:
			out = append(append(append(out, "(/"...), s.Name()...), ')')
		case Text:
			out = append(out, s.Text()...)
		case EOF:
			return string(out), s.Err()
		}
	}
}

func TestScanner_reads(t *testing.T) {
	tests := []struct{ name, doc, want string }{
		{"an element", `<a/>`, `(a)(/a)`},
		{"an element with space in its tags", "<a \n></a\t>", `(a)(/a)`},
		{"text", `<a>x y</a>`, `(a)x y(/a)`},
		{"white space text", `<a> <b/> </a>`, `(a) (b)(/b) (/a)`},
		{"the five entities", `<a>&lt;&gt;&amp;&apos;&quot;</a>`, `(a)<>&'"(/a)`},
		{"characters by number", `<a>&#34;&#x20AC;&#x1f600;</a>`, "(a)\"\u20ac\U0001f600(/a)"},
		{"an entity made of entities", `<a>&amp;lt;</a>`, `(a)&lt;(/a)`},
		{"line ends (section 2.11)", "<a>1\r\n2\r3\n4&#13;</a>", "(a)1\n2\n3\n4\r(/a)"},
		{"CDATA", `<a>1<![CDATA[<&]]]]>2</a>`, `(a)1<&]]2(/a)`},
		{"line ends in CDATA", "<a><![CDATA[1\r\n2]]></a>", "(a)1\n2(/a)"},
		{"comments", `<!-- c --><a>1<!-- <b> - -->2</a><!---->`, `(a)12(/a)`},
		{"processing instructions", `<?p?><a>1<?q <b> ?>2</a><?r ?>`, `(a)12(/a)`},
		{"a declaration", `<?xml version="1.0" encoding="UTF-8"?><a/>`, `(a)(/a)`},
		{"a declaration after white space", "\n  \r\n<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n\n<a/>\n", `(a)(/a)`},
		{"a byte order mark", "\uFEFF<?xml version=\"1.0\"?><a/>", `(a)(/a)`},
		{"attributes", `<a x="1" y='<"&amp;&gt;' />`, ``},
		{"attributes with entities", `<a x="1" y='"&amp;>' z = "'"/>`, `(a)(/a)`},
		{"a default namespace", `<a xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><b/></a>`, `(a)(b)(/b)(/a)`},
		{"a prefix", `<n:a xmlns:n="u"><n:b>1</n:b></n:a>`, `(a)(b)1(/b)(/a)`},
		{"every kind of byte in a name", `<_a-1.Z>1</_a-1.Z>`, `(_a-1.Z)1(/_a-1.Z)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := outline([]byte(test.doc))
			if test.want == "" {
				if !errors.Is(err, ErrSyntax) {
					t.Errorf("outline(%q) gives error %v, want %v", test.doc, err, ErrSyntax)
				}
				return
			}
			if got != test.want || err != nil {
				t.Errorf("outline(%q) = %q, %v, want %q", test.doc, got, err, test.want)
			}
		})
	}
}

func TestScanner_refuses(t *testing.T) {
	tests := []struct {
		name, doc string
		want      error
	}{
		{"nothing", "", ErrEnd},
		{"white space", " \n", ErrEnd},
		{"text", "oops", ErrSyntax},
		{"HTML", "<!DOCTYPE html><html></html>", ErrType},
		{"a document type", `<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`, ErrType},
		{"an unknown entity", "<a>&nbsp;</a>", ErrSyntax},
		{"an entity without end", "<a>&lt</a>", ErrSyntax},
		{"an empty entity", "<a>&;</a>", ErrSyntax},
		{"a bare ampersand", "<a>a & b</a>", ErrSyntax},
		{"character zero", "<a>&#0;</a>", ErrSyntax},
		{"a surrogate by number", "<a>&#xD800;</a>", ErrSyntax},
		{"a number beyond Unicode", "<a>&#x110000;</a>", ErrSyntax},
		{"a number without digits", "<a>&#x;</a>", ErrSyntax},
		{"an upper-case X", "<a>&#X41;</a>", ErrSyntax},
		{"a hexadecimal digit in decimal", "<a>&#4a;</a>", ErrSyntax},
		{"a control character", "<a>\x01</a>", ErrSyntax},
		{"bytes that are not UTF-8", "<a>\xff</a>", ErrEncoding},
		{"another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, ErrEncoding},
		{"another version", `<?xml version="1.1"?><a/>`, ErrSyntax},
		{"a declaration without quotes", `<?xml version=1.0?><a/>`, ErrSyntax},
		{"a declaration with an open quote", `<?xml version="1.0?><a/>`, ErrSyntax},
		{"a declaration of something else", `<?xml flavour="1.0"?><a/>`, ErrSyntax},
		{"a declaration inside", `<a><?xml version="1.0"?></a>`, ErrSyntax},
		{"the end of CDATA in text", "<a>]]></a>", ErrSyntax},
		{"CDATA outside the root", "<![CDATA[x]]><a/>", ErrSyntax},
		{"CDATA without end", "<a><![CDATA[x", ErrEnd},
		{"a comment without end", "<a><!-- x", ErrEnd},
		{"a comment with two hyphens", "<a><!-- x -- y --></a>", ErrSyntax},
		{"an instruction without end", "<a><?x", ErrEnd},
		{"an instruction without name", "<?\x20x?><a/>", ErrSyntax},
		{"two roots", "<a/><b/>", ErrSyntax},
		{"text after the root", "<a/>x", ErrSyntax},
		{"an element without end", "<a><b></b>", ErrEnd},
		{"a tag without end", "<a", ErrEnd},
		{"a less-than at the end", "<a><", ErrEnd},
		{"an end tag without end", "<a></a", ErrEnd},
		{"an end without start", "</a>", ErrSyntax},
		{"crossed elements", "<a><b></a></b>", ErrSyntax},
		{"another prefix at the end", "<n:a></m:a>", ErrSyntax},
		{"an empty name", "<>", ErrSyntax},
		{"a name that begins with a digit", "<1a/>", ErrSyntax},
		{"a name beyond ASCII", "<\u00e9/>", ErrSyntax},
		{"a name with two colons", "<a:b:c/>", ErrSyntax},
		{"a name that begins with a colon", "<:a/>", ErrSyntax},
		{"a name that ends with a colon", "<a:/>", ErrSyntax},
		{"an attribute without value", "<a x/>", ErrSyntax},
		{"an attribute without quotes", "<a x=1/>", ErrSyntax},
		{"an attribute with a tag in it", `<a x="<"/>`, ErrSyntax},
		{"an attribute without end", `<a x="1`, ErrSyntax},
		{"attributes without space", `<a x="1"y="2"/>`, ErrSyntax},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := outline([]byte(test.doc)); !errors.Is(err, test.want) {
				t.Errorf("outline(%q) = %q, %v, want error %v", test.doc, got, err, test.want)
			}
		})
	}
}

func TestScanner_depthIsBounded(t *testing.T) {
	for _, test := range []struct {
		depth int
		want  error
	}{{MaxDepth - 1, nil}, {MaxDepth, nil}, {MaxDepth + 1, ErrTooDeep}} {
		doc := strings.Repeat("<a>", test.depth) + strings.Repeat("</a>", test.depth)
		if _, err := outline([]byte(doc)); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("depth %d: error %v, want %v", test.depth, err, test.want)
		}
	}
}

func TestScanner_sizeIsBounded(t *testing.T) {
	for _, test := range []struct {
		size int
		want error
	}{{MaxSize - 1, nil}, {MaxSize, nil}, {MaxSize + 1, ErrTooLarge}} {
		doc := append([]byte("<a/>"), bytes.Repeat([]byte(" "), test.size-4)...)
		if _, err := outline(doc); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%d bytes: error %v, want %v", test.size, err, test.want)
		}
	}
}

// Every way of cutting a document short is an error, never a shorter document.
func TestScanner_everyCutIsNoticed(t *testing.T) {
	doc := `<?xml version="1.0"?><n:a x="1"><!-- c --><b>1&amp;2<![CDATA[3]]></b><c/></n:a>`
	if _, err := outline([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	for n := range len(doc) {
		if got, err := outline([]byte(doc[:n])); err == nil {
			t.Errorf("outline(%q) = %q without an error", doc[:n], got)
		}
	}
}

func TestScanner_appendContentLeavesInnerElementsOut(t *testing.T) {
	var s Scanner
	s.Reset([]byte(`<r><a>1<b>2</b>3<![CDATA[&]]></a><c>4</c></r>`))
	s.Next()
	s.Next()
	if got := string(s.AppendContent([]byte("0"))); got != "013&" {
		t.Errorf("AppendContent = %q, want %q", got, "013&")
	}
	if kind := s.Next(); kind != Start || string(s.Name()) != "c" || s.Depth() != 2 {
		t.Errorf("after AppendContent: kind %d, name %q, depth %d, want the start of c at depth 2", kind, s.Name(), s.Depth())
	}
}

func TestScanner_skipStopsAfterTheElement(t *testing.T) {
	var s Scanner
	s.Reset([]byte(`<r><a><a/>1<b>2</b></a><e/><c/></r>`))
	s.Next()
	s.Next()
	s.Skip()
	s.Next()
	if string(s.Name()) != "e" {
		t.Fatalf("after Skip of a: name %q, want e", s.Name())
	}
	s.Skip()
	if kind := s.Next(); kind != Start || string(s.Name()) != "c" {
		t.Errorf("after Skip of an empty element: kind %d, name %q, want the start of c", kind, s.Name())
	}
}

func TestScanner_plainTextIsNotCopied(t *testing.T) {
	doc := []byte("<a>text</a>")
	var s Scanner
	s.Reset(doc)
	s.Next()
	s.Next()
	if got := s.Text(); unsafe.SliceData(got) != &doc[3] {
		t.Errorf("Text of %q is a copy", doc)
	}
}

func TestScanner_allocatesNothing(t *testing.T) {
	doc := []byte("<r>" + strings.Repeat(`<Part x="1"><ETag>&quot;a&quot;</ETag><Size>5</Size></Part>`, 100) + "</r>")
	var s Scanner
	read := func() {
		s.Reset(doc)
		for s.Next() != EOF {
			if s.raw != nil {
				_ = s.Text()
			}
		}
	}
	read()
	if n := testing.AllocsPerRun(20, read); n != 0 {
		t.Errorf("reading %d bytes allocates %v times, want 0", len(doc), n)
	}
}

// reference writes the same outline with encoding/xml. It says no more than
// that package does: several roots and text outside them pass.
func reference(doc []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var out []byte
	depth := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return string(out), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			out = append(append(append(out, '('), token.Name.Local...), ')')
			depth++
		case xml.EndElement:
			out = append(append(append(out, "(/"...), token.Name.Local...), ')')
			depth--
		case xml.CharData:
			if depth > 0 {
				out = append(out, token...)
			}
		}
	}
}

// compare fails when both readers accept doc and see different things, or when
// we accept what encoding/xml refuses. It reports whether both accept.
func compare(t *testing.T, doc []byte) bool {
	t.Helper()
	ours, err := outline(doc)
	if err != nil {
		return false
	}
	// The two things we allow beyond it: a mark, and white space before the
	// declaration.
	plain := bytes.TrimLeft(bytes.TrimPrefix(doc, []byte("\uFEFF")), " \t\r\n")
	theirs, err := reference(plain)
	if err != nil {
		t.Errorf("outline(%q) = %q, but encoding/xml says %v", doc, ours, err)
		return false
	}
	if ours != theirs {
		t.Errorf("outline(%q) = %q, encoding/xml has %q", doc, ours, theirs)
	}
	return true
}

var seeds = []string{
	`<a/>`,
	`<?xml version="1.0" encoding="UTF-8"?>` + "\r\n" + `<Error><Code>NoSuchKey</Code><Message>x &lt;y&gt;</Message></Error>`,
	"\n \n<?xml version='1.0'?>\n<n:a xmlns:n='u' b=\"c\">1<![CDATA[2]]>3<!-- 4 --><?p q?>&#53;&#x36;\r\n</n:a>\n",
	`<ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag></Part><IsTruncated>false</IsTruncated></ListPartsResult>`,
	"<e:u e:x='ö'>\U0001f600]]</e:u>",
}

// Changes to good documents find the borders better than noise does.
func TestScanner_agreesWithEncodingXML(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"<", ">", "/", "&", ";", "&#x41;", "]]>", "<![CDATA[", "<!--", "-->", "<?", "?>", ":", "=", "'", `"`, " ", "\r", "\n", "a", "<b>", "</b>", "\x00", "\xff", "é", "1"}
	both := 0
	for range 60_000 {
		doc := []byte(seeds[random.IntN(len(seeds))])
		for range random.IntN(4) {
			at := random.IntN(len(doc) + 1)
			cut := min(random.IntN(4), len(doc)-at)
			piece := pieces[random.IntN(len(pieces))]
			if random.IntN(3) == 0 {
				piece = ""
			}
			doc = append(doc[:at:at], append([]byte(piece), doc[at+cut:]...)...)
		}
		if compare(t, doc) {
			both++
		}
		if t.Failed() {
			return
		}
	}
	if both < 15_000 {
		t.Errorf("both readers accept only %d of 60000 documents: the comparison has lost its power", both)
	}
}

func FuzzScanner(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) { compare(t, doc) })
}

func BenchmarkScanner(b *testing.B) {
	doc := []byte("<r>" + strings.Repeat(`<Part><PartNumber>1</PartNumber><ETag>&quot;79b281060d337b9b2b84ccf390adcf74&quot;</ETag><Size>5242880</Size></Part>`, 1000) + "</r>")
	var s Scanner
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		s.Reset(doc)
		for s.Next() != EOF {
		}
	}
}
