package queue

import (
	"runtime"
	"testing"
	"unsafe"
)

func TestTable_nextIsFirstQueuedInOrder(t *testing.T) {
	var table Table
	for i := range 10_000 {
		if id, ok := table.Add(int64(i), ClassSmall, PriorityNormal); !ok || int(id) != i {
			t.Fatalf("Add = %d, %v, want %d", id, ok, i)
		}
	}
	table.SetState(0, StateUploading)
	table.SetState(1, StateCancelled)
	if id, ok := table.Next(ClassSmall); !ok || id != 2 {
		t.Fatalf("Next = %d, %v, want 2", id, ok)
	}
	if table.Size(9_999) != 9_999 || table.State(1) != StateCancelled || table.Has(10_000) {
		t.Fatal("records are mixed up")
	}
	counts := table.Counts()
	if counts[StateQueued] != 9_998 || counts[StateUploading] != 1 || counts[StateCancelled] != 1 {
		t.Fatalf("Counts = %v", counts)
	}
}

func TestTable_growthNeverCopies(t *testing.T) {
	var table Table
	table.Add(1, ClassSmall, PriorityNormal)
	first := table.at(0)
	for range 3 * pageFiles {
		table.Add(2, ClassSmall, PriorityNormal)
	}
	if table.at(0) != first {
		t.Fatal("a record moved")
	}
}

func TestRecord_is24Bytes(t *testing.T) {
	if size := unsafe.Sizeof(record{}); size != 24 {
		t.Fatalf("a record takes %d bytes, want 24", size)
	}
}

// With all that is around the records.
func TestTable_costsAtMost32BytesAFile(t *testing.T) {
	const files = 1_000_000
	if perFile := allocated(func() { fill(new(Table), files) }) / files; perFile > 32 {
		t.Fatalf("a file costs %.2f bytes, want 32 at most", perFile)
	}
}

