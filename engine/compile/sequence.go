package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// visible are the steps that an expression may use, with unknowns of their outputs.
type visible map[string]cty.Value

// place is where in a runbook a step stands.
type place struct {
	bindings map[string]cty.Value // each blocks' names, error
	inside   string               // the innermost each block's step, for people
	noSet    string               // why state may not be set here, or ""
	guarded  bool                 // steps here may not run, whatever the values of variables
}

func (p place) bind(name string, v cty.Value) place {
	p.bindings = maps.Clone(p.bindings)
	if p.bindings == nil {
		p.bindings = map[string]cty.Value{}
	}
	p.bindings[name] = v
	return p
}

// declare collects the names of all steps, so that a reference to one that cannot be seen is explained.
func (r *builder) declare(blocks []*hclsyntax.Block, inside string) {
	for _, b := range blocks {
		name := inside
		if len(b.Labels) == 2 {
			if prev, dup := r.names[b.Labels[1]]; dup {
				r.report(lang.Error(b.LabelRanges[1], "Duplicate step name", "The step %q is declared at %s:%d already; step names are unique in a runbook.", b.Labels[1], prev.at.Filename, prev.at.Start.Line))
			} else {
				r.names[b.Labels[1]] = declared{at: b.DefRange(), inside: inside}
			}
			name = b.Labels[1]
		}
		r.declare(innerSteps(b.Body), name)
	}
}

// innerSteps are the step blocks right below a body, in its own blocks or in theirs.
func innerSteps(body *hclsyntax.Body) (out []*hclsyntax.Block) {
	for _, b := range body.Blocks {
		if b.Type == "step" {
			out = append(out, b)
		} else {
			out = append(out, innerSteps(b.Body)...)
		}
	}
	return out
}

// at is the static scope of expressions at a place that use what needs says.
func (r *builder) at(p place, vis visible, needs Needs) *lang.Scope {
	vars := map[string]cty.Value{}
	maps.Copy(vars, p.bindings)
	if len(needs.Steps) > 0 || slices.Contains(needs.Roots, "step") {
		outs := map[string]cty.Value{}
		for _, n := range needs.Steps {
			if v, ok := vis[n]; ok {
				outs[n] = v
			}
		}
		vars["step"] = cty.ObjectVal(outs)
	}
	return r.scope.WithEval(lang.NewEval(lang.EvalLimits{}), vars).Static(func(root, name string) string { return r.explain(root, name, vis) })
}

// loosely is a scope in which variables and locals have types and no values. A step that may be skipped is
// judged by it where the values do not fit: that is what its condition may guard against.
func (r *builder) loosely(scope *lang.Scope) *lang.Scope { return scope.Child(r.loose) }

// lazy checks an expression that is evaluated on its own, and gives its value.
func (r *builder) lazy(e hclsyntax.Expression, t cty.Type, p place, vis visible) cty.Value {
	scope := r.at(p, vis, r.looked.needsOf(e))
	v, diags := scope.Eval(e, t)
	if diags.HasErrors() && p.guarded {
		v, diags = r.loosely(scope).Eval(e, t)
	}
	r.report(diags...)
	return v
}

// explain says why a name of a run cannot be used at a place.
func (r *builder) explain(root, name string, vis visible) string {
	switch root {
	case "error":
		return "\"error\" is known in a catch block only."
	case "each":
		return "\"each\" is known in an each block without a label only."
	case "step":
	default:
		return explainReference(root)
	}
	if name == "" {
		return "\"step\" is followed by the name of a step: step.NAME."
	}
	d, exists := r.names[name]
	if !exists {
		return fmt.Sprintf("There is no step named %q in this runbook.%s", name, lang.DidYouMean(name, slices.Sorted(maps.Keys(vis))))
	}
	where := fmt.Sprintf("%s:%d", d.at.Filename, d.at.Start.Line)
	if d.inside != "" {
		return fmt.Sprintf("The step %q (%s) stands inside %q and cannot be seen from here: it runs later, in another branch, or once per item.", name, where, d.inside)
	}
	return fmt.Sprintf("The step %q (%s) has not run yet here; only steps before this one can be used.", name, where)
}

