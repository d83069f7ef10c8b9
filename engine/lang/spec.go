package lang

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A Spec says what may stand in a body. It is read from the tags of a struct by SpecOf:
//
//	Field string `hcl:"name" doc:"What it is for."`
//
// The first part of the hcl tag is the name; the options after it are
//
//	optional    may be left out (pointer and slice blocks always may)
//	secret      the value is marked sensitive however it was written
//	static      evaluated when the blueprint is loaded: only var, local and path may be used
//	literal     a literal value: no names at all
//	connection  a reference to a connection: connection.NAME
//	runbook     a reference to a runbook: runbook.NAME
//	block       a nested block (struct, pointer or slice of structs, Steps, Deferred)
//	label       the block's label; an optional one is `label,optional`
//	steps       the block holds steps (field of type Steps)
//	remain      any other attribute (field of type cty.Value: an object)
//
// and the other tags are doc (required), default, enum ("a|b"), min, max and type (an HCL type
// constraint, for fields of type cty.Value).
type Spec struct {
	Fields []*Field
	Blocks []*BlockSpec
	Labels []*Label
	// Remain accepts any attribute that Fields does not name; nil means that those are errors.
	Remain *Field
	// HoldsSteps says that `step` blocks may stand in the body.
	HoldsSteps bool

	fields map[string]*Field
	blocks map[string]*BlockSpec
	object cty.Type
}

// Form is how a field's expression is treated.
type Form int

const (
	// FormValue is evaluated each time the body is.
	FormValue Form = iota
	// FormStatic is evaluated at load, with var, local and path only.
	FormStatic
	// FormLiteral is evaluated at load, with no names at all.
	FormLiteral
	// FormLazy is kept as an expression; whoever declared it evaluates it.
	FormLazy
	// FormConnection is a reference such as connection.slack.
	FormConnection
	// FormRunbook is a reference such as runbook.collect.
	FormRunbook
	// FormType is a type constraint, such as object({ name = string }).
	FormType
)

// Field is one attribute of a Spec.
type Field struct {
	Name, Doc string
	Type      cty.Type
	Form      Form
	Optional  bool
	Secret    bool
	Duration  bool // text such as "1h30m"; Type is then cty.String
	Default   cty.Value
	Enum      []string
	Min, Max  string

	index []int
}

// BlockSpec is one kind of nested block.
type BlockSpec struct {
	Name, Doc string
	Spec      *Spec // nil for a deferred block
	Multiple  bool
	Optional  bool
	// Deferred blocks are kept as they are, to be bound later by a spec that their label names.
	Deferred bool

	index []int
	typ   reflect.Type
}

// Label is one label of a block.
type Label struct {
	Name, Doc string
	Optional  bool
	// IsName says that the label is a name ([a-z][a-z0-9_-]{0,62}) and not free text.
	IsName bool

	index []int
}

// Expr is the type of a field that is kept unevaluated (FormLazy).
type Expr struct{ hclsyntax.Expression }

// Steps is the type of a field that marks a body as holding steps. It carries nothing: who declares it
// finds the steps in the bound body.
type Steps struct{}

// Deferred is the type of a block field whose body is bound later; a tag `labels:"kind name"` names its
// labels.
type Deferred struct{}

// TypeConstraint is the type of a field that holds an HCL type constraint.
type TypeConstraint struct {
	Type     cty.Type
	Defaults *typeexpr.Defaults
}

// Ref is the type of a field that names a connection or a runbook.
type Ref struct {
	Name  string
	Range hcl.Range
}

var (
	exprType     = reflect.TypeFor[Expr]()
	stepsType    = reflect.TypeFor[Steps]()
	deferredType = reflect.TypeFor[Deferred]()
	typeType     = reflect.TypeFor[TypeConstraint]()
	refType      = reflect.TypeFor[Ref]()
	valueType    = reflect.TypeFor[cty.Value]()
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
)

// SpecOf reads the spec of a struct type. It panics on a malformed declaration: that is a mistake in a
// kind's source, found by the first test that lists it.
func SpecOf[T any]() *Spec { return specOf(reflect.TypeFor[T]()) }

// With is a copy of the spec that has other's fields and blocks too; those of s win.
func (s *Spec) With(other *Spec) *Spec {
	merged := *s
	merged.Fields = append([]*Field(nil), s.Fields...)
	merged.Blocks = append([]*BlockSpec(nil), s.Blocks...)
	for _, f := range other.Fields {
		if s.Field(f.Name) == nil {
			merged.Fields = append(merged.Fields, f)
		}
	}
	for _, b := range other.Blocks {
		if s.Block(b.Name) == nil {
			merged.Blocks = append(merged.Blocks, b)
		}
	}
	merged.seal()
	return &merged
}

// Field is the attribute of that name, or nil.
func (s *Spec) Field(name string) *Field { return s.fields[name] }

// Block is the block type of that name, or nil.
func (s *Spec) Block(name string) *BlockSpec { return s.blocks[name] }

func (s *Spec) seal() {
	s.fields = make(map[string]*Field, len(s.Fields))
	for _, f := range s.Fields {
		s.fields[f.Name] = f
	}
	s.blocks = make(map[string]*BlockSpec, len(s.Blocks))
	for _, b := range s.Blocks {
		s.blocks[b.Name] = b
	}
	attrs := make(map[string]cty.Type, len(s.Fields))
	for _, f := range s.Fields {
		attrs[f.Name] = f.Type
	}
	s.object = cty.Object(attrs)
}

