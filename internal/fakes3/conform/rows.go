package conform

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// row is one request, after those that lead up to it, and what S3 answers.
type row struct {
	name   string
	ask    func(c *Client) Answer
	status int
	codes  string // one of these; empty: none
}

// Run holds a store against every row.
func Run(t *testing.T, s Store) {
	lists := [][]row{signatures, objects, uploads, checksums, forms}
	if s.SignatureV2 {
		lists = append(lists, signaturesV2)
	}
	for _, r := range slices.Concat(lists...) {
		t.Run(r.name, func(t *testing.T) {
			c := newClient(t, &s)
			c.key = s.Prefix + strings.ReplaceAll(r.name, " ", "-")
			a := r.ask(c)
			code := s3.ParseError(c.request.Op, a.Status, a.Header, a.Body).Code
			// A store may say the code of an error of HEAD in a header.
			if ok := slices.Contains(strings.Fields(r.codes), code) || c.request.Method == "HEAD" || r.codes == "" && code == ""; a.Status != r.status || !ok {
				t.Errorf("answer %d %s, want %d %s\n%s", a.Status, code, r.status, r.codes, a.Body)
			}
		})
	}
}

const mib = 1 << 20

// signatures: S3 API Reference, "Authenticating Requests (AWS Signature Version
// 4)" and "Error responses".
var signatures = []row{
	{"put is stored", func(c *Client) Answer { return c.put(c.object(), fill(100)) }, 200, ""},
	{"key of all sorts", func(c *Client) Answer {
		c.key += "/ü +&=?#~*'()!/x"
		c.put(c.object(), fill(3))
		return c.head(c.object())
	}, 200, ""},
	{"wrong secret", func(c *Client) Answer {
		c.credentials.SecretAccessKey += "x"
		return c.put(c.object(), nil)
	}, 403, "SignatureDoesNotMatch"},
	{"unknown access key", func(c *Client) Answer {
		c.credentials.AccessKeyID = "AKIDUNKNOWN"
		return c.put(c.object(), nil)
	}, 403, "InvalidAccessKeyId"},
	{"clock ahead", func(c *Client) Answer {
		c.ahead = 20 * time.Minute
		return c.put(c.object(), nil)
	}, 403, "RequestTimeTooSkewed"},
	{"clock behind", func(c *Client) Answer {
		c.ahead = -20 * time.Minute
		return c.put(c.object(), nil)
	}, 403, "RequestTimeTooSkewed"},
	{"clock a little off", func(c *Client) Answer {
		c.ahead = 13 * time.Minute
		return c.put(c.object(), nil)
	}, 200, ""},
	{"wrong region", func(c *Client) Answer {
		c.region = "mars-north-1"
		return c.put(c.object(), nil)
	}, 400, "AuthorizationHeaderMalformed"},
	{"unsigned", func(c *Client) Answer {
		c.unsigned = true
		return c.put(c.object(), nil)
	}, 403, "AccessDenied"},
	{"header changed on the way", func(c *Client) Answer {
		o := c.object()
		o.ContentType = "text/plain"
		c.meddle = func(r *s3.Request) {
			for i := range r.Header {
				r.Header[i].Value = strings.Replace(r.Header[i].Value, "text/plain", "text/html", 1)
			}
		}
		return c.put(o, nil)
	}, 403, "SignatureDoesNotMatch"},
	{"path changed on the way", func(c *Client) Answer {
		c.meddle = func(r *s3.Request) { r.Path += "x" }
		return c.put(c.object(), nil)
	}, 403, "SignatureDoesNotMatch"},
	{"payload signed", func(c *Client) Answer {
		c.worded(c.address.PutObject(&c.request, c.object()))
		c.request.PayloadHash = hexOf(sum(s3.SHA256, fill(50)))
		return c.ask(fill(50))
	}, 200, ""},
	{"payload is not what was signed", func(c *Client) Answer {
		c.worded(c.address.PutObject(&c.request, c.object()))
		c.request.PayloadHash = hexOf(sum(s3.SHA256, fill(51)))
		return c.ask(fill(50))
	}, 400, "XAmzContentSHA256Mismatch"},
	{"presigned", func(c *Client) Answer { return c.presigned(60, 0) }, 200, ""},
	{"presigned and expired", func(c *Client) Answer { return c.presigned(60, -2*time.Minute) }, 403, "AccessDenied"},
}

