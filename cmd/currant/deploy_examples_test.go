package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// appExample says what is changed in an example, and how a plan names it.
type appExample struct {
	app, reference string // label and reference
	file           string // of the app block
	html           [2]string
	rule           string // label
	ruleText       [2]string
	ruleField      string
	scopeText      [2]string
	scopeField     string
}

var deployedExamples = map[string]appExample{
	"survey": {app: "survey", reference: "survey", file: "app.hcl",
		html:     [2]string{"<legend>Reports</legend>", "<legend>Your reports</legend>"},
		rule:     "collect",
		ruleText: [2]string{`"notes[last].person = requested_for"`, `"notes[last].person = requested_by"`}, ruleField: `expression["by_requester"].value`,
		scopeText: [2]string{`["request:Read", "person:Read", "note:Create"]`, `["request:Read", "note:Create"]`}, scopeField: "scope[0].actions"},
	"dispatcher": {app: "dispatcher", reference: "note_dispatcher", file: "main.hcl",
		html:     [2]string{"<legend>Which notes</legend>", "<legend>Which notes?</legend>"},
		rule:     "request_note",
		ruleText: [2]string{`"wanted and !silent"`, `"wanted and !(silent)"`}, ruleField: "condition",
		scopeText: [2]string{`["note:Create"]`, `["note:Create", "note:Read"]`}, scopeField: "scope[1].actions"},
	"chat": {app: "chat", reference: "chat", file: "app.hcl",
		html:     [2]string{"Make an access token in your chat.", "Make a new access token in your chat."},
		rule:     "closed",
		ruleText: [2]string{`'This request is completed.'`, `'Completed.'`}, ruleField: `expression["text"].value`,
		scopeText: [2]string{`["person:Update", "person:Delete"]`, `["person:Update"]`}, scopeField: "scope[2].actions"},
}

// TestDeployExamples is the life of each app on an account: made, found again, changed in three places, changed by
// somebody else and mended, and written as a blueprint.
func TestDeployExamples(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(deployedExamples)) {
		t.Run(name, func(t *testing.T) {
			ex := deployedExamples[name]
			s := newStage(t)
			s.take(name)
			address := "app." + ex.app
			if first := s.plan(s.dir); first[address].Action != "create" || first[address+".ui_extension"].Action != "create" {
				t.Errorf("the first plan: %+v", first)
			}
			s.apply(s.dir)
			s.empty("after the first apply", s.dir)

			s.edit("ui/settings.html", ex.html[0], ex.html[1])
			s.edit(ex.file, ex.ruleText[0], ex.ruleText[1])
			s.edit(ex.file, ex.scopeText[0], ex.scopeText[1])
			changes := s.plan(s.dir)
			s.is("after three edits", changes, map[string][]string{
				"update " + address:                                 {ex.scopeField},
				"update " + address + ".ui_extension":               {"html"},
				"update " + address + ".automation_rule." + ex.rule: {ex.ruleField},
			})
			for at, c := range changes {
				for _, f := range c.Fields {
					if f.Drift {
						t.Errorf("%s %s: an edit of the file is no drift", at, f.Path)
					}
				}
			}
			s.apply(s.dir)
			s.empty("after applying the edits", s.dir)

			s.drift(ex)
			s.pulled(ex, s.dir)
		})
	}
}

