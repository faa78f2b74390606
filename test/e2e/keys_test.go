package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// oddNames are file names that break where something is escaped once too often
// or not at all.
var oddNames = []string{
	"two  spaces and one at the end ", "plus+plus", "100%", "%41 is not A", "%2F is no slash", `"double" and 'single'`,
	"question?mark&amp=ersand#hash", "semi;colon,comma:colon", "(par)[en]{these}!*~^|`$@", `back\slash`, "<tag>&entity;",
	"emoji 👩‍🚀🏳️‍🌈", "décomposé e\u0301", "עברית ו-عربي", "\u202eleft turned right", "日本語", "dots...", "-", "=", "a=b&c=d",
}

// longestKey is a key below prefix of exactly 1,024 bytes. A component has at
// most 255, which is the limit of the folder that the dev stack stores in.
func longestKey(prefix string) string {
	key := prefix
	for len(key) < 1024 {
		n := min(200, 1024-len(key))
		if 1024-len(key)-n == 1 {
			n-- // no slash at the end
		}
		key += strings.Repeat("ü", n/2) + strings.Repeat("x", n%2)
		if len(key) < 1024 {
			key += "/"
		}
	}
	return key
}

func TestKeys_odd_areStoredUnderTheirName(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		for n, w := range ways {
			prefix := fmt.Sprintf("users/alice/%s %d/", b.Browser(), n)
			var keys []string
			for _, name := range oddNames {
				keys = append(keys, prefix+name)
			}
			keys = append(keys, longestKey(prefix))
			if got := len(keys[len(keys)-1]); got != 1024 {
				t.Fatalf("the longest key has %d bytes", got)
			}
			p.MustCreate(w.on(s, s.options(t)), nil)
			for i, key := range keys {
				p.MustUpload(harness.Upload{
					Source:  harness.Made(uint32(i), 1+i),
					Options: harness.Options{"key": key, "contentType": "text/x-" + fmt.Sprint(i), "metadata": harness.Options{"name": oddNames[i%len(oddNames)]}},
				})
			}
			r := p.Stored(time.Minute)
			for i, key := range keys {
				s.check(t, key, sourceOf(harness.Bytes(uint32(i), 1+i), "text/x-"+fmt.Sprint(i), map[string]string{"name": oddNames[i%len(oddNames)]}))
				if got := r.Tasks[i].Result.Key; got != key {
					t.Errorf("the result's key is %q, want %q", got, key)
				}
			}
			if n := s.count(t, prefix); n != len(keys) {
				t.Errorf("%v: there are %d objects below %q, want %d", w, n, prefix, len(keys))
			}
		}
	})
}

func TestKeys_presignedURL_opensWithoutCredentials(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		for _, w := range ways {
			p.MustCreate(w.on(s, s.options(t)), nil)
			key := fmt.Sprintf("users/alice/%s/%s/%s", b.Browser(), w, oddNames[10]+oddNames[1]+oddNames[3])
			p.MustUpload(harness.Upload{Source: harness.Made(7, 1000), Options: harness.Options{"key": key}})
			p.Stored(time.Minute)
			status, body := get(t, p.Text("presignedURL", key, 60))
			if status != 200 {
				t.Errorf("%v: the presigned URL answers %d: %s", w, status, body)
				continue
			}
			equal(t, w.String(), body, harness.Bytes(7, 1000))
			if status, _ := get(t, p.Text("objectURL", key)); status != 403 {
				t.Errorf("%v: the plain URL answers %d without a signature, want 403", w, status)
			}
		}
	})
}

// manyFiles are 200 files in folders below folder, by their path from there.
func manyFiles(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for i := range 200 {
		name := fmt.Sprintf("%d/%d/file %d.txt", i%4, i%3, i)
		files[name] = harness.Bytes(uint32(i), 10*i)
		harness.WriteFile(t, folder, name, files[name])
	}
	return files
}

func TestFolder_of200Files_isStoredWithItsPaths(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "small files")
	files := manyFiles(t, folder)
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		prefix := fmt.Sprintf("users/alice/%s/", b.Browser())
		p.MustCreate(s.options(t).With("prefix", prefix), nil)
		key := func(name string) string { return prefix + "small files/" + name }
		chosen := harness.InFolder
		if b.Browser() == webdriver.WebKitGTK {
			t.Logf("%s lacks %s: the files are chosen one by one, and their paths are lost", b.Browser(), webdriver.FolderInput.Name)
			key = func(name string) string { return prefix + filepath.Base(name) }
			chosen = harness.InFiles
			var paths []string
			for name := range files {
				paths = append(paths, filepath.Join(folder, name))
			}
			p.Choose(paths...)
		} else {
			p.ChooseFolder(folder, len(files))
		}
		begun := time.Now()
		p.MustUpload(harness.Upload{Source: chosen})
		r := p.Stored(time.Minute)
		t.Logf("%d files in %v", len(r.Tasks), time.Since(begun).Round(time.Millisecond))
		if len(r.Tasks) != len(files) {
			t.Errorf("%d files were uploaded, want %d", len(r.Tasks), len(files))
		}
		for name, data := range files {
			s.check(t, key(name), sourceOf(data, "text/plain", map[string]string{}))
		}
	})
}

// A link that leads nowhere is in many folders. Browsers leave it out of what
// they hand over, and it must not keep the others.
func TestFolder_withDanglingLink_storesTheOthers(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "linked")
	files := map[string]string{"before.txt": "before", "behind.txt": "behind"}
	for name, text := range files {
		harness.WriteFile(t, folder, name, []byte(text))
	}
	if err := os.Symlink("nowhere", filepath.Join(folder, "between.txt")); err != nil {
		t.Fatal(err)
	}
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Needs: []webdriver.Feature{webdriver.FolderInput}}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		prefix := fmt.Sprintf("users/alice/%s/", b.Browser())
		p.MustCreate(s.options(t).With("prefix", prefix), nil)
		p.ChooseFolder(folder, len(files))
		p.MustUpload(harness.Upload{Source: harness.InFolder})
		p.Stored(time.Minute)
		for name, text := range files {
			s.check(t, prefix+"linked/"+name, sourceOf([]byte(text), "text/plain", map[string]string{}))
		}
		if n := s.count(t, prefix); n != len(files) {
			t.Errorf("%d objects were stored, want %d", n, len(files))
		}
	})
}
