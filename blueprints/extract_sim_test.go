package blueprints

import (
	"context"
	"strings"
	"testing"
)

// An app that was applied is read back: its plan is empty, byte for byte, and so is that of what was read.
func TestPulledAppsHaveEmptyPlans(t *testing.T) {
	a := simulated(t)
	a.write("images/diagram.png", []byte(pngStart+"diagram"))
	a.write("app/logo.svg", []byte("<svg/>"))
	html := "<div>\r\n  <input id=\"url\">  \r\n</div>\n\nEOT\n${x} %{ if } Grüße 漢字\n" + strings.Repeat("<p>filler</p>\n", 200<<10/14)
	target := a.target(`
app "chat" {
  name             = "Chat"
  reference        = "acme_chat"
  service_instance = "Integrations"
  description      = "# Chat\r\n\r\n![diagram](images/diagram.png){:width=400}  \r\nAfter ![web](https://example.com/x.png)\r\n"
  features         = "![a](images/diagram.png)"
  compliance       = "None."
  picture          = "app/logo.svg"
  policy { audience = "chat" }
  scope { actions = ["request:Read", "note:Create"] }
  scope {
    actions    = ["me:Read"]
    grant_type = "authorization_code"
  }
  ui_extension {
    name       = "Chat configuration"
    html       = ` + quotedHCL(html) + `
    css        = ".a { }  \n"
    javascript = "var a = 1;\r\n"
  }
  automation_rule "b" {
    record    = "request"
    name      = "Second by name"
    trigger   = "on note added"
    condition = "a"
    expression "a" { value = "status = completed" }
    action "x" { value = "add note 'One\n\nTwo {{a}}'" }
  }
  automation_rule "a" {
    record    = "task"
    name      = "First by name"
    trigger   = "on status update"
    condition = "true"
    action "y" { value = "call webhook '{app_offering_webhook}' with payload ''" }
  }
}`)
	a.apply(target)
	a.empty(target)
	a.asked()
	files, err := Extract(context.Background(), a, "acme_chat", ExtractOptions{AccountID: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if asked := len(a.asked()); asked != 1 {
		t.Errorf("%d requests, where one is enough", asked)
	}
	for name, want := range map[string]string{"ui/config.html": html, "ui/config.css": ".a { }  \n", "ui/config.js": "var a = 1;\r\n",
		"images/diagram.png": pngStart + "diagram", "app/picture.svg": "<svg/>",
		"app/description.md": "# Chat\r\n\r\n![diagram](images/diagram.png){:width=400}  \r\nAfter ![web](https://example.com/x.png)\r\n"} {
		if string(files[name]) != want {
			t.Errorf("%s: %.200q, want %.200q", name, files[name], want)
		}
	}
	plan, target := plannedWith(t, a, files, t.TempDir())
	if got := told(plan); got != "" {
		t.Errorf("the plan of what was read is not empty:\n%s\n%s", got, files[mainFile])
	}
	// What is read again, after it was applied from there, is the same.
	if err := plan.Apply(context.Background(), a, nil); err != nil {
		t.Fatal(err)
	}
	a.empty(target)
	again, err := Extract(context.Background(), a, "acme_chat", ExtractOptions{AccountID: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if string(again[name]) != string(content) {
			t.Errorf("%s is another:\n%.2000s\nbefore:\n%.2000s", name, again[name], content)
		}
	}
	if _, err := Extract(context.Background(), a, "acme_chatt", ExtractOptions{}); err == nil || !strings.Contains(err.Error(), "Did you mean \"acme_chat\"?") {
		t.Error(err)
	}
}

// quotedHCL is a text in quotes of the language.
func quotedHCL(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}
