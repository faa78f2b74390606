package container_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/container"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

func TestEndpoint_request(t *testing.T) {
	m := exchange.New(&container.Endpoint{URL: "https://issuer.example.com/credentials?bucket=photos", Authorized: true})
	m.Token("Bearer a.b.c")
	r, err := m.Request(0)
	if err != nil {
		t.Fatal(err)
	}
	if r.Method != "GET" || r.URL != "https://issuer.example.com/credentials?bucket=photos" || r.Body != nil || r.ContentType != "" {
		t.Errorf("the request is %+v", r)
	}
	if value, _ := s3.HeaderValue(r.Header, "authorization"); value != "Bearer a.b.c" {
		t.Errorf("authorization is %q", value)
	}
}

func TestEndpoint_refuses(t *testing.T) {
	for _, c := range []struct {
		name     string
		endpoint container.Endpoint
		token    string
		want     error
	}{
		{"nothing", container.Endpoint{}, "", exchange.ErrNoEndpoint},
		{"in clear", container.Endpoint{URL: "http://issuer.example.com/"}, "", exchange.ErrInsecureEndpoint},
		{"ECS's address from a page", container.Endpoint{URL: "http://169.254.170.2/v2/credentials/1"}, "", exchange.ErrInsecureEndpoint},
		{"ECS's address in a container", container.Endpoint{URL: "http://169.254.170.2/v2/credentials/1", Metadata: true}, "", nil},
		{"EKS's address", container.Endpoint{URL: "http://169.254.170.23/v1/credentials", Metadata: true}, "", nil},
		{"EKS's address of IPv6", container.Endpoint{URL: "http://[fd00:ec2::23]/v1/credentials", Metadata: true}, "", nil},
		{"EC2's own metadata", container.Endpoint{URL: "http://169.254.169.254/latest", Metadata: true}, "", exchange.ErrInsecureEndpoint},
		{"a host that begins like ECS's", container.Endpoint{URL: "http://169.254.170.2.example.com/", Metadata: true}, "", exchange.ErrInsecureEndpoint},
		{"another port of ECS's", container.Endpoint{URL: "http://169.254.170.2:8080/", Metadata: true}, "", nil},
		{"a user before ECS's host", container.Endpoint{URL: "http://169.254.170.2:80@example.com/", Metadata: true}, "", exchange.ErrBadEndpoint},
		{"this machine", container.Endpoint{URL: "http://127.0.0.1:8080/x"}, "", nil},
		{"a fragment", container.Endpoint{URL: "https://h/?a#b"}, "", exchange.ErrBadEndpoint},
		{"a line end in the query", container.Endpoint{URL: "https://h/?a\nb"}, "", exchange.ErrBadEndpoint},
		{"the longest", container.Endpoint{URL: "https://h/?" + strings.Repeat("a", container.MaxURL-11)}, "", nil},
		{"too long", container.Endpoint{URL: "https://h/?" + strings.Repeat("a", container.MaxURL-10)}, "", exchange.ErrBadEndpoint},
		{"no authorization", container.Endpoint{URL: "https://h/", Authorized: true}, "", container.ErrNoAuthorization},
		{"a line end in the authorization", container.Endpoint{URL: "https://h/", Authorized: true}, "Bearer a\r\nx: y", container.ErrBadAuthorization},
		{"a space at its end", container.Endpoint{URL: "https://h/", Authorized: true}, "Bearer a ", container.ErrBadAuthorization},
		{"the longest authorization", container.Endpoint{URL: "https://h/", Authorized: true}, strings.Repeat("a", container.MaxAuthorization), nil},
		{"one that is too long", container.Endpoint{URL: "https://h/", Authorized: true}, strings.Repeat("a", container.MaxAuthorization+1), container.ErrBadAuthorization},
	} {
		if _, err := c.endpoint.Word(&exchange.Given{Token: c.token}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// "Container credential provider" of the SDKs' reference: which variable counts.
func TestEnvironment_locate(t *testing.T) {
	for _, c := range []struct {
		name string
		env  container.Environment
		want container.Endpoint
		ok   bool
	}{
		{"nothing", container.Environment{Token: "t"}, container.Endpoint{}, false},
		{"relative", container.Environment{RelativeURI: "/v2/credentials/1"}, container.Endpoint{URL: "http://169.254.170.2/v2/credentials/1", Metadata: true}, true},
		{"full", container.Environment{FullURI: "https://h/", TokenFile: "f"}, container.Endpoint{URL: "https://h/", Authorized: true, Metadata: true}, true},
		{"both", container.Environment{FullURI: "https://h/", RelativeURI: "/r", Token: "t"},
			container.Endpoint{URL: "http://169.254.170.2/r", Authorized: true, Metadata: true}, true},
		{"a relative one that is not", container.Environment{RelativeURI: "@example.com/"}, container.Endpoint{URL: "http://169.254.170.2/@example.com/", Metadata: true}, true},
	} {
		if got, ok := c.env.Locate(); got != c.want || ok != c.ok {
			t.Errorf("%s: %+v, %v, want %+v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

const good = `{"RoleArn":"r","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-23T09:00:00Z"}`

func TestParse(t *testing.T) {
	want := cred.Credentials{Credentials: sign.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t"}, Expiration: 1795424400000}
	for _, body := range []string{good, strings.Replace(good, `"Token"`, `"SessionToken"`, 1), strings.Replace(good, "{", `{"Version":1,`, 1)} {
		if got, err := container.Parse(200, []byte(body)); err != nil || got != want {
			t.Errorf("Parse(%s) = %v, %v", body, got, err)
		}
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"a refusal", 401, `{"code":"AccessDenied","message":"No."}`, "GetCredentials: 401 AccessDenied: No."},
		{"a refusal with a status of success", 200, `{"code":"AccessDenied","message":"No."}`, "GetCredentials: 200 AccessDenied: No."},
		{"a page", 502, "<html>", "GetCredentials: 502"},
		{"a redirection", 302, "", "GetCredentials: 302"},
		{"two tokens", 200, strings.Replace(good, "{", `{"SessionToken":"u",`, 1), exchange.ErrAnswerTwice.Error()},
		{"no token", 200, strings.Replace(good, `"Token":"t",`, "", 1), exchange.ErrAnswerIncomplete.Error()},
		{"no end", 200, strings.Replace(good, `,"Expiration":"2026-11-23T09:00:00Z"`, "", 1), exchange.ErrAnswerIncomplete.Error()},
		{"a local time", 200, strings.Replace(good, "00Z", "00", 1), cred.ErrExpirationNoZone.Error()},
		{"an array", 200, "[" + good + "]", exchange.ErrAnswerUnknown.Error()},
	} {
		if got, err := container.Parse(c.status, []byte(c.body)); err == nil || err.Error() != c.want || got != (cred.Credentials{}) {
			t.Errorf("%s: %v, %v, want %s", c.name, got, err, c.want)
		}
	}
}

// FuzzParse: what is taken is what encoding/json finds, and errors are bounded
// and without tokens.
func FuzzParse(f *testing.F) {
	for _, s := range []string{good, strings.Replace(good, `"Token"`, `"SessionToken"`, 1), `{"code":"x","message":"eyJhbGciOi"}`, `{"Token":{"a":1}}`, "", "[]", "<html>"} {
		f.Add(200, []byte(s))
		f.Add(403, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got, err := container.Parse(status, body)
		if err != nil {
			if text := err.Error(); len(text) > 1024 || strings.Contains(text, "eyJ") || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00") {
				t.Errorf("Parse(%d, %q): error %q", status, body, text)
			}
			return
		}
		var want map[string]any
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q was taken, encoding/json refuses it: %v", body, err)
		}
		for name, text := range map[string]string{"AccessKeyId": got.AccessKeyID, "SecretAccessKey": got.SecretAccessKey} {
			if v, ok := want[name].(string); text == "" || ok && v != text {
				t.Fatalf("%q: %s is %q, encoding/json finds %v", body, name, text, want[name])
			}
		}
		if end, err := cred.ParseExpiration(want["Expiration"].(string)); err != nil || end != got.Expiration {
			t.Fatalf("%q: ends at %d, want %d, %v", body, got.Expiration, end, err)
		}
	})
}
