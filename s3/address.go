package s3

import "strconv"

// Address is a resolved [Target]. Its methods word requests: each overwrites
// and fills a reused Request and allocates nothing once that is warm. The
// error of each is an *InputError; the Request is then of no use.
//
// The fields are for reading. A zero Address words nothing useful.
type Address struct {
	Scheme        string // "https" or "http"
	Host          string // host[:port] to connect to
	SignedHost    string // host[:port] that signatures cover
	VirtualBucket string // Bucket when SignedHost names it, else empty
	Bucket        string
	Region        string // for the credential scope; never empty
	Profile       Profile

	prefix string // of every path: "/" or "/bucket/"
	owner  string
}

// Loopback reports that Host is this machine: "localhost" or a name under it,
// 127.0.0.0/8 or [::1]. Plain http is harmless there.
func (a *Address) Loopback() bool { return isLoopback(a.Host) }

// Directory reports a directory bucket of S3 Express One Zone, whose requests are
// signed for a service of its own, with the credentials of a session.
func (a *Address) Directory() bool {
	_, directory := Zone(a.Bucket)
	return directory && a.Profile == ProfileAWS
}

// AppendObjectURL appends the unsigned URL of an object, for a link to it. It
// goes through SendTo when that is set.
func (a *Address) AppendObjectURL(dst []byte, key string) []byte {
	dst = append(dst, a.Scheme...)
	dst = append(dst, "://"...)
	dst = append(dst, a.Host...)
	dst = append(dst, a.prefix...)
	return AppendEscaped(dst, key, true)
}

// PutObject words the upload of a whole object in one request. The body is the
// file's bytes, 0 to the profile's MaxSinglePut, and follows the header.
//
//	S3 API Reference, PutObject.
func (a *Address) PutObject(r *Request, o *Object) error {
	if err := a.admit(OpPutObject, o); err != nil {
		return err
	}
	if o.Algorithm != NoChecksum && len(o.Digest) == 0 {
		return wrong(CodeChecksum, "checksum", "has no digest", "hash the file first")
	}
	a.begin(r, OpPutObject, "PUT", o.Key)
	r.PayloadHash = unsignedPayload
	r.properties(o)
	r.customerKey(o)
	r.digest(o.Algorithm, o.Digest)
	r.conditions(o)
	r.header("x-amz-expected-bucket-owner", a.owner)
	return nil
}

// CreateMultipartUpload words the start of a multipart upload. Everything that
// is stored with the object is said here, but for the conditions.
//
//	S3 API Reference, CreateMultipartUpload.
func (a *Address) CreateMultipartUpload(r *Request, o *Object) error {
	if err := a.admit(OpCreateMultipartUpload, o); err != nil {
		return err
	}
	a.begin(r, OpCreateMultipartUpload, "POST", o.Key)
	r.query("uploads", "")
	r.properties(o)
	r.customerKey(o)
	if o.Algorithm.Stored() {
		r.header("x-amz-checksum-algorithm", o.Algorithm.String())
		r.header("x-amz-checksum-type", o.ChecksumType.String())
	}
	r.header("x-amz-expected-bucket-owner", a.owner)
	return nil
}

// UploadPart words the upload of one part. part is 1 to MaxParts; digest is
// the raw digest of the part by o.Algorithm, and may be nil only when o asks
// for no checksum or for one of type FullObject.
//
//	S3 API Reference, UploadPart.
func (a *Address) UploadPart(r *Request, o *Object, uploadID string, part uint16, digest []byte) error {
	if err := a.admitPart(o, uploadID); err != nil {
		return err
	}
	if part < 1 || part > MaxParts {
		return wrong(CodePartInvalid, "part", "is "+strconv.Itoa(int(part)), "parts are numbered 1 to 10000")
	}
	if len(digest) == 0 && (o.Algorithm != NoChecksum && o.checksumType() != FullObject || o.Lock.set()) {
		return wrong(CodeChecksum, "checksum", "has no digest for part "+strconv.Itoa(int(part)), "hash the part first")
	}
	if len(digest) != 0 && len(digest) != o.Algorithm.Size() {
		return wrong(CodeChecksum, "checksum", "has a digest of the wrong length", "give "+o.Algorithm.String()+"'s raw bytes")
	}
	a.begin(r, OpUploadPart, "PUT", o.Key)
	start := len(r.scratch)
	r.scratch = strconv.AppendUint(r.scratch, uint64(part), 10)
	r.query("partNumber", r.since(start))
	r.query("uploadId", uploadID)
	r.PayloadHash = unsignedPayload
	r.customerKey(o)
	r.digest(o.Algorithm, digest)
	r.header("x-amz-expected-bucket-owner", a.owner)
	return nil
}

