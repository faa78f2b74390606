package exchange

import (
	"bytes"
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/internal/jsonscan"
	"github.com/bucketline/bucketline/internal/xmlscan"
	"github.com/bucketline/bucketline/sign"
)

// Element is a text that ReadXML or ReadJSON is to find, by its path from the
// root, such as "/CreateSessionResult/Credentials/AccessKeyId". In JSON "/[]" is
// an element of an array, of which the first counts.
type Element struct {
	Path string
	Into *string
}

// maxElements bounds the elements of one answer.
const maxElements = 24

// ReadXML finds elements by their path. Their order and namespace do not
// matter, unknown ones are passed over, and one that is there twice is an error.
// found reports that there was an element with the path result. The error is an
// *AnswerError.
func ReadXML(body []byte, result string, elements ...Element) (found bool, err error) {
	if len(body) > MaxAnswer {
		return false, ErrAnswerTooLarge
	}
	var (
		scan xmlscan.Scanner
		path []byte
		text []byte
		seen [maxElements]bool
	)
	scan.Reset(body)
	for {
		switch scan.Next() {
		case xmlscan.EOF:
			if scan.Err() != nil {
				return false, ErrAnswerNotXML
			}
			return found, nil
		case xmlscan.Start:
			path = append(append(path, '/'), scan.Name()...)
			found = found || string(path) == result
			i := at(elements, path)
			if i < 0 {
				continue
			}
			if seen[i] {
				return false, ErrAnswerTwice
			}
			seen[i] = true
			text = scan.AppendContent(text[:0])
			*elements[i].Into = string(bytes.TrimSpace(text))
			path = parent(path)
		case xmlscan.End:
			path = parent(path)
		}
	}
}

// ReadJSON finds members by their path: strings, and numbers as they are
// written. Unknown ones are passed over, null is nothing, and a member that is
// there twice is an error, which is an *AnswerError. found reports that the
// document is an object.
func ReadJSON(body []byte, elements ...Element) (found bool, err error) {
	if len(body) > MaxAnswer {
		return false, ErrAnswerTooLarge
	}
	var (
		scan jsonscan.Scanner
		path []byte
		seen [maxElements]bool
	)
	scan.Reset(body)
	for {
		kind := scan.Next()
		switch kind {
		case jsonscan.EOF:
			if scan.Err() != nil {
				return false, ErrAnswerNotJSON
			}
			return found, nil
		case jsonscan.Name:
			path = append(path, '/')
			path = appendName(path, scan.AppendText(nil))
			continue // its value ends it
		case jsonscan.Object:
			found = found || len(path) == 0
			path = append(path, '{')
			continue
		case jsonscan.Array:
			path = append(path, "[/[]"...)
			continue
		case jsonscan.ObjectEnd:
			path = path[:bytes.LastIndexByte(path, '{')]
		case jsonscan.ArrayEnd:
			path = path[:bytes.LastIndex(path, []byte("[/[]"))]
		case jsonscan.String, jsonscan.Number, jsonscan.True, jsonscan.False:
			i := at(elements, plain(path))
			many := bytes.HasSuffix(path, []byte("[]")) || bytes.Contains(path, []byte("[/[]"))
			switch {
			case i < 0:
			case seen[i] && many:
			case seen[i]:
				return false, ErrAnswerTwice
			default:
				seen[i] = true
				*elements[i].Into = word(kind, &scan)
			}
		}
		// A value is over: so is the member whose it was.
		if n := len(path); n > 0 && path[n-1] != '{' && path[n-1] != ']' {
			path = path[:bytes.LastIndexByte(path, '/')]
		}
	}
}

// appendName adds a member's name. What has a meaning in a path is replaced, so
// that no name can pass for a path.
func appendName(path, name []byte) []byte {
	for _, c := range name {
		if c == '/' || c == '{' || c == '[' || c == ']' {
			c = 0
		}
		path = append(path, c)
	}
	return path
}

// plain is the path without what marks where objects and arrays begin.
func plain(path []byte) []byte {
	out := make([]byte, 0, len(path))
	for i, c := range path {
		if c == '{' || c == '[' && i+1 < len(path) && path[i+1] == '/' {
			continue
		}
		out = append(out, c)
	}
	return out
}

func word(kind jsonscan.Kind, scan *jsonscan.Scanner) string {
	switch kind {
	case jsonscan.True:
		return "true"
	case jsonscan.False:
		return "false"
	}
	return string(scan.AppendText(nil))
}

func at(elements []Element, path []byte) int {
	for i := range elements {
		if elements[i].Path == string(path) {
			return i
		}
	}
	return -1
}

func parent(path []byte) []byte { return path[:bytes.LastIndexByte(path, '/')] }

// Refusal is what the XML errors of AWS's services say, in both of their forms:
// that of STS and S3 Control, and that of S3, which Ceph uses for STS as well.
type Refusal struct{ Code, Message, RequestID string }

// Elements are where ReadXML finds it. Of the two forms an answer has one.
func (r *Refusal) Elements() []Element {
	return []Element{
		{"/ErrorResponse/Error/Code", &r.Code},
		{"/ErrorResponse/Error/Message", &r.Message},
		{"/ErrorResponse/RequestId", &r.RequestID},
		{"/Error/Code", &r.Code},
		{"/Error/Message", &r.Message},
		{"/Error/RequestId", &r.RequestID},
	}
}

// JSONRefusal reads the refusal of a service that speaks JSON: "__type" of AWS
// JSON 1.1, or "code"; whatever is not readable leaves the status alone.
func JSONRefusal(op string, status int, body []byte) *Error {
	var kind, code, upper, message, upperMessage string
	_, err := ReadJSON(body,
		Element{"/__type", &kind}, Element{"/code", &code}, Element{"/Code", &upper},
		Element{"/message", &message}, Element{"/Message", &upperMessage})
	if err != nil {
		return NewError(op, status, "", "", "")
	}
	for _, other := range []string{upper, kind} {
		if code == "" {
			code = other
		}
	}
	if message == "" {
		message = upperMessage
	}
	// AWS JSON 1.1: "com.amazonaws.service#NotAuthorizedException:http://…".
	if hash := strings.LastIndexByte(code, '#'); hash >= 0 {
		code = code[hash+1:]
	}
	code, _, _ = strings.Cut(code, ":")
	return NewError(op, status, code, message, "")
}

// Keys are the parts of credentials as an answer has them, as text.
type Keys struct{ AccessKey, SecretKey, SessionToken, Expiration string }

// Credentials makes credentials of a whole set whose end is in ISO 8601. The
// error is ErrAnswerIncomplete, or a *cred.Error about the expiration.
func (k *Keys) Credentials() (cred.Credentials, error) {
	if k.AccessKey == "" || k.SecretKey == "" || k.SessionToken == "" || k.Expiration == "" {
		return cred.Credentials{}, ErrAnswerIncomplete
	}
	end, err := cred.ParseExpiration(k.Expiration)
	if err != nil {
		return cred.Credentials{}, err
	}
	return k.Until(end), nil
}

// Until is a set whose end is known.
func (k *Keys) Until(end sign.UnixMilli) cred.Credentials {
	return cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: k.AccessKey, SecretAccessKey: k.SecretKey, SessionToken: k.SessionToken},
		Expiration:  end,
	}
}

// Granted reports a status of success.
func Granted(status int) bool { return status >= 200 && status < 300 }
