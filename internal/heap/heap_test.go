package heap

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// world is a heap in a memory of its own whose first words stand for globals,
// and a model of what they reach.
type world struct {
	*Heap
	t      *testing.T
	memory []uint64
	roots  []uint32 // what each global points to, or 0
	alive  map[uint32]*thing
	starts []uint32 // the addresses of alive, ascending
}

// thing is an object: its words are its number and pointers to others.
type thing struct {
	words []uint32
	plain bool
}

// firstRoot is where globals begin: nothing lies at 0.
const firstRoot = 64

// newWorld makes one with so many pages, and more that it can grow by.
func newWorld(t *testing.T, globals, pages, room uint32) *world {
	t.Helper()
	start := firstRoot + 4*globals
	end := start + 16 + maxPages + stackWords*4 + pages*pageBytes
	w := &world{t: t, memory: make([]uint64, (end+room*pageBytes)/8+2), roots: make([]uint32, globals), alive: map[uint32]*thing{}}
	w.Heap = &Heap{base: unsafe.Pointer(&w.memory[0]), room: room}
	if !w.begin(start, end) || w.pages != pages {
		t.Fatalf("begin gives %d pages, want %d", w.pages, pages)
	}
	return w
}

// add allocates an object of so many bytes and makes root point to it, offset
// bytes behind its begin.
func (w *world) add(root int, size uint32, plain bool, offset uint32) uint32 {
	w.t.Helper()
	at := w.alloc(size, plain)
	if at == 0 {
		w.t.Fatalf("no memory for %d bytes: %d of %d live", size, w.live(), w.pages*pageBytes)
	}
	if at%16 != 0 {
		w.t.Fatalf("alloc(%d) = %d, not a multiple of 16", size, at)
	}
	for i := uint32(0); i < size; i++ {
		if b := *(*byte)(unsafe.Add(w.base, at+i)); b != 0 {
			w.t.Fatalf("byte %d of %d new ones is %d", i, size, b)
		}
	}
	w.alive[at] = &thing{words: make([]uint32, size/4), plain: plain}
	i, _ := slices.BinarySearch(w.starts, at)
	w.starts = slices.Insert(w.starts, i, at)
	w.point(root, at+offset)
	return at
}

func (w *world) point(root int, at uint32) {
	w.roots[root] = at
	*w.word(firstRoot + 4*uint32(root)) = at
}

func (w *world) set(at uint32, i int, value uint32) {
	w.alive[at].words[i] = value
	*w.word(at + 4*uint32(i)) = value
}

// live is how many bytes the model has.
func (w *world) live() (sum int) {
	for _, thing := range w.alive {
		sum += 4 * len(thing.words)
	}
	return sum
}

// owner is the object that address lies in.
func (w *world) owner(address uint32) (uint32, *thing) {
	i, exact := slices.BinarySearch(w.starts, address)
	if !exact {
		i--
	}
	if i < 0 {
		return 0, nil
	}
	at := w.starts[i]
	if thing := w.alive[at]; exact || address < at+4*uint32(len(thing.words)) {
		return at, thing
	}
	return 0, nil
}

// forget takes out of the model what no global reaches.
func (w *world) forget() {
	reached := map[uint32]*thing{}
	todo := append([]uint32{}, w.roots...)
	for len(todo) > 0 {
		at, thing := w.owner(todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		if thing == nil || reached[at] != nil {
			continue
		}
		reached[at] = thing
		if !thing.plain {
			todo = append(todo, thing.words...)
		}
	}
	w.alive = reached
	w.starts = slices.Sorted(maps.Keys(reached))
}

func (w *world) collect() {
	w.due = 0
	w.Heap.collect(firstRoot, firstRoot+4*uint32(len(w.roots)))
}

// check compares all that is alive with the model.
func (w *world) check() {
	w.t.Helper()
	for at, thing := range w.alive {
		for i, want := range thing.words {
			if got := *w.word(at + 4*uint32(i)); got != want {
				w.t.Fatalf("word %d of %d bytes at %d is %d, want %d", i, 4*len(thing.words), at, got, want)
			}
		}
	}
}

// Whatever is reached keeps its bytes, whatever is allocated is zero, and what
// is not reached makes room: the memory is a fraction of what is allocated.
func TestHeap_randomLife(t *testing.T) {
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t, 24, 40, 60)
		for range 1000 {
			size := uint32(random.IntN(400))
			switch random.IntN(20) {
			case 0:
				size = uint32(random.IntN(3 * pageBytes))
			case 1:
				size = uint32(sizes[random.IntN(len(sizes))]) + uint32(random.IntN(3)) - 1
			}
			size = (size + 4) &^ 3
			root := random.IntN(len(w.roots))
			offset := uint32(0)
			if random.IntN(3) == 0 {
				offset = uint32(random.IntN(int(size)))
			}
			before := w.roots[root]
			at := w.add(root, size, random.IntN(3) == 0, offset)
			for i := range min(8, int(size/4)) {
				value := random.Uint32()
				switch random.IntN(40) {
				case 0: // what the global pointed to goes on living, unless this object is plain
					value = before
				case 1:
					value = w.roots[random.IntN(len(w.roots))]
				}
				if _, known := w.owner(value); known == nil && value >= w.first && value < w.address(w.pages) {
					value = 7 // looks like a pointer, and is none
				}
				w.set(at, i, value)
			}
			if random.IntN(40) == 0 {
				for range 12 {
					w.point(random.IntN(len(w.roots)), 0)
				}
			}
			if random.IntN(6) == 0 {
				w.forget()
				w.collect()
				w.check()
			}
		}
	}
}

