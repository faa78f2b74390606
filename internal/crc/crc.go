// Package crc computes the three CRCs that S3 stores with an object, at the
// speed of the machine's memory in plain Go: it takes sixteen bytes at a time
// through sixteen tables ("slicing by 16"), which a compiler for WebAssembly
// makes as good code of as one for a processor. It decides nothing.
//
// The standard library has instructions of the processor for CRC-32 and
// CRC-32C, which are faster natively, and nothing for CRC-64/NVME; in
// WebAssembly it has none for any of them.
//
// The one thing that a caller can get wrong: a Table is 32 KiB and takes some
// microseconds to make, so make it once and keep it.
package crc

// Kind is one of the three CRCs, all of them reflected: bit 0 of a value is the
// coefficient of the highest power.
type Kind uint8

// The kinds: CRC-32/ISO-HDLC, CRC-32/ISCSI and CRC-64/NVME of the catalogue of
// parametrised CRC algorithms.
const (
	CRC32 Kind = iota + 1
	CRC32C
	CRC64NVME
)

// width is how many bytes are taken at a time.
const width = 16

// Table is what one kind of CRC needs to be fast. Use New.
type Table struct {
	ones  uint64 // every bit of the register: it begins and ends inverted
	bytes int    // of the register
	step  [width][256]uint64
}

// New returns the table of kind.
func New(kind Kind) *Table {
	t := &Table{ones: 1<<32 - 1, bytes: 4}
	var polynomial uint64
	switch kind {
	case CRC32:
		polynomial = 0xedb88320
	case CRC32C:
		polynomial = 0x82f63b78
	case CRC64NVME:
		polynomial = 0x9a6c9329ac4bc9b5
		t.ones, t.bytes = 1<<64-1, 8
	default:
		panic("bucketline: internal error: no such CRC")
	}
	// step[0] moves the register on by one byte, step[n] by n more of zeros.
	for i := range 256 {
		register := uint64(i)
		for range 8 {
			carry := register & 1
			register >>= 1
			if carry != 0 {
				register ^= polynomial
			}
		}
		t.step[0][i] = register
	}
	for n := 1; n < width; n++ {
		for i, register := range t.step[n-1] {
			t.step[n][i] = register>>8 ^ t.step[0][register&0xff]
		}
	}
	return t
}

// Size returns the length of a digest in bytes: 4 or 8.
func (t *Table) Size() int { return t.bytes }

// Update returns the CRC of the bytes before, whose CRC is crc, followed by
// data. The CRC of no bytes is 0.
func (t *Table) Update(crc uint64, data []byte) uint64 {
	crc ^= t.ones
	s := &t.step
	for len(data) >= width {
		b := (*[width]byte)(data)
		crc ^= uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		crc = s[15][byte(crc)] ^ s[14][byte(crc>>8)] ^ s[13][byte(crc>>16)] ^ s[12][byte(crc>>24)] ^
			s[11][byte(crc>>32)] ^ s[10][byte(crc>>40)] ^ s[9][byte(crc>>48)] ^ s[8][byte(crc>>56)] ^
			s[7][b[8]] ^ s[6][b[9]] ^ s[5][b[10]] ^ s[4][b[11]] ^
			s[3][b[12]] ^ s[2][b[13]] ^ s[1][b[14]] ^ s[0][b[15]]
		data = data[width:]
	}
	for _, b := range data {
		crc = s[0][byte(crc)^b] ^ crc>>8
	}
	return crc ^ t.ones
}

// AppendDigest appends crc as S3 writes it: its bytes, the highest first.
func (t *Table) AppendDigest(dst []byte, crc uint64) []byte {
	for i := t.bytes - 1; i >= 0; i-- {
		dst = append(dst, byte(crc>>(8*i)))
	}
	return dst
}
