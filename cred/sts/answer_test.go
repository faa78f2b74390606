package sts_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/sign"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func keys(id, secret, token string, end sign.UnixMilli) cred.Credentials {
	return cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token},
		Expiration:  end,
	}
}

func TestParse_answersOfTheServices(t *testing.T) {
	for _, c := range []struct {
		file string
		want sts.Answer
	}{
		{"aws.xml", sts.Answer{
			Credentials: keys("ASIAEXAMPLEKEYID", "exampleSecret/With+Slash&Ampersand", "IQoJexample//////////wEaCWV1LXdlc3QtMSJH+session=token==", 1795424400000),
			Subject:     "alice@example.com", Audience: "bucketline-demo", Provider: "idp.example.com",
			AssumedRoleARN: "arn:aws:sts::111122223333:assumed-role/uploader/alice", RequestID: "5f6a7c1e-0000-4444-8888-0123456789ab",
		}},
		{"minio.xml", sts.Answer{
			Credentials: keys("MINIOEXAMPLEKEYID", "minio+example/secret", "eyJhbGciOiJIUzUxMiJ9.eyJhY2Nlc3NLZXkiOiJNSU5JTyJ9.c2lnbmF0dXJl", 1795429815000),
			Subject:     "alice", RequestID: "17A2B3C4D5E6F708",
		}},
		{"ceph.xml", sts.Answer{
			Credentials: keys("cephExampleKeyId0123", "CEPHEXAMPLESECRET0123456789", "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ", 1795424400123),
			Subject:     "f:8a1b:alice", Audience: "account", Provider: "http://127.0.0.1:8080/realms/demo",
			AssumedRoleARN: "arn:aws:sts:::assumed-role/uploader/alice",
		}},
	} {
		got, err := sts.Parse(200, []byte(fixture(t, c.file)))
		if err != nil || got != c.want {
			t.Errorf("%s: Parse = %+v, %v, want %+v", c.file, got, err, c.want)
		}
	}
}

func TestParse_errorsOfTheServices(t *testing.T) {
	for _, c := range []struct {
		file   string
		status int
		want   sts.Error
		advice sts.Advice
	}{
		{"aws-error.xml", 400, sts.Error{
			Op:   "AssumeRoleWithWebIdentity",
			Code: "ExpiredTokenException", Status: 400, RequestID: "9d3c2b1a-0000-4444-8888-0123456789ab",
			Message: "Token expired: current date/time 1795424400 must be before the expiration date/time 1795420800",
		}, sts.NewToken},
		{"minio-error.xml", 400, sts.Error{
			Op:   "AssumeRoleWithWebIdentity",
			Code: "InvalidParameterValue", Status: 400, RequestID: "17A2B3C4D5E6F709",
			Message: "failed to verify [token]: no key",
		}, sts.Stop},
		{"ceph-error.xml", 403, sts.Error{Op: "AssumeRoleWithWebIdentity", Code: "AccessDenied", Status: 403, RequestID: "tx00000c0ffee-0065-1234-default"}, sts.Stop},
		{"aws-error.xml", 200, sts.Error{
			Op:   "AssumeRoleWithWebIdentity",
			Code: "ExpiredTokenException", Status: 200, RequestID: "9d3c2b1a-0000-4444-8888-0123456789ab",
			Message: "Token expired: current date/time 1795424400 must be before the expiration date/time 1795420800",
		}, sts.NewToken},
	} {
		_, err := sts.Parse(c.status, []byte(fixture(t, c.file)))
		var got *sts.Error
		if !errors.As(err, &got) || *got != c.want {
			t.Errorf("%s: Parse(%d) = %v, want %v", c.file, c.status, err, &c.want)
			continue
		}
		if got.Advice() != c.advice {
			t.Errorf("%s: Advice() = %d, want %d", c.file, got.Advice(), c.advice)
		}
	}
}

func TestError_advice(t *testing.T) {
	for _, c := range []struct {
		code   string
		status int
		want   sts.Advice
	}{
		{"ExpiredTokenException", 400, sts.NewToken},
		{"ExpiredToken", 400, sts.NewToken},
		{"InvalidIdentityToken", 400, sts.NewToken},
		{"InvalidIdentityTokenException", 400, sts.NewToken},
		{"IDPRejectedClaim", 403, sts.NewToken},
		{"IDPCommunicationError", 400, sts.Retry},
		{"Throttling", 400, sts.Retry},
		{"ThrottlingException", 400, sts.Retry},
		{"STSNotInitialized", 503, sts.Retry},
		{"PackedPolicyTooLarge", 400, sts.Stop},
		{"MalformedPolicyDocument", 400, sts.Stop},
		{"RegionDisabledException", 403, sts.Stop},
		{"AccessDenied", 403, sts.Stop},
		{"AccessDenied", 503, sts.Retry},
		{"MalformedPolicyDocument", 500, sts.Stop},
		{"", 429, sts.Retry},
		{"", 502, sts.Retry},
		{"", 404, sts.Stop},
		{"", 0, sts.Stop},
	} {
		e := sts.Error{Code: c.code, Status: c.status}
		if got := e.Advice(); got != c.want {
			t.Errorf("%d %s: Advice() = %d, want %d", c.status, c.code, got, c.want)
		}
	}
}

