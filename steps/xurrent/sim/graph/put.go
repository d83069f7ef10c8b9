package graph

import (
	"encoding/json"
	"maps"

	"github.com/vektah/gqlparser/v2/ast"
)

// put creates or changes a record for Account.Put and Account.Arrange, and gives its node id. Watchers learn of it where
// told says so.
func (a *Account) put(typ string, fields map[string]any, told bool) string {
	t := a.world.model.types[typ]
	switch {
	case t == nil:
		return ""
	case t.kind == accountType:
		if a.own == nil {
			a.own = map[string]any{}
		}
		maps.Copy(a.own, fields)
		return a.id
	case t.kind != recordType || t.storage != t || t.def.Kind != ast.Object:
		return ""
	}
	now := timestamp(a.world.opts.Now())
	var r *record
	var before map[string]any
	action := ActionUpdate
	if id := asText(fields["id"]); id != "" {
		if r = a.lookup(id); r == nil || r.typ != t {
			return ""
		}
		if told {
			before = a.before(r)
		}
		a.touch(r, now)
	} else {
		action = ActionCreate
		r = a.add(t, len(fields)+2)
		a.begin(r, now)
	}
	a.unindexSource(r)
	reference := r.text(keyReference)
	for _, name := range sortedKeys(fields) {
		if name != "id" {
			a.putField(r, name, fields[name])
		}
	}
	a.indexSource(r)
	if typ == "AppOffering" && r.get(keyDraft) == nil {
		a.world.references.put(r.text(keyReference), reference, a.id)
	}
	if told {
		a.changed(action, r, before, "")
	}
	return a.nodeID(r)
}

func (a *Account) putField(r *record, name string, v any) {
	f := r.typ.fields[name]
	if f == nil {
		r.set(keyOf(name), v)
		return
	}
	switch f.kind {
	case recordField, recordsField:
		var to []*record
		for _, id := range ids(v) {
			if other := a.lookup(id); other != nil {
				to = append(to, other)
			}
		}
		a.relate(r, f, to)
	case accountField:
		if s := asText(v); s != "" {
			r.set(f.key, accountRef(s))
		}
	default:
		if f.key == keyLifeCycleState {
			a.setLifeCycle(r, asText(v))
			return
		}
		r.set(f.key, putValue(f, v))
	}
}

func ids(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		var all []string
		for _, e := range v {
			all = append(all, asText(e))
		}
		return all
	}
	return nil
}

// putValue brings what Go code writes to the form in which values are kept.
func putValue(f *fieldInfo, v any) any {
	if v == nil {
		return nil
	}
	if f.named.Name == "JSON" {
		return plainJSON(v)
	}
	switch v := v.(type) {
	case int:
		return int64(v)
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out
	case []map[string]any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = putObject(f, e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = e
			if m, ok := e.(map[string]any); ok {
				out[i] = putObject(f, m)
			}
		}
		return out
	case json.Number:
		n, _ := v.Int64()
		return n
	}
	return v
}

func putObject(f *fieldInfo, in map[string]any) map[string]any {
	out := maps.Clone(in)
	if f.key == keyCustomFields {
		out["value"] = plainJSON(in["value"])
	}
	return out
}
