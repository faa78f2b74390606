package harness

// JournalKind is where a page's journal lies and how it locks.
type JournalKind string

// The kinds of journals. WebJournal and ChannelJournal see the same records.
const (
	WebJournal     JournalKind = "web"     // IndexedDB, Web Locks
	ChannelJournal JournalKind = "channel" // IndexedDB, the locks of pages without Web Locks
	MemoryJournal  JournalKind = "memory"

	// UploaderJournal is the one that the page's uploaders write: to be read only.
	UploaderJournal JournalKind = "uploader"
)

// Journal is one journal of web/core that a page has open.
type Journal struct {
	page  *Page
	which string
}

// Step is what one step of a Journal gives.
type Step struct {
	Record []byte // nil: there is none
	Locked bool
	Names  []string
	Error  *Failure
}

// OpenJournal opens a journal. which is the test's name for it; an earlier one
// of that name is closed.
func (p *Page) OpenJournal(which string, kind JournalKind) *Journal {
	p.t.Helper()
	if f := p.TryJournal(which, kind); f != nil {
		p.t.Fatalf("open a journal: %v", f)
	}
	return &Journal{p, which}
}

// TryJournal is OpenJournal where that may fail, and how it did.
func (p *Page) TryJournal(which string, kind JournalKind) *Failure {
	p.t.Helper()
	return (&Journal{p, which}).step("open", string(kind)).Error
}

func (j *Journal) step(function string, args ...any) Step {
	j.page.t.Helper()
	s := call[struct {
		Step
		Record *[]int
	}](j.page, "journal."+function, append([]any{j.which}, args...)...)
	if s.Record != nil {
		s.Step.Record = octets(*s.Record)
	}
	return s.Step
}

func numbers(data []byte) []int {
	list := make([]int, len(data))
	for i, b := range data {
		list[i] = int(b)
	}
	return list
}

func octets(list []int) []byte {
	data := make([]byte, len(list))
	for i, b := range list {
		data[i] = byte(b)
	}
	return data
}

// Load is what load gives, in the form of a Step, as do all that follow.
func (j *Journal) Load(name string) Step { j.page.t.Helper(); return j.step("load", name) }

// Save replaces a record.
func (j *Journal) Save(name string, record []byte) Step {
	j.page.t.Helper()
	return j.step("save", name, numbers(record))
}

// Append adds to a record.
func (j *Journal) Append(name string, more []byte) Step {
	j.page.t.Helper()
	return j.step("append", name, numbers(more))
}

// Forget deletes a record and gives its name up.
func (j *Journal) Forget(name string) Step { j.page.t.Helper(); return j.step("forget", name) }

// Unlock gives a name up.
func (j *Journal) Unlock(name string) Step { j.page.t.Helper(); return j.step("unlock", name) }

// SetAside moves a damaged record out of the way.
func (j *Journal) SetAside(name string) Step { j.page.t.Helper(); return j.step("setAside", name) }

// Read reads a record that need not be open.
func (j *Journal) Read(name string) Step { j.page.t.Helper(); return j.step("read", name) }

// List lists all records.
func (j *Journal) List() Step { j.page.t.Helper(); return j.step("list") }
