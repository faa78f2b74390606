package s3

import (
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/internal/ascii"
	"github.com/bucketline/bucketline/internal/xmlscan"
)

// AnswerError says that a store answered with success and the answer cannot be
// read: cut short, too large, or without what the S3 API Reference promises.
// Whether the request was carried out is open.
type AnswerError struct {
	Op      Op
	Problem string // "has no UploadId"
}

// Error returns one line.
func (e *AnswerError) Error() string { return e.Op.String() + ": the answer " + e.Problem }

// ParsePutObject returns the ETag of the stored object. It reports false when
// the header has none that is well formed: in a browser, that the bucket's
// CORS rules do not expose it.
func ParsePutObject(header []Field) (etag string, ok bool) { return headerETag(header) }

// ParseUploadPart returns the ETag of the stored part, as ParsePutObject does.
func ParseUploadPart(header []Field) (etag string, ok bool) { return headerETag(header) }

func headerETag(header []Field) (string, bool) {
	etag, _ := HeaderValue(header, "etag")
	return etag, validETag(etag)
}

// validETag: an ETag is opaque, so nothing but its length and its characters
// is looked at; some stores leave the quotes out.
func validETag(etag string) bool {
	return etag != "" && len(etag) <= MaxETag && visible(etag)
}

// ParseCreateMultipartUpload returns the upload ID from the body of a success.
// The error is an *AnswerError.
func ParseCreateMultipartUpload(body []byte) (uploadID string, err error) {
	d := open(OpCreateMultipartUpload, body, "InitiateMultipartUploadResult")
	for d.next() {
		switch d.name() {
		case "UploadId":
			uploadID = d.text()
		}
	}
	if checkUploadID(uploadID) != nil {
		d.fail("has no UploadId")
	}
	return uploadID, d.err
}

// CompleteResult is what CompleteMultipartUpload and PostObject tell about the
// object they made. All but ETag may be empty.
type CompleteResult struct {
	// As the store wrote them. A link to the object is for
	// [Address.AppendObjectURL] to make: Location may name a host that only
	// the store knows, and is not checked.
	Location, Bucket, Key string

	ETag      string
	VersionID string

	// Checksum is the stored one in base64, followed by "-N" when it is of
	// type Composite.
	Algorithm    Algorithm
	ChecksumType ChecksumType
	Checksum     string
}

// ParseCompleteMultipartUpload reads the answer, whatever its status: S3 sends
// 200 and white space while it works, and then the result or an error. A
// refusal, with either status, is an *Error; an answer that cannot be read is
// an *AnswerError.
//
//	S3 API Reference, CompleteMultipartUpload.
func ParseCompleteMultipartUpload(status int, header []Field, body []byte) (CompleteResult, error) {
	if status/100 != 2 {
		return CompleteResult{}, ParseError(OpCompleteMultipartUpload, status, header, body)
	}
	d := open(OpCompleteMultipartUpload, body, "CompleteMultipartUploadResult")
	if d.root == "Error" {
		return CompleteResult{}, ParseError(OpCompleteMultipartUpload, status, header, body)
	}
	r := d.result()
	if d.err != nil {
		return CompleteResult{}, d.err
	}
	r.VersionID, _ = HeaderValue(header, "x-amz-version-id")
	if kind, ok := HeaderValue(header, "x-amz-checksum-type"); ok && r.Checksum != "" && r.ChecksumType == DefaultType {
		r.ChecksumType = parseType(kind) // MinIO has no element for it
	}
	return r, nil
}

// ParsePostObject reads the answer to a browser form with
// success_action_status 201, and copes with a store that answers 200 or 204
// and says the ETag in the header. Errors are as for
// ParseCompleteMultipartUpload.
func ParsePostObject(status int, header []Field, body []byte) (CompleteResult, error) {
	if status/100 != 2 {
		return CompleteResult{}, ParseError(OpPostObject, status, header, body)
	}
	var r CompleteResult
	if status == 201 {
		d := open(OpPostObject, body, "PostResponse")
		if r = d.result(); d.err != nil {
			return CompleteResult{}, d.err
		}
	} else {
		etag, ok := headerETag(header)
		if !ok {
			return CompleteResult{}, &AnswerError{OpPostObject, "has no ETag"}
		}
		r.ETag = etag
		r.Location, _ = HeaderValue(header, "location")
	}
	r.VersionID, _ = HeaderValue(header, "x-amz-version-id")
	return r, nil
}

// result reads the elements that the two answers share.
func (d *document) result() CompleteResult {
	var r CompleteResult
	for d.next() {
		switch name := d.name(); name {
		case "Location":
			r.Location = d.text()
		case "Bucket":
			r.Bucket = d.text()
		case "Key":
			r.Key = d.exact()
		case "ETag":
			r.ETag = d.text()
		case "ChecksumType":
			r.ChecksumType = parseType(d.text())
		default:
			if a := algorithmOfElement(name); a != NoChecksum {
				r.Algorithm, r.Checksum = a, d.text()
			}
		}
	}
	if !validETag(r.ETag) {
		d.fail("has no ETag")
	}
	return r
}

