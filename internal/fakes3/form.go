package fakes3

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"mime"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// form is a browser form taken apart.
type form struct {
	fields []s3.Field // before the file, names as sent
	file   Body
	name   string // that the file was given
}

// readForm reads a browser form and verifies its policy.
//
//	S3 API Reference, "Browser-Based Uploads Using POST".
func (s *Store) readForm(c *call) *refusal {
	if r := s.readFields(c); r != nil {
		return r
	}
	c.key = c.sent("key")
	if c.key == "" {
		return refuse("UserKeyMustBeSpecified")
	}
	if len(c.key) > s3.MaxKeyBytes {
		return refuse("KeyTooLongError")
	}
	text := c.sent("policy")
	if text == "" {
		return refuse("AccessDenied").says("Nobody is allowed to do this without a policy.")
	}
	if r := s.signedForm(c, text); r != nil {
		return r
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return refuse("InvalidPolicyDocument")
	}
	return s.policy(c, raw)
}

// headBytes is how much of a form is looked at for where its file begins.
const headBytes = s3.MaxPostPreData + 1024

// readFields reads a form without judging it: c.form.
//
//	RFC 7578; RFC 2046, section 5.1.
func (s *Store) readFields(c *call) *refusal {
	kind, params, err := mime.ParseMediaType(c.sent("content-type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" || c.Body == nil {
		return refuse("RequestIsNotMultiPartContent")
	}
	c.form = new(form)
	separator := "--" + params["boundary"]
	head := c.Body.Append(nil, 0, min(c.Body.Len(), headBytes))
	rest := head
	for {
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, []byte(separator+"\r\n")); !ok {
			return c.malformed()
		}
		header, after, ok := bytes.Cut(rest, []byte("\r\n\r\n"))
		if !ok {
			return c.malformed()
		}
		name, filename := disposition(string(header))
		if strings.EqualFold(name, "file") {
			c.form.name = filename
			return c.takeFile(int64(len(head)-len(after)), "\r\n"+separator)
		}
		value, after, ok := bytes.Cut(after, []byte("\r\n"+separator))
		if !ok || name == "" {
			return c.malformed()
		}
		c.form.fields = append(c.form.fields, s3.Field{Name: name, Value: string(value)})
		rest = append([]byte(separator), after...)
	}
}

// malformed tells a form without a file from one that is no form.
func (c *call) malformed() *refusal {
	if c.Body.Len() > headBytes {
		return refuse("MaxPostPreDataLengthExceededError")
	}
	if len(c.form.fields) > 0 {
		return refuse("IncorrectNumberOfFilesInPostRequest")
	}
	return refuse("MalformedPOSTRequest")
}

// takeFile takes the file that begins at an offset of the body. What S3 ignores
// after it is an error here: nothing of ours sends it.
func (c *call) takeFile(begin int64, separator string) *refusal {
	end := separator + "--\r\n"
	length := c.Body.Len() - begin - int64(len(end))
	if length < 0 || string(c.Body.Append(nil, begin+length, int64(len(end)))) != end {
		return refuse("MalformedPOSTRequest")
	}
	if begin > s3.MaxPostPreData {
		return refuse("MaxPostPreDataLengthExceededError")
	}
	c.form.file = c.Body.Cut(begin, length)
	for i := range c.form.fields {
		// S3 API Reference, "POST Object", ${filename}.
		f := &c.form.fields[i]
		f.Value = strings.ReplaceAll(f.Value, "${filename}", c.form.name)
	}
	return nil
}

// disposition returns the name of a field, and the file's own.
func disposition(header string) (name, filename string) {
	for _, line := range strings.Split(header, "\r\n") {
		field, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(field, "content-disposition") {
			continue
		}
		if _, params, err := mime.ParseMediaType(value); err == nil {
			return params["name"], params["filename"]
		}
	}
	return "", ""
}

// signedForm verifies the signature of a policy, whose base64 is text.
func (s *Store) signedForm(c *call, text string) *refusal {
	token := c.sent("x-amz-security-token")
	if id := c.sent("AWSAccessKeyId"); id != "" {
		g, refused := s.known(id, token, c.at)
		if refused != nil {
			return refused
		}
		want := s.v2.AppendSignature(nil, &g.Credentials, []byte(text))
		if subtle.ConstantTimeCompare(want, []byte(c.sent("signature"))) != 1 {
			return refuse("SignatureDoesNotMatch")
		}
		return nil
	}
	id, day, region, ok := scope(c.sent("x-amz-credential"))
	date, dated := s3.ParseTime(c.sent("x-amz-date"))
	at := sign.UnixMilli(date)
	switch {
	case !ok || !dated || c.sent("x-amz-algorithm") != "AWS4-HMAC-SHA256" || day != string(at.AppendScopeDate(nil)):
		return refuse("InvalidArgument")
	case region != s.config.Region:
		return refuse("AuthorizationQueryParametersError").with("Region", s.config.Region)
	}
	g, refused := s.known(id, token, c.at)
	if refused != nil {
		return refused
	}
	want := s.v4.AppendSignature(nil, &g.Credentials, region, at, []byte(text))
	if subtle.ConstantTimeCompare(want, []byte(c.sent("x-amz-signature"))) != 1 {
		return refuse("SignatureDoesNotMatch")
	}
	return nil
}

// policy holds a form against its policy.
//
//	S3 API Reference, "Creating a POST Policy".
func (s *Store) policy(c *call, raw []byte) *refusal {
	var document struct {
		Expiration string            `json:"expiration"`
		Conditions []json.RawMessage `json:"conditions"`
	}
	if err := json.Unmarshal(raw, &document); err != nil || document.Conditions == nil {
		return refuse("InvalidPolicyDocument")
	}
	expires, ok := s3.ParseTime(document.Expiration)
	if !ok {
		return refuse("InvalidPolicyDocument")
	}
	if int64(c.at) >= expires {
		return refuse("AccessDenied").says("Invalid according to Policy: Policy expired.")
	}
	covered := []string{"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"}
	for _, condition := range document.Conditions {
		name, refused := s.condition(c, condition)
		if refused != nil {
			return refused
		}
		covered = append(covered, name)
	}
	for _, f := range c.form.fields {
		name := strings.ToLower(f.Name)
		found := strings.HasPrefix(name, "x-ignore-")
		for _, known := range covered {
			found = found || known == name
		}
		if !found {
			return refuse("AccessDenied").says("Invalid according to Policy: Extra input fields: " + f.Name)
		}
	}
	return nil
}

// bound is a number of bytes, which S3 takes as a string too, as Fine Uploader
// sends it.
func bound(v any) (int64, bool) {
	if text, ok := v.(string); ok {
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	}
	n, ok := v.(float64)
	return int64(n), ok
}

// condition holds a form against one condition, and returns the lower-case name
// of the field that it is about.
func (s *Store) condition(c *call, raw json.RawMessage) (string, *refusal) {
	var exact map[string]string
	var list []any
	operator, name, value := "eq", "", ""
	switch {
	case json.Unmarshal(raw, &exact) == nil && len(exact) == 1:
		for name, value = range exact {
		}
	case json.Unmarshal(raw, &list) == nil && len(list) == 3:
		operator, _ = list[0].(string)
		if operator == "content-length-range" {
			least, ok := bound(list[1])
			most, also := bound(list[2])
			size := c.form.file.Len()
			switch {
			case !ok || !also:
				return "", refuse("InvalidPolicyDocument")
			case size < least:
				return "", refuse("EntityTooSmall")
			case size > most:
				return "", refuse("EntityTooLarge")
			}
			return "", nil
		}
		name, _ = list[1].(string)
		value, _ = list[2].(string)
		name = strings.TrimPrefix(name, "$")
	}
	if name == "" || operator != "eq" && operator != "starts-with" {
		return "", refuse("InvalidPolicyDocument")
	}
	sent := c.sent(name)
	if name == "bucket" {
		sent = s.config.Bucket
	}
	if operator == "eq" && sent != value || !strings.HasPrefix(sent, value) {
		return "", refuse("AccessDenied").says("Invalid according to Policy: Policy Condition failed: " + name)
	}
	return strings.ToLower(name), nil
}
