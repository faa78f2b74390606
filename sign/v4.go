package sign

import (
	"encoding/hex"
	"strconv"

	"github.com/bucketline/bucketline/s3"
)

const (
	algorithmV4 = "AWS4-HMAC-SHA256"

	headerDate   = "x-amz-date"
	headerDigest = "x-amz-content-sha256"
	headerToken  = "x-amz-security-token"

	headerSession = "x-amz-s3session-token" // of a directory bucket

	queryAlgorithm  = "X-Amz-Algorithm"
	queryCredential = "X-Amz-Credential"
	queryDate       = "X-Amz-Date"
	queryExpires    = "X-Amz-Expires"
	querySigned     = "X-Amz-SignedHeaders"
	queryToken      = "X-Amz-Security-Token"
	querySession    = "X-Amz-S3session-Token"
	querySignature  = "X-Amz-Signature"
)

// V4 signs with Signature Version 4. The zero value is ready. It keeps the
// signing key of one secret, day, region and service, and its buffers: with
// them warm, SignHeader allocates only when the second changes (one string of
// 16 bytes). Not for concurrent use; not to be copied once used.
type V4 struct {
	// Service is the service of the credential scope; empty means "s3".
	// Directory buckets want "s3express".
	Service string

	// Session says that the credentials are those of a directory bucket's
	// CreateSession: their token goes into x-amz-s3session-token, and none into
	// x-amz-security-token.
	//
	// S3 API Reference, "CreateSession".
	Session bool

	// warm is behind two pointers so that printing a V4, or a struct around it,
	// prints an address, not the secret or the token of the last request:
	// package fmt follows one pointer when the verb is wrong.
	warm **warmV4
}

type warmV4 struct {
	canonical

	secret, region, service string // what key was derived from
	date                    []byte // of the scope, ditto
	key                     *mac

	second  int64 // since 1970, plus one: amzDate is of this second
	amzDate string

	request, toSign, scratch []byte
}

// SignHeader signs r in its Authorization header: it does what PrepareHeader
// does and writes r.Authorization.
//
// r must be complete. A Header field is signed unless its name is one that the
// connection owns (Connection, Expect, User-Agent and their like). The host
// signed is r.SignedHost, or r.Host when that is empty.
//
// S3 API Reference, "Signature Calculations for the Authorization Header:
// Transferring Payload in a Single Chunk".
func (v *V4) SignHeader(r *s3.Request, c *Credentials, region string, at UnixMilli) {
	w := v.warmed()
	w.toSign = v.DraftHeader(w.toSign[:0], r, c, region, at)
	v.FinishHeader(r, v.mac(c, region, at, w.toSign))
}

// DraftHeader is SignHeader but for the signature, and uses no secret: it
// appends to dst the string to sign, which whoever has the key makes a MAC of.
// FinishHeader adds that. Nothing may change r in between.
func (v *V4) DraftHeader(dst []byte, r *s3.Request, c *Credentials, region string, at UnixMilli) []byte {
	v.PrepareHeader(r, c, at)
	payload, _ := fieldValue(r.Header, headerDigest)
	dst = v.draft(dst, r, region, at, payload)
	r.Authorization = v.appendAuthorization(r.Authorization, c.AccessKeyID, region, at, nil)
	return dst
}

// FinishHeader signs r, as DraftHeader left it, by the MAC of its string to
// sign: DigestSize raw bytes, from an HMAC-SHA256 by the signing key.
func (v *V4) FinishHeader(r *s3.Request, mac []byte) {
	r.Authorization = hex.AppendEncode(r.Authorization, mac)
}

// PrepareHeader sets what a header-signed request must carry besides its
// signature: x-amz-date, x-amz-content-sha256 (r.PayloadHash, or
// UNSIGNED-PAYLOAD when that is empty) and, with a session token,
// x-amz-security-token, or x-amz-s3session-token if that is what Session asks
// for. What an earlier signature left in r is replaced or
// removed, never doubled. The caller who signs elsewhere goes on with
// AppendCanonicalRequest and ends with AppendAuthorization.
func (v *V4) PrepareHeader(r *s3.Request, c *Credentials, at UnixMilli) {
	payload := r.PayloadHash
	if payload == "" {
		payload = UnsignedPayload
	}
	r.Query = dropSigned(r.Query)
	r.Header = setField(r.Header, headerDate, v.warmed().dateString(at))
	r.Header = setField(r.Header, headerDigest, payload)
	mine, other := headerToken, headerSession
	if v.Session {
		mine, other = headerSession, headerToken
	}
	r.Header = setField(r.Header, other, "")
	r.Header = setField(r.Header, mine, c.SessionToken)
	r.Authorization = r.Authorization[:0]
}

