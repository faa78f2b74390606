package driver

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func temporary(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFile_unchanged(t *testing.T) {
	name := temporary(t, "hello")
	f, err := StatFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if f.Size() != 5 || f.Name() != name {
		t.Errorf("file = %q, %d bytes", f.Name(), f.Size())
	}
	c, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	text := make([]byte, 3)
	if _, err := c.ReadAt(text, 2); err != nil || string(text) != "llo" {
		t.Errorf("read %q, %v", text, err)
	}
	if err := c.Unchanged(); err != nil {
		t.Errorf("Unchanged = %v", err)
	}
}

// Each way in which a file stops being the one that was chosen.
func TestFile_changed(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(name string) error
	}{
		{"written to", func(name string) error {
			return os.WriteFile(name, []byte("HELLO"), 0o600)
		}},
		{"longer", func(name string) error { return os.WriteFile(name, []byte("hello and more"), 0o600) }},
		{"shorter", func(name string) error { return os.Truncate(name, 2) }},
		{"replaced", func(name string) error {
			// The same size and time, in another file.
			info, _ := os.Stat(name)
			if err := os.WriteFile(name+".new", []byte("HELLO"), 0o600); err != nil {
				return err
			}
			if err := os.Chtimes(name+".new", info.ModTime(), info.ModTime()); err != nil {
				return err
			}
			return os.Rename(name+".new", name)
		}},
		{"touched", func(name string) error { return os.Chtimes(name, time.Now(), time.Now().Add(time.Second)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := temporary(t, "hello")
			f, err := StatFile(name)
			if err != nil {
				t.Fatal(err)
			}
			open, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer open.Close()
			time.Sleep(10 * time.Millisecond) // the file system's clock ticks
			if err := c.change(name); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Open(); !errors.Is(err, ErrSourceChanged) {
				t.Errorf("Open = %v, want ErrSourceChanged", err)
			}
			// Whoever has the replaced file open still reads what was chosen.
			if err := open.Unchanged(); !errors.Is(err, ErrSourceChanged) && c.name != "replaced" {
				t.Errorf("Unchanged = %v, want ErrSourceChanged", err)
			}
		})
	}
}

// A body never reads what belongs to the next part.
func TestBody_readsItsPartOnly(t *testing.T) {
	s := source("a", 100)
	c, _ := s.Open()
	b := Body{length: 30, offset: 20, content: c}
	for range 2 { // it can be read again
		got, err := io.ReadAll(b.Reader())
		if err != nil || string(got) != string(s.bytes[20:50]) {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
	}
	if fixed := NewBody([]byte("abc")); b.Size() != 30 || fixed.Size() != 3 {
		t.Error("sizes differ")
	} else if got, err := io.ReadAll(fixed.Reader()); string(got) != "abc" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}
