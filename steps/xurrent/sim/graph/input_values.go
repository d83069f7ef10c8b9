package graph

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// valueOf is a value object, or a list of them, as it is kept.
func (w *writer) valueOf(f *fieldInfo, name string, v any) any {
	t := w.x.m.types[f.named.Name]
	switch v := v.(type) {
	case map[string]any:
		return w.valueFields(t, name, v)
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			if in, ok := e.(map[string]any); ok {
				out = append(out, w.valueFields(t, name, in))
			}
		}
		return out
	}
	return nil
}

func (w *writer) valueFields(t *typeInfo, name string, in map[string]any) map[string]any {
	out := maps.Clone(in)
	for k, v := range in {
		f := t.fields[strings.TrimSuffix(k, "Id")]
		if f == nil || f.kind != recordField {
			continue
		}
		delete(out, k)
		if r := w.find(f.target, name, asText(v)); r != nil {
			out[f.name] = ref(r.number)
		}
	}
	return out
}

// mergeCustomFields sets the custom fields named, and leaves the others.
func mergeCustomFields(r *record, v any) {
	list, _ := r.get(keyCustomFields).([]any)
	list = slices.Clone(list)
	changes, _ := v.([]any)
	for _, c := range changes {
		c, _ := c.(map[string]any)
		i := slices.IndexFunc(list, func(e any) bool { return e.(map[string]any)["id"] == c["id"] })
		field := map[string]any{"id": c["id"], "value": c["value"]}
		empty := c["value"] == nil || string(rawJSON(c["value"])) == "null"
		switch {
		case i < 0 && !empty:
			list = append(list, field)
		case i >= 0 && empty:
			list = slices.Delete(list, i, i+1)
		case i >= 0:
			list[i] = field
		}
	}
	r.set(keyCustomFields, list)
}

func rawJSON(v any) json.RawMessage { raw, _ := v.(json.RawMessage); return raw }