// Presign signs r in its query, for a URL that is valid for expiresSeconds, 1
// to MaxExpiresSeconds, or as long as the credentials if that is shorter. The
// payload is left out of the signature. What r.Header holds is signed too, and
// whoever uses the URL must send it. The error is ErrExpires.
//
// S3 API Reference, "Authenticating Requests: Using Query Parameters".
func (v *V4) Presign(r *s3.Request, c *Credentials, region string, at UnixMilli, expiresSeconds int) error {
	w := v.warmed()
	var err error
	if w.toSign, err = v.DraftPresign(w.toSign[:0], r, c, region, at, expiresSeconds); err != nil {
		return err
	}
	v.FinishPresign(r, v.mac(c, region, at, w.toSign))
	return nil
}

// DraftPresign is to Presign what DraftHeader is to SignHeader. FinishPresign,
// or AppendPresigned on the URL, adds the MAC.
func (v *V4) DraftPresign(dst []byte, r *s3.Request, c *Credentials, region string, at UnixMilli, expiresSeconds int) ([]byte, error) {
	if expiresSeconds < 1 || expiresSeconds > MaxExpiresSeconds {
		return dst, ErrExpires
	}
	dropHeaderAuth(r)
	credential := string(v.appendCredential(nil, c.AccessKeyID, region, at))
	r.Query = append(dropSigned(r.Query),
		s3.Field{Name: queryAlgorithm, Value: algorithmV4},
		s3.Field{Name: queryCredential, Value: credential},
		s3.Field{Name: queryDate, Value: v.warmed().dateString(at)},
		s3.Field{Name: queryExpires, Value: strconv.Itoa(expiresSeconds)})
	if c.SessionToken != "" {
		name := queryToken
		if v.Session {
			name = querySession
		}
		r.Query = append(r.Query, s3.Field{Name: name, Value: c.SessionToken})
	}
	signed := string(v.AppendSignedHeaders(nil, r))
	r.Query = append(r.Query, s3.Field{Name: querySigned, Value: signed})
	return v.draft(dst, r, region, at, UnsignedPayload), nil
}

// FinishPresign signs r, as DraftPresign left it, by the MAC of its string to
// sign.
func (v *V4) FinishPresign(r *s3.Request, mac []byte) {
	r.Query = append(r.Query, s3.Field{Name: querySignature, Value: hex.EncodeToString(mac)})
}

// AppendPresigned appends a URL that is signed in its query, given what
// AppendURL of s3 made of a request as DraftPresign left it, and the MAC.
func (v *V4) AppendPresigned(dst []byte, url string, mac []byte) []byte {
	dst = append(append(dst, url...), "&"+querySignature+"="...)
	return hex.AppendEncode(dst, mac)
}

// draft appends the string to sign of r as it stands.
func (v *V4) draft(dst []byte, r *s3.Request, region string, at UnixMilli, payloadHash string) []byte {
	w := v.warmed()
	w.request = v.AppendCanonicalRequest(w.request[:0], r, payloadHash)
	return v.AppendStringToSign(dst, region, at, w.request)
}

// mac is the MAC of a string to sign. It is valid until the next call.
func (v *V4) mac(c *Credentials, region string, at UnixMilli, stringToSign []byte) []byte {
	return v.keyFor(c.SecretAccessKey, region, at).sum(stringToSign)
}

// AppendSignedHeaders appends the names of the headers of r that are signed:
// "host;range;x-amz-date".
func (v *V4) AppendSignedHeaders(dst []byte, r *s3.Request) []byte {
	w := v.warmed()
	w.sortSigned(r)
	return w.appendNames(dst)
}

// AppendCanonicalRequest appends the canonical request of r as it stands:
// r.Path as sent, neither decoded nor normalised; r.Query without a signature;
// r.Header; and payloadHash as the last line.
//
// S3 API Reference, "Signature Calculations for the Authorization Header",
// Task 1.
func (v *V4) AppendCanonicalRequest(dst []byte, r *s3.Request, payloadHash string) []byte {
	w := v.warmed()
	w.sortSigned(r)
	dst = append(append(dst, r.Method...), '\n')
	dst = append(append(dst, r.Path...), '\n')
	dst = append(w.appendQuery(dst, r.Query), '\n')
	dst = append(w.appendLines(dst), '\n')
	dst = append(w.appendNames(dst), '\n')
	return append(dst, payloadHash...)
}

// AppendStringToSign appends the string to sign for a canonical request.
//
// S3 API Reference, "Signature Calculations for the Authorization Header",
// Task 2.
func (v *V4) AppendStringToSign(dst []byte, region string, at UnixMilli, canonicalRequest []byte) []byte {
	dst = v.appendStringHead(dst, algorithmV4, region, at)
	return appendHexSHA256(dst, canonicalRequest)
}