// sequence checks steps in order and adds them to what is visible.
func (r *builder) sequence(blocks []*hclsyntax.Block, p place, vis visible) (nodes []*Node) {
	for _, b := range blocks {
		if n := r.step(b, p, vis); n != nil {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func (r *builder) step(b *hclsyntax.Block, p place, vis visible) *Node {
	if len(b.Labels) != 2 {
		r.report(lang.Error(b.DefRange(), "Missing label", "A step has two labels, its kind and its name: step \"log\" \"hello\" { … }."))
		return nil
	}
	name := b.Labels[1]
	if !lang.ValidName(name) {
		r.report(lang.InvalidName(name, b.LabelRanges[1]))
	}
	kind := r.o.Steps.Kind(b.Labels[0])
	if kind == nil {
		r.report(lang.Error(b.LabelRanges[0], "Unknown step kind", "There is no step kind %q; \"currant docs\" lists them.%s", b.Labels[0], lang.DidYouMean(b.Labels[0], r.o.Steps.KindNames())))
		r.unknownKind(b, p, vis)
		vis[name] = cty.DynamicVal
		return nil
	}
	body, diags := kind.Spec().Bind(b.Body, b.DefRange())
	r.report(diags...)
	n := &Node{Name: name, Kind: kind, Body: body, Range: b.DefRange(), When: body.Attr("when"), Timeout: body.Attr("timeout"), Interrupted: "auto", References: map[string]string{}}
	if retry := body.Block("retry"); retry != nil {
		n.Retry = retry.Body
	}
	n.Needs = r.looked.needsOf(ownExprs(body)...)
	scope := r.at(p, vis, n.Needs)
	args, diags := body.Eval(scope)
	if diags.HasErrors() && (p.guarded || n.When != nil) {
		args, diags = body.Eval(r.loosely(scope))
	}
	r.report(diags...)
	if kind.SetsState && p.noSet != "" {
		r.report(lang.Error(n.Range, "State set in parallel", "%s", p.noSet))
	}
	r.interrupted(n)
	r.nodeReferences(n, vis)
	check := &steps.Check{Body: body, Args: args, Scope: scope, States: r.states, Runbook: r.runbookType, ConnectionNamed: body.Attr("connection") != nil, Connection: cty.NilVal, Collected: cty.NilType, Stored: r.o.Stored}
	r.connectionOf(n, check, vis)
	if n.Connection != nil {
		check.Connection = r.connectionArgs(n.Connection)
	}
	inner, collected := r.blocks(n, p, vis, check)
	r.lazies(n, p, vis, inner)
	if kind.Check != nil {
		r.report(kind.Check(check)...)
	}
	n.Output = kind.OutputType(check)
	maps.Copy(vis, inner)
	out := r.outputValue(n, check, collected)
	if kind.Unknown != nil {
		out = kind.Unknown(check)
	}
	n.Unknown, vis[name], r.outputs[name] = out, out, out
	r.rb.Nodes[name] = n
	return n
}

// unknownKind still checks the steps inside a step of an unknown kind.
func (r *builder) unknownKind(b *hclsyntax.Block, p place, vis visible) {
	for _, block := range b.Body.Blocks {
		inside := maps.Clone(vis)
		bound := p
		for _, name := range append([]string{"each", "error"}, block.Labels...) {
			bound = bound.bind(name, cty.DynamicVal)
		}
		for _, inner := range innerSteps(&hclsyntax.Body{Blocks: hclsyntax.Blocks{block}}) {
			r.step(inner, bound, inside)
		}
		for name := range inside {
			if _, before := vis[name]; !before {
				defer func() { vis[name] = cty.DynamicVal }()
			}
		}
	}
}

// ownExprs are a step's expressions but those of its each blocks that see the iteration.
func ownExprs(body *lang.Body) []hclsyntax.Expression {
	own := *body
	own.Blocks = slices.DeleteFunc(slices.Clone(body.Blocks), func(bl *lang.Block) bool { return isEach(bl.Spec) })
	out := own.Exprs()
	for _, bl := range body.Blocks {
		if isEach(bl.Spec) && bl.Body != nil {
			for _, a := range bl.Body.Attrs {
				if a.Field.Form != lang.FormLazy {
					out = append(out, a.Expr)
				}
			}
		}
	}
	return out
}

func isEach(bs *lang.BlockSpec) bool {
	return bs.Spec.HoldsSteps && strings.HasPrefix(bs.Name, "each")
}

func (r *builder) interrupted(n *Node) {
	a := n.Body.Attr("interrupted")
	if a == nil {
		return
	}
	v, diags := r.static().EvalAttr(a)
	if u, _ := v.Unmark(); !diags.HasErrors() && u.IsKnown() && !u.IsNull() {
		n.Interrupted = u.AsString()
	}
}

// blocks checks the blocks of steps inside a step and returns the steps that stay visible after it, and what
// the step collects.
func (r *builder) blocks(n *Node, p place, vis visible, check *steps.Check) (after visible, collected cty.Value) {
	after, collected = visible{}, cty.NilVal
	if n.Body.Spec.HoldsSteps {
		b := &Block{Key: "do", Body: n.Body}
		inner, inside := maps.Clone(vis), p
		inside.guarded = true
		b.Steps = r.sequence(n.Body.Steps, inside, inner)
		b.Inner = r.added(inner, vis, after)
		n.Blocks = append(n.Blocks, b)
	}
	nth := map[string]int{}
	for _, bl := range n.Body.Blocks {
		if bl.Body == nil || !bl.Body.Spec.HoldsSteps {
			continue
		}
		b := &Block{Type: bl.Spec.Name, Nth: nth[bl.Spec.Name], Label: bl.Label(), Body: bl.Body}
		nth[bl.Spec.Name]++
		b.Key = b.Type
		if bl.Spec.Multiple {
			b.Key = fmt.Sprintf("%s.%d", b.Type, b.Nth)
		}
		inside := p
		inside.guarded = true
		if n.Kind.Fork != nil {
			inside.noSet = fmt.Sprintf("Steps in the branches of %q run at once and may not set state.", n.Name)
			r.branchLabel(n, bl, b)
		}
		if n.Kind.Try != nil && b.Type == n.Kind.Try.Catch {
			b.Catch = true
			inside = inside.bind("error", cty.UnknownVal(errorType))
		}
		inner := maps.Clone(vis)
		if isEach(bl.Spec) {
			r.each(n, b, bl, &inside, vis, check)
			b.Steps = r.sequence(bl.Body.Steps, inside, inner)
			if v := r.collect(b, bl, inside, inner); v != cty.NilVal {
				check.Collected, collected = v.Type(), v
			}
		} else {
			b.Steps = r.sequence(bl.Body.Steps, inside, inner)
			b.Inner = r.added(inner, vis, after)
		}
		n.Blocks = append(n.Blocks, b)
	}
	return after, collected
}

func (r *builder) branchLabel(n *Node, bl *lang.Block, b *Block) {
	for _, other := range n.Blocks {
		if other.Type == b.Type && other.Label == b.Label {
			r.report(lang.Error(bl.Range, "Duplicate branch", "The branch %q stands twice in %q. Give one of them another name.", b.Label, n.Name))
		}
	}
	b.Key = b.Type + "." + b.Label
}

// added are the names that a block's sequence has made visible; they go into after.
func (r *builder) added(inner, vis, after visible) (names []string) {
	for name, v := range inner {
		if _, before := vis[name]; !before {
			names = append(names, name)
			after[name] = v
		}
	}
	slices.Sort(names)
	return names
}

// lazies checks the step's own lazy expressions: `when` sees what is before the step, others (while, until)
// also what is inside it.
func (r *builder) lazies(n *Node, p place, vis, inner visible) {
	all := maps.Clone(vis)
	maps.Copy(all, inner)
	for _, a := range n.Body.Attrs {
		if a.Field.Form != lang.FormLazy {
			continue
		}
		see, where := all, p
		if a.Name == "when" {
			see = vis
		} else {
			where.guarded = where.guarded || n.When != nil
		}
		r.lazy(a.Expr, cty.Bool, where, see)
	}
}