// CompleteMultipartUpload words the end of a multipart upload: parts must hold
// every part from 1 to the last. size is that of the whole object in bytes,
// which a store may check; a negative size leaves it out.
//
// The answer takes minutes for large objects and may be a refusal with status
// 200: see [ParseCompleteMultipartUpload].
//
//	S3 API Reference, CompleteMultipartUpload.
func (a *Address) CompleteMultipartUpload(r *Request, o *Object, uploadID string, parts *PartList, size int64) error {
	if err := a.admitPart(o, uploadID); err != nil {
		return err
	}
	if err := a.checkConditions(OpCompleteMultipartUpload, o); err != nil {
		return err
	}
	composite := o.Algorithm.Stored() && o.checksumType() == Composite
	if err := parts.check(o.Algorithm, composite); err != nil {
		return err
	}
	a.begin(r, OpCompleteMultipartUpload, "POST", o.Key)
	r.query("uploadId", uploadID)
	// Without a type of its own, fetch and XHR may send this body as a form,
	// which the store takes for one (service model of S3).
	r.header("content-type", "application/xml")
	r.customerKey(o)
	if o.Algorithm.Stored() && o.checksumType() == FullObject && len(o.Digest) != 0 {
		r.digest(o.Algorithm, o.Digest)
		r.header("x-amz-checksum-type", FullObject.String())
	}
	if size >= 0 && a.Profile.Has(FeatureObjectSize) {
		start := len(r.scratch)
		r.scratch = strconv.AppendInt(r.scratch, size, 10)
		r.header("x-amz-mp-object-size", r.since(start))
	}
	r.conditions(o)
	r.header("x-amz-expected-bucket-owner", a.owner)
	r.body = parts.appendXML(r.body[:0], o.Algorithm)
	r.Body = r.body
	r.hashBody()
	return nil
}

// AbortMultipartUpload words the end of an upload that shall leave nothing.
// Parts still on their way may land afterwards: break them off first.
//
//	S3 API Reference, AbortMultipartUpload.
func (a *Address) AbortMultipartUpload(r *Request, o *Object, uploadID string) error {
	if err := checkKey(o.Key); err != nil {
		return err
	}
	if err := checkUploadID(uploadID); err != nil {
		return err
	}
	a.begin(r, OpAbortMultipartUpload, "DELETE", o.Key)
	r.query("uploadId", uploadID)
	r.header("x-amz-expected-bucket-owner", a.owner)
	return nil
}

// ListParts words the question which parts have landed: those numbered above
// afterPart, at most maxParts of them (1 to MaxListPage; 0 leaves the number
// to the store).
//
//	S3 API Reference, ListParts.
func (a *Address) ListParts(r *Request, o *Object, uploadID string, afterPart uint16, maxParts int) error {
	if err := a.admitPart(o, uploadID); err != nil {
		return err
	}
	if err := checkPage("maxParts", maxParts); err != nil {
		return err
	}
	if afterPart > MaxParts {
		return wrong(CodeListInvalid, "afterPart", "is above the last part number", "parts are numbered 1 to 10000")
	}
	a.begin(r, OpListParts, "GET", o.Key)
	r.query("uploadId", uploadID)
	r.queryCount("max-parts", maxParts)
	r.queryCount("part-number-marker", int(afterPart))
	r.customerKey(o)
	r.header("x-amz-expected-bucket-owner", a.owner)
	return nil
}

// ListMultipartUploads words the question which uploads are under way in the
// bucket: those whose key begins with prefix, from the markers of the page
// before on, at most maxUploads of them (1 to MaxListPage; 0 leaves the number
// to the store). Keys come back percent-encoded; the parser undoes that.
//
//	S3 API Reference, ListMultipartUploads.
func (a *Address) ListMultipartUploads(r *Request, prefix, keyMarker, uploadIDMarker string, maxUploads int) error {
	if err := checkPage("maxUploads", maxUploads); err != nil {
		return err
	}
	if len(prefix) > MaxKeyBytes || len(keyMarker) > MaxKeyBytes || len(uploadIDMarker) > MaxUploadID {
		return wrong(CodeListInvalid, "prefix", "or a marker is longer than a key can be", "shorten it")
	}
	a.begin(r, OpListMultipartUploads, "GET", "")
	r.query("uploads", "")
	r.query("encoding-type", "url")
	r.queryText("prefix", prefix)
	r.queryText("key-marker", keyMarker)
	r.queryText("upload-id-marker", uploadIDMarker)
	r.queryCount("max-uploads", maxUploads)
	r.header("x-amz-expected-bucket-owner", a.owner)
	return nil
}

// HeadObject words the question what is stored under o.Key. With a checksum
// algorithm in o the answer includes the stored checksum.
//
//	S3 API Reference, HeadObject.
func (a *Address) HeadObject(r *Request, o *Object) error {
	if err := checkKey(o.Key); err != nil {
		return err
	}
	if err := a.checkEncryption(o); err != nil {
		return err
	}
	a.begin(r, OpHeadObject, "HEAD", o.Key)
	r.customerKey(o)
	if o.Algorithm.Stored() {
		r.header("x-amz-checksum-mode", "ENABLED")
	}
	r.header("x-amz-expected-bucket-owner", a.owner)
	return nil
}

