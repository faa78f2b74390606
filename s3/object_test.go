package s3

import (
	"strings"
	"testing"
)

func TestObjectValidate_accepts(t *testing.T) {
	tests := []struct {
		name string
		o    Object
	}{
		{"a key alone", Object{Key: "k"}},
		{"everything", *everything()},
		{"a customer key", *secretly()},
		{"dots that are no segment", Object{Key: "a..b/.../.c/..d/e."}},
		{"percent-encoded dots, which are data", Object{Key: "%2e/%2E%2e"}},
		{"slashes anywhere", Object{Key: "//a//"}},
		{"a key of control characters", Object{Key: "\x00\t\r\n\x7f"}},
		{"a key in any script", Object{Key: "日本/שלום/\U0001f600"}},
		{"legal hold alone", Object{Key: "k", Lock: ObjectLock{LegalHold: true}, Algorithm: ContentMD5}},
		{"a redirect to another site", Object{Key: "k", WebsiteRedirect: "https://example.com/"}},
		{"a tag without value", Object{Key: "k", Tags: []Field{{"a", ""}}}},
		{"tags that differ by case", Object{Key: "k", Tags: []Field{{"a", ""}, {"A", ""}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.o.Validate(); err != nil {
				t.Errorf("Validate: %v", err)
			}
		})
	}
}

func TestObjectValidate_refuses(t *testing.T) {
	meta := func(name, value string) Object { return Object{Key: "k", Metadata: []Field{{name, value}}} }
	tag := func(name, value string) Object { return Object{Key: "k", Tags: []Field{{name, value}}} }
	lock := func(l ObjectLock) Object { return Object{Key: "k", Lock: l, Algorithm: CRC32} }
	tests := []struct {
		name, code, field string
		o                 Object
	}{
		{"no key", CodeKeyInvalid, "key", Object{}},
		{"a key that is not UTF-8", CodeKeyInvalid, "key", Object{Key: "a\xff"}},
		{"a lone surrogate in a key", CodeKeyInvalid, "key", Object{Key: "\xed\xa0\x80"}},
		{"a dot for a key", CodeKeyInvalid, "key", Object{Key: "."}},
		{"two dots at the start", CodeKeyInvalid, "key", Object{Key: "../a"}},
		{"a dot in the middle", CodeKeyInvalid, "key", Object{Key: "a/./b"}},
		{"two dots at the end", CodeKeyInvalid, "key", Object{Key: "a/.."}},
		{"two dots after a slash", CodeKeyInvalid, "key", Object{Key: "/.."}},

		{"a line break in a header", CodeHeaderInvalid, "contentType", Object{Key: "k", ContentType: "a/b\r\nx-amz-acl: public-read"}},
		{"a null in a header", CodeHeaderInvalid, "cacheControl", Object{Key: "k", CacheControl: "a\x00"}},
		{"a tab in a header", CodeHeaderInvalid, "contentLanguage", Object{Key: "k", ContentLanguage: "de\ten"}},
		{"an umlaut in a header", CodeHeaderInvalid, "contentDisposition", Object{Key: "k", ContentDisposition: `attachment; filename="ä"`}},
		{"a line break in Content-Encoding", CodeHeaderInvalid, "contentEncoding", Object{Key: "k", ContentEncoding: "gzip\n"}},
		{"a line break in Expires", CodeHeaderInvalid, "expires", Object{Key: "k", Expires: "\r"}},
		{"an ACL in words", CodeHeaderInvalid, "acl", Object{Key: "k", ACL: "public read"}},
		{"an ACL of 65 bytes", CodeHeaderInvalid, "acl", Object{Key: "k", ACL: strings.Repeat("a", 65)}},
		{"a storage class with a line break", CodeHeaderInvalid, "storageClass", Object{Key: "k", StorageClass: "STANDARD\n"}},
		{"a redirect to nowhere", CodeHeaderInvalid, "websiteRedirect", Object{Key: "k", WebsiteRedirect: "example.com"}},
		{"a redirect to a script", CodeHeaderInvalid, "websiteRedirect", Object{Key: "k", WebsiteRedirect: "javascript:alert(1)"}},
		{"a redirect with a line break", CodeHeaderInvalid, "websiteRedirect", Object{Key: "k", WebsiteRedirect: "/a\r\nb"}},

		{"metadata without name", CodeMetadataInvalid, "metadata.", meta("", "v")},
		{"a space in a metadata name", CodeMetadataInvalid, "metadata.a b", meta("a b", "v")},
		{"a colon in a metadata name", CodeMetadataInvalid, "metadata.a:b", meta("a:b", "v")},
		{"a line break in a metadata name", CodeMetadataInvalid, "metadata.a  b", meta("a\r\nb", "v")},
		{"an umlaut in a metadata name", CodeMetadataInvalid, "metadata.ä", meta("ä", "v")},
		{"a line break in a metadata value", CodeMetadataInvalid, "metadata.a", meta("a", "v\r\nx-amz-acl: public-read")},
		{"a null in a metadata value", CodeMetadataInvalid, "metadata.a", meta("a", "\x00")},
		{"a metadata value that is not UTF-8", CodeMetadataInvalid, "metadata.a", meta("a", "\xe4")},
		{"a metadata name twice", CodeMetadataInvalid, "metadata.ALBUM", Object{Key: "k", Metadata: []Field{{"album", "1"}, {"ALBUM", "2"}}}},

		{"a tag without name", CodeTagInvalid, "tags.", tag("", "v")},
		{"a line break in a tag", CodeTagInvalid, "tags.a", tag("a", "b\n")},
		{"a tag that is not UTF-8", CodeTagInvalid, "tags.a", tag("a", "\xff")},
		{"a tag twice", CodeTagInvalid, "tags.a", Object{Key: "k", Tags: []Field{{"a", "1"}, {"a", "2"}}}},

		{"an unknown encryption", CodeEncryption, "sse", Object{Key: "k", SSE: SSE{Mode: SSECustomer + 1}}},
		{"a KMS key without KMS", CodeEncryption, "sse", Object{Key: "k", SSE: SSE{Mode: SSES3, KMSKeyID: "k"}}},
		{"a bucket key without KMS", CodeEncryption, "sse", Object{Key: "k", SSE: SSE{BucketKey: true}}},
		{"a KMS key with a line break", CodeEncryption, "sse", Object{Key: "k", SSE: SSE{Mode: SSEKMS, KMSKeyID: "k\r\n"}}},
		{"a KMS context that is no object", CodeEncryption, "sse", Object{Key: "k", SSE: SSE{Mode: SSEKMS, KMSContext: "a=b"}}},
		{"no customer key", CodeEncryption, "sse", Object{Key: "k", SSE: SSE{Mode: SSECustomer}}},
		{"a customer key that would not be used", CodeEncryption, "sse", Object{Key: "k", SSE: SSE{Mode: SSES3, CustomerKey: CustomerKey{1}}}},

		{"an unknown lock", CodeLock, "lock", lock(ObjectLock{Mode: LockCompliance + 1, RetainUntil: "2030-01-31T00:00:00Z"})},
		{"a lock without date", CodeLock, "lock", lock(ObjectLock{Mode: LockGovernance})},
		{"a date without lock", CodeLock, "lock", lock(ObjectLock{RetainUntil: "2030-01-31T00:00:00Z"})},
		{"a date in words", CodeLock, "lock.retainUntil", lock(ObjectLock{Mode: LockGovernance, RetainUntil: "tomorrow"})},
		{"a date of HTTP", CodeLock, "lock.retainUntil", lock(ObjectLock{Mode: LockGovernance, RetainUntil: "Wed, 21 Oct 2026 07:28:00 GMT"})},
		{"a date without punctuation", CodeLock, "lock.retainUntil", lock(ObjectLock{Mode: LockGovernance, RetainUntil: "20300131T000000Z"})},
		{"the 30th of February", CodeLock, "lock.retainUntil", lock(ObjectLock{Mode: LockGovernance, RetainUntil: "2030-02-30T00:00:00Z"})},
		{"a lock without checksum", CodeLock, "lock", Object{Key: "k", Lock: ObjectLock{LegalHold: true}}},

		{"an unknown checksum", CodeChecksum, "checksum", Object{Key: "k", Algorithm: numAlgorithms}},
		{"an unknown type", CodeChecksum, "checksum", Object{Key: "k", Algorithm: CRC32, ChecksumType: Composite + 1}},
		{"a digest in hexadecimal", CodeChecksum, "checksum", Object{Key: "k", Algorithm: CRC32, Digest: []byte("cbf43926")}},
		{"a digest of nothing", CodeChecksum, "checksum", Object{Key: "k", Digest: []byte{1}}},
		{"a composite CRC64NVME", CodeChecksum, "checksum", Object{Key: "k", Algorithm: CRC64NVME, ChecksumType: Composite}},
		{"a full object SHA1", CodeChecksum, "checksum", Object{Key: "k", Algorithm: SHA1, ChecksumType: FullObject}},
		{"a full object SHA256", CodeChecksum, "checksum", Object{Key: "k", Algorithm: SHA256, ChecksumType: FullObject}},
		{"a type of nothing", CodeChecksum, "checksum", Object{Key: "k", ChecksumType: Composite}},

		{"both conditions", CodeCondition, "ifNoneMatch", Object{Key: "k", IfNoneMatch: "*", IfMatch: `"e"`}},
		{"a condition in words", CodeCondition, "ifNoneMatch", Object{Key: "k", IfNoneMatch: "yes"}},
		{"an ETag without quotes", CodeCondition, "ifMatch", Object{Key: "k", IfMatch: "e"}},
		{"an ETag with a line break", CodeCondition, "ifMatch", Object{Key: "k", IfMatch: "\"e\r\n\""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkInput(t, test.o.Validate(), test.code, test.field)
		})
	}
}

// Each limit of limits.go that binds an Object: one below, at it, one above.
func TestObjectValidate_limits(t *testing.T) {
	fill := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name, code string
		limit      int
		object     func(n int) Object
	}{
		{"a key in bytes", CodeKeyTooLong, MaxKeyBytes, func(n int) Object { return Object{Key: fill(n)} }},
		{"a key in bytes of UTF-8", CodeKeyTooLong, MaxKeyBytes, func(n int) Object { return Object{Key: fill(n-4) + "\U0001f600"} }},
		{"the stored headers together", CodeHeaderTooLarge, MaxSystemMetadata, func(n int) Object {
			return Object{Key: "k", CacheControl: "a", ContentType: fill(n - 1 - len("cache-control") - len("content-type"))}
		}},
		{"a redirect", CodeHeaderTooLarge, MaxWebsiteRedirect, func(n int) Object { return Object{Key: "k", WebsiteRedirect: "/" + fill(n-1)} }},
		{"the metadata together", CodeMetadataTooLarge, MaxMetadata, func(n int) Object {
			return Object{Key: "k", Metadata: []Field{{"ab", "c"}, {"d", fill(n - 4)}}}
		}},
		{"a KMS context", CodeEncryption, MaxKMSText, func(n int) Object { return Object{Key: "k", SSE: SSE{Mode: SSEKMS, KMSContext: "{" + fill(n-1)}} }},
		{"a KMS key", CodeEncryption, MaxKMSText, func(n int) Object { return Object{Key: "k", SSE: SSE{Mode: SSEKMS, KMSKeyID: fill(n)}} }},
		{"an ETag", CodeCondition, MaxETag, func(n int) Object { return Object{Key: "k", IfMatch: `"` + fill(n-2) + `"`} }},
		{"tags", CodeTooManyTags, MaxTags, func(n int) Object {
			o := Object{Key: "k"}
			for i := range n {
				o.Tags = append(o.Tags, Field{fill(i + 1), ""})
			}
			return o
		}},
		{"a tag's name", CodeTagInvalid, MaxTagKey, func(n int) Object { return Object{Key: "k", Tags: []Field{{fill(n), ""}}} }},
		{"a tag's name in UTF-16 units", CodeTagInvalid, MaxTagKey, func(n int) Object {
			return Object{Key: "k", Tags: []Field{{fill(n-4) + "ä\u20ac\U0001f600", ""}}}
		}},
		{"a tag's value", CodeTagInvalid, MaxTagValue, func(n int) Object { return Object{Key: "k", Tags: []Field{{"a", fill(n)}}} }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for n := test.limit - 1; n <= test.limit; n++ {
				o := test.object(n)
				if err := o.Validate(); err != nil {
					t.Errorf("at %d of %d: %v", n, test.limit, err)
				}
			}
			o := test.object(test.limit + 1)
			err := o.Validate()
			input, ok := err.(*InputError)
			if !ok || input.Code != test.code {
				t.Errorf("at %d of %d: %v, want %s", test.limit+1, test.limit, err, test.code)
			}
		})
	}
}

