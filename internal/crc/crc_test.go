package crc

import (
	"encoding/hex"
	"hash/crc32"
	"hash/crc64"
	"math/rand/v2"
	"testing"
)

// The catalogue gives each algorithm's CRC of these nine digits as its check.
//
//	G. Cook, "Catalogue of parametrised CRC algorithms": CRC-32/ISO-HDLC,
//	CRC-32/ISCSI, CRC-64/NVME.
func TestAppendDigest_catalogueChecks(t *testing.T) {
	for _, c := range []struct {
		name string
		kind Kind
		want string
	}{
		{"CRC-32/ISO-HDLC", CRC32, "cbf43926"},
		{"CRC-32/ISCSI", CRC32C, "e3069283"},
		{"CRC-64/NVME", CRC64NVME, "ae8b14860a799888"},
	} {
		table := New(c.kind)
		got := hex.EncodeToString(table.AppendDigest(nil, table.Update(0, []byte("123456789"))))
		if got != c.want || table.Size() != len(c.want)/2 {
			t.Errorf("%s of 123456789 = %s, %d bytes, want %s", c.name, got, table.Size(), c.want)
		}
	}
}

// Whatever the length, the alignment and the places where it is cut, it is what
// the standard library says.
func TestUpdate_isTheStandardLibrarys(t *testing.T) {
	nvme := crc64.MakeTable(0x9a6c9329ac4bc9b5)
	for _, c := range []struct {
		name string
		kind Kind
		want func(data []byte) uint64
	}{
		{"CRC32", CRC32, func(data []byte) uint64 { return uint64(crc32.ChecksumIEEE(data)) }},
		{"CRC32C", CRC32C, func(data []byte) uint64 { return uint64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))) }},
		{"CRC64NVME", CRC64NVME, func(data []byte) uint64 { return crc64.Checksum(data, nvme) }},
	} {
		r := rand.New(rand.NewPCG(7, uint64(c.kind)))
		table := New(c.kind)
		for range 3000 {
			data := make([]byte, r.IntN(200))
			for i := range data {
				data[i] = byte(r.Uint32())
			}
			data = data[r.IntN(len(data)+1):]
			cut := r.IntN(len(data) + 1)
			got := table.Update(table.Update(0, data[:cut]), data[cut:])
			if want := c.want(data); got != want {
				t.Fatalf("%s of %x cut at %d = %x, want %x", c.name, data, cut, got, want)
			}
		}
	}
}

func TestNew_refusesWhatIsNoKind(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New(0) made a table")
		}
	}()
	New(0)
}

func BenchmarkUpdate(b *testing.B) {
	data := make([]byte, 1<<20)
	for _, c := range []struct {
		name string
		kind Kind
	}{{"CRC32C", CRC32C}, {"CRC64NVME", CRC64NVME}} {
		b.Run(c.name, func(b *testing.B) {
			table := New(c.kind)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				table.Update(0, data)
			}
		})
	}
	b.Run("CRC64NVME, standard library", func(b *testing.B) {
		table := crc64.MakeTable(0x9a6c9329ac4bc9b5)
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			crc64.Update(0, table, data)
		}
	})
}
