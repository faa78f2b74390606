#include "textflag.h"

// wrongClock is clock_gettime(2), in C's way of calling: R0 is which clock, 0 for
// that on the wall, and R1 where the seconds go. A system call changes R0 alone.
TEXT wrongClock<>(SB), NOSPLIT|NOFRAME, $0
	MOVD	R0, R2
	MOVD	$113, R8 // SYS_clock_gettime
	SVC
	CBNZ	R2, done
	MOVD	·wrongBySeconds(SB), R3
	MOVD	0(R1), R4
	ADD	R3, R4
	MOVD	R4, 0(R1)
done:
	RET

// func wrongClockPC() uintptr
TEXT ·wrongClockPC(SB), NOSPLIT, $0-8
	MOVD	$wrongClock<>(SB), R0
	MOVD	R0, ret+0(FP)
	RET
