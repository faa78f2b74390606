package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// listen keeps what workers of the page have computed.
const listen = `const Real = window.Worker;
	window.digests = [];
	window.Worker = class extends Real {
		constructor(...how) {
			super(...how);
			this.addEventListener("message", ({ data }) => { if (data.kind === "digest") digests.push(data.number); });
		}
	};`

// The worker starts under the page's policy, which allows scripts of its own
// origin and nothing made of text, and computes the digest of each part. Where
// there is none, the page does it, and the same is stored.
func TestHashing_inAWorkerUnderAStrictPolicy(t *testing.T) {
	const size = 20 * mib
	data := harness.Bytes(9, size)
	want := sourceOf(data, "video/quicktime", map[string]string{})
	file := harness.WriteFile(t, t.TempDir(), "a.mov", data)
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		b.Run(listen)
		p.Choose(file)
		for _, c := range []struct {
			name    string
			worker  any // the option
			digests int
		}{{"beside the page", nil, 3}, {"none", false, 0}, {"not there", "missing.js", 0}} {
			options := s.options(t)
			options["checksum"] = "CRC64NVME"
			options["journal"] = false
			if c.worker != nil {
				options["worker"] = c.worker
			}
			p.MustCreate(options, nil)
			b.Run("digests.length = 0")
			key := fmt.Sprintf("users/alice/%s/%s.mov", b.Browser(), c.name)
			p.MustUpload(harness.Upload{
				Source:  harness.Chosen(filepath.Base(file)),
				Options: harness.Options{"key": key, "contentType": "video/quicktime"},
			})
			p.Stored(time.Minute)
			s.check(t, key, want)
			if got := webdriver.Eval[int](b, "return digests.length"); got != c.digests {
				t.Errorf("worker %s: it computed %d digests, want %d", c.name, got, c.digests)
			}
		}
	})
}
