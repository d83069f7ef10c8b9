package console

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"currant/engine"
)

// A page of a run stays light however long the run is: a loop shows a window of its iterations, those that need
// a look first, and values are cut.
const (
	windowSize = 40        // iterations of a loop that are shown at once
	maxSteps   = 600       // steps on a page
	valueMost  = 4 << 10   // bytes of one value
	valuesMost = 256 << 10 // bytes of all values
)

// node is a step with what ran inside it.
type node struct {
	engine.ViewStep
	Took         string
	Bar          bar
	Args, Result value
	Blocks       []block
}

// Folded says that there is something to unfold.
func (n *node) Folded() bool { return n.Args.Text != "" || n.Result.Text != "" }

// bar is the part of the run's time that a step took, in thousandths.
type bar struct{ X, W int }

// value is JSON for people.
type value struct {
	Text string
	More string // link to the whole, where Text is a part
}

// block is the steps of one block of a step, or of one of its loops.
type block struct {
	Label string
	Nodes []*node
	Loop  *loop
}

// loop is the window of iterations that is shown.
type loop struct {
	Known      int // iterations that there is a record of
	Counts     []count
	Iterations []iteration
	From, To   int    // the window, from 1
	Prev, Next string // links
}

type count struct {
	Status string
	N      int
}

type iteration struct {
	Key    string // its path, which tells it from the others of the page
	Index  int
	Status string
	Nodes  []*node
}

// tree puts a run's steps together for its page.
type tree struct {
	run      string
	from, to time.Time      // of the run
	window   map[string]int // where a loop's window begins, by path
	link     func(path string, from int) string
	steps    int // that are shown
	hidden   int // that would have been too many
	room     int // bytes left for values
}

// part is a place in paths: below it are steps, and blocks of steps.
type part struct {
	step  *engine.ViewStep
	order []string         // of parts
	parts map[string]*part // by the text between two separators
}

func (p *part) at(key string) *part {
	next := p.parts[key]
	if next == nil {
		if p.parts == nil {
			p.parts = map[string]*part{}
		}
		next = &part{}
		p.parts[key] = next
		p.order = append(p.order, key)
	}
	return next
}

// build makes the nodes of the runbook's own steps.
func (t *tree) build(all []engine.ViewStep) []*node {
	root := &part{}
	for i := range all {
		at := root
		for _, piece := range strings.Split(all[i].Path, "/") {
			name, blockKey, inside := strings.Cut(piece, ".")
			if at = at.at(name); inside {
				at = at.at(blockKey)
			}
		}
		at.step = &all[i]
	}
	return t.nodes("", root)
}

// nodes are the steps below a place; their paths begin with prefix.
func (t *tree) nodes(prefix string, p *part) []*node {
	var out []*node
	for _, name := range p.order {
		below := p.parts[name]
		if t.steps >= maxSteps {
			t.hidden += below.count()
			continue
		}
		t.steps++
		n := &node{ViewStep: engine.ViewStep{Name: name, Path: prefix + name}}
		if below.step != nil {
			n.ViewStep = *below.step
			t.dress(n)
		}
		n.Blocks = t.blocks(n.Path, below)
		out = append(out, n)
	}
	return out
}

func (p *part) count() int {
	n := 0
	if p.step != nil {
		n = 1
	}
	for _, below := range p.parts {
		n += below.count()
	}
	return n
}

// blocks are what a step holds: KEY, or KEY[N] for the nth iteration of a loop.
func (t *tree) blocks(path string, p *part) []block {
	var out []block
	loops := map[string][]int{}
	for _, key := range p.order {
		name, index, ok := iterationOf(key)
		if !ok {
			out = append(out, block{Label: strings.ReplaceAll(key, ".", " "), Nodes: t.nodes(path+"."+key+"/", p.parts[key])})
			continue
		}
		if loops[name] == nil {
			out = append(out, block{Label: name, Loop: &loop{}})
		}
		loops[name] = append(loops[name], index)
	}
	for i, b := range out {
		if b.Loop != nil {
			out[i].Loop = t.loop(path+"."+b.Label, p, b.Label, loops[b.Label])
		}
	}
	return out
}

