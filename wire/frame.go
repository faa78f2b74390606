// Package wire frames engine events, actions and answers for the WebAssembly
// boundary: little-endian records with a tail, one after the other in a shared
// page. web/core/frame.ts is its twin; wire/testdata holds the golden bytes
// that both are tested against. It decides nothing.
//
// A frame is a head of 40 bytes, then its fields, then its body, padded with
// zeros to a multiple of 8 bytes:
//
//	 0  uint32  length of the whole frame, head and padding included
//	 4  uint8   kind
//	 5  uint8   a
//	 6  uint16  b
//	 8  uint32  file
//	12  uint32  request
//	16  int64   x
//	24  int64   y
//	32  uint32  number of fields
//	36  uint32  length of the body, plus one; 0 when there is no body
//	40  fields: uint32 length of name, uint32 length of value, name, value
package wire

import (
	"errors"

	"github.com/bucketline/bucketline/s3"
)

// Frame is one record. What Kind and the fields A, B, X, Y mean is said where
// events and actions are framed.
type Frame struct {
	Kind   uint8
	A      uint8
	B      uint16
	File   uint32
	Req    uint32
	X, Y   int64
	Fields []s3.Field
	Body   []byte
}

const headBytes = 40

// The bounds of a frame that Read accepts.
const (
	MaxFrameBytes = 4 << 20
	MaxFields     = 4096
)

// ErrFrame says that bytes are not a frame, or one out of bounds.
var ErrFrame = errors.New("not well formed, or too long")

// Skip returns what follows the frame at the start of src, whatever is in it;
// false when not even its length can be believed.
func Skip(src []byte) (rest []byte, ok bool) {
	if len(src) < headBytes {
		return nil, false
	}
	length := uint32At(src)
	if length < headBytes || length%8 != 0 || uint64(length) > uint64(len(src)) {
		return nil, false
	}
	return src[length:], true
}

// Append appends f to dst.
func (f *Frame) Append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, f.Kind, f.A)
	dst = append16(dst, f.B)
	dst = append32(dst, f.File)
	dst = append32(dst, f.Req)
	dst = append64(dst, f.X)
	dst = append64(dst, f.Y)
	dst = append32(dst, uint32(len(f.Fields)))
	body := uint32(0)
	if f.Body != nil {
		body = uint32(len(f.Body)) + 1
	}
	dst = append32(dst, body)
	for _, field := range f.Fields {
		dst = append32(dst, uint32(len(field.Name)))
		dst = append32(dst, uint32(len(field.Value)))
		dst = append(dst, field.Name...)
		dst = append(dst, field.Value...)
	}
	dst = append(dst, f.Body...)
	for (len(dst)-start)%8 != 0 {
		dst = append(dst, 0)
	}
	append32(dst[start:start], uint32(len(dst)-start))
	return dst
}

// Read reads the frame at the start of src into f and returns what follows it.
// f's Body points into src; its field strings are copies, in f.Fields' reused
// array. Anything but a well-formed frame is ErrFrame.
func (f *Frame) Read(src []byte) (rest []byte, err error) {
	if len(src) < headBytes {
		return nil, ErrFrame
	}
	length := uint32At(src)
	if length < headBytes || length > MaxFrameBytes || length%8 != 0 || int(length) > len(src) {
		return nil, ErrFrame
	}
	fields := uint32At(src[32:])
	body := uint32At(src[36:])
	if fields > MaxFields || body > MaxFrameBytes {
		return nil, ErrFrame
	}
	f.Kind, f.A, f.B = src[4], src[5], uint16(src[6])|uint16(src[7])<<8
	f.File, f.Req = uint32At(src[8:]), uint32At(src[12:])
	f.X, f.Y = int64At(src[16:]), int64At(src[24:])
	tail := src[headBytes:length]
	f.Fields = f.Fields[:0]
	for range fields {
		if len(tail) < 8 {
			return nil, ErrFrame
		}
		name, value := uint32At(tail), uint32At(tail[4:])
		tail = tail[8:]
		if uint64(name)+uint64(value) > uint64(len(tail)) {
			return nil, ErrFrame
		}
		f.Fields = append(f.Fields, s3.Field{Name: string(tail[:name]), Value: string(tail[name : name+value])})
		tail = tail[name+value:]
	}
	f.Body = nil
	if body > 0 {
		if uint64(body-1) > uint64(len(tail)) {
			return nil, ErrFrame
		}
		f.Body, tail = tail[:body-1:body-1], tail[body-1:]
	}
	if len(tail) > 7 {
		return nil, ErrFrame
	}
	return src[length:], nil
}

func append16(dst []byte, n uint16) []byte { return append(dst, byte(n), byte(n>>8)) }

func append32(dst []byte, n uint32) []byte {
	return append(dst, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

func append64(dst []byte, n int64) []byte {
	return append32(append32(dst, uint32(n)), uint32(n>>32))
}

func uint32At(src []byte) uint32 {
	_ = src[3]
	return uint32(src[0]) | uint32(src[1])<<8 | uint32(src[2])<<16 | uint32(src[3])<<24
}

func int64At(src []byte) int64 {
	return int64(uint32At(src)) | int64(uint32At(src[4:]))<<32
}
