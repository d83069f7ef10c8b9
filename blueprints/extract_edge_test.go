package blueprints

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// What a blueprint cannot say stays as it is in the account, and the plan is empty all the same.
func TestExtractLeavesOutWhatABlueprintCannotSay(t *testing.T) {
	for name, tc := range map[string]struct {
		edit        func(*fakeAccount)
		says, lacks string
	}{
		"an input without id": {func(a *fakeAccount) { a.form(map[string]any{"status": "active", "html": "<p>\n<input></p>"}) },
			"# The html is left out, and stays as it is in the account: the <input> in line 2 has no id.", "file(\"ui/config.html\")"},
		"doubled ids": {func(a *fakeAccount) { a.form(map[string]any{"status": "active", "html": "<input id=a><input id=a>"}) }, "have the same id", "file(\"ui/config.html\")"},
		"an archived version": {func(a *fakeAccount) { a.form(map[string]any{"status": "archived", "html": "<p>1</p>"}) },
			"shows an archived version", "file(\"ui/config.html\")"},
		"a prepared version": {func(a *fakeAccount) { a.form(map[string]any{"status": "being_prepared", "html": "<p>1</p>"}) }, "activate       = false", "# The"},
		"a designer's form": {func(a *fakeAccount) {
			a.form(map[string]any{"status": "active", "html": "<p>1</p>", "formDefinition": map[string]any{"fields": []any{map[string]any{"id": "a", "n": 1.5}}}})
		}, `form_definition = jsondecode(file("ui/form_definition.json"))`, "file(\"ui/config.html\")"},
		"a definition that is a text": {func(a *fakeAccount) { a.form(map[string]any{"status": "active", "formDefinition": "{}"}) }, `form_definition = "{}"`, "json"},
		"a picture that is away":      {func(a *fakeAccount) { a.offering["pictureUri"] = "https://files.example.com/none" }, "# The picture is left out, and stays as it is in the account: it is not there any more.", "picture "},
		"a picture of another kind":   {func(a *fakeAccount) { a.files["https://files.example.com/logo?x=1"] = "BM…" }, "no picture that Xurrent takes", "picture "},
		"a large picture": {func(a *fakeAccount) {
			a.files["https://files.example.com/logo?x=1"] = pngStart + strings.Repeat("x", 1_500_000)
		}, "is too large", "picture "},
		"a picture of data": {func(a *fakeAccount) {
			a.offering["pictureUri"] = "data:image/gif;base64," + base64.StdEncoding.EncodeToString([]byte("GIF89a"))
		}, `"app/picture.gif"`, "# The"},
		"a picture of data, not coded": {func(a *fakeAccount) { a.offering["pictureUri"] = "data:image/svg+xml,<svg/>" }, "no data URL in Base64", "picture "},
		"no picture":                   {func(a *fakeAccount) { a.offering["pictureUri"] = nil }, "reference", "picture "},
		"an image that is away": {func(a *fakeAccount) { delete(a.files, "https://files.example.com/attachments/5/e") },
			"# The images in the description are left where they are: \"../../etc/passwd\" is not there any more.", "etc.gif"},
		"an image that is none": {func(a *fakeAccount) { a.files["https://files.example.com/attachments/5/e"] = "%PDF" }, "is no image that Xurrent takes", "etc.gif"},
		"a large image": {func(a *fakeAccount) {
			a.files["https://files.example.com/attachments/5/e"] = strings.Repeat("x", maxImage)
		}, "is larger than 10 MiB", "etc.gif"},
		"a path that is no file of the account": {func(a *fakeAccount) { a.offering["features"] = "![x](images/diagram-1.png)" },
			"# The features is left out", "features "},
		"an unknown algorithm": {func(a *fakeAccount) { a.offering["policyJwtAlg"] = "hs256" }, "# The algorithm is left out", "algorithm "},
		"a zero":               {func(a *fakeAccount) { a.offering["policyJwtClaimExpiresIn"] = 0 }, "# The claim_expires_in is left out", "claim_expires_in "},
		"no form, no rules, no scopes": {func(a *fakeAccount) {
			delete(a.offering, "uiExtensionVersion")
			a.offering["automationRules"] = map[string]any{"nodes": []any{}}
			a.offering["scopes"] = nil
		}, "reference", "automation_rule"},
		"rules without a place": {func(a *fakeAccount) {
			for _, r := range a.offering["automationRules"].(map[string]any)["nodes"].([]any) {
				r.(map[string]any)["position"] = nil
			}
		}, "# What a customer", "position "},
		"rules in one place": {func(a *fakeAccount) { ruleOf(a)["position"] = 2 }, "position    = 2", "# The"},
	} {
		t.Run(name, func(t *testing.T) {
			a := anOffering()
			tc.edit(a)
			files := extracted(t, a)
			main := string(files[mainFile])
			written := regexp.MustCompile(`(?m)^\s*#.*$`).ReplaceAllString(main, "")
			if !strings.Contains(main, tc.says) {
				t.Errorf("%q is missing:\n%s", tc.says, main)
			}
			if lacks := tc.lacks; strings.HasPrefix(lacks, "# ") && strings.Contains(main, lacks) || strings.Contains(written, "  "+lacks) || strings.Contains(written, "= "+lacks) {
				t.Errorf("%q is there:\n%s", lacks, main)
			}
			unchanged(t, a, files, t.TempDir())
		})
	}
}