// drift lets somebody else change an app, and mends it.
func (s *stage) drift(ex appExample) {
	s.t.Helper()
	is := s.draft(ex.reference)
	s.change("appOfferingUpdate", "AppOfferingUpdateInput", map[string]any{"id": is.ID, "cardDescription": "By hand."})
	s.change("uiExtensionUpdate", "UiExtensionUpdateInput", map[string]any{"id": is.UIExtensionVersion.UIExtension.ID, "css": "p { color: red; }", "activate": true})
	s.change("appOfferingAutomationRuleUpdate", "AppOfferingAutomationRuleUpdateInput", map[string]any{"id": is.AutomationRules.Nodes[0].ID, "description": "By hand.", "condition": "true"})
	s.change("appOfferingAutomationRuleCreate", "AppOfferingAutomationRuleCreateInput", map[string]any{"appOfferingId": is.ID, "name": "Made by hand", "generic": "request",
		"trigger": "on note added", "condition": "true", "actions": []map[string]any{{"name": "a", "value": "add note 'By hand.'"}}})

	got := s.plan(s.dir)
	address := "app." + ex.app
	named := map[string]string{address: "card_description", address + ".ui_extension": "css"}
	for at, c := range got {
		if strings.HasPrefix(at, address+".automation_rule.") {
			named[at] = "condition"
		}
		for _, f := range c.Fields {
			if named[at] == f.Path && !f.Drift {
				s.t.Errorf("%s %s was changed by hand, and is not called drift", at, f.Path)
			}
		}
	}
	for at, path := range named {
		if !slices.Contains(got[at].paths(), path) {
			s.t.Errorf("%s: the plan does not show %s, which was changed by hand: %+v", at, path, got[at])
		}
	}
	extra := address + `.automation_rule["Made by hand"]`
	if len(named) != 3 || got[extra].Action != "delete" {
		s.t.Errorf("the plan after changes by hand: %+v", got)
	}
	s.apply(s.dir)
	s.empty("after mending", s.dir)
	if mended := s.draft(ex.reference); mended.CardDescription == "By hand." {
		s.t.Errorf("the account still has what was made by hand: %+v", mended)
	}
}

// pulled writes the app as a blueprint: a plan of it shows only what its secrets_changed runbook needs, and its
// files are those of the blueprint that it was made from.
func (s *stage) pulled(ex appExample, source string) {
	s.t.Helper()
	out := filepath.Join(s.t.TempDir(), "pulled")
	code, stdout, stderr := call("pull", "app", ex.reference, s.dir, "--out", out, "--sim="+s.sim, "--data-dir", s.data)
	if code != exitDone {
		s.t.Fatalf("pull: exit %d\n%s%s", code, stdout, stderr)
	}
	for at, c := range s.plan(out, "--var", "client_id=simulated", "--var", "client_secret=simulated") {
		if c.Kind != "webhook_policy" && at != `runbook.secrets.webhook["app_instance.secrets-update"]` {
			s.t.Errorf("the plan of what was pulled: %s %s of %q", c.Action, at, c.paths())
		}
	}
	want, got := s.contents(source, false), s.contents(out, true)
	for file, texts := range want {
		if !slices.ContainsFunc(texts, func(text string) bool { return slices.Contains(got[filepath.Ext(file)], text) }) {
			s.t.Errorf("no file that was pulled is %s, byte for byte", file)
		}
	}
}

// awkward are texts that HCL, or a careless writer, would change.
var awkward = strings.Join([]string{
	"carriage returns\r\n", "blanks at the end   \n", "\ttabs\t\n", "${not.an.expression} and $${neither} and %{ if no }%%{ }\n",
	"<<EOT\nEOT\n<<-EOT\n  EOT\n", "\"quotes\" and \\backslashes\\n\n", "„Grüße“ 日本語 🌊 \u200b\n", "\n\n\n",
}, "")

// TestDeployAwkwardFiles carries html, css, javascript and markdown there and back, byte for byte: files of another
// system's line ends, with what looks like HCL, and a large one.
func TestDeployAwkwardFiles(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(deployedExamples)) {
		t.Run(name, func(t *testing.T) {
			ex := deployedExamples[name]
			s := newStage(t)
			s.take(name)
			texts := map[string]string{}
			add := func(file, before, after string) {
				t.Helper()
				path := filepath.Join(s.dir, filepath.FromSlash(file))
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				texts[file] = before + string(text) + after
				writeFile(t, path, texts[file])
			}
			add("ui/settings.html", "<!-- "+awkward+" -->\r\n", "<!-- end -->")
			add("ui/settings.css", "/* "+awkward+" */\r\n", "")
			add("ui/settings.js", "// large\n", strings.Repeat("// "+strings.Repeat("x", 77)+"\r\n", 200<<10/82+1)+"/* "+awkward+" */")
			add("app/description.md", awkward, "\n\n"+awkward+"end")
			if size := len(texts["ui/settings.js"]); size < 200<<10 {
				t.Fatalf("the large file has %d bytes", size)
			}
			s.apply(s.dir)
			s.empty("after the first apply", s.dir)
			s.pulled(ex, s.dir)
			s.edit("ui/settings.js", "// large\n", "// large \n")
			s.is("after a blank was added", s.plan(s.dir), map[string][]string{"update app." + ex.app + ".ui_extension": {"javascript"}})
		})
	}
}