// presigned reads an object by a URL that was signed so long ago.
func (c *Client) presigned(seconds int, ahead time.Duration) Answer {
	c.put(c.object(), fill(10))
	c.worded(c.address.HeadObject(&c.request, c.object()))
	c.request.Method = "GET"
	c.ahead = ahead
	c.worded(new(sign.V4).Presign(&c.request, &c.credentials, c.region, c.now(), seconds))
	return c.send(nil)
}

// signaturesV2: S3 Developer Guide, "Signing and Authenticating REST Requests".
var signaturesV2 = []row{
	{"V2 put is stored", func(c *Client) Answer {
		c.v2 = true
		return c.put(c.object(), fill(100))
	}, 200, ""},
	{"V2 wrong secret", func(c *Client) Answer {
		c.v2 = true
		c.credentials.SecretAccessKey += "x"
		return c.put(c.object(), nil)
	}, 403, "SignatureDoesNotMatch"},
	{"V2 upload in parts", func(c *Client) Answer {
		c.v2 = true
		o := c.object()
		id := c.create(o)
		return c.complete(o, id, c.upload(o, id, fill(5*mib), fill(1)))
	}, 200, ""},
	{"V2 clock ahead", func(c *Client) Answer {
		c.v2, c.ahead = true, 20*time.Minute
		return c.put(c.object(), nil)
	}, 403, "RequestTimeTooSkewed"},
}

// objects: S3 API Reference, PutObject, HeadObject and DeleteObject; User Guide,
// "How to prevent object overwrites with conditional writes".
var objects = []row{
	{"head of nothing", func(c *Client) Answer { return c.head(c.object()) }, 404, "NoSuchKey"},
	{"head has size and ETag", func(c *Client) Answer {
		c.put(c.object(), fill(1234))
		a := c.head(c.object())
		if info := s3.ParseHeadObject(a.Header); info.Size != 1234 || info.ETag != `"`+hexOf(sum(s3.ContentMD5, fill(1234)))+`"` {
			c.t.Errorf("head says %+v", info)
		}
		return a
	}, 200, ""},
	{"metadata comes back", func(c *Client) Answer {
		o := c.object()
		o.ContentType, o.Metadata = "image/png", []s3.Field{{Name: "album", Value: "ü x"}}
		c.put(o, fill(1))
		a := c.head(o)
		if info := s3.ParseHeadObject(a.Header); info.ContentType != o.ContentType || !slices.Equal(info.Metadata, o.Metadata) {
			c.t.Errorf("head says %+v", info)
		}
		return a
	}, 200, ""},
	{"deleted", func(c *Client) Answer {
		c.put(c.object(), fill(1))
		c.worded(c.address.DeleteObject(&c.request, c.object()))
		if a := c.ask(nil); a.Status != 204 {
			c.t.Errorf("delete: %d", a.Status)
		}
		return c.head(c.object())
	}, 404, "NoSuchKey"},
	{"only if there is none, and there is none", func(c *Client) Answer {
		o := c.object()
		o.IfNoneMatch = "*"
		return c.put(o, fill(1))
	}, 200, ""},
	{"only if there is none, and there is one", func(c *Client) Answer {
		o := c.object()
		c.put(o, fill(1))
		o.IfNoneMatch = "*"
		return c.put(o, fill(2))
	}, 412, "PreconditionFailed"},
	{"parts joined only if there is none", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		parts := c.upload(o, id, fill(9))
		c.put(o, fill(1))
		o.IfNoneMatch = "*"
		return c.complete(o, id, parts)
	}, 412, "PreconditionFailed"},
	{"wrong MD5", func(c *Client) Answer {
		o := c.object()
		o.Algorithm, o.Digest = s3.ContentMD5, flipped(sum(s3.ContentMD5, fill(7)))
		return c.put(o, fill(7))
	}, 400, "BadDigest"},
	{"wrong CRC32C", func(c *Client) Answer {
		o := c.object()
		o.Algorithm, o.Digest = s3.CRC32C, flipped(sum(s3.CRC32C, fill(7)))
		return c.put(o, fill(7))
	}, 400, "BadDigest XAmzContentChecksumMismatch"},
}

