package queue

import (
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

func TestRecord_isSmall(t *testing.T) {
	if size := unsafe.Sizeof(record{}); size > 24 {
		t.Fatalf("a record takes %d bytes, want 24 at most", size)
	}
}

func TestTable_isFullAtMaxFiles(t *testing.T) {
	var table Table
	for n := range MaxFiles {
		if id, ok := table.Add(0, ClassSmall, PriorityNormal); !ok || int(id) != n {
			t.Fatalf("Add of file %d = %d, %v", n+1, id, ok)
		}
	}
	if _, ok := table.Add(0, ClassSmall, PriorityNormal); ok {
		t.Fatal("took a file more than MaxFiles")
	}
	if table.Len() != MaxFiles || table.Has(MaxFiles) {
		t.Fatalf("Len = %d after a file was refused, want %d", table.Len(), MaxFiles)
	}
}
