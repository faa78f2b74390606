package s3

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// answer reads a recorded answer.
func answer(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "answers", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// fixtureToken is the session token that some recorded answers contain.
const fixtureToken = "IQoJb3JpZ2luX2VjEXAMPLE"

func TestParseError(t *testing.T) {
	const denied = `User: arn:aws:sts::123456789012:assumed-role/web/alice is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::photos/users/bob/x" because no identity-based policy allows the s3:PutObject action`
	tests := []struct {
		file   string
		op     Op
		status int
		header []Field
		want   Error
		advice Advice
	}{
		{"aws_expired_token.xml", OpUploadPart, 400, nil, Error{Code: "ExpiredToken", Message: "The provided token has expired.", RequestID: "4442587FB7D0A2F9",
			HostID: "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0emYBDXOo6QBU0Wo="}, AdviceRefresh},
		{"aws_signature_does_not_match.xml", OpPutObject, 403, nil, Error{Code: "SignatureDoesNotMatch", RequestID: "4442587FB7D0A2F9", HostID: "h=",
			Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method."}, AdviceStop},
		{"aws_request_time_too_skewed.xml", OpPutObject, 403, nil, Error{Code: "RequestTimeTooSkewed", RequestID: "R1", HostID: "h=", ServerTime: 1572710195000,
			Message: "The difference between the request time and the current time is too large."}, AdviceFixClock},
		{"aws_skewed_basic_form.xml", OpPutObject, 403, []Field{{"Date", "Sat, 02 Nov 2019 15:56:36 GMT"}}, Error{Code: "RequestTimeTooSkewed", ServerTime: 1572710195000,
			Message: "The difference between the request time and the current time is too large."}, AdviceFixClock},
		{"aws_authorization_header_malformed.xml", OpPutObject, 400, nil, Error{Code: "AuthorizationHeaderMalformed", Region: "eu-west-1", RequestID: "R1", HostID: "h=",
			Message: "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'"}, AdviceRegion},
		{"aws_permanent_redirect.xml", OpPutObject, 301, []Field{{"x-amz-bucket-region", "eu-west-1"}}, Error{Code: "PermanentRedirect", Region: "eu-west-1",
			Endpoint: "photos.s3.eu-west-1.amazonaws.com", RequestID: "R1", HostID: "h=",
			Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."}, AdviceRegion},
		{"aws_temporary_redirect.xml", OpPutObject, 307, nil, Error{Code: "TemporaryRedirect", Endpoint: "photos.s3-eu-west-1.amazonaws.com", RequestID: "R1",
			Message: "Please re-send this request to the specified temporary endpoint. Continue to use the original request endpoint for future requests."}, AdviceBackOff},
		{"aws_access_denied.xml", OpPutObject, 403, nil, Error{Code: "AccessDenied", Message: denied, RequestID: "R1", HostID: "h="}, AdviceStop},
		{"aws_presigned_expired.xml", OpPutObject, 403, nil, Error{Code: "AccessDenied", Message: "Request has expired", RequestID: "R1", HostID: "h=", ServerTime: 1795425600000, expired: true}, AdviceSign},
		{"aws_post_policy_expired.xml", OpPostObject, 403, nil, Error{Code: "AccessDenied", Message: "Invalid according to Policy: Policy expired.", RequestID: "R1", HostID: "h="}, AdviceSign},
		{"aws_request_timeout.xml", OpUploadPart, 400, nil, Error{Code: "RequestTimeout", RequestID: "R1", HostID: "h=",
			Message: "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed."}, AdviceRetry},
		{"ceph_access_denied.xml", OpPutObject, 403, nil, Error{Code: "AccessDenied", RequestID: "tx00000f3a7b0c1d2e3f4a5-0065f0a1b2-1a2b3c-default", HostID: "1a2b3c-default-default"}, AdviceStop},
		{"minio_no_such_upload.xml", OpUploadPart, 404, []Field{{"Date", "Mon, 23 Nov 2026 20:12:06 GMT"}}, Error{Code: "NoSuchUpload", Resource: "/photos/multi CRC64NVME", ServerTime: 1795464726000,
			RequestID: "18EAC5A7E892B40B", HostID: "cfdbd7c448e17d3e61519be95fe991d055e7267b2687cf974d07913c72935229",
			Message: "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."}, AdviceRestartUpload},
		{"minio_checksum_mismatch.xml", OpUploadPart, 400, nil, Error{Code: "XAmzContentChecksumMismatch", Message: "The provided 'x-amz-checksum' header does not match what was computed.",
			Resource: "/photos/u/ä b+&='(1)!.txt", RequestID: "18EAC5A7CEFA6138", HostID: "cfdbd7c448e17d3e61519be95fe991d055e7267b2687cf974d07913c72935229"}, AdviceResend},
		{"versitygw_precondition_failed.xml", OpPutObject, 412, []Field{{"X-Amz-Request-Id", "LY15XB4FWDNJ6WVQ, LY15XB4FWDNJ6WVQ"}}, Error{Code: "PreconditionFailed",
			Message: "At least one of the pre-conditions you specified did not hold.", RequestID: "LY15XB4FWDNJ6WVQ", HostID: "pwZstL3JhLtMzqnOWUW3Q3XbB2wDTzuMJYjzG6KUFT7ufFQ+0McCj5k7H+uWb6cFY72/EVrlWowOS8pwqLpUOc8="}, AdviceStop},
		{"versitygw_unknown_user.xml", OpPutObject, 404, nil, Error{Code: "XAdminUserNotFound", Message: "No user exists with the provided access key ID.", RequestID: "9HBC203ZE59LOK9E", HostID: "h="}, AdviceRefreshOnce},
		{"r2_unequal_parts.xml", OpCompleteMultipartUpload, 400, nil, Error{Code: "InvalidPart", Message: "All non-trailing parts must have the same length."}, AdviceVerifyParts},
		{"r2_too_many_requests.xml", OpPutObject, 429, []Field{{"Retry-After", "2"}}, Error{Code: "TooManyRequests", Message: "Reduce your concurrent request rate for the same object.", RetryAfterMillis: 2000}, AdviceBackOff},
		{"gateway_wrapped_error.xml", OpPutObject, 503, nil, Error{Code: "SlowDown", Message: "Please reduce your request rate."}, AdviceBackOff},
		{"proxy_502.html", OpPutObject, 502, nil, Error{}, AdviceRetry},
		{"proxy_503.html", OpPutObject, 503, nil, Error{}, AdviceBackOff},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			e := ParseError(test.op, test.status, test.header, answer(t, test.file))
			want := test.want
			want.Op, want.Status = test.op, test.status
			if *e != want {
				t.Errorf("ParseError = %+v, want %+v", *e, want)
			}
			if e.Advice() != test.advice {
				t.Errorf("Advice = %v, want %v", e.Advice(), test.advice)
			}
		})
	}
}

// Whatever the format, no part of any recorded answer that is secret comes
// through: S3 echoes the session token in Token-0 and in CanonicalRequest.
func TestParseError_keepsNoToken(t *testing.T) {
	held := 0
	for _, name := range []string{"aws_expired_token.xml", "aws_signature_does_not_match.xml", "proxy_503.html"} {
		body := answer(t, name)
		held += strings.Count(string(body), fixtureToken)
		e := ParseError(OpPutObject, 400, nil, body)
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			for _, value := range []any{e, *e, e.Error()} {
				if got := fmt.Sprintf(format, value); strings.Contains(got, fixtureToken) {
					t.Errorf("%s with %s: %s", name, format, got)
				}
			}
		}
	}
	if held < 3 {
		t.Errorf("the recorded answers hold the token %d times: the test has lost its point", held)
	}
}

func TestParseError_withoutXML(t *testing.T) {
	region := []Field{{"X-Amz-Bucket-Region", "eu-west-1"}, {"x-amz-request-id", "R1"}, {"x-amz-id-2", "h="}}
	tests := []struct {
		name   string
		op     Op
		status int
		header []Field
		body   string
		want   string
		advice Advice
	}{
		{"HEAD, not there", OpHeadObject, 404, nil, "", "HeadObject: 404", AdviceStop},
		{"HEAD, forbidden", OpHeadObject, 403, nil, "", "HeadObject: 403", AdviceStop},
		{"HEAD, wrong region as 400", OpHeadObject, 400, region, "", "HeadObject: 400 (request R1)", AdviceRegion},
		{"HEAD, 400 without a region", OpHeadObject, 400, nil, "", "HeadObject: 400", AdviceStop},
		{"HEAD, wrong region as 301", OpHeadObject, 301, region, "", "HeadObject: 301 (request R1)", AdviceRegion},
		{"HEAD, as MinIO answers", OpHeadObject, 404, []Field{{"X-Minio-Error-Code", "NoSuchKey"}}, "", "HeadObject: 404 NoSuchKey", AdviceStop},
		{"a request ID that was sent twice", OpHeadObject, 404, []Field{{"X-Amz-Request-Id", "R1, R1"}}, "", "HeadObject: 404 (request R1)", AdviceStop},
		{"a 400 without a word, though with a region", OpPutObject, 400, region, "", "PutObject: 400 (request R1)", AdviceStop},
		{"JSON", OpPutObject, 401, nil, `{"error":"unauthorized"}`, "PutObject: 401", AdviceRefreshOnce},
		{"an XML document of another kind", OpPutObject, 500, nil, "<Result><Code>x</Code></Result>", "PutObject: 500", AdviceRetry},
		{"an error cut short", OpPutObject, 503, nil, "<Error><Code>SlowDown</Code><Mess", "PutObject: 503 SlowDown", AdviceBackOff},
		{"a code cut short", OpPutObject, 503, nil, "<Error><Code>SlowDo", "PutObject: 503 SlowDo", AdviceBackOff},
		{"bytes", OpPutObject, 504, nil, "\x00\xff\x01", "PutObject: 504", AdviceRetry},
		{"text in an error", OpPutObject, 400, nil, "<Error>oops</Error>", "PutObject: 400", AdviceStop},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := ParseError(test.op, test.status, test.header, []byte(test.body))
			if e.Error() != test.want || e.Advice() != test.advice {
				t.Errorf("ParseError = %q, %v, want %q, %v", e, e.Advice(), test.want, test.advice)
			}
		})
	}
}

