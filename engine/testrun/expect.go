package testrun

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
)

// expect is one `expect` block.
type expect struct {
	at       target
	block    *lang.Block
	count    *int
	index    int
	declared cty.Type // of the arguments
}

// expect checks one expect block.
func (b *binder) expect(rb *compile.Runbook, bl *lang.Block) *expect {
	at, n := b.step(rb, bl)
	if n == nil {
		return nil
	}
	v, diags := bl.Body.Eval(b.static())
	b.report(diags...)
	var args expectArgs
	expectSpec.Decode(v, &args)
	e := &expect{at: at, block: bl, count: args.Count, index: args.Index, declared: argumentsType(n.Kind.Spec())}
	a := bl.Body.Attr("arguments")
	if a == nil {
		if index := bl.Body.Attr("index"); index != nil {
			b.report(lang.Error(index.NameRange, "Missing argument", "\"index\" says which call the \"arguments\" are of: write them too."))
		}
		return e
	}
	if e.count != nil && *e.count <= e.index && !diags.HasErrors() {
		b.report(lang.Error(a.NameRange, "Conflicting arguments", "With count = %d there is no call %d whose arguments could be looked at.", *e.count, e.index))
	}
	val, diags := b.static().Eval(a.Expr, cty.DynamicPseudoType)
	b.report(diags...)
	if !diags.HasErrors() {
		b.expected(n, a, val)
	}
	return e
}

// expected reports arguments that the step's kind does not have, or that could never have such a value.
func (b *binder) expected(n *compile.Node, a *lang.Attr, marked cty.Value) {
	v, _ := marked.Unmark()
	if !v.IsKnown() {
		return
	}
	if v.IsNull() || !v.Type().IsObjectType() {
		b.report(lang.Error(a.Expr.Range(), "Incorrect value type", "\"arguments\" is an object of the step's arguments by name."))
		return
	}
	spec := n.Kind.Spec()
	var names []string
	for _, f := range spec.Fields {
		if comparable(f) {
			names = append(names, f.Name)
		}
	}
	for _, bl := range spec.Blocks {
		if !bl.Spec.HoldsSteps && bl.Name != "retry" {
			names = append(names, bl.Name)
		}
	}
	given := v.AsValueMap()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		at := placeOf(a.Expr, cty.GetAttrPath(name))
		f := spec.Field(name)
		switch {
		case f == nil && spec.Remain == nil && !slices.Contains(names, name), f != nil && !comparable(f):
			hint := lang.DidYouMean(name, names)
			if hint == "" {
				hint = " " + has(names)
			}
			b.report(lang.Error(at, "Unsupported argument", "A step of kind %q has no argument %q.%s", n.Kind.Name, name, hint))
		case f != nil && f.Form != lang.FormRunbook:
			if _, err := fitAt(given[name], f.Type, cty.GetAttrPath(name)); err != nil {
				b.report(lang.Error(at, "The step is never called with this", "%s", sentence(err.Error())))
			}
		}
	}
}

// argumentsType is the declared type of the arguments of a step, blocks included.
func argumentsType(s *lang.Spec) cty.Type {
	attrs := maps.Clone(s.ObjectType().AttributeTypes())
	for _, b := range s.Blocks {
		if b.Spec == nil {
			continue
		}
		if attrs[b.Name] = argumentsType(b.Spec); b.Multiple {
			attrs[b.Name] = cty.List(attrs[b.Name])
		}
	}
	return cty.Object(attrs)
}

// comparable says whether a field has a value of its own in each call, or the name of what it refers to.
func comparable(f *lang.Field) bool {
	switch f.Form {
	case lang.FormValue, lang.FormStatic, lang.FormLiteral:
		return f.Name != "description" && f.Name != "interrupted" && f.Name != "timeout"
	case lang.FormRunbook:
		return true
	}
	return false
}

// check compares the calls of a step with what is expected of them.
func (e *expect) check(w *world) hcl.Diagnostics {
	done := w.calls.byStep[e.at]
	name := e.block.Label()
	switch {
	case e.count != nil && len(done) != *e.count:
		at := e.block.Body.Attr("count").Range
		return hcl.Diagnostics{lang.Error(at, "Step called another number of times", "The step %q was called %s, and %s was expected.%s", name, times(len(done)), times(*e.count), seen(done))}
	case e.count == nil && len(done) == 0:
		return hcl.Diagnostics{lang.Error(e.block.Range, "Step not called", "The step %q was never called%s.", name, w.whyNot(e.at))}
	}
	a := e.block.Body.Attr("arguments")
	if a == nil {
		return nil
	}
	if e.index >= len(done) {
		return hcl.Diagnostics{lang.Error(a.NameRange, "Step not called so often", "The step %q was called %s; there is no call %d, counted from 0.%s", name, times(len(done)), e.index, seen(done))}
	}
	want, diags := w.scope(nil).Eval(a.Expr, cty.DynamicPseudoType)
	if diags.HasErrors() {
		return diags
	}
	got := done[e.index].args
	if got == cty.NilVal {
		return hcl.Diagnostics{lang.Error(a.NameRange, "Arguments unknown", "The arguments of call %d of the step %q were not evaluated: it ended before.", e.index, name)}
	}
	ok, wantShown, gotShown := compare(want, got, e.declared)
	if ok {
		return nil
	}
	text := fmt.Sprintf("The %s call of the step %q, at %s, had other arguments (- expected, + actual):\n\n%s", nth(e.index), name, done[e.index].path, difference(wantShown, gotShown))
	return hcl.Diagnostics{lang.Error(a.Range, "Step called with other arguments", "%s", text)}
}

// nth is the place of an index in words.
func nth(i int) string {
	switch {
	case i == 0:
		return "first"
	case i%10 == 0 && i%100 != 10:
		return fmt.Sprintf("%dst", i+1)
	case i%10 == 1 && i%100 != 11:
		return fmt.Sprintf("%dnd", i+1)
	case i%10 == 2 && i%100 != 12:
		return fmt.Sprintf("%drd", i+1)
	}
	return fmt.Sprintf("%dth", i+1)
}

// whyNot explains why a step did not run, where that is known.
func (w *world) whyNot(at target) string {
	if w.calls.skipped[at] {
		return ": its \"when\" was false"
	}
	return ""
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// seen lists the arguments of the first calls.
func seen(done []*execution) string {
	const most = 3
	var b strings.Builder
	for i, e := range done[:min(len(done), most)] {
		if e.args == cty.NilVal {
			continue
		}
		fmt.Fprintf(&b, "\n  %d: %s", i, oneLine(withoutNulls(e.args)))
	}
	if b.Len() == 0 {
		return ""
	}
	if len(done) > most {
		fmt.Fprintf(&b, "\n  … and %d more", len(done)-most)
	}
	return " The calls were:\n" + b.String()
}
