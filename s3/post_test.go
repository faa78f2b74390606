package s3

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
)

const boundary = "bucketline-0123456789abcdef"

// S3 API Reference, "POST Object", form fields.
func TestAddressPostObject(t *testing.T) {
	secret := secretly()
	tests := []struct {
		name   string
		target Target
		o      *Object
		want   string
	}{
		{"a key alone", virtual, &Object{Key: "u/${filename}"},
			"POST https://photos.s3.eu-west-1.amazonaws.com/\n" + signedEU + "content-type: multipart/form-data; boundary=" + boundary + "\n" +
				"form key=u/${filename}\nform success_action_status=201\n" + unsigned},
		{"path style and all that a form can say", inPath, &Object{
			Key: "ä b", ContentType: "a/b", CacheControl: "c", ContentDisposition: "d", ContentEncoding: "e", Expires: "f", ACL: "private",
			Tags: []Field{{"a<", "&b"}, {"c", ""}}, StorageClass: "STANDARD_IA", WebsiteRedirect: "/", Metadata: []Field{{"Album", "ä"}, {"none", ""}},
			SSE: SSE{Mode: SSEKMS, KMSKeyID: "k"}, Algorithm: SHA256, Digest: helloSHA256,
		},
			"POST https://store.example.com:9000/photos/\ncontent-type: multipart/form-data; boundary=" + boundary + "\n" +
				"form key=ä b\nform success_action_status=201\nform Content-Type=a/b\nform Cache-Control=c\nform Content-Disposition=d\nform Content-Encoding=e\nform Expires=f\nform acl=private\n" +
				"form tagging=<Tagging><TagSet><Tag><Key>a&lt;</Key><Value>&amp;b</Value></Tag><Tag><Key>c</Key><Value></Value></Tag></TagSet></Tagging>\n" +
				"form x-amz-storage-class=STANDARD_IA\nform x-amz-website-redirect-location=/\nform x-amz-meta-album=ä\nform x-amz-meta-none=\n" +
				"form x-amz-checksum-algorithm=SHA256\nform x-amz-server-side-encryption=aws:kms\nform x-amz-server-side-encryption-aws-kms-key-id=k\n" +
				"form x-amz-checksum-sha256=ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw=\n" + unsigned},
		{"a customer key and Content-MD5", virtual, &Object{Key: "k", SSE: secret.SSE, Algorithm: ContentMD5, Digest: []byte("0123456789abcdef")},
			"POST https://photos.s3.eu-west-1.amazonaws.com/\n" + signedEU + "content-type: multipart/form-data; boundary=" + boundary + "\n" +
				"form key=k\nform success_action_status=201\n" +
				"form " + strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(secretHeaders), "\n", "\nform "), ": ", "=") + "\n" +
				"form content-md5=MDEyMzQ1Njc4OWFiY2RlZg==\n" + unsigned},
	}
	var r Request
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := resolved(t, test.target).PostObject(&r, test.o, boundary); err != nil {
				t.Fatal(err)
			}
			if got := worded(&r); got != test.want {
				t.Errorf("worded as\n%s, want\n%s", got, test.want)
			}
		})
	}
}

// Go's own reader of multipart/form-data finds in the body what r.Form says.
func TestRequestAppendFormHead_readsBack(t *testing.T) {
	var r Request
	o := &Object{Key: "a\r\n--b\"ä.txt", ContentType: "a/b", Metadata: []Field{{"album", "x"}}, Tags: []Field{{"a", "b"}}}
	if err := resolved(t, virtual).PostObject(&r, o, boundary); err != nil {
		t.Fatal(err)
	}
	r.Form = append(r.Form, Field{"policy", "e30="}, Field{"x-amz-signature", "00"})
	body, err := r.AppendFormHead([]byte(nil))
	if err != nil {
		t.Fatal(err)
	}
	const file = "\r\n--not the boundary\r\n"
	body = r.AppendFormTail(append(body, file...))

	kind, _ := HeaderValue(r.Header, "Content-Type")
	media, params, err := mime.ParseMediaType(kind)
	if err != nil || media != "multipart/form-data" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for _, want := range append(r.Form[:len(r.Form):len(r.Form)], Field{"file", file}) {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatalf("before %s: %v", want.Name, err)
		}
		content, err := io.ReadAll(part)
		if err != nil || part.FormName() != want.Name || string(content) != want.Value {
			t.Errorf("field %q is %q, %v, want %q", part.FormName(), content, err, want)
		}
		// The store replaces ${filename} by this name, so it stays as it is.
		if want.Name == "file" && part.FileName() != "${filename}" {
			t.Errorf("the file is called %q, want ${filename}", part.FileName())
		}
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("after the file: %v, want the end", err)
	}
}

