package sign_test

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// minio-go reads the clock itself. Its tests run in a synctest bubble, where
// the clock stands still until somebody sleeps and then jumps: all dates from
// 2000 on, and none twice.
const (
	minioHeaderCases    = 15000
	minioPresignCases   = 10000
	minioV2HeaderCases  = 15000
	minioV2PresignCases = 10000
	minioChunkedCases   = 400
	minioTrailerCases   = 400
)

// minioDialect: for Version 4, minio-go folds all white space, so tabs are in;
// it signs headers that the connection may change, and leaves Accept-Encoding
// unsigned, so those are out. It sorts no values and compares no encoded names.
var minioDialect = dialect{
	headers:   slices.Concat(headerNames, []string{"User-Agent", "Date", "Expires"}),
	blanks:    []string{"", " ", "  ", "\t", " \t \t"},
	params:    slices.Concat(subresourceNames, plainParams),
	freeNames: true,
}

// chunkDialect leaves Content-Encoding to chunkRequest: minio-go puts aws-chunked
// before it and keeps its white space and empty values, which Prepare drops.
var chunkDialect = dialect{
	headers:   slices.DeleteFunc(slices.Clone(minioDialect.headers), func(name string) bool { return name == "Content-Encoding" }),
	blanks:    minioDialect.blanks,
	params:    minioDialect.params,
	freeNames: true,
}

// minioV2Dialect: for Version 2, minio-go trims no header's value, and signs
// the first of two subresources of one name. It knows fewer subresources than
// we do (botocore's are missing), so no other names but plain ones are made.
var minioV2Dialect = dialect{
	headers: slices.Concat(headerNames, []string{"User-Agent", "Accept-Encoding"}),
	blanks:  []string{"", " ", "   ", "\t"},
	trimmed: true,
	params:  slices.Concat(subresourceNames, plainParams),
}

// passTime lets up to two days pass in the bubble.
func (s *source) passTime() { time.Sleep(time.Duration(s.Int64N(int64(48 * time.Hour)))) }

func now() sign.UnixMilli { return sign.UnixMilli(time.Now().UnixMilli()) }

// minioRequest makes the same request twice.
func (s *source) minioRequest(added ...string) (*s3.Request, http.Request) {
	key := s.key()
	r := &s3.Request{
		Method:      pick(s, "GET", "PUT", "POST", "HEAD", "DELETE"),
		Scheme:      pick(s, "https", "http"),
		Host:        pick(s, "bucket.s3.eu-west-1.amazonaws.com", "127.0.0.1:9000", "[::1]:9000"),
		Path:        "/bucket/" + string(s3.AppendEscaped(nil, key, true)),
		Query:       s.query(added...),
		PayloadHash: s.payloadHash(),
	}
	h := http.Header{}
	s.header(r, h)
	return r, http.Request{
		Method: r.Method,
		Host:   r.Host,
		URL:    &url.URL{Scheme: r.Scheme, Host: r.Host, Path: "/bucket/" + key, RawQuery: rawQuery(r.Query)},
		Header: h,
	}
}

func TestV4SignHeader_equalsMinIO(t *testing.T) {
	s, v := newSource(t, minioDialect), new(sign.V4)
	synctest.Test(t, func(t *testing.T) {
		for i := range minioHeaderCases {
			s.passTime()
			r, theirs := s.minioRequest()
			c, region := s.credentials(), s.region()
			if payloadHash := r.PayloadHash; payloadHash == "" {
				theirs.Header.Set("X-Amz-Content-Sha256", sign.UnsignedPayload)
			} else {
				theirs.Header.Set("X-Amz-Content-Sha256", payloadHash)
			}
			want := signer.SignV4(theirs, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, region).Header
			s.resign(r, v)
			v.SignHeader(r, c, region, now())
			compareHeader(t, i, v, r, want)
		}
	})
}