// DeleteObject words the removal of o.Key. The store answers 204 whether or
// not there was such an object.
//
//	S3 API Reference, DeleteObject.
func (a *Address) DeleteObject(r *Request, o *Object) error {
	if err := checkKey(o.Key); err != nil {
		return err
	}
	a.begin(r, OpDeleteObject, "DELETE", o.Key)
	r.header("x-amz-expected-bucket-owner", a.owner)
	return nil
}

// begin empties r, addresses it and puts its path in; key may be empty.
func (a *Address) begin(r *Request, op Op, method, key string) {
	r.Op, r.Method = op, method
	r.Scheme, r.Host, r.SignedHost, r.VirtualBucket = a.Scheme, a.Host, a.SignedHost, a.VirtualBucket
	r.Query, r.Header, r.Form = r.Query[:0], r.Header[:0], r.Form[:0]
	r.PayloadHash, r.Body, r.boundary = emptyPayload, nil, ""
	r.Authorization = r.Authorization[:0]
	r.scratch = append(r.scratch[:0], a.prefix...)
	r.scratch = AppendEscaped(r.scratch, key, true)
	r.Path = r.since(0)
}

// admit checks o whole, and that this store does what it asks for.
func (a *Address) admit(op Op, o *Object) error {
	if err := o.Validate(); err != nil {
		return err
	}
	p := a.Profile
	switch {
	case o.ACL != "" && !p.Has(FeatureACL):
		return a.unsupported("acl")
	case len(o.Tags) != 0 && !p.Has(FeatureTags):
		return a.unsupported("tags")
	case o.WebsiteRedirect != "" && !p.Has(FeatureWebsite):
		return a.unsupported("websiteRedirect")
	case o.Lock.set() && !p.Has(FeatureLock):
		return a.unsupported("lock")
	case op == OpCreateMultipartUpload && o.ChecksumType == FullObject &&
		(o.Algorithm == CRC32 || o.Algorithm == CRC32C) && !p.Has(FeatureFullObjectCRC):
		return a.unsupported("checksumType")
	}
	if err := a.checkEncryption(o); err != nil {
		return err
	}
	return a.checkConditions(op, o)
}

// admitPart checks the little of o that a request about an upload under way
// carries; the rest was checked by CreateMultipartUpload.
func (a *Address) admitPart(o *Object, uploadID string) error {
	if err := checkKey(o.Key); err != nil {
		return err
	}
	if err := checkUploadID(uploadID); err != nil {
		return err
	}
	if err := o.checkChecksum(); err != nil {
		return err
	}
	return a.checkEncryption(o)
}

// checkEncryption: User Guide, "Using server-side encryption with
// customer-provided keys": S3 refuses such a key over plain http.
func (a *Address) checkEncryption(o *Object) error {
	needs := Feature(0)
	switch o.SSE.Mode {
	case SSES3:
		needs = FeatureSSES3
	case SSEKMS, SSEKMSDual:
		needs = FeatureKMS
	case SSECustomer:
		needs = FeatureSSEC
		if a.Scheme != "https" {
			return wrong(CodeEncryption, "sse", "would send a customer key without TLS", "use an https endpoint")
		}
	}
	if !a.Profile.Has(needs) {
		return a.unsupported("sse")
	}
	return nil
}

// checkConditions: User Guide, "How to prevent object overwrites with
// conditional writes". A store that ignores the condition would overwrite.
func (a *Address) checkConditions(op Op, o *Object) error {
	switch {
	case o.IfNoneMatch == "" && o.IfMatch == "":
		return nil
	case op == OpPutObject && !a.Profile.Has(FeatureConditionalPut),
		op != OpPutObject && !a.Profile.Has(FeatureConditionalComplete):
		if o.IfMatch != "" {
			return a.unsupported("ifMatch")
		}
		return a.unsupported("ifNoneMatch")
	case a.Profile == ProfileAWS && o.IfNoneMatch != "" && o.IfNoneMatch != "*":
		return wrong(CodeCondition, "ifNoneMatch", "is an ETag", `AWS takes "*" only`)
	}
	return o.checkConditions()
}

func (a *Address) unsupported(field string) error {
	return wrong(CodeUnsupported, field, "is not supported by this store ("+a.Profile.String()+")", "leave it out")
}

func checkUploadID(id string) error {
	if id == "" || len(id) > MaxUploadID || !printable(id) {
		return wrong(CodeUploadIDInvalid, "uploadID", "is empty or malformed", "give it as the store sent it")
	}
	return nil
}

func checkPage(field string, n int) error {
	if n < 0 || n > MaxListPage {
		return wrong(CodeListInvalid, field, "is "+strconv.Itoa(n), "a page has 1 to 1000 entries; 0 leaves it to the store")
	}
	return nil
}

func (r *Request) queryText(name, value string) {
	if value != "" {
		r.query(name, value)
	}
}

func (r *Request) queryCount(name string, n int) {
	if n > 0 {
		start := len(r.scratch)
		r.scratch = strconv.AppendInt(r.scratch, int64(n), 10)
		r.query(name, r.since(start))
	}
}
