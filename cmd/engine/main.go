// Command engine is the WebAssembly module: one upload session behind a page
// of shared memory that frames of package wire go through. It is a reactor: the
// host calls its exports and it calls nothing but what the Go runtime needs.
//
//	page(n)   returns where the page is, at least n bytes long
//	open(n)   begins the session that the n bytes of the page configure;
//	          returns 0, or the length of a frame that says what is wrong
//	step(n)   takes clocks and events, n bytes; returns the length of the actions
//	ask(n)    takes one query, n bytes; returns the length of its answer
//
// A worker of the page computes digests with an instance of its own, in which
// no session is opened; the page is the one buffer that a file's bytes pass:
//
//	hash(a)       begins a digest by an s3.Algorithm; returns its number, or 0
//	update(i, n)  adds the n bytes of the page to digest i; returns 1, or 0
//	              when there is no such digest
//	digest(i)     ends digest i and puts it into the page; returns its length
//
// page, open, step, ask and digest may move the page: ask for page(0) again
// after each. Built by TinyGo, each call frees what those before it have left
// behind (package heap). What the calls mean is said at wire.Session and wire.Hasher,
// where they can be tested.
package main

import (
	"unsafe"

	"github.com/bucketline/bucketline/internal/heap"
	"github.com/bucketline/bucketline/wire"
)

func main() {}

// module is the one session of this instance, and the digests that it computes;
// an instance has no other state.
var module struct {
	session wire.Session
	hasher  wire.Hasher
	page    []byte
	input   []byte
}

// minPage is how long the page is at first.
const minPage = 64 << 10

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

// answer puts what was appended to the emptied page back as the page.
func answer(out []byte) uint32 {
	n := len(out)
	module.page = out[:cap(out)]
	return uint32(n)
}

// input returns the first n bytes of the page in memory of their own, since the
// page is about to be written over. They live until the next call.
func input(n uint32) []byte {
	module.input = append(module.input[:0], module.page[:min(int(n), len(module.page))]...)
	return module.input
}

//go:wasmexport open
func open(n uint32) uint32 {
	heap.Collect()
	return answer(module.session.Open(module.page[:0], input(n)))
}

//go:wasmexport step
func step(n uint32) uint32 {
	heap.Collect()
	return answer(module.session.Step(module.page[:0], input(n)))
}

//go:wasmexport ask
func ask(n uint32) uint32 {
	heap.Collect()
	return answer(module.session.Ask(module.page[:0], input(n)))
}

//go:wasmexport hash
func hash(algorithm uint32) uint32 {
	heap.Collect()
	return module.hasher.Begin(algorithm)
}

//go:wasmexport update
func update(digest, n uint32) uint32 {
	heap.Collect()
	if !module.hasher.Update(digest, module.page[:min(int(n), len(module.page))]) {
		return 0
	}
	return 1
}

//go:wasmexport digest
func digest(number uint32) uint32 {
	heap.Collect()
	return answer(module.hasher.End(module.page[:0], number))
}
