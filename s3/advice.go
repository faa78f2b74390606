package s3

import (
	"strings"

	"github.com/bucketline/bucketline/internal/ascii"
)

// Advice is what to do about a refusal. How often and how long is for the
// caller: delays, budgets and the count of attempts are not decided here.
type Advice uint8

const (
	// AdviceStop: another try gives the same answer. Tell the user.
	AdviceStop Advice = iota + 1
	// AdviceRetry: send the same request again after the usual delay. It may
	// or may not have been carried out.
	AdviceRetry
	// AdviceBackOff: the store is overloaded. Wait longer, and have fewer
	// requests under way.
	AdviceBackOff
	// AdviceRefresh: get new credentials, sign and send again. It says nothing
	// against the request.
	AdviceRefresh
	// AdviceRefreshOnce: as AdviceRefresh, but stop when it comes back with
	// the new credentials.
	AdviceRefreshOnce
	// AdviceFixClock: correct our clock by ServerTime, sign and send once more.
	AdviceFixClock
	// AdviceSign: the signature has grown too old. Sign and send again.
	AdviceSign
	// AdviceRegion: resolve the Target for Region, which is not empty, and
	// send there once.
	AdviceRegion
	// AdviceResend: the store got other bytes than were meant. Read them again
	// and send them; stop after the second time.
	AdviceResend
	// AdviceRestartUpload: the multipart upload no longer exists. Create
	// another and send every part.
	AdviceRestartUpload
	// AdviceVerifyParts: compare ListParts with our list, send the parts that
	// are missing or differ, and complete again.
	AdviceVerifyParts
	// AdviceVerifyObject: the upload is gone, perhaps because it is complete.
	// HeadObject tells: the expected ETag means done, anything else
	// AdviceRestartUpload.
	AdviceVerifyObject
	// AdviceDone: what was asked for is already so.
	AdviceDone
)

var adviceNames = [...]string{
	AdviceStop: "stop", AdviceRetry: "retry", AdviceBackOff: "back off",
	AdviceRefresh: "refresh credentials", AdviceRefreshOnce: "refresh credentials once",
	AdviceFixClock: "fix the clock", AdviceSign: "sign again", AdviceRegion: "use the region told",
	AdviceResend: "read and send again", AdviceRestartUpload: "restart the upload",
	AdviceVerifyParts: "verify the parts", AdviceVerifyObject: "verify the object", AdviceDone: "done",
}

// String names the advice for a trace.
func (a Advice) String() string {
	if a == 0 || int(a) >= len(adviceNames) {
		return "no advice"
	}
	return adviceNames[a]
}

// Repeats reports that the same request, signed anew, may be sent once more.
func (a Advice) Repeats() bool {
	switch a {
	case AdviceRetry, AdviceBackOff, AdviceFixClock, AdviceSign, AdviceRegion, AdviceResend:
		return true
	}
	return false
}

