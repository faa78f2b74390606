package s3

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// worded writes a request as a transcript: the request line, the headers and
// form fields in order, the body.
func worded(r *Request) string {
	var out strings.Builder
	out.WriteString(r.Method + " " + string(r.AppendURL(nil)) + "\n")
	if r.SignedHost != r.Host || r.VirtualBucket != "" {
		out.WriteString("signed for " + r.SignedHost + " bucket " + r.VirtualBucket + "\n")
	}
	for _, h := range r.Header {
		out.WriteString(h.Name + ": " + h.Value + "\n")
	}
	for _, f := range r.Form {
		out.WriteString("form " + f.Name + "=" + f.Value + "\n")
	}
	out.WriteString("payload " + r.PayloadHash + "\n")
	if r.Body != nil {
		out.WriteString(string(r.Body) + "\n")
	}
	return out.String()
}

func resolved(t testing.TB, target Target) *Address {
	t.Helper()
	a, err := target.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	return &a
}

var (
	virtual = Target{Bucket: "photos", Region: "eu-west-1"}
	inPath  = Target{Bucket: "photos", Endpoint: "https://store.example.com:9000", Profile: ProfileMinIO}
	owned   = Target{Bucket: "photos", Region: "eu-west-1", ExpectedBucketOwner: "123456789012"}
	viaCDN  = Target{Bucket: "photos", Region: "eu-west-1", SendTo: "https://cdn.example.com"}
)

// SHA-256("Hello world") by its definition, not by this package.
var helloSHA256 = []byte("\x64\xec\x88\xca\x00\xb2\x68\xe5\xba\x1a\x35\x67\x8a\x1b\x53\x16\xd2\x12\xf4\xf3\x66\xb2\x47\x72\x32\x53\x4a\x8a\xec\xa3\x7f\x3c")

// everything is an object with each property set that can go together.
func everything() *Object {
	return &Object{
		Key:         "u/42/ä b.mov",
		ContentType: "video/quicktime", CacheControl: "max-age=60", ContentDisposition: `attachment; filename="b.mov"`,
		ContentEncoding: "gzip", ContentLanguage: "de", Expires: "Wed, 21 Oct 2026 07:28:00 GMT",
		Metadata: []Field{{"Album", "x y"}, {"umlaut", "ä"}, {"empty", ""}},
		Tags:     []Field{{"team a", "b&c=d"}, {"empty", ""}},
		ACL:      "bucket-owner-full-control", StorageClass: "STANDARD_IA", WebsiteRedirect: "/other",
		SSE:       SSE{Mode: SSEKMS, KMSKeyID: "arn:aws:kms:eu-west-1:123456789012:key/k", KMSContext: `{"a":"b"}`, BucketKey: true},
		Lock:      ObjectLock{Mode: LockCompliance, RetainUntil: "2030-01-31T00:00:00Z", LegalHold: true},
		Algorithm: SHA256, Digest: helloSHA256, IfNoneMatch: "*",
	}
}

const everythingStored = `content-type: video/quicktime
cache-control: max-age=60
content-disposition: attachment; filename="b.mov"
content-encoding: gzip
content-language: de
expires: Wed, 21 Oct 2026 07:28:00 GMT
x-amz-acl: bucket-owner-full-control
x-amz-storage-class: STANDARD_IA
x-amz-website-redirect-location: /other
x-amz-server-side-encryption: aws:kms
x-amz-server-side-encryption-aws-kms-key-id: arn:aws:kms:eu-west-1:123456789012:key/k
x-amz-server-side-encryption-context: eyJhIjoiYiJ9
x-amz-server-side-encryption-bucket-key-enabled: true
x-amz-object-lock-mode: COMPLIANCE
x-amz-object-lock-retain-until-date: 2030-01-31T00:00:00Z
x-amz-object-lock-legal-hold: ON
x-amz-tagging: team%20a=b%26c%3Dd&empty=
x-amz-meta-album: x y
x-amz-meta-umlaut: =?UTF-8?B?w6Q=?=
x-amz-meta-empty: ` + `
`

// secretly is an object under SSE-C. The key is 32 times "k"; its base64 and
// the MD5 of it were made with coreutils.
func secretly() *Object {
	o := &Object{Key: "k"}
	o.SSE.Mode = SSECustomer
	copy(o.SSE.CustomerKey[:], bytes.Repeat([]byte("k"), 32))
	return o
}

