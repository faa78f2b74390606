package fakes3

import (
	"bytes"
	"slices"
)

// Body is the bytes of a request, a part or an object: real ones, or runs that
// stand for them and cost next to nothing, however many they are.
type Body interface {
	// Len is in bytes.
	Len() int64

	// Append appends the bytes from offset on, length of them.
	Append(dst []byte, offset, length int64) []byte

	// Cut is the bytes from offset on, length of them. It may share memory with
	// the whole, so neither is written to.
	Cut(offset, length int64) Body
}

// Run is Length times the same byte.
type Run struct {
	Value  byte
	Length int64 // 1 or more
}

// Content is bytes as runs. It is canonical: neighbours differ in Value, so the
// same bytes are always the same runs. Values of this type are made by its
// methods and by Runs, and never written to.
type Content []Run

// Runs makes a Content of runs in any form: those without length are left out
// and neighbours of one value are joined.
func Runs(runs ...Run) Content {
	var c Content
	for _, r := range runs {
		c = c.with(r)
	}
	return c
}

// Bytes makes a Content of real bytes, which costs far more than they do.
func Bytes(data []byte) Content {
	var c Content
	for _, b := range data {
		c = c.with(Run{b, 1})
	}
	return c
}

// with appends one run to a Content that is the caller's own.
func (c Content) with(r Run) Content {
	switch n := len(c); {
	case r.Length <= 0:
	case n > 0 && c[n-1].Value == r.Value:
		c[n-1].Length += r.Length
	default:
		c = append(c, r)
	}
	return c
}

// withBytes appends real bytes to a Content that is the caller's own, a run at a
// time.
func (c Content) withBytes(data []byte) Content {
	for len(data) > 0 {
		n := equalBytes(data)
		c = c.with(Run{data[0], int64(n)})
		data = data[n:]
	}
	return c
}

// equalBytes is how many bytes at the start of data, which is not empty, are
// the same. It goes by blocks: those of a long run compare at memory speed.
func equalBytes(data []byte) int {
	const block = 1 << 10
	n := 1
	for end := n + block; end <= len(data) && bytes.Equal(data[n:end], data[n-1:end-1]); end += block {
		n = end
	}
	for n < len(data) && data[n] == data[0] {
		n++
	}
	return n
}

// Len is in bytes.
func (c Content) Len() int64 {
	n := int64(0)
	for _, r := range c {
		n += r.Length
	}
	return n
}

// Slice is the bytes from offset on, length of them, or as many as there are.
func (c Content) Slice(offset, length int64) Content {
	first := 0
	for first < len(c) && offset >= c[first].Length {
		offset -= c[first].Length
		first++
	}
	last := first
	for rest := offset + length; last < len(c) && rest > 0; last++ {
		rest -= c[last].Length
	}
	if length <= 0 || first == last {
		return nil
	}
	s := slices.Clone(c[first:last])
	s[0].Length -= offset
	over := s.Len() - length
	if over > 0 {
		s[len(s)-1].Length -= over
	}
	return s
}

// Cut is Slice as a Body.
func (c Content) Cut(offset, length int64) Body { return c.Slice(offset, length) }

// Append appends real bytes.
func (c Content) Append(dst []byte, offset, length int64) []byte {
	for _, r := range c.Slice(offset, length) {
		for range r.Length {
			dst = append(dst, r.Value)
		}
	}
	return dst
}

// Equal reports that c and d are the same bytes.
func (c Content) Equal(d Content) bool { return slices.Equal(c, d) }

// Real is bytes in memory, in one piece or in several.
type Real [][]byte

// Len is in bytes.
func (r Real) Len() int64 {
	n := int64(0)
	for _, piece := range r {
		n += int64(len(piece))
	}
	return n
}

// Cut shares the bytes with r.
func (r Real) Cut(offset, length int64) Body {
	var cut Real
	for _, piece := range r {
		size := int64(len(piece))
		if from, to := max(offset, 0), min(offset+length, size); from < to {
			cut = append(cut, piece[from:to:to])
		}
		offset -= size
	}
	return cut
}

// Append copies.
func (r Real) Append(dst []byte, offset, length int64) []byte {
	for _, piece := range r.Cut(offset, length).(Real) {
		dst = append(dst, piece...)
	}
	return dst
}

// Join is all bodies one after the other. Real bytes stay real only among
// themselves.
func Join(bodies ...Body) Body {
	real := true
	for _, b := range bodies {
		_, is := b.(Real)
		real = real && is
	}
	if real {
		var all Real
		for _, b := range bodies {
			all = append(all, b.(Real)...)
		}
		return all
	}
	var all Content
	for _, b := range bodies {
		for _, run := range contentOf(b) {
			all = all.with(run)
		}
	}
	return all
}

func contentOf(b Body) Content {
	if c, ok := b.(Content); ok {
		return c
	}
	return Bytes(b.Append(nil, 0, b.Len()))
}

// Flip is b with the lowest bit of one byte changed. b must have that byte.
func Flip(b Body, at int64) Body {
	damaged := b.Append(nil, at, 1)
	damaged[0] ^= 1
	var middle Body = Real{damaged}
	if _, runs := b.(Content); runs {
		middle = Bytes(damaged)
	}
	return Join(b.Cut(0, at), middle, b.Cut(at+1, b.Len()-at-1))
}
