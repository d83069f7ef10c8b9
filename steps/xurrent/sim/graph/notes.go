package graph

import (
	"path"
	"strings"
)

// createNote adds a note to any record that has notes.
func (w *writer) createNote(in map[string]any) *record {
	owner := w.a.lookup(asText(in["ownerId"]))
	if owner == nil || owner.typ.fields["notes"] == nil {
		w.problem("ownerId", "Owner not found: no record with notes has the id "+shown(asText(in["ownerId"])))
	}
	text := asText(in["text"])
	if strings.TrimSpace(text) == "" {
		w.problem("text", "Text can't be blank")
	}
	internal, _ := in["internal"].(bool)
	attachments := w.attachments("attachments", in["attachments"])
	if len(w.problems) > 0 {
		return nil
	}
	w.a.touch(owner, w.x.now)
	return w.addNote(owner, text, internal, attachments)
}

func (w *writer) addNote(owner *record, text string, internal bool, attachments []func() *record) *record {
	n := w.create(w.x.m.types["Note"], 10)
	n.set(keyText, text)
	n.set(keyInternal, internal)
	n.set(keyMedium, "default")
	n.set(keyOwner, ref(owner.number))
	n.set(keyVisibility, "end_user")
	if internal {
		n.set(keyVisibility, "specialist")
	}
	if w.x.me != nil {
		w.a.link(n, n.typ.fields["person"], w.x.me)
	}
	for _, make := range attachments {
		w.a.link(n, n.typ.fields["textAttachments"], make())
	}
	w.a.link(owner, owner.typ.fields["notes"], n)
	w.notes = append(w.notes, n)
	return n
}

func (w *writer) timeEntry(in map[string]any) step {
	spent, _ := in["timeSpent"].(int64)
	if spent <= 0 {
		return nil
	}
	fields := map[string]any{"timeSpent": spent, "description": in["timeEntryDescription"], "effortClassId": in["timeSpentEffortClassId"]}
	t := w.x.m.types["TimeEntry"]
	steps := w.fields(t, fields, nil)
	return func(r *record) {
		e := w.create(t, 8)
		for _, s := range steps {
			s(e)
		}
		e.set(keyOf("date"), w.x.now[:len("2006-01-02")])
		if w.x.me != nil {
			w.a.link(e, t.fields["person"], w.x.me)
		}
		w.a.link(r, r.typ.fields["timeEntries"], e)
	}
}

// file is an uploaded file that an input refers to.
type file struct {
	size int64
	ok   bool
}

// files asks for all storage keys in an input, before the account is locked.
func (x *executor) files(in any) map[string]file {
	if x.hooks.AttachmentExists == nil {
		return nil
	}
	found := map[string]file{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if key, ok := v["key"].(string); ok {
				size, exists := x.hooks.AttachmentExists(key)
				found[key] = file{size, exists}
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(in)
	return found
}

// attachments makes the records of a list of AttachmentInput (PLATFORM 5.3).
func (w *writer) attachments(name string, v any) []func() *record {
	list, _ := v.([]any)
	var makers []func() *record
	for _, e := range list {
		in, _ := e.(map[string]any)
		key := asText(in["key"])
		f, known := w.files[key]
		if key == "" || known && !f.ok {
			w.problem(name, "Attachment not found: nothing was uploaded with the key "+shown(key))
			continue
		}
		inline, _ := in["inline"].(bool)
		size, _ := in["size"].(int64)
		if f.ok {
			size = f.size
		}
		makers = append(makers, func() *record {
			r := w.create(w.x.m.types["Attachment"], 5)
			r.set(keyKey, key)
			r.set(keyInline, inline)
			r.set(keyFilename, path.Base(key))
			r.set(keySize, size)
			return r
		})
	}
	return makers
}

func (w *writer) attach(f *fieldInfo, name string, list []any) step {
	makers := w.attachments(name, list)
	return func(r *record) {
		for _, make := range makers {
			w.a.link(r, f, make())
		}
	}
}
