package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The measures of the plot, in pixels.
const (
	plotLeft  = 190
	plotWidth = 560
	barHeight = 13
	plotMost  = 100 // times the floor, at the right end
)

// drawPlot draws a bar for each client of each workload: its wall time as a
// multiple of the floor's, on a logarithmic scale.
func drawPlot(results []result) string {
	var bars strings.Builder
	y := 30
	for i := range results {
		r := &results[i]
		floor, err := r.floor()
		if err != nil {
			continue
		}
		fmt.Fprintf(&bars, `<text x="8" y="%d" font-weight="bold">%s: %s</text>`+"\n", y+10, r.Name, html.EscapeString(r.Title))
		y += 18
		for j := range r.rows {
			x := &r.rows[j]
			if len(x.runs) == 0 {
				continue
			}
			ratio := x.wall() / floor.wall()
			fill := "#9aa5b1"
			switch {
			case strings.HasPrefix(x.client, "bucketline"):
				fill = "#1a7f5a"
			case strings.HasPrefix(x.client, "floor"):
				fill = "#d5dae0"
			}
			fmt.Fprintf(&bars, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%.2f</text>`+"\n",
				plotLeft-6, y+10, html.EscapeString(x.client), plotLeft, y+1, barWidth(ratio), barHeight-2, fill, plotLeft+barWidth(ratio)+5, y+10, ratio)
			y += barHeight
		}
		y += 10
	}
	var grid strings.Builder
	for _, at := range []float64{1, 2, 5, 10, 20, 50, 100} {
		x := plotLeft + barWidth(at)
		fmt.Fprintf(&grid, `<line x1="%.1f" x2="%.1f" y1="24" y2="%d" stroke="#e4e8ec"/><text x="%.1f" y="18" text-anchor="middle" fill="#667">%gx</text>`+"\n", x, x, y, x, at)
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n"+
		`<rect width="100%%" height="100%%" fill="#fff"/>`+"\n%s%s</svg>\n", plotLeft+plotWidth+60, y+8, grid.String(), bars.String())
}

// barWidth is where a ratio lies; half the floor is the left end.
func barWidth(ratio float64) float64 {
	const least = 0.5
	return plotWidth * math.Log(math.Min(math.Max(ratio, least), plotMost)/least) / math.Log(plotMost/least)
}
