package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// problem is what is wrong with a value, and where in it.
type problem struct {
	path []any
	text string
}

// coerceVariables checks the variables of an operation and gives them default values.
func (m *model) coerceVariables(op *ast.OperationDefinition, given map[string]any) (map[string]any, []Error) {
	vars := map[string]any{}
	var errs []Error
	for _, def := range op.VariableDefinitions {
		v, ok := given[def.Variable]
		if !ok {
			if def.DefaultValue != nil {
				if d, p := m.literal(def.DefaultValue, def.Type, nil); p == nil {
					vars[def.Variable] = d
				}
				continue
			}
			if !def.Type.NonNull {
				continue
			}
		}
		c, p := m.coerce(v, def.Type)
		if p != nil {
			errs = append(errs, variableError(def, p))
			continue
		}
		vars[def.Variable] = c
	}
	return vars, errs
}

func variableError(def *ast.VariableDefinition, p *problem) Error {
	where := ""
	if len(p.path) > 0 {
		words := make([]string, len(p.path))
		for i, w := range p.path {
			words[i] = fmt.Sprint(w)
		}
		where = " for " + strings.Join(words, ".")
	}
	path := p.path
	if path == nil {
		path = []any{}
	}
	return Error{
		Message:    fmt.Sprintf("Variable $%s of type %s was provided invalid value%s (%s)", def.Variable, def.Type, where, p.text),
		Locations:  locations(def.Position),
		Extensions: map[string]any{"problems": []any{map[string]any{"path": path, "explanation": p.text}}},
	}
}

const notNull = "Expected value to not be null"

// coerce turns a decoded JSON value into one of an input type.
func (m *model) coerce(v any, t *ast.Type) (any, *problem) {
	if v == nil {
		if t.NonNull {
			return nil, &problem{text: notNull}
		}
		return nil, nil
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := make([]any, len(list))
		for i, e := range list {
			c, p := m.coerce(e, t.Elem)
			if p != nil {
				return nil, p.under(i)
			}
			out[i] = c
		}
		return out, nil
	}
	def := m.schema.Types[t.NamedType]
	if def.Kind != ast.InputObject {
		kept, text := m.scalar(def, v)
		if text != "" {
			return nil, &problem{text: text}
		}
		return kept, nil
	}
	in, ok := v.(map[string]any)
	if !ok {
		return nil, &problem{text: fmt.Sprintf("Expected %s to be an object of %s", shown(v), def.Name)}
	}
	for _, k := range sortedKeys(in) {
		if def.Fields.ForName(k) == nil {
			return nil, (&problem{text: "Field is not defined on " + def.Name}).under(k)
		}
	}
	out := make(map[string]any, len(in))
	for _, f := range def.Fields {
		e, given := in[f.Name]
		if !given && !f.Type.NonNull {
			continue
		}
		c, p := m.coerce(e, f.Type)
		if p != nil {
			return nil, p.under(f.Name)
		}
		out[f.Name] = c
	}
	return out, nil
}

func (p *problem) under(key any) *problem {
	return &problem{path: slices.Insert(p.path, 0, key), text: p.text}
}

// literal turns a value in the query text into one of an input type; vars are the coerced variables. Enum values may
// be in quotes, as the service allows.
func (m *model) literal(v *ast.Value, t *ast.Type, vars map[string]any) (any, *problem) {
	switch {
	case v.Kind == ast.Variable:
		return m.variable(v, t, vars)
	case v.Kind == ast.NullValue:
		return m.coerce(nil, t)
	case t.Elem != nil:
		items := []*ast.Value{v}
		if v.Kind == ast.ListValue {
			items = items[:0]
			for _, c := range v.Children {
				items = append(items, c.Value)
			}
		}
		out := make([]any, len(items))
		for i, e := range items {
			c, p := m.literal(e, t.Elem, vars)
			if p != nil {
				return nil, p.under(i)
			}
			out[i] = c
		}
		return out, nil
	}
	def := m.schema.Types[t.NamedType]
	if def.Kind == ast.InputObject && v.Kind == ast.ObjectValue {
		return m.literalObject(v, def, vars)
	}
	raw, ok := m.literalScalar(v, def, vars)
	if !ok {
		return nil, &problem{text: fmt.Sprintf("Could not coerce value %s to %s", cut(v.String()), def.Name)}
	}
	return m.coerce(raw, t)
}

func (m *model) variable(v *ast.Value, t *ast.Type, vars map[string]any) (any, *problem) {
	value, ok := vars[v.Raw]
	if !ok || value == nil {
		return m.coerce(nil, t)
	}
	if t.Elem != nil {
		if _, isList := value.([]any); !isList {
			value = []any{value}
		}
		return value, nil
	}
	// A String variable may stand where an enum is wanted, so a scalar is looked at again.
	if def := m.schema.Types[t.NamedType]; def.Kind == ast.Enum || m.lists[def.Name] != nil {
		return m.coerce(value, t)
	}
	return value, nil
}

func (m *model) literalObject(v *ast.Value, def *ast.Definition, vars map[string]any) (any, *problem) {
	out := map[string]any{}
	for _, f := range def.Fields {
		c := v.Children.ForName(f.Name)
		if c == nil || absent(c, vars) {
			if f.Type.NonNull {
				return nil, (&problem{text: notNull}).under(f.Name)
			}
			continue
		}
		e, p := m.literal(c, f.Type, vars)
		if p != nil {
			return nil, p.under(f.Name)
		}
		out[f.Name] = e
	}
	return out, nil
}

// absent says whether a value is a variable that was not given: then the field counts as left out.
func absent(v *ast.Value, vars map[string]any) bool {
	if v.Kind != ast.Variable {
		return false
	}
	_, ok := vars[v.Raw]
	return !ok
}

// literalScalar gives the Go value of a literal where it may stand for a value of the type.
func (m *model) literalScalar(v *ast.Value, def *ast.Definition, vars map[string]any) (any, bool) {
	if def.Name == "JSON" {
		return m.literalJSON(v, vars), true
	}
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		if def.Kind == ast.Enum || def.Name == "String" {
			return nil, false
		}
		return numberText(v.Raw), true
	case ast.StringValue, ast.BlockValue:
		return v.Raw, def.Name != "Int" && def.Name != "Float" && def.Name != "Boolean"
	case ast.EnumValue:
		return v.Raw, def.Kind == ast.Enum || m.lists[def.Name] != nil
	case ast.BooleanValue:
		return v.Raw == "true", def.Name == "Boolean"
	}
	return nil, false
}

func (m *model) literalJSON(v *ast.Value, vars map[string]any) any {
	switch v.Kind {
	case ast.Variable:
		return vars[v.Raw]
	case ast.IntValue, ast.FloatValue:
		return numberText(v.Raw)
	case ast.BooleanValue:
		return v.Raw == "true"
	case ast.NullValue:
		return nil
	case ast.ListValue:
		out := make([]any, len(v.Children))
		for i, c := range v.Children {
			out[i] = m.literalJSON(c.Value, vars)
		}
		return out
	case ast.ObjectValue:
		out := map[string]any{}
		for _, c := range v.Children {
			out[c.Name] = m.literalJSON(c.Value, vars)
		}
		return out
	}
	return v.Raw
}

func cut(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}
