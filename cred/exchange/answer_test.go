package exchange_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred/exchange"
)

func TestReadJSON(t *testing.T) {
	for _, c := range []struct{ name, doc, a, b, first string }{
		{"members", `{"a":"x","o":{"b":"y"}}`, "x", "y", ""},
		{"in another order, with others between", `{"z":[1,{"a":"no"}],"o":{"c":{"b":"no"},"b":"y"},"a":"x"}`, "x", "y", ""},
		{"a number as it is written", `{"a":1.50e2}`, "1.50e2", "", ""},
		{"truth", `{"a":true,"o":{"b":false}}`, "true", "false", ""},
		{"null is nothing", `{"a":null,"o":null}`, "", "", ""},
		{"the first of an array", `{"e":[{"c":"1"},{"c":"2"}]}`, "", "", "1"},
		{"arrays in arrays are another place", `{"e":[[{"c":"1"}]],"a":"x"}`, "x", "", ""},
		{"a name that looks like a path", `{"o/b":"no","o":{"b":"y"}}`, "", "y", ""},
		{"a name that looks like an array", `{"e/[]/c":"no","e[/[]{":{"c":"no"},"a":"x"}`, "x", "", ""},
		{"an object where a text was wanted", `{"a":{"b":"no"},"o":{"b":"y"}}`, "", "y", ""},
		{"an array where a text was wanted", `{"a":["no"],"o":{"b":"y"}}`, "", "y", ""},
	} {
		var a, b, first string
		found, err := exchange.ReadJSON([]byte(c.doc),
			exchange.Element{Path: "/a", Into: &a}, exchange.Element{Path: "/o/b", Into: &b}, exchange.Element{Path: "/e/[]/c", Into: &first})
		if err != nil || !found || a != c.a || b != c.b || first != c.first {
			t.Errorf("%s: %v, %v, %q %q %q, want %q %q %q", c.name, found, err, a, b, first, c.a, c.b, c.first)
		}
	}
}

func TestReadJSON_refuses(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		want      error
	}{
		{"nothing", "", exchange.ErrAnswerNotJSON},
		{"a page", "<html>", exchange.ErrAnswerNotJSON},
		{"cut off", `{"a":"x"`, exchange.ErrAnswerNotJSON},
		{"a member twice", `{"a":"x","a":"y"}`, exchange.ErrAnswerTwice},
		{"an object twice", `{"o":{"b":"x"},"o":{"b":"y"}}`, exchange.ErrAnswerTwice},
		{"too large", `{}` + strings.Repeat(" ", exchange.MaxAnswer-1), exchange.ErrAnswerTooLarge},
	} {
		var a, b string
		if _, err := exchange.ReadJSON([]byte(c.doc), exchange.Element{Path: "/a", Into: &a}, exchange.Element{Path: "/o/b", Into: &b}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, doc := range []string{`[]`, `"a"`, `1`, `{}` + strings.Repeat(" ", exchange.MaxAnswer-2)} {
		if found, err := exchange.ReadJSON([]byte(doc)); err != nil || found != (doc[0] == '{') {
			t.Errorf("ReadJSON(%.5q) = %v, %v", doc, found, err)
		}
	}
}

// What AppendString writes is the text again to encoding/json, and ASCII.
func TestAppendString_isJSON(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var s []rune
		for range random.IntN(20) {
			r := rune(random.IntN(utf8.MaxRune >> (random.IntN(3) * 7)))
			if utf8.ValidRune(r) {
				s = append(s, r)
			}
		}
		text := exchange.AppendString(nil, string(s))
		var back string
		if err := json.Unmarshal(text, &back); err != nil || back != string(s) {
			t.Fatalf("AppendString(%q) = %s, read as %q, %v", string(s), text, back, err)
		}
		for _, c := range text {
			if c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' {
				t.Fatalf("AppendString(%q) = %q", string(s), text)
			}
		}
	}
}

func TestJSONRefusal(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       exchange.Error
		advice     exchange.Advice
	}{
		{"AWS JSON 1.1", `{"__type":"com.amazonaws.cognito#NotAuthorizedException","message":"Invalid login token."}`,
			exchange.Error{Code: "NotAuthorizedException", Message: "Invalid login token."}, exchange.NewToken},
		{"with an address after it", `{"__type":"TooManyRequestsException:http://internal.amazon.com/coral/","Message":"Slow down"}`,
			exchange.Error{Code: "TooManyRequestsException", Message: "Slow down"}, exchange.Retry},
		{"a container's", `{"code":"AccessDenied","message":"No."}`, exchange.Error{Code: "AccessDenied", Message: "No."}, exchange.Stop},
		{"a token in it", `{"code":"x","message":"bad eyJhbGciOi token"}`, exchange.Error{Code: "x", Message: "bad [token] token"}, exchange.Stop},
		{"no JSON", `Bad Request`, exchange.Error{}, exchange.Stop},
		{"a code that is none", `{"code":"<script>","message":"m"}`, exchange.Error{Message: "m"}, exchange.Stop},
	} {
		c.want.Op, c.want.Status = "GetId", 400
		if got := exchange.JSONRefusal("GetId", 400, []byte(c.body)); *got != c.want || got.Advice() != c.advice {
			t.Errorf("%s: %+v, advice %d, want %+v, %d", c.name, got, got.Advice(), c.want, c.advice)
		}
	}
}

func TestError_adviceOfSignatures(t *testing.T) {
	for _, c := range []struct {
		code, message string
		status        int
		want          exchange.Advice
	}{
		{"SignatureDoesNotMatch", "Signature expired: 20261123T090000Z is now earlier than 20261123T091500Z", 403, exchange.Clock},
		{"SignatureDoesNotMatch", "Signature not yet current: 20261123T090000Z is still later than 20261123T084500Z", 403, exchange.Clock},
		{"InvalidSignatureException", "Signature expired: x", 400, exchange.Clock},
		{"SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.", 403, exchange.Stop},
		{"RequestTimeTooSkewed", "", 403, exchange.Clock},
		{"RequestExpired", "", 400, exchange.Clock},
		{"InvalidClientTokenId", "", 403, exchange.NewToken},
		{"UnrecognizedClientException", "", 400, exchange.NewToken},
		{"", "", 401, exchange.NewToken},
		{"10000", "Authentication error", 401, exchange.NewToken},
	} {
		e := exchange.Error{Code: c.code, Message: c.message, Status: c.status}
		if got := e.Advice(); got != c.want {
			t.Errorf("%d %s %q: Advice() = %d, want %d", c.status, c.code, c.message, got, c.want)
		}
	}
}
