package journal

import (
	"bytes"
	"os"
	"testing"
)

// sealed makes data's frames believable, so that fuzzing reaches what lies
// behind their lengths and checksums.
func sealed(data []byte) []byte {
	out := bytes.Clone(data)
	if len(out) < headFrame {
		return out
	}
	copy(out, magic)
	body := min(int(uint32At(out[headPrefix-4:])), len(out)-headFrame)
	put32(out[headPrefix-4:], uint32(body))
	end := headPrefix + body
	put32(out[end:], checksum(out[:end]))
	for rest := out[end+4:]; len(rest) > 0; {
		frame := 1 + int(rest[0])
		if frame+4 > len(rest) {
			break
		}
		put32(rest[frame:], checksum(rest[:frame]))
		rest = rest[frame+4:]
	}
	return out
}

// FuzzParse: what is read is what Append writes, byte for byte, since a record
// is written in one way only; of a record that is not whole, its beginning.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"small", "full"} {
		data, err := os.ReadFile("testdata/v1_" + name + ".record")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, sealed(data)} {
			kept := bytes.Clone(data)
			var r Record
			whole, err := Parse(data, &r)
			if !bytes.Equal(data, kept) {
				t.Fatal("Parse changed its bytes")
			}
			if err != nil {
				if whole || !same(r, Record{}) {
					t.Fatalf("%v, and %v, %+v", err, whole, r)
				}
				continue
			}
			written := r.Append(nil)
			if !bytes.HasPrefix(data, written) || whole != (len(written) == len(data)) {
				t.Fatalf("whole %v, %x is written as %x", whole, data, written)
			}
			if again := mustParse(t, written); !same(again, r) {
				t.Fatalf("parsed to %+v, then to %+v", r, again)
			}
		}
	})
}
