package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// jobType is the type of `job`.
var jobType = cty.Object(map[string]cty.Type{"uuid": cty.String, "runbook": cty.String, "blueprint": cty.String,
	"started_at": cty.String, "context": cty.String, "attempt": cty.Number})

// errorType is the type of `error` in a catch block.
var errorType = cty.Object(map[string]cty.Type{"message": cty.String, "kind": cty.String, "step": cty.String, "status": cty.Number})

// builder checks one runbook.
type builder struct {
	*compiler
	rb      *Runbook
	block   *lang.Block
	scope   *lang.Scope // the blueprint's names, trigger, state, job
	names   map[string]declared
	states  map[string]cty.Type
	inOrder map[string]int
}

// declared is where a step's name was given, and in what.
type declared struct {
	at     hcl.Range
	inside string // the each block or step that it stands in, or ""
}

func (c *compiler) runbook(b *lang.Block) {
	if c.runbooks[b.Label()] != b || b.Body == nil {
		return // reported as a duplicate
	}
	r := &builder{compiler: c, block: b, names: map[string]declared{}, states: map[string]cty.Type{},
		rb: &Runbook{Blueprint: c.bp, Name: b.Label(), Range: b.Range, Body: b.Source.Range(), Connections: map[string]*Connection{}, Nodes: map[string]*Node{}}}
	var args runbookArgs
	v, diags := headOf(b).Eval(c.static())
	c.report(diags...)
	b.Spec.Spec.Decode(v, &args)
	r.rb.Description, r.rb.Enabled, r.rb.Concurrency = args.Description, args.Enabled, args.Concurrency
	r.rb.Timeout, r.rb.Retention = orDefault(args.Timeout, 7*24*time.Hour), orDefault(args.Retention, 30*24*time.Hour)
	if r.rb.Concurrency == "" {
		r.rb.Concurrency = "unlimited"
	}
	trigger := r.trigger()
	r.statesOf()
	r.scope = c.bp.Scope.Child(map[string]cty.Value{
		"trigger": cty.UnknownVal(trigger), "state": unknowns(r.states), "job": cty.UnknownVal(jobType),
	})
	r.lazyTrigger()
	r.declare(b.Body.Steps, "")
	r.localConnections()
	vis := visible{}
	r.rb.Steps = r.sequence(b.Body.Steps, place{}, vis)
	if len(b.Body.Steps) == 0 {
		c.report(lang.Error(b.Range, "Runbook without steps", "The runbook %q has no step: add one, such as step \"log\" \"hello\" { message = \"…\" }.", r.rb.Name))
	}
	r.outputs(vis)
	c.bp.Runbooks = append(c.bp.Runbooks, r.rb)
	c.bp.byName[r.rb.Name] = r.rb
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// headOf is a runbook's body without the blocks that are evaluated elsewhere.
func headOf(b *lang.Block) *lang.Body {
	head := *b.Body
	head.Blocks = nil
	spec := *head.Spec
	spec.Blocks = nil
	head.Spec = &spec
	return &head
}

func unknowns(types map[string]cty.Type) cty.Value {
	vals := make(map[string]cty.Value, len(types))
	for n, t := range types {
		vals[n] = cty.UnknownVal(t)
	}
	return cty.ObjectVal(vals)
}

// trigger checks the trigger and tells the type of its output.
func (r *builder) trigger() cty.Type {
	b := r.block.Body.Block("trigger")
	if b == nil {
		return cty.DynamicPseudoType // reported as missing
	}
	kind := r.o.Triggers.Kind(b.Label())
	if kind == nil {
		r.report(lang.Error(b.LabelRanges[0], "Unknown trigger kind", "There is no trigger kind %q.%s", b.Label(), lang.DidYouMean(b.Label(), r.o.Triggers.Names())))
		return cty.DynamicPseudoType
	}
	body, diags := kind.Spec().Bind(b.Source.Body, b.Range)
	r.report(diags...)
	r.references(body)
	args, diags := body.Eval(r.static())
	r.report(diags...)
	check := &ingress.Check{Body: body, Args: args, Scope: r.static()}
	if kind.Check != nil {
		r.report(kind.Check(check)...)
	}
	out := cty.EmptyObject
	if kind.Output != nil {
		out = kind.Output(check)
	}
	r.rb.Trigger = &ingress.Trigger{Blueprint: r.bp.Name, Runbook: r.rb.Name, Kind: kind, Body: body, Args: args,
		Output: out, Scope: r.bp.Scope, Enabled: r.rb.Enabled}
	return out
}

// lazyTrigger checks the trigger's expressions over its own output: discard_when, context and the like.
func (r *builder) lazyTrigger() {
	if r.rb.Trigger == nil {
		return
	}
	scope := r.bp.Scope.Child(map[string]cty.Value{"trigger": cty.UnknownVal(r.rb.Trigger.Output)}).Static(func(root, _ string) string {
		if root == "step" || root == "state" || root == "job" {
			return fmt.Sprintf("%q is not there yet: a trigger is asked before its run begins. Use trigger.", root)
		}
		return ""
	})
	r.report(ingress.CheckPerEvent(r.rb.Trigger.Body, scope)...)
}

func (r *builder) statesOf() {
	for _, b := range r.block.Body.BlocksOf("state") {
		name := b.Label()
		if _, dup := r.states[name]; dup {
			r.report(lang.Error(b.Range, "Duplicate state", "The state %q is declared twice.", name))
			continue
		}
		if steps.IsCommon(name) {
			r.report(lang.Error(b.LabelRanges[0], "Invalid state name", "A state may not be called %q: every step has an argument of that name.", name))
		}
		st := State{Name: name, Type: cty.DynamicPseudoType}
		t, defaults, typed := b.Body.TypeOf("type")
		def := b.Body.Attr("default")
		if def == nil && b.Body.Attr("type") == nil {
			r.report(lang.Error(b.Range, "Missing argument", "The state %q needs a type or a default.", name))
		}
		st.Default = cty.NullVal(cty.DynamicPseudoType)
		if def != nil {
			v, diags := r.static().EvalAttr(def)
			r.report(diags...)
			st.Default = v
		}
		if typed {
			st.Type = t
			st.Default = r.fit(st.Default, t, defaults, def)
		} else if def != nil {
			st.Type = widen(st.Default.Type())
			if v, err := lang.ConvertTo(st.Default, st.Type, nil); err == nil {
				st.Default = v
			}
		}
		r.states[name] = st.Type
		r.rb.States = append(r.rb.States, st)
	}
}

func (r *builder) fit(v cty.Value, t cty.Type, defaults *typeexpr.Defaults, at *lang.Attr) cty.Value {
	out, err := lang.ConvertTo(v, t, defaults)
	if err != nil {
		r.report(lang.Error(at.Expr.Range(), "Incorrect value type", "The default does not fit the type %s: %s.", typeexpr.TypeString(t), err))
		return cty.UnknownVal(t)
	}
	return out
}

// widen is the type of a state whose default is of type t: an empty list or object may become anything.
func widen(t cty.Type) cty.Type {
	switch {
	case t.Equals(cty.EmptyTuple), t.Equals(cty.EmptyObject):
		return cty.DynamicPseudoType
	case t.IsTupleType():
		first := t.TupleElementType(0)
		for _, et := range t.TupleElementTypes() {
			if !et.Equals(first) {
				return cty.DynamicPseudoType
			}
		}
		return cty.List(widen(first))
	}
	return t
}

func (r *builder) localConnections() {
	for _, b := range r.block.Body.BlocksOf("connection") {
		conn := r.connection(b, true)
		if conn == nil {
			continue
		}
		if prev := r.bp.Connections[conn.Name]; prev != nil {
			r.report(lang.Error(b.Range, "Duplicate connection", "The blueprint has a connection %q at %s:%d; a runbook's own may not share its name.", conn.Name, prev.Range.Filename, prev.Range.Start.Line))
		}
		if prev := r.rb.Connections[conn.Name]; prev != nil {
			r.report(lang.Error(b.Range, "Duplicate connection", "The connection %q is declared at line %d already.", conn.Name, prev.Range.Start.Line))
			continue
		}
		r.rb.Connections[conn.Name] = conn
	}
}

// outputs are checked with all steps that are visible at the runbook's end.
func (r *builder) outputs(vis visible) {
	types := map[string]cty.Type{}
	for _, b := range r.block.Body.BlocksOf("output") {
		name := b.Label()
		if _, dup := types[name]; dup {
			r.report(lang.Error(b.Range, "Duplicate output", "The output %q is declared twice.", name))
			continue
		}
		types[name] = cty.DynamicPseudoType
		var args outputArgs
		v, diags := b.Body.Eval(r.static())
		r.report(diags...)
		b.Spec.Spec.Decode(v, &args)
		a := b.Body.Attr("value")
		if a == nil {
			continue
		}
		needs := needsOf([]hclsyntax.Expression{a.Expr})
		val, diags := r.at(place{}, vis, needs).Eval(a.Expr, cty.DynamicPseudoType)
		r.report(diags...)
		if lang.IsSensitive(val) && !args.Sensitive {
			r.report(lang.Error(a.Expr.Range(), "Output refers to sensitive values", "The value of output %q comes from a sensitive value; write sensitive = true, and it is masked wherever it is shown.", name))
		}
		types[name] = val.Type()
		r.rb.Outputs = append(r.rb.Outputs, Output{Name: name, Description: args.Description, Expr: a.Expr, Sensitive: args.Sensitive, Range: b.Range, Needs: needs})
	}
	r.rb.OutputType = cty.Object(types)
}

// circles refuses runbooks that call each other in a circle.
func (c *compiler) circles() {
	calls := map[string][]string{}
	for _, rb := range c.bp.Runbooks {
		for _, n := range slices.Sorted(maps.Keys(rb.Nodes)) {
			for attr, target := range rb.Nodes[n].References {
				if attr == "runbook" && rb.Nodes[n].Kind.Name == "call" {
					calls[rb.Name] = append(calls[rb.Name], target)
				}
			}
		}
	}
	done := map[string]bool{}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if i := slices.Index(path, name); i >= 0 {
			circle := strings.Join(append(path[i:], name), " → ")
			c.report(lang.Error(c.runbooks[name].Range, "Runbooks call each other in a circle", "%s.", circle))
			for _, n := range path[i:] {
				done[n] = true
			}
			return
		}
		if done[name] || len(path) > 1000 {
			return
		}
		for _, target := range calls[name] {
			visit(target, append(slices.Clone(path), name))
		}
		done[name] = true
	}
	for _, rb := range c.bp.Runbooks {
		visit(rb.Name, nil)
	}
}

