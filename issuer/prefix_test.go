package issuer

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTemplate_thatIsWrong_isRefused(t *testing.T) {
	for _, text := range []string{
		"", "/", "users", "users/", "users/{sub}", "/users/{sub}/", "users//{sub}/", "users/{}/", "users/{...}/", "users/{sub/", "users/sub}/",
		"users/x{sub}/", "users/{sub}x/", "{a}-{b}/", "{a}{b}/", "users/{{sub}}/", "users/{a{b}/", "{team...}/{sub}/", "{team...}/x/", "../{sub}/", "a/../{sub}/",
		"./{sub}/", "a*/{sub}/", "${aws:userid}/{sub}/", "a b/{sub}/", "ü/{sub}/", "a?/{sub}/", "a\\/{sub}/", "{sub}//",
	} {
		if _, err := parseTemplate(text); err == nil {
			t.Errorf("parseTemplate(%q) took it", text)
		}
	}
}

func TestTemplate_filled(t *testing.T) {
	claims := map[string]json.RawMessage{}
	for name, value := range map[string]string{
		"sub": `"alice"`, "email": `"alice@example.com"`, "email_verified": `true`, "team": `"a/b/c"`, "auth0": `"auth0|5f7"`,
		"cognito:username": `"al.ice"`, "https://example.com/tenant": `"acme"`, "number": `7`, "list": `["a"]`, "null": `null`, "empty": `""`,
		"long": `"` + strings.Repeat("a", 129) + `"`, "longest": `"` + strings.Repeat("a", 128) + `"`,
	} {
		claims[name] = json.RawMessage(value)
	}
	for text, want := range map[string]string{
		"users/{sub}/":                    "users/alice/",
		"{sub}/":                          "alice/",
		"{email}/in/":                     "alice@example.com/in/",
		"t/{https://example.com/tenant}/": "t/acme/",
		"{cognito:username}/":             "al.ice/",
		"{auth0}/{sub}/":                  "auth0|5f7/alice/",
		"teams/{team...}/":                "teams/a/b/c/",
		"teams/{team}/":                   "",
		"{number}/":                       "",
		"{list}/":                         "",
		"{null}/":                         "",
		"{empty}/":                        "",
		"{missing}/":                      "",
		"{long}/":                         "",
		"{longest}/":                      strings.Repeat("a", 128) + "/",
		"{longest}/{longest}/{longest}/{longest}/": "",
	} {
		template, err := parseTemplate(text)
		got := ""
		if err == nil {
			got, err = template.fill(claims)
		}
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestTemplate_claimsThatReachFurther_areRefused(t *testing.T) {
	template, err := parseTemplate("users/{sub}/")
	if err != nil {
		t.Fatal(err)
	}
	many, err := parseTemplate("users/{sub...}/")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{
		"..", ".", "...", "../bob", "bob/..", "a/../bob", "a/./b", "a..b", "*", "al*ce", "?", "al?ce", "$", "${aws:username}", "${*}",
		"/", "/alice", "alice/", "a//b", "a b", " ", "a\nb", "a\x00b", "a\tb", "a%2fb", "%2e%2e", "a\\b", "ä", "\u202e", "\ufeffalice", "alicе",
		"a\"b", "a'b", "a<b", "a&b", "a#b", "a;b", "a(b", "{sub}", "a`b", "a^b", "a!b", "a[b", "a]b",
	} {
		claims := map[string]json.RawMessage{"sub": mustJSON(t, value)}
		if got, err := template.fill(claims); err == nil {
			t.Errorf("a sub of %q became %q", value, got)
		} else if strings.Contains(err.Error(), value) && len(value) > 3 {
			t.Errorf("the error for %q has the value: %v", value, err)
		}
		if got, err := many.fill(claims); err == nil {
			t.Errorf("a sub... of %q became %q", value, got)
		}
	}
	for _, value := range []string{"alice/", "a/b"} {
		if got, err := template.fill(map[string]json.RawMessage{"sub": mustJSON(t, value)}); err == nil {
			t.Errorf("a sub of %q became %q", value, got)
		}
	}
}

func TestTemplate_anAddressThatIsNotVerified_isNobodys(t *testing.T) {
	template, err := parseTemplate("{email}/")
	if err != nil {
		t.Fatal(err)
	}
	for _, verified := range []string{"", "false", `"true"`, "1", "null"} {
		claims := map[string]json.RawMessage{"email": json.RawMessage(`"alice@example.com"`)}
		if verified != "" {
			claims["email_verified"] = json.RawMessage(verified)
		}
		if got, err := template.fill(claims); err == nil {
			t.Errorf("with email_verified %s the prefix is %q", verified, got)
		}
	}
}

func mustJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever the claims, a prefix has as many components as its template, or more
// where it says so, and means its letters in every place that it goes to.
func FuzzPrefix(f *testing.F) {
	for _, text := range []string{"users/{sub}/", "{a}/{b}/", "teams/{a...}/", "x/{a}/y/"} {
		f.Add(text, "alice", "b|1")
		f.Add(text, "a/b", "../c")
	}
	f.Fuzz(func(t *testing.T, text, a, b string) {
		template, err := parseTemplate(text)
		if err != nil {
			return
		}
		claims := map[string]json.RawMessage{"sub": mustJSON(t, a), "a": mustJSON(t, a), "b": mustJSON(t, b)}
		prefix, err := template.fill(claims)
		if err != nil {
			return
		}
		if !strings.HasSuffix(prefix, "/") || strings.HasPrefix(prefix, "/") || strings.ContainsAny(prefix, "*?$%\\ \n\x00{}\"") ||
			strings.Contains(prefix, "..") || strings.Contains(prefix, "//") || len(prefix) > maxPrefixBytes {
			t.Errorf("%q with %q and %q is %q", text, a, b, prefix)
		}
		if !strings.Contains(text, "...") && strings.Count(prefix, "/") != strings.Count(text, "/") {
			t.Errorf("%q with %q and %q is %q, of another depth", text, a, b, prefix)
		}
	})
}