// codeAdvice has the codes whose meaning does not depend on the operation.
// Codes and statuses: S3 API Reference, "Error responses"; throttling and
// transient codes: botocore's retry rules ("standard" mode); R2, "Error codes".
// A code that is not here is judged by its status.
var codeAdvice = [...]struct {
	code   string
	advice Advice
}{
	// Credentials.
	{"ExpiredToken", AdviceRefresh},
	{"TokenRefreshRequired", AdviceRefresh},
	{"InvalidToken", AdviceRefreshOnce},
	{"InvalidTokenId", AdviceRefreshOnce}, // MinIO: unknown or expired session token
	{"InvalidAccessKeyId", AdviceRefreshOnce},
	{"Unauthorized", AdviceRefreshOnce},       // R2
	{"XAdminUserNotFound", AdviceRefreshOnce}, // VersityGW: unknown access key ID
	{"InvalidSecurity", AdviceStop},
	{"MissingAuthenticationToken", AdviceStop},
	{"MissingSecurityHeader", AdviceStop},
	{"AccessDenied", AdviceStop},
	{"AccountProblem", AdviceStop},

	// Signature and clock.
	{"SignatureDoesNotMatch", AdviceStop},
	{"RequestTimeTooSkewed", AdviceFixClock},
	{"ExpiredRequest", AdviceSign},              // R2: a presigned URL
	{"XAmzContentSHA256Mismatch", AdviceResend}, // the signed hash is not the body's

	// The place.
	{"AuthorizationHeaderMalformed", AdviceRegion},
	{"AuthorizationQueryParametersError", AdviceRegion},
	{"PermanentRedirect", AdviceRegion},
	{"TemporaryRedirect", AdviceRegion},
	{"Redirect", AdviceRegion},
	{"IllegalLocationConstraintException", AdviceRegion},
	{"IncorrectEndpoint", AdviceRegion},
	{"NoSuchBucket", AdviceStop},

	// The bytes.
	{"InvalidDigest", AdviceStop},
	{"IncompleteBody", AdviceResend},
	{"MissingContentLength", AdviceResend},
	{"EntityTooSmall", AdviceStop},
	{"EntityTooLarge", AdviceStop},
	{"InvalidPart", AdviceVerifyParts},
	{"InvalidPartOrder", AdviceVerifyParts},

	// Conditions.
	{"PreconditionFailed", AdviceStop},
	{"OperationAborted", AdviceRetry},

	// The store's own trouble.
	{"InternalError", AdviceRetry},
	{"RequestTimeout", AdviceRetry}, // a 400: the socket was idle while we sent
	{"RequestTimeoutException", AdviceRetry},
	{"PriorRequestNotComplete", AdviceRetry},
	{"ServiceUnavailable", AdviceBackOff},
	{"SlowDown", AdviceBackOff},
	{"SlowDownRead", AdviceBackOff},  // MinIO
	{"SlowDownWrite", AdviceBackOff}, // MinIO
	{"TooManyRequests", AdviceBackOff},
	{"TooManyRequestsException", AdviceBackOff},
	{"Throttling", AdviceBackOff},
	{"ThrottlingException", AdviceBackOff},
	{"ThrottledException", AdviceBackOff},
	{"RequestThrottled", AdviceBackOff},
	{"RequestThrottledException", AdviceBackOff},
	{"RequestLimitExceeded", AdviceBackOff},
	{"BandwidthLimitExceeded", AdviceBackOff},
	{"LimitExceededException", AdviceBackOff},
	{"ProvisionedThroughputExceededException", AdviceBackOff},
	{"EC2ThrottledException", AdviceBackOff},
	{"TransactionInProgressException", AdviceBackOff},

	// The request is wrong, and stays so.
	{"KeyTooLongError", AdviceStop},
	{"MetadataTooLarge", AdviceStop},
	{"InvalidURI", AdviceStop},
	{"InvalidArgument", AdviceStop},
	{"InvalidRequest", AdviceStop},
	{"InvalidTag", AdviceStop},
	{"MalformedXML", AdviceStop},
	{"NotImplemented", AdviceStop},
	{"MethodNotAllowed", AdviceStop},
	{"InvalidPolicyDocument", AdviceStop},
	{"MaxPostPreDataLengthExceededError", AdviceStop},
	{"RequestIsNotMultiPartContent", AdviceStop},
	{"MalformedPOSTRequest", AdviceStop},
	{"IncorrectNumberOfFilesInPostRequest", AdviceStop},
	{"UserKeyMustBeSpecified", AdviceStop},
}

// Advice says what to do about e.
func (e *Error) Advice() Advice {
	advice := e.byOperation()
	for i := range codeAdvice {
		if advice == 0 && codeAdvice[i].code == e.Code {
			advice = codeAdvice[i].advice
		}
	}
	if advice == 0 {
		advice = e.byStatus()
	}
	switch {
	case advice == AdviceRegion && e.Region == "" && e.Status == 307:
		return AdviceBackOff // the DNS of a new bucket is still settling
	case advice == AdviceRegion && e.Region == "":
		return AdviceStop
	}
	return advice
}

// byOperation judges the codes that mean one thing here and another there.
func (e *Error) byOperation() Advice {
	switch {
	case e.Code == "AccessDenied" && (e.expired || strings.Contains(ascii.Lower(e.Message), "expired")):
		// A presigned URL or a POST policy past its time. User Guide,
		// "Sharing objects with presigned URLs", expiry.
		return AdviceSign
	case strings.HasPrefix(e.Code, "KMS."):
		return AdviceStop
	case e.Code == "NoSuchUpload" && e.Op == OpAbortMultipartUpload, e.Code == "NoSuchKey" && e.Op == OpDeleteObject:
		return AdviceDone
	case e.Code == "NoSuchUpload" && e.Op == OpCompleteMultipartUpload:
		return AdviceVerifyObject
	case e.Code == "NoSuchUpload":
		return AdviceRestartUpload
	case e.Code == "ConditionalRequestConflict" && e.Op == OpCompleteMultipartUpload:
		// User Guide, "Conditional writes": the whole upload is gone.
		return AdviceRestartUpload
	case e.Code == "ConditionalRequestConflict":
		return AdviceRetry
	case e.Code != "BadDigest" && e.Code != "XAmzContentChecksumMismatch": // the latter is MinIO's
		return 0
	case e.Op == OpCompleteMultipartUpload:
		return AdviceVerifyParts
	}
	return AdviceResend
}

// byStatus judges an answer without a code that is known.
func (e *Error) byStatus() Advice {
	switch e.Status {
	case 301, 302, 307, 308:
		return AdviceRegion
	case 400:
		// The answer to HEAD has no body: a region that differs from ours is
		// all there is to tell "wrong region" from "bad request".
		if e.Op == OpHeadObject && e.Code == "" {
			return AdviceRegion
		}
	case 401:
		return AdviceRefreshOnce
	case 408, 425, 500, 502, 504:
		return AdviceRetry
	case 429, 503, 509:
		return AdviceBackOff
	}
	if e.Status < 300 || 520 <= e.Status && e.Status <= 530 {
		return AdviceRetry // an error inside a 200; a CDN that did not reach the store
	}
	return AdviceStop
}