// ObjectInfo is what HeadObject tells.
type ObjectInfo struct {
	Size         int64 // bytes; -1 when the header does not say
	ETag         string
	LastModified int64 // milliseconds since 1970-01-01 UTC, or 0
	VersionID    string
	StorageClass string // empty means STANDARD

	ContentType, CacheControl, ContentDisposition string
	ContentEncoding, ContentLanguage, Expires     string
	Metadata                                      []Field // lower-case names, values decoded

	// As in CompleteResult; only with a checksum algorithm in the request.
	Algorithm    Algorithm
	ChecksumType ChecksumType
	Checksum     string
}

// ParseHeadObject reads the header of a success. A browser sees of it only
// what the bucket's CORS rules expose, so any field may be empty.
func ParseHeadObject(header []Field) ObjectInfo {
	info := ObjectInfo{Size: -1}
	texts := [...]struct {
		name string
		to   *string
	}{
		{"etag", &info.ETag}, {"x-amz-version-id", &info.VersionID}, {"x-amz-storage-class", &info.StorageClass},
		{"content-type", &info.ContentType}, {"cache-control", &info.CacheControl},
		{"content-disposition", &info.ContentDisposition}, {"content-encoding", &info.ContentEncoding},
		{"content-language", &info.ContentLanguage}, {"expires", &info.Expires},
	}
	for i := range texts {
		*texts[i].to, _ = HeaderValue(header, texts[i].name)
	}
	if v, ok := HeaderValue(header, "content-length"); ok {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
			info.Size = n
		}
	}
	if v, ok := HeaderValue(header, "last-modified"); ok {
		info.LastModified, _ = ParseTime(v)
	}
	for a := CRC32; a.Stored(); a++ {
		if v, ok := HeaderValue(header, a.Header()); ok {
			info.Algorithm, info.Checksum = a, v
		}
	}
	if v, ok := HeaderValue(header, "x-amz-checksum-type"); ok {
		info.ChecksumType = parseType(v)
	}
	const prefix = "x-amz-meta-"
	for i := range header {
		if name := ascii.Lower(header[i].Name); strings.HasPrefix(name, prefix) {
			info.Metadata = append(info.Metadata, Field{name[len(prefix):], DecodeMetadata(header[i].Value)})
		}
	}
	return info
}

func parseType(s string) ChecksumType {
	switch s {
	case "FULL_OBJECT":
		return FullObject
	case "COMPOSITE":
		return Composite
	}
	return DefaultType
}

// algorithmOfElement finds the checksum whose value an element such as
// ChecksumCRC32C carries.
func algorithmOfElement(name string) Algorithm {
	for a := CRC32; a.Stored(); a++ {
		if algorithms[a].xml == name {
			return a
		}
	}
	return NoChecksum
}

// document is an answer being read, element by element of its root.
type document struct {
	op    Op
	scan  xmlscan.Scanner
	depth int // of the elements that next visits
	root  string
	taken bool // the element's content has been read
	buf   []byte
	err   error
}

// open begins to read body, whose root must be the element root. A body that
// is too large is not read at all.
func open(op Op, body []byte, root string) *document {
	d := &document{op: op, taken: true}
	if len(body) > MaxAnswerBody {
		d.fail("is too large")
		return d
	}
	d.scan.Reset(body)
	if d.scan.Next() == xmlscan.Start {
		d.root, d.depth = string(d.scan.Name()), 2
	}
	if d.root != root {
		d.fail("is no " + root)
	}
	return d
}

// next steps to the next element at d.depth and reports false after the last.
func (d *document) next() bool {
	if d.err != nil {
		return false
	}
	if !d.taken {
		d.scan.Skip()
	}
	d.taken = false
	for {
		switch d.scan.Next() {
		case xmlscan.Start:
			return true
		case xmlscan.End:
			if d.scan.Depth() == d.depth-2 {
				d.taken = true
				if d.depth == 2 && (d.scan.Next() != xmlscan.EOF || d.scan.Err() != nil) {
					d.fail("is cut short or no XML")
				}
				return false
			}
		case xmlscan.EOF:
			d.fail("is cut short or no XML")
			return false
		}
	}
}

// inner visits the elements of the current element: until next has returned
// false, it is they that next steps through.
func (d *document) inner() { d.depth, d.taken = d.depth+1, true }

// outer goes back to where inner was called.
func (d *document) outer() { d.depth-- }

func (d *document) name() string { return string(d.scan.Name()) }

// text returns the content of the current element without the space around it.
func (d *document) text() string {
	return strings.TrimSpace(d.exact())
}

// exact returns the content of the current element, space included.
func (d *document) exact() string {
	d.buf = d.scan.AppendContent(d.buf[:0])
	d.taken = true
	return string(d.buf)
}

// number returns a count of 0 to limit; an element without content is 0.
func (d *document) number(limit int64) int64 {
	text := d.text()
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > limit {
		d.fail("has a bad number")
		return 0
	}
	return n
}

// fail keeps the first problem.
func (d *document) fail(problem string) {
	if d.err == nil {
		d.err = &AnswerError{d.op, problem}
	}
}
