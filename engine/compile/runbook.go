package compile

import (
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// jobType is the type of `job`.
var jobType = cty.Object(map[string]cty.Type{"uuid": cty.String, "runbook": cty.String, "blueprint": cty.String,
	"started_at": cty.String, "context": cty.String, "attempt": cty.Number})

// errorType is the type of `error` in a catch block.
var errorType = cty.Object(map[string]cty.Type{"message": cty.String, "kind": cty.String, "step": cty.String, "status": cty.Number})

// builder checks one runbook. Builders of several runbooks work side by side: they only read the compiler.
type builder struct {
	*compiler
	diags  hcl.Diagnostics // hides the compiler's
	rb     *Runbook
	source *lang.Block
	body   *lang.Body  // of the runbook; hides the compiler's
	scope  *lang.Scope // the blueprint's names, trigger, state, job
	names  map[string]declared
	states map[string]cty.Type
	// stateValues are unknowns of the states' types, sensitive where their defaults are.
	stateValues map[string]cty.Value
	outputs     map[string]cty.Value // of all steps
	calls       map[string]signature
	connArgs    map[*Connection]cty.Value
	looked      looked
	ofBlueprint *lang.Scope // see static
	triggerConn string      // the connection that the trigger belongs to, or ""
}

// declared is where a step's name was given, and in what.
type declared struct {
	at     hcl.Range
	inside string // the each block or step that it stands in, or ""
}

func newBuilder(c *compiler, b *lang.Block) *builder {
	return &builder{compiler: c, source: b, names: map[string]declared{}, states: map[string]cty.Type{},
		stateValues: map[string]cty.Value{}, outputs: map[string]cty.Value{}, calls: map[string]signature{}, connArgs: map[*Connection]cty.Value{}, looked: looked{},
		rb: &Runbook{Name: b.Label(), Range: b.Range, Body: b.Source.Range(), OutputType: cty.EmptyObject,
			Connections: map[string]*Connection{}, Nodes: map[string]*Node{}}}
}

// report keeps diagnostics. One that is known is that of a budget that is used up, which ends every
// evaluation after it.
func (r *builder) report(d ...*hcl.Diagnostic) {
	for _, diag := range d {
		if !slices.Contains(r.diags, diag) {
			r.diags = append(r.diags, diag)
		}
	}
}

// static is the blueprint's scope for checking. Evaluations of one runbook share a budget.
func (r *builder) static() *lang.Scope {
	if r.ofBlueprint == nil {
		r.ofBlueprint = r.compiler.static().WithEval(lang.NewEval(lang.EvalLimits{}), nil)
	}
	return r.ofBlueprint
}

// build checks the runbook whole.
func (r *builder) build() *compiled {
	body, diags := runbookSpec.Bind(r.source.Source.Body, r.source.Range)
	r.body = body
	r.report(diags...)
	r.head()
	input, trigger := r.trigger()
	r.declareStates()
	r.scope = r.bp.Scope.Child(map[string]cty.Value{
		"trigger": cty.UnknownVal(trigger), "state": cty.ObjectVal(r.stateValues), "job": cty.UnknownVal(jobType),
	})
	r.lazyTrigger()
	r.declare(body.Steps, "")
	r.localConnections()
	vis := visible{}
	r.rb.Steps = r.sequence(body.Steps, place{}, vis)
	if len(body.Steps) == 0 {
		r.report(lang.Error(r.rb.Range, "Runbook without steps", "The runbook %q has no step: add one, such as step \"log\" \"hello\" { message = \"…\" }.", r.rb.Name))
	}
	r.checkLocalConnections()
	secret := r.declareOutputs(vis)
	e := &compiled{block: r.source, diags: r.diags, calls: r.calls, triggerConn: r.triggerConn,
		signature: signature{input: input, outputs: r.rb.OutputType, secret: secret}}
	if r.rb.Trigger != nil {
		e.signature.trigger = r.rb.Trigger.Kind.Name
	}
	e.finish(r.rb, r.looked)
	return e
}

// head evaluates the runbook's own arguments.
func (r *builder) head() {
	head := *r.body
	head.Blocks, head.Spec = nil, headSpec
	var args runbookHead
	v, diags := head.Eval(r.static())
	r.report(diags...)
	headSpec.Decode(v, &args)
	r.rb.Description, r.rb.Enabled, r.rb.Concurrency = args.Description, args.Enabled, args.Concurrency
	r.rb.Timeout, r.rb.Retention = orDefault(args.Timeout, 7*24*time.Hour), orDefault(args.Retention, 30*24*time.Hour)
	if r.rb.Concurrency == "" {
		r.rb.Concurrency = "unlimited"
	}
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

func (r *builder) declareStates() {
	first := map[string]hcl.Range{}
	for _, b := range r.body.BlocksOf("state") {
		name := b.Label()
		if prev, dup := first[name]; dup {
			r.report(lang.Error(b.Range, "Duplicate state", "The state %q is declared at line %d already. Give this one another name.", name, prev.Start.Line))
			continue
		}
		first[name] = b.Range
		if steps.IsCommon(name) {
			r.report(lang.Error(b.LabelRanges[0], "Invalid state name", "A state may not be called %q: every step has an argument of that name. Choose another name.", name))
		}
		st := r.state(name, b)
		r.states[name] = st.Type
		r.stateValues[name] = unknownLike(st.Default, st.Type)
		r.rb.States = append(r.rb.States, st)
	}
}

func (r *builder) state(name string, b *lang.Block) State {
	st := State{Name: name, Type: cty.DynamicPseudoType, Default: cty.NullVal(cty.DynamicPseudoType)}
	t, defaults, typed := b.Body.TypeOf("type")
	def := b.Body.Attr("default")
	if def == nil && b.Body.Attr("type") == nil {
		r.report(lang.Error(b.Range, "Missing argument", "The state %q needs a type or a default, such as type = number or default = 0.", name))
	}
	if def != nil {
		v, diags := r.static().EvalAttr(def)
		r.report(diags...)
		st.Default = v
	}
	switch {
	case typed:
		st.Type = t.WithoutOptionalAttributesDeep()
		st.Default = r.fit(st.Default, t, defaults, def)
	case def != nil && !st.Default.IsNull():
		st.Type = widen(st.Default.Type())
		if v, err := lang.ConvertTo(st.Default, st.Type, nil); err == nil {
			st.Default = v
		}
	}
	return st
}

func (r *builder) fit(v cty.Value, t cty.Type, defaults *typeexpr.Defaults, at *lang.Attr) cty.Value {
	out, err := lang.ConvertTo(v, t, defaults)
	if err != nil {
		r.report(lang.Error(at.Expr.Range(), "Incorrect value type", "The default does not fit the type %s: %s.", typeexpr.TypeString(t), reason(v, err)))
		return cty.UnknownVal(t.WithoutOptionalAttributesDeep())
	}
	return out
}

// reason is why a value could not be converted; of a sensitive one, not in the converter's words, for they
// may quote it.
func reason(v cty.Value, err error) string {
	if v.ContainsMarked() {
		return "it is sensitive, so the reason is not shown"
	}
	return err.Error()
}

// widen is the type of a state whose default is of type t: an empty list or object may become anything.
func widen(t cty.Type) cty.Type {
	switch {
	case t.Equals(cty.EmptyTuple) || t.Equals(cty.EmptyObject):
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

// declareOutputs checks the outputs, with all steps that are visible at the runbook's end, and names the
// sensitive ones.
func (r *builder) declareOutputs(vis visible) (secret []string) {
	types := map[string]cty.Type{}
	first := map[string]hcl.Range{}
	for _, b := range r.body.BlocksOf("output") {
		name := b.Label()
		if prev, dup := first[name]; dup {
			r.report(lang.Error(b.Range, "Duplicate output", "The output %q is declared at line %d already. Give this one another name.", name, prev.Start.Line))
			continue
		}
		first[name] = b.Range
		types[name] = cty.DynamicPseudoType
		var args outputArgs
		v, diags := b.Body.Eval(r.static())
		r.report(diags...)
		b.Spec.Spec.Decode(v, &args)
		if args.Sensitive {
			secret = append(secret, name)
		}
		a := b.Body.Attr("value")
		if a == nil {
			continue
		}
		needs := r.looked.needsOf(a.Expr)
		val, diags := r.at(place{}, vis, needs).Eval(a.Expr, cty.DynamicPseudoType)
		r.report(diags...)
		if lang.IsSensitive(val) && !args.Sensitive {
			r.report(lang.Error(a.Expr.Range(), "Output refers to sensitive values", "The value of output %q comes from a sensitive value; write sensitive = true, and it is masked wherever it is shown.", name))
		}
		types[name] = val.Type()
		r.rb.Outputs = append(r.rb.Outputs, Output{Name: name, Description: args.Description, Expr: a.Expr, Sensitive: args.Sensitive, Range: b.Range, Needs: needs})
	}
	r.rb.OutputType = cty.Object(types)
	slices.Sort(secret)
	return secret
}

// runbookType tells what a call of a runbook takes and gives.
func (r *builder) runbookType(name string) (steps.RunbookType, bool) {
	s, ok := r.signatureOf(name)
	if !ok {
		return steps.RunbookType{}, false
	}
	r.calls[name] = s
	return steps.RunbookType{Trigger: s.trigger, Input: s.input, Outputs: s.outputs}, true
}

// localConnections declares the runbook's own connections.
func (r *builder) localConnections() {
	for _, b := range r.body.BlocksOf("connection") {
		conn, diags := r.connection(b, true)
		r.report(diags...)
		if conn == nil {
			continue
		}
		if prev := r.bp.Connections[conn.Name]; prev != nil {
			r.report(lang.Error(b.Range, "Duplicate connection", "The blueprint has a connection %q at %s:%d; a runbook's own may not share its name. Give this one another.", conn.Name, prev.Range.Filename, prev.Range.Start.Line))
		}
		if prev := r.rb.Connections[conn.Name]; prev != nil {
			r.report(lang.Error(b.Range, "Duplicate connection", "The connection %q is declared at line %d already. Give this one another name.", conn.Name, prev.Range.Start.Line))
			continue
		}
		r.rb.Connections[conn.Name] = conn
	}
}

// checkLocalConnections checks the runbook's own connections once, with all its steps: which of them a
// connection may use depends on where it is used (see useConnection).
func (r *builder) checkLocalConnections() {
	for _, name := range slices.Sorted(maps.Keys(r.rb.Connections)) {
		conn := r.rb.Connections[name]
		r.report(conn.check(r.at(place{}, r.outputs, conn.Needs))...)
	}
}

// useConnection reports the steps that a connection of the runbook uses and that have not run where it is used.
func (r *builder) useConnection(conn *Connection, at hcl.Range, vis visible) {
	for _, name := range conn.Needs.Steps {
		if _, ok := vis[name]; ok || r.names[name].at == (hcl.Range{}) {
			continue
		}
		r.report(lang.Error(at, "Connection not available here", "The connection %q (line %d) uses step.%s. %s", conn.Name, conn.Range.Start.Line, name, r.explain("step", name, vis)))
		return
	}
}
