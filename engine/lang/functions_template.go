package lang

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxTemplateDepth bounds templates that render templates.
const maxTemplateDepth = 16

// templatePath is the first argument of templatefile with where it is called: a template may use the
// functions of its caller, and its evaluation counts as a part of the caller's.
type templatePath struct {
	path      cty.Value
	functions map[string]function.Function
	eval      *Eval
}

// templatePathType takes an argument as it is written, so that its context is known.
var templatePathType = newTemplatePathType()

func newTemplatePathType() (t cty.Type) {
	t = cty.CapsuleWithOps("path of a template", reflect.TypeFor[templatePath](), &cty.CapsuleOps{
		ExtensionData: func(key any) any {
			if key != customdecode.CustomExpressionDecoder {
				return nil
			}
			return customdecode.CustomExpressionDecoderFunc(func(e hcl.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
				call, diags := newTemplatePath(e, ctx)
				return cty.CapsuleVal(t, call), diags
			})
		},
	})
	return t
}

func newTemplatePath(e hcl.Expression, ctx *hcl.EvalContext) (*templatePath, hcl.Diagnostics) {
	v, diags := e.Value(ctx)
	v, err := Convert(v, cty.String)
	if err != nil {
		v = cty.UnknownVal(cty.String)
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Invalid function argument",
			Detail:   fmt.Sprintf("Invalid value for \"path\" parameter: %s.", err),
			Subject:  e.Range().Ptr(),
		})
	}
	call := &templatePath{path: v, eval: evalOf(ctx)}
	for c := ctx; c != nil && call.functions == nil; c = c.Parent() {
		call.functions = c.Functions
	}
	if call.eval == nil {
		call.eval = NewEval(EvalLimits{})
	}
	return call, diags
}

func templateFileFunc(opts FunctionOptions) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "path", Type: templatePathType},
			{Name: "vars", Type: cty.DynamicPseudoType, AllowMarked: true, AllowUnknown: true, AllowDynamicType: true},
		},
		Type: function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			call := args[0].EncapsulatedValue().(*templatePath)
			path, marks := call.path.Unmark()
			switch {
			case path.IsNull():
				return cty.NilVal, function.NewArgErrorf(0, "argument must not be null")
			case !path.IsKnown():
				return cty.DynamicVal.WithMarks(marks), nil
			}
			v, err := opts.render(call, path.AsString(), args[1])
			if err != nil && len(marks) > 0 {
				return cty.NilVal, publicError(errSensitive.Error()) // all of them name the file
			}
			if err != nil {
				return cty.NilVal, err
			}
			return v.WithMarks(marks), nil
		},
	})
}

func (opts FunctionOptions) render(call *templatePath, name string, vars cty.Value) (cty.Value, error) {
	src, err := contentOf(opts.Files, name)
	if err != nil {
		return cty.NilVal, err
	}
	if _, err := fileText(src); err != nil {
		return cty.NilVal, err
	}
	parse := opts.ParseTemplate
	if parse == nil {
		parse = func(name string, src []byte) (hclsyntax.Expression, hcl.Diagnostics) {
			return ParseTemplate(src, name, hcl.InitialPos)
		}
	}
	expr, diags := parse(name, src)
	if diags.HasErrors() {
		return cty.NilVal, publicError(diags.Error())
	}
	vars, marks := vars.Unmark()
	if !vars.IsKnown() {
		return cty.DynamicVal.WithMarks(marks), nil
	}
	if t := vars.Type(); !t.IsObjectType() && !t.IsMapType() {
		return cty.NilVal, function.NewArgErrorf(1, "an object is required, not %s", t.FriendlyName())
	}
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: call.functions}
	for it := vars.ElementIterator(); it.Next(); {
		k, v := it.Element()
		if !hclsyntax.ValidIdentifier(k.AsString()) {
			return cty.NilVal, function.NewArgErrorf(1, "%q cannot be a name", k.AsString())
		}
		ctx.Variables[k.AsString()] = v
	}
	for _, t := range expr.Variables() {
		if _, ok := ctx.Variables[t.RootName()]; !ok {
			return cty.NilVal, function.NewArgErrorf(1, "%s is not among the names given, but %s:%d uses it", t.RootName(), name, t.SourceRange().Start.Line)
		}
	}
	call.eval.Install(ctx)
	if call.eval.templates >= maxTemplateDepth {
		return cty.NilVal, errors.New("templates render each other without end")
	}
	call.eval.templates++
	v, diags := Value(Instrument(expr), ctx)
	call.eval.templates--
	if diags.HasErrors() {
		return cty.NilVal, templateError(diags, vars)
	}
	return v.WithMarks(marks), nil
}

// templateError says where a template failed, and why unless sensitive values may be quoted.
func templateError(diags hcl.Diagnostics, vars cty.Value) error {
	if !vars.ContainsMarked() {
		return publicError(diags.Error())
	}
	d := diags[0]
	if d.Subject == nil {
		return publicError(d.Summary)
	}
	return publicError(fmt.Sprintf("%s: %s (more is not shown, because a value is sensitive)", d.Subject, d.Summary))
}
