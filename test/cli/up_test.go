package cli

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestUp_sizes uploads the sizes around which S3 changes its ways.
func TestUp_sizes(t *testing.T) {
	t.Parallel()
	const mebibyte = 1 << 20
	folder := t.TempDir()
	for _, c := range []struct {
		name string
		size int64
	}{
		{"0", 0}, {"1", 1},
		{"5MiB-1", 5*mebibyte - 1}, {"5MiB", 5 * mebibyte}, {"5MiB+1", 5*mebibyte + 1},
		{"64MiB", 64 * mebibyte}, {"300MiB", 300 * mebibyte},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, sum := write(t, filepath.Join(folder, c.name+".mov"), c.size)
			defer os.Remove(name)
			key := unique(t) + filepath.Base(name)
			r := up(t, 0, "--json", "--threshold", "5MiB", "--part-size", "5MiB", "--metadata", "album=summer 2026",
				"--metadata", "place=Zürich", "--cache-control", "max-age=60", name, destination(unique(t)))
			got := fetch(t, key)
			want := object{sum: sum, size: c.size, typ: "video/quicktime", etag: got.etag}
			if got.sum != want.sum || got.size != want.size || got.typ != want.typ {
				t.Errorf("stored %+v, want %+v", got, want)
			}
			if got.metadata["album"] != "summer 2026" || got.metadata["place"] == "" {
				t.Errorf("metadata = %v", got.metadata)
			}
			if multipart := strings.Contains(got.etag, "-"); multipart != (c.size >= 5*mebibyte) {
				t.Errorf("ETag %s of %d bytes", got.etag, c.size)
			}
			if list := of(records(t, r), "stored"); len(list) != 1 || list[0].Key != key || list[0].Size != c.size || list[0].ETag != got.etag {
				t.Errorf("--json printed %v", r.stdout)
			}
		})
	}
}

// TestUp_folder uploads many small files and more folders than one.
func TestUp_folder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	sums := map[string]string{}
	for i := range 200 {
		path := fmt.Sprintf("sub %d/%03d.txt", i%7, i)
		_, sums[unique(t)+path] = write(t, filepath.Join(folder, path), int64(i*37))
	}
	r := up(t, 0, folder, destination(unique(t)))
	for key, sum := range sums {
		if got := fetch(t, key); got.sum != sum || got.typ != "text/plain" {
			t.Errorf("%q = %+v, want %s", key, got, sum)
		}
	}
	if lines := strings.Count(r.stdout, "stored s3://"); lines != 200 {
		t.Errorf("%d lines of files that were stored, want 200", lines)
	}
	contains(t, "summary", r.stderr, "200 stored")
}

// names that break uploaders: what a URL, a shell or a signature would mistake.
var names = []string{
	"two  spaces and one .bin", "a+b=c&d.bin", "100%25.bin", "%2F.bin", `quote"s 'single'.bin`, "a;b,c:d@e$f!.bin",
	"(x)[y]{z}~*^|`.bin", `back\slash.bin`, "what?#fragment.bin", "emoji 🏖️👩‍👩‍👧.bin", "שלום عالم.bin", "naïve-Zürich-日本.bin",
	"…leading.bin", "-dash.bin", "ctrl-free.BIN",
}

func TestUp_names(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	sums := map[string]string{}
	for i, name := range names {
		_, sums[name] = write(t, filepath.Join(folder, name), int64(100+i))
	}
	for _, c := range []struct {
		name  string
		flags []string
	}{
		{"v4 path", []string{"--sign", "4", "--path-style"}},
		{"v2 path", []string{"--sign", "2", "--path-style"}},
		{"v4 host", []string{"--sign", "4", "--virtual-host", "--endpoint", hostEndpoint(t)}},
		{"v2 host", []string{"--sign", "2", "--virtual-host", "--endpoint", hostEndpoint(t)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			up(t, 0, append(c.flags, folder, destination(unique(t)))...)
			for name, sum := range sums {
				if got := fetch(t, unique(t)+name); got.sum != sum {
					t.Errorf("%q = %+v, want %s", name, got, sum)
				}
			}
			if keys := stored(t, unique(t)); len(keys) != len(names) {
				t.Errorf("stored %d keys, want %d: %q", len(keys), len(names), keys)
			}
		})
	}
}

// hostEndpoint is the endpoint before which the bucket's name can be put.
func hostEndpoint(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(stack.Endpoints().S3VirtualHost)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + strings.TrimPrefix(u.Host, stack.Endpoints().Bucket+".")
}

// TestUp_multipartBothSignatures sends parts in every way that a request can
// be addressed and signed.
func TestUp_multipartBothSignatures(t *testing.T) {
	t.Parallel()
	name, sum := write(t, filepath.Join(t.TempDir(), "six parts & more.mp4"), 33<<20)
	for _, sign := range []string{"4", "2"} {
		for _, style := range [][]string{{"--path-style"}, {"--virtual-host", "--endpoint", hostEndpoint(t)}} {
			t.Run(sign+style[0], func(t *testing.T) {
				up(t, 0, append(style, "--sign", sign, "--part-size", "6MiB", name, destination(unique(t)))...)
				got := fetch(t, unique(t)+"six parts & more.mp4")
				if got.sum != sum || !strings.HasSuffix(got.etag, `-6"`) || got.typ != "video/mp4" {
					t.Errorf("stored %+v, want %s in 6 parts", got, sum)
				}
			})
		}
	}
}

