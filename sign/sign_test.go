package sign_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

var exampleCredentials = &sign.Credentials{
	AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
	SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	SessionToken:    "TOKEN/EXAMPLE+1==",
}

const exampleTime sign.UnixMilli = 1369353600000 // 20130524T000000Z

// uploadPart is what an engine has signed most often.
func uploadPart() *s3.Request {
	return &s3.Request{
		Method:        "PUT",
		Scheme:        "https",
		Host:          "photos.s3.eu-west-1.amazonaws.com",
		SignedHost:    "photos.s3.eu-west-1.amazonaws.com",
		VirtualBucket: "photos",
		Path:          "/users/alice/holiday%20film.mov",
		Query:         []s3.Field{{Name: "partNumber", Value: "17"}, {Name: "uploadId", Value: "VXBsb2FkIElEIGZvciBlbHZpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA"}},
		Header:        []s3.Field{{Name: "content-type", Value: "video/quicktime"}, {Name: "x-amz-checksum-crc32c", Value: "sOO8/Q=="}},
		PayloadHash:   sign.UnsignedPayload,
	}
}

func TestUnixMilli_equalsTime(t *testing.T) {
	const day = 24 * 60 * 60 * 1000
	last := sign.UnixMilli(time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC).UnixMilli())
	step := sign.UnixMilli(day + 12345677) // so that days and times of day are all different
	var got, want []byte
	check := func(at sign.UnixMilli) {
		when := time.UnixMilli(int64(at)).UTC()
		got = append(at.AppendAMZDate(got[:0]), ' ')
		got = append(at.AppendScopeDate(got), ' ')
		got = append(at.AppendISO8601(got), ' ')
		got = at.AppendHTTPDate(got)
		want = when.AppendFormat(want[:0], "20060102T150405Z 20060102 2006-01-02T15:04:05.000Z Mon, 02 Jan 2006 15:04:05 GMT")
		if !bytes.Equal(got, want) {
			t.Fatalf("%d = %s, want %s", at, got, want)
		}
	}
	for at := sign.UnixMilli(0); at <= last; at += step {
		check(at)
	}
	for year := 1970; year <= 9999; year++ { // around each 29 February and new year
		for _, month := range []time.Month{time.January, time.March} {
			at := sign.UnixMilli(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
			check(at)
			check(max(0, at-1))
		}
	}
	check(last)
}

func TestUnixMilli_outOfRangeIsTheNearestInside(t *testing.T) {
	const first, last = sign.UnixMilli(0), sign.UnixMilli(253402300799999)
	for _, c := range []struct{ at, want sign.UnixMilli }{{-1, first}, {-1 << 63, first}, {last + 1, last}, {1<<63 - 1, last}} {
		if got, want := string(c.at.AppendISO8601(nil)), string(c.want.AppendISO8601(nil)); got != want {
			t.Errorf("%d = %s, want %s", c.at, got, want)
		}
		if got, want := string(c.at.AppendHTTPDate(nil)), string(c.want.AppendHTTPDate(nil)); got != want {
			t.Errorf("%d = %s, want %s", c.at, got, want)
		}
	}
}