// iterationOf takes KEY[N] apart.
func iterationOf(key string) (name string, index int, ok bool) {
	name, rest, ok := strings.Cut(key, "[")
	digits, closed := strings.CutSuffix(rest, "]")
	index, err := strconv.Atoi(digits)
	return name, index, ok && closed && err == nil
}

// loop shows the iterations that need a look first, then the others in their order.
func (t *tree) loop(path string, p *part, name string, indices []int) *loop {
	all := make([]iteration, 0, len(indices))
	counts := map[string]int{}
	for _, i := range indices {
		it := iteration{Index: i, Key: name + "[" + strconv.Itoa(i) + "]"}
		it.Status = p.parts[it.Key].status()
		counts[it.Status]++
		all = append(all, it)
	}
	slices.SortFunc(all, func(a, b iteration) int {
		if d := slices.Index(urgent, b.Status) - slices.Index(urgent, a.Status); d != 0 {
			return d
		}
		return a.Index - b.Index
	})
	l := &loop{Known: len(all), From: max(0, min(t.window[path], len(all)-1))}
	for _, status := range slices.Backward(urgent) {
		if counts[status] > 0 {
			l.Counts = append(l.Counts, count{status, counts[status]})
		}
	}
	l.To = min(l.From+windowSize, len(all))
	if l.From > 0 {
		l.Prev = t.link(path, max(l.From-windowSize, 0))
	}
	if l.To < len(all) {
		l.Next = t.link(path, l.To)
	}
	for _, it := range all[l.From:l.To] {
		at := strings.TrimSuffix(path, name) + it.Key
		it.Nodes, it.Key = t.nodes(at+"/", p.parts[it.Key]), at
		l.Iterations = append(l.Iterations, it)
	}
	l.From++
	return l
}

// urgent are the states of steps, those that need a look last.
var urgent = []string{"", "ok", "skipped", "stopped", "running", "waiting", "held", "failed"}

// status is the most urgent state of the steps below.
func (p *part) status() string {
	worst := 0
	if p.step != nil {
		worst = max(worst, slices.Index(urgent, p.step.Status))
	}
	for _, below := range p.parts {
		worst = max(worst, slices.Index(urgent, below.status()))
	}
	return urgent[worst]
}

// dress adds what a page shows of a step.
func (t *tree) dress(n *node) {
	begun, ended := n.StartedAt, n.EndedAt
	if begun.IsZero() {
		begun = ended
	}
	if ended.IsZero() && !begun.IsZero() {
		ended = t.to
	}
	if !begun.IsZero() {
		n.Took = took(ended.Sub(begun))
		if whole := t.to.Sub(t.from); whole > 0 {
			x := int(1000 * max(begun.Sub(t.from), 0) / whole)
			n.Bar = bar{X: min(x, 994), W: max(6, int(1000*max(ended.Sub(begun), 0)/whole))}
			n.Bar.W = min(n.Bar.W, 1000-n.Bar.X)
		}
	}
	n.Args, n.Result = t.value(n.Path, "arguments", n.Arguments), t.value(n.Path, "output", n.Output)
}

// value cuts JSON to what a page has room for.
func (t *tree) value(path, name string, raw json.RawMessage) value {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == "{}" {
		return value{}
	}
	text := pretty(raw)
	v := value{Text: text}
	if most := min(valueMost, t.room); len(text) > most {
		v = value{Text: cut(text, max(most, 0)), More: "/runs/" + url.PathEscape(t.run) + "/value?" + url.Values{"path": {path}, "part": {name}}.Encode()}
	}
	t.room -= len(v.Text)
	return v
}
