package engine

import (
	"errors"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// PolicyFields returns the form fields that say who signs a POST policy, and
// when: each is to be a condition of the policy as well, but for AWSAccessKeyId.
// It is for a driver that words its forms itself; SignPolicy signs them. It
// fails with ErrHeld when there are no valid credentials now.
func (e *Engine) PolicyFields(now Now) ([]s3.Field, error) {
	wall := e.correct(now.Wall)
	c, ok := e.keeper.Current(wall)
	if !ok {
		return nil, ErrHeld
	}
	if e.config.SignatureVersion == 2 {
		return e.v2.PolicyFields(&c.Credentials), nil
	}
	return e.v4.PolicyFields(&c.Credentials, e.address.Region, wall), nil
}

// SignPolicy returns the signature of policy, in base64, by the credentials and
// in the second of PolicyFields. It fails with ErrHeld as that does, and with
// ErrRemote where signatures are made elsewhere.
func (e *Engine) SignPolicy(now Now, policy []byte) (string, error) {
	if e.config.RemoteSign {
		return "", ErrRemote
	}
	wall := e.correct(now.Wall)
	c, ok := e.keeper.Current(wall)
	if !ok {
		return "", ErrHeld
	}
	if e.config.SignatureVersion == 2 {
		return string(e.v2.AppendSignature(nil, &c.Credentials, policy)), nil
	}
	return string(e.v4.AppendSignature(nil, &c.Credentials, e.address.Region, wall, policy)), nil
}

// Unsigned returns what is to be signed of a request under way, for somebody
// else to sign: with Version 4 the string to sign with the canonical request in
// place of its digest, with Version 2 the string to sign. It fails with
// ErrNoRequest for any other request.
func (e *Engine) Unsigned(id ReqID) (string, error) {
	r := e.find(id)
	if r == nil || r.kind != ActSend {
		return "", ErrNoRequest
	}
	if e.config.SignatureVersion == 2 {
		return string(e.v2.AppendStringToSign(nil, &r.send, 0)), nil
	}
	date, _ := s3.HeaderValue(r.send.Header, "x-amz-date")
	payload, _ := s3.HeaderValue(r.send.Header, "x-amz-content-sha256")
	at, ok := s3.ParseTime(date)
	if !ok {
		return "", ErrNoRequest
	}
	text := append([]byte("AWS4-HMAC-SHA256\n"+date+"\n"), e.v4.AppendScope(nil, e.address.Region, sign.UnixMilli(at))...)
	return string(e.v4.AppendCanonicalRequest(append(text, '\n'), &r.send, payload)), nil
}

// SignAgain signs a request under way anew, for a driver that has waited before
// it sends it: with the time of now and, where it is not empty, with the SHA-256
// of its body, 64 hex digits. It returns the request's headers, Authorization
// among them. It fails with ErrNoRequest for any other request, with ErrHeld
// when there are no valid credentials any more, and with ErrFrozen when others
// keep the secret; the request is then as it was.
func (e *Engine) SignAgain(now Now, id ReqID, payloadHash string) ([]s3.Field, error) {
	r := e.find(id)
	switch {
	case r == nil || r.kind != ActSend || r.send.Op == s3.OpPostObject:
		return nil, ErrNoRequest
	case e.config.RemoteSign:
		return nil, ErrFrozen
	case payloadHash != "" && !isHex(payloadHash, 64):
		return nil, ErrPayloadHash
	}
	wall := e.correct(now.Wall)
	c, ok := e.keeper.Current(wall)
	if !ok {
		return nil, ErrHeld
	}
	if payloadHash != "" {
		r.send.PayloadHash = payloadHash
	}
	r.signedWith = c
	if e.config.SignatureVersion == 2 {
		e.v2.SignHeader(&r.send, &c.Credentials, wall)
	} else {
		e.v4.SignHeader(&r.send, &c.Credentials, e.address.Region, wall)
	}
	header := append([]s3.Field(nil), r.send.Header...)
	return append(header, s3.Field{Name: "authorization", Value: string(r.send.Authorization)}), nil
}

// What SignAgain does not do.
var (
	ErrFrozen      = errors.New("somebody else signs this session's requests")
	ErrPayloadHash = errors.New("a payload's hash is 64 hex digits")
)

func isHex(s string, length int) bool {
	if len(s) != length {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
