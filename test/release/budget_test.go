package release

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

// manifest is dist/manifest.json.
type manifest struct {
	Name, Version string
	Files         map[string]struct {
		Bytes, Gzip, Brotli int
		Integrity           string
	}
}

// budget is web/size-budget.json.
type budget struct {
	About string
	Lines []struct {
		Name   string
		Files  []string // of dist, their sizes added up
		Brotli int      // the most, in bytes
		Why    string   // the line is where it is
	}
}

func read[T any](t *testing.T, path string) (value T) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return value
}

// No file weighs more than web/size-budget.json has a reason for, and each file
// that a page may load has a line there.
func TestBudget(t *testing.T) {
	weights := read[manifest](t, filepath.Join(dist, "manifest.json"))
	lines := read[budget](t, filepath.Join(root, "web", "size-budget.json")).Lines
	held := map[string]bool{}
	for _, line := range lines {
		sum := 0
		for _, name := range line.Files {
			file, ok := weights.Files[name]
			if !ok {
				t.Errorf("%s: dist has no %s", line.Name, name)
			}
			sum += file.Brotli
			held[name] = true
		}
		if sum > line.Brotli {
			t.Errorf("%s: %d bytes with Brotli, at most %d may be: make it smaller, or raise the line in web/size-budget.json and say why", line.Name, sum, line.Brotli)
		}
		if len(line.Why) < 20 {
			t.Errorf("%s: the budget does not say why", line.Name)
		}
	}
	for name := range weights.Files {
		if !held[name] {
			t.Errorf("%s has no line in web/size-budget.json", name)
		}
	}
}

// The manifest tells the truth about every script and module of dist, and the
// compressed copies are copies.
func TestManifest(t *testing.T) {
	m := read[manifest](t, filepath.Join(dist, "manifest.json"))
	files, err := os.ReadDir(dist)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, file := range files {
		name := file.Name()
		if strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".wasm") {
			want = append(want, name)
		}
	}
	if got := slices.Sorted(maps.Keys(m.Files)); !slices.Equal(got, want) {
		t.Fatalf("the manifest has %q, dist %q", got, want)
	}
	for name, file := range m.Files {
		data, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha512.Sum384(data)
		if hash := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); len(data) != file.Bytes || hash != file.Integrity {
			t.Errorf("%s: %d bytes, %s; the manifest says %d, %s", name, len(data), hash, file.Bytes, file.Integrity)
		}
		compareCopy(t, name+".gz", data, file.Gzip, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
		compareCopy(t, name+".br", data, file.Brotli, func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil })
	}
}

func compareCopy(t *testing.T, name string, want []byte, size int, open func(io.Reader) (io.Reader, error)) {
	t.Helper()
	small, err := os.ReadFile(filepath.Join(dist, name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := open(bytes.NewReader(small))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s unpacks to %d bytes, %v; want the file's %d", name, len(got), err, len(want))
	}
	if len(small) != size {
		t.Errorf("%s: %d bytes, the manifest says %d", name, len(small), size)
	}
}
