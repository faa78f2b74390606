// Command engine is the WebAssembly module: one upload session behind a page
// of shared memory that frames of package wire go through. It is a reactor: the
// host calls its exports and it calls nothing but what the Go runtime needs.
//
//	page(n)   returns where the page is, at least n bytes long
//	open(n)   begins the session that the n bytes of the page configure
//	step(n)   takes clocks and events, n bytes; returns the length of the actions
//	ask(n)    takes one query, n bytes; returns the length of its answer
//
// Every export may move the page: ask for page(0) again after each call.
package main

import (
	"unsafe"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/wire"
)

func main() {}

// module is the one session of this instance; an instance has no other state.
var module struct {
	engine *engine.Engine
	page   []byte
	input  []byte
	frame  wire.Frame
	cells  []engine.Cell
}

const (
	// minPage is how long the page is at first.
	minPage = 64 << 10

	// enough is how many bytes of actions make step stop and let the host
	// carry them out: a step that returns less has drained the engine.
	enough = 32 << 10
)

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

// open returns 0, or the length of a frame that says what is wrong.
//
//go:wasmexport open
func open(n uint32) uint32 {
	var config engine.Config
	_, err := module.frame.Read(input(n))
	if err == nil {
		err = wire.ReadConfig(module.frame.Fields, &config)
	}
	if err == nil {
		module.engine, err = engine.New(config)
	}
	if err != nil {
		return answer(wire.AppendRefusal(module.page[:0], 0, err))
	}
	return 0
}

//go:wasmexport step
func step(n uint32) uint32 {
	src := input(n)
	out := module.page[:0]
	src, err := module.frame.Read(src)
	if err != nil {
		return answer(wire.AppendRefusal(out, 0, err))
	}
	now, err := wire.ReadNow(&module.frame)
	if err == nil && module.engine == nil {
		err = wire.ErrOpen
	}
	if err != nil {
		return answer(wire.AppendRefusal(out, 0, err))
	}
	var event engine.Event
	for i := uint16(0); len(src) > 0; i++ {
		// What is wrong with one event says nothing against the others.
		rest, ok := wire.Skip(src)
		if _, err = module.frame.Read(src); err == nil {
			err = wire.ReadEvent(&module.frame, &event)
		}
		if err == nil {
			err = module.engine.Handle(now, &event)
		}
		if err != nil {
			out = wire.AppendRefusal(out, i, err)
		}
		if !ok {
			break
		}
		src = rest
	}
	var action engine.Action
	for len(out) < enough && module.engine.Poll(now, &action) {
		out = wire.AppendAction(out, &action, &module.frame)
	}
	return answer(out)
}

//go:wasmexport ask
func ask(n uint32) uint32 {
	out := module.page[:0]
	if _, err := module.frame.Read(input(n)); err != nil {
		return answer(wire.AppendRefusal(out, 0, err))
	}
	return answer(wire.Answer(out, module.engine, &module.frame, &module.cells))
}
