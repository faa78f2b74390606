package s3

// The numbers of S3 itself. What a store does otherwise is in its [Profile].
const (
	// MinPartSize is in bytes and binds every part but the last.
	// User Guide, "Amazon S3 multipart upload limits".
	MinPartSize = 5 << 20

	// MaxPartSize is in bytes. Same page.
	MaxPartSize = 5 << 30

	// MaxParts is the number of parts of one upload; they are numbered from 1.
	// Same page.
	MaxParts = 10_000

	// MaxObjectSize is in bytes: 48.8 TiB. Same page, "Maximum object size",
	// which is MaxParts times MaxPartSize.
	MaxObjectSize = MaxParts * MaxPartSize

	// MaxSinglePut is in bytes: the largest body of one PutObject or one POST
	// form. User Guide, "Uploading objects".
	MaxSinglePut = 5 << 30

	// MaxKeyBytes is in bytes of UTF-8; a key has at least one.
	// User Guide, "Naming Amazon S3 objects".
	MaxKeyBytes = 1024

	// MaxListPage is the number of parts or uploads in one page of a list.
	// User Guide, "Amazon S3 multipart upload limits".
	MaxListPage = 1000

	// MaxMetadata is in bytes: the names without their prefix and the values,
	// as sent. User Guide, "Working with object metadata", "User-defined".
	MaxMetadata = 2 << 10

	// MaxSystemMetadata is in bytes: the names and values of the HTTP headers
	// that are stored with the object. Same page, "System-defined".
	MaxSystemMetadata = 2 << 10

	// MaxTags, MaxTagKey and MaxTagValue: the latter two are in UTF-16 units.
	// User Guide, "Categorizing your storage using tags".
	MaxTags     = 10
	MaxTagKey   = 128
	MaxTagValue = 256

	// MaxWebsiteRedirect is in bytes.
	// S3 API Reference, PutObject, x-amz-website-redirect-location.
	MaxWebsiteRedirect = 2 << 10

	// MaxPostPreData is in bytes: the form of PostObject without its file.
	// S3 API Reference, "Creating an HTML form (using AWS Signature Version 4)".
	MaxPostPreData = 20 << 10
)

// Bounds of our own, on what others send or configure. They leave room above
// anything seen from a store and keep a hostile one from filling memory.
const (
	// MaxErrorBody is in bytes: how much of the body of a refusal is read.
	MaxErrorBody = 64 << 10

	// MaxAnswerBody is in bytes: the largest body of a successful answer. A
	// full page of uploads with the longest keys stays under it.
	MaxAnswerBody = 5 << 20

	// MaxMessage is in bytes: how much of a store's message an Error keeps.
	MaxMessage = 512

	// MaxUploadID and MaxETag are in bytes.
	MaxUploadID = 2048
	MaxETag     = 128

	// MaxKMSText is in bytes: an SSE's KMSKeyID, and its KMSContext.
	MaxKMSText = 2 << 10
)
