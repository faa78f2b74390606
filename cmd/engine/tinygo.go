//go:build tinygo

package main

// multiply is what LLVM calls for a product of 128 bits (bits.Mul64): its
// runtime library has it, and the module is built without one.
//
//export __multi3
func multiply(product *[2]uint64, aLow, aHigh, bLow, bHigh uint64) {
	const half = 1<<32 - 1
	a0, a1, b0, b1 := aLow&half, aLow>>32, bLow&half, bLow>>32
	low := a0 * b0
	middle := a1*b0 + low>>32
	cross := a0*b1 + middle&half
	product[0] = cross<<32 | low&half
	product[1] = a1*b1 + middle>>32 + cross>>32 + aLow*bHigh + aHigh*bLow
}
