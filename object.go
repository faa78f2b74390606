package bucketline

import (
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// What is named in other packages and is part of an Object.
type (
	// Field is one name and value of an Object's Metadata or Tags.
	Field = s3.Field

	// SSE is server-side encryption.
	SSE = s3.SSE

	// ObjectLock keeps the stored version from being deleted.
	ObjectLock = s3.ObjectLock

	// CustomerKey is a key of your own to encrypt with. Printing one shows
	// nothing of it.
	CustomerKey = s3.CustomerKey

	// Algorithm is how a checksum is computed.
	Algorithm = s3.Algorithm

	// OnConflict is what to do when the key has an object already.
	OnConflict = engine.OnConflict

	// Priority says which uploads go first.
	Priority = queue.Priority
)

// The algorithms of checksums.
const (
	CRC32      = s3.CRC32
	CRC32C     = s3.CRC32C
	CRC64NVME  = s3.CRC64NVME
	SHA1       = s3.SHA1
	SHA256     = s3.SHA256
	ContentMD5 = s3.ContentMD5 // the store compares, and forgets it
)

// The choices of OnConflict.
const (
	ConflictFail    = engine.ConflictFail
	ConflictAsk     = engine.ConflictAsk     // wait in StateConflict for Task.Resolve
	ConflictSkip    = engine.ConflictSkip    // end in StateSkipped
	ConflictRename  = engine.ConflictRename  // store as "name (2).ext", "name (3).ext", …
	ConflictReplace = engine.ConflictReplace // replace it
)

// The priorities; the zero value is the middle one.
const (
	PriorityNormal = queue.PriorityNormal
	PriorityHigh   = queue.PriorityHigh
	PriorityLow    = queue.PriorityLow
)

// Object is what an upload is stored as, and how. Only Key is required.
type Object struct {
	// Key is 1 to 1,024 bytes of UTF-8.
	Key string

	// The HTTP headers that are stored with the object and come back with it.
	// An empty ContentType is found out from the key's ending, or from the
	// first bytes.
	ContentType, CacheControl, ContentDisposition string
	ContentEncoding, ContentLanguage, Expires     string

	// Metadata has HTTP tokens as names and UTF-8 as values; together at most
	// 2 KiB. Tags has at most 10 with different names.
	Metadata, Tags []Field

	// ACL is a canned ACL such as "public-read", StorageClass one such as
	// "STANDARD_IA", WebsiteRedirect a path or an http(s) URL. Empty means the
	// bucket's default.
	ACL, StorageClass, WebsiteRedirect string

	SSE  SSE
	Lock ObjectLock

	// Algorithm is the object's own checksum; the zero value means Config's.
	// Digest is the raw digest of the whole object by it, if it is known
	// already: what then arrives otherwise is refused.
	Algorithm Algorithm
	Digest    []byte

	// IfNoneMatch "*" does not replace an object that the key has already, and
	// OnConflict says what to do instead; ConflictAsk, ConflictSkip and
	// ConflictRename ask for it by themselves. IfMatch is the ETag, quoted, that
	// the key must have. They need Signature Version 4.
	IfNoneMatch, IfMatch string
	OnConflict           OnConflict

	Priority Priority
}

// Validate checks all of o that does not depend on the store.
func (o Object) Validate() error {
	stored := o.stored()
	return stored.Validate()
}

// stored is what the store is told of o.
func (o *Object) stored() s3.Object {
	ifNoneMatch := o.IfNoneMatch
	switch o.OnConflict {
	case ConflictAsk, ConflictSkip, ConflictRename:
		if ifNoneMatch == "" {
			ifNoneMatch = "*"
		}
	}
	return s3.Object{
		Key: o.Key, ContentType: o.ContentType, CacheControl: o.CacheControl, ContentDisposition: o.ContentDisposition,
		ContentEncoding: o.ContentEncoding, ContentLanguage: o.ContentLanguage, Expires: o.Expires,
		Metadata: o.Metadata, Tags: o.Tags, ACL: o.ACL, StorageClass: o.StorageClass, WebsiteRedirect: o.WebsiteRedirect,
		SSE: o.SSE, Lock: o.Lock, Algorithm: o.Algorithm, Digest: o.Digest,
		IfNoneMatch: ifNoneMatch, IfMatch: o.IfMatch,
	}
}

// objectOf is the Object that was stored as s.
func objectOf(s *s3.Object) Object {
	return Object{
		Key: s.Key, ContentType: s.ContentType, CacheControl: s.CacheControl, ContentDisposition: s.ContentDisposition,
		ContentEncoding: s.ContentEncoding, ContentLanguage: s.ContentLanguage, Expires: s.Expires,
		Metadata: s.Metadata, Tags: s.Tags, ACL: s.ACL, StorageClass: s.StorageClass, WebsiteRedirect: s.WebsiteRedirect,
		SSE: s.SSE, Lock: s.Lock, Algorithm: s.Algorithm, Digest: s.Digest,
		IfNoneMatch: s.IfNoneMatch, IfMatch: s.IfMatch,
	}
}
