package sign

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/s3"
)

const (
	queryAccessKeyV2 = "AWSAccessKeyId"
	queryExpiresV2   = "Expires"
	querySignatureV2 = "Signature"
)

// TokenV2 says how the session token of a Version 2 presigned request is
// signed. It is sent as the query parameter X-Amz-Security-Token each time;
// no AWS text covers it, and the stores disagree.
type TokenV2 uint8

const (
	// TokenSigned signs the token as an x-amz-security-token header, in its
	// place among the other x-amz- headers, as AWS's own Python SDKs do.
	TokenSigned TokenV2 = iota

	// TokenSignedLast signs it after all x-amz- headers, as Ceph does. It is
	// TokenSigned unless a header that sorts behind it is signed too, such as
	// x-amz-storage-class.
	TokenSignedLast

	// TokenUnsigned does not sign it, as MinIO has it.
	TokenUnsigned
)

// V2 signs with Signature Version 2, for stores that know nothing newer. The
// zero value is ready. It keeps one keyed HMAC and its buffers: with them warm,
// SignHeader allocates only when the second changes. Not for concurrent use;
// not to be copied once used.
type V2 struct {
	// Token is for Presign only: in the header all stores agree.
	Token TokenV2

	warm **warmV2 // for the reason that V4.warm has
}

type warmV2 struct {
	canonical

	secret string // what key was made from
	key    *mac

	second int64 // since 1970, plus one: date is of this second
	date   string

	toSign, scratch []byte
}

// SignHeader signs r in its Authorization header: it does what PrepareHeader
// does and writes r.Authorization. r must be complete; what it signs of the
// query are the subresources alone.
//
// S3 Developer Guide, "Signing and Authenticating REST Requests".
func (v *V2) SignHeader(r *s3.Request, c *Credentials, at UnixMilli) {
	w := v.warmed()
	w.toSign = v.DraftHeader(w.toSign[:0], r, c, at)
	v.FinishHeader(r, v.mac(c, w.toSign))
}

// DraftHeader is SignHeader but for the signature, and uses no secret: it
// appends to dst the string to sign, which whoever has the key makes a MAC of.
// FinishHeader adds that. Nothing may change r in between.
func (v *V2) DraftHeader(dst []byte, r *s3.Request, c *Credentials, at UnixMilli) []byte {
	v.PrepareHeader(r, c, at)
	r.Authorization = v.AppendAuthorization(r.Authorization, c.AccessKeyID, nil)
	return v.AppendStringToSign(dst, r, 0)
}

// FinishHeader signs r, as DraftHeader left it, by the MAC of its string to
// sign: DigestSizeV2 raw bytes, from an HMAC-SHA1 by the secret.
func (v *V2) FinishHeader(r *s3.Request, mac []byte) {
	r.Authorization = base64.StdEncoding.AppendEncode(r.Authorization, mac)
}

// PrepareHeader sets what a header-signed request must carry besides its
// signature: x-amz-date and, with a session token, x-amz-security-token. What
// an earlier signature left in r is replaced or removed, never doubled.
//
// It removes a Date header: beside an x-amz-date, AWS signs an empty line in
// its place and MinIO signs its value, so that no signature would suit both.
func (v *V2) PrepareHeader(r *s3.Request, c *Credentials, at UnixMilli) {
	r.Query = dropSigned(r.Query)
	r.Header = setField(r.Header, "date", "")
	r.Header = setField(r.Header, headerDigest, "")
	r.Header = setField(r.Header, headerDate, v.warmed().dateString(at))
	r.Header = setField(r.Header, headerToken, c.SessionToken)
	r.Authorization = r.Authorization[:0]
}

// Presign signs r in its query, for a URL that is valid until expiresSeconds,
// at least 1, after at, to the second. What r.Header holds of Content-MD5,
// Content-Type and x-amz- headers is signed too, and whoever uses the URL must
// send it. The error is ErrExpires.
//
// S3 Developer Guide, "Signing and Authenticating REST Requests", section
// "Query String Request Authentication Alternative".
func (v *V2) Presign(r *s3.Request, c *Credentials, at UnixMilli, expiresSeconds int) error {
	w := v.warmed()
	var err error
	if w.toSign, err = v.DraftPresign(w.toSign[:0], r, c, at, expiresSeconds); err != nil {
		return err
	}
	v.FinishPresign(r, v.mac(c, w.toSign))
	return nil
}

