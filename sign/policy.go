package sign

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bucketline/bucketline/s3"
)

// Policy is a POST policy and the form that goes with it: what a browser may
// upload without a signed header, until when. Fill it with Field, Equal,
// StartsWith and ContentLengthRange, then sign it with [V4.Policy] or
// [V2.Policy]; signing again replaces the signature.
//
// The store refuses a form whose fields before the file exceed 20 KB, the
// policy among them.
//
// S3 API Reference, "Creating a POST Policy"; for Version 2, S3 Developer
// Guide, "Browser-Based Uploads Using POST (AWS Signature Version 2)".
type Policy struct {
	// Expiration is when the store stops accepting the form.
	Expiration UnixMilli

	// Conditions are all that the store demands of the form, but for those on
	// the fields that signing adds. A form field without one is refused.
	Conditions []Condition

	// Form is the fields to send, in order; the file follows as the last one.
	Form []s3.Field
}

// ConditionKind is the form of a Condition.
type ConditionKind uint8

// The forms of a Condition.
const (
	ConditionEqual ConditionKind = iota
	ConditionStartsWith
	ConditionContentLengthRange
)

// Condition is one demand of a Policy.
type Condition struct {
	Kind     ConditionKind
	Name     string // of the form field, without a "$"; none for the range
	Value    string // the whole value or, for ConditionStartsWith, its beginning
	Min, Max int64  // the range of the file's size in bytes, both ends allowed
}

// filename stands for the last component of the name that the user's file has,
// in the value of any form field. The store replaces it before it compares.
const filename = "${filename}"

// Equal demands that the form field called name has this value. The bucket is
// demanded the same way, though it is no field.
func (p *Policy) Equal(name, value string) {
	p.Conditions = append(p.Conditions, Condition{Kind: ConditionEqual, Name: name, Value: value})
}

// StartsWith demands that the form field called name begins with prefix; an
// empty prefix allows anything. The store takes it for key, acl, the fields
// named like HTTP headers, redirects and metadata only.
func (p *Policy) StartsWith(name, prefix string) {
	p.Conditions = append(p.Conditions, Condition{Kind: ConditionStartsWith, Name: name, Value: prefix})
}

// ContentLengthRange demands that the file has from least to most bytes.
func (p *Policy) ContentLengthRange(least, most int64) {
	p.Conditions = append(p.Conditions, Condition{Kind: ConditionContentLengthRange, Min: least, Max: most})
}

// Field adds a field to the form and, where no StartsWith covers it, the
// condition that it has this value. The values of several fields of one name
// are demanded joined by commas, as the store compares them. A value with
// ${filename} in it is demanded up to there.
func (p *Policy) Field(name, value string) {
	p.Form = append(p.Form, s3.Field{Name: name, Value: value})
	joined, count := "", 0
	for _, f := range p.Form {
		if equalFold(f.Name, name) {
			if count++; count > 1 {
				joined += ","
			}
			joined += f.Value
		}
	}
	kind := ConditionEqual
	if i := strings.Index(joined, filename); i >= 0 {
		kind, joined = ConditionStartsWith, joined[:i]
	}
	for i := range p.Conditions {
		if c := &p.Conditions[i]; c.covers(name) {
			if c.Kind == ConditionEqual && count > 1 {
				c.Kind, c.Value = kind, joined
			}
			return
		}
	}
	p.Conditions = append(p.Conditions, Condition{Kind: kind, Name: name, Value: joined})
}

// String says how much the policy holds, not what: the token, the signature
// and the customer's encryption key are among its values.
func (p Policy) String() string {
	return "Policy{" + strconv.Itoa(len(p.Conditions)) + " conditions, " +
		strconv.Itoa(len(p.Form)) + " form fields, values redacted}"
}

// GoString is String, so that %#v shows no secret either.
func (p Policy) GoString() string { return p.String() }

