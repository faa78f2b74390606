package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// Whichever way a page drops a file, nothing of it may stay in the bucket: no
// object, and no parts that cost money and nobody sees.
func TestCancel_underWay_leavesNothingBehind(t *testing.T) {
	drops := map[string]func(p *harness.Page){
		"AbortSignal": func(p *harness.Page) { p.Do("abort", 0) },
		"cancel":      func(p *harness.Page) { p.Do("cancel", 0) },
		"close":       func(p *harness.Page) { p.Do("close") },
	}
	s := startStack(t, devstack.Config{Rate: 15 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		for name, drop := range drops {
			prefix := fmt.Sprintf("users/alice/%s/%s/", b.Browser(), name)
			p.MustCreate(s.options(t).With("partSize", 5*mib).With("multipartThreshold", 5*mib).With("connections", 2), nil)
			p.MustUpload(harness.Upload{Source: harness.Made(1, 50*mib), Options: harness.Options{"key": prefix + "parts"}, Watch: true})
			p.Until("a stored part", 30*time.Second, func(r harness.Report) bool { return r.Tasks[0].Info.PartsStored > 0 })
			drop(p)
			r := p.Wait(10 * time.Second)
			if r.Tasks[0].State != "cancelled" || !r.Tasks[0].Ended {
				t.Errorf("%s: the task is %s, its iteration ended: %v", name, r.Tasks[0].State, r.Tasks[0].Ended)
			}
			result, failure := p.Settled(0)
			if failure == nil || failure.Name != "AbortError" {
				t.Errorf("%s: awaiting gives %+v, %v, want an AbortError", name, result, failure)
			}
			r = p.Until("the abort's answer", 10*time.Second, func(r harness.Report) bool {
				return r.Requests(0, "AbortMultipartUpload") > 0
			})
			if orphans := harness.Of(r.Log, "orphan"); len(orphans) > 0 {
				t.Errorf("%s: orphans: %+v", name, orphans)
			}
			for _, key := range s.unfinished(t) {
				if strings.HasPrefix(key, prefix) {
					t.Errorf("%s: the multipart upload of %q is still there\n%v\n%v", name, key, r, s.requests.of("s3", key))
				}
			}
			s.absent(t, prefix+"parts")
		}
	})
}

func TestCancel_singlePutOrQueued_storesNothing(t *testing.T) {
	s := startStack(t, devstack.Config{Rate: 8 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		prefix := fmt.Sprintf("users/alice/%s/", b.Browser())
		// Without checksums the files go in order: small ones are hashed sooner.
		p.MustCreate(s.options(t).With("connections", 1).With("checksum", "none"), nil)
		// The first is more than what fits into the buffers of a connection: what
		// is in there arrives even when the browser hangs up.
		for i, size := range []int{15 * mib, mib, mib} {
			p.MustUpload(harness.Upload{Source: harness.Made(uint32(i), size), Options: harness.Options{"key": fmt.Sprint(prefix, i)}})
		}
		p.Until("bytes on their way", 20*time.Second, func(r harness.Report) bool { return r.Totals.InFlight > 0 })
		p.Do("abort", 2) // queued
		p.Do("abort", 0) // under way
		r := p.Wait(time.Minute)
		if got := []string{r.Tasks[0].State, r.Tasks[1].State, r.Tasks[2].State}; fmt.Sprint(got) != "[cancelled done cancelled]" {
			t.Errorf("the states are %v", got)
		}
		s.absent(t, prefix+"0")
		s.absent(t, prefix+"2")
		s.check(t, prefix+"1", sourceOf(harness.Bytes(1, mib), "application/octet-stream", map[string]string{}))
		if n := r.Requests(2, "PutObject"); n != 0 {
			t.Errorf("the queued file was sent %d times", n)
		}
	})
}

func TestCancel_beforeItBegins_sendsNothing(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		o := s.options(t)
		delete(o, "credentials")
		p.MustCreate(o, nil)
		uploads := made(fmt.Sprintf("users/alice/%s/", b.Browser()), 4)
		uploads[3].Aborted = true
		p.MustUpload(uploads...)
		p.Until("the hold", 10*time.Second, func(r harness.Report) bool { return r.Totals.Held == "absent" })
		p.Do("abort", 1)
		if failure := p.SetCredentials(s.credentials(t, "alice", time.Hour)); failure != nil {
			t.Fatal(failure)
		}
		r := p.Wait(20 * time.Second)
		for i, want := range []string{"done", "cancelled", "done", "cancelled"} {
			if got := r.Tasks[i].State; got != want {
				t.Errorf("task %d is %s, want %s", i, got, want)
			}
			if want == "cancelled" {
				s.absent(t, uploads[i].Options["key"].(string))
			}
		}
	})
}
