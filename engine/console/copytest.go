package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/journal"
)

type testPage struct {
	Run, Path, Text, File string
}

// showTest is a run written as a test of its runbook.
func (c *Console) showTest(w http.ResponseWriter, r *http.Request) error {
	v, err := c.viewOf(r)
	if err != nil {
		return err
	}
	trigger, err := engine.ReadTrigger(r.Context(), c.o.Engine.Store(), v.JobUUID)
	if err != nil {
		return ofRun(err)
	}
	p := testPage{Run: v.JobUUID, Path: "/runs/" + url.PathEscape(v.JobUUID), File: v.Runbook + ".test.hcl",
		Text: testOf(v, trigger, c.runbookOf(v.Blueprint, v.Runbook))}
	return c.render(w, r, http.StatusOK, "test", "Test from "+shortID(v.JobUUID), p)
}

// testOf is a *.test.hcl block (LANGUAGE section 7) whose steps that reach outside answer as they did in the run.
// rb is the runbook in force, or nil.
func testOf(v engine.View, trigger json.RawMessage, rb *compile.Runbook) string {
	t := &testWriter{rb: rb}
	t.line("test %s {", quoted(fmt.Sprintf("%s, as run %s went", v.Runbook, shortID(v.JobUUID))))
	t.line("runbook = runbook.%s", v.Runbook)
	t.variables()
	t.line("")
	t.trigger(trigger)
	t.mocks(v.Steps)
	t.asserts(v)
	t.line("}")
	top := ""
	if t.left {
		top = "# Secrets of the run are left out: write values of your own where the test needs them.\n"
	}
	for _, why := range t.look {
		top += "# This test needs a look: " + why + "\n"
	}
	return top + t.format()
}

type testWriter struct {
	strings.Builder
	rb   *compile.Runbook
	left bool // secrets were left out
	// gone are steps whose records are not kept; they run in the test, and what comes of them may be another.
	gone []string
	look []string // what to look at
}

func (t *testWriter) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *testWriter) format() string { return string(hclwrite.Format([]byte(t.String()))) }

// text is a value as an expression.
func (t *testWriter) text(raw json.RawMessage) string {
	text, left := hclText(raw, "")
	t.left = t.left || left
	return text
}

// variables names the secret ones, which a test has to give.
func (t *testWriter) variables() {
	if t.rb == nil {
		return
	}
	var secret []string
	for _, v := range t.rb.Blueprint.Variables {
		if v.Sensitive {
			secret = append(secret, v.Name+` = "long-enough-for-a-test"`)
		}
	}
	if len(secret) > 0 {
		t.line("variables = { %s }", strings.Join(secret, ", "))
	}
}

func (t *testWriter) trigger(raw json.RawMessage) {
	var attrs map[string]json.RawMessage
	if json.Unmarshal(raw, &attrs) != nil {
		return
	}
	t.line("trigger {")
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		switch {
		case string(attrs[name]) == `"`+masked+`"`:
			t.left = true
		case string(attrs[name]) != "null" && key(name) == name:
			t.line("%s = %s", name, t.text(attrs[name]))
		}
	}
	t.line("}")
}

// reachesOut says whether a step calls something that a test has to stand in for.
func (t *testWriter) reachesOut(s engine.ViewStep) bool {
	if t.rb == nil || t.rb.Nodes[s.Name] == nil {
		return len(s.Output) > 0 && !strings.Contains(s.Path, "/") // not known: better one too many
	}
	k := t.rb.Nodes[s.Name].Kind
	return k.Pager != nil || k.Do != nil && (k.Effect != 0 || k.EffectOf != nil) // 0 is steps.Pure
}

// mocks has each step that reaches outside answer as it did the first time.
func (t *testWriter) mocks(all []engine.ViewStep) {
	seen := map[string]bool{}
	for _, s := range all {
		if seen[s.Name] || s.Status != "ok" && s.Status != "failed" || !t.reachesOut(s) {
			continue
		}
		seen[s.Name] = true
		t.line("")
		t.mock(s)
	}
}

