// Package finesign signs for pages that upload with Fine Uploader and have its
// option signature.endpoint point here: the POST policies of its simple uploads
// and the requests of its uploads in parts, in Signature Version 4 and, where
// it is allowed, Version 2. The secret access key stays on this side.
//
// What a page sends to be signed is the page's, and so is whatever the person
// in front of it makes of it. So nothing is signed as it came. A policy is read
// and written anew from the conditions that were understood; a request is read
// into what it would do, compared with the [Scope] of who asks, worded again
// from that, and signed only if the two wordings are the same bytes. Whatever
// has no meaning here is refused: other operations, other headers, conditions
// of other forms, members that come twice.
//
//	mux.Handle("POST /s3/signature", handler)
//
// It does not know who asks: Config.Scope does, from the session cookie or the
// token in the request. That function is the invariant that a caller can break:
// who gets a Scope gets signatures for it.
//
// What no signature can hold back: a signed request is good for as long as the
// store accepts its date, 15 minutes with S3, and as often; and the size of a
// part is in no signature that Fine Uploader asks for, so that Scope.MaxSize
// bounds simple uploads alone. Scope.NoParts leaves it at those.
//
// It is for pages that have Fine Uploader already. A new page is better off
// with temporary credentials, of which this package knows nothing.
//
// Sources, cited below by title: Fine Uploader's documentation, "Amazon S3",
// section "Server-Side Signing"; S3 API Reference, "Authenticating Requests
// (AWS Signature Version 4)" and "Creating a POST Policy"; S3 Developer Guide,
// "Signing and Authenticating REST Requests" (Version 2).
//
// Start reading at Handler.ServeHTTP; policy.go and request.go have the two
// things that can be asked for, check.go what is held against a Scope.
package finesign

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bucketline/bucketline/sign"
)

const (
	// MaxBodyBytes bounds a request to the handler. A policy has at most 20 KB
	// in S3, and the headers of a request 8 KB.
	MaxBodyBytes = 64 << 10

	// MaxSkew is how far the date of what is signed may be from the time here,
	// before and after it. S3 allows as much (S3 API Reference, "Error
	// Responses", RequestTimeTooSkewed).
	MaxSkew = 15 * time.Minute

	// MaxPolicyLife is how far in the future a policy may expire. Fine Uploader
	// asks for 5 minutes by the page's clock.
	MaxPolicyLife = 30 * time.Minute

	// MaxFormBytes is the largest file that S3 takes in a form.
	MaxFormBytes = 5 << 30
)

// Config says with what and for whom a Handler signs.
type Config struct {
	// AccessKeyID and SecretAccessKey are of a user who may do what pages are
	// to do, and no more. They must be permanent: a page would have to send the
	// session token of temporary ones.
	AccessKeyID, SecretAccessKey string

	// Region is what the page has as objectProperties.region.
	Region string

	// Addresses are the hosts under which the store has its buckets, as in
	// "{bucket}.s3.eu-west-1.amazonaws.com" or "s3.example.com:9000/{bucket}",
	// without a scheme. Version 4 signs the host, and this is what says which
	// bucket it means. None means those of AWS for Region.
	Addresses []string

	// Scope says what the sender of a request may have signed. An error, which
	// goes to Refused, refuses everything. The body of the request has
	// been read when Scope is called.
	Scope func(*http.Request) (Scope, error)

	// AllowV2 also signs Signature Version 2, Fine Uploader's default. A
	// signature of Version 2 is for no region, and not every store takes it.
	AllowV2 bool

	// Refused, unless nil, is told of each request that was not signed, and why.
	// The text may quote the request; no secret is in it.
	Refused func(*http.Request, error)

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// String names the configuration without its secret.
func (c Config) String() string { return "Config{" + c.AccessKeyID + ", secret redacted}" }

// GoString is String, so that %#v shows no secret either.
func (c Config) GoString() string { return c.String() }

// Scope is what somebody may have signed. The zero value allows nothing.
type Scope struct {
	// Bucket is the only one.
	Bucket string

	// Prefix is what every key begins with, such as "users/42/". It ends with a
	// slash, so that users/4 is not inside users/42. It may be empty when AnyKey
	// says so.
	Prefix string

	// AnyKey allows every key of the bucket; Prefix must be empty.
	AnyKey bool

	// MinSize and MaxSize bound a file in a form, in bytes; MaxSize is at least
	// 1 and at most MaxFormBytes. A policy must have a content-length-range
	// within them: give Fine Uploader validation.sizeLimit.
	MinSize, MaxSize int64

	// ACLs are the canned ACLs that an object may get; none means "private" only.
	ACLs []string

	// Metadata are the names, in lower case and without x-amz-meta-, that an
	// object may have; nil means any.
	Metadata []string

	// Headers are further form fields and headers that may be set, to any value,
	// by their names in lower case: "x-amz-server-side-encryption-aws-kms-key-id".
	// Without being named, the content type, Cache-Control, Content-Disposition,
	// Content-Encoding and Content-MD5 may be, and the storage class
	// REDUCED_REDUNDANCY and the encryption AES256, for which Fine Uploader has
	// options.
	Headers []string

	// NoParts allows simple uploads only. Nothing bounds what is sent in parts.
	NoParts bool

	// ListParts also allows to list the parts of an upload. Fine Uploader never
	// asks for that; what takes its place in web/fine does, to make sure that an
	// upload which goes on in another page is what it was.
	ListParts bool
}

// check reports what makes s no scope.
func (s *Scope) check() error {
	switch {
	case !bucketName(s.Bucket):
		return fmt.Errorf("scope: %q is not the name of a bucket", s.Bucket)
	case s.AnyKey && s.Prefix != "":
		return errors.New("scope: AnyKey is set, and so is a prefix")
	case !s.AnyKey && (len(s.Prefix) < 2 || !strings.HasSuffix(s.Prefix, "/")):
		return fmt.Errorf("scope: the prefix %q does not end with a slash", s.Prefix)
	case s.MaxSize < 1 || s.MaxSize > MaxFormBytes || s.MinSize < 0 || s.MinSize > s.MaxSize:
		return fmt.Errorf("scope: sizes from %d to %d bytes are no range up to 5 GiB", s.MinSize, s.MaxSize)
	}
	return nil
}

// bucketName allows what can stand in a path and in a host (Amazon S3 User
// Guide, "General purpose bucket naming rules").
func bucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return !strings.Contains(name, "..")
}

