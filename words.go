package bucketline

// words are what people read about a code: what happened, and what to do.
type words struct{ sentence, hint string }

// wordsFor finds the words for e. A code that is not in the table is the
// store's, and so are the words then, if it sent any.
func wordsFor(e *Error) words {
	if w, ok := table[e.Code]; ok {
		return w
	}
	w := words{
		sentence: "The store refused the upload.",
		hint:     "Look the code up in the store's documentation, and give its operator the request ID.",
	}
	if e.Message != "" {
		w.sentence = "The store refused the upload: " + e.Message
	}
	return w
}

const (
	hintWait   = "Wait a little and upload it again."
	hintReport = "This is a defect of the store or of Bucketline: report it with the request ID."
	hintLogin  = "Sign in again, or get new credentials, and upload it again."
	hintKey    = "Give the object a shorter or a simpler name."
	hintKMS    = "Check the encryption key's ID, its state and region, and that the role may use it (kms:GenerateDataKey, kms:Decrypt)."
)

// table has the words for every code that is worth its own: S3's (S3 API
// Reference, "Error responses"), and those of packages engine, s3, cred and
// this one.
var table = map[string]words{
	// The store's.
	"AccessDenied":                       {"The store does not let these credentials write there.", "Check that the key lies under the prefix that you may write to, or ask whoever runs the bucket for s3:PutObject on it."},
	"AllAccessDisabled":                  {"The store has closed this bucket.", "Ask whoever runs the bucket."},
	"AccountProblem":                     {"The store has a problem with the account behind these credentials.", "Ask whoever runs the account."},
	"InvalidAccessKeyId":                 {"The store does not know this access key.", "Check that the credentials are for this store and have not been withdrawn."},
	"SignatureDoesNotMatch":              {"The store computed another signature.", "The secret key does not belong to the access key, or a proxy changes requests on the way. Copy the credentials again."},
	"ExpiredToken":                       {"The credentials have expired.", hintLogin},
	"InvalidToken":                       {"The store does not accept the session token.", "Check that the token was copied whole and is for this store; then get new credentials."},
	"TokenRefreshRequired":               {"The store asks for new credentials.", hintLogin},
	"InvalidSecurity":                    {"The store does not accept these credentials.", hintLogin},
	"Unauthorized":                       {"The store does not accept these credentials.", hintLogin},
	"NotSignedUp":                        {"The account behind these credentials does not use this store.", "Sign up for the store, or use another account."},
	"RequestTimeTooSkewed":               {"This computer's clock is wrong by more than the store accepts.", "Set the clock by the network, and upload it again."},
	"RequestExpired":                     {"The request came too late.", "Check this computer's clock, and upload it again."},
	"AuthorizationHeaderMalformed":       {"The request was signed for another region.", "Give the region in which the bucket is."},
	"PermanentRedirect":                  {"The bucket is in another region, or at another address.", "Give the region or the endpoint of the bucket."},
	"TemporaryRedirect":                  {"The bucket is moving to another address.", "Give the region of the bucket, or wait until the new name is known everywhere."},
	"IncorrectEndpoint":                  {"The bucket is at another address.", "Give the region or the endpoint of the bucket."},
	"IllegalLocationConstraintException": {"The bucket is in another region.", "Give the region of the bucket."},
	"NoSuchBucket":                       {"There is no such bucket.", "Check the bucket's name, and the endpoint or region."},
	"InvalidBucketName":                  {"That is no name that a bucket can have.", "Check the bucket's name."},
	"NoSuchKey":                          {"There is no such object.", "Check the key."},
	"NoSuchUpload":                       {"The store does not know this multipart upload any more.", "Somebody aborted it, or a lifecycle rule did: upload the file again."},
	"InvalidPart":                        {"The store misses a part, or has another one.", "Upload the file again."},
	"InvalidPartOrder":                   {"The store was given the parts in the wrong order.", hintReport},
	"EntityTooSmall":                     {"A part is smaller than the store takes.", "Choose a larger part size."},
	"EntityTooLarge":                     {"The file is larger than the store takes in one piece.", "Choose a smaller part size or threshold; the store may also have a limit of its own."},
	"BadDigest":                          {"What arrived is not what was sent.", "Upload the file again; if it happens again, look for a faulty disk, memory or proxy."},
	"InvalidDigest":                      {"The checksum is not one.", "Check the checksum that was given."},
	"XAmzContentSHA256Mismatch":          {"What arrived is not what was signed.", "Upload the file again; a proxy may change requests on the way."},
	"IncompleteBody":                     {"The store got less than was announced.", "The connection broke: upload the file again."},
	"MissingContentLength":               {"The store was not told the size.", "A proxy on the way drops Content-Length; go round it."},
	"RequestTimeout":                     {"The connection was silent for too long.", "Check the network, and upload the file again."},
	"SlowDown":                           {"The store asks us to slow down.", "Use fewer connections, or wait a little."},
	"TooManyRequests":                    {"The store asks us to slow down.", "Use fewer connections, or wait a little."},
	"ServiceUnavailable":                 {"The store is not available at the moment.", hintWait},
	"InternalError":                      {"The store had an internal error.", hintWait},
	"OperationAborted":                   {"Another operation on the same object is under way.", hintWait},
	"ConditionalRequestConflict":         {"Somebody else wrote the same object at the same time.", hintWait},
	"PreconditionFailed":                 {"There is an object with this key already, and it was not to be replaced.", "Choose another key, or allow replacing."},
	"KeyTooLongError":                    {"The key is longer than 1,024 bytes.", hintKey},
	"InvalidURI":                         {"The store does not accept this key.", hintKey},
	"MetadataTooLarge":                   {"The metadata are larger than 2 KiB.", "Give fewer or shorter metadata."},
	"InvalidTag":                         {"The store does not accept these tags.", "Give 10 tags at most; names of 128 and values of 256 characters at most."},
	"InvalidStorageClass":                {"The store does not have this storage class.", "Leave the storage class out, or choose one that the store has."},
	"AccessControlListNotSupported":      {"The bucket does not use ACLs.", "Leave the ACL out."},
	"InvalidEncryptionAlgorithmError":    {"The store does not have this encryption.", "Leave the encryption out, or choose AES256."},
	"InvalidArgument":                    {"The store does not accept a value that was given.", "Check the options of this upload."},
	"InvalidRequest":                     {"The store does not accept this request.", "Check the options of this upload."},
	"MalformedXML":                       {"The store cannot read the request.", hintReport},
	"MethodNotAllowed":                   {"The store does not allow uploads there.", "Check the endpoint, and that it is the store's and not a web page's."},
	"NotImplemented":                     {"The store does not know a function that was asked for.", "Leave out tags, encryption, locks and the like, or choose the store's profile."},
	"QuotaExceeded":                      {"The store is full, or the quota is used up.", "Make room, or ask whoever runs the store."},
	"XMinioStorageFull":                  {"The store is full.", "Make room, or ask whoever runs the store."},
	"KMS.NotFoundException":              {"The encryption key does not exist.", hintKMS},
	"KMS.DisabledException":              {"The encryption key is disabled.", hintKMS},
	"KMS.AccessDeniedException":          {"The credentials may not use the encryption key.", hintKMS},

	// The way there, and the source.
	"Unreachable":      {"The store cannot be reached.", "Check the endpoint's name and port, the network, and a proxy or firewall in between."},
	"Offline":          {"This computer has no network.", "Connect it, and upload the file again."},
	"Timeout":          {"The store did not answer in time.", "Check the network, and upload the file again."},
	"TLSRefused":       {"The store's certificate cannot be trusted, or it does not speak TLS.", "Check the endpoint; for a store with a certificate of your own, give its authority (--ca, Config.RootCAs)."},
	"CORSBlocked":      {"The browser hides the store's answer.", "Allow this page's origin in the bucket's CORS rules."},
	"ETagHidden":       {"The store's answer has no ETag.", "Look for a proxy that removes it; in a browser, expose ETag in the bucket's CORS rules."},
	"AnswerInvalid":    {"What answered does not speak S3.", "Check the endpoint: a proxy or another service may be in the way."},
	"SourceUnreadable": {"The file cannot be read.", "Check that it is there, that it is a file, and that you may read it."},
	"SourceChanged":    {"The file changed since it was chosen.", "Upload it again once nobody writes to it."},
	"FileTooLarge":     {"The file is larger than the store takes.", "The limit is 48.8 TiB on AWS, and 5 GiB in one piece."},
	"KeyRefused":       {"The object cannot be named or described like that.", "Check the key and the properties that were given."},
	"Cancelled":        {"The upload was cancelled.", "Upload the file again when you want it."},
	"Closed":           {"The upload was not finished when the session was closed.", "Wait for uploads before closing."},
	"Orphan":           {"Parts of the file may stay in the bucket.", "A lifecycle rule that aborts incomplete multipart uploads removes them."},
	"Stalled":          {"Nothing moved for too long.", "Check the network: the store may be there, and the way to it blocked by a firewall or a proxy."},
	"Corrupted":        {"The store got other bytes than were sent, time and again.", "Look for faulty memory, disk or network hardware, or a proxy that changes what goes through it; then upload the file again."},
	"OutcomeUnknown":   {"It cannot be found out whether the store has the object.", "Look whether it is there, and upload the file again if it is not."},
	"ObjectExists":     {"There is an object with this key already, and it was not to be replaced.", "Choose another key, or allow replacing."},
	"Suspended":        {"The upload is not finished.", "What the store has of it is kept: go on with it later."},

	// The journal.
	"UploadInUse":   {"Another program uploads this file to the same place at the moment.", "Wait until it has ended, or end it."},
	"NoRecord":      {"There is no such unfinished upload.", "Look at the list of those that there are; it may have ended, or been aborted."},
	"OtherStore":    {"The upload was begun at another store.", "Give the endpoint, the bucket and the profile that it was begun with."},
	"JournalFailed": {"What has been uploaded cannot be remembered.", "Make room on the disk, or check who may write into the folder: after a crash this upload would begin anew."},
	"RecordCorrupt": {"What was remembered of an upload is damaged.", "The file begins anew. Old parts may stay in the bucket until a sweep or a lifecycle rule removes them."},

	// What should be put right, and does not keep anything from being stored.
	"ClockSkewed": {"This computer's clock is wrong.", "Set the clock by the network; until then the store's time is used."},
	"Unverified":  {"The store does not check what arrives.", "Choose the store's profile; what was stored cannot be compared with what was sent."},

	// Credentials.
	"CredentialsExpired":        {"The credentials have expired, or end too soon for one request.", hintLogin},
	"CredentialsInvalid":        {"The credentials are not complete.", hintLogin},
	"RefreshFailed":             {"There are no new credentials.", hintLogin},
	"AccessKeyMissing":          {"The access key is missing.", "Give all of the credentials: access key, secret key, session token and expiration."},
	"AccessKeyInvalid":          {"The access key is not one.", "Copy it again."},
	"SecretKeyMissing":          {"The secret key is missing.", "Give all of the credentials: access key, secret key, session token and expiration."},
	"SecretKeyInvalid":          {"The secret key is not one.", "Copy it again, without the line's end."},
	"CredentialsOfOtherAccount": {"The new credentials are of another account than the uploads under way.", "Sign in to the same account, or cancel these uploads first."},
	"SessionTokenInvalid":       {"The session token is not one.", "Copy it again, whole and without spaces."},
	"ExpirationMissing":         {"It is not said when the credentials end.", "Give the expiration that came with them, such as 2026-11-23T09:00:00Z."},
	"ExpirationInvalid":         {"The expiration of the credentials is no date and time.", "Write it as in 2026-11-23T09:00:00Z."},
	"ExpirationDateOnly":        {"The expiration of the credentials is a date without a time.", "Write it as in 2026-11-23T09:00:00Z."},
	"ExpirationNoZone":          {"The expiration of the credentials has no time zone.", "Write it as in 2026-11-23T09:00:00Z or 2026-11-23T10:00:00+01:00."},
	"ExpirationRange":           {"The expiration of the credentials is not between 1970 and 9999.", "It may be in the wrong unit: write it as in 2026-11-23T09:00:00Z."},

	// What the caller asked for.
	"KeyTooLong":        {"The key is longer than 1,024 bytes.", hintKey},
	"KeyInvalid":        {"That is no key that an object can have.", "A key is 1 to 1,024 bytes of UTF-8."},
	"HeaderInvalid":     {"A property of the object has a character that it cannot have.", "Check content type, cache control and the like."},
	"HeaderTooLarge":    {"The properties of the object are too long.", "Shorten content type, cache control and the like."},
	"MetadataInvalid":   {"The metadata have a name or a value that they cannot have.", "Use letters, digits and hyphens in names."},
	"TagInvalid":        {"A tag has a name or a value that it cannot have.", "Names have 1 to 128 characters, values 256 at most."},
	"TooManyTags":       {"There are more than 10 tags.", "Give 10 tags at most."},
	"EncryptionInvalid": {"The encryption options do not fit together.", "Check the mode and its key."},
	"LockInvalid":       {"The object lock options do not fit together.", "Give mode and date together."},
	"ChecksumInvalid":   {"The checksum does not fit its algorithm.", "Check the checksum that was given."},
	"ConditionInvalid":  {"The condition is not one that S3 has.", `If-None-Match takes "*" only.`},
	"Unsupported":       {"The store does not do what was asked for.", "Leave the option out, or choose the store's profile."},
}
