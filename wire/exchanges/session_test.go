package exchanges_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/wire"
	"github.com/bucketline/bucketline/wire/exchanges"
)

// wall is 2026-11-23T09:00:00Z.
const wall = 1_795_424_400_000

func fields(pairs ...string) []s3.Field {
	var list []s3.Field
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, s3.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return list
}

// ask puts one query and returns its answer as a line.
func ask(t *testing.T, s *exchanges.Session, q wire.Frame) string {
	t.Helper()
	q.Y = wall
	out := s.Ask([]byte("before"), q.Append(nil))
	rest, found := bytes.CutPrefix(out, []byte("before"))
	var f wire.Frame
	after, err := f.Read(rest)
	if !found || err != nil || len(after) > 0 {
		t.Fatalf("the answer is %q, %v", out, err)
	}
	kinds := map[uint8]string{
		exchanges.StepToken: "token", exchanges.StepSource: "source", exchanges.StepSend: "send", exchanges.StepDone: "done",
		exchanges.StepPolicy: "policy", wire.KindRefused: "refused",
	}
	line := kinds[f.Kind]
	if f.A == 1 {
		line += " another"
	}
	for _, field := range f.Fields {
		value := field.Value
		if field.Name == "authorization" && strings.HasPrefix(value, "AWS4") {
			value, _, _ = strings.Cut(value, ", Signature=")
		}
		line += " " + field.Name + "=" + value
	}
	if len(f.Body) > 0 {
		line += " " + string(f.Body)
	}
	return line
}

const (
	arn  = "arn:aws:iam::111122223333:role/uploader"
	pool = "eu-west-1:1a2b3c4d-1111-2222-3333-123456789abc"
)

// Each exchange from its beginning to its end, as a page drives it.
func TestSession_exchanges(t *testing.T) {
	type turn struct {
		query wire.Frame
		want  string
	}
	answer := func(status uint16, body string) wire.Frame {
		return wire.Frame{Kind: exchanges.QueryAnswer, B: status, Body: []byte(body)}
	}
	xml := func(root, inner string) string {
		return "<" + root + "><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>" +
			"<Expiration>2026-11-23T09:00:00Z</Expiration></Credentials>" + inner + "</" + root + ">"
	}
	source := wire.Frame{Kind: exchanges.QuerySource, Fields: fields("accessKey", "K", "secretKey", "z", "sessionToken", "y")}
	token := func(text string) wire.Frame {
		return wire.Frame{Kind: exchanges.QueryToken, Fields: fields("token", text)}
	}
	const done = "done accessKey=A secretKey=s sessionToken=t"
	for _, c := range []struct {
		name  string
		turns []turn
	}{
		{"web identity, with a token that has ended", []turn{
			{wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.WebIdentity, Fields: fields("endpoint", "http://127.0.0.1:9000", "roleArn", arn, "durationSeconds", "900")}, "token"},
			{token("old.token"), "send method=POST url=http://127.0.0.1:9000/ content-type=application/x-www-form-urlencoded " +
				"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fuploader&WebIdentityToken=old.token&DurationSeconds=900"},
			{answer(400, "<ErrorResponse><Error><Code>ExpiredTokenException</Code></Error></ErrorResponse>"), "token another"},
			{token("new.token"), "send method=POST url=http://127.0.0.1:9000/ content-type=application/x-www-form-urlencoded " +
				"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fuploader&WebIdentityToken=new.token&DurationSeconds=900"},
			{answer(200, "<AssumeRoleWithWebIdentityResponse>"+xml("AssumeRoleWithWebIdentityResult", "")+"</AssumeRoleWithWebIdentityResponse>"), done},
		}},
		{"a guest of a pool", []turn{
			{wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Cognito, Fields: fields("identityPoolId", pool)},
				"send method=POST url=https://cognito-identity.eu-west-1.amazonaws.com/ content-type=application/x-amz-json-1.1 " +
					`x-amz-target=AWSCognitoIdentityService.GetId {"IdentityPoolId":"` + pool + `"}`},
			{answer(200, `{"IdentityId":"eu-west-1:1"}`), "send method=POST url=https://cognito-identity.eu-west-1.amazonaws.com/ content-type=application/x-amz-json-1.1 " +
				`x-amz-target=AWSCognitoIdentityService.GetCredentialsForIdentity {"IdentityId":"eu-west-1:1"}`},
			{answer(200, `{"Credentials":{"AccessKeyId":"A","SecretKey":"s","SessionToken":"t","Expiration":1.7954244E9}}`), done},
		}},
		{"a JSON endpoint", []turn{
			{wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Container, Fields: fields("url", "https://issuer.example.com/c?x=1", "authorized", "true")}, "token"},
			{token("Bearer a"), "send method=GET url=https://issuer.example.com/c?x=1 accept=application/json authorization=Bearer a"},
			{answer(200, `{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-23T09:00:00Z"}`), done},
		}},
		{"a directory bucket", []turn{
			{wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Express, Fields: fields("bucket", "a--euw1-az1--x-s3", "region", "eu-west-1", "readOnly", "true")}, "source"},
			{source, "send method=GET url=https://a--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com/?session= x-amz-create-session-mode=ReadOnly " +
				"x-amz-date=20261123T090000Z x-amz-content-sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 x-amz-security-token=y " +
				"authorization=AWS4-HMAC-SHA256 Credential=K/20261123/eu-west-1/s3express/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-create-session-mode;x-amz-date;x-amz-security-token"},
			{answer(200, xml("CreateSessionResult", "")), done},
		}},
		{"a grant", []turn{
			{wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Grants, Fields: fields("accountId", "111122223333", "region", "eu-west-1", "target", "s3://b/p/*",
				"permission", "WRITE", "durationSeconds", "900", "defaultPrivilege", "true")}, "source"},
			{source, "send method=GET url=https://111122223333.s3-control.eu-west-1.amazonaws.com/v20180820/accessgrantsinstance/dataaccess" +
				"?durationSeconds=900&permission=WRITE&privilege=Default&target=s3%3A%2F%2Fb%2Fp%2F%2A x-amz-account-id=111122223333 " +
				"x-amz-date=20261123T090000Z x-amz-content-sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 x-amz-security-token=y " +
				"authorization=AWS4-HMAC-SHA256 Credential=K/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-account-id;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
			{answer(200, xml("GetDataAccessResult", "")), done},
		}},
		{"a refusal", []turn{
			{wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Container, Fields: fields("url", "https://h/")}, "send method=GET url=https://h/ accept=application/json"},
			{answer(403, `{"code":"AccessDenied","message":"No."}`), "refused code=AccessDenied operation=GetCredentials text=No."},
			{answer(200, "{}"), "refused code=OptionInvalid text=no such query"},
		}},
		{"a policy", []turn{
			{wire.Frame{Kind: exchanges.QueryPolicy, Fields: fields("bucket", "photos", "prefix", "u/42/", "actions", "s3:GetObject,s3:PutObject")},
				`policy policy={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::photos/u/42/*"}]}`},
			{wire.Frame{Kind: exchanges.QueryPolicy, Fields: fields("bucket", "*")},
				"refused code=PolicyBucketInvalid text=policy: bucket is not 3 to 63 letters, digits, hyphens, underscores and points"},
		}},
	} {
		var s exchanges.Session
		for i, turn := range c.turns {
			if got := ask(t, &s, turn.query); got != turn.want {
				t.Fatalf("%s, query %d: %s\nwant %s", c.name, i+1, got, turn.want)
			}
		}
	}
}

