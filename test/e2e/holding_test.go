package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// made are uploads of n files of 1 KiB below prefix.
func made(prefix string, n int) []harness.Upload {
	var all []harness.Upload
	for i := range n {
		all = append(all, harness.Upload{
			Source:  harness.Made(uint32(i), 1024),
			Options: harness.Options{"key": fmt.Sprintf("%s%d", prefix, i)},
			Watch:   true,
		})
	}
	return all
}

func TestHold_withoutCredentials_endsWithTheFirst(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		prefix := fmt.Sprintf("users/alice/%s/", b.Browser())
		o := s.options(t)
		delete(o, "credentials")
		p.MustCreate(o, nil)
		p.MustUpload(made(prefix, 5)...)
		r := p.Until("the hold", 10*time.Second, func(r harness.Report) bool { return r.Totals.Held == "absent" })
		if sent := harness.Of(r.Log, "request"); len(sent) > 0 || r.Life != nil {
			t.Errorf("without credentials, of life %v, there were requests: %v", r.Life, sent)
		}
		if failure := p.SetCredentials(s.credentials(t, "alice", time.Hour)); failure != nil {
			t.Fatalf("setCredentials: %v", failure)
		}
		r = p.Stored(time.Minute)
		if n := s.count(t, prefix); n != 5 {
			t.Errorf("%d objects were stored, want 5", n)
		}
		if r.Totals.Held != "" || r.Life == nil || r.Life.Remaining <= 0 || r.Life.Remaining > r.Life.Total {
			t.Errorf("afterwards: held %q, life %+v", r.Totals.Held, r.Life)
		}
		task := r.Tasks[0]
		if len(harness.Of(task.Events, "hold")) != 1 || len(harness.Of(task.Events, "release")) != 1 {
			t.Errorf("the first task's events are %+v, want one hold and one release", task.Events)
		}
	})
}

func TestHold_rejectedRefresh_isToldAndWaits(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		prefix := fmt.Sprintf("users/alice/%s/", b.Browser())
		o := s.options(t)
		delete(o, "credentials")
		p.MustCreate(o, &harness.Refresh{Reject: "the provider is asleep"})
		p.MustUpload(made(prefix, 3)...)
		r := p.Until("the failed refresh", 10*time.Second, func(r harness.Report) bool { return r.Totals.Held == "refreshFailed" })
		holds := harness.Of(r.Log, "hold")
		last := holds[len(holds)-1]
		if last.Reason != "refreshFailed" || last.Error == nil || last.Error.Message != "the provider is asleep" {
			t.Errorf("the last hold is %+v with %v, want the handler's own error", last, last.Error)
		}
		if n := len(harness.Of(r.Log, "request")); n > 0 {
			t.Errorf("%d requests went without credentials", n)
		}
		for i, task := range r.Tasks {
			if task.State == "failed" {
				t.Errorf("task %d failed: %v", i, task.Error)
			}
		}
		if failure := p.SetCredentials(s.credentials(t, "alice", time.Hour)); failure != nil {
			t.Fatalf("setCredentials: %v", failure)
		}
		p.Stored(time.Minute)

		// The next hold asks again.
		p.AnswerWith(harness.Refresh{Give: []harness.Credentials{s.credentials(t, "alice", time.Hour)}})
		p.Do("expireCredentials")
		p.MustUpload(made(prefix+"again/", 3)...)
		r = p.Stored(time.Minute)
		// Before, the handler is asked again now and then, since it failed.
		first := len(r.Refreshes) - 1
		if slices.IndexFunc(r.Refreshes, func(c harness.RefreshCall) bool { return c.Reason != "absent" }) != first || r.Refreshes[first].Reason != "invalidated" {
			t.Errorf("the refreshes are %+v, want a last one for \"invalidated\"", r.Refreshes)
		}
		if n := s.count(t, prefix); n != 6 {
			t.Errorf("%d objects were stored, want 6", n)
		}
	})
}

// A page that is faster than its own handler: the handler's signal is aborted,
// and what it gives later is not taken.
func TestHold_setCredentialsDuringRefresh_abortsIt(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		prefix := fmt.Sprintf("users/alice/%s/", b.Browser())
		o := s.options(t)
		delete(o, "credentials")
		p.MustCreate(o, &harness.Refresh{}) // answers when its signal is aborted
		p.MustUpload(made(prefix, 3)...)
		p.Until("the refresh", 10*time.Second, func(r harness.Report) bool { return len(r.Refreshes) == 1 })
		if failure := p.SetCredentials(s.credentials(t, "alice", time.Hour)); failure != nil {
			t.Fatalf("setCredentials: %v", failure)
		}
		r := p.Stored(time.Minute)
		if len(r.Refreshes) != 1 || !r.Refreshes[0].Aborted {
			t.Errorf("the refreshes are %+v, want one that was aborted", r.Refreshes)
		}
	})
}

