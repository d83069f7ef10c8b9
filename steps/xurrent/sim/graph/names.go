package graph

import (
	"maps"
	"slices"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// slotKey stands for the name of a field, so that records need not hold the names.
type slotKey uint16

var slotKeys = struct {
	sync.RWMutex
	byName map[string]slotKey
	names  []string
}{byName: map[string]slotKey{}}

func keyOf(name string) slotKey {
	slotKeys.RLock()
	k, ok := slotKeys.byName[name]
	slotKeys.RUnlock()
	if ok {
		return k
	}
	slotKeys.Lock()
	defer slotKeys.Unlock()
	if k, ok := slotKeys.byName[name]; ok {
		return k
	}
	k = slotKey(len(slotKeys.names))
	slotKeys.byName[name] = k
	slotKeys.names = append(slotKeys.names, name)
	return k
}

func (k slotKey) String() string {
	slotKeys.RLock()
	defer slotKeys.RUnlock()
	return slotKeys.names[k]
}

// Fields that the code itself reads or writes.
var (
	keyID             = keyOf("id")
	keyAccount        = keyOf("account")
	keyCreatedAt      = keyOf("createdAt")
	keyUpdatedAt      = keyOf("updatedAt")
	keyCreatedBy      = keyOf("createdBy")
	keyUpdatedBy      = keyOf("updatedBy")
	keyLifeCycleState = keyOf("lifeCycleState")
	keyCustomFields   = keyOf("customFields")
	keySource         = keyOf("source")
	keySourceID       = keyOf("sourceID")
	keyOwner          = keyOf("owner")
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func sortedFields(t *typeInfo) []*fieldInfo {
	fields := make([]*fieldInfo, 0, len(t.fields))
	for _, name := range sortedKeys(t.fields) {
		fields = append(fields, t.fields[name])
	}
	return fields
}

// sortedTypes gives t, or the object types that t stands for when it is an interface.
func sortedTypes(m *model, t *typeInfo) []*typeInfo {
	if t.def.Kind == ast.Object {
		return []*typeInfo{t}
	}
	var all []*typeInfo
	for _, name := range sortedKeys(t.possible) {
		all = append(all, m.types[name])
	}
	return all
}