// uploads: S3 API Reference, CreateMultipartUpload, UploadPart,
// CompleteMultipartUpload, AbortMultipartUpload and ListParts.
var uploads = []row{
	{"parts are joined", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		parts := c.upload(o, id, fill(5*mib), fill(5*mib+1), fill(3))
		a := c.complete(o, id, parts)
		got, _ := s3.ParseCompleteMultipartUpload(a.Status, a.Header, a.Body)
		if want, _ := parts.AppendETag(nil); got.ETag != string(want) {
			c.t.Errorf("ETag %s, want %s", got.ETag, want)
		}
		if info := s3.ParseHeadObject(c.head(o).Header); info.Size != 10*mib+4 {
			c.t.Errorf("head says %+v", info)
		}
		return a
	}, 200, ""},
	{"part too small", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		return c.complete(o, id, c.upload(o, id, fill(100), fill(100)))
	}, 400, "EntityTooSmall"},
	{"part that was not sent", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		parts := c.upload(o, id, fill(5*mib))
		c.worded(parts.Set(2, `"00000000000000000000000000000000"`, nil))
		return c.complete(o, id, parts)
	}, 400, "InvalidPart"},
	{"part with another ETag", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		parts := c.upload(o, id, fill(100))
		c.worded(parts.Set(1, `"00000000000000000000000000000000"`, nil))
		return c.complete(o, id, parts)
	}, 400, "InvalidPart"},
	{"parts out of order", func(c *Client) Answer {
		return c.completeBody(`<Part><PartNumber>2</PartNumber><ETag>2</ETag></Part><Part><PartNumber>1</PartNumber><ETag>1</ETag></Part>`)
	}, 400, "InvalidPartOrder"},
	{"no parts", func(c *Client) Answer { return c.completeBody("") }, 400, "MalformedXML InvalidRequest"},
	{"part sent again replaces", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		c.upload(o, id, fill(100))
		a := c.complete(o, id, c.upload(o, id, fill(200)))
		if info := s3.ParseHeadObject(c.head(o).Header); info.Size != 200 {
			c.t.Errorf("head says %+v", info)
		}
		return a
	}, 200, ""},
	{"part after abort", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		if a := c.abort(o, id); a.Status != 204 {
			c.t.Errorf("abort: %d", a.Status)
		}
		return c.part(o, id, 1, fill(1), nil)
	}, 404, "NoSuchUpload"},
	{"list after abort", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		c.abort(o, id)
		return c.list(o, id, 0, 0)
	}, 404, "NoSuchUpload"},
	{"part number 0", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		c.worded(c.address.UploadPart(&c.request, o, id, 1, nil))
		c.request.Query[0].Value = "0"
		return c.ask(fill(1))
	}, 400, "InvalidArgument InvalidPart"},
	{"list in pages", func(c *Client) Answer {
		o := c.object()
		id := c.create(o)
		c.upload(o, id, fill(1), fill(2), fill(3))
		page, err := s3.ParseListParts(c.list(o, id, 0, 2).Body, nil)
		if err != nil || len(page.Parts) != 2 || page.NextPart != 2 || page.Parts[1].Size != 2 {
			c.t.Errorf("first page %+v, %v", page, err)
		}
		a := c.list(o, id, page.NextPart, 2)
		page, err = s3.ParseListParts(a.Body, nil)
		if err != nil || len(page.Parts) != 1 || page.NextPart != 0 || page.Parts[0].Number != 3 {
			c.t.Errorf("last page %+v, %v", page, err)
		}
		return a
	}, 200, ""},
	{"uploads are listed", func(c *Client) Answer {
		id := c.create(c.object())
		c.worded(c.address.ListMultipartUploads(&c.request, c.key, "", "", 0))
		a := c.ask(nil)
		page, err := s3.ParseListMultipartUploads(a.Body, nil)
		if err != nil || len(page.Uploads) != 1 || page.Uploads[0].UploadID != id || page.Uploads[0].Key != c.key {
			c.t.Errorf("page %+v, %v", page, err)
		}
		return a
	}, 200, ""},
}

