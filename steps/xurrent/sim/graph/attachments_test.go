package graph

import (
	"fmt"
	"strings"
	"testing"
)

// Attachments of a text stay while the text shows them, and are there once.
func TestAttachmentsOfTexts(t *testing.T) {
	w := newWorld(t, Options{})
	w.SetHooks(Hooks{AttachmentExists: func(key string) (int64, bool) { return 7, strings.HasPrefix(key, "attachments/") },
		ExpiringURL: func(key string) string {
			if key == "attachments/gone.png" {
				return ""
			}
			return "https://storage.example/" + key
		}})
	a := w.Account("wdc")
	file := func(key string, inline bool) map[string]any { return map[string]any{"key": key, "inline": inline} }
	made := offer(t, a, map[string]any{"description": "![a](attachments/a.png) ![g](attachments/gone.png)", "descriptionAttachments": []any{
		file("attachments/a.png", true), file("attachments/b.pdf", false), file("attachments/gone.png", true), file("attachments/unseen.png", true)}})
	if s := fmt.Sprint(at(t, made, "descriptionAttachments", "nodes")); s != "[map[expiringUrl:https://storage.example/attachments/a.png inline:true key:attachments/a.png] "+
		"map[expiringUrl:https://storage.example/attachments/b.pdf inline:false key:attachments/b.pdf] map[expiringUrl:<nil> inline:true key:attachments/gone.png]]" {
		t.Errorf("created: %s", s)
	}
	id := at(t, made, "id")
	update := func(input map[string]any) string {
		input["id"] = id
		got := changed(t, a, "appOfferingUpdate", "appOffering", appSelection, input)
		return strings.Join(append(texts(t, at(t, got, "descriptionAttachments", "nodes"), "key"), texts(t, at(t, got, "featuresAttachments", "nodes"), "key")...), " ")
	}
	for _, c := range []struct {
		input map[string]any
		want  string
	}{
		{map[string]any{"description": "![a](attachments/a.png)", "descriptionAttachments": []any{file("attachments/a.png", true)}}, "attachments/a.png attachments/b.pdf"},
		{map[string]any{"name": "N"}, "attachments/a.png attachments/b.pdf"},
		{map[string]any{"descriptionAttachments": []any{}}, "attachments/a.png attachments/b.pdf"},
		{map[string]any{"features": "![c](attachments/c.png)", "featuresAttachments": []any{file("attachments/c.png", true)}}, "attachments/a.png attachments/b.pdf attachments/c.png"},
		{map[string]any{"description": "![d](attachments/d.png)", "descriptionAttachments": []any{file("attachments/d.png", true)}}, "attachments/b.pdf attachments/d.png attachments/c.png"},
		{map[string]any{"description": "no image"}, "attachments/b.pdf attachments/c.png"},
	} {
		if got := update(c.input); got != c.want {
			t.Errorf("%v: %s, not %s", c.input, got, c.want)
		}
	}
	_, problems := change(t, a, "appOfferingUpdate", "appOffering", "id", map[string]any{"id": id, "complianceAttachments": []any{file("elsewhere/x.png", true)}})
	if problems != `complianceAttachments: Attachment not found: nothing was uploaded with the key "elsewhere/x.png"` {
		t.Errorf("unknown key: %q", problems)
	}
}
