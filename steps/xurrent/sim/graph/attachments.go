package graph

import (
	"path"
	"slices"
	"strings"
)

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

// attachment is one element of a list of AttachmentInput (PLATFORM 5.3).
type attachment struct {
	key    string
	inline bool
	size   int64
}

// attachments reads a list of AttachmentInput, whose files must have been uploaded.
func (w *writer) attachments(name string, v any) []attachment {
	list, _ := v.([]any)
	var all []attachment
	for _, e := range list {
		in, _ := e.(map[string]any)
		key := asText(in["key"])
		f, known := w.files[key]
		if key == "" || known && !f.ok {
			w.problem(name, "Attachment not found: nothing was uploaded with the key "+shown(key))
			continue
		}
		a := attachment{key: key}
		a.inline, _ = in["inline"].(bool)
		a.size, _ = in["size"].(int64)
		if f.ok {
			a.size = f.size
		}
		all = append(all, a)
	}
	return all
}

// attachTo adds attachments to a field of a record; one whose key the field has already is not added again.
func (w *writer) attachTo(r *record, f *fieldInfo, all []attachment) {
	for _, a := range all {
		has := w.a.related(r, f)
		if i := slices.IndexFunc(has, func(h *record) bool { return h.text(keyKey) == a.key }); i >= 0 {
			has[i].set(keyInline, a.inline)
			continue
		}
		made := w.create(w.x.m.types["Attachment"], 5)
		made.set(keyKey, a.key)
		made.set(keyInline, a.inline)
		made.set(keyFilename, path.Base(a.key))
		made.set(keySize, a.size)
		w.a.link(r, f, made)
	}
}

// sweepAttachments takes away the inline images that a text which is written no longer shows.
func (w *writer) sweepAttachments(r *record, in map[string]any) {
	for name := range in {
		name = strings.TrimSuffix(name, "Attachments")
		f, text := r.typ.fields[name+"Attachments"], r.typ.fields[name]
		if f == nil || text == nil || f.kind != recordsField || f.target.name != "Attachment" || text.kind != scalarField {
			continue
		}
		for _, a := range w.a.related(r, f) {
			if inline, _ := a.get(keyInline).(bool); inline && !strings.Contains(r.text(text.key), a.text(keyKey)) {
				w.a.unlink(r, f, a)
				w.a.remove(a)
			}
		}
	}
}
