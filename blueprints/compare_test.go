package blueprints

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// edited is the shop with texts replaced, in pairs.
func edited(t testing.TB, pairs ...string) string {
	t.Helper()
	src := shopBlueprint
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(src, pairs[i]) {
			t.Fatalf("%q is not in the blueprint", pairs[i])
		}
		src = strings.ReplaceAll(src, pairs[i], pairs[i+1])
	}
	return src
}

func TestEditsShowExactlyThemselves(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	for _, tc := range []struct {
		name, want string
		edit       []string
	}{
		{"nothing", "", nil},
		{"white space at the end", "", []string{`"Fast."`, `"Fast. \n\n"`, `<input id=\"form_url\">\n`, `<input id=\"form_url\">`}},
		{"order of endpoints", "", []string{`"https://example.com/b", "https://example.com/a"`, `"https://example.com/a", "https://example.com/b"`}},
		{"text", "update app.survey\n  features: \"Fast.\" -> \"Faster.\"", []string{`"Fast."`, `"Faster."`}},
		{"html", `update app.survey.ui_extension
  html: "\u003cinput id=\"form_url\"\u003e\n" -> "\u003cinput id=\"url\"\u003e\n"`, []string{`"<input id=\"form_url\">\n"`, `"<input id=\"url\">\n"`}},
		{"line ends", `update app.survey.ui_extension
  css: "input { color: red }\r\n" -> "\n input { color: red }"`, []string{`"input { color: red }\r\n"`, `"\n input { color: red }"`}},
		{"scope", `update app.survey
  scope[0].actions: ["request:Read","request:Update"] -> ["request:Read"]`, []string{`"request:Read", "request:Update"`, `"request:Read"`}},
		{"policy", "update app.survey\n  policy.claim_expires_in: 60 -> 61", []string{"claim_expires_in = 60", "claim_expires_in = 61"}},
		{"null", "update app.survey\n  card_description: \"Feedback after completion\" -> null", []string{`card_description = "Feedback after completion"`, "card_description = null"}},
		{"not written", "", []string{`card_description = "Feedback after completion"`, "", "features         = \"Fast.\"", "", "title = \"Configuration\"", ""}},
		{"expression", `update app.survey.automation_rule.ask
  expression["completed"].value: "status = completed" -> "status = solved"`, []string{`"status = completed"`, `"status = solved"`}},
		{"expression renamed", `update app.survey.automation_rule.ask
  expression["done"].value: null -> "status = completed"
  expression["completed"].value: "status = completed" -> null`, []string{`expression "completed"`, `expression "done"`}},
		{"rule renamed in case", "update app.survey.automation_rule.ask\n  name: \"Ask customer\" -> \"Ask Customer\"", []string{`"Ask customer"`, `"Ask Customer"`}},
		{"rule renamed", `delete app.survey.automation_rule["Remind"]
  record: "task" -> null
  name: "Remind" -> null
  trigger: "on create" -> null
  condition: "true" -> null
  position: 2 -> null
  action["a"].value: "add note 'x'" -> null
create app.survey.automation_rule.remind
  record: null -> "task"
  name: null -> "Remind them"
  trigger: null -> "on create"
  condition: null -> "true"
  action["a"].value: null -> "add note 'x'"
  position: null -> 2`, []string{`"Remind"`, `"Remind them"`}},
		{"image moved", "update app.survey\n  description: \"Asks customers.\\n\\n![A form](images/moved.png){:width=400} and ![again](images/form.png) ![web](https://example.com/x.png)\\n\" -> \"Asks.\\n\\n![A form](images/moved.png){:width=400} and ![again](images/form.png) ![web](https://example.com/x.png)\\n\"",
			[]string{"Asks customers.", "Asks.", "(images/form.png){", "(images/moved.png){"}},
		{"same image by another path", "", []string{"(images/form.png){", "(images/moved.png){"}},
		{"other extension", "update ui_extension.intake\n  html: \"\\u003cinput id=\\\"what\\\"\\u003e\" -> \"\"", []string{`"<input id=\"what\">"`, `""`}},
		{"other rule", "update automation_rule.thank\n  action[\"a\"].value: \"add note 'Thank you.'\" -> \"add note 'Thanks.'\"", []string{"Thank you.", "Thanks."}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.t = t
			a.write("images/moved.png", png(1))
			a.expectPlan(a.target(edited(t, tc.edit...)), tc.want)
		})
	}
}

func TestPicturesAndImagesAreComparedByContent(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	a.write("images/form.png", png(2))
	a.write("app/logo.svg", []byte("<svg xmlns=\"http://www.w3.org/2000/svg\"><g/></svg>"))
	p := a.plan(a.target(shopBlueprint))
	if p.Changes[0].Action != Update || len(p.Changes[0].Fields) != 2 {
		t.Fatalf("planned:\n%s", told(p))
	}
	description, picture := p.Changes[0].Fields[0], p.Changes[0].Fields[1]
	if !strings.Contains(fmt.Sprint(description.Before), "(attachments/") || !strings.Contains(fmt.Sprint(description.After), "(images/form.png)") || !description.Text {
		t.Errorf("description: %v", description)
	}
	if !strings.HasPrefix(fmt.Sprint(picture.After), "app/logo.svg (sha256 ") || picture.Before == nil || picture.Before == picture.After {
		t.Errorf("picture: %v", picture)
	}
	a.apply(a.target(shopBlueprint))
	a.empty(a.target(shopBlueprint))

	// A text that changes keeps the image that is there.
	uploads := a.uploads
	changed := edited(t, "Asks customers.", "Asks all customers.")
	a.apply(a.target(changed))
	a.empty(a.target(changed))
	if a.uploads != uploads {
		t.Error("an image was stored again")
	}
	// An image that is away on the account is stored again.
	a.apply(a.target(edited(t, "app/logo.svg", "images/form.png")))
	cleared := a.target(edited(t, `"app/logo.svg"`, "null"))
	a.apply(cleared)
	a.empty(cleared)
	if a.draft("survey")["pictureUri"] != nil {
		t.Error("the picture was not cleared")
	}
}

