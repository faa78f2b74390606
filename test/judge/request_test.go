package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/e2e/harness"
)

func TestRequest_putHeadDelete(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		for i, name := range oddNames {
			o := described("put/" + h.name + "/" + name)
			data := harness.Bytes(uint32(i), i*i*100)
			var r s3.Request
			if err := h.address.PutObject(&r, &o); err != nil {
				t.Fatal(err)
			}
			if i%2 == 1 { // signed payload, and unsigned
				sum := sha256.Sum256(data)
				r.PayloadHash = hex.EncodeToString(sum[:])
			}
			h.sign(&r)
			a := send(t, &r, data).must(t, h.name+", put "+name, 200)
			etag, ok := s3.ParsePutObject(a.header)
			if !ok {
				t.Errorf("%s: no ETag in %v", h.name, a.header)
			}
			c.check(t, &o, data)

			if err := h.address.HeadObject(&r, &o); err != nil {
				t.Fatal(err)
			}
			h.sign(&r)
			head := s3.ParseHeadObject(send(t, &r, nil).must(t, h.name+", head "+name, 200).header)
			if head.ETag != etag || head.Size != int64(len(data)) {
				t.Errorf("%s, %q: head says %+v, want ETag %s and %d bytes", h.name, name, head, etag, len(data))
			}

			if err := h.address.DeleteObject(&r, &o); err != nil {
				t.Fatal(err)
			}
			h.sign(&r)
			send(t, &r, nil).must(t, h.name+", delete "+name, 204)
		}
	}
	c.absent(t, "put/")
}

// What goes beyond bytes and names: tags, a checksum that the store verifies,
// and a condition.
func TestRequest_putWithChecksumTagsAndCondition(t *testing.T) {
	c := convene(t)
	data := harness.Bytes(1, 1000)
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	digest := []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}
	for _, h := range c.hands(t) {
		o := described("more/" + h.name)
		o.Tags = []s3.Field{{Name: "a b", Value: "c=d +-._:/@"}, {Name: "n", Value: "1"}}
		o.Algorithm, o.Digest = s3.CRC32C, digest
		var r s3.Request
		put := func(data []byte) answer {
			if err := h.address.PutObject(&r, &o); err != nil {
				t.Fatal(err)
			}
			h.sign(&r)
			return send(t, &r, data)
		}
		damaged := append([]byte("x"), data[1:]...)
		if a := put(damaged); a.status != 400 {
			t.Errorf("%s: damaged data: %v, want 400", h.name, a)
		}
		put(data).must(t, h.name, 200)
		c.check(t, &o, data)
		tags, err := c.Client(t).GetObjectTagging(t.Context(), c.bucket, o.Key, minio.GetObjectTaggingOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := tags.ToMap(); got["a b"] != "c=d +-._:/@" || got["n"] != "1" || len(got) != 2 {
			t.Errorf("%s: tags %q", h.name, got)
		}
		if h.version == 4 {
			o.IfNoneMatch = "*"
			put(data).refused(t, h.name, s3.OpPutObject, 412, "PreconditionFailed")
		}
	}
}

