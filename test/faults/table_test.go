package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// The ten faults of this file are those at which other uploaders fail a file
// that could be saved, hang, or report as stored what is not the file.

// everywhere runs test in every browser, with a page and keys of its own.
func everywhere(t *testing.T, s *store, test func(t *testing.T, b *webdriver.Session, p *harness.Page, key string)) {
	t.Helper()
	page := s.page(t)
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		test(t, b, harness.Open(t, b, page), string(b.Browser())+"/file.bin")
	})
}

// once fails one request of every key: the first of an operation and part.
func once(op s3.Op, part uint16, fault fakes3.Fault) func(s3.Op, string, uint16, int) fakes3.Fault {
	return func(of s3.Op, _ string, number uint16, attempt int) fakes3.Fault {
		if of == op && number == part && attempt == 1 {
			return fault
		}
		return fakes3.Fault{}
	}
}

const madeSize = 16 * mib

// made is an upload of four parts.
func made(key string) harness.Upload {
	return harness.Upload{Source: harness.Made(1, madeSize), Options: harness.Options{"key": key}}
}

// wantParts wants that part n was sent so many times.
func (s *store) wantParts(t *testing.T, key string, times ...int) {
	t.Helper()
	if got := s.parts(key); !slices.Equal(got, times) {
		t.Errorf("the parts of %q were sent %d times, want %d", key, got, times)
	}
}

func (s *store) wantTally(t *testing.T, key string, op s3.Op, times int) {
	t.Helper()
	if got := s.tally(key)[op]; got != times {
		t.Errorf("%v of %q was sent %d times, want %d", op, key, got, times)
	}
}

func wantRefreshes(t *testing.T, r harness.Report, times int) {
	t.Helper()
	if len(r.Refreshes) != times {
		t.Errorf("credentialsExpired was called %d times, want %d: %+v", len(r.Refreshes), times, r.Refreshes)
	}
}

// Row 1: credentials that have ended are not used; the handler is asked, and the
// upload waits for it.
func TestTable_credentialsEndedAtTheStart(t *testing.T) {
	s := startStore(t, storeConfig{})
	everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
		p.MustCreate(s.options().With("credentials", s.grant(-time.Hour)), &harness.Refresh{Hold: true})
		p.MustUpload(made(key))
		p.Until("the hold", patient, func(r harness.Report) bool { return r.Tasks[0].State == "holding" && len(r.Refreshes) > 0 })
		if n := len(s.exchanges(key)); n != 0 {
			t.Errorf("%d requests were sent while credentials were missing", n)
		}
		p.AnswerWith(harness.Refresh{Give: []harness.Credentials{s.grant(time.Hour)}})
		r := p.Stored(patient)
		wantRefreshes(t, r, 1)
		if refused := r.Refused(); refused != "" {
			t.Errorf("refused: %s", refused)
		}
		s.wantParts(t, key, 1, 1, 1, 1)
		s.check(t, key, harness.Bytes(1, madeSize))
	})
}

// Row 2: however many files wait, the handler is called once.
func TestTable_threeFilesWaitForCredentials(t *testing.T) {
	s := startStore(t, storeConfig{})
	everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
		p.MustCreate(s.options().With("credentials", s.grant(-time.Hour)), &harness.Refresh{Hold: true})
		for i := range 3 {
			p.MustUpload(made(fmt.Sprint(key, i)))
		}
		p.Until("three files that wait", patient, func(r harness.Report) bool { return r.Totals.Files["holding"] == 3 && len(r.Refreshes) > 0 })
		p.AnswerWith(harness.Refresh{Give: []harness.Credentials{s.grant(time.Hour), s.grant(time.Hour), s.grant(time.Hour)}})
		r := p.Stored(patient)
		wantRefreshes(t, r, 1)
		// The store would have refused what was signed with credentials that had ended.
		if refused := r.Refused(); refused != "" {
			t.Errorf("refused: %s", refused)
		}
		for i := range 3 {
			s.wantParts(t, fmt.Sprint(key, i), 1, 1, 1, 1)
			s.check(t, fmt.Sprint(key, i), harness.Bytes(1, madeSize))
		}
	})
}

