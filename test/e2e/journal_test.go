package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// expectStep is about all that a step gives.
func expectStep(t *testing.T, what string, got, want harness.Step) {
	t.Helper()
	switch {
	case got.Error != nil:
		t.Errorf("%s: %v", what, got.Error)
	case (got.Record == nil) != (want.Record == nil) || !bytes.Equal(got.Record, want.Record) || got.Locked != want.Locked || !slices.Equal(got.Names, want.Names):
		t.Errorf("%s: %s, want %s", what, describeStep(got), describeStep(want))
	}
}

func describeStep(s harness.Step) string {
	if s.Record == nil {
		return fmt.Sprintf("no record, locked %v, names %q", s.Locked, s.Names)
	}
	return fmt.Sprintf("%d bytes, %.40q", len(s.Record), s.Record)
}

func TestJournal_survivesAReload(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		j := p.OpenJournal("one", harness.WebJournal)
		expectStep(t, "the records of a new browser", j.List(), harness.Step{})
		large := harness.Bytes(3, 64<<10)
		for _, name := range []string{"a", "users/ü/🙂", "c", "gone", "damaged"} {
			expectStep(t, "load a new "+name, j.Load(name), harness.Step{})
		}
		for _, step := range []struct {
			name string
			step harness.Step
		}{
			{"save a", j.Save("a", []byte("old"))},
			{"append to a", j.Append("a", []byte("er"))},
			{"replace a", j.Save("a", []byte{0, 1})},
			{"append to a", j.Append("a", []byte{255})},
			{"append nothing to a", j.Append("a", nil)},
			{"append much to a", j.Append("a", large)},
			{"save nothing", j.Save("users/ü/🙂", nil)},
			{"save c", j.Save("c", large)},
			{"save gone", j.Save("gone", []byte{1})},
			{"forget gone", j.Forget("gone")},
			{"save damaged", j.Save("damaged", []byte("damage"))},
			{"append to damaged", j.Append("damaged", []byte("d"))},
			{"set damaged aside", j.SetAside("damaged")},
		} {
			expectStep(t, step.name, step.step, harness.Step{})
		}
		b.Reload()
		p.Await()
		j = p.OpenJournal("one", harness.WebJournal)
		expectStep(t, "the records after a reload", j.List(), harness.Step{Names: []string{"a", "c", "users/ü/🙂"}})
		expectStep(t, "a", j.Load("a"), harness.Step{Record: append([]byte{0, 1, 255}, large...)})
		expectStep(t, "nothing", j.Load("users/ü/🙂"), harness.Step{Record: []byte{}})
		expectStep(t, "c", j.Read("c"), harness.Step{Record: large})
		expectStep(t, "gone", j.Load("gone"), harness.Step{})
		expectStep(t, "damaged", j.Load("damaged"), harness.Step{})
		expectStep(t, "append to a, after a reload", j.Append("a", []byte("z")), harness.Step{})
		expectStep(t, "a, then", j.Read("a"), harness.Step{Record: append(append([]byte{0, 1, 255}, large...), 'z')})
		j.Forget("a")
		j.Forget("users/ü/🙂")
		b.Reload()
		p.Await()
		expectStep(t, "the records after forgetting", p.OpenJournal("one", harness.WebJournal).List(), harness.Step{Names: []string{"c"}})
	})
}

func TestJournal_ofTwoTabs_isOpenInOne(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		for _, kind := range []harness.JournalKind{harness.WebJournal, harness.ChannelJournal} {
			t.Run(string(kind), func(t *testing.T) { twoTabs(t, b.With(t), s.harness(), kind) })
		}
	})
}

func twoTabs(t *testing.T, b *webdriver.Session, page string, kind harness.JournalKind) {
	locked := harness.Step{Locked: true}
	name := "of " + string(kind)
	first := b.Window()
	p := harness.Open(t, b, page)
	one := p.OpenJournal("one", kind)
	expectStep(t, "load", one.Load(name), harness.Step{})
	one.Save(name, []byte("1"))
	expectStep(t, "load what is open", one.Load(name), locked)
	expectStep(t, "load by another user in this tab", p.OpenJournal("other", kind).Load(name), locked)

	second := b.NewTab()
	p = harness.Open(t, b, page)
	two := p.OpenJournal("two", kind)
	expectStep(t, "load in a second tab", two.Load(name), locked)
	expectStep(t, "read in a second tab", two.Read(name), harness.Step{Record: []byte("1")})
	expectStep(t, "load another in a second tab", two.Load(name+", another"), harness.Step{})

	b.Switch(first)
	one.Append(name, []byte("2"))
	one.Unlock(name)
	b.Switch(second)
	expectStep(t, "load what was unlocked", two.Load(name), harness.Step{Record: []byte("12")})
	if f := one.Append(name, []byte("3")).Error; f == nil {
		t.Error("a journal that is not of this tab takes an append")
	}
	b.Switch(first)
	expectStep(t, "load what the second tab has", one.Load(name), locked)
	if f := one.Append(name, []byte("3")).Error; f == nil || f.Code != "StorageFailed" {
		t.Errorf("append to a record that the other tab has open: %v", f)
	}

	b.Switch(second)
	b.CloseWindow()
	b.Switch(first)
	b.WaitUntil("the closed tab's record", 10*time.Second, func() bool { return !one.Load(name).Locked })
	expectStep(t, "what the closed tab had", one.Read(name), harness.Step{Record: []byte("12")})

	b.Reload()
	p.Await()
	one = p.OpenJournal("one", kind)
	b.WaitUntil("the reloaded tab's record", 10*time.Second, func() bool { return !one.Load(name).Locked })
	expectStep(t, "forget", one.Forget(name), harness.Step{})
	expectStep(t, "load what was forgotten", one.Load(name), harness.Step{})
	one.Forget(name)
}

