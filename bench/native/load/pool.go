package load

import (
	"sync"
	"sync/atomic"
)

// EachFile calls upload for every file of w, by so many workers, and returns
// the first error.
func (w *Workload) EachFile(workers int, upload func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	for range min(workers, w.Files) {
		group.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= w.Files {
					return
				}
				if err := upload(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