// What nothing reaches any more is freed, whether it was reached when it was
// last collected or not: every page is free again.
func TestHeap_collectsEverything(t *testing.T) {
	w := newWorld(t, uint32(len(sizes))+1, 30, 0)
	for range 3 {
		for i, size := range sizes {
			w.add(i, uint32(size), i%2 == 0, 0)
		}
		w.add(len(sizes), 2*pageBytes, true, 0)
		w.collect()
		w.check()
		for i := range w.roots {
			w.point(i, 0)
		}
		w.forget()
		if w.collect(); w.taken != 0 || w.low != 0 {
			t.Fatalf("after a collection %d bytes are taken, pages below %d", w.taken, w.low)
		}
		for page := range w.pages {
			if kind := *w.kind(page); kind != pageFree {
				t.Fatalf("page %d is %d, want it free", page, kind)
			}
		}
	}
}

// A list much longer than the stack for marking, and one that branches at every
// step, stay whole.
func TestHeap_deeperThanTheStack(t *testing.T) {
	w := newWorld(t, 2, 200, 0)
	var before uint32
	for i := range 20_000 {
		at := w.add(1, 32, false, 0)
		w.set(at, 0, uint32(i))
		w.set(at, 7, before)
		before = at
	}
	// An array of 3,000 pointers fills the stack at once.
	array := w.add(0, 4*3000, false, 0)
	for i := range 3000 {
		at := w.add(1, 16, false, 0)
		w.set(at, 1, w.add(1, 48, true, 0))
		w.set(array, i, at)
	}
	w.point(1, before)
	w.forget()
	for range 2 {
		w.collect()
		w.check()
	}
	if live := w.live(); live != 20_000*32+3000*(4+16+48) {
		t.Fatalf("the model has %d bytes", live)
	}
}

// The bounds of a size: the last cell, the first large object, one that fills
// its pages and one that needs another, and one that is too large.
func TestHeap_sizesAtTheirBounds(t *testing.T) {
	for _, size := range []uint32{0, 1, 15, 16, 17, largeFrom - 1, largeFrom, largeFrom + 1, pageBytes - largeAt, pageBytes - largeAt + 1} {
		w := newWorld(t, 1, 4, 0)
		at := w.add(0, size, false, 0)
		next := w.add(0, size, false, 0)
		if next < at+size {
			t.Errorf("two objects of %d bytes lie at %d and %d", size, at, next)
		}
	}
	w := newWorld(t, 1, 4, 0)
	for _, size := range []uint32{4 * pageBytes, maxPages*pageBytes - largeAt, maxPages*pageBytes - largeAt + 1, 1<<32 - 1} {
		if at := w.alloc(size, true); at != 0 {
			t.Errorf("alloc(%d) = %d in a memory of four pages", size, at)
		}
	}
	w.room = 1
	if at := w.alloc(4*pageBytes, true); at == 0 {
		t.Error("the memory does not grow by the page that is missing")
	}
}

// A word that is no pointer keeps nothing, even where it lies in a page.
func TestHeap_wordsThatAreNoPointers(t *testing.T) {
	w := newWorld(t, 1, 4, 0)
	w.add(0, 100, false, 0)
	for _, word := range []uint32{0, 1, firstRoot, w.first - 1, w.first, w.first + 4, w.address(1) - 1, w.address(2), w.address(w.pages), 1<<32 - 1} {
		w.point(0, word)
		w.alive, w.starts = map[uint32]*thing{}, nil
		w.collect()
		if *w.kind(0) != pageFree {
			t.Errorf("the word %#x keeps an object", word)
		}
		w.add(0, 100, false, 0)
	}
}

// Work that leaves garbage between things that stay needs no more memory the
// longer it lasts.
func TestHeap_garbageBetweenWhatStays(t *testing.T) {
	w := newWorld(t, 200, 1, 2000)
	random := rand.New(rand.NewPCG(3, 1))
	pages := uint32(0)
	for i := range 400_000 {
		at := w.alloc(uint32(16+random.IntN(300)), false)
		if i%1000 == 0 {
			w.point(i/1000%len(w.roots), at)
		}
		w.Heap.collect(firstRoot, firstRoot+4*uint32(len(w.roots)))
		if i == 100_000 {
			pages = w.pages
		}
	}
	// Half a megabyte is garbage before it is collected.
	if w.pages > pages+pages/10 || w.pages*pageBytes > 3*minCollect {
		t.Errorf("%d pages after 100,000 allocations, %d after 400,000", pages, w.pages)
	}
}