// An upload has 10,000 parts at most. The log has what a part costs.
func TestJournal_ofManyParts(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		j := p.OpenJournal("one", harness.WebJournal)
		j.Load("large")
		j.Save("large", []byte("head"))
		began := time.Now()
		const parts, frame = 1_000, 50
		if f := p.Text("journal.appendMany", "one", "large", parts, frame); f != "" {
			t.Fatalf("append: %s", f)
		}
		appended := time.Since(began)
		began = time.Now()
		got := j.Read("large").Record
		t.Logf("%d appends: %v each; reading: %v", parts, appended/parts, time.Since(began))
		if len(got) != 4+parts*frame {
			t.Fatalf("%d bytes, want %d", len(got), 4+parts*frame)
		}
		for i := range parts {
			if at := got[4+i*frame]; at != byte(i) {
				t.Fatalf("frame %d is %d", i, at)
			}
		}
		j.Forget("large")
	})
}

func TestJournal_ofAFullDisk(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Needs: []webdriver.Feature{webdriver.SetQuota}}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		b.SetQuota(1 << 20) // first: Chromium asks for it rarely
		j := p.OpenJournal("one", harness.WebJournal)
		j.Load("a")
		want := []byte("what is there")
		expectStep(t, "save", j.Save("a", want), harness.Step{})
		large := harness.Bytes(1, 2<<20)
		for what, step := range map[string]harness.Step{"append": j.Append("a", large), "save": j.Save("a", large)} {
			if f := step.Error; f == nil || f.Code != "StorageFull" || f.Hint == "" {
				t.Errorf("%s on a full disk: %v", what, f)
			}
		}
		expectStep(t, "the record", j.Read("a"), harness.Step{Record: want})
		expectStep(t, "append what there is room for", j.Append("a", []byte(", and more")), harness.Step{})
		expectStep(t, "the record, then", j.Read("a"), harness.Step{Record: []byte("what is there, and more")})
	})
}

// What others did to the database is no record, and does not stop the journal.
func TestJournal_ofADatabaseThatOthersWrote(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		// Version 1, as the first release of this journal made it.
		b.Run(`await new Promise((resolve, reject) => {
			const opening = indexedDB.open("harness", 1);
			opening.onupgradeneeded = () => opening.result.createObjectStore("records").put("old", "a");
			opening.onerror = () => reject(opening.error);
			opening.onsuccess = () => { opening.result.close(); resolve(); };
		})`)
		j := p.OpenJournal("one", harness.WebJournal)
		expectStep(t, "a record of before", j.Load("a"), harness.Step{})
		expectStep(t, "save", j.Save("a", []byte("new")), harness.Step{})
		b.Run(`await new Promise((resolve, reject) => {
			const opening = indexedDB.open("harness");
			opening.onsuccess = () => {
				const t = opening.result.transaction("frames", "readwrite");
				t.objectStore("frames").put("a text", ["a", 1]);
				t.objectStore("frames").put(1, ["b", 0]);
				t.objectStore("frames").put(1, "c");
				t.objectStore("frames").put(1, [1]);
				t.oncomplete = () => { opening.result.close(); resolve(); };
				t.onabort = () => reject(t.error);
			};
		})`)
		expectStep(t, "a", j.Read("a"), harness.Step{Record: []byte("new")})
		expectStep(t, "b", j.Load("b"), harness.Step{})
		// A later version closes the connection; the next use opens another, or says why not.
		b.Run(`await new Promise((resolve, reject) => {
			const opening = indexedDB.deleteDatabase("harness");
			opening.onsuccess = resolve;
			opening.onerror = () => reject(opening.error);
			opening.onblocked = () => reject(new Error("blocked"));
		})`)
		expectStep(t, "a, of a database that was deleted", j.Read("a"), harness.Step{})
		if f := j.Append("a", []byte("tail")).Error; f == nil || f.Code != "StorageFailed" {
			t.Errorf("append to a record that was deleted: %v", f)
		}
		expectStep(t, "a, after a failed append", j.Read("a"), harness.Step{})
		expectStep(t, "save again", j.Save("a", []byte("again")), harness.Step{})
		expectStep(t, "a, saved again", j.Read("a"), harness.Step{Record: []byte("again")})
		p.OpenJournal("one", harness.MemoryJournal) // closes the other
		b.Run(`await new Promise((resolve, reject) => {
			const opening = indexedDB.open("harness", 99);
			opening.onsuccess = () => { opening.result.close(); resolve(); };
			opening.onblocked = () => reject(new Error("blocked"));
		})`)
		if got := p.TryJournal("one", harness.WebJournal); got == nil || got.Code != "StorageUnavailable" {
			t.Errorf("a journal of a later version opens: %v", got)
		}
	})
}

// A tab that does not let its older journal go must not make others wait.
func TestJournal_thatAnotherTabBlocks(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, s.harness())
		b.Run(`window.old = await new Promise((resolve, reject) => {
			const opening = indexedDB.open("harness", 1);
			opening.onsuccess = () => resolve(opening.result);
			opening.onerror = () => reject(opening.error);
		})`)
		if got := p.TryJournal("one", harness.WebJournal); got == nil || got.Code != "StorageUnavailable" || got.Hint == "" {
			t.Errorf("a journal that is blocked opens: %v", got)
		}
		b.Run("window.old.close()")
		j := p.OpenJournal("one", harness.WebJournal)
		expectStep(t, "load", j.Load("a"), harness.Step{})
		expectStep(t, "save", j.Save("a", []byte("a")), harness.Step{})
	})
}