func (t *testWriter) mock(s engine.ViewStep) {
	if s.Error != nil {
		status := ""
		if s.Error.Status != nil {
			status = fmt.Sprintf(", status = %d", *s.Error.Status)
		}
		t.line("mock %s {\nerror = { kind = %s, message = %s%s }\n}", quoted(s.Name), quoted(s.Error.Kind), quoted(s.Error.Message), status)
		return
	}
	if t.rb != nil && paged(t.rb.Nodes[s.Name]) {
		records := recordsOf(t.rb.Nodes[s.Name], s.Output)
		if len(records) == 0 || string(records) == "null" {
			t.gone = append(t.gone, s.Name)
			t.line("# The records of step %s, gone through one by one, are not kept: it runs on the simulated account. mock %[1]s { records = [...] } has it give others.", quoted(s.Name))
			return
		}
		t.line("mock %s {\nrecords = %s\n}", quoted(s.Name), t.text(records))
		return
	}
	output := s.Output
	if len(output) == 0 {
		output = json.RawMessage("{}")
	}
	t.line("mock %s {\noutput = %s\n}", quoted(s.Name), t.text(output))
}

// paged says of a step that its output is made of items that come page by page.
func paged(n *compile.Node) bool {
	return n != nil && n.Kind.Pager != nil && n.Output.IsObjectType() && n.Output.HasAttribute("count")
}

// recordsOf are the items in a paged step's output; nil where it has none.
func recordsOf(n *compile.Node, output json.RawMessage) json.RawMessage {
	var attrs map[string]json.RawMessage
	if json.Unmarshal(output, &attrs) != nil {
		return nil
	}
	for name, t := range n.Output.AttributeTypes() {
		if name != "collected" && (t.IsListType() || t == cty.DynamicPseudoType) { // whose items' type may not be known
			return attrs[name]
		}
	}
	return nil
}

// asserts holds the test to how the run ended, and to outputs that are plain values.
func (t *testWriter) asserts(v engine.View) {
	if len(t.gone) > 0 {
		t.look = append(t.look, fmt.Sprintf("records of %s are not kept, and what the run gave may depend on them.", strings.Join(t.gone, ", ")))
	}
	if v.Status != string(journal.Finished) && v.Status != string(journal.Failed) {
		t.look = append(t.look, fmt.Sprintf("the run is %s, which a test cannot repeat.", v.Status))
		return
	}
	t.assert(fmt.Sprintf("run.status == %s", quoted(v.Status)), fmt.Sprintf("The run must end as %s.", v.Status))
	if v.Error != nil {
		t.assert(fmt.Sprintf("run.error.kind == %s", quoted(v.Error.Kind)), "It must fail as it did.")
	}
	var outputs map[string]json.RawMessage
	if json.Unmarshal(v.Outputs, &outputs) != nil {
		return
	}
	hold := t.assert
	if len(t.gone) > 0 {
		hold = func(condition, _ string) {
			t.line("# assert { condition = %s }", strings.ReplaceAll(condition, "\n", "\n# "))
		}
		t.line("")
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		raw := outputs[name]
		switch {
		case len(raw) == 0 || raw[0] == '{' || key(name) != name:
		case string(raw) == `"`+masked+`"`:
			t.left = true
		case raw[0] == '[':
			var items []json.RawMessage
			if json.Unmarshal(raw, &items) == nil {
				hold(fmt.Sprintf("length(run.outputs.%s) == %d", name, len(items)), fmt.Sprintf("The output %s must have as many items.", name))
			}
		default:
			hold(fmt.Sprintf("run.outputs.%s == %s", name, t.text(raw)), fmt.Sprintf("The output %s must be the same.", name))
		}
	}
}

func (t *testWriter) assert(condition, message string) {
	t.line("\nassert {\ncondition = %s\nerror_message = %s\n}", condition, quoted(message))
}
