// Package heap is the memory of the WebAssembly modules that TinyGo builds: its
// allocator, and its garbage collector, which runs between two calls of the host
// and never within one.
//
// TinyGo's own collectors may run at any allocation, so that every function has
// to write down which pointers it holds: a fifth of a module's code, 23 KB of the
// engine's with Brotli. A module that is only ever called, and calls nobody, has
// an empty stack between two calls. What is alive then is reached from globals.
//
// The one rule that a module can break: every export calls [Collect] first,
// before it holds a pointer, and no export is called while another one runs.
// What one call allocates stays until the next one, so a call must be bounded.
//
// It is written over a memory of its own, with addresses of 32 bits, so that
// tests run it anywhere; module.go puts it under TinyGo.
package heap

import (
	"math/bits"
	"unsafe"
)

// A heap is a table of pages, then a stack for marking, then the pages. A page
// has cells of one size, each in use or in the list of free ones; or a large
// object begins in it, and goes on in the pages after it.
const (
	pageBytes  = 16 << 10
	maxPages   = 64 << 10 // 1 GiB
	stackWords = 1 << 10

	// The head of a page: the size of a cell in bytes, how many there are, a
	// mark for each.
	marksAt   = 8
	cellsAt   = marksAt + 136
	largeAt   = 16
	maxCells  = (pageBytes - cellsAt) / 16
	largeFrom = 8112 // two cells of this size fill a page
)

// What a page is. In pages of plain cells are no pointers.
const (
	pageFree = iota
	pageCells
	pagePlainCells
	pageLarge
	pagePlainLarge
	pageRest // of a large object
)

// minCollect is how much is allocated at least before it is collected again, in
// bytes.
const minCollect = 512 << 10

// sizes are those of cells.
var sizes = [...]uint16{16, 32, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1008, 1344, 2016, 2704, 4048, 5408, largeFrom}

// Heap is one memory. Addresses are counted from base.
type Heap struct {
	base  unsafe.Pointer
	table uint32 // what each page is, a byte each
	stack uint32 // where to go on marking: pairs of begin and end
	first uint32 // the first page
	pages uint32 // how many there are
	low   uint32 // below this one no page is free

	free     [2 * len(sizes)]uint32 // free cells of each size, with pointers and without; each holds the next one's complement
	depth    uint32                 // words on the stack
	overflow bool                   // the stack was too small

	taken uint32 // bytes allocated since the last collection
	due   uint32 // how many are to be

	room uint32 // pages that the memory of a test can grow by
}

// begin sets up a heap over the memory from address to end. Both belong to it.
func (h *Heap) begin(address, end uint32) bool {
	h.table = (address + 15) &^ 15
	h.stack = h.table + maxPages
	h.first = h.stack + stackWords*4
	h.due = minCollect
	if h.first > end {
		return false
	}
	h.pages = min((end-h.first)/pageBytes, maxPages)
	return true
}

func (h *Heap) word(at uint32) *uint32 { return (*uint32)(unsafe.Add(h.base, at)) }

func (h *Heap) kind(page uint32) *uint8 { return (*uint8)(unsafe.Add(h.base, h.table+page)) }

func (h *Heap) address(page uint32) uint32 { return h.first + page*pageBytes }

// alloc returns the address of size bytes that are zero, at a multiple of 16. In
// plain ones no pointers are looked for. It returns 0 when there is no memory.
func (h *Heap) alloc(size uint32, plain bool) uint32 {
	if size > largeFrom {
		return h.allocLarge(size, plain)
	}
	class := 0
	for uint32(sizes[class]) < size {
		class++
	}
	list := &h.free[2*class]
	kind := uint8(pageCells)
	if plain {
		list = &h.free[2*class+1]
		kind = pagePlainCells
	}
	size = uint32(sizes[class])
	if *list == 0 && !h.addCells(list, size, kind) {
		return 0
	}
	cell := *list
	*list = ^*h.word(cell)
	h.taken += size
	h.clear(cell, size)
	return cell
}

func (h *Heap) clear(at, size uint32) { clear(unsafe.Slice((*byte)(unsafe.Add(h.base, at)), size)) }

// addCells makes a page of free cells.
func (h *Heap) addCells(list *uint32, size uint32, kind uint8) bool {
	page, ok := h.take(1)
	if !ok {
		return false
	}
	*h.kind(page) = kind
	at := h.address(page)
	h.clear(at, cellsAt)
	count := (pageBytes - cellsAt) / size
	*h.word(at) = size
	*h.word(at + 4) = count
	for cell := at + cellsAt + (count-1)*size; count > 0; count-- {
		h.release(list, cell)
		cell -= size
	}
	return true
}

// release puts a cell into the list of free ones.
func (h *Heap) release(list *uint32, cell uint32) {
	*h.word(cell) = ^*list
	*list = cell
}

func (h *Heap) allocLarge(size uint32, plain bool) uint32 {
	if size > maxPages*pageBytes-largeAt {
		return 0
	}
	count := (size + largeAt + pageBytes - 1) / pageBytes
	page, ok := h.take(count)
	if !ok {
		return 0
	}
	*h.kind(page) = pageLarge
	if plain {
		*h.kind(page) = pagePlainLarge
	}
	for i := uint32(1); i < count; i++ {
		*h.kind(page + i) = pageRest
	}
	at := h.address(page)
	h.taken += count * pageBytes
	h.clear(at, largeAt+size)
	*h.word(at) = (size + 3) &^ 3
	return at + largeAt
}

