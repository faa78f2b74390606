// Command wrongclock is a part of the command line that makes its clock wrong:
// TestClock_wrong builds it in.
package main

import (
	"os"
	"strconv"
	_ "unsafe" // for linkname
)

// vdsoClockgettimeSym is where the runtime calls the kernel's clock_gettime
// without a system call.
//
//go:linkname vdsoClockgettimeSym runtime.vdsoClockgettimeSym
var vdsoClockgettimeSym uintptr

// wrongBySeconds is how far the clock on the wall is ahead.
var wrongBySeconds int64

// wrongClockPC is the address of wrongClock in wrongclock_amd64.s, which is a
// function of C.
func wrongClockPC() uintptr

func init() {
	wrongBySeconds, _ = strconv.ParseInt(os.Getenv("WRONG_BY_SECONDS"), 10, 64)
	vdsoClockgettimeSym = wrongClockPC()
}
