package graph

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// writer turns the input of a mutation into steps. Looking the input through finds its problems; only when there
// are none are the steps done, so a mutation changes everything or nothing.
type writer struct {
	x        *executor
	a        *Account
	problems []any
	files    map[string]file
	notes    []*record // made on the way; they are told of after the record itself
	// reference is the one that an app offering is to have, "" where it stays.
	reference string
}

type step func(*record)

// problem adds a ValidationError (PLATFORM 3.2).
func (w *writer) problem(field, message string) {
	w.problems = append(w.problems, map[string]any{"path": []any{"attributes", field}, "message": message})
}

// fields gives the steps that set the fields of an input; r is nil when the record is yet to be made.
func (w *writer) fields(t *typeInfo, in map[string]any, r *record) []step {
	var steps []step
	for _, name := range sortedKeys(in) {
		if name == "id" || name == "clientMutationId" {
			continue
		}
		if s := w.field(t, name, in, r); s != nil {
			steps = append(steps, s)
		}
	}
	return steps
}

// field gives the step for one field of an input, going by its name.
func (w *writer) field(t *typeInfo, name string, in map[string]any, r *record) step {
	v := in[name]
	if s, done := w.special(t, name, in); done {
		return s
	}
	if f := t.fields[name]; f != nil {
		return w.set(f, name, v, r)
	}
	for _, alias := range []string{inputNames[t.name+"."+name], inputNames[name]} {
		if f := t.fields[alias]; f != nil {
			if strings.HasSuffix(name, "ToDelete") {
				return w.deleteThose(f, name, v)
			}
			return w.set(f, name, v, r)
		}
	}
	stem, suffix := "", ""
	switch {
	case strings.HasSuffix(name, "Ids"):
		stem, suffix = strings.TrimSuffix(name, "Ids"), "Ids"
	case strings.HasSuffix(name, "Id"):
		stem, suffix = strings.TrimSuffix(name, "Id"), "Id"
	case strings.HasSuffix(name, "ToDelete"):
		if f := t.fields[strings.TrimSuffix(name, "ToDelete")]; f != nil {
			return w.deleteThose(f, name, v)
		}
	case strings.HasPrefix(name, "new") && len(name) > 3:
		if f := t.fields[lowerFirst(name[3:])]; f != nil {
			return w.addThose(f, name, v, r, false)
		}
	}
	if suffix != "" {
		if alias := inputNames[t.name+"."+stem]; alias != "" {
			stem = alias
		}
		for _, n := range []string{stem, stem + "s", stem + "es", strings.TrimSuffix(stem, "y") + "ies"} {
			if f := t.fields[n]; f != nil && (f.kind == recordsField) == (suffix == "Ids") {
				return w.set(f, name, v, r)
			}
		}
	}
	// The type does not show it: kept where GraphQL cannot select it.
	k := keyOf(name)
	return func(r *record) { r.set(k, v) }
}

// set gives the step that makes v the value of a field.
func (w *writer) set(f *fieldInfo, name string, v any, r *record) step {
	switch f.kind {
	case recordField, recordsField:
		if f.target.name == "Attachment" {
			return w.addThose(f, name, v, r, false)
		}
		if list, ok := v.([]any); ok && len(list) > 0 {
			if _, isInput := list[0].(map[string]any); isInput {
				return w.addThose(f, name, v, r, true)
			}
		}
		return w.setRelation(f, name, v)
	case accountField:
		return func(r *record) {
			if s := asText(v); s != "" {
				r.set(f.key, accountRef(s))
			} else {
				r.set(f.key, nil)
			}
		}
	case valueField:
		value := w.valueOf(f, name, v)
		return func(r *record) { r.set(f.key, value) }
	}
	switch f.key {
	case keySource, keySourceID:
		return func(r *record) {
			w.a.unindexSource(r)
			r.set(f.key, v)
			w.a.indexSource(r)
		}
	case keyLifeCycleState:
		return func(r *record) { w.a.setLifeCycle(r, asText(v)) }
	}
	return func(r *record) { r.set(f.key, v) }
}