// What a hostile or broken store writes into the fields stays harmless.
func TestParseError_fieldsAreTame(t *testing.T) {
	body := "<Error><Code>two words</Code><Message>a&#10;b\x7f&#x202e;c</Message><RequestId>a b</RequestId><HostId>ä</HostId><Region>a/b</Region>" +
		"<Endpoint>evil.example/path?x</Endpoint><Resource>/b/k?X-Amz-Signature=SECRET</Resource><ServerTime>soon</ServerTime></Error>"
	e := ParseError(OpPutObject, 400, []Field{{"x-amz-bucket-region", "a b"}, {"x-amz-request-id", ""}}, []byte(body))
	want := Error{Op: OpPutObject, Status: 400, Message: "a b  c", Resource: "/b/k"}
	if *e != want {
		t.Errorf("ParseError = %+v, want %+v", *e, want)
	}
}

func TestParseError_bounds(t *testing.T) {
	message := func(n int) *Error {
		return ParseError(OpPutObject, 400, nil, []byte("<Error><Message>"+strings.Repeat("m", n)+"</Message></Error>"))
	}
	for _, n := range []int{MaxMessage - 1, MaxMessage} {
		if e := message(n); len(e.Message) != n {
			t.Errorf("a message of %d bytes is kept as %d", n, len(e.Message))
		}
	}
	if e := message(MaxMessage + 1); e.Message != strings.Repeat("m", MaxMessage)+"..." {
		t.Errorf("a message of %d bytes is kept as %q", MaxMessage+1, e.Message)
	}

	const head, tail = "<Error><Message>", "</Message><Code>SlowDown</Code></Error>"
	body := func(n int) *Error {
		return ParseError(OpPutObject, 400, nil, []byte(head+strings.Repeat("m", n-len(head)-len(tail))+tail))
	}
	for _, n := range []int{MaxErrorBody - 1, MaxErrorBody} {
		if e := body(n); e.Code != "SlowDown" {
			t.Errorf("a body of %d bytes has the code %q, want SlowDown", n, e.Code)
		}
	}
	// The last byte is gone: the code is still there, the end is not.
	if e := body(MaxErrorBody + len("</Error>") + 1); e.Code != "SlowDown" {
		t.Errorf("a body cut after the code has %q", e.Code)
	}
	if e := body(MaxErrorBody + len(tail)); e.Code != "" || len(e.Message) != MaxMessage+3 {
		t.Errorf("a body cut before the code has %q", e.Code)
	}

	for _, test := range []struct {
		n    int
		kept bool
	}{{maxCode - 1, true}, {maxCode, true}, {maxCode + 1, false}} {
		e := ParseError(OpPutObject, 400, nil, []byte("<Error><Code>"+strings.Repeat("C", test.n)+"</Code></Error>"))
		if (e.Code != "") != test.kept {
			t.Errorf("a code of %d bytes is kept as %q", test.n, e.Code)
		}
	}
}

