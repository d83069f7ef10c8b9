package graph

import "strings"

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
	keyExpiringURL = keyOf("expiringUrl")
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
		attached := w.attachments(name+"Attachments", in[name+"Attachments"])
		return func(r *record) { w.addNote(r, text, name == "internalNote", attached) }, true
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
		return w.formOf(in), true
	case "uiExtensionVersionId":
		if t.name != "AppOffering" {
			return nil, false
		}
		if _, both := in["uiExtensionId"]; both {
			return nil, true // formOf has seen to it
		}
		return w.formOf(in), true
	case "pictureUri":
		if t.fields[name] == nil {
			return nil, false
		}
		return w.picture(v), true
	case "reference":
		return nil, t.name == "AppOffering" // see checkReference
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
		w.saveVersion(r, input)
	case "WebhookPolicy":
		if mu.action == ActionCreate {
			makeKey(r)
		}
	case "AppOffering":
		if w.reference != "" {
			r.set(keyReference, w.reference)
		}
		if mu.action == ActionCreate {
			r.set(keyLatest, true)
		}
	case offeringRule, accountRule:
		w.placeRule(r)
	}
	w.sweepAttachments(r, input)
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