// DraftPresign is to Presign what DraftHeader is to SignHeader. FinishPresign,
// or AppendPresigned on the URL, adds the MAC.
func (v *V2) DraftPresign(dst []byte, r *s3.Request, c *Credentials, at UnixMilli, expiresSeconds int) ([]byte, error) {
	if expiresSeconds < 1 {
		return dst, ErrExpires
	}
	dropHeaderAuth(r)
	r.Header = setField(r.Header, "date", "")
	expires := int64(at.clamp())/1000 + int64(expiresSeconds)
	r.Query = append(dropSigned(r.Query),
		s3.Field{Name: queryAccessKeyV2, Value: c.AccessKeyID},
		s3.Field{Name: queryExpiresV2, Value: strconv.FormatInt(expires, 10)})
	if c.SessionToken != "" {
		r.Query = append(r.Query, s3.Field{Name: queryToken, Value: c.SessionToken})
	}
	return v.AppendStringToSign(dst, r, expires), nil
}

// FinishPresign signs r, as DraftPresign left it, by the MAC of its string to
// sign.
func (v *V2) FinishPresign(r *s3.Request, mac []byte) {
	r.Query = append(r.Query, s3.Field{Name: querySignatureV2, Value: base64.StdEncoding.EncodeToString(mac)})
}

// AppendPresigned appends a URL that is signed in its query, given what
// AppendURL of s3 made of a request as DraftPresign left it, and the MAC.
func (v *V2) AppendPresigned(dst []byte, url string, mac []byte) []byte {
	dst = append(append(dst, url...), "&"+querySignatureV2+"="...)
	return s3.AppendEscaped(dst, base64.StdEncoding.EncodeToString(mac), false)
}

// AppendStringToSign appends the string to sign for r as it stands. With
// expires, in seconds since 1970, it is that of a presigned request; with 0,
// that of a request signed in its header.
//
// S3 Developer Guide, "Signing and Authenticating REST Requests", section
// "Constructing the Canonicalized Resource Element" and those around it.
func (v *V2) AppendStringToSign(dst []byte, r *s3.Request, expires int64) []byte {
	w := v.warmed()
	w.sortAMZ(r, expires != 0 && v.Token == TokenSigned)
	md5, _ := fieldValue(r.Header, "content-md5")
	contentType, _ := fieldValue(r.Header, "content-type")
	dst = append(append(dst, r.Method...), '\n')
	dst = append(appendUnfolded(dst, md5), '\n')
	dst = append(appendUnfolded(dst, contentType), '\n')
	if expires != 0 {
		dst = strconv.AppendInt(dst, expires, 10)
	} else if _, dated := fieldValue(r.Header, headerDate); !dated {
		date, _ := fieldValue(r.Header, "date")
		dst = appendUnfolded(dst, date)
	}
	dst = w.appendAMZ(append(dst, '\n'))
	if token, ok := fieldValue(r.Query, queryToken); ok && expires != 0 && v.Token == TokenSignedLast {
		dst = append(append(dst, headerToken+":"...), token...)
		dst = append(dst, '\n')
	}
	return w.appendResource(dst, r)
}

// AppendSignature appends the signature of stringToSign, 28 characters of
// base64.
func (v *V2) AppendSignature(dst []byte, c *Credentials, stringToSign []byte) []byte {
	return base64.StdEncoding.AppendEncode(dst, v.mac(c, stringToSign))
}

// mac is the MAC of a string to sign. It is valid until the next call.
func (v *V2) mac(c *Credentials, stringToSign []byte) []byte {
	w := v.warmed()
	if w.key == nil || w.secret != c.SecretAccessKey {
		w.secret, w.key = c.SecretAccessKey, newMAC1([]byte(c.SecretAccessKey))
	}
	return w.key.sum(stringToSign)
}

