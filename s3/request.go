package s3

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
)

// Field is one header, query parameter or form field. Name and Value are
// unencoded: whoever writes them on the wire encodes them.
type Field struct{ Name, Value string }

// Request is one S3 request, complete but for its signature. A Request is
// reused: the methods of [Address] overwrite every field and keep the
// capacity of its slices.
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
	Header []Field // without Host, Content-Length and Authorization

	// PayloadHash is the x-amz-content-sha256 value: 64 hex digits, or one of
	// the literals that package sign names, such as UNSIGNED-PAYLOAD.
	PayloadHash string

	// Body is the request's own body (XML). It is nil when the body is bytes
	// of a file, or when there is none.
	Body []byte

	// Authorization is the value of the Authorization header, written by
	// package sign into a buffer that the Request owns; empty when the request
	// is unsigned or signed in its query.
	Authorization []byte
}
