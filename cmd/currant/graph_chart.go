package main

import (
	"currant/engine/compile"
)

// chart is a picture of a runbook before it is written down: boxes, and arrows between them.
type chart struct {
	name   string
	boxes  []box
	arrows []arrow
}

// box is the trigger, a step, or the end.
type box struct {
	name, kind string
	shape      boxShape
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

func newChart(rb *compile.Runbook) *chart {
	c := &chart{name: rb.Name}
	kind := ""
	if rb.Trigger != nil {
		kind = rb.Trigger.Kind.Name
	}
	start := c.box(rb.Name, kind, shapeTrigger)
	exits := c.sequence(rb.Steps, []exit{{from: start}})
	c.join(exits, c.box("end", "", shapeEnd))
	return c
}

func (c *chart) box(name, kind string, shape boxShape) int {
	c.boxes = append(c.boxes, box{name: name, kind: kind, shape: shape})
	return len(c.boxes) - 1
}

func (c *chart) join(exits []exit, to int) {
	for _, e := range exits {
		c.arrows = append(c.arrows, arrow{from: e.from, to: to, label: e.label})
	}
}

// sequence draws steps one after the other, entered by the exits of what is before, and returns its own.
func (c *chart) sequence(nodes []*compile.Node, in []exit) []exit {
	for _, n := range nodes {
		in = c.step(n, in)
	}
	return in
}

func (c *chart) step(n *compile.Node, in []exit) []exit {
	shape := shapeStep
	loops := n.Kind.Loop != nil || n.Kind.Repeat != nil || hasEach(n)
	switch {
	case loops:
		shape = shapeLoop
	case n.Kind.Choose != nil && !inPlace(n):
		shape = shapeChoice
	}
	at := c.box(n.Name, n.Kind.Name, shape)
	c.join(in, at)
	switch {
	case n.Kind.Name == "finish" || n.Kind.Name == "fail":
		return nil
	case len(n.Blocks) == 0:
		return []exit{{from: at}}
	case loops:
		for _, b := range n.Blocks {
			for _, e := range c.sequence(b.Steps, []exit{{from: at, label: blockLabel(b)}}) {
				if e.from != at {
					c.arrows = append(c.arrows, arrow{from: e.from, to: at, label: e.label, back: true})
				}
			}
		}
		return []exit{{from: at, label: "done"}}
	case n.Kind.Try != nil:
		return c.try(n, at)
	}
	var out []exit
	closed := false // a way is taken whatever the value
	for _, b := range n.Blocks {
		label := blockLabel(b)
		if inPlace(n) {
			label = ""
		}
		closed = closed || b.Type == "else" || b.Type == "default" || n.Kind.Fork != nil || inPlace(n)
		out = append(out, c.sequence(b.Steps, []exit{{from: at, label: label}})...)
	}
	if !closed {
		out = append(out, exit{from: at, label: "else"})
	}
	return out
}

// try draws do, then catch for its error, then finally after either.
func (c *chart) try(n *compile.Node, at int) []exit {
	out := []exit{{from: at}}
	if b := n.BlockOf("do", 0); b != nil {
		out = c.sequence(b.Steps, []exit{{from: at, label: "do"}})
	}
	if b := n.BlockOf("catch", 0); b != nil {
		out = append(out, c.sequence(b.Steps, []exit{{from: at, label: "catch"}})...)
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
		out = c.sequence(b.Steps, out)
	}
	return out
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
