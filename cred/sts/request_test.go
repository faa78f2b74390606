package sts_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/sts"
)

// webIdentity returns one that AWS takes.
func webIdentity() sts.WebIdentity {
	return sts.WebIdentity{
		Endpoint:        "https://sts.eu-west-1.amazonaws.com",
		RoleARN:         "arn:aws:iam::111122223333:role/uploader",
		RoleSessionName: "alice",
		Token:           "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln",
		DurationSeconds: 900,
	}
}

func TestRequest_words(t *testing.T) {
	w := webIdentity()
	w.Policy = `{"Version":"2012-10-17", "Statement":[]}`
	r, err := w.Request()
	if err != nil {
		t.Fatal(err)
	}
	const body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15" +
		"&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fuploader&RoleSessionName=alice" +
		"&WebIdentityToken=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln&DurationSeconds=900" +
		"&Policy=%7B%22Version%22%3A%222012-10-17%22%2C%20%22Statement%22%3A%5B%5D%7D"
	if r.Method != "POST" || r.URL != "https://sts.eu-west-1.amazonaws.com/" || r.ContentType != "application/x-www-form-urlencoded" {
		t.Errorf("Request() = %s %s %s", r.Method, r.URL, r.ContentType)
	}
	if string(r.Body) != body {
		t.Errorf("body = %s\nwant   %s", r.Body, body)
	}
}

// MinIO's documentation, "AssumeRoleWithWebIdentity": with policies from a
// claim, RoleArn must not be sent, and the duration comes from the token.
func TestRequest_leavesOutWhatIsEmpty(t *testing.T) {
	w := sts.WebIdentity{Endpoint: "http://127.0.0.1:9000", Token: "a.b.c"}
	r, err := w.Request()
	if err != nil {
		t.Fatal(err)
	}
	if want := "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=a.b.c"; string(r.Body) != want {
		t.Errorf("body = %s, want %s", r.Body, want)
	}
}