// appendStringHead appends what every string to sign begins with: the
// algorithm, the time and the scope, each on its line.
func (v *V4) appendStringHead(dst []byte, algorithm, region string, at UnixMilli) []byte {
	dst = append(append(dst, algorithm...), '\n')
	dst = append(at.AppendAMZDate(dst), '\n')
	return append(v.AppendScope(dst, region, at), '\n')
}

// AppendScope appends the credential scope: 20130524/us-east-1/s3/aws4_request.
func (v *V4) AppendScope(dst []byte, region string, at UnixMilli) []byte {
	dst = append(at.AppendScopeDate(dst), '/')
	dst = append(append(dst, region...), '/')
	dst = append(dst, v.service()...)
	return append(dst, "/aws4_request"...)
}

// AppendSigningKey appends the 32 raw bytes of the signing key. They stand for
// the secret on that day, in that region and service.
//
// S3 API Reference, "Signature Calculations for the Authorization Header",
// Task 3.
func (v *V4) AppendSigningKey(dst []byte, c *Credentials, region string, at UnixMilli) []byte {
	day := string(at.AppendScopeDate(nil))
	return appendSigningKey(dst, c.SecretAccessKey, day, region, v.service())
}

// AppendSignature appends the signature of stringToSign, 64 lower-case
// hexadecimal digits.
func (v *V4) AppendSignature(dst []byte, c *Credentials, region string, at UnixMilli, stringToSign []byte) []byte {
	return hex.AppendEncode(dst, v.mac(c, region, at, stringToSign))
}

// AppendAuthorization appends the value of the Authorization header for r,
// given the signature of it, 64 hexadecimal digits.
//
// S3 API Reference, "Authenticating Requests: Using the Authorization Header".
func (v *V4) AppendAuthorization(dst []byte, r *s3.Request, accessKeyID, region string, at UnixMilli, signature []byte) []byte {
	v.warmed().sortSigned(r)
	return v.appendAuthorization(dst, accessKeyID, region, at, signature)
}

// appendAuthorization relies on the order that sortSigned left.
func (v *V4) appendAuthorization(dst []byte, accessKeyID, region string, at UnixMilli, signature []byte) []byte {
	dst = append(dst, algorithmV4+" Credential="...)
	dst = v.appendCredential(dst, accessKeyID, region, at)
	dst = v.warmed().appendNames(append(dst, ", SignedHeaders="...))
	return append(append(dst, ", Signature="...), signature...)
}

func (v *V4) appendCredential(dst []byte, accessKeyID, region string, at UnixMilli) []byte {
	return v.AppendScope(append(append(dst, accessKeyID...), '/'), region, at)
}

func (v *V4) service() string {
	if v.Service == "" {
		return "s3"
	}
	return v.Service
}

func (v *V4) warmed() *warmV4 {
	if v.warm == nil {
		w := new(warmV4)
		v.warm = &w
	}
	return *v.warm
}

// keyFor is the keyed HMAC of the signing key, derived anew only when what it
// is derived from has changed.
func (v *V4) keyFor(secret, region string, at UnixMilli) *mac {
	w := v.warmed()
	w.scratch = at.AppendScopeDate(w.scratch[:0])
	if w.key != nil && secret == w.secret && region == w.region &&
		v.service() == w.service && string(w.scratch) == string(w.date) {
		return w.key
	}
	w.secret, w.region, w.service = secret, region, v.service()
	w.date = append(w.date[:0], w.scratch...)
	key := appendSigningKey(nil, secret, string(w.date), region, w.service)
	w.key = newMAC256(key)
	return w.key
}

// dateString is the x-amz-date of at. The string may outlive the request that
// it is put in, so it is made, once per second, and not carved from a buffer.
func (w *warmV4) dateString(at UnixMilli) string {
	if second := int64(at.clamp())/1000 + 1; second != w.second {
		w.scratch = at.AppendAMZDate(w.scratch[:0])
		w.second, w.amzDate = second, string(w.scratch)
	}
	return w.amzDate
}

// dropSigned removes what presigning, of either version, put in a query.
func dropSigned(query []s3.Field) []s3.Field {
	kept := query[:0]
	for _, f := range query {
		switch f.Name {
		case queryAlgorithm, queryCredential, queryDate, queryExpires, querySigned, queryToken, querySession, querySignature,
			queryAccessKeyV2, queryExpiresV2, querySignatureV2:
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

// dropHeaderAuth removes what signing in the header, of either version, put
// in r: a header and a query parameter that disagree are an InvalidRequest.
func dropHeaderAuth(r *s3.Request) {
	r.Header = setField(r.Header, headerDate, "")
	r.Header = setField(r.Header, headerDigest, "")
	r.Header = setField(r.Header, headerToken, "")
	r.Header = setField(r.Header, headerSession, "")
	r.Authorization = r.Authorization[:0]
}
