package graph

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

//go:embed schema.graphql.gz
var schemaGz []byte

// typeKind is what an object type stands for.
type typeKind uint8

const (
	valueType      typeKind = iota // held inside a record, such as CustomField
	recordType                     // has a node id
	accountType                    // Account
	connectionType                 // XConnection
	edgeType
	payloadType // the answer of a mutation
	rootType    // Query, Mutation
)

// typeInfo is one object type or interface of the schema.
type typeInfo struct {
	name   string
	def    *ast.Definition
	kind   typeKind
	fields map[string]*fieldInfo
	keys   map[slotKey]bool // of the fields
	// storage is the type of the records behind this one: itself, except for WebhookPolicyCreateResponse.
	storage *typeInfo
	// numberKey is the field that shows a record's number, such as Request.requestId; nil for most.
	numberKey *fieldInfo
	// node is the type of record in a connection, "" otherwise.
	node string
	// possible names the object types that an interface stands for (and an object type itself).
	possible map[string]bool
}

// fieldKind is how a field's value is kept.
type fieldKind uint8

const (
	scalarField  fieldKind = iota // scalars and enums, and lists of them
	valueField                    // value objects, and lists of them
	recordField                   // a relation to one record
	recordsField                  // a relation to many: a connection, or a plain list
	accountField                  // an account, by its id
	otherField                    // worked out while answering
)

// fieldInfo is one field of an object type.
type fieldInfo struct {
	name  string
	key   slotKey
	kind  fieldKind
	owner *typeInfo
	def   *ast.FieldDefinition
	named *ast.Definition
	// target is the type of the record or records that a relation leads to.
	target *typeInfo
	// inverse is the field on the other side, by the type of the record there.
	inverse map[string]*fieldInfo
}

// model is the schema, prepared. It never changes once read.
type model struct {
	schema *ast.Schema
	types  map[string]*typeInfo
	// roots says which type of record a root connection lists.
	roots map[string]string
	// lists holds the allowed words of scalars that are "One of a fixed list".
	lists map[string]map[string]bool
	// listed holds the types with a root connection: they have scopes of their own.
	listed map[string]bool
	// mutations is what each mutation does.
	mutations map[string]*mutation
	paths     sync.Map // pathName → *fieldPath
}

var loadModel = sync.OnceValues(readModel)

func readModel() (*model, error) {
	z, err := gzip.NewReader(bytes.NewReader(schemaGz))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	schema, gerr := validator.LoadSchema(validator.Prelude, &ast.Source{Name: "schema.graphql", Input: string(text)})
	if gerr != nil {
		return nil, gerr
	}
	alignPrelude(schema)
	m := &model{schema: schema, types: map[string]*typeInfo{}, roots: map[string]string{},
		lists: map[string]map[string]bool{}, listed: map[string]bool{}}
	m.addTypes()
	for _, t := range m.types {
		m.addFields(t)
	}
	m.addInverses()
	for _, f := range schema.Query.Fields {
		if t := m.types[f.Type.Name()]; t != nil && t.kind == connectionType {
			m.roots[f.Name] = t.node
			m.listed[t.node] = true
		}
	}
	m.addMutations()
	return m, nil
}

func (m *model) addTypes() {
	for name, def := range m.schema.Types {
		switch def.Kind {
		case ast.Scalar:
			if _, words, ok := strings.Cut(def.Description, "Values: "); ok {
				m.lists[name] = map[string]bool{}
				for _, w := range strings.Split(words, ", ") {
					m.lists[name][strings.TrimSpace(w)] = true
				}
			}
		case ast.Object, ast.Interface:
			if strings.HasPrefix(name, "__") {
				continue
			}
			t := &typeInfo{name: name, def: def, kind: m.kindOf(def), possible: map[string]bool{}, fields: map[string]*fieldInfo{}, keys: map[slotKey]bool{}}
			t.storage = t
			for _, p := range m.schema.GetPossibleTypes(def) {
				t.possible[p.Name] = true
			}
			m.types[name] = t
		}
	}
	m.types["WebhookPolicyCreateResponse"].storage = m.types["WebhookPolicy"]
}

