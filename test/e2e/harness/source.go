package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

// Source is what an upload takes its bytes from.
type Source struct {
	Input string `json:"input,omitempty"` // "files" or "folder": what was chosen there
	Name  string `json:"name,omitempty"`  // of the one file in Input, or of the file made
	Seed  uint32 `json:"seed"`
	Size  int    `json:"size"`
	Type  string `json:"type,omitempty"` // media type of the file made
}

// The files that were chosen.
var (
	InFiles  = Source{Input: "files"}
	InFolder = Source{Input: "folder"}
)

// Chosen is the file of that name in the input for files.
func Chosen(name string) Source { return Source{Input: "files", Name: name} }

// Made is size bytes that the page itself makes from seed: those of Bytes.
func Made(seed uint32, size int) Source { return Source{Seed: seed, Size: size} }

// Named is Made as a File with a name, which an upload without a key needs.
func Named(name string, seed uint32, size int) Source {
	return Source{Seed: seed, Size: size, Name: name}
}

// Bytes are size bytes that look random and are the same for the same seed, in
// the page too.
func Bytes(seed uint32, size int) []byte {
	out := make([]byte, (size+3)/4*4)
	word := seed
	for i := 0; i < len(out); i += 4 {
		// The constants are those of Numerical Recipes' "quick and dirty generator".
		word = word*1664525 + 1013904223
		out[i], out[i+1], out[i+2], out[i+3] = byte(word), byte(word>>8), byte(word>>16), byte(word>>24)
	}
	return out[:size]
}

// Sum is the SHA-256 of data in hexadecimal digits.
func Sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// WriteFile writes data into folder and returns the file's path.
func WriteFile(t testing.TB, folder, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
