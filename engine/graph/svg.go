package graph

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The measures of a picture, in pixels.
const (
	boxWidth, boxHeight = 170, 46
	gapX, gapY          = 40, 44
	margin              = 24
	titleHeight         = 30
)

// WriteSVG writes charts below each other as one picture. Its colours follow the reader's light or dark.
func WriteSVG(w io.Writer, charts []*Chart) error { return write(w, charts, styles, titleHeight) }

// WriteInline writes a chart as an SVG element for a page that has its title, and whose stylesheet has its
// colours: the classes are those of WriteSVG.
func WriteInline(w io.Writer, c *Chart) error { return write(w, []*Chart{c}, "", 0) }

const styles = `<style>
.box{fill:#fff;stroke:#444}.trigger{fill:#e7f0ff}.choice{fill:#fff6dd}.loop{fill:#eefbee}.end{fill:#eee}
text{fill:#222;text-anchor:middle}.kind{fill:#666;font-size:11px}.label{fill:#555;font-size:11px;text-anchor:start}.left{text-anchor:end}.title{text-anchor:start;font-weight:bold;font-size:16px}
.arrow{fill:none;stroke:#666}.back{stroke-dasharray:4 3}.head{fill:#666}
@media(prefers-color-scheme:dark){.box{fill:#222;stroke:#aaa}.trigger{fill:#1c2a44}.choice{fill:#3a3115}.loop{fill:#1c331c}.end{fill:#333}text{fill:#eee}.kind,.label{fill:#bbb}.arrow{stroke:#aaa}.head{fill:#aaa}}
</style>
`

func write(w io.Writer, charts []*Chart, styles string, head int) error {
	out := bufio.NewWriter(w)
	width, height := 0, margin
	var placed []*layout
	for _, c := range charts {
		l := arrange(c, head)
		l.top = height + head
		placed = append(placed, l)
		width = max(width, l.width)
		height += l.height
	}
	fmt.Fprintf(out, `<svg class="graph" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="13">
%[3]s<defs><marker id="head" class="head" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>
`, width, height, styles)
	for _, l := range placed {
		if head > 0 {
			fmt.Fprintf(out, `<text class="title" x="%d" y="%d">%s</text>`+"\n", margin, l.top-head+18, xmlText(l.name))
		}
		l.draw(out)
	}
	fmt.Fprint(out, "</svg>\n")
	return out.Flush()
}

// layout is a chart with its size and its place in a picture.
type layout struct {
	*Chart
	width, height int
	top           int
}

func arrange(c *Chart, head int) *layout {
	rows, columns := 0, 0
	for _, b := range c.boxes {
		rows, columns = max(rows, b.row+1), max(columns, b.column+1)
	}
	return &layout{Chart: c, width: 2*margin + columns*(boxWidth+gapX) - gapX, height: head + rows*(boxHeight+gapY) - gapY + margin}
}

// center is the middle of a box.
func (l *layout) center(i int) (x, y int) {
	b := l.boxes[i]
	return margin + b.column*(boxWidth+gapX) + boxWidth/2, l.top + b.row*(boxHeight+gapY) + boxHeight/2
}

func (l *layout) draw(w io.Writer) {
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
		fmt.Fprintf(w, `<text x="%d" y="%d">%s</text><text class="kind" x="%[1]d" y="%[4]d">%[5]s</text>`+"\n", x, y-2, xmlText(clip(b.name)), y+14, xmlText(b.kind))
	}
}

// arrow draws a way. One that comes from another column goes straight down in its own first, which is free as
// far as that; one that closes a loop goes up between the columns.
func (l *layout) arrow(w io.Writer, a arrow) {
	x1, y1 := l.center(a.from)
	x2, y2 := l.center(a.to)
	from, to := y1+boxHeight/2, y2-boxHeight/2
	path, class := "", "arrow"
	labelX, labelY, side := x2+8, to-10, ""
	switch {
	case a.back:
		class += " back"
		between := x2 + boxWidth/2 + gapX/2
		path = fmt.Sprintf("M%d,%d V%d H%d V%d H%d", x1, from, from+gapY/4, between, y2, x2+boxWidth/2)
		labelX, labelY = between+6, from+gapY/4-4
	case x1 == x2:
		path = fmt.Sprintf("M%d,%d V%d", x1, from, to)
		labelX, labelY, side = x1-8, from+18, " left" // other ways begin to the right
	default:
		if x1 > x2 { // near the box that it leaves: others arrive at the same one
			labelX, labelY = x1+8, from+16
		}
		turn := max(from, to-gapY)
		path = fmt.Sprintf("M%d,%d V%d C%d,%d %d,%d %d,%d", x1, from, turn, x1, turn+gapY/2, x2, turn+gapY/2, x2, to)
	}
	fmt.Fprintf(w, `<path class="%s" marker-end="url(#head)" d="%s"/>`+"\n", class, path)
	if a.label != "" {
		fmt.Fprintf(w, `<text class="label%s" x="%d" y="%d">%s</text>`+"\n", side, labelX, labelY, xmlText(a.label))
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
