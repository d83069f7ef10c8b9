package graph

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	keyReference = keyOf("reference")
	keyPicture   = keyOf("pictureUri")
	// keyDraft leads from a published version of an app offering to its draft; GraphQL does not show it.
	keyDraft = keyOf("draft")
)

// offeringLimits are the longest texts of an app offering, in characters (PLATFORM 9.1).
var offeringLimits = map[string]int{"reference": 161, "cardDescription": 255, "configurationUriTemplate": 255, "webhookUriTemplate": 255}

// scopeAction is the form of PLATFORM 7.9, such as product-category:Read.
var scopeAction = regexp.MustCompile(`^[a-z]+(-[a-z]+)*:(Create|Read|Update|Delete)$`)

// checkOffering finds what the service would refuse of an app offering (PLATFORM 7.1, 7.2 and 9.1).
func (w *writer) checkOffering(r *record, in map[string]any) {
	if r != nil && w.draftOf(r) != nil {
		w.problem("id", "The published version of an app offering cannot be changed: change its draft")
		return
	}
	for _, name := range sortedKeys(offeringLimits) {
		if longest := offeringLimits[name]; utf8.RuneCountInString(asText(in[name])) > longest {
			w.problem(name, human(name)+" is too long (maximum is "+numberString(uint64(longest))+" characters)")
		}
	}
	if id, given := in["serviceInstanceId"]; given && asText(id) == "" {
		w.problem("serviceInstanceId", "Service instance can't be blank")
	}
	scopes, _ := in["newScopes"].([]any)
	for _, e := range scopes {
		scope, _ := e.(map[string]any)
		actions, _ := scope["actions"].([]any)
		for _, action := range actions {
			if !scopeAction.MatchString(asText(action)) {
				w.problem("newScopes", "Actions has "+shown(action)+", which is not of the form request:Read")
			}
		}
	}
	w.checkReference(r, in)
}

// checkReference finds the reference that an app offering is to have, and claims it once nothing else is wrong.
func (w *writer) checkReference(r *record, in map[string]any) {
	reference := strings.TrimSpace(asText(in["reference"]))
	_, given := in["reference"]
	switch {
	case r == nil && reference == "":
		reference = w.a.id + "_" + strings.ReplaceAll(strings.ToLower(asText(in["name"])), " ", "_")
	case r != nil && !given:
		return
	case reference == "":
		w.problem("reference", "Reference can't be blank")
	case r != nil && reference != r.text(keyReference) && len(w.published(r)) > 0:
		w.problem("reference", "Reference can't be changed after the app offering was published")
	}
	if len(w.problems) > 0 {
		return
	}
	old := ""
	if r != nil {
		old = r.text(keyReference)
	}
	if !w.a.world.references.claim(reference, old, w.a.id) {
		w.problem("reference", "Reference has already been taken")
		return
	}
	w.reference = reference
}

// draftOf gives the draft of a published version, nil for a draft.
func (w *writer) draftOf(r *record) *record {
	if n, ok := r.get(keyDraft).(ref); ok {
		return w.a.at(uint32(n))
	}
	return nil
}

// published gives the published versions of a draft, the newest last.
func (w *writer) published(draft *record) []*record {
	var all []*record
	for _, n := range w.a.byType[draft.typ.name] {
		if v := w.a.at(n); w.draftOf(v) == draft {
			all = append(all, v)
		}
	}
	return all
}

// publish makes a published version of a draft, which stays as it is (PLATFORM 7.2).
func (w *writer) publish(draft *record) *record {
	if w.draftOf(draft) != nil {
		w.problem("id", "Only the draft of an app offering can be published")
		return nil
	}
	for _, old := range w.published(draft) {
		old.set(keyLatest, false)
	}
	v := w.copyOf(draft, nil)
	v.set(keyPublished, true)
	v.set(keyLatest, true)
	v.set(keyDraft, ref(draft.number))
	w.a.version++
	w.a.changed(ActionCreate, v, nil, w.person())
	return v
}

// copyOf copies a record, with those of its records that have no life of their own. within is the record that it was
// reached from.
func (w *writer) copyOf(r, within *record) *record {
	c := w.create(r.typ, len(r.slots)+2)
	for _, s := range slices.Clone(r.slots) {
		f := r.typ.fields[s.key.String()]
		switch {
		case s.key == keyCreatedAt || s.key == keyUpdatedAt:
		case f == nil || f.kind != recordField && f.kind != recordsField:
			c.set(s.key, s.value)
		case f.kind == recordField:
			for _, to := range w.a.related(r, f) {
				if to != within {
					w.a.link(c, f, to)
				}
			}
		case !w.x.m.listed[f.target.name]:
			for _, child := range w.a.related(r, f) {
				w.a.link(c, f, w.copyOf(child, r))
			}
		}
	}
	return c
}
