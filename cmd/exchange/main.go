// Command exchange is the WebAssembly module that gets credentials for a page:
// one exchange behind a page of shared memory that frames of package wire go
// through. It is a reactor like cmd/engine, and beside it, so that a page loads
// it when the first exchange is asked for and not before.
//
//	page(n)   returns where the page is, at least n bytes long
//	ask(n)    takes one query, n bytes; returns the length of its answer
//
// Both may move the page: ask for page(0) again after each. What the queries mean
// is said in package wire/exchanges, where they can be tested.
package main

import (
	"unsafe"

	"github.com/bucketline/bucketline/internal/heap"
	"github.com/bucketline/bucketline/wire"
	"github.com/bucketline/bucketline/wire/exchanges"
)

func main() {}

// module is the one exchange of this instance.
var module struct {
	session exchanges.Session
	page    []byte
	input   []byte
}

// minPage is how long the page is at first.
const minPage = 16 << 10

//go:wasmexport page
func page(n uint32) uint32 {
	heap.Collect()
	if n > wire.MaxPageBytes {
		return 0
	}
	if len(module.page) < int(max(n, minPage)) {
		grown := make([]byte, max(n, minPage))
		copy(grown, module.page)
		module.page = grown
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(module.page))))
}

//go:wasmexport ask
func ask(n uint32) uint32 {
	heap.Collect()
	module.input = append(module.input[:0], module.page[:min(int(n), len(module.page))]...)
	out := module.session.Ask(module.page[:0], module.input)
	length := len(out)
	module.page = out[:cap(out)]
	return uint32(length)
}
