package main

import (
	"os"
	"strings"

	"golang.org/x/term"
	"rsc.io/qr"
)

// quietZone is how many light modules have to be around a QR code (ISO/IEC
// 18004, section 6.3.8).
const quietZone = 4

// qrCode draws text for a camera, two rows of modules to a line, dark on light
// whatever the colours of the terminal. It is empty where the text is too long.
func qrCode(text string) string {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return ""
	}
	var out strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		out.WriteString("  \x1b[30;107m")
		for x := -quietZone; x < code.Size+quietZone; x++ {
			upper, lower := code.Black(x, y), code.Black(x, y+1)
			switch {
			case upper && lower:
				out.WriteRune('█')
			case upper:
				out.WriteRune('▀')
			case lower:
				out.WriteRune('▄')
			default:
				out.WriteByte(' ')
			}
		}
		out.WriteString("\x1b[0m\n")
	}
	out.WriteByte('\n')
	return out.String()
}

// fitsQR reports whether a QR code can be drawn on f.
func fitsQR(f *os.File) bool {
	if !interactive(f) || os.Getenv("TERM") == "dumb" || os.Getenv("NO_COLOR") != "" {
		return false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	return err == nil && width >= 72 && height >= 30
}
