package main

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// table prints rows in columns, the first row as their heads. On a screen lines are cut at its width; elsewhere they
// are whole.
func table(out stream, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i < len(row)-1 {
				cell = runewidth.FillRight(cell, widths[i]) + "  "
			}
			b.WriteString(cell)
		}
		line := strings.TrimRight(b.String(), " ")
		if w := out.width(); w > 0 {
			line = runewidth.Truncate(line, w, "…")
		}
		if n == 0 {
			line = out.style(styleBold, line)
		}
		out.printf("%s\n", line)
	}
}