// RFC 9110, section 10.2.3; AWS SDKs and Tools Reference, "Retry behavior".
func TestParseError_retryAfter(t *testing.T) {
	date := Field{"Date", "Mon, 23 Nov 2026 20:12:06 GMT"}
	tests := []struct {
		name   string
		header []Field
		want   int64
	}{
		{"none", nil, 0},
		{"seconds", []Field{{"Retry-After", "120"}}, 120_000},
		{"a date", []Field{date, {"Retry-After", "Mon, 23 Nov 2026 20:12:36 GMT"}}, 30_000},
		{"a date in the past", []Field{date, {"Retry-After", "Mon, 23 Nov 2026 20:12:00 GMT"}}, 0},
		{"a date without Date", []Field{{"Retry-After", "Mon, 23 Nov 2026 20:12:36 GMT"}}, 0},
		{"milliseconds", []Field{{"x-amz-retry-after", "1500"}, {"Retry-After", "9"}}, 1500},
		{"a day at most", []Field{{"Retry-After", "86401"}}, 86_400_000},
		{"a large number", []Field{{"Retry-After", "99999999999999999999"}}, 0},
		{"a negative number", []Field{{"Retry-After", "-1"}}, 0},
		{"words", []Field{{"Retry-After", "soon"}}, 0},
	}
	for _, test := range tests {
		if e := ParseError(OpPutObject, 503, test.header, nil); e.RetryAfterMillis != test.want {
			t.Errorf("%s: RetryAfterMillis = %d, want %d", test.name, e.RetryAfterMillis, test.want)
		}
	}
}

