// Package fakes3 is an S3 store in memory that believes nothing: it verifies
// every signature, token, time, checksum and part as S3 does, and refuses in
// S3's words. It is asked in virtual time, with bodies that may be runs in
// place of bytes, so that a million virtual MiB cost nothing; or over HTTP, with
// real bytes, for tests in browsers. What goes wrong with a request is an
// argument: see [Fault].
//
// It has one bucket without versions, and the operations that package s3
// words. It is strict where stores differ, unless its Config says otherwise.
//
// A [Store] is not for concurrent use; [Store.Handler] is.
//
// Documents cited: Amazon S3 API Reference and Amazon S3 User Guide, as in
// package s3.
package fakes3

import (
	"maps"
	"slices"
	"strconv"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Config is what a store is like.
type Config struct {
	// Host is host[:port] of the endpoint; buckets are found in the path and
	// in the host name. Region is what signatures of Version 4 must name.
	Host, Region, Bucket string

	// Page is how many parts or uploads a page of a list has at most; 0 means
	// s3.MaxListPage.
	Page int

	// SmallParts accepts parts of any size, for tests that look at many.
	SmallParts bool

	// EqualParts refuses parts of different sizes (R2, "Multipart objects").
	EqualParts bool

	// AllParts refuses to leave an uploaded part out (Ceph).
	AllParts bool

	// IgnoreChecksums neither compares nor stores x-amz-checksum headers (Ceph
	// before Squid). NoFullObjectCRC knows CRC32 and CRC32C as COMPOSITE only.
	IgnoreChecksums, NoFullObjectCRC bool

	// PartChecksums wants a checksum with each part of an upload that has a
	// checksum of the whole (MinIO).
	PartChecksums bool

	// ForgetCompleted answers a repeated CompleteMultipartUpload with
	// NoSuchUpload. Else it succeeds again while the object is still there.
	ForgetCompleted bool

	// Denied are operations that the credentials' role does not allow.
	Denied []s3.Op
}

// Store is one bucket and who may use it.
type Store struct {
	config  Config
	sums    *Sums
	objects map[string]*Object
	uploads []*Upload // in order of creation
	joined  map[string]*Object
	grants  map[string]*grant
	served  int // requests, which numbers their IDs
	created int // uploads, which numbers theirs
	v4      sign.V4
	v2      sign.V2
}

// New makes an empty store.
func New(c Config) *Store {
	if c.Page == 0 {
		c.Page = s3.MaxListPage
	}
	return &Store{
		config: c, sums: new(Sums), objects: make(map[string]*Object),
		joined: make(map[string]*Object), grants: make(map[string]*grant),
	}
}

// Sums is what the store computes digests with.
func (s *Store) Sums() *Sums { return s.sums }

// Object is what is stored under a key. It does not change; another one takes
// its place.
type Object struct {
	Key      string
	Body     Body
	ETag     string // with its quotes
	Modified sign.UnixMilli
	Header   []s3.Field // what was to be stored with it, lower-case names
	UploadID string     // of the upload in parts that made it
	Parts    []Part     // that it was made of, in order

	Algorithm s3.Algorithm // NoChecksum: it has none
	Type      s3.ChecksumType
	Checksum  string // as S3 writes it
}

// Upload is one multipart upload that is under way.
type Upload struct {
	ID, Key   string
	Begun     sign.UnixMilli
	Header    []s3.Field
	Algorithm s3.Algorithm
	Type      s3.ChecksumType
	Parts     []Part // by number

	sequence int
	taken    int // of Parts, the first so many are out of sight: see TakeAway
}

// Part is one part as stored.
type Part struct {
	Number uint16
	Body   Body
	ETag   string
	Digest []byte // raw, by the upload's Algorithm
}

// Object returns what is stored under key, or nil.
func (s *Store) Object(key string) *Object { return s.objects[key] }

// Keys are those of all objects, in order.
func (s *Store) Keys() []string { return slices.Sorted(maps.Keys(s.objects)) }

// Place stores an object that nobody has uploaded.
func (s *Store) Place(at sign.UnixMilli, key string, b Body) {
	s.objects[key] = &Object{Key: key, Body: b, ETag: s.etag(b), Modified: at}
}

// Remove drops the object with key, if there is one.
func (s *Store) Remove(key string) { delete(s.objects, key) }

// Uploads are those under way, in the order in which they began. The slice is
// the store's own.
func (s *Store) Uploads() []*Upload { return s.uploads }

// grant is credentials that the store knows.
type grant struct {
	sign.Credentials
	expires sign.UnixMilli
}

// Grant makes credentials known that are valid until expires.
func (s *Store) Grant(c sign.Credentials, expires sign.UnixMilli) {
	s.grants[c.AccessKeyID] = &grant{c, expires}
}

// Revoke makes credentials unknown.
func (s *Store) Revoke(accessKeyID string) { delete(s.grants, accessKeyID) }

// Request is one request as it arrived.
type Request struct {
	Method string
	Host   string     // the Host header
	Path   string     // percent-encoded, as sent
	Query  string     // the same, without the question mark
	Header []s3.Field // names in any case
	Body   Body       // nil: none
}

// Answer is what the store says. Its slices are the caller's.
type Answer struct {
	Status int
	Header []s3.Field
	Body   []byte
	Object Body // of GetObject, after Header; Body is then nil

	// What the request did, for whoever watches: what it stored, began or
	// aborted; nil where it did none of that.
	Stored  *Object
	Created *Upload
	Aborted *Upload
	Part    *Part // stored in Upload
	Upload  *Upload
}

// call is one request being served.
type call struct {
	*Request
	at     sign.UnixMilli
	op     s3.Op
	get    bool // GetObject, which package s3 has no name for
	key    string
	bucket string
	query  []s3.Field
	fault  *Fault

	virtual bool  // the host name names the bucket
	form    *form // of OpPostObject
	answer  Answer
}

// Serve answers a request that arrived whole at the given time, and has fault
// go wrong with it; nil is no fault. What a fault does to the way of the request
// and of its answer is for the caller.
func (s *Store) Serve(at sign.UnixMilli, r *Request, fault *Fault) Answer {
	if fault == nil {
		fault = new(Fault)
	}
	c := &call{Request: r, at: at, fault: fault}
	s.served++
	refusal := s.serve(c)
	if refusal == nil && fault.Code != "" && (fault.After || fault.InBody) {
		refusal = fault.refusal()
	}
	if refusal != nil {
		s.refuse(c, refusal)
	}
	c.header("date", string(at.AppendHTTPDate(nil)))
	c.header("x-amz-request-id", s.requestID())
	c.header("server", "fakes3")
	if fault.HideETag {
		c.answer.Header = slices.DeleteFunc(c.answer.Header, func(f s3.Field) bool { return f.Name == "etag" })
	}
	return c.answer
}

func (s *Store) requestID() string {
	id := strconv.FormatInt(int64(s.served), 16)
	return "REQ0000000000000"[:16-len(id)] + id
}

// serve does the work, or says why not.
func (s *Store) serve(c *call) *refusal {
	if r := s.address(c); r != nil {
		return r
	}
	if c.fault.Forget {
		s.forget(c.param("uploadId"))
	}
	if c.fault.ForgetPart {
		s.forgetPart(c.param("uploadId"))
	}
	if c.fault.Code != "" && !c.fault.After && !(c.fault.InBody && c.op != s3.OpCompleteMultipartUpload) {
		return c.fault.refusal()
	}
	if c.op == s3.OpPostObject {
		if r := s.readForm(c); r != nil {
			return r
		}
	} else if r := s.authenticate(c); r != nil {
		return r
	}
	if slices.Contains(s.config.Denied, c.op) {
		return refuse("AccessDenied")
	}
	switch c.op {
	case s3.OpPutObject, s3.OpPostObject:
		return s.put(c)
	case s3.OpCreateMultipartUpload:
		return s.create(c)
	case s3.OpUploadPart:
		return s.part(c)
	case s3.OpCompleteMultipartUpload:
		return s.complete(c)
	case s3.OpAbortMultipartUpload:
		return s.abort(c)
	case s3.OpListParts:
		return s.listParts(c)
	case s3.OpListMultipartUploads:
		return s.listUploads(c)
	case s3.OpHeadObject:
		return s.read(c)
	}
	delete(s.objects, c.key)
	c.answer.Status = 204
	return nil
}

func (c *call) header(name, value string) {
	c.answer.Header = append(c.answer.Header, s3.Field{Name: name, Value: value})
}

// sent returns a header of the request, or a field of its form.
func (c *call) sent(name string) string {
	from := c.Header
	if c.form != nil {
		from = c.form.fields
	}
	value, _ := s3.HeaderValue(from, name)
	return value
}

// param returns a parameter of the query.
func (c *call) param(name string) string {
	value, _ := c.has(name)
	return value
}

func (c *call) has(name string) (string, bool) {
	for _, f := range c.query {
		if f.Name == name {
			return f.Value, true
		}
	}
	return "", false
}

// body is the bytes that are to be stored.
func (c *call) body() Body {
	switch {
	case c.form != nil:
		return c.form.file
	case c.Body == nil:
		return Real(nil)
	}
	return c.Body
}