// take finds count free pages in a row, the first that there are, and has the
// memory grow if there are none.
func (h *Heap) take(count uint32) (page uint32, ok bool) {
	run := uint32(0)
	for page = h.low; page < h.pages; page++ {
		if *h.kind(page) != pageFree {
			run = 0
			continue
		}
		if run++; run == count {
			page -= count - 1
			if count == 1 || page == h.low {
				h.low = page + count
			}
			return page, true
		}
	}
	// A quarter more than there is, so that a table which is copied as it grows
	// does not have it grow each time.
	if h.pages-run+count > maxPages || !h.grow(count-run+h.pages/4) && !h.grow(count-run) {
		return 0, false
	}
	return h.take(count)
}

// begun reports whether begin was called.
func (h *Heap) begun() bool { return h.first != 0 }

// collect frees what cannot be reached from the words between the addresses
// begin and end, if enough has been allocated to make it worth it. No other
// pointers into the heap may be in use.
func (h *Heap) collect(begin, end uint32) {
	if h.taken < h.due {
		return
	}
	h.free = [2 * len(sizes)]uint32{} // they are globals too, and sweep makes them anew
	h.scan(begin, end)
	h.drain()
	for h.overflow {
		h.overflow = false
		h.again()
	}
	live := h.sweep()
	h.taken = 0
	h.due = max(minCollect, live/2)
}

// scan marks what the words from begin to end point to.
func (h *Heap) scan(begin, end uint32) {
	for at := begin; at < end; at += 4 {
		h.mark(*h.word(at))
	}
}

func (h *Heap) drain() {
	for h.depth > 0 {
		h.depth -= 2
		h.scan(*h.word(h.stack + h.depth*4), *h.word(h.stack + h.depth*4 + 4))
	}
}

// mark marks the object that the address lies in, if it is one of an object.
func (h *Heap) mark(address uint32) {
	page := (address - h.first) / pageBytes
	if address < h.first || page >= h.pages {
		return
	}
	for *h.kind(page) == pageRest {
		page--
	}
	kind := *h.kind(page)
	if kind == pageFree {
		return
	}
	at := h.address(page)
	cell, size, number := at+largeAt, *h.word(at), uint32(0)
	if kind <= pagePlainCells {
		number = (address - at - cellsAt) / size
		if number >= *h.word(at + 4) {
			return // in the head, or behind the last cell
		}
		cell = at + cellsAt + number*size
	}
	marks := h.word(at + marksAt + number/32*4)
	if *marks>>(number%32)&1 != 0 {
		return
	}
	*marks |= 1 << (number % 32)
	if kind == pageCells || kind == pageLarge {
		h.push(cell, cell+size)
	}
}

func (h *Heap) push(begin, end uint32) {
	if h.depth == stackWords {
		h.overflow = true
		return
	}
	*h.word(h.stack + h.depth*4) = begin
	*h.word(h.stack + h.depth*4 + 4) = end
	h.depth += 2
}

// again scans all that is marked: something of it was not.
func (h *Heap) again() {
	for page := uint32(0); page < h.pages; page++ {
		at := h.address(page)
		switch *h.kind(page) {
		case pageCells:
			for number := uint32(0); number < *h.word(at + 4); number++ {
				if *h.word(at + marksAt + number/32*4)>>(number%32)&1 != 0 {
					cell := at + cellsAt + number**h.word(at)
					h.scan(cell, cell+*h.word(at))
					h.drain()
				}
			}
		case pageLarge:
			if *h.word(at + marksAt) != 0 {
				h.scan(at+largeAt, at+largeAt+*h.word(at))
				h.drain()
			}
		}
	}
}

// sweep frees what is not marked, takes the marks away, and returns how many
// bytes are left.
func (h *Heap) sweep() (live uint32) {
	h.low = 0
	for page := uint32(0); page < h.pages; page++ {
		switch kind := h.kind(page); *kind {
		case pageCells, pagePlainCells:
			live += h.sweepCells(page, kind)
		case pageLarge, pagePlainLarge:
			at := h.address(page)
			if *h.word(at + marksAt) != 0 {
				*h.word(at + marksAt) = 0
				live += *h.word(at)
				break
			}
			for *kind = pageFree; page+1 < h.pages && *h.kind(page + 1) == pageRest; page++ {
				*h.kind(page + 1) = pageFree
			}
		}
	}
	return live
}

func (h *Heap) sweepCells(page uint32, kind *uint8) (live uint32) {
	at := h.address(page)
	size, count := *h.word(at), *h.word(at + 4)
	marked := uint32(0)
	for i := uint32(0); i < count; i += 32 {
		marked += uint32(bits.OnesCount32(*h.word(at + marksAt + i/8)))
	}
	if marked == 0 {
		*kind = pageFree
		return 0
	}
	class := 0
	for uint32(sizes[class]) != size {
		class++
	}
	list := &h.free[2*class]
	if *kind == pagePlainCells {
		list = &h.free[2*class+1]
	}
	for number := count; number > 0; {
		number--
		if *h.word(at + marksAt + number/32*4)>>(number%32)&1 == 0 {
			h.release(list, at+cellsAt+number*size)
		}
	}
	h.clear(at+marksAt, cellsAt-marksAt)
	return marked * size
}
