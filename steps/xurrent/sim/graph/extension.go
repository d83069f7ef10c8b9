package graph

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
)

// versionFields are what a version of a UI extension holds (PLATFORM 9.2).
var versionFields = []string{"css", "html", "javascript", "formDefinition"}

var (
	keyVersionNr   = keyOf("versionNr")
	keyActivatedAt = keyOf("activatedAt")
	keyArchivedAt  = keyOf("archivedAt")
	keyCategory    = keyOf("category")
)

// Statuses of a version.
const (
	versionPrepared = "being_prepared"
	versionActive   = "active"
	versionArchived = "archived"
)

// saveVersion keeps what a UI extension shows in the version that is being prepared, and activates that where asked
// (PLATFORM 9.2). A version begins as a copy of the active one; content that is the active one's already makes no version.
func (w *writer) saveVersion(r *record, in map[string]any) {
	prepared, active := w.versionsOf(r)
	base := prepared
	if base == nil {
		base = active
	}
	if base == nil || differs(base, in) {
		if prepared == nil {
			prepared = w.newVersion(r, active)
		}
		for _, name := range versionFields {
			if v, given := in[name]; given {
				prepared.set(keyOf(name), blankless(v))
			}
		}
		w.a.touch(prepared, w.x.now)
	}
	if on, _ := in["activate"].(bool); !on || prepared == nil {
		return
	}
	if active != nil {
		active.set(keyStatus, versionArchived)
		active.set(keyArchivedAt, w.x.now)
		w.a.touch(active, w.x.now)
	}
	prepared.set(keyStatus, versionActive)
	prepared.set(keyActivatedAt, w.x.now)
	w.a.relate(r, r.typ.fields["activeVersion"], []*record{prepared})
}

// versionsOf finds the versions of a UI extension that are not archived; nil where there is none.
func (w *writer) versionsOf(r *record) (prepared, active *record) {
	for _, v := range w.a.related(r, r.typ.fields["versions"]) {
		switch v.text(keyStatus) {
		case versionPrepared:
			prepared = v
		case versionActive:
			active = v
		}
	}
	return prepared, active
}

func (w *writer) newVersion(r, from *record) *record {
	versions := r.typ.fields["versions"]
	v := w.create(w.x.m.types["UiExtensionVersion"], 12)
	v.set(keyVersionNr, int64(len(w.a.related(r, versions))+1))
	v.set(keyStatus, versionPrepared)
	if from != nil {
		for _, name := range versionFields {
			v.set(keyOf(name), from.get(keyOf(name)))
		}
	}
	w.a.link(r, versions, v)
	return v
}

// differs says whether an input changes a version's content.
func differs(version *record, in map[string]any) bool {
	return slices.ContainsFunc(versionFields, func(name string) bool {
		v, given := in[name]
		return given && !sameContent(version.get(keyOf(name)), blankless(v))
	})
}

func sameContent(a, b any) bool {
	x, isJSON := a.(json.RawMessage)
	y, both := b.(json.RawMessage)
	if !isJSON || !both || bytes.Equal(x, y) {
		return reflect.DeepEqual(a, b)
	}
	var v, w any
	return json.Unmarshal(x, &v) == nil && json.Unmarshal(y, &w) == nil && reflect.DeepEqual(v, w)
}

// blankless is a value as it is kept: the JSON null is nothing.
func blankless(v any) any {
	if raw, ok := v.(json.RawMessage); ok && string(raw) == "null" {
		return nil
	}
	return v
}

// formOf gives the step that makes a UI extension the form of an app offering: the version that the input names, or else
// its active one, or else its newest.
func (w *writer) formOf(in map[string]any) step {
	form := w.x.m.types["AppOffering"].fields["uiExtensionVersion"]
	version := w.find(form.target, "uiExtensionVersionId", asText(in["uiExtensionVersionId"]))
	id, given := in["uiExtensionId"]
	if !given || id == nil {
		return func(r *record) { w.a.relate(r, form, list(version)) }
	}
	ext := w.find(w.x.m.types["UiExtension"], "uiExtensionId", asText(id))
	if ext == nil {
		return nil
	}
	if ext.text(keyCategory) != "app_offering" {
		w.problem("uiExtensionId", "UI extension must have the category app_offering")
		return nil
	}
	all := w.a.related(ext, ext.typ.fields["versions"])
	switch {
	case version != nil:
		if !slices.Contains(all, version) {
			w.problem("uiExtensionVersionId", "UI extension version is not a version of the UI extension")
		}
	default:
		if _, version = w.versionsOf(ext); version == nil && len(all) > 0 {
			version = all[len(all)-1]
		}
	}
	return func(r *record) { w.a.relate(r, form, list(version)) }
}

// list is what relate takes for one record or none.
func list(r *record) []*record {
	if r == nil {
		return nil
	}
	return []*record{r}
}
