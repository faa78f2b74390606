// Package journaltest holds any driver.Journal to what that interface says.
// What a crash of the machine leaves is not for it to see: each journal has
// tests of its own for that.
package journaltest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/bucketline/bucketline/driver"
)

// Names of records, as journal.Name makes them.
const (
	One   = "0123456789abcdef0123456789abcdef"
	Other = "ffffffffffffffffffffffffffffffff"
)

// Run runs the suite. open opens the journal whose place is a folder of its
// own, each time as another program would. lasting says that two journals of
// the same folder see the same records.
func Run(t *testing.T, lasting bool, open func(t *testing.T, folder string) driver.Journal) {
	for _, one := range []struct {
		name string
		test func(t *testing.T, j driver.Journal)
	}{
		{"what is saved is loaded", saved},
		{"a name is open once", openOnce},
		{"what is not open is not written", notOpen},
		{"an append wants a record", appendWants},
		{"bytes are not kept", notKept},
		{"a record that was set aside is gone", setAside},
		{"names do not get in each other's way", concurrent},
		{"one of many that load at once has it", contended},
	} {
		t.Run(one.name, func(t *testing.T) { one.test(t, open(t, t.TempDir())) })
	}
	if !lasting {
		return
	}
	t.Run("another program finds what was left", func(t *testing.T) {
		folder := t.TempDir()
		left(t, open(t, folder), open(t, folder))
	})
}

// load opens a record, which must be free, and compares what it holds.
func load(t *testing.T, j driver.Journal, name string, want []byte) {
	t.Helper()
	got, err := j.Load(name)
	if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
		t.Fatalf("load = %.80q, %v; want %.80q", got, err, want)
	}
}

// must ends the test when a step fails.
func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func saved(t *testing.T, j driver.Journal) {
	large := bytes.Repeat([]byte("large"), 1<<16)
	load(t, j, One, nil)
	must(t, "save", j.Save(One, []byte("the first record")))
	must(t, "append", j.Append(One, []byte(", and more")))
	must(t, "save", j.Save(One, []byte("second")))
	must(t, "append", j.Append(One, []byte{0, 255}))
	must(t, "append nothing", j.Append(One, nil))
	must(t, "append", j.Append(One, large))
	must(t, "unlock", j.Unlock(One))
	load(t, j, One, append([]byte("second\x00\xff"), large...))
	must(t, "save nothing", j.Save(One, nil))
	must(t, "unlock", j.Unlock(One))
	load(t, j, One, []byte{})
	must(t, "append", j.Append(One, []byte("x")))
	must(t, "forget", j.Forget(One))
	load(t, j, One, nil)
	must(t, "unlock", j.Unlock(One))
	load(t, j, One, nil)
	must(t, "forget what was never saved", j.Forget(One))
}

func openOnce(t *testing.T, j driver.Journal) {
	locked := func(when string) {
		t.Helper()
		if got, err := j.Load(One); !errors.Is(err, driver.ErrLocked) || got != nil {
			t.Errorf("load %s = %q, %v; want %v", when, got, err, driver.ErrLocked)
		}
	}
	load(t, j, One, nil)
	locked("what is open")
	load(t, j, Other, nil)
	must(t, "save", j.Save(One, []byte("a")))
	locked("what was saved")
	must(t, "append", j.Append(One, []byte("b")))
	locked("what was appended to")
	must(t, "set aside", j.SetAside(One))
	locked("what was set aside")
	must(t, "unlock", j.Unlock(One))
	load(t, j, One, nil)
	must(t, "forget", j.Forget(One))
	load(t, j, One, nil)
	locked("what is open again")
}

func notOpen(t *testing.T, j driver.Journal) {
	refused := func(when string) {
		t.Helper()
		for what, err := range map[string]error{
			"save": j.Save(One, []byte("x")), "append": j.Append(One, []byte("x")),
			"forget": j.Forget(One), "unlock": j.Unlock(One), "set aside": j.SetAside(One),
		} {
			if err == nil {
				t.Errorf("%s: %s of a record that is not open", when, what)
			}
		}
	}
	refused("before load")
	load(t, j, One, nil)
	must(t, "save", j.Save(One, []byte("kept")))
	must(t, "unlock", j.Unlock(One))
	refused("after unlock")
	load(t, j, One, []byte("kept"))
	must(t, "forget", j.Forget(One))
	refused("after forget")
	load(t, j, One, nil)
}

