package graph

import (
	"slices"
	"strings"
)

// Fields that some types have, looked up by name where they are needed.
var (
	keyStatus      = keyOf("status")
	keyCompletedAt = keyOf("completedAt")
	keyText        = keyOf("text")
	keyInternal    = keyOf("internal")
	keyMedium      = keyOf("medium")
	keyVisibility  = keyOf("visibility")
	keyKey         = keyOf("key")
	keyInline      = keyOf("inline")
	keyFilename    = keyOf("filename")
	keySize        = keyOf("size")
	keyName        = keyOf("name")
	keySubject     = keyOf("subject")
	keyPublished   = keyOf("published")
	keyLatest      = keyOf("latest")
)

// special handles inputs that stand for more than a field; done says that the name is one of them.
func (w *writer) special(t *typeInfo, name string, in map[string]any) (s step, done bool) {
	v := in[name]
	hasNotes := t.fields["notes"] != nil && t.fields[name] == nil
	switch name {
	case "customFields":
		return func(r *record) { mergeCustomFields(r, v) }, true
	case "note", "internalNote":
		if !hasNotes {
			return nil, false
		}
		text := asText(v)
		if strings.TrimSpace(text) == "" {
			return nil, true
		}
		attachments := w.attachments(name+"Attachments", in[name+"Attachments"])
		return func(r *record) { w.addNote(r, text, name == "internalNote", attachments) }, true
	case "noteAttachments", "internalNoteAttachments":
		return nil, hasNotes
	case "timeSpent":
		if t.fields["timeEntries"] == nil {
			return nil, false
		}
		return w.timeEntry(in), true
	case "timeEntryDescription", "timeSpentEffortClassId":
		return nil, t.fields["timeEntries"] != nil
	case "css", "html", "javascript", "formDefinition", "activate":
		return nil, t.name == "UiExtension" // see saveVersion
	case "uiExtensionId":
		if t.name != "AppOffering" {
			return nil, false
		}
		if ext := w.find(w.x.m.types["UiExtension"], name, asText(v)); ext != nil && in["uiExtensionVersionId"] == nil {
			return func(r *record) { w.useVersion(r, ext) }, true
		}
		return nil, true
	}
	return nil, false
}

// follow does what saving a record brings with it.
func (w *writer) follow(mu *mutation, r *record, input map[string]any) {
	t := r.typ
	if t.fields["updatedBy"] != nil && w.x.me != nil {
		r.set(keyUpdatedBy, ref(w.x.me.number))
	}
	if mu.action == ActionCreate {
		w.defaults(r)
	}
	if t.fields["completedAt"] != nil && t.fields["status"] != nil {
		switch done := r.text(keyStatus) == "completed"; {
		case done && r.get(keyCompletedAt) == nil:
			r.set(keyCompletedAt, w.x.now)
		case !done:
			r.set(keyCompletedAt, nil)
		}
	}
	switch t.name {
	case "UiExtension":
		w.saveVersion(r, input, mu.action == ActionCreate)
	case "WebhookPolicy":
		if mu.action == ActionCreate {
			makeKey(r)
		}
	case "AppOffering":
		if mu.name == "appOfferingPublish" {
			r.set(keyPublished, true)
			r.set(keyLatest, true)
		}
	}
}

// defaults are what the service fills in when a record is created without them.
func (w *writer) defaults(r *record) {
	for field, value := range createDefaults[r.typ.name] {
		if k := keyOf(field); r.get(k) == nil {
			r.set(k, value)
		}
	}
	switch r.typ.name {
	case "Request":
		for _, name := range []string{"requestedBy", "requestedFor"} {
			if f := r.typ.fields[name]; r.get(f.key) == nil && w.x.me != nil {
				w.a.link(r, f, w.x.me)
			}
		}
		if template := w.a.related(r, r.typ.fields["template"]); r.get(keySubject) == nil && len(template) > 0 {
			r.set(keySubject, template[0].get(keySubject))
		}
	case "Webhook":
		if r.get(keyName) == nil {
			r.set(keyName, r.get(keyOf("event")))
		}
	case "WebhookPolicy":
		r.set(keyName, strings.ToUpper(r.text(keyOf("jwtAlg")))+" policy "+numberString(uint64(r.number)))
	}
}

// saveVersion keeps what a UI extension shows in the version that is being prepared (PLATFORM 9.2).
func (w *writer) saveVersion(r *record, in map[string]any, created bool) {
	versions := r.typ.fields["versions"]
	var prepared *record
	all := w.a.related(r, versions)
	if i := slices.IndexFunc(all, func(v *record) bool { return v.text(keyStatus) == "being_prepared" }); i >= 0 {
		prepared = all[i]
	}
	given := created
	for _, name := range []string{"css", "html", "javascript", "formDefinition"} {
		_, ok := in[name]
		given = given || ok
	}
	if prepared == nil && given {
		prepared = w.create(w.x.m.types["UiExtensionVersion"], 10)
		prepared.set(keyOf("versionNr"), int64(len(all)+1))
		prepared.set(keyStatus, "being_prepared")
		w.a.link(r, versions, prepared)
	}
	if prepared == nil {
		return
	}
	for _, name := range []string{"css", "html", "javascript", "formDefinition"} {
		if v, ok := in[name]; ok {
			prepared.set(keyOf(name), v)
		}
	}
	if on, _ := in["activate"].(bool); !on {
		return
	}
	active := r.typ.fields["activeVersion"]
	for _, old := range w.a.related(r, active) {
		old.set(keyStatus, "archived")
		old.set(keyOf("archivedAt"), w.x.now)
	}
	prepared.set(keyStatus, "active")
	prepared.set(keyOf("activatedAt"), w.x.now)
	w.a.relate(r, active, []*record{prepared})
}

// useVersion makes a UI extension's active version, or else its newest, the form of an app offering.
func (w *writer) useVersion(offering, ext *record) {
	versions := w.a.related(ext, ext.typ.fields["activeVersion"])
	if len(versions) == 0 {
		versions = w.a.related(ext, ext.typ.fields["versions"])
	}
	if n := len(versions); n > 0 {
		w.a.relate(offering, offering.typ.fields["uiExtensionVersion"], versions[n-1:])
	}
}
