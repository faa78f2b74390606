package grants_test

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/grants"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const (
	good = `<?xml version="1.0" encoding="UTF-8"?>
<GetDataAccessResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
		`<Expiration>2026-11-23T09:00:00Z</Expiration></Credentials><MatchedGrantTarget>s3://photos/u/42/*</MatchedGrantTarget>` +
		`<Grantee><GranteeType>IAM</GranteeType></Grantee></GetDataAccessResult>`
	refused = `<ErrorResponse><Error><Code>AccessDenied</Code><Message>You do not have READWRITE permissions</Message></Error><RequestId>R1</RequestId></ErrorResponse>`
)

func access(edit func(*grants.Access)) *grants.Access {
	a := &grants.Access{AccountID: "111122223333", Region: "eu-west-1", Target: "s3://photos/u/42/*", Permission: "READWRITE"}
	edit(a)
	return a
}

func source() *sign.Credentials {
	return &sign.Credentials{AccessKeyID: "ASIASOURCE", SecretAccessKey: "secret", SessionToken: "token"}
}

func TestAccess_request(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*grants.Access)
		want string
	}{
		{"a prefix", func(*grants.Access) {}, "permission=READWRITE&privilege=Minimal&target=s3%3A%2F%2Fphotos%2Fu%2F42%2F%2A"},
		{"an object", func(a *grants.Access) { a.Target, a.Permission = "s3://photos/u/é", "READ" },
			"permission=READ&privilege=Minimal&target=s3%3A%2F%2Fphotos%2Fu%2F%C3%A9&targetType=Object"},
		{"for a time, and more", func(a *grants.Access) { a.DurationSeconds, a.DefaultPrivilege = 900, true },
			"durationSeconds=900&permission=READWRITE&privilege=Default&target=s3%3A%2F%2Fphotos%2Fu%2F42%2F%2A"},
	} {
		r, err := access(c.edit).Request(source(), 1795424400000)
		if err != nil {
			t.Fatal(err)
		}
		want := "https://111122223333.s3-control.eu-west-1.amazonaws.com/v20180820/accessgrantsinstance/dataaccess?" + c.want
		if r.Method != "GET" || r.URL != want {
			t.Errorf("%s: %s %s, want %s", c.name, r.Method, r.URL, want)
		}
		authorization, _ := s3.HeaderValue(r.Header, "authorization")
		if !strings.Contains(authorization, "/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-account-id;x-amz-content-sha256;x-amz-date;x-amz-security-token, ") {
			t.Errorf("%s: authorization is %s", c.name, authorization)
		}
	}
}

func TestAccess_refuses(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*grants.Access)
		want error
	}{
		{"no account", func(a *grants.Access) { a.AccountID = "" }, grants.ErrBadAccount},
		{"an account that is none", func(a *grants.Access) { a.AccountID = "evil.example" }, grants.ErrBadAccount},
		{"no region", func(a *grants.Access) { a.Region = "" }, exchange.ErrNoRegion},
		{"a region that would change the host", func(a *grants.Access) { a.Region = "x.example.com/" }, exchange.ErrBadRegion},
		{"a target that is a bucket", func(a *grants.Access) { a.Target = "s3://photos" }, grants.ErrBadTarget},
		{"a target of another kind", func(a *grants.Access) { a.Target = "https://photos/u/*" }, grants.ErrBadTarget},
		{"the longest target", func(a *grants.Access) { a.Target = "s3://photos/" + strings.Repeat("a", grants.MaxTarget-12) }, nil},
		{"a longer one", func(a *grants.Access) { a.Target = "s3://photos/" + strings.Repeat("a", grants.MaxTarget-11) }, grants.ErrBadTarget},
		{"a permission", func(a *grants.Access) { a.Permission = "read" }, grants.ErrBadPermission},
		{"too short", func(a *grants.Access) { a.DurationSeconds = 899 }, grants.ErrBadDuration},
		{"the longest", func(a *grants.Access) { a.DurationSeconds = 43_200 }, nil},
		{"too long", func(a *grants.Access) { a.DurationSeconds = 43_201 }, grants.ErrBadDuration},
		{"in clear", func(a *grants.Access) { a.Endpoint = "http://s3-control.example.com" }, exchange.ErrInsecureEndpoint},
		{"a path of its own", func(a *grants.Access) { a.Endpoint = "https://s3-control.example.com/x" }, exchange.ErrBadEndpoint},
	} {
		if _, err := access(c.edit).Request(source(), 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	want := grants.Answer{
		Credentials:   cred.Credentials{Credentials: sign.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t"}, Expiration: 1795424400000},
		MatchedTarget: "s3://photos/u/42/*",
	}
	if got, err := grants.Parse(200, []byte(good)); err != nil || got != want {
		t.Errorf("Parse = %v, %v", got, err)
	}
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"a refusal", refused, 403, "GetDataAccess: 403 AccessDenied: You do not have READWRITE permissions (request R1)"},
		{"a page", "<html>", 503, "GetDataAccess: 503"},
		{"another answer", "<ListAccessGrantsResult/>", 200, exchange.ErrAnswerUnknown.Error()},
		{"without an end", strings.Replace(good, "<Expiration>2026-11-23T09:00:00Z</Expiration>", "", 1), 200, exchange.ErrAnswerIncomplete.Error()},
	} {
		if got, err := grants.Parse(c.status, []byte(c.body)); err == nil || err.Error() != c.want || got != (grants.Answer{}) {
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
		answer, err := grants.Parse(status, body)
		got := answer.Credentials
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
