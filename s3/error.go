package s3

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/internal/ascii"
	"github.com/bucketline/bucketline/internal/xmlscan"
)

// Error is a refusal: the store answered, and did not do what was asked.
//
// It keeps no more of the answer than the fields here. S3 repeats the session
// token in the body of ExpiredToken, and the canonical request, which holds
// the token too, in that of SignatureDoesNotMatch: neither ever gets in here,
// so an Error is safe to print and to log.
type Error struct {
	Op     Op
	Status int // of HTTP; 200 when CompleteMultipartUpload failed late

	// Code is S3's, such as "NoSuchBucket". It is empty when the answer had
	// none: HEAD has no body, and a proxy's page is not from the store.
	Code string

	// Message is the store's own text as one line of at most MaxMessage bytes.
	// It is for people. Nothing depends on it but AdviceSign, where AccessDenied
	// says in words alone that something has expired.
	Message string

	// RequestID and HostID are what the store's support asks for.
	RequestID, HostID string

	// Region is that of the bucket, when the answer tells; Endpoint is a host
	// name that the store wants to be asked instead. Send no session token to
	// an Endpoint that is not the store's.
	Region, Endpoint string

	Resource string // what the request was about, as the store names it

	// ServerTime is the store's clock when it answered, in milliseconds since
	// 1970-01-01 UTC, and 0 when the answer did not tell.
	ServerTime int64

	// RetryAfterMillis is how long the store asks to wait, 0 to a day.
	RetryAfterMillis int64

	expired bool // the refusal is about a signature's age
}

// Error returns one line: the operation, status, code, message and request ID.
func (e *Error) Error() string {
	text := e.Op.String() + ": " + strconv.Itoa(e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

const (
	maxCode     = 64      // bytes of a code
	maxID       = 256     // bytes of a request or host ID
	maxResource = 2 << 10 // bytes of a resource
	maxWait     = 24 * 3600 * 1000
)

// ParseError reads a refusal. It never fails: what cannot be read leaves its
// field empty, and of a body only the first MaxErrorBody bytes are looked at.
//
//	S3 API Reference, "Error responses"; User Guide, "Best practices for
//	handling errors".
func ParseError(op Op, status int, header []Field, body []byte) *Error {
	e := &Error{Op: op, Status: status}
	if len(body) > MaxErrorBody {
		body = body[:MaxErrorBody]
	}
	var s xmlscan.Scanner
	s.Reset(body)
	if s.Next() == xmlscan.Start {
		e.read(&s)
	}
	e.readHeader(header)
	return e
}

// read takes the fields from an <Error> that s has just begun, or from one
// right inside another element, as STS and some gateways send it.
func (e *Error) read(s *xmlscan.Scanner) {
	if string(s.Name()) != "Error" {
		for depth := s.Depth(); ; {
			switch s.Next() {
			case xmlscan.EOF:
				return
			case xmlscan.Start:
				if s.Depth() == depth+1 && string(s.Name()) == "Error" {
					e.read(s)
					return
				}
			}
		}
	}
	var buf []byte
	for depth := s.Depth(); ; {
		switch s.Next() {
		case xmlscan.EOF:
			return
		case xmlscan.End:
			if s.Depth() < depth {
				return
			}
		case xmlscan.Start:
			// The content of other elements (Token-0, StringToSign,
			// CanonicalRequest and their like) is not even collected.
			if take := e.element(s.Name()); take != nil {
				buf = s.AppendContent(buf[:0])
				take(e, string(bytes.TrimSpace(buf)))
			} else {
				s.Skip()
			}
		}
	}
}

// element returns what to do with the content of an element of <Error>.
func (e *Error) element(name []byte) func(*Error, string) {
	switch string(name) {
	case "Code":
		return func(e *Error, v string) { e.Code = plainWord(v, maxCode) }
	case "Message":
		return func(e *Error, v string) { e.Message = string(appendLine(nil, v, MaxMessage)) }
	case "RequestId", "RequestID":
		return func(e *Error, v string) { e.RequestID = plainWord(v, maxID) }
	case "HostId":
		return func(e *Error, v string) { e.HostID = plainWord(v, maxID) }
	case "Region":
		return func(e *Error, v string) { e.Region = regionWord(v) }
	case "Endpoint":
		return func(e *Error, v string) { e.Endpoint = hostWord(v) }
	case "Resource":
		return func(e *Error, v string) {
			// A query may hold a signature or a token.
			v, _, _ = strings.Cut(v, "?")
			e.Resource = string(appendLine(nil, v, maxResource))
		}
	case "ServerTime":
		return func(e *Error, v string) { e.ServerTime, _ = ParseTime(v) }
	case "Expires":
		return func(e *Error, _ string) { e.expired = true }
	}
	return nil
}

// readHeader fills in what the header knows. The region there comes first:
// some errors have no body, and others one for another place.
func (e *Error) readHeader(header []Field) {
	if v, ok := HeaderValue(header, "x-amz-bucket-region"); ok && regionWord(v) != "" {
		e.Region = regionWord(v)
	}
	if v := headerWord(header, "x-amz-request-id", maxID); v != "" {
		e.RequestID = v
	}
	if v := headerWord(header, "x-amz-id-2", maxID); v != "" {
		e.HostID = v
	}
	if e.Code == "" {
		e.Code = headerWord(header, "x-minio-error-code", maxCode) // MinIO, in answers to HEAD
	}
	date, dated := int64(0), false
	if v, ok := HeaderValue(header, "date"); ok {
		date, dated = ParseTime(v)
	}
	if e.ServerTime == 0 && dated {
		e.ServerTime = date
	}
	e.RetryAfterMillis = retryAfter(header, date, dated)
}

// retryAfter reads x-amz-retry-after, in milliseconds (AWS SDKs and Tools
// Reference, "Retry behavior"), or Retry-After, in seconds or as a date (RFC
// 9110, section 10.2.3).
func retryAfter(header []Field, date int64, dated bool) int64 {
	wait, scale := int64(0), int64(1)
	v, ok := HeaderValue(header, "x-amz-retry-after")
	if !ok {
		v, ok = HeaderValue(header, "retry-after")
		scale = 1000
	}
	switch n, err := strconv.ParseUint(v, 10, 31); {
	case !ok:
		return 0
	case err == nil:
		wait = int64(n) * scale
	case dated && scale == 1000:
		if until, ok := ParseTime(v); ok {
			wait = until - date
		}
	}
	return max(0, min(wait, maxWait))
}

// headerWord returns the first value of a header if it is a plain word. A
// header sent twice arrives as one with a comma (VersityGW does so).
func headerWord(header []Field, name string, limit int) string {
	v, _ := HeaderValue(header, name)
	v, _, _ = strings.Cut(v, ",")
	return plainWord(v, limit)
}

// plainWord returns v if it is one word of visible ASCII, else "".
func plainWord(v string, limit int) string {
	if len(v) > limit || !visible(v) {
		return ""
	}
	return v
}

func regionWord(v string) string {
	if checkRegion(v, false) != nil {
		return ""
	}
	return v
}

func hostWord(v string) string {
	if name, _ := splitPort(v); !hostLabels(ascii.Lower(name)) || len(v) > 260 {
		return ""
	}
	return v
}

// HeaderValue returns the first value under name, whatever its case.
func HeaderValue(header []Field, name string) (string, bool) {
	for i := range header {
		if sameName(header[i].Name, name) {
			return header[i].Value, true
		}
	}
	return "", false
}