// Policy signs p: it appends the policy, who signed it and the signature to
// p.Form. The error says what the store would refuse.
//
// S3 API Reference, "Browser-Based Upload using HTTP POST (Using AWS Signature
// Version 4)".
func (v *V4) Policy(p *Policy, c *Credentials, region string, at UnixMilli) error {
	w := v.warmed()
	var err error
	if w.toSign, err = v.DraftPolicy(w.toSign[:0], p, c, region, at); err == nil {
		p.Form = v.FinishForm(p.Form, v.mac(c, region, at, w.toSign))
	}
	return err
}

// DraftPolicy is to Policy what DraftHeader is to SignHeader. FinishForm adds
// the MAC to p.Form, or to a copy of it.
func (v *V4) DraftPolicy(dst []byte, p *Policy, c *Credentials, region string, at UnixMilli) ([]byte, error) {
	if err := p.prepare(at); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = base64.StdEncoding.AppendEncode(dst, v.AppendPolicyDocument(nil, p, c, region, at))
	p.Form = append(p.Form, s3.Field{Name: "policy", Value: string(dst[start:])})
	p.Form = append(p.Form, v.policyFields(c, region, at)...)
	return dst, nil
}

// FinishForm signs a form, as DraftPolicy left it, by the MAC of its string to
// sign: DigestSize raw bytes. A signature that it has is replaced.
func (v *V4) FinishForm(form []s3.Field, mac []byte) []s3.Field {
	return setField(form, "x-amz-signature", hex.EncodeToString(mac))
}

// AppendPolicyDocument appends the text of p as JSON, with the conditions on
// the fields that Policy adds. Its base64 is the string to sign.
func (v *V4) AppendPolicyDocument(dst []byte, p *Policy, c *Credentials, region string, at UnixMilli) []byte {
	return p.appendDocument(dst, v.policyFields(c, region, at))
}

// policyFields are the fields that a Version 4 form has besides the policy and
// the signature. Each is a condition as well.
func (v *V4) policyFields(c *Credentials, region string, at UnixMilli) []s3.Field {
	fields := []s3.Field{
		{Name: "x-amz-algorithm", Value: algorithmV4},
		{Name: "x-amz-credential", Value: string(v.appendCredential(nil, c.AccessKeyID, region, at))},
		{Name: headerDate, Value: v.warmed().dateString(at)},
	}
	return append(fields, tokenField(c)...)
}

// Policy signs p: it appends the access key, the policy and the signature to
// p.Form. The error says what the store would refuse.
//
// S3 Developer Guide, "Browser-Based Uploads Using POST (AWS Signature Version
// 2)", section "Constructing a Signature".
func (v *V2) Policy(p *Policy, c *Credentials, at UnixMilli) error {
	w := v.warmed()
	var err error
	if w.toSign, err = v.DraftPolicy(w.toSign[:0], p, c, at); err == nil {
		p.Form = v.FinishForm(p.Form, v.mac(c, w.toSign))
	}
	return err
}

// DraftPolicy is to Policy what DraftHeader is to SignHeader. FinishForm adds
// the MAC to p.Form, or to a copy of it.
func (v *V2) DraftPolicy(dst []byte, p *Policy, c *Credentials, at UnixMilli) ([]byte, error) {
	if err := p.prepare(at); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = base64.StdEncoding.AppendEncode(dst, v.AppendPolicyDocument(nil, p, c))
	p.Form = append(p.Form,
		s3.Field{Name: "AWSAccessKeyId", Value: c.AccessKeyID},
		s3.Field{Name: "policy", Value: string(dst[start:])})
	p.Form = append(p.Form, tokenField(c)...)
	return dst, nil
}

// FinishForm signs a form, as DraftPolicy left it, by the MAC of its string to
// sign: DigestSizeV2 raw bytes. A signature that it has is replaced.
func (v *V2) FinishForm(form []s3.Field, mac []byte) []s3.Field {
	return setField(form, "signature", base64.StdEncoding.EncodeToString(mac))
}

// AppendPolicyDocument appends the text of p as JSON, with the condition on
// the token. Its base64 is the string to sign.
func (v *V2) AppendPolicyDocument(dst []byte, p *Policy, c *Credentials) []byte {
	return p.appendDocument(dst, tokenField(c))
}

func tokenField(c *Credentials) []s3.Field {
	if c.SessionToken == "" {
		return nil
	}
	return []s3.Field{{Name: headerToken, Value: c.SessionToken}}
}

