package s3

import "encoding/base64"

// Part is one part that the store has.
type Part struct {
	Number uint16
	Size   int64 // bytes
	ETag   string
	Digest []byte // raw, by the page's Algorithm; nil when the store has none
}

// PartsPage is one page of ListParts.
type PartsPage struct {
	Parts        []Part // in ascending order
	UploadID     string
	Algorithm    Algorithm // of the parts' digests, if any
	ChecksumType ChecksumType

	// NextPart goes into the request for the next page as afterPart. It is not
	// below any part of this page, and 0 after the last page.
	NextPart uint16
}

// ParseListParts reads a page of parts, which it appends to dst: page.Parts is
// the longer slice. The error is an *AnswerError.
//
//	S3 API Reference, ListParts.
func ParseListParts(body []byte, dst []Part) (PartsPage, error) {
	page, truncated, next := PartsPage{Parts: dst}, false, int64(0)
	d := open(OpListParts, body, "ListPartsResult")
	for d.next() {
		switch d.name() {
		case "UploadId":
			page.UploadID = d.text()
		case "IsTruncated":
			truncated = d.text() == "true"
		case "NextPartNumberMarker":
			next = d.number(MaxParts)
		case "ChecksumAlgorithm":
			page.Algorithm, _ = ParseAlgorithm(d.text())
		case "ChecksumType":
			page.ChecksumType = parseType(d.text())
		case "Part":
			d.part(&page, len(dst))
		}
	}
	if truncated {
		// A marker that does not move on would make the pages endless.
		n := len(page.Parts)
		if n == len(dst) || next != 0 && next < int64(page.Parts[n-1].Number) {
			d.fail("goes on without saying where")
		} else if next == 0 {
			next = int64(page.Parts[n-1].Number)
		}
		page.NextPart = uint16(next)
	}
	if d.err != nil {
		return PartsPage{}, d.err
	}
	return page, nil
}

// part reads a <Part>; the page begins at parts[first].
func (d *document) part(page *PartsPage, first int) {
	var p Part
	d.inner()
	for d.next() {
		switch name := d.name(); name {
		case "PartNumber":
			p.Number = uint16(d.number(MaxParts))
		case "Size":
			p.Size = d.number(MaxObjectSize)
		case "ETag":
			p.ETag = d.text()
		default:
			if a := algorithmOfElement(name); a != NoChecksum {
				page.Algorithm, p.Digest = a, d.digest(a)
			}
		}
	}
	d.outer()
	n := len(page.Parts)
	if p.Number == 0 || !validETag(p.ETag) || n > first && p.Number <= page.Parts[n-1].Number {
		d.fail("has a part without number or ETag, or out of order")
	}
	page.Parts = append(page.Parts, p)
}

// digest reads a checksum's value.
func (d *document) digest(a Algorithm) []byte {
	raw, err := base64.StdEncoding.DecodeString(d.text())
	if err != nil || len(raw) != a.Size() {
		d.fail("has a malformed checksum")
		return nil
	}
	return raw
}

// Upload is one multipart upload that is under way.
type Upload struct {
	Key, UploadID string
	Initiated     int64 // milliseconds since 1970-01-01 UTC, or 0
	StorageClass  string
	Algorithm     Algorithm
	ChecksumType  ChecksumType
}

// UploadsPage is one page of ListMultipartUploads.
type UploadsPage struct {
	Uploads []Upload // by key, those of one key by age

	// Truncated reports that there is another page: the markers go into the
	// request for it.
	Truncated                         bool
	NextKeyMarker, NextUploadIDMarker string
}

// ParseListMultipartUploads reads a page of uploads, which it appends to dst:
// page.Uploads is the longer slice. The error is an *AnswerError.
//
//	S3 API Reference, ListMultipartUploads.
func ParseListMultipartUploads(body []byte, dst []Upload) (UploadsPage, error) {
	page, encoded := UploadsPage{Uploads: dst}, false
	d := open(OpListMultipartUploads, body, "ListMultipartUploadsResult")
	for d.next() {
		switch d.name() {
		case "IsTruncated":
			page.Truncated = d.text() == "true"
		case "EncodingType":
			encoded = d.text() == "url"
		case "NextKeyMarker":
			page.NextKeyMarker = d.exact()
		case "NextUploadIdMarker":
			page.NextUploadIDMarker = d.text()
		case "Upload":
			if len(page.Uploads)-len(dst) == MaxListPage {
				d.fail("has too many uploads")
				break
			}
			page.Uploads = append(page.Uploads, d.upload())
		}
	}
	if page.Truncated && page.NextKeyMarker == "" {
		d.fail("goes on without saying where")
	}
	if encoded && d.err == nil {
		page.NextKeyMarker = d.unescape(page.NextKeyMarker)
		for i := len(dst); i < len(page.Uploads); i++ {
			page.Uploads[i].Key = d.unescape(page.Uploads[i].Key)
		}
	}
	if d.err != nil {
		return UploadsPage{}, d.err
	}
	return page, nil
}

// upload reads an <Upload>.
func (d *document) upload() Upload {
	var u Upload
	d.inner()
	for d.next() {
		switch d.name() {
		case "Key":
			u.Key = d.exact()
		case "UploadId":
			u.UploadID = d.text()
		case "Initiated":
			u.Initiated, _ = ParseTime(d.text())
		case "StorageClass":
			u.StorageClass = d.text()
		case "ChecksumAlgorithm":
			u.Algorithm, _ = ParseAlgorithm(d.text())
		case "ChecksumType":
			u.ChecksumType = parseType(d.text())
		}
	}
	d.outer()
	if u.Key == "" || checkUploadID(u.UploadID) != nil {
		d.fail("has an upload without key or ID")
	}
	return u
}

// unescape undoes encoding-type=url, which is that of HTML forms: a space is
// "+" (botocore decodes lists the same way).
func (d *document) unescape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] != '%':
			out = append(out, s[i])
		case i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			out = append(out, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			d.fail("has a malformed key")
		}
	}
	return string(out)
}
