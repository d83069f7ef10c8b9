package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// VariableArgs is a `variable` block.
type VariableArgs struct {
	Name        string         `hcl:"name,label,name"`
	Type        TypeConstraint `hcl:"type,optional" doc:"A type constraint; any value without one."`
	Description string         `hcl:"description,optional,literal" doc:"Text for people."`
	Default     cty.Value      `hcl:"default,optional,literal" doc:"The value where none is given; without it the variable is required."`
	Env         string         `hcl:"env,optional,literal" doc:"The environment variable that it is read from when that is set."`
	Sensitive   bool           `hcl:"sensitive,optional,literal" doc:"Whether the value is kept out of everything that is shown."`
	Validation  []Validation   `hcl:"validation,block" doc:"A condition that the value must meet."`
}

// Validation is a block of that name.
type Validation struct {
	Condition    Expr   `hcl:"condition" doc:"Must be true of the value; not asked of a null."`
	ErrorMessage string `hcl:"error_message,literal" doc:"What is said otherwise."`
}

// Values are where the values of variables come from, besides the blueprint. Later sources win: default,
// env, CURRANT_VAR_name, the blueprint's *.auto.vars.hcl, Files, Set (LANGUAGE section 2).
type Values struct {
	// Env looks up an environment variable; nil looks up none.
	Env func(string) (string, bool)
	// Files are the --var-file files, in order.
	Files []File
	// Set are the --var values by name.
	Set map[string]string
	// Pinned are values that win over all others: those that a run began with.
	Pinned map[string]cty.Value
	// Secrets are present values of sensitive variables, for a blueprint that is loaded again without the
	// files that held them. They win over all others.
	Secrets map[string]cty.Value
	// Partial leaves a required variable without a value unknown, for checking, instead of refusing.
	Partial bool
}

// Variable is a declared variable with its value.
type Variable struct {
	Name      string
	Type      cty.Type
	Sensitive bool
	// Value is unknown where none was given (Values.Partial) or what was given is wrong.
	Value cty.Value
}

type variable struct {
	Variable
	args     VariableArgs
	defaults *typeexpr.Defaults
	block    *Block
}

// Variables evaluates the blocks of the blueprint's variables. auto are its *.auto.vars.hcl files.
func Variables(blocks []*Block, auto []File, from Values, base *Scope) ([]Variable, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	declared := map[string]*variable{}
	var order []*variable
	for _, b := range blocks {
		name := b.Label()
		if prev := declared[name]; prev != nil {
			diags = append(diags, Error(b.Range, "Duplicate variable", "The variable %q is declared at %s already.", name, place(prev.block.Range)))
			continue
		}
		v := &variable{block: b}
		val, d := b.Body.Eval(base.Static(nil))
		diags = append(diags, d...)
		b.Spec.Spec.Decode(val, &v.args)
		v.Name, v.Sensitive = name, v.args.Sensitive
		v.Type = cty.DynamicPseudoType
		if t, defaults, ok := b.Body.TypeOf("type"); ok {
			v.Type, v.defaults = t, defaults
		}
		v.Value = cty.NilVal
		if a := b.Body.Attr("default"); a != nil && !d.HasErrors() {
			diags = append(diags, v.give(v.args.Default, "default", a.Expr.Range())...)
		}
		declared[name] = v
		order = append(order, v)
	}
	diags = append(diags, fromEnvironment(order, from.Env)...)
	for i, f := range append(append([]File(nil), auto...), from.Files...) {
		diags = append(diags, fromFile(declared, f, i >= len(auto) && from.Pinned == nil)...)
	}
	for _, name := range slices.Sorted(maps.Keys(from.Set)) {
		v := declared[name]
		if v == nil && from.Pinned != nil {
			continue // an older content: the value is for a variable that came later
		}
		if v == nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Value for undeclared variable",
				Detail: fmt.Sprintf("--var gives %q, but the blueprint declares no variable of that name.%s", name, DidYouMean(name, slices.Collect(maps.Keys(declared))))})
			continue
		}
		diags = append(diags, v.giveText(from.Set[name], "--var "+name)...)
	}
	for _, v := range order {
		if val, ok := from.Secrets[v.Name]; ok && v.Sensitive {
			plain, _ := val.UnmarkDeep()
			diags = append(diags, v.give(plain, "present value", v.block.Range)...)
		}
		if val, ok := from.Pinned[v.Name]; ok && !v.Sensitive {
			diags = append(diags, v.give(val, "value that the run began with", v.block.Range)...)
		}
	}
	out := make([]Variable, len(order))
	for i, v := range order {
		if v.Value == cty.NilVal {
			v.Value = cty.UnknownVal(v.Type)
			if !from.Partial {
				diags = append(diags, Error(v.block.Range, "No value for required variable",
					"The variable %q has no default and was given no value. Give one with --var %s=…, --var-file, the environment variable CURRANT_VAR_%s or a *.auto.vars.hcl file.",
					v.Name, v.Name, envName(v.Name)))
			}
		}
		if v.Sensitive {
			v.Value = MarkSensitive(v.Value)
		}
		out[i] = v.Variable
	}
	return out, append(diags, validate(order, out, base)...)
}