// Rows 3 and 4: a token that ends early costs one part, whatever media type the
// store's answer has.
func TestTable_expiredTokenOnAPart(t *testing.T) {
	for _, kind := range []string{"application/xml", "application/xml; charset=utf-8"} {
		t.Run(kind, func(t *testing.T) {
			s := startStore(t, storeConfig{errorType: kind, fault: once(s3.OpUploadPart, 2, fakes3.Fault{Code: "ExpiredToken"})})
			everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
				p.MustCreate(s.options(), &harness.Refresh{Give: []harness.Credentials{s.grant(time.Hour), s.grant(time.Hour)}})
				p.MustUpload(made(key))
				r := p.Stored(patient)
				wantRefreshes(t, r, 1)
				s.wantParts(t, key, 1, 2, 1, 1)
				s.wantTally(t, key, s3.OpCreateMultipartUpload, 1)
				s.check(t, key, harness.Bytes(1, madeSize))
			})
		})
	}
}

// Row 5: a handler that fails holds the file, with all of its parts, until
// somebody sets credentials. It is asked again for as long as refreshMillis says.
func TestTable_refreshRejected(t *testing.T) {
	s := startStore(t, storeConfig{fault: once(s3.OpUploadPart, 2, fakes3.Fault{Code: "ExpiredToken"})})
	everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
		p.MustCreate(s.options().With("refreshMillis", 0), &harness.Refresh{Reject: "the provider is asleep"})
		p.MustUpload(made(key))
		p.Until("the failed refresh", patient, func(r harness.Report) bool {
			return r.Totals.Held == "refreshFailed" && r.Totals.InFlight == 0
		})
		time.Sleep(time.Second)
		r := p.Report()
		if r.Tasks[0].State != "holding" || r.Tasks[0].Info.PartsStored != 3 {
			t.Errorf("a second later the file is %+v, want it to hold three stored parts", r.Tasks[0])
		}
		wantRefreshes(t, r, 1)
		s.wantParts(t, key, 1, 1, 1, 1)
		if f := p.SetCredentials(s.grant(time.Hour)); f != nil {
			t.Fatalf("setCredentials: %v", f)
		}
		p.Stored(patient)
		s.wantParts(t, key, 1, 2, 1, 1)
		s.check(t, key, harness.Bytes(1, madeSize))
	})
}

// Without refreshMillis it is asked again, while the file holds all the same.
func TestTable_refreshRejectedAgain(t *testing.T) {
	s := startStore(t, storeConfig{fault: once(s3.OpUploadPart, 2, fakes3.Fault{Code: "ExpiredToken"})})
	everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
		p.MustCreate(s.options(), &harness.Refresh{Reject: "the provider is asleep"})
		p.MustUpload(made(key))
		r := p.Until("the handler is asked three times", patient, func(r harness.Report) bool { return len(r.Refreshes) >= 3 && r.Totals.InFlight == 0 })
		if r.Tasks[0].State != "holding" || r.Totals.Held != "refreshFailed" {
			t.Errorf("meanwhile the file is %+v, held: %s", r.Tasks[0], r.Totals.Held)
		}
		if f := p.SetCredentials(s.grant(time.Hour)); f != nil {
			t.Fatalf("setCredentials: %v", f)
		}
		p.Stored(patient)
		s.wantParts(t, key, 1, 2, 1, 1)
		s.check(t, key, harness.Bytes(1, madeSize))
	})
}

// Row 6: a clock that is wrong by hours is learnt from the first answer.
func TestTable_clockIsWrong(t *testing.T) {
	for _, ahead := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			s := startStore(t, storeConfig{ahead: ahead})
			everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
				p.MustCreate(s.options().With("credentials", s.grant(24*time.Hour)), nil)
				p.MustUpload(made(key))
				r := p.Stored(patient)
				if refused := r.Refused(); refused != "CreateMultipartUpload of task 0, part 0: 403" {
					t.Errorf("refused: %s; want the first request alone", refused)
				}
				s.wantParts(t, key, 1, 1, 1, 1)
				s.check(t, key, harness.Bytes(1, madeSize))
			})
		})
	}
}

