// Package sign turns an s3.Request, credentials, a region and a time into a
// signed request: Signature Version 4 and Version 2, each in the header, in the
// query (presigned) and as a POST policy, and Version 4 over an aws-chunked
// body.
//
// It reads no clock, and knows nothing of operations, retries or who may upload
// what; of credentials a signer keeps the last secret and its key. What it
// signs is what must be sent: a caller that changes Method, Path, Query or
// Header after signing breaks the signature. [V4] and [V2] reuse their buffers
// and are not for concurrent use; make one for each goroutine.
//
// Every stage is public, as Append functions, so that it can be compared with
// the published examples, or handed to somebody else who holds the secret:
//
//	V4  AppendCanonicalRequest, AppendStringToSign, AppendSigningKey,
//	    AppendSignature, AppendAuthorization, AppendPolicyDocument,
//	    AppendChunkStringToSign, AppendTrailerStringToSign
//	V2  AppendStringToSign, AppendSignature, AppendAuthorization,
//	    AppendPolicyDocument
//
// A key that its holder does not give away, such as a CryptoKey that cannot be
// exported, signs in two halves: DraftHeader, DraftPresign or DraftPolicy words
// all but the signature and returns the string to sign; FinishHeader,
// FinishPresign or FinishForm takes the MAC of it.
//
// Sources, cited below by title:
//
//   - Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)",
//     https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
//   - Amazon S3 Developer Guide, "Signing and Authenticating REST Requests" (Version 2),
//     https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
package sign

import "errors"

// The payload hashes that are not the hash of a payload. Each is a value of
// x-amz-content-sha256 and the last line of the canonical request.
//
// S3 API Reference, "Authenticating Requests: Using the Authorization Header".
const (
	UnsignedPayload          = "UNSIGNED-PAYLOAD"
	StreamingPayload         = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingPayloadTrailer  = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	StreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// EmptyPayload is the payload hash of a request without a body.
const EmptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// MaxExpiresSeconds is the longest life of a Version 4 presigned request: 7 days.
const MaxExpiresSeconds = 604800

// ErrExpires reports an expiry that the signature version does not allow.
var ErrExpires = errors.New("presign: seconds of validity out of range")
