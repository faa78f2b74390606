package finesign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

const (
	host     = "photos.s3.eu-west-1.amazonaws.com"
	path     = "/users/alice/holiday/na%C3%AFve%20%22file%22.png"
	empty    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	uploadID = "VXBsb2FkIElE.x-y_z~"
	dateV2   = "Wed, 25 Nov 2026 12:00:00 GMT"
)

// v4 is what Fine Uploader's text of a request is made of.
type v4 struct {
	algorithm, date, scope, method, path, query string
	headers                                     []string
	payload                                     string
}

func requestV4(method, query string, headers ...string) v4 {
	all := append([]string{"host:" + host}, headers...)
	all = append(all, "x-amz-content-sha256:"+empty, "x-amz-date:"+amzDate)
	return v4{"AWS4-HMAC-SHA256", amzDate, scopeV4, method, path, query, sorted(all), empty}
}

// sorted puts x-amz-meta- and the like behind the date, where they belong.
func sorted(headers []string) []string {
	for i := range headers {
		for j := i; j > 0 && name(headers[j]) < name(headers[j-1]); j-- {
			headers[j], headers[j-1] = headers[j-1], headers[j]
		}
	}
	return headers
}

func name(line string) string {
	n, _, _ := strings.Cut(line, ":")
	return n
}

func (r v4) canonical() string {
	var names []string
	for _, line := range r.headers {
		names = append(names, name(line))
	}
	return strings.Join([]string{r.method, r.path, r.query, strings.Join(r.headers, "\n") + "\n", strings.Join(names, ";"), r.payload}, "\n")
}

func (r v4) text() string {
	return strings.Join([]string{r.algorithm, r.date, r.scope, r.canonical()}, "\n")
}

// signature is that of r, by the standard library alone.
func (r v4) signature() string {
	sum := sha256.Sum256([]byte(r.canonical()))
	return signedV4(strings.Join([]string{r.algorithm, r.date, r.scope, hex.EncodeToString(sum[:])}, "\n"))
}

var (
	createV4   = requestV4("POST", "uploads=", "x-amz-acl:private", "x-amz-meta-qqfilename:na%C3%AFve%20%22file%22.png")
	partV4     = requestV4("PUT", "partNumber=10000&uploadId="+uploadID)
	completeV4 = requestV4("POST", "uploadId="+uploadID)
	abortV4    = requestV4("DELETE", "uploadId="+uploadID)
)

const (
	createV2 = "POST\n\nimage/png\n\nx-amz-acl:private\nx-amz-date:" + dateV2 +
		"\nx-amz-meta-qqfilename:na%C3%AFve%20%22file%22.png\n/photos" + path + "?uploads"
	partV2     = "PUT\n\n\n\nx-amz-date:" + dateV2 + "\n/photos" + path + "?partNumber=1&uploadId=" + uploadID
	completeV2 = "POST\n\napplication/xml; charset=UTF-8\n\nx-amz-date:" + dateV2 + "\n/photos" + path + "?uploadId=" + uploadID
	abortV2    = "DELETE\n\n\n\nx-amz-date:" + dateV2 + "\n/photos" + path + "?uploadId=" + uploadID
)

func TestRequest_ofAnUploadInParts_isSigned(t *testing.T) {
	s := newSigner(t, alice(), nil)
	for _, r := range []v4{
		createV4, partV4, completeV4, abortV4,
		requestV4("POST", "uploads=", "x-amz-acl:private", "x-amz-storage-class:REDUCED_REDUNDANCY", "x-amz-server-side-encryption:AES256"),
		requestV4("POST", "uploads="), // private is the store's own choice
		requestV4("PUT", "partNumber=1&uploadId=a%2Bb%2Fc%3D"),
	} {
		if got := s.signs(t, sign4, wrapped(r.text()))["signature"]; got != r.signature() {
			t.Errorf("the signature is %v, want %v, of\n%s", got, r.signature(), r.text())
		}
	}
	for _, text := range []string{
		createV2, partV2, completeV2, abortV2,
		strings.Replace(createV2, "\n\nimage", "\nrL0Y20zC+Fzt72VPzMSk2A==\nimage", 1),
	} {
		if got := s.signs(t, sign2, wrapped(text))["signature"]; got != signedV2(text) {
			t.Errorf("the signature is %v, want %v, of\n%s", got, signedV2(text), text)
		}
	}
}