const secretHeaders = `x-amz-server-side-encryption-customer-algorithm: AES256
x-amz-server-side-encryption-customer-key: a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=
x-amz-server-side-encryption-customer-key-md5: mT2HRsMGJ5IX5C+0rreZ8Q==
`

const (
	noBytes  = "payload e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
	unsigned = "payload UNSIGNED-PAYLOAD\n"
	signedEU = "signed for photos.s3.eu-west-1.amazonaws.com bucket photos\n"
)

// The wanted requests are written by hand from the S3 API Reference, the page
// of each operation, "Request Syntax".
func TestAddress_words(t *testing.T) {
	twoParts := func(digests ...[]byte) *PartList {
		var l PartList
		digests = append(digests, nil, nil)
		for i, etag := range []string{`"a54357aff0632cce46d942af68356b38"`, `"0c78aef83f66abc1fa1e8477f296d394"`} {
			if err := l.Set(uint16(i+1), etag, digests[i]); err != nil {
				t.Fatal(err)
			}
		}
		return &l
	}
	tests := []struct {
		name   string
		target Target
		word   func(a *Address, r *Request) error
		want   string
	}{
		{"PutObject with a key alone", virtual, func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "a/b c+d"})
		}, "PUT https://photos.s3.eu-west-1.amazonaws.com/a/b%20c%2Bd\n" + signedEU + unsigned},

		{"PutObject in path style", inPath, func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "//a"})
		}, "PUT https://store.example.com:9000/photos///a\n" + unsigned},

		{"PutObject behind a CDN", viaCDN, func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k"})
		}, "PUT https://cdn.example.com/k\n" + signedEU + unsigned},

		{"PutObject with everything", owned, func(a *Address, r *Request) error {
			return a.PutObject(r, everything())
		}, "PUT https://photos.s3.eu-west-1.amazonaws.com/u/42/%C3%A4%20b.mov\n" + signedEU + everythingStored +
			"x-amz-checksum-sha256: ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw=\nif-none-match: *\nx-amz-expected-bucket-owner: 123456789012\n" + unsigned},

		{"PutObject with Content-MD5 and If-Match", virtual, func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", Algorithm: ContentMD5, Digest: []byte("0123456789abcdef"), IfMatch: `"e"`})
		}, "PUT https://photos.s3.eu-west-1.amazonaws.com/k\n" + signedEU + "content-md5: MDEyMzQ1Njc4OWFiY2RlZg==\nif-match: \"e\"\n" + unsigned},

		{"PutObject with SSE-S3", virtual, func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", SSE: SSE{Mode: SSES3}})
		}, "PUT https://photos.s3.eu-west-1.amazonaws.com/k\n" + signedEU + "x-amz-server-side-encryption: AES256\n" + unsigned},

		{"PutObject with dual-layer KMS and governance", virtual, func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", SSE: SSE{Mode: SSEKMSDual}, Lock: ObjectLock{Mode: LockGovernance, RetainUntil: "2030-01-31T00:00:00.000Z"},
				Algorithm: CRC32C, Digest: []byte{0xe3, 6, 0x92, 0x83}})
		}, "PUT https://photos.s3.eu-west-1.amazonaws.com/k\n" + signedEU + "x-amz-server-side-encryption: aws:kms:dsse\nx-amz-object-lock-mode: GOVERNANCE\n" +
			"x-amz-object-lock-retain-until-date: 2030-01-31T00:00:00.000Z\nx-amz-checksum-crc32c: 4waSgw==\n" + unsigned},

		{"PutObject with SSE-C", virtual, func(a *Address, r *Request) error {
			return a.PutObject(r, secretly())
		}, "PUT https://photos.s3.eu-west-1.amazonaws.com/k\n" + signedEU + secretHeaders + unsigned},

		{"CreateMultipartUpload with everything", owned, func(a *Address, r *Request) error {
			o := everything()
			o.Digest = nil
			return a.CreateMultipartUpload(r, o)
		}, "POST https://photos.s3.eu-west-1.amazonaws.com/u/42/%C3%A4%20b.mov?uploads=\n" + signedEU + everythingStored +
			"x-amz-checksum-algorithm: SHA256\nx-amz-expected-bucket-owner: 123456789012\n" + noBytes},

		{"CreateMultipartUpload with a full object CRC", inPath, func(a *Address, r *Request) error {
			return a.CreateMultipartUpload(r, &Object{Key: "k", Algorithm: CRC32, ChecksumType: FullObject})
		}, "POST https://store.example.com:9000/photos/k?uploads=\nx-amz-checksum-algorithm: CRC32\nx-amz-checksum-type: FULL_OBJECT\n" + noBytes},

		{"CreateMultipartUpload with Content-MD5 for the parts", inPath, func(a *Address, r *Request) error {
			return a.CreateMultipartUpload(r, &Object{Key: "k", Algorithm: ContentMD5})
		}, "POST https://store.example.com:9000/photos/k?uploads=\n" + noBytes},

		{"UploadPart", owned, func(a *Address, r *Request) error {
			return a.UploadPart(r, &Object{Key: "k", ContentType: "a/b"}, "VXBs b2FkIElE/+", 10000, nil)
		}, "PUT https://photos.s3.eu-west-1.amazonaws.com/k?partNumber=10000&uploadId=VXBs%20b2FkIElE%2F%2B\n" + signedEU + "x-amz-expected-bucket-owner: 123456789012\n" + unsigned},

		{"UploadPart with a checksum and SSE-C", virtual, func(a *Address, r *Request) error {
			o := secretly()
			o.Algorithm = CRC64NVME
			return a.UploadPart(r, o, "U1", 1, []byte{0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88})
		}, "PUT https://photos.s3.eu-west-1.amazonaws.com/k?partNumber=1&uploadId=U1\n" + signedEU + secretHeaders + "x-amz-checksum-crc64nvme: rosUhgp5mIg=\n" + unsigned},

		{"CompleteMultipartUpload", inPath, func(a *Address, r *Request) error {
			return a.CompleteMultipartUpload(r, &Object{Key: "k", IfNoneMatch: "*"}, "U1", twoParts(), 10)
		}, "POST https://store.example.com:9000/photos/k?uploadId=U1\ncontent-type: application/xml\nif-none-match: *\n" +
			"payload 0e436a774014fee89b30326ac480a83f72877d879c0f549b2f18bd52357b1cc7\n" +
			`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>"a54357aff0632cce46d942af68356b38"</ETag></Part><Part><PartNumber>2</PartNumber><ETag>"0c78aef83f66abc1fa1e8477f296d394"</ETag></Part></CompleteMultipartUpload>` + "\n"},

		{"CompleteMultipartUpload, composite, with the size", owned, func(a *Address, r *Request) error {
			return a.CompleteMultipartUpload(r, &Object{Key: "k", Algorithm: CRC32C, IfMatch: `"e"`}, "U1",
				twoParts([]byte{0xe3, 6, 0x92, 0x83}, []byte{0, 0, 0, 0}), 5242881)
		}, "POST https://photos.s3.eu-west-1.amazonaws.com/k?uploadId=U1\n" + signedEU + "content-type: application/xml\nx-amz-mp-object-size: 5242881\nif-match: \"e\"\nx-amz-expected-bucket-owner: 123456789012\n" +
			"payload 06da3a9df4b8fb123fc1325cab8f4b9256d538054a0373ae0e6f16002813b2be\n" +
			`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>"a54357aff0632cce46d942af68356b38"</ETag><ChecksumCRC32C>4waSgw==</ChecksumCRC32C></Part><Part><PartNumber>2</PartNumber><ETag>"0c78aef83f66abc1fa1e8477f296d394"</ETag><ChecksumCRC32C>AAAAAA==</ChecksumCRC32C></Part></CompleteMultipartUpload>` + "\n"},

		{"CompleteMultipartUpload, full object, size unknown", virtual, func(a *Address, r *Request) error {
			return a.CompleteMultipartUpload(r, &Object{Key: "k", Algorithm: CRC32, ChecksumType: FullObject, Digest: []byte{0xcb, 0xf4, 0x39, 0x26}}, "U1", twoParts(), -1)
		}, "POST https://photos.s3.eu-west-1.amazonaws.com/k?uploadId=U1\n" + signedEU + "content-type: application/xml\nx-amz-checksum-crc32: y/Q5Jg==\nx-amz-checksum-type: FULL_OBJECT\n" +
			"payload 0e436a774014fee89b30326ac480a83f72877d879c0f549b2f18bd52357b1cc7\n" +
			`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>"a54357aff0632cce46d942af68356b38"</ETag></Part><Part><PartNumber>2</PartNumber><ETag>"0c78aef83f66abc1fa1e8477f296d394"</ETag></Part></CompleteMultipartUpload>` + "\n"},

		{"AbortMultipartUpload", owned, func(a *Address, r *Request) error {
			return a.AbortMultipartUpload(r, &Object{Key: "k"}, "U1")
		}, "DELETE https://photos.s3.eu-west-1.amazonaws.com/k?uploadId=U1\n" + signedEU + "x-amz-expected-bucket-owner: 123456789012\n" + noBytes},

		{"ListParts from the start", owned, func(a *Address, r *Request) error {
			return a.ListParts(r, &Object{Key: "k"}, "U1", 0, 0)
		}, "GET https://photos.s3.eu-west-1.amazonaws.com/k?uploadId=U1\n" + signedEU + "x-amz-expected-bucket-owner: 123456789012\n" + noBytes},

		{"ListParts, a later page, SSE-C", virtual, func(a *Address, r *Request) error {
			return a.ListParts(r, secretly(), "U1", 1000, 1000)
		}, "GET https://photos.s3.eu-west-1.amazonaws.com/k?uploadId=U1&max-parts=1000&part-number-marker=1000\n" + signedEU + secretHeaders + noBytes},

		{"ListMultipartUploads of the bucket", inPath, func(a *Address, r *Request) error {
			return a.ListMultipartUploads(r, "", "", "", 0)
		}, "GET https://store.example.com:9000/photos/?uploads=&encoding-type=url\n" + noBytes},

		{"ListMultipartUploads, a later page", owned, func(a *Address, r *Request) error {
			return a.ListMultipartUploads(r, "u/ä", "u/ä b", "U1", 2)
		}, "GET https://photos.s3.eu-west-1.amazonaws.com/?uploads=&encoding-type=url&prefix=u%2F%C3%A4&key-marker=u%2F%C3%A4%20b&upload-id-marker=U1&max-uploads=2\n" + signedEU +
			"x-amz-expected-bucket-owner: 123456789012\n" + noBytes},

		{"HeadObject", owned, func(a *Address, r *Request) error {
			return a.HeadObject(r, &Object{Key: "k", Algorithm: CRC32})
		}, "HEAD https://photos.s3.eu-west-1.amazonaws.com/k\n" + signedEU + "x-amz-checksum-mode: ENABLED\nx-amz-expected-bucket-owner: 123456789012\n" + noBytes},

		{"HeadObject under SSE-C", virtual, func(a *Address, r *Request) error {
			return a.HeadObject(r, secretly())
		}, "HEAD https://photos.s3.eu-west-1.amazonaws.com/k\n" + signedEU + secretHeaders + noBytes},

		{"DeleteObject", owned, func(a *Address, r *Request) error {
			return a.DeleteObject(r, everything())
		}, "DELETE https://photos.s3.eu-west-1.amazonaws.com/u/42/%C3%A4%20b.mov\n" + signedEU + "x-amz-expected-bucket-owner: 123456789012\n" + noBytes},
	}
	// One Request for all of them: nothing of one may show in the next.
	var r Request
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.word(resolved(t, test.target), &r); err != nil {
				t.Fatal(err)
			}
			if got := worded(&r); got != test.want {
				t.Errorf("worded as\n%s, want\n%s", got, test.want)
			}
			if op, _, _ := strings.Cut(test.name, " "); strings.TrimSuffix(op, ",") != r.Op.String() {
				t.Errorf("Op is %v", r.Op)
			}
			for _, h := range r.Header {
				if h.Name != strings.ToLower(h.Name) {
					t.Errorf("header %q is not in lower case", h.Name)
				}
			}
		})
	}
}

