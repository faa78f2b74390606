package s3

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Object is what the user says about one object. Only Key is required. The
// strings are sent as given unless a field says otherwise, and are borrowed
// by the Request that they are worded into.
type Object struct {
	// Key is 1 to MaxKeyBytes bytes of UTF-8. A key with a segment "." or ".."
	// is refused: URLs resolve such segments, percent-encoded ones too (URL
	// Standard, section 4.1), so a browser would name another object.
	Key string

	// The HTTP headers that are stored with the object and come back with it:
	// printable ASCII, together MaxSystemMetadata bytes with their names.
	// A file name that is not ASCII goes into ContentDisposition as RFC 6266's
	// filename*=UTF-8''… (see [AppendDisposition]). Expires is an HTTP date.
	ContentType, CacheControl, ContentDisposition string
	ContentEncoding, ContentLanguage, Expires     string

	// Metadata has names without "x-amz-meta-" (HTTP tokens, which S3 keeps in
	// lower case) and values in UTF-8 without control characters. A value that
	// a header cannot carry unchanged is sent as RFC 2047 says and reads back
	// as given through [DecodeMetadata].
	Metadata []Field

	// Tags has at most MaxTags, with different names.
	Tags []Field

	// ACL is a canned ACL such as "public-read". StorageClass is one such as
	// "STANDARD_IA". WebsiteRedirect is a path or an http(s) URL. Empty means
	// the bucket's default.
	ACL, StorageClass, WebsiteRedirect string

	SSE  SSE
	Lock ObjectLock

	// Algorithm is the checksum that goes along. Digest is the raw digest of
	// the whole object by it: required by PutObject and PostObject, optional
	// for CompleteMultipartUpload with FullObject, and ignored elsewhere.
	// ChecksumType is that of a multipart upload.
	Algorithm    Algorithm
	ChecksumType ChecksumType
	Digest       []byte

	// IfNoneMatch "*" makes the store refuse (412 PreconditionFailed) when the
	// key already has an object; Ceph takes an ETag as well. IfMatch is the
	// ETag, quoted, that the key must have. At most one is set. They need
	// Signature Version 4 and go with PutObject and CompleteMultipartUpload.
	IfNoneMatch, IfMatch string
}

// SSEMode says who encrypts with whose key.
type SSEMode uint8

const (
	SSENone     SSEMode = iota // the bucket's default
	SSES3                      // AES256: the store's keys
	SSEKMS                     // aws:kms
	SSEKMSDual                 // aws:kms:dsse
	SSECustomer                // the caller's key, sent with each request
)

// SSE is server-side encryption.
type SSE struct {
	Mode SSEMode

	// KMSKeyID, KMSContext and BucketKey go with the two KMS modes. KMSContext
	// is a JSON object as text; it is sent in base64.
	KMSKeyID, KMSContext string
	BucketKey            bool

	// CustomerKey goes with SSECustomer.
	CustomerKey CustomerKey
}

// CustomerKey is an AES-256 key. Printing one shows nothing of it.
type CustomerKey [32]byte

// String hides the key from %v and %s.
func (CustomerKey) String() string { return "[customer key]" }

// GoString hides the key from %#v.
func (CustomerKey) GoString() string { return "[customer key]" }

// LockMode is who may shorten a retention.
type LockMode uint8

// LockNone is no retention.
const (
	LockNone       LockMode = iota
	LockGovernance          // GOVERNANCE
	LockCompliance          // COMPLIANCE
)

// ObjectLock keeps the stored version from being deleted.
type ObjectLock struct {
	// Mode and RetainUntil ("2030-01-31T00:00:00Z") are set together.
	Mode        LockMode
	RetainUntil string
	LegalHold   bool
}

func (l *ObjectLock) set() bool { return l.Mode != LockNone || l.LegalHold }

// Validate checks all of o that does not depend on the store. The error is an
// *InputError. PutObject, CreateMultipartUpload and PostObject call it.
func (o *Object) Validate() error {
	if err := checkKey(o.Key); err != nil {
		return err
	}
	if err := o.checkHeaders(); err != nil {
		return err
	}
	if err := o.checkMetadata(); err != nil {
		return err
	}
	if err := o.checkTags(); err != nil {
		return err
	}
	if err := o.checkSSE(); err != nil {
		return err
	}
	if err := o.checkLock(); err != nil {
		return err
	}
	if err := o.checkChecksum(); err != nil {
		return err
	}
	return o.checkConditions()
}