// Handler answers Fine Uploader's signature requests. It is for concurrent use.
type Handler struct {
	config      Config
	credentials *sign.Credentials
	addresses   []address
}

// New checks c. The error says what is wrong with it.
func New(c Config) (*Handler, error) {
	if c.AccessKeyID == "" || c.SecretAccessKey == "" || c.Region == "" || c.Scope == nil {
		return nil, errors.New("finesign: AccessKeyID, SecretAccessKey, Region and Scope are all needed")
	}
	if strings.ContainsAny(c.Region+c.AccessKeyID, "/,\n") {
		return nil, errors.New("finesign: the region or the access key ID has characters that no credential scope has")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Refused == nil {
		c.Refused = func(*http.Request, error) {}
	}
	if len(c.Addresses) == 0 {
		c.Addresses = []string{
			"{bucket}.s3.amazonaws.com", "{bucket}.s3." + c.Region + ".amazonaws.com",
			"{bucket}.s3-" + c.Region + ".amazonaws.com", "{bucket}.s3-accelerate.amazonaws.com",
		}
	}
	h := &Handler{config: c, credentials: &sign.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}}
	for _, text := range c.Addresses {
		a, err := newAddress(text)
		if err != nil {
			return nil, err
		}
		h.addresses = append(h.addresses, a)
	}
	h.config.SecretAccessKey = ""
	return h, nil
}

// An address is how a host, and the path behind it, name a bucket.
type address struct {
	before, after string // of the bucket in the host; after is the host in path style
	path          bool   // the first component of the path is the bucket
}

const placeholder = "{bucket}"

func newAddress(text string) (address, error) {
	host, bucket, path := strings.Cut(text, "/")
	a := address{after: host, path: path}
	if !path {
		var found bool
		a.before, a.after, found = strings.Cut(host, placeholder)
		bucket = ""
		if found {
			bucket = placeholder
		}
	}
	if bucket != placeholder || a.after == "" || text != strings.ToLower(text) || strings.ContainsAny(a.before+a.after, "{}/ @") {
		return a, fmt.Errorf("finesign: address %q: it must be like {bucket}.s3.example.com or s3.example.com/{bucket}", text)
	}
	return a, nil
}

// host is the host under which a has the bucket.
func (a address) host(bucket string) string {
	if a.path {
		return a.after
	}
	return a.before + bucket + a.after
}

// ServeHTTP signs what the body asks for, if the Scope of the request allows
// it. A refusal is answered with {"invalid":true}, which Fine Uploader reports
// as an invalid policy document or headers, and says no more: why is for
// Config.Refused.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Type", "application/json")
	status, answer, err := h.answer(w, r)
	if err != nil {
		h.config.Refused(r, err)
		answer = invalid{true}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		panic("bucketline: internal error: " + err.Error())
	}
	w.WriteHeader(status)
	w.Write(append(body, '\n')) // an error here is a closed connection
}

type invalid struct {
	Invalid bool `json:"invalid"`
}

// signedPolicy and signedRequest are the two good answers.
type signedPolicy struct {
	Policy    string `json:"policy"`
	Signature string `json:"signature"`
}

type signedRequest struct {
	Signature string `json:"signature"`
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request) (int, any, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, nil, fmt.Errorf("%s is not POST", r.Method)
	}
	// A form of another site cannot send this type, so that a session cookie
	// alone gets nothing signed.
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return http.StatusUnsupportedMediaType, nil, errors.New("the content type is not application/json")
	}
	version := sign4
	switch query := r.URL.Query(); {
	case !query.Has("v4"):
		version = sign2
	case !slices.Equal(query["v4"], []string{"true"}):
		return http.StatusBadRequest, nil, errors.New("the parameter v4 is not true")
	}
	if version == sign2 && !h.config.AllowV2 {
		return http.StatusBadRequest, nil, errors.New("signature version 2 is not allowed: the page needs signature.version 4")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	if err != nil {
		return http.StatusRequestEntityTooLarge, nil, fmt.Errorf("read the request: %w", err)
	}
	scope, err := h.config.Scope(r)
	if err != nil {
		return http.StatusForbidden, nil, fmt.Errorf("who asks: %w", err)
	}
	if err := scope.check(); err != nil {
		return http.StatusInternalServerError, nil, err
	}
	var answer any
	if text, isRequest, broken := parseWrapped(body); broken != nil {
		err = broken
	} else if isRequest {
		answer, err = h.signRequest(version, text, &scope)
	} else {
		answer, err = h.signPolicy(version, body, &scope)
	}
	if err != nil {
		return http.StatusForbidden, nil, err
	}
	return http.StatusOK, answer, nil
}

// A version is that of the signature.
type version int

const (
	sign2 version = 2
	sign4 version = 4
)
