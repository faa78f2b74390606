// Package harness drives the page in test/e2e/page, which does with web/core
// what a test asks for, in any browser that package webdriver knows.
//
//	func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
//
//	p := harness.Open(s, endpoints.Page+"e2e/")
//	p.Create(harness.Options{"bucket": "photos", …}, nil)
//	p.Upload(harness.Upload{Source: harness.Made(1, 5<<20), Options: harness.Options{"key": "a"}})
//	report := p.Wait(time.Minute)
//
// Every method fails the test by itself when the page cannot do its work. What
// the uploader refuses is a [Failure] and the test's to judge.
//
// Next: source.go for the bytes that are uploaded, server.go for pages that the
// dev stack does not serve.
package harness

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/webdriver"
)

// Path is where the dev stack serves the page, below its origin.
const Path = "/e2e/"

// Options are those of web/core, as JSON.
type Options map[string]any

// With returns a copy of o with the option name set to value.
func (o Options) With(name string, value any) Options {
	all := Options{name: value}
	for n, v := range o {
		if n != name {
			all[n] = v
		}
	}
	return all
}

// Credentials are those of web/core. Expiration is anything, so that tests can
// give what is no time.
type Credentials struct {
	AccessKey    string `json:"accessKey"`
	SecretKey    string `json:"secretKey"`
	SessionToken string `json:"sessionToken,omitempty"`
	Expiration   any    `json:"expiration,omitempty"`
}

// Refresh says how the page's credentialsExpired answers: not before AnswerWith
// says how, with Hold; else after DelayMillis,
// from the real STS, from a JSON endpoint, with the next of Give, or by
// rejecting, whichever is there;
// else not at all.
type Refresh struct {
	Hold        bool          `json:"hold,omitempty"`
	DelayMillis int           `json:"delayMillis,omitempty"`
	STS         *WebIdentity  `json:"sts,omitempty"`
	Endpoint    *Endpoint     `json:"endpoint,omitempty"`
	Give        []Credentials `json:"give,omitempty"`
	Reject      string        `json:"reject,omitempty"`
}

// Endpoint is what containerCredentials is called with.
type Endpoint struct {
	URL   string `json:"url"`
	Token string `json:"token"` // the ID token, of "Bearer "
}

// WebIdentity is what assumeRoleWithWebIdentity is called with.
type WebIdentity struct {
	Endpoint        string `json:"endpoint"`
	RoleARN         string `json:"roleArn"`
	RoleSessionName string `json:"roleSessionName"`
	Token           string `json:"token"`
	DurationSeconds int    `json:"durationSeconds"`
}

// Upload is one call of upload for each file of Source.
type Upload struct {
	Source  Source  `json:"source"`
	Options Options `json:"options,omitempty"`
	Watch   bool    `json:"watch,omitempty"`   // iterate the task and keep its events
	Aborted bool    `json:"aborted,omitempty"` // give a signal that is aborted already
}

// Failure is an error of the page.
type Failure struct {
	Name, Message, Code, RequestID, Operation, Hint string
	Status, Part                                    int
}

// String is all of it, for the log of a test.
func (f *Failure) String() string {
	if f == nil {
		return "no failure"
	}
	return fmt.Sprintf("%s %s status %d: %q; hint %q", f.Name, f.Code, f.Status, f.Message, f.Hint)
}

// Report is what the page knows of the present uploader.
type Report struct {
	Tasks       []Task
	Log         []Event // of all but progress
	Refreshes   []RefreshCall
	MostHolding int // the most files that were held at the same time
	Totals      Totals
	Life        *Life // nil: no credentials

	WasmBytes   int64 // memory of all engines of this page
	ReadBytes   int64 // of files, that script asked for
	BlobBodies  int   // requests with a Blob as body
	OtherBodies int
	Violations  []string // of the Content-Security-Policy
}

// Task is one upload.
type Task struct {
	Key, Name, State string
	Info             Info
	Result           *Result
	Error            *Failure
	Events           []Event // with Upload.Watch
	Ended            bool    // its iteration has come to an end
}

// Info has one task's counters.
type Info struct {
	State                             string
	Size, Sent, Acknowledged          int64
	Parts, PartsStored, PartsInFlight int
}