func (m *model) kindOf(def *ast.Definition) typeKind {
	id := def.Fields.ForName("id")
	switch {
	case def == m.schema.Query || def == m.schema.Mutation:
		return rootType
	case def.Name == "Account":
		return accountType
	case strings.HasSuffix(def.Name, "Connection") && def.Fields.ForName("pageInfo") != nil:
		return connectionType
	case strings.HasSuffix(def.Name, "Edge") && def.Fields.ForName("cursor") != nil:
		return edgeType
	case def.Fields.ForName("clientMutationId") != nil:
		return payloadType
	case id != nil && id.Type.Name() == "ID", def.Kind == ast.Interface:
		return recordType
	default:
		return valueType
	}
}

func (m *model) addFields(t *typeInfo) {
	if t.kind == connectionType {
		t.node = t.def.Fields.ForName("nodes").Type.Name()
	}
	for _, def := range t.def.Fields {
		f := &fieldInfo{name: def.Name, owner: t, def: def, named: m.schema.Types[def.Type.Name()]}
		f.key = keyOf(def.Name)
		f.kind = m.fieldKind(t, f)
		if f.kind == recordField || f.kind == recordsField {
			f.target = m.types[f.named.Name]
			if f.target.kind == connectionType {
				f.target = m.types[f.target.def.Fields.ForName("nodes").Type.Name()]
			}
		}
		t.fields[def.Name] = f
		t.keys[f.key] = true
	}
	if f := t.fields[lowerFirst(t.name)+"Id"]; f != nil && f.kind == scalarField && t.kind == recordType {
		t.numberKey = f
	}
}

func (m *model) fieldKind(t *typeInfo, f *fieldInfo) fieldKind {
	to := m.types[f.named.Name]
	switch {
	case t.kind == rootType || t.kind == connectionType || t.kind == edgeType || strings.HasPrefix(f.name, "__"):
		return otherField
	case to == nil:
		return scalarField
	case to.kind == recordType && f.def.Type.Elem == nil:
		return recordField
	case to.kind == recordType, to.kind == connectionType:
		return recordsField
	case to.kind == accountType:
		return accountField
	default:
		return valueField
	}
}

// addInverses finds the two sides of each relation: Person.teams and Team.members hold the same facts.
func (m *model) addInverses() {
	taken := map[*fieldInfo]bool{}
	pair := func(f, g *fieldInfo) {
		f.setInverse(g)
		g.setInverse(f)
		taken[f], taken[g] = true, true
	}
	for path, other := range inverseNames {
		f := m.field(path)
		if taken[f] = true; other != "" {
			pair(f, m.field(other))
		}
	}
	for _, name := range sortedKeys(m.types) {
		t := m.types[name]
		if t.kind != recordType || t.def.Kind != ast.Object {
			continue
		}
		for _, f := range sortedFields(t) {
			if f.kind != recordsField || taken[f] || f.target == nil || f.target.name == "Attachment" {
				continue
			}
			if g := m.inverseOf(t, f, taken); g != nil {
				pair(f, g)
			}
		}
	}
}

// inverseOf finds the one field on the other side that can only mean t: a list of t, or else a single t. The single
// field may be of an interface (Translation.owner), and is then shared by all types that have a side to it.
func (m *model) inverseOf(t *typeInfo, f *fieldInfo, taken map[*fieldInfo]bool) *fieldInfo {
	var lists, singles []*fieldInfo
	for _, other := range sortedTypes(m, f.target) {
		for _, g := range sortedFields(other) {
			shared := g.target != nil && g.target.def.Kind == ast.Interface && g.target.name != "Node" && g.target.possible[t.name]
			switch {
			case g.kind == recordsField && g.target == t && !taken[g] && g != f:
				lists = append(lists, g)
			case g.kind == recordField && (g.target == t && !taken[g] || shared):
				singles = append(singles, g)
			}
		}
	}
	if f.target.def.Kind == ast.Interface {
		return nil
	}
	if len(lists) == 1 {
		return lists[0]
	}
	if len(lists) == 0 && len(singles) == 1 {
		return singles[0]
	}
	return nil
}

func (f *fieldInfo) setInverse(g *fieldInfo) {
	if f.inverse == nil {
		f.inverse = map[string]*fieldInfo{}
	}
	f.inverse[g.owner.name] = g
}

// field finds a field by "Type.name"; it is only used for the built-in tables, whose names a test checks.
func (m *model) field(path string) *fieldInfo {
	t, f, _ := strings.Cut(path, ".")
	if m.types[t] == nil {
		return nil
	}
	return m.types[t].fields[f]
}
