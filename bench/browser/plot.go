package browser

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strings"
)

// The measures of the plot, in pixels.
const (
	plotWidth  = 900
	labelWidth = 330
	barHeight  = 14
	rowHeight  = 18
	titleSpace = 34
	plotMargin = 14
)

// The plot's colours, which tell apart on white and on black.
const (
	oursColour  = "#2f7de1"
	peerColour  = "#8c8c8c"
	floorColour = "#c98a1b"
)

// appendPlot appends an SVG with a group of bars for each workload: the time of
// each contestant in multiples of the floor, on a logarithmic scale that all
// groups share.
func appendPlot(dst []byte, results []Result) []byte {
	b := bytes.NewBuffer(dst)
	height, least, most := 2*plotMargin, 1.0, 2.0
	for _, r := range results {
		floor := r.floor()
		if len(floor) == 0 {
			continue
		}
		height += titleSpace
		for _, row := range r.Rows {
			if len(row.Samples) == 0 {
				continue
			}
			height += rowHeight
			q := quotient(row.Samples, floor, wallSeconds)
			least, most = min(least, q), max(most, q)
		}
	}
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" font-family="system-ui, sans-serif" font-size="12" role="img">`+"\n", plotWidth, height)
	b.WriteString("<title>Time of each contestant in multiples of the floor</title>\n")
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, height)
	// Bars begin where a time would be half of the least.
	scale := func(q float64) float64 {
		return labelWidth + (plotWidth-labelWidth-70)*math.Log(q/(least/2))/math.Log(most/(least/2))
	}
	y := plotMargin
	for _, r := range results {
		if len(r.floor()) > 0 {
			y = appendBars(b, r, scale, y)
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// appendBars appends the group of r from y on, and returns where it ends.
func appendBars(b *bytes.Buffer, r Result, scale func(float64) float64, y int) int {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", plotMargin, y+20, html.EscapeString(r.Title))
	y += titleSpace
	top := y
	for _, row := range r.Rows {
		if len(row.Samples) == 0 {
			continue
		}
		colour := peerColour
		switch row.Module {
		case "floor":
			colour = floorColour
		case "bucketline":
			colour = oursColour
		}
		q := quotient(row.Samples, r.floor(), wallSeconds)
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="#333">%s</text>`+"\n", labelWidth-8, y+11, html.EscapeString(strings.ReplaceAll(row.Label, "`", "")))
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", labelWidth, y, scale(q)-labelWidth, barHeight, colour)
		fmt.Fprintf(b, `<text x="%.1f" y="%d" fill="#333">%.2f</text>`+"\n", scale(q)+5, y+11, q)
		y += rowHeight
	}
	fmt.Fprintf(b, `<line x1="%.1f" x2="%[1]f" y1="%d" y2="%d" stroke="%s" stroke-dasharray="3 3"/>`+"\n", scale(1), top-4, y, floorColour)
	return y
}
