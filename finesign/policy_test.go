package finesign

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"testing"
)

const (
	amzDate = "20261125T120000Z"
	expires = "2026-11-25T12:05:00.000Z"
	scopeV4 = "20261125/eu-west-1/s3/aws4_request"
	sizes   = `["content-length-range","1","10000000"]`
	keyText = "users/alice/holiday/naïve \"file\".png"
)

// A change replaces the condition on a name by other text, or removes it; "+"
// adds text behind the last condition.
type change map[string]string

// conditions are what Fine Uploader puts into a policy, in its order.
func conditions(c change, list ...[2]string) string {
	var out []string
	for _, one := range list {
		text := one[1]
		if other, ok := c[one[0]]; ok {
			text = other
		}
		if text != "" {
			out = append(out, text)
		}
	}
	if more := c["+"]; more != "" {
		out = append(out, more)
	}
	at := expires
	if other, ok := c["expiration"]; ok {
		at = other
	}
	return fmt.Sprintf(`{"expiration":%q,"conditions":[%s]}`, at, strings.Join(out, ","))
}

func policyV4(c change) string {
	return conditions(c,
		[2]string{"acl", `{"acl":"private"}`},
		[2]string{"bucket", `{"bucket":"photos"}`},
		[2]string{"Content-Type", `{"Content-Type":"image/png"}`},
		[2]string{"status", `{"success_action_status":"200"}`},
		[2]string{"algorithm", `{"x-amz-algorithm":"AWS4-HMAC-SHA256"}`},
		[2]string{"key", `{"key":` + quoted(keyText) + `}`},
		[2]string{"credential", `{"x-amz-credential":"` + keyID + "/" + scopeV4 + `"}`},
		[2]string{"date", `{"x-amz-date":"` + amzDate + `"}`},
		[2]string{"name", `{"x-amz-meta-qqfilename":"na%C3%AFve%20%22file%22.png"}`},
		[2]string{"range", sizes})
}

func policyV2(c change) string {
	return conditions(c,
		[2]string{"acl", `{"acl":"private"}`},
		[2]string{"bucket", `{"bucket":"photos"}`},
		[2]string{"Content-Type", `{"Content-Type":"image/png"}`},
		[2]string{"status", `{"success_action_status":"200"}`},
		[2]string{"key", `{"key":` + quoted(keyText) + `}`},
		[2]string{"name", `{"x-amz-meta-qqfilename":"na%C3%AFve%20%22file%22.png"}`},
		[2]string{"range", sizes})
}

// hmac256 and the two below are signatures by the standard library alone.
func hmac256(key, text []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(text)
	return m.Sum(nil)
}

func signedV4(text string) string {
	key := []byte("AWS4" + secret)
	for element := range strings.SplitSeq(scopeV4, "/") {
		key = hmac256(key, []byte(element))
	}
	return hex.EncodeToString(hmac256(key, []byte(text)))
}

