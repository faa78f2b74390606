package fakeclouds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// maxSkew is how old or new a signature may be.
const maxSkew = 15 * time.Minute

// verify checks the signature of r for a service, with AWS's signer: what it
// makes of the headers that are signed must be what was sent, letter by letter.
func (c *Cloud) verify(r *http.Request, payload []byte, service string) error {
	given := r.Header.Get("Authorization")
	rest, ok := strings.CutPrefix(given, "AWS4-HMAC-SHA256 Credential=")
	id, rest, _ := strings.Cut(rest, "/")
	scope, rest, _ := strings.Cut(rest, ", SignedHeaders=")
	names, _, _ := strings.Cut(rest, ", Signature=")
	signed := strings.Split(names, ";")
	if !ok || names == "" {
		return refuse(http.StatusForbidden, "MissingAuthenticationToken", "Request is not signed with Version 4 in the Authorization header.")
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return refuse(http.StatusBadRequest, "IncompleteSignature", "X-Amz-Date is not a time.")
	}
	if want := at.Format("20060102") + "/" + c.Region + "/" + service + "/aws4_request"; scope != want {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "Credential should be scoped to %s, not %s.", want, scope)
	}
	switch skew := at.Sub(c.now()); {
	case skew < -maxSkew:
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired: %s is now earlier than allowed.", at)
	case skew > maxSkew:
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "Signature not yet current: %s is still later than allowed.", at)
	}
	// With a directory bucket's session the token has a header of its own.
	token, session := r.Header.Get("X-Amz-Security-Token"), r.Header.Get("X-Amz-S3session-Token")
	key, err := c.key(id, token+session)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(payload)
	hash := hex.EncodeToString(sum[:])
	switch h := r.Header.Get("X-Amz-Content-Sha256"); {
	case h == "UNSIGNED-PAYLOAD" && session != "":
		hash = h
	case h != "" && h != hash:
		return refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The payload is not what its hash says.")
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), nil)
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidURI", "The URL cannot be read.")
	}
	for name, values := range r.Header {
		lower := strings.ToLower(name)
		switch {
		case slices.Contains(signed, lower):
			again.Header[name] = slices.Clone(values)
		case strings.HasPrefix(lower, "x-amz-"):
			return refuse(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed: %s", lower)
		}
	}
	again.Header.Del("Authorization")
	if slices.Contains(signed, "content-length") {
		again.ContentLength = int64(len(payload))
	}
	if !slices.Contains(signed, "host") {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The host is not signed.")
	}
	credentials := aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey, SessionToken: token}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service != "sts" })
	if err := signer.SignHTTP(context.Background(), credentials, again, hash, service, c.Region, at); err != nil {
		return refuse(http.StatusInternalServerError, "InternalFailure", "%v", err)
	}
	if want := again.Header.Get("Authorization"); want != given {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The signature is not %s, but %s", want, given)
	}
	return nil
}

// key finds who signs.
func (c *Cloud) key(id, token string) (Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.Keys {
		switch {
		case k.AccessKeyID != id:
		case k.SessionToken != token:
			return Key{}, refuse(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
		case k.Expired:
			return Key{}, refuse(http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired")
		default:
			return k, nil
		}
	}
	return Key{}, refuse(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
}