func TestAddress_refuses(t *testing.T) {
	parts := func(numbers ...uint16) *PartList {
		var l PartList
		for _, n := range numbers {
			if err := l.Set(n, `"e"`, nil); err != nil {
				t.Fatal(err)
			}
		}
		return &l
	}
	profile := func(p Profile) Target {
		return Target{Bucket: "photos", Endpoint: "https://store.example.com", Profile: p}
	}
	bad := &Object{Key: ".."}
	tests := []struct {
		name, code, field string
		target            Target
		word              func(a *Address, r *Request) error
	}{
		{"a bad key, PutObject", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error { return a.PutObject(r, bad) }},
		{"a bad key, CreateMultipartUpload", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error { return a.CreateMultipartUpload(r, bad) }},
		{"a bad key, UploadPart", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error { return a.UploadPart(r, bad, "U", 1, nil) }},
		{"a bad key, CompleteMultipartUpload", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error {
			return a.CompleteMultipartUpload(r, bad, "U", parts(1), 0)
		}},
		{"a bad key, AbortMultipartUpload", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error { return a.AbortMultipartUpload(r, bad, "U") }},
		{"a bad key, ListParts", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error { return a.ListParts(r, bad, "U", 0, 0) }},
		{"a bad key, HeadObject", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error { return a.HeadObject(r, bad) }},
		{"a bad key, DeleteObject", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error { return a.DeleteObject(r, bad) }},
		{"a bad key, PostObject", CodeKeyInvalid, "key", virtual, func(a *Address, r *Request) error { return a.PostObject(r, bad, "0123456789abcdef") }},
		{"no upload ID, UploadPart", CodeUploadIDInvalid, "uploadID", virtual, func(a *Address, r *Request) error { return a.UploadPart(r, &Object{Key: "k"}, "", 1, nil) }},
		{"a line break in an upload ID", CodeUploadIDInvalid, "uploadID", virtual, func(a *Address, r *Request) error { return a.AbortMultipartUpload(r, &Object{Key: "k"}, "U\n") }},
		{"part 0", CodePartInvalid, "part", virtual, func(a *Address, r *Request) error { return a.UploadPart(r, &Object{Key: "k"}, "U", 0, nil) }},
		{"part 10001", CodePartInvalid, "part", virtual, func(a *Address, r *Request) error { return a.UploadPart(r, &Object{Key: "k"}, "U", MaxParts+1, nil) }},
		{"a part of a composite without digest", CodeChecksum, "checksum", virtual, func(a *Address, r *Request) error {
			return a.UploadPart(r, &Object{Key: "k", Algorithm: SHA256}, "U", 1, nil)
		}},
		{"a part under a lock without digest", CodeChecksum, "checksum", virtual, func(a *Address, r *Request) error {
			return a.UploadPart(r, &Object{Key: "k", Algorithm: CRC64NVME, Lock: ObjectLock{LegalHold: true}}, "U", 1, nil)
		}},
		{"a part with a short digest", CodeChecksum, "checksum", virtual, func(a *Address, r *Request) error {
			return a.UploadPart(r, &Object{Key: "k", Algorithm: SHA256}, "U", 1, make([]byte, 20))
		}},
		{"a part with a digest of nothing", CodeChecksum, "checksum", virtual, func(a *Address, r *Request) error {
			return a.UploadPart(r, &Object{Key: "k"}, "U", 1, make([]byte, 4))
		}},
		{"an object without its digest", CodeChecksum, "checksum", virtual, func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", Algorithm: CRC32})
		}},
		{"no parts", CodePartMissing, "parts", virtual, func(a *Address, r *Request) error {
			return a.CompleteMultipartUpload(r, &Object{Key: "k"}, "U", parts(), 0)
		}},
		{"a hole in the parts", CodePartMissing, "parts", virtual, func(a *Address, r *Request) error {
			return a.CompleteMultipartUpload(r, &Object{Key: "k"}, "U", parts(1, 3), 0)
		}},
		{"parts without their digests", CodeChecksum, "parts", virtual, func(a *Address, r *Request) error {
			return a.CompleteMultipartUpload(r, &Object{Key: "k", Algorithm: SHA1}, "U", parts(1), 0)
		}},
		{"a page of -1", CodeListInvalid, "maxParts", virtual, func(a *Address, r *Request) error { return a.ListParts(r, &Object{Key: "k"}, "U", 0, -1) }},
		{"a page of 1001", CodeListInvalid, "maxUploads", virtual, func(a *Address, r *Request) error {
			return a.ListMultipartUploads(r, "", "", "", MaxListPage+1)
		}},
		{"parts after 10001", CodeListInvalid, "afterPart", virtual, func(a *Address, r *Request) error {
			return a.ListParts(r, &Object{Key: "k"}, "U", MaxParts+1, 0)
		}},
		{"a prefix of 1025 bytes", CodeListInvalid, "prefix", virtual, func(a *Address, r *Request) error {
			return a.ListMultipartUploads(r, strings.Repeat("a", MaxKeyBytes+1), "", "", 0)
		}},
		{"a customer key without TLS", CodeEncryption, "sse", Target{Bucket: "photos", Endpoint: "http://127.0.0.1:9000", Profile: ProfileMinIO}, func(a *Address, r *Request) error {
			return a.HeadObject(r, secretly())
		}},
		{"an ETag in If-None-Match on AWS", CodeCondition, "ifNoneMatch", virtual, func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", IfNoneMatch: `"e"`})
		}},
		{"a condition at the end on R2", CodeUnsupported, "ifNoneMatch", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.CompleteMultipartUpload(r, &Object{Key: "k", IfNoneMatch: "*"}, "U", parts(1), 0)
		}},
		{"the same, told at the start", CodeUnsupported, "ifMatch", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.CreateMultipartUpload(r, &Object{Key: "k", IfMatch: `"e"`})
		}},
		{"a condition on GCS", CodeUnsupported, "ifNoneMatch", profile(ProfileGCS), func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", IfNoneMatch: "*"})
		}},
		{"an ACL on R2", CodeUnsupported, "acl", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", ACL: "public-read"})
		}},
		{"tags on R2", CodeUnsupported, "tags", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", Tags: []Field{{"a", "b"}}})
		}},
		{"a redirect on R2", CodeUnsupported, "websiteRedirect", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", WebsiteRedirect: "/"})
		}},
		{"a lock on R2", CodeUnsupported, "lock", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", Lock: ObjectLock{LegalHold: true}, Algorithm: CRC32, Digest: make([]byte, 4)})
		}},
		{"a full object CRC32 on R2", CodeUnsupported, "checksumType", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.CreateMultipartUpload(r, &Object{Key: "k", Algorithm: CRC32, ChecksumType: FullObject})
		}},
		{"KMS on R2", CodeUnsupported, "sse", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", SSE: SSE{Mode: SSEKMS}})
		}},
		{"encryption that VersityGW ignores", CodeUnsupported, "sse", profile(ProfileVersityGW), func(a *Address, r *Request) error {
			return a.PutObject(r, &Object{Key: "k", SSE: SSE{Mode: SSES3}})
		}},
		{"a customer key that VersityGW ignores", CodeUnsupported, "sse", profile(ProfileVersityGW), func(a *Address, r *Request) error {
			return a.UploadPart(r, secretly(), "U", 1, nil)
		}},
		{"a form on R2", CodeUnsupported, "post", profile(ProfileR2), func(a *Address, r *Request) error {
			return a.PostObject(r, &Object{Key: "k"}, "0123456789abcdef")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkInput(t, test.word(resolved(t, test.target), &Request{}), test.code, test.field)
		})
	}
}

