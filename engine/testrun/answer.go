package testrun

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/run"
	"currant/steps"
)

// answers are the mocks of one step, in the order in which they answer.
type answers struct {
	mocks []*mock
	calls int
	// pages are the records that are given page by page, by run and path of the step.
	pages map[string]*paging
}

// paging is what a mock's records come to: further pages are of what the first was of.
type paging struct {
	items []cty.Value
	total int // of records, max_results aside
	delay time.Duration
}

// answer is what a mock comes to.
type answer struct {
	outcome run.Outcome
	delay   time.Duration
}

// mocked answers a call by the step's mocks; false where it has none. The error is of the mock itself.
func (w *world) mocked(r *runner, c run.Call) (answer, bool, hcl.Diagnostics) {
	as := w.answers[target{r.rb.Name, c.Node.Name}]
	if as == nil {
		return answer{}, false, nil
	}
	a := answer{outcome: run.Outcome{Path: c.Path}}
	key := r.id + "\x00" + c.Path
	p := as.pages[key]
	if c.Cursor == nil || p == nil {
		m := as.mocks[min(as.calls, len(as.mocks)-1)]
		as.calls++
		var diags hcl.Diagnostics
		if p, diags = m.answer(w, c, as.calls-1, &a); diags.HasErrors() {
			return a, true, diags
		}
		delete(as.pages, key)
	}
	if p != nil {
		a.delay = p.delay
		if a.outcome.Page, a.outcome.Err = p.page(c); a.outcome.Page.Next != nil {
			as.pages[key] = p
		}
	}
	if c.Timeout > 0 && a.delay > c.Timeout {
		a.delay = c.Timeout
		a.outcome = run.Outcome{Path: c.Path, Err: steps.Errorf(steps.TimeoutError, "no result within the step's timeout of %s", c.Timeout)}
	}
	return a, true, nil
}

// answer evaluates the mock for a call, into a, or gives the records of which it is a page.
func (m *mock) answer(w *world, c run.Call, index int, a *answer) (*paging, hcl.Diagnostics) {
	scope := w.scope(map[string]cty.Value{"call": cty.ObjectVal(map[string]cty.Value{
		"arguments": c.Args, "index": cty.NumberIntVal(int64(index)), "attempt": cty.NumberIntVal(int64(c.Attempt))})})
	expect := cty.NilVal
	if hasExpect(c.Node) {
		args, _ := c.Args.Unmark()
		expect = args.GetAttr("expect")
	}
	value := func(attr *lang.Attr) (cty.Value, hcl.Diagnostics) { return m.value(attr, c.Node, expect, scope) }
	if attr := m.block.Body.Attr("delay"); attr != nil {
		v, diags := value(attr)
		if diags.HasErrors() {
			return nil, diags
		}
		a.delay, _ = durationOf(v) // checked by value
	}
	if attr := m.block.Body.Attr("error"); attr != nil {
		v, diags := value(attr)
		if diags.HasErrors() {
			return nil, diags
		}
		if a.outcome.Err = errorOf(v, c.Node, expect); a.outcome.Err != nil {
			return nil, nil
		}
		if !m.answers() {
			return nil, hcl.Diagnostics{m.nothing(attr)}
		}
	}
	if attr := m.block.Body.Attr("records"); attr != nil {
		v, diags := value(attr)
		if diags.HasErrors() {
			return nil, diags
		}
		return pagingOf(c, v, a.delay), nil
	}
	v, diags := value(m.block.Body.Attr("output"))
	if diags.HasErrors() {
		return nil, diags
	}
	a.outcome.Value = v
	a.outcome.Page = steps.Page{Items: []cty.Value{v}, Summary: cty.NullVal(cty.DynamicPseudoType)}
	return nil, nil
}

// pagingOf makes pages of mocked records: of no more than max_results, where the step has that argument.
func pagingOf(c run.Call, marked cty.Value, delay time.Duration) *paging {
	v, marks := marked.Unmark()
	p := &paging{items: v.AsValueSlice(), delay: delay}
	for i := range p.items {
		p.items[i] = p.items[i].WithMarks(marks)
	}
	p.total = len(p.items)
	if most, ok := numberArg(c.Args, "max_results"); ok && most < len(p.items) {
		p.items = p.items[:most]
	}
	return p
}

// page is the page after a call's cursor: of page_size records, where the step has that argument.
func (p *paging) page(c run.Call) (steps.Page, error) {
	from := 0
	if c.Cursor != nil {
		if err := json.Unmarshal(c.Cursor, &from); err != nil {
			return steps.Page{}, steps.Errorf(steps.InternalError, "the place of the page: %s", err)
		}
	}
	to := len(p.items)
	if size, ok := numberArg(c.Args, "page_size"); ok && size > 0 {
		to = min(to, from+size)
	}
	from = min(from, to)
	pg := steps.Page{Items: p.items[from:to], Summary: summaryOf(c.Node, p.total, to < len(p.items))}
	if to < len(p.items) {
		pg.Next = []byte(strconv.Itoa(to))
	}
	return pg, nil
}

func numberArg(args cty.Value, name string) (int, bool) {
	v, ok := steps.Known(args, name)
	if !ok || v.Type() != cty.Number {
		return 0, false
	}
	n, _ := v.AsBigFloat().Int64()
	return int(n), true
}

// summaryOf is what a Pager's output has besides its items: null, but for what follows from the records.
func summaryOf(n *compile.Node, total int, more bool) cty.Value {
	attrs := map[string]cty.Value{}
	for name, t := range n.Output.AttributeTypes() {
		switch {
		case name == "total_count":
			attrs[name] = cty.NumberIntVal(int64(total))
		case name == "has_next_page":
			attrs[name] = cty.BoolVal(more)
		case name == "count" || name == "collected" || name == "nodes" || name == "results":
		default:
			attrs[name] = cty.NullVal(t)
		}
	}
	return cty.ObjectVal(attrs)
}
