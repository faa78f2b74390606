package s3

// InputError says that the caller's input cannot be carried out: nothing was
// sent. It is found before any request, and the same input gives it again.
type InputError struct {
	Code    string // one of the Code constants; stable
	Field   string // what to change, as the options are named: "bucket", "metadata.album"
	Problem string // what was wrong with it
	Hint    string // what to do
}

// The codes of an InputError.
const (
	CodeProfileUnknown   = "ProfileUnknown"
	CodeBucketInvalid    = "BucketInvalid"
	CodeRegionInvalid    = "RegionInvalid"
	CodeEndpointInvalid  = "EndpointInvalid"
	CodeStyleInvalid     = "StyleInvalid" // pathStyle, virtualHost, dualStack, accelerate
	CodeOwnerInvalid     = "OwnerInvalid"
	CodeUnsupported      = "Unsupported" // by this store or by this operation
	CodeKeyInvalid       = "KeyInvalid"
	CodeKeyTooLong       = "KeyTooLong"
	CodeHeaderInvalid    = "HeaderInvalid" // contentType, cacheControl and their like
	CodeHeaderTooLarge   = "HeaderTooLarge"
	CodeMetadataInvalid  = "MetadataInvalid"
	CodeMetadataTooLarge = "MetadataTooLarge"
	CodeTagInvalid       = "TagInvalid"
	CodeTooManyTags      = "TooManyTags"
	CodeEncryption       = "EncryptionInvalid"
	CodeLock             = "LockInvalid"
	CodeChecksum         = "ChecksumInvalid"
	CodeCondition        = "ConditionInvalid"
	CodePartInvalid      = "PartInvalid"
	CodePartMissing      = "PartMissing"
	CodeUploadIDInvalid  = "UploadIDInvalid"
	CodeListInvalid      = "ListInvalid"
	CodeFormInvalid      = "FormInvalid"
	CodeFormTooLarge     = "FormTooLarge"
)

// Error returns one line: the field, the problem and the hint.
func (e *InputError) Error() string {
	text := e.Field + ": " + e.Problem
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

func wrong(code, field, problem, hint string) error {
	return &InputError{Code: code, Field: field, Problem: problem, Hint: hint}
}

// maxQuoted is in bytes: how much of a bad value an error shows.
const maxQuoted = 80

// quote shows a value in an error: cut, and with nothing in it that a terminal
// would obey.
func quote(s string) string {
	out := make([]byte, 0, min(len(s), maxQuoted)+5)
	out = append(out, '"')
	out = appendLine(out, s, maxQuoted)
	return string(append(out, '"'))
}