// Headers in any case and order are one header each, its values joined by
// commas in the order sent, and white space folded; those of the connection
// are left out.
//
// S3 API Reference, "Signature Calculations for the Authorization Header", Task 1.
func TestV4CanonicalRequest_headers(t *testing.T) {
	r := &s3.Request{Method: "GET", Host: "h", Path: "/", Header: []s3.Field{
		{Name: "X-AMZ-Meta-B", Value: " one  two\t three "}, {Name: "x-amz-meta-a", Value: ""}, {Name: "x-amz-meta-b", Value: "four"},
		{Name: "Content-Type", Value: "a/b"}, {Name: "X-Amz-Meta-B-C", Value: "5"},
		{Name: "Authorization", Value: "no"}, {Name: "Connection", Value: "no"}, {Name: "EXPECT", Value: "no"}, {Name: "Host", Value: "no"},
		{Name: "Keep-Alive", Value: "no"}, {Name: "Proxy-Authorization", Value: "no"}, {Name: "te", Value: "no"}, {Name: "Trailer", Value: "no"},
		{Name: "Transfer-Encoding", Value: "no"}, {Name: "Upgrade", Value: "no"}, {Name: "User-Agent", Value: "no"}, {Name: "X-Amzn-Trace-Id", Value: "no"},
	}}
	want := "GET\n/\n\ncontent-type:a/b\nhost:h\nx-amz-meta-a:\nx-amz-meta-b:one two three,four\nx-amz-meta-b-c:5\n\n" +
		"content-type;host;x-amz-meta-a;x-amz-meta-b;x-amz-meta-b-c\nHASH"
	v := new(sign.V4)
	if got := string(v.AppendCanonicalRequest(nil, r, "HASH")); got != want {
		t.Errorf("canonical request =\n%s\nwant\n%s", got, want)
	}
	if got := string(v.AppendSignedHeaders(nil, r)); !strings.Contains(want, "\n"+got+"\n") {
		t.Errorf("signed headers = %s", got)
	}
}

// Names are compared before values: "a=" is not the end of the name "a".
func TestV4CanonicalRequest_querySortsByEncodedNameThenValue(t *testing.T) {
	r := &s3.Request{Method: "GET", Host: "h", Path: "/", Query: []s3.Field{
		{Name: "a", Value: "z"}, {Name: "a-b", Value: ""}, {Name: "a", Value: "10"}, {Name: "a", Value: "!"}, {Name: "é", Value: "/ +"}, {Name: "Z", Value: "~"},
	}}
	got := string(new(sign.V4).AppendCanonicalRequest(nil, r, ""))
	if want := "GET\n/\n%C3%A9=%2F%20%2B&Z=~&a=%21&a=10&a=z&a-b=\nhost:h\n\nhost\n"; got != want {
		t.Errorf("canonical request =\n%s\nwant\n%s", got, want)
	}
}

func TestV4CanonicalRequest_host(t *testing.T) {
	cases := []struct{ scheme, host, signedHost, want string }{
		{"https", "cdn.example", "b.s3.amazonaws.com", "b.s3.amazonaws.com"},
		{"https", "b.s3.amazonaws.com", "", "b.s3.amazonaws.com"},
		{"https", "h:443", "", "h"}, // clients leave out a scheme's own port
		{"http", "h:80", "", "h"},
		{"http", "h:443", "", "h:443"},
		{"https", "h:80", "", "h:80"},
		{"https", "h:8443", "", "h:8443"},
		{"https", "[::1]:443", "", "[::1]"},
	}
	for _, c := range cases {
		r := &s3.Request{Method: "GET", Scheme: c.scheme, Host: c.host, SignedHost: c.signedHost, Path: "/"}
		if got := string(new(sign.V4).AppendCanonicalRequest(nil, r, "")); got != "GET\n/\n\nhost:"+c.want+"\n\nhost\n" {
			t.Errorf("%+v: canonical request =\n%s", c, got)
		}
	}
}

func TestV4SignHeader_payloadHash(t *testing.T) {
	for hash, want := range map[string]string{"": sign.UnsignedPayload, sign.EmptyPayload: sign.EmptyPayload} {
		r := uploadPart()
		r.PayloadHash = hash
		new(sign.V4).SignHeader(r, exampleCredentials, "r", exampleTime)
		if got := formValue(r.Header, "x-amz-content-sha256"); got != want {
			t.Errorf("%q: x-amz-content-sha256 = %s, want %s", hash, got, want)
		}
	}
}