func signedV2(text string) string {
	m := hmac.New(sha1.New, []byte(secret))
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func TestPolicy_thatIsAllowed_isSignedWithItsFieldsAndNoOthers(t *testing.T) {
	want := map[string]string{
		"acl": "private", "bucket": "photos", "Content-Type": "image/png", "success_action_status": "200",
		"key": keyText, "x-amz-meta-qqfilename": "na%C3%AFve%20%22file%22.png",
	}
	for v, body := range map[version]string{sign4: policyV4(nil), sign2: policyV2(nil)} {
		want := maps.Clone(want)
		sign := signedV2
		if v == sign4 {
			sign = signedV4
			want["x-amz-algorithm"] = "AWS4-HMAC-SHA256"
			want["x-amz-credential"] = keyID + "/" + scopeV4
			want["x-amz-date"] = amzDate
		}
		answer := newSigner(t, alice(), nil).signs(t, v, body)
		policy, _ := answer["policy"].(string)
		at, fields, least, most := decoded(t, policy)
		if at != expires || !maps.Equal(fields, want) || least != 1 || most != 1e7 {
			t.Errorf("version %d: until %s, %v, %v to %v bytes; want until %s, %v", v, at, fields, least, most, expires, want)
		}
		if got, want := answer["signature"], sign(policy); got != want {
			t.Errorf("version %d: the signature is %v, want %v", v, got, want)
		}
	}
}

func TestPolicy_whatFineUploaderHasOptionsFor_isSigned(t *testing.T) {
	for name, c := range map[string]change{
		"numbers for sizes":      {"range": `["content-length-range",1,10000000]`},
		"a smaller range":        {"range": `["content-length-range","5","6"]`},
		"one size":               {"range": `["content-length-range","10000000","10000000"]`},
		"no type":                {"Content-Type": ""},
		"no acl":                 {"acl": ""},
		"reduced redundancy":     {"+": `{"x-amz-storage-class":"REDUCED_REDUNDANCY"}`},
		"server-side encryption": {"+": `{"x-amz-server-side-encryption":"AES256"}`},
		"Cache-Control":          {"+": `{"Cache-Control":"max-age=3600"}`},
		"the last moment":        {"expiration": "2026-11-25T12:30:00.000Z"},
		"the first moment":       {"expiration": "2026-11-25T12:00:00.001Z"},
		"a double slash":         {"key": `{"key":"users/alice//a"}`},
		"dots within a name":     {"key": `{"key":"users/alice/..a..b.."}`},
	} {
		s := newSigner(t, alice(), nil)
		s.signs(t, sign4, policyV4(c))
		s.signs(t, sign2, policyV2(c))
		if t.Failed() {
			t.Fatal(name)
		}
	}
	s := newSigner(t, alice(), nil)
	s.signs(t, sign4, policyV4(change{"date": `{"x-amz-date":"20261125T114500Z"}`}))
	s.signs(t, sign4, policyV4(change{"date": `{"x-amz-date":"20261125T121500Z"}`, "expiration": "2026-11-25T12:20:00.000Z"}))
}

// forgedPolicies is what a page, or somebody with its session, may try.
func forgedPolicies() map[string]struct {
	change change
	why    string
} {
	return map[string]struct {
		change change
		why    string
	}{
		"a foreign bucket":              {change{"bucket": `{"bucket":"secrets"}`}, "bucket"},
		"no bucket":                     {change{"bucket": ""}, "bucket"},
		"two buckets":                   {change{"+": `{"bucket":"photos"}`}, "second one"},
		"a second bucket in capitals":   {change{"+": `{"Bucket":"secrets"}`}, "not the name"},
		"a bucket in capitals":          {change{"bucket": `{"Bucket":"photos"}`}, "not the name"},
		"a second content type":         {change{"+": `{"content-type":"text/html"}`}, "second one"},
		"a bucket by starts-with":       {change{"bucket": `["starts-with","$bucket",""]`}, "only array"},
		"another user's key":            {change{"key": `{"key":"users/bob/a"}`}, "outside"},
		"a name that begins like alice": {change{"key": `{"key":"users/alice2/a"}`}, "outside"},
		"the prefix itself":             {change{"key": `{"key":"users/alice/"}`}, "outside"},
		"an absolute key":               {change{"key": `{"key":"/users/alice/a"}`}, "outside"},
		"a way up":                      {change{"key": `{"key":"users/alice/../bob/a"}`}, "dots"},
		"a way up at the end":           {change{"key": `{"key":"users/alice/.."}`}, "dots"},
		"a way to nowhere":              {change{"key": `{"key":"users/alice/./a"}`}, "dots"},
		"no key":                        {change{"key": ""}, "no key"},
		"an empty key":                  {change{"key": `{"key":""}`}, "no key"},
		"a key with a line break":       {change{"key": `{"key":"users/alice/a\nb"}`}, "control"},
		"a key that is too long":        {change{"key": `{"key":"users/alice/` + strings.Repeat("x", 1013) + `"}`}, "no key"},
		"a key with a variable":         {change{"key": `{"key":"users/alice/${filename}"}`}, "variable"},
		"any key":                       {change{"key": `["starts-with","$key",""]`}, "only array"},
		"any key below":                 {change{"key": `["starts-with","$key","users/alice/"]`}, "only array"},
		"a key by eq":                   {change{"key": `["eq","$key","users/alice/a"]`}, "only array"},
		"two keys":                      {change{"+": `{"key":"users/bob/a"}`}, "second one"},
		"two keys in one":               {change{"key": `{"key":"users/alice/a","acl":"private"}`}, "more than one"},
		"one key twice in one":          {change{"key": `{"key":"users/alice/a","key":"users/bob/a"}`}, "twice"},
		"no range":                      {change{"range": ""}, "no content-length-range"},
		"a range up to anything":        {change{"range": `["content-length-range","0","9007199254740992"]`}, "content-length-range"},
		"a byte too many":               {change{"range": `["content-length-range","1","10000001"]`}, "content-length-range"},
		"a byte too few":                {change{"range": `["content-length-range","0","10000000"]`}, "content-length-range"},
		"a range the wrong way round":   {change{"range": `["content-length-range","9","8"]`}, "content-length-range"},
		"a range of negative size":      {change{"range": `["content-length-range","-1","8"]`}, "no number of bytes"},
		"a range with a fraction":       {change{"range": `["content-length-range",1,8.5]`}, "no number of bytes"},
		"a range with an exponent":      {change{"range": `["content-length-range",1,1e7]`}, "no number of bytes"},
		"a range with half a quote":     {change{"range": `["content-length-range",1,"7\""]`}, "no number of bytes"},
		"a range that overflows":        {change{"range": `["content-length-range","1","18446744073709551617"]`}, "no number of bytes"},
		"two ranges":                    {change{"+": `["content-length-range","0","99999999999"]`}, "second content-length-range"},
		"a range of one":                {change{"range": `["content-length-range","1"]`}, "only array"},
		"expired":                       {change{"expiration": "2026-11-25T11:59:59.999Z"}, "expires"},
		"expiring now":                  {change{"expiration": "2026-11-25T12:00:00.000Z"}, "expires"},
		"for longer":                    {change{"expiration": "2026-11-25T12:30:00.001Z"}, "expires"},
		"for ever":                      {change{"expiration": "9999-12-31T23:59:59.000Z"}, "expires"},
		"an expiration that is no time": {change{"expiration": "tomorrow"}, "no time"},
		"public":                        {change{"acl": `{"acl":"public-read"}`}, "x-amz-acl"},
		"any acl":                       {change{"acl": `["starts-with","$acl",""]`}, "only array"},
		"an acl by another name":        {change{"acl": "", "+": `{"x-amz-acl":"public-read"}`}, "x-amz-acl"},
		"an extra condition":            {change{"+": `{"x-amz-website-redirect-location":"https://evil.example"}`}, "not allowed"},
		"a grant":                       {change{"+": `{"x-amz-grant-full-control":"id=1"}`}, "not allowed"},
		"a tag":                         {change{"+": `{"tagging":"<Tagging/>"}`}, "not allowed"},
		"a redirect":                    {change{"+": `{"success_action_redirect":"https://evil.example"}`}, "not allowed"},
		"a status of a redirect":        {change{"status": `{"success_action_status":"303"}`}, "success_action_status"},
		"a session token":               {change{"+": `{"x-amz-security-token":"x"}`}, "not allowed"},
		"a key of KMS":                  {change{"+": `{"x-amz-server-side-encryption-aws-kms-key-id":"x"}`}, "not allowed"},
		"another encryption":            {change{"+": `{"x-amz-server-side-encryption":"aws:kms"}`}, "not allowed"},
		"a range with zeros in front":   {change{"range": `["content-length-range","007","8"]`}, "no number of bytes"},
		"another storage class":         {change{"+": `{"x-amz-storage-class":"GLACIER"}`}, "not allowed"},
		"a name that is none":           {change{"+": `{"x amz":"x"}`}, "not the name"},
		"a value that is a number":      {change{"+": `{"x-amz-meta-n":1}`}, "not a string"},
		"a condition of null":           {change{"+": `null`}, "not a JSON object"},
		"a condition of text":           {change{"+": `"x"`}, "not a JSON object"},
		"too many":                      {change{"+": strings.Repeat(`{"x-amz-meta-a":"b"},`, maxConditions) + `{"x-amz-meta-c":"d"}`}, "conditions"},
	}
}

func TestPolicy_forged_isRefused(t *testing.T) {
	for name, f := range forgedPolicies() {
		s := newSigner(t, alice(), nil)
		s.refuses(t, sign4, policyV4(f.change), f.why)
		s.refuses(t, sign2, policyV2(f.change), f.why)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for name, body := range map[string]string{
		"no conditions":        `{"expiration":"` + expires + `"}`,
		"empty conditions":     `{"expiration":"` + expires + `","conditions":[]}`,
		"conditions of null":   `{"expiration":"` + expires + `","conditions":null}`,
		"no expiration":        strings.Replace(policyV4(nil), `"expiration":"`+expires+`",`, "", 1),
		"two expirations":      strings.Replace(policyV4(nil), `{"exp`, `{"expiration":"`+expires+`","exp`, 1),
		"a member of its own":  strings.Replace(policyV4(nil), `{"exp`, `{"id":"x","exp`, 1),
		"capitals":             strings.Replace(policyV4(nil), `"conditions"`, `"Conditions"`, 1),
		"something behind":     policyV4(nil) + "x",
		"a null byte":          policyV4(nil) + "\x00",
		"not UTF-8 in a value": strings.Replace(policyV4(nil), "image/png", "image/\xff", 1) + "x",
	} {
		newSigner(t, alice(), nil).refuses(t, sign4, body, "")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// The page's form carries these three as the page has them: what is signed must
// be the same, or be refused.
func TestPolicy_signedForAnother_isRefused(t *testing.T) {
	for name, f := range map[string]change{
		"another algorithm":    {"algorithm": `{"x-amz-algorithm":"AWS4-ECDSA-P256-SHA256"}`},
		"no algorithm":         {"algorithm": ""},
		"another access key":   {"credential": `{"x-amz-credential":"AKIDOTHER/` + scopeV4 + `"}`},
		"another day":          {"credential": `{"x-amz-credential":"` + keyID + `/20261124/eu-west-1/s3/aws4_request"}`},
		"another region":       {"credential": `{"x-amz-credential":"` + keyID + `/20261125/us-east-1/s3/aws4_request"}`},
		"another service":      {"credential": `{"x-amz-credential":"` + keyID + `/20261125/eu-west-1/iam/aws4_request"}`},
		"no credential":        {"credential": ""},
		"a date an hour ago":   {"date": `{"x-amz-date":"20261125T110000Z"}`},
		"a date a second late": {"date": `{"x-amz-date":"20261125T121501Z"}`},
		"a date a second old":  {"date": `{"x-amz-date":"20261125T114459Z"}`},
		"a date of tomorrow":   {"date": `{"x-amz-date":"20261126T120000Z"}`},
		"no date":              {"date": ""},
	} {
		newSigner(t, alice(), nil).refuses(t, sign4, policyV4(f), "policy: ")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestPolicy_scopeThatAllowsMore(t *testing.T) {
	wide := Scope{
		Bucket: "photos", AnyKey: true, MaxSize: MaxFormBytes, ACLs: []string{"public-read"},
		Metadata: []string{"qqfilename"}, Headers: []string{"x-amz-storage-class"},
	}
	s := newSigner(t, wide, nil)
	public := change{"acl": `{"acl":"public-read"}`, "key": `{"key":"6e1.png"}`}
	s.signs(t, sign4, policyV4(public))
	public["+"] = `{"x-amz-storage-class":"GLACIER"}`
	s.signs(t, sign4, policyV4(public))
	public["+"] = `{"x-amz-meta-other":"x"}`
	s.refuses(t, sign4, policyV4(public), "metadata")
	s.refuses(t, sign4, policyV4(change{"acl": `{"acl":"private"}`}), "x-amz-acl")
	// A form without an acl makes a private object.
	s.refuses(t, sign4, policyV4(change{"acl": ""}), "private")
	// Headers cannot open what ACLs close.
	wide.Headers = []string{"x-amz-acl"}
	newSigner(t, wide, nil).refuses(t, sign4, policyV4(change{"acl": `{"acl":"public-read-write"}`}), "x-amz-acl")
	// What creates an upload in parts without an acl makes a private object too.
	s.refuses(t, sign4, wrapped(requestV4("POST", "uploads=").text()), "private")
	s.signs(t, sign4, wrapped(requestV4("POST", "uploads=", "x-amz-acl:public-read").text()))
}

func TestScope_withoutParts(t *testing.T) {
	scope := alice()
	scope.NoParts = true
	s := newSigner(t, scope, nil)
	s.signs(t, sign4, policyV4(nil))
	for _, r := range []v4{createV4, partV4, completeV4, abortV4} {
		s.refuses(t, sign4, wrapped(r.text()), "in parts")
	}
}
