package jsonobject_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/internal/jsonobject"
)

func read(text string) (string, error) {
	var got strings.Builder
	err := jsonobject.Members([]byte(text), func(name string, value json.RawMessage) error {
		got.WriteString(name + "=" + string(value) + ";")
		return nil
	})
	return got.String(), err
}

func TestMembers(t *testing.T) {
	for _, c := range []struct{ name, text, want, wrong string }{
		{"nothing", ` {} `, "", ""},
		{"in their order", `{"b": 1, "a": [2, {"b": 3}]}`, `b=1;a=[2, {"b": 3}];`, ""},
		{"an escaped name", `{"a": 1, "\u0061": 2}`, "a=1;", `"a" comes twice`},
		{"a long name", `{"` + strings.Repeat("x", 50) + `": 1, "` + strings.Repeat("x", 50) + `": 2}`, strings.Repeat("x", 50) + "=1;", `"` + strings.Repeat("x", 40) + `" comes twice`},
		{"letters of another case", `{"a": 1, "A": 2}`, "a=1;A=2;", ""},
		{"an array", `[1]`, "", "not a JSON object"},
		{"null", `null`, "", "not a JSON object"},
		{"no text", ``, "", "not a JSON object"},
		{"another object", `{"a": 1} {}`, "a=1;", "there is something after the JSON object"},
		{"rubbish", `{"a": 1} x`, "a=1;", "there is something after the JSON object"},
		{"no end", `{"a": 1`, "a=1;", "EOF"},
		{"a value that is none", `{"a": x}`, "", "invalid character"},
	} {
		got, err := read(c.text)
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %q, %v, want %q, %q", c.name, got, err, c.want, c.wrong)
		}
	}
	stop := errors.New("stop")
	if err := jsonobject.Members([]byte(`{"a": 1, "b": 2}`), func(name string, _ json.RawMessage) error {
		if name == "b" {
			t.Error("visit was called after its error")
		}
		return stop
	}); err != stop {
		t.Errorf("visit's error came back as %v", err)
	}
}

// What is taken is what encoding/json takes, and has each name once.
func FuzzMembers(f *testing.F) {
	f.Add(`{"a": 1, "b": {"a": [null]}}`)
	f.Add(`{"a": 1, "a": 2}`)
	f.Add(`{} {}`)
	f.Fuzz(func(t *testing.T, text string) {
		names := 0
		err := jsonobject.Members([]byte(text), func(_ string, value json.RawMessage) error {
			names++
			if !json.Valid(value) {
				t.Errorf("%q was given for a value", value)
			}
			return nil
		})
		var whole map[string]json.RawMessage
		if err == nil && (json.Unmarshal([]byte(text), &whole) != nil || len(whole) != names) {
			t.Errorf("%q was taken with %d members of %d", text, names, len(whole))
		}
	})
}
