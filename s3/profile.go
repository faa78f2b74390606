package s3

// Profile is the kind of store behind an endpoint. What is known of each is
// one row of a table here, and nothing elsewhere asks for a store by name.
type Profile uint8

// The zero Profile is Amazon S3 itself.
const (
	ProfileAWS Profile = iota
	ProfileMinIO
	ProfileCeph
	ProfileR2
	ProfileB2
	ProfileGCS
	ProfileSeaweedFS
	ProfileVersityGW
	numProfiles
)

// Feature is one thing that S3 does and a store may not do. Features combine
// as bits.
type Feature uint32

// A store that answers 200 and ignores what it was asked for counts as without
// the feature whenever that loses protection: encryption, a lock, a condition,
// the owner check.
const (
	FeaturePostForm            Feature = 1 << iota // browser forms with an AWS policy
	FeatureSignatureV2                             // by the store itself, without a proxy that translates
	FeatureBucketCORS                              // PutBucketCors, one rule set per bucket
	FeatureDualStack                               // separate host names for IPv6
	FeatureAccelerate                              // s3-accelerate host names
	FeatureACL                                     // canned ACLs on objects
	FeatureTags                                    // x-amz-tagging
	FeatureWebsite                                 // x-amz-website-redirect-location
	FeatureSSES3                                   // server-side encryption with the store's keys
	FeatureKMS                                     // server-side encryption with KMS keys
	FeatureSSEC                                    // server-side encryption with the caller's key
	FeatureLock                                    // object lock: retention and legal hold
	FeatureOwner                                   // x-amz-expected-bucket-owner
	FeatureConditionalPut                          // If-None-Match and If-Match on PutObject
	FeatureConditionalComplete                     // the same on CompleteMultipartUpload
	FeatureFullObjectCRC                           // FULL_OBJECT for CRC32 and CRC32C in multipart uploads
	FeatureObjectSize                              // x-amz-mp-object-size
	FeatureBareParts                               // parts without a checksum of their own in a FULL_OBJECT upload
)

// Facts is what is known of one kind of store. Sizes are in bytes.
type Facts struct {
	Name      string // as ParseProfile takes it
	Region    string // when the user gives none; empty: the user must
	Endpoint  string // the same, "{region}" stands for the region; empty on AWS
	PathStyle bool   // by default

	// EqualParts: all parts but the last must have one size, else
	// CompleteMultipartUpload answers InvalidPart.
	EqualParts bool

	MaxPartSize, MaxObjectSize, MaxSinglePut int64

	// Checksum is the best that the store checks itself, for objects that ask
	// for none: CRC64NVME of the whole where it is known to work, else
	// Content-MD5 of each request, which every store compares.
	Checksum Algorithm

	Lacks Feature
}

const (
	awsOnly = FeatureDualStack | FeatureAccelerate
	r2GiB   = 4995 << 30 / 1000 // 4.995 GiB
)

