package compile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// Options are what a blueprint is compiled with.
type Options struct {
	Steps     *steps.Registry
	Triggers  *ingress.Registry
	Resources []Resource
	Values    lang.Values
	// PublicURL is the address under which events arrive, for runbook.N.endpoint; "" gives paths only.
	PublicURL string
	// Version is the build's, for required_version; "" for a development build.
	Version string
	// Previous lets unchanged files be taken over without parsing them again. Optional.
	Previous *Cache
}

type compiler struct {
	o        Options
	src      *lang.Source
	bp       *Blueprint
	diags    hcl.Diagnostics
	body     *lang.Body
	base     *lang.Scope // path and functions
	runbooks map[string]*lang.Block
	types    map[string]steps.RunbookType
	used     *files
}

func (c *compiler) report(d ...*hcl.Diagnostic) { c.diags = append(c.diags, d...) }

// Compile checks a blueprint. Everything that is wrong with it is reported; where that holds an error, the
// Blueprint is not to be run.
func Compile(src *lang.Source, o Options) (*Blueprint, hcl.Diagnostics) {
	c := &compiler{o: o, src: src, used: newFiles(src),
		bp:       &Blueprint{Dir: src.Dir, Connections: map[string]*Connection{}, Files: map[string][]byte{}, byName: map[string]*Runbook{}},
		runbooks: map[string]*lang.Block{}, types: map[string]steps.RunbookType{}}
	root := c.parse()
	c.body, c.diags = bindRoot(root, o.Resources, c.diags)
	c.heading()
	c.names()
	c.connections()
	c.resources()
	for _, b := range c.body.BlocksOf("runbook") {
		c.runbook(b)
	}
	c.circles()
	c.secretsRunbook()
	if !c.diags.HasErrors() {
		c.bp.Digest, c.bp.Bundle = bundle(c.src, c.used, c.bp.Variables)
	}
	return c.bp, c.diags
}

// parse reads all files as one body.
func (c *compiler) parse() *hclsyntax.Body {
	root := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}}
	for i, f := range c.src.Files {
		c.bp.Files[f.Name] = f.Bytes
		parsed, diags := c.o.Previous.parse(f)
		c.diags = append(c.diags, diags...)
		if parsed == nil {
			continue
		}
		body := parsed.Body.(*hclsyntax.Body)
		for name, a := range body.Attributes {
			key := name
			if _, taken := root.Attributes[name]; taken {
				key = fmt.Sprintf("%s\x00%d", name, i) // reported all the same: no attribute fits here
			}
			root.Attributes[key] = a
		}
		root.Blocks = append(root.Blocks, body.Blocks...)
		if i == 0 {
			root.SrcRange = body.SrcRange
		}
	}
	for _, f := range slices.Concat(c.src.Tests, c.src.Vars) {
		c.bp.Files[f.Name] = f.Bytes
	}
	return root
}

func bindRoot(root *hclsyntax.Body, resources []Resource, diags hcl.Diagnostics) (*lang.Body, hcl.Diagnostics) {
	start := root.SrcRange
	start.End = start.Start
	body, d := rootSpec(resources).Bind(root, start)
	return body, append(diags, d...)
}

// heading reads the blueprint block.
func (c *compiler) heading() {
	c.bp.Name = lang.NameOf(c.src.Dir)
	if c.src.Name != "" {
		c.bp.Name = c.src.Name
	}
	b := c.body.Block("blueprint")
	if b == nil {
		return
	}
	if b.Label() != "" {
		c.bp.Name = b.Label()
	}
	var args blueprintArgs
	v, diags := b.Body.Eval(lang.NewScope(nil, nil).Static(nil))
	c.report(diags...)
	b.Spec.Spec.Decode(v, &args)
	c.bp.Description = args.Description
	if args.RequiredVersion != "" {
		c.requireVersion(args.RequiredVersion, b.Body.Attr("required_version").Expr.Range())
	}
}

func (c *compiler) requireVersion(constraint string, at hcl.Range) {
	want, err := version.NewConstraint(constraint)
	if err != nil {
		c.report(lang.Error(at, "Invalid version constraint", "%q is no version constraint; write one such as \">= 0.1\".", constraint))
		return
	}
	if c.o.Version == "" {
		c.report(&hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Version constraint not checked", Subject: at.Ptr(),
			Detail: "This is a development build of Currant; required_version is ignored."})
		return
	}
	have, err := version.NewVersion(c.o.Version)
	if err == nil && !want.Check(have) {
		c.report(lang.Error(at, "Unsupported version of Currant", "The blueprint asks for %s; this is Currant %s.", constraint, c.o.Version))
	}
}

// names puts the blueprint's scope together: path, var, local, app, runbook.
func (c *compiler) names() {
	functions := lang.Functions(c.functionOptions())
	abs, err := filepath.Abs(c.src.Dir)
	if err != nil {
		abs = c.src.Dir
	}
	path := cty.ObjectVal(map[string]cty.Value{"blueprint": cty.StringVal(abs)})
	c.base = lang.NewScope(functions, map[string]cty.Value{"path": path})
	vars, diags := lang.Variables(c.body.BlocksOf("variable"), c.src.Vars, c.o.Values, c.base)
	c.report(diags...)
	c.bp.Variables = vars
	vals := map[string]cty.Value{}
	for _, v := range vars {
		vals[v.Name] = v.Value
	}
	outer := map[string]cty.Value{"var": cty.ObjectVal(vals), "app": c.apps(), "runbook": c.runbookNames()}
	var attrs []*lang.Attr
	for _, b := range c.body.BlocksOf("locals") {
		attrs = append(attrs, b.Body.Attrs...)
	}
	ev := lang.NewEval(lang.EvalLimits{})
	ev.Forbid = "local values are the same in every run"
	locals, diags := lang.Locals(attrs, c.base.WithEval(ev, outer).Static(func(root, _ string) string {
		switch root {
		case "step", "trigger", "state", "job", "each", "error":
			return fmt.Sprintf("%q belongs to a run; local values are evaluated when the blueprint is loaded. Use a compute step.", root)
		}
		return ""
	}))
	c.report(diags...)
	outer["local"] = cty.ObjectVal(locals)
	c.bp.Scope = c.base.Child(outer)
}

