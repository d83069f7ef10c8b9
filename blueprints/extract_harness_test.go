package blueprints

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/standard"
	"currant/steps/xurrent/api"
)

var update = flag.Bool("update", false, "write the golden files")

// fakeAccount has one offering, as an answer has it, and files by their addresses.
type fakeAccount struct {
	offering map[string]any
	files    map[string]string
	fetched  []string
	queries  []string
}

var listed = regexp.MustCompile(`(\w+): \w+\(first`)

func (a *fakeAccount) Do(_ context.Context, r api.Request) (*api.Answer, error) {
	a.queries = append(a.queries, r.Text)
	if !r.Read {
		return nil, errors.New("nothing is to be changed")
	}
	var variables struct{ Apps []string }
	if err := json.Unmarshal(r.Variables, &variables); err != nil {
		return nil, err
	}
	data := map[string]any{}
	for _, m := range listed.FindAllStringSubmatch(r.Text, -1) {
		data[m[1]] = map[string]any{"nodes": []any{}}
	}
	if strings.Contains(r.Text, "query { appOfferings") {
		data["appOfferings"] = map[string]any{"nodes": []any{map[string]any{"reference": a.offering["reference"]}}}
	}
	if a.offering != nil && slices.Contains(variables.Apps, fmt.Sprint(a.offering["reference"])) {
		data["apps"] = map[string]any{"nodes": []any{a.offering}}
	}
	raw, err := json.Marshal(data)
	return &api.Answer{Data: raw}, err
}

func (a *fakeAccount) Upload(context.Context, api.File) (*api.Stored, error) {
	return nil, errors.New("nothing is to be uploaded")
}

func (a *fakeAccount) Fetch(_ context.Context, address string, limit int64) (io.ReadCloser, int64, error) {
	a.fetched = append(a.fetched, address)
	content, ok := a.files[address]
	switch {
	case !ok:
		return nil, 0, &steps.Error{Kind: steps.HTTPError, Status: 404, Message: "GET: answered 404"}
	case int64(len(content)) >= limit:
		return nil, 0, &outbound.TooLarge{}
	}
	return io.NopCloser(strings.NewReader(content)), int64(len(content)), nil
}

// anOffering is an account with an offering that has a value of everything.
func anOffering() *fakeAccount {
	attachment := func(key, name string) map[string]any {
		return map[string]any{"key": key, "inline": true, "filename": name, "expiringUrl": "https://files.example.com/" + key}
	}
	pairs := func(texts ...string) (out []any) {
		for i := 0; i < len(texts); i += 2 {
			out = append(out, map[string]any{"name": texts[i], "value": texts[i+1]})
		}
		return out
	}
	a := &fakeAccount{
		offering: map[string]any{
			"id": "o1", "reference": "provider_survey", "name": "Survey ${x}", "cardDescription": "Feedback \"after\" completion, 100%{",
			"description":            "# Survey\r\n\r\nBefore ![diagram](attachments/5/d.png){:width=400} after  \r\n![again](attachments/5/d.png) ![other](attachments/5/e) ![web](https://example.com/w.png)\r\n",
			"descriptionAttachments": map[string]any{"nodes": []any{attachment("attachments/5/d.png", "Diagram 1.PNG"), attachment("attachments/5/e", "../../etc/passwd"), attachment("attachments/5/f.png", "unused.png")}},
			"features":               "One line.", "featuresAttachments": map[string]any{"nodes": []any{}},
			"compliance": "Two\nlines.\n", "complianceAttachments": map[string]any{"nodes": []any{}},
			"pictureUri": "https://files.example.com/logo?x=1", "disabled": false,
			"webhookUriTemplate": "https://run.example.com/?customer_account_id={account}", "configurationUriTemplate": "https://run.example.com/{account}",
			"oauthAuthorizationEndpoints": []any{"https://a.example.com/cb", "https://b.example.com/cb"},
			"requiresEnabledOauthPerson":  true, "openidConnectDiscovery": false,
			"policyJwtAlg": "ES256", "policyJwtAudience": "survey", "policyJwtClaimExpiresIn": 60,
			"serviceInstance": map[string]any{"id": "s1", "name": "Integrations"},
			"scopes": []any{
				map[string]any{"id": "c1", "effect": "allow", "grantType": "client_credentials", "actions": []any{"request:Read", "request:Update", "note:Create", "person:Read", "ci:Read"}},
				map[string]any{"id": "c2", "effect": "deny", "grantType": "authorization_code", "actions": []any{"me:Read"}},
			},
			"automationRules": map[string]any{"nodes": []any{
				map[string]any{"id": "r2", "name": "Tell the app", "generic": "task", "trigger": "on status update", "condition": "true", "position": 5, "description": nil,
					"expressions": []any{}, "actions": pairs("a1", "call webhook '{app_offering_webhook}' with payload ''")},
				map[string]any{"id": "r1", "name": "Ask customer to complete survey!", "generic": "request", "trigger": "on note added", "condition": "completed and was_not_completed", "position": 2,
					"description": "Asks.\nOnce.",
					"expressions": pairs("completed", "status = completed", "was_not_completed", "status_was != completed", "url", "rule_app_instance.custom_fields.form_url"),
					"actions":     pairs("note", "add note 'Please complete our [survey]({{url}})\n\n<<EOT ${x}'", "second \"one\"", "update request set status = completed")},
			}},
		},
		files: map[string]string{
			"https://files.example.com/attachments/5/d.png": pngStart + "d",
			"https://files.example.com/attachments/5/e":     "GIF89a",
			"https://files.example.com/logo?x=1":            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
		},
	}
	a.form(map[string]any{"status": "active", "css": ".a { color: red }\n", "javascript": "var a = `${b}`; // %{ if }\r\n  \n",
		"html": "<div class=\"row\">\r\n  <input id=\"form_url\">  \r\n  <input id=\"key\" data-secret>\r\n</div>\n\nEOT\n"})
	return a
}