func TestParse_refuses(t *testing.T) {
	good := fixture(t, "aws.xml")
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %s in the fixture", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct {
		name, body string
		want       error
	}{
		{"nothing", "", exchange.ErrAnswerNotXML},
		{"JSON", `{"AssumeRoleWithWebIdentityResponse":{}}`, exchange.ErrAnswerNotXML},
		{"a page", "<!DOCTYPE html><html><body>Welcome</body></html>", exchange.ErrAnswerNotXML},
		{"a well-formed page", "<html><body>Welcome</body></html>", exchange.ErrAnswerUnknown},
		{"S3's answer", "<ListAllMyBucketsResult><Owner/></ListAllMyBucketsResult>", exchange.ErrAnswerUnknown},
		{"another exchange's answer", strings.ReplaceAll(good, "AssumeRoleWithWebIdentity", "AssumeRole"), exchange.ErrAnswerUnknown},
		{"cut off", good[:len(good)/2], exchange.ErrAnswerNotXML},
		{"two answers", good + good, exchange.ErrAnswerNotXML},
		{"credentials twice", swap("</Credentials>", "</Credentials><Credentials><AccessKeyId>B</AccessKeyId></Credentials>"), exchange.ErrAnswerTwice},
		{"a secret twice", swap("<SecretAccessKey>", "<SecretAccessKey>x</SecretAccessKey><SecretAccessKey>"), exchange.ErrAnswerTwice},
		{"no access key", swap("<AccessKeyId>ASIAEXAMPLEKEYID</AccessKeyId>", ""), exchange.ErrAnswerIncomplete},
		{"empty access key", swap("ASIAEXAMPLEKEYID", " "), exchange.ErrAnswerIncomplete},
		{"secret in another place", swap("SecretAccessKey>exampleSecret/With+Slash&amp;Ampersand</SecretAccessKey", "x><SecretAccessKey>s</SecretAccessKey></x"), exchange.ErrAnswerIncomplete},
		{"no session token", swap("IQoJexample//////////wEaCWV1LXdlc3QtMSJH+session=token==", ""), exchange.ErrAnswerIncomplete},
		{"no expiration", swap("<Expiration>2026-11-23T09:00:00Z</Expiration>", ""), exchange.ErrAnswerIncomplete},
		{"expiration without zone", swap("09:00:00Z", "09:00:00"), cred.ErrExpirationNoZone},
		{"MinIO's expiration of permanent keys", swap("2026-11-23T09:00:00Z", "1970-01-01T00:00:00Z"), cred.ErrExpirationRange},
		{"an entity", `<!DOCTYPE a [<!ENTITY x "y">]>` + good, exchange.ErrAnswerNotXML},
		{"too deep", strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40), exchange.ErrAnswerNotXML},
		{"one byte too large", good + strings.Repeat("\n", sts.MaxAnswer+1-len(good)), exchange.ErrAnswerTooLarge},
	} {
		got, err := sts.Parse(200, []byte(c.body))
		if !errors.Is(err, c.want) || got != (sts.Answer{}) {
			t.Errorf("%s: Parse = %+v, %v, want nothing and %v", c.name, got, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "exampleSecret") {
			t.Errorf("%s: the error quotes the secret", c.name)
		}
	}
	if _, err := sts.Parse(200, []byte(good+strings.Repeat("\n", sts.MaxAnswer-len(good)))); err != nil {
		t.Errorf("the largest answer: Parse = %v", err)
	}
}

// Whatever the body of a refusal is, the status gets through.
func TestParse_refusalWithoutXML(t *testing.T) {
	for _, body := range []string{"", "Bad Gateway", "<html><p>", "\xff\xfe", fixture(t, "aws.xml"), strings.Repeat("x", sts.MaxAnswer+1)} {
		_, err := sts.Parse(502, []byte(body))
		var got *sts.Error
		if !errors.As(err, &got) || got.Status != 502 || got.Code != "" || got.Message != "" || got.Advice() != sts.Retry {
			t.Errorf("Parse(502, %.20q) = %v, want an Error with status 502 alone", body, err)
		}
	}
}

