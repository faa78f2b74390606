package fakes3

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/internal/xmlscan"
	"github.com/bucketline/bucketline/s3"
)

// find returns the upload that a request is about.
func (s *Store) find(c *call) (*Upload, *refusal) {
	id := c.param("uploadId")
	for _, u := range s.uploads {
		if u.ID == id && u.Key == c.key {
			return u, nil
		}
	}
	return nil, refuse("NoSuchUpload").with("UploadId", id)
}

// forget drops an upload, without a word.
func (s *Store) forget(id string) *Upload {
	for i, u := range s.uploads {
		if u.ID == id {
			s.uploads = slices.Delete(s.uploads, i, i+1)
			return u
		}
	}
	return nil
}

// forgetPart drops the last part of an upload.
func (s *Store) forgetPart(id string) {
	for _, u := range s.uploads {
		if u.ID == id && len(u.Parts) > 0 {
			u.Parts = u.Parts[:len(u.Parts)-1]
		}
	}
}

// TakeAway has the first n parts of an upload out of sight, as a store does that
// is joining them: they are not listed, and nobody else can join them. With 0
// they are all back.
func (s *Store) TakeAway(id string, n int) {
	for _, u := range s.uploads {
		if u.ID == id {
			u.taken = min(n, len(u.Parts))
		}
	}
}

// create is CreateMultipartUpload.
func (s *Store) create(c *call) *refusal {
	if len(c.key) > s3.MaxKeyBytes {
		return refuse("KeyTooLongError")
	}
	u := &Upload{Key: c.key, Begun: c.at, Header: c.stored(), sequence: s.created}
	if refused := s.chooseChecksum(c, u); refused != nil {
		return refused
	}
	s.created++
	u.ID = "upload-" + strconv.Itoa(s.created) + "." + hex.EncodeToString([]byte{byte(scramble(uint64(s.created)))})
	s.uploads = append(s.uploads, u)
	c.answer.Created = u
	c.answer.Status = 200
	if u.Algorithm != s3.NoChecksum {
		c.header("x-amz-checksum-algorithm", u.Algorithm.String())
		c.header("x-amz-checksum-type", u.Type.String())
	}
	var x document
	x.begin("InitiateMultipartUploadResult")
	x.element("Bucket", s.config.Bucket)
	x.element("Key", u.Key)
	x.element("UploadId", u.ID)
	c.xml(x.end("InitiateMultipartUploadResult"))
	return nil
}