// facts has a row for each Profile. What a store lacks is listed only where
// its documentation or its source says so:
//
// Checksums: User Guide, "Checking object integrity in Amazon S3"; MinIO and
// VersityGW, source; R2, "S3 API compatibility", checksum types. Ceph before
// Squid ignores x-amz-checksum headers, and B2 and GCS document Content-MD5.
//
//   - MinIO, source of 2026-02-12: api-router.go, dummy-handlers.go; no mention
//     of the owner or object-size headers anywhere.
//   - R2, "S3 API compatibility", "Limits", "Multipart objects", "Presigned URLs".
//   - B2, "Call the S3-Compatible API": Version 4 only.
//   - GCS, "Migrate from Amazon S3", "POST object": policies of its own
//     (x-goog-*); preconditions by x-goog-if-generation-match.
//   - VersityGW, source of 1.8.0: takes encryption headers and ignores them.
var facts = [numProfiles]Facts{
	ProfileAWS: {
		Name: "aws", Checksum: CRC64NVME,
		MaxPartSize: MaxPartSize, MaxObjectSize: MaxObjectSize, MaxSinglePut: MaxSinglePut,
	},
	ProfileMinIO: {
		Name: "minio", Region: "us-east-1", PathStyle: true,
		Checksum:    CRC64NVME,
		MaxPartSize: MaxPartSize, MaxObjectSize: MaxObjectSize, MaxSinglePut: MaxSinglePut,
		Lacks: awsOnly | FeatureBucketCORS | FeatureOwner | FeatureObjectSize | FeatureBareParts,
	},
	ProfileCeph: {
		Name: "ceph", Region: "us-east-1", PathStyle: true,
		Checksum:    ContentMD5,
		MaxPartSize: MaxPartSize, MaxObjectSize: MaxObjectSize, MaxSinglePut: MaxSinglePut,
		Lacks: awsOnly | FeatureObjectSize,
	},
	ProfileR2: {
		Name: "r2", Region: "auto", PathStyle: true, EqualParts: true,
		Checksum:    CRC64NVME,
		MaxPartSize: r2GiB, MaxObjectSize: r2GiB << 10, MaxSinglePut: r2GiB,
		Lacks: awsOnly | FeaturePostForm | FeatureSignatureV2 | FeatureACL | FeatureTags |
			FeatureWebsite | FeatureSSES3 | FeatureKMS | FeatureLock | FeatureOwner |
			FeatureConditionalComplete | FeatureFullObjectCRC | FeatureObjectSize,
	},
	ProfileB2: {
		Name: "b2", Endpoint: "https://s3.{region}.backblazeb2.com",
		Checksum:    ContentMD5,
		MaxPartSize: MaxPartSize, MaxObjectSize: MaxObjectSize, MaxSinglePut: MaxSinglePut,
		Lacks: awsOnly | FeatureSignatureV2 | FeatureObjectSize,
	},
	ProfileGCS: {
		Name: "gcs", Region: "auto", Endpoint: "https://storage.googleapis.com",
		Checksum:    ContentMD5,
		MaxPartSize: MaxPartSize, MaxObjectSize: 5 << 40, MaxSinglePut: MaxSinglePut,
		Lacks: awsOnly | FeaturePostForm | FeatureSignatureV2 | FeatureConditionalPut |
			FeatureConditionalComplete | FeatureObjectSize,
	},
	ProfileSeaweedFS: {
		Name: "seaweedfs", Region: "us-east-1", PathStyle: true,
		Checksum:    ContentMD5,
		MaxPartSize: MaxPartSize, MaxObjectSize: MaxObjectSize, MaxSinglePut: MaxSinglePut,
		Lacks: awsOnly | FeatureObjectSize,
	},
	ProfileVersityGW: {
		Name: "versitygw", Region: "us-east-1", PathStyle: true,
		Checksum:    CRC64NVME,
		MaxPartSize: MaxPartSize, MaxObjectSize: MaxObjectSize, MaxSinglePut: MaxSinglePut,
		Lacks: awsOnly | FeatureSignatureV2 | FeatureSSES3 | FeatureKMS | FeatureSSEC,
	},
}

// ParseProfile finds a profile by its name, such as "ceph". The empty name is
// AWS.
func ParseProfile(name string) (Profile, bool) {
	if name == "" {
		return ProfileAWS, true
	}
	for i := range facts {
		if facts[i].Name == name {
			return Profile(i), true
		}
	}
	return 0, false
}

// Valid reports whether p is one of the constants.
func (p Profile) Valid() bool { return p < numProfiles }

// Facts returns p's row, for reading. It panics when p is not Valid.
func (p Profile) Facts() *Facts { return &facts[p] }

// Has reports whether the store does all of f, as far as is known.
func (p Profile) Has(f Feature) bool { return facts[p].Lacks&f == 0 }

// String returns the name that ParseProfile takes.
func (p Profile) String() string {
	if !p.Valid() {
		return "unknown"
	}
	return facts[p].Name
}