// signing lists the form fields that signing adds; all but the token's and the
// three of Version 4 need no condition.
var signing = [...]string{
	"policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", headerToken, "x-amz-signature",
	"AWSAccessKeyId", "signature",
}

// prepare removes an earlier signature and finds what the store would refuse.
func (p *Policy) prepare(at UnixMilli) error {
	for _, name := range signing {
		p.Form = setField(p.Form, name, "")
	}
	if p.Expiration <= at {
		return errors.New("sign policy: it has expired")
	}
	if _, found := fieldValue(p.Form, "key"); !found {
		return errors.New("sign policy: the form has no key field")
	}
	for i := range p.Conditions {
		if err := p.Conditions[i].check(); err != nil {
			return err
		}
	}
	for _, f := range p.Form {
		if !p.covered(f.Name) {
			return errors.New("sign policy: no condition covers the form field " + f.Name)
		}
	}
	return nil
}

func (p *Policy) covered(name string) bool {
	if equalFold(name, "file") || hasPrefixFold(name, "x-ignore-") {
		return true
	}
	for i := range p.Conditions {
		if p.Conditions[i].covers(name) {
			return true
		}
	}
	return false
}

func (c *Condition) covers(name string) bool {
	return c.Kind != ConditionContentLengthRange && equalFold(c.Name, name)
}

func (c *Condition) check() error {
	switch {
	case c.Kind == ConditionContentLengthRange:
		if c.Min < 0 || c.Max < c.Min {
			return errors.New("sign policy: content-length-range is empty or negative")
		}
	case c.Name == "":
		return errors.New("sign policy: a condition names no form field")
	case !utf8.ValidString(c.Name) || !utf8.ValidString(c.Value):
		return errors.New("sign policy: the condition on " + c.Name + " is not UTF-8")
	case strings.Contains(c.Value, filename):
		return errors.New("sign policy: the condition on " + c.Name + " has " + filename + ", which no store compares")
	}
	return nil
}

func (p *Policy) appendDocument(dst []byte, auth []s3.Field) []byte {
	dst = append(dst, `{"expiration":"`...)
	dst = p.Expiration.AppendISO8601(dst)
	dst = append(dst, `","conditions":[`...)
	start := len(dst)
	for _, c := range p.Conditions {
		dst = append(c.appendJSON(dst), ',')
	}
	for _, f := range auth {
		c := Condition{Kind: ConditionEqual, Name: f.Name, Value: f.Value}
		dst = append(c.appendJSON(dst), ',')
	}
	if len(dst) > start {
		dst = dst[:len(dst)-1]
	}
	return append(dst, "]}"...)
}

func (c *Condition) appendJSON(dst []byte) []byte {
	switch c.Kind {
	case ConditionStartsWith:
		dst = append(dst, `["starts-with","$`...)
		dst = append(appendJSONText(dst, c.Name), `","`...)
		return append(appendJSONText(dst, c.Value), `"]`...)
	case ConditionContentLengthRange:
		dst = append(dst, `["content-length-range",`...)
		dst = append(strconv.AppendInt(dst, c.Min, 10), ',')
		return append(strconv.AppendInt(dst, c.Max, 10), ']')
	}
	dst = append(appendJSONText(append(dst, `{"`...), c.Name), `":"`...)
	return append(appendJSONText(dst, c.Value), `"}`...)
}

// appendJSONText appends s, escaped for the inside of a JSON string. The S3
// text demands that a dollar sign be escaped, as \$, which is not JSON; \u0024
// satisfies both. Characters beyond ASCII stand for themselves, in UTF-8: the
// text allows \uxxxx too, but the JSON reader in Ceph narrows that to one byte.
//
// S3 API Reference, "Creating a POST Policy", section "Character Escaping".
func appendJSONText(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	const letters = "btn\x00fr" // from \b to \r, without \v, which is not JSON
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case '\b' <= c && c <= '\r' && c != '\v':
			dst = append(dst, '\\', letters[c-'\b'])
		case c < ' ' || c == '$':
			dst = append(dst, `\u00`...)
			dst = append(dst, digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
