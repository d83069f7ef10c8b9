package compile

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"currant/engine/lang"
)

// graph is which runbook calls which, read from the syntax alone: a call may stand before the runbook that
// it calls, whose outputs are to be known first.
type graph struct {
	calls map[string][]callSite
}

// callSite is a `call` step's reference to a runbook.
type callSite struct {
	target string
	at     hcl.Range
}

func (c *compiler) graph() graph {
	g := graph{calls: map[string][]callSite{}}
	for _, b := range c.body.BlocksOf("runbook") {
		if c.runbooks[b.Label()] == b {
			g.calls[b.Label()] = callsIn(b.Source.Body, nil)
		}
	}
	return g
}

func callsIn(body *hclsyntax.Body, found []callSite) []callSite {
	for _, b := range body.Blocks {
		if b.Type == "step" && len(b.Labels) > 0 && b.Labels[0] == "call" {
			if a := b.Body.Attributes["runbook"]; a != nil {
				if t, d := hcl.AbsTraversalForExpr(a.Expr); !d.HasErrors() && t.RootName() == "runbook" {
					if name, ok := second(t); ok {
						found = append(found, callSite{name, a.Expr.Range()})
					}
				}
			}
		}
		found = callsIn(b.Body, found)
	}
	return found
}

// levels puts runbooks in order: each after those that it calls, those of a level beside each other. It also
// reports each circle, at the call that closes it. Names come in file order.
func (g graph) levels(names []string) (levels [][]string, diags hcl.Diagnostics) {
	type visit struct {
		name string
		next int // of its calls
	}
	level, onStack := map[string]int{}, map[string]bool{}
	for _, start := range names {
		if _, done := level[start]; done {
			continue
		}
		stack := []visit{{name: start}}
		onStack[start] = true
		for len(stack) > 0 {
			v := &stack[len(stack)-1]
			sites := g.calls[v.name]
			if v.next < len(sites) {
				site := sites[v.next]
				v.next++
				_, declared := g.calls[site.target]
				_, done := level[site.target]
				switch {
				case !declared || done:
				case onStack[site.target]:
					from := slices.IndexFunc(stack, func(s visit) bool { return s.name == site.target })
					var members []string
					for _, s := range stack[from:] {
						members = append(members, s.name)
					}
					diags = append(diags, lang.Error(site.at, "Runbooks call each other in a circle",
						"These runbooks would never end: %s → %s. Take one of the calls out.", strings.Join(members, " → "), site.target))
				default:
					stack = append(stack, visit{name: site.target})
					onStack[site.target] = true
				}
				continue
			}
			own := 0
			for _, site := range sites {
				if l, done := level[site.target]; done {
					own = max(own, l+1)
				}
			}
			level[v.name] = own
			onStack[v.name] = false
			stack = stack[:len(stack)-1]
		}
	}
	for _, name := range names {
		for len(levels) <= level[name] {
			levels = append(levels, nil)
		}
		levels[level[name]] = append(levels[level[name]], name)
	}
	return levels, diags
}