// checkKey: User Guide, "Naming Amazon S3 objects".
func checkKey(key string) error {
	switch {
	case key == "":
		return wrong(CodeKeyInvalid, "key", "is missing", "give the object a name")
	case len(key) > MaxKeyBytes:
		return wrong(CodeKeyTooLong, "key", "has "+strconv.Itoa(len(key))+" bytes", "1024 bytes of UTF-8 is the most")
	case !utf8.ValidString(key):
		return wrong(CodeKeyInvalid, "key", quote(key)+" is not UTF-8", "convert the name first")
	}
	for rest, more := key, true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if segment == "." || segment == ".." {
			return wrong(CodeKeyInvalid, "key", quote(key)+` has a segment "`+segment+`", which URLs cannot name`,
				"rename that segment")
		}
	}
	return nil
}

// storedHeaders is the stored HTTP headers in the order they are sent.
func (o *Object) storedHeaders() [6]struct{ field, header, value string } {
	return [6]struct{ field, header, value string }{
		{"contentType", "content-type", o.ContentType},
		{"cacheControl", "cache-control", o.CacheControl},
		{"contentDisposition", "content-disposition", o.ContentDisposition},
		{"contentEncoding", "content-encoding", o.ContentEncoding},
		{"contentLanguage", "content-language", o.ContentLanguage},
		{"expires", "expires", o.Expires},
	}
}

func (o *Object) checkHeaders() error {
	total := 0
	for _, h := range o.storedHeaders() {
		if h.value == "" {
			continue
		}
		if !printable(h.value) {
			return wrong(CodeHeaderInvalid, h.field, quote(h.value)+" has a character that is not printable ASCII",
				"encode it as that header's own specification says")
		}
		total += len(h.header) + len(h.value)
	}
	switch {
	case total > MaxSystemMetadata:
		return wrong(CodeHeaderTooLarge, "contentType", "and the other stored headers have "+strconv.Itoa(total)+" bytes together",
			"2048 is the most, names included")
	case o.ACL != "" && (!token(o.ACL) || len(o.ACL) > 64):
		return wrong(CodeHeaderInvalid, "acl", quote(o.ACL)+" is no canned ACL", `write it as in "public-read"`)
	case o.StorageClass != "" && (!token(o.StorageClass) || len(o.StorageClass) > 64):
		return wrong(CodeHeaderInvalid, "storageClass", quote(o.StorageClass)+" is no storage class", `write it as in "STANDARD_IA"`)
	}
	return checkRedirect(o.WebsiteRedirect)
}

// checkRedirect: S3 API Reference, PutObject, x-amz-website-redirect-location.
func checkRedirect(to string) error {
	const field = "websiteRedirect"
	switch {
	case to == "":
		return nil
	case len(to) > MaxWebsiteRedirect:
		return wrong(CodeHeaderTooLarge, field, "has "+strconv.Itoa(len(to))+" bytes", "2048 is the most")
	case !visible(to):
		return wrong(CodeHeaderInvalid, field, quote(to)+" has a character that a URL cannot have", "percent-encode it")
	case to[0] != '/' && !strings.HasPrefix(to, "http://") && !strings.HasPrefix(to, "https://"):
		return wrong(CodeHeaderInvalid, field, quote(to)+" is neither a path nor a URL", "begin it with /, http:// or https://")
	}
	return nil
}

// checkMetadata: User Guide, "Working with object metadata".
func (o *Object) checkMetadata() error {
	total := 0
	for i := range o.Metadata {
		m := &o.Metadata[i]
		field := func() string { return "metadata." + string(appendLine(nil, m.Name, maxQuoted)) }
		switch {
		case !token(m.Name):
			return wrong(CodeMetadataInvalid, field(), "is no name for a header", "use letters, digits and hyphens")
		case !utf8.ValidString(m.Value):
			return wrong(CodeMetadataInvalid, field(), "has a value that is not UTF-8", "convert it first")
		case controls(m.Value):
			return wrong(CodeMetadataInvalid, field(), "has a control character in its value", "take out line breaks and tabs")
		}
		total += len(m.Name) + metadataLen(m.Value)
		if total > MaxMetadata {
			return wrong(CodeMetadataTooLarge, "metadata", "has more than 2048 bytes as sent", "names and values together count")
		}
		for j := range i {
			if sameName(o.Metadata[j].Name, m.Name) {
				return wrong(CodeMetadataInvalid, field(), "is given twice", "names do not differ by case")
			}
		}
	}
	return nil
}