func TestRequest_limits(t *testing.T) {
	long := func(s string, n int) string { return s + strings.Repeat("a", n-len(s)) }
	for _, c := range []struct {
		name string
		edit func(*sts.WebIdentity)
		want error
	}{
		{"no endpoint", func(w *sts.WebIdentity) { w.Endpoint = "" }, exchange.ErrNoEndpoint},
		{"no role for AWS", func(w *sts.WebIdentity) { w.RoleARN = "" }, sts.ErrNoRoleARN},
		{"no session name for AWS", func(w *sts.WebIdentity) { w.RoleSessionName = "" }, sts.ErrNoSessionName},
		{"role too short", func(w *sts.WebIdentity) { w.RoleARN = long("arn:", sts.MinRoleARN-1) }, sts.ErrBadRoleARN},
		{"shortest role", func(w *sts.WebIdentity) { w.RoleARN = long("arn:", sts.MinRoleARN) }, nil},
		{"longest role", func(w *sts.WebIdentity) { w.RoleARN = long("arn:", sts.MaxRoleARN) }, nil},
		{"role too long", func(w *sts.WebIdentity) { w.RoleARN = long("arn:", sts.MaxRoleARN+1) }, sts.ErrBadRoleARN},
		{"role that is a name", func(w *sts.WebIdentity) { w.RoleARN = long("uploader", 30) }, sts.ErrBadRoleARN},
		{"role with a line end", func(w *sts.WebIdentity) { w.RoleARN += "\n" }, sts.ErrBadRoleARN},
		{"session name too short", func(w *sts.WebIdentity) { w.RoleSessionName = "a" }, sts.ErrBadSessionName},
		{"shortest session name", func(w *sts.WebIdentity) { w.RoleSessionName = "ab" }, nil},
		{"longest session name", func(w *sts.WebIdentity) { w.RoleSessionName = long("", 64) }, nil},
		{"session name too long", func(w *sts.WebIdentity) { w.RoleSessionName = long("", 65) }, sts.ErrBadSessionName},
		{"all letters of a session name", func(w *sts.WebIdentity) { w.RoleSessionName = "aZ09_+=,.@-" }, nil},
		{"a letter that is none of them", func(w *sts.WebIdentity) { w.RoleSessionName = "auth0|alice" }, sts.ErrBadSessionName},
		{"no token", func(w *sts.WebIdentity) { w.Token = "" }, sts.ErrNoToken},
		{"token too short", func(w *sts.WebIdentity) { w.Token = "abc" }, sts.ErrBadToken},
		{"shortest token", func(w *sts.WebIdentity) { w.Token = "abcd" }, nil},
		{"longest token", func(w *sts.WebIdentity) { w.Token = long("", sts.MaxToken) }, nil},
		{"token too long", func(w *sts.WebIdentity) { w.Token = long("", sts.MaxToken+1) }, sts.ErrBadToken},
		{"token with a line end", func(w *sts.WebIdentity) { w.Token += "\n" }, sts.ErrBadToken},
		{"duration left out", func(w *sts.WebIdentity) { w.DurationSeconds = 0 }, nil},
		{"negative duration", func(w *sts.WebIdentity) { w.DurationSeconds = -900 }, sts.ErrBadDuration},
		{"duration too short for AWS", func(w *sts.WebIdentity) { w.DurationSeconds = 899 }, sts.ErrBadDuration},
		{"longest duration of AWS", func(w *sts.WebIdentity) { w.DurationSeconds = 43_200 }, nil},
		{"duration too long for AWS", func(w *sts.WebIdentity) { w.DurationSeconds = 43_201 }, sts.ErrBadDuration},
		{"shortest duration elsewhere", func(w *sts.WebIdentity) { w.Endpoint, w.DurationSeconds = "https://minio.example", 15 }, nil},
		{"duration too short elsewhere", func(w *sts.WebIdentity) { w.Endpoint, w.DurationSeconds = "https://minio.example", 14 }, sts.ErrBadDuration},
		{"longest duration elsewhere", func(w *sts.WebIdentity) { w.Endpoint, w.DurationSeconds = "https://minio.example", 31_536_000 }, nil},
		{"duration too long elsewhere", func(w *sts.WebIdentity) { w.Endpoint, w.DurationSeconds = "https://minio.example", 31_536_001 }, sts.ErrBadDuration},
		{"longest policy", func(w *sts.WebIdentity) { w.Policy = strings.Repeat("ÿ", sts.MaxPolicy) }, nil},
		{"policy too long", func(w *sts.WebIdentity) { w.Policy = strings.Repeat("a", sts.MaxPolicy+1) }, sts.ErrBadPolicy},
		{"policy with line ends and tabs", func(w *sts.WebIdentity) { w.Policy = "{\r\n\t}" }, nil},
		{"policy with another control", func(w *sts.WebIdentity) { w.Policy = "{\x00}" }, sts.ErrBadPolicy},
		{"policy beyond Latin-1", func(w *sts.WebIdentity) { w.Policy = "{\"π\"}" }, sts.ErrBadPolicy},
		{"policy that is not UTF-8", func(w *sts.WebIdentity) { w.Policy = "{\xff}" }, sts.ErrBadPolicy},
	} {
		w := webIdentity()
		c.edit(&w)
		r, err := w.Request()
		if !errors.Is(err, c.want) {
			t.Errorf("%s: Request() = %v, want %v", c.name, err, c.want)
		}
		if (err == nil) != (len(r.Body) > 0) {
			t.Errorf("%s: %d bytes of body with error %v", c.name, len(r.Body), err)
		}
		if err != nil && w.Token != "" && strings.Contains(err.Error(), w.Token) {
			t.Errorf("%s: the error quotes the token", c.name)
		}
	}
}