func TestRequest_multipart(t *testing.T) {
	c := convene(t)
	data := harness.Bytes(3, 11*mib)
	for _, h := range c.hands(t) {
		o := described("multi/" + h.name + "/" + oddNames[3] + oddNames[7])
		id := h.create(t, &o)
		var parts s3.PartList
		var r s3.Request
		for part := uint16(1); part <= 3; part++ {
			slice := data[int(part-1)*5*mib : min(int(part)*5*mib, len(data))]
			if err := h.address.UploadPart(&r, &o, id, part, nil); err != nil {
				t.Fatal(err)
			}
			h.sign(&r)
			a := send(t, &r, slice).must(t, fmt.Sprintf("%s, part %d", h.name, part), 200)
			etag, ok := s3.ParseUploadPart(a.header)
			if !ok {
				t.Fatalf("%s: part %d has no ETag", h.name, part)
			}
			if err := parts.Set(part, etag, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.address.ListParts(&r, &o, id, 0, 0); err != nil {
			t.Fatal(err)
		}
		h.sign(&r)
		page, err := s3.ParseListParts(send(t, &r, nil).must(t, h.name+", list", 200).body, nil)
		if err != nil || len(page.Parts) != 3 || page.Parts[2].Size != mib {
			t.Errorf("%s: listed %+v, %v", h.name, page.Parts, err)
		}
		if err := h.address.CompleteMultipartUpload(&r, &o, id, &parts, int64(len(data))); err != nil {
			t.Fatal(err)
		}
		h.sign(&r)
		a := send(t, &r, nil)
		if result, err := s3.ParseCompleteMultipartUpload(a.status, a.header, a.body); err != nil || result.Key != o.Key {
			t.Errorf("%s: complete: %+v, %v", h.name, result, err)
		}
		c.check(t, &o, data)
	}
}

func TestRequest_abort(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		o := described("abort/" + h.name)
		id := h.create(t, &o)
		if got := h.uploads(t, o.Key); len(got) != 1 || got[0].UploadID != id || got[0].Key != o.Key {
			t.Errorf("%s: under way are %+v, want one with ID %s", h.name, got, id)
		}
		var r s3.Request
		if err := h.address.AbortMultipartUpload(&r, &o, id); err != nil {
			t.Fatal(err)
		}
		h.sign(&r)
		send(t, &r, nil).must(t, h.name, 204)
		if got := h.uploads(t, o.Key); len(got) != 0 {
			t.Errorf("%s: after the abort there are %+v", h.name, got)
		}
	}
}

func (h *hand) create(t *testing.T, o *s3.Object) (uploadID string) {
	t.Helper()
	var r s3.Request
	if err := h.address.CreateMultipartUpload(&r, o); err != nil {
		t.Fatal(err)
	}
	h.sign(&r)
	id, err := s3.ParseCreateMultipartUpload(send(t, &r, nil).must(t, h.name+", create", 200).body)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// uploads are those under way for a key. MinIO lists by the whole key alone.
func (h *hand) uploads(t *testing.T, key string) []s3.Upload {
	t.Helper()
	var r s3.Request
	if err := h.address.ListMultipartUploads(&r, key, "", "", 0); err != nil {
		t.Fatal(err)
	}
	h.sign(&r)
	page, err := s3.ParseListMultipartUploads(send(t, &r, nil).must(t, h.name+", list", 200).body, nil)
	if err != nil {
		t.Fatal(err)
	}
	return page.Uploads
}

func TestPresigned_putAndGet(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		for i, name := range oddNames {
			o := described("presigned/" + h.name + "/" + name)
			data := harness.Bytes(uint32(i), 1000)
			var r s3.Request
			if err := h.address.PutObject(&r, &o); err != nil {
				t.Fatal(err)
			}
			h.presign(t, &r)
			send(t, &r, data).must(t, h.name+", put "+name, 200)
			c.check(t, &o, data)

			if err := h.address.HeadObject(&r, &o); err != nil {
				t.Fatal(err)
			}
			r.Method = "GET"
			h.presign(t, &r)
			if got := send(t, &r, nil).must(t, h.name+", get "+name, 200); string(got.body) != string(data) {
				t.Errorf("%s, %q: a presigned GET reads other bytes", h.name, name)
			}
		}
	}
}

func TestWrongSecret_isRefused(t *testing.T) {
	c := convene(t)
	for _, good := range c.hands(t) {
		h := good.wrong()
		o := described("wrong/" + h.name)
		var r s3.Request
		if err := h.address.PutObject(&r, &o); err != nil {
			t.Fatal(err)
		}
		h.sign(&r)
		send(t, &r, nil).refused(t, h.name+", header", s3.OpPutObject, 403, "SignatureDoesNotMatch")
		if err := h.address.PutObject(&r, &o); err != nil {
			t.Fatal(err)
		}
		h.presign(t, &r)
		send(t, &r, nil).refused(t, h.name+", query", s3.OpPutObject, 403, "SignatureDoesNotMatch")
		if err := h.address.CreateMultipartUpload(&r, &o); err != nil {
			t.Fatal(err)
		}
		h.sign(&r)
		send(t, &r, nil).refused(t, h.name+", create", s3.OpCreateMultipartUpload, 403, "SignatureDoesNotMatch")
		a, _ := h.post(t, &o, []byte("x"), func(*sign.Policy) {})
		a.refused(t, h.name+", form", s3.OpPostObject, 403, "SignatureDoesNotMatch")
		if h.version == 4 {
			h.chunked(t, &o, []byte("x"), sign.Chunked{PayloadHash: sign.StreamingPayload}).
				refused(t, h.name+", chunked", s3.OpPutObject, 403, "SignatureDoesNotMatch")
		}
	}
	c.absent(t, "wrong/")
}
