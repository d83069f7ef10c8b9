package graph

import (
	"slices"

	"currant/engine/compile"
)

// Chart is a picture of a runbook before it is written down: boxes, and arrows between them.
type Chart struct {
	name   string
	boxes  []box
	arrows []arrow
}

// box is the trigger, a step, or the end, at its place: rows go down, columns to the right.
type box struct {
	name, kind  string
	shape       boxShape
	row, column int
}

type boxShape int

const (
	shapeStep boxShape = iota
	shapeTrigger
	shapeChoice // one of several ways is taken
	shapeLoop   // what follows it is repeated
	shapeEnd
)

// arrow leads from one box to another, both by index. Back arrows close a loop.
type arrow struct {
	from, to int
	label    string
	back     bool
}

// exit is an arrow whose target is not drawn yet.
type exit struct {
	from  int
	label string
}

// area is where something was drawn: the first row below it, and how many columns it takes.
type area struct{ bottom, width int }

// New draws a runbook: its trigger, its steps and the ways between them. What is done one after the other goes
// straight down; blocks of steps stand side by side, to the right of the way past them.
func New(rb *compile.Runbook) *Chart {
	c := &Chart{name: rb.Name}
	kind := ""
	if rb.Trigger != nil {
		kind = rb.Trigger.Kind.Name
	}
	start := c.box(rb.Name, kind, shapeTrigger, 0, 0)
	exits, a := c.sequence(rb.Steps, []exit{{from: start}}, 1, 0)
	if len(exits) > 0 {
		c.join(exits, c.box("end", "", shapeEnd, a.bottom, 0))
	}
	return c
}

func (c *Chart) box(name, kind string, shape boxShape, row, column int) int {
	c.boxes = append(c.boxes, box{name: name, kind: kind, shape: shape, row: row, column: column})
	return len(c.boxes) - 1
}

// join leads exits to a box. Two ways between the same boxes are one arrow with both labels.
func (c *Chart) join(exits []exit, to int) {
	for _, e := range exits {
		same := slices.IndexFunc(c.arrows, func(a arrow) bool { return a.from == e.from && a.to == to && !a.back })
		switch {
		case same < 0:
			c.arrows = append(c.arrows, arrow{from: e.from, to: to, label: e.label})
		case e.label != "" && c.arrows[same].label != "":
			c.arrows[same].label += ", " + e.label
		}
	}
}

// sequence draws steps one below the other, entered by the exits of what is before, and returns its own.
func (c *Chart) sequence(nodes []*compile.Node, in []exit, row, column int) ([]exit, area) {
	whole := area{bottom: row, width: 1}
	for _, n := range nodes {
		var a area
		in, a = c.step(n, in, whole.bottom, column)
		whole = area{bottom: a.bottom, width: max(whole.width, a.width)}
	}
	return in, whole
}

func (c *Chart) step(n *compile.Node, in []exit, row, column int) ([]exit, area) {
	shape := shapeStep
	loops := n.Kind.Loop != nil || n.Kind.Repeat != nil || hasEach(n)
	switch {
	case loops:
		shape = shapeLoop
	case n.Kind.Choose != nil && !inPlace(n):
		shape = shapeChoice
	}
	at := c.box(n.Name, n.Kind.Name, shape, row, column)
	c.join(in, at)
	whole := area{bottom: row + 1, width: 1}
	switch {
	case n.Kind.Name == "finish" || n.Kind.Name == "fail":
		return nil, whole
	case len(n.Blocks) == 0:
		return []exit{{from: at}}, whole
	case loops:
		for _, b := range n.Blocks {
			out, a := c.sequence(b.Steps, []exit{{from: at, label: blockLabel(b)}}, row+1, column+whole.width)
			whole = whole.beside(a)
			for _, e := range out {
				if e.from != at {
					c.arrows = append(c.arrows, arrow{from: e.from, to: at, label: e.label, back: true})
				}
			}
		}
		return []exit{{from: at, label: "done"}}, whole
	case n.Kind.Try != nil:
		return c.try(n, at, row, column)
	}
	return c.ways(n, at, row, column)
}

func (a area) beside(b area) area {
	return area{bottom: max(a.bottom, b.bottom), width: a.width + b.width}
}

// ways draws blocks of which one is taken, or all.
func (c *Chart) ways(n *compile.Node, at, row, column int) (out []exit, whole area) {
	closed := false // a way is taken whatever the value
	for _, b := range n.Blocks {
		closed = closed || b.Type == "else" || b.Type == "default" || n.Kind.Fork != nil || inPlace(n)
	}
	whole.bottom = row + 1
	if !closed {
		out, whole.width = []exit{{from: at, label: "else"}}, 1
	}
	for _, b := range n.Blocks {
		label := blockLabel(b)
		if inPlace(n) {
			label = ""
		}
		exits, a := c.sequence(b.Steps, []exit{{from: at, label: label}}, row+1, column+whole.width)
		out, whole = append(out, exits...), whole.beside(a)
	}
	return out, whole
}

// try draws do, then catch for its error, then finally after either.
func (c *Chart) try(n *compile.Node, at, row, column int) ([]exit, area) {
	out, whole := []exit{{from: at}}, area{bottom: row + 1, width: 1}
	if b := n.BlockOf("do", 0); b != nil {
		out, whole = c.sequence(b.Steps, []exit{{from: at, label: "do"}}, row+1, column)
	}
	if b := n.BlockOf("catch", 0); b != nil {
		exits, a := c.sequence(b.Steps, []exit{{from: at, label: "catch"}}, row+1, column+whole.width)
		out, whole = append(out, exits...), whole.beside(a)
	}
	if b := n.BlockOf("finally", 0); b != nil {
		if len(out) == 0 {
			out = []exit{{from: at}}
		}
		for i := range out {
			if out[i].label == "" {
				out[i].label = "finally"
			}
		}
		exits, a := c.sequence(b.Steps, out, whole.bottom, column)
		out, whole = exits, area{bottom: a.bottom, width: max(whole.width, a.width)}
	}
	return out, whole
}

func hasEach(n *compile.Node) bool {
	for _, b := range n.Blocks {
		if b.Each {
			return true
		}
	}
	return false
}

// inPlace says that a step's blocks are simply run, as a section's are.
func inPlace(n *compile.Node) bool { return len(n.Blocks) == 1 && n.Blocks[0].Type == "" }

func blockLabel(b *compile.Block) string {
	switch {
	case b.Each && b.Label != "":
		return "each " + b.Label
	case b.Label != "":
		return b.Label
	}
	return b.Type
}
