package compile

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// environment is what the blueprint's names stand for: var, local, app, runbook, each an object by name.
type environment map[string]map[string]cty.Value

// names puts the blueprint's scope together: path, var, local, app, runbook.
func (c *compiler) names() {
	functions := lang.Functions(c.functionOptions())
	abs, err := filepath.Abs(c.src.Dir)
	if err != nil {
		abs = c.src.Dir
	}
	dir := map[string]cty.Value{"blueprint": cty.StringVal(abs)}
	c.base = lang.NewScope(functions, map[string]cty.Value{"path": cty.ObjectVal(dir)})
	vars, diags := lang.Variables(c.body.BlocksOf("variable"), c.src.Vars, c.o.Values, c.base)
	c.report(diags...)
	c.bp.Variables = vars
	vals := map[string]cty.Value{}
	for _, v := range vars {
		vals[v.Name] = v.Value
	}
	c.env = environment{"path": dir, "var": vals, "runbook": c.runbookNames()}
	c.env["app"] = c.apps(nil)
	locals, diags := c.locals()
	if !wholly(c.env["app"]) {
		// An app's texts may use locals, and locals may use apps.
		if apps := c.apps(locals); wholly(apps) {
			c.env["app"] = apps
			locals, diags = c.locals()
		}
	}
	c.report(diags...)
	c.env["local"] = locals
	c.bp.Scope = c.base.Child(c.env.objects("var", "app", "runbook", "local"))
	c.loose = c.env.objects("var", "local")
	for root, v := range c.loose {
		c.loose[root] = unknownLike(v, lang.LooseType(v.Type()))
	}
}

func wholly(vals map[string]cty.Value) bool { return cty.ObjectVal(vals).IsWhollyKnown() }

func (e environment) objects(roots ...string) map[string]cty.Value {
	out := map[string]cty.Value{}
	for _, root := range roots {
		out[root] = cty.ObjectVal(e[root])
	}
	return out
}

func (c *compiler) locals() (map[string]cty.Value, hcl.Diagnostics) {
	var attrs []*lang.Attr
	for _, b := range c.body.BlocksOf("locals") {
		attrs = append(attrs, b.Body.Attrs...)
	}
	ev := lang.NewEval(lang.EvalLimits{})
	ev.Forbid = "local values are the same in every run"
	scope := c.base.WithEval(ev, c.env.objects("var", "app", "runbook"))
	return lang.Locals(attrs, scope.Static(func(root, _ string) string {
		if isOfRun(root) {
			return fmt.Sprintf("%q belongs to a run; local values are evaluated when the blueprint is loaded. Use a compute step.", root)
		}
		return explainReference(root)
	}))
}

// isOfRun says whether a root name is known in a run only.
func isOfRun(root string) bool {
	switch root {
	case "step", "trigger", "state", "job", "each", "error":
		return true
	}
	return false
}

func explainReference(root string) string {
	if root == "connection" {
		return "A connection may be named by the connection argument only."
	}
	return ""
}

// apps tells what app.N is: its texts as far as var, and the locals that are given, make them known.
func (c *compiler) apps(locals map[string]cty.Value) map[string]cty.Value {
	scope := c.base.Child(map[string]cty.Value{"var": cty.ObjectVal(c.env["var"]), "local": cty.ObjectVal(locals)})
	apps := map[string]cty.Value{}
	for _, b := range c.body.BlocksOf("app") {
		text := func(name, fallback string) cty.Value {
			if a := b.Source.Body.Attributes[name]; a != nil {
				if v, d := scope.Eval(a.Expr, cty.String); !d.HasErrors() {
					return v
				}
				return cty.UnknownVal(cty.String) // what is wrong is reported with the app
			}
			return cty.StringVal(fallback)
		}
		apps[b.Label()] = cty.ObjectVal(map[string]cty.Value{"reference": text("reference", b.Label()), "name": text("name", b.Label())})
	}
	return apps
}

// runbookNames declares the runbooks and tells what runbook.N is.
func (c *compiler) runbookNames() map[string]cty.Value {
	out := map[string]cty.Value{}
	for _, b := range c.body.BlocksOf("runbook") {
		name := b.Label()
		if prev := c.runbooks[name]; prev != nil {
			c.report(lang.Error(b.Range, "Duplicate runbook", "The runbook %q is declared at %s:%d already. Give this one another name.", name, prev.Range.Filename, prev.Range.Start.Line))
			continue
		}
		c.runbooks[name] = b
		endpoint := cty.NullVal(cty.String)
		if t := blockIn(b.Source.Body, "trigger"); t != nil && len(t.Labels) > 0 {
			if k := c.o.Triggers.Kind(t.Labels[0]); k != nil && k.Endpoint {
				endpoint = cty.StringVal(strings.TrimSuffix(c.o.PublicURL, "/") + "/inbound/" + c.bp.Name + "/" + name)
			}
		}
		out[name] = cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name), "endpoint": endpoint})
	}
	return out
}

func blockIn(body *hclsyntax.Body, typ string) *hclsyntax.Block {
	for _, b := range body.Blocks {
		if b.Type == typ {
			return b
		}
	}
	return nil
}

// static is the blueprint's scope for checking.
func (c *compiler) static() *lang.Scope {
	return c.bp.Scope.Static(func(root, _ string) string {
		if isOfRun(root) {
			return fmt.Sprintf("%q belongs to a run and may be used inside a runbook only.", root)
		}
		return explainReference(root)
	})
}
