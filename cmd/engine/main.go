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
// Every export may move the page: ask for page(0) again after each call. What
// the calls mean is said at wire.Session, where they can be tested.
package main

import (
	"unsafe"

	"github.com/bucketline/bucketline/wire"
)

func main() {}

// module is the one session of this instance; an instance has no other state.
var module struct {
	session wire.Session
	page    []byte
	input   []byte
}

// minPage is how long the page is at first.
const minPage = 64 << 10

//go:wasmexport page
func page(n uint32) uint32 {
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
func open(n uint32) uint32 { return answer(module.session.Open(module.page[:0], input(n))) }

//go:wasmexport step
func step(n uint32) uint32 { return answer(module.session.Step(module.page[:0], input(n))) }

//go:wasmexport ask
func ask(n uint32) uint32 { return answer(module.session.Ask(module.page[:0], input(n))) }