// form gives the offering a version of its UI extension.
func (a *fakeAccount) form(version map[string]any) {
	version["id"] = "v1"
	extension := map[string]any{"id": "x1", "category": "app_offering", "name": "Survey configuration", "title": "Survey", "disabled": false, "darkModeSafe": true, "description": nil}
	switch version["status"] {
	case "being_prepared":
		extension["versions"] = map[string]any{"nodes": []any{maps.Clone(version)}}
		extension["activeVersion"] = map[string]any{"id": "v0", "html": "<p>old</p>"}
	case "archived":
		extension["activeVersion"] = map[string]any{"id": "v2", "html": "<p>new</p>"}
	default:
		extension["activeVersion"] = maps.Clone(version)
	}
	version["uiExtension"] = extension
	a.offering["uiExtensionVersion"] = version
}

// tester is a test, of the standard library or of rapid.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// extracted is the offering as files.
func extracted(t tester, a *fakeAccount) map[string][]byte {
	t.Helper()
	files, err := Extract(context.Background(), a, fmt.Sprint(a.offering["reference"]), ExtractOptions{AccountID: "provider", Region: "uk"})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// planned compiles files in a directory of their own, and compares them with the account.
func planned(t tester, a Account, files map[string][]byte, dir string) *Plan {
	t.Helper()
	plan, _ := plannedWith(t, a, files, dir)
	return plan
}

// plannedWith is planned, with the target.
func plannedWith(t tester, a Account, files map[string][]byte, dir string) (*Plan, Target) {
	t.Helper()
	for name, content := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, diags := lang.ReadDir(dir)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	bp, diags := compile.Compile(src, compileOptions())
	if diags.HasErrors() {
		var b strings.Builder
		_ = lang.Render(&b, bp.Files, diags, lang.RenderOptions{})
		t.Fatalf("%s\n%s", b.String(), files[mainFile])
	}
	target := Target{Blueprint: bp.Name, Dir: dir}
	for _, r := range bp.Resources {
		target.Resources = append(target.Resources, Declared{Kind: r.Kind, Name: r.Name, Body: r.Body, Args: r.Args, Range: r.Range})
	}
	plan, err := Compare(context.Background(), a, target)
	if err != nil {
		t.Fatal(err)
	}
	return plan, target
}

// compileOptions are those of the binary.
var compileOptions = sync.OnceValue(func() compile.Options {
	kinds, err := steps.NewRegistry(standard.Kinds(standard.Deps{}), standard.Connections(standard.Deps{}))
	if err != nil {
		panic(err)
	}
	triggers, err := ingress.NewRegistry(standard.Triggers(standard.Deps{})...)
	if err != nil {
		panic(err)
	}
	o := compile.Options{Steps: kinds, Triggers: triggers, Values: lang.Values{Partial: true}}
	for _, r := range Kinds() {
		o.Resources = append(o.Resources, compile.Resource{Name: r.Name, Doc: r.Doc, Spec: r.Spec, Check: r.Check, Inputs: r.Inputs})
	}
	return o
})

// unchanged is planned, of which nothing is to change.
func unchanged(t tester, a *fakeAccount, files map[string][]byte, dir string) {
	t.Helper()
	plan := planned(t, a, files, dir)
	if len(plan.Changes) == 0 {
		t.Fatal("nothing was compared")
	}
	for _, c := range plan.Changes {
		if c.Action != None || len(c.Fields) > 0 {
			t.Errorf("%s %s: %+v\n%s", c.Action, c.Address, c.Fields, files[mainFile])
		}
	}
}

func nested(n int) any {
	if n == 0 {
		return "x"
	}
	return map[string]any{"a": nested(n - 1)}
}

// ruleOf is the first rule of the offering.
func ruleOf(a *fakeAccount) map[string]any {
	return a.offering["automationRules"].(map[string]any)["nodes"].([]any)[0].(map[string]any)
}