func TestExpireCredentials_midway_goesOnWithNewOnes(t *testing.T) {
	s := startStack(t, devstack.Config{Rate: 12 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		key := fmt.Sprintf("users/alice/%s", b.Browser())
		p.MustCreate(s.options(t).With("partSize", 5*mib).With("connections", 2), &harness.Refresh{
			DelayMillis: 500, Give: []harness.Credentials{s.credentials(t, "alice", time.Hour)},
		})
		p.MustUpload(harness.Upload{Source: harness.Made(1, 30*mib), Options: harness.Options{"key": key}, Watch: true})
		p.Until("a part in flight", 20*time.Second, func(r harness.Report) bool { return r.Tasks[0].Info.PartsInFlight > 0 })
		p.Do("expireCredentials")
		r := p.Stored(time.Minute)
		s.check(t, key, sourceOf(harness.Bytes(1, 30*mib), "application/octet-stream", map[string]string{}))
		if len(r.Refreshes) != 1 || r.Refreshes[0].Reason != "invalidated" {
			t.Errorf("the refreshes are %+v, want one for \"invalidated\"", r.Refreshes)
		}
		if refused := r.Refused(); refused != "" {
			t.Errorf("these requests failed:\n%s", refused)
		}
		holds, releases := harness.Of(r.Tasks[0].Events, "hold"), harness.Of(r.Tasks[0].Events, "release")
		if len(holds) != 1 || holds[0].Reason != "invalidated" || len(releases) != 1 {
			t.Errorf("the task saw holds %+v and releases %+v, want one of each", holds, releases)
		}
	})
}

func TestTask_iteratedAndAwaited_tellsTheWholeStory(t *testing.T) {
	s := startStack(t, devstack.Config{Rate: 30 * mib})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		key := fmt.Sprintf("users/alice/%s", b.Browser())
		p.MustCreate(s.options(t).With("partSize", 5*mib), nil)
		const size = 22 * mib
		p.MustUpload(harness.Upload{Source: harness.Made(1, size), Options: harness.Options{"key": key}, Watch: true})
		result, failure := p.Settled(0)
		if failure != nil {
			t.Fatal(failure)
		}
		got := s.object(t, key)
		if result.Key != key || result.ETag != got.etag || result.Bucket != s.Bucket || result.Size != size {
			t.Errorf("awaiting the task gives %+v; the store has ETag %s", result, got.etag)
		}
		if location := s.S3 + "/" + s.Bucket + "/" + key; result.Location != location {
			t.Errorf("the location is %s, want %s", result.Location, location)
		}
		task := p.Report().Tasks[0]
		var states []string
		for _, e := range harness.Of(task.Events, "state") {
			states = append(states, e.State)
		}
		if want := []string{"uploading", "completing", "done"}; !slices.Equal(states, want) {
			t.Errorf("the states were %v, want %v", states, want)
		}
		var numbers []int
		for _, e := range harness.Of(task.Events, "part") {
			numbers = append(numbers, e.Part)
			if !strings.HasPrefix(e.ETag, `"`) {
				t.Errorf("part %d has the ETag %s", e.Part, e.ETag)
			}
		}
		slices.Sort(numbers)
		if want := []int{1, 2, 3, 4, 5}; !slices.Equal(numbers, want) {
			t.Errorf("the parts were %v, want %v", numbers, want)
		}
		checkProgress(t, task.Events, size)
		if !task.Ended {
			t.Error("the iteration has not ended")
		}
	})
}

// checkProgress wants counters that begin below and end at size, and an
// acknowledged one that never falls.
func checkProgress(t *testing.T, events []harness.Event, size int64) {
	t.Helper()
	progress := harness.Of(events, "progress")
	if len(progress) < 3 {
		t.Fatalf("%d progress events", len(progress))
	}
	var acknowledged int64
	for _, e := range progress {
		if e.Acknowledged < acknowledged || e.Acknowledged > e.Sent || e.Sent > size || e.Size != size {
			t.Errorf("progress: acknowledged %d after %d, sent %d, size %d", e.Acknowledged, acknowledged, e.Sent, e.Size)
		}
		acknowledged = e.Acknowledged
	}
	if first := progress[0]; first.Sent >= size {
		t.Errorf("the first progress event says that all is sent")
	}
	if acknowledged != size {
		t.Errorf("the last progress event says that %d of %d bytes are acknowledged", acknowledged, size)
	}
}
