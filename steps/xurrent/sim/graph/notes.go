package graph

import "strings"

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
	attached := w.attachments("attachments", in["attachments"])
	if len(w.problems) > 0 {
		return nil
	}
	w.a.touch(owner, w.x.now)
	return w.addNote(owner, text, internal, attached)
}

func (w *writer) addNote(owner *record, text string, internal bool, attached []attachment) *record {
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
	w.attachTo(n, n.typ.fields["textAttachments"], attached)
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
