package blueprints

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/hcl/v2"
)

const (
	pngStart = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	oneRule  = "name = \"A\"\ntrigger = \"on create\"\ncondition = \"true\"\n"
)

// directory is a blueprint's directory with images of all types.
func directory() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"a.png": file(pngStart), "a.jpg": file("\xff\xd8\xff\xe0"), "b.jpeg": file("\xff\xd8\xff\xe1"), "a.gif": file("GIF89a…"),
		"a.webp": file("RIFF\x10\x00\x00\x00WEBPVP8 "), "a.svg": file("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
		"b.svg":   file("\ufeff<?xml version=\"1.0\"?>\n<!-- ours > all -->\n<!DOCTYPE svg [ <!ENTITY x \">\"> ]>\n<svg>"),
		"no.svg":  file("<html><svg/></html>"),
		"no2.svg": file("<svgx/>"),
		"no3.svg": file("<!-- <svg/>"),
		"no.png":  file("\xff\xd8\xff\xe0"), "empty.png": file(""), "folder.png/x": file("x"),
		"attachments/logo.png": file(pngStart), "attachments/no.png": file("\xff\xd8\xff\xe0"), "images/x.png": file(pngStart), "images/x (1).png": file(pngStart),
		"just.png":  file(pngStart + strings.Repeat("x", 1_499_960-len(pngStart))),
		"large.png": file(pngStart + strings.Repeat("x", 1_500_000-len(pngStart))),
		"huge.png":  file(pngStart + strings.Repeat("x", maxImage)),
	}
}

// only is the diagnostics of a severity.
func only(diags hcl.Diagnostics, severity hcl.DiagnosticSeverity) (out hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity == severity {
			out = append(out, d)
		}
	}
	return out
}

func TestPictureChecks(t *testing.T) {
	files := directory()
	for name, want := range map[string]string{
		"a.png": "", "a.jpg": "", "b.jpeg": "", "a.gif": "", "a.webp": "", "a.svg": "", "b.svg": "", "./images/x.png": "", "images//x.png": "",
		"just.png":           "",
		"large.png":          "must stay below 2000000",
		"nowhere.png":        "does not exist",
		"images/X.png":       "does not exist",
		"a.bmp":              "no picture that Xurrent takes",
		"no.svg":             "no image that Xurrent takes, and not image/svg+xml",
		"no2.svg":            "does not hold what its name says",
		"no3.svg":            "does not hold what its name says",
		"no.png":             "it is image/jpeg, and not image/png",
		"empty.png":          "is empty",
		"folder.png":         "no regular file",
		"":                   "has no name",
		"../a.png":           "not inside",
		"images/../a.png":    "not inside",
		"/a.png":             "not inside",
		`images\\x.png`:      "a path may not have",
		"a.png${\"\"}\u0000": "a path may not have",
	} {
		src := "picture = \"" + strings.ReplaceAll(name, "\x00", `\u0000`) + "\""
		t.Run(name, func(t *testing.T) { expect(t, checkIn(t, kind(t, "app"), src, files), want) })
	}
	// What a run began with is not looked up again.
	expect(t, check(t, kind(t, "app"), `picture = "nowhere.png"`), "")
}

func TestMarkdownImageChecks(t *testing.T) {
	files := directory()
	for text, want := range map[string]string{
		"no image [x](y.png)": "",
		"![a](images/x.png)":  "",
		`![a \] b](images/x.png){:width=400} ![](a.svg "title")`:      "",
		"![](<images/x (1).png>)":                                     "",
		"![](https://example.com/x.png) ![](//example.com/x)":         "",
		"![](data:image/png;base64,xx)":                               "",
		"![](attachments/5/x.png)":                                    "taken as a key of the account",
		"![](attachments/logo.png)":                                   "",
		"![](attachments/no.png)":                                     "it is image/jpeg",
		"![a [b] c](images/x.png)":                                    "",
		"![a [b] c](images/none.png)":                                 "\"images/none.png\" in line 1",
		"![a [b](images/z.png) c](images/none.png)":                   "\"images/none.png\" in line 1",
		"![](#x) ![](mailto:x)":                                       "",
		"![]()":                                                       "",
		"Text\n\n![a](images/y.png)":                                  "\"images/y.png\" in line 3 of the text does not exist",
		"![a](images/x.png) and ![b](<images/y y.png>)":               "\"images/y y.png\" in line 1",
		"![a](../x.png)":                                              "not inside the blueprint's directory",
		"![a](/x.png)":                                                "not inside the blueprint's directory",
		"![a](readme.txt)":                                            "no picture that Xurrent takes",
		"![a](no.png)":                                                "it is image/jpeg",
		"![a](huge.png)":                                              "must stay below 10485760",
		"![a](large.png)":                                             "", // only a picture is a data URL
		"[![a](images/z.png)](https://example.com/)":                  "images/z.png",
		"![never closed](images/y.png \n\n![a](images/nowhere.png) )": "images/nowhere.png",
	} {
		for _, src := range []string{"description", "features"} {
			expect(t, checkIn(t, kind(t, "app"), src+" = "+quoted(text), files), want)
		}
	}
	expect(t, checkIn(t, kind(t, "app"), "description = u\nfeatures = s", files), "")
	// One image is told of once.
	if diags := checkIn(t, kind(t, "app"), `description = "![](n.png) ![](n.png)"`, files); len(diags) != 1 {
		t.Error(diags)
	}
}