func TestRequestAppendFormHead_limit(t *testing.T) {
	var r Request
	if err := resolved(t, virtual).PostObject(&r, &Object{Key: "k"}, boundary); err != nil {
		t.Fatal(err)
	}
	length := func(n int) (int, error) {
		r.Form = append(r.Form[:2], Field{"policy", strings.Repeat("p", n)})
		head, err := r.AppendFormHead([]byte("before"))
		return len(head) - len("before") + len(r.AppendFormTail(nil)), err
	}
	base, err := length(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		size int
		ok   bool
	}{{MaxPostPreData - 1, true}, {MaxPostPreData, true}, {MaxPostPreData + 1, false}} {
		got, err := length(test.size - base)
		if (err == nil) != test.ok || test.ok && got != test.size {
			t.Errorf("a form of %d bytes: %d, %v, want ok %t", test.size, got, err, test.ok)
		}
		if err != nil {
			checkInput(t, err, CodeFormTooLarge, "form")
		}
	}
}

func TestAddressPostObject_refuses(t *testing.T) {
	tests := []struct {
		name, code, field string
		target            Target
		o                 Object
		boundary          string
	}{
		{"a condition", CodeUnsupported, "ifNoneMatch", virtual, Object{Key: "k", IfNoneMatch: "*"}, boundary},
		{"the other condition", CodeUnsupported, "ifMatch", virtual, Object{Key: "k", IfMatch: `"e"`}, boundary},
		{"a lock", CodeUnsupported, "lock", virtual, Object{Key: "k", Lock: ObjectLock{LegalHold: true}, Algorithm: ContentMD5}, boundary},
		{"an expected owner", CodeUnsupported, "expectedBucketOwner", owned, Object{Key: "k"}, boundary},
		{"a content language", CodeUnsupported, "contentLanguage", virtual, Object{Key: "k", ContentLanguage: "de"}, boundary},
		{"CRC64NVME", CodeUnsupported, "checksum", virtual, Object{Key: "k", Algorithm: CRC64NVME, Digest: make([]byte, 8)}, boundary},
		{"a checksum without digest", CodeChecksum, "checksum", virtual, Object{Key: "k", Algorithm: SHA1}, boundary},
		{"a boundary of 15", CodeFormInvalid, "boundary", virtual, Object{Key: "k"}, strings.Repeat("b", 15)},
		{"a boundary of 71", CodeFormInvalid, "boundary", virtual, Object{Key: "k"}, strings.Repeat("b", 71)},
		{"a boundary with a line break", CodeFormInvalid, "boundary", virtual, Object{Key: "k"}, "0123456789abcdef\r\n"},
		{"bad metadata", CodeMetadataInvalid, "metadata.a", virtual, Object{Key: "k", Metadata: []Field{{"a", "b\r\n"}}}, boundary},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkInput(t, resolved(t, test.target).PostObject(&Request{}, &test.o, test.boundary), test.code, test.field)
		})
	}
	for _, n := range []int{16, 70} {
		if err := resolved(t, virtual).PostObject(&Request{}, &Object{Key: "k"}, strings.Repeat("b", n)); err != nil {
			t.Errorf("a boundary of %d: %v", n, err)
		}
	}
}