// secretsRunbook checks the rules on app triggers (LANGUAGE section 4).
func (c *compiler) secretsRunbook() {
	var secrets, apps []*Runbook
	byApp := map[string]*Runbook{}
	for _, rb := range c.bp.Runbooks {
		if rb.Trigger == nil {
			continue
		}
		if rb.Trigger.Kind.App {
			apps = append(apps, rb)
		}
		switch rb.Trigger.Kind.Name {
		case "secrets_changed":
			secrets = append(secrets, rb)
		case "automation_webhook":
			ref := rb.Trigger.Args.GetAttr("app_reference")
			if ref.IsNull() || !ref.IsKnown() {
				continue
			}
			if prev := byApp[ref.AsString()]; prev != nil {
				c.report(lang.Error(rb.Range, "Two automation webhooks for one app", "The runbooks %q (%s:%d) and %q both serve the app %q.", prev.Name, prev.Range.Filename, prev.Range.Start.Line, rb.Name, ref.AsString()))
			}
			byApp[ref.AsString()] = rb
		}
	}
	hasApp := slices.ContainsFunc(c.bp.Resources, func(r BoundResource) bool { return r.Kind == "app" })
	switch {
	case len(secrets) > 1:
		for _, rb := range secrets[1:] {
			c.report(lang.Error(rb.Range, "More than one secrets_changed runbook", "A blueprint has exactly one; the first is %q at %s:%d.", secrets[0].Name, secrets[0].Range.Filename, secrets[0].Range.Start.Line))
		}
	case len(secrets) == 0 && (hasApp || len(apps) > 0):
		at := hcl.Range{}
		if len(apps) > 0 {
			at = apps[0].Range
		} else {
			i := slices.IndexFunc(c.bp.Resources, func(r BoundResource) bool { return r.Kind == "app" })
			at = c.bp.Resources[i].Range
		}
		c.report(lang.Error(at, "No secrets_changed runbook", "A blueprint with an app, or with a trigger of one, needs exactly one runbook with the trigger secrets_changed: the customers' credentials arrive there."))
	}
}
