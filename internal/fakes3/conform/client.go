// Package conform is what a store must do that is S3: a list of requests, each
// with the status and the error code that S3 answers. Any store that is reached
// over HTTP can be held against it; the requests are worded by package s3 and
// signed by package sign.
package conform

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Store says where a store is and who may do everything in its bucket.
type Store struct {
	Target      s3.Target
	Credentials sign.Credentials
	Prefix      string // of the keys that Run uses

	// SignatureV2 has the rows for it run as well.
	SignatureV2 bool
}

// Answer is what a store answered.
type Answer struct {
	Status int
	Header []s3.Field
	Body   []byte
}

// Client asks a store one thing after another. What its fields say is signed
// with.
type Client struct {
	t           *testing.T
	address     s3.Address
	credentials sign.Credentials
	region      string
	key         string // of the row's object
	ahead       time.Duration
	v2          bool
	request     s3.Request
	unsigned    bool
	meddle      func(r *s3.Request) // after signing
}

func newClient(t *testing.T, s *Store) *Client {
	t.Helper()
	address, err := s.Target.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	return &Client{t: t, address: address, credentials: s.Credentials, region: address.Region}
}

// now is the time that is signed.
func (c *Client) now() sign.UnixMilli {
	return sign.UnixMilli(time.Now().Add(c.ahead).UnixMilli())
}

// worded fails the test when a request cannot be worded.
func (c *Client) worded(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// ask signs the request and sends it.
func (c *Client) ask(body []byte) Answer {
	c.t.Helper()
	r := &c.request
	switch {
	case c.unsigned:
		r.Authorization = r.Authorization[:0]
	case c.v2:
		new(sign.V2).SignHeader(r, &c.credentials, c.now())
	default:
		new(sign.V4).SignHeader(r, &c.credentials, c.region, c.now())
	}
	return c.send(body)
}

// send sends the request as it stands.
func (c *Client) send(body []byte) Answer {
	c.t.Helper()
	r := &c.request
	if c.meddle != nil {
		c.meddle(r)
	}
	if r.Body != nil {
		body = r.Body
	}
	request, err := http.NewRequestWithContext(c.t.Context(), r.Method, string(r.AppendURL(nil)), bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	query := request.URL.RawQuery
	request.URL = &url.URL{Scheme: r.Scheme, Host: r.Host, Opaque: r.Path, RawQuery: query} // not normalised
	request.Host = r.SignedHost
	for _, f := range r.Header {
		request.Header.Set(f.Name, f.Value)
	}
	if len(r.Authorization) > 0 {
		request.Header.Set("Authorization", string(r.Authorization))
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	a := Answer{Status: response.StatusCode}
	if a.Body, err = io.ReadAll(response.Body); err != nil {
		c.t.Fatal(err)
	}
	for name, values := range response.Header {
		a.Header = append(a.Header, s3.Field{Name: name, Value: values[0]})
	}
	return a
}

func (c *Client) object() *s3.Object { return &s3.Object{Key: c.key} }

func (c *Client) put(o *s3.Object, body []byte) Answer {
	c.t.Helper()
	c.worded(c.address.PutObject(&c.request, o))
	return c.ask(body)
}

func (c *Client) head(o *s3.Object) Answer {
	c.t.Helper()
	c.worded(c.address.HeadObject(&c.request, o))
	return c.ask(nil)
}

func (c *Client) create(o *s3.Object) string {
	c.t.Helper()
	c.worded(c.address.CreateMultipartUpload(&c.request, o))
	a := c.ask(nil)
	id, err := s3.ParseCreateMultipartUpload(a.Body)
	if a.Status != 200 || err != nil {
		c.t.Fatalf("create: %d %v\n%s", a.Status, err, a.Body)
	}
	return id
}

func (c *Client) part(o *s3.Object, id string, number uint16, body, digest []byte) Answer {
	c.t.Helper()
	c.worded(c.address.UploadPart(&c.request, o, id, number, digest))
	return c.ask(body)
}

func (c *Client) complete(o *s3.Object, id string, parts *s3.PartList) Answer {
	c.t.Helper()
	c.worded(c.address.CompleteMultipartUpload(&c.request, o, id, parts, -1))
	return c.ask(nil)
}

func (c *Client) abort(o *s3.Object, id string) Answer {
	c.t.Helper()
	c.worded(c.address.AbortMultipartUpload(&c.request, o, id))
	return c.ask(nil)
}

func (c *Client) list(o *s3.Object, id string, after uint16, most int) Answer {
	c.t.Helper()
	c.worded(c.address.ListParts(&c.request, o, id, after, most))
	return c.ask(nil)
}

// upload sends parts with the digests that o asks for, and returns their list.
func (c *Client) upload(o *s3.Object, id string, bodies ...[]byte) *s3.PartList {
	c.t.Helper()
	parts := new(s3.PartList)
	for i, body := range bodies {
		var digest []byte
		if o.Algorithm != s3.NoChecksum {
			digest = sum(o.Algorithm, body)
		}
		a := c.part(o, id, uint16(i+1), body, digest)
		etag, ok := s3.ParseUploadPart(a.Header)
		if a.Status != 200 || !ok {
			c.t.Fatalf("part %d: %d\n%s", i+1, a.Status, a.Body)
		}
		if err := parts.Set(uint16(i+1), etag, digest); err != nil {
			c.t.Fatal(err)
		}
	}
	return parts
}

// sum is the real digest of data.
func sum(a s3.Algorithm, data []byte) []byte {
	hashes := map[s3.Algorithm]hash.Hash{
		s3.CRC32: crc32.NewIEEE(), s3.CRC32C: crc32.New(crc32.MakeTable(crc32.Castagnoli)),
		s3.CRC64NVME: crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)),
		s3.SHA1:      sha1.New(), s3.SHA256: sha256.New(), s3.ContentMD5: md5.New(),
	}
	h := hashes[a]
	h.Write(data)
	return h.Sum(nil)
}

// flipped is a digest with one bit changed.
func flipped(digest []byte) []byte {
	other := bytes.Clone(digest)
	other[0] ^= 1
	return other
}

func hexOf(digest []byte) string { return hex.EncodeToString(digest) }

// fill is n bytes that differ from place to place.
func fill(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	return data
}
