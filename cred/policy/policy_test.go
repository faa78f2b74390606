package policy_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred/policy"
)

func TestScope_json(t *testing.T) {
	for _, c := range []struct {
		name  string
		scope policy.Scope
		want  string
	}{
		{"an upload", policy.Scope{Bucket: "photos", Prefix: "u/42/"},
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:AbortMultipartUpload","s3:ListMultipartUploadParts"],` +
				`"Resource":"arn:aws:s3:::photos/u/42/*"}]}`},
		{"reading and listing", policy.Scope{Bucket: "photos", Prefix: "u/42/", Actions: []string{"s3:GetObject", "s3:ListBucket"}, Partition: "aws-cn"},
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws-cn:s3:::photos/u/42/*"},` +
				`{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":"arn:aws-cn:s3:::photos","Condition":{"StringLike":{"s3:prefix":"u/42/*"}}}]}`},
		{"listing alone, of a whole bucket", policy.Scope{Bucket: "photos", Actions: []string{"s3:ListBucket"}},
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":"arn:aws:s3:::photos"}]}`},
		{"letters that mean something", policy.Scope{Bucket: "photos", Prefix: `a*?${aws:username}"\é` + "\n", Actions: []string{"s3:PutObject"}},
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject"],` +
				`"Resource":"arn:aws:s3:::photos/a${*}${?}${$}{aws:username}\"\\\u00e9\u000a*"}]}`},
	} {
		got, err := c.scope.JSON()
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v\nwant %s", c.name, got, err, c.want)
		}
	}
}

func TestScope_refuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		scope policy.Scope
		want  error
	}{
		{"a wildcard as bucket", policy.Scope{Bucket: "ph*"}, policy.ErrBadBucket},
		{"a bucket that is a path", policy.Scope{Bucket: "photos/u"}, policy.ErrBadBucket},
		{"a prefix that is no text", policy.Scope{Bucket: "photos", Prefix: "\xff"}, policy.ErrBadPrefix},
		{"a prefix that is longer than a key", policy.Scope{Bucket: "photos", Prefix: strings.Repeat("a", 1025)}, policy.ErrBadPrefix},
		{"the longest", policy.Scope{Bucket: "photos", Prefix: strings.Repeat("a", 1024)}, nil},
		{"one that is too long once escaped", policy.Scope{Bucket: "photos", Prefix: strings.Repeat("*", 500)}, policy.ErrTooLong},
		{"all actions", policy.Scope{Bucket: "photos", Actions: []string{"s3:*"}}, policy.ErrBadAction},
		{"an action on the bucket", policy.Scope{Bucket: "photos", Actions: []string{"s3:ListBucketMultipartUploads"}}, policy.ErrBadAction},
		{"an action of another service", policy.Scope{Bucket: "photos", Actions: []string{"iam:PassRole"}}, policy.ErrBadAction},
		{"an action without its service", policy.Scope{Bucket: "photos", Actions: []string{"PutObject"}}, policy.ErrBadAction},
		{"a partition", policy.Scope{Bucket: "photos", Partition: "aws:iam"}, policy.ErrBadPartition},
	} {
		if _, err := c.scope.JSON(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// matches is what IAM says of a pattern of version 2012-10-17 and a text, as far
// as patterns have ${*}, ${?}, ${$} and a * at their end.
func matches(pattern, text string) bool {
	pattern, open := strings.CutSuffix(pattern, "*")
	var plain strings.Builder
	for len(pattern) > 0 {
		if strings.HasPrefix(pattern, "${") && len(pattern) > 3 && pattern[3] == '}' && strings.IndexByte("*?$", pattern[2]) >= 0 {
			plain.WriteByte(pattern[2])
			pattern = pattern[4:]
			continue
		}
		if strings.IndexByte("*?$", pattern[0]) >= 0 {
			return true // a wildcard, or a variable: it may match anything
		}
		plain.WriteByte(pattern[0])
		pattern = pattern[1:]
	}
	return open && strings.HasPrefix(text, plain.String())
}

// Whatever the prefix is, the policy is JSON in at most 2,048 characters that
// STS takes, and allows exactly the keys that begin with it.
func TestScope_anyPrefix(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	letters := []rune(`ab/*?${}"\:é` + "\n😀")
	made := 0
	for range 3000 {
		var prefix []rune
		for range random.IntN(30) {
			prefix = append(prefix, letters[random.IntN(len(letters))])
		}
		s := policy.Scope{Bucket: "photos", Prefix: string(prefix), Actions: []string{"s3:PutObject", "s3:ListBucket"}}
		text, err := s.JSON()
		if errors.Is(err, policy.ErrTooLong) {
			continue
		}
		made++
		var doc struct {
			Version   string
			Statement []struct {
				Effect    string
				Action    []string
				Resource  string
				Condition struct{ StringLike map[string]string }
			}
		}
		if err != nil || len(text) > policy.MaxPolicy || json.Unmarshal([]byte(text), &doc) != nil || len(doc.Statement) != 2 || doc.Version != "2012-10-17" {
			t.Fatalf("prefix %q: %s, %v", string(prefix), text, err)
		}
		for _, r := range text {
			if r < ' ' || r >= utf8.RuneSelf {
				t.Fatalf("prefix %q: a letter that STS does not take in %q", string(prefix), text)
			}
		}
		resource, listed := doc.Statement[0].Resource, doc.Statement[1].Condition.StringLike["s3:prefix"]
		const arn = "arn:aws:s3:::photos/"
		if !matches(resource, arn+string(prefix)+"x") || len(prefix) > 0 && !matches(listed, string(prefix)) {
			t.Fatalf("prefix %q: %s allows not even it", string(prefix), text)
		}
		if len(prefix) > 0 {
			other := string(prefix[:len(prefix)-1]) + "\u00ff"
			if matches(resource, arn+other) || matches(listed, other) {
				t.Fatalf("prefix %q: %s allows %q", string(prefix), text, other)
			}
		}
	}
	if made < 2000 {
		t.Errorf("only %d policies were made", made)
	}
}
