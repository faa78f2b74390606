package s3

import "encoding/base64"

// properties adds the headers that are stored with the object.
func (r *Request) properties(o *Object) {
	for _, h := range o.storedHeaders() {
		r.header(h.header, h.value)
	}
	r.header("x-amz-acl", o.ACL)
	r.header("x-amz-storage-class", o.StorageClass)
	r.header("x-amz-website-redirect-location", o.WebsiteRedirect)
	r.encryption(&o.SSE)
	if o.Lock.Mode == LockGovernance {
		r.header("x-amz-object-lock-mode", "GOVERNANCE")
	}
	if o.Lock.Mode == LockCompliance {
		r.header("x-amz-object-lock-mode", "COMPLIANCE")
	}
	r.header("x-amz-object-lock-retain-until-date", o.Lock.RetainUntil)
	if o.Lock.LegalHold {
		r.header("x-amz-object-lock-legal-hold", "ON")
	}
	r.tagging(o.Tags)
	for i := range o.Metadata {
		name := r.metadataName(o.Metadata[i].Name)
		start := len(r.scratch)
		r.scratch = AppendMetadata(r.scratch, o.Metadata[i].Value)
		// A value may be empty, which r.header would leave out.
		r.Header = append(r.Header, Field{name, r.since(start)})
	}
}

func (r *Request) metadataName(name string) string {
	start := len(r.scratch)
	r.scratch = append(r.scratch, "x-amz-meta-"...)
	for i := 0; i < len(name); i++ {
		r.scratch = append(r.scratch, lower(name[i]))
	}
	return r.since(start)
}

// tagging: S3 API Reference, PutObject, x-amz-tagging: URL query parameters.
func (r *Request) tagging(tags []Field) {
	start := len(r.scratch)
	for i := range tags {
		if i > 0 {
			r.scratch = append(r.scratch, '&')
		}
		r.scratch = AppendEscaped(r.scratch, tags[i].Name, false)
		r.scratch = append(r.scratch, '=')
		r.scratch = AppendEscaped(r.scratch, tags[i].Value, false)
	}
	r.header("x-amz-tagging", r.since(start))
}

// sseNames are the values of x-amz-server-side-encryption.
var sseNames = [SSECustomer + 1]string{SSES3: "AES256", SSEKMS: "aws:kms", SSEKMSDual: "aws:kms:dsse"}

func (r *Request) encryption(sse *SSE) {
	r.header("x-amz-server-side-encryption", sseNames[sse.Mode])
	r.header("x-amz-server-side-encryption-aws-kms-key-id", sse.KMSKeyID)
	r.header("x-amz-server-side-encryption-context", r.base64(sse.KMSContext))
	if sse.BucketKey {
		r.header("x-amz-server-side-encryption-bucket-key-enabled", "true")
	}
}

// customerKey adds the three headers of SSE-C, which every request about the
// object's bytes repeats. User Guide, "Using server-side encryption with
// customer-provided keys", request headers.
func (r *Request) customerKey(o *Object) {
	if o.SSE.Mode != SSECustomer {
		return
	}
	r.header("x-amz-server-side-encryption-customer-algorithm", "AES256")
	start := len(r.scratch)
	r.scratch = base64.StdEncoding.AppendEncode(r.scratch, o.SSE.CustomerKey[:])
	r.header("x-amz-server-side-encryption-customer-key", r.since(start))
	start = len(r.scratch)
	r.scratch = appendKeyMD5(r.scratch, &o.SSE.CustomerKey)
	r.header("x-amz-server-side-encryption-customer-key-md5", r.since(start))
}

// digest adds a checksum, unless digest is empty.
func (r *Request) digest(a Algorithm, digest []byte) {
	if len(digest) == 0 {
		return
	}
	start := len(r.scratch)
	r.scratch = base64.StdEncoding.AppendEncode(r.scratch, digest)
	r.header(a.Header(), r.since(start))
}

func (r *Request) conditions(o *Object) {
	r.header("if-none-match", o.IfNoneMatch)
	r.header("if-match", o.IfMatch)
}

func (r *Request) base64(text string) string {
	start := len(r.scratch)
	for len(text) >= 3 {
		r.scratch = base64.StdEncoding.AppendEncode(r.scratch, []byte(text[:3]))
		text = text[3:]
	}
	r.scratch = base64.StdEncoding.AppendEncode(r.scratch, []byte(text))
	return r.since(start)
}
