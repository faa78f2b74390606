package devstack

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWildcard(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything/at/all", true},
		{"a*", "a", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"?", "a", true},
		{"?", "", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"**", "x", true},
		{"users/u1/*", "users/u10/x", false},
		{"users/u1*", "users/u10/x", true}, // why the slash must be there
		{"a*?", "a", false},
		{"a*?", "ab", true},
		{"*ab", "aab", true},
	} {
		if got := wildcard(test.pattern, test.s); got != test.want {
			t.Errorf("wildcard(%q, %q) = %v, want %v", test.pattern, test.s, got, test.want)
		}
	}
}

// A pattern made to be slow: doubling the input may not square the time many
// times over.
func TestWildcard_isNotExponential(t *testing.T) {
	pattern := strings.Repeat("a*", 500) + "b"
	begun := time.Now()
	if wildcard(pattern, strings.Repeat("a", 2000)) {
		t.Error("it matches")
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestRolePolicy(t *testing.T) {
	role := rolePolicy("alice", []string{"photos", "more"})
	for _, test := range []struct {
		action, resource, prefix string
		want                     verdict
	}{
		{"s3:PutObject", "arn:aws:s3:::photos/users/alice/a", "", allowed},
		{"s3:PutObject", "arn:aws:s3:::more/users/alice/a/b", "", allowed},
		{"s3:PutObject", "arn:aws:s3:::photos/users/alice", "", silent},
		{"s3:PutObject", "arn:aws:s3:::photos/users/alicex/a", "", silent},
		{"s3:PutObject", "arn:aws:s3:::other/users/alice/a", "", silent},
		{"s3:PutObject", "arn:aws:s3:::photos/users/bob/a", "", silent},
		{"s3:DeleteObject", "arn:aws:s3:::photos/users/alice/a", "", silent},
		{"s3:PutObjectAcl", "arn:aws:s3:::photos/users/alice/a", "", silent},
		{"s3:PutBucketPolicy", "arn:aws:s3:::photos", "", silent},
		{"s3:ListBucketMultipartUploads", "arn:aws:s3:::photos", "users/alice/", allowed},
		{"s3:ListBucketMultipartUploads", "arn:aws:s3:::photos", "users/alice/deeper", allowed},
		{"s3:ListBucketMultipartUploads", "arn:aws:s3:::photos", "users/alice", silent},
		{"s3:ListBucketMultipartUploads", "arn:aws:s3:::photos", "", silent},
	} {
		if got := role.decide(test.action, test.resource, test.prefix); got != test.want {
			t.Errorf("decide(%s, %s, %q) = %v, want %v", test.action, test.resource, test.prefix, got, test.want)
		}
	}
}

// What is not understood is refused, never ignored.
func TestParsePolicy_refusesWhatItDoesNotKnow(t *testing.T) {
	const good = `"Effect":"Allow","Action":"s3:*","Resource":"*"`
	for name, text := range map[string]string{
		"nothing":                     ``,
		"no object":                   `[]`,
		"null":                        `null`,
		"no statement":                `{"Version":"2012-10-17"}`,
		"no statements":               `{"Statement":[]}`,
		"half a document":             `{"Statement":{` + good + `}`,
		"two documents":               `{"Statement":{` + good + `}}{}`,
		"a bracket too many":          `{"Statement":{` + good + `}}}`,
		"other version":               `{"Version":"2020-01-01","Statement":{` + good + `}}`,
		"unknown element":             `{"Statement":{` + good + `},"Extra":1}`,
		"element in lower case":       `{"statement":{` + good + `}}`,
		"statement twice":             `{"Statement":{` + good + `},"Statement":{` + good + `}}`,
		"condition":                   `{"Statement":{` + good + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}}}`,
		"principal":                   `{"Statement":{` + good + `,"Principal":"*"}}`,
		"not action":                  `{"Statement":{"Effect":"Allow","NotAction":"s3:Get*","Resource":"*"}}`,
		"not resource":                `{"Statement":{"Effect":"Allow","Action":"s3:Get*","NotResource":"*"}}`,
		"no effect":                   `{"Statement":{"Action":"s3:*","Resource":"*"}}`,
		"no action":                   `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
		"no resource":                 `{"Statement":{"Effect":"Allow","Action":"s3:*"}}`,
		"empty action":                `{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}`,
		"effect twice":                `{"Statement":{` + good + `,"Effect":"Deny"}}`,
		"effect in lower case":        `{"Statement":{"Effect":"allow","Action":"s3:*","Resource":"*"}}`,
		"effect that is a number":     `{"Statement":{"Effect":1,"Action":"s3:*","Resource":"*"}}`,
		"action of another service":   `{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}`,
		"action without service":      `{"Statement":{"Effect":"Allow","Action":"PutObject","Resource":"*"}}`,
		"action that is a number":     `{"Statement":{"Effect":"Allow","Action":[1],"Resource":"*"}}`,
		"resource of another service": `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam:::x"}}`,
		"resource without a name":     `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::"}}`,
		"policy variable":             `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/*"}}`,
	} {
		if p, err := parsePolicy([]byte(text)); err == nil {
			t.Errorf("%s: parsed as %+v", name, p)
		}
	}
}

func TestParsePolicy_reads(t *testing.T) {
	p, err := parsePolicy([]byte(` {"Version":"2012-10-17","Id":"i","Statement":[
		{"Sid":"one","Effect":"Allow","Action":["s3:Get*","s3:PutObject"],"Resource":"arn:aws:s3:::b/*"},
		{"Effect":"Deny","Action":"*","Resource":["arn:aws:s3:::b/x","*"]}]} `))
	if err != nil {
		t.Fatal(err)
	}
	if len(p) != 2 || p[0].effect != allowed || p[1].effect != denied ||
		!slices.Equal(p[0].actions, []string{"s3:Get*", "s3:PutObject"}) || !slices.Equal(p[1].resources, []string{"arn:aws:s3:::b/x", "*"}) {
		t.Errorf("parsed as %+v", p)
	}
}

// Whatever parses is decided without a panic, and says what a second parse says.
func FuzzParsePolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::photos/users/alice/*"}}`)
	f.Add(`{"Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"]}]}`)
	f.Add(`{"Statement":{"Effect":"Allow","Action":"s3:?*","Resource":"arn:aws:s3:::*?*"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePolicy([]byte(text))
		if err != nil {
			return
		}
		if len(p) == 0 {
			t.Fatalf("%q parsed as a policy without statements", text)
		}
		again, err := parsePolicy([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		const action, resource = "s3:PutObject", "arn:aws:s3:::photos/users/alice/x"
		if p.decide(action, resource, "") != again.decide(action, resource, "") {
			t.Fatalf("%q is decided in two ways", text)
		}
	})
}