// Result is what awaiting a task gives.
type Result struct {
	Bucket, Key, ETag, VersionID, Location string
	Size                                   int64
}

// Event is one of a task or of the uploader; Kind says which fields count.
type Event struct {
	Kind                     string `json:"type"`
	At                       int64  // milliseconds since the page was loaded
	Task, ID, Part, Status   int
	Operation, State, Reason string
	ETag                     string
	Size, Sent, Acknowledged int64
	Expiration               string
	Delay                    int64 // of "retry", in milliseconds
	Bytes                    int64 // of "resumed"
	Parts                    int
	Error                    *Failure
}

// RefreshCall is one call of credentialsExpired.
type RefreshCall struct {
	Reason  string
	Aborted bool // its signal was
}

// Totals has all tasks' counters.
type Totals struct {
	Files                                    map[string]int
	Size, Sent, Acknowledged, Stored, Resent int64
	InFlight, Window                         int
	Offline                                  bool
	Held                                     string
}

// Previous is an unfinished upload in the page's journal.
type Previous struct {
	Name, Bucket, Key, UploadID   string
	Size, Stored, Parts, PartSize int64
	Record                        []byte // as the page exports it
}

// Life is what credentialsLife says, in milliseconds.
type Life struct{ Remaining, Total float64 }

// Page is a loaded harness page.
type Page struct {
	t testing.TB
	s *webdriver.Session
}

// Open loads the page at url and waits until it is ready.
func Open(t testing.TB, s *webdriver.Session, url string) *Page {
	t.Helper()
	s.Open(url)
	p := &Page{t, s}
	p.Await()
	return p
}

// Await waits until the page is ready, after a reload for example.
func (p *Page) Await() {
	p.t.Helper()
	p.s.WaitFor("the harness of "+p.s.URL(), 20*time.Second, "return window.harness")
}

func call[T any](p *Page, f string, args ...any) T {
	p.t.Helper()
	// As text, because drivers differ in how they carry a Date.
	text := webdriver.Eval[string](p.s, "return JSON.stringify(await harness."+f+"(...arguments) ?? null)", args...)
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		p.t.Fatalf("%s: %v in %.500s", f, err, text)
	}
	return v
}

// Create makes an uploader, with a credentialsExpired if r is not nil. The one
// before is closed and forgotten. It returns what createUploader throws.
func (p *Page) Create(o Options, r *Refresh) *Failure {
	p.t.Helper()
	return call[*Failure](p, "create", o, r)
}

// MustCreate is Create where nothing may be thrown.
func (p *Page) MustCreate(o Options, r *Refresh) {
	p.t.Helper()
	if f := p.Create(o, r); f != nil {
		p.t.Fatalf("createUploader: %v", f)
	}
}

// AnswerWith changes how credentialsExpired answers from its next call on, and
// lets one go on that is held.
func (p *Page) AnswerWith(r Refresh) {
	p.t.Helper()
	p.s.Run("harness.answerWith(arguments[0])", r)
}

// Upload begins uploads and returns what upload throws.
func (p *Page) Upload(uploads ...Upload) *Failure {
	p.t.Helper()
	return call[*Failure](p, "upload", uploads)
}

// MustUpload is Upload where nothing may be thrown.
func (p *Page) MustUpload(uploads ...Upload) {
	p.t.Helper()
	if f := p.Upload(uploads...); f != nil {
		p.t.Fatalf("upload: %v", f)
	}
}

// Choose chooses files in the page's input for files, in place of those before.
func (p *Page) Choose(files ...string) {
	p.t.Helper()
	p.s.Run(`document.getElementById("files").value = ""`)
	p.s.Find("#files").SetFiles(files...)
}

// ChooseFolder chooses a folder and waits until the page has want files of it.
func (p *Page) ChooseFolder(folder string, want int) {
	p.t.Helper()
	p.s.Find("#folder").SetFolder(folder)
	p.s.WaitUntil(fmt.Sprintf("%d files of the folder", want), 20*time.Second, func() bool {
		return call[int](p, "count", InFolder) == want
	})
}

// SetCredentials returns what setCredentials throws.
func (p *Page) SetCredentials(c Credentials) *Failure {
	p.t.Helper()
	return call[*Failure](p, "setCredentials", c)
}

