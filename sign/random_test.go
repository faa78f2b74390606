package sign_test

import (
	"flag"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the differential tests; 0 takes one from the clock")

// source makes random requests. All of a test's cases follow from its seed.
type source struct {
	*rand.Rand
	dialect
}

// dialect narrows what a source makes to where a reference is known to agree
// with the documents. Each field says in what way some reference does not.
type dialect struct {
	// headers are the names to choose from, besides metadata.
	headers []string

	// blanks stand between the words of a header's value and, unless trimmed,
	// at its ends. aws-sdk-go-v2 folds runs of spaces but leaves tabs alone;
	// for Version 2, minio-go trims nothing.
	blanks  []string
	trimmed bool

	// params are the names of query parameters to choose from; with freeNames,
	// names of any characters are made too.
	params    []string
	freeNames bool

	// valuesSorted says that the reference sorts the values of one parameter.
	// minio-go leaves them in the order given.
	valuesSorted bool
}

func newSource(t *testing.T, d dialect) *source {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (repeat with -seed %d)", seed, seed)
	return &source{rand.New(rand.NewPCG(seed, 0)), d}
}

func pick[T any](s *source, of ...T) T { return of[s.IntN(len(of))] }

// oneIn reports true once in n times.
func (s *source) oneIn(n int) bool { return s.IntN(n) == 0 }

// morsels are what keys and parameter values are made of.
var morsels = []string{
	"a", "photo", "Z9", "0", "-", ".", "_", "~", "/", "//", "/./", "/../", "..", " ", "  ", "+", "%", "%2F", "%41", "%zz",
	"!", "'", "(", ")", "*", "&", "=", "?", "#", "$", "@", ":", ";", ",", "\"", "\\", "<", ">", "[", "]", "^", "`", "{", "|", "}",
	"\x01", "\t", "\n", "\r\n", "\x7f", "ü", "e\u0301", "ß", "日本語", "עברית", "العربية", "\u200f", "\ufffd", "\U0010ffff", "🙂", "👩‍👩‍👧", "\u00a0", "\u2028",
}

// text is a string of n morsels or random characters, valid UTF-8.
func (s *source) text(n int) string {
	var b strings.Builder
	for range n {
		if s.oneIn(8) {
			b.WriteRune(rune(s.IntN(0xd800))) // below the surrogates
		} else {
			b.WriteString(pick(s, morsels...))
		}
	}
	return b.String()
}

func (s *source) key() string {
	n := 1 + s.IntN(12)
	if s.oneIn(50) {
		n = 400
	}
	key := s.text(n)
	for len(key) > 1024 {
		key = key[:len(key)-1]
	}
	return strings.ToValidUTF8(key, "")
}

func (s *source) token(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.IntN(len(alphabet))]
	}
	return string(b)
}

const (
	base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	lowerLetters  = "abcdefghijklmnopqrstuvwxyz0123456789-"
	hexLetters    = "0123456789abcdef"
)

func (s *source) credentials() *sign.Credentials {
	c := &sign.Credentials{
		AccessKeyID:     "AKIA" + s.token(base64Letters[:26], 8+s.IntN(20)), // never twice: aws-sdk-go-v2 looks keys up by it
		SecretAccessKey: s.token(base64Letters, 1+s.IntN(100)),              // past the block of the hash
	}
	if s.oneIn(2) {
		c.SessionToken = s.token(base64Letters, 1+s.IntN(1500)) + pick(s, "", "=", "==")
	}
	return c
}

func (s *source) region() string {
	return pick(s, "us-east-1", "eu-central-1", "auto", "garage", s.token(lowerLetters, 1+s.IntN(20)))
}

// at is a time from 1970 to 2200.
func (s *source) at() sign.UnixMilli { return sign.UnixMilli(s.Int64N(7258118400000)) }

func (s *source) payloadHash() string {
	return pick(s, "", sign.UnsignedPayload, sign.EmptyPayload, sign.StreamingUnsignedTrailer, s.token(hexLetters, 64))
}

// words are what values of headers are made of.
var words = []string{"image/jpeg", "bytes=0-9", "a", `"quoted text"`, "a,b", "x=y;z", "Grüße", "日本語", "🙂", "max-age=0"}

// value is the value of a header: words with blanks between and around them,
// or none at all.
func (s *source) value() string {
	if s.oneIn(10) {
		return ""
	}
	value := pick(s, words...)
	for range s.IntN(4) {
		value += pick(s, s.blanks...) + pick(s, words...)
	}
	if !s.trimmed && s.oneIn(4) {
		value = pick(s, s.blanks...) + value + pick(s, s.blanks...)
	}
	return value
}