// Ceph takes an ETag in If-None-Match (ceph/s3-tests, test_s3.py).
func TestAddress_cephTakesAnETagInIfNoneMatch(t *testing.T) {
	var r Request
	a := resolved(t, Target{Bucket: "photos", Endpoint: "https://rgw.example.com", Profile: ProfileCeph})
	if err := a.PutObject(&r, &Object{Key: "k", IfNoneMatch: `"e"`}); err != nil {
		t.Fatal(err)
	}
	if v, _ := HeaderValue(r.Header, "If-None-Match"); v != `"e"` {
		t.Errorf("If-None-Match is %q", v)
	}
}

func TestAddressAppendObjectURL(t *testing.T) {
	tests := []struct {
		target Target
		want   string
	}{
		{virtual, "x https://photos.s3.eu-west-1.amazonaws.com/a/%C3%A4%20%2B"},
		{inPath, "x https://store.example.com:9000/photos/a/%C3%A4%20%2B"},
		{viaCDN, "x https://cdn.example.com/a/%C3%A4%20%2B"},
	}
	for _, test := range tests {
		if got := string(resolved(t, test.target).AppendObjectURL([]byte("x "), "a/ä +")); got != test.want {
			t.Errorf("AppendObjectURL = %s, want %s", got, test.want)
		}
	}
}