func (c *compiler) apps() cty.Value {
	apps := map[string]cty.Value{}
	for _, b := range c.body.Blocks {
		if b.Spec.Name != "app" {
			continue
		}
		text := func(name, fallback string) cty.Value {
			if a := b.Source.Body.Attributes[name]; a != nil {
				if v, d := a.Expr.Value(nil); !d.HasErrors() && v.Type() == cty.String {
					return v
				}
				return cty.UnknownVal(cty.String)
			}
			return cty.StringVal(fallback)
		}
		apps[b.Label()] = cty.ObjectVal(map[string]cty.Value{"reference": text("reference", b.Label()), "name": text("name", b.Label())})
	}
	return cty.ObjectVal(apps)
}

func (c *compiler) runbookNames() cty.Value {
	out := map[string]cty.Value{}
	for _, b := range c.body.BlocksOf("runbook") {
		name := b.Label()
		if prev := c.runbooks[name]; prev != nil {
			c.report(lang.Error(b.Range, "Duplicate runbook", "The runbook %q is declared at %s:%d already.", name, prev.Range.Filename, prev.Range.Start.Line))
			continue
		}
		c.runbooks[name] = b
		endpoint := cty.NullVal(cty.String)
		if t := b.Body.Block("trigger"); t != nil {
			if k := c.o.Triggers.Kind(t.Label()); k != nil && k.Endpoint {
				endpoint = cty.StringVal(strings.TrimSuffix(c.o.PublicURL, "/") + "/inbound/" + c.bp.Name + "/" + name)
			}
		}
		out[name] = cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name), "endpoint": endpoint})
	}
	return cty.ObjectVal(out)
}

// static is the blueprint's scope for checking.
func (c *compiler) static() *lang.Scope {
	return c.bp.Scope.Static(func(root, _ string) string {
		switch root {
		case "step", "trigger", "state", "job", "each", "error":
			return fmt.Sprintf("%q belongs to a run and may be used inside a runbook only.", root)
		}
		return ""
	})
}

func (c *compiler) connections() {
	for _, b := range c.body.BlocksOf("connection") {
		conn := c.connection(b, false)
		if conn == nil {
			continue
		}
		if prev := c.bp.Connections[conn.Name]; prev != nil {
			c.report(lang.Error(b.Range, "Duplicate connection", "The connection %q is declared at %s:%d already; names are unique across types.", conn.Name, prev.Range.Filename, prev.Range.Start.Line))
			continue
		}
		c.bp.Connections[conn.Name] = conn
		c.checkConnection(conn, c.static())
	}
}

func (c *compiler) connection(b *lang.Block, local bool) *Connection {
	kind := c.o.Steps.Connection(b.Labels[0])
	if kind == nil {
		c.report(lang.Error(b.LabelRanges[0], "Unknown connection type", "There is no connection type %q.%s", b.Labels[0], lang.DidYouMean(b.Labels[0], c.o.Steps.ConnectionNames())))
		return nil
	}
	body, diags := kind.Spec().Bind(b.Source.Body, b.Range)
	c.report(diags...)
	return &Connection{Name: b.Labels[1], Kind: kind, Body: body, Local: local, Range: b.Range, Needs: needsOf(body.Exprs()), Scope: c.bp.Scope}
}

func (c *compiler) checkConnection(conn *Connection, scope *lang.Scope) {
	args, diags := conn.Body.Eval(scope)
	c.report(diags...)
	if conn.Kind.Check != nil {
		c.report(conn.Kind.Check(&steps.Check{Body: conn.Body, Args: args, Scope: scope})...)
	}
}

func (c *compiler) resources() {
	for _, r := range c.o.Resources {
		for _, b := range c.body.BlocksOf(r.Name) {
			body, diags := r.Spec.Bind(b.Source.Body, b.Range)
			c.report(diags...)
			args, diags := body.Eval(c.static())
			c.report(diags...)
			c.references(body)
			if r.Check != nil {
				c.report(r.Check(body, args)...)
			}
			c.bp.Resources = append(c.bp.Resources, BoundResource{Kind: r.Name, Name: b.Label(), Body: body, Args: args, Range: b.Range})
		}
	}
}

// references checks that reference attributes name something that exists.
func (c *compiler) references(body *lang.Body) {
	for _, a := range body.Attrs {
		if a.Field.Form != lang.FormConnection {
			continue
		}
		if ref, d := a.Reference(); d == nil && c.bp.Connections[ref.Name] == nil {
			c.report(lang.Error(ref.Range, "Reference to undeclared connection", "There is no connection named %q.%s", ref.Name, lang.DidYouMean(ref.Name, slices.Collect(maps.Keys(c.bp.Connections)))))
		}
	}
}
