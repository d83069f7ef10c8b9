package run

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
)

// scopeOf is what an expression of a step sees: only what it needs is put together.
func (m *Machine) scopeOf(f *frame, needs compile.Needs, path string, begun time.Time) *lang.Scope {
	vars := make(map[string]cty.Value, 4)
	for _, root := range needs.Roots {
		if root == "trigger" {
			vars[root] = m.trigger
		} else if v, ok := f.bound(root); ok {
			vars[root] = v
		}
	}
	if len(needs.Steps) > 0 {
		outs := make(map[string]cty.Value, len(needs.Steps))
		for _, name := range needs.Steps {
			outs[name] = m.output(f.scope, name)
		}
		vars["step"] = cty.ObjectVal(outs)
	}
	if needs.States {
		vars["state"] = cty.ObjectVal(m.states)
	}
	if needs.Job {
		vars["job"] = m.job()
	}
	ev := lang.NewEval(lang.EvalLimits{})
	ev.Now = func() (time.Time, bool) { return begun, true }
	ev.Seed, ev.Random = m.info.ID+"|"+path, m.info.Random
	return m.rb.Blueprint.Scope.WithEval(ev, vars)
}

// bound is the value of an each block's or a catch block's name.
func (f *frame) bound(name string) (cty.Value, bool) {
	for f != nil {
		if v, ok := f.binds[name]; ok {
			return v, true
		}
		if f.owner == nil {
			break
		}
		f = f.owner.frame
	}
	return cty.NilVal, false
}

// output is a step's output; null if it did not run.
func (m *Machine) output(s *scope, name string) cty.Value {
	for ; s != nil; s = s.parent {
		if v, ok := s.outs[name]; ok {
			return v
		}
	}
	if n := m.rb.Nodes[name]; n != nil {
		return cty.NullVal(n.Output)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

func (m *Machine) job() cty.Value {
	ctx := cty.NullVal(cty.String)
	if m.info.Context != "" {
		ctx = cty.StringVal(m.info.Context)
	}
	return cty.ObjectVal(map[string]cty.Value{"uuid": cty.StringVal(m.info.ID), "runbook": cty.StringVal(m.info.Runbook),
		"blueprint": cty.StringVal(m.info.Blueprint), "started_at": cty.StringVal(m.info.StartedAt.UTC().Format(time.RFC3339)),
		"context": ctx, "attempt": cty.NumberIntVal(int64(m.info.Attempt))})
}

// inputError is an evaluation's failure as an error of the step.
func (m *Machine) inputError(a *activation, diags hcl.Diagnostics) *steps.Error {
	return m.inputErrorAt(a.node.Range, diags)
}

func (m *Machine) inputErrorAt(at hcl.Range, diags hcl.Diagnostics) *steps.Error {
	var texts []string
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		if d.Subject != nil && len(texts) == 0 {
			at = *d.Subject
		}
		texts = append(texts, d.Summary+": "+d.Detail)
	}
	e := steps.Errorf(steps.InputError, "%s", strings.Join(texts, "; "))
	e.File, e.Line = at.Filename, at.Start.Line
	return e
}

func (m *Machine) errorAt(at hcl.Range, kind steps.ErrorKind, format string, args ...any) *steps.Error {
	e := steps.Errorf(kind, format, args...)
	e.File, e.Line = at.Filename, at.Start.Line
	return e
}

// sorted are a map's keys in order: nothing may depend on a map's own.
func sorted[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(m))
}
