package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// What is interrupted at a random moment: a file of ten parts, three of them
// under way at a time, that takes a little more than two seconds.
const (
	crashSize        = 48 * mib
	crashParts       = 10
	crashConnections = 3
	crashRate        = 22 * mib
)

// sentAgain holds what was sent after an interruption, which fell between two
// times, against what had been sent before: how many parts came twice, and what
// is wrong about that. Not one may have been stored before, whatever the journal
// knew of it: the store has digested it, and the file is compared with that.
func (s *store) sentAgain(key string, from, to time.Time) (twice int, wrong error) {
	before := map[uint16]exchange{}
	allowed := 0
	for _, e := range s.exchanges(key) {
		switch {
		case e.Op != s3.OpUploadPart:
		case e.began.Before(to):
			before[e.Part] = e
			if e.status != 200 || e.ended.After(from) {
				allowed++
			}
		case before[e.Part].Part != 0:
			twice++
			if b := before[e.Part]; b.status == 200 && b.ended.Before(from) {
				wrong = fmt.Errorf("part %d was sent again, although it was stored %v before the end", e.Part, from.Sub(b.ended))
			}
		}
	}
	if twice > allowed && wrong == nil {
		wrong = fmt.Errorf("%d parts were sent twice, and %d were under way", twice, allowed)
	}
	return twice, wrong
}

// answered is how many parts have been stored.
func (s *store) answered(key string) int {
	n := 0
	for _, e := range s.exchanges(key) {
		if e.Op == s3.OpUploadPart && e.status == 200 {
			n++
		}
	}
	return n
}

// made reports that the store had said before a time that it made the object.
func (s *store) made(key string, by time.Time) bool {
	for _, e := range s.exchanges(key) {
		if e.Op == s3.OpCompleteMultipartUpload && e.status == 200 && e.ended.Before(by) {
			return true
		}
	}
	return false
}

// await waits until a random number of parts is stored, none and all included,
// and then for no longer than a part takes, and returns how long that was: the
// moment is as random on a machine that is busy.
func (s *store) await(key string, random *rand.Rand) time.Duration {
	begun, parts := time.Now(), random.IntN(crashParts+1)
	for s.answered(key) < parts && time.Since(begun) < time.Minute {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(time.Duration(random.Int64N(int64(800 * time.Millisecond))))
	return time.Since(begun)
}

// interrupt uploads a file, has end the page at a random moment, uploads the
// file once more in the page that end returns, and returns how many parts were
// sent twice.
func interrupt(t *testing.T, p *harness.Page, seed uint64, end func() *harness.Page, s *store) (twice int) {
	t.Helper()
	key := fmt.Sprintf("file %d.bin", seed)
	data := harness.Bytes(uint32(seed), crashSize)
	path := harness.WriteFile(t, t.TempDir(), "file.bin", data)
	options := s.options().With("connections", crashConnections)
	p.Choose(path)
	p.MustCreate(options, nil)
	p.MustUpload(harness.Upload{Source: harness.Chosen("file.bin"), Options: harness.Options{"key": key}})
	s.limit.SetLimit(crashRate)
	moment := s.await(key, rand.New(rand.NewPCG(seed, 0)))
	from, stored := time.Now(), s.answered(key)
	p = end()
	to := time.Now()

	s.limit.SetLimit(rate.Inf)
	r := s.again(t, p, key, path, options)
	twice, wrong := s.sentAgain(key, from, to)
	// A page that has heard of its object has forgotten the upload: what comes then
	// is another one, whole.
	if s.made(key, to) && twice == crashParts {
		wrong = nil
	}
	if wrong != nil {
		t.Errorf("interrupted after %v, with %d parts stored: %v\n%v", moment, stored, wrong, r)
	}
	s.Do(func(f *fakes3.Store) {
		o := f.Object(key)
		if got := o.Body.Append(nil, 0, o.Body.Len()); string(got) != string(data) {
			t.Errorf("interrupted after %v: the object is not the file", moment)
		}
		for _, u := range f.Uploads() {
			// One without parts is of a CreateMultipartUpload whose answer came too late.
			if u.Key == key && len(u.Parts) > 0 {
				t.Errorf("interrupted after %v: an upload with %d parts is unfinished", moment, len(u.Parts))
			}
		}
		f.Remove(key) // of a campaign's files there is no room for all
	})
	if left := p.Previous(); len(left) != 0 {
		t.Errorf("interrupted after %v: the journal still has %+v", moment, left)
	}
	if t.Failed() {
		t.Logf("again: FAULT_SEED=%d go test ./test/faults -run '%s'", seed, t.Name())
	}
	t.Logf("seed %d: after %v, with %d parts stored: %d parts sent again", seed, moment.Round(time.Millisecond), stored, twice)
	return twice
}

// repeatedly interrupts as often as asked for, and tells how it went.
func repeatedly(t *testing.T, few int, what string, one func(t *testing.T, seed uint64) int) {
	all, most, begun := 0, 0, time.Now()
	n := runs(t, few)
	for i := range n {
		twice := one(t, firstSeed(t)+uint64(i))
		all, most = all+twice, max(most, twice)
		if t.Failed() {
			break
		}
	}
	row := fmt.Sprintf("| %-28s | %d times in %.0f s | %d parts of %d sent again, %d at most after one |",
		what, n, time.Since(begun).Seconds(), all, n*crashParts, most)
	if campaign() {
		fmt.Println(row)
	}
	t.Log(row)
}

// A tab that crashes at any moment costs what was under way, and no more.
func TestCrash_ofTheTab(t *testing.T) {
	needs := webdriver.Config{Parallel: true, Needs: []webdriver.Feature{webdriver.CrashTab}}
	webdriver.Each(t, needs, func(t *testing.T, b *webdriver.Session) {
		s := startStore(t, storeConfig{bodyRate: crashRate})
		page := s.page(t)
		first := b.Window()
		few := map[webdriver.Browser]int{webdriver.Chromium: 3, webdriver.Firefox: 1}
		repeatedly(t, few[b.Browser()], "crash of a tab, "+string(b.Browser()), func(t *testing.T, seed uint64) int {
			b.NewTab()
			end := func() *harness.Page {
				b.Crash()
				b.Switch(first)
				return harness.Open(t, b, page)
			}
			return interrupt(t, harness.Open(t, b, page), seed, end, s)
		})
	})
}

// So does an ordinary reload.
func TestCrash_reload(t *testing.T) {
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		s := startStore(t, storeConfig{bodyRate: crashRate})
		p := harness.Open(t, b, s.page(t))
		repeatedly(t, 1, "reload, "+string(b.Browser()), func(t *testing.T, seed uint64) int {
			end := func() *harness.Page {
				b.Reload()
				p.Await()
				return p
			}
			return interrupt(t, p, seed, end, s)
		})
	})
}

