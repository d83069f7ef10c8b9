package xurrent

import (
	"strings"
	"testing"

	"currant/schema"
	"currant/steps/xurrent/sim"
)

// A mistake in fields is marked where it stands, whatever way the text is written.
func TestSelectionPlaces(t *testing.T) {
	w := newWorld(t, sim.Options{})
	model, err := w.account.Model(t.Context(), false)
	if err != nil || model == nil {
		t.Fatal(err)
	}
	k := newQuery(w.deps)
	for name, tc := range map[string]struct {
		src  string
		word string // that is marked, of the source
	}{
		"quoted":           {"fields = \"id name organization { nmae }\"", "nmae"},
		"heredoc":          {"fields = <<EOT\n  id\n  organization {\n    nmae\n  }\nEOT\n", "nmae"},
		"indented heredoc": {"fields = <<-EOT\n      id\n\n      # été\n      organization {\n        id nmae\n      }\n    EOT\n", "nmae"},
		"first line":       {"fields = <<-EOT\n    nmae\n    id\n  EOT\n", "nmae"},
		"tabs":             {"fields = <<-EOT\n\t\tid\n\t\torganization {\n\t\t\tnmae\n\t\t}\n\tEOT\n", "nmae"},
		"escapes":          {"fields = \"id\\n nmae\"", `id\n nmae`}, // all of the text, for its bytes are not those of the source
	} {
		src := "object = \"people\"\n" + tc.src
		c, diags := bound(t, k.Spec(), src, nil)
		if diags.HasErrors() {
			t.Fatal(name, diags)
		}
		args := schema.QueryArgs{Object: "people"}
		args.Fields, _, _, _ = selectionOf(c)
		_, problems := model.Query(args)
		if len(problems) != 1 {
			t.Fatalf("%s: %+v", name, problems)
		}
		r := placed(c, problems)[0].Subject
		line := strings.Split(src, "\n")[r.Start.Line-1]
		if got := src[r.Start.Byte:r.End.Byte]; got != tc.word || string([]rune(line)[r.Start.Column-1:r.End.Column-1]) != tc.word {
			t.Errorf("%s: %q at %v is marked, want %q", name, got, r, tc.word)
		}
	}
}
