package fakes3

import (
	"strings"

	"github.com/bucketline/bucketline/s3"
)

// refusal is an error of the store's.
type refusal struct {
	code, message string
	status        int        // 0: the code's own
	details       []s3.Field // further elements of <Error>
	header        []s3.Field
}

func (r *refusal) with(element, value string) *refusal {
	r.details = append(r.details, s3.Field{Name: element, Value: value})
	return r
}

func (r *refusal) says(message string) *refusal {
	r.message = message
	return r
}

// codes is S3 API Reference, "Error responses", as far as this store says them
// or is told to say them, with what R2 and MinIO add.
var codes = [...]struct {
	code   string
	status int
}{
	{"AccessDenied", 403},
	{"AuthorizationHeaderMalformed", 400},
	{"AuthorizationQueryParametersError", 400},
	{"BadDigest", 400},
	{"ConditionalRequestConflict", 409},
	{"EntityTooLarge", 400},
	{"EntityTooSmall", 400},
	{"ExpiredToken", 400},
	{"IncompleteBody", 400},
	{"IncorrectNumberOfFilesInPostRequest", 400},
	{"InternalError", 500},
	{"InvalidAccessKeyId", 403},
	{"InvalidArgument", 400},
	{"InvalidDigest", 400},
	{"InvalidPart", 400},
	{"InvalidPartOrder", 400},
	{"InvalidPolicyDocument", 400},
	{"InvalidRequest", 400},
	{"InvalidToken", 400},
	{"InvalidURI", 400},
	{"KeyTooLongError", 400},
	{"MalformedPOSTRequest", 400},
	{"MalformedXML", 400},
	{"MaxPostPreDataLengthExceededError", 400},
	{"MethodNotAllowed", 405},
	{"NoSuchBucket", 404},
	{"NoSuchKey", 404},
	{"NoSuchUpload", 404},
	{"NotImplemented", 501},
	{"OperationAborted", 409},
	{"PermanentRedirect", 301},
	{"PreconditionFailed", 412},
	{"RequestIsNotMultiPartContent", 412},
	{"RequestTimeTooSkewed", 403},
	{"RequestTimeout", 400},
	{"ServiceUnavailable", 503},
	{"SignatureDoesNotMatch", 403},
	{"SlowDown", 503},
	{"TemporaryRedirect", 307},
	{"TokenRefreshRequired", 400},
	{"TooManyRequests", 429},
	{"UserKeyMustBeSpecified", 400},
	{"XAmzContentSHA256Mismatch", 400},
}

func refuse(code string) *refusal { return &refusal{code: code} }

func statusOf(code string) int {
	for i := range codes {
		if codes[i].code == code {
			return codes[i].status
		}
	}
	return 400
}

// refuse makes the answer an error. HeadObject has no body (S3 API Reference,
// HeadObject).
func (s *Store) refuse(c *call, r *refusal) {
	status := r.status
	if status == 0 {
		status = statusOf(r.code)
	}
	if c.fault.InBody && c.op == s3.OpCompleteMultipartUpload && r.code == c.fault.Code {
		status = 200
	}
	done := c.answer
	c.answer = Answer{
		Status: status, Header: r.header,
		Stored: done.Stored, Created: done.Created, Aborted: done.Aborted, Part: done.Part, Upload: done.Upload,
	}
	if c.Method == "HEAD" {
		return
	}
	message := r.message
	if message == "" {
		message = "This store was told to say " + r.code + ", or found reason to."
	}
	var x document
	if status == 200 {
		// What keeps the connection alive while S3 works (S3 API Reference,
		// CompleteMultipartUpload).
		x.text.WriteString(" \n \n")
	}
	x.begin("Error")
	x.element("Code", r.code)
	x.element("Message", message)
	for _, d := range r.details {
		x.element(d.Name, d.Value)
	}
	x.element("Resource", "/"+c.bucket+"/"+c.key)
	x.element("RequestId", s.requestID())
	x.element("HostId", "fakes3")
	c.xml(x.end("Error"))
}

// document is XML being written.
type document struct{ text strings.Builder }

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

func (x *document) begin(root string) {
	x.text.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<" + root)
	if root != "Error" {
		x.text.WriteString(` xmlns="` + namespace + `"`)
	}
	x.text.WriteString(">")
}

func (x *document) element(name, value string) {
	x.text.WriteString("<" + name + ">")
	for {
		i := strings.IndexAny(value, "&<>\"")
		if i < 0 {
			break
		}
		x.text.WriteString(value[:i])
		switch value[i] {
		case '&':
			x.text.WriteString("&amp;")
		case '<':
			x.text.WriteString("&lt;")
		case '>':
			x.text.WriteString("&gt;")
		default:
			x.text.WriteString("&quot;")
		}
		value = value[i+1:]
	}
	x.text.WriteString(value + "</" + name + ">")
}

func (x *document) open(name string)  { x.text.WriteString("<" + name + ">") }
func (x *document) close(name string) { x.text.WriteString("</" + name + ">") }

func (x *document) end(root string) string {
	x.close(root)
	return x.text.String()
}

func (c *call) xml(text string) {
	c.header("content-type", "application/xml")
	c.answer.Body = []byte(text)
}
