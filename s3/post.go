package s3

// PostObject words a browser form that uploads a whole object. It fills r.Form
// with the fields up to the policy's own, which package sign adds; then
// [Request.AppendFormHead] and [Request.AppendFormTail] give the bytes before
// and after the file's. boundary separates the fields: 16 to 70 letters,
// digits, hyphens and underscores that are not in the file, so make them at
// random.
//
// What a form cannot ask for (conditions, object lock, an expected owner, a
// content language, CRC64NVME) is refused, not left out.
//
//	S3 API Reference, "POST Object"; "Creating an HTML form (using AWS
//	Signature Version 4)".
func (a *Address) PostObject(r *Request, o *Object, boundary string) error {
	if !a.Profile.Has(FeaturePostForm) {
		return a.unsupported("post")
	}
	if err := a.admit(OpPostObject, o); err != nil {
		return err
	}
	if err := a.admitForm(o, boundary); err != nil {
		return err
	}
	a.begin(r, OpPostObject, "POST", "")
	r.boundary = boundary
	r.PayloadHash = unsignedPayload
	start := len(r.scratch)
	r.scratch = append(append(r.scratch, "multipart/form-data; boundary="...), boundary...)
	r.header("content-type", r.since(start))

	r.field("key", o.Key)
	// 201 makes the store answer with the ETag in a body, which a page can
	// read even where the bucket's CORS rules do not expose the header.
	r.field("success_action_status", "201")
	r.field("Content-Type", o.ContentType)
	r.field("Cache-Control", o.CacheControl)
	r.field("Content-Disposition", o.ContentDisposition)
	r.field("Content-Encoding", o.ContentEncoding)
	r.field("Expires", o.Expires)
	r.field("acl", o.ACL)
	r.field("tagging", r.tagSet(o.Tags))
	r.field("x-amz-storage-class", o.StorageClass)
	r.field("x-amz-website-redirect-location", o.WebsiteRedirect)
	for i := range o.Metadata {
		// A form is UTF-8 (same page), so values go out as they are.
		r.Form = append(r.Form, Field{r.metadataName(o.Metadata[i].Name), o.Metadata[i].Value})
	}
	if o.Algorithm.Stored() {
		r.field("x-amz-checksum-algorithm", o.Algorithm.String())
	}
	// The rest has the same names in a form as in a header.
	formal := len(r.Header)
	r.encryption(&o.SSE)
	r.customerKey(o)
	r.digest(o.Algorithm, o.Digest)
	r.Form = append(r.Form, r.Header[formal:]...)
	r.Header = r.Header[:formal]
	return nil
}

func (a *Address) admitForm(o *Object, boundary string) error {
	no := func(field string) error {
		return wrong(CodeUnsupported, field, "cannot be given in a browser form", "use PutObject or leave it out")
	}
	switch {
	case o.IfNoneMatch != "":
		return no("ifNoneMatch")
	case o.IfMatch != "":
		return no("ifMatch")
	case o.Lock.set():
		return no("lock")
	case a.owner != "":
		return no("expectedBucketOwner")
	case o.ContentLanguage != "":
		return no("contentLanguage")
	case o.Algorithm == CRC64NVME:
		return no("checksum")
	case o.Algorithm != NoChecksum && len(o.Digest) == 0:
		return wrong(CodeChecksum, "checksum", "has no digest", "hash the file first")
	case len(boundary) < 16 || len(boundary) > 70:
		return wrong(CodeFormInvalid, "boundary", "is too short or too long", "use 16 to 70 characters")
	}
	for i := 0; i < len(boundary); i++ {
		if c := boundary[i]; !alphanumeric(c) && c != '-' && c != '_' {
			return wrong(CodeFormInvalid, "boundary", "has a character it cannot have", "use letters, digits, hyphens and underscores")
		}
	}
	return nil
}

// field adds a form field unless its value is empty.
func (r *Request) field(name, value string) {
	if value != "" {
		r.Form = append(r.Form, Field{name, value})
	}
}

// tagSet: S3 API Reference, "POST Object", tagging.
func (r *Request) tagSet(tags []Field) string {
	if len(tags) == 0 {
		return ""
	}
	start := len(r.scratch)
	r.scratch = append(r.scratch, "<Tagging><TagSet>"...)
	for i := range tags {
		r.scratch = append(r.scratch, "<Tag><Key>"...)
		r.scratch = appendXMLText(r.scratch, tags[i].Name)
		r.scratch = append(r.scratch, "</Key><Value>"...)
		r.scratch = appendXMLText(r.scratch, tags[i].Value)
		r.scratch = append(r.scratch, "</Value></Tag>"...)
	}
	r.scratch = append(r.scratch, "</TagSet></Tagging>"...)
	return r.since(start)
}

// AppendFormHead appends what comes before the file's bytes in the body of a
// PostObject request: the fields of r.Form and the header of the file field.
// It fails when head and tail come to more than MaxPostPreData bytes.
//
// The file's name is given as "${filename}": a store replaces that variable in
// every field by the file's name, so a key that contains it stays as it is.
func (r *Request) AppendFormHead(dst []byte) ([]byte, error) {
	start := len(dst)
	for i := range r.Form {
		dst = append(append(append(dst, "--"...), r.boundary...), "\r\n"...)
		dst = append(append(append(dst, `Content-Disposition: form-data; name="`...), r.Form[i].Name...), "\"\r\n\r\n"...)
		dst = append(append(dst, r.Form[i].Value...), "\r\n"...)
	}
	dst = append(append(append(dst, "--"...), r.boundary...), "\r\n"...)
	dst = append(dst, "Content-Disposition: form-data; name=\"file\"; filename=\"${filename}\"\r\n"...)
	dst = append(dst, "Content-Type: application/octet-stream\r\n\r\n"...)
	if len(dst)-start+len(r.boundary)+8 > MaxPostPreData {
		return dst[:start], wrong(CodeFormTooLarge, "form", "has more than 20 KB of fields", "shorten metadata or use PutObject")
	}
	return dst, nil
}

// AppendFormTail appends what comes after the file's bytes.
func (r *Request) AppendFormTail(dst []byte) []byte {
	return append(append(append(dst, "\r\n--"...), r.boundary...), "--\r\n"...)
}
