package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFolder_writeLeavesExactlyItsFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("README.md", "kept")
	write("old.js", "stale")
	write("types/old.d.ts", "stale")
	write("same.js", "same")
	past := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(filepath.Join(dir, "same.js"), past, past); err != nil {
		t.Fatal(err)
	}

	files := folder{"same.js": []byte("same"), "new.js": []byte("new"), "types/new.d.ts": []byte("types")}
	if err := files.write(dir, "README.md"); err != nil {
		t.Fatal(err)
	}
	found, err := sourcesWith(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range found {
		name, _ := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
	}
	const want = "README.md new.js same.js types/new.d.ts"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	info, err := os.Stat(filepath.Join(dir, "same.js"))
	if err != nil {
		t.Fatal(err)
	}
	if !info.ModTime().Equal(past) {
		t.Errorf("a file with the right bytes was written again")
	}
}

func TestPackageDir(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"a source of ours", "web/ui/element.ts", ""},
		{"a package", "web/node_modules/lit/index.js", "web/node_modules/lit"},
		{"a scoped package", "web/node_modules/@lit/reactive-element/css-tag.js", "web/node_modules/@lit/reactive-element"},
		{"a package inside a package", "web/node_modules/a/node_modules/b/c/d.js", "web/node_modules/a/node_modules/b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := packageDir(test.file)
			if got != test.want || ok != (test.want != "") {
				t.Errorf("packageDir(%q) = %q, %v, want %q", test.file, got, ok, test.want)
			}
		})
	}
}

func TestLicences_packageWithoutLicenceIsRefused(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "web", "node_modules", "bare")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	about := `{"name": "bare", "version": "1.0.0", "license": "MIT"}`
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(about), 0o644); err != nil {
		t.Fatal(err)
	}
	const metafile = `{"inputs": {"web/core/index.ts": {}, "web/node_modules/bare/index.js": {}}}`
	if text, err := licences(root, metafile); err == nil || !strings.Contains(err.Error(), "bare") {
		t.Errorf("licences = %q, %v, want an error that names the package", text, err)
	}

	if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("Do as you like.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := licences(root, metafile)
	if want := "bare 1.0.0 (MIT)\n\nDo as you like.\n\n"; err != nil || string(text) != want {
		t.Errorf("licences = %q, %v, want %q", text, err, want)
	}
}

// The lock file is read by npm on other machines: it names no download
// addresses, so that each machine takes its own registry.
func TestLockFile_namesNoAddresses(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile(filepath.Join(root, "web", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error(`package-lock.json has "resolved" entries: run npm install in web/, its .npmrc leaves them out`)
	}
	if !strings.Contains(string(lock), `"integrity"`) {
		t.Error("package-lock.json has no integrity hashes")
	}
}