func TestSession_refuses(t *testing.T) {
	begun := fields("identityPoolId", pool, "provider", "p")
	for _, c := range []struct {
		name  string
		query wire.Frame
		want  string
	}{
		{"no such exchange", wire.Frame{Kind: exchanges.QueryBegin, A: 99}, "refused code=OptionInvalid text=no such query"},
		{"no such query", wire.Frame{Kind: 99}, "refused code=OptionInvalid text=no such query"},
		{"an unknown option", wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Cognito, Fields: fields("pool", "x")}, "refused code=OptionUnknown option=pool text="},
		{"an option twice", wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Cognito, Fields: fields("provider", "x", "provider", "y")}, "refused code=OptionInvalid option=provider text="},
		{"a number that is none", wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Cognito, Fields: fields("durationSeconds", "1e3")}, "refused code=OptionInvalid option=durationSeconds text="},
		{"a number beyond 32 bits", wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Cognito, Fields: fields("durationSeconds", "4294968196")}, "refused code=OptionInvalid option=durationSeconds text="},
		{"neither true nor false", wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Container, Fields: fields("authorized", "yes")}, "refused code=OptionInvalid option=authorized text="},
		{"what was not asked for", wire.Frame{Kind: exchanges.QuerySource, Fields: fields("accessKey", "a")}, "refused code=OptionInvalid text=no such query"},
		{"an answer too early", wire.Frame{Kind: exchanges.QueryAnswer, B: 200}, "refused code=OptionInvalid text=no such query"},
	} {
		for _, begin := range []bool{false, true} {
			var s exchanges.Session
			if begin {
				if got := ask(t, &s, wire.Frame{Kind: exchanges.QueryBegin, A: exchanges.Cognito, Fields: begun}); got != "token" {
					t.Fatal(got)
				}
			}
			if got := ask(t, &s, c.query); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s, begun %v: %s, want %s", c.name, begin, got, c.want)
			}
		}
	}
}

// FuzzParseQuery: whatever comes in, one well-formed frame comes out.
func FuzzParseQuery(f *testing.F) {
	for _, q := range []wire.Frame{
		{Kind: exchanges.QueryBegin, A: exchanges.WebIdentity, Fields: fields("endpoint", "http://127.0.0.1:9000")},
		{Kind: exchanges.QueryBegin, A: exchanges.Cognito, Fields: fields("identityPoolId", pool)},
		{Kind: exchanges.QueryBegin, A: exchanges.Container, Fields: fields("url", "https://h/", "authorized", "true")},
		{Kind: exchanges.QueryPolicy, Fields: fields("bucket", "photos", "prefix", "a*")},
	} {
		token := wire.Frame{Kind: exchanges.QueryToken, Fields: fields("token", "a.b.c")}
		answer := wire.Frame{Kind: exchanges.QueryAnswer, B: 200, Body: []byte("{}")}
		f.Add(q.Append(nil), token.Append(nil), answer.Append(nil))
	}
	f.Add([]byte("x"), []byte{}, []byte{0})
	f.Fuzz(func(t *testing.T, first, second, third []byte) {
		var s exchanges.Session
		for _, q := range [][]byte{first, second, third, third} {
			var out wire.Frame
			rest, err := out.Read(s.Ask(nil, q))
			if err != nil || len(rest) > 0 {
				t.Fatalf("%q is answered with no frame: %v", q, err)
			}
			for _, field := range out.Fields {
				if out.Kind == wire.KindRefused && (len(field.Value) > 4096 || !utf8.ValidString(field.Name)) {
					t.Fatalf("%q is refused with %+v", q, out)
				}
			}
		}
	})
}
