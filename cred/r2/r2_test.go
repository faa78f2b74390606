package r2_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/r2"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const (
	account = "0123456789abcdef0123456789abcdef"
	good    = `{"result":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t"},"success":true,"errors":[],"messages":[]}`
	refused = `{"result":null,"success":false,"errors":[{"code":10000,"message":"Authentication error"},{"code":2,"message":"x"}],"messages":[]}`
)

func bucket(edit func(*r2.Bucket)) *r2.Bucket {
	b := &r2.Bucket{AccountID: account, ParentAccessKeyID: "parent", Bucket: "photos", Permission: "object-read-write", TTLSeconds: 900}
	edit(b)
	return b
}

func TestBucket_request(t *testing.T) {
	m := exchange.New(bucket(func(b *r2.Bucket) { b.Prefixes = []string{`u/42/`, `"é`}; b.Objects = []string{"o"} }))
	m.Token("api-token")
	r, err := m.Request(1_000)
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"bucket":"photos","parentAccessKeyId":"parent","permission":"object-read-write","ttlSeconds":900,"prefixes":["u/42/","\"\u00e9"],"objects":["o"]}`
	if want := "https://api.cloudflare.com/client/v4/accounts/" + account + "/r2/temp-access-credentials"; r.Method != "POST" || r.URL != want || r.ContentType != "application/json" {
		t.Errorf("the request is %s %s %s, want %s", r.Method, r.URL, r.ContentType, want)
	}
	if string(r.Body) != body {
		t.Errorf("body %s, want %s", r.Body, body)
	}
	if got, _ := s3.HeaderValue(r.Header, "authorization"); got != "Bearer api-token" {
		t.Errorf("authorization is %q", got)
	}
	m.Answer(200, []byte(good))
	want := cred.Credentials{Credentials: sign.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t"}, Expiration: 901_000}
	if m.Step() != exchange.StepDone || m.Credentials() != want {
		t.Errorf("step %d: %v, %v, want %v", m.Step(), m.Credentials(), m.Err(), want)
	}
}

func TestBucket_refuses(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*r2.Bucket)
		want error
	}{
		{"an account that would change the path", func(b *r2.Bucket) { b.AccountID = "../0123456789abcdef0123456789abc" }, r2.ErrBadAccount},
		{"no parent", func(b *r2.Bucket) { b.ParentAccessKeyID = "" }, r2.ErrBadParent},
		{"a bucket too short", func(b *r2.Bucket) { b.Bucket = "ab" }, r2.ErrBadBucket},
		{"a bucket with a point", func(b *r2.Bucket) { b.Bucket = "a.b.c" }, r2.ErrBadBucket},
		{"a permission", func(b *r2.Bucket) { b.Permission = "read" }, r2.ErrBadPermission},
		{"no life", func(b *r2.Bucket) { b.TTLSeconds = 0 }, r2.ErrBadTTL},
		{"the longest life", func(b *r2.Bucket) { b.TTLSeconds = r2.MaxTTLSeconds }, nil},
		{"too long a life", func(b *r2.Bucket) { b.TTLSeconds = r2.MaxTTLSeconds + 1 }, r2.ErrBadTTL},
		{"an empty prefix", func(b *r2.Bucket) { b.Prefixes = []string{""} }, r2.ErrBadPaths},
		{"as many as there may be", func(b *r2.Bucket) { b.Prefixes = slices.Repeat([]string{"a"}, r2.MaxPaths) }, nil},
		{"one more", func(b *r2.Bucket) { b.Prefixes = slices.Repeat([]string{"a"}, r2.MaxPaths+1) }, r2.ErrBadPaths},
		{"the longest", func(b *r2.Bucket) { b.Objects = []string{strings.Repeat("a", r2.MaxPath)} }, nil},
		{"longer", func(b *r2.Bucket) { b.Objects = []string{strings.Repeat("a", r2.MaxPath+1)} }, r2.ErrBadPaths},
		{"no text", func(b *r2.Bucket) { b.Objects = []string{"\xff"} }, r2.ErrBadPaths},
		{"in clear", func(b *r2.Bucket) { b.Endpoint = "http://api.example.com/v4" }, exchange.ErrInsecureEndpoint},
	} {
		if _, err := bucket(c.edit).Word(&exchange.Given{Token: "t"}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, token := range []string{"", "a b", "a\nb"} {
		if _, err := bucket(func(*r2.Bucket) {}).Word(&exchange.Given{Token: token}); !errors.Is(err, r2.ErrBadToken) {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"a refusal", refused, 401, "CreateTemporaryCredentials: 401 10000: Authentication error"},
		{"a refusal with a status of success", refused, 200, "CreateTemporaryCredentials: 200 10000: Authentication error"},
		{"a page", "<html>", 502, "CreateTemporaryCredentials: 502"},
		{"another answer", `{"a":1}`, 200, exchange.ErrAnswerUnknown.Error()},
		{"no secret", strings.Replace(good, `"secretAccessKey":"s",`, "", 1), 200, exchange.ErrAnswerIncomplete.Error()},
	} {
		if got, err := r2.Parse(c.status, []byte(c.body)); err == nil || err.Error() != c.want || got != (cred.Credentials{}) {
			t.Errorf("%s: %v, %v, want %s", c.name, got, err, c.want)
		}
	}
}

// Cloudflare R2 documentation, "Temporary credentials", "Locally": each rule,
// with the standard library's own HMAC and JSON.
func TestBucket_mint(t *testing.T) {
	b := bucket(func(b *r2.Bucket) { b.Prefixes = []string{"u/42/"}; b.Objects = []string{"é"}; b.Jurisdiction = "eu" })
	c, err := b.Mint("parent-secret", []string{"PutObject"}, 1_795_424_400_999)
	if err != nil {
		t.Fatal(err)
	}
	if c.AccessKeyID != "parent" || c.Expiration != 1_795_425_300_000 {
		t.Errorf("access key %s, until %d", c.AccessKeyID, c.Expiration)
	}
	text, err := base64.StdEncoding.DecodeString(c.SessionToken)
	token, ok := strings.CutPrefix(string(text), "jwt/")
	if err != nil || !ok {
		t.Fatalf("the session token holds %q, %v", text, err)
	}
	if sum := sha256.Sum256([]byte(token)); c.SecretAccessKey != hex.EncodeToString(sum[:]) {
		t.Errorf("the secret is not the SHA-256 of the token")
	}
	parts := strings.Split(token, ".")
	mac := hmac.New(sha256.New, []byte("parent-secret"))
	fmt.Fprintf(mac, "%s.%s", parts[0], parts[1])
	if len(parts) != 3 || parts[2] != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		t.Errorf("the token is not signed by the parent's secret")
	}
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var got map[string]any
	if err := json.Unmarshal(claims, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"bucket": "photos", "scope": "object-read-write", "actions": []any{"PutObject"}, "sub": account, "iss": "parent",
		"paths": map[string]any{"prefixPaths": []any{"u/42/"}, "objectPaths": []any{"é"}},
		"aud":   account + ".eu.r2.cloudflarestorage.com", "iat": 1795424400.0, "exp": 1795425300.0,
	}
	if string(header) != `{"alg":"HS256","typ":"JWT"}` || !reflect.DeepEqual(got, want) {
		t.Errorf("%s %v, want %v", header, got, want)
	}
	if _, err := b.Mint("", nil, 0); !errors.Is(err, r2.ErrBadParent) {
		t.Errorf("without a secret: %v", err)
	}
}

// FuzzParse: what is taken is what encoding/json finds, and errors are bounded
// and without tokens.
func FuzzParse(f *testing.F) {
	for _, s := range []string{good, refused, `{"success":true,"result":[]}`, `{"success":false,"errors":[{"message":"eyJhbGciOi"}]}`, "", "<html>"} {
		f.Add(200, []byte(s))
		f.Add(403, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got, err := r2.Parse(status, body)
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
		result, _ := want["result"].(map[string]any)
		for name, text := range map[string]string{"accessKeyId": got.AccessKeyID, "secretAccessKey": got.SecretAccessKey, "sessionToken": got.SessionToken} {
			if v, ok := result[name].(string); text == "" || ok && v != text {
				t.Fatalf("%q: %s is %q, encoding/json finds %v", body, name, text, result[name])
			}
		}
	})
}