// setRelation takes a node id, a list of them, or nothing.
func (w *writer) setRelation(f *fieldInfo, name string, v any) step {
	var to []*record
	ids, isList := v.([]any)
	if !isList && v != nil {
		ids = []any{v}
	}
	for _, id := range ids {
		if r := w.find(f.target, name, asText(id)); r != nil {
			to = append(to, r)
		}
	}
	return func(r *record) { w.a.relate(r, f, to) }
}

// find looks up a record that an input names; a problem when there is none of that type.
func (w *writer) find(t *typeInfo, name, id string) *record {
	if id == "" {
		return nil
	}
	r := w.a.lookup(id)
	if r == nil || !t.possible[r.typ.name] {
		w.problem(name, human(strings.TrimSuffix(strings.TrimSuffix(name, "Ids"), "Id"))+" not found: no "+t.name+" has the id "+shown(id))
		return nil
	}
	return r
}

// addThose makes the records of a list of inputs (newTags, newAddresses) and adds them; an input with an id changes
// that record. replace ends the relation to all others.
func (w *writer) addThose(f *fieldInfo, name string, v any, r *record, replace bool) step {
	list, ok := v.([]any)
	if !ok {
		if v == nil {
			return func(*record) {}
		}
		list = []any{v}
	}
	if f.target == nil {
		value := w.valueOf(f, name, v)
		return func(r *record) { r.set(f.key, value) }
	}
	if f.target.name == "Attachment" {
		attached := w.attachments(name, list)
		return func(r *record) { w.attachTo(r, f, attached) }
	}
	var makers []func() *record
	for _, e := range list {
		in, ok := e.(map[string]any)
		if !ok {
			continue
		}
		t := f.target
		var existing *record
		if id := asText(in["id"]); id != "" {
			if existing = w.find(t, name, id); existing == nil {
				continue
			}
			t = existing.typ
			if !w.x.m.listed[t.name] && (r == nil || !slices.Contains(w.a.related(r, f), existing)) {
				w.problem(name, human(name)+" has the id "+shown(id)+" of another record's "+t.name)
				continue
			}
		}
		steps := w.fields(t, in, existing)
		makers = append(makers, func() *record {
			child := existing
			if child == nil {
				child = w.create(t, len(steps)+4)
			}
			for _, s := range steps {
				s(child)
			}
			if existing == nil {
				w.defaults(child)
			}
			return child
		})
	}
	return func(r *record) {
		if replace {
			w.a.relate(r, f, nil)
		}
		for _, make := range makers {
			w.a.link(r, f, make())
		}
	}
}

// deleteThose ends the relation to the records named, and deletes those that have no life of their own.
func (w *writer) deleteThose(f *fieldInfo, name string, v any) step {
	if f.kind != recordsField {
		return nil
	}
	list, _ := v.([]any)
	var gone []*record
	for _, id := range list {
		if r := w.find(f.target, name, asText(id)); r != nil {
			gone = append(gone, r)
		}
	}
	return func(r *record) {
		for _, g := range gone {
			if !slices.Contains(w.a.related(r, f), g) {
				continue
			}
			w.a.unlink(r, f, g)
			if !w.x.m.listed[g.typ.name] {
				w.a.remove(g)
			}
		}
	}
}

func numberString(n uint64) string { return strconv.FormatUint(n, 10) }

// human is the name of a field as messages write it: Primary email.
func human(name string) string {
	var b strings.Builder
	for i, c := range name {
		switch {
		case i == 0:
			b.WriteRune(unicode.ToUpper(c))
		case unicode.IsUpper(c) && (i+1 >= len(name) || !unicode.IsUpper(rune(name[i+1]))) && !unicode.IsUpper(rune(name[i-1])):
			b.WriteRune(' ')
			b.WriteRune(unicode.ToLower(c))
		case unicode.IsUpper(c) && !unicode.IsUpper(rune(name[i-1])):
			b.WriteRune(' ')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
