package journal

import (
	"hash/crc32"

	"github.com/bucketline/bucketline/s3"
)

// magic begins every record. Its first byte is no ASCII and no UTF-8, so that
// no text is a record.
const (
	magic   = "\x89BLJ"
	version = 1
)

// What frames have beside their texts, in bytes.
const (
	headPrefix  = len(magic) + 1 + 4 // magic, version, length
	headFrame   = headPrefix + 4     // and the CRC
	headNumbers = 4*8 + 7 + 2 + 2    // times and sizes, choices, counts of metadata and tags
	partFrame   = 1 + partFixed + 4  // length, number and length of the ETag, CRC
	partFixed   = 2 + 1              // what its length counts beside ETag and digest
	maxDigest   = 32                 // bytes of SHA256, the longest
	headTexts   = len(texts{}) + 2*(s3.MaxMetadata+s3.MaxTags)
	headBytes   = 2*maxURL + maxRegion + maxBucket + maxOwner + s3.MaxKeyBytes + 6*s3.MaxSystemMetadata +
		2*maxToken + s3.MaxWebsiteRedirect + 2*s3.MaxKMSText + maxDate + MaxSourceName + MaxPrint + s3.MaxUploadID +
		s3.MaxMetadata + s3.MaxTags*(maxTagName+maxTagValue)
)

// The bounds of texts that package s3 has no name for, in bytes.
const (
	maxURL      = 2 << 10 // of Endpoint and SendTo: a host name has at most 253
	maxRegion   = 64
	maxBucket   = 255 // Ceph's; Amazon's is 63
	maxOwner    = 128
	maxToken    = 64 // of ACL and StorageClass
	maxDate     = 64
	maxTagName  = 3 * s3.MaxTagKey // UTF-8 of a UTF-16 unit
	maxTagValue = 3 * s3.MaxTagValue
)

// Bits of the head's last number.
const (
	bitPathStyle = 1 << iota
	bitVirtualHost
	bitDualStack
	bitAccelerate
	bitBucketKey
	bitLegalHold
	allBits = 1<<iota - 1
)

// text is one string of a record and its bound in bytes.
type text struct {
	value *string
	max   int
}

// texts are the strings of a head in the order in which they are written.
type texts [21]text

func (r *Record) texts() texts {
	t, o := &r.Target, &r.Object
	return texts{
		{&t.Endpoint, maxURL},
		{&t.Region, maxRegion},
		{&t.Bucket, maxBucket},
		{&t.SendTo, maxURL},
		{&t.ExpectedBucketOwner, maxOwner},
		{&o.Key, s3.MaxKeyBytes},
		{&o.ContentType, s3.MaxSystemMetadata},
		{&o.CacheControl, s3.MaxSystemMetadata},
		{&o.ContentDisposition, s3.MaxSystemMetadata},
		{&o.ContentEncoding, s3.MaxSystemMetadata},
		{&o.ContentLanguage, s3.MaxSystemMetadata},
		{&o.Expires, s3.MaxSystemMetadata},
		{&o.ACL, maxToken},
		{&o.StorageClass, maxToken},
		{&o.WebsiteRedirect, s3.MaxWebsiteRedirect},
		{&o.SSE.KMSKeyID, s3.MaxKMSText},
		{&o.SSE.KMSContext, s3.MaxKMSText},
		{&o.Lock.RetainUntil, maxDate},
		{&r.Source.Name, MaxSourceName},
		{&r.Source.Print, MaxPrint},
		{&r.UploadID, s3.MaxUploadID},
	}
}

// bits are the flags of a head in the order of the bits above.
func (r *Record) bits() [6]*bool {
	t, o := &r.Target, &r.Object
	return [...]*bool{
		&t.PathStyle, &t.VirtualHost, &t.DualStack, &t.Accelerate, &o.SSE.BucketKey, &o.Lock.LegalHold,
	}
}

func checksum(data []byte) uint32 {
	return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
}