// TestUp_longestKey stores a key of exactly 1,024 bytes, and refuses one more.
func TestUp_longestKey(t *testing.T) {
	t.Parallel()
	name, sum := write(t, filepath.Join(t.TempDir(), "a.txt"), 10)
	prefix := unique(t)
	for len(prefix) < 1024-200 {
		prefix += strings.Repeat("ü", 90) + "/"
	}
	key := prefix + strings.Repeat("k", 1024-len(prefix))
	up(t, 0, name, destination(key))
	if got := fetch(t, key); got.sum != sum {
		t.Errorf("stored %+v, want %s", got, sum)
	}
	r := up(t, 1, name, destination(key+"k"))
	contains(t, "message", r.stderr, "The key is longer than 1,024 bytes.", "KeyTooLong")
}

// TestUp_keys says how the destination and the names make keys.
func TestUp_keys(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.txt"), 1)
	write(t, filepath.Join(folder, "dir/b.txt"), 2)
	write(t, filepath.Join(folder, "dir/sub/c.txt"), 3)
	in := func(s string) string { return filepath.Join(folder, s) }
	for _, c := range []struct {
		name string
		args []string // the last one below the test's prefix
		want []string
	}{
		{"file to prefix", []string{in("a.txt"), "p/"}, []string{"p/a.txt"}},
		{"file to key", []string{in("a.txt"), "p/x%2B y"}, []string{"p/x%2B y"}},
		{"folder", []string{in("dir"), "p/"}, []string{"p/b.txt", "p/sub/c.txt"}},
		{"folder with a slash", []string{in("dir") + "/", "p/"}, []string{"p/b.txt", "p/sub/c.txt"}},
		{"both", []string{in("dir"), in("a.txt"), ""}, []string{"a.txt", "b.txt", "sub/c.txt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := slices.Clone(c.args)
			args[len(args)-1] = destination(unique(t) + args[len(args)-1])
			up(t, 0, args...)
			var want []string
			for _, key := range c.want {
				want = append(want, unique(t)+key)
			}
			if got := stored(t, unique(t)); !slices.Equal(got, want) {
				t.Errorf("stored %q, want %q", got, want)
			}
		})
	}
}

// TestUp_contentType: by the ending, else by the bytes, else as said.
func TestUp_contentType(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"a.svg": "<svg/>", "b": "%PDF-1.7\n", "c": "\x00\x01\x02\x03", "d": "plain words", "e.CSS": "b{}", "empty": "",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	up(t, 0, folder, destination(unique(t)))
	for name, want := range map[string]string{
		"a.svg": "image/svg+xml", "b": "application/pdf", "c": "application/octet-stream",
		"d": "text/plain; charset=utf-8", "e.CSS": "text/css", "empty": "application/octet-stream",
	} {
		if got := fetch(t, unique(t)+name); got.typ != want {
			t.Errorf("content type of %s = %s, want %s", name, got.typ, want)
		}
	}
	up(t, 0, "--content-type", "application/x-mine", filepath.Join(folder, "a.svg"), destination(unique(t)))
	if got := fetch(t, unique(t)+"a.svg"); got.typ != "application/x-mine" {
		t.Errorf("content type = %s", got.typ)
	}
}

// TestUp_properties reach the object, with a single PUT and in parts.
func TestUp_properties(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{100, 17 << 20} {
		name, _ := write(t, filepath.Join(t.TempDir(), "a.txt"), size)
		key := unique(t) + fmt.Sprint(size)
		up(t, 0, "--cache-control", "max-age=60", "--content-disposition", `attachment; filename="a.txt"`, "--content-encoding", "br",
			"--content-language", "de", "--expires", "Wed, 21 Oct 2026 07:28:00 GMT", "--metadata", "Album=x=y", "--tag", "team=red + blue/x=y",
			"--tag", "empty=", name, destination(key))
		bucket := stack.Endpoints().Bucket
		head, err := rootJudge().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		got := []string{aws.ToString(head.CacheControl), aws.ToString(head.ContentDisposition), aws.ToString(head.ContentEncoding),
			aws.ToString(head.ContentLanguage), aws.ToString(head.ExpiresString), head.Metadata["album"]}
		want := []string{"max-age=60", `attachment; filename="a.txt"`, "br", "de", "Wed, 21 Oct 2026 07:28:00 GMT", "x=y"}
		if !slices.Equal(got, want) {
			t.Errorf("%d bytes: %q, want %q", size, got, want)
		}
		tags, err := rootJudge().GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, tag := range tags.TagSet {
			found[*tag.Key] = *tag.Value
		}
		if len(found) != 2 || found["team"] != "red + blue/x=y" || found["empty"] != "" {
			t.Errorf("%d bytes: tags %v", size, found)
		}
	}
}