// quoted is a text as HCL writes it.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}

func TestScopeChecks(t *testing.T) {
	for action, want := range map[string]string{
		"request:Read": "", "product-category:Create": "", "ci:Update": "", "me:Read": "", "note:Delete": "", "flsa:Read": "",
		"request":               "is no action",
		"request:":              "is no action",
		":Read":                 "is no action",
		"":                      "is no action",
		"request:read":          "Did you mean \"Read\"",
		"request:Write":         "there are Create, Read, Update, Delete",
		"request:Read:All":      "no operation",
		"requets:Read":          "no record type in \"requets:Read\". Did you mean \"request\"",
		"product_category:Read": "Did you mean \"product-category\"",
		"Request:Read":          "Did you mean \"request\"",
	} {
		diags := check(t, kind(t, "app"), "scope { actions = [\""+action+"\"] }")
		expect(t, diags, want)
		if len(only(diags, hcl.DiagWarning)) > 0 {
			t.Errorf("%s: %s", action, diags)
		}
	}
	expect(t, check(t, kind(t, "app"), "scope { actions = [\"request:Read\", \"ci:Read\", \"request:Read\"] }"), "\"request:Read\" is there twice")
	expect(t, check(t, kind(t, "app"), "scope { actions = [\"request:Read\"] }\nscope {\n actions = [\"request:Read\"]\n effect = \"deny\"\n}"), "")
	if diags := check(t, kind(t, "app"), "scope { actions = [\"request:Read\", \"ci:read\"] }"); len(diags) != 1 || diags[0].Subject.Start.Column != 36 {
		t.Errorf("not at the action: %v", diags)
	}
	expect(t, check(t, kind(t, "app"), "scope { actions = split(\",\", \"request:Read,ci:read\") }"), "Did you mean \"Read\"")
	// The platform may have record types that are newer than this program.
	diags := check(t, kind(t, "app"), "scope { actions = [\"quantum-flux:Read\"] }")
	expect(t, diags, "no record type that Currant knows")
	if diags.HasErrors() {
		t.Error(diags)
	}
}

func TestFormChecks(t *testing.T) {
	for html, want := range map[string]string{
		"":               "",
		"just text":      "",
		`<input id="a">`: "",
		"<div class=\"row\">\n<label for=a>A</label>\n<INPUT ID=a type=text>\n<select id='b'><option>1<option>2</select><textarea id=c></textarea></div>": "",
		`<input type="submit"><input type=button><input type="RESET"><input type=image>`:                                                                  "",
		`<input type="hidden">`: "",
		"<button>Go</button>":   "",
		"<script>var s = \"<input>\";</script><style>a{}</style><!-- <input> -->": "",
		"<template><input></template><input id=a>":                                "",
		"<textarea id=a><input></textarea>":                                       "",
		"<ul><li>a<li>b</ul><p>x<table><tr><td>1<td>2</table>":                    "",
		"<svg><path d='M0'/><g id=x></g></svg><br/>":                              "",
		"<input>":                                        "The <input> in line 1 of the form has no id",
		"<p>\n<select></select></p>":                     "The <select> in line 2 of the form has no id",
		"<textarea>\n\n</textarea><input id=a>":          "<textarea> in line 1",
		"<textarea id=t>\n\n</textarea>\n<input id=' '>": "<input> in line 4",
		`<input type="hidden" name="h">`:                 "has no id",
		"<input id=a>\n<input id=b>\n<input id=a>":       "The elements in lines 1 and 3 of the form both have the id \"a\"",
		"<div id=a></div><input id=a>":                   "both have the id \"a\"",
		"<input id=a id=b><input id=b>":                  "",
		"<input id=a data-secret><input name=r type=radio id=r1 data-secret><input name=r type=radio id=r2>":   "",
		"<input id=\"a\" value=\"<input>\"><input id=\"b\" value='${x}'>":                                      "",
		strings.Repeat("<template>", 3) + "<input>" + strings.Repeat("</template>", 2) + "<input></template>x": "",
		"<template></template><input>": "has no id",
	} {
		for _, category := range []string{"person", "organization"} {
			diags := check(t, kind(t, "ui_extension"), "name = \"A\"\ncategory = \""+category+"\"\nhtml = "+quoted(html))
			expect(t, only(diags, hcl.DiagError), want)
			if len(only(diags, hcl.DiagWarning)) > 0 {
				t.Errorf("%s: %s", html, diags)
			}
		}
	}
	for html, want := range map[string]string{
		"<div>\n<span>x</div>":        "Line 2 of the form: <span> is not closed",
		"<div><p>x</p>":               "<div> is not closed",
		"x</div>":                     "</div> ends no element",
		"<g id=a></g><g id=a></g>":    "both have the id \"a\"",
		"<script>var x = '<input>'":   "<script> is not closed",
		"<b><i>x</b></i>":             "<i> is not closed",
		"<select id=a><option>x<div>": "<select> is not closed",
	} {
		diags := check(t, kind(t, "app"), "ui_extension { html = "+quoted(html)+" }")
		expect(t, diags, want)
		if diags.HasErrors() || len(diags) == 0 {
			t.Errorf("%s: %s", html, diags)
		}
	}
	expect(t, check(t, kind(t, "app"), "ui_extension { html = u }"), "")
	if diags := check(t, kind(t, "app"), "ui_extension { html = "+quoted(strings.Repeat("<input><input id=a><div>", 1000))+" }"); len(diags) != 3*maxFaults {
		t.Errorf("%d diagnostics", len(diags))
	}
}

