package s3

// Algorithm is how a checksum is computed.
type Algorithm uint8

// NoChecksum sends none. The others but ContentMD5 are stored by the store and
// come back from HeadObject.
const (
	NoChecksum Algorithm = iota
	CRC32
	CRC32C
	CRC64NVME
	SHA1
	SHA256

	// ContentMD5 is the header of that name: the store compares the body with
	// it and forgets it, so a multipart upload has it part by part only.
	ContentMD5
	numAlgorithms
)

// ChecksumType is how the checksum of a multipart upload comes about.
type ChecksumType uint8

const (
	DefaultType ChecksumType = iota // FullObject for CRC64NVME, else Composite
	FullObject                      // of the object's bytes
	Composite                       // of the parts' digests, one after the other
)

// algorithms: User Guide, "Checking object integrity in Amazon S3", the tables
// of algorithms and of types. xml is the element's name in a list of parts.
var algorithms = [numAlgorithms]struct {
	name, header, xml string
	size              int
	full, composite   bool
}{
	CRC32:      {"CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4, true, true},
	CRC32C:     {"CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4, true, true},
	CRC64NVME:  {"CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8, true, false},
	SHA1:       {"SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", 20, false, true},
	SHA256:     {"SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", 32, false, true},
	ContentMD5: {"MD5", "content-md5", "", 16, false, false},
}

// ParseAlgorithm reads S3's name of a stored checksum, such as "CRC32C".
func ParseAlgorithm(name string) (Algorithm, bool) {
	for a := CRC32; a.Stored(); a++ {
		if algorithms[a].name == name {
			return a, true
		}
	}
	return NoChecksum, false
}

// String returns S3's name, "MD5" for ContentMD5, and "" for NoChecksum.
func (a Algorithm) String() string {
	if a >= numAlgorithms {
		return "unknown checksum"
	}
	return algorithms[a].name
}

// Header returns the lower-case name of the header that carries the value.
func (a Algorithm) Header() string { return algorithms[a].header }

// Size returns the length of a raw digest in bytes.
func (a Algorithm) Size() int { return algorithms[a].size }

// Stored reports that the store keeps the checksum with the object.
func (a Algorithm) Stored() bool { return CRC32 <= a && a <= SHA256 }

// String returns S3's name, and "" for DefaultType.
func (t ChecksumType) String() string {
	switch t {
	case FullObject:
		return "FULL_OBJECT"
	case Composite:
		return "COMPOSITE"
	}
	return ""
}

// checksumType is o's type with the default worked out. Without a stored
// checksum it is DefaultType.
func (o *Object) checksumType() ChecksumType {
	switch {
	case !o.Algorithm.Stored():
		return DefaultType
	case o.ChecksumType != DefaultType:
		return o.ChecksumType
	case algorithms[o.Algorithm].composite:
		return Composite
	}
	return FullObject
}

func (o *Object) checkChecksum() error {
	bad := func(problem, hint string) error { return wrong(CodeChecksum, "checksum", problem, hint) }
	if o.Algorithm >= numAlgorithms || o.ChecksumType > Composite {
		return bad("is unknown", "use one of the constants")
	}
	known := &algorithms[o.Algorithm]
	switch {
	case len(o.Digest) != 0 && len(o.Digest) != known.size:
		return bad("has a digest of the wrong length", "give the raw bytes")
	case o.ChecksumType == FullObject && !known.full:
		return bad("has a type that "+quote(known.name)+" cannot have", "CRC32, CRC32C and CRC64NVME can be FULL_OBJECT")
	case o.ChecksumType == Composite && !known.composite:
		return bad("has a type that "+quote(known.name)+" cannot have", "CRC32, CRC32C, SHA1 and SHA256 can be COMPOSITE")
	}
	return nil
}

// polynomials of the three CRCs, reflected: bit 0 is the highest power.
var polynomials = [CRC64NVME + 1]uint64{
	CRC32:     0xedb88320,
	CRC32C:    0x82f63b78,
	CRC64NVME: 0x9a6c9329ac4bc9b5,
}

// CombineCRC returns the CRC of the bytes A followed by B from the CRC of
// each, where B has lenB bytes. It takes the CRCs as numbers, which is what
// their digests are in big-endian order, and about 4 log2(lenB) steps.
// a is CRC32, CRC32C or CRC64NVME.
//
// The checksum of a FullObject upload comes from those of its parts this way.
func CombineCRC(a Algorithm, crcA, crcB uint64, lenB int64) uint64 {
	return multiply(crcA, crcShift(a, lenB), polynomials[a], topBit(a)) ^ crcB
}

// crcShift is x^(8*length) modulo a's polynomial: what a CRC is multiplied by
// when length bytes follow. All three CRCs start and end with all ones, which
// cancel out.
func crcShift(a Algorithm, length int64) uint64 {
	poly, top := polynomials[a], topBit(a)
	power := top >> 8 // x^8: one byte
	shift := top      // x^0
	for n := uint64(length); n != 0; n >>= 1 {
		if n&1 != 0 {
			shift = multiply(shift, power, poly, top)
		}
		power = multiply(power, power, poly, top)
	}
	return shift
}

func topBit(a Algorithm) uint64 { return 1 << (algorithms[a].size*8 - 1) }

// multiply is the product of two polynomials over GF(2) modulo poly, reflected.
func multiply(a, b, poly, top uint64) uint64 {
	product := uint64(0)
	for m := top; a != 0; m >>= 1 {
		if a&m != 0 {
			product ^= b
			a &^= m
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= poly
		}
	}
	return product
}