// allocated returns how many bytes do allocates, whether they are freed or not.
func allocated(do func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

func fill(table *Table, files int) {
	for i := range files {
		table.Add(int64(i), Class(i%Classes), PriorityNormal)
	}
}

func TestTable_isFullAtMaxFiles(t *testing.T) {
	// As after MaxFiles-2 files, with those alone in memory that matter here.
	table := Table{files: MaxFiles - 2, pages: make([]*page, MaxFiles/pageFiles)}
	table.pages[len(table.pages)-1] = new(page)
	for n := MaxFiles - 2; n < MaxFiles; n++ {
		if id, ok := table.Add(0, ClassSmall, PriorityNormal); !ok || int(id) != n {
			t.Fatalf("Add of file %d = %d, %v, want %d", n+1, id, ok, n)
		}
	}
	if _, ok := table.Add(0, ClassSmall, PriorityNormal); ok {
		t.Fatal("took a file more than MaxFiles")
	}
	if table.Len() != MaxFiles || !table.Has(MaxFiles-1) || table.Has(MaxFiles) {
		t.Fatalf("Len = %d after a file was refused, want %d", table.Len(), MaxFiles)
	}
}

func TestTable_parksAtMostMaxParked(t *testing.T) {
	var table Table
	fill(&table, MaxParked+2)
	for id := range FileID(MaxParked) {
		if !table.Park(id, 1, "") {
			t.Fatalf("file %d was not parked", id+1)
		}
	}
	refused := func(id FileID) {
		t.Helper()
		if table.Park(id, 1, "") || table.Parked(id) {
			t.Fatal("parked a file more than MaxParked")
		}
	}
	refused(MaxParked)
	if !table.Park(7, 1, "") {
		t.Fatal("parking a file that is parked was refused")
	}

	// A file that is to be discarded counts until it is taken.
	table.SetState(3, StateCancelled)
	refused(MaxParked)
	if id, _, ok := table.NextDiscard(); !ok || id != 3 {
		t.Fatalf("NextDiscard = %d, %v, want 3", id, ok)
	}
	if !table.Park(MaxParked, 1, "") {
		t.Fatal("not parked though a place is free")
	}
	refused(MaxParked + 1)
	table.Unpark(9)
	if !table.Park(MaxParked+1, 1, "") {
		t.Fatal("not parked though a place is free")
	}
}

func TestTable_discardsEachParkedFileOnce(t *testing.T) {
	var table Table
	fill(&table, MaxParked)
	for id := range FileID(MaxParked) {
		table.Park(id, 1, "")
		if id%4 == 0 {
			table.SetState(id, StateFailed) // keeps its upload
		}
	}
	table.CancelAll()
	var taken [MaxParked]bool
	for n := range MaxParked * 3 / 4 {
		id, _, ok := table.NextDiscard()
		if !ok || taken[id] || id%4 == 0 || table.Parked(id) {
			t.Fatalf("NextDiscard = %d, %v after %d files", id, ok, n)
		}
		taken[id] = true
	}
	if id, _, ok := table.NextDiscard(); ok {
		t.Fatalf("NextDiscard = %d, which is one too many", id)
	}
	if !table.Parked(4) || table.State(4) != StateFailed {
		t.Fatal("a failed file lost its upload")
	}
}

// A file that has a slot is cancelled by whoever gave it one: before CancelAll
// or after it.
func TestTable_cancelAllTakesEitherOrder(t *testing.T) {
	for _, before := range []bool{true, false} {
		var table Table
		fill(&table, 3)
		table.SetState(0, StateUploading)
		if before {
			table.SetState(0, StateCancelled)
		}
		table.CancelAll()
		table.SetState(0, StateCancelled)
		table.SetState(1, StateDone) // its answer came in the same moment
		if counts := table.Counts(); counts[StateCancelled] != 2 || counts[StateDone] != 1 {
			t.Errorf("cancelled before CancelAll: %v: Counts = %v", before, counts)
		}
	}
}

func TestTable_pauseAllHoldsForFilesThatComeLater(t *testing.T) {
	var table Table
	table.PauseAll()
	id, _ := table.Add(5, ClassLarge, PriorityHigh)
	if s := table.State(id); s != StatePaused {
		t.Fatalf("a file added after PauseAll is %v", s)
	}
	table.CancelAll()
	id, _ = table.Add(6, ClassLarge, PriorityLow)
	if _, ok := table.Next(ClassLarge); ok || !table.Paused() || table.Bytes()[StatePaused] != 6 {
		t.Fatal("CancelAll ended PauseAll")
	}
	table.ResumeAll()
	if got, ok := table.Next(ClassLarge); !ok || got != id {
		t.Fatalf("Next = %d, %v after ResumeAll, want %d", got, ok, id)
	}
}

func TestTable_refusesWhatIsNotThere(t *testing.T) {
	var table Table
	table.Add(0, ClassSmall, PriorityNormal)
	for name, do := range map[string]func(){
		"a file never added":      func() { table.State(1) },
		"a file beyond the pages": func() { table.SetState(pageFiles, StateDone) },
		"a state that is none":    func() { table.SetState(0, State(States)) },
		"a class that is none":    func() { table.Add(0, Class(Classes), PriorityNormal) },
		"a priority that is none": func() { table.SetPriority(0, Priority(Priorities)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("took %s", name)
				}
			}()
			do()
		}()
	}
	if table.Len() != 1 {
		t.Errorf("%d files after one was taken", table.Len())
	}
}

func TestTable_allocatesPagesOnly(t *testing.T) {
	var table Table
	fill(&table, pageFiles+1) // the next page has room for what follows
	table.Park(0, 1, "")      // the room for parked files comes by pages too
	n := FileID(0)
	for name, do := range map[string]func(){
		"Add":         func() { table.Add(1, ClassLarge, PriorityHigh) },
		"SetState":    func() { table.SetState(n%pageFiles, State(n%FileID(States))) },
		"SetSize":     func() { table.SetSize(n%pageFiles, int64(n)) },
		"SetPriority": func() { table.SetPriority(n%pageFiles, Priority(n%FileID(Priorities))) },
		"Park":        func() { table.Park(n%100, 1, "") },
		"Unpark":      func() { table.Unpark(n % 100) },
		"SetMarks":    func() { table.SetMarks(n%pageFiles, uint8(n)%MaxMarks) },
		"NextWanted":  func() { table.NextWanted() },
		"NextDiscard": func() { table.NextDiscard() },
		"Next":        func() { table.Next(ClassSmall) },
		"PauseAll":    table.PauseAll,
		"ResumeAll":   table.ResumeAll,
		"RetryAll":    table.RetryAll,
		"CancelAll":   table.CancelAll,
		"Counts":      func() { table.Counts() },
		"Bytes":       func() { table.Bytes() },
	} {
		thousand := func() {
			for range 1000 {
				do()
				n++
			}
		}
		if allocs := testing.AllocsPerRun(1, thousand); allocs != 0 {
			t.Errorf("1,000 times %s allocate %v times", name, allocs)
		}
	}
}