// Time is linear whatever is opened and closed: squared, these would take minutes.
func TestFormsTakeLinearTime(t *testing.T) {
	const n = 150_000
	for name, html := range map[string]string{
		"stray ends":    strings.Repeat("<a>", n) + strings.Repeat("</b>", n),
		"templates":     strings.Repeat("<template>", n/3) + strings.Repeat("</template>", n/3),
		"never closed":  strings.Repeat("<div>", n),
		"attributes":    "<a" + strings.Repeat(" x=1", n) + ">",
		"open quote":    "<a x=\"" + strings.Repeat("<", n),
		"open comments": strings.Repeat("<!--", n),
	} {
		start := time.Now()
		readForm(html)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: %s", name, took)
		}
	}
}

func TestRuleNames(t *testing.T) {
	for _, tc := range []struct{ rest, want string }{
		{"expression \"url\" { value = \"x.y\" }\naction \"a\" { value = \"add note 'See [it]({{url}}), {{ url }}, {{@url}}.'\" }", ""},
		{"expression \"url\" { value = \"x.y\" }\naction \"a\" { value = \"add note 'See [it]({{ulr}})'\" }", "Did you mean \"url\""},
		{"expression \"who\" { value = \"x.y\" }\naction \"a\" { value = \"add note 'Dear {{@whom}}'\" }", "no expression named \"whom\""},
		{"action \"a\" { value = \"add note '{{team.name}} {{a = b}} {{notes[last].text}}'\" }", ""},
		{"expression \"a\" { value = \"id\" }\naction \"a\" { value = \"call webhook 'x'\\n  with payload 'a b'\" }", "no expression named \"b\""},
		{"expression \"a\" { value = \"id\" }\naction \"a\" { value = \"call webhook 'x' with payload 'a'; call webhook 'y' with payload 'c'\" }", "no expression named \"c\""},
		{"expression \"done\" { value = \"status = completed\" }\nexpression \"both\" { value = \"done and internal\" }", ""},
		{"expression \"done\" { value = \"status = completed\" }\nexpression \"dune\" { value = \"dune\" }", ""},
		{"expression \"done\" { value = \"status = completed\" }\nexpression \"both\" { value = \"doen and internal\" }", "Did you mean \"done\""},
		{"expression \"done\" { value = \"status = completed\" }\nexpression \"not_done\" { value = \"!dne\" }", "Did you mean \"done\""},
	} {
		expect(t, check(t, kind(t, "automation_rule"), oneRule+tc.rest), tc.want)
		expect(t, check(t, kind(t, "app"), "automation_rule \"r\" {\n record = \"request\"\n"+oneRule+tc.rest+"\n}"), tc.want)
	}
	if diags := check(t, kind(t, "automation_rule"), oneRule+"expression \"done\" { value = \"x\" }\nexpression \"b\" { value = \"dne and x\" }"); diags.HasErrors() || len(diags) != 1 {
		t.Error(diags)
	}
}
