package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// arguments checks the arguments of a field.
func (c *checker) arguments(f *ast.Field, def *ast.FieldDefinition) {
	c.argumentList("Field", f.Name, f.Arguments, def.Arguments, f.Position)
}

func (c *checker) argumentList(what, name string, given ast.ArgumentList, defs ast.ArgumentDefinitionList, pos *ast.Position) {
	seen := map[string]bool{}
	for _, a := range given {
		def := defs.ForName(a.Name)
		switch {
		case def == nil:
			c.fail(a.Position, map[string]any{"code": "argumentNotAccepted", "name": name, "typeName": what, "argumentName": a.Name},
				"%s doesn't accept argument '%s'", article(what, name), a.Name)
		case seen[a.Name]:
			c.fail(a.Position, map[string]any{"code": "argumentNotUnique", "name": a.Name}, "There can be only one argument named %q", a.Name)
		default:
			c.path = append(c.path, a.Name)
			c.value(a.Value, def.Type, def.DefaultValue != nil, what, name, a.Name)
			c.path = c.path[:len(c.path)-1]
		}
		seen[a.Name] = true
	}
	var missing []string
	for _, def := range defs {
		if def.Type.NonNull && def.DefaultValue == nil && !seen[def.Name] {
			missing = append(missing, def.Name)
		}
	}
	if len(missing) > 0 {
		c.fail(pos, map[string]any{"code": "missingRequiredArguments", "className": what, "name": name, "arguments": strings.Join(missing, ", ")},
			"%s is missing required arguments: %s", article(what, name), strings.Join(missing, ", "))
	}
}

// value checks a literal against the type of an argument or input field, and notes the variables in it.
func (c *checker) value(v *ast.Value, t *ast.Type, hasDefault bool, what, owner, argument string) {
	switch {
	case v.Kind == ast.Variable:
		c.uses[c.current] = append(c.uses[c.current], variableUse{v.Raw, argument, t, hasDefault, v.Position})
		return
	case v.Kind == ast.NullValue:
		if t.NonNull {
			c.incompatible(v, t, what, owner, argument)
		}
		return
	case t.Elem != nil:
		if v.Kind != ast.ListValue {
			c.value(v, t.Elem, false, what, owner, argument)
			return
		}
		for i, e := range v.Children {
			c.path = append(c.path, i)
			c.value(e.Value, t.Elem, false, what, owner, argument)
			c.path = c.path[:len(c.path)-1]
		}
		return
	}
	def := c.m.schema.Types[t.NamedType]
	if def.Kind == ast.InputObject && v.Kind == ast.ObjectValue {
		c.object(v, def)
		return
	}
	if def.Name == "JSON" {
		c.inJSON(v, argument)
		return
	}
	raw, ok := c.m.literalScalar(v, def, nil)
	if ok && def.Kind != ast.InputObject {
		_, text := c.m.scalar(def, raw)
		ok = text == ""
	}
	if !ok || def.Kind == ast.InputObject {
		c.incompatible(v, t, what, owner, argument)
	}
}

func (c *checker) inJSON(v *ast.Value, argument string) {
	if v.Kind == ast.Variable {
		c.uses[c.current] = append(c.uses[c.current], variableUse{v.Raw, argument, nil, true, v.Position})
	}
	for _, e := range v.Children {
		c.inJSON(e.Value, argument)
	}
}

func (c *checker) object(v *ast.Value, def *ast.Definition) {
	seen := map[string]bool{}
	for _, e := range v.Children {
		f := def.Fields.ForName(e.Name)
		if f == nil {
			c.fail(e.Position, map[string]any{"code": "argumentNotAccepted", "name": def.Name, "typeName": "InputObject", "argumentName": e.Name},
				"InputObject '%s' doesn't accept argument '%s'", def.Name, e.Name)
			continue
		}
		if seen[e.Name] {
			c.fail(e.Position, map[string]any{"code": "inputFieldNotUnique", "name": e.Name}, "There can be only one input field named %q", e.Name)
		}
		seen[e.Name] = true
		c.path = append(c.path, e.Name)
		c.value(e.Value, f.Type, f.DefaultValue != nil, "InputObject", def.Name, e.Name)
		c.path = c.path[:len(c.path)-1]
	}
	for _, f := range def.Fields {
		if f.Type.NonNull && f.DefaultValue == nil && !seen[f.Name] {
			c.fail(v.Position, map[string]any{"code": "missingRequiredInputObjectAttribute", "argumentName": f.Name,
				"argumentType": f.Type.String(), "inputObjectType": def.Name},
				"Argument '%s' on InputObject '%s' is required. Expected type %s", f.Name, def.Name, f.Type)
		}
	}
}

