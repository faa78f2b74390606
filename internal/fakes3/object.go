package fakes3

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/s3"
)

// kept are the headers that are stored with an object, beside x-amz-meta-.
var kept = []string{
	"content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
	"x-amz-storage-class", "x-amz-website-redirect-location",
}

// stored are the fields of c that are stored with its object.
func (c *call) stored() []s3.Field {
	from := c.Header
	if c.form != nil {
		from = c.form.fields
	}
	var list []s3.Field
	for _, f := range from {
		name := strings.ToLower(f.Name)
		keep := strings.HasPrefix(name, "x-amz-meta-")
		for _, k := range kept {
			keep = keep || k == name
		}
		if keep {
			list = append(list, s3.Field{Name: name, Value: f.Value})
		}
	}
	return list
}

// sentDigest is one checksum that a request carries.
type sentDigest struct {
	algorithm s3.Algorithm
	raw       []byte
}

// digests reads Content-MD5 and at most one x-amz-checksum header.
func (s *Store) digests(c *call) (found []sentDigest, refused *refusal) {
	stored := 0
	for a := s3.CRC32; a <= s3.ContentMD5; a++ {
		text := c.sent(a.Header())
		if text == "" || a.Stored() && s.config.IgnoreChecksums {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != a.Size() {
			if a == s3.ContentMD5 {
				return nil, refuse("InvalidDigest")
			}
			return nil, refuse("InvalidRequest").says("Value for " + a.Header() + " header is invalid.")
		}
		if a.Stored() {
			stored++
		}
		found = append(found, sentDigest{a, raw})
	}
	if stored > 1 {
		return nil, refuse("InvalidRequest").says("Expecting a single x-amz-checksum- header.")
	}
	return found, nil
}

// arrived is the body as it reached the store, and as it is then stored.
func (c *call) arrived() (judged, stored Body) {
	b := c.body()
	if b.Len() == 0 || c.fault.Corrupt == Intact {
		return b, b
	}
	damaged := Flip(b, b.Len()/2)
	if c.fault.Corrupt == Stored {
		return b, damaged
	}
	return damaged, damaged
}

// compare holds a body against the checksums that were sent with it.
func (s *Store) compare(b Body, sent []sentDigest) *refusal {
	for _, d := range sent {
		if string(s.sums.Digest(b, d.algorithm)) != string(d.raw) {
			return refuse("BadDigest").with("ExpectedDigest", base64.StdEncoding.EncodeToString(d.raw))
		}
	}
	return nil
}

func (s *Store) etag(b Body) string {
	return `"` + hex.EncodeToString(s.sums.Digest(b, s3.ContentMD5)) + `"`
}

// put is PutObject and PostObject.
func (s *Store) put(c *call) *refusal {
	judged, stored := c.arrived()
	sent, refused := s.digests(c)
	switch {
	case refused != nil:
		return refused
	case len(c.key) > s3.MaxKeyBytes:
		return refuse("KeyTooLongError")
	case judged.Len() > s3.MaxSinglePut:
		return refuse("EntityTooLarge")
	}
	if refused = s.compare(judged, sent); refused != nil {
		return refused
	}
	if refused = s.condition412(c); refused != nil {
		return refused
	}
	o := &Object{Key: c.key, Body: stored, ETag: s.etag(judged), Modified: c.at, Header: c.stored()}
	if !s.config.IgnoreChecksums {
		// S3 adds a CRC64NVME of its own where none is sent (User Guide,
		// "Checking object integrity in Amazon S3").
		o.Algorithm, o.Type = s3.CRC64NVME, s3.FullObject
		for _, d := range sent {
			if d.algorithm.Stored() {
				o.Algorithm = d.algorithm
			}
		}
		o.Checksum = base64.StdEncoding.EncodeToString(s.sums.Digest(judged, o.Algorithm))
	}
	s.keep(c, o)
	c.header("etag", o.ETag)
	o.addChecksum(c)
	c.answer.Status = 200
	if c.form != nil {
		s.formAnswer(c, o)
	}
	return nil
}

// formAnswer: S3 API Reference, "POST Object", success_action_status.
func (s *Store) formAnswer(c *call, o *Object) {
	location := "http://" + s.config.Host + "/" + s.config.Bucket + "/" + string(s3.AppendEscaped(nil, o.Key, true))
	c.header("location", location)
	switch status, _ := s3.HeaderValue(c.form.fields, "success_action_status"); status {
	case "200":
	case "201":
		c.answer.Status = 201
		var x document
		x.begin("PostResponse")
		x.element("Location", location)
		x.element("Bucket", s.config.Bucket)
		x.element("Key", o.Key)
		x.element("ETag", o.ETag)
		c.xml(x.end("PostResponse"))
	default:
		c.answer.Status = 204
	}
}

// condition412 holds the request's conditions against what is there.
func (s *Store) condition412(c *call) *refusal {
	there := s.objects[c.key]
	none, match := c.sent("if-none-match"), c.sent("if-match")
	switch {
	case none == "" && match == "":
		return nil
	case none != "" && none != "*":
		return refuse("NotImplemented")
	case none == "*" && there != nil:
		return refuse("PreconditionFailed").with("Condition", "If-None-Match")
	case match != "" && there == nil:
		return refuse("NoSuchKey")
	case match != "" && there.ETag != match:
		return refuse("PreconditionFailed").with("Condition", "If-Match")
	}
	return nil
}

func (s *Store) keep(c *call, o *Object) {
	s.objects[o.Key] = o
	c.answer.Stored = o
}

func (o *Object) addChecksum(c *call) {
	if o.Checksum != "" {
		c.header(o.Algorithm.Header(), o.Checksum)
		c.header("x-amz-checksum-type", o.Type.String())
	}
}

// read is HeadObject and GetObject.
func (s *Store) read(c *call) *refusal {
	o := s.objects[c.key]
	if o == nil {
		return refuse("NoSuchKey").with("Key", c.key)
	}
	c.answer.Status = 200
	c.answer.Header = append(c.answer.Header, o.Header...)
	c.header("content-length", strconv.FormatInt(o.Body.Len(), 10))
	c.header("etag", o.ETag)
	c.header("last-modified", string(o.Modified.AppendHTTPDate(nil)))
	if c.sent("x-amz-checksum-mode") == "ENABLED" {
		o.addChecksum(c)
	}
	if c.get {
		c.answer.Object = o.Body
	}
	return nil
}