func refusal(code, message, request string) []byte {
	text := func(s string) string {
		var b strings.Builder
		if err := xml.EscapeText(&b, []byte(s)); err != nil {
			panic(err)
		}
		return b.String()
	}
	return []byte("<ErrorResponse><Error><Code>" + text(code) + "</Code><Message>" + text(message) +
		"</Message></Error><RequestId>" + text(request) + "</RequestId></ErrorResponse>")
}

func TestError_messageIsBoundedAndClean(t *testing.T) {
	jwt := "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln-_bmF0dXJl"
	opaque := strings.Repeat("Ab9_-.", 12)
	longest := strings.Repeat("é ", sts.MaxMessage/3) + "é"
	if len(longest) != sts.MaxMessage {
		t.Fatalf("the longest message has %d bytes", len(longest))
	}
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Not authorized to perform sts:AssumeRoleWithWebIdentity", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"a token", jwt, "[token]"},
		{"a token among words", "token '" + jwt + "' is bad", "token '[token]' is bad"},
		{"the head of a token", "eyJhbGciOi", "[token]"},
		{"a token after its name", "id_token=eyJhbGciOi", "id_token=[token]"},
		{"an opaque token", "token " + opaque + ".", "token [token]"},
		{"several lines", "a\r\nb\tc", "a  b c"},
		{"longest", longest, longest},
		{"too long", longest + " é", longest},
		{"too long by half a letter", "a" + longest, "a" + strings.TrimSuffix(longest, " é")},
		{"too long by a word", longest[:510] + strings.Repeat("a", 60), longest[:510] + "aa"},
	} {
		_, err := sts.Parse(400, refusal("InvalidIdentityToken", c.in, "r"))
		var got *sts.Error
		if !errors.As(err, &got) {
			t.Fatalf("%s: Parse = %v", c.name, err)
		}
		if got.Message != c.want {
			t.Errorf("%s: Message = %q, want %q", c.name, got.Message, c.want)
		}
	}
	for _, bad := range []string{"a b", "a\nb", strings.Repeat("a", 200), jwt} {
		_, err := sts.Parse(400, refusal(bad, "", bad))
		var got *sts.Error
		if !errors.As(err, &got) || got.RequestID != "" || got.Code != "" {
			t.Errorf("code and request %.20q: Parse = %v, want neither", bad, err)
		}
	}
}

func TestAnswer_printsNoSecret(t *testing.T) {
	a, err := sts.Parse(200, []byte(fixture(t, "aws.xml")))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(verb, a); strings.Contains(text, "exampleSecret") || strings.Contains(text, "IQoJ") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}

// reference is an answer as encoding/xml sees it.
type reference struct {
	XMLName    xml.Name `xml:"AssumeRoleWithWebIdentityResponse"`
	AccessKey  []string `xml:"AssumeRoleWithWebIdentityResult>Credentials>AccessKeyId"`
	SecretKey  []string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SecretAccessKey"`
	Token      []string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
	Expiration []string `xml:"AssumeRoleWithWebIdentityResult>Credentials>Expiration"`
	Subject    []string `xml:"AssumeRoleWithWebIdentityResult>SubjectFromWebIdentityToken"`
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"aws.xml", "minio.xml", "ceph.xml", "aws-error.xml", "minio-error.xml", "ceph-error.xml"} {
		f.Add(200, []byte(fixture(f, name)))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got, err := sts.Parse(status, body)
		if err != nil {
			if text := err.Error(); len(text) > 1024 || strings.Contains(text, "eyJ") || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00") {
				t.Errorf("Parse(%d, %q): error %q", status, body, text)
			}
			if got != (sts.Answer{}) {
				t.Errorf("Parse(%d, %q) = %v with error %v", status, body, got, err)
			}
			return
		}
		if status < 200 || status > 299 {
			t.Errorf("Parse(%d) = %v", status, got)
		}
		var want reference
		if err := xml.Unmarshal(body, &want); err != nil {
			t.Fatalf("Parse(%q) took what encoding/xml refuses: %v", body, err)
		}
		for _, c := range []struct {
			got  string
			want []string
		}{
			{got.Credentials.AccessKeyID, want.AccessKey},
			{got.Credentials.SecretAccessKey, want.SecretKey},
			{got.Credentials.SessionToken, want.Token},
		} {
			if len(c.want) != 1 || c.got != strings.TrimSpace(c.want[0]) {
				t.Errorf("Parse(%q) = %q, encoding/xml says %q", body, c.got, c.want)
			}
		}
		if end, err := cred.ParseExpiration(strings.TrimSpace(want.Expiration[0])); err != nil || end != got.Credentials.Expiration {
			t.Errorf("Parse(%q): expiration %d, want %d, %v", body, got.Credentials.Expiration, end, err)
		}
		if got.Subject != strings.TrimSpace(strings.Join(want.Subject, "")) {
			t.Errorf("Parse(%q): subject %q, want %q", body, got.Subject, want.Subject)
		}
	})
}
