package testrun

import (
	"math"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/compile"
	"currant/engine/run"
)

// reached is what the runs of tests came to: steps that began, and the ways through steps that hold others.
type reached struct {
	steps map[target]bool
	ways  map[way]bool
	// taken is the block that a step in progress has entered, by run and path.
	taken map[string]string
}

// way is one of the blocks of a step, by its key in paths; or, as notTaken, none of them.
type way struct {
	target
	key string
}

// notTaken is the way through an `if` whose condition is false and that has no `else`, and the like.
const notTaken = ""

// otherwise is the block of a kind that runs when no other does: where it is not written, nothing runs.
var otherwise = map[string]string{"if": "else", "switch": "default"}

func newReached() *reached {
	return &reached{steps: map[target]bool{}, ways: map[way]bool{}, taken: map[string]string{}}
}

// trace takes in what a run does.
func (c *reached) trace(r *runner, t run.Trace) {
	at := target{r.rb.Name, t.Step}
	switch t.Phase {
	case "begin":
		c.steps[at] = true
		delete(c.taken, r.id+"\x00"+t.Path)
		c.entered(r, t.Path)
	case "skip":
		c.entered(r, t.Path)
	case "ok":
		if _, taken := c.taken[r.id+"\x00"+t.Path]; !taken {
			c.ways[way{at, notTaken}] = true
		}
	}
}

// entered notes the block that a step stands in: a path ends with OWNER.KEY[INDEX]/STEP.
func (c *reached) entered(r *runner, path string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return
	}
	block := path[:i]
	begin := strings.LastIndexByte(block, '/') + 1
	owner, key, _ := strings.Cut(block[begin:], ".")
	if j := strings.IndexByte(key, '['); j >= 0 {
		key = key[:j]
	}
	c.ways[way{target{r.rb.Name, owner}, key}] = true
	c.taken[r.id+"\x00"+block[:begin]+owner] = key
}

// add takes over what another test came to.
func (c *reached) add(other *reached) {
	for at := range other.steps {
		c.steps[at] = true
	}
	for w := range other.ways {
		c.ways[w] = true
	}
}

// Coverage is which steps and branches of a blueprint the tests came to.
type Coverage struct {
	Covered int     `json:"covered"`
	Total   int     `json:"total"`
	Percent float64 `json:"percent"`
	Missed  []Miss  `json:"missed"`
}

// Miss is a step or a branch that no test came to.
type Miss struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Runbook string `json:"runbook"`
	Step    string `json:"step"`
	// Branch is the block of the step: then, case "x", catch; "" is the step itself.
	Branch string `json:"branch,omitempty"`
	// Within says that the place stands in a step or branch that is listed itself.
	Within bool `json:"within,omitempty"`
}

// coverage compares a blueprint with what its tests came to.
func coverage(bp *compile.Blueprint, c *reached) *Coverage {
	out := &Coverage{Missed: []Miss{}}
	for _, rb := range bp.Runbooks {
		out.sequence(rb, rb.Steps, c, false)
	}
	if out.Percent = 100; out.Total > 0 {
		out.Percent = math.Floor(float64(out.Covered)*1000/float64(out.Total)) / 10 // 100 is all
	}
	return out
}

func (out *Coverage) sequence(rb *compile.Runbook, nodes []*compile.Node, c *reached, within bool) {
	for _, n := range nodes {
		at := target{rb.Name, n.Name}
		missed := within
		if !out.count(c.steps[at], at, n.Range, "", within) {
			missed = true
		}
		for _, b := range n.Blocks {
			if len(b.Steps) == 0 {
				continue
			}
			inside := missed
			if b.Type != "" && !out.count(c.ways[way{at, b.Key}], at, b.Body.Range, header(b), missed) {
				inside = true
			}
			out.sequence(rb, b.Steps, c, inside)
		}
		if other := otherwise[n.Kind.Name]; other != "" && n.BlockOf(other, 0) == nil {
			out.count(c.ways[way{at, notTaken}], at, n.Range, other+" (not written)", missed)
		}
	}
}

// count counts one place.
func (out *Coverage) count(covered bool, at target, place hcl.Range, branch string, within bool) bool {
	out.Total++
	if covered {
		out.Covered++
		return true
	}
	out.Missed = append(out.Missed, Miss{File: place.Filename, Line: place.Start.Line, Runbook: at.runbook, Step: at.step, Branch: branch, Within: within})
	return false
}

// header is a block as it is written.
func header(b *compile.Block) string {
	if b.Label == "" {
		return b.Type
	}
	return b.Type + " \"" + b.Label + "\""
}
