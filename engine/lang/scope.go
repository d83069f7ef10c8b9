package lang

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Scope is what the names in an expression stand for. A scope does not change: Child makes another that
// sees more. In a static scope some values are unknown, and evaluation looks into every branch.
type Scope struct {
	ctx    *hcl.EvalContext
	static bool
	// explain says, for people, why a name that exists cannot be used here; "" where it does not exist.
	explain func(root, name string) string
}

// NewScope is a scope of its own, with these functions and names.
func NewScope(functions map[string]function.Function, vars map[string]cty.Value) *Scope {
	return &Scope{ctx: &hcl.EvalContext{Functions: functions, Variables: vars}}
}

// Child is a scope that sees vars besides, and before, what s sees.
func (s *Scope) Child(vars map[string]cty.Value) *Scope {
	ctx := s.ctx.NewChild()
	ctx.Variables = vars
	return &Scope{ctx: ctx, static: s.static, explain: s.explain}
}

// Static is the same scope for checking: with unknown values, every branch looked into.
func (s *Scope) Static(explain func(root, name string) string) *Scope {
	return &Scope{ctx: s.ctx, static: true, explain: explain}
}

// IsStatic says whether the scope is for checking.
func (s *Scope) IsStatic() bool { return s.static }

// WithEval is a child scope whose evaluations are counted and dated by ev. It takes vars over: the caller
// may not use the map again.
func (s *Scope) WithEval(ev *Eval, vars map[string]cty.Value) *Scope {
	child := s.Child(vars)
	if child.ctx.Variables == nil {
		child.ctx.Variables = map[string]cty.Value{}
	}
	ev.Install(child.ctx)
	return child
}

// Context is the scope as the HCL library knows it.
func (s *Scope) Context() *hcl.EvalContext { return s.ctx }

// Lookup is the value of a root name.
func (s *Scope) Lookup(name string) (cty.Value, bool) { return lookup(s.ctx, name) }

func lookup(ctx *hcl.EvalContext, name string) (cty.Value, bool) {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[name]; ok {
			return v, true
		}
	}
	return cty.NilVal, false
}

// names are all root names that can be seen, sorted.
func names(ctx *hcl.EvalContext) []string {
	seen := map[string]bool{}
	for ; ctx != nil; ctx = ctx.Parent() {
		for n := range ctx.Variables {
			if ValidName(n) {
				seen[n] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