// A record that begins in its middle is none.
func appendWants(t *testing.T, j driver.Journal) {
	load(t, j, One, nil)
	if j.Append(One, []byte("x")) == nil {
		t.Error("append without a record")
	}
	must(t, "unlock", j.Unlock(One))
	load(t, j, One, nil)
}

func notKept(t *testing.T, j driver.Journal) {
	load(t, j, One, nil)
	buffer := []byte("one")
	must(t, "save", j.Save(One, buffer))
	copy(buffer, "two")
	must(t, "append", j.Append(One, buffer))
	copy(buffer, "xxx")
	must(t, "unlock", j.Unlock(One))
	got, err := j.Load(One)
	if err != nil || string(got) != "onetwo" {
		t.Fatalf("load = %q, %v", got, err)
	}
	copy(got, "xxxxxx")
	must(t, "unlock", j.Unlock(One))
	load(t, j, One, []byte("onetwo"))
}

func setAside(t *testing.T, j driver.Journal) {
	load(t, j, One, nil)
	must(t, "set aside without a record", j.SetAside(One))
	for _, damage := range []string{"damaged", "damaged again"} {
		must(t, "save", j.Save(One, []byte(damage)))
		must(t, "set aside", j.SetAside(One))
		if j.Append(One, []byte("x")) == nil {
			t.Error("append to a record that was set aside")
		}
		must(t, "unlock", j.Unlock(One))
		load(t, j, One, nil)
	}
	must(t, "save", j.Save(One, []byte("new")))
	must(t, "unlock", j.Unlock(One))
	load(t, j, One, []byte("new"))
}

func concurrent(t *testing.T, j driver.Journal) {
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			name := fmt.Sprintf("%032x", i)
			want := []byte(name)
			if _, err := j.Load(name); err != nil {
				t.Errorf("load: %v", err)
				return
			}
			err := j.Save(name, want)
			for k := 0; k < 20 && err == nil; k++ {
				want = append(want, byte(k))
				err = j.Append(name, want[len(want)-1:])
			}
			if err != nil {
				t.Errorf("write: %v", err)
				return
			}
			if err := j.Unlock(name); err != nil {
				t.Errorf("unlock: %v", err)
			}
			if got, err := j.Load(name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("load = %q, %v", got, err)
			}
		})
	}
	all.Wait()
}

// contended: whoever has the name is alone, and in the end everybody had it.
func contended(t *testing.T, j driver.Journal) {
	const users, turns = 4, 20
	var all sync.WaitGroup
	var mu sync.Mutex
	holder, had := -1, 0
	for i := range users {
		all.Go(func() {
			for range turns {
				_, err := j.Load(One)
				for errors.Is(err, driver.ErrLocked) {
					_, err = j.Load(One)
				}
				if err != nil {
					t.Errorf("load: %v", err)
					return
				}
				mu.Lock()
				if holder >= 0 {
					t.Errorf("%d and %d have it", holder, i)
				}
				holder = i
				had++
				mu.Unlock()
				err = j.Save(One, []byte{byte(i)})
				mu.Lock()
				holder = -1
				mu.Unlock()
				if i%2 == 0 {
					err = errors.Join(err, j.Forget(One))
				} else {
					err = errors.Join(err, j.Unlock(One))
				}
				if err != nil {
					t.Errorf("save, and give up: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
	if had != users*turns {
		t.Errorf("%d turns, want %d", had, users*turns)
	}
}

func left(t *testing.T, one, two driver.Journal) {
	load(t, one, One, nil)
	must(t, "save", one.Save(One, []byte("a")))
	if _, err := two.Load(One); !errors.Is(err, driver.ErrLocked) {
		t.Errorf("load what the other has open: %v, want %v", err, driver.ErrLocked)
	}
	load(t, two, Other, nil)
	must(t, "append", one.Append(One, []byte("b")))
	must(t, "unlock", one.Unlock(One))
	load(t, two, One, []byte("ab"))
	if err := one.Append(One, []byte("c")); err == nil {
		t.Error("append to what the other has open")
	}
	if _, err := one.Load(One); !errors.Is(err, driver.ErrLocked) {
		t.Errorf("load what the other has open: %v, want %v", err, driver.ErrLocked)
	}
	must(t, "forget", two.Forget(One))
	load(t, one, One, nil)
	if _, err := two.Load(One); !errors.Is(err, driver.ErrLocked) {
		t.Errorf("load what the first has open again: %v, want %v", err, driver.ErrLocked)
	}
}