func TestFilesOutsideTheBlueprintAreNotRead(t *testing.T) {
	a := prepared(t)
	for _, path := range []string{"../x.png", "/etc/passwd", "images/none.png", "images"} {
		for _, src := range []string{edited(t, "images/form.png", path), edited(t, "app/logo.svg", path)} {
			_, err := Compare(context.Background(), a, a.target(src))
			var diags hcl.Diagnostics
			if !errors.As(err, &diags) || diags[0].Subject.Start.Line < 5 {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	a.plan(a.target(shopBlueprint))
}

func TestP85ServiceInstance(t *testing.T) {
	a := prepared(t)
	_, err := Compare(context.Background(), a, a.target(edited(t, `"Integrations"`, `"Integration"`)))
	var diags hcl.Diagnostics
	if !errors.As(err, &diags) || !strings.Contains(err.Error(), "Unable to find Service Instance with name 'Integration'.") || diags[0].Subject.Start.Line != 3 {
		t.Fatalf("got %v", err)
	}
	a.put("ServiceInstance", map[string]any{"name": "Integration"})
	a.apply(a.target(edited(t, `"Integrations"`, `"Integration"`)))
	if got := encoded(a.draft("survey")["serviceInstance"]); got != `{"name":"Integration"}` {
		t.Errorf("supported by %s", got)
	}
	a.expectPlan(a.target(shopBlueprint), "update app.survey\n  service_instance: \"Integration\" -> \"Integrations\"")
	// One of two of the same name is no change; neither is chosen.
	a.put("ServiceInstance", map[string]any{"name": "Integration"})
	a.empty(a.target(edited(t, `"Integrations"`, `"Integration"`)))
	a.put("ServiceInstance", map[string]any{"name": "Integrations"})
	if _, err := Compare(context.Background(), a, a.target(shopBlueprint)); err == nil || !strings.Contains(err.Error(), "2 service instances") {
		t.Errorf("got %v", err)
	}
}

func TestCreatingNeedsNames(t *testing.T) {
	a := prepared(t)
	_, err := Compare(context.Background(), a, a.target("app \"a\" {\n ui_extension {}\n}\nui_extension \"b\" {\n category = \"person\"\n}"))
	var diags hcl.Diagnostics
	if !errors.As(err, &diags) || len(diags) != 4 {
		t.Fatalf("got %v", err)
	}
	for i, line := range []int{1, 1, 2, 4} {
		if diags[i].Subject.Start.Line != line {
			t.Errorf("%v", diags[i])
		}
	}
	if _, err := Compare(context.Background(), a, a.target("app \"a\" {\n name = unknown\n service_instance = \"Integrations\"\n}")); err == nil || !strings.Contains(err.Error(), "only while a runbook runs") {
		t.Errorf("got %v", err)
	}
}

func TestCategoryCannotBeChanged(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	_, err := Compare(context.Background(), a, a.target(edited(t, "request_template", "person")))
	var diags hcl.Diagnostics
	if !errors.As(err, &diags) || !strings.Contains(err.Error(), "cannot be changed") {
		t.Fatalf("got %v", err)
	}
}

func TestTwoThingsOfOneSourceAreRefused(t *testing.T) {
	a := prepared(t)
	for _, src := range []string{
		edited(t, `ui_extension "intake"`, `ui_extension "survey"`),
		shopBlueprint + "app \"other\" {\n reference = \"survey\"\n}",
	} {
		var diags hcl.Diagnostics
		if _, err := Compare(context.Background(), a, a.target(src)); !errors.As(err, &diags) || !strings.HasPrefix(diags[0].Summary, "Duplicate") {
			t.Errorf("got %v", err)
		}
	}
	if len(a.asked()) > 0 {
		t.Error("the account was asked")
	}
}

// The account says where its pictures are: an address that may not be called is not, and can be mended (promises S).
func TestS1PicturesAtForbiddenAddressesAreReplaced(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	id := a.draft("survey")["id"]
	for _, address := range []string{"http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "::", "https://user:pass@127.0.0.1/", a.at.URL + "/nothing"} {
		a.put("AppOffering", map[string]any{"id": id, "pictureUri": address})
		p := a.plan(a.target(shopBlueprint))
		if got := told(p); !strings.HasPrefix(got, "update app.survey\n  picture: ") || strings.Contains(got, "pass@") || strings.Count(got, "\n") != 2 {
			t.Errorf("%s: planned:\n%s", address, got)
		}
		if note := p.Changes[0].Note; strings.Contains(note, "cannot be compared") == strings.HasSuffix(address, "/nothing") {
			t.Errorf("%s: the note is %q", address, note)
		}
	}
	a.apply(a.target(shopBlueprint))
	a.empty(a.target(shopBlueprint))
}