// checkTags: User Guide, "Categorizing your storage using tags". Which
// characters a tag may have is left to the store: they differ.
func (o *Object) checkTags() error {
	if len(o.Tags) > MaxTags {
		return wrong(CodeTooManyTags, "tags", "are "+strconv.Itoa(len(o.Tags)), "10 is the most")
	}
	for i := range o.Tags {
		t := &o.Tags[i]
		field := func() string { return "tags." + string(appendLine(nil, t.Name, maxQuoted)) }
		switch {
		case !utf8.ValidString(t.Name) || !utf8.ValidString(t.Value):
			return wrong(CodeTagInvalid, field(), "is not UTF-8", "convert it first")
		case controls(t.Name) || controls(t.Value):
			return wrong(CodeTagInvalid, field(), "has a control character", "take it out")
		case t.Name == "" || utf16Len(t.Name) > MaxTagKey:
			return wrong(CodeTagInvalid, field(), "has a name that is empty or too long", "128 characters is the most")
		case utf16Len(t.Value) > MaxTagValue:
			return wrong(CodeTagInvalid, field(), "has a value that is too long", "256 characters is the most")
		}
		for j := range i {
			if o.Tags[j].Name == t.Name {
				return wrong(CodeTagInvalid, field(), "is given twice", "give each name once")
			}
		}
	}
	return nil
}

// utf16Len counts as S3 does: characters beyond U+FFFF are two.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

func (o *Object) checkSSE() error {
	kms := o.SSE.Mode == SSEKMS || o.SSE.Mode == SSEKMSDual
	bad := func(problem, hint string) error { return wrong(CodeEncryption, "sse", problem, hint) }
	switch {
	case o.SSE.Mode > SSECustomer:
		return bad("has an unknown mode", "use one of the constants")
	case !kms && (o.SSE.KMSKeyID != "" || o.SSE.KMSContext != "" || o.SSE.BucketKey):
		return bad("has KMS settings without a KMS mode", "choose aws:kms or leave them out")
	case !visible(o.SSE.KMSKeyID) || len(o.SSE.KMSKeyID) > MaxKMSText:
		return bad("has a malformed KMS key ID", "give the key's ID, alias or ARN")
	case len(o.SSE.KMSContext) > MaxKMSText || !utf8.ValidString(o.SSE.KMSContext) ||
		o.SSE.KMSContext != "" && o.SSE.KMSContext[0] != '{':
		return bad("has a KMS context that is no JSON object", `write it as in {"project":"x"}`)
	case o.SSE.Mode == SSECustomer && o.SSE.CustomerKey == CustomerKey{}:
		return bad("has an empty customer key", "give 32 random bytes")
	case o.SSE.Mode != SSECustomer && o.SSE.CustomerKey != CustomerKey{}:
		return bad("has a customer key that is not used", "choose the customer key mode or leave the key out")
	}
	return nil
}

// checkLock: S3 API Reference, PutObject: an upload with a lock needs
// Content-MD5 or a checksum.
func (o *Object) checkLock() error {
	_, dated := ParseTime(o.Lock.RetainUntil)
	switch {
	case o.Lock.Mode > LockCompliance:
		return wrong(CodeLock, "lock", "has an unknown mode", "use one of the constants")
	case (o.Lock.Mode != LockNone) != (o.Lock.RetainUntil != ""):
		return wrong(CodeLock, "lock", "has a mode without a date or a date without a mode", "give both")
	case o.Lock.RetainUntil != "" && (!dated || !strings.HasSuffix(o.Lock.RetainUntil, "Z") || o.Lock.RetainUntil[4] != '-'):
		return wrong(CodeLock, "lock.retainUntil", quote(o.Lock.RetainUntil)+" is no date", `write it as in "2030-01-31T00:00:00Z"`)
	case o.Lock.set() && o.Algorithm == NoChecksum:
		return wrong(CodeLock, "lock", "needs a checksum", "choose one; Content-MD5 will do")
	}
	return nil
}

func (o *Object) checkConditions() error {
	switch {
	case o.IfNoneMatch != "" && o.IfMatch != "":
		return wrong(CodeCondition, "ifNoneMatch", "and ifMatch are both set", "set one of them")
	case o.IfNoneMatch != "" && o.IfNoneMatch != "*" && !quotedETag(o.IfNoneMatch):
		return wrong(CodeCondition, "ifNoneMatch", quote(o.IfNoneMatch)+" is neither * nor an ETag", `use "*"`)
	case o.IfMatch != "" && !quotedETag(o.IfMatch):
		return wrong(CodeCondition, "ifMatch", quote(o.IfMatch)+" is no ETag", "give it with its quotes, as the store sent it")
	}
	return nil
}

func quotedETag(s string) bool {
	return len(s) > 2 && len(s) <= MaxETag && s[0] == '"' && s[len(s)-1] == '"' && visible(s)
}