// The metadata limit counts what is sent: encoded words are longer.
func TestObjectValidate_metadataCountsEncoded(t *testing.T) {
	// 3 bytes of text are 4 of base64; 45 of them make a word of 72, and the
	// next one comes after a space: n words have 73n-1 bytes.
	words := func(n int) Object {
		return Object{Key: "k", Metadata: []Field{{"a", strings.Repeat("\u20ac", 15*n)}}}
	}
	if o := words(28); o.Validate() != nil { // 1+73*28-1 = 2044
		t.Errorf("2044 bytes as sent: %v", o.Validate())
	}
	if o := words(29); o.Validate() == nil {
		t.Error("2117 bytes as sent are accepted")
	}
}

func TestQuote_isOneLineAndBounded(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", `"plain"`},
		{"a\r\nb\x1b[31m\x00\u2028\u202e", `"a  b [31m   "`},
		{"\xff", "\"\uFFFD\""},
		{strings.Repeat("a", maxQuoted), `"` + strings.Repeat("a", maxQuoted) + `"`},
		{strings.Repeat("a", maxQuoted+1), `"` + strings.Repeat("a", maxQuoted) + `..."`},
		{strings.Repeat("a", maxQuoted-1) + "ä", `"` + strings.Repeat("a", maxQuoted-1) + `..."`},
	}
	for _, test := range tests {
		if got := quote(test.in); got != test.want {
			t.Errorf("quote(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestUploadIDAndPages_limits(t *testing.T) {
	a := resolved(t, virtual)
	var r Request
	o := &Object{Key: "k"}
	for _, test := range []struct {
		name  string
		limit int
		word  func(n int) error
	}{
		{"an upload ID", MaxUploadID, func(n int) error { return a.AbortMultipartUpload(&r, o, strings.Repeat("u", n)) }},
		{"a part number", MaxParts, func(n int) error { return a.UploadPart(&r, o, "U", uint16(n), nil) }},
		{"a page of parts", MaxListPage, func(n int) error { return a.ListParts(&r, o, "U", 0, n) }},
		{"a part marker", MaxParts, func(n int) error { return a.ListParts(&r, o, "U", uint16(n), 0) }},
		{"a page of uploads", MaxListPage, func(n int) error { return a.ListMultipartUploads(&r, "", "", "", n) }},
		{"a prefix", MaxKeyBytes, func(n int) error { return a.ListMultipartUploads(&r, strings.Repeat("a", n), "", "", 0) }},
		{"a key marker", MaxKeyBytes, func(n int) error { return a.ListMultipartUploads(&r, "", strings.Repeat("a", n), "", 0) }},
		{"an upload marker", MaxUploadID, func(n int) error { return a.ListMultipartUploads(&r, "", "", strings.Repeat("a", n), 0) }},
	} {
		if below, at, above := test.word(test.limit-1), test.word(test.limit), test.word(test.limit+1); below != nil || at != nil || above == nil {
			t.Errorf("%s at %d: %v, %v, %v; want the third alone refused", test.name, test.limit, below, at, above)
		}
	}
}

// The numbers themselves: User Guide, "Amazon S3 multipart upload limits".
func TestLimits(t *testing.T) {
	if MaxObjectSize != 53_687_091_200_000 {
		t.Errorf("MaxObjectSize is %d, want 48.8 TiB", int64(MaxObjectSize))
	}
	if MinPartSize != 5_242_880 || int64(MaxPartSize) != 5_368_709_120 || MaxParts != 10_000 || int64(MaxSinglePut) != 5_368_709_120 {
		t.Error("a part limit is not that of S3")
	}
}
