package steps

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"currant/engine/lang"
)

// Registry is the kinds that a build, or a test, knows. It does not change.
type Registry struct {
	kinds       map[string]*Kind
	connections map[string]*ConnectionKind
}

// NewRegistry checks the declarations: a name twice, or anything without documentation, is an error.
func NewRegistry(kinds []*Kind, connections []*ConnectionKind) (*Registry, error) {
	r := &Registry{kinds: map[string]*Kind{}, connections: map[string]*ConnectionKind{}}
	var problems []string
	for _, k := range kinds {
		if r.kinds[k.Name] != nil {
			problems = append(problems, fmt.Sprintf("step kind %q is declared twice", k.Name))
		}
		if k.Doc == "" || len(k.Examples) == 0 {
			problems = append(problems, fmt.Sprintf("step kind %q needs a doc and an example", k.Name))
		}
		problems = append(problems, lang.Undocumented("step kind "+k.Name, k.spec)...)
		r.kinds[k.Name] = k
	}
	for _, k := range connections {
		if k.Doc == "" {
			problems = append(problems, fmt.Sprintf("connection type %q needs a doc", k.Name))
		}
		problems = append(problems, lang.Undocumented("connection type "+k.Name, k.spec)...)
		r.connections[k.Name] = k
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("steps: %s", strings.Join(problems, "; "))
	}
	return r, nil
}

// Kind is the step kind of that name, or nil.
func (r *Registry) Kind(name string) *Kind { return r.kinds[name] }

// Connection is the connection type of that name, or nil.
func (r *Registry) Connection(name string) *ConnectionKind { return r.connections[name] }

// Kinds are all step kinds by name.
func (r *Registry) Kinds() []*Kind {
	var out []*Kind
	for _, n := range slices.Sorted(maps.Keys(r.kinds)) {
		out = append(out, r.kinds[n])
	}
	return out
}

// KindNames are the names of all step kinds, sorted.
func (r *Registry) KindNames() []string { return slices.Sorted(maps.Keys(r.kinds)) }

// ConnectionNames are the names of all connection types, sorted.
func (r *Registry) ConnectionNames() []string { return slices.Sorted(maps.Keys(r.connections)) }