func TestV4Presign_equalsMinIO(t *testing.T) {
	s, v := newSource(t, minioDialect), new(sign.V4)
	synctest.Test(t, func(t *testing.T) {
		for i := range minioPresignCases {
			s.passTime()
			r, theirs := s.minioRequest("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-SignedHeaders")
			c, region, expires := s.credentials(), s.region(), 1+s.IntN(sign.MaxExpiresSeconds)
			want := signer.PreSignV4(theirs, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, region, int64(expires)).URL.Query()
			s.resign(r, v)
			if err := v.Presign(r, c, region, now(), expires); err != nil {
				t.Fatal(err)
			}
			if got := values(r.Query); !sameValues(got, want) {
				t.Fatalf("case %d: query = %v\nwant %v\nour canonical request:\n%s",
					i, got, want, v.AppendCanonicalRequest(nil, r, sign.UnsignedPayload))
			}
		}
	})
}

// minioV2Request makes the same request twice, with no parameter in it twice.
func (s *source) minioV2Request() (r *s3.Request, theirs http.Request, virtual bool) {
	r, theirs = s.minioRequest()
	r.Query = slices.CompactFunc(slices.SortedFunc(slices.Values(r.Query), byName), func(a, b s3.Field) bool { return a.Name == b.Name })
	s.Shuffle(len(r.Query), func(i, j int) { r.Query[i], r.Query[j] = r.Query[j], r.Query[i] })
	theirs.URL.RawQuery = rawQuery(r.Query)
	if virtual = s.oneIn(2); virtual {
		r.VirtualBucket = "some-bucket"
		theirs.Host, r.Host = "some-bucket.s3.example:9000", "some-bucket.s3.example:9000"
	}
	return r, theirs, virtual
}

func byName(a, b s3.Field) int { return strings.Compare(a.Name, b.Name) }

// TestV2Signature_equalsMinIO compares requests dated by a Date header, which
// minio-go always sends and signs. SignHeader sends x-amz-date instead; what it
// signs then is pinned by TestV2SignHeader.
func TestV2Signature_equalsMinIO(t *testing.T) {
	s, v := newSource(t, minioV2Dialect), new(sign.V2)
	synctest.Test(t, func(t *testing.T) {
		for i := range minioV2HeaderCases {
			s.passTime()
			r, theirs, virtual := s.minioV2Request()
			c := s.credentials()
			if c.SessionToken != "" {
				theirs.Header.Set("X-Amz-Security-Token", c.SessionToken)
				r.Header = append(r.Header, s3.Field{Name: "x-amz-security-token", Value: c.SessionToken})
			}
			want := signer.SignV2(theirs, c.AccessKeyID, c.SecretAccessKey, virtual).Header
			r.Header = append(r.Header, s3.Field{Name: "Date", Value: string(now().AppendHTTPDate(nil))})
			toSign := v.AppendStringToSign(nil, r, 0)
			got := v.AppendAuthorization(nil, c.AccessKeyID, v.AppendSignature(nil, c, toSign))
			if string(got) != want.Get("Authorization") {
				t.Fatalf("case %d: %s\nwant %s\nour string to sign:\n%s", i, got, want.Get("Authorization"), toSign)
			}
		}
	})
}

func TestV2Presign_equalsMinIO(t *testing.T) {
	s, v := newSource(t, minioV2Dialect), &sign.V2{Token: sign.TokenUnsigned}
	synctest.Test(t, func(t *testing.T) {
		for i := range minioV2PresignCases {
			s.passTime()
			r, theirs, virtual := s.minioV2Request()
			c, expires := s.credentials(), 1+s.IntN(1<<30)
			if c.SessionToken != "" { // minio-go has no argument for it
				token := s3.Field{Name: "X-Amz-Security-Token", Value: c.SessionToken}
				theirs.URL.RawQuery = rawQuery(append(slices.Clone(r.Query), token))
			}
			want := signer.PreSignV2(theirs, c.AccessKeyID, c.SecretAccessKey, int64(expires), virtual).URL.Query()
			if err := v.Presign(r, c, now(), expires); err != nil {
				t.Fatal(err)
			}
			if got := values(r.Query); !sameValues(got, want) {
				t.Fatalf("case %d: query = %v\nwant %v\nour string to sign:\n%s", i, got, want, v.AppendStringToSign(nil, r, atoi(t, r.Query[len(r.Query)-2].Value)))
			}
		}
	})
}