// A page that goes after the store has joined the parts, and before it could know
// that, costs nothing: the next one finds the object, and compares it.
func TestCrash_justAfterTheJoin(t *testing.T) {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	s := startStore(t, storeConfig{answers: func(about fakes3.Subject, _ int) {
		if about.Op == s3.OpCompleteMultipartUpload {
			<-over
		}
	}})
	everywhere(t, s, func(t *testing.T, b *webdriver.Session, p *harness.Page, key string) {
		path := harness.WriteFile(t, t.TempDir(), "file.bin", harness.Bytes(1, madeSize))
		p.Choose(path)
		p.MustCreate(s.options(), nil)
		p.MustUpload(harness.Upload{Source: harness.Chosen("file.bin"), Options: harness.Options{"key": key}})
		b.WaitUntil("the object", patient, func() bool { return s.object(key) != nil })
		b.Reload()
		p.Await()
		s.again(t, p, key, path, s.options())
		s.wantParts(t, key, 1, 1, 1, 1)
		s.wantTally(t, key, s3.OpCreateMultipartUpload, 1)
		s.wantTally(t, key, s3.OpCompleteMultipartUpload, 1)
		s.check(t, key, harness.Bytes(1, madeSize))
		if left := p.Previous(); len(left) != 0 {
			t.Errorf("the journal still has %+v", left)
		}
	})
}

// Two tabs never upload the same file to the same key at once.
func TestCrash_twoTabs(t *testing.T) {
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		g := newGate(t, 1)
		s := startStore(t, storeConfig{answers: g.answers})
		page := s.page(t)
		const key = "file.bin"
		data := harness.Bytes(1, crashSize)
		path := harness.WriteFile(t, t.TempDir(), "file.bin", data)
		upload := func(p *harness.Page) {
			p.Choose(path)
			p.MustCreate(s.options().With("connections", crashConnections).With("stallMillis", 600_000), nil)
			p.MustUpload(harness.Upload{Source: harness.Chosen("file.bin"), Options: harness.Options{"key": key}})
		}
		first := b.Window()
		one := harness.Open(t, b, page)
		upload(one)
		one.Until("a stored part", patient, func(r harness.Report) bool { return r.Tasks[0].Info.PartsStored > 0 })
		b.NewTab()
		two := harness.Open(t, b, page)
		upload(two)
		r := two.Wait(patient)
		if e := r.Tasks[0].Error; e == nil || e.Code != "UploadInUse" {
			t.Errorf("in the second tab: %v, %v", r.Tasks[0].State, e)
		}
		g.open()
		b.Switch(first)
		one.Stored(patient)
		s.wantParts(t, key, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
		s.check(t, key, data)
	})
}

// What a browser has begun, the command line finishes, from the record that the
// page exports.
func TestCrash_finishedByTheCommandLine(t *testing.T) {
	s := startStore(t, storeConfig{fault: silentAfterThree})
	everywhere(t, s, func(t *testing.T, b *webdriver.Session, p *harness.Page, key string) {
		path := s.half(t, b, p, key)
		p.MustCreate(s.options(), nil)
		list := p.Previous()
		if len(list) != 1 || list[0].Key != key || list[0].Parts != 3 || list[0].Stored != 15*mib || list[0].Size != halfSize {
			t.Fatalf("the journal has %+v, want three parts of %q", list, key)
		}
		record := filepath.Join(t.TempDir(), "file.bucketline")
		if err := os.WriteFile(record, list[0].Record, 0o600); err != nil {
			t.Fatal(err)
		}
		lines, status, stderr := try(t, s.environment(), "resume", "--json", record, "--source", path)
		if status != 0 {
			t.Fatalf("resume: exit %d\n%s\n%+v", status, stderr, lines)
		}
		s.wantParts(t, key, 1, 1, 1, 2, 2, 2, 2, 2)
		s.wantTally(t, key, s3.OpCreateMultipartUpload, 1)
		s.check(t, key, harness.Bytes(1, halfSize))
	})
}
