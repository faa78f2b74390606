package sts_test

import (
	"encoding/xml"
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

func source() *sign.Credentials {
	return &sign.Credentials{AccessKeyID: "ASIASOURCE", SecretAccessKey: "secret", SessionToken: "token"}
}

func role(edit func(*sts.AssumeRole)) *sts.AssumeRole {
	a := &sts.AssumeRole{
		Endpoint: "https://sts.eu-west-1.amazonaws.com", RoleARN: "arn:aws:iam::111122223333:role/uploader", RoleSessionName: "alice",
	}
	edit(a)
	return a
}

func TestAssumeRole_words(t *testing.T) {
	r, err := role(func(a *sts.AssumeRole) {
		a.DurationSeconds, a.Policy, a.ExternalID, a.SourceIdentity = 900, `{"a":1}`, "x:/1", "alice"
		a.SerialNumber, a.TokenCode = "arn:aws:iam::111122223333:mfa/a", "012345"
		a.Tags = []s3.Field{{Name: "uid", Value: "u 42"}, {Name: "empty"}}
	}).Request(source(), 1795424400000)
	if err != nil {
		t.Fatal(err)
	}
	const body = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fuploader&RoleSessionName=alice" +
		"&DurationSeconds=900&Policy=%7B%22a%22%3A1%7D&Tags.member.1.Key=uid&Tags.member.1.Value=u%2042&Tags.member.2.Key=empty&Tags.member.2.Value=" +
		"&ExternalId=x%3A%2F1&SourceIdentity=alice&SerialNumber=arn%3Aaws%3Aiam%3A%3A111122223333%3Amfa%2Fa&TokenCode=012345"
	if r.Method != "POST" || r.URL != "https://sts.eu-west-1.amazonaws.com/" || r.ContentType != "application/x-www-form-urlencoded" || string(r.Body) != body {
		t.Errorf("the request is %s %s %s %s\nwant %s", r.Method, r.URL, r.ContentType, r.Body, body)
	}
	authorization, _ := s3.HeaderValue(r.Header, "authorization")
	if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=ASIASOURCE/20261123/eu-west-1/sts/aws4_request, "+
		"SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=") {
		t.Errorf("authorization is %s", authorization)
	}
}

func TestSessionToken_words(t *testing.T) {
	g := sts.SessionToken{Endpoint: "http://127.0.0.1:9000/", DurationSeconds: 900, SerialNumber: "GAHT12345678", TokenCode: "012345"}
	r, err := g.Request(source(), 1795424400000)
	if err != nil {
		t.Fatal(err)
	}
	const body = "Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900&SerialNumber=GAHT12345678&TokenCode=012345"
	if string(r.Body) != body {
		t.Errorf("body %s, want %s", r.Body, body)
	}
	if authorization, _ := s3.HeaderValue(r.Header, "authorization"); !strings.Contains(authorization, "/20261123/us-east-1/sts/aws4_request") {
		t.Errorf("authorization is %s", authorization)
	}
}

// The region of a signature follows from AWS's own endpoints, and from no other.
func TestAssumeRole_region(t *testing.T) {
	for _, c := range []struct {
		endpoint, region, want string
		err                    error
	}{
		{"https://sts.eu-west-1.amazonaws.com", "", "eu-west-1", nil},
		{"https://sts.eu-west-1.amazonaws.com", "eu-west-2", "eu-west-2", nil},
		{"https://sts.amazonaws.com", "", "us-east-1", nil},
		{"https://sts.cn-north-1.amazonaws.com.cn", "", "cn-north-1", nil},
		{"https://sts-fips.us-east-2.amazonaws.com", "", "us-east-2", nil},
		{"https://vpce-1-2.sts.eu-west-1.vpce.amazonaws.com", "", "", exchange.ErrNoRegion},
		{"https://minio.example.com:9000", "", "us-east-1", nil},
		{"https://ceph.example.com", "default", "default", nil},
		{"https://ceph.example.com", "De fault", "", exchange.ErrBadRegion},
		{"https://ceph.example.com/a%20b", "", "", exchange.ErrBadEndpoint},
	} {
		r, err := role(func(a *sts.AssumeRole) { a.Endpoint, a.Region = c.endpoint, c.region }).Request(source(), 0)
		authorization, _ := s3.HeaderValue(r.Header, "authorization")
		if !errors.Is(err, c.err) || err == nil && !strings.Contains(authorization, "/19700101/"+c.want+"/sts/aws4_request,") {
			t.Errorf("%s, %q: %s, %v, want %q, %v", c.endpoint, c.region, authorization, err, c.want, c.err)
		}
	}
}

