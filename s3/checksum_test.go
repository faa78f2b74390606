package s3

import (
	"encoding/base64"
	"hash/crc32"
	"hash/crc64"
	"math/rand/v2"
	"testing"
)

// The check values of the three CRCs for "1234" and "56789" apart and joined:
// those of the CRC catalogue for "123456789".
func TestCombineCRC_checkValues(t *testing.T) {
	tests := []struct {
		a             Algorithm
		first, second uint64
		want          uint64
	}{
		{CRC32, 0x9BE3E0A3, 0x131DA070, 0xCBF43926},
		{CRC32C, 0xF63AF4EE, 0x83B565D8, 0xE3069283},
		{CRC64NVME, 0x29F5DBE7E2FF71D4, 0xF87DC887176CE667, 0xAE8B14860A799888},
	}
	for _, test := range tests {
		if got := CombineCRC(test.a, test.first, test.second, 5); got != test.want {
			t.Errorf("CombineCRC(%v, %X, %X, 5) = %X, want %X", test.a, test.first, test.second, got, test.want)
		}
	}
}

// Random data cut anywhere, against hash/crc32 and hash/crc64.
func TestCombineCRC_agreesWithHashPackages(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	castagnoli, nvme := crc32.MakeTable(crc32.Castagnoli), crc64.MakeTable(0x9a6c9329ac4bc9b5)
	sums := map[Algorithm]func([]byte) uint64{
		CRC32:     func(b []byte) uint64 { return uint64(crc32.ChecksumIEEE(b)) },
		CRC32C:    func(b []byte) uint64 { return uint64(crc32.Checksum(b, castagnoli)) },
		CRC64NVME: func(b []byte) uint64 { return crc64.Checksum(b, nvme) },
	}
	for range 500 {
		data := make([]byte, random.IntN(5000))
		for i := range data {
			data[i] = byte(random.IntN(256))
		}
		cut := random.IntN(len(data) + 1)
		for a, sum := range sums {
			if got, want := CombineCRC(a, sum(data[:cut]), sum(data[cut:]), int64(len(data)-cut)), sum(data); got != want {
				t.Fatalf("CombineCRC(%v) of %d and %d bytes = %X, want %X", a, cut, len(data)-cut, got, want)
			}
		}
	}
}

// A length beyond 32 bits, where int may have no more: combining twice must
// not depend on the order.
func TestCombineCRC_longLengths(t *testing.T) {
	const long = int64(5) << 40
	for _, a := range []Algorithm{CRC32, CRC32C, CRC64NVME} {
		x, y, z := uint64(0x12345678), uint64(0x9abcdef0), uint64(0x0fedcba9)
		left := CombineCRC(a, CombineCRC(a, x, y, long), z, long+1)
		right := CombineCRC(a, x, CombineCRC(a, y, z, long+1), 2*long+1)
		if left != right {
			t.Errorf("%v: (xy)z = %X, x(yz) = %X", a, left, right)
		}
	}
}

// User Guide, "Checking object integrity in Amazon S3": the table of types.
func TestAlgorithm_table(t *testing.T) {
	tests := []struct {
		a               Algorithm
		name, header    string
		size, base64    int
		full, composite bool
		standard        ChecksumType
	}{
		{CRC32, "CRC32", "x-amz-checksum-crc32", 4, 8, true, true, Composite},
		{CRC32C, "CRC32C", "x-amz-checksum-crc32c", 4, 8, true, true, Composite},
		{CRC64NVME, "CRC64NVME", "x-amz-checksum-crc64nvme", 8, 12, true, false, FullObject},
		{SHA1, "SHA1", "x-amz-checksum-sha1", 20, 28, false, true, Composite},
		{SHA256, "SHA256", "x-amz-checksum-sha256", 32, 44, false, true, Composite},
	}
	for _, test := range tests {
		if test.a.String() != test.name || test.a.Header() != test.header || test.a.Size() != test.size || !test.a.Stored() {
			t.Errorf("%v: header %q, size %d, stored %t", test.a, test.a.Header(), test.a.Size(), test.a.Stored())
		}
		if n := base64.StdEncoding.EncodedLen(test.a.Size()); n != test.base64 {
			t.Errorf("%v: base64 has %d characters, want %d", test.a, n, test.base64)
		}
		if a, ok := ParseAlgorithm(test.name); a != test.a || !ok {
			t.Errorf("ParseAlgorithm(%q) = %v, %t", test.name, a, ok)
		}
		for kind, want := range map[ChecksumType]bool{DefaultType: true, FullObject: test.full, Composite: test.composite} {
			o := Object{Key: "k", Algorithm: test.a, ChecksumType: kind}
			if err := o.Validate(); (err == nil) != want {
				t.Errorf("%v as %v: %v, want ok %t", test.a, kind, err, want)
			}
		}
		o := Object{Algorithm: test.a}
		if got := o.checksumType(); got != test.standard {
			t.Errorf("%v is %v by default, want %v", test.a, got, test.standard)
		}
	}
	for _, name := range []string{"", "MD5", "crc32", "SHA512"} {
		if a, ok := ParseAlgorithm(name); ok {
			t.Errorf("ParseAlgorithm(%q) = %v, want none", name, a)
		}
	}
	if got := numAlgorithms.String(); got != "unknown checksum" {
		t.Errorf("an algorithm that does not exist is called %q", got)
	}
	if ContentMD5.Stored() || NoChecksum.Stored() {
		t.Error("Content-MD5 or nothing counts as stored")
	}
}
