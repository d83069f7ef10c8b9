package graph

import "github.com/vektah/gqlparser/v2/ast"

// alignPrelude makes the types that every schema has into those of the specification's reference implementation,
// which the service's clients are used to; the parser brings one directive more and other words.
func alignPrelude(s *ast.Schema) {
	delete(s.Directives, "defer")
	s.Types["String"].Description = "The `String` scalar type represents textual data, represented as UTF-8 character sequences. The String type is most often used by GraphQL to represent free-form human-readable text."
	s.Types["ID"].Description = "The `ID` scalar type represents a unique identifier, often used to refetch an object or as key for a cache. The ID type appears in a JSON response as a String; however, it is not intended to be human-readable. When expected as an input type, any string (such as `\"4\"`) or integer (such as `4`) input value will be accepted as an ID."
	directives := s.Types["__Schema"].Fields.ForName("directives")
	directives.Arguments = append(directives.Arguments, &ast.ArgumentDefinition{Name: "includeDeprecated",
		Type: ast.NonNullNamedType("Boolean", nil), DefaultValue: &ast.Value{Kind: ast.BooleanValue, Raw: "false"}})
	directive := s.Types["__Directive"]
	directive.Fields = append(directive.Fields,
		&ast.FieldDefinition{Name: "isDeprecated", Type: ast.NonNullNamedType("Boolean", nil)},
		&ast.FieldDefinition{Name: "deprecationReason", Type: ast.NamedType("String", nil)})
	if !uses(s, "Float") {
		delete(s.Types, "Float")
	}
}

func uses(s *ast.Schema, name string) bool {
	for _, t := range s.Types {
		for _, f := range t.Fields {
			if f.Type.Name() == name {
				return true
			}
			for _, a := range f.Arguments {
				if a.Type.Name() == name {
					return true
				}
			}
		}
	}
	return false
}