// header adds the same random headers to r, in names of random case, and to h.
func (s *source) header(r *s3.Request, h http.Header) {
	for range s.IntN(9) {
		name := pick(s, s.headers...)
		if s.oneIn(3) {
			name = "x-amz-meta-" + s.token(lowerLetters, 1+s.IntN(8))
		}
		for range 1 + max(0, s.IntN(6)-4) {
			value := s.value()
			h.Add(name, value)
			r.Header = append(r.Header, s3.Field{Name: s.scramble(name), Value: value})
		}
	}
}

// scramble changes the case of letters of name, or of none.
func (s *source) scramble(name string) string {
	switch s.IntN(3) {
	case 0:
		return strings.ToLower(name)
	case 1:
		return name
	}
	b := []byte(name)
	for i := range b {
		if s.oneIn(2) {
			b[i] = []byte(strings.ToUpper(name))[i]
		}
	}
	return string(b)
}

// query makes a query whose order the reference agrees on, for added names the
// references put in: S3 sorts by encoded name and value, both references by
// the names as they are before encoding.
func (s *source) query(added ...string) []s3.Field {
	for {
		var query []s3.Field
		for range max(0, s.IntN(8)-2) {
			name, value := pick(s, s.params...), ""
			if s.freeNames && s.oneIn(4) {
				name = s.text(1 + s.IntN(3))
			}
			if !s.oneIn(3) {
				value = s.text(s.IntN(6))
			}
			query = append(query, s3.Field{Name: name, Value: value})
		}
		if s.agreed(query, added) {
			return query
		}
	}
}

func (s *source) agreed(query []s3.Field, added []string) bool {
	theirs := slices.Clone(query)
	for _, name := range added {
		theirs = append(theirs, s3.Field{Name: name})
	}
	ours := slices.Clone(theirs)
	slices.SortStableFunc(theirs, func(a, b s3.Field) int {
		if a.Name == b.Name && s.valuesSorted {
			return strings.Compare(a.Value, b.Value)
		}
		return strings.Compare(a.Name, b.Name)
	})
	slices.SortStableFunc(ours, func(a, b s3.Field) int {
		if a.Name == b.Name {
			return strings.Compare(escaped(a.Value), escaped(b.Value))
		}
		return strings.Compare(escaped(a.Name), escaped(b.Name))
	})
	return slices.Equal(ours, theirs)
}

func escaped(s string) string { return string(s3.AppendEscaped(nil, s, false)) }

func rawQuery(query []s3.Field) string {
	var params []string
	for _, f := range query {
		params = append(params, escaped(f.Name)+"="+escaped(f.Value))
	}
	return strings.Join(params, "&")
}

// values is query as net/url has it.
func values(query []s3.Field) url.Values {
	v := url.Values{}
	for _, f := range query {
		v.Add(f.Name, f.Value)
	}
	return v
}

func sameValues(a, b url.Values) bool { return maps.EqualFunc(a, b, slices.Equal) }

// unsignedNames are headers that are sent and never signed, for us and for
// aws-sdk-go-v2; minio-go signs all of these but User-Agent.
var unsignedNames = []string{"User-Agent", "Expect", "Transfer-Encoding", "X-Amzn-Trace-Id"}

var headerNames = []string{
	"Content-Type", "Content-Md5", "Content-Disposition", "Content-Encoding", "Content-Language", "Cache-Control",
	"If-None-Match", "If-Match", "Range", "X-Amz-Acl", "X-Amz-Storage-Class", "X-Amz-Tagging", "X-Amz-Checksum-Crc32c",
	"X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Customer-Key", "X-Amz-Object-Lock-Mode",
	"X-Amz-Expected-Bucket-Owner", "X-Amz-Request-Payer", "X-Amz-Website-Redirect-Location", "X-Custom",
}

var subresourceNames = []string{
	"acl", "cors", "delete", "encryption", "legal-hold", "lifecycle", "location", "logging", "notification", "partNumber",
	"policy", "replication", "requestPayment", "response-cache-control", "response-content-disposition",
	"response-content-type", "retention", "select", "select-type", "tagging", "torrent", "uploadId", "uploads", "versionId",
	"versioning", "versions", "website",
}

var plainParams = []string{"prefix", "delimiter", "max-keys", "list-type", "x-id", "part-number-marker", "a", "A", "a-b", "a.b", "a0"}

// resign signs r beforehand, for other credentials and another time, so that
// the test also shows that signing replaces all of that.
func (s *source) resign(r *s3.Request, v *sign.V4) {
	switch s.IntN(4) {
	case 0:
		v.SignHeader(r, s.credentials(), s.region(), s.at())
	case 1:
		if err := v.Presign(r, s.credentials(), s.region(), s.at(), 1+s.IntN(sign.MaxExpiresSeconds)); err != nil {
			panic(err)
		}
	}
}
