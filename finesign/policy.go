package finesign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/internal/jsonobject"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// maxConditions bounds a policy. Fine Uploader sends some ten and one for each
// parameter.
const maxConditions = 100

// A policy is what the page's policy document says: conditions that a form
// field has a value, each field once, and at most one range of sizes.
type policy struct {
	expiration sign.UnixMilli
	fields     []s3.Field
	ranged     bool
	min, max   int64
}

// field is the value that the field called name, in lower case, must have.
func (p *policy) field(name string) (string, bool) {
	for _, f := range p.fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}

// parsePolicy reads a policy document as Fine Uploader writes it: conditions
// that are objects of one member, and content-length-range. The other forms,
// starts-with among them, would allow more than one upload, and are refused.
//
// S3 API Reference, "Creating a POST Policy".
func parsePolicy(text []byte) (*policy, error) {
	p := new(policy)
	dated := false
	var conditions []json.RawMessage
	err := jsonobject.Members(text, func(name string, value json.RawMessage) error {
		switch name {
		case "expiration":
			at, err := word(value)
			if err != nil {
				return err
			}
			milli, ok := s3.ParseTime(at)
			if !ok {
				return fmt.Errorf("the expiration %.40q is no time", at)
			}
			p.expiration, dated = sign.UnixMilli(milli), true
			return nil
		case "conditions":
			if !bytes.HasPrefix(value, []byte("[")) {
				return errors.New("conditions is not an array")
			}
			return json.Unmarshal(value, &conditions)
		}
		return fmt.Errorf("a policy has no %.40q", name)
	})
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if !dated || len(conditions) == 0 || len(conditions) > maxConditions {
		return nil, fmt.Errorf("policy: it has no expiration, or not 1 to %d conditions", maxConditions)
	}
	for i, c := range conditions {
		if err := p.add(c); err != nil {
			return nil, fmt.Errorf("policy: condition %d: %w", i+1, err)
		}
	}
	return p, nil
}

func (p *policy) add(condition json.RawMessage) error {
	if bytes.HasPrefix(condition, []byte("[")) {
		return p.addRange(condition)
	}
	count := 0
	return jsonobject.Members(condition, func(name string, value json.RawMessage) error {
		if count++; count > 1 {
			return errors.New("it has more than one member")
		}
		text, err := word(value)
		if err != nil {
			return err
		}
		if !fieldName(name) {
			return fmt.Errorf("%.40q is not the name of a form field", name)
		}
		if _, twice := p.field(name); twice {
			return fmt.Errorf("a second one on %q", name)
		}
		if !printable(text) {
			return fmt.Errorf("the value of %q has control characters or is not UTF-8", name)
		}
		p.fields = append(p.fields, s3.Field{Name: name, Value: text})
		return nil
	})
}

// addRange reads ["content-length-range", "1", "1000"], with strings, as Fine
// Uploader has them, or numbers.
func (p *policy) addRange(condition json.RawMessage) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(condition, &parts); err != nil {
		return err
	}
	if len(parts) != 3 || string(parts[0]) != `"content-length-range"` {
		return fmt.Errorf("%.60q is not a content-length-range, the only array that is signed here", condition)
	}
	if p.ranged {
		return errors.New("a second content-length-range")
	}
	p.ranged = true
	for i, to := range []*int64{&p.min, &p.max} {
		digits := strings.Trim(string(parts[i+1]), `"`)
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || strconv.FormatInt(n, 10) != digits {
			return fmt.Errorf("%.40q is no number of bytes", parts[i+1])
		}
		*to = n
	}
	return nil
}

// mixedCase are the form fields whose names Fine Uploader does not write in
// lower case. Stores differ in whether the case of a name matters, so that
// another spelling could mean one thing here and another there.
var mixedCase = []string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-MD5"}

// fieldName allows the names of form fields, as Fine Uploader spells them.
func fieldName(name string) bool {
	return headerName(name) || slices.Contains(mixedCase, name)
}

// headerName allows a token of HTTP (RFC 9110, section 5.6.2) in lower case,
// of the characters that names are made of.
func headerName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return name != "" && len(name) <= 128
}

// parseWrapped tells the two kinds of bodies apart: {"headers": text} asks for
// the signature of a request, everything else is a policy.
func parseWrapped(body []byte) (text string, isRequest bool, err error) {
	others := 0
	err = jsonobject.Members(body, func(name string, value json.RawMessage) (err error) {
		if name != "headers" {
			others++
			return nil
		}
		isRequest = true
		text, err = word(value)
		return err
	})
	if err == nil && isRequest && others > 0 {
		err = errors.New("the request has more members than headers")
	}
	return text, isRequest, err
}

func word(text json.RawMessage) (string, error) {
	var w string
	if !bytes.HasPrefix(text, []byte(`"`)) {
		return "", fmt.Errorf("%.40q is not a string", text)
	}
	err := json.Unmarshal(text, &w)
	return w, err
}

// signPolicy answers with a policy document of our own wording, which the page
// sends in the place of its own.
func (h *Handler) signPolicy(v version, text []byte, s *Scope) (*signedPolicy, error) {
	p, err := parsePolicy(text)
	if err != nil {
		return nil, err
	}
	now := sign.UnixMilli(h.config.Now().UnixMilli())
	if err := s.allowsPolicy(p, now); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	at := now
	if v == sign4 {
		if at, err = h.policyDate(p, now); err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
	}
	key, _ := p.field("key")
	out := sign.Policy{Expiration: p.expiration, Form: []s3.Field{{Name: "key", Value: key}}}
	for _, f := range p.fields {
		if v == sign2 && isSigning(f.Name) {
			return nil, fmt.Errorf("policy: %q does not belong to signature version 2", f.Name)
		}
		if !isSigning(f.Name) {
			out.Equal(f.Name, f.Value)
		}
	}
	out.ContentLengthRange(p.min, p.max)
	signature := "x-amz-signature"
	if v == sign4 {
		err = new(sign.V4).Policy(&out, h.credentials, h.config.Region, at)
	} else {
		signature = "signature"
		err = new(sign.V2).Policy(&out, h.credentials, at)
	}
	if err != nil {
		return nil, err
	}
	answer := new(signedPolicy)
	answer.Policy, _ = s3.HeaderValue(out.Form, "policy")
	answer.Signature, _ = s3.HeaderValue(out.Form, signature)
	return answer, nil
}

// isSigning names the fields that say how a policy is signed. V4.Policy writes
// them itself.
func isSigning(name string) bool {
	switch strings.ToLower(name) {
	case "x-amz-algorithm", "x-amz-credential", "x-amz-date":
		return true
	}
	return false
}

// policyDate is the date of a Version 4 policy. The page sends the three fields
// as it has them, so they must be exactly what will be signed.
func (h *Handler) policyDate(p *policy, now sign.UnixMilli) (sign.UnixMilli, error) {
	text, _ := p.field("x-amz-date")
	at, err := h.date(text, now)
	if err != nil {
		return 0, err
	}
	if a, _ := p.field("x-amz-algorithm"); a != algorithm {
		return 0, fmt.Errorf("x-amz-algorithm is %.40q", a)
	}
	scope := new(sign.V4).AppendScope(nil, h.config.Region, at)
	if c, _ := p.field("x-amz-credential"); c != h.config.AccessKeyID+"/"+string(scope) {
		return 0, fmt.Errorf("x-amz-credential is %.120q: its access key, day or region is another", c)
	}
	return at, nil
}
