package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// IntrospectionQuery is the text whose answer FromIntrospection reads (PLATFORM 3.5).
const IntrospectionQuery = `query IntrospectionQuery {
  __schema {
    queryType { name }
    mutationType { name }
    types {
      kind name description
      fields(includeDeprecated: false) {
        name description
        args { name description type { ...TypeRef } defaultValue }
        type { ...TypeRef }
      }
      inputFields { name description type { ...TypeRef } defaultValue }
      enumValues(includeDeprecated: false) { name description }
      possibleTypes { name }
    }
  }
}
fragment TypeRef on __Type {
  kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name } } } } } } }
}`

// Limits of an answer to the introspection query. The real one has a few MB and some thousand types.
const (
	maxAnswerBytes = 64 << 20
	maxTypes       = 50_000
	maxFields      = 1_000_000 // fields, arguments, values and members of unions of all types
	maxDoc         = 32 << 10  // bytes of a description or a default
)

type rawSchema struct {
	QueryType    *rawName  `json:"queryType"`
	MutationType *rawName  `json:"mutationType"`
	Types        []rawType `json:"types"`
}

type rawName struct {
	Name string `json:"name"`
}

type rawType struct {
	Kind          string     `json:"kind"`
	Name          string     `json:"name"`
	Description   string     `json:"description"`
	Fields        []rawField `json:"fields"`
	InputFields   []rawField `json:"inputFields"`
	EnumValues    []rawField `json:"enumValues"`
	PossibleTypes []rawName  `json:"possibleTypes"`
}

type rawField struct {
	Name         string     `json:"name"`
	Description  string     `json:"description"`
	Type         *rawRef    `json:"type"`
	DefaultValue *string    `json:"defaultValue"`
	Args         []rawField `json:"args"`
}

type rawRef struct {
	Kind   string  `json:"kind"`
	Name   string  `json:"name"`
	OfType *rawRef `json:"ofType"`
}

// FromIntrospection reads the answer to IntrospectionQuery: {"data":{"__schema":…}} or {"__schema":…}. An answer
// that is something else, is too large or uses names that are none is an error, which holds no part of it.
func FromIntrospection(answer []byte) (*Schema, error) {
	if len(answer) > maxAnswerBytes {
		return nil, fmt.Errorf("the schema has %d bytes; at most %d are read", len(answer), maxAnswerBytes)
	}
	var doc struct {
		Data *struct {
			Schema *rawSchema `json:"__schema"`
		} `json:"data"`
		Schema *rawSchema `json:"__schema"`
	}
	if err := json.Unmarshal(answer, &doc); err != nil {
		return nil, errors.New("the answer to the introspection query is not JSON of the expected form")
	}
	raw := doc.Schema
	if doc.Data != nil && doc.Data.Schema != nil {
		raw = doc.Data.Schema
	}
	if raw == nil || raw.QueryType == nil || len(raw.Types) == 0 {
		return nil, errors.New("the answer to the introspection query holds no schema")
	}
	c := converter{seen: map[string]bool{}}
	types, err := c.types(raw.Types)
	if err != nil {
		return nil, err
	}
	if !c.seen[raw.QueryType.Name] {
		return nil, errors.New("the schema has no type of that name for its queries")
	}
	mutation := ""
	if raw.MutationType != nil && c.seen[raw.MutationType.Name] {
		mutation = raw.MutationType.Name
	}
	s, err := Decode(encode(raw.QueryType.Name, mutation, types))
	if err != nil {
		return nil, errors.New("the schema's type for queries is no object")
	}
	return s, nil
}

// converter turns the answer into types within the limits.
type converter struct {
	seen  map[string]bool
	count int
}

func (c *converter) types(raw []rawType) ([]*typ, error) {
	if len(raw) > maxTypes {
		return nil, fmt.Errorf("the schema has %d types; at most %d are read", len(raw), maxTypes)
	}
	out := make([]*typ, 0, len(raw))
	for i, r := range raw {
		k, ok := kindOf(r.Kind)
		switch {
		case strings.HasPrefix(r.Name, "__"):
			continue // the types of introspection itself
		case !ok, !isName(r.Name):
			return nil, fmt.Errorf("type %d of the schema has no usable kind or name", i)
		case c.seen[r.Name]:
			return nil, fmt.Errorf("the schema has the type %s twice", r.Name)
		}
		c.seen[r.Name] = true
		t := &typ{name: r.Name, kind: k, doc: cleanDoc(r.Description)}
		fields := r.Fields
		if k == inputKind {
			fields = r.InputFields
		}
		var err error
		if t.fields, err = c.fields(r.Name, fields, true); err != nil {
			return nil, err
		}
		for _, v := range r.EnumValues {
			if err := c.name(r.Name, v.Name); err != nil {
				return nil, err
			}
			t.values = append(t.values, value{v.Name, cleanDoc(v.Description)})
		}
		for _, p := range r.PossibleTypes {
			if err := c.name(r.Name, p.Name); err != nil {
				return nil, err
			}
			t.possible = append(t.possible, p.Name)
		}
		out = append(out, t)
	}
	return out, nil
}

// name checks one name inside a type, and counts it.
func (c *converter) name(in, name string) error {
	if c.count++; c.count > maxFields {
		return fmt.Errorf("the schema has more than %d fields", maxFields)
	}
	if !isName(name) {
		return fmt.Errorf("the type %s of the schema has a part whose name is none", in)
	}
	return nil
}

func (c *converter) fields(in string, raw []rawField, withArgs bool) ([]*field, error) {
	out := make([]*field, 0, len(raw))
	seen := make(map[string]bool, len(raw))
	for _, r := range raw {
		if err := c.name(in, r.Name); err != nil {
			return nil, err
		}
		if seen[r.Name] {
			return nil, fmt.Errorf("the type %s of the schema has the name %s twice", in, r.Name)
		}
		seen[r.Name] = true
		f := &field{name: r.Name, doc: cleanDoc(r.Description), typ: r.Type.ref(0)}
		if r.DefaultValue != nil {
			f.hasDefault, f.def = true, cleanDoc(*r.DefaultValue)
		}
		if withArgs {
			args, err := c.fields(in, r.Args, false)
			if err != nil {
				return nil, err
			}
			f.args = args
		}
		out = append(out, f)
	}
	return out, nil
}

// ref is the type, or String where the wrappers are too deep or cannot be read (PLATFORM 3.11).
func (r *rawRef) ref(depth int) *ref {
	unreadable := &ref{name: "String"}
	if r == nil || depth > maxWrappers {
		return unreadable
	}
	switch r.Kind {
	case "NON_NULL":
		inner := *r.OfType.ref(depth + 1)
		inner.nonNull = true
		return &inner
	case "LIST":
		return &ref{elem: r.OfType.ref(depth + 1)}
	}
	if !isName(r.Name) {
		return unreadable
	}
	return &ref{name: r.Name}
}

func kindOf(name string) (kind, bool) {
	for i, n := range kindNames {
		if n == name {
			return kind(i), true
		}
	}
	return 0, false
}

// cleanDoc makes a text from outside fit for a terminal: one line, nothing that controls it, not endless.
func cleanDoc(s string) string {
	if len(s) > maxDoc {
		s = s[:maxDoc]
	}
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