func specOf(t reflect.Type) *Spec {
	s := &Spec{}
	s.add(t, nil)
	s.seal()
	return s
}

func (s *Spec) add(t reflect.Type, prefix []int) {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("lang: %s is no struct", t))
	}
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(append([]int(nil), prefix...), i)
		tag, ok := sf.Tag.Lookup("hcl")
		if !ok {
			if sf.Anonymous {
				s.add(sf.Type, index)
			}
			continue
		}
		name, opts := splitTag(tag)
		doc := sf.Tag.Get("doc")
		switch {
		case opts["label"]:
			s.Labels = append(s.Labels, &Label{Name: name, Doc: doc, Optional: opts["optional"], IsName: opts["name"], index: index})
		case opts["steps"]:
			s.HoldsSteps = true
		case opts["block"]:
			s.Blocks = append(s.Blocks, blockOf(name, doc, sf, index, opts))
		default:
			f := fieldOf(name, doc, sf, index, opts)
			if opts["remain"] {
				s.Remain = f
			} else {
				s.Fields = append(s.Fields, f)
			}
		}
	}
}

func splitTag(tag string) (string, map[string]bool) {
	parts := strings.Split(tag, ",")
	opts := map[string]bool{}
	for _, o := range parts[1:] {
		opts[o] = true
	}
	return parts[0], opts
}

func blockOf(name, doc string, sf reflect.StructField, index []int, opts map[string]bool) *BlockSpec {
	b := &BlockSpec{Name: name, Doc: doc, Optional: opts["optional"], index: index}
	t := sf.Type
	switch t.Kind() {
	case reflect.Pointer:
		b.Optional = true
		t = t.Elem()
	case reflect.Slice:
		b.Optional, b.Multiple = true, true
		t = t.Elem()
	}
	b.typ = t
	switch t {
	case stepsType:
		b.Spec = &Spec{HoldsSteps: true}
		b.Spec.seal()
	case deferredType:
		b.Deferred = true
		b.Spec = &Spec{}
		for _, label := range strings.Fields(sf.Tag.Get("labels")) {
			b.Spec.Labels = append(b.Spec.Labels, &Label{Name: label, IsName: label == "name"})
		}
		b.Spec.seal()
	default:
		b.Spec = specOf(t)
	}
	return b
}

func fieldOf(name, doc string, sf reflect.StructField, index []int, opts map[string]bool) *Field {
	f := &Field{Name: name, Doc: doc, Optional: opts["optional"], Secret: opts["secret"], index: index,
		Min: sf.Tag.Get("min"), Max: sf.Tag.Get("max"), Default: cty.NilVal}
	if e := sf.Tag.Get("enum"); e != "" {
		f.Enum = strings.Split(e, "|")
	}
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		f.Optional = true
		t = t.Elem()
	}
	switch t {
	case exprType:
		f.Form, f.Type = FormLazy, cty.DynamicPseudoType
	case typeType:
		f.Form, f.Type = FormType, cty.DynamicPseudoType
	case refType:
		f.Type = cty.DynamicPseudoType
		f.Form = FormRunbook
		if opts["connection"] {
			f.Form = FormConnection
		}
	case durationType:
		f.Type, f.Duration = cty.String, true
	case valueType:
		f.Type = cty.DynamicPseudoType
	default:
		f.Type = ctyTypeOf(t)
	}
	if c := sf.Tag.Get("type"); c != "" {
		f.Type = mustType(c)
	}
	switch {
	case opts["static"]:
		f.Form = FormStatic
	case opts["literal"]:
		f.Form = FormLiteral
	}
	if d, ok := sf.Tag.Lookup("default"); ok {
		f.Optional = true
		f.Default = defaultValue(d, f.Type)
	}
	return f
}

func defaultValue(text string, t cty.Type) cty.Value {
	switch t {
	case cty.Number:
		return cty.MustParseNumberVal(text)
	case cty.Bool:
		return cty.BoolVal(text == "true")
	}
	return cty.StringVal(text)
}

func mustType(src string) cty.Type {
	e, diags := hclsyntax.ParseExpression([]byte(src), "type", hcl.InitialPos)
	if diags.HasErrors() {
		panic(diags.Error())
	}
	t, diags := typeexpr.TypeConstraint(e)
	if diags.HasErrors() {
		panic(diags.Error())
	}
	return t
}

// ctyTypeOf is the language's type for a Go type of a field.
func ctyTypeOf(t reflect.Type) cty.Type {
	switch {
	case t == valueType:
		return cty.DynamicPseudoType
	case t == durationType, t == timeType:
		return cty.String
	}
	switch t.Kind() {
	case reflect.String:
		return cty.String
	case reflect.Bool:
		return cty.Bool
	case reflect.Int, reflect.Int64, reflect.Float64:
		return cty.Number
	case reflect.Slice:
		return cty.List(ctyTypeOf(t.Elem()))
	case reflect.Map:
		return cty.Map(ctyTypeOf(t.Elem()))
	case reflect.Pointer:
		return ctyTypeOf(t.Elem())
	case reflect.Struct:
		return specOf(t).ObjectType()
	}
	panic(fmt.Sprintf("lang: no language type for %s", t))
}

// ObjectType is the type of an object that has the spec's fields: the type of a result declared by a
// struct.
func (s *Spec) ObjectType() cty.Type { return s.object }
