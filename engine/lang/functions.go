package lang

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Files is a blueprint's directory as its functions see it. Paths are relative to it, with `/`; an
// implementation refuses those that leave it.
type Files interface {
	ReadFile(rel string) ([]byte, error)
	// Glob returns the files, not directories, that match a pattern, `**` included, relative to the directory.
	Glob(pattern string) ([]string, error)
}

// FunctionOptions is what functions need besides their arguments. All of it may be left out.
type FunctionOptions struct {
	// Files is the blueprint's directory. Without it functions that read files are errors.
	Files Files
	// ParseTemplate parses a template file, with the limits of the parser. Default: ParseTemplate.
	ParseTemplate func(name string, src []byte) (hclsyntax.Expression, hcl.Diagnostics)
	// DecodeJSON is jsondecode. Default: ParseJSON with the default limits.
	DecodeJSON func([]byte) (cty.Value, error)
}

// FunctionKind says what a function's result depends on besides its arguments (promise H7).
type FunctionKind string

const (
	// PureFunction depends on its arguments alone.
	PureFunction FunctionKind = "pure"
	// FileFunction depends on files of the blueprint's directory too.
	FileFunction FunctionKind = "file"
	// JournaledFunction gives in a resumed run what it gave before.
	JournaledFunction FunctionKind = "journaled"
)

// FunctionDoc is the manual's entry of a function.
type FunctionDoc struct {
	Name      string
	Signature string // name(a, b, rest...)
	Summary   string // one sentence
	Params    []ParamDoc
	Kind      FunctionKind
}

// Pure says whether the result depends on the arguments alone.
func (d FunctionDoc) Pure() bool { return d.Kind == PureFunction }

// ParamDoc describes a parameter.
type ParamDoc struct{ Name, Summary string }

// entry is a function with its documentation. params describe fn's parameters in order, "name: text" each,
// the variadic one last.
type entry struct {
	name    string
	summary string
	params  []string
	fn      function.Function
	kind    FunctionKind // default: pure

	// light functions touch one element, or none: neither arguments nor result are measured.
	light bool
	// reveals is true of functions whose result may go without the mark of a sensitive argument.
	reveals bool
	// maxArgs, if not 0, is the most arguments that a call may expand to.
	maxArgs int
	// maxMembers, if not 0, is the most elements, with their attributes, that all collections given may have together.
	maxMembers int
	// before refuses known, unmarked, measured arguments that would make too large a result.
	before func(args []cty.Value) error
}

func entries(opts FunctionOptions) []entry {
	return slices.Concat(numberFunctions(), textFunctions(), patternFunctions(), listFunctions(), mapFunctions(), setFunctions(),
		typeFunctions(), encodingFunctions(opts), fileFunctions(opts), dateFunctions(), hashFunctions(), networkFunctions(), journaledFunctions())
}

// Functions are the functions of the language by name. Their results carry the marks of their arguments,
// are never larger than the limits of a value, and errors about sensitive arguments say nothing of them.
func Functions(opts FunctionOptions) map[string]function.Function {
	out := map[string]function.Function{}
	for _, e := range entries(opts) {
		out[e.name] = e.guarded()
	}
	return out
}

// FunctionDocs lists all functions by name.
func FunctionDocs() []FunctionDoc {
	byName := map[string]FunctionDoc{}
	for _, e := range entries(FunctionOptions{}) {
		byName[e.name] = e.doc()
	}
	var docs []FunctionDoc
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		docs = append(docs, byName[name])
	}
	return docs
}

func (e entry) doc() FunctionDoc {
	d := FunctionDoc{Name: e.name, Summary: e.summary, Kind: e.kind}
	if d.Kind == "" {
		d.Kind = PureFunction
	}
	var names []string
	for i, p := range e.params {
		name, text, _ := strings.Cut(p, ": ")
		d.Params = append(d.Params, ParamDoc{name, text})
		if i >= len(e.fn.Params()) {
			name += "..."
		}
		names = append(names, name)
	}
	d.Signature = fmt.Sprintf("%s(%s)", e.name, strings.Join(names, ", "))
	return d
}

// guarded is the function as blueprints call it. It accepts anything, so that the guard sees the arguments
// before go-cty or HCL converts them, and hands them to the function itself.
func (e entry) guarded() function.Function {
	spec := &function.Spec{
		Description: e.summary,
		Type:        function.StaticReturnType(cty.DynamicPseudoType), // Impl decides
		Impl:        func(args []cty.Value, _ cty.Type) (cty.Value, error) { return e.call(args) },
	}
	docs := e.doc().Params
	open := func(p function.Parameter, i int) function.Parameter {
		p.AllowMarked, p.AllowNull, p.AllowUnknown, p.AllowDynamicType = true, true, true, true
		if i < len(docs) {
			p.Name, p.Description = docs[i].Name, docs[i].Summary
		}
		if customdecode.CustomExpressionDecoderForType(p.Type) == nil {
			p.Type = cty.DynamicPseudoType
		}
		return p
	}
	for i, p := range e.fn.Params() {
		spec.Params = append(spec.Params, open(p, i))
	}
	if p := e.fn.VarParam(); p != nil {
		v := open(*p, len(spec.Params))
		spec.VarParam = &v
	}
	return function.New(spec)
}

