package graph

import (
	"strings"
	"testing"
)

// The tables in model_names.go name fields of the schema; a name that is not there would do nothing.
func TestNameTablesFitSchema(t *testing.T) {
	m, err := loadModel()
	if err != nil {
		t.Fatal(err)
	}
	for path, other := range inverseNames {
		if m.field(path) == nil || other != "" && m.field(other) == nil {
			t.Errorf("relation %s and %s", path, other)
		}
	}
	for key, path := range filterNames {
		typ, name, dotted := strings.Cut(key, ".")
		if !dotted {
			continue
		}
		if m.types[typ] == nil || m.dotted(m.types[typ], path) == nil {
			t.Errorf("filter %s: %s is no path", key, path)
		}
		if f := m.schema.Types[typ+"Filter"]; f == nil || f.Fields.ForName(name) == nil {
			t.Errorf("filter %s is not in the schema", key)
		}
	}
	for typ, fields := range createDefaults {
		for name, value := range fields {
			f := m.types[typ].fields[name]
			if f == nil {
				t.Errorf("default %s.%s", typ, name)
			} else if _, problem := m.scalar(f.named, value); problem != "" {
				t.Errorf("default %s.%s: %s", typ, name, problem)
			}
		}
	}
}

// Both sides of a relation name each other.
func TestInversesAreMutual(t *testing.T) {
	m, err := loadModel()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][2]string{{"Team.members", "Person.teams"}, {"Organization.people", "Person.organization"},
		{"Service.serviceInstances", "ServiceInstance.service"}, {"Request.configurationItems", "ConfigurationItem.requests"},
		{"Request.groupedRequests", "Request.groupedInto"}, {"ProductCategory.products", "Product.productCategory"},
		{"Workflow.tasks", "Task.workflow"}, {"Person.translations", ""}, {"Service.translations", "Translation.owner"}} {
		f := m.field(want[0])
		if want[1] == "" {
			if f != nil && f.inverse != nil {
				t.Errorf("%s has an inverse", want[0])
			}
			continue
		}
		g := m.field(want[1])
		if f.inverse[g.owner.name] != g || g.inverse[f.owner.name] != f {
			t.Errorf("%s and %s are not two sides of one relation: %v %v", want[0], want[1], f.inverse, g.inverse)
		}
	}
	for _, typ := range m.types {
		for _, f := range typ.fields {
			for other, g := range f.inverse {
				if g.owner.name != other || g.inverse[typ.name] != f {
					t.Errorf("%s.%s and %s.%s", typ.name, f.name, other, g.name)
				}
			}
		}
	}
}
