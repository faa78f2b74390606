package fakes3

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/s3"
)

// page is how many entries a page has, at most what the request asks for.
func (s *Store) page(c *call, name string) (int, *refusal) {
	text, ok := c.has(name)
	if !ok {
		return s.config.Page, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, refuse("InvalidArgument")
	}
	return min(n, s.config.Page), nil
}

// listParts is ListParts.
func (s *Store) listParts(c *call) *refusal {
	most, refused := s.page(c, "max-parts")
	if refused != nil {
		return refused
	}
	after, err := strconv.Atoi("0" + c.param("part-number-marker"))
	if err != nil {
		return refuse("InvalidArgument")
	}
	u, refused := s.find(c)
	if refused != nil {
		return refused
	}
	var x document
	x.begin("ListPartsResult")
	x.element("Bucket", s.config.Bucket)
	x.element("Key", u.Key)
	x.element("UploadId", u.ID)
	x.element("PartNumberMarker", strconv.Itoa(after))
	first := min(u.taken, len(u.Parts))
	for first < len(u.Parts) && int(u.Parts[first].Number) <= after {
		first++
	}
	last := min(first+most, len(u.Parts))
	if last > first {
		x.element("NextPartNumberMarker", strconv.Itoa(int(u.Parts[last-1].Number)))
	}
	x.element("MaxParts", strconv.Itoa(most))
	x.element("IsTruncated", strconv.FormatBool(last < len(u.Parts)))
	if u.Algorithm != s3.NoChecksum {
		x.element("ChecksumAlgorithm", u.Algorithm.String())
		x.element("ChecksumType", u.Type.String())
	}
	for _, p := range u.Parts[first:last] {
		x.open("Part")
		x.element("PartNumber", strconv.Itoa(int(p.Number)))
		x.element("ETag", p.ETag)
		x.element("Size", strconv.FormatInt(p.Body.Len(), 10))
		if p.Digest != nil {
			x.element("Checksum"+u.Algorithm.String(), base64.StdEncoding.EncodeToString(p.Digest))
		}
		x.close("Part")
	}
	c.xml(x.end("ListPartsResult"))
	c.answer.Status = 200
	return nil
}

// listUploads is ListMultipartUploads.
func (s *Store) listUploads(c *call) *refusal {
	most, refused := s.page(c, "max-uploads")
	if refused != nil {
		return refused
	}
	encode := func(text string) string { return text }
	if c.param("encoding-type") == "url" {
		encode = url.QueryEscape
	}
	list, key, id := slices.Clone(s.uploads), c.param("key-marker"), c.param("upload-id-marker")
	slices.SortFunc(list, func(a, b *Upload) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), cmp.Compare(a.sequence, b.sequence))
	})
	begun := s.sequence(id)
	list = slices.DeleteFunc(list, func(u *Upload) bool {
		passed := u.Key < key || key != "" && u.Key == key && (id == "" || u.sequence <= begun)
		return passed || !strings.HasPrefix(u.Key, c.param("prefix"))
	})
	shown := list[:min(most, len(list))]
	var x document
	x.begin("ListMultipartUploadsResult")
	x.element("Bucket", s.config.Bucket)
	x.element("KeyMarker", encode(key))
	x.element("UploadIdMarker", id)
	if n := len(shown); n > 0 && n < len(list) {
		x.element("NextKeyMarker", encode(shown[n-1].Key))
		x.element("NextUploadIdMarker", shown[n-1].ID)
	}
	x.element("MaxUploads", strconv.Itoa(most))
	if encoding := c.param("encoding-type"); encoding != "" {
		x.element("EncodingType", encoding)
	}
	x.element("IsTruncated", strconv.FormatBool(len(shown) < len(list)))
	for _, u := range shown {
		x.open("Upload")
		x.element("Key", encode(u.Key))
		x.element("UploadId", u.ID)
		x.element("StorageClass", "STANDARD")
		x.element("Initiated", string(u.Begun.AppendISO8601(nil)))
		x.close("Upload")
	}
	c.xml(x.end("ListMultipartUploadsResult"))
	c.answer.Status = 200
	return nil
}

// sequence reads the place of an upload in the order of creation out of its ID.
func (s *Store) sequence(id string) int {
	number, _, _ := strings.Cut(strings.TrimPrefix(id, "upload-"), ".")
	n, _ := strconv.Atoi(number)
	return n - 1
}