// Row 7: a part that is never answered is broken off, and sent again. On a machine
// that is busy others may stall as well.
func TestTable_partIsNeverAnswered(t *testing.T) {
	s := startStore(t, storeConfig{fault: once(s3.OpUploadPart, 2, fakes3.Fault{Silent: true})})
	everywhere(t, s, func(t *testing.T, _ *webdriver.Session, p *harness.Page, key string) {
		p.MustCreate(s.options().With("stallMillis", 1500), nil)
		p.MustUpload(made(key))
		r := p.Stored(patient)
		times, most := []int{1, 1, 1, 1}, int64(0)
		for _, e := range harness.Of(r.Log, "retry") {
			if e.Error.Code != "Stalled" {
				t.Errorf("retry: %+v, want those of parts that stalled", e)
			} else if e.Part > 0 {
				times[e.Part-1]++
				most += 5 * mib
			}
		}
		if times[1] < 2 || r.Totals.Resent < 5*mib || r.Totals.Resent > most {
			t.Errorf("parts were tried again %d times, and %d bytes were sent in vain; want part 2 and its bytes", times, r.Totals.Resent)
		}
		s.wantParts(t, key, times...)
		s.check(t, key, harness.Bytes(1, madeSize))
	})
}

// halfSize is a file of eight parts, of which half leaves three stored.
const halfSize = 36 * mib

// silentAfterThree never answers the parts after the third when they come for
// the first time.
func silentAfterThree(op s3.Op, _ string, part uint16, attempt int) fakes3.Fault {
	return fakes3.Fault{Silent: op == s3.OpUploadPart && part > 3 && attempt == 1}
}

// half uploads the first three parts of a new file, reloads the page with five
// more under way, and returns the file's path. The store is silentAfterThree.
func (s *store) half(t *testing.T, b *webdriver.Session, p *harness.Page, key string) (path string) {
	t.Helper()
	path = harness.WriteFile(t, t.TempDir(), "file.bin", harness.Bytes(1, halfSize))
	p.Choose(path)
	p.MustCreate(s.options().With("stallMillis", 600_000), nil)
	p.MustUpload(harness.Upload{Source: harness.Chosen("file.bin"), Options: harness.Options{"key": key}})
	p.Until("three stored parts and the rest under way", patient, func(r harness.Report) bool {
		return r.Tasks[0].Info.PartsStored == 3 && len(s.parts(key)) == 8
	})
	s.wantParts(t, key, 1, 1, 1, 1, 1, 1, 1, 1)
	// The page knows of a part a little before its journal does.
	written := p.OpenJournal("uploader", harness.UploaderJournal)
	b.WaitUntil("three parts in the journal", patient, func() bool {
		var r journal.Record
		names := written.List().Names
		if len(names) != 1 {
			return false
		}
		_, err := journal.Parse(written.Read(names[0]).Record, &r)
		return err == nil && len(r.Parts) == 3
	})
	b.Reload()
	p.Await()
	return path
}

// again chooses and uploads the file once more, and returns when it is stored.
func (s *store) again(t *testing.T, p *harness.Page, key, path string, o harness.Options) harness.Report {
	t.Helper()
	p.Choose(path)
	p.MustCreate(o, nil)
	p.MustUpload(harness.Upload{Source: harness.Chosen(filepath.Base(path)), Options: harness.Options{"key": key}})
	return p.Stored(patient)
}

func wantResumed(t *testing.T, r harness.Report, parts int) {
	t.Helper()
	resumed := harness.Of(r.Log, "resumed")
	if len(resumed) != 1 || resumed[0].Parts != parts || resumed[0].Bytes != int64(parts)*5*mib {
		t.Errorf("the file went on with %+v, want %d parts of 5 MiB", resumed, parts)
	}
}

