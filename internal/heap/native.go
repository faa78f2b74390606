//go:build !tinygo

package heap

// Collect does nothing: Go has a collector of its own.
func Collect() {}

// grow adds pages, as far as the memory of a test goes.
func (h *Heap) grow(pages uint32) bool {
	if pages > h.room {
		return false
	}
	h.room -= pages
	h.pages += pages
	return true
}
