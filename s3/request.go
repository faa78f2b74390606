// Package s3 has the words of S3: it turns what is wanted into requests, and
// answers into facts. It knows the operations an upload needs, the limits, the
// error codes and what to do about each, and how kinds of stores differ.
//
// A [Target] is what the user configures; its Resolve gives an [Address],
// whose methods word a [Request] about an [Object]. ParseError and the other
// Parse functions read what comes back.
//
// It does not sign (package sign does), send, wait or retry, and it never sees
// a file's bytes. Time is a number in what it reads and writes; it has no
// clock.
//
// The invariant a caller can break: the strings in a Request belong to it and
// change when it is worded again.
//
// Documents cited: Amazon S3 API Reference,
// https://docs.aws.amazon.com/AmazonS3/latest/API/; Amazon S3 User Guide,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/; URL Standard,
// https://url.spec.whatwg.org/.
package s3

import "unsafe"

// Op is an S3 API action, named as the S3 API Reference names it.
type Op uint8

// The operations this package can word and whose answers it can read.
const (
	OpPutObject Op = iota + 1
	OpPostObject
	OpCreateMultipartUpload
	OpUploadPart
	OpCompleteMultipartUpload
	OpAbortMultipartUpload
	OpListParts
	OpListMultipartUploads
	OpHeadObject
	OpDeleteObject
	numOps
)

var opNames = [numOps]string{
	OpPutObject:               "PutObject",
	OpPostObject:              "PostObject",
	OpCreateMultipartUpload:   "CreateMultipartUpload",
	OpUploadPart:              "UploadPart",
	OpCompleteMultipartUpload: "CompleteMultipartUpload",
	OpAbortMultipartUpload:    "AbortMultipartUpload",
	OpListParts:               "ListParts",
	OpListMultipartUploads:    "ListMultipartUploads",
	OpHeadObject:              "HeadObject",
	OpDeleteObject:            "DeleteObject",
}

// String returns the name in the S3 API Reference. A browser form has none
// there but its page's title, so OpPostObject is "PostObject".
func (o Op) String() string {
	if o == 0 || o >= numOps {
		return "unknown operation"
	}
	return opNames[o]
}

// Field is one header, query parameter or form field. Name and Value are
// unencoded: whoever writes them on the wire encodes them.
type Field struct{ Name, Value string }

// Request is one S3 request, complete but for its signature. A Request is
// reused: the methods of [Address] overwrite every field and keep the
// capacity of its slices.
//
// Strings in Path, Query, Header and Form may lie in a buffer that the Request
// owns: they are good until the Request is worded again, and a copy of the
// struct shares them.
type Request struct {
	Op     Op
	Method string // "PUT", "POST", "GET", "HEAD" or "DELETE"
	Scheme string // "https" or "http"
	Host   string // host[:port] to connect to, and what the URL shows

	// SignedHost is the host[:port] that the signature covers: the same as
	// Host, except behind a CDN that forwards to the bucket under its own name.
	SignedHost string

	// VirtualBucket is the bucket when SignedHost names it (virtual-hosted
	// style), and empty when Path does. Signature Version 2 signs it.
	VirtualBucket string

	Path   string  // absolute and percent-encoded once, exactly as sent
	Query  []Field // in the order sent; an empty Value is sent as "name="
	Header []Field // lower-case names; without Host, Content-Length and Authorization

	// Form is the fields of a PostObject form that come before the policy's
	// own, in the order sent. It is empty for every other operation.
	Form []Field

	// PayloadHash is the x-amz-content-sha256 value: 64 hex digits, or one of
	// the literals that package sign names, such as UNSIGNED-PAYLOAD. The
	// methods of Address put UNSIGNED-PAYLOAD for bytes of a file, which the
	// caller may replace by the digest when it knows it.
	PayloadHash string

	// Body is the request's own body (XML). It is nil when the body is bytes
	// of a file, or when there is none.
	Body []byte

	// Authorization is the value of the Authorization header, written by
	// package sign into a buffer that the Request owns; empty when the request
	// is unsigned or signed in its query.
	Authorization []byte

	scratch  []byte // holds the strings that wording builds
	body     []byte // Body's buffer, kept while Body is nil
	boundary string // of a PostObject form
}

const (
	unsignedPayload = "UNSIGNED-PAYLOAD"
	emptyPayload    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of no bytes
)

// AppendURL appends the URL to connect to, query included.
func (r *Request) AppendURL(dst []byte) []byte {
	dst = append(dst, r.Scheme...)
	dst = append(dst, "://"...)
	dst = append(dst, r.Host...)
	return r.AppendTarget(dst)
}

// AppendTarget appends what stands in a request's first line: path and query.
//
// RFC 9112, section 3.2.1.
func (r *Request) AppendTarget(dst []byte) []byte {
	dst = append(dst, r.Path...)
	for i := range r.Query {
		if i == 0 {
			dst = append(dst, '?')
		} else {
			dst = append(dst, '&')
		}
		dst = AppendEscaped(dst, r.Query[i].Name, false)
		dst = append(dst, '=')
		dst = AppendEscaped(dst, r.Query[i].Value, false)
	}
	return dst
}

// String names the operation and the URL's path. Query and headers, which may
// carry a signature, a session token or an SSE-C key, are left out.
func (r Request) String() string {
	return r.Op.String() + ": " + r.Method + " " + r.Scheme + "://" + r.Host + r.Path
}

// GoString keeps %#v from showing more than String does.
func (r Request) GoString() string { return r.String() }

// since returns the bytes of scratch from start on as a string, without a
// copy. That is sound because scratch only grows until Address.begin: bytes
// once written stay, and when append moves the buffer the old one stays with
// the strings that point into it. The next begin overwrites them, as the type's
// comment says.
func (r *Request) since(start int) string {
	if start == len(r.scratch) {
		return ""
	}
	return unsafe.String(&r.scratch[start], len(r.scratch)-start)
}

func (r *Request) query(name, value string) {
	r.Query = append(r.Query, Field{name, value})
}

// header adds a header unless its value is empty.
func (r *Request) header(name, value string) {
	if value != "" {
		r.Header = append(r.Header, Field{name, value})
	}
}
