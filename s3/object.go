package s3

// Object is what the user says about one object.
type Object struct {
	Key string

	ContentType, CacheControl, ContentDisposition string
	ContentEncoding, ContentLanguage, Expires     string
	Metadata                                      []Field // names without "x-amz-meta-"
	Tags                                          []Field
	ACL, StorageClass, WebsiteRedirect            string
	SSE                                           SSE
	Lock                                          ObjectLock

	// Algorithm is the checksum to send, Digest the raw digest of the whole
	// object by it when known (PutObject, PostObject, CompleteMultipartUpload).
	Algorithm    Algorithm
	ChecksumType ChecksumType
	Digest       []byte

	IfNoneMatch string // "*": fail when the key exists
	IfMatch     string // ETag that must be there
}

func (o *Object) Validate() error { return nil }

type SSEMode uint8

const (
	SSENone SSEMode = iota
	SSES3
	SSEKMS
	SSEKMSDual
	SSECustomer
)

type SSE struct {
	Mode        SSEMode
	KMSKeyID    string
	KMSContext  string // JSON text
	BucketKey   bool
	CustomerKey CustomerKey
}

// CustomerKey is an SSE-C key. Printing it shows nothing of it.
type CustomerKey [32]byte

type LockMode uint8

const (
	LockNone LockMode = iota
	LockGovernance
	LockCompliance
)

type ObjectLock struct {
	Mode        LockMode
	RetainUntil string // "2027-01-31T00:00:00Z"
	LegalHold   bool
}

type Algorithm uint8

const (
	NoChecksum Algorithm = iota
	CRC32
	CRC32C
	CRC64NVME
	SHA1
	SHA256
	ContentMD5 // sent as Content-MD5; the store checks it and forgets it
)

type ChecksumType uint8

const (
	DefaultType ChecksumType = iota
	FullObject
	Composite
)

// PartList is the parts of one upload that the store has acknowledged, by number.
type PartList struct{}

func (l *PartList) Reset()                                            {}
func (l *PartList) Set(part uint16, etag string, digest []byte) error { return nil }
func (l *PartList) Has(part uint16) bool                              { return false }
func (l *PartList) Count() int                                        { return 0 }
