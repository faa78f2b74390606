package cognito_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/cognito"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/sign"
)

const (
	poolID   = "eu-west-1:1a2b3c4d-1111-2222-3333-123456789abc"
	identity = "eu-west-1:99999999-1111-2222-3333-123456789abc"
	role     = "arn:aws:iam::111122223333:role/uploader"
	idToken  = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"
)

// send steps m to its next request.
func send(t *testing.T, m *exchange.Machine) exchange.Request {
	t.Helper()
	if m.Step() == exchange.StepToken {
		m.Token(idToken)
	}
	r, err := m.Request(0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func check(t *testing.T, r exchange.Request, target, body string) {
	t.Helper()
	if r.Method != "POST" || r.URL != "https://cognito-identity.eu-west-1.amazonaws.com/" || r.ContentType != "application/x-amz-json-1.1" ||
		len(r.Header) != 1 || r.Header[0].Name != "x-amz-target" || r.Header[0].Value != "AWSCognitoIdentityService."+target {
		t.Errorf("the request is %s %s %s %v", r.Method, r.URL, r.ContentType, r.Header)
	}
	if string(r.Body) != body {
		t.Errorf("%s: body %s, want %s", target, r.Body, body)
	}
}

func TestPool_enhancedFlow(t *testing.T) {
	m := exchange.New(&cognito.Pool{
		IdentityPoolID: poolID, Provider: "https://accounts.google.com/", AccountID: "111122223333", CustomRoleARN: role,
	})
	check(t, send(t, m), "GetId",
		`{"AccountId":"111122223333","IdentityPoolId":"`+poolID+`","Logins":{"accounts.google.com":"`+idToken+`"}}`)
	m.Answer(200, []byte(`{"IdentityId":"`+identity+`"}`))
	check(t, send(t, m), "GetCredentialsForIdentity",
		`{"IdentityId":"`+identity+`","Logins":{"accounts.google.com":"`+idToken+`"},"CustomRoleArn":"`+role+`"}`)
	m.Answer(200, []byte(`{"IdentityId":"`+identity+`","Credentials":{"AccessKeyId":"ASIA","SecretKey":"s","SessionToken":"t","Expiration":1.7954244E9}}`))
	want := cred.Credentials{Credentials: sign.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t"}, Expiration: 1795424400000}
	if m.Step() != exchange.StepDone || m.Credentials() != want {
		t.Errorf("step %d: %v, %v", m.Step(), m.Credentials(), m.Err())
	}
}

func TestPool_basicFlow(t *testing.T) {
	m := exchange.New(&cognito.Pool{IdentityPoolID: poolID, Provider: "idp.example.com", RoleARN: role, DurationSeconds: 900})
	check(t, send(t, m), "GetId", `{"IdentityPoolId":"`+poolID+`","Logins":{"idp.example.com":"`+idToken+`"}}`)
	m.Answer(200, []byte(`{"IdentityId":"`+identity+`"}`))
	check(t, send(t, m), "GetOpenIdToken", `{"IdentityId":"`+identity+`","Logins":{"idp.example.com":"`+idToken+`"}}`)
	m.Answer(200, []byte(`{"IdentityId":"`+identity+`","Token":"open.id.token"}`))
	r := send(t, m)
	const body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fuploader" +
		"&RoleSessionName=bucketline&WebIdentityToken=open.id.token&DurationSeconds=900"
	if r.URL != "https://sts.eu-west-1.amazonaws.com/" || string(r.Body) != body {
		t.Errorf("the last request is %s %s", r.URL, r.Body)
	}
}

func TestPool_guest(t *testing.T) {
	m := exchange.New(&cognito.Pool{IdentityPoolID: poolID})
	if m.Step() != exchange.StepSend {
		t.Fatalf("a guest is asked for step %d", m.Step())
	}
	check(t, send(t, m), "GetId", `{"IdentityPoolId":"`+poolID+`"}`)
}

// The identity that a later answer names is another when two were merged.
func TestPool_mergedIdentity(t *testing.T) {
	m := exchange.New(&cognito.Pool{IdentityPoolID: poolID, Provider: "p", RoleARN: role})
	send(t, m)
	m.Answer(200, []byte(`{"IdentityId":"`+identity+`"}`))
	send(t, m)
	m.Answer(200, []byte(`{"IdentityId":"eu-west-1:merged","Token":"open.id.token"}`))
	if m.Step() != exchange.StepSend || m.Op() != "AssumeRoleWithWebIdentity" {
		t.Errorf("step %d, %s, %v", m.Step(), m.Op(), m.Err())
	}
}

// What cannot end well is refused before anything is sent.
func TestPool_refuses(t *testing.T) {
	for _, c := range []struct {
		name string
		pool cognito.Pool
		want error
	}{
		{"no pool", cognito.Pool{}, cognito.ErrBadPool},
		{"a pool without its region", cognito.Pool{IdentityPoolID: "1a2b3c4d-1111"}, cognito.ErrBadPool},
		{"a region that would change the host", cognito.Pool{IdentityPoolID: "evil.example/:1a2b"}, cognito.ErrBadPool},
		{"a pool that is too long", cognito.Pool{IdentityPoolID: "eu-west-1:" + strings.Repeat("a", 46)}, cognito.ErrBadPool},
		{"an account that is none", cognito.Pool{IdentityPoolID: poolID, AccountID: "12345678901a"}, cognito.ErrBadAccount},
		{"two roles", cognito.Pool{IdentityPoolID: poolID, RoleARN: role, CustomRoleARN: role}, cognito.ErrTwoRoles},
		{"a custom role that is none", cognito.Pool{IdentityPoolID: poolID, CustomRoleARN: "uploader-of-all-things"}, sts.ErrBadRoleARN},
		{"a role that is none", cognito.Pool{IdentityPoolID: poolID, RoleARN: "uploader"}, sts.ErrBadRoleARN},
		{"a duration", cognito.Pool{IdentityPoolID: poolID, RoleARN: role, DurationSeconds: 899}, sts.ErrBadDuration},
		{"an STS in clear", cognito.Pool{IdentityPoolID: poolID, RoleARN: role, STSEndpoint: "http://sts.example.com"}, exchange.ErrInsecureEndpoint},
		{"an endpoint in clear", cognito.Pool{IdentityPoolID: poolID, Endpoint: "http://cognito.example.com"}, exchange.ErrInsecureEndpoint},
		{"a provider too long", cognito.Pool{IdentityPoolID: poolID, Provider: strings.Repeat("a", 129)}, cognito.ErrBadProvider},
		{"a provider of nothing", cognito.Pool{IdentityPoolID: poolID, Provider: "https://"}, cognito.ErrBadProvider},
	} {
		m := exchange.New(&c.pool)
		if m.Step() == exchange.StepToken {
			m.Token(idToken)
		}
		if _, err := m.Request(0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, token := range []string{"", "a b", strings.Repeat("a", cognito.MaxToken+1)} {
		m := exchange.New(&cognito.Pool{IdentityPoolID: poolID, Provider: "p"})
		m.Token(token)
		if _, err := m.Request(0); !errors.Is(err, sts.ErrNoToken) && !errors.Is(err, sts.ErrBadToken) {
			t.Errorf("a token of %d bytes: %v", len(token), err)
		}
	}
}

func TestParseSeconds(t *testing.T) {
	for _, c := range []struct {
		text string
		want sign.UnixMilli
		ok   bool
	}{
		{"1795424400", 1795424400000, true},
		{"1.7954244E9", 1795424400000, true},
		{"1.795424400123E9", 1795424400123, true},
		{"1795424400.1239", 1795424400123, true},
		{"17954244e2", 1795424400000, true},
		{"1795424400000E-3", 1795424400000, true},
		{"0.001", 1, true},
		{"1e+9", 1000000000000, true},
		{"253402300799.999", cred.MaxExpiration, true},
		{"253402300800", 0, false},
		{"0", 0, false},
		{"0.0001", 0, false},
		{"-1", 0, false},
		{"1e99", 0, false},
		{"1e999", 0, false},
		{"", 0, false},
		{"1e", 0, false},
		{"1e+-9", 0, false},
		{"2026-11-23T09:00:00Z", 0, false},
	} {
		if got, ok := cognito.ParseSeconds(c.text); got != c.want || ok != c.ok {
			t.Errorf("ParseSeconds(%q) = %d, %v, want %d, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

// FuzzParseSeconds: what is taken is what exact arithmetic makes of it.
func FuzzParseSeconds(f *testing.F) {
	for _, s := range []string{"1795424400", "1.795424400123E9", "0.001", "1e-3", "000001.5e9", "1e127", "253402300799.9999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := cognito.ParseSeconds(s)
		if !ok {
			return
		}
		exact, valid := new(big.Rat).SetString(s)
		if !valid {
			t.Fatalf("ParseSeconds(%q) = %d, which is no number", s, got)
		}
		exact.Mul(exact, big.NewRat(1000, 1))
		want := new(big.Int).Quo(exact.Num(), exact.Denom())
		if !want.IsInt64() || want.Int64() != int64(got) {
			t.Fatalf("ParseSeconds(%q) = %d, want %s", s, got, want)
		}
	})
}

// FuzzParseCredentials: what is taken is what encoding/json finds, and errors
// are bounded and without tokens.
func FuzzParseCredentials(f *testing.F) {
	for _, s := range []string{
		`{"IdentityId":"eu-west-1:x","Credentials":{"AccessKeyId":"A","SecretKey":"s","SessionToken":"t","Expiration":1.7954244E9}}`,
		`{"__type":"NotAuthorizedException","message":"Invalid login token. eyJhbGciOi"}`,
		`{"IdentityId":"eu-west-1:x","Token":"a.b.c"}`, `{"Credentials":{}}`, `{"Credentials":null}`, `[]`, `<html>`, ``,
	} {
		f.Add(200, []byte(s))
		f.Add(400, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		_, idErr := cognito.ParseIdentity(status, body)
		_, _, tokenErr := cognito.ParseToken(status, body)
		got, err := cognito.ParseCredentials(status, body)
		for _, err := range []error{err, idErr, tokenErr} {
			if err == nil {
				continue
			}
			if text := err.Error(); len(text) > 1024 || strings.Contains(text, "eyJ") || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00") {
				t.Errorf("%d, %q: error %q", status, body, text)
			}
		}
		if err != nil {
			return
		}
		var want map[string]map[string]any
		json.Unmarshal(body, &want) // other members may be of other kinds
		for name, text := range map[string]string{"AccessKeyId": got.AccessKeyID, "SecretKey": got.SecretAccessKey, "SessionToken": got.SessionToken} {
			if v, ok := want["Credentials"][name].(string); ok && v != text {
				t.Fatalf("%q: %s is %q, encoding/json finds %q", body, name, text, v)
			}
		}
		if got.AccessKeyID == "" || got.SecretAccessKey == "" || got.SessionToken == "" || got.Expiration <= 0 {
			t.Fatalf("%q was taken as %v", body, got)
		}
	})
}