// Row 8: an upload that is gone on with keeps the part size that it began with.
func TestTable_resumeWithAnotherPartSize(t *testing.T) {
	s := startStore(t, storeConfig{fault: silentAfterThree})
	everywhere(t, s, func(t *testing.T, b *webdriver.Session, p *harness.Page, key string) {
		path := s.half(t, b, p, key)
		r := s.again(t, p, key, path, s.options().With("partSize", 8*mib))
		wantResumed(t, r, 3)
		s.wantParts(t, key, 1, 1, 1, 2, 2, 2, 2, 2)
		s.wantTally(t, key, s3.OpCreateMultipartUpload, 1)
		s.check(t, key, harness.Bytes(1, halfSize))
	})
}

// replacements are files that take the place of another one, of equal name and
// size.
var replacements = []struct {
	name     string
	sameTime bool
	change   func(data []byte)
}{
	{"another file", false, func(data []byte) { copy(data, harness.Bytes(2, len(data))) }},
	{"another file of equal time", true, func(data []byte) { copy(data, harness.Bytes(2, len(data))) }},
	// Where no sample is taken: only the bytes of the second part itself tell.
	{"one byte, of equal time", true, func(data []byte) { data[7*mib] ^= 1 }},
}

// Row 9: a file that is not the one that was begun never goes on with its parts.
func TestTable_resumeWithAnotherContent(t *testing.T) {
	for _, replacement := range replacements {
		t.Run(replacement.name, func(t *testing.T) {
			s := startStore(t, storeConfig{fault: silentAfterThree})
			everywhere(t, s, func(t *testing.T, b *webdriver.Session, p *harness.Page, key string) {
				path := s.half(t, b, p, key)
				data := harness.Bytes(1, halfSize)
				replacement.change(data)
				replace(t, path, data, replacement.sameTime)
				s.again(t, p, key, path, s.options())
				if times := s.parts(key); slices.Min(times) < 2 {
					t.Errorf("the parts were sent %d times, want all of them again", times)
				}
				s.wantTally(t, key, s3.OpCreateMultipartUpload, 2)
				s.check(t, key, data)
			})
		})
	}
}

// replace is overwrite where it must not fail.
func replace(t *testing.T, path string, data []byte, sameTime bool) {
	t.Helper()
	if err := overwrite(path, data, sameTime); err != nil {
		t.Fatal(err)
	}
}

// overwrite writes data over the file at path, and leaves its time as it was or
// makes sure that it is another one.
func overwrite(path string, data []byte, sameTime bool) error {
	info, err := os.Stat(path)
	if err == nil {
		err = os.WriteFile(path, data, 0o666)
	}
	if err != nil {
		return err
	}
	when := info.ModTime()
	if !sameTime {
		when = when.Add(time.Minute)
	}
	return os.Chtimes(path, when, when)
}

// Row 10: an upload that the store has forgotten begins anew, once.
func TestTable_resumeOfAForgottenUpload(t *testing.T) {
	forget := once(s3.OpListParts, 0, fakes3.Fault{Forget: true})
	s := startStore(t, storeConfig{fault: func(op s3.Op, key string, part uint16, attempt int) fakes3.Fault {
		f := silentAfterThree(op, key, part, attempt)
		f.Forget = forget(op, key, part, attempt).Forget
		return f
	}})
	everywhere(t, s, func(t *testing.T, b *webdriver.Session, p *harness.Page, key string) {
		path := s.half(t, b, p, key)
		s.again(t, p, key, path, s.options())
		s.wantParts(t, key, 2, 2, 2, 2, 2, 2, 2, 2)
		s.wantTally(t, key, s3.OpCreateMultipartUpload, 2)
		s.check(t, key, harness.Bytes(1, halfSize))
		if left := p.Previous(); len(left) != 0 {
			t.Errorf("the journal still has %+v", left)
		}
	})
}