func envName(name string) string { return strings.ReplaceAll(name, "-", "_") }

func fromEnvironment(order []*variable, env func(string) (string, bool)) (diags hcl.Diagnostics) {
	if env == nil {
		return nil
	}
	for _, v := range order {
		for _, key := range []string{v.args.Env, "CURRANT_VAR_" + envName(v.Name)} {
			if key == "" {
				continue
			}
			if text, ok := env(key); ok {
				diags = append(diags, v.giveText(text, "environment variable "+key)...)
			}
		}
	}
	return diags
}

// ParseValuesFile reads a *.vars.hcl file: attributes with literal values.
func fromFile(declared map[string]*variable, f File, asked bool) (diags hcl.Diagnostics) {
	parsed, diags := ParseFile(f.Name, f.Bytes)
	if parsed == nil || diags.HasErrors() {
		return diags
	}
	body := parsed.Body.(*hclsyntax.Body)
	for _, b := range body.Blocks {
		diags = append(diags, Error(b.DefRange(), "Unexpected block", "A file of variable values holds only NAME = VALUE lines."))
	}
	for _, a := range sortedAttributes(body) {
		v := declared[a.Name]
		if v == nil {
			d := Error(a.NameRange, "Value for undeclared variable", "The blueprint declares no variable %q.%s", a.Name, DidYouMean(a.Name, slices.Collect(maps.Keys(declared))))
			if !asked {
				d.Severity = hcl.DiagWarning
			}
			diags = append(diags, d)
			continue
		}
		val, d := Value(a.Expr, nil)
		diags = append(diags, d...)
		if !d.HasErrors() {
			at, source := a.Expr.Range(), "value"
			if v.Sensitive {
				// The excerpt of its line would show it.
				at, source = v.block.Range, "value at "+place(a.NameRange)
			}
			diags = append(diags, v.give(val, source, at)...)
		}
	}
	return diags
}

// giveText gives a value as text: as it is to a variable of type string (or any, when it is no expression),
// as an expression to others.
func (v *variable) giveText(text, source string) hcl.Diagnostics {
	at := v.block.Range
	if v.Type == cty.String {
		return v.give(cty.StringVal(text), source, at)
	}
	refuse := func() hcl.Diagnostics {
		if v.Type == cty.DynamicPseudoType {
			return v.give(cty.StringVal(text), source, at)
		}
		return hcl.Diagnostics{Error(at, "Invalid value for variable", "The value of %s for the variable %q is no valid expression of type %s.", source, v.Name, typeexpr.TypeString(v.Type))}
	}
	e, diags := ParseExpression([]byte(text), source, hcl.InitialPos)
	if diags.HasErrors() {
		return refuse()
	}
	val, diags := Value(e, nil)
	if diags.HasErrors() {
		return refuse()
	}
	return v.give(val, source, at)
}

func (v *variable) give(val cty.Value, source string, at hcl.Range) hcl.Diagnostics {
	out, err := ConvertTo(val, v.Type, v.defaults)
	if err != nil {
		v.Value = cty.UnknownVal(v.Type)
		return hcl.Diagnostics{Error(at, "Invalid value for variable", "The %s does not fit the variable %q of type %s: %s.",
			source, v.Name, typeexpr.TypeString(v.Type), err)}
	}
	v.Value = out
	return nil
}

// validate asks the validation blocks; they may name variables only.
func validate(order []*variable, out []Variable, base *Scope) (diags hcl.Diagnostics) {
	vals := map[string]cty.Value{}
	for _, v := range out {
		vals[v.Name] = v.Value
	}
	scope := base.Child(map[string]cty.Value{"var": cty.ObjectVal(vals)}).Static(func(root, _ string) string {
		if root == "local" || root == "step" || root == "trigger" {
			return "A validation may use variables only."
		}
		return ""
	})
	for i, v := range order {
		blocks := v.block.Body.BlocksOf("validation")
		if len(blocks) == 0 {
			continue
		}
		own := scope
		if u, _ := out[i].Value.Unmark(); u.IsKnown() && u.IsNull() {
			// A null is not asked, but the conditions are checked all the same.
			others := maps.Clone(vals)
			others[v.Name] = cty.UnknownVal(v.Type)
			own = scope.Child(map[string]cty.Value{"var": cty.ObjectVal(others)})
		}
		for _, b := range blocks {
			a := b.Body.Attr("condition")
			if a == nil {
				continue
			}
			ok, d := own.Eval(a.Expr, cty.Bool)
			diags = append(diags, d...)
			ok, _ = ok.Unmark()
			if !d.HasErrors() && ok.IsKnown() && (ok.IsNull() || ok.False()) {
				msg, _ := b.Body.Eval(base.Static(nil))
				var args Validation
				b.Spec.Spec.Decode(msg, &args)
				diags = append(diags, Error(a.Expr.Range(), "Invalid value for variable", "%s (variable %q)", args.ErrorMessage, v.Name))
			}
		}
	}
	return diags
}