// PrepareHeader and the stages, with a signature made elsewhere, are SignHeader.
func TestV4PrepareHeader_signedElsewhere(t *testing.T) {
	want, r, v := uploadPart(), uploadPart(), new(sign.V4)
	new(sign.V4).SignHeader(want, exampleCredentials, "r", exampleTime)

	v.PrepareHeader(r, &sign.Credentials{AccessKeyID: exampleCredentials.AccessKeyID, SessionToken: exampleCredentials.SessionToken}, exampleTime)
	toSign := v.AppendStringToSign(nil, "r", exampleTime, v.AppendCanonicalRequest(nil, r, r.PayloadHash))
	signature := new(sign.V4).AppendSignature(nil, exampleCredentials, "r", exampleTime, toSign)
	r.Authorization = v.AppendAuthorization(r.Authorization, r, exampleCredentials.AccessKeyID, "r", exampleTime, signature)
	if string(r.Authorization) != string(want.Authorization) || !slices.Equal(r.Header, want.Header) {
		t.Errorf("authorization = %s\nwant %s", r.Authorization, want.Authorization)
	}
}

// The key is cached by all that it is derived from: a signer that has signed
// before signs like a new one.
func TestV4SignHeader_changesOfKey(t *testing.T) {
	other := *exampleCredentials
	other.SecretAccessKey = "other"
	steps := []struct {
		service, region string
		c               *sign.Credentials
		at              sign.UnixMilli
	}{
		{"", "r", exampleCredentials, exampleTime},
		{"", "r", exampleCredentials, exampleTime + 999},     // same second
		{"", "r", exampleCredentials, exampleTime + 1000},    // next second
		{"", "r", exampleCredentials, exampleTime - 1},       // day before
		{"", "r", exampleCredentials, exampleTime + 8.64e10}, // years later
		{"", "q", exampleCredentials, exampleTime + 8.64e10},
		{"", "q", exampleCredentials, exampleTime},
		{"", "q", &other, exampleTime},
		{"s3express", "q", &other, exampleTime},
		{"s3", "q", &other, exampleTime},
		{"", "r", exampleCredentials, exampleTime},
	}
	warm := new(sign.V4)
	for i, step := range steps {
		got, want := uploadPart(), uploadPart()
		warm.Service = step.service
		warm.SignHeader(got, step.c, step.region, step.at)
		(&sign.V4{Service: step.service}).SignHeader(want, step.c, step.region, step.at)
		if !bytes.Equal(got.Authorization, want.Authorization) || !slices.Equal(got.Header, want.Header) {
			t.Errorf("step %d: authorization = %s\nwant %s", i, got.Authorization, want.Authorization)
		}
	}
}