// Every code that an upload can meet, by the S3 API Reference, "Error
// responses", with what is to be done.
func TestErrorAdvice_everyCode(t *testing.T) {
	const put, part, complete, abort, post, head = OpPutObject, OpUploadPart, OpCompleteMultipartUpload, OpAbortMultipartUpload, OpPostObject, OpHeadObject
	tests := []struct {
		code   string
		status int
		op     Op
		want   Advice
	}{
		{"ExpiredToken", 400, part, AdviceRefresh},
		{"ExpiredToken", 403, part, AdviceRefresh}, // the code counts, not the status
		{"TokenRefreshRequired", 400, part, AdviceRefresh},
		{"InvalidToken", 400, part, AdviceRefreshOnce},
		{"InvalidTokenId", 403, part, AdviceRefreshOnce},
		{"InvalidAccessKeyId", 403, part, AdviceRefreshOnce},
		{"InvalidSecurity", 403, part, AdviceStop},
		{"MissingAuthenticationToken", 403, part, AdviceStop},
		{"MissingSecurityHeader", 400, part, AdviceStop},
		{"SignatureDoesNotMatch", 403, part, AdviceStop},
		{"RequestTimeTooSkewed", 403, part, AdviceFixClock},
		{"AccessDenied", 403, part, AdviceStop},
		{"ExpiredRequest", 400, put, AdviceSign},
		{"AuthorizationHeaderMalformed", 400, part, AdviceStop}, // without a region to go to
		{"AuthorizationQueryParametersError", 400, part, AdviceStop},
		{"PermanentRedirect", 301, part, AdviceStop},
		{"TemporaryRedirect", 307, part, AdviceBackOff},
		{"Redirect", 307, part, AdviceBackOff},
		{"IllegalLocationConstraintException", 400, part, AdviceStop},
		{"IncorrectEndpoint", 400, part, AdviceStop},
		{"NoSuchBucket", 404, part, AdviceStop},
		{"NoSuchKey", 404, head, AdviceStop},
		{"NoSuchKey", 404, OpDeleteObject, AdviceDone},
		{"NoSuchUpload", 404, part, AdviceRestartUpload},
		{"NoSuchUpload", 404, OpListParts, AdviceRestartUpload},
		{"NoSuchUpload", 404, complete, AdviceVerifyObject},
		{"NoSuchUpload", 404, abort, AdviceDone},
		{"InvalidPart", 400, complete, AdviceVerifyParts},
		{"InvalidPartOrder", 400, complete, AdviceVerifyParts},
		{"EntityTooSmall", 400, complete, AdviceStop},
		{"EntityTooLarge", 400, put, AdviceStop},
		{"BadDigest", 400, part, AdviceResend},
		{"BadDigest", 400, put, AdviceResend},
		{"BadDigest", 400, complete, AdviceVerifyParts},
		{"XAmzContentSHA256Mismatch", 400, part, AdviceResend},
		{"XAmzContentChecksumMismatch", 400, complete, AdviceVerifyParts},
		{"InvalidDigest", 400, part, AdviceStop},
		{"IncompleteBody", 400, part, AdviceResend},
		{"MissingContentLength", 411, part, AdviceResend},
		{"RequestTimeout", 400, part, AdviceRetry},
		{"SlowDown", 503, part, AdviceBackOff},
		{"SlowDown", 200, complete, AdviceBackOff},
		{"ServiceUnavailable", 503, part, AdviceBackOff},
		{"InternalError", 500, part, AdviceRetry},
		{"InternalError", 200, complete, AdviceRetry},
		{"OperationAborted", 409, put, AdviceRetry},
		{"ConditionalRequestConflict", 409, put, AdviceRetry},
		{"ConditionalRequestConflict", 409, complete, AdviceRestartUpload},
		{"PreconditionFailed", 412, put, AdviceStop},
		{"PreconditionFailed", 412, complete, AdviceStop},
		{"KeyTooLongError", 400, put, AdviceStop},
		{"MetadataTooLarge", 400, put, AdviceStop},
		{"InvalidURI", 400, put, AdviceStop},
		{"InvalidArgument", 400, put, AdviceStop},
		{"InvalidRequest", 400, complete, AdviceStop},
		{"MalformedXML", 400, complete, AdviceStop},
		{"KMS.DisabledException", 400, put, AdviceStop},
		{"KMS.ThrottlingExceptionOfOurs", 503, put, AdviceStop},
		{"TooManyRequests", 429, put, AdviceBackOff},
		{"Unauthorized", 401, put, AdviceRefreshOnce},
		{"InvalidPolicyDocument", 400, post, AdviceStop},
		{"MaxPostPreDataLengthExceededError", 400, post, AdviceStop},
		{"RequestIsNotMultiPartContent", 412, post, AdviceStop},
		{"MalformedPOSTRequest", 400, post, AdviceStop},
		{"IncorrectNumberOfFilesInPostRequest", 400, post, AdviceStop},
		{"UserKeyMustBeSpecified", 400, post, AdviceStop},
		{"RequestTimeoutException", 400, part, AdviceRetry},
		{"PriorRequestNotComplete", 400, part, AdviceRetry},
		{"Throttling", 400, part, AdviceBackOff},
		{"ThrottlingException", 400, part, AdviceBackOff},
		{"TooManyRequestsException", 400, part, AdviceBackOff},
		{"RequestLimitExceeded", 400, part, AdviceBackOff},
		{"BandwidthLimitExceeded", 400, part, AdviceBackOff},
		{"ProvisionedThroughputExceededException", 400, part, AdviceBackOff},
		{"SlowDownRead", 503, part, AdviceBackOff},
		{"SlowDownWrite", 503, part, AdviceBackOff},
		{"SomethingNew", 500, part, AdviceRetry},
		{"SomethingNew", 400, part, AdviceStop},
	}
	for _, test := range tests {
		e := Error{Op: test.op, Status: test.status, Code: test.code}
		if got := e.Advice(); got != test.want {
			t.Errorf("%v on %s, %d: %v, want %v", test.op, test.code, test.status, got, test.want)
		}
		e.Region = "eu-west-1"
		if got := e.Advice(); test.want == AdviceStop && strings.Contains("AuthorizationHeaderMalformed AuthorizationQueryParametersError PermanentRedirect IllegalLocationConstraintException IncorrectEndpoint", test.code) && got != AdviceRegion {
			t.Errorf("%s with a region: %v, want %v", test.code, got, AdviceRegion)
		}
	}
}

