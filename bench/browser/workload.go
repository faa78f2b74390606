package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bucketline/bucketline/bench/browser/stub"
)

// Kind is the kind of a workload, by which a floor is chosen.
type Kind int

// The kinds.
const (
	OneFile Kind = iota + 1
	ManyFiles
)

// Workload is what is uploaded, and to what kind of store.
type Workload struct {
	Name  string // as the flag -workloads has it
	Title string
	Kind  Kind
	Files int
	Size  int64 // bytes of each file
	Model stub.Model
}

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// workloads are all, in the order of the report.
func workloads() []Workload {
	return []Workload{
		{"one256/wan", "One file of 256 MiB, far away", OneFile, 1, 256 * mib, stub.WAN},
		{"one256/local", "One file of 256 MiB, unlimited", OneFile, 1, 256 * mib, stub.Model{}},
		{"one2048/local", "One file of 2 GiB, unlimited", OneFile, 1, 2 * gib, stub.Model{}},
		{"one2048/wan", "One file of 2 GiB, far away", OneFile, 1, 2 * gib, stub.WAN},
		{"many1000/wan", "1,000 files of 16 KiB, far away", ManyFiles, 1000, 16 * kib, stub.WAN},
		{"many1000/local", "1,000 files of 16 KiB, unlimited", ManyFiles, 1000, 16 * kib, stub.Model{}},
		{"many10000/local", "10,000 files of 16 KiB, unlimited", ManyFiles, 10_000, 16 * kib, stub.Model{}},
		{"many10000/wan", "10,000 files of 16 KiB, far away", ManyFiles, 10_000, 16 * kib, stub.WAN},
	}
}

// named are the workloads in list, separated by commas.
func named(list string) ([]Workload, error) {
	var found []Workload
	for _, name := range strings.Split(list, ",") {
		known := len(found)
		for _, w := range workloads() {
			if w.Name == name {
				found = append(found, w)
			}
		}
		if len(found) == known {
			return nil, fmt.Errorf("there is no workload %q", name)
		}
	}
	return found, nil
}

// makeFiles makes w's files in folder, all of zeros, which take no room on the
// disk.
func makeFiles(folder string, w Workload) error {
	for i := range w.Files {
		f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%05d.bin", i)))
		if err != nil {
			return err
		}
		err = f.Truncate(w.Size)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}