// What one version left in a request does not reach the other's signature.
func TestSign_replacesTheOtherVersion(t *testing.T) {
	c, at := &sign.Credentials{AccessKeyID: "A", SecretAccessKey: "s"}, exampleTime
	ways := map[string]func(*s3.Request, *sign.Credentials){
		"V4 header":  func(r *s3.Request, c *sign.Credentials) { new(sign.V4).SignHeader(r, c, "r", at) },
		"V4 presign": func(r *s3.Request, c *sign.Credentials) { must(t, new(sign.V4).Presign(r, c, "r", at, 9)) },
		"V2 header":  func(r *s3.Request, c *sign.Credentials) { new(sign.V2).SignHeader(r, c, at) },
		"V2 presign": func(r *s3.Request, c *sign.Credentials) { must(t, new(sign.V2).Presign(r, c, at, 9)) },
	}
	for before, first := range ways {
		for after, second := range ways {
			got, want := uploadPart(), uploadPart()
			first(got, exampleCredentials)
			second(got, c)
			second(want, c)
			if !bytes.Equal(got.Authorization, want.Authorization) || !sameFields(got.Header, want.Header) || !slices.Equal(got.Query, want.Query) {
				t.Errorf("%s after %s: %s %v %v\nwant %s %v %v", after, before, got.Authorization, got.Header, got.Query, want.Authorization, want.Header, want.Query)
			}
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sameFields(a, b []s3.Field) bool {
	sorted := func(fields []s3.Field) []s3.Field { return slices.SortedFunc(slices.Values(fields), byName) }
	return slices.Equal(sorted(a), sorted(b))
}

// S3 API Reference, "Authenticating Requests: Using Query Parameters":
// X-Amz-Expires is from 1 to 604800. Version 2 has no end.
func TestPresign_expires(t *testing.T) {
	for seconds, wants := range map[int][2]error{-1: {sign.ErrExpires, sign.ErrExpires}, 0: {sign.ErrExpires, sign.ErrExpires}, 1: {}, 604800: {}, 604801: {sign.ErrExpires, nil}} {
		r := uploadPart()
		err := new(sign.V4).Presign(r, exampleCredentials, "r", exampleTime, seconds)
		if !errors.Is(err, wants[0]) || (err != nil && len(r.Query) != 2) {
			t.Errorf("V4, %d seconds: %v, want %v", seconds, err, wants[0])
		}
		if err := new(sign.V2).Presign(uploadPart(), exampleCredentials, exampleTime, seconds); !errors.Is(err, wants[1]) {
			t.Errorf("V2, %d seconds: %v, want %v", seconds, err, wants[1])
		}
	}
}

// S3 Developer Guide, "Signing and Authenticating REST Requests": with an
// x-amz-date, the Date line is empty.
func TestV2SignHeader(t *testing.T) {
	r, v := uploadPart(), new(sign.V2)
	r.Header = append(r.Header, s3.Field{Name: "Date", Value: "removed"}, s3.Field{Name: "X-Amz-Meta-Name", Value: " a  b\r\n  c "})
	v.SignHeader(r, exampleCredentials, exampleTime)
	want := "PUT\n\nvideo/quicktime\n\nx-amz-checksum-crc32c:sOO8/Q==\nx-amz-date:Fri, 24 May 2013 00:00:00 GMT\nx-amz-meta-name:a  b c\n" +
		"x-amz-security-token:TOKEN/EXAMPLE+1==\n/photos/users/alice/holiday%20film.mov?partNumber=17&uploadId=" + r.Query[1].Value
	if got := string(v.AppendStringToSign(nil, r, 0)); got != want {
		t.Errorf("string to sign =\n%s\nwant\n%s", got, want)
	}
	signature := v.AppendSignature(nil, exampleCredentials, []byte(want))
	if got := string(r.Authorization); got != "AWS AKIAIOSFODNN7EXAMPLE:"+string(signature) {
		t.Errorf("authorization = %s, want signature %s", got, signature)
	}
	if formValue(r.Header, "date") != "" || formValue(r.Header, "x-amz-date") != "Fri, 24 May 2013 00:00:00 GMT" {
		t.Errorf("header = %v", r.Header)
	}
}

// A change of secret makes a new key.
func TestV2AppendSignature_changesOfKey(t *testing.T) {
	v := new(sign.V2)
	for _, secret := range []string{"a", "b", "", "a"} {
		c := &sign.Credentials{SecretAccessKey: secret}
		if got, want := v.AppendSignature(nil, c, []byte("x")), new(sign.V2).AppendSignature(nil, c, []byte("x")); !bytes.Equal(got, want) {
			t.Errorf("secret %q: signature = %s, want %s", secret, got, want)
		}
	}
}

// The three ways that stores take the token of a presigned Version 2 request.
func TestV2Presign_token(t *testing.T) {
	const token, class = "x-amz-security-token:TOKEN/EXAMPLE+1==\n", "x-amz-storage-class:GLACIER\n"
	for how, want := range map[sign.TokenV2]string{sign.TokenSigned: token + class, sign.TokenSignedLast: class + token, sign.TokenUnsigned: class} {
		v := &sign.V2{Token: how}
		r := &s3.Request{Method: "PUT", Path: "/b/k", Header: []s3.Field{{Name: "x-amz-storage-class", Value: "GLACIER"}}}
		must(t, v.Presign(r, exampleCredentials, exampleTime, 900))
		toSign := "PUT\n\n\n1369354500\n" + want + "/b/k"
		if got := string(v.AppendStringToSign(nil, r, 1369354500)); got != toSign {
			t.Errorf("%d: string to sign = %q, want %q", how, got, toSign)
		}
		signature := string(v.AppendSignature(nil, exampleCredentials, []byte(toSign)))
		wantQuery := []s3.Field{{Name: "AWSAccessKeyId", Value: exampleCredentials.AccessKeyID}, {Name: "Expires", Value: "1369354500"},
			{Name: "X-Amz-Security-Token", Value: exampleCredentials.SessionToken}, {Name: "Signature", Value: signature}}
		if !slices.Equal(r.Query, wantQuery) {
			t.Errorf("%d: query = %v, want %v", how, r.Query, wantQuery)
		}
	}
}

// No verb of package fmt that prints strings shows a secret, at the top or in
// an exported field; a signer that has signed shows none in any field.
func TestPrinting_redacts(t *testing.T) {
	policy, v, v2 := simplePolicy(), new(sign.V4), new(sign.V2)
	r := uploadPart()
	v.SignHeader(r, exampleCredentials, "r", exampleTime)
	v2.SignHeader(r, exampleCredentials, exampleTime)
	must(t, v.Policy(policy, exampleCredentials, "r", 1))
	plan := &sign.Chunked{PayloadHash: sign.StreamingPayload, Size: 1}
	must(t, plan.Prepare(r))
	v.SignHeader(r, exampleCredentials, "r", exampleTime)
	chunks, err := v.Chunks(plan, r, exampleCredentials, "r", exampleTime)
	must(t, err)

	type around struct {
		Credentials sign.Credentials
		Pointer     *sign.Credentials
		Policy      sign.Policy
		v4          sign.V4
		v2          *sign.V2
		chunks      *sign.Chunks
	}
	secrets := []string{exampleCredentials.SecretAccessKey, exampleCredentials.SessionToken, formValue(policy.Form, "policy"), formValue(policy.Form, "x-amz-signature")}
	things := []any{
		exampleCredentials, *exampleCredentials, []sign.Credentials{*exampleCredentials}, policy, *policy, v, v2, *v, *v2, chunks, *chunks,
		around{*exampleCredentials, exampleCredentials, *policy, *v, v2, chunks},
		struct{ hidden *sign.Credentials }{exampleCredentials},
	}
	for i, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if i == len(things)-1 && !strings.Contains(verb, "v") {
				continue // the doc of Credentials promises %v there, and vet refuses the others
			}
			text := fmt.Sprintf(verb, thing)
			for _, secret := range secrets {
				for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprint([]byte(secret))} {
					if strings.Contains(text, strings.Trim(form, "[]")) {
						t.Errorf("%s of a %T shows %q", verb, thing, secret)
					}
				}
			}
		}
	}
}

func TestSignHeader_allocatesNothingWarm(t *testing.T) {
	r, next, at := uploadPart(), uploadPart(), exampleTime
	v, v2 := new(sign.V4), new(sign.V2)
	ways := map[string]func(){
		"V4":               func() { v.SignHeader(r, exampleCredentials, "eu-west-1", at) },
		"V4 as time goes":  func() { at += 2; v.SignHeader(r, exampleCredentials, "eu-west-1", at) },
		"V4 in turns":      func() { r, next = next, r; v.SignHeader(r, exampleCredentials, "eu-west-1", at) },
		"V2":               func() { v2.SignHeader(r, exampleCredentials, at) },
		"V2 as time goes":  func() { at += 2; v2.SignHeader(r, exampleCredentials, at) },
		"canonical":        func() { r.Authorization = v.AppendCanonicalRequest(r.Authorization[:0], r, r.PayloadHash) },
		"V2 string stages": func() { r.Authorization = v2.AppendStringToSign(r.Authorization[:0], r, 0) },
	}
	for name, way := range ways {
		way()
		way()
		if n := testing.AllocsPerRun(200, way); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}