func TestAssumeRole_refuses(t *testing.T) {
	tags := func(n int) (list []s3.Field) {
		for i := range n {
			list = append(list, s3.Field{Name: "tag" + strconv.Itoa(i)})
		}
		return list
	}
	for _, c := range []struct {
		name string
		edit func(*sts.AssumeRole)
		want error
	}{
		{"no role", func(a *sts.AssumeRole) { a.RoleARN = "" }, sts.ErrNoRoleARN},
		{"no session name", func(a *sts.AssumeRole) { a.RoleSessionName = "" }, sts.ErrNoSessionName},
		{"no role for MinIO", func(a *sts.AssumeRole) {
			a.Endpoint, a.RoleARN, a.RoleSessionName = "https://minio.example.com", "", ""
		}, nil},
		{"in clear", func(a *sts.AssumeRole) { a.Endpoint = "http://minio.example.com" }, exchange.ErrInsecureEndpoint},
		{"too short", func(a *sts.AssumeRole) { a.DurationSeconds = 899 }, sts.ErrBadDuration},
		{"the longest", func(a *sts.AssumeRole) { a.DurationSeconds = 43_200 }, nil},
		{"too long", func(a *sts.AssumeRole) { a.DurationSeconds = 43_201 }, sts.ErrBadDuration},
		{"a policy too long", func(a *sts.AssumeRole) { a.Policy = strings.Repeat("a", 2049) }, sts.ErrBadPolicy},
		{"as many tags as there may be", func(a *sts.AssumeRole) { a.Tags = tags(50) }, nil},
		{"one more", func(a *sts.AssumeRole) { a.Tags = tags(51) }, sts.ErrBadTags},
		{"a tag twice", func(a *sts.AssumeRole) { a.Tags = append(tags(2), tags(1)...) }, sts.ErrBadTags},
		{"a tag without a name", func(a *sts.AssumeRole) { a.Tags = []s3.Field{{Value: "x"}} }, sts.ErrBadTags},
		{"the longest tag", func(a *sts.AssumeRole) {
			a.Tags = []s3.Field{{Name: strings.Repeat("é", 128), Value: strings.Repeat("é", 256)}}
		}, nil},
		{"a longer name", func(a *sts.AssumeRole) { a.Tags = []s3.Field{{Name: strings.Repeat("é", 129)}} }, sts.ErrBadTags},
		{"a longer value", func(a *sts.AssumeRole) { a.Tags = []s3.Field{{Name: "a", Value: strings.Repeat("é", 257)}} }, sts.ErrBadTags},
		{"a line end in a value", func(a *sts.AssumeRole) { a.Tags = []s3.Field{{Name: "a", Value: "b\n"}} }, sts.ErrBadTags},
		{"an external ID", func(a *sts.AssumeRole) { a.ExternalID = "a" }, sts.ErrBadExternalID},
		{"a source identity", func(a *sts.AssumeRole) { a.SourceIdentity = "a b" }, sts.ErrBadSourceIdentity},
		{"a device without a code", func(a *sts.AssumeRole) { a.SerialNumber = "GAHT12345678" }, sts.ErrBadMFA},
		{"a code without a device", func(a *sts.AssumeRole) { a.TokenCode = "123456" }, sts.ErrBadMFA},
		{"a code of letters", func(a *sts.AssumeRole) { a.SerialNumber, a.TokenCode = "GAHT12345678", "12345a" }, sts.ErrBadMFA},
	} {
		if _, err := role(c.edit).Request(source(), 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for name, bad := range map[string]*sign.Credentials{
		"nobody": {}, "no secret": {AccessKeyID: "A"}, "a line end": {AccessKeyID: "A\n", SecretAccessKey: "s"},
	} {
		if _, err := role(func(*sts.AssumeRole) {}).Request(bad, 0); !errors.Is(err, exchange.ErrBadSource) {
			t.Errorf("%s signs: %v", name, err)
		}
	}
}

func TestSessionToken_duration(t *testing.T) {
	for seconds, want := range map[int]error{0: nil, 899: sts.ErrBadDuration, 900: nil, 129_600: nil, 129_601: sts.ErrBadDuration} {
		g := sts.SessionToken{Endpoint: "https://sts.amazonaws.com", DurationSeconds: seconds}
		if _, err := g.Request(source(), 0); !errors.Is(err, want) {
			t.Errorf("%d seconds: %v, want %v", seconds, err, want)
		}
	}
}

// Each action's answer is its own: one for another is refused.
func TestParse_answersOfOtherActions(t *testing.T) {
	good := fixture(t, "aws.xml")
	assume := strings.ReplaceAll(good, "AssumeRoleWithWebIdentity", "AssumeRole")
	session := strings.ReplaceAll(good, "AssumeRoleWithWebIdentity", "GetSessionToken")
	for name, c := range map[string]struct {
		parse func(int, []byte) (sts.Answer, error)
		body  string
		taken bool
	}{
		"AssumeRole":                       {sts.ParseAssumeRole, assume, true},
		"GetSessionToken":                  {sts.ParseSessionToken, session, true},
		"AssumeRole for GetSessionToken":   {sts.ParseSessionToken, assume, false},
		"GetSessionToken for AssumeRole":   {sts.ParseAssumeRole, session, false},
		"AssumeRoleWith... for AssumeRole": {sts.ParseAssumeRole, good, false},
	} {
		a, err := c.parse(200, []byte(c.body))
		if c.taken != (err == nil) || c.taken != (a.Credentials.SecretAccessKey == "exampleSecret/With+Slash&Ampersand") {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	if _, err := sts.ParseAssumeRole(403, []byte(fixture(t, "ceph-error.xml"))); err == nil || !strings.HasPrefix(err.Error(), "AssumeRole: 403 AccessDenied") {
		t.Errorf("a refusal: %v", err)
	}
}

func FuzzParseAssumeRole(f *testing.F) {
	good := fixture(f, "aws.xml")
	for _, s := range []string{
		strings.ReplaceAll(good, "AssumeRoleWithWebIdentity", "AssumeRole"),
		strings.ReplaceAll(good, "AssumeRoleWithWebIdentity", "GetSessionToken"),
		fixture(f, "aws-error.xml"), fixture(f, "minio-error.xml"), good, "",
	} {
		f.Add(200, []byte(s))
		f.Add(403, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for op, parse := range map[string]func(int, []byte) (sts.Answer, error){"AssumeRole": sts.ParseAssumeRole, "GetSessionToken": sts.ParseSessionToken} {
			got, err := parse(status, body)
			if err != nil {
				if text := err.Error(); len(text) > 1024 || strings.Contains(text, "eyJ") || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00") {
					t.Errorf("%s: Parse(%d, %q): error %q", op, status, body, text)
				}
				continue
			}
			var want struct {
				XMLName xml.Name
				Result  []struct {
					XMLName   xml.Name
					SecretKey []string `xml:"Credentials>SecretAccessKey"`
				} `xml:",any"`
			}
			if err := xml.Unmarshal(body, &want); err != nil || want.XMLName.Local != op+"Response" {
				t.Fatalf("%s: Parse(%q) took what encoding/xml reads as %v, %v", op, body, want.XMLName, err)
			}
			found := false
			for _, r := range want.Result {
				for _, s := range r.SecretKey {
					found = found || r.XMLName.Local == op+"Result" && strings.TrimSpace(s) == got.Credentials.SecretAccessKey
				}
			}
			if !found {
				t.Fatalf("%s: Parse(%q) = %q, which encoding/xml does not find", op, body, got.Credentials.SecretAccessKey)
			}
		}
	})
}