func TestErrorAdvice_byStatus(t *testing.T) {
	tests := []struct {
		status int
		want   Advice
	}{
		{200, AdviceRetry}, {301, AdviceStop}, {302, AdviceStop}, {307, AdviceBackOff}, {308, AdviceStop}, {400, AdviceStop}, {401, AdviceRefreshOnce}, {403, AdviceStop}, {404, AdviceStop}, {405, AdviceStop},
		{408, AdviceRetry}, {409, AdviceStop}, {411, AdviceStop}, {412, AdviceStop}, {413, AdviceStop}, {416, AdviceStop}, {425, AdviceRetry}, {429, AdviceBackOff},
		{500, AdviceRetry}, {501, AdviceStop}, {502, AdviceRetry}, {503, AdviceBackOff}, {504, AdviceRetry}, {505, AdviceStop}, {507, AdviceStop}, {509, AdviceBackOff},
		{519, AdviceStop}, {520, AdviceRetry}, {522, AdviceRetry}, {530, AdviceRetry}, {531, AdviceStop}, {599, AdviceStop},
	}
	for _, test := range tests {
		e := Error{Op: OpPutObject, Status: test.status}
		if got := e.Advice(); got != test.want {
			t.Errorf("status %d: %v, want %v", test.status, got, test.want)
		}
	}
}

