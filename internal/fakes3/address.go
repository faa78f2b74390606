package fakes3

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/s3"
)

// Subject is what a request is about.
type Subject struct {
	Op       s3.Op // 0: none that the store knows
	Key      string
	UploadID string
	Part     uint16 // 1 to s3.MaxParts, of UploadPart
}

// Subject reads what r is about, without looking at anything else.
func (s *Store) Subject(r *Request) Subject {
	c := call{Request: r, fault: new(Fault)}
	if s.address(&c) != nil {
		return Subject{}
	}
	part, _ := strconv.ParseUint(c.param("partNumber"), 10, 16)
	about := Subject{Op: c.op, Key: c.key, UploadID: c.param("uploadId"), Part: uint16(part)}
	if c.op == s3.OpPostObject && s.readFields(&c) == nil {
		about.Key = c.sent("key")
	}
	return about
}

// address finds the bucket, the key and the operation.
func (s *Store) address(c *call) *refusal {
	path, err := url.PathUnescape(c.Path)
	if err != nil || !strings.HasPrefix(path, "/") {
		return refuse("InvalidURI")
	}
	if c.query, err = parseQuery(c.Query); err != nil {
		return refuse("InvalidURI")
	}
	if c.bucket, c.virtual = strings.CutSuffix(c.Host, "."+s.config.Host); c.virtual {
		c.key = path[1:]
	} else {
		c.bucket, c.key, _ = strings.Cut(path[1:], "/")
	}
	if c.bucket != s.config.Bucket {
		return refuse("NoSuchBucket")
	}
	return c.operation()
}

func parseQuery(text string) ([]s3.Field, error) {
	var query []s3.Field
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		query = append(query, s3.Field{Name: name, Value: value})
	}
	return query, nil
}

// operation tells the operations apart by method and subresource.
func (c *call) operation() *refusal {
	_, uploads := c.has("uploads")
	_, upload := c.has("uploadId")
	_, part := c.has("partNumber")
	object := c.key != ""
	switch {
	case c.Method == "PUT" && object && upload && part:
		c.op = s3.OpUploadPart
	case c.Method == "PUT" && object && !upload && !part:
		c.op = s3.OpPutObject
	case c.Method == "POST" && object && uploads:
		c.op = s3.OpCreateMultipartUpload
	case c.Method == "POST" && object && upload:
		c.op = s3.OpCompleteMultipartUpload
	case c.Method == "POST" && !object:
		c.op = s3.OpPostObject
	case c.Method == "DELETE" && object && upload:
		c.op = s3.OpAbortMultipartUpload
	case c.Method == "DELETE" && object:
		c.op = s3.OpDeleteObject
	case c.Method == "GET" && object && upload:
		c.op = s3.OpListParts
	case c.Method == "GET" && !object && uploads:
		c.op = s3.OpListMultipartUploads
	case (c.Method == "HEAD" || c.Method == "GET") && object && !upload:
		c.op, c.get = s3.OpHeadObject, c.Method == "GET"
	default:
		return refuse("MethodNotAllowed")
	}
	return nil
}