func TestRequest_endpoints(t *testing.T) {
	for _, c := range []struct {
		in, url string
		want    error
	}{
		{"https://sts.amazonaws.com", "https://sts.amazonaws.com/", nil},
		{"https://sts.amazonaws.com/", "https://sts.amazonaws.com/", nil},
		{"https://STS.example.com:8443/a/b%20c", "https://STS.example.com:8443/a/b%20c", nil},
		{"http://localhost:9000", "http://localhost:9000/", nil},
		{"http://LOCALHOST", "http://LOCALHOST/", nil},
		{"http://s3.localhost:1", "http://s3.localhost:1/", nil},
		{"http://127.0.0.1:65535", "http://127.0.0.1:65535/", nil},
		{"http://127.255.255.255", "http://127.255.255.255/", nil},
		{"http://[::1]:9000/", "http://[::1]:9000/", nil},
		{"https://[2001:db8::1]", "https://[2001:db8::1]/", nil},
		{"https://minio_1", "https://minio_1/", nil},
		{"http://sts.amazonaws.com", "", exchange.ErrInsecureEndpoint},
		{"http://127.0.0.1.example.com", "", exchange.ErrInsecureEndpoint},
		{"http://127.0.0.256", "", exchange.ErrInsecureEndpoint},
		{"http://127.0.0.01", "", exchange.ErrInsecureEndpoint},
		{"http://127.1", "", exchange.ErrInsecureEndpoint},
		{"http://notlocalhost", "", exchange.ErrInsecureEndpoint},
		{"http://localhost.example.com", "", exchange.ErrInsecureEndpoint},
		{"http://[::2]", "", exchange.ErrInsecureEndpoint},
		{"http://10.0.0.1", "", exchange.ErrInsecureEndpoint},
		{"http://localhost@example.com", "", exchange.ErrBadEndpoint},
		{"https://user:pass@example.com", "", exchange.ErrBadEndpoint},
		{"http://example.com#localhost", "", exchange.ErrBadEndpoint},
		{"http://example.com\\@localhost", "", exchange.ErrBadEndpoint},
		{"https://example.com?x=y", "", exchange.ErrBadEndpoint},
		{"https://example.com/?x=y", "", exchange.ErrBadEndpoint},
		{"https://example.com/#x", "", exchange.ErrBadEndpoint},
		{"https://example.com:0", "", exchange.ErrBadEndpoint},
		{"https://example.com:65536", "", exchange.ErrBadEndpoint},
		{"https://example.com:", "", exchange.ErrBadEndpoint},
		{"https://example.com:x", "", exchange.ErrBadEndpoint},
		{"https://[::1", "", exchange.ErrBadEndpoint},
		{"https://[]", "", exchange.ErrBadEndpoint},
		{"https://]", "", exchange.ErrBadEndpoint},
		{"https://[::1]x", "", exchange.ErrBadEndpoint},
		{"https://exa mple.com", "", exchange.ErrBadEndpoint},
		{"https://example..com", "", exchange.ErrBadEndpoint},
		{"https://.example.com", "", exchange.ErrBadEndpoint},
		{"https://", "", exchange.ErrBadEndpoint},
		{"https:///path", "", exchange.ErrBadEndpoint},
		{"https://exämple.com", "", exchange.ErrBadEndpoint},
		{"example.com", "", exchange.ErrBadEndpoint},
		{"ftp://example.com", "", exchange.ErrBadEndpoint},
		{"HTTPS://example.com", "", exchange.ErrBadEndpoint},
		{"https://example.com/\r\nx-evil: 1", "", exchange.ErrBadEndpoint},
		{"https://example.com/" + strings.Repeat("a", 1024), "", exchange.ErrBadEndpoint},
	} {
		w := sts.WebIdentity{Endpoint: c.in, RoleARN: webIdentity().RoleARN, RoleSessionName: "alice", Token: "a.b.c"}
		r, err := w.Request()
		if r.URL != c.url || !errors.Is(err, c.want) {
			t.Errorf("%s: Request() = %q, %v, want %q, %v", c.in, r.URL, err, c.url, c.want)
		}
		if err != nil {
			continue
		}
		if u, err := url.Parse(r.URL); err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%s: net/url reads %q as %+v, %v", c.in, r.URL, u, err)
		}
	}
}