// AppendAuthorization appends the value of the Authorization header, given the
// signature.
func (v *V2) AppendAuthorization(dst []byte, accessKeyID string, signature []byte) []byte {
	dst = append(append(dst, "AWS "...), accessKeyID...)
	return append(append(dst, ':'), signature...)
}

func (v *V2) warmed() *warmV2 {
	if v.warm == nil {
		w := new(warmV2)
		v.warm = &w
	}
	return *v.warm
}

func (w *warmV2) dateString(at UnixMilli) string {
	if second := int64(at.clamp())/1000 + 1; second != w.second {
		w.scratch = at.AppendHTTPDate(w.scratch[:0])
		w.second, w.date = second, string(w.scratch)
	}
	return w.date
}

// sortAMZ fills w.header with the x-amz- headers of r by lower-case name and,
// if queryToken is wanted, the token of the query among them.
func (w *warmV2) sortAMZ(r *s3.Request, withToken bool) {
	w.header = w.header[:0]
	for _, f := range r.Header {
		if hasPrefixFold(f.Name, "x-amz-") {
			w.header = append(w.header, f)
		}
	}
	if token, ok := fieldValue(r.Query, queryToken); ok && withToken {
		w.header = append(w.header, s3.Field{Name: headerToken, Value: token})
	}
	slices.SortStableFunc(w.header, compareNames)
}

// appendAMZ appends a line for each name that sortAMZ left, the values of one
// name joined by commas. Inner runs of spaces stay, unlike in Version 4.
func (w *warmV2) appendAMZ(dst []byte) []byte {
	for i, f := range w.header {
		if i > 0 && equalFold(f.Name, w.header[i-1].Name) {
			dst[len(dst)-1] = ','
		} else {
			dst = append(appendLower(dst, f.Name), ':')
		}
		dst = append(appendUnfolded(dst, f.Value), '\n')
	}
	return dst
}

// subresources are the query parameters that Version 2 signs, sorted: those of
// the Developer Guide, then what botocore and MinIO sign besides.
var subresources = [...]string{
	"accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "encryption", "inventory",
	"legal-hold", "lifecycle", "location", "logging", "metrics", "notification", "object-lock",
	"partNumber", "policy", "replication", "requestPayment", "response-cache-control",
	"response-content-disposition", "response-content-encoding", "response-content-language",
	"response-content-type", "response-expires", "restore", "retention", "select", "select-type",
	"storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions",
	"website",
}

// appendResource appends the bucket that only the host names, the path exactly
// as sent, and the subresources by name with their values unencoded.
func (w *warmV2) appendResource(dst []byte, r *s3.Request) []byte {
	if r.VirtualBucket != "" {
		dst = append(append(dst, '/'), r.VirtualBucket...)
	}
	dst = append(dst, r.Path...)
	w.header = w.header[:0]
	for _, f := range r.Query {
		if _, found := slices.BinarySearch(subresources[:], f.Name); found {
			w.header = append(w.header, f)
		}
	}
	slices.SortStableFunc(w.header, func(a, b s3.Field) int { return strings.Compare(a.Name, b.Name) })
	separator := byte('?')
	for _, f := range w.header {
		dst = append(append(dst, separator), f.Name...)
		if f.Value != "" {
			dst = append(append(dst, '='), f.Value...)
		}
		separator = '&'
	}
	return dst
}

// appendUnfolded appends s without white space at its ends and with one space
// for each line break and the white space around it.
func appendUnfolded(dst []byte, s string) []byte {
	start := len(dst)
	for i := 0; i < len(s); {
		end := i
		for end < len(s) && isSpace(s[end]) {
			end++
		}
		blank := s[i:end]
		switch {
		case end == len(s):
			return dst
		case len(dst) == start:
		case strings.ContainsAny(blank, "\r\n"):
			dst = append(dst, ' ')
		default:
			dst = append(dst, blank...)
		}
		dst = append(dst, s[end])
		i = end + 1
	}
	return dst
}
