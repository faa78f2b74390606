package s3

// Target is where objects go, as the user configures it. Resolve checks it
// once and turns it into an [Address].
type Target struct {
	// Endpoint is the URL of the store, "https://host" or "https://host:port",
	// and is empty for AWS and for the profiles that know their own hosts
	// (B2, GCS).
	Endpoint string

	// Region goes into the host name on AWS and into every signature. Profiles
	// other than AWS have a default.
	Region string

	Bucket string

	// PathStyle puts the bucket into the path, VirtualHost into the host name.
	// With neither set the profile decides; an IP address as endpoint, or a
	// bucket with dots over TLS, means the path.
	PathStyle, VirtualHost bool

	// DualStack and Accelerate choose other host names on AWS.
	DualStack, Accelerate bool

	// SendTo is the URL to connect to, such as "https://cdn.example.com", when
	// a CDN there forwards to the bucket under the bucket's own host name. The
	// signature covers the bucket's own host, not this one.
	SendTo string

	Profile Profile

	// ExpectedBucketOwner is the account ID that must own the bucket, or empty.
	ExpectedBucketOwner string
}

// Address is a resolved Target. It words requests: each method overwrites and
// fills a reused Request and leaves its capacity alone. The fields are for
// reading.
type Address struct {
	Scheme        string // "https" or "http"
	Host          string // host[:port] to connect to
	SignedHost    string // host[:port] that signatures cover
	VirtualBucket string // Bucket when SignedHost names it, else empty
	Bucket        string
	Region        string // for the credential scope; never empty
	Profile       Profile

	prefix string // "/" or "/bucket/"
	owner  string
}

// Resolve checks t and works out its hosts. The error is an *InputError.
func (t *Target) Resolve() (Address, error) { return Address{}, nil }

// Loopback reports that Host never leaves this machine: "localhost", a name
// under it, 127.0.0.0/8 or [::1].
func (a *Address) Loopback() bool { return false }

// AppendObjectURL appends the unsigned URL of an object, as a link shows it.
func (a *Address) AppendObjectURL(dst []byte, key string) []byte { return dst }

func (a *Address) PutObject(r *Request, o *Object) error             { return nil }
func (a *Address) CreateMultipartUpload(r *Request, o *Object) error { return nil }

// UploadPart: digest is the raw digest of the part by o.Algorithm, or nil.
func (a *Address) UploadPart(r *Request, o *Object, uploadID string, part uint16, digest []byte) error {
	return nil
}

// CompleteMultipartUpload: size is the object's, or -1 to leave it unchecked.
func (a *Address) CompleteMultipartUpload(r *Request, o *Object, uploadID string, parts *PartList, size int64) error {
	return nil
}

func (a *Address) AbortMultipartUpload(r *Request, o *Object, uploadID string) error { return nil }

// ListParts: parts above afterPart, at most maxParts (0: the store's default).
func (a *Address) ListParts(r *Request, o *Object, uploadID string, afterPart uint16, maxParts int) error {
	return nil
}

func (a *Address) ListMultipartUploads(r *Request, prefix, keyMarker, uploadIDMarker string, maxUploads int) error {
	return nil
}

func (a *Address) HeadObject(r *Request, o *Object) error   { return nil }
func (a *Address) DeleteObject(r *Request, o *Object) error { return nil }

// PostObject fills r.Form with the fields before the policy's own.
func (a *Address) PostObject(r *Request, o *Object) error { return nil }