// Every partition's endpoint wants what AWS requires.
func TestRequest_knowsAWS(t *testing.T) {
	for _, host := range []string{
		"sts.amazonaws.com", "sts.eu-west-1.amazonaws.com", "STS.EU-WEST-1.AMAZONAWS.COM", "sts-fips.us-east-1.amazonaws.com",
		"sts.cn-north-1.amazonaws.com.cn", "sts.eusc-de-east-1.amazonaws.eu", "sts.us-east-1.api.aws",
		"vpce-1-2.sts.eu-west-1.vpce.amazonaws.com:443",
	} {
		w := sts.WebIdentity{Endpoint: "https://" + host, Token: "a.b.c"}
		if _, err := w.Request(); err != sts.ErrNoRoleARN {
			t.Errorf("%s: Request() without a role = %v, want %v", host, err, sts.ErrNoRoleARN)
		}
	}
	w := sts.WebIdentity{Endpoint: "https://notamazonaws.com", Token: "a.b.c"}
	if _, err := w.Request(); err != nil {
		t.Errorf("notamazonaws.com: Request() without a role = %v", err)
	}
}

// The form means to net/url, which decodes as the services do, what it was made
// of; and to one that does not decode "+", as Ceph, the same.
func TestRequest_formEqualsNetURL(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 1))
	pick := func(letters string, n int) string {
		s := make([]byte, n)
		for i := range s {
			s[i] = letters[random.IntN(len(letters))]
		}
		return string(s)
	}
	ascii := ""
	for c := byte('!'); c <= '~'; c++ {
		ascii += string(c)
	}
	for range 20_000 {
		w := sts.WebIdentity{
			Endpoint:        "https://minio.example",
			RoleARN:         "arn:" + pick(ascii, 16+random.IntN(40)),
			RoleSessionName: pick("abcXYZ019_+=,.@-", 2+random.IntN(63)),
			Token:           pick(ascii, 4+random.IntN(60)),
			DurationSeconds: 15 + random.IntN(86_400),
			Policy:          "{" + pick(ascii+" \t\r\n", random.IntN(60)) + "}",
		}
		r, err := w.Request()
		if err != nil {
			t.Fatalf("%q: %v", w.RoleSessionName, err)
		}
		got, err := url.ParseQuery(string(r.Body))
		want := url.Values{
			"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {w.RoleARN},
			"RoleSessionName": {w.RoleSessionName}, "WebIdentityToken": {w.Token},
			"DurationSeconds": {fmt.Sprint(w.DurationSeconds)}, "Policy": {w.Policy},
		}
		if err != nil || got.Encode() != want.Encode() || strings.Contains(string(r.Body), "+") {
			t.Fatalf("body = %s\nis %v, %v", r.Body, got, err)
		}
	}
}

func TestSessionName(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"as it is", "alice@example.com", "alice@example.com"},
		{"Auth0's subjects", "auth0|507f1f77bcf86cd799439011", "auth0-507f1f77bcf86cd799439011"},
		{"Kubernetes's", "system:serviceaccount:ns:name", "system-serviceaccount-ns-name"},
		{"plus, which Ceph refuses", "a+b", "a-b"},
		{"letters beyond ASCII", "Zoë", "Zo-"},
		{"too short", "a", "user-a"},
		{"nothing", "", "user-"},
		{"too long", strings.Repeat("ab", 64), strings.Repeat("ab", 32)},
		{"not UTF-8", "a\xffb", "a-b"},
	} {
		got := sts.SessionName(c.in)
		if got != c.want {
			t.Errorf("%s: SessionName(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
		w := webIdentity()
		w.RoleSessionName = got
		if _, err := w.Request(); err != nil {
			t.Errorf("%s: Request refuses %q: %v", c.name, got, err)
		}
	}
}

func TestRequest_printsNoToken(t *testing.T) {
	w := webIdentity()
	r, err := w.Request()
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{w, &w, r, &r, []sts.WebIdentity{w}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, w.Token) || strings.Contains(text, "eyJ") {
				t.Errorf("%s of %T shows %s", verb, value, text)
			}
		}
	}
}