// completeBody sends a list of parts that package s3 would not word.
func (c *Client) completeBody(list string) Answer {
	o := c.object()
	id := c.create(o)
	parts := c.upload(o, id, fill(5*mib), fill(5*mib))
	c.worded(c.address.CompleteMultipartUpload(&c.request, o, id, parts, -1))
	c.request.Body = []byte("<CompleteMultipartUpload>" + list + "</CompleteMultipartUpload>")
	c.request.PayloadHash = hexOf(sum(s3.SHA256, c.request.Body))
	return c.ask(nil)
}

// checksums: User Guide, "Checking object integrity in Amazon S3".
var checksums = []row{
	{"whole CRC64NVME", func(c *Client) Answer { return c.whole(s3.CRC64NVME, false) }, 200, ""},
	{"wrong whole CRC64NVME", func(c *Client) Answer { return c.whole(s3.CRC64NVME, true) }, 400, "BadDigest XAmzContentChecksumMismatch"},
	{"whole CRC32", func(c *Client) Answer { return c.whole(s3.CRC32, false) }, 200, ""},
	{"composite SHA256", func(c *Client) Answer {
		o := c.object()
		o.Algorithm = s3.SHA256
		id := c.create(o)
		parts := c.upload(o, id, fill(5*mib), fill(5))
		a := c.complete(o, id, parts)
		got, _ := s3.ParseCompleteMultipartUpload(a.Status, a.Header, a.Body)
		if want, _ := parts.AppendComposite(nil, s3.SHA256); got.Checksum != string(want) {
			c.t.Errorf("checksum %s, want %s", got.Checksum, want)
		}
		return a
	}, 200, ""},
	{"part with a wrong checksum", func(c *Client) Answer {
		o := c.object()
		o.Algorithm = s3.SHA256
		return c.part(o, c.create(o), 1, fill(5), flipped(sum(s3.SHA256, fill(5))))
	}, 400, "BadDigest XAmzContentChecksumMismatch"},
}

// whole uploads parts with the checksum of the whole.
func (c *Client) whole(a s3.Algorithm, wrong bool) Answer {
	o := c.object()
	o.Algorithm, o.ChecksumType = a, s3.FullObject
	id := c.create(o)
	parts := c.upload(o, id, fill(5*mib), fill(5))
	o.Digest = sum(a, slices.Concat(fill(5*mib), fill(5)))
	if wrong {
		o.Digest = flipped(o.Digest)
	}
	return c.complete(o, id, parts)
}

// forms: S3 API Reference, "Browser-Based Uploads Using POST".
var forms = []row{
	{"form is stored", func(c *Client) Answer { return c.post(fill(40), 40, nil) }, 201, ""},
	{"form with another key than allowed", func(c *Client) Answer {
		return c.post(fill(40), 40, func(f *s3.Field) {
			if f.Name == "key" {
				f.Value += "x"
			}
		})
	}, 403, "AccessDenied"},
	{"form with a larger file than allowed", func(c *Client) Answer { return c.post(fill(41), 40, nil) }, 400, "EntityTooLarge"},
	{"form with another policy than signed", func(c *Client) Answer {
		return c.post(fill(40), 40, func(f *s3.Field) {
			if f.Name == "x-amz-signature" {
				f.Value = strings.Repeat("0", 64)
			}
		})
	}, 403, "SignatureDoesNotMatch"},
}

// post sends a browser form whose policy allows most bytes, after meddling with
// each of its fields.
func (c *Client) post(body []byte, most int64, meddle func(f *s3.Field)) Answer {
	const boundary = "conform-boundary-0123456789"
	c.worded(c.address.PostObject(&c.request, c.object(), boundary))
	p := sign.Policy{Expiration: c.now() + 60_000}
	p.Equal("bucket", c.address.Bucket)
	p.ContentLengthRange(0, most)
	for _, f := range c.request.Form {
		p.Field(f.Name, f.Value)
	}
	c.worded(new(sign.V4).Policy(&p, &c.credentials, c.region, c.now()))
	c.request.Form = p.Form
	for i := range c.request.Form {
		if meddle != nil {
			meddle(&c.request.Form[i])
		}
	}
	text, err := c.request.AppendFormHead(nil)
	c.worded(err)
	return c.send(c.request.AppendFormTail(append(text, body...)))
}
