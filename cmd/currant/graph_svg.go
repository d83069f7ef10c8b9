package main

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The measures of a picture, in pixels.
const (
	boxWidth, boxHeight = 170, 46
	gapX, gapY          = 30, 44
	margin              = 24
	titleHeight         = 30
)

// writeSVG writes charts below each other as one picture. Its colours follow the reader's light or dark.
func writeSVG(w io.Writer, charts []*chart) error {
	out := bufio.NewWriter(w)
	width, height := 0, margin
	var placed []*layout
	for _, c := range charts {
		l := arrange(c)
		l.top = height
		placed = append(placed, l)
		width = max(width, l.width)
		height += l.height
	}
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="13">
<style>
.box{fill:#fff;stroke:#444}.trigger{fill:#e7f0ff}.choice{fill:#fff6dd}.loop{fill:#eefbee}.end{fill:#eee}
text{fill:#222;text-anchor:middle}.kind{fill:#666;font-size:11px}.label{fill:#555;font-size:11px}.title{text-anchor:start;font-weight:bold;font-size:16px}
.arrow{fill:none;stroke:#666}.back{stroke-dasharray:4 3}.head{fill:#666}
@media(prefers-color-scheme:dark){.box{fill:#222;stroke:#aaa}.trigger{fill:#1c2a44}.choice{fill:#3a3115}.loop{fill:#1c331c}.end{fill:#333}text{fill:#eee}.kind,.label{fill:#bbb}.arrow{stroke:#aaa}.head{fill:#aaa}}
</style>
<defs><marker id="head" class="head" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>
`, width, height)
	for _, l := range placed {
		l.draw(out)
	}
	fmt.Fprint(out, "</svg>\n")
	return out.Flush()
}

// layout is a chart with a place for each box: rows from top to bottom, in each the boxes from left to right.
type layout struct {
	*chart
	row, column   []int
	widest        int // boxes of the widest row
	width, height int
	top           int
	rows          [][]int
}

// arrange puts every box below all that lead to it. Arrows lead from earlier boxes to later ones, those that
// close a loop aside, so that one pass finds the rows.
func arrange(c *chart) *layout {
	l := &layout{chart: c, row: make([]int, len(c.boxes)), column: make([]int, len(c.boxes))}
	into := make([][]int, len(c.boxes))
	for _, a := range c.arrows {
		if !a.back {
			into[a.to] = append(into[a.to], a.from)
		}
	}
	for i := range c.boxes {
		for _, from := range into[i] {
			l.row[i] = max(l.row[i], l.row[from]+1)
		}
	}
	l.rows = make([][]int, slices.Max(l.row)+1)
	for i, r := range l.row {
		l.column[i] = len(l.rows[r])
		l.rows[r] = append(l.rows[r], i)
		l.widest = max(l.widest, len(l.rows[r]))
	}
	l.width = 2*margin + l.widest*(boxWidth+gapX) + gapX
	l.height = titleHeight + len(l.rows)*(boxHeight+gapY) + margin
	return l
}

// center is the middle of a box.
func (l *layout) center(i int) (x, y int) {
	row := l.rows[l.row[i]]
	left := (l.width - len(row)*(boxWidth+gapX) + gapX) / 2
	return left + l.column[i]*(boxWidth+gapX) + boxWidth/2, l.top + titleHeight + l.row[i]*(boxHeight+gapY) + boxHeight/2
}

func (l *layout) draw(w io.Writer) {
	fmt.Fprintf(w, `<text class="title" x="%d" y="%d">%s</text>`+"\n", margin, l.top+18, xmlText(l.name))
	for _, a := range l.arrows {
		l.arrow(w, a)
	}
	classes := map[boxShape]string{shapeTrigger: " trigger", shapeChoice: " choice", shapeLoop: " loop", shapeEnd: " end"}
	radius := map[boxShape]int{shapeStep: 4, shapeTrigger: boxHeight / 2, shapeEnd: boxHeight / 2, shapeLoop: 12}
	for i, b := range l.boxes {
		x, y := l.center(i)
		if b.shape == shapeChoice {
			const cut = 16
			left, right, up, down := x-boxWidth/2, x+boxWidth/2, y-boxHeight/2, y+boxHeight/2
			fmt.Fprintf(w, `<path class="box choice" d="M%d,%d L%d,%d L%d,%d L%d,%d L%d,%d L%d,%d z"/>`+"\n",
				left, y, left+cut, up, right-cut, up, right, y, right-cut, down, left+cut, down)
		} else {
			fmt.Fprintf(w, `<rect class="box%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`+"\n",
				classes[b.shape], x-boxWidth/2, y-boxHeight/2, boxWidth, boxHeight, radius[b.shape])
		}
		if b.kind == "" {
			fmt.Fprintf(w, `<text x="%d" y="%d">%s</text>`+"\n", x, y+5, xmlText(clip(b.name)))
			continue
		}
		fmt.Fprintf(w, `<text x="%d" y="%d">%s</text><text class="kind" x="%[1]d" y="%d">%s</text>`+"\n", x, y-2, xmlText(clip(b.name)), y+14, xmlText(b.kind))
	}
}

func (l *layout) arrow(w io.Writer, a arrow) {
	x1, y1 := l.center(a.from)
	x2, y2 := l.center(a.to)
	path, class := "", "arrow"
	labelX, labelY := (x1+x2)/2, (y1+y2)/2
	switch {
	case a.back: // up, along the right side
		class += " back"
		side := max(x1, x2) + boxWidth/2 + gapX - 6
		path = fmt.Sprintf("M%d,%d C%d,%d %d,%d %d,%d", x1+boxWidth/2, y1, side, y1, side, y2, x2+boxWidth/2, y2)
	case l.row[a.to] > l.row[a.from]+1 && x1 == x2: // round what is between
		side := x1 - boxWidth/2 - gapX/2 - 6
		path = fmt.Sprintf("M%d,%d C%d,%d %d,%d %d,%d", x1-boxWidth/2, y1, side, y1, side, y2, x2-boxWidth/2, y2)
		labelX = side
	default:
		from, to := y1+boxHeight/2, y2-boxHeight/2
		path = fmt.Sprintf("M%d,%d C%d,%d %d,%d %d,%d", x1, from, x1, from+gapY/2, x2, to-gapY/2, x2, to)
		labelY = from + gapY/2 + 4
	}
	fmt.Fprintf(w, `<path class="%s" marker-end="url(#head)" d="%s"/>`+"\n", class, path)
	if a.label != "" {
		fmt.Fprintf(w, `<text class="label" x="%d" y="%d">%s</text>`+"\n", labelX, labelY, xmlText(a.label))
	}
}

// clip shortens a name to what fits a box.
func clip(s string) string {
	if r := []rune(s); len(r) > 22 {
		return string(r[:21]) + "…"
	}
	return s
}

func xmlText(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return ""
	}
	return b.String()
}
