package express_test

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/express"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const (
	bucket = "photos--euw1-az1--x-s3"
	good   = `<?xml version="1.0" encoding="UTF-8"?>
<CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials><SessionToken>t</SessionToken>` +
		`<SecretAccessKey>s/+=</SecretAccessKey><AccessKeyId>ASIA</AccessKeyId><Expiration>2026-11-23T09:05:00Z</Expiration></Credentials></CreateSessionResult>`
	refused = `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message><RequestId>R1</RequestId></Error>`
)

func source() *sign.Credentials {
	return &sign.Credentials{AccessKeyID: "ASIASOURCE", SecretAccessKey: "secret", SessionToken: "token"}
}

func TestSession_request(t *testing.T) {
	for readOnly, mode := range map[bool]string{false: "ReadWrite", true: "ReadOnly"} {
		s := express.Session{Bucket: bucket, Region: "eu-west-1", ReadOnly: readOnly}
		r, err := s.Request(source(), 1795424400000)
		if err != nil {
			t.Fatal(err)
		}
		if want := "https://" + bucket + ".s3express-euw1-az1.eu-west-1.amazonaws.com/?session="; r.Method != "GET" || r.URL != want {
			t.Errorf("the request is %s %s, want %s", r.Method, r.URL, want)
		}
		for name, want := range map[string]string{"x-amz-create-session-mode": mode, "x-amz-security-token": "token", "x-amz-date": "20261123T090000Z"} {
			if got, _ := s3.HeaderValue(r.Header, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		authorization, _ := s3.HeaderValue(r.Header, "authorization")
		if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=ASIASOURCE/20261123/eu-west-1/s3express/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-create-session-mode;x-amz-date;x-amz-security-token, Signature=") {
			t.Errorf("authorization is %s", authorization)
		}
	}
}

func TestSession_refuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		session express.Session
		source  *sign.Credentials
		want    error
	}{
		{"a general bucket", express.Session{Bucket: "photos", Region: "eu-west-1"}, source(), express.ErrBadBucket},
		{"no region", express.Session{Bucket: bucket}, source(), exchange.ErrNoRegion},
		{"a region that would change the host", express.Session{Bucket: bucket, Region: "x.example.com/a"}, source(), exchange.ErrBadRegion},
		{"in clear", express.Session{Bucket: bucket, Region: "eu-west-1", Endpoint: "http://store.example.com"}, source(), exchange.ErrInsecureEndpoint},
		{"nobody who signs", express.Session{Bucket: bucket, Region: "eu-west-1"}, &sign.Credentials{}, exchange.ErrBadSource},
		{"a token with a line end", express.Session{Bucket: bucket, Region: "eu-west-1"},
			&sign.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "a\nb"}, exchange.ErrBadSource},
	} {
		if _, err := c.session.Request(c.source, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	want := cred.Credentials{Credentials: sign.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s/+=", SessionToken: "t"}, Expiration: 1795424700000}
	if got, err := express.Parse(200, []byte(good)); err != nil || got != want {
		t.Errorf("Parse = %v, %v", got, err)
	}
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"a refusal", refused, 400, "CreateSession: 400 ExpiredToken: The provided token has expired. (request R1)"},
		{"a refusal with a status of success", refused, 200, "CreateSession: 200 ExpiredToken: The provided token has expired. (request R1)"},
		{"a page", "<html>", 503, "CreateSession: 503"},
		{"another answer", "<ListBucketResult/>", 200, exchange.ErrAnswerUnknown.Error()},
		{"without a token", strings.Replace(good, "<SessionToken>t</SessionToken>", "", 1), 200, exchange.ErrAnswerIncomplete.Error()},
	} {
		if got, err := express.Parse(c.status, []byte(c.body)); err == nil || err.Error() != c.want || got != (cred.Credentials{}) {
			t.Errorf("%s: %v, %v, want %s", c.name, got, err, c.want)
		}
	}
}

// FuzzParse: what is taken is what encoding/xml finds, and errors are bounded and
// without tokens.
func FuzzParse(f *testing.F) {
	for _, s := range []string{good, refused, strings.Replace(good, "<SecretAccessKey>", "<SecretAccessKey>x</SecretAccessKey><SecretAccessKey>", 1), "", "<html/>", "{}"} {
		f.Add(200, []byte(s))
		f.Add(403, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got, err := express.Parse(status, body)
		if err != nil {
			if text := err.Error(); len(text) > 1024 || strings.Contains(text, "eyJ") || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00") {
				t.Errorf("Parse(%d, %q): error %q", status, body, text)
			}
			return
		}
		var want struct {
			AccessKey []string `xml:"Credentials>AccessKeyId"`
			SecretKey []string `xml:"Credentials>SecretAccessKey"`
			Token     []string `xml:"Credentials>SessionToken"`
		}
		if err := xml.Unmarshal(body, &want); err != nil {
			t.Fatalf("Parse(%q) took what encoding/xml refuses: %v", body, err)
		}
		for _, c := range []struct {
			got  string
			want []string
		}{{got.AccessKeyID, want.AccessKey}, {got.SecretAccessKey, want.SecretKey}, {got.SessionToken, want.Token}} {
			if len(c.want) != 1 || c.got != strings.TrimSpace(c.want[0]) {
				t.Errorf("Parse(%q) = %q, encoding/xml says %q", body, c.got, c.want)
			}
		}
	})
}
