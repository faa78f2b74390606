package sign_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const draftCases = 3000

// holder keeps a secret to itself, as a key in WebCrypto does: it makes MACs.
type holder struct{ secret string }

func (h holder) v4(text []byte, region string, at sign.UnixMilli) []byte {
	key := []byte("AWS4" + h.secret)
	for _, step := range []string{string(at.AppendScopeDate(nil)), region, "s3", "aws4_request"} {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(step))
		key = m.Sum(nil)
	}
	m := hmac.New(sha256.New, key)
	m.Write(text)
	return m.Sum(nil)
}

func (h holder) v2(text []byte) []byte {
	m := hmac.New(sha1.New, []byte(h.secret))
	m.Write(text)
	return m.Sum(nil)
}

func clone(r *s3.Request) *s3.Request {
	c := *r
	c.Header, c.Query, c.Authorization = slices.Clone(r.Header), slices.Clone(r.Query), slices.Clone(r.Authorization)
	return &c
}

func same(t *testing.T, i int, what string, got, want *s3.Request) {
	t.Helper()
	if string(got.Authorization) != string(want.Authorization) || !slices.Equal(got.Header, want.Header) || !slices.Equal(got.Query, want.Query) {
		t.Fatalf("case %d: %s: %s %q %q, want %s %q %q", i, what, got.Authorization, got.Header, got.Query,
			want.Authorization, want.Header, want.Query)
	}
}

// What is drafted by who has no secret, and finished by the MAC of who has one,
// is what is signed at once.
func TestDraft_finishedIsSigned(t *testing.T) {
	s := newSource(t, dialect{headers: headerNames, blanks: []string{" ", "  ", "\t"}, params: slices.Concat(subresourceNames, plainParams)})
	v, v2 := new(sign.V4), new(sign.V2)
	for i := range draftCases {
		c, region, at, expires := s.credentials(), s.region(), s.at(), 1+s.IntN(sign.MaxExpiresSeconds)
		has, open := holder{c.SecretAccessKey}, &sign.Credentials{AccessKeyID: c.AccessKeyID, SessionToken: c.SessionToken}
		r := uploadPart()
		s.header(r, map[string][]string{})
		r.Query = append(r.Query, s.query()...)
		s.resign(r, v)

		want, got := clone(r), clone(r)
		v.SignHeader(want, c, region, at)
		v.FinishHeader(got, has.v4(v.DraftHeader(nil, got, open, region, at), region, at))
		same(t, i, "V4 header", got, want)

		want, got = clone(r), clone(r)
		v2.SignHeader(want, c, at)
		v2.FinishHeader(got, has.v2(v2.DraftHeader(nil, got, open, at)))
		same(t, i, "V2 header", got, want)

		want, got = clone(r), clone(r)
		must(t, v.Presign(want, c, region, at, expires))
		text, err := v.DraftPresign([]byte("before "), got, open, region, at, expires)
		must(t, err)
		mac := has.v4(text[len("before "):], region, at)
		url := string(v.AppendPresigned(nil, string(got.AppendURL(nil)), mac))
		v.FinishPresign(got, mac)
		same(t, i, "V4 presigned", got, want)
		compare(t, i, url, string(want.AppendURL(nil)))

		want, got = clone(r), clone(r)
		must(t, v2.Presign(want, c, at, expires))
		text, err = v2.DraftPresign([]byte("before "), got, open, at, expires)
		must(t, err)
		mac = has.v2(text[len("before "):])
		url = string(v2.AppendPresigned(nil, string(got.AppendURL(nil)), mac))
		v2.FinishPresign(got, mac)
		same(t, i, "V2 presigned", got, want)
		compare(t, i, url, string(want.AppendURL(nil)))
	}
}

func TestDraftPolicy_finishedIsSigned(t *testing.T) {
	v, v2 := new(sign.V4), new(sign.V2)
	c, open := &sign.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t"}, &sign.Credentials{AccessKeyID: "A", SessionToken: "t"}
	has := holder{"s"}

	want, got := simplePolicy(), simplePolicy()
	must(t, v.Policy(want, c, "r", 5))
	text, err := v.DraftPolicy([]byte("before "), got, open, "r", 5)
	must(t, err)
	placeholder := v.FinishForm(got.Form, make([]byte, sign.DigestSize))
	form := v.FinishForm(placeholder, has.v4(text[len("before "):], "r", 5))
	if !slices.Equal(form, want.Form) {
		t.Errorf("V4: form = %q, want %q", form, want.Form)
	}

	want, got = simplePolicy(), simplePolicy()
	must(t, v2.Policy(want, c, 5))
	text, err = v2.DraftPolicy([]byte("before "), got, open, 5)
	must(t, err)
	placeholder = v2.FinishForm(got.Form, make([]byte, sign.DigestSizeV2))
	form = v2.FinishForm(placeholder, has.v2(text[len("before "):]))
	if !slices.Equal(form, want.Form) {
		t.Errorf("V2: form = %q, want %q", form, want.Form)
	}

	if _, err := v.DraftPolicy(nil, simplePolicy(), open, "r", 1000); err == nil {
		t.Error("V4: a policy that has expired is drafted")
	}
	if _, err := v2.DraftPolicy(nil, simplePolicy(), open, 1000); err == nil {
		t.Error("V2: a policy that has expired is drafted")
	}
}

func TestDraftPresign_expires(t *testing.T) {
	for _, seconds := range []int{0, sign.MaxExpiresSeconds + 1} {
		if _, err := new(sign.V4).DraftPresign(nil, uploadPart(), exampleCredentials, "r", exampleTime, seconds); err == nil {
			t.Errorf("V4: %d seconds are drafted", seconds)
		}
	}
	if _, err := new(sign.V2).DraftPresign(nil, uploadPart(), exampleCredentials, exampleTime, 0); err == nil {
		t.Error("V2: 0 seconds are drafted")
	}
}