// Each code stands once in the table, else the second would never be seen.
func TestCodeAdvice_hasNoCodeTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range codeAdvice {
		if seen[row.code] || row.advice == 0 {
			t.Errorf("%s stands twice or without advice", row.code)
		}
		seen[row.code] = true
	}
}

func TestAdviceString_namesEach(t *testing.T) {
	seen := map[string]bool{}
	for a := AdviceStop; a <= AdviceDone; a++ {
		if s := a.String(); s == "" || s == "no advice" || seen[s] {
			t.Errorf("advice %d is called %q", a, s)
		} else {
			seen[s] = true
		}
	}
	if Advice(0).String() != "no advice" || (AdviceDone+1).String() != "no advice" {
		t.Error("an advice that does not exist has a name")
	}
}

func TestOpString_namesEach(t *testing.T) {
	for op := OpPutObject; op < numOps; op++ {
		if op.String() == "" || op.String() == "unknown operation" {
			t.Errorf("operation %d has no name", op)
		}
	}
	if Op(0).String() != "unknown operation" || numOps.String() != "unknown operation" {
		t.Error("an operation that does not exist has a name")
	}
}

func FuzzParseError(f *testing.F) {
	for _, name := range []string{"aws_expired_token.xml", "aws_signature_does_not_match.xml", "minio_no_such_upload.xml", "gateway_wrapped_error.xml", "proxy_502.html"} {
		f.Add(byte(OpUploadPart), 400, "x-amz-bucket-region", "eu-west-1", answer(f, name))
	}
	f.Add(byte(OpHeadObject), 503, "Retry-After", "120", []byte(nil))
	f.Fuzz(func(t *testing.T, op byte, status int, name, value string, body []byte) {
		e := ParseError(Op(op), status, []Field{{name, value}, {"Date", value}}, body)
		text := e.Error()
		if controls(text) || !utf8.ValidString(text) || len(text) > 2*MaxMessage {
			t.Errorf("Error is no tame line: %q", text)
		}
		if !visible(e.Code) || !visible(e.RequestID) || !visible(e.HostID) || !visible(e.Region) || !visible(e.Endpoint) || controls(e.Resource) {
			t.Errorf("a field is not tame: %+v", *e)
		}
		if a := e.Advice(); a < AdviceStop || a > AdviceDone || a == AdviceRegion && e.Region == "" {
			t.Errorf("Advice = %v for %+v", a, *e)
		}
		if e.RetryAfterMillis < 0 || e.RetryAfterMillis > maxWait {
			t.Errorf("RetryAfterMillis = %d", e.RetryAfterMillis)
		}
	})
}
