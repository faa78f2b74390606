package crc64nvme

import (
	"fmt"
	"hash/crc64"
	"math/rand/v2"
	"testing"
)

// The check value of CRC-64/NVME in the catalogue of parametrised CRC
// algorithms.
func TestNew_check(t *testing.T) {
	h := New()
	h.Write([]byte("123456789"))
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != "ae8b14860a799888" {
		t.Errorf("CRC of 123456789 = %s", got)
	}
}

// The same as the standard library's tables, for every length around the
// blocks of the assembly, at every alignment, in one piece and in two.
func TestNew_isTheStandardLibrarys(t *testing.T) {
	table := crc64.MakeTable(0x9a6c9329ac4bc9b5)
	data := make([]byte, 4096+64)
	rand.NewChaCha8([32]byte{}).Read(data)
	for size := range 1200 {
		piece := data[size%61 : size%61+size]
		cut := size * 7 / 11
		one, two := New(), New()
		one.Write(piece)
		two.Write(piece[:cut])
		two.Write(piece[cut:])
		if want := crc64.Checksum(piece, table); one.Sum64() != want || two.Sum64() != want {
			t.Fatalf("%d bytes: %x in one piece, %x in two, want %x", size, one.Sum64(), two.Sum64(), want)
		}
	}
}
