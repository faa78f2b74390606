package faults

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// sparse makes a file that takes hardly any room on the disk: each MiB begins
// with its number. It returns what is in it.
func sparse(t *testing.T, path string, size int64) fakes3.Content {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	var runs []fakes3.Run
	var mark [8]byte
	for at := int64(0); at < size; at += mib {
		binary.BigEndian.PutUint64(mark[:], uint64(at/mib+1))
		if _, err := f.WriteAt(mark[:], at); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, fakes3.Bytes(mark[:])...)
		runs = append(runs, fakes3.Run{Length: mib - int64(len(mark))})
	}
	return fakes3.Runs(runs...)
}

// peaks are the most memory that each kind of the browser's processes has had,
// in bytes: that of the largest one of its kind.
func peaks(b *webdriver.Session) map[string]int64 {
	most := map[string]int64{}
	for _, m := range b.Memory() {
		most[m.Kind] = max(most[m.Kind], m.Resident)
	}
	return most
}

// What a page may take beyond what it had before the upload: the engine, a worker
// with a module of its own, and what both read ahead.
const (
	heapGrowth     = 24 * mib
	rendererGrowth = 192 * mib
	browserGrowth  = 64 * mib
)

// However large a file is, the page that uploads it stays small: no byte of it
// is kept.
func TestHuge_memoryIsBounded(t *testing.T) {
	size := int64(512 * mib) // were it kept, the page would grow by as much
	if campaign() {
		size = 6 * gib
	}
	path := filepath.Join(t.TempDir(), "huge.bin")
	want := sparse(t, path, size)
	s := startStore(t, storeConfig{runs: true})
	b := webdriver.Start(t, webdriver.Chromium, webdriver.Config{Fresh: true})
	p := harness.Open(t, b, s.page(t))
	p.Choose(path)
	o := s.options()
	delete(o, "partSize") // as the engine thinks best
	p.MustCreate(o, nil)
	p.Do("ready")
	heap := func() int64 { return webdriver.Eval[int64](b, "return performance.memory.usedJSHeapSize") }
	before, heapBefore, begun := peaks(b), heap(), time.Now()
	p.MustUpload(harness.Upload{Source: harness.Chosen("huge.bin"), Options: harness.Options{"key": "huge.bin"}})
	mostHeap := int64(0)
	// Not by Report, whose text is garbage for the page to collect.
	for webdriver.Eval[int](b, "return harness.underWay()") > 0 && time.Since(begun) < 10*time.Minute {
		mostHeap = max(mostHeap, heap())
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(begun)
	r, after := p.Stored(patient), peaks(b)
	s.Do(func(f *fakes3.Store) {
		o := f.Object("huge.bin")
		if got, ok := o.Body.(fakes3.Content); !ok || !got.Equal(want) {
			t.Errorf("the object of %d bytes is not the file", o.Body.Len())
		}
		if o.Algorithm != s3.CRC64NVME || o.Type != s3.FullObject {
			t.Errorf("the object was checked by %v %v", o.Algorithm, o.Type)
		}
	})
	row := fmt.Sprintf("| %.1f GiB in Chromium | %.0f s | %.0f MiB/s | renderer %d MiB (%d before) | browser %d MiB (%d) | network %d MiB (%d) | JavaScript %.1f MiB (%.1f) | engine %.1f MiB | %d parts |",
		float64(size)/gib, took.Seconds(), float64(size)/mib/took.Seconds(),
		after["renderer"]>>20, before["renderer"]>>20, after["browser"]>>20, before["browser"]>>20, after["utility"]>>20, before["utility"]>>20,
		float64(mostHeap)/mib, float64(heapBefore)/mib, float64(r.WasmBytes)/mib, len(s.parts("huge.bin")))
	if campaign() {
		fmt.Println(row)
	}
	t.Log(row)
	for what, grown := range map[string]struct{ by, most int64 }{
		"JavaScript":         {mostHeap - heapBefore, heapGrowth},
		"the page's process": {after["renderer"] - before["renderer"], rendererGrowth},
		"the browser's":      {after["browser"] - before["browser"], browserGrowth},
		"the network's":      {after["utility"] - before["utility"], browserGrowth},
	} {
		if grown.by > grown.most {
			t.Errorf("%s grew by %d MiB, want %d at most", what, grown.by>>20, grown.most>>20)
		}
	}
}