// call is a guarded call.
func (e entry) call(given []cty.Value) (cty.Value, error) {
	if e.maxArgs > 0 && len(given) > e.maxArgs {
		return cty.NilVal, fmt.Errorf("more than %d arguments", e.maxArgs)
	}
	var args []cty.Value
	v, err := cty.NilVal, e.measured(given)
	if err == nil {
		args, err = e.convert(given)
	}
	if err == nil {
		err = e.check(args)
	}
	if err == nil {
		v, err = e.fn.Call(args)
	}
	if err != nil {
		return cty.NilVal, e.plain(err, given)
	}
	if !e.light || v.Type() == cty.Number {
		if over := measure(v).over(); over != "" {
			return cty.NilVal, fmt.Errorf("the result would be %s", over)
		}
	}
	if e.reveals {
		return v, nil
	}
	for _, a := range given {
		if a.IsMarked() {
			v = v.WithSameMarks(a)
		}
	}
	return v, nil
}

// measured refuses arguments that are too large, before anything looks at them: the text of a large number
// alone takes minutes.
func (e entry) measured(given []cty.Value) error {
	total, members := &size{}, 0
	for i, a := range given {
		if !saneNumber(a) {
			return function.NewArgErrorf(i, "%s", tooLargeNumber)
		}
		if e.light {
			continue
		}
		if e.maxMembers > 0 {
			members += setWork(a)
		}
		if members > e.maxMembers {
			return fmt.Errorf("more than %d elements, with their attributes", e.maxMembers)
		}
		if total.add(a); total.full() {
			return fmt.Errorf("its arguments are %s", total.over())
		}
	}
	return nil
}

// memberCount is the number of elements of a known collection, tuple or object, else 0.
func memberCount(v cty.Value) int {
	v, _ = v.Unmark()
	t := v.Type()
	if !v.IsKnown() || v.IsNull() || !(t.IsCollectionType() || t.IsTupleType() || t.IsObjectType()) {
		return 0
	}
	return v.LengthInt()
}

// convert gives the arguments the types of the parameters.
func (e entry) convert(given []cty.Value) ([]cty.Value, error) {
	params, rest := e.fn.Params(), e.fn.VarParam()
	args := slices.Clone(given)
	for i, a := range args {
		p := rest
		if i < len(params) {
			p = &params[i]
		}
		if p.Type == cty.DynamicPseudoType || p.Type.IsCapsuleType() {
			continue
		}
		if a.IsNull() && !p.AllowNull {
			return nil, function.NewArgErrorf(i, "argument must not be null")
		}
		var err error
		if args[i], err = Convert(a, p.Type); err != nil {
			return nil, function.NewArgError(i, err)
		}
		if !saneNumber(args[i]) {
			return nil, function.NewArgErrorf(i, "%s", tooLargeNumber)
		}
	}
	return args, nil
}

// check asks the function's own guard.
func (e entry) check(args []cty.Value) error {
	if e.before == nil {
		return nil
	}
	plain := make([]cty.Value, len(args))
	for i, a := range args {
		plain[i], _ = a.UnmarkDeep()
		if !plain[i].IsWhollyKnown() || plain[i].IsNull() {
			return nil // the function itself answers
		}
	}
	return e.before(plain)
}

// plain makes an error fit to be shown: without the stack of a panic, and without words about sensitive
// arguments, for many errors quote them.
func (e entry) plain(err error, given []cty.Value) error {
	var fault function.PanicError
	if errors.As(err, &fault) {
		err = errors.New("it cannot work on these arguments")
	}
	var public publicError
	if errors.As(err, &public) {
		return err
	}
	for _, a := range given {
		if !a.ContainsMarked() {
			continue
		}
		var arg function.ArgError
		if errors.As(err, &arg) {
			return function.NewArgErrorf(arg.Index, "the value does not fit (why is not shown, because an argument is sensitive)")
		}
		return errSensitive
	}
	return err
}

var errSensitive = errors.New("why is not shown, because an argument is sensitive")

// publicError is an error that quotes no values.
type publicError string

func (e publicError) Error() string { return string(e) }

// Parameters of a type, as go-cty wants them.
func textParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.String}
}

func numberParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.Number}
}

func anyParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType}
}

// textFunc makes a function from texts to a text.
func textFunc(impl func(s []string) (string, error), params ...string) function.Function {
	spec := &function.Spec{
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s := make([]string, len(args))
			for i, a := range args {
				s[i] = a.AsString()
			}
			out, err := impl(s)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(out), nil
		},
	}
	for _, p := range params {
		spec.Params = append(spec.Params, textParam(p))
	}
	return function.New(spec)
}