func TestAddress_wordingAllocatesNothing(t *testing.T) {
	a := resolved(t, owned)
	o := everything()
	secret := secretly()
	secret.Algorithm = SHA256
	var parts PartList
	for n := uint16(1); n <= 1000; n++ {
		if err := parts.Set(n, `"a54357aff0632cce46d942af68356b38"`, nil); err != nil {
			t.Fatal(err)
		}
	}
	var r Request
	part := uint16(0)
	tests := []struct {
		name string
		word func() error
	}{
		{"PutObject", func() error { return a.PutObject(&r, o) }},
		{"CreateMultipartUpload", func() error { return a.CreateMultipartUpload(&r, o) }},
		{"UploadPart", func() error {
			part = part%MaxParts + 1
			return a.UploadPart(&r, secret, "VXBsb2FkIElE", part, helloSHA256)
		}},
		{"CompleteMultipartUpload", func() error {
			return a.CompleteMultipartUpload(&r, &Object{Key: "k"}, "U1", &parts, 5<<30)
		}},
		{"ListParts", func() error { return a.ListParts(&r, secret, "U1", 999, 1000) }},
		{"HeadObject", func() error { return a.HeadObject(&r, secret) }},
	}
	for _, test := range tests {
		var err error
		word := func() {
			if e := test.word(); e != nil {
				err = e
			}
		}
		word()
		if n := testing.AllocsPerRun(100, word); n != 0 || err != nil {
			t.Errorf("%s into a warm Request allocates %v times, want 0 (error %v)", test.name, n, err)
		}
	}
}