func atoi(t *testing.T, s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hasher is the SHA-256 that minio-go's streaming signer asks for.
type hasher struct{ hash.Hash }

func (hasher) Close() {}

// trailers are checksum headers with the length of their values.
var trailers = []s3.Field{
	{Name: "x-amz-checksum-crc32c", Value: "sOO8/Q=="},
	{Name: "x-amz-checksum-crc64nvme", Value: "rosUhgp5mIg="},
	{Name: "x-amz-checksum-sha256", Value: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
}

func (s *source) body() []byte {
	size := pick(s, 1, 100, 65535, 65536, 65537, 131072, 1+s.IntN(300000))
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(s.Uint32())
	}
	return body
}

func (s *source) chunkRequest() (*s3.Request, http.Request) {
	r, theirs := s.minioRequest()
	if s.oneIn(3) {
		theirs.Header.Set("Content-Encoding", "gzip")
		r.Header = append(r.Header, s3.Field{Name: "Content-Encoding", Value: "gzip"})
	}
	return r, theirs
}

// encode writes body as our Chunks do.
func encode(t *testing.T, v *sign.V4, plan *sign.Chunked, r *s3.Request, c *sign.Credentials, region string, at sign.UnixMilli, body []byte, trailer string) []byte {
	chunks, err := v.Chunks(plan, r, c, region, at)
	if err != nil {
		t.Fatal(err)
	}
	var encoded []byte
	for n := chunks.Next(); n > 0; n = chunks.Next() {
		if encoded, err = chunks.AppendChunk(encoded, body[:n]); err != nil {
			t.Fatal(err)
		}
		body = body[n:]
	}
	if encoded, err = chunks.AppendEnd(encoded, trailer); err != nil {
		t.Fatal(err)
	}
	if int64(len(encoded)) != plan.EncodedLength() {
		t.Fatalf("encoded body has %d bytes, EncodedLength is %d", len(encoded), plan.EncodedLength())
	}
	return encoded
}

// TestChunks_equalMinIO compares every byte of the encoded body. With a
// trailer, minio-go has one more: it ends the trailer's line with "\n\r\n",
// where the S3 text and we have "\r\n".
func TestChunks_equalMinIO(t *testing.T) {
	s, v := newSource(t, chunkDialect), new(sign.V4)
	for i := range minioChunkedCases {
		r, theirs := s.chunkRequest()
		c, region, at, body := s.credentials(), s.region(), s.at(), s.body()
		plan, trailer := sign.Chunked{PayloadHash: sign.StreamingPayload, Size: int64(len(body))}, s3.Field{}
		if s.oneIn(2) {
			trailer = pick(s, trailers...)
			plan.PayloadHash, plan.Trailer, plan.TrailerLength = sign.StreamingPayloadTrailer, trailer.Name, len(trailer.Value)
			theirs.Trailer = http.Header{trailer.Name: {trailer.Value}}
		}
		theirs.Body = io.NopCloser(bytes.NewReader(body))
		signed := signer.StreamingSignV4(&theirs, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, region, int64(len(body)), time.UnixMilli(int64(at)).UTC(), hasher{sha256.New()})
		want, err := io.ReadAll(signed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if trailer.Name != "" {
			want = bytes.Replace(want, []byte(trailer.Value+"\n\r\n"), []byte(trailer.Value+"\r\n"), 1)
		}

		if err := plan.Prepare(r); err != nil {
			t.Fatal(err)
		}
		v.SignHeader(r, c, region, at)
		signed.Header.Set("Authorization", strings.ReplaceAll(signed.Header.Get("Authorization"), ",", ", "))
		compareHeader(t, i, v, r, signed.Header)
		if got := encode(t, v, &plan, r, c, region, at, body, trailer.Value); !bytes.Equal(got, want) {
			t.Fatalf("case %d: %d bytes of body with trailer %q: %d bytes differ from %d", i, len(body), trailer, len(got), len(want))
		}
	}
}

// TestChunksUnsigned_equalMinIO is the same for unsigned chunks with a trailer,
// where minio-go again has one "\n" too many.
func TestChunksUnsigned_equalMinIO(t *testing.T) {
	s, v := newSource(t, chunkDialect), new(sign.V4)
	synctest.Test(t, func(t *testing.T) {
		for i := range minioTrailerCases {
			s.passTime()
			r, theirs := s.chunkRequest()
			c, region, body, trailer := s.credentials(), s.region(), s.body(), pick(s, trailers...)
			theirs.Body, theirs.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			theirs.Header.Set("X-Amz-Content-Sha256", sign.StreamingUnsignedTrailer)
			signed := signer.SignV4Trailer(theirs, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, region, http.Header{trailer.Name: {trailer.Value}})
			want, err := io.ReadAll(signed.Body)
			if err != nil {
				t.Fatal(err)
			}
			want = bytes.Replace(want, []byte("\n\r\n\r\n"), []byte("\r\n\r\n"), 1)

			plan := sign.Chunked{PayloadHash: sign.StreamingUnsignedTrailer, Size: int64(len(body)), Trailer: trailer.Name, TrailerLength: len(trailer.Value)}
			if err := plan.Prepare(r); err != nil {
				t.Fatal(err)
			}
			v.SignHeader(r, c, region, now())
			compareHeader(t, i, v, r, signed.Header)
			if got := encode(t, v, &plan, r, c, region, now(), body, trailer.Value); !bytes.Equal(got, want) {
				t.Fatalf("case %d: %d bytes of body with trailer %q: %d bytes differ from %d", i, len(body), trailer, len(got), len(want))
			}
		}
	})
}

// FuzzV2AgainstMinIO signs one request in the header, here and with minio-go.
func FuzzV2AgainstMinIO(f *testing.F) {
	f.Add("PUT", "photos/a b.jpg", "uploadId", "2~x", "image/jpeg", "secret", true)
	f.Add("GET", "//a/../b%2F+", "prefix", "a=b&c", "a  b", "", false)
	v := new(sign.V2)
	f.Fuzz(func(t *testing.T, method, key, name, value, header, secret string, virtual bool) {
		params := slices.Concat(subresourceNames, plainParams)
		switch {
		case !slices.Contains(params, name):
			return // see minioV2Dialect
		case !utf8.ValidString(key): // minio-go writes U+FFFD for a bad byte
			return
		case strings.TrimSpace(header) != header || strings.ContainsAny(header, "\r\n"):
			return // see minioV2Dialect; nobody can send a line break
		case secret == "": // minio-go takes it for no credentials
			return
		}
		const date = "Tue, 27 Mar 2007 19:36:42 GMT"
		r := &s3.Request{Method: method, Path: "/" + string(s3.AppendEscaped(nil, key, true)), Query: []s3.Field{{Name: name, Value: value}},
			Header: []s3.Field{{Name: "date", Value: date}, {Name: "x-amz-meta-a", Value: header}, {Name: "Content-Type", Value: header}}}
		theirs := http.Request{Method: method, Host: "some-bucket.s3.example", URL: &url.URL{Path: "/" + key, RawQuery: rawQuery(r.Query)},
			Header: http.Header{"Date": {date}, "X-Amz-Meta-A": {header}, "Content-Type": {header}}}
		if virtual {
			r.VirtualBucket = "some-bucket"
		}
		c := &sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: secret}
		want := signer.SignV2(theirs, c.AccessKeyID, c.SecretAccessKey, virtual).Header.Get("Authorization")
		toSign := v.AppendStringToSign(nil, r, 0)
		if got := v.AppendAuthorization(nil, c.AccessKeyID, v.AppendSignature(nil, c, toSign)); string(got) != want {
			t.Errorf("%s, want %s\nour string to sign:\n%s", got, want, toSign)
		}
	})
}