// forgedV4 is what somebody may try to have signed in Version 4.
func forgedV4() map[string]struct {
	change func(*v4)
	why    string
} {
	return map[string]struct {
		change func(*v4)
		why    string
	}{
		"GET":                     {func(r *v4) { r.method, r.query = "GET", "" }, "query"},
		"HEAD":                    {func(r *v4) { r.method, r.query = "HEAD", "" }, "query"},
		"PUT of an object":        {func(r *v4) { r.method, r.query = "PUT", "" }, "query"},
		"DELETE of an object":     {func(r *v4) { r.method, r.query = "DELETE", "" }, "query"},
		"DELETE of a version":     {func(r *v4) { r.method, r.query = "DELETE", "versionId=1" }, "query"},
		"ListParts":               {func(r *v4) { r.method, r.query = "GET", "uploadId=x" }, "no request"},
		"ListMultipartUploads":    {func(r *v4) { r.method, r.path, r.query = "GET", "/", "uploads=" }, "no key"},
		"ListBucket":              {func(r *v4) { r.method, r.path, r.query = "GET", "/", "list-type=2&prefix=" }, "query"},
		"DeleteBucket":            {func(r *v4) { r.method, r.path, r.query = "DELETE", "/", "" }, "query"},
		"DELETE with uploads":     {func(r *v4) { r.method = "DELETE" }, "no request"},
		"PUT with uploads":        {func(r *v4) { r.method = "PUT" }, "no request"},
		"uploads with a value":    {func(r *v4) { r.query = "uploads=1" }, "no request"},
		"the acl of an object":    {func(r *v4) { r.method, r.query = "PUT", "acl=" }, "query"},
		"an acl beside":           {func(r *v4) { r.query = "acl=&uploads=" }, "query"},
		"a presigned URL":         {func(r *v4) { r.query = "X-Amz-Expires=604800&uploads=" }, "query"},
		"uploads twice":           {func(r *v4) { r.query = "uploads=&uploads=" }, "no request"},
		"uploads without a sign":  {func(r *v4) { r.query = "uploads" }, "canonical"},
		"part 0":                  {func(r *v4) { r.method, r.query = "PUT", "partNumber=0&uploadId=x" }, "no request"},
		"part 10001":              {func(r *v4) { r.method, r.query = "PUT", "partNumber=10001&uploadId=x" }, "no request"},
		"part 01":                 {func(r *v4) { r.method, r.query = "PUT", "partNumber=01&uploadId=x" }, "no request"},
		"part +1":                 {func(r *v4) { r.method, r.query = "PUT", "partNumber=%2B1&uploadId=x" }, "no request"},
		"POST of a part":          {func(r *v4) { r.query = "partNumber=1&uploadId=x" }, "no request"},
		"a part of no upload":     {func(r *v4) { r.method, r.query = "PUT", "partNumber=1" }, "no request"},
		"an empty upload ID":      {func(r *v4) { r.query = "uploadId=" }, "no request"},
		"an upload ID with an &":  {func(r *v4) { r.query = "uploadId=x%26acl" }, "no request"},
		"a long upload ID":        {func(r *v4) { r.query = "uploadId=" + strings.Repeat("x", maxUploadIDBytes+1) }, "no request"},
		"a query in the path":     {func(r *v4) { r.path += "?acl" }, "escaped"},
		"another user's key":      {func(r *v4) { r.path = "/users/bob/a" }, "outside"},
		"a way up":                {func(r *v4) { r.path = "/users/alice/../bob/a" }, "dots"},
		"a way up, escaped":       {func(r *v4) { r.path = "/users/alice/%2E%2E/bob/a" }, "escaped"},
		"a slash, escaped":        {func(r *v4) { r.path = "/users/alice%2Fa" }, "escaped"},
		"a slash of a way up":     {func(r *v4) { r.path = "/users/alice/..%2Fbob%2Fa" }, "escaped"},
		"escaped twice":           {func(r *v4) { r.path = "/users/alice/%252e" }, ""},
		"escapes in lower case":   {func(r *v4) { r.path = "/users/alice/%c3%af" }, "escaped"},
		"a broken escape":         {func(r *v4) { r.path = "/users/alice/%zz" }, "escaped"},
		"a space":                 {func(r *v4) { r.path = "/users/alice/a b" }, "escaped"},
		"an absolute key":         {func(r *v4) { r.path = "//users/alice/a" }, "outside"},
		"no slash":                {func(r *v4) { r.path = "users/alice/a" }, "path"},
		"an escaped line break":   {func(r *v4) { r.path = "/users/alice/a%0Ab" }, "no key"},
		"a key that is too long":  {func(r *v4) { r.path = "/users/alice/" + strings.Repeat("x", 1013) }, "no key"},
		"the bucket in the path":  {func(r *v4) { r.path = "/photos" + path }, "outside"},
		"another bucket's host":   {func(r *v4) { r.headers[0] = "host:secrets.s3.eu-west-1.amazonaws.com" }, "host"},
		"the host of no bucket":   {func(r *v4) { r.headers[0] = "host:s3.eu-west-1.amazonaws.com" }, "host"},
		"a host of another store": {func(r *v4) { r.headers[0] = "host:photos.s3.evil.example" }, "host"},
		"a host in capitals":      {func(r *v4) { r.headers[0] = "host:Photos.s3.eu-west-1.amazonaws.com" }, "host"},
		"an empty host":           {func(r *v4) { r.headers[0] = "host:" }, "host"},
		"no host":                 {func(r *v4) { r.headers = r.headers[1:] }, "canonical"},
		"two hosts":               {func(r *v4) { r.headers = append([]string{r.headers[0]}, r.headers...) }, "twice"},
		"no date":                 {func(r *v4) { drop(r, "x-amz-date") }, "date"},
		"no payload hash":         {func(r *v4) { drop(r, "x-amz-content-sha256") }, "payload hash"},
		"another payload hash":    {func(r *v4) { r.payload = strings.Repeat("0", 64) }, "payload hash"},
		"an unsigned payload":     {func(r *v4) { payload(r, "UNSIGNED-PAYLOAD") }, "SHA-256"},
		"a payload in chunks":     {func(r *v4) { payload(r, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") }, "SHA-256"},
		"a hash in capitals":      {func(r *v4) { payload(r, strings.ToUpper(empty)) }, "SHA-256"},
		"another date above":      {func(r *v4) { r.date = "20261125T120001Z" }, "date"},
		"an old date":             {func(r *v4) { redate(r, "20261125T114459Z") }, "off"},
		"a date to come":          {func(r *v4) { redate(r, "20261125T121501Z") }, "off"},
		"a date that is none":     {func(r *v4) { redate(r, "now") }, "no time"},
		"another day's scope":     {func(r *v4) { r.scope = "20261126/eu-west-1/s3/aws4_request" }, "scope"},
		"another region":          {func(r *v4) { r.scope = "20261125/us-east-1/s3/aws4_request" }, "scope"},
		"another service":         {func(r *v4) { r.scope = "20261125/eu-west-1/sts/aws4_request" }, "scope"},
		"another algorithm":       {func(r *v4) { r.algorithm = "AWS4-HMAC-SHA256-PAYLOAD" }, "algorithm"},
		"a session token":         {func(r *v4) { add(r, "x-amz-security-token:x") }, "not allowed"},
		"a copy":                  {func(r *v4) { add(r, "x-amz-copy-source:/secrets/a") }, "not allowed"},
		"public":                  {func(r *v4) { drop(r, "x-amz-acl"); add(r, "x-amz-acl:public-read") }, "x-amz-acl"},
		"a grant":                 {func(r *v4) { add(r, "x-amz-grant-read:uri=x") }, "not allowed"},
		"a lock":                  {func(r *v4) { add(r, "x-amz-object-lock-mode:COMPLIANCE") }, "not allowed"},
		"a redirect":              {func(r *v4) { add(r, "x-amz-website-redirect-location:/x") }, "not allowed"},
		"a tag":                   {func(r *v4) { add(r, "x-amz-tagging:a=b") }, "not allowed"},
		"a header of the host":    {func(r *v4) { add(r, "x-forwarded-host:secrets.s3.amazonaws.com") }, "not allowed"},
		"a header in capitals":    {func(r *v4) { add(r, "X-Amz-Acl:public-read") }, "no header"},
		"a line that is none":     {func(r *v4) { add(r, "x-amz-meta-a") }, "no header"},
		"a space before a value":  {func(r *v4) { add(r, "x-amz-meta-a: b") }, "canonical"},
		"a control character":     {func(r *v4) { add(r, "x-amz-meta-a:b\x01") }, "control"},
		"a carriage return":       {func(r *v4) { add(r, "x-amz-meta-a:b\r") }, "control"},
	}
}

func add(r *v4, line string) { r.headers = sorted(append(r.headers, line)) }
func payload(r *v4, hash string) {
	drop(r, "x-amz-content-sha256")
	add(r, "x-amz-content-sha256:"+hash)
	r.payload = hash
}
func redate(r *v4, date string) { drop(r, "x-amz-date"); add(r, "x-amz-date:"+date); r.date = date }

func drop(r *v4, header string) {
	var kept []string
	for _, line := range r.headers {
		if name(line) != header {
			kept = append(kept, line)
		}
	}
	r.headers = kept
}

func TestRequest_forgedV4_isRefused(t *testing.T) {
	for name, f := range forgedV4() {
		r := createV4
		r.headers = append([]string(nil), r.headers...)
		f.change(&r)
		if name == "escaped twice" {
			// A key may have a per cent sign: what it means is one escape less.
			newSigner(t, alice(), nil).signs(t, sign4, wrapped(r.text()))
			continue
		}
		newSigner(t, alice(), nil).refuses(t, sign4, wrapped(r.text()), f.why)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// What web/fine asks before it goes on with an upload; only where it is allowed.
func TestRequest_listParts(t *testing.T) {
	scope := alice()
	scope.ListParts = true
	s := newSigner(t, scope, nil)
	for _, query := range []string{"uploadId=" + uploadID, "max-parts=1000&uploadId=" + uploadID, "max-parts=1000&part-number-marker=0&uploadId=" + uploadID} {
		r := requestV4("GET", query)
		if got := s.signs(t, sign4, wrapped(r.text()))["signature"]; got != r.signature() {
			t.Errorf("the signature is %v, want %v, of\n%s", got, r.signature(), r.text())
		}
		newSigner(t, alice(), nil).refuses(t, sign4, wrapped(r.text()), "no request")
	}
	text := "GET\n\n\n\nx-amz-date:" + dateV2 + "\n/photos" + path + "?uploadId=" + uploadID
	if got := s.signs(t, sign2, wrapped(text))["signature"]; got != signedV2(text) {
		t.Errorf("the signature is %v, want %v", got, signedV2(text))
	}
	newSigner(t, alice(), nil).refuses(t, sign2, wrapped(text), "no request")
	for _, query := range []string{
		"uploads=", "max-parts=x&uploadId=a", "max-parts=-1&uploadId=a", "max-parts=10001&uploadId=a", "partNumber=1&uploadId=a",
		"max-parts=1&max-parts=2&part-number-marker=0&uploadId=a", "max-parts=1",
	} {
		s.refuses(t, sign4, wrapped(requestV4("GET", query).text()), "no request")
	}
	for _, r := range []v4{requestV4("POST", "max-parts=1&uploadId=a"), requestV4("DELETE", "max-parts=1&uploadId=a"), requestV4("PUT", "uploadId=a")} {
		s.refuses(t, sign4, wrapped(r.text()), "no request")
	}
	foreign := requestV4("GET", "uploadId="+uploadID)
	foreign.path = "/users/bob/a"
	s.refuses(t, sign4, wrapped(foreign.text()), "outside")
}

// Headers that describe an object belong to the request that creates it.
func TestRequest_headersOfAnObject_onAPart_areRefused(t *testing.T) {
	for _, r := range []v4{partV4, completeV4, abortV4} {
		for _, line := range []string{"x-amz-acl:private", "x-amz-meta-a:b", "x-amz-copy-source:/photos/users/bob/a", "x-amz-bypass-governance-retention:true"} {
			with := r
			with.headers = append([]string(nil), r.headers...)
			add(&with, line)
			newSigner(t, alice(), nil).refuses(t, sign4, wrapped(with.text()), "does not belong")
		}
	}
}

func TestRequest_brokenV4Text_isRefused(t *testing.T) {
	text := createV4.text()
	for name, broken := range map[string]string{
		"nothing":                   "",
		"a line":                    "AWS4-HMAC-SHA256",
		"the hash of the request":   "AWS4-HMAC-SHA256\n" + amzDate + "\n" + scopeV4 + "\n" + empty,
		"the last line twice":       text + "\n" + empty,
		"a line break at the end":   text + "\n",
		"a line break in front":     "\n" + text,
		"another order of names":    strings.Replace(text, "host;x-amz-acl", "x-amz-acl;host", 1),
		"a name that is not signed": strings.Replace(text, ";x-amz-acl", "", 1),
		"a name without a header":   strings.Replace(text, "host;", "content-md5;host;", 1),
		"a header behind the empty": strings.Replace(text, "\n\nhost;", "\n\nx-amz-meta-z:b\n\nhost;", 1),
		"too many lines":            strings.Replace(text, "\nhost:", "\n"+strings.Repeat("a:b\n", maxHeaders)+"host:", 1),
		"not UTF-8":                 strings.Replace(text, "private", "priv\xffte", 1),
	} {
		newSigner(t, alice(), nil).refuses(t, sign4, wrapped(broken), "")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestRequest_forgedV2_isRefused(t *testing.T) {
	for name, f := range map[string]struct{ from, old, new, why string }{
		"a foreign bucket":          {createV2, "/photos/", "/secrets/", "bucket"},
		"a bucket that begins like": {createV2, "/photos/", "/photos2/", "bucket"},
		"another user's key":        {createV2, "/alice/", "/bob/", "outside"},
		"a way up":                  {createV2, "/holiday/", "/../../bob/", "dots"},
		"a way up, escaped":         {createV2, "/holiday/", "/%2e%2e/", "escaped"},
		"a slash, escaped":          {createV2, "/alice/", "/alice%2F", "escaped"},
		"the bucket itself":         {createV2, "/photos" + path, "/photos/", "no key"},
		"GET":                       {createV2, "POST", "GET", "no request"},
		"DELETE":                    {createV2, "POST", "DELETE", "no request"},
		"PUT of an object":          {partV2, "?partNumber=1&uploadId=" + uploadID, "", "query"},
		"DELETE of an object":       {abortV2, "?uploadId=" + uploadID, "", "query"},
		"DELETE of a version":       {abortV2, "uploadId=" + uploadID, "versionId=1", "query"},
		"an acl beside":             {createV2, "?uploads", "?acl&uploads", "query"},
		"an acl in the upload ID":   {abortV2, uploadID, "x&acl", "query"},
		"a second query":            {abortV2, uploadID, "x?acl", "no request"},
		"an upload ID, escaped":     {abortV2, uploadID, "a%2Bb", "string to sign"},
		"a response override":       {abortV2, uploadID, uploadID + "&response-content-type=text/html", "query"},
		"parameters out of order":   {partV2, "partNumber=1&uploadId=" + uploadID, "uploadId=" + uploadID + "&partNumber=1", "string to sign"},
		"part 0":                    {partV2, "partNumber=1", "partNumber=0", "no request"},
		"a presigned URL":           {createV2, "image/png\n\n", "image/png\n1795608000\n", "date"},
		"a date of its own":         {createV2, "image/png\n\n", "image/png\n" + dateV2 + "\n", "date"},
		"no date":                   {partV2, "x-amz-date:" + dateV2 + "\n", "x-amz-meta-a:b\n", "x-amz-date"},
		"an old date":               {createV2, "12:00:00", "11:44:59", "off"},
		"a date to come":            {createV2, "12:00:00", "12:15:01", "off"},
		"public":                    {createV2, "acl:private", "acl:public-read", "x-amz-acl"},
		"two acls":                  {createV2, "x-amz-acl:private\n", "x-amz-acl:private\nx-amz-acl:public-read\n", "twice"},
		"two acls in one":           {createV2, "acl:private", "acl:private,public-read", "x-amz-acl"},
		"a copy":                    {createV2, "x-amz-date", "x-amz-copy-source:/secrets/a\nx-amz-date", "not allowed"},
		"a copy of a part":          {partV2, "x-amz-date", "x-amz-copy-source:/secrets/a\nx-amz-date", "does not belong"},
		"a session token":           {partV2, "\n/photos", "\nx-amz-security-token:x\n/photos", "does not belong"},
		"headers out of order":      {createV2, "x-amz-acl:private\nx-amz-date:" + dateV2, "x-amz-date:" + dateV2 + "\nx-amz-acl:private", "string to sign"},
		"the type as a header":      {createV2, "image/png\n\n", "\n\ncontent-type:image/png\n", "belongs"},
		"a header of no kind":       {createV2, "x-amz-acl:", "range:bytes=0-1\nx-amz-acl:", "string to sign"},
		"a line break at the end":   {createV2, "?uploads", "?uploads\n", ""},
		"no slash":                  {createV2, "\n/photos", "\nphotos", "bucket"},
		"a control character":       {createV2, "image/png", "image/png\x00", "control"},
	} {
		text := strings.Replace(f.from, f.old, f.new, 1)
		if text == f.from {
			t.Fatalf("%s: nothing was changed", name)
		}
		newSigner(t, alice(), nil).refuses(t, sign2, wrapped(text), f.why)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// In path style the first component of the path is the bucket, and Fine
// Uploader, which leaves it out of what it signs, gets nothing signed.
func TestRequest_addresses(t *testing.T) {
	s := newSigner(t, alice(), func(c *Config) {
		c.Addresses = []string{"{bucket}.s3.localhost:9000", "127.0.0.1:9000/{bucket}"}
	})
	at := func(host, path string) string {
		r := completeV4
		r.headers = append([]string{"host:" + host}, r.headers[1:]...)
		r.path = path
		return wrapped(r.text())
	}
	s.signs(t, sign4, at("photos.s3.localhost:9000", "/users/alice/a"))
	s.signs(t, sign4, at("127.0.0.1:9000", "/photos/users/alice/a"))
	s.refuses(t, sign4, at("127.0.0.1:9000", "/users/alice/a"), "not one in bucket")
	s.refuses(t, sign4, at("127.0.0.1:9000", "/secrets/users/alice/a"), "not one in bucket")
	s.refuses(t, sign4, at("127.0.0.1:9000", "/photos/photos/users/alice/a"), "outside")
	s.refuses(t, sign4, at("photos.s3.localhost:9001", "/users/alice/a"), "host")
	s.refuses(t, sign4, at(host, "/users/alice/a"), "host")
	for _, host := range []string{"photos.s3.amazonaws.com", "photos.s3-eu-west-1.amazonaws.com", "photos.s3-accelerate.amazonaws.com", host} {
		newSigner(t, alice(), nil).signs(t, sign4, at(host, "/users/alice/a"))
	}
}

// Whatever the body, what is signed is inside the scope, as another reader than
// ours sees it.
func FuzzHandler(f *testing.F) {
	for _, r := range []v4{createV4, partV4, completeV4, abortV4} {
		f.Add(wrapped(r.text()), true)
	}
	for _, text := range []string{createV2, partV2, completeV2, abortV2} {
		f.Add(wrapped(text), false)
	}
	f.Add(policyV4(nil), true)
	f.Add(policyV2(nil), false)
	for _, forged := range forgedPolicies() {
		f.Add(policyV4(forged.change), true)
	}
	f.Fuzz(func(t *testing.T, body string, four bool) {
		v := sign2
		if four {
			v = sign4
		}
		s := newSigner(t, alice(), nil)
		status, answer := s.ask(t, v, body)
		if status != http.StatusOK {
			return
		}
		if policy, ok := answer["policy"].(string); ok {
			_, fields, least, most := decoded(t, policy)
			if fields["bucket"] != "photos" || !strings.HasPrefix(fields["key"], "users/alice/") || least < 1 || most > 1e7 ||
				fields["acl"] != "private" && fields["acl"] != "" {
				t.Errorf("signed %v, %v to %v bytes, for %q", fields, least, most, body)
			}
			return
		}
		var asked struct{ Headers string }
		if err := json.Unmarshal([]byte(body), &asked); err != nil {
			t.Fatalf("signed what is no JSON: %q", body)
		}
		lines := strings.Split(asked.Headers, "\n")
		method, resource := lines[0], lines[len(lines)-1]
		if four {
			method, resource = lines[3], "/photos"+lines[4]+"?"+lines[5]
		}
		if !strings.HasPrefix(resource, "/photos/users/alice/") || strings.Contains(resource, "/../") ||
			!strings.Contains(resource, "?uploads") && !strings.Contains(resource, "uploadId=") ||
			method != "POST" && method != "PUT" && method != "DELETE" || strings.Contains(asked.Headers, "public") {
			t.Errorf("signed %q", asked.Headers)
		}
	})
}