// Do calls a function of the harness that returns nothing.
func (p *Page) Do(function string, args ...any) {
	p.t.Helper()
	p.s.Run("await harness."+function+"(...arguments)", args...)
}

// Text calls a function of the harness that returns a string.
func (p *Page) Text(function string, args ...any) string {
	p.t.Helper()
	return call[string](p, function, args...)
}

// Settled is what awaiting task gives: one of the two is nil.
func (p *Page) Settled(task int) (*Result, *Failure) {
	p.t.Helper()
	v := call[struct {
		Result *Result
		Error  *Failure
	}](p, "settled", task)
	return v.Result, v.Error
}

// AssumeRole is what assumeRoleWithWebIdentity gives: one of the two is nil.
func (p *Page) AssumeRole(w WebIdentity) (*Credentials, *Failure) {
	p.t.Helper()
	v := call[struct {
		Credentials *Credentials
		Error       *Failure
	}](p, "assumeRole", w)
	return v.Credentials, v.Error
}

// Previous lists the unfinished uploads in the journal of the uploader.
func (p *Page) Previous() []Previous {
	p.t.Helper()
	var list []Previous
	for _, v := range call[[]struct {
		Previous
		Record []int
	}](p, "previous") {
		v.Previous.Record = octets(v.Record)
		list = append(list, v.Previous)
	}
	return list
}

// Report asks the page what it knows.
func (p *Page) Report() Report {
	p.t.Helper()
	return call[Report](p, "report")
}

// Until waits until the report is as wanted and returns it. On failure it logs
// the last one.
func (p *Page) Until(what string, within time.Duration, wanted func(Report) bool) Report {
	p.t.Helper()
	var r Report
	for deadline := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		if r = p.Report(); wanted(r) {
			return r
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("still waiting for %s after %v:\n%v", what, within, r)
		}
	}
}

// Wait waits until every task has come to its end.
func (p *Page) Wait(within time.Duration) Report {
	p.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		under := call[int](p, "underWay")
		if under == 0 {
			return p.Report()
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%d uploads are still under way after %v:\n%v", under, within, p.Report())
		}
	}
}

// Stored is Wait where every task must have ended well.
func (p *Page) Stored(within time.Duration) Report {
	p.t.Helper()
	r := p.Wait(within)
	stored := true
	for i, t := range r.Tasks {
		if t.State != "done" {
			p.t.Errorf("upload %d, %q: %s: %v", i, t.Key, t.State, t.Error)
			stored = false
		}
	}
	if !stored {
		p.t.FailNow()
	}
	return r
}

// Of returns the events of one kind.
func Of(events []Event, kind string) []Event {
	var found []Event
	for _, e := range events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// String is what a test's log needs: the tasks, and the last of what happened.
func (r Report) String() string {
	var b strings.Builder
	for i, t := range r.Tasks {
		fmt.Fprintf(&b, "task %d, %q: %s, %+v, %v\n", i, t.Key, t.State, t.Info, t.Error)
	}
	fmt.Fprintf(&b, "%d refreshes, totals %+v\n", len(r.Refreshes), r.Totals)
	for _, e := range r.Log[max(0, len(r.Log)-20):] {
		fmt.Fprintf(&b, "%6d ms: %s task %d %s part %d %s%s %d %v\n", e.At, e.Kind, e.Task, e.Operation, e.Part, e.State, e.Reason, e.Status, e.Error)
	}
	return b.String()
}

// Requests counts the requests of one operation for a task that were answered.
func (r *Report) Requests(task int, operation string) int {
	n := 0
	for _, e := range Of(r.Log, "response") {
		if e.Task == task && e.Operation == operation {
			n++
		}
	}
	return n
}

// Refused lists the requests that were not answered with 2xx.
func (r *Report) Refused() string {
	var lines []string
	for _, e := range Of(r.Log, "response") {
		if e.Status < 200 || e.Status > 299 {
			lines = append(lines, fmt.Sprintf("%s of task %d, part %d: %d", e.Operation, e.Task, e.Part, e.Status))
		}
	}
	return strings.Join(lines, "\n")
}
