package sign_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const policyCases = 6000 // of them half with each version

// document is a policy as encoding/json reads it.
type document struct {
	Expiration string
	Conditions []condition
}

// condition is a condition in its three-part form.
type condition [3]any

func (c *condition) UnmarshalJSON(text []byte) error {
	var object map[string]string
	if json.Unmarshal(text, &object) == nil {
		for name, value := range object {
			*c = condition{"eq", "$" + name, value}
		}
		return nil
	}
	var parts []any
	err := json.Unmarshal(text, &parts)
	copy(c[:], parts)
	return err
}

func parseDocument(t *testing.T, text []byte) document {
	t.Helper()
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("policy is not JSON: %v\n%s", err, text)
	}
	return d
}

func decodeBase64(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// formValue is what a form has for a name.
func formValue(form []s3.Field, name string) string {
	for _, f := range form {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// giver hands minio-go the credentials of the case.
type giver struct {
	*sign.Credentials
	version credentials.SignatureType
}

func (g *giver) Retrieve() (credentials.Value, error) { return g.RetrieveWithCredContext(nil) }

func (g *giver) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return credentials.Value{AccessKeyID: g.AccessKeyID, SecretAccessKey: g.SecretAccessKey, SessionToken: g.SessionToken, SignerType: g.version}, nil
}

func (g *giver) IsExpired() bool { return true }

// policyText is text for a policy that minio-go can write: it escapes nothing
// in JSON and refuses white space alone.
func (s *source) policyText() string {
	drop := func(c rune) rune {
		if c < ' ' || c == '"' || c == '\\' {
			return -1
		}
		return c
	}
	return strings.Map(drop, s.text(1+s.IntN(6))) + "x"
}

// policies makes the same policy twice.
func (s *source) policies(t *testing.T, bucket string) (*sign.Policy, *minio.PostPolicy) {
	ours, theirs := &sign.Policy{}, minio.NewPostPolicy()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	expires := time.Now().Add(time.Duration(1 + s.Int64N(int64(24*time.Hour)))).Truncate(time.Millisecond).Add(time.Millisecond)
	ours.Expiration = sign.UnixMilli(expires.UnixMilli())
	must(theirs.SetExpires(expires))
	ours.Equal("bucket", bucket)
	must(theirs.SetBucket(bucket))
	if key := s.policyText(); s.oneIn(2) {
		ours.Field("key", key)
		must(theirs.SetKey(key))
	} else {
		ours.StartsWith("key", key)
		ours.Field("key", key)
		must(theirs.SetKeyStartsWith(key))
	}
	if value := s.policyText(); s.oneIn(2) {
		ours.Field("Content-Type", value)
		must(theirs.SetContentType(value))
	}
	if value := s.policyText(); s.oneIn(2) {
		ours.Field("Content-Disposition", value)
		must(theirs.SetContentDisposition(value))
	}
	if s.oneIn(2) {
		ours.Field("success_action_status", "201")
		must(theirs.SetSuccessStatusAction("201"))
	}
	for i := range s.IntN(3) {
		name, value := s.token(lowerLetters, 1+s.IntN(8))+string(rune('a'+i)), s.policyText()
		ours.Field("x-amz-meta-"+name, value)
		must(theirs.SetUserMetadata(name, value))
	}
	if s.oneIn(2) {
		least, most := s.Int64N(1<<40), int64(1<<40)+s.Int64N(1<<40)
		ours.ContentLengthRange(least, most)
		must(theirs.SetContentLengthRange(least, most))
	}
	return ours, theirs
}

// TestPolicy_equalsMinIO compares what the policies say, since we write them
// more briefly, and then signs each with the other's signer.
func TestPolicy_equalsMinIO(t *testing.T) {
	s, v, v2 := newSource(t, dialect{}), new(sign.V4), new(sign.V2)
	regions := []string{"us-east-1", "eu-west-1", "garage"}
	give, clients := &giver{}, []*minio.Client{}
	for _, region := range regions {
		client, err := minio.New("127.0.0.1:9", &minio.Options{Creds: credentials.New(give), Region: region})
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, client)
	}
	synctest.Test(t, func(t *testing.T) {
		for i := range policyCases {
			s.passTime()
			at, c, n := now(), s.credentials(), s.IntN(len(regions))
			*give = giver{c, credentials.SignatureV4}
			if i%2 == 1 {
				give.version, c.SessionToken = credentials.SignatureV2, "" // minio-go leaves it out here
			}
			ours, theirs := s.policies(t, "some-bucket")
			_, form, err := clients[n].PresignedPostPolicy(context.Background(), theirs)
			if err != nil {
				t.Fatal(err)
			}
			if give.version == credentials.SignatureV4 {
				err = v.Policy(ours, c, regions[n], at)
			} else {
				err = v2.Policy(ours, c, at)
			}
			if err != nil {
				t.Fatal(err)
			}
			comparePolicies(t, i, ours.Form, form)
			policy, theirPolicy := formValue(ours.Form, "policy"), form["policy"]
			if give.version == credentials.SignatureV4 {
				compare(t, i, formValue(ours.Form, "x-amz-signature"), signer.PostPresignSignatureV4(policy, time.Now().UTC(), c.SecretAccessKey, regions[n]))
				compare(t, i, string(v.AppendSignature(nil, c, regions[n], at, []byte(theirPolicy))), form["x-amz-signature"])
			} else {
				compare(t, i, formValue(ours.Form, "signature"), signer.PostPresignSignatureV2(policy, c.SecretAccessKey))
				compare(t, i, string(v2.AppendSignature(nil, c, []byte(theirPolicy))), form["signature"])
			}
		}
	})
}

func compare(t *testing.T, i int, got, want string) {
	t.Helper()
	if got != want {
		t.Fatalf("case %d: %s, want %s", i, got, want)
	}
}

// comparePolicies fails unless both forms have the same fields, but for
// minio-go's bucket, which is none, and policies that say the same.
func comparePolicies(t *testing.T, i int, ours []s3.Field, theirs map[string]string) {
	t.Helper()
	got, want := map[string]string{}, maps.Clone(theirs)
	for _, f := range ours {
		got[f.Name] = f.Value
	}
	gotText, wantText := parseDocument(t, decodeBase64(t, got["policy"])), parseDocument(t, decodeBase64(t, want["policy"]))
	for _, name := range []string{"policy", "signature", "x-amz-signature", "bucket"} {
		if _, ok := got[name]; ok != (want[name] != "" && name != "bucket") {
			t.Fatalf("case %d: field %s in form: %v", i, name, ok)
		}
		delete(got, name)
		delete(want, name)
	}
	if !maps.Equal(got, want) {
		t.Fatalf("case %d: form = %v\nwant %v", i, got, want)
	}
	slices.SortFunc(gotText.Conditions, compareConditions)
	slices.SortFunc(wantText.Conditions, compareConditions)
	if gotText.Expiration != wantText.Expiration || !slices.Equal(gotText.Conditions, wantText.Conditions) {
		t.Fatalf("case %d: policy = %v\nwant %v", i, gotText, wantText)
	}
}

func compareConditions(a, b condition) int {
	key := func(c condition) string {
		text, _ := json.Marshal(c)
		return string(text)
	}
	return strings.Compare(key(a), key(b))
}

func simplePolicy() *sign.Policy {
	p := &sign.Policy{Expiration: 1000}
	p.Equal("bucket", "b")
	p.Field("key", "k")
	return p
}

func TestPolicy_signingAgainReplaces(t *testing.T) {
	c, other := &sign.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t"}, &sign.Credentials{AccessKeyID: "B", SecretAccessKey: "z"}
	want, p := simplePolicy(), simplePolicy()
	if err := new(sign.V4).Policy(want, other, "r", 5); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{new(sign.V4).Policy(p, c, "q", 1), new(sign.V2).Policy(p, c, 2), new(sign.V4).Policy(p, other, "r", 5)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(p.Form, want.Form) || !slices.Equal(p.Conditions, want.Conditions) {
		t.Errorf("form = %q, want %q", p.Form, want.Form)
	}
}

// S3 API Reference, "Creating a POST Policy": conditions are compared after
// ${filename} is replaced.
func TestPolicyField_filenameIsDemandedAsPrefix(t *testing.T) {
	p := &sign.Policy{}
	p.Field("key", "users/alice/${filename}")
	want := []sign.Condition{{Kind: sign.ConditionStartsWith, Name: "key", Value: "users/alice/"}}
	if !slices.Equal(p.Conditions, want) || formValue(p.Form, "key") != "users/alice/${filename}" {
		t.Errorf("conditions = %v, want %v", p.Conditions, want)
	}
}

// S3 Developer Guide, "Browser-Based Uploads Using POST": fields of one name
// are joined by commas before they are compared.
func TestPolicyField_twiceIsDemandedJoined(t *testing.T) {
	p := &sign.Policy{}
	p.Field("x-amz-meta-tag", "a")
	p.Field("X-Amz-Meta-Tag", "b")
	p.Field("x-amz-meta-tag", "c")
	want := []sign.Condition{{Kind: sign.ConditionEqual, Name: "x-amz-meta-tag", Value: "a,b,c"}}
	if !slices.Equal(p.Conditions, want) || len(p.Form) != 3 {
		t.Errorf("conditions = %v, want %v", p.Conditions, want)
	}
}

func TestPolicy_refusesWhatTheStoreWould(t *testing.T) {
	cases := []struct {
		name  string
		spoil func(*sign.Policy)
		want  string
	}{
		{"expired", func(p *sign.Policy) { p.Expiration = 1 }, "expired"},
		{"no key", func(p *sign.Policy) { p.Form = nil }, "no key field"},
		{"uncovered field", func(p *sign.Policy) { p.Form = append(p.Form, s3.Field{Name: "acl"}) }, "form field acl"},
		{"file name in a condition", func(p *sign.Policy) { p.StartsWith("acl", "${filename}") }, "${filename}"},
		{"nameless condition", func(p *sign.Policy) { p.Equal("", "x") }, "names no form field"},
		{"value that is not UTF-8", func(p *sign.Policy) { p.Field("acl", "\xff") }, "not UTF-8"},
		{"negative range", func(p *sign.Policy) { p.ContentLengthRange(-1, 5) }, "content-length-range"},
		{"empty range", func(p *sign.Policy) { p.ContentLengthRange(6, 5) }, "content-length-range"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := simplePolicy()
			c.spoil(p)
			err := new(sign.V4).Policy(p, &sign.Credentials{}, "r", 1)
			err2 := new(sign.V2).Policy(p, &sign.Credentials{}, 1)
			if err == nil || err2 == nil || !strings.Contains(err.Error(), c.want) || err.Error() != err2.Error() {
				t.Errorf("errors = %v and %v, want %q in both", err, err2, c.want)
			}
		})
	}
}

func TestPolicy_allowsFieldsThatNeedNoCondition(t *testing.T) {
	p := simplePolicy()
	p.Form = append(p.Form, s3.Field{Name: "x-ignore-this", Value: "1"})
	p.ContentLengthRange(0, 0)
	if err := new(sign.V4).Policy(p, &sign.Credentials{}, "r", 999); err != nil {
		t.Error(err)
	}
}

// FuzzPolicyDocument has encoding/json read what we wrote. The S3 text wants
// every "$" but that before a name escaped.
func FuzzPolicyDocument(f *testing.F) {
	f.Add("key", "users/alice/\"a\\b\"\x00\b\t\n\v\f\r\x1f\x7f$ü日🙂", int64(0), int64(5)<<30)
	f.Fuzz(func(t *testing.T, name, value string, least, most int64) {
		if !utf8.ValidString(name + " " + value) {
			return // signing refuses it
		}
		p := &sign.Policy{Expiration: sign.UnixMilli(most)}
		p.Equal(name, value)
		p.StartsWith(name, value)
		p.ContentLengthRange(least, most)
		text := new(sign.V2).AppendPolicyDocument(nil, p, &sign.Credentials{})
		if strings.Count(string(text), "$") != 1 {
			t.Errorf("dollar signs are not escaped: %s", text)
		}
		want := []condition{{"eq", "$" + name, value}, {"starts-with", "$" + name, value}, {"content-length-range", float64(least), float64(most)}}
		if got := parseDocument(t, text).Conditions; !slices.Equal(got, want) {
			t.Errorf("conditions = %q\nwant %q", got, want)
		}
	})
}
