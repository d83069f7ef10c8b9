package graph

import (
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// described is a part of the schema, as introspection shows it.
type described struct {
	def   *ast.Definition
	field func(g *group) any
}

func (d described) definition() *ast.Definition { return d.def }

func (d described) resolve(_ *executor, g *group) (any, string) { return d.field(g), "" }

func schemaObject(m *model) any {
	return described{m.schema.Types["__Schema"], func(g *group) any {
		switch g.field.Name {
		case "queryType":
			return typeObject(m, m.schema.Query.Name)
		case "mutationType":
			return typeObject(m, m.schema.Mutation.Name)
		case "types":
			names := sortedKeys(m.schema.Types)
			return each(len(names), func(i int) any { return typeObject(m, names[i]) })
		case "directives":
			names := sortedKeys(m.schema.Directives)
			return each(len(names), func(i int) any { return directiveObject(m, m.schema.Directives[names[i]]) })
		}
		return nil
	}}
}

func each(n int, at func(int) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = at(i)
	}
	return out
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// typeObject is a named type, nil when there is none of that name.
func typeObject(m *model, name string) any {
	def := m.schema.Types[name]
	if def == nil {
		return nil
	}
	return described{m.schema.Types["__Type"], func(g *group) any {
		fielded := def.Kind == ast.Object || def.Kind == ast.Interface
		switch g.field.Name {
		case "kind":
			return string(def.Kind)
		case "name":
			return def.Name
		case "description":
			return text(def.Description)
		case "fields":
			if fielded {
				return fieldObjects(m, def)
			}
		case "inputFields":
			if def.Kind == ast.InputObject {
				return each(len(def.Fields), func(i int) any {
					f := def.Fields[i]
					return inputObject(m, f.Name, f.Description, f.Type, f.DefaultValue)
				})
			}
		case "interfaces":
			if fielded {
				return each(len(def.Interfaces), func(i int) any { return typeObject(m, def.Interfaces[i]) })
			}
		case "possibleTypes":
			if def.IsAbstractType() {
				return possibleObjects(m, def)
			}
		case "enumValues":
			if def.Kind == ast.Enum {
				return each(len(def.EnumValues), func(i int) any { return enumObject(m, def.EnumValues[i]) })
			}
		case "isOneOf":
			if def.Kind == ast.InputObject {
				return false
			}
		}
		return nil
	}}
}

func possibleObjects(m *model, def *ast.Definition) []any {
	var names []string
	for _, p := range m.schema.GetPossibleTypes(def) {
		if p.Kind == ast.Object {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return each(len(names), func(i int) any { return typeObject(m, names[i]) })
}

// wrappedObject is a type as a field has it: perhaps a list, perhaps without null.
func wrappedObject(m *model, t *ast.Type) any {
	kind, of := "LIST", t.Elem
	switch {
	case t.NonNull:
		kind, of = "NON_NULL", &ast.Type{NamedType: t.NamedType, Elem: t.Elem}
	case t.NamedType != "":
		return typeObject(m, t.NamedType)
	}
	return described{m.schema.Types["__Type"], func(g *group) any {
		switch g.field.Name {
		case "kind":
			return kind
		case "ofType":
			return wrappedObject(m, of)
		}
		return nil
	}}
}

func fieldObjects(m *model, def *ast.Definition) []any {
	var all []any
	for _, f := range def.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		all = append(all, described{m.schema.Types["__Field"], func(g *group) any {
			switch g.field.Name {
			case "name":
				return f.Name
			case "description":
				return text(f.Description)
			case "args":
				return argumentObjects(m, f.Arguments)
			case "type":
				return wrappedObject(m, f.Type)
			case "isDeprecated":
				return false
			}
			return nil
		}})
	}
	return all
}

func argumentObjects(m *model, args ast.ArgumentDefinitionList) []any {
	return each(len(args), func(i int) any {
		a := args[i]
		return inputObject(m, a.Name, a.Description, a.Type, a.DefaultValue)
	})
}

func inputObject(m *model, name, description string, t *ast.Type, value *ast.Value) any {
	return described{m.schema.Types["__InputValue"], func(g *group) any {
		switch g.field.Name {
		case "name":
			return name
		case "description":
			return text(description)
		case "type":
			return wrappedObject(m, t)
		case "defaultValue":
			if value != nil {
				return value.String()
			}
		case "isDeprecated":
			return false
		}
		return nil
	}}
}

func enumObject(m *model, v *ast.EnumValueDefinition) any {
	return described{m.schema.Types["__EnumValue"], func(g *group) any {
		switch g.field.Name {
		case "name":
			return v.Name
		case "description":
			return text(v.Description)
		case "isDeprecated":
			return false
		}
		return nil
	}}
}

func directiveObject(m *model, d *ast.DirectiveDefinition) any {
	return described{m.schema.Types["__Directive"], func(g *group) any {
		switch g.field.Name {
		case "name":
			return d.Name
		case "description":
			return text(d.Description)
		case "isRepeatable":
			return d.IsRepeatable
		case "isDeprecated":
			return false
		case "locations":
			return each(len(d.Locations), func(i int) any { return string(d.Locations[i]) })
		case "args":
			return argumentObjects(m, d.Arguments)
		}
		return nil
	}}
}

// introspections keeps the latest answers that only describe the schema: they are large and always the same.
var introspections = struct {
	sync.Mutex
	answers map[string]Response
}{answers: map[string]Response{}}

const maxIntrospections = 8

func (m *model) cachedIntrospection(r Request) (Response, bool) {
	if len(r.Variables) > 0 || !strings.Contains(r.Query, "__schema") {
		return Response{}, false
	}
	introspections.Lock()
	defer introspections.Unlock()
	answer, ok := introspections.answers[r.OperationName+"\x00"+r.Query]
	return answer, ok
}

func (m *model) cacheIntrospection(r Request, op *ast.OperationDefinition, answer Response) {
	if len(r.Variables) > 0 || len(answer.Errors) > 0 || len(op.SelectionSet) == 0 {
		return
	}
	for _, s := range op.SelectionSet {
		if f, ok := s.(*ast.Field); !ok || f.Name != "__schema" {
			return
		}
	}
	introspections.Lock()
	defer introspections.Unlock()
	if len(introspections.answers) >= maxIntrospections {
		clear(introspections.answers)
	}
	introspections.answers[r.OperationName+"\x00"+r.Query] = answer
}
