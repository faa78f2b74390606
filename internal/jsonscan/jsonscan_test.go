package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/internal/jsonscan"
)

// tokens reads doc as a line of text.
func tokens(doc []byte) (string, error) {
	var s jsonscan.Scanner
	s.Reset(doc)
	var out []string
	for {
		switch s.Next() {
		case jsonscan.EOF:
			return strings.Join(out, " "), s.Err()
		case jsonscan.Object:
			out = append(out, "{")
		case jsonscan.ObjectEnd:
			out = append(out, "}")
		case jsonscan.Array:
			out = append(out, "[")
		case jsonscan.ArrayEnd:
			out = append(out, "]")
		case jsonscan.Name:
			out = append(out, string(s.AppendText(nil))+":")
		case jsonscan.String:
			out = append(out, `"`+string(s.AppendText(nil))+`"`)
		case jsonscan.Number:
			out = append(out, string(s.AppendText(nil)))
		case jsonscan.True:
			out = append(out, "true")
		case jsonscan.False:
			out = append(out, "false")
		case jsonscan.Null:
			out = append(out, "null")
		}
	}
}

func TestScanner_tokens(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"an object", ` {"a" : "b", "c":[1, -2.5e+3,true,false,null] , "d":{}}` + "\n", `{ a: "b" c: [ 1 -2.5e+3 true false null ] d: { } }`},
		{"a string alone", `"x"`, `"x"`},
		{"a number alone", `0`, `0`},
		{"escapes", `"\"\\\/\b\f\n\r\té\ud83d\ude00"`, "\"\"\\/\b\f\n\r\té😀\""},
		{"Unicode as it is", `"é😀"`, `"é😀"`},
		{"empty array", `[]`, `[ ]`},
		{"nested", `[[{"a":[]}]]`, `[ [ { a: [ ] } ] ]`},
	} {
		if got, err := tokens([]byte(c.doc)); err != nil || got != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, got, err, c.want)
		}
	}
}

func TestScanner_refuses(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		want      error
	}{
		{"nothing", "", jsonscan.ErrSyntax},
		{"two values", "{} {}", jsonscan.ErrSyntax},
		{"a comma before the end", `{"a":1,}`, jsonscan.ErrSyntax},
		{"a comma before the end of an array", `[1,]`, jsonscan.ErrSyntax},
		{"no colon", `{"a" 1}`, jsonscan.ErrSyntax},
		{"a name without quotes", `{a:1}`, jsonscan.ErrSyntax},
		{"the wrong end", `{"a":1]`, jsonscan.ErrSyntax},
		{"cut off", `{"a":"b`, jsonscan.ErrSyntax},
		{"cut off in an escape", `"\`, jsonscan.ErrSyntax},
		{"a leading zero", "01", jsonscan.ErrSyntax},
		{"a plus", "+1", jsonscan.ErrSyntax},
		{"no digit after the point", "1.", jsonscan.ErrSyntax},
		{"no digit in the exponent", "1e", jsonscan.ErrSyntax},
		{"NaN", "NaN", jsonscan.ErrSyntax},
		{"a line end in a string", "\"\n\"", jsonscan.ErrSyntax},
		{"an unknown escape", `"\x"`, jsonscan.ErrSyntax},
		{"half an escape", `"\u12"`, jsonscan.ErrSyntax},
		{"a page", "<html>", jsonscan.ErrSyntax},
		{"half of a surrogate pair", `"\ud83d"`, jsonscan.ErrEncoding},
		{"the other half", `"\ude00"`, jsonscan.ErrEncoding},
		{"two first halves", `"\ud83d\ud83d"`, jsonscan.ErrEncoding},
		{"no UTF-8", "\"\xff\"", jsonscan.ErrEncoding},
		{"a name that is no UTF-8", "{\"\xff\":1}", jsonscan.ErrEncoding},
		{"too deep", strings.Repeat("[", jsonscan.MaxDepth+1) + strings.Repeat("]", jsonscan.MaxDepth+1), jsonscan.ErrTooDeep},
		{"too large", "0" + strings.Repeat(" ", jsonscan.MaxSize), jsonscan.ErrTooLarge},
	} {
		if got, err := tokens([]byte(c.doc)); !errors.Is(err, c.want) {
			t.Errorf("%s: %s, %v, want %v", c.name, got, err, c.want)
		}
	}
	for _, doc := range []string{
		strings.Repeat("[", jsonscan.MaxDepth) + strings.Repeat("]", jsonscan.MaxDepth),
		"0" + strings.Repeat(" ", jsonscan.MaxSize-1),
	} {
		if _, err := tokens([]byte(doc)); err != nil {
			t.Errorf("at the bound: %v", err)
		}
	}
}

// reference reads doc with encoding/json.
func reference(doc []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var out []string
	type level struct{ object, value bool }
	stack := []level{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return strings.Join(out, " "), nil
		}
		if err != nil {
			return "", err
		}
		top := len(stack) - 1
		text, isText := token.(string)
		if isText && top >= 0 && stack[top].object && !stack[top].value {
			stack[top].value = true
			out = append(out, text+":")
			continue
		}
		if top >= 0 {
			stack[top].value = false
		}
		switch v := token.(type) {
		case json.Delim:
			out = append(out, v.String())
			if v == '{' || v == '[' {
				stack = append(stack, level{object: v == '{'})
			} else {
				stack = stack[:top]
				if top > 0 {
					stack[top-1].value = false
				}
			}
		case string:
			out = append(out, `"`+v+`"`)
		case json.Number:
			out = append(out, v.String())
		case bool:
			out = append(out, map[bool]string{true: "true", false: "false"}[v])
		case nil:
			out = append(out, "null")
		}
	}
}

func FuzzScanner(f *testing.F) {
	for _, doc := range []string{
		`{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-23T09:00:00Z"}`,
		`[1,-0,1.5E-7,true,false,null,"\u00e9\ud83d\ude00",{}]`, `"\ud83d"`, `{"a":{"b":[]},}`, "\"\xff\"", " 0 ", "",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := tokens(doc)
		valid := json.Valid(doc)
		switch {
		case err == nil && !valid:
			t.Fatalf("%q was read as %s, encoding/json refuses it", doc, got)
		case errors.Is(err, jsonscan.ErrSyntax) && valid:
			t.Fatalf("%q was refused, encoding/json takes it", doc)
		case errors.Is(err, jsonscan.ErrEncoding) && valid:
			// encoding/json puts U+FFFD there.
			if want, _ := reference(doc); utf8.Valid(doc) && !strings.ContainsRune(want, utf8.RuneError) {
				t.Fatalf("%q was refused as no Unicode, and is", doc)
			}
		}
		if err != nil {
			return
		}
		if want, err := reference(doc); err != nil || got != want {
			t.Fatalf("%q was read as %s, encoding/json reads %s, %v", doc, got, want, err)
		}
	})
}
