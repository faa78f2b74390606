//go:build tinygo

package heap

import "unsafe"

// memory is the module's one heap. TinyGo builds with -gc=none, which leaves
// runtime.alloc to be defined.
var memory Heap

//go:extern __global_base
var globals [0]byte

//go:extern __heap_base
var behindGlobals [0]byte

//export llvm.wasm.memory.size.i32
func memorySize(index int32) int32

//export llvm.wasm.memory.grow.i32
func memoryGrow(index, pages int32) int32

// modulePage is WebAssembly's page, in bytes.
const modulePage = 64 << 10

// plainLayout: a layout is a number with its lowest bit set, in which the bits
// above the sixth say which words are pointers, or the address of more of them,
// or nil when nothing is known.
const plainLayout = 64

// alloc is TinyGo's allocation. What does not fit any more ends the instance.
//
//go:linkname alloc runtime.alloc
//go:noinline
func alloc(size uintptr, layout unsafe.Pointer) unsafe.Pointer {
	if !memory.begun() && !memory.begin(uint32(uintptr(unsafe.Pointer(&behindGlobals))), uint32(memorySize(0))*modulePage) {
		panic("bucketline: internal error: out of memory")
	}
	known := uintptr(layout)
	at := memory.alloc(uint32(size), known&1 != 0 && known < plainLayout)
	if at == 0 {
		panic("bucketline: internal error: out of memory")
	}
	return unsafe.Pointer(uintptr(at))
}

// grow adds pages.
func (h *Heap) grow(pages uint32) bool {
	if memoryGrow(0, int32((pages*pageBytes+modulePage-1)/modulePage)) < 0 {
		return false
	}
	if end := uint32(memorySize(0)) * modulePage; end > h.first {
		h.pages = min((end-h.first)/pageBytes, maxPages)
	}
	return true
}

// Collect frees what the globals do not reach, if it is time to. It may be
// called where no pointer into the heap is held on the stack: first thing in an
// export.
func Collect() {
	memory.collect(uint32(uintptr(unsafe.Pointer(&globals))), uint32(uintptr(unsafe.Pointer(&behindGlobals))))
}