func TestRequest_printsNoSecret(t *testing.T) {
	r := Request{Op: OpUploadPart, Method: "PUT", Scheme: "https", Host: "h", Path: "/k",
		Query:         []Field{{"X-Amz-Signature", "SECRET"}, {"X-Amz-Security-Token", "SECRET"}},
		Header:        []Field{{"x-amz-security-token", "SECRET"}},
		Authorization: []byte("AWS4-HMAC-SHA256 SECRET")}
	const want = "UploadPart: PUT https://h/k"
	for _, format := range []string{"%v", "%+v", "%s", "%#v"} {
		if got := fmt.Sprintf(format, r); got != want {
			t.Errorf("Sprintf(%q) = %q, want %q", format, got, want)
		}
		if got := fmt.Sprintf(format, &r); got != want {
			t.Errorf("Sprintf(%q, pointer) = %q, want %q", format, got, want)
		}
	}
}

func TestCustomerKey_printsNothing(t *testing.T) {
	o := secretly()
	for _, format := range []string{"%v", "%+v", "%s", "%#v", "%x", "%q"} {
		for _, value := range []any{o, *o, o.SSE, o.SSE.CustomerKey} {
			if got := fmt.Sprintf(format, value); strings.Contains(got, "kkk") || strings.Contains(got, "6b6b") || strings.Contains(got, "107 107") || strings.Contains(got, "0x6b, 0x6b") {
				t.Errorf("Sprintf(%q, %T) shows the key: %s", format, value, got)
			}
		}
	}
}

func BenchmarkUploadPart(b *testing.B) {
	a := resolved(b, owned)
	var r Request
	o := &Object{Key: "users/42/a rather long name of a file.mov", Algorithm: SHA256}
	b.ReportAllocs()
	for b.Loop() {
		if err := a.UploadPart(&r, o, "VXBsb2FkIElE", 9999, helloSHA256); err != nil {
			b.Fatal(err)
		}
	}
}

// At the limit: the body of CompleteMultipartUpload for 10,000 parts.
func BenchmarkCompleteMultipartUpload(b *testing.B) {
	a := resolved(b, owned)
	var r Request
	var parts PartList
	for n := uint16(1); n <= MaxParts; n++ {
		if err := parts.Set(n, `"a54357aff0632cce46d942af68356b38"`, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := a.CompleteMultipartUpload(&r, &Object{Key: "k"}, "U1", &parts, -1); err != nil {
			b.Fatal(err)
		}
	}
}
