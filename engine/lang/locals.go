package lang

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Locals evaluates local values in the order in which they need each other; a cycle is an error that names
// its members.
func Locals(attrs []*Attr, base *Scope) (map[string]cty.Value, hcl.Diagnostics) {
	l := &locals{base: base, attrs: map[string]*Attr{}, vals: map[string]cty.Value{}, state: map[string]int{}, deps: map[string][]string{}}
	for _, a := range attrs {
		if prev := l.attrs[a.Name]; prev != nil {
			l.diags = append(l.diags, Error(a.NameRange, "Duplicate local value", "The local value %q is defined at %s already.", a.Name, place(prev.Range)))
			continue
		}
		l.attrs[a.Name] = a
	}
	for _, a := range attrs {
		l.eval(a.Name)
	}
	return l.vals, l.diags
}

type locals struct {
	base  *Scope
	attrs map[string]*Attr
	vals  map[string]cty.Value
	state map[string]int // 1 being evaluated, 2 done
	// deps are the locals that each local refers to and that have not been looked at for it.
	deps  map[string][]string
	diags hcl.Diagnostics
}

// eval evaluates what a local needs, then itself. It keeps a stack of its own: a chain of locals may be long.
func (l *locals) eval(name string) {
	stack := []string{name}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		if l.state[n] == 2 {
			stack = stack[:len(stack)-1]
			continue
		}
		if l.state[n] == 0 {
			l.state[n], l.deps[n] = 1, l.needs(n)
		}
		next := ""
		for next == "" && len(l.deps[n]) > 0 {
			dep := l.deps[n][0]
			l.deps[n] = l.deps[n][1:]
			switch l.state[dep] {
			case 1:
				l.cycle(stack, dep)
			case 0:
				next = dep
			}
		}
		if next != "" {
			stack = append(stack, next)
			continue
		}
		stack = stack[:len(stack)-1]
		l.state[n] = 2
		if _, failed := l.vals[n]; failed {
			continue
		}
		scope := l.base.Child(map[string]cty.Value{"local": cty.ObjectVal(l.visible(n))})
		v, d := scope.Eval(l.attrs[n].Expr, cty.DynamicPseudoType)
		l.diags = append(l.diags, d...)
		l.vals[n] = v
	}
}

// needs are the locals that a local refers to.
func (l *locals) needs(name string) (out []string) {
	for _, t := range References(l.attrs[name].Expr) {
		if t.RootName() != "local" || len(t) < 2 {
			continue
		}
		if dep, ok := stepName(t[1]); ok && l.attrs[dep] != nil {
			out = append(out, dep)
		}
	}
	return out
}

// visible are the values of the locals that a local refers to; of all of them where it refers to none, so
// that a wrong name gets a suggestion.
func (l *locals) visible(name string) map[string]cty.Value {
	out := map[string]cty.Value{}
	wrong := false
	for _, t := range References(l.attrs[name].Expr) {
		if t.RootName() != "local" {
			continue
		}
		dep := ""
		if len(t) > 1 {
			dep, _ = stepName(t[1])
		}
		if v, ok := l.vals[dep]; ok {
			out[dep] = v
		} else {
			wrong = true
		}
	}
	if wrong {
		for n := range l.attrs {
			if _, ok := out[n]; !ok && n != name {
				out[n] = cty.DynamicVal
			}
		}
	}
	return out
}

func (l *locals) cycle(stack []string, dep string) {
	from := 0
	for i, n := range stack {
		if n == dep {
			from = i
		}
	}
	members := append(append([]string(nil), stack[from:]...), dep)
	if _, known := l.vals[dep]; known {
		return
	}
	for _, n := range stack[from:] {
		l.vals[n] = cty.DynamicVal
	}
	for i := range members {
		members[i] = "local." + members[i]
	}
	l.diags = append(l.diags, Error(l.attrs[dep].NameRange, "Cycle in local values", "These local values need each other: %s.", strings.Join(members, " → ")))
}
