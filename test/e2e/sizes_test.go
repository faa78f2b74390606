package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

const mib = 1 << 20

// way is how requests are signed and where the bucket is named.
type way struct {
	version     int
	virtualHost bool
}

var ways = []way{{4, false}, {4, true}, {2, false}, {2, true}}

func (w way) String() string {
	if w.virtualHost {
		return fmt.Sprintf("V%d virtual host", w.version)
	}
	return fmt.Sprintf("V%d path style", w.version)
}

// on returns the options for an uploader that goes this way.
func (w way) on(s *stack, o harness.Options) harness.Options {
	o = o.With("signature", harness.Options{"version": w.version})
	if !w.virtualHost {
		return o
	}
	// The store's name without the bucket's, which the engine puts before it.
	endpoint := strings.Replace(s.S3VirtualHost, s.Bucket+".", "", 1)
	return o.With("endpoint", endpoint).With("pathStyle", false)
}

// odd is metadata that a header cannot carry as it is.
var odd = map[string]string{
	"album": "Été à Malmö, 夏 🏖️", "spaces": " two  spaces ", "looks-encoded": "=?UTF-8?Q?x?=", "plain": `"quoted"; a=b`,
	"long": strings.Repeat("ö", 60),
}

func TestSizes_boundariesOfParts_storeWhatWasChosen(t *testing.T) {
	sizes := []int{0, 1, 5*mib - 1, 5 * mib, 5*mib + 1, 10*mib + 1}
	parts := map[int]int{5 * mib: 1, 5*mib + 1: 2, 10*mib + 1: 3} // the others are single PUTs
	folder := t.TempDir()
	var files []string
	for i, size := range sizes {
		files = append(files, harness.WriteFile(t, folder, fmt.Sprintf("%d.bin", size), harness.Bytes(uint32(i), size)))
	}
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		p.Choose(files...)
		for _, w := range ways {
			p.MustCreate(w.on(s, s.options(t)).With("partSize", 5*mib).With("multipartThreshold", 5*mib), nil)
			key := func(size int) string { return fmt.Sprintf("users/alice/%s/%s/%d", b.Browser(), w, size) }
			for _, size := range sizes {
				p.MustUpload(harness.Upload{
					Source:  harness.Chosen(fmt.Sprintf("%d.bin", size)),
					Options: harness.Options{"key": key(size), "contentType": "application/x-size", "metadata": odd},
				})
			}
			r := p.Stored(time.Minute)
			if refused := r.Refused(); refused != "" {
				t.Errorf("%v: refused on the way:\n%s", w, refused)
			}
			for i, size := range sizes {
				want := sourceOf(harness.Bytes(uint32(i), size), "application/x-size", odd)
				got := s.check(t, key(size), want)
				if n := r.Requests(i, "UploadPart"); n != parts[size] {
					t.Errorf("%v, %d bytes: went up in %d parts, want %d", w, size, n, parts[size])
				}
				if etag := r.Tasks[i].Result.ETag; etag != got.etag {
					t.Errorf("%v, %d bytes: ETag %s, the store has %s", w, size, etag, got.etag)
				}
			}
		}
	})
}

func TestSizes_large_passNoByteThroughScript(t *testing.T) {
	const most = 32 * mib // of memory of the engine, whatever the file's size
	folder := t.TempDir()
	sizes := []int{64 * mib, 300 * mib}
	var want []source
	var files []string
	for i, size := range sizes {
		data := harness.Bytes(uint32(64+i), size)
		want = append(want, sourceOf(data, "video/quicktime", map[string]string{"n": fmt.Sprint(size)}))
		files = append(files, harness.WriteFile(t, folder, fmt.Sprintf("%d.mov", size), data))
	}
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		p.Choose(files...)
		for i, w := range []way{{2, true}, {4, false}} {
			p.MustCreate(w.on(s, s.options(t)), nil)
			before := p.Report()
			key := fmt.Sprintf("users/alice/%s/%d.mov", b.Browser(), sizes[i])
			p.MustUpload(harness.Upload{
				Source:  harness.Chosen(filepath.Base(files[i])),
				Options: harness.Options{"key": key, "contentType": "video/quicktime", "metadata": want[i].metadata},
				Watch:   true,
			})
			begun := time.Now()
			r := p.Stored(3 * time.Minute)
			t.Logf("%d MiB by %v: %v", sizes[i]/mib, w, time.Since(begun).Round(time.Millisecond))
			s.check(t, key, want[i])
			if got, all := r.Requests(0, "UploadPart"), (sizes[i]+8*mib-1)/(8*mib); got != all {
				t.Errorf("%d MiB went up in %d parts, want %d", sizes[i]/mib, got, all)
			}
			if n := len(harness.Of(r.Tasks[0].Events, "progress")); n < 3 {
				t.Errorf("%d MiB: %d progress events", sizes[i]/mib, n)
			}
			if r.WasmBytes == 0 || r.WasmBytes > most {
				t.Errorf("%d MiB: the engines have %d bytes of memory, want 1 to %d", sizes[i]/mib, r.WasmBytes, most)
			}
			// One byte for each request tells whether the file is still there, and
			// three samples of 4 KiB whether it is the same: for a later visit when
			// it begins, and before its parts are joined.
			const samples = 2 * 3 * 4 << 10
			if read, n := r.ReadBytes-before.ReadBytes, len(harness.Of(r.Log, "request")); read > int64(n)+samples {
				t.Errorf("%d MiB: script read %d bytes of the file in %d requests", sizes[i]/mib, read, n)
			}
			if r.OtherBodies != 0 || r.BlobBodies == 0 {
				t.Errorf("%d MiB: %d bodies were no Blob, %d were", sizes[i]/mib, r.OtherBodies, r.BlobBodies)
			}
		}
	})
}