func (c *checker) incompatible(v *ast.Value, t *ast.Type, what, owner, argument string) {
	c.fail(v.Position, map[string]any{"code": "argumentLiteralsIncompatible", "typeName": what, "argumentName": argument},
		"Argument '%s' on %s has an invalid value (%s). Expected type '%s'.", argument, article(what, owner), cut(v.String()), t)
}

// variables checks an operation's variables: their types, that all are declared and used, and that each fits
// where it is used, in the operation or a fragment of it.
func (c *checker) variables(op *ast.OperationDefinition) {
	declared := map[string]*ast.VariableDefinition{}
	for _, v := range op.VariableDefinitions {
		def := c.m.schema.Types[v.Type.Name()]
		switch {
		case declared[v.Variable] != nil:
			c.fail(v.Position, map[string]any{"code": "variableNotUnique", "variableName": v.Variable}, "There can only be one variable named %q", v.Variable)
		case def == nil:
			c.fail(v.Position, map[string]any{"code": "variableRequiresValidType", "typeName": v.Type.Name(), "variableName": v.Variable},
				"%s isn't a defined input type (on $%s)", v.Type.Name(), v.Variable)
		case !def.IsInputType():
			c.fail(v.Position, map[string]any{"code": "variableRequiresValidType", "typeName": v.Type.Name(), "variableName": v.Variable},
				"%s isn't a valid input type (on $%s)", v.Type.Name(), v.Variable)
		case v.DefaultValue != nil:
			if _, p := c.m.literal(v.DefaultValue, v.Type, nil); p != nil {
				c.fail(v.Position, map[string]any{"code": "defaultValueInvalidType", "variableName": v.Variable, "typeName": v.Type.String()},
					"Default value for $%s doesn't match type %s", v.Variable, v.Type)
			}
		}
		declared[v.Variable] = v
	}
	used := map[string]bool{}
	for _, u := range c.reachableUses(op) {
		used[u.name] = true
		v := declared[u.name]
		if v == nil {
			c.fail(u.pos, map[string]any{"code": "variableNotDefined", "variableName": u.name}, "Variable $%s is used by %s but not declared", u.name, operationName(op))
			continue
		}
		if u.want != nil && c.m.schema.Types[v.Type.Name()] != nil && !c.fits(v, u) {
			c.fail(u.pos, map[string]any{"code": "variableMismatch", "variableName": u.name, "typeName": v.Type.String(), "argumentName": u.argument, "errorMessage": "Type mismatch"},
				"Type mismatch on variable $%s and argument %s (%s / %s)", u.name, u.argument, v.Type, u.want)
		}
	}
	for _, v := range op.VariableDefinitions {
		if !used[v.Variable] {
			c.fail(v.Position, map[string]any{"code": "variableNotUsed", "variableName": v.Variable}, "Variable $%s is declared by %s but not used", v.Variable, operationName(op))
		}
	}
}

func operationName(op *ast.OperationDefinition) string {
	if op.Name != "" {
		return op.Name
	}
	return "anonymous " + string(op.Operation)
}

func (c *checker) reachableUses(op *ast.OperationDefinition) []variableUse {
	uses := c.uses[op]
	seen := map[string]bool{}
	next := c.spreads[op]
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if f := c.named[name]; f != nil && !seen[name] {
			seen[name] = true
			uses = append(uses, c.uses[f]...)
			next = append(next[:len(next):len(next)], c.spreads[f]...)
		}
	}
	return uses
}

// fits says whether a variable may stand where it is used. A String may stand for an enum.
func (c *checker) fits(v *ast.VariableDefinition, u variableUse) bool {
	have, want := v.Type, u.want
	if want.NonNull && !have.NonNull && (v.DefaultValue != nil && v.DefaultValue.Kind != ast.NullValue || u.hasDefault) {
		have = &ast.Type{NamedType: have.NamedType, Elem: have.Elem, NonNull: true}
	}
	for {
		if want.NonNull && !have.NonNull {
			return false
		}
		switch {
		case want.Elem != nil && have.Elem != nil:
			want, have = want.Elem, have.Elem
		case want.Elem != nil:
			want = &ast.Type{NamedType: want.Elem.NamedType, Elem: want.Elem.Elem}
		case have.Elem != nil:
			return false
		default:
			def := c.m.schema.Types[want.NamedType]
			return have.NamedType == want.NamedType || have.NamedType == "String" && (def.Kind == ast.Enum || c.m.lists[def.Name] != nil)
		}
	}
}