// chooseChecksum: User Guide, "Checking object integrity in Amazon S3", the
// table of types.
func (s *Store) chooseChecksum(c *call, u *Upload) *refusal {
	name, kind := c.sent("x-amz-checksum-algorithm"), c.sent("x-amz-checksum-type")
	if name == "" && kind != "" {
		return refuse("InvalidRequest").says("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	}
	if name == "" || s.config.IgnoreChecksums {
		return nil
	}
	algorithm, ok := s3.ParseAlgorithm(name)
	if !ok {
		return refuse("InvalidRequest").says("Checksum algorithm provided is unsupported.")
	}
	full, composite := algorithm <= s3.CRC64NVME, algorithm != s3.CRC64NVME
	if s.config.NoFullObjectCRC && algorithm != s3.CRC64NVME {
		full = false
	}
	u.Algorithm, u.Type = algorithm, s3.Composite
	if kind == "FULL_OBJECT" || kind == "" && !composite {
		u.Type = s3.FullObject
	}
	if u.Type == s3.FullObject && !full || u.Type == s3.Composite && !composite {
		return refuse("InvalidRequest").says("The " + kind + " checksum type cannot be used with the " + name + " checksum algorithm.")
	}
	return nil
}

// part is UploadPart.
func (s *Store) part(c *call) *refusal {
	number, err := strconv.ParseUint(c.param("partNumber"), 10, 32)
	if err != nil || number < 1 || number > s3.MaxParts {
		return refuse("InvalidArgument").says("Part number must be an integer between 1 and 10000, inclusive")
	}
	u, refused := s.find(c)
	if refused != nil {
		return refused
	}
	sent, refused := s.digests(c)
	if refused != nil {
		return refused
	}
	judged, stored := c.arrived()
	if judged.Len() > s3.MaxPartSize {
		return refuse("EntityTooLarge")
	}
	checked := false
	for _, d := range sent {
		if d.algorithm.Stored() && d.algorithm != u.Algorithm {
			return refuse("InvalidRequest").says("Checksum Type mismatch occurred, expected checksum Type: " + u.Algorithm.String())
		}
		checked = checked || d.algorithm == u.Algorithm
	}
	if u.Algorithm != s3.NoChecksum && u.Type == s3.Composite && !checked {
		return refuse("InvalidRequest").says("The upload was created with a checksum for each part. It is missing for this part.")
	}
	if s.config.PartChecksums && u.Algorithm != s3.NoChecksum && !checked {
		return refuse("InvalidArgument").says("Invalid arguments provided: checksum missing")
	}
	if refused = s.compare(judged, sent); refused != nil {
		return refused
	}
	p := Part{Number: uint16(number), Body: stored, ETag: s.etag(judged)}
	if u.Algorithm != s3.NoChecksum {
		p.Digest = s.sums.Digest(judged, u.Algorithm)
		c.header(u.Algorithm.Header(), base64.StdEncoding.EncodeToString(p.Digest))
	}
	i, found := slices.BinarySearchFunc(u.Parts, p.Number, func(p Part, n uint16) int { return int(p.Number) - int(n) })
	if found {
		u.Parts[i] = p
	} else {
		u.Parts = slices.Insert(u.Parts, i, p)
	}
	c.answer.Upload, c.answer.Part = u, &u.Parts[i]
	c.answer.Status = 200
	c.header("etag", p.ETag)
	return nil
}

// abort is AbortMultipartUpload.
func (s *Store) abort(c *call) *refusal {
	u, refused := s.find(c)
	if refused != nil {
		return refused
	}
	c.answer.Status = 204
	if !c.fault.Idle {
		c.answer.Aborted = s.forget(u.ID)
	}
	return nil
}

// listedPart is one part as CompleteMultipartUpload names it.
type listedPart struct {
	number   int
	etag     string
	checksum string // as sent; of the upload's algorithm
}

// complete is CompleteMultipartUpload.
func (s *Store) complete(c *call) *refusal {
	list, ok := readComplete(c.body())
	if !ok || len(list) == 0 || len(list) > s3.MaxParts {
		return refuse("MalformedXML")
	}
	u, refused := s.find(c)
	if refused != nil {
		return s.again(c, refused)
	}
	parts, refused := s.choose(c, u, list)
	if refused != nil {
		return refused
	}
	o := &Object{Key: u.Key, Modified: c.at, Header: u.Header, UploadID: u.ID, Parts: parts, Algorithm: u.Algorithm, Type: u.Type}
	bodies := make([]Body, len(parts))
	all := md5.New()
	for i := range parts {
		bodies[i] = parts[i].Body
		digest, _ := hex.DecodeString(strings.Trim(parts[i].ETag, `"`))
		all.Write(digest)
	}
	o.Body = Join(bodies...)
	o.ETag = `"` + hex.EncodeToString(all.Sum(nil)) + "-" + strconv.Itoa(len(parts)) + `"`
	if refused = s.checkWhole(c, o); refused != nil {
		return refused
	}
	if refused = s.condition412(c); refused != nil {
		return refused
	}
	s.forget(u.ID)
	s.keep(c, o)
	if !s.config.ForgetCompleted {
		s.joined[u.ID] = o
	}
	s.completed(c, o)
	return nil
}

// again answers a CompleteMultipartUpload that has been answered before.
func (s *Store) again(c *call, refused *refusal) *refusal {
	o := s.joined[c.param("uploadId")]
	if o == nil || o.Key != c.key || s.objects[o.Key] != o {
		return refused
	}
	s.completed(c, o)
	return nil
}

func (s *Store) completed(c *call, o *Object) {
	c.answer.Status = 200
	var x document
	x.begin("CompleteMultipartUploadResult")
	x.element("Location", "http://"+s.config.Host+"/"+s.config.Bucket+"/"+string(s3.AppendEscaped(nil, o.Key, true)))
	x.element("Bucket", s.config.Bucket)
	x.element("Key", o.Key)
	x.element("ETag", o.ETag)
	if o.Checksum != "" {
		x.element("Checksum"+o.Algorithm.String(), o.Checksum)
		x.element("ChecksumType", o.Type.String())
	}
	c.xml(x.end("CompleteMultipartUploadResult"))
}

// choose finds the parts of list, and what is wrong with them.
func (s *Store) choose(c *call, u *Upload, list []listedPart) ([]Part, *refusal) {
	if !slices.IsSortedFunc(list, func(a, b listedPart) int { return cmp.Or(a.number-b.number, 1) }) {
		return nil, refuse("InvalidPartOrder")
	}
	parts := make([]Part, 0, len(list))
	gap := false
	for i, l := range list {
		gap = gap || l.number != i+1
		at, found := slices.BinarySearchFunc(u.Parts, l.number, func(p Part, n int) int { return int(p.Number) - n })
		bad := refuse("InvalidPart").with("PartNumber", strconv.Itoa(l.number)).with("ETag", l.etag)
		if !found || at < u.taken || strings.Trim(l.etag, `"`) != strings.Trim(u.Parts[at].ETag, `"`) {
			return nil, bad
		}
		p := u.Parts[at]
		if l.checksum == "" && u.Algorithm != s3.NoChecksum && u.Type == s3.Composite {
			return nil, refuse("InvalidRequest").says("The complete request must include the checksum for each part.")
		}
		if l.checksum != "" && u.Algorithm != s3.NoChecksum && l.checksum != base64.StdEncoding.EncodeToString(p.Digest) {
			return nil, bad
		}
		if i < len(list)-1 && p.Body.Len() < s3.MinPartSize && !s.config.SmallParts {
			return nil, refuse("EntityTooSmall").with("PartNumber", strconv.Itoa(l.number))
		}
		if n := len(parts); n > 0 && s.config.EqualParts {
			first := parts[0].Body.Len()
			if size := p.Body.Len(); size > first || size != first && i < len(list)-1 {
				return nil, bad.says("All non-trailing parts must have the same length.")
			}
		}
		parts = append(parts, p)
	}
	switch {
	case gap && u.Algorithm != s3.NoChecksum:
		// User Guide, "Checking object integrity": numbers without gaps.
		return nil, refuse("InternalError")
	case s.config.AllParts && len(parts) != len(u.Parts):
		return nil, refuse("InvalidPart")
	}
	return parts, nil
}

// checkWhole works out the checksum of the object and holds it against what the
// client says.
func (s *Store) checkWhole(c *call, o *Object) *refusal {
	if size := c.sent("x-amz-mp-object-size"); size != "" && size != strconv.FormatInt(o.Body.Len(), 10) {
		return refuse("InvalidRequest").says("The provided 'x-amz-mp-object-size' header value does not match what was computed.")
	}
	if kind := c.sent("x-amz-checksum-type"); kind != "" && !s.config.IgnoreChecksums && kind != o.Type.String() {
		return refuse("InvalidRequest").says("The upload was created with another checksum type.")
	}
	sent, refused := s.digests(c)
	if refused != nil {
		return refused
	}
	if o.Algorithm == s3.NoChecksum && !s.config.IgnoreChecksums {
		o.Algorithm, o.Type = s3.CRC64NVME, s3.FullObject
	}
	if o.Algorithm == s3.NoChecksum {
		return nil
	}
	if o.Type == s3.FullObject {
		o.Checksum = base64.StdEncoding.EncodeToString(s.sums.Digest(o.Body, o.Algorithm))
	} else {
		var digests []byte
		for _, p := range o.Parts {
			digests = append(digests, p.Digest...)
		}
		whole := s.sums.Digest(Real{digests}, o.Algorithm)
		o.Checksum = base64.StdEncoding.EncodeToString(whole) + "-" + strconv.Itoa(len(o.Parts))
	}
	for _, d := range sent {
		if d.algorithm == s3.ContentMD5 { // of the request's own body
			if refused = s.compare(c.body(), []sentDigest{d}); refused != nil {
				return refused
			}
			continue
		}
		if d.algorithm != o.Algorithm || o.Type != s3.FullObject || base64.StdEncoding.EncodeToString(d.raw) != o.Checksum {
			return refuse("BadDigest")
		}
	}
	return nil
}

// readComplete reads the list of parts of CompleteMultipartUpload.
func readComplete(b Body) ([]listedPart, bool) {
	var scan xmlscan.Scanner
	text := b.Append(nil, 0, b.Len())
	scan.Reset(text)
	var list []listedPart
	var value []byte
	for {
		switch scan.Next() {
		case xmlscan.EOF:
			return list, scan.Err() == nil
		case xmlscan.Start:
			name := scan.Name()
			switch {
			case scan.Depth() == 1 && string(name) != "CompleteMultipartUpload":
				return nil, false
			case scan.Depth() == 2 && string(name) != "Part":
				return nil, false
			case scan.Depth() == 2:
				list = append(list, listedPart{})
			case scan.Depth() == 3:
				value = bytes.TrimSpace(scan.AppendContent(value[:0]))
				if !list[len(list)-1].set(string(name), string(value)) {
					return nil, false
				}
			}
		}
	}
}

func (l *listedPart) set(name, value string) bool {
	switch {
	case name == "PartNumber":
		n, err := strconv.Atoi(value)
		l.number = n
		return err == nil
	case name == "ETag":
		l.etag = value
	case strings.HasPrefix(name, "Checksum"):
		l.checksum = value
	default:
		return false
	}
	return true
}