// Nothing that the account says becomes a path out of the directory, a name that is none, or two of one.
func TestExtractOfHostileNames(t *testing.T) {
	a := anOffering()
	var text strings.Builder
	var attachments []any
	names := []string{"../../../etc/cron.d/x.png", `..\..\x.png`, "/abs.png", "C:\\x.png", "con.png", "a/b/../c.png", "main.hcl", ".hidden.png", "x.PNG", "X.png", "x.png ",
		"\u202egnp.exe", "a\x00b.png", "a\nb.png", "${path.blueprint}.png", "日本.png", "", ".", "..", strings.Repeat("long", 100) + ".png", "trailing.", "a b (1).png", "%2e%2e%2fx.png"}
	for i, name := range names {
		key := fmt.Sprintf("attachments/%d", i)
		fmt.Fprintf(&text, "![%d](%s)\n", i, key)
		attachments = append(attachments, map[string]any{"key": key, "filename": name, "expiringUrl": "https://files.example.com/" + key})
		a.files["https://files.example.com/"+key] = pngStart + fmt.Sprint(i)
	}
	a.offering["description"] = text.String()
	a.offering["descriptionAttachments"] = map[string]any{"nodes": attachments}
	var rules []any
	for i, name := range []string{"../x", "Ask", "ask", "ASK!", "äsk", "日本", "日本2", "", "1", "${x}", "a\"b", "x\ny", strings.Repeat("long", 100), strings.Repeat("long", 100) + "2"} {
		rules = append(rules, map[string]any{"id": fmt.Sprint(i), "name": name + fmt.Sprint(" ", i), "generic": "request", "trigger": "on create", "condition": "true", "position": i + 1,
			"expressions": []any{map[string]any{"name": "n" + name, "value": "a\nb"}}})
	}
	a.offering["automationRules"] = map[string]any{"nodes": rules}
	a.offering["reference"] = "../Überprüfung \"${x}\""
	files := extracted(t, a)
	path := regexp.MustCompile(`^(main\.hcl|(app|ui|images|rules)/[A-Za-z0-9_][A-Za-z0-9_-]{0,120}\.(md|html|css|js|png|gif|svg|txt))$`)
	seen := map[string]bool{}
	for name := range files {
		if !path.MatchString(name) || seen[strings.ToLower(name)] {
			t.Errorf("path %q", name)
		}
		seen[strings.ToLower(name)] = true
	}
	images := 0
	for name := range files {
		if strings.HasPrefix(name, "images/") {
			images++
		}
	}
	if images != len(names) {
		t.Errorf("%d images, want %d", images, len(names))
	}
	if !strings.Contains(string(files[mainFile]), "app \"uberprufung_x\"") {
		t.Errorf("label:\n%s", files[mainFile])
	}
	unchanged(t, a, files, t.TempDir())
}

func TestExtractFetchesAtMostSoManyImages(t *testing.T) {
	a := anOffering()
	var text strings.Builder
	var attachments []any
	for i := range maxImages + 1 {
		key := fmt.Sprintf("attachments/%d.png", i)
		fmt.Fprintf(&text, "![](%s)\n", key)
		attachments = append(attachments, map[string]any{"key": key, "filename": "x.png", "expiringUrl": "https://files.example.com/" + key})
		a.files["https://files.example.com/"+key] = pngStart
	}
	a.offering["description"], a.offering["descriptionAttachments"] = text.String(), map[string]any{"nodes": attachments}
	files := extracted(t, a)
	if !strings.Contains(string(files[mainFile]), "50 images are the most") || len(a.fetched) != maxImages+1 {
		t.Errorf("%d fetched\n%s", len(a.fetched), files[mainFile])
	}
	unchanged(t, a, files, t.TempDir())
}
